package app_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// wary is a shop with a terminal that holds unusual amounts.
type wary struct {
	*shop
	terminal int64
}

func openWary(t *testing.T, holds bool) wary {
	t.Helper()
	s := open(t, 0)
	at, _, err := s.app.CreateTerminal(t.Context(), s.merchant, app.TerminalTerms{Name: "Till", HoldUnusual: holds})
	if err != nil {
		t.Fatal(err)
	}
	return wary{s, at.Number}
}

// sold lets so many of an amount have been paid, through the whole of it.
func (w wary) sold(count int, amount money.Amount) {
	w.Helper()
	for range count {
		i := w.ask(amount)
		r, err := w.app.RequestPayment(w.Context(), w.merchant, w.wishOf(i))
		if err != nil {
			w.Fatal(err)
		}
		w.first.pay(r.Payment.Attempt.Session, "paid")
		w.returns(r.Payment, "ok")
	}
	w.wait(time.Minute) // so that what is remembered is forgotten
}

func (w wary) ask(amount money.Amount) invoice.Invoice {
	w.Helper()
	i, err := w.app.CreateInvoice(w.Context(), w.merchant, app.NewInvoice{
		ID: w.newID(), Amount: amount, Terminal: w.terminal, Due: w.now().Add(time.Hour),
	})
	if err != nil {
		w.Fatal(err)
	}
	return i
}

func (w wary) wishOf(i invoice.Invoice) app.NewPayment {
	return app.NewPayment{Invoice: i.ID, Amount: i.Amount, Gateway: "first", NewID: w.newID}
}

// pays says whether a payment of an invoice can be begun.
func (w wary) pays(i invoice.Invoice) error {
	_, err := w.app.RequestPayment(w.Context(), w.merchant, w.wishOf(i))
	return err
}

// TestUnusualIsHeld judges by what was really paid at the terminal before.
func TestUnusualIsHeld(t *testing.T) {
	t.Parallel()
	w := openWary(t, true)
	w.sold(19, rial(500_000))
	if i := w.ask(rial(5_000_000)); i.Held {
		t.Error("19 payments are no history yet")
	}
	w.sold(1, rial(400_000))
	for amount, held := range map[int64]bool{
		5_000_000: true, 50_000: true, 5_000_000_000: true, 50: true,
		500_000: false, 1_500_000: false, 150_000: false,
	} {
		i := w.ask(rial(amount))
		err := w.pays(i)
		if i.Held != held || held != fault.Is(err, fault.CodeInvoiceHeld) || !held && err != nil {
			t.Errorf("%d: held %v, a payment got %v; want it held: %v", amount, i.Held, err, held)
		}
	}
	if i := w.ask(money.New(5_000_000, money.IRT)); i.Held {
		t.Error("an amount in another unit was judged by Rial")
	}
	w.terminal = 0
	if i := w.ask(rial(5_000_000)); i.Held {
		t.Error("an amount at no terminal was judged by those of one")
	}
}

// TestUnusualWithoutGuard: it is held only where that is wanted.
func TestUnusualWithoutGuard(t *testing.T) {
	t.Parallel()
	w := openWary(t, false)
	w.sold(20, rial(500_000))
	i := w.ask(rial(5_000_000))
	if err := w.pays(i); i.Held || err != nil {
		t.Errorf("held %v, a payment got %v", i.Held, err)
	}
}

// TestUnusualAtNoTerminal is the merchant's own guard.
func TestUnusualAtNoTerminal(t *testing.T) {
	t.Parallel()
	w := openWary(t, false)
	w.terminal = 0
	w.sold(20, rial(500_000))
	if i := w.ask(rial(5_000_000)); i.Held {
		t.Error("held without being wanted")
	}
	holds := true
	if _, err := w.app.ChangeMerchant(t.Context(), w.merchant, app.MerchantTerms{HoldUnusual: &holds}); err != nil {
		t.Fatal(err)
	}
	if i := w.ask(rial(5_000_000)); !i.Held {
		t.Error("not held")
	}
}

// TestConfirmHeld lets an unusual amount be paid to its end, and tells of it.
func TestConfirmHeld(t *testing.T) {
	t.Parallel()
	w := openWary(t, true)
	w.sold(20, rial(500_000))
	if _, _, err := w.app.CreateEndpoint(t.Context(), app.NewEndpoint{
		ID: "e", Merchant: w.merchant, URL: "https://shop.example/hook", Types: []string{"invoice.held", "invoice.confirmed"},
	}); err != nil {
		t.Fatal(err)
	}
	i := w.ask(rial(5_000_000))
	for range 2 { // said twice, it was said once
		confirmed, err := w.app.ConfirmInvoice(t.Context(), app.ConfirmInvoice{
			Merchant: w.merchant, Invoice: i.ID, Operator: "Sam", Note: "asked them",
		})
		if err != nil || confirmed.Held {
			t.Fatalf("got held %v, %v", confirmed.Held, err)
		}
	}
	r, err := w.app.RequestPayment(t.Context(), w.merchant, w.wishOf(i))
	if err != nil {
		t.Fatal(err)
	}
	w.first.pay(r.Payment.Attempt.Session, "paid")
	w.returns(r.Payment, "ok")
	w.invoiceIs(i.ID, invoice.Completed, 5_000_000)
	list, err := w.store.History(t.Context(), w.merchant, event.Invoice, i.ID)
	if err != nil || len(list) != 5 {
		t.Fatalf("got %v, %v, want created, held, confirmed, paid and completed", list, err)
	}
	if e := list[1]; e.Type() != "invoice.held" || e.Actor != "worker" || e.Note == "" {
		t.Errorf("got %+v", e)
	}
	if e := list[2]; e.Type() != "invoice.confirmed" || e.Actor != "operator" || e.Note != "Sam: asked them" {
		t.Errorf("got %+v", e)
	}
	told, err := w.store.Deliveries(t.Context(), w.merchant, store.DeliveryFilter{Subject: i.ID}, store.Page{})
	if err != nil || len(told) != 2 {
		t.Errorf("got %v, %v, want a delivery of each", told, err)
	}
	// One large payment makes the next one no less unusual.
	w.wait(time.Minute)
	if again := w.ask(rial(5_000_000)); !again.Held {
		t.Error("one confirmed payment switched the guard off")
	}
	if _, err := w.app.ConfirmInvoice(t.Context(), app.ConfirmInvoice{
		Merchant: "another", Invoice: i.ID,
	}); !fault.Is(err, fault.CodeInvoiceNotFound) {
		t.Errorf("another merchant: got %v, want invoice_not_found", err)
	}
}

// TestHeldEnds: it can be canceled, and expires as any other.
func TestHeldEnds(t *testing.T) {
	t.Parallel()
	w := openWary(t, true)
	w.sold(20, rial(500_000))
	canceled, expired := w.ask(rial(5_000_000)), w.ask(rial(5_000_000))
	wish := app.CancelInvoice{Merchant: w.merchant, Invoice: canceled.ID}
	if _, err := w.app.CancelInvoice(t.Context(), wish); err != nil {
		t.Fatal(err)
	}
	w.wait(2 * time.Hour)
	if _, err := w.app.ExpireDue(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	w.stands(canceled.ID, invoice.Canceled)
	w.stands(expired.ID, invoice.Expired)
	for _, i := range []invoice.Invoice{canceled, expired} {
		_, err := w.app.ConfirmInvoice(t.Context(), app.ConfirmInvoice{Merchant: w.merchant, Invoice: i.ID})
		if !fault.Is(err, fault.CodeWrongState) {
			t.Errorf("got %v, want wrong_state", err)
		}
		if err := w.pays(i); !fault.Is(err, fault.CodeInvoiceClosed) {
			t.Errorf("got %v, want invoice_closed", err)
		}
	}
}

// TestHeldAtOnce: many that are made at once are all held, and of those who
// confirm one and those who pay it, nobody pays before it is confirmed.
func TestHeldAtOnce(t *testing.T) {
	t.Parallel()
	w := openWary(t, true)
	w.sold(20, rial(500_000))
	made := make([]invoice.Invoice, 20)
	together(len(made), func(n int) { made[n] = w.ask(rial(5_000_000)) })
	for n, i := range made {
		if !i.Held {
			t.Errorf("invoice %d is not held", n)
		}
	}
	var confirmed atomic.Bool
	together(20, func(n int) {
		if n == 0 {
			confirmed.Store(true) // a payment is good from the next moment on, and not before
			if _, err := w.app.ConfirmInvoice(t.Context(), app.ConfirmInvoice{
				Merchant: w.merchant, Invoice: made[0].ID,
			}); err != nil {
				t.Error(err)
			}
			return
		}
		if err := w.pays(made[0]); err == nil && !confirmed.Load() {
			t.Error("it was paid before it was confirmed")
		} else if err != nil && !fault.Is(err, fault.CodeInvoiceHeld) {
			t.Error(err)
		}
	})
	if err := w.pays(made[1]); !fault.Is(err, fault.CodeInvoiceHeld) {
		t.Errorf("another one: got %v, want invoice_held", err)
	}
}

// TestNoWayAroundHeld tries every way of paying.
func TestNoWayAroundHeld(t *testing.T) {
	t.Parallel()
	w := openWary(t, true)
	w.sold(20, rial(500_000))
	i := w.ask(rial(5_000_000))
	c := w.payer(rial(5_000_000))
	ways := map[string]func() error{
		"a gateway": func() error { return w.pays(i) },
		"a part": func() error {
			wish := w.wishOf(i)
			wish.Amount = rial(500_000)
			_, err := w.app.RequestPayment(t.Context(), w.merchant, wish)
			return err
		},
		"a wallet": func() error {
			_, err := w.app.PayFromWallet(t.Context(), w.fromWallet(i.ID, fmt.Sprint(c.Number), rightPIN))
			return err
		},
		"cash": func() error {
			_, err := w.app.AttestPayment(t.Context(), w.merchant, app.Attestation{
				ID: w.newID(), Invoice: i.ID, Amount: i.Amount, Said: payment.Captured,
			})
			return err
		},
		"a deal": func() error {
			_, _, err := w.app.StartDeal(t.Context(), w.merchant, app.NewDeal{ID: "d", Payment: "p", Invoice: i.ID})
			return err
		},
	}
	for name, pay := range ways {
		if err := pay(); !fault.Is(err, fault.CodeInvoiceHeld) {
			t.Errorf("%s: got %v, want invoice_held", name, err)
		}
	}
	w.invoiceIs(i.ID, invoice.Open, 0)
}

// TestExtendedByTooMuch holds an invoice that was in order, and takes the money
// that was on its way before.
func TestExtendedByTooMuch(t *testing.T) {
	t.Parallel()
	w := openWary(t, true)
	w.sold(20, rial(500_000))
	i := w.ask(rial(500_000))
	r, err := w.app.RequestPayment(t.Context(), w.merchant, w.wishOf(i))
	if err != nil {
		t.Fatal(err)
	}
	extended, err := w.app.ExtendInvoice(t.Context(), w.merchant, app.Extension{
		Invoice: i.ID, Amount: rial(5_000_000), Token: "more",
	})
	if err != nil || !extended.Held {
		t.Fatalf("held %v, %v", extended.Held, err)
	}
	if _, err := w.app.OpenLink(t.Context(), app.OpenLink{Token: "more", NewID: w.newID}); !fault.Is(err,
		fault.CodeInvoiceHeld) {
		t.Errorf("its link: got %v, want invoice_held", err)
	}
	w.first.pay(r.Payment.Attempt.Session, "paid")
	w.returns(r.Payment, "ok")
	w.state(r.Payment.ID, payment.Captured)
	w.invoiceIs(i.ID, invoice.Open, 500_000)
}

// TestAdjustedByTooMuch refuses to hold an unusual amount in place of a usual one. What was
// confirmed may grow, and less may be taken of anything.
func TestAdjustedByTooMuch(t *testing.T) {
	t.Parallel()
	s, _ := withCards(t)
	w := wary{s, 0}
	w.sold(20, rial(500_000))
	holds := true
	if _, err := w.app.ChangeMerchant(t.Context(), w.merchant, app.MerchantTerms{HoldUnusual: &holds}); err != nil {
		t.Fatal(err)
	}
	adjusted := func(p payment.Payment, amount int64) error {
		_, err := s.app.AdjustPayment(t.Context(), s.merchant, p.ID, rial(amount))
		return err
	}
	usual := s.charge(goodCard, 500_000)
	if err := adjusted(usual, 5_000_000); !fault.Is(err, fault.CodeInvoiceHeld) || fault.From(err).Param != "amount" {
		t.Errorf("ten times as much: got %v, want invoice_held", err)
	}
	is := func(p payment.Payment, amount int64) {
		t.Helper()
		if p = s.fresh(p); p.State != payment.Authorized || p.Agreed() != rial(amount) {
			t.Errorf("got %s of %s, want it held, of %d", p.State, p.Agreed(), amount)
		}
	}
	is(usual, 500_000)
	for _, amount := range []int64{600_000, 5_000} {
		if err := adjusted(usual, amount); err != nil {
			t.Errorf("%d: got %v", amount, err)
		}
	}
	confirmed := s.charge(goodCard, 5_000_000)
	if _, err := s.app.ConfirmInvoice(t.Context(), app.ConfirmInvoice{
		Merchant: s.merchant, Invoice: confirmed.Invoice,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.ChargeAgain(t.Context(), s.merchant, confirmed.ID, confirmed.Amount, cardOf(goodCard)); err != nil {
		t.Fatal(err)
	}
	if err := adjusted(confirmed, 6_000_000); err != nil {
		t.Errorf("more than what was confirmed: got %v", err)
	}
	is(confirmed, 6_000_000)
}
