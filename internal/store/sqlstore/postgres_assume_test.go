package sqlstore

import (
	"math"
	"slices"
	"testing"

	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/store"
)

// moving is an order that moves steps on accounts of one merchant; what is taken must
// be there where the account's name is in capitals.
func moving(steps ...movement) *order { return &order{merchant: "m", movements: steps} }

func step(key string, steps int64) movement {
	return movement{accountKey: accountKey{key, "m"}, steps: steps, covered: key < "a"}
}

// A balance has to last for the deepest point that the changes of a batch lead to.
func TestNeeds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		orders []*order
		want   int64
	}{
		"nothing is taken":           {[]*order{moving(step("A", 5), step("b", -5))}, 0},
		"it is taken once":           {[]*order{moving(step("A", -5), step("b", 5))}, 5},
		"it is taken twice":          {[]*order{moving(step("A", -5)), moving(step("A", -7))}, 12},
		"it comes in first":          {[]*order{moving(step("A", 9)), moving(step("A", -5))}, 0},
		"it comes in afterwards":     {[]*order{moving(step("A", -5)), moving(step("A", 9))}, 5},
		"more than came in is taken": {[]*order{moving(step("A", 3)), moving(step("A", -5))}, 2},
		"the deepest point is in the middle": {
			[]*order{moving(step("A", -4)), moving(step("A", -4)), moving(step("A", 7)), moving(step("A", -2))}, 8,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := accountKey{"A", "m"}
			p := decide(c.orders, known{counts: map[string]count{}, balances: map[accountKey]int64{a: math.MaxInt64}})
			if p.accepted != len(c.orders) {
				t.Fatalf("accepted %d of %d changes: %v", p.accepted, len(c.orders), p.results)
			}
			for key, m := range p.moved {
				if key != a && m.needs != 0 {
					t.Errorf("%s needs %d, want 0: nothing that is taken from it must be there", key.key, m.needs)
				}
			}
			if got := p.moved[a].needs; got != c.want {
				t.Errorf("A needs %d, want %d", got, c.want)
			}
		})
	}
}

// A batch of which not all comes true is not assumed, whatever accounts the rest is about.
func TestRejectedIsNotAssumed(t *testing.T) {
	t.Parallel()
	claiming := func(account string) *order {
		o := moving(step(account, -5))
		o.claims = []store.Claim{{Merchant: "m", Kind: store.TransferClaim, Key: "the same", Subject: account}}
		o.events = []record{make(record, len(events.columns))}
		return o
	}
	for name, c := range map[string]struct {
		orders []*order
		want   bool
	}{
		"one":                  {[]*order{claiming("A")}, true},
		"two with one claim":   {[]*order{claiming("A"), claiming("B")}, false},
		"one without an event": {[]*order{moving(step("A", -5))}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a assumptions
			a.learn(map[string]count{"m": {events: 7}}, true)
			if _, ok := a.assume(&batch{orders: c.orders}, wish(c.orders, false)); ok != c.want {
				t.Errorf("assumed: %v, want %v", ok, c.want)
			}
		})
	}
}

// What was assumed wrongly is not assumed again for a while, each time for longer.
func TestAssumptionsPause(t *testing.T) {
	t.Parallel()
	var a assumptions
	w := want{tallies: []record{{"m", int64(1), int64(0)}}}
	left := map[string]count{"m": {events: 7, invoices: 2}}
	counted := func() bool { return a.counted(w, map[string]count{}) }
	if counted() {
		t.Error("counted on a merchant of whom nothing is known")
	}
	a.learn(left, false)
	if !counted() {
		t.Error("did not count on what a batch left")
	}
	for _, pause := range []int{2, 4, 8, 16, 32, 64, 64, 64} {
		a.mistaken(w)
		for n := range pause {
			a.learn(left, false)
			if counted() {
				t.Fatalf("counted on the merchant after %d batches of %d", n, pause)
			}
		}
		if !counted() {
			t.Errorf("did not count on the merchant after %d batches", pause)
		}
	}
	for _, c := range []struct{ right, pause int }{{1, 64}, {200, 2}} {
		for range c.right {
			a.learn(left, true)
		}
		if a.mistaken(w); a.pause != c.pause {
			t.Errorf("a pause of %d after %d batches that came out as was assumed, want %d", a.pause, c.right, c.pause)
		}
	}
}

// There is a bound to what is remembered.
func TestAssumptionsAreBounded(t *testing.T) {
	t.Parallel()
	var a assumptions
	for n := range 2 * mostCounts {
		a.learn(map[string]count{numbered(int64(n + 1)): {events: 1}}, true)
	}
	if len(a.counts) > mostCounts {
		t.Errorf("%d merchants are remembered, want at most %d", len(a.counts), mostCounts)
	}
}

// A balance is looked at unless the server refuses by itself what leads below zero.
func TestUnguarded(t *testing.T) {
	t.Parallel()
	customers, house := ledger.Account{Role: ledger.CustomerWallet}, ledger.Account{}
	if !customers.Floored() || house.Floored() {
		t.Fatal("of these accounts the first has a floor, and the second has none")
	}
	account := func(a ledger.Account, steps, needs int64) *moved {
		return &moved{movement{account: a, steps: steps}, needs}
	}
	s := assumed{
		want: want{floors: []accountKey{{"ends deepest", "m"}, {"deeper before", "m"}, {"without a floor", "m"}}},
		plan: plan{moved: map[accountKey]*moved{
			{"ends deepest", "m"}: account(customers, -12, 12), {"deeper before", "m"}: account(customers, -5, 12),
			{"without a floor", "m"}: account(house, -12, 12), {"comes in", "m"}: account(customers, 9, 0),
		}},
	}
	want := []accountKey{{"deeper before", "m"}, {"without a floor", "m"}}
	if got := s.unguarded(); !slices.Equal(got, want) {
		t.Errorf("accounts to look at: got %v, want %v", got, want)
	}
}

// Where another node writes for the same merchants, a batch comes out as foreseen only now
// and then. That must not bring an error into the server's log every other time.
func TestMistakesAreRemembered(t *testing.T) {
	t.Parallel()
	o := moving(step("A", -5))
	o.events = []record{make(record, len(events.columns))}
	orders := []*order{o}
	var a assumptions
	batches := func(most int, wrong func(n int) bool) (mistakes int) {
		for n := range most {
			w := wish(orders, false)
			_, assumed := a.assume(&batch{orders: orders}, w)
			if assumed && wrong(n) {
				mistakes++
				a.mistaken(w)
				assumed = false
			}
			a.learn(map[string]count{"m": {events: int64(n)}}, assumed)
		}
		return mistakes
	}
	turn := false
	if got := batches(1000, func(int) bool { turn = !turn; return turn }); got == 0 || got > 30 {
		t.Errorf("two nodes: %d mistakes in 1000 batches, want a few", got)
	}
	assumed := 0
	batches(1000, func(n int) bool {
		if n >= 900 {
			assumed++
		}
		return false
	})
	if assumed != 100 {
		t.Errorf("alone again: %d of the last 100 batches were assumed, want all", assumed)
	}
}
