package app_test

import (
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/payment"
)

// A payment that failed says why.
func TestReasons(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]payment.Reason{"dead": payment.Refused, "undone": payment.GivenBack} {
		s := open(t, 0)
		p := s.request(s.invoice(5_000), 5_000)
		s.first.pay(p.Attempt.Session, state)
		s.returns(p, "ok")
		failed := s.state(p.ID, payment.Failed)
		if failed.Reason != want {
			t.Errorf("%s: failed for %q, want %q", state, failed.Reason, want)
		}
	}
}

func TestNoRoomIsTheReason(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(10_000)
	first, second := s.request(i, 10_000), s.request(i, 4_000)
	for _, p := range []payment.Payment{first, second} {
		s.first.pay(p.Attempt.Session, "paid")
		s.returns(p, "ok")
	}
	if got := s.state(first.ID, payment.Captured); got.Reason != "" {
		t.Errorf("captured for %q", got.Reason)
	}
	if got := s.state(second.ID, payment.Failed); got.Reason != payment.NoRoom {
		t.Errorf("failed for %q, want %q", got.Reason, payment.NoRoom)
	}
}

// Whoever confirms money that its invoice has no room for is told what became of it.
func TestConfirmedWithoutRoom(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(10_000)
	wish := s.wish(i, 10_000)
	wish.Gateway = "cash"
	late, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
	if err != nil {
		t.Fatal(err)
	}
	first := s.request(i, 10_000)
	s.first.pay(first.Attempt.Session, "paid")
	s.returns(first, "ok")
	s.state(first.ID, payment.Captured)
	got, err := s.app.ConfirmPayment(t.Context(), s.merchant, app.Confirmation{
		Payment: late.Payment.ID, Receipt: "till-1", Paid: true, Operator: "ann",
	})
	kept := s.state(late.Payment.ID, payment.Failed)
	if err != nil || got.State != kept.State || got.Reason != payment.NoRoom || !got.FinalizedAt.Equal(kept.FinalizedAt) {
		t.Errorf("got %+v, %v, want %+v", got, err, kept)
	}
}
