package app_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// What was taken for an earlier try is looked at by a person also where the money of the
// present one went back because it was to be let go.
func TestLookAfterVoidThatWasTaken(t *testing.T) {
	t.Parallel()
	s, b, p := takenTwice(t, goodCard)
	b.takenThere(p)
	if err := last(s.app.VoidPayment(t.Context(), s.merchant, p.ID)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.asked(p, 7*time.Hour)
	}
	p = s.fresh(p)
	if p.State != payment.Canceled || p.Attempt.Receipt == "" {
		t.Fatalf("it is %s with the receipt %q, want canceled with one", p.State, p.Attempt.Receipt)
	}
	s.calls(p, earlierTry)
	s.dealtWith(p)
	s.calls(p, "")
	s.audit()
}

// refuser takes no card.
type refuser struct{ *acquirer }

func (r refuser) Charge(context.Context, gateway.Attempt, gateway.Card, bool) gateway.Charged {
	return gateway.Charged{Started: gateway.Started{Outcome: gateway.Refused, Word: "we take no such card"}}
}

// And where the gateway heard of no present try: after a person's look there may be a next one.
func TestLookAfterRefusedTry(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	bank := &slow{acquirer: b}
	s.banks["acquirer"] = bank
	p := s.charge(badCard, 60)
	again := func() error {
		return last(s.app.ChargeAgain(t.Context(), s.merchant, p.ID, money.Amount{}, cardOf(goodCard)))
	}
	b.set(func(b *acquirer) { b.intents[p.Reference()].state, b.intents[p.Reference()].taken = "taken", 60 })
	bank.meanwhile = func() {
		s.banks["acquirer"] = refuser{b}
		_ = again() // whatever it is told: what the payment has become is looked at below
	}
	query := map[string][]string{"t": {p.ID + "." + p.Attempt.Token}}
	if err := last(s.app.ReturnPayer(t.Context(), query)); err != nil {
		t.Fatal(err)
	}
	s.banks["acquirer"] = b
	p = s.fresh(p)
	if p.State != payment.Failed || p.Attempt.Session != "" {
		t.Fatalf("it is %s with the session %q, want failed without one", p.State, p.Attempt.Session)
	}
	s.calls(p, earlierTry)
	if err := again(); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("a next try before anybody looked: got %v", err)
	}
	s.dealtWith(p)
	s.calls(p, "")
	if err := again(); err != nil {
		t.Errorf("a next try after a person looked: got %v", err)
	}
}

// withoutRoom is a hold whose invoice was paid otherwise while the bank still asked, and whose
// void nobody answers; a person has looked at it.
func withoutRoom(t *testing.T) (*shop, *acquirer, payment.Payment) {
	t.Helper()
	s, b := withCards(t)
	p := s.charge(questionCard, 60)
	if err := last(s.app.AttestPayment(t.Context(), s.merchant, app.Attestation{
		ID: s.newID(), Invoice: p.Invoice, Amount: rial(60), Said: payment.Captured,
	})); err != nil {
		t.Fatal(err)
	}
	b.set(func(b *acquirer) { i := b.intents[p.Reference()]; i.state, i.held = "held", 60 })
	s.banks["acquirer"] = mute{b}
	for range 7 {
		s.asked(p, 7*time.Hour)
	}
	if p = s.fresh(p); p.State != payment.Authorized || p.Reserved || p.Attention == "" {
		t.Fatalf("it is %s, has room: %t, and a person hears %q", p.State, p.Reserved, p.Attention)
	}
	s.dealtWith(p)
	s.banks["acquirer"] = b
	return s, b, s.fresh(p)
}

// A void of what has no room goes on after a person's look: nobody may have the money.
func TestVoidWithoutRoomGoesOn(t *testing.T) {
	t.Parallel()
	s, b, p := withoutRoom(t)
	err := last(s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{}))
	if !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("a capture: got %v, want wrong_state", err)
	}
	s.asked(p, 7*time.Hour)
	if p = s.fresh(p); p.State != payment.Canceled || b.of(p).state != "void" {
		t.Errorf("it is %s, and at the bank %s; want it let go", p.State, b.of(p).state)
	}
	s.audit()
}

// Taken at the provider's own pages, it goes back.
func TestTakenThereWithoutRoom(t *testing.T) {
	t.Parallel()
	s, b, p := withoutRoom(t)
	b.takenThere(p)
	for range 3 {
		s.asked(p, 7*time.Hour)
	}
	if p = s.fresh(p); p.State != payment.Canceled || s.balance(ledger.Suspense, "") != 0 {
		t.Errorf("it is %s, and %d are in suspense; want all of it gone back", p.State, s.balance(ledger.Suspense, ""))
	}
	s.calls(p, "")
	s.audit()
}

// What an earlier program left without room and without its void goes back as well.
func TestTakenThereWithoutRoomOrVoid(t *testing.T) {
	t.Parallel()
	s, b, p := withoutRoom(t)
	p.Step = payment.Step{}
	s.put(store.Change{Payments: []payment.Payment{p}})
	b.takenThere(p)
	for range 2 {
		s.asked(p, 7*time.Hour)
	}
	if got := s.gaveBack(p); s.fresh(p).State != payment.Failed || got != 60 || s.balance(ledger.Suspense, "") != 0 {
		t.Errorf("it is %s, %d went back, and %d are in suspense", s.fresh(p).State, got, s.balance(ledger.Suspense, ""))
	}
	s.audit()
}

// A void of which the gateway says that it took what cannot be is answered as one that goes on.
func TestVoidTakenOtherwise(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	bank := &teller{acquirer: b}
	s.banks["acquirer"] = voider{bank}
	p := s.charge(goodCard, 60)
	for amount, call := range map[int64]string{
		90: "the gateway says paid, but 90 IRR instead of 60 IRR", 0: "the gateway says paid, but 0 IRR instead of 60 IRR",
		-1: "the gateway says paid, but -1 IRR instead of 60 IRR",
	} {
		bank.says(gateway.Report{Outcome: gateway.Captured, Receipt: "r", Amount: rial(amount)})
		if err := last(s.app.VoidPayment(t.Context(), s.merchant, p.ID)); !fault.Is(err, fault.CodeGatewayUnavailable) {
			t.Errorf("the void: got %v, want that it goes on", err)
		}
		if err := s.app.WithdrawPayment(t.Context(), s.merchant, p.ID); !fault.Is(err, fault.CodeGatewayUnavailable) {
			t.Errorf("the withdrawal: got %v, want that the void goes on", err)
		}
		p = s.fresh(p)
		s.want(p, payment.Authorized, payment.Good, held(60))
		if !slices.Contains(strings.Split(p.Attention, "; "), call) {
			t.Errorf("a person hears %q, want %q", p.Attention, call)
		}
	}
}

// Where the worker and the merchant let go of money at once that was taken, it goes back once.
func TestVoidTakenIsHeardOfTwice(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	bank := &teller{acquirer: b}
	s.banks["acquirer"] = voider{bank}
	p := s.charge(goodCard, 60)
	b.takenThere(p)
	said := gateway.Report{Outcome: gateway.Captured, Receipt: "r", Amount: rial(60)}
	bank.instead = func() (gateway.Report, bool) {
		bank.says(said)
		s.asked(p, time.Hour)
		return said, true
	}
	if got, err := s.app.VoidPayment(t.Context(), s.merchant, p.ID); err != nil || got.State != payment.Canceled {
		t.Errorf("got %s, %v, want it canceled", got.State, err)
	}
	s.asked(p, time.Hour)
	if got := s.gaveBack(p); got != 60 || s.balance(ledger.Suspense, "") != 0 {
		t.Errorf("%d went back, and %d are in suspense", got, s.balance(ledger.Suspense, ""))
	}
	s.audit()
}

// A receipt is of one payment, also where the money was taken and goes back.
func TestReceiptOfAnother(t *testing.T) {
	t.Parallel()
	capture := func(s *shop, p payment.Payment) error {
		return last(s.app.CapturePayment(s.Context(), s.merchant, p.ID, app.Capture{}))
	}
	void := func(s *shop, p payment.Payment) error {
		return last(s.app.VoidPayment(s.Context(), s.merchant, p.ID))
	}
	for name, c := range map[string]struct {
		first, second func(*shop, payment.Payment) error
	}{
		"both taken": {capture, capture}, "to be let go": {capture, void}, "let go before": {void, capture},
		"both to be let go": {void, void},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			bank := &teller{acquirer: b}
			s.banks["acquirer"] = voider{bank}
			p, other := s.charge(goodCard, 60), s.charge(goodCard, 60)
			bank.says(gateway.Report{Outcome: gateway.Captured, Receipt: "r", Amount: rial(60)})
			if err := c.first(s, p); err != nil {
				t.Fatal(err)
			}
			if err := c.second(s, other); err != nil {
				t.Fatal(err)
			}
			if got := s.fresh(other); got.State != payment.Authorized || got.Attempt.Receipt == "r" || got.Attention !=
				"the gateway named a receipt that belongs to another payment" {
				t.Errorf("it is %s with the receipt %q, and a person hears %q", got.State, got.Attempt.Receipt, got.Attention)
			}
			s.audit()
		})
	}
}

// A part that was taken of what was to be let go goes back, and the rest is let go.
func TestVoidPartlyTaken(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 60)
	b.set(func(b *acquirer) { i := b.intents[p.Reference()]; i.state, i.taken, i.held = "taken", 30, 0 })
	if err := last(s.app.VoidPayment(t.Context(), s.merchant, p.ID)); err != nil {
		t.Fatal(err)
	}
	if got := s.balance(ledger.Suspense, ""); got != 30 {
		t.Errorf("%d are in suspense, want the 30 that were taken", got)
	}
	s.asked(p, time.Hour)
	if p = s.fresh(p); p.State != payment.Canceled || s.balance(ledger.Suspense, "") != 0 {
		t.Errorf("it is %s, and %d are in suspense; want all gone back", p.State, s.balance(ledger.Suspense, ""))
	}
	s.audit()
}

// voider answers a void with what a test says.
type voider struct{ *teller }

func (b voider) Void(ctx context.Context, h gateway.Held) gateway.Report {
	if r, over := b.told(); over {
		return r
	}
	return b.acquirer.Void(ctx, h)
}

// That no money came is not accepted of a payment whose money was booked meanwhile.
func TestNoMoneyAfterItCame(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(10_000)
	wish := s.wish(i, 10_000)
	wish.Gateway = "cash"
	r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
	if err != nil {
		t.Fatal(err)
	}
	p := r.Payment
	if err := last(s.app.AttestPayment(t.Context(), s.merchant, app.Attestation{
		ID: s.newID(), Invoice: i.ID, Amount: rial(10_000), Said: payment.Captured,
	})); err != nil {
		t.Fatal(err)
	}
	late := app.New(app.Config{
		Store: &slowToRest{Store: s.store, first: func() {
			paid := app.Confirmation{Payment: p.ID, Paid: true, Receipt: "till-1", Operator: "Sam"}
			if err := last(s.app.ConfirmPayment(t.Context(), s.merchant, paid)); err != nil {
				t.Error(err)
			}
		}},
		Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler), Sealer: envelope{},
		Credentials: envelope{}.credentials,
	})
	err = last(late.ConfirmPayment(t.Context(), s.merchant, app.Confirmation{Payment: p.ID, Operator: "Kim"}))
	if !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("got %v, want that somebody else was first", err)
	}
	if p = s.fresh(p); p.State != payment.Failed || p.Attempt.Receipt != "till-1" {
		t.Errorf("it is %s with the receipt %q", p.State, p.Attempt.Receipt)
	}
}

// Two calls that only a person ends stand beside each other until somebody has looked.
func TestTwoCallsLast(t *testing.T) {
	t.Parallel()
	s, b, p := takenTwice(t, questionCard)
	b.set(func(b *acquirer) { b.intents[p.Reference()].state = "dead" })
	p = s.asked(p, time.Hour)
	b.set(func(b *acquirer) {
		i := b.intents[p.Reference()]
		i.state, i.held, b.refuseSteps = "held", 60, true
	})
	query := map[string][]string{"t": {p.ID + "." + p.Attempt.Token}}
	if err := last(s.app.ReturnPayer(t.Context(), query)); err != nil {
		t.Fatal(err)
	}
	both := s.fresh(p).Attention
	if !strings.HasPrefix(both, earlierTry+"; ") {
		t.Fatalf("a person hears %q, want two calls", both)
	}
	b.set(func(b *acquirer) { b.intents[p.Reference()].held = 50 })
	s.asked(p, 7*time.Hour)
	if got := s.fresh(p).Attention; !strings.HasPrefix(got, both) {
		t.Errorf("a person hears %q, want still %q", got, both)
	}
}
