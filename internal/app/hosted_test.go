package app_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

const window = 30 * time.Minute

// hosted makes an invoice that is paid on our page and has to be verified.
func (s *shop) hosted(amount money.Amount) invoice.Invoice {
	s.Helper()
	i, err := s.app.CreateInvoice(s.Context(), s.merchant, app.NewInvoice{
		ID: s.newID(), Amount: amount, VerifyIn: window, ReturnTo: "https://shop.example/back",
	})
	if err != nil {
		s.Fatal(err)
	}
	return i
}

// payer is a customer with money.
func (s *shop) payer(amount money.Amount) wallet.Customer {
	s.Helper()
	c := s.customer("")
	s.deposit(c.Number, amount)
	return c
}

// paidFrom pays a new hosted invoice from a wallet.
func (s *shop) paidFrom(c wallet.Customer, amount money.Amount) invoice.Invoice {
	s.Helper()
	view, err := s.app.PayFromWallet(s.Context(), s.fromWallet(s.hosted(amount).ID, fmt.Sprint(c.Number), rightPIN))
	if err != nil {
		s.Fatal(err)
	}
	return view.Invoice
}

// paidAtBank pays a new hosted invoice through the first bank.
func (s *shop) paidAtBank(amount money.Amount) (invoice.Invoice, payment.Payment) {
	s.Helper()
	i := s.hosted(amount)
	r, err := s.app.RequestPayment(s.Context(), s.merchant, app.NewPayment{
		Invoice: i.ID, Amount: amount, Gateway: "first", NewID: s.newID, Supersede: true, ByPayer: true,
	})
	if err != nil {
		s.Fatal(err)
	}
	s.first.pay(r.Payment.Attempt.Session, "paid")
	return i, s.returns(r.Payment, "ok")
}

func (s *shop) stands(id string, want invoice.State) invoice.Invoice {
	s.Helper()
	v, err := s.app.Invoice(s.Context(), s.merchant, id)
	if err != nil {
		s.Fatal(err)
	}
	if v.Invoice.State != want {
		s.Errorf("invoice is %s, want %s", v.Invoice.State, want)
	}
	return v.Invoice
}

// pending checks what is held for the merchant to verify.
func (s *shop) pending(want money.Amount) {
	s.Helper()
	if got := s.balance(ledger.MerchantPending, ""); got != want.Steps() {
		s.Errorf("%d is held, want %v", got, want)
	}
}

// A part of what is verified as a whole would wait for a verification that
// never comes.
func TestWhatIsVerifiedIsNotSplit(t *testing.T) {
	t.Parallel()
	s := open(t, 10_000)
	i := s.hosted(rial(25_000))
	r, err := s.app.RequestPayment(t.Context(), s.merchant, app.NewPayment{
		Invoice: i.ID, Amount: i.Amount, Gateway: "first", NewID: s.newID, Split: true, Supersede: true,
	})
	if err != nil || r.Payment.Amount != i.Amount || len(r.Waiting) != 0 {
		t.Errorf("got %v and %d parts that wait, %v; want all of it at once", r.Payment.Amount, len(r.Waiting), err)
	}
}

func TestWalletPaymentIsVerified(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.payer(toman(100))
	i := s.paidFrom(c, toman(60))
	if i.State != invoice.Paid || i.PaidBy.Account != c.Number || i.VerifyBy != i.PaidAt.Add(window) || i.Number == 0 {
		t.Errorf("got %+v", i)
	}
	s.has(c.Number, toman(40))
	s.has(wallet.House, toman(0))
	s.pending(toman(60))
	for range 3 { // again and again, once
		view, err := s.app.VerifyInvoice(t.Context(), s.merchant, i.ID)
		if err != nil || view.Invoice.State != invoice.Completed || len(view.Payments) != 1 {
			t.Fatalf("got %+v, %v", view, err)
		}
	}
	s.has(wallet.House, toman(60))
	s.pending(toman(0))
	_, err := s.app.PayFromWallet(t.Context(), s.fromWallet(i.ID, fmt.Sprint(c.Number), rightPIN))
	if !fault.Is(err, fault.CodeAmountAboveRemaining) {
		t.Errorf("paying it again: got %v", err)
	}
}

func TestUnverifiedGoesBackToTheWallet(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.payer(toman(100))
	i := s.paidFrom(c, toman(60))
	s.wait(window - time.Microsecond)
	if n, err := s.app.RejectOverdue(t.Context(), 10); n != 0 || err != nil {
		t.Fatalf("a moment too early: got %d, %v", n, err)
	}
	s.wait(time.Microsecond)
	if _, err := s.app.VerifyInvoice(t.Context(), s.merchant, i.ID); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("a moment too late: got %v", err)
	}
	if n, err := s.app.RejectOverdue(t.Context(), 10); n != 1 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	s.stands(i.ID, invoice.Rejected)
	s.has(c.Number, toman(100))
	s.pending(toman(0))
	if _, err := s.app.VerifyInvoice(t.Context(), s.merchant, i.ID); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("after it was rejected: got %v", err)
	}
	if n, err := s.app.RejectOverdue(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("again: got %d, %v", n, err)
	}
}

func TestUnverifiedGoesBackThroughTheGateway(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i, p := s.paidAtBank(toman(500))
	s.stands(i.ID, invoice.Paid)
	s.pending(toman(500))
	s.wait(window)
	if n, err := s.app.RejectOverdue(t.Context(), 10); n != 1 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	s.stands(i.ID, invoice.Rejected)
	s.pending(toman(0))
	if got := s.balance(ledger.RefundsInTransit, ""); got != toman(500).Steps() {
		t.Errorf("%d is owed to the payer, want 500 Toman", got)
	}
	s.state(p.ID, payment.Captured)
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	s.state(p.ID, payment.Reversed)
	if got := s.balance(ledger.RefundsInTransit, ""); got != 0 {
		t.Errorf("%d is still owed", got)
	}
	s.stands(i.ID, invoice.Rejected)
}

func TestOwedMoneyThatAGatewayKeepsWaitsForAPerson(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.denyUndo = true
	i, p := s.paidAtBank(toman(500))
	s.wait(window)
	if n, err := s.app.RejectOverdue(t.Context(), 10); n != 1 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	s.stands(i.ID, invoice.Rejected)
	if got := s.balance(ledger.Suspense, ""); got != toman(500).Steps() {
		t.Errorf("%d is in suspense, want 500 Toman: it is not the merchant's", got)
	}
	s.has(wallet.House, toman(0))
	if waiting := attention(t, s); len(waiting) != 1 {
		t.Errorf("got %+v, want the refund of %s", waiting, p.ID)
	}
}

func TestInvoiceRefund(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.payer(toman(100))
	i := s.paidFrom(c, toman(60))
	refundIt := func(id string) error {
		_, err := s.app.RefundInvoice(t.Context(), s.merchant, id)
		return err
	}
	if err := refundIt(i.ID); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("before it is verified: got %v", err)
	}
	if _, err := s.app.VerifyInvoice(t.Context(), s.merchant, i.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.Transfer(t.Context(), s.send(wallet.House, c.Number, toman(1))); err != nil {
		t.Fatal(err)
	}
	if err := refundIt(i.ID); !fault.Is(err, fault.CodeInsufficientFunds) {
		t.Errorf("59 of 60 are there: got %v", err)
	}
	s.stands(i.ID, invoice.Completed)
	if _, err := s.app.Transfer(t.Context(), s.send(c.Number, wallet.House, toman(1))); err != nil {
		t.Fatal(err)
	}
	var through atomic.Int64
	together(16, func(int) {
		if err := refundIt(i.ID); err == nil {
			through.Add(1)
		} else if !fault.Is(err, fault.CodeWrongState) {
			t.Error(err)
		}
	})
	if through.Load() != 1 {
		t.Errorf("%d refunds went through, want one", through.Load())
	}
	got := s.stands(i.ID, invoice.Refunded)
	if got.PaidBy.Account != c.Number || got.PaidAt.IsZero() {
		t.Errorf("it keeps who paid and when: got %+v", got)
	}
	s.has(c.Number, toman(100))
	s.has(wallet.House, toman(0))
}

func TestInvoiceRefundThroughTheGateway(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i, p := s.paidAtBank(toman(500))
	if _, err := s.app.VerifyInvoice(t.Context(), s.merchant, i.ID); err != nil {
		t.Fatal(err)
	}
	_, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: p.ID})
	if !fault.Is(err, fault.CodeUnsupported) {
		t.Errorf("a part of it: got %v", err)
	}
	view, err := s.app.RefundInvoice(t.Context(), s.merchant, i.ID)
	if err != nil || view.Invoice.State != invoice.Refunded {
		t.Fatalf("got %+v, %v", view, err)
	}
	s.has(wallet.House, toman(0))
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	s.state(p.ID, payment.Reversed)
	backs, err := s.store.RefundsOf(t.Context(), s.merchant, p.ID)
	if err != nil || len(backs) != 1 || backs[0].State != refund.Succeeded || backs[0].Source != refund.FromOwed {
		t.Errorf("got %+v, %v", backs, err)
	}
	s.stands(i.ID, invoice.Refunded)
}

func TestTerminalTerms(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.payer(toman(100))
	terms := app.TerminalTerms{Name: "Till", RefundIn: time.Hour}
	term, secret, err := s.app.CreateTerminal(t.Context(), s.merchant, terms)
	if err != nil || term.Number != 1001 || term.VerifyIn != window || secret == "" {
		t.Fatalf("got %+v, %v", term, err)
	}
	next, _, err := s.app.CreateTerminal(t.Context(), s.merchant, app.TerminalTerms{Name: "App"})
	if err != nil || next.Number != 1002 {
		t.Fatalf("got %+v, %v", next, err)
	}
	make1 := func(terminal int64, id string) error {
		_, err := s.app.CreateInvoice(t.Context(), s.merchant, app.NewInvoice{
			ID: id, Amount: toman(5), Terminal: terminal, Reference: "INV-1", VerifyIn: window, ReturnTo: "https://a.example",
		})
		return err
	}
	first := s.newID()
	if err := make1(1001, first); err != nil {
		t.Fatal(err)
	}
	if err := make1(1001, s.newID()); !fault.Is(err, fault.CodeDuplicate) || fault.From(err).Param != "reference" {
		t.Errorf("the same number at the same terminal: got %v", err)
	}
	if err := make1(1002, s.newID()); err != nil {
		t.Errorf("the same number at another terminal: %v", err)
	}
	if _, err := s.app.PayFromWallet(t.Context(), s.fromWallet(first, fmt.Sprint(c.Number), rightPIN)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.VerifyInvoice(t.Context(), s.merchant, first); err != nil {
		t.Fatal(err)
	}
	s.wait(time.Hour)
	if _, err := s.app.RefundInvoice(t.Context(), s.merchant, first); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("an hour later: got %v", err)
	}
	if _, err := s.app.ChangeTerminal(t.Context(), s.merchant, 1001, app.TerminalTerms{Name: "Till"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.RefundInvoice(t.Context(), s.merchant, first); err != nil {
		t.Errorf("without a limit: %v", err)
	}
	for name, terms := range map[string]app.TerminalTerms{
		"no name":            {},
		"an origin's path":   {Name: "x", Origins: []string{"https://shop.example/"}},
		"an origin's scheme": {Name: "x", Origins: []string{"shop.example"}},
		"no time at all":     {Name: "x", VerifyIn: time.Second},
	} {
		if _, _, err := s.app.CreateTerminal(t.Context(), s.merchant, terms); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestOnlyTheNamedPersonPays(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.payer(toman(100)) // its national id is 0012345678
	make1 := func(national string) invoice.Invoice {
		i, err := s.app.CreateInvoice(t.Context(), s.merchant, app.NewInvoice{
			ID: s.newID(), Amount: toman(5), VerifyIn: window, ReturnTo: "https://shop.example", NationalID: national,
		})
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	other := make1("0099999999")
	pays := func(id string) error {
		_, err := s.app.PayFromWallet(t.Context(), s.fromWallet(id, fmt.Sprint(c.Number), rightPIN))
		return err
	}
	if err := pays(other.ID); !fault.Is(err, fault.CodeNationalID) {
		t.Errorf("another's: got %v", err)
	}
	if _, err := s.app.RequestPayment(t.Context(), s.merchant, app.NewPayment{
		Invoice: other.ID, Amount: other.Amount, NewID: s.newID,
	}); !fault.Is(err, fault.CodeUnsupported) {
		t.Errorf("through a gateway: got %v", err)
	}
	if err := pays(make1("0012345678").ID); err != nil {
		t.Errorf("the person's own: %v", err)
	}
}

// TestOneWalletPaymentWins lets many wallets pay one invoice at once.
func TestOneWalletPaymentWins(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	payers := make([]wallet.Customer, 12)
	for n := range payers {
		payers[n] = s.payer(toman(100))
	}
	i := s.hosted(toman(60))
	var through atomic.Int64
	together(len(payers), func(n int) {
		_, err := s.app.PayFromWallet(t.Context(), s.fromWallet(i.ID, fmt.Sprint(payers[n].Number), rightPIN))
		if err == nil {
			through.Add(1)
		} else if !fault.Is(err, fault.CodeAmountAboveRemaining) {
			t.Error(err)
		}
	})
	if through.Load() != 1 {
		t.Errorf("%d payments went through, want one", through.Load())
	}
	s.pending(toman(60))
	if _, err := s.app.Hosted(t.Context(), s.invoice(100).ID); !fault.Is(err, fault.CodeInvoiceNotFound) {
		t.Errorf("an invoice without a page: got %v", err)
	}
}

// TestMoneyThatComesAfterAWalletPaid takes a gateway's late money for an
// invoice that a wallet has paid meanwhile: it is sent back.
func TestMoneyThatComesAfterAWalletPaid(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.canLook = false
	c := s.payer(toman(500))
	i := s.hosted(toman(500))
	r, err := s.app.RequestPayment(t.Context(), s.merchant, app.NewPayment{
		Invoice: i.ID, Amount: i.Amount, Gateway: "first", NewID: s.newID, ByPayer: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.PayFromWallet(t.Context(), s.fromWallet(i.ID, fmt.Sprint(c.Number), rightPIN)); err != nil {
		t.Fatal(err)
	}
	s.first.pay(r.Payment.Attempt.Session, "paid")
	p := s.returns(r.Payment, "ok")
	if p.Collected() {
		t.Errorf("a second payment of the same invoice was collected: %+v", p)
	}
	s.stands(i.ID, invoice.Paid)
	s.pending(toman(500))
}

// TestVerifyRacesTheSweep tries it ten thousand times around the limit: every
// invoice is completed or rejected, never both, and the books agree.
func TestVerifyRacesTheSweep(t *testing.T) {
	t.Parallel()
	rounds, crowd := 100, 100
	if racing || testing.Short() {
		rounds = 5
	}
	s := open(t, 0)
	payers := make([]wallet.Customer, crowd)
	for n := range payers {
		payers[n] = s.customer("")
	}
	s.deposit(payers[0].Number, toman(int64(crowd)*1000))
	for _, c := range payers[1:] {
		if _, err := s.app.Transfer(t.Context(), s.send(payers[0].Number, c.Number, toman(1000))); err != nil {
			t.Fatal(err)
		}
	}
	verified, rejected := 0, 0
	for n := range rounds {
		// At first nearly everybody is too late and at last nobody is, however slow the machine.
		v, r := s.raceOnce(payers, 10+n*crowd/(rounds-1))
		verified, rejected = verified+v, rejected+r
	}
	if verified+rejected != rounds*crowd {
		t.Errorf("%d verified and %d rejected of %d", verified, rejected, rounds*crowd)
	}
	t.Logf("%d verified, %d rejected", verified, rejected)
	s.has(wallet.House, toman(int64(verified)))
	s.pending(toman(0))
	if verified == 0 || rejected == 0 {
		t.Error("one side always won: the race was none")
	}
}

// raceOnce pays one invoice per payer and lets the merchant verify each while
// the sweep runs and the clock passes the limit, which so many of them are too early for.
func (s *shop) raceOnce(payers []wallet.Customer, early int) (verified, rejected int) {
	s.Helper()
	ids := make([]string, len(payers))
	together(len(payers), func(n int) {
		i := s.hosted(toman(1))
		wish := s.fromWallet(i.ID, fmt.Sprint(payers[n].Number), rightPIN)
		wish.Address = ""
		if _, err := s.app.PayFromWallet(s.Context(), wish); err != nil {
			s.Error(err)
		}
		ids[n] = i.ID
	})
	s.wait(window - time.Duration(early)*time.Microsecond)
	won := make([]bool, len(ids))
	var over atomic.Bool
	var others sync.WaitGroup
	others.Go(func() {
		for !over.Load() {
			if _, err := s.app.RejectOverdue(s.Context(), len(ids)); err != nil {
				s.Error(err)
				return
			}
		}
	})
	together(len(ids), func(n int) {
		if n%2 == 0 { // those who are quick to wait leave the others little time to verify
			s.wait(time.Microsecond)
		} else {
			defer s.wait(time.Microsecond)
		}
		_, err := s.app.VerifyInvoice(s.Context(), s.merchant, ids[n])
		if err != nil && !fault.Is(err, fault.CodeWrongState) {
			s.Error(err)
		}
		won[n] = err == nil
	})
	over.Store(true)
	others.Wait()
	if _, err := s.app.RejectOverdue(s.Context(), len(ids)); err != nil {
		s.Error(err)
	}
	for n, id := range ids {
		want := invoice.Rejected
		if won[n] {
			want, verified = invoice.Completed, verified+1
		} else {
			rejected++
		}
		s.stands(id, want)
	}
	return verified, rejected
}

// Somebody with one name alone is not shown with a blank behind it.
func TestPayerOfAWalletHasTheNamesThatThereAre(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	c := s.customer("")
	for first, last := range map[string]string{"Pin": "", "": "Payer", "Ada": "Lovelace"} {
		s.deposit(c.Number, toman(100))
		var err error
		if c, err = s.store.Customer(t.Context(), s.merchant, c.Number); err != nil {
			t.Fatal(err)
		}
		c.FirstName, c.LastName = first, last
		if err := s.store.Commit(t.Context(), store.Change{Customers: []wallet.Customer{c}}); err != nil {
			t.Fatal(err)
		}
		view, err := s.app.Invoice(t.Context(), s.merchant, s.paidFrom(c, toman(100)).ID)
		if want := strings.TrimSpace(first + " " + last); err != nil || view.Payments[0].Payer.Name != want {
			t.Errorf("got %q, %v, want %q", view.Payments[0].Payer.Name, err, want)
		}
	}
}
