//go:build browser

package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mxschmitt/playwright-go"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
)

// bazaar is a stage whose payers send roubles to a trader.
type bazaar struct {
	*stage

	store, hasty int64 // terminals: the usual time to send, and a minute
}

// bazaar opens one, with two accounts of one trader.
func (s *stage) bazaar() *bazaar {
	s.Helper()
	b := &bazaar{stage: s}
	rate, err := money.ParseRate("98.50")
	if err != nil {
		s.Fatal(err)
	}
	s.must(s.app.SetRate(s.Context(), app.NewRate{
		Merchant: s.merchant, Base: deal.Coin, Quote: money.RUB, Buy: rate, Sell: rate, Source: "test",
	}))
	for number, terms := range map[*int64]app.TerminalTerms{
		&b.store: {Name: "store"}, &b.hasty: {Name: "hasty", DealIn: time.Minute},
	} {
		terminal, _, err := s.app.CreateTerminal(s.Context(), s.merchant, terms)
		if err != nil {
			s.Fatal(err)
		}
		*number = terminal.Number
	}
	trader, err := s.app.AddTrader(s.Context(), app.NewTrader{Merchant: s.merchant, Name: "Boris", Operator: "Sam"})
	if err != nil {
		s.Fatal(err)
	}
	s.must(nil, s.app.MoveTraderCoins(s.Context(), app.TraderCoins{
		Merchant: s.merchant, Trader: trader.ID, Amount: money.New(1_000_000_000_000, deal.Coin), Gateway: "till",
		Receipt: newID(), Operator: "Sam",
	}))
	for _, n := range []app.RequisiteTerms{
		{Option: "SBP", Method: "sberbank", Number: "+7(900)000-00-01", Holder: "Борис Борисович Б."},
		{Option: "TO_CARD", Method: "tinkoff", Number: "2200 1234 5678 9010", Holder: "BORIS B"},
		{Option: "TO_ACCOUNT", Method: "aziatsko-tihookeanskij-bank", Number: "40817810099910004312", Holder: "BORIS B"},
		{Option: "SBP_QR", Method: "unknown", Number: "https://qr.nspk.ru/AS10001?type=01", Holder: "BORIS B"},
		{Option: "MANUAL_SBP_QR", Method: "unknown", Number: "later", Holder: "BORIS B"},
	} {
		n.Merchant, n.Trader, n.Least, n.Most, n.Operator = s.merchant, trader.ID, rub(100), rub(9000), "Sam"
		s.must(s.app.PutRequisite(s.Context(), n))
	}
	return b
}

func rub(whole int64) money.Amount { return money.New(whole*100, money.RUB) }

// bill makes an invoice of so many roubles that is paid within the hour.
func (b *bazaar) bill(whole int64, change func(*app.NewInvoice)) invoice.Invoice {
	b.Helper()
	n := app.NewInvoice{
		ID: dialect.NewUUID(b.now()), Amount: rub(whole), Terminal: b.store, Title: b.play.title,
		Description: b.play.description, Reference: fmt.Sprintf("INV-%d", whole), Due: b.now().Add(time.Hour),
		Bag: map[string]string{"successUrl": "https://shop.example/thanks"},
	}
	if change != nil {
		change(&n)
	}
	i, err := b.app.CreateInvoice(b.Context(), b.merchant, n)
	if err != nil {
		b.Fatal(err)
	}
	return i
}

// begun is a deal about an invoice.
func (b *bazaar) begun(i invoice.Invoice) deal.Deal {
	b.Helper()
	return b.begunBy(i, "SBP")
}

func (b *bazaar) begunBy(i invoice.Invoice, option string) deal.Deal {
	b.Helper()
	d, found, err := b.app.StartDeal(b.Context(), b.merchant, app.NewDeal{
		ID: dialect.NewUUID(b.now()), Payment: dialect.NewUUID(b.now()), Invoice: i.ID, Option: option, ByPayer: true,
	})
	if err != nil || !found {
		b.Fatalf("no deal: %v, %v", found, err)
	}
	return d
}

func (b *bazaar) page(invoiceID string) string { return b.address + "/invoice?id=" + invoiceID }

func (b *bazaar) word(d deal.Deal) app.DealWord {
	return app.DealWord{Merchant: b.merchant, Deal: d.ID, Operator: "Boris"}
}

// dealPages are the pages of invoices that are paid to a person. No two deals
// have the same sum, so that none is in another's way.
func (s *stage) dealPages() []shownPage {
	s.Helper()
	b := s.bazaar()
	sum := int64(2000)
	begun := func(change func(*app.NewInvoice)) deal.Deal {
		sum++
		return b.begun(b.bill(sum, change))
	}
	hasty := func(n *app.NewInvoice) { n.Terminal = b.hasty }
	over, lost, expired := begun(hasty), begun(hasty), begun(func(n *app.NewInvoice) {
		n.Terminal, n.Due = b.hasty, b.now().Add(time.Minute)
	})
	s.later(time.Minute)
	s.must(s.app.CancelDueDeals(s.Context(), 10))
	s.must(s.app.ExpireDue(s.Context(), 10))
	late := begun(hasty)
	s.later(time.Minute)
	wait, sent, disputed, paid := begun(nil), begun(nil), begun(nil), begun(nil)
	s.must(s.app.ReportTransfer(s.Context(), s.merchant, sent.ID, true))
	for _, d := range []deal.Deal{disputed, lost} {
		s.must(s.app.DisputeDeal(s.Context(), app.NewDispute{Merchant: s.merchant, Deal: d.ID, ByPayer: true}))
	}
	s.must(s.app.ResolveDispute(s.Context(), b.word(lost), false))
	s.must(s.app.CompleteDeal(s.Context(), b.word(paid)))
	code, soon := b.begunBy(b.bill(1501, nil), "SBP_QR"), b.begunBy(b.bill(1502, nil), "MANUAL_SBP_QR")
	canceled := b.bill(1503, func(n *app.NewInvoice) { n.Bag["cancelUrl"] = "https://shop.example/sorry" })
	s.must(s.app.CancelInvoice(s.Context(), app.CancelInvoice{Merchant: s.merchant, Invoice: canceled.ID, ByPayer: true}))
	shown := begun(nil)
	s.must(s.app.ReportTransfer(s.Context(), s.merchant, shown.ID, true))
	s.must(s.app.Attach(s.Context(), app.NewAttachment{
		ID: dialect.NewUUID(s.now()), Merchant: s.merchant, Deal: shown.ID, Data: []byte("%PDF-1.7"), ByPayer: true,
	}))
	wrongFile := func(t *tab) {
		t.must(t.Locator("input[type=file]").SetInputFiles([]playwright.InputFile{
			{Name: "receipt.html", MimeType: "text/html", Buffer: []byte("<!DOCTYPE html>")},
		}))
		t.must(t.Locator("button[type=submit]").Click())
	}
	return append(b.sendingPages(), []shownPage{
		{name: "deal-code", address: b.page(code.Invoice), says: "deal.code_hint"},
		{name: "deal-code-soon", address: b.page(soon.Invoice), says: "deal.code_soon"},
		{
			name: "deal-cancel", address: s.address + "/pay/deal/" + wait.Invoice + "/cancel", says: "deal.ask_cancel.title",
		},
		{name: "deal-canceled", address: b.page(canceled.ID), says: "deal.canceled.title"},
		{name: "deal-receipt", address: b.page(shown.Invoice), says: "deal.receipts"},
		{name: "deal-wrong-file", address: b.page(wait.Invoice), says: "deal.receipt_type.title", act: wrongFile},
		{name: "deal-wrong-more", address: b.page(sent.Invoice), says: "deal.receipt_type.title", act: wrongFile},
		{name: "deal", address: b.page(b.bill(1500, nil).ID), says: "deal.choose"},
		{name: "deal-nobody", address: b.page(b.bill(9001, nil).ID), says: "deal.nobody.title"},
		{name: "deal-transfer", address: b.page(wait.Invoice), says: "deal.exactly"},
		{name: "deal-sent", address: b.page(sent.Invoice), says: "deal.sent.title"},
		{name: "deal-late", address: b.page(late.Invoice), says: "deal.late.title"},
		{name: "deal-over", address: b.page(over.Invoice), says: "deal.over.title"},
		{name: "deal-disputed", address: b.page(disputed.Invoice), says: "deal.disputed.title"},
		{name: "deal-lost", address: b.page(lost.Invoice), says: "deal.lost_end.title"},
		{name: "deal-expired", address: b.page(expired.Invoice), says: "deal.claim"},
		{name: "deal-paid", address: b.page(paid.Invoice), says: "deal.paid.title"},
	}...)
}

// sendingPages are those of payouts, which the coins of a deal that was paid pay for.
func (b *bazaar) sendingPages() []shownPage {
	b.Helper()
	asked := func() app.PayoutWord {
		p, err := b.app.RequestSending(b.Context(), app.NewSending{
			ID: dialect.NewUUID(b.now()), Merchant: b.merchant, Terminal: b.store, Sum: rub(500), Due: b.now().Add(time.Hour),
			Payee: payout.Payee{Option: "TO_CARD", Method: "sberbank", Number: "2200 1234 5678 9010", Holder: "ANNA A"},
		})
		if err != nil {
			b.Fatal(err)
		}
		return app.PayoutWord{Merchant: b.merchant, Payout: p.ID, Operator: "Sam", Receipt: p.ID}
	}
	waiting, rejected, sent := asked(), asked(), asked()
	b.must(b.app.RejectPayout(b.Context(), rejected))
	b.must(b.app.ApprovePayout(b.Context(), sent))
	traders, err := b.app.Traders(b.Context(), b.merchant, app.Page{Limit: 1})
	if err != nil || len(traders) != 1 {
		b.Fatalf("the traders are %v, %v", traders, err)
	}
	b.must(b.app.TakePayout(b.Context(), app.Taking{
		ID: dialect.NewUUID(b.now()), Merchant: b.merchant, Payout: sent.Payout, Trader: traders[0].Trader.ID,
		Operator: "Sam",
	}))
	b.must(b.app.ConfirmPayout(b.Context(), sent))
	return []shownPage{
		{name: "sending-waiting", address: b.page(waiting.Payout), says: "sending.waiting.title"},
		{name: "sending-canceled", address: b.page(rejected.Payout), says: "sending.canceled.title"},
		{name: "sending-paid", address: b.page(sent.Payout), says: "sending.paid.title"},
	}
}

// A payer chooses a bank, copies what has to be sent, says that it is sent,
// and is led back once the trader has seen the money. It takes no script.
func TestPayAPerson(t *testing.T) {
	t.Parallel()
	for language, amount := range map[string]string{"en": "2,000", "fa": "۲٬۰۰۰", "bn": "২,০০০"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			s := openStage(t, language, true).bazaar()
			shop := openSite(t)
			i := s.bill(2000, func(n *app.NewInvoice) { n.Bag["successUrl"] = shop.URL + "/back?order=7" })
			b := openTab(t, view{size: phone, locale: language})
			b.visit(s.page(i.ID))
			b.sees(amount, s.words["deal.choose"])
			b.must(b.GetByLabel("Sberbank").Check())
			b.press("button", s.words["invoice.pay_way"])
			b.sees(amount, s.words["deal.exactly"], "Борис Борисович Б.")
			for _, text := range []string{"+7(900)000-00-01", "2000.00"} {
				b.must(b.GetByText(text, playwright.PageGetByTextOptions{Exact: playwright.Bool(true)}).Click())
				if got := b.measure(`getSelection().toString()`); strings.TrimSpace(fmt.Sprint(got)) != text {
					t.Errorf("a tap marks %q, want %q", got, text)
				}
			}
			b.must(b.GetByRole("img", playwright.PageGetByRoleOptions{Name: s.words["deal.code"]}).WaitFor())
			open := b.GetByRole("link", playwright.PageGetByRoleOptions{Name: s.words["deal.open"]})
			const bank = "https://www.sberbank.com/sms/pbpn?requisiteNumber=79000000001"
			if got, err := open.GetAttribute("href"); err != nil || got != bank {
				t.Errorf("the bank's app is opened by %q, %v, want %q", got, err, bank)
			}
			b.visit(s.page(i.ID)) // who comes back is where they were
			b.press("button", s.words["deal.report"])
			b.sees(s.words["deal.sent.title"])
			if got := b.measure(`document.querySelectorAll("meta[http-equiv=refresh]").length`); fmt.Sprint(got) != "0" {
				t.Errorf("there are %v changes unasked, want none", got)
			}
			b.press("link", s.words["result.check"])
			b.sees(s.words["deal.sent.title"])
			deals, err := s.app.DealsOf(t.Context(), s.merchant, i.ID)
			if err != nil || len(deals) != 1 || deals[0].State != deal.TransferConfirmed {
				t.Fatalf("the deals are %+v, %v", deals, err)
			}
			s.must(s.app.CompleteDeal(t.Context(), s.word(deals[0])))
			b.press("link", s.words["result.check"])
			b.sees(s.words["deal.paid.title"], amount)
			b.press("link", s.words["invoice.back"])
			b.sees("Thank you")
			if want := shop.URL + "/back?order=7"; b.URL() != want {
				t.Errorf("the payer is at %s, want %s", b.URL(), want)
			}
		})
	}
}

// With scripts the page keeps itself up to date: the payer copies with a button,
// shows a receipt, and sees that the money came without pressing anything.
func TestPageKeepsUpToDate(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "fa"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			s := openStage(t, language, true).bazaar()
			i := s.bill(2000, nil)
			b := openTab(t, view{size: phone, locale: language, scripts: true})
			b.must(b.Context().GrantPermissions([]string{"clipboard-read", "clipboard-write"}))
			b.visit(s.page(i.ID))
			d := s.begun(i) // on another device
			b.sees(s.words["deal.exactly"], s.words["deal.copy"])
			for n, want := range []string{"+7(900)000-00-01", "2000.00"} {
				button := b.GetByRole("button", playwright.PageGetByRoleOptions{Name: s.words["deal.copy"]}).Nth(0)
				if n == 1 { // the first one says something else for a moment
					button = b.Locator("[data-copy=copy-1]")
				}
				b.must(button.Click())
				b.sees(s.words["deal.copied"])
				if got := b.measure(`navigator.clipboard.readText()`); got != want {
					t.Errorf("copied %q, want %q", got, want)
				}
			}
			b.must(b.GetByLabel(s.words["deal.receipt_optional"]).SetInputFiles([]playwright.InputFile{
				{Name: "receipt.pdf", MimeType: "application/pdf", Buffer: []byte("%PDF-1.7")},
			}))
			b.press("button", s.words["deal.report"])
			b.sees(s.words["deal.sent.title"], s.words["deal.receipts"])
			files, err := s.app.Attachments(t.Context(), s.merchant, d.ID)
			if err != nil || len(files) != 1 || files[0].Type != "application/pdf" {
				t.Errorf("the files are %+v, %v", files, err)
			}
			b.must(b.Locator("input[type=file]").Focus())
			s.must(s.app.CompleteDeal(t.Context(), s.word(d)))
			b.sees(s.words["deal.paid.title"])
			for expression, want := range map[string]any{
				`document.getElementById("news").textContent`:                 s.words["deal.paid.title"],
				`document.activeElement.localName`:                            "h1",
				`document.title.startsWith(document.activeElement.innerText)`: true,
				`document.querySelector("main").hasAttribute("data-events")`:  false,
			} {
				if got := b.measure(expression); got != want {
					t.Errorf("%s = %v, want %v", expression, got, want)
				}
			}
		})
	}
}

// A code that the trader makes for one payer comes to the page by itself.
func TestCodeComesToThePage(t *testing.T) {
	t.Parallel()
	s := openStage(t, "en", true).bazaar()
	d := s.begunBy(s.bill(2000, nil), "MANUAL_SBP_QR")
	b := openTab(t, view{size: phone, locale: "en", scripts: true})
	b.visit(s.page(d.Invoice))
	b.sees(s.words["deal.code_soon"])
	const link = "https://qr.nspk.ru/AS10001?type=02"
	s.must(s.app.GiveCode(t.Context(), s.word(d), link))
	b.must(b.GetByRole("img", playwright.PageGetByRoleOptions{Name: s.words["deal.code"]}).WaitFor())
	b.sees(link)
}

// A payer who changed their mind is asked once more, and led back to the shop.
// It takes no script.
func TestCancelAtAPerson(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"en", "fa"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			s := openStage(t, language, true).bazaar()
			shop := openSite(t)
			i := s.bill(2000, func(n *app.NewInvoice) { n.Bag["cancelUrl"] = shop.URL + "/back?order=7" })
			s.begun(i)
			b := openTab(t, view{size: phone, locale: language})
			b.visit(s.page(i.ID))
			b.press("link", s.words["deal.cancel"])
			b.sees(s.words["deal.ask_cancel.title"])
			b.press("link", s.words["deal.keep"])
			b.sees(s.words["deal.exactly"])
			b.press("link", s.words["deal.cancel"])
			b.press("button", s.words["deal.cancel"])
			b.sees(s.words["deal.canceled.title"])
			b.press("link", s.words["invoice.back"])
			b.sees("Thank you")
			if want := shop.URL + "/back?order=7"; b.URL() != want {
				t.Errorf("the payer is at %s, want %s", b.URL(), want)
			}
		})
	}
}
