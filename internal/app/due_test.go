package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// looked is how many things a round of the worker found due some time later.
func (s *shop) looked(later time.Duration, limit int) int {
	s.Helper()
	s.wait(later)
	n, err := s.app.ResolveDue(s.Context(), limit)
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// Somebody is called for a payment that has its money: nobody has to be asked any more, and
// it keeps no other payment waiting.
func TestFlaggedWhenItIsOver(t *testing.T) {
	t.Parallel()
	s, bell := withPhone(t)
	p, err := s.pushed(40_000)
	if err != nil {
		t.Fatal(err)
	}
	bell.confirm(p.Attempt.Session)
	if err := s.rings("bell", p.Attempt.Session, ""); err != nil {
		t.Fatal(err)
	}
	if err := s.rings("bell", p.Attempt.Session, "000000000000000"); err != nil { // of another attempt
		t.Fatal(err)
	}
	if p = s.state(p.ID, payment.Captured); p.Attention == "" || !p.CheckAt.IsZero() {
		t.Errorf("it calls with %q and is due at %v", p.Attention, p.CheckAt)
	}
	if n := s.looked(7*24*time.Hour, 10); n != 0 {
		t.Errorf("%d are due", n)
	}
}

// What an earlier version left due is looked at once, and then those behind it are.
func TestOverAndDueAllTheSame(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	_, p := s.paid(50_000)
	left := s.state(p.ID, payment.Captured)
	left.CheckAt = s.now()
	if err := s.store.Commit(t.Context(), store.Change{Payments: []payment.Payment{left}}); err != nil {
		t.Fatal(err)
	}
	waits := s.request(s.invoice(60_000), 60_000)
	s.first.pay(waits.Attempt.Session, "paid")
	for range 3 {
		s.looked(time.Hour, 1)
	}
	s.state(waits.ID, payment.Captured)
	if left = s.state(p.ID, payment.Captured); !left.CheckAt.IsZero() {
		t.Errorf("it is due at %v still", left.CheckAt)
	}
}

// A payment that has ended, and of which its gateway says now what it cannot have, is asked
// about less and less while nothing comes of it.
func TestEndedAndUnknownIsPutOff(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	p := s.request(s.invoice(50_000), 50_000)
	s.first.pay(p.Attempt.Session, "dead")
	p = s.returns(p, "no")
	s.first.pay(p.Attempt.Session, "taken")
	s.first.set(func(b *bank) { b.takeWrong, b.pages[p.Attempt.Session].receipt = 5, "r9" })
	if p = s.returns(p, "ok"); s.state(p.ID, payment.Failed).Attention == "" {
		t.Fatal("nobody is called for another sum")
	}
	s.first.set(func(b *bank) { delete(b.pages, p.Attempt.Session) }) // it knows nothing from now on
	last := time.Duration(0)
	for n := range 4 {
		s.looked(24*time.Hour, 10)
		p = s.state(p.ID, payment.Failed)
		if next := p.CheckAt.Sub(s.now()); next < last || next <= 0 || p.Attention == "" {
			t.Errorf("round %d: asked again in %v after %v, and it calls with %q", n, next, last, p.Attention)
		} else {
			last = next
		}
	}
	no := app.Confirmation{Payment: p.ID, Operator: "sam", Note: "another sum, and it went back"}
	if _, err := s.app.ConfirmPayment(t.Context(), s.merchant, no); err != nil {
		t.Fatal(err)
	}
	if p = s.state(p.ID, payment.Failed); p.Attention != "" || s.looked(7*24*time.Hour, 10) != 0 {
		t.Errorf("it calls with %q still, or is due", p.Attention)
	}
	if list := s.actors(p.ID, "reject"); len(list) != 1 {
		t.Errorf("who looked is on record as %v", list)
	}
	if _, err := s.app.ConfirmPayment(t.Context(), s.merchant, no); !fault.Is(err, fault.CodeUnsupported) {
		t.Errorf("once more: got %v, want unsupported: nobody is called any more", err)
	}
}

// A payment whose contract does not open waits, held or not, and keeps no other waiting.
func TestHeldAndItsContractIsSick(t *testing.T) {
	t.Parallel()
	s, _ := withCards(t)
	p := s.charge(goodCard, 50)
	delete(s.banks, "acquirer")
	if n := s.looked(24*time.Hour, 10); n != 1 {
		t.Fatalf("%d are due, want the one", n)
	}
	if p = s.fresh(p); !p.CheckAt.After(s.now()) {
		t.Errorf("it is due at %v, now is %v", p.CheckAt, s.now())
	}
}

// lateLook answers a look at held money when what it saw is over.
type lateLook struct {
	*acquirer

	meanwhile func()
}

func (b *lateLook) Resolve(ctx context.Context, a gateway.Attempt, how gateway.Question) gateway.Report {
	if do := b.meanwhile; do != nil {
		b.meanwhile = nil
		do()
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "the intent is paid with another amount"}
	}
	return b.acquirer.Resolve(ctx, a, how)
}

// A look that began before a capture says nothing of what is after it.
func TestLookBesideACapture(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	late := &lateLook{acquirer: b}
	s.banks["acquirer"] = late
	p := s.charge(goodCard, 50)
	late.meanwhile = func() {
		if _, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(20)}); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.app.ResolvePayment(t.Context(), s.merchant, p.ID); err != nil {
		t.Fatal(err)
	}
	if p = s.fresh(p); p.State != payment.Captured || p.Attention != "" || !p.CheckAt.IsZero() {
		t.Errorf("it is %s, calls with %q and is due at %v", p.State, p.Attention, p.CheckAt)
	}

	p = s.charge(goodCard, 30)
	late.meanwhile = func() {}
	for n, wants := range []bool{true, false} { // the alarm of a look, and a good one after it
		if _, err := s.app.ResolvePayment(t.Context(), s.merchant, p.ID); err != nil {
			t.Fatal(err)
		}
		if p = s.fresh(p); p.State != payment.Authorized || (p.Attention != "") != wants {
			t.Errorf("look %d: it is %s and calls with %q", n, p.State, p.Attention)
		}
	}
}

// An operator's word that money came is refused while another payment is being verified for
// the same room: nobody would come back to it.
func TestConfirmWhileAnotherIsVerified(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(50_000)
	ask := func(gateway string) payment.Payment {
		wish := s.wish(i, 50_000)
		wish.Gateway, wish.Supersede = gateway, false
		r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
		if err != nil {
			t.Fatal(err)
		}
		return r.Payment
	}
	cash, other := ask("cash"), ask("first")
	s.first.pay(other.Attempt.Session, "paid")
	s.first.set(func(b *bank) { b.loseTake = 1 })
	s.returns(other, "ok")
	confirm := func() error {
		_, err := s.app.ConfirmPayment(t.Context(), s.merchant, app.Confirmation{
			Payment: cash.ID, Paid: true, Receipt: "till 7", Operator: "sam", Note: "in the till",
		})
		return err
	}
	if err := confirm(); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("got %v, want wrong_state", err)
	}
	if list := s.actors(cash.ID, "confirm"); len(list) != 0 {
		t.Errorf("what was refused is on record: %v", list)
	}
	s.first.set(func(b *bank) { b.pages[other.Attempt.Session].state = "dead" })
	s.looked(time.Hour, 10)
	s.state(other.ID, payment.Failed)
	if err := confirm(); err != nil {
		t.Fatal(err)
	}
	s.invoiceIs(i.ID, "completed", 50_000)
}

// One receipt for two payments at once books one and refuses the other.
func TestConfirmTwoWithOneReceipt(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	var list []payment.Payment
	for range 4 {
		wish := s.wish(s.invoice(5_000), 5_000)
		wish.Gateway = "cash"
		r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r.Payment)
	}
	errs := make([]error, len(list))
	together(len(list), func(n int) {
		_, errs[n] = s.app.ConfirmPayment(t.Context(), s.merchant, app.Confirmation{
			Payment: list[n].ID, Paid: true, Receipt: "till 8", Operator: "sam",
		})
	})
	done := 0
	for n, err := range errs {
		switch {
		case err == nil:
			done++
			s.state(list[n].ID, payment.Captured)
		case !fault.Is(err, fault.CodeDuplicate) || fault.From(err).Param != "receipt":
			t.Errorf("got %v, want a duplicate receipt", err)
		default:
			if p := s.state(list[n].ID, payment.Processing); p.Attention != "" {
				t.Errorf("it calls with %q", p.Attention)
			}
		}
	}
	if done != 1 {
		t.Errorf("%d were booked, want one", done)
	}
}
