package sqlstore_test

import (
	"slices"
	"testing"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// Where there are more subjects than are remembered at once, they are looked at part
// by part, and the same is found.
func TestHistoriesInParts(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		for _, change := range slices.Concat(business(t), deposits(t), trades(t), holds(t)) {
			if err := db.Commit(t.Context(), change); err != nil {
				t.Fatal(err)
			}
		}
		look := func(most int) []store.Finding {
			findings, err := db.Histories(t.Context(), most)
			if err != nil {
				t.Fatal(err)
			}
			return findings
		}
		whole, parts := look(1_000), look(3)
		if len(whole) != 3 || len(parts) != len(whole) {
			t.Fatalf("got %d findings in one look and %d in parts", len(whole), len(parts))
		}
		for n, f := range whole {
			if f.Wrong != 0 || f.Rows == 0 || parts[n] != f {
				t.Errorf("got %+v, and in parts %+v", f, parts[n])
			}
		}
		skipped := store.Change{Events: []event.Event{
			happened(event.Transfer, "odd", "create", "", "completed"),
			happened(event.Transfer, "odd", "end", "open", "completed"),
		}}
		if err := db.Commit(t.Context(), skipped); err != nil {
			t.Fatal(err)
		}
		for _, most := range []int{1_000, 3} {
			if f := look(most)[2]; f.ID != "I11" || f.Wrong != 1 || f.Example != "transfer odd" {
				t.Errorf("with %d at once: got %+v", most, f)
			}
		}
	})
}

// What several of an audit's connections see is of one moment, whatever is committed
// meanwhile.
func TestMomentsAreOne(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		change := func() store.Change {
			return store.Change{Events: []event.Event{happened(event.Market, "EURUSD", "set", "set", "set")}}
		}
		if err := db.Commit(t.Context(), change()); err != nil {
			t.Fatal(err)
		}
		ended, failed := make(chan struct{}), make(chan error, 1)
		go func() {
			for {
				select {
				case <-ended:
					failed <- nil
					return
				default:
				}
				if err := db.Commit(t.Context(), change()); err != nil {
					failed <- err
					return
				}
			}
		}()
		together := 0
		for range 50 {
			events, err := db.Moments(t.Context(), 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(events) == 3 {
				together++
			}
			if slices.Min(events) != slices.Max(events) || events[0] == 0 {
				t.Errorf("got %v events at one moment", events)
			}
		}
		close(ended)
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
		if together == 0 {
			t.Error("no two connections ever saw one moment")
		}
	})
}
