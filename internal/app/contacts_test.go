package app_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// contacts are what was said about a payment and its refunds.
func (s *shop) contacts(p payment.Payment) []event.Contact {
	s.Helper()
	t, err := s.app.PaymentTimeline(s.Context(), s.merchant, p.ID)
	if err != nil {
		s.Fatal(err)
	}
	return t.Contacts
}

// said wants things to have been said about a payment, in order.
func (s *shop) saidOf(p payment.Payment, want ...string) {
	s.Helper()
	var got []string
	for _, c := range s.contacts(p) {
		if c.Kind == event.Call && (c.Method != "POST" || c.Answer != "yes" || c.Status != 200 || c.Gateway == "") {
			s.Errorf("got the call %+v, want its answer", c)
		}
		got = append(got, c.What+" "+c.Sent)
	}
	if !slices.Equal(got, want) {
		s.Errorf("got %q, want %q", got, want)
	}
}

// TestContacts keeps every request with its answer; what carried a card is not kept, and
// neither is what the payer told of himself.
func TestContacts(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 50)
	s.saidOf(p, "charge ")
	b.set(func(b *acquirer) { b.loseSteps = true })
	if _, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(30)}); err == nil {
		t.Error("a lost answer: got no error")
	}
	b.set(func(b *acquirer) { b.loseSteps = false })
	p = s.asked(p, time.Hour)
	s.want(p, payment.Captured, payment.Recorded, taken(30))
	if _, err := s.refund(p, rial(30)); err != nil {
		t.Fatal(err)
	}
	back, err := s.store.RefundsOf(t.Context(), s.merchant, p.ID)
	if err != nil || len(back) != 1 {
		t.Fatalf("got %v, %v, want one refund", back, err)
	}
	s.saidOf(p, "charge ", "capture amount="+rial(30).String(), "capture amount="+rial(30).String(),
		"refund refund="+back[0].ID)
	for _, c := range s.contacts(p) {
		if strings.Contains(c.Sent, goodCard) || c.Merchant != s.merchant || c.At.IsZero() {
			t.Errorf("got %+v", c)
		}
	}
}

// TestContactsHidePayers hides what is known of a payer in whatever a provider says.
func TestContactsHidePayers(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(questionCard, 50)
	p.Payer = payment.Payer{Name: "Sara Ahmadi", Mobile: "09120000000"}
	if err := s.store.Commit(t.Context(), store.Change{Payments: []payment.Payment{p}}); err != nil {
		t.Fatal(err)
	}
	s.asked(p, time.Minute)
	s.saidOf(p, "charge ", "look payer=[hidden]")
	if got := b.of(p).state; got != "asking" {
		t.Errorf("got a payment that is %s at its gateway, want it asking", got)
	}
}

// TestContactsEnd keeps so many for one payment, and beyond them the call that captures.
func TestContactsEnd(t *testing.T) {
	t.Parallel()
	s, _ := withCards(t)
	p := s.charge(goodCard, 50)
	const most = 500
	var many []event.Contact
	for range most - 1 {
		many = append(many, event.Contact{
			ID: s.newID(), Merchant: s.merchant, Subject: p.ID, Kind: event.Callback, What: "return", At: s.now(),
		})
	}
	if err := s.store.Commit(t.Context(), store.Change{Contacts: many}); err != nil {
		t.Fatal(err)
	}
	p, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(30)})
	if err != nil {
		t.Fatal(err)
	}
	s.want(s.fresh(p), payment.Captured, payment.Recorded, taken(30))
	if all := s.contacts(p); len(all) != most+1 || all[most].What != "capture" {
		t.Errorf("got %d contacts, want %d and the capture", len(all), most)
	}
}

// TestContactsOfChangesAreKept keeps what decided about the money, whoever has filled the record
// before, and nothing else then.
func TestContactsOfChangesAreKept(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	p := s.request(s.invoice(5000), 5000)
	const most = 500
	var many []event.Contact
	for range most {
		many = append(many, event.Contact{
			ID: s.newID(), Merchant: s.merchant, Subject: p.ID, Kind: event.Callback, What: "return", At: s.now(),
		})
	}
	if err := s.store.Commit(t.Context(), store.Change{Contacts: many}); err != nil {
		t.Fatal(err)
	}
	before := len(s.contacts(p))
	s.first.pay(p.Attempt.Session, "paid")
	s.wait(time.Hour)
	s.returns(p, "no")
	if p = s.fresh(p); p.State != payment.Captured {
		t.Fatalf("got a payment that is %s, want it captured", p.State)
	}
	kept := s.contacts(p)
	if len(kept) <= before || kept[before].What != "return" {
		t.Fatalf("got %d contacts after %d, want what led to the capture", len(kept), before)
	}
	s.returns(p, "ok")
	if got := len(s.contacts(p)); got != len(kept) {
		t.Errorf("got %d contacts after a return that changed nothing, want %d", got, len(kept))
	}
}

// TestCallbacksAreKept keeps what browsers bring, also where it changes nothing any more.
func TestCallbacksAreKept(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	_, p := s.paid(5000)
	before := len(s.contacts(p))
	if before == 0 {
		t.Fatal("got no callback of a payer who paid")
	}
	s.returns(p, "ok")
	all := s.contacts(p)
	if len(all) != before+1 {
		t.Fatalf("got %d contacts, want one more than %d", len(all), before)
	}
	last := all[before]
	if last.Kind != event.Callback || last.What != "return" || !strings.Contains(last.Sent, "t=[redacted]") ||
		last.Method != "" {
		t.Errorf("got %+v, want what the browser brought", last)
	}
	if gateway.ListenerOf(t.Context()) != nil {
		t.Error("got a listener under a context that has none")
	}
}

// unsure is a store whose first commit with contacts succeeds or not, and nobody is told.
type unsure struct {
	store.Store

	commits bool
	done    *bool
}

func (u unsure) Commit(ctx context.Context, c store.Change) error {
	if *u.done || len(c.Contacts) == 0 {
		return u.Store.Commit(ctx, c)
	}
	*u.done = true
	if u.commits {
		if err := u.Store.Commit(ctx, c); err != nil {
			return err
		}
	}
	return fault.New(fault.CodeTimeOut, "", "")
}

// TestContactsInDoubt stands in nobody's way where it is not known whether they are there, and
// keeps each once.
func TestContactsInDoubt(t *testing.T) {
	t.Parallel()
	for _, commits := range []bool{false, true} {
		s := open(t, 0)
		i := s.invoice(5000)
		p := s.request(i, 5000)
		s.first.pay(p.Attempt.Session, "paid")
		done := false
		doubtful := app.New(app.Config{
			Store: unsure{s.store, commits, &done}, Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler),
			ReturnURL: "https://pay.example/cb", Sealer: envelope{},
		})
		if _, err := doubtful.ReturnPayer(t.Context(), back(p, "ok")); !fault.Is(err, fault.CodeTimeOut) {
			t.Errorf("commits %v: got %v, want time_out", commits, err)
		}
		s.saidOf(p, "return session="+p.Attempt.Session+"&t=[redacted]&word=ok")
		if _, err := doubtful.ReturnPayer(t.Context(), back(p, "ok")); err != nil {
			t.Errorf("commits %v: again: got %v", commits, err)
		}
		s.state(p.ID, payment.Captured)
		if got := len(s.contacts(p)); got != 2 {
			t.Errorf("commits %v: got %d callbacks, want 2", commits, got)
		}
	}
}
