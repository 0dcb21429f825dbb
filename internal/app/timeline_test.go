package app_test

import (
	"slices"
	"testing"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/ledger"
)

// TestTimelineOfADeal has what became of the deal that brought a payment, and nothing of
// another one's.
func TestTimelineOfADeal(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	other, d := b.completed("985"), b.completed("1970")
	told, err := b.app.PaymentTimeline(t.Context(), b.merchant, d.Payment)
	if err != nil {
		t.Fatal(err)
	}
	var moved []string
	for _, e := range told.Events {
		if e.Noun == event.Deal {
			moved = append(moved, e.To)
		}
		if e.Subject == other.ID || e.Subject == other.Payment {
			t.Errorf("got %+v, which is another payment's", e)
		}
	}
	if want := []string{"transfer_waiting", "completed"}; !slices.Equal(moved, want) {
		t.Errorf("the deal's states: got %q, want %q", moved, want)
	}
	if !slices.ContainsFunc(told.Entries, func(e ledger.Entry) bool { return e.Rule() == ledger.RuleDealt }) {
		t.Errorf("got %+v, want what the deal brought", told.Entries)
	}
}
