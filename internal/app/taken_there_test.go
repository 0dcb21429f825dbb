package app_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
)

// takenThere takes all that an acquirer holds at its own pages.
func (b *acquirer) takenThere(p payment.Payment) {
	b.set(func(b *acquirer) {
		i := b.intents[p.Reference()]
		i.state, i.taken, i.held = "taken", i.held, 0
	})
}

// Of money that was taken at the acquirer's own pages a merchant has what it wanted, and the
// payer the rest.
func TestTakenAtTheAcquirersPages(t *testing.T) {
	t.Parallel()
	look := func(s *shop, p payment.Payment) error {
		s.looked(7*time.Hour, 100)
		return nil
	}
	take := func(s *shop, p payment.Payment) error {
		_, err := s.app.CapturePayment(s.Context(), s.merchant, p.ID, app.Capture{Amount: rial(30_000)})
		return err
	}
	void := func(s *shop, p payment.Payment) error {
		_, err := s.app.VoidPayment(s.Context(), s.merchant, p.ID)
		return err
	}
	letGo := func(s *shop, p payment.Payment) error {
		_, err := s.app.RefundPayment(s.Context(), s.merchant, app.NewRefund{Payment: p.ID})
		return err
	}
	for name, c := range map[string]struct {
		before      int64 // let go before it was taken there
		does        func(*shop, payment.Payment) error
		state       payment.State
		kept, after int64 // of 50,000, and what went back of it
		invoice     invoice.State
	}{
		"and looked at":                 {0, look, payment.Captured, 50_000, 0, invoice.Completed},
		"and looked at, for less":       {10_000, look, payment.Captured, 40_000, 10_000, invoice.Completed},
		"before less was asked for":     {0, take, payment.Captured, 30_000, 20_000, invoice.Completed},
		"before it was to be let go":    {0, void, payment.Canceled, 0, 50_000, invoice.Canceled},
		"before the rest was let go":    {10_000, void, payment.Canceled, 0, 50_000, invoice.Canceled},
		"before all of it was let go":   {0, letGo, payment.Canceled, 0, 50_000, invoice.Canceled},
		"before what was left went too": {10_000, letGo, payment.Canceled, 0, 50_000, invoice.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			p := s.charge(goodCard, 50_000)
			if c.before > 0 {
				if _, err := s.refund(p, rial(c.before)); err != nil {
					t.Fatal(err)
				}
			}
			b.takenThere(p)
			if err := c.does(s, p); err != nil {
				t.Fatal(err)
			}
			if p = s.fresh(p); p.State != c.state || (p.Attention != "") != (c.after > 0) {
				t.Errorf("it is %s (%q), want %s", p.State, p.Attention, c.state)
			}
			s.invoiceIs(p.Invoice, c.invoice, c.kept)
			s.audit()
			s.looked(time.Hour, 100)
			if p = s.fresh(p); p.State != c.state || p.Attention != "" || !p.CheckAt.IsZero() {
				t.Errorf("in the end it is %s (%q), asked at %v", p.State, p.Attention, p.CheckAt)
			}
			if got := s.gaveBack(p); got != c.after {
				t.Errorf("%d went back, want %d", got, c.after)
			}
			s.audit()
		})
	}
}

// What is held for a payment that has ended may be taken before it is let go: it is late money,
// and of an earlier try it is in no book.
func TestTakenBeforeItIsLetGo(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]bool{"ended": false, "tried again": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			bank := &slow{acquirer: b}
			s.banks["acquirer"] = bank
			p := s.charge(badCard, 60)
			b.set(func(b *acquirer) { b.intents[p.Reference()].state, b.intents[p.Reference()].held = "held", 60 })
			bank.meanwhile = func() {
				b.takenThere(p)
				if !again {
					return
				}
				if err := last(s.app.ChargeAgain(t.Context(), s.merchant, p.ID, money.Amount{}, cardOf(questionCard))); err != nil {
					t.Error(err)
				}
			}
			query := map[string][]string{"t": {p.ID + "." + p.Attempt.Token}}
			if err := last(s.app.ReturnPayer(t.Context(), query)); err != nil {
				t.Fatal(err)
			}
			if again {
				s.calls(p, earlierTry)
				s.want(s.fresh(p), payment.Processing, payment.Undecided, nil)
			} else {
				s.calls(p, "late money: it was failed before it came")
				s.want(s.fresh(p), payment.Captured, payment.Good, taken(60))
			}
			s.audit()
		})
	}
}

// gaveBack is what a gateway gave back of what nobody here had a place for.
func (s *shop) gaveBack(p payment.Payment) (sum int64) {
	s.Helper()
	all, err := s.store.RefundsOf(s.Context(), s.merchant, p.ID)
	if err != nil {
		s.Fatal(err)
	}
	for _, b := range all {
		if b.Source == refund.FromSuspense && b.State == refund.Succeeded {
			sum += b.Amount.Steps()
		}
	}
	return sum
}

// TestStepRefusedBesideALook: a step that its gateway refuses lets the money be looked at soon, also
// where a look before it was answered afterwards.
func TestStepRefusedBesideALook(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 60)
	var wanted time.Time
	b.set(func(b *acquirer) {
		b.refuseSteps = true
		b.meanwhile = func() {
			_, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{})
			if !fault.Is(err, fault.CodeGatewayRefused) {
				t.Errorf("the capture was answered %v, want gateway_refused", err)
			}
			wanted = s.fresh(p).CheckAt
		}
	})
	s.looked(7*time.Hour, 1)
	if p = s.fresh(p); wanted.IsZero() || !p.CheckAt.Equal(wanted) || p.CheckAt.Sub(s.now()) > time.Minute {
		t.Errorf("looked at again in %v", p.CheckAt.Sub(s.now()))
	}
	s.looked(time.Minute, 1)
	if p = s.fresh(p); p.CheckAt.Sub(s.now()) < time.Hour {
		t.Errorf("looked at once more in %v", p.CheckAt.Sub(s.now()))
	}
}

// What is given up of held money, and what else the payer agrees to, is on record, with the
// reason: nothing comes back from the bank that would tell of it.
func TestLetGoIsOnRecord(t *testing.T) {
	t.Parallel()
	s, _ := withCards(t)
	p := s.charge(goodCard, 50)
	back, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{
		ID: s.newID(), Payment: p.ID, Amount: rial(20), Reason: "one is missing",
	})
	if err != nil || back.Reason != "one is missing" {
		t.Fatalf("got %+v, %v", back, err)
	}
	if diff := cmp.Diff(s.freshRefund(back), back, cmp.Comparer(same)); diff != "" {
		t.Errorf("the refund as it is stored and as it is told (-want +got):\n%s", diff)
	}
	p, err = s.app.AdjustPayment(t.Context(), s.merchant, p.ID, rial(40))
	if err != nil || p.Agreed() != rial(40) || p.Amount != rial(20) {
		t.Errorf("got %v of %v, %v, want 20 of 40", p.Amount, p.Agreed(), err)
	}
	for _, c := range []struct {
		noun event.Noun
		id   string
		want []string
	}{
		{event.Refund, back.ID, []string{"create by merchant: one is missing", "succeed by merchant: "}},
		{event.Payment, p.ID, []string{"release by merchant: 20 IRR", "adjust by merchant: 20 IRR"}},
	} {
		history, err := s.store.History(t.Context(), s.merchant, c.noun, c.id)
		if err != nil || len(history) < len(c.want) {
			t.Fatalf("%s: got %+v, %v", c.noun, history, err)
		}
		var got []string
		for _, e := range history[len(history)-len(c.want):] {
			got = append(got, e.Trigger+" by "+e.Actor+": "+e.Note)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("the history of the %s (-want +got):\n%s", c.noun, diff)
		}
	}
}

// All of a hold that is given up is let go at its gateway by the worker where that could not be
// asked at once.
func TestLetGoIsNotForgotten(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 50)
	delete(s.banks, "acquirer")
	if back, err := s.refund(p, money.Amount{}); err != nil || back.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", back, err)
	}
	if p = s.fresh(p); p.State != payment.Authorized || b.of(p).state != "held" {
		t.Fatalf("it is %s, and at the acquirer %s", p.State, b.of(p).state)
	}
	s.banks["acquirer"] = b
	s.looked(5*time.Minute, 1)
	if p = s.fresh(p); p.State != payment.Canceled || b.of(p).state != "void" {
		t.Errorf("it is %s, and at the acquirer %s; want it let go", p.State, b.of(p).state)
	}
}

// watched is an acquirer that remembers the amounts by which it was asked.
type watched struct {
	*acquirer

	amounts []money.Amount
}

func (b *watched) Resolve(ctx context.Context, a gateway.Attempt, q gateway.Question) gateway.Report {
	b.amounts = append(b.amounts, a.Amount)
	return b.acquirer.Resolve(ctx, a, q)
}

// Of what was let go as a whole nothing is left, and its gateway is asked by what it was of all
// the same; should that be taken, a person is called.
func TestLetGoAsAWholeIsAskedAbout(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	bank := &watched{acquirer: b}
	s.banks["acquirer"] = bank
	p := s.charge(goodCard, 50)
	if _, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: p.ID}); err != nil {
		t.Fatal(err)
	}
	ask := func() {
		bank.amounts = nil
		if err := last(s.app.ResolvePayment(t.Context(), s.merchant, p.ID)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(bank.amounts, []money.Amount{rial(50)}) {
			t.Errorf("asked by %v", bank.amounts)
		}
	}
	ask()
	if p = s.fresh(p); p.State != payment.Canceled || p.Attention != "" || !p.CheckAt.IsZero() {
		t.Errorf("it is %s (%q), asked at %v", p.State, p.Attention, p.CheckAt)
	}
	b.set(func(b *acquirer) { b.intents[p.Reference()].state, b.intents[p.Reference()].taken = "taken", 50 })
	ask()
	s.calls(p, "the gateway says paid, but 50 IRR instead of 0 IRR")
	s.audit()
}
