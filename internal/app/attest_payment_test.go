package app_test

import (
	"slices"
	"sync/atomic"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/payment"
)

// said is a merchant's word about a payment of an invoice.
func (s *shop) said(i invoice.Invoice, amount int64, state payment.State) app.Attestation {
	return app.Attestation{
		ID: s.newID(), Invoice: i.ID, Amount: rial(amount), Method: payment.Cash, Said: state, Owner: "user-1",
		Bag: map[string]string{"claim": "PAID"}, Note: "the seller says so",
	}
}

func TestAttestedMoneyIsBookedAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(5_000)
	word := s.said(i, 3_000, payment.Captured)
	word.Receipt = "till-1"
	p, err := s.app.AttestPayment(t.Context(), s.merchant, word)
	if err != nil {
		t.Fatal(err)
	}
	stored := s.state(p.ID, payment.Captured)
	if stored.Attempt.Gateway != "cash" || stored.Attempt.Receipt != "till-1" || stored.Owner != "user-1" ||
		stored.Bag["claim"] != "PAID" || stored.Version != p.Version || !stored.CheckAt.IsZero() {
		t.Errorf("got %+v", stored)
	}
	s.invoiceIs(i.ID, invoice.Open, 3_000)
	if got := s.balance(ledger.MerchantAvailable, ""); got != 3_000 {
		t.Errorf("the merchant has %d, want 3000", got)
	}
	word = s.said(i, 1_000, payment.Captured)
	word.Receipt = "till-1"
	if _, err := s.app.AttestPayment(t.Context(), s.merchant, word); !fault.Is(err, fault.CodeDuplicate) {
		t.Errorf("the same receipt again: got %v", err)
	}
	for _, state := range []payment.State{payment.Failed, payment.Canceled} {
		none, err := s.app.AttestPayment(t.Context(), s.merchant, s.said(i, 2_000, state))
		if err != nil {
			t.Fatal(err)
		}
		s.state(none.ID, state)
	}
	s.invoiceIs(i.ID, invoice.Open, 3_000)
	word = s.said(i, 2_000, payment.Captured)
	word.Operator = "zoe"
	last, err := s.app.AttestPayment(t.Context(), s.merchant, word)
	if err != nil {
		t.Fatal(err)
	}
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
	for id, want := range map[string]string{p.ID: "merchant", last.ID: "operator"} {
		if got := s.actors(id, "attest"); len(got) != 1 || got[0] != want {
			t.Errorf("attested by %v, want %s", got, want)
		}
	}
}

func TestAttestationsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(5_000)
	busy := s.invoice(5_000)
	held := s.request(busy, 5_000)
	s.first.set(func(b *bank) { b.loseTake = 1 })
	s.first.pay(held.Attempt.Session, "paid")
	s.returns(held, "ok") // it is being verified: nobody knows the answer
	elsewhere := s.said(i, 1_000, payment.Captured)
	elsewhere.Invoice = "nowhere"
	for name, c := range map[string]struct {
		word app.Attestation
		want fault.Code
	}{
		"too much":       {s.said(i, 5_001, payment.Captured), fault.CodeAmountAboveRemaining},
		"too much, none": {s.said(i, 5_001, payment.Failed), fault.CodeAmountAboveRemaining},
		"nothing":        {s.said(i, 0, payment.Captured), fault.CodeAmountInvalid},
		"another state":  {s.said(i, 1_000, payment.Settled), fault.CodeParameterInvalid},
		"no invoice":     {elsewhere, fault.CodeInvoiceNotFound},
		"busy":           {s.said(busy, 5_000, payment.Captured), fault.CodeWrongState},
	} {
		if _, err := s.app.AttestPayment(t.Context(), s.merchant, c.word); !fault.Is(err, c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	s.first.set(func(b *bank) { b.loseTake = 0 })
	if _, err := s.app.ResolvePayment(t.Context(), s.merchant, held.ID); err != nil {
		t.Fatal(err)
	}
	err := s.app.PutGateway(t.Context(), merchant.Gateway{Merchant: s.merchant, Name: "cash", Connector: "cash"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.app.AttestPayment(t.Context(), s.merchant, s.said(i, 1_000, payment.Captured))
	if !fault.Is(err, fault.CodeNoGateway) {
		t.Errorf("nothing is received by hand: got %v", err)
	}
	s.invoiceIs(i.ID, invoice.Open, 0)
}

func TestCrowdAttestsOneInvoice(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(5_000)
	words := make([]app.Attestation, 20)
	for n := range words {
		words[n] = s.said(i, 5_000, payment.Captured)
	}
	var good atomic.Int64
	together(len(words), func(n int) {
		_, err := s.app.AttestPayment(t.Context(), s.merchant, words[n])
		if err == nil {
			good.Add(1)
		} else if !fault.Is(err, fault.CodeAmountAboveRemaining) {
			t.Error(err)
		}
	})
	if good.Load() != 1 {
		t.Errorf("got %d payments of the whole, want 1", good.Load())
	}
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
}

func TestPaymentThatIsKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how  func(*bank)
		want payment.State
	}{
		"opens":   {func(*bank) {}, payment.Processing},
		"refuses": {func(b *bank) { b.refuse = true }, payment.Failed},
		"silent":  {func(b *bank) { b.silent = true }, payment.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 0)
			s.first.set(c.how)
			i := s.invoice(5_000)
			wish := s.wish(i, 5_000)
			wish.Kept, wish.Owner, wish.Supersede = true, "user-1", false
			r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
			if err != nil || r.Payment.State != c.want || r.Payment.Hidden {
				t.Fatalf("got %+v, %v, want it seen as %s", r.Payment, err, c.want)
			}
			list, err := s.app.FindPayments(t.Context(), s.merchant, app.PaymentFilter{Owner: "user-1"}, app.Page{Limit: 9})
			if err != nil || len(list) != 1 || list[0].State != c.want {
				t.Errorf("listed are %+v, %v", list, err)
			}
		})
	}
}

func TestCancelPayment(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	cancel := func(id string) error {
		_, err := s.app.CancelPayment(t.Context(), s.merchant, id, "ann", "not wanted")
		return err
	}
	wish := s.wish(s.invoice(5_000), 5_000)
	wish.Gateway, wish.ByHand = "", true
	byHand, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
	if err != nil {
		t.Fatal(err)
	}
	if err := cancel(byHand.Payment.ID); err != nil {
		t.Error(err)
	}
	s.state(byHand.Payment.ID, payment.Canceled)
	p := s.request(s.invoice(5_000), 5_000)
	for range 2 {
		if err := cancel(p.ID); err != nil {
			t.Error(err)
		}
	}
	if got := s.state(p.ID, payment.Processing); got.Live(s.now()) {
		t.Error("the payer can still be sent there")
	}
	s.first.pay(p.Attempt.Session, "dead")
	s.returns(p, "no")
	s.state(p.ID, payment.Canceled)
	_, paid := s.paid(5_000)
	if err := cancel(paid.ID); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("a paid one: got %v", err)
	}
	if err := cancel("nowhere"); !fault.Is(err, fault.CodePaymentNotFound) {
		t.Errorf("no payment: got %v", err)
	}
	mine := s.request(s.invoice(5_000), 5_000)
	if _, err := s.app.CancelPayment(t.Context(), s.merchant, mine.ID, "", "not wanted"); err != nil {
		t.Errorf("the merchant's own word: got %v", err)
	}
	for id, want := range map[string]string{p.ID: "operator", mine.ID: "merchant"} {
		if got := s.actors(id, "supersede"); len(got) == 0 || got[0] != want {
			t.Errorf("got %v, want %s", got, want)
		}
	}
}

// actors are who moved a payment or a deal by a trigger, in their order.
func (s *shop) actors(id, trigger string) (list []string) {
	s.Helper()
	happened, err := s.store.Events(s.Context(), s.merchant, 0, 1000)
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range happened {
		told := slices.Contains([]event.Noun{event.Payment, event.Deal, event.Refund}, e.Noun)
		if told && e.Subject == id && e.Trigger == trigger {
			list = append(list, e.Actor)
		}
	}
	return list
}

func TestSplitWaitsAndIsCanceled(t *testing.T) {
	t.Parallel()
	s := open(t, 2_000)
	r, err := s.app.RequestPayment(t.Context(), s.merchant, s.wish(s.invoice(4_000), 4_000))
	if err != nil || len(r.Waiting) == 0 {
		t.Fatalf("got %+v, %v, want a part that waits", r, err)
	}
	if _, err := s.app.CancelPayment(t.Context(), s.merchant, r.Waiting[0].ID, "ann", ""); err != nil {
		t.Fatal(err)
	}
	s.state(r.Waiting[0].ID, payment.Canceled)
}
