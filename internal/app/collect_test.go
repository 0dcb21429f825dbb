package app_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
)

func TestPayInFull(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.fee = 3_500
	i, p := s.paid(250_000)
	p = s.state(p.ID, payment.Captured)
	if p.Card != "603799******1234" || p.FinalizedAt.IsZero() ||
		p.Attempt.Receipt != "r1" || p.Attempt.Fee != rial(3_500) {
		t.Errorf("captured payment: %+v", p)
	}
	s.invoiceIs(i.ID, invoice.Completed, 250_000)
	if got := s.balance(ledger.GatewayClearing, "first"); got != -250_000 {
		t.Errorf("clearing %d", got)
	}
	if got := s.balance(ledger.MerchantAvailable, ""); got != 246_500 {
		t.Errorf("available %d", got)
	}
	if got := s.balance(ledger.Fees, "first"); got != 3_500 {
		t.Errorf("fees %d", got)
	}
	history, err := s.store.History(t.Context(), s.merchant, event.Payment, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	var triggers []string
	for _, e := range history {
		triggers = append(triggers, e.Trigger)
	}
	if want := []string{"create", "open", "return", "reserve", "capture"}; !slices.Equal(triggers, want) {
		t.Errorf("history %v, want %v", triggers, want)
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	s := open(t, 100_000)
	i := s.invoice(250_000)
	r, err := s.app.RequestPayment(t.Context(), s.merchant, s.wish(i, 250_000))
	if err != nil {
		t.Fatal(err)
	}
	if r.Payment.Amount != rial(100_000) || len(r.Waiting) != 2 || r.Waiting[1].Amount != rial(50_000) {
		t.Fatalf("got %v and %v", r.Payment.Amount, r.Waiting)
	}
	all := []payment.Payment{r.Payment}
	for _, w := range r.Waiting {
		started, err := s.app.StartWaiting(t.Context(), s.merchant, w.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, started.Payment)
	}
	for _, p := range all {
		s.first.pay(p.Attempt.Session, "paid")
		s.returns(p, "ok")
		s.state(p.ID, payment.Captured)
	}
	s.invoiceIs(i.ID, invoice.Completed, 250_000)
}

// The parts of a split are shown in the order in which they were answered, whatever chance
// makes of their ids.
func TestPartsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	s := open(t, 100_000)
	i := s.invoice(350_000)
	wish := s.wish(i, 350_000)
	minted := []string{"0", "7", "3", "5"}
	wish.NewID = func() (id string) {
		id, minted = minted[0], minted[1:]
		return id
	}
	r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.app.Invoice(t.Context(), s.merchant, i.ID)
	if err != nil || len(v.Payments) != 4 {
		t.Fatalf("sees %v, %v", v.Payments, err)
	}
	for n, p := range append([]payment.Payment{r.Payment}, r.Waiting...) {
		if seen := v.Payments[n]; seen.ID != p.ID || seen.Amount != p.Amount {
			t.Errorf("%d: sees %s of %s, answered %s of %s", n, seen.ID, seen.Amount, p.ID, p.Amount)
		}
	}
	if last := v.Payments[3].Amount; last != rial(50_000) {
		t.Errorf("the last part is %s, want the smallest", last)
	}
}

func TestRefusedStartLeavesNothingToSee(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(5_000)
	s.first.set(func(b *bank) { b.refuse = true })
	_, err := s.app.RequestPayment(t.Context(), s.merchant, s.wish(i, 5_000))
	if !fault.Is(err, fault.CodeGatewayRefused) {
		t.Fatalf("got %v, want gateway_refused", err)
	}
	v, err := s.app.Invoice(t.Context(), s.merchant, i.ID)
	if err != nil || len(v.Payments) != 0 {
		t.Errorf("sees %v, %v", v.Payments, err)
	}
}

func TestRoutingFailsOverBeforeThePayerIsSent(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.silent = true })
	i := s.invoice(5_000)
	wish := s.wish(i, 5_000)
	wish.Gateway = ""
	r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
	if err != nil {
		t.Fatal(err)
	}
	if r.Payment.Attempt.Gateway != "second" || r.Payment.Attempt.Number != 2 {
		t.Errorf("got %+v", r.Payment.Attempt)
	}
	s.second.pay(r.Payment.Attempt.Session, "paid")
	if p, err := s.app.ResolvePayment(t.Context(), s.merchant, r.Payment.ID); err != nil || p.State != payment.Captured {
		t.Errorf("got %s, %v", p.State, err)
	}
}

func TestRoutingPrefersTheHealthy(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.sick = true })
	choices, err := s.app.Choices(t.Context(), s.merchant, rial(5_000))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range choices {
		names = append(names, c.Name)
	}
	if want := []string{"second", "cash", "first"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	choices, err = s.app.Choices(t.Context(), s.merchant, rial(500))
	if err != nil || len(choices) != 1 || choices[0].Name != "cash" {
		t.Errorf("500 Rial: got %v, %v", choices, err)
	}
	if _, err := s.app.Choices(t.Context(), s.merchant, rial(0)); !fault.Is(err, fault.CodeNoGateway) {
		t.Errorf("nothing: got %v", err)
	}
}

func TestManyEqualReturnsCaptureOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(5_000)
	p := s.request(i, 5_000)
	s.first.pay(p.Attempt.Session, "paid")
	together(50, func(int) {
		if got, err := s.app.ReturnPayer(t.Context(), back(p, "ok")); err != nil || got.State != payment.Captured {
			t.Errorf("got %s, %v", got.State, err)
		}
	})
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
	if s.first.takes != 1 {
		t.Errorf("taken %d times", s.first.takes)
	}
}

func TestTwoPayersOneInvoice(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(5_000)
	const payers = 20
	wish := s.wish(i, 5_000)
	wish.Supersede = false
	var pages []payment.Payment
	for range payers {
		r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
		if err != nil {
			t.Fatal(err)
		}
		s.first.pay(r.Payment.Attempt.Session, "paid")
		pages = append(pages, r.Payment)
	}
	together(payers, func(k int) {
		if _, err := s.app.ReturnPayer(t.Context(), back(pages[k], "ok")); err != nil {
			t.Error(err)
		}
	})
	// Those that only had to wait for another's verification are asked again.
	s.wait(time.Minute)
	if _, err := s.app.ResolveDue(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	var captured, failed int
	for _, p := range pages {
		switch got, err := s.app.Payment(t.Context(), s.merchant, p.ID); {
		case err != nil:
			t.Error(err)
		case got.State == payment.Captured:
			captured++
		case got.State == payment.Failed:
			failed++
		default:
			t.Errorf("payment is %s", got.State)
		}
	}
	if captured != 1 || failed != payers-1 || s.first.takes != 1 {
		t.Errorf("%d captured, %d failed, taken %d times", captured, failed, s.first.takes)
	}
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
}

func TestSupersededPageMayStillBePaid(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(10_000)
	old := s.request(i, 10_000)
	fresh := s.request(i, 4_000)
	if got := s.state(old.ID, payment.Processing); !got.Superseded {
		t.Error("the older page is not superseded")
	}
	s.first.pay(old.Attempt.Session, "paid")
	s.returns(old, "ok")
	s.invoiceIs(i.ID, invoice.Completed, 10_000)
	s.first.pay(fresh.Attempt.Session, "paid")
	s.returns(fresh, "ok")
	if got := s.state(fresh.ID, payment.Failed); got.Note == "" {
		t.Error("nothing says why")
	}
	s.invoiceIs(i.ID, invoice.Completed, 10_000)
}

func TestForgedReturnsChangeNothing(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	mine := s.request(s.invoice(5_000), 5_000)
	other := s.request(s.invoice(5_000), 5_000)
	s.first.pay(other.Attempt.Session, "paid")
	swapped := back(mine, "ok")
	swapped["session"] = []string{other.Attempt.Session}
	wrong := back(mine, "ok")
	wrong["t"] = []string{mine.ID + ".0000"}
	for name, query := range map[string]map[string][]string{
		"nothing": {}, "another's session": swapped, "a wrong token": wrong,
		"an unknown session": {"session": {"first-999"}, "word": {"ok"}}, "an empty token": {"t": {"."}},
	} {
		if _, err := s.app.ReturnPayer(t.Context(), query); !fault.Is(err, fault.CodePaymentNotFound) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if s.first.asked != 0 {
		t.Errorf("the gateway was asked %d times", s.first.asked)
	}
	// A success that nobody paid for is only a reason to ask.
	if got := s.returns(mine, "ok"); got.State != payment.Processing {
		t.Errorf("an unpaid success: %s", got.State)
	}
	// A failure that was paid for is paid.
	if got := s.returns(other, "no"); got.State != payment.Captured {
		t.Errorf("a paid failure: %s", got.State)
	}
}

func TestLostAnswerIsFoundAgain(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.loseTake = 1 })
	i := s.invoice(5_000)
	p := s.request(i, 5_000)
	s.first.pay(p.Attempt.Session, "paid")
	if got := s.returns(p, "ok"); got.State != payment.Processing || !got.Reserved {
		t.Fatalf("after the lost answer: %s, reserved %v", got.State, got.Reserved)
	}
	// Its room stays taken: another payer cannot be captured into it.
	wish := s.wish(i, 5_000)
	wish.Supersede = false
	r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
	if err != nil {
		t.Fatal(err)
	}
	s.first.pay(r.Payment.Attempt.Session, "paid")
	if got := s.returns(r.Payment, "ok"); got.State != payment.Processing {
		t.Errorf("the second payer: %s", got.State)
	}
	s.wait(time.Hour)
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	s.state(p.ID, payment.Captured)
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
	if s.first.takes != 1 {
		t.Errorf("taken %d times", s.first.takes)
	}
}

func TestWrongAnswersAreForAPerson(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*bank){
		"another amount": func(b *bank) { b.takeWrong = -1 },
		"no receipt":     func(b *bank) { b.noTicket = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 0)
			s.first.set(spoil)
			p := s.request(s.invoice(5_000), 5_000)
			s.first.pay(p.Attempt.Session, "paid")
			s.returns(p, "ok")
			if got := s.state(p.ID, payment.Processing); got.Attention == "" {
				t.Error("nobody is told")
			}
			if waiting := attention(t, s); len(waiting) != 1 || waiting[0].Subject != p.ID {
				t.Errorf("waiting for a person: %v", waiting)
			}
		})
	}
}

func TestOneReceiptPaysOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.sameTicket = "r1" })
	_, p := s.paid(5_000)
	s.state(p.ID, payment.Captured)
	_, second := s.paid(5_000)
	if got := s.state(second.ID, payment.Processing); got.Attention == "" {
		t.Error("nobody is told of the repeated receipt")
	}
	if got := s.balance(ledger.MerchantAvailable, ""); got != 5_000 {
		t.Errorf("available %d", got)
	}
}

func TestLateMoney(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(5_000)
	p := s.request(i, 5_000)
	s.wait(30 * time.Minute)
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	s.state(p.ID, payment.Expired)
	s.first.pay(p.Attempt.Session, "paid")
	s.returns(p, "ok")
	if got := s.state(p.ID, payment.Captured); got.Attention == "" {
		t.Error("late money is not on the list for a person")
	}
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
}

func TestLateMoneyWithoutRoomGoesBack(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(5_000)
	late := s.request(i, 5_000)
	other := s.request(i, 5_000)
	s.first.pay(other.Attempt.Session, "paid")
	s.returns(other, "ok")
	// The gateway verifies by itself: the money is taken without our asking.
	s.first.pay(late.Attempt.Session, "taken")
	s.first.set(func(b *bank) { b.pages[late.Attempt.Session].receipt = "auto-1"; b.takes++ })
	s.returns(late, "ok")
	s.state(late.ID, payment.Failed)
	if got := s.balance(ledger.Suspense, ""); got != 5_000 {
		t.Fatalf("suspense %d", got)
	}
	s.wait(time.Minute)
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if got := s.balance(ledger.Suspense, ""); got != 0 {
		t.Errorf("suspense %d after it went back", got)
	}
	if got := s.balance(ledger.GatewayClearing, "first"); got != -5_000 {
		t.Errorf("clearing %d", got)
	}
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
	if waiting := attention(t, s); len(waiting) != 0 {
		t.Errorf("still waiting for a person: %v", waiting)
	}
}

func TestSweepFindsLostReturns(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(5_000)
	p := s.request(i, 5_000)
	s.first.pay(p.Attempt.Session, "paid")
	n, err := s.app.SweepGateways(t.Context())
	if err != nil || n != 1 {
		t.Fatalf("swept %d, %v", n, err)
	}
	s.state(p.ID, payment.Captured)
}

func TestGatewayThatCannotLook(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.canLook = false
	i := s.invoice(5_000)
	p := s.request(i, 5_000)
	s.first.pay(p.Attempt.Session, "paid")
	s.returns(p, "ok")
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
	full := s.request(s.invoice(5_000), 5_000)
	s.first.pay(full.Attempt.Session, "dead")
	s.returns(full, "no")
	s.state(full.ID, payment.Failed)
}

func TestOperatorConfirmsCash(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(5_000)
	wish := s.wish(i, 5_000)
	wish.Gateway = "cash"
	r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
	if err != nil {
		t.Fatal(err)
	}
	word := app.Confirmation{Payment: r.Payment.ID, Receipt: "till-1", Paid: true, Operator: "ann"}
	var captured atomic.Int64
	together(5, func(int) {
		if p, err := s.app.ConfirmPayment(t.Context(), s.merchant, word); err == nil && p.State == payment.Captured {
			captured.Add(1)
		} else if err != nil && !fault.Is(err, fault.CodeWrongState) {
			t.Error(err)
		}
	})
	if captured.Load() == 0 {
		t.Error("nobody captured it")
	}
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
	other := s.request(s.invoice(5_000), 5_000)
	word.Payment, word.Receipt = other.ID, "till-2"
	if _, err := s.app.ConfirmPayment(t.Context(), s.merchant, word); !fault.Is(err, fault.CodeUnsupported) {
		t.Errorf("a payment whose gateway answers for itself: got %v", err)
	}
}

func TestAPersonDecidesWhatNoGatewaySays(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.loseTake = 100 })
	i := s.invoice(5_000)
	p := s.request(i, 5_000)
	s.first.pay(p.Attempt.Session, "paid")
	s.returns(p, "ok")
	word := app.Confirmation{Payment: p.ID, Receipt: "panel-77", Paid: true, Operator: "ann"}
	if _, err := s.app.ConfirmPayment(t.Context(), s.merchant, word); !fault.Is(err, fault.CodeUnsupported) {
		t.Errorf("before anybody was called: got %v", err)
	}
	for range 10 {
		s.wait(7 * time.Hour)
		if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.state(p.ID, payment.Processing); got.Attention == "" {
		t.Fatal("nobody was called")
	}
	if _, err := s.app.ConfirmPayment(t.Context(), s.merchant, word); err != nil {
		t.Fatal(err)
	}
	s.state(p.ID, payment.Captured)
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
}

// TestPageThatOpensTooLate lets an attempt be given up while its gateway is
// still opening the page: no payer may be sent to it.
func TestPageThatOpensTooLate(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i := s.invoice(5_000)
	s.first.set(func(b *bank) {
		b.opening = func() {
			s.wait(5 * time.Minute)
			if _, err := s.app.ResolveDue(context.Background(), 10); err != nil {
				t.Error(err)
			}
		}
	})
	_, err := s.app.RequestPayment(t.Context(), s.merchant, s.wish(i, 5_000))
	if !fault.Is(err, fault.CodeGatewayUnavailable) {
		t.Errorf("got %v, want gateway_unavailable", err)
	}
	v, err := s.app.Invoice(t.Context(), s.merchant, i.ID)
	if err != nil || len(v.Payments) != 0 {
		t.Errorf("sees %v, %v", v.Payments, err)
	}
}
