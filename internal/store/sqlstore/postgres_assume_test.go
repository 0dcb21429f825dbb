package sqlstore

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		want   map[string]int64
	}{
		"nothing is taken":           {[]*order{moving(step("A", 5), step("b", -5))}, nil},
		"it is taken once":           {[]*order{moving(step("A", -5), step("b", 5))}, map[string]int64{"A": 5}},
		"it is taken twice":          {[]*order{moving(step("A", -5)), moving(step("A", -7))}, map[string]int64{"A": 12}},
		"it comes in first":          {[]*order{moving(step("A", 9)), moving(step("A", -5))}, map[string]int64{"A": 0}},
		"it comes in afterwards":     {[]*order{moving(step("A", -5)), moving(step("A", 9))}, map[string]int64{"A": 5}},
		"more than came in is taken": {[]*order{moving(step("A", 3)), moving(step("A", -5))}, map[string]int64{"A": 2}},
		"the deepest point is in the middle": {
			[]*order{moving(step("A", -4)), moving(step("A", -4)), moving(step("A", 7)), moving(step("A", -2))},
			map[string]int64{"A": 8},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := map[string]int64{}
			for key, n := range needs(c.orders) {
				got[key.key] = n
			}
			want := map[string]int64{}
			maps.Copy(want, c.want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("needs (-want +got):\n%s", diff)
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
	a.learn(left, true)
	a.mistaken(w)
	a.learn(left, false)
	if got := []bool{counted(), counted(), counted()}; !slices.Equal(got, []bool{false, false, true}) {
		t.Errorf("counted on the merchant: %v, want the shortest pause after a batch that came out as was assumed", got)
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
	account := func(key string, floor any, steps int64) record {
		return record{key, "m", "role", "", "IRR", floor, steps}
	}
	s := assumed{
		want: want{floors: []accountKey{{"ends deepest", "m"}, {"deeper before", "m"}, {"without a floor", "m"}}},
		needs: map[accountKey]int64{
			{"ends deepest", "m"}: 12, {"deeper before", "m"}: 12, {"without a floor", "m"}: 12,
		},
		plan: plan{accounts: []record{
			account("ends deepest", int64(0), -12), account("deeper before", int64(0), -5),
			account("without a floor", nil, -12), account("comes in", int64(0), 9),
		}},
	}
	want := []accountKey{{"deeper before", "m"}, {"without a floor", "m"}}
	if got := s.unguarded(); !slices.Equal(got, want) {
		t.Errorf("accounts to look at: got %v, want %v", got, want)
	}
}
