//go:build browser

package browser

import (
	"fmt"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	core "github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/wallet"
)

// shownPage is one page of a stage.
type shownPage struct {
	name, address string
	says          string     // the name of the words that tell it from all others
	act           func(*tab) // what is done on it first; nil = nothing
	excused       []string   // axe's rules that it breaks for a reason
}

// everyPage is all that a payer can come to see.
func (s *stage) everyPage() []shownPage {
	s.Helper()
	return slices.Concat(s.invoicePages(), s.dealPages(), s.linkPages(), s.wayPages())
}

// wayPages are about what payers choose, and what they have to do then.
func (s *stage) wayPages() []shownPage {
	s.Helper()
	status := func(p core.Payment) string { return s.address + "/pay/status/" + app.ReturnToken(p) }
	onPhone := s.address + "/pay/link/" + s.linkOf(euros)
	number := func(number string) func(b *tab) {
		return func(b *tab) {
			b.must(b.GetByLabel(s.words["link.phone"]).Fill(number))
			b.must(b.Locator("button[type=submit]").Last().Click())
		}
	}
	return []shownPage{
		{
			name: "bangladesh", address: s.address + "/pay/link/" + s.linkOf(money.New(125_050, money.BDT)),
			says: "link.leaving",
		},
		{name: "phone", address: onPhone, says: "link.phone"},
		{name: "phone-open", address: s.address + "/pay/open/" + s.linkOf(money.Zero(money.EUR)), says: "link.phone"},
		{
			name: "phone-invoice", address: s.address + "/pay/invoice/" + s.hosted(func(n *app.NewInvoice) { n.Amount = euros }),
			says: "invoice.ways",
		},
		{name: "phone-wrong", address: onPhone, says: "open.errors", act: number("12 34")},
		{name: "phone-refused", address: onPhone, says: "trouble.push_refused.title", act: number("912 345 000")},
		{name: "confirm", address: status(s.chosen("phone", core.MBWay)), says: "result.confirm.title"},
		{
			name: "confirm-watching", address: status(s.chosen("phone", core.MBWay)) + "?n=11", says: "result.checking.soon",
			excused: []string{"meta-refresh"}, // the payer asked for it: see "watching"
		},
		{name: "bank", address: status(s.chosen("till", core.BankTransfer)), says: "result.bank.title"},
		{name: "cash", address: status(s.chosen("till", core.Cash)), says: "result.cash.title"},
	}
}

// linkPages are the pages of links, and what payers see after the gateway.
func (s *stage) linkPages() []shownPage {
	s.Helper()
	used := s.sentAway("zarinpal")
	at := func(path string) string { return s.address + path }
	status := func(p core.Payment) string { return at("/pay/status/" + app.ReturnToken(p)) }
	submit := func(b *tab) { b.must(b.Locator("button[type=submit]").Click()) }
	return []shownPage{
		{name: "link", address: at("/pay/link/" + s.link(12_500_000)), says: "link.going"},
		{name: "parts", address: at("/pay/link/" + s.link(50_000_000)), says: "link.remaining"},
		{name: "open", address: at("/pay/open/" + s.link(0)), says: "open.email_hint"},
		{name: "wrong", address: at("/pay/open/" + s.link(0)), says: "open.amount_missing", act: submit},
		{name: "paid", address: s.back(used), says: "result.paid.title"},
		{name: "used", address: at("/pay/link/" + used.Link), says: "trouble.link_used.title"},
		{name: "unpaid", address: s.back(s.sentAway("shepa")), says: "result.unpaid.title"},
		{name: "checking", address: s.back(s.sentAway("zibal")), says: "result.checking.later"},
		{
			// The payer asked for it, and can stop it: see pauses in the package checkout.
			name: "watching", address: status(s.sentAway("zibal")) + "?n=11", says: "result.checking.soon",
			excused: []string{"meta-refresh"},
		},
		{name: "transfer", address: status(s.sentAway("manual")), says: "result.transfer.title"},
		{name: "returned", address: s.back(s.givenBack()), says: "result.returned.title"},
		{name: "missing", address: at("/pay/link/nosuch"), says: "trouble.link_not_found.title"},
		{name: "nobody", address: at("/cb?session=nobody"), says: "trouble.payment_not_found.title"},
	}
}

// invoicePages are the pages of invoices that are paid here, in all their states.
func (s *stage) invoicePages() []shownPage {
	s.Helper()
	sara, locked := s.customer("sara@example.com"), s.customer("locked@example.com")
	small := func(n *app.NewInvoice) { n.Amount = toman(1) }
	due := func(n *app.NewInvoice) { n.Due = s.now().Add(15 * time.Minute) }
	ours := func(n *app.NewInvoice) { n.NationalID = "0099999999" }
	rejected, refunded := s.paid(sara), s.paid(sara)
	expired, checking := s.hosted(due), s.hosted(due)
	s.askedInVain(checking)
	s.must(s.app.VerifyInvoice(s.Context(), s.merchant, refunded))
	s.must(s.app.RefundInvoice(s.Context(), s.merchant, refunded))
	s.later(31 * time.Minute)
	s.must(s.app.RejectOverdue(s.Context(), 10))
	s.must(s.app.ExpireDue(s.Context(), 10))
	for range wallet.TriesPerAccount {
		if _, err := s.payFromWallet(s.hosted(nil), locked, "0000"); err == nil {
			s.Fatal("a wrong PIN was right")
		}
	}
	doubtful := s.hosted(nil)
	s.askedInVain(doubtful)

	at := func(id string) string { return s.address + "/pay/invoice/" + id }
	login := func(account, pin string) func(b *tab) { return func(b *tab) { b.login(s.words, account, pin) } }
	return []shownPage{
		{name: "invoice", address: at(s.hosted(nil)), says: "invoice.ways"},
		{name: "left", address: at(s.hosted(due)), says: "invoice.reference"},
		{name: "owner", address: at(s.hosted(ours)), says: "invoice.owner_only"},
		{name: "coins", address: at(s.hosted(func(n *app.NewInvoice) {
			n.Amount = money.New(123_456_789_012_345_678, money.USDT)
		})), says: "invoice.wallet"},
		{name: "doubtful", address: at(doubtful), says: "link.checking"},
		{name: "empty", address: at(s.hosted(nil)), says: "invoice.pin_missing", act: login("", "")},
		{name: "pin", address: at(s.hosted(nil)), says: "trouble.login_invalid.title", act: login(sara, "9999")},
		{name: "tries", address: at(s.hosted(small)), says: "trouble.too_many_tries.title", act: login(locked, pin)},
		{name: "poor", address: at(s.hosted(nil)), says: "trouble.insufficient_funds.title", act: login(sara, pin)},
		{name: "other", address: at(s.hosted(ours)), says: "trouble.national_id_mismatch.title", act: login(sara, pin)},
		{name: "busy", address: at(doubtful), says: "trouble.being_paid.title", act: login(sara, pin)},
		{name: "invoice-paid", address: at(s.paid(sara)), says: "invoice.paid.title"},
		{name: "invoice-rejected", address: at(rejected), says: "invoice.rejected.advice"},
		{name: "invoice-refunded", address: at(refunded), says: "invoice.refunded.advice"},
		{name: "invoice-expired", address: at(expired), says: "invoice.expired.title"},
		{name: "invoice-checking", address: at(checking), says: "result.checking.later"},
		{name: "invoice-missing", address: at("nosuch"), says: "trouble.invoice_not_found.title"},
	}
}

// must ends the test when the stage cannot be set; what was made is not needed.
func (s *stage) must(_ any, err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func toman(whole int64) money.Amount { return money.New(whole*10_000, money.IRT) }

// hosted makes an invoice of 1250 Toman that is paid on its own page.
func (s *stage) hosted(change func(*app.NewInvoice)) string {
	s.Helper()
	n := app.NewInvoice{
		ID: newID(), Amount: toman(1250), Title: s.play.title, Description: s.play.description,
		Reference: "INV-20261120-000007", VerifyIn: 30 * time.Minute, ReturnTo: "https://shop.example/back?order=7",
	}
	if change != nil {
		change(&n)
	}
	i, err := s.app.CreateInvoice(s.Context(), s.merchant, n)
	if err != nil {
		s.Fatal(err)
	}
	return i.ID
}

// pin is that of every customer of a stage.
const pin = "246810"

// customer opens a wallet with 1000 Toman in it, and gives its number.
func (s *stage) customer(email string) (account string) {
	s.Helper()
	c, err := s.app.CreateCustomer(s.Context(), app.NewCustomer{
		Merchant: s.merchant, FirstName: "Sara", Email: email, PIN: pin,
	})
	if err != nil {
		s.Fatal(err)
	}
	token := newID()
	s.must(s.app.Deposit(s.Context(), app.NewDeposit{
		ID: newID(), Merchant: s.merchant, Account: c.Number, Token: token, Title: "Deposit", Amount: toman(1000),
	}))
	done, err := s.app.OpenLink(s.Context(), app.OpenLink{Token: token, Gateway: "zarinpal", NewID: newID})
	if err != nil {
		s.Fatal(err)
	}
	s.comesBack(done.Payment)
	return fmt.Sprint(c.Number)
}

// comesBack is the payer's return from the gateway.
func (s *stage) comesBack(p core.Payment) {
	s.Helper()
	s.must(s.app.ReturnPayer(s.Context(), map[string][]string{
		"t": {app.ReturnToken(p)}, "session": {p.Attempt.Session},
	}))
}

func (s *stage) payFromWallet(invoiceID, login, pin string) (app.InvoiceView, error) {
	return s.app.PayFromWallet(s.Context(), app.WalletPayment{
		Merchant: s.merchant, Invoice: invoiceID, Login: login, PIN: pin, PaymentID: newID(),
	})
}

// paid makes an invoice of a hundred Toman and pays it.
func (s *stage) paid(account string) string {
	s.Helper()
	id := s.hosted(func(n *app.NewInvoice) { n.Amount = toman(100) })
	view, err := s.payFromWallet(id, account, pin)
	if err != nil || view.Invoice.State != invoice.Paid {
		s.Fatalf("the invoice is %s: %v", view.Invoice.State, err)
	}
	return id
}

// askedInVain pays an invoice at the gateway that never knows what became of it.
func (s *stage) askedInVain(invoiceID string) {
	s.Helper()
	done, err := s.app.RequestPayment(s.Context(), s.merchant, app.NewPayment{
		Invoice: invoiceID, Amount: toman(1250), Gateway: "zibal", NewID: newID, Supersede: true, ByPayer: true,
	})
	if err != nil {
		s.Fatal(err)
	}
	s.comesBack(done.Payment)
}
