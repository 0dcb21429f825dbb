package app_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/wallet"
)

// onBoth runs a test in a bazaar on each engine: one requisite, whose trader has
// 1000 coins.
func onBoth(t *testing.T, test func(t *testing.T, b *bazaar)) {
	t.Helper()
	for name, url := range map[string]func(t testing.TB) string{
		"sqlite":   sqlitetest.Database,
		"postgres": pgtest.Database,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := openBazaarAt(openOn(t, url(t), 0), 1, "1000")
			test(t, b)
			b.walked()
		})
	}
}

// walked wants the audit beside the work to find nothing.
func (b *bazaar) walked() {
	b.Helper()
	w := b.shop.store.Walk()
	for over := false; !over; {
		var err error
		if over, err = w.Part(b.Context(), time.Second); err != nil {
			b.Fatal(fault.Detail(err))
		}
	}
	for _, f := range w.Proof().Wrong {
		b.Errorf("the walk finds %+v", f)
	}
}

// completed is a deal that was paid as agreed.
func (b *bazaar) completed(text string) deal.Deal {
	b.Helper()
	d, err := b.app.CompleteDeal(b.Context(), word(b.begun(text)))
	if err != nil {
		b.Fatal(fault.Detail(err))
	}
	return d
}

// correct says that another sum came.
func (b *bazaar) correct(d deal.Deal, text string) (deal.Deal, error) {
	b.Helper()
	w := word(d)
	w.Paid = rub(text)
	return b.app.CorrectDeal(b.Context(), w)
}

// isPaidIn wants a deal, its payment and its invoice to say the same sum.
func (b *bazaar) isPaidIn(d deal.Deal, text string) {
	b.Helper()
	b.invoiceIsIn(d.Invoice, invoice.Completed, rub(text))
	i, first := b.shop.store.Invoice(b.Context(), b.merchant, d.Invoice)
	p, second := b.shop.store.Payment(b.Context(), b.merchant, d.Payment)
	now, third := b.app.Deal(b.Context(), b.merchant, d.ID)
	if first != nil || second != nil || third != nil || i.Amount != rub(text) || p.Amount != rub(text) ||
		p.State != payment.Captured || now.Paid != rub(text) || now.State != deal.Completed || now.Amount != d.Amount {
		b.Errorf("invoice of %v, payment of %v, %s, deal paid in %v, %s; %v, %v, %v", i.Amount, p.Amount, p.State, now.Paid,
			now.State, first, second, third)
	}
}

// corrections are what the history of a deal says about sums.
func (b *bazaar) corrections(d deal.Deal) (notes []string) {
	b.Helper()
	for noun, id := range map[event.Noun]string{event.Deal: d.ID, event.Payment: d.Payment, event.Invoice: d.Invoice} {
		history, err := b.shop.store.History(b.Context(), b.merchant, noun, id)
		if err != nil {
			b.Fatal(err)
		}
		for _, e := range history {
			if e.Trigger != "correct" {
				continue
			}
			if e.From != e.To || e.Actor != "operator" {
				b.Errorf("got %+v, want an event without another state", e)
			}
			if noun == event.Deal {
				notes = append(notes, e.Note)
			}
		}
	}
	return notes
}

// TestCorrectDeal: more and less turns out to have come; each time everybody has
// what a deal of that sum gives.
func TestCorrectDeal(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bazaar) {
		d := b.completed("1000")
		done := b.now()
		for _, c := range []struct{ paid, trader, net, fee string }{
			{"1100", "988.83248731", "10.21827411", "0.94923858"},
			{"950", "990.35532995", "8.82487309", "0.81979696"},
			{"2000", "979.69543148", "18.57868019", "1.72588833"},
			{"1000", "989.84771574", "9.28934009", "0.86294417"},
		} {
			b.wait(time.Hour)
			got, err := b.correct(d, c.paid)
			if err != nil || got.Fee != coins(c.fee) || !got.EndedAt.Equal(done) || !got.UpdatedAt.Equal(b.now()) ||
				got.Held.Sign() != 0 {
				t.Fatalf("to %s: got %+v, %s", c.paid, got, fault.Detail(err))
			}
			b.isPaidIn(d, c.paid)
			b.has(map[string]string{
				"gateway_clearing": "-1000", "trader": c.trader, "merchant_available": c.net, "fees": c.fee,
			})
		}
		want := []string{
			"Sam: 1100 RUB and not 1000 RUB: seen on the account", "Sam: 950 RUB and not 1100 RUB: seen on the account",
			"Sam: 2000 RUB and not 950 RUB: seen on the account", "Sam: 1000 RUB and not 2000 RUB: seen on the account",
		}
		if got := b.corrections(d); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("the history says %q", got)
		}
		if got, err := b.app.Deal(t.Context(), b.merchant, d.ID); err != nil || got.Note != want[3] {
			t.Errorf("got %+v, %v, want the last note", got, err)
		}
		if _, err := b.app.DisputeDeal(t.Context(), app.NewDispute{Merchant: b.merchant, Deal: d.ID}); !fault.Is(err,
			fault.CodeWrongState) {
			t.Errorf("disputed although it is paid: %v", err)
		}
	})
}

// A requisite's day counts what deals were begun with, whatever is put right later.
func TestCorrectionLeavesTheDay(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	d := b.completed("1000")
	before, err := b.shop.store.Requisite(t.Context(), b.merchant, d.Requisite)
	if err != nil || before.Sum != rub("1000") || before.Count != 1 {
		t.Fatalf("got %+v, %v", before, err)
	}
	if _, err := b.correct(d, "3000"); err != nil {
		t.Fatal(fault.Detail(err))
	}
	after, err := b.shop.store.Requisite(t.Context(), b.merchant, d.Requisite)
	if err != nil || after.Sum != before.Sum || after.Count != before.Count || after.Version != before.Version {
		t.Errorf("got %+v, %v, want it as it was: %+v", after, err, before)
	}
	if next, found, err := b.begin(b.bill("3000"), ""); err != nil || !found || next.Requisite != d.Requisite {
		t.Errorf("the sum is free for another deal: %+v, %v", next, err)
	}
}

// What was decided after a dispute can be put right, too.
func TestCorrectAfterADispute(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	d := b.dispute(b.begun("1000"), "950")
	if _, err := b.correct(d, "1100"); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("corrected although it is disputed: %v", err)
	}
	if _, err := b.app.ResolveDispute(t.Context(), word(d), true); err != nil {
		t.Fatal(fault.Detail(err))
	}
	got, err := b.correct(d, "1100")
	if err != nil || got.Dispute.Amount != rub("950") {
		t.Fatalf("got %+v, %s", got, fault.Detail(err))
	}
	b.isPaidIn(d, "1100")
	b.has(map[string]string{
		"gateway_clearing": "-1000", "trader": "988.83248731", "merchant_available": "10.21827411", "fees": "0.94923858",
	})
}

func TestCorrectionsRefused(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "15")
	d := b.completed("1000")
	waiting := b.begun("100")
	if _, err := b.app.CancelDeal(t.Context(), word(waiting)); err != nil {
		t.Fatal(err)
	}
	canceled, waiting := waiting, b.begun("101")
	for _, c := range []struct {
		name   string
		change func(*app.DealWord)
		want   fault.Code
		param  string
	}{
		{"nobody's word", func(w *app.DealWord) { w.Operator = " " }, fault.CodeParameterMissing, "operator"},
		{"no sum", func(w *app.DealWord) { w.Paid = money.Amount{} }, fault.CodeParameterMissing, "paid"},
		{"nothing", func(w *app.DealWord) { w.Paid = rub("0") }, fault.CodeAmountInvalid, "paid"},
		{"less than nothing", func(w *app.DealWord) { w.Paid = money.New(-1, money.RUB) }, fault.CodeAmountInvalid, "paid"},
		{"the same sum", func(w *app.DealWord) { w.Paid = rub("1000") }, fault.CodeAmountInvalid, "paid"},
		{"another unit", func(w *app.DealWord) { w.Paid = coins("1") }, fault.CodeUnitMismatch, "paid"},
		{"another merchant's", func(w *app.DealWord) { w.Merchant = "another" }, fault.CodeDealNotFound, ""},
		{"no deal", func(w *app.DealWord) { w.Deal = "nothing" }, fault.CodeDealNotFound, ""},
		{"one that waits", func(w *app.DealWord) { w.Deal = waiting.ID }, fault.CodeWrongState, "deal"},
		{"one that is canceled", func(w *app.DealWord) { w.Deal = canceled.ID }, fault.CodeWrongState, "deal"},
		{"more than the trader has", func(w *app.DealWord) { w.Paid = rub("5000") }, fault.CodeInsufficientFunds, ""},
	} {
		w := word(d)
		w.Paid = rub("1100")
		c.change(&w)
		_, err := b.app.CorrectDeal(t.Context(), w)
		if !fault.Is(err, c.want) || c.param != "" && fault.From(err).Param != c.param {
			t.Errorf("%s: got %s, want %s of %q", c.name, fault.Detail(err), c.want, c.param)
		}
	}
	if got := b.corrections(d); len(got) != 0 {
		t.Errorf("the history says %q", got)
	}
	b.isPaidIn(d, "1000")
}

// A payout is sent as a whole, whatever is said later.
func TestNoCorrectionOfAPayout(t *testing.T) {
	t.Parallel()
	b, tom := rich(t)
	d := b.taken(b.approved("1000"), tom)
	w := word(d)
	w.Receipt = "r1"
	if _, err := b.app.CompleteDeal(t.Context(), w); err != nil {
		t.Fatal(fault.Detail(err))
	}
	if _, err := b.correct(d, "900"); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("got %v", err)
	}
}

// Where the merchant has spent what came too much, it cannot go back.
func TestCorrectionIsCovered(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bazaar) {
		d := b.completed("1000") // 9.28934009 for the merchant
		b.spend("9")
		if _, err := b.correct(d, "950"); !fault.Is(err, fault.CodeInsufficientFunds) {
			t.Errorf("got %v", err)
		}
		b.isPaidIn(d, "1000")
		if _, err := b.correct(d, "970"); err != nil { // 0.27868020 less
			t.Error(fault.Detail(err))
		}
		b.isPaidIn(d, "970")
	})
}

// spend turns coins of the merchant into roubles.
func (b *bazaar) spend(text string) {
	b.Helper()
	if _, err := b.app.Exchange(b.Context(), app.NewExchange{
		ID: b.newID(), Merchant: b.merchant, Account: wallet.House, Spent: coins(text), To: money.RUB,
	}); err != nil {
		b.Fatal(fault.Detail(err))
	}
}

// No gateway has what came from person to person, so that none is told to give it
// back, and a correction goes on as before.
func TestNoRefundOfADeal(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	d := b.completed("500")
	if _, err := b.app.RefundInvoice(t.Context(), b.merchant, d.Invoice); !fault.Is(err, fault.CodeUnsupported) {
		t.Errorf("its invoice: got %v", err)
	}
	wish := app.NewRefund{ID: b.newID(), Payment: d.Payment, Amount: rub("100")}
	if _, err := b.app.RefundPayment(t.Context(), b.merchant, wish); !fault.Is(err, fault.CodeUnsupported) {
		t.Errorf("its payment: got %v", err)
	}
	if p := b.state(d.Payment, payment.Captured); p.Refundable() != rub("500") || app.Returnable(p) != rub("0") {
		t.Errorf("%v of it are returnable, want none", app.Returnable(p))
	}
	if _, err := b.correct(d, "600"); err != nil {
		t.Error(fault.Detail(err))
	}
	b.isPaidIn(d, "600")
}

// Nobody can be asked about money between people: it stays as it is.
func TestDealIsNotAskedAbout(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	d := b.begun("500")
	p, err := b.app.ResolvePayment(t.Context(), b.merchant, d.Payment)
	if err != nil || p.State != payment.Processing {
		t.Errorf("got %s, %v", p.State, err)
	}
}

// While more is asked for on an invoice, what was paid of it stays.
func TestNoCorrectionOfAnOpenInvoice(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	d := b.completed("500")
	if _, err := b.app.ExtendInvoice(t.Context(), b.merchant, app.Extension{
		Invoice: d.Invoice, Amount: rub("300"), Token: b.newID(),
	}); err != nil {
		t.Fatal(fault.Detail(err))
	}
	if _, err := b.correct(d, "400"); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("got %v", err)
	}
	rest, found, err := b.app.StartDeal(t.Context(), b.merchant, app.NewDeal{
		ID: b.newID(), Payment: b.newID(), Invoice: d.Invoice,
	})
	if err != nil || !found || rest.Amount != rub("300") {
		t.Fatal(rest, found, fault.Detail(err))
	}
	if _, err := b.app.CompleteDeal(t.Context(), word(rest)); err != nil {
		t.Fatal(fault.Detail(err))
	}
	if _, err := b.correct(d, "400"); err != nil {
		t.Fatal(fault.Detail(err))
	}
	b.invoiceIsIn(d.Invoice, invoice.Completed, rub("700"))
}

// TestCorrectedAtOnce: many say different sums, and many say the same one.
func TestCorrectedAtOnce(t *testing.T) {
	t.Parallel()
	const crowd = 8
	onBoth(t, func(t *testing.T, b *bazaar) {
		d := b.completed("1000")
		together(crowd, func(n int) {
			if _, err := b.correct(d, fmt.Sprint(1001+n)); err != nil {
				t.Error(fault.Detail(err))
			}
		})
		notes := b.corrections(d)
		if len(notes) != crowd {
			t.Errorf("got %d corrections, want %d: %q", len(notes), crowd, notes)
		}
		before := "1000 RUB"
		for _, note := range notes {
			said, rest, _ := strings.Cut(strings.TrimPrefix(note, "Sam: "), " and not ")
			if !strings.HasPrefix(rest, before+":") {
				t.Errorf("%q follows %s", note, before)
			}
			before = said
		}
		b.isPaidIn(d, strings.TrimSuffix(before, " RUB"))
		var made atomic.Int64
		together(crowd, func(int) {
			_, err := b.correct(d, "950")
			if err == nil {
				made.Add(1)
			} else if !fault.Is(err, fault.CodeAmountInvalid) {
				t.Error(fault.Detail(err))
			}
		})
		if made.Load() != 1 || len(b.corrections(d)) != crowd+1 {
			t.Errorf("%d said the same and had their way", made.Load())
		}
		b.isPaidIn(d, "950")
		b.has(map[string]string{
			"gateway_clearing": "-1000", "trader": "990.35532995", "merchant_available": "8.82487309", "fees": "0.81979696",
		})
	})
}
