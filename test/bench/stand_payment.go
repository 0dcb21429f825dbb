package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"
)

// fewer is by how much a turn of whole lives is shorter than one of single calls.
const fewer = 8

// measurePayments is the load of whole lives, and of reads of what they left.
func (s stand) measurePayments(ctx context.Context, shops []shop, r *result) (err error) {
	if !s.does(ofLife) && !s.does(ofReads) && !s.does(ofLarge) {
		return nil
	}
	b, err := openBank(ctx, "127.0.0.1:0", s.bankFolder())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	l, err := s.openBanking(ctx, b, shops)
	if err != nil {
		return err
	}
	if err := s.sideBySide(ctx, func(of sides) error {
		l.address = of.purser.address
		if err := s.lifeTurns(ctx, of.purser, l, r); err != nil || !s.does(ofReads) {
			return err
		}
		return s.readTurns(ctx, of.purser, of.yardstick, *l.made, r)
	}); err != nil {
		return err
	}
	if s.does(ofLarge) {
		if err := s.measureLarge(ctx, shops, l, r); err != nil {
			return err
		}
	}
	if s.profiles != "" {
		if err := s.takeProfile(ctx, "life", r, func(address string) runner {
			l.address, l.requests = address, longer*s.Requests/fewer
			return l
		}); err != nil {
			return err
		}
	}
	if !s.does(ofReads) || (s.profiles == "" && !missed(r.paymentLines())) {
		return nil
	}
	return s.takeProfile(ctx, "reads", r, func(address string) runner {
		return newReads(address, *l.made, s.Clients, longer*s.Requests)
	})
}

// openBanking gives every merchant a contract with the bank.
func (s stand) openBanking(ctx context.Context, b *bank, shops []shop) (lives, error) {
	l := lives{bank: b, clients: s.Clients, serial: new(atomic.Int64), made: new([]bought)}
	secrets := filepath.Join(s.dir, "bank.json")
	if err := os.WriteFile(secrets, []byte(`{"merchant":"zibal"}`), 0o600); err != nil {
		return l, err
	}
	if shops[0].keys == nil {
		if err := s.openKeys(ctx, shops); err != nil {
			return l, err
		}
	}
	for _, shop := range shops {
		if err := s.command(ctx, new(any), "gateway", "add", "--merchant", shop.id, "--connector", "zibal",
			"--setting", "mode=test", "--setting", "base_url="+b.url, "--credentials", secrets); err != nil {
			return l, err
		}
	}
	for n := range keysEach { // the merchants take turns
		for _, shop := range shops {
			l.keys = append(l.keys, shop.keys[n])
		}
	}
	return l, nil
}

// lifeTurns lets payments live, and counts what they left behind: here, and at the
// bank.
func (s stand) lifeTurns(ctx context.Context, p *process, l lives, r *result) error {
	for n := range s.Rounds + 1 { // the first is the warm-up
		l.requests = max(s.Requests/fewer, s.Clients)
		one, err := s.turn(ctx, p, l)
		if err != nil {
			return fmt.Errorf("life: %w", err)
		}
		if n == 0 {
			continue
		}
		r.lives = append(r.lives, one)
		s.say("%s: whole lives, turn %d of %d: %.0f/s", s.engine, n, s.Rounds, one.rate())
		if !s.does(ofLife) {
			break // the reads need payments, and no more
		}
	}
	own, all := s.own(), len(*l.made)
	if books := l.bank.Books(); books.Payments != all || books.Captured != books.Charged {
		return fmt.Errorf("the bank has %d payments, of which %d were charged and %d captured, instead of %d",
			books.Payments, books.Charged, books.Captured, all)
	}
	return errors.Join(
		s.check(ctx, all, []rowsOf{
			{own, "payment where state = 'captured' and id like 'pay_%'"}, // deposits have other ids
			{own, "entry where rule = 'captured' and subject like 'pay_%'"},
			{own, "event where subject like 'pay_%' and from_state <> 'captured' and to_state = 'captured'"},
			{own, "event where subject like 'inv_%' and from_state <> 'completed' and to_state = 'completed'"},
		}),
		s.audit(ctx),
	)
}

// readTurns lets Purser and the yardstick take turns with reads of payments.
func (s stand) readTurns(ctx context.Context, p, y *process, of []bought, r *result) error {
	if err := sameLength(ctx, newReads(p.address, of, 1, 1), newReads(y.address, of, 1, 1)); err != nil {
		return err
	}
	r.reads.engine = s.engine
	_, err := s.eachRound(func(requests int, counted bool) error {
		var one round
		var err error
		if one.purser, err = s.turn(ctx, p, newReads(p.address, of, s.Clients, requests)); err != nil {
			return fmt.Errorf("purser, reads: %w", err)
		}
		if one.yardstick, err = s.turn(ctx, y, newReads(y.address, of, s.Clients, requests)); err != nil {
			return fmt.Errorf("yardstick, reads: %w", err)
		}
		if counted {
			r.reads.rounds = append(r.reads.rounds, one)
			s.say("%s: reads, turn %d of %d: %.0f/s, a bare handler %.0f/s", s.engine, len(r.reads.rounds), s.Rounds,
				one.purser.rate(), one.yardstick.rate())
		}
		return nil
	})
	return err
}

// sameLength is an error unless both answers are about as long as each other.
func sameLength(ctx context.Context, mine, its load) error {
	var lengths []int
	for _, l := range []load{mine, its} {
		c, err := dial(ctx, l.address, time.Now().Add(turnLimit))
		if err != nil {
			return err
		}
		err = c.call(l.call(0, 0), l.proof)
		c.close()
		if err != nil {
			return err
		}
		lengths = append(lengths, c.body.Len())
	}
	const near = 20 // one part in so many
	if longest := slices.Max(lengths); longest-slices.Min(lengths) > longest/near {
		return fmt.Errorf("the answers that are compared have %d and %d bytes", lengths[0], lengths[1])
	}
	return nil
}
