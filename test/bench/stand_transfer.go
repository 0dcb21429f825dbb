package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/wallet"
)

// measureTransfers is the load of transfers: accounts all over, and one that is
// hot, on the databases that have seen the invoices.
func (s stand) measureTransfers(ctx context.Context, shops []shop, r *result) error {
	s.say("%s: customers, keys and money", s.engine)
	if err := s.openWallets(ctx, shops); err != nil {
		return err
	}
	o := &orders{}
	if err := s.pair(ctx, func(p, y *process) error { return s.transferTurns(ctx, p, y, shops, o, r) }); err != nil {
		return err
	}
	// Both loads take the same way through the server: one profile is enough.
	if s.profiles == "" && !missed(r.transferLines()) {
		return nil
	}
	return s.takeProfile(ctx, "transfers", r, func(address string) runner {
		return o.turn(address, spread(shops), s.Clients, longer*s.Requests)
	})
}

// transferTurns lets Purser and the yardstick take turns with transfers, and
// counts rows and audits at the end. Turns that are compared are neighbours.
func (s stand) transferTurns(ctx context.Context, p, y *process, shops []shop, o *orders, r *result) error {
	if err := s.fillHouse(ctx, p, shops[0], o); err != nil {
		return err
	}
	known := plain(shops)
	spreads, hots := [2][]sender{spread(shops), spread(known)}, [2][]sender{hot(shops[0]), hot(known[0])}
	r.spread.engine, r.hot.engine = s.engine, s.engine
	all, err := s.eachRound(func(requests int, counted bool) error {
		var all, one round
		for _, t := range []struct {
			into *measured
			of   *process
			from []sender
		}{
			{&all.yardstick, y, spreads[1]},
			{&all.purser, p, spreads[0]},
			{&one.purser, p, hots[0]},
			{&one.yardstick, y, hots[1]},
		} {
			var err error
			if *t.into, err = s.turn(ctx, t.of, o.turn(t.of.address, t.from, s.Clients, requests)); err != nil {
				return fmt.Errorf("transfers: %w", err)
			}
		}
		if counted {
			r.spread.rounds, r.hot.rounds = append(r.spread.rounds, all), append(r.hot.rounds, one)
			s.say("%s: transfers, turn %d of %d: %.0f/s, yardstick %.0f/s; one account %.0f/s, yardstick %.0f/s", s.engine,
				len(r.hot.rounds), s.Rounds, all.purser.rate(), all.yardstick.rate(), one.purser.rate(), one.yardstick.rate())
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.checkTransfers(ctx, 2*all)
}

// fillHouse gives the hot account its money: a customer sends it.
func (s stand) fillHouse(ctx context.Context, p *process, to shop, o *orders) error {
	call := o.sign(p.address, sender{public: to.signers[0].Public, secret: to.signers[0].Secret}, wallet.House, houseMoney)
	_, err := load{
		address: p.address, clients: 1, requests: 1, proof: transferProof, call: func(int, int) []byte { return call },
	}.run(ctx)
	if err != nil {
		return fmt.Errorf("fill the hot account: %w", err)
	}
	return nil
}

// checkTransfers counts what so many transfers left behind, and audits Purser's
// books. Purser has one transfer more, the first.
func (s stand) checkTransfers(ctx context.Context, want int) error {
	const postings = "posting p join entry e on e.id = p.entry_id and e.merchant_id = p.merchant_id where e.rule = '" +
		string(ledger.RuleTransferred) + "'"
	own, its := s.own(), s.databaseOf("yardstick")
	if err := errors.Join(
		s.check(ctx, want, []rowsOf{{its, "transfer"}}),
		s.check(ctx, 2*want, []rowsOf{{its, postings}}),
		s.check(ctx, want+1, []rowsOf{{own, "transfer"}, {own, "event where noun = 'transfer'"}}),
		s.check(ctx, 2*(want+1), []rowsOf{{own, postings}}),
	); err != nil {
		return err
	}
	for _, database := range []string{own, its} {
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
