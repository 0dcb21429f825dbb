package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
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

// TestContactsEnd keeps so many for one payment and no more, and works on.
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
	if got := len(s.contacts(p)); got != most {
		t.Errorf("got %d contacts, want %d", got, most)
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
