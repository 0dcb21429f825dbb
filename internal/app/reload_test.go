package app_test

import (
	"testing"

	"github.com/purserhq/purser/internal/payment"
)

// A payer who reloads the page of the return, with a good word that the gateway does
// not confirm, adds nothing to the history after the first time.
func TestReloadsAddNoEvents(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	p := s.request(s.invoice(5_000), 5_000)
	seen := make([]int, 0, 6)
	for range cap(seen) {
		if got := s.returns(p, "ok"); got.State != payment.Processing {
			t.Fatalf("got %s, want processing", got.State)
		}
		happened, err := s.store.Events(t.Context(), s.merchant, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, len(happened))
	}
	if first, last := seen[0], seen[len(seen)-1]; first != last {
		t.Errorf("the history grew: %v", seen)
	}
	s.first.pay(p.Attempt.Session, "paid")
	if got := s.returns(p, "ok"); got.State != payment.Captured {
		t.Errorf("after it was paid: got %s", got.State)
	}
	s.audit()
}
