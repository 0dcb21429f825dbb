package app_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// refused is a payment of 10000 whose invoice was refunded, and whose gateway refused to give
// its money back; parts of it were refused after that, one by one. The calls come with it.
func (s *shop) refused(parts ...int64) (p payment.Payment, calls []refund.Refund) {
	s.Helper()
	s.first.set(func(b *bank) { b.denyUndo = true })
	i, p := s.paid(10_000)
	if _, err := s.app.RefundInvoice(s.Context(), s.merchant, i.ID); err != nil {
		s.Fatal(err)
	}
	s.round(10)
	for _, part := range parts {
		if back, err := s.refund(p, rial(part)); err != nil || back.State != refund.Failed {
			s.Fatalf("got %+v, %v, want another refusal", back, err)
		}
	}
	calls, err := s.store.RefundsOf(s.Context(), s.merchant, p.ID)
	if err != nil || len(calls) != 1+len(parts) {
		s.Fatalf("got %+v, %v, want all that were refused", calls, err)
	}
	s.waits(len(calls))
	return p, calls
}

// lies wants so much to be in suspense.
func (s *shop) lies(want int64) {
	s.Helper()
	if got := s.balance(ledger.Suspense, ""); got != want {
		s.Errorf("%d are in suspense, want %d", got, want)
	}
	s.audit()
}

func (s *shop) put(c store.Change) {
	s.Helper()
	if err := s.store.Commit(s.Context(), c); err != nil {
		s.Fatal(err)
	}
}

// TestOwedIsNotRecorded: of what is the payer's the merchant keeps nothing.
func TestOwedIsNotRecorded(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	p, _ := s.refused()
	for _, amount := range []money.Amount{{}, rial(1_000)} {
		if _, err := s.app.RecordPayment(t.Context(), s.merchant, p.ID, time.Time{}, amount); !fault.Is(err,
			fault.CodeWrongState) {
			t.Errorf("%v: got %v, want wrong_state", amount, err)
		}
	}
	s.first.set(func(b *bank) { b.canRefund = true })
	if back, err := s.refund(p, money.Amount{}); err != nil || back.Amount != rial(10_000) {
		t.Errorf("got %+v, %v, want all of it back", back, err)
	}
	s.lies(0)
	s.waits(0)
}

// TestRecordKeepsNothingOfOwed: where something was recorded of it nevertheless, all of it goes
// back, and a person is called until it is.
func TestRecordKeepsNothingOfOwed(t *testing.T) {
	t.Parallel()
	for name, byHand := range map[string]bool{"its gateway": false, "a person": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 0)
			p, calls := s.refused()
			p = s.fresh(p)
			p.Record = payment.Record{At: s.now(), Amount: rial(1_000), Before: rial(0)}
			s.put(store.Change{Payments: []payment.Payment{p}})
			s.first.set(func(b *bank) { b.canRefund = true })
			if back, err := s.refund(p, rial(1_000)); err != nil || back.State != refund.Succeeded {
				t.Fatalf("got %+v, %v", back, err)
			}
			s.lies(9_000)
			s.waits(1)
			if _, err := s.refund(p, rial(9_001)); !fault.Is(err, fault.CodeRefundTooLarge) {
				t.Errorf("more than is left: got %v, want refund_too_large", err)
			}
			back, err := s.say(calls[0].ID, byHand, "hand")
			if !byHand {
				if !fault.Is(err, fault.CodeWrongState) {
					t.Errorf("that it is not back is known: got %v, want wrong_state", err)
				}
				back, err = s.refund(p, money.Amount{})
			}
			if err != nil || back.State != refund.Succeeded || back.Amount != rial(9_000) {
				t.Errorf("got %+v, %v, want the rest back", back, err)
			}
			s.lies(0)
			s.waits(0)
			s.state(p.ID, payment.Refunded)
		})
	}
}

// TestRecordedPartIsNotTheWhole: an invoice is not refunded as a whole where no more than a
// part of its payment may go back.
func TestRecordedPartIsNotTheWhole(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund = true })
	i, p := s.paid(10_000)
	if _, err := s.app.RecordPayment(t.Context(), s.merchant, p.ID, time.Time{}, rial(6_000)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.RefundInvoice(t.Context(), s.merchant, i.ID); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("got %v, want wrong_state", err)
	}
	s.invoiceIs(i.ID, invoice.Completed, 10_000)
	if back, err := s.refund(p, money.Amount{}); err != nil || back.Amount != rial(6_000) {
		t.Errorf("got %+v, %v, want what was recorded", back, err)
	}
	s.invoiceIs(i.ID, invoice.Open, 4_000)
	i, p = s.paid(10_000)
	if _, err := s.app.RecordPayment(t.Context(), s.merchant, p.ID, time.Time{}, money.Amount{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.RefundInvoice(t.Context(), s.merchant, i.ID); err != nil {
		t.Errorf("recorded as a whole: %v", err)
	}
	s.round(10)
	s.invoiceIs(i.ID, invoice.Refunded, 0)
	s.audit()
}

// TestWalletIsRecordedAsAWhole, as it is given back.
func TestWalletIsRecordedAsAWhole(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.payer(rial(20_000))
	i := s.invoice(10_000)
	view, err := s.app.PayFromWallet(t.Context(), s.fromWallet(i.ID, strconv.FormatInt(c.Number, 10), rightPIN))
	if err != nil || len(view.Payments) != 1 {
		t.Fatalf("got %+v, %v", view, err)
	}
	p := view.Payments[0]
	if _, err := s.app.RecordPayment(t.Context(), s.merchant, p.ID, time.Time{}, rial(6_000)); !fault.Is(err,
		fault.CodeAmountInvalid) {
		t.Errorf("a part: got %v, want amount_invalid", err)
	}
	if _, err := s.app.RecordPayment(t.Context(), s.merchant, p.ID, time.Time{}, money.Amount{}); err != nil {
		t.Errorf("all of it: %v", err)
	}
	if _, err := s.app.RefundInvoice(t.Context(), s.merchant, i.ID); err != nil {
		t.Error(err)
	}
	s.has(c.Number, rial(20_000))
	s.has(wallet.House, rial(0))
	s.invoiceIs(i.ID, invoice.Refunded, 0)
	s.audit()
}

// TestCallsEndWithTheMoney: once all that is owed of a payment went back, whichever refund
// that was said of, nobody is called any more, and not before.
func TestCallsEndWithTheMoney(t *testing.T) {
	t.Parallel()
	type said struct {
		call  int   // which of those that were refused
		gives int64 // what is back then
		left  int   // how many call after it
	}
	for name, words := range map[string][]said{
		"the whole first":  {{0, 10_000, 0}},
		"a part first":     {{1, 4_000, 2}, {2, 3_000, 1}, {0, 3_000, 0}},
		"the other part":   {{2, 3_000, 2}, {0, 7_000, 0}},
		"the last is less": {{1, 4_000, 2}, {0, 6_000, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 0)
			p, calls := s.refused(4_000, 3_000)
			left := int64(10_000)
			for _, w := range words {
				made, err := s.say(calls[w.call].ID, true, "hand-"+calls[w.call].ID)
				if err != nil || made.State != refund.Succeeded || made.Amount != rial(w.gives) {
					t.Errorf("%d: got %+v, %v, want %d back", w.call, made, err, w.gives)
				}
				left -= w.gives
				s.lies(left)
				s.waits(w.left)
			}
			s.state(p.ID, payment.Refunded)
		})
	}
}

// TestCallAboutNothing is ended by either word.
func TestCallAboutNothing(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]bool{"it is back": true, "it is not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 0)
			p, calls := s.refused(4_000)
			if _, err := s.say(calls[0].ID, true, "hand"); err != nil {
				t.Fatal(err)
			}
			for _, b := range calls {
				b = s.freshRefund(b)
				b.Attention = "the payer's money is still here"
				s.put(store.Change{Refunds: []refund.Refund{b}})
			}
			s.waits(2)
			got, err := s.say(calls[1].ID, back, "again")
			if err != nil || got.ID != calls[1].ID || got.State != refund.Failed || got.Attention != "" {
				t.Errorf("got %+v, %v, want that it calls for nobody", got, err)
			}
			if kept := s.freshRefund(got); kept.Version != got.Version || kept.Attention != "" {
				t.Errorf("kept is %+v, and told was %+v", kept, got)
			}
			if who := s.actors(calls[1].ID, string(refund.Answer)); len(who) != 1 {
				t.Errorf("its history tells of %v, want of the one who ended it", who)
			}
			s.waits(0)
			s.lies(0)
			if got := s.fresh(p).Refunded; got != rial(10_000) {
				t.Errorf("%v went back, want it once", got)
			}
			if _, err := s.say(calls[1].ID, back, "again"); !fault.Is(err, fault.CodeWrongState) {
				t.Errorf("once more: got %v, want wrong_state", err)
			}
		})
	}
}

// TestCallAboutALostReturnStays when all else that is owed of a payment went back.
func TestCallAboutALostReturnStays(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	p, calls := s.refused(3_000)
	s.first.set(func(b *bank) { b.canRefund, b.loseBack = true, true })
	lost, err := s.refund(p, rial(4_000))
	if err != nil || lost.State != refund.Processing {
		t.Fatalf("got %+v, %v, want its answer lost", lost, err)
	}
	for range 10 {
		s.wait(7 * time.Hour)
		s.round(1)
	}
	s.waits(3)
	if made, err := s.say(calls[0].ID, true, "hand"); err != nil || made.Amount != rial(6_000) {
		t.Errorf("got %+v, %v, want the rest back", made, err)
	}
	s.waits(1)
	if lost = s.freshRefund(lost); lost.State != refund.Processing || lost.Attention == "" {
		t.Errorf("it is %s, and a person hears %q", lost.State, lost.Attention)
	}
	for _, b := range calls {
		if b = s.freshRefund(b); b.Attention != "" || !b.UpdatedAt.Equal(s.now()) {
			t.Errorf("a person hears %q, since %v, want nothing since %v", b.Attention, b.UpdatedAt, s.now())
		}
	}
	if _, err := s.say(lost.ID, true, "again"); err != nil {
		t.Error(err)
	}
	s.waits(0)
	s.lies(0)
}

// miser is an acquirer that gives nothing back.
type miser struct{ *acquirer }

func (miser) Refund(context.Context, gateway.Return) gateway.ReturnReport {
	return gateway.ReturnReport{Outcome: gateway.Denied, Word: "no"}
}

// TestCallAboutASurplusStays when what else is the payer's of the same payment went back.
func TestCallAboutASurplusStays(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	s.banks["acquirer"] = miser{b}
	p := s.charge(goodCard, 50_000)
	b.takenThere(p)
	if err := last(s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(30_000)})); err != nil {
		t.Fatal(err)
	}
	if err := last(s.app.RefundInvoice(t.Context(), s.merchant, p.Invoice)); err != nil {
		t.Fatal(err)
	}
	s.looked(time.Hour, 100)
	all, err := s.store.RefundsOf(t.Context(), s.merchant, p.ID)
	if err != nil || len(all) != 2 {
		t.Fatalf("got %+v, %v, want two refunds", all, err)
	}
	s.lies(50_000)
	for _, one := range all {
		if one.State != refund.Failed || one.Attention == "" {
			t.Fatalf("%s is %s, and a person hears %q", one.Source, one.State, one.Attention)
		}
		if one.Source != refund.FromOwed {
			continue
		}
		if _, err := s.say(one.ID, true, "hand"); err != nil {
			t.Fatal(err)
		}
	}
	for _, one := range all {
		if call := s.freshRefund(one).Attention; (call != "") != (one.Source == refund.FromSuspense) {
			t.Errorf("of %s a person hears %q", one.Source, call)
		}
	}
	s.lies(20_000)
}

// TestOwedAfterAPartWentBack: what a merchant gave back of a payment before is not taken off
// what is owed of it since.
func TestOwedAfterAPartWentBack(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo = true, true })
	i, p := s.paid(10_000)
	if back, err := s.refund(p, rial(4_000)); err != nil || back.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", back, err)
	}
	if _, err := s.app.CloseInvoice(t.Context(), s.merchant, i.ID); err != nil {
		t.Fatal(err)
	}
	s.first.set(func(b *bank) { b.canRefund = false })
	if _, err := s.app.RefundInvoice(t.Context(), s.merchant, i.ID); err != nil {
		t.Fatal(err)
	}
	s.round(10)
	s.lies(6_000)
	s.waits(1)
	s.first.set(func(b *bank) { b.canRefund = true })
	if _, err := s.refund(p, rial(6_001)); !fault.Is(err, fault.CodeRefundTooLarge) {
		t.Errorf("more than is owed: got %v, want refund_too_large", err)
	}
	if back, err := s.refund(p, money.Amount{}); err != nil || back.Amount != rial(6_000) {
		t.Errorf("got %+v, %v, want all that is owed back", back, err)
	}
	s.lies(0)
	s.waits(0)
	s.state(p.ID, payment.Refunded)
}
