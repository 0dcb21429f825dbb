package sqlstore_test

import (
	"slices"
	"testing"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// sendings are two payouts that traders took, without a fee: o4 was paid before its
// deal d2 was disputed, and o5 not, whose deal d3 is disputed too.
func sendings(t *testing.T) []store.Change {
	t.Helper()
	names := ledger.Names{Owner: "10001", Trader: "trd"}
	c := store.Change{Entries: []ledger.Entry{
		booked(t, ledger.RulePayoutHeld, "e200", "o4", names, 10), booked(t, ledger.RulePayoutDealt, "e201", "o4", names, 10),
		booked(t, ledger.RulePayoutHeld, "e202", "o5", names, 20),
	}}
	for _, s := range []struct {
		payout, deal string
		state        payout.State
		coins        int64
	}{{"o4", "d2", payout.Paid, 10}, {"o5", "d3", payout.Processing, 20}} {
		c.Payouts = append(c.Payouts, payout.Payout{
			ID: s.payout, Merchant: "m", State: s.state, Account: 10001, Amount: amount(s.coins), Fee: amount(0),
			Rail: payout.Traders,
		})
		c.Deals = append(c.Deals, deal.Deal{
			ID: s.deal, Merchant: "m", State: deal.Disputed, Payout: s.payout, Trader: "trd", Amount: amount(500),
			Coins: amount(s.coins), Fee: amount(0), Held: amount(0),
		})
		c.Events = append(c.Events,
			happened(event.Payout, s.payout, "create", "", "requested"),
			happened(event.Payout, s.payout, "approve", "requested", "approved"),
			happened(event.Payout, s.payout, "submit", "approved", "processing"),
			happened(event.Deal, s.deal, "create", "", "transfer_waiting"),
		)
		if s.state == payout.Paid {
			c.Events = append(c.Events, happened(event.Payout, s.payout, "confirm", "processing", "paid"),
				happened(event.Deal, s.deal, "complete", "transfer_waiting", "completed"),
				happened(event.Deal, s.deal, "dispute", "completed", "dispute"))
		} else {
			c.Events = append(c.Events, happened(event.Deal, s.deal, "dispute", "transfer_waiting", "dispute"))
		}
	}
	return []store.Change{c}
}

// TestAuditOfDisputedSendings damages the deal of a payout that was paid without a fee
// and is disputed, in ways that no other check can see.
func TestAuditOfDisputedSendings(t *testing.T) {
	const check = "every deal that is completed has its coins and its fee in the books, and no other has"
	changed := func(field, from, to string) spoil {
		set := func(from, to string) string {
			steps := func(n string) string { return `"` + field + `":{"steps":` + n + `,"unit":"IRR"}` }
			return "update deal set detail = replace(detail, '" + steps(from) + "', '" + steps(to) + "') where id = 'd2'"
		}
		return spoil{"o4", set(from, to), set(to, from)}
	}
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		for n, c := range slices.Concat(business(t), deposits(t), trades(t), holds(t), settlements(t), sendings(t)) {
			if err := db.Commit(t.Context(), c); err != nil {
				t.Fatalf("change %d: %s", n, fault.Detail(err))
			}
		}
		sealAll(t, db, 1000)
		hand := raw(t, url)
		withoutGuards(t, hand, url)
		audit := func() []store.Finding {
			t.Helper()
			findings, err := db.Audit(t.Context(), func(int) {})
			if err != nil {
				t.Fatal(fault.Detail(err))
			}
			return findings
		}
		proved(t, audit()) // d2 counts and d3 does not
		for _, s := range []spoil{changed("coins", "10", "11"), changed("coins", "10", "0"), changed("fee", "0", "1")} {
			if err := transact(t.Context(), hand, []string{s.does}); err != nil {
				t.Fatalf("%s: %v", s.does, err)
			}
			findings := audit()
			var found []string
			for _, f := range findings {
				if f.Wrong > 0 {
					found = append(found, f.ID+" "+f.Checks+": "+f.Example)
				}
			}
			if want := []string{"I4 " + check + ": " + s.check}; !slices.Equal(found, want) {
				t.Errorf("%s: got %q, want %q", s.does, found, want)
			}
			queried(t, db, s.does, findings)
			if err := transact(t.Context(), hand, []string{s.undo}); err != nil {
				t.Fatalf("%s: %v", s.undo, err)
			}
		}
		proved(t, audit())
	})
}
