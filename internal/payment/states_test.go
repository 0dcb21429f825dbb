package payment_test

import (
	"slices"
	"testing"

	"github.com/purserhq/purser/internal/payment"
)

func TestStatesAreWhole(t *testing.T) {
	t.Parallel()
	if err := payment.States.Check(payment.Waiting, payment.Waits); err != nil {
		t.Error(err)
	}
}

// leads wants a trigger to lead from one state to another.
func leads(t *testing.T, from payment.State, by payment.Trigger, want payment.State) {
	t.Helper()
	if got, err := payment.States.Next(from, by); err != nil || got != want {
		t.Errorf("%s of one that is %s: got %q, %v, want %s", by, from, got, err, want)
	}
}

// Whatever may still become paid may end in every way, by its own name, and be paid after that.
func TestEveryEndIsPossible(t *testing.T) {
	t.Parallel()
	ends := map[payment.Trigger]payment.State{
		payment.Decline: payment.Failed, payment.Cancel: payment.Canceled, payment.Expire: payment.Expired,
	}
	for _, state := range payment.States.States() {
		p := payment.Payment{State: state}
		for by, end := range ends {
			if state == payment.Waiting && by == payment.Expire {
				continue // what nobody was sent to has no end of its own
			}
			if p.Unfinished() {
				leads(t, state, by, end)
			} else if payment.States.Can(state, by) {
				t.Errorf("one that is %s is over, and may %s", state, by)
			}
			leads(t, end, payment.ArriveLate, payment.Captured)
		}
	}
}

// Money that was taken never passes for money that was not: it stays, or goes back.
func TestTakenMoneyIsAccountedFor(t *testing.T) {
	t.Parallel()
	took := []payment.State{payment.Captured, payment.Settled, payment.Reversed, payment.Refunded}
	for _, state := range took {
		for by, next := range payment.States[state] {
			if !slices.Contains(took, next) {
				t.Errorf("%s makes one that is %s %s", by, state, next)
			}
		}
	}
	for _, state := range []payment.State{payment.Captured, payment.Settled} {
		leads(t, state, payment.Refund, payment.Refunded)
	}
	for _, state := range []payment.State{payment.Processing, payment.Authorized} {
		leads(t, state, payment.Capture, payment.Captured)
	}
	if payment.States.Can(payment.Settled, payment.Reverse) || payment.States.Can(payment.Waiting, payment.Capture) {
		t.Error("what is paid out can be undone, or what nobody began is taken")
	}
}
