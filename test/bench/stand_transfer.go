package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/purserhq/purser/internal/ledger"
)

// moving is a load of transfers: of accounts all over, and of one account.
type moving struct {
	wire

	spread, hot contest
}

// measureMoving is the load of transfers through each API that is measured, on
// the databases that have seen the invoices.
func (s stand) measureMoving(ctx context.Context, shops []shop, r *result) error {
	if !s.does(ofTransfers) && !s.does(ofV1) && !s.does(ofLarge) {
		return nil
	}
	if err := errors.Join(s.openKeys(ctx, shops), s.openWallets(ctx, shops)); err != nil {
		return err
	}
	o, sent := &orders{}, 0
	for _, m := range []struct {
		part  string
		into  *moving
		least float64 // of the ratio
	}{{ofTransfers, &r.transfers, leastTransfers}, {ofV1, &r.v1, leastV1}} {
		if !s.does(m.part) {
			continue
		}
		m.into.wire = wires[m.part]
		if err := s.sideBySide(ctx, func(of sides) error {
			return s.transferTurns(ctx, of, shops, o, m.into, &sent)
		}); err != nil {
			return err
		}
		// Both loads take the same way through the server: one profile is enough.
		if s.profiles == "" && !missed(m.into.lines(m.least)) {
			continue
		}
		if err := s.takeProfile(ctx, m.into.name, r, func(address string) runner {
			return o.turn(m.into.wire, address, spread(shops), s.Clients, longer*s.Requests)
		}); err != nil {
			return err
		}
		sent += longer * s.Requests
	}
	return nil
}

// transferTurns lets Purser and the yardstick take turns with transfers, and
// counts rows and audits at the end. Turns that are compared are neighbours. sent
// is how many transfers Purser has made in all.
func (s stand) transferTurns(
	ctx context.Context, of sides, shops []shop, o *orders, r *moving, sent *int,
) error {
	before, err := count(ctx, s.databaseOf("yardstick"), "transfer")
	if err != nil {
		return err
	}
	told, err := count(ctx, s.databaseOf("yardstick"), transfersTold)
	if err != nil {
		return err
	}
	known := plain(shops)
	spreads, hots := [2][]sender{spread(shops), spread(known)}, [2][]sender{hot(shops[0]), hot(known[0])}
	r.spread.engine, r.hot.engine = s.engine, s.engine
	each, err := s.eachRound(func(requests int, counted bool) error {
		var all, one round
		for _, t := range []struct {
			into *measured
			of   *process
			from []sender
		}{
			{&all.eventless, of.eventless, spreads[1]},
			{&all.yardstick, of.yardstick, spreads[1]},
			{&all.purser, of.purser, spreads[0]},
			{&one.purser, of.purser, hots[0]},
			{&one.yardstick, of.yardstick, hots[1]},
		} {
			var err error
			if *t.into, err = s.turn(ctx, t.of, o.turn(r.wire, t.of.address, t.from, s.Clients, requests)); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
		}
		if counted {
			r.spread.rounds, r.hot.rounds = append(r.spread.rounds, all), append(r.hot.rounds, one)
			s.say("%s: %s, turn %d of %d: %.0f/s, yardstick %.0f/s; one account %.0f/s, yardstick %.0f/s", s.engine, r.name,
				len(r.hot.rounds), s.Rounds, all.purser.rate(), all.yardstick.rate(), one.purser.rate(), one.yardstick.rate())
		}
		return nil
	})
	if err != nil {
		return err
	}
	*sent += 2 * each
	return s.checkTransfers(ctx, *sent, before+3*each, told+2*each)
}

// transfersTold are the events that tell of transfers.
const transfersTold = "event where noun = 'transfer'"

// checkTransfers counts what so many transfers left behind, and audits Purser's
// books. Purser has one transfer more, the first; the yardstick told of some.
func (s stand) checkTransfers(ctx context.Context, mine, its, told int) error {
	const postings = "posting p join entry e on e.id = p.entry_id and e.merchant_id = p.merchant_id where e.rule = '" +
		string(ledger.RuleTransferred) + "'"
	own, other := s.own(), s.databaseOf("yardstick")
	if err := errors.Join(
		s.check(ctx, its, []rowsOf{{other, "transfer"}}),
		s.check(ctx, 2*its, []rowsOf{{other, postings}}),
		s.check(ctx, told, []rowsOf{{other, transfersTold}}),
		s.check(ctx, mine+1, []rowsOf{{own, "transfer"}, {own, transfersTold}}),
		s.check(ctx, 2*(mine+1), []rowsOf{{own, postings}}),
	); err != nil {
		return err
	}
	for _, database := range []string{own, other} {
		sum, err := number(ctx, database, "select cast(sum(balance) as bigint) from account")
		if err != nil {
			return err
		}
		if sum != 0 {
			return fmt.Errorf("the balances of all accounts sum to %d and not to zero", sum)
		}
	}
	return s.audit(ctx)
}

// audit is nil when Purser's books agree.
func (s stand) audit(ctx context.Context) error {
	var audit struct {
		Agrees   bool
		Findings []any
	}
	if err := s.command(ctx, &audit, "audit"); err != nil {
		return err
	}
	if !audit.Agrees || len(audit.Findings) == 0 {
		return fmt.Errorf("the books do not agree: %v", audit.Findings)
	}
	return nil
}
