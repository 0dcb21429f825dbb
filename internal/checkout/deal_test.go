package checkout_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

func rub(whole int64) money.Amount { return money.New(whole*100, money.RUB) }

func rated(t testing.TB, text string) money.Rate {
	t.Helper()
	rate, err := money.ParseRate(text)
	if err != nil {
		t.Fatal(err)
	}
	return rate
}

// bazaar is a shop whose payers send money to people.
type bazaar struct {
	*shop

	store  int64
	trader string
}

// openBazaar makes one with a trader, who takes 100 to 5000 roubles for each of
// the accounts.
func openBazaar(t testing.TB, accounts ...app.RequisiteTerms) *bazaar {
	t.Helper()
	b := &bazaar{shop: openShop(t, "Shop", 0)}
	if _, err := b.app.SetRate(t.Context(), app.NewRate{
		Merchant: b.merchant, Base: deal.Coin, Quote: money.RUB, Buy: rated(t, "98.50"), Sell: rated(t, "98.50"),
		Source: "test",
	}); err != nil {
		t.Fatal(err)
	}
	terminal, _, err := b.app.CreateTerminal(t.Context(), b.merchant, app.TerminalTerms{
		Name: "store", DealFee: rated(t, "8.5"), Origins: []string{"https://shop.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.store = terminal.Number
	trader, err := b.app.AddTrader(t.Context(), app.NewTrader{Merchant: b.merchant, Name: "Boris", Operator: "Sam"})
	if err != nil {
		t.Fatal(err)
	}
	b.trader = trader.ID
	if err := b.app.MoveTraderCoins(t.Context(), app.TraderCoins{
		Merchant: b.merchant, Trader: trader.ID, Amount: money.New(1000_00000000, deal.Coin), Gateway: "till", Receipt: "1",
		Operator: "Sam",
	}); err != nil {
		t.Fatal(err)
	}
	for _, n := range accounts {
		n.Merchant, n.Trader, n.Least, n.Most, n.Operator = b.merchant, trader.ID, rub(100), rub(5000), "Sam"
		if _, err := b.app.PutRequisite(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// Accounts of the trader.
var (
	byPhone = app.RequisiteTerms{Option: "SBP", Method: "sberbank", Number: "+7(900)000-00-01", Holder: "Борис Б."}
	byCard  = app.RequisiteTerms{Option: "TO_CARD", Method: "smallbank", Number: "2200 1234 5678 9010", Holder: "BORIS B"}
)

// bill makes an invoice of 2000 roubles that is paid within the hour.
func (b *bazaar) bill(change func(*app.NewInvoice)) invoice.Invoice {
	b.Helper()
	n := app.NewInvoice{
		ID: b.newUUID(), Amount: rub(2000), Terminal: b.store, Title: "Hosting", Due: b.now().Add(time.Hour),
		Bag: map[string]string{"successUrl": "https://shop.example/thanks", "cancelUrl": "https://shop.example/sorry"},
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

// look opens the page of an invoice.
func (b *bazaar) look(id string, headers ...string) answer {
	b.Helper()
	return b.do(b.pages.Deal, http.MethodGet, "/invoice?id="+url.QueryEscape(id), "", headers...)
}

func (b *bazaar) start(i invoice.Invoice, choice string) answer {
	b.Helper()
	return b.press("/pay/deal/"+i.ID+"/start", url.Values{"choice": {choice}})
}

func (b *bazaar) sent(i invoice.Invoice, d deal.Deal) answer {
	b.Helper()
	return b.press("/pay/deal/"+i.ID+"/sent", url.Values{"deal": {d.ID}})
}

// newest is the newest deal of an invoice, of which there are so many.
func (b *bazaar) newest(i invoice.Invoice, many int) deal.Deal {
	b.Helper()
	all, err := b.app.DealsOf(b.Context(), b.merchant, i.ID)
	if err != nil || len(all) != many {
		b.Fatalf("%d deals, %v, want %d", len(all), err, many)
	}
	if many == 0 {
		return deal.Deal{}
	}
	return all[many-1]
}

// begun starts a deal on the page.
func (b *bazaar) begun(i invoice.Invoice) deal.Deal {
	b.Helper()
	b.start(i, "SBP/sberbank").leadsTo("/invoice?id=" + i.ID)
	return b.newest(i, 1)
}

func (b *bazaar) later(d time.Duration) { b.clock.Add(d.Microseconds()) }

func (b *bazaar) word(d deal.Deal) app.DealWord {
	return app.DealWord{Merchant: b.merchant, Deal: d.ID, Operator: "Boris"}
}

func (b *bazaar) overdueEnd() {
	b.Helper()
	if n, err := b.app.CancelDueDeals(b.Context(), 10); n != 1 || err != nil {
		b.Fatalf("ended %d deals, %v", n, err)
	}
}

// A payer chooses, sends the money, says so, and is told when it has arrived, in
// every language. The page can be opened anew at any time.
func TestDealIsPaidOnItsPage(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string][4]string{
		"fa": {"۲٬۰۰۰", "روبل", "در انتظار تأیید انتقال شما", "پرداخت شما کامل شد"},
		"en": {"2,000", "Roubles", "Waiting for your transfer", "Thank you, your payment is complete"},
		"bn": {"২,০০০", "রুবল", "নিশ্চিত হওয়ার অপেক্ষায়", "আপনার পেমেন্ট সম্পন্ন হয়েছে"},
		"pt": {"2\u00a0000", "rublos", "À espera da confirmação", "Obrigado, o seu pagamento está concluído"},
		"ru": {"2\u00a0000", "рублей", "Ждём подтверждения", "Спасибо, платёж выполнен"},
	} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			b := openBazaar(t, byPhone, byCard)
			i := b.bill(nil)
			speak := []string{"Accept-Language", tag}
			page := b.look(i.ID, speak...).want(http.StatusOK, want[0], want[1], `lang="`+tag+`"`, "Hosting", "smallbank")
			page.want(http.StatusOK, `value="SBP/sberbank"`, `value="TO_CARD/smallbank"`, "/pay/deal/"+i.ID+"/start")
			page.never(byPhone.Number, byCard.Number)
			d := b.begun(i)
			b.look(i.ID, speak...).want(http.StatusOK, want[0], want[1], "&#43;7(900)000-00-01", "Борис Б.", ">2000.00<", "<svg",
				"https://www.sberbank.com/sms/pbpn?requisiteNumber=79000000001", d.ID)
			b.sent(i, d).leadsTo("/invoice?id=" + i.ID)
			b.look(i.ID, speak...).want(http.StatusOK, want[2], "Борис Б.").never("/start", "/cancel", "7(900)")
			if _, err := b.app.CompleteDeal(t.Context(), b.word(d)); err != nil {
				t.Fatal(err)
			}
			b.look(i.ID, speak...).want(http.StatusOK, want[3], want[0], `href="https://shop.example/thanks"`).
				never("<form", "7(900)")
			b.stands(i, invoice.Completed)
		})
	}
}

// Only invoices that are paid to a person are found, and only by ids that
// nobody can guess.
func TestDealPageIsNotFound(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	named := b.bill(func(n *app.NewInvoice) { n.ID = "1001" })
	foreign := b.bill(func(n *app.NewInvoice) { n.Amount = money.New(100, money.KZT) })
	nowhere := b.bill(func(n *app.NewInvoice) { n.Terminal = 0 })
	verified := b.bill(func(n *app.NewInvoice) { n.VerifyIn = time.Hour })
	for what, id := range map[string]string{
		"an id that can be guessed": named.ID, "a unit that nobody takes": foreign.ID, "no terminal": nowhere.ID,
		"verified by its merchant": verified.ID, "unknown": b.newUUID(), "none": "", "nonsense": "../pay",
		"another form": strings.ToUpper(b.newUUID()[:35] + "a"),
	} {
		b.look(id).want(http.StatusNotFound).never("<form")
		for _, form := range []string{"start", "sent", "cancel"} {
			if id == "" || strings.Contains(id, "/") {
				continue
			}
			if got := b.press("/pay/deal/"+id+"/"+form, nil); got.status != http.StatusNotFound {
				t.Errorf("%s: %s has status %d", what, form, got.status)
			}
		}
	}
	b.get("/pay/deal/" + named.ID + "/start").leadsTo("/invoice?id=1001")
}

// Where everybody is busy the payer is asked to come again, and nothing is wrong.
func TestNobodyIsFree(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	b.begun(b.bill(nil))
	english := []string{"Accept-Language", "en"}
	second := b.bill(nil)
	b.look(second.ID, english...).want(http.StatusOK, "/start")
	for _, choice := range []string{"SBP/sberbank", "SBP/nobank", "nonsense", ""} {
		b.press("/pay/deal/"+second.ID+"/start", url.Values{"choice": {choice}}, english...).
			want(http.StatusOK, "No account is free at the moment", `href="/invoice?id=`+second.ID+`"`).
			never(`role="alert"`, "verdict-unpaid")
	}
	large := b.bill(func(n *app.NewInvoice) { n.Amount = rub(5001) })
	b.look(large.ID, english...).want(http.StatusOK, "No account is free at the moment").never("<form")
	b.newest(second, 0)
	b.newest(large, 0)
}

// Forms that arrive together start one deal, and later ones no other.
func TestPressingTwiceStartsOne(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone, byCard)
	i := b.bill(nil)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { b.start(i, "SBP/sberbank").leadsTo("/invoice?id=" + i.ID) })
	}
	all.Wait()
	d := b.newest(i, 1)
	b.start(i, "TO_CARD/smallbank").leadsTo("/invoice?id=" + i.ID)
	if got := b.newest(i, 1); got.ID != d.ID || got.Method != "sberbank" {
		t.Errorf("got %+v, want the first deal", got)
	}
}

// What the payer says of a transfer too late is looked into once, and nothing
// is lost.
func TestLateWord(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	english := []string{"Accept-Language", "en"}
	i := b.bill(nil)
	d := b.begun(i)
	b.look(i.ID, english...).want(http.StatusOK, "You have 30 minutes to pay")
	b.later(30 * time.Minute)
	b.look(i.ID, english...).want(http.StatusOK, "The time to send is over", "/sent").never("/start")
	b.overdueEnd()
	b.look(i.ID, english...).want(http.StatusOK, "The time for your last transfer is over", "/start", "/sent")

	b.sent(i, d).leadsTo("/invoice?id=" + i.ID) // the page of half an hour ago
	b.look(i.ID, english...).want(http.StatusOK, "Your transfer is being looked into").never("/start", "/cancel")
	if got := b.newest(i, 1); got.State != deal.Disputed || got.Dispute.Reason != "has_payment" {
		t.Errorf("got %s with %+v", got.State, got.Dispute)
	}
	b.start(i, "SBP/sberbank").leadsTo("/invoice?id=" + i.ID)
	b.newest(i, 1)
	if _, err := b.app.ResolveDispute(t.Context(), b.word(d), false); err != nil {
		t.Fatal(err)
	}
	b.look(i.ID, english...).want(http.StatusOK, "Your transfer was not found").never("/start", "/sent")
	b.sent(i, d).leadsTo("/invoice?id=" + i.ID)
	if got := b.newest(i, 1); got.State != deal.Canceled {
		t.Errorf("the decided deal is %s", got.State)
	}
}

// TestWhatBecameOfTheTransferBefore: the page tells why the payer has to choose again.
func TestWhatBecameOfTheTransferBefore(t *testing.T) {
	t.Parallel()
	report := func(b *bazaar, d deal.Deal) error {
		if _, err := b.app.ReportTransfer(b.Context(), b.merchant, d.ID, true); err != nil {
			return err
		}
		_, err := b.app.CancelDeal(b.Context(), b.word(d))
		return err
	}
	withdraw := func(b *bazaar, d deal.Deal) error {
		_, err := b.app.WithdrawDeal(b.Context(), b.merchant, d.ID)
		return err
	}
	for name, c := range map[string]struct {
		end   func(b *bazaar, d deal.Deal) error
		words map[string]string
	}{
		"looked for and not found": {report, map[string]string{
			"en": "Your last transfer was not found", "fa": "انتقال پیشین شما پیدا نشد",
			"bn": "আপনার আগের ট্রান্সফার পাওয়া যায়নি",
			"pt": "A sua última transferência não foi encontrada", "ru": "Ваш прошлый перевод не найден",
		}},
		"called off": {withdraw, map[string]string{
			"en": "Your last transfer was called off", "fa": "انتقال پیشین شما لغو شده است",
			"bn": "আপনার আগের ট্রান্সফার বাতিল হয়েছে",
			"pt": "A sua última transferência foi cancelada", "ru": "Ваш прошлый перевод отменён",
		}},
	} {
		b := openBazaar(t, byPhone)
		i := b.bill(nil)
		if err := c.end(b, b.begun(i)); err != nil {
			t.Fatalf("%s: %s", name, fault.Detail(err))
		}
		for language, words := range c.words {
			b.look(i.ID, "Accept-Language", language).want(http.StatusOK, words, "/start", "/sent")
		}
		b.later(40 * time.Minute)
		b.look(i.ID, "Accept-Language", "en").want(http.StatusOK, c.words["en"]).never("is over")
	}
}

// A dispute that is won pays an invoice that has expired, in the sum that came.
func TestLateWordAboutAnExpiredInvoice(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	english := []string{"Accept-Language", "en"}
	i := b.bill(nil)
	d := b.begun(i)
	b.later(61 * time.Minute)
	b.overdueEnd()
	if n, err := b.app.ExpireDue(t.Context(), 10); n != 1 || err != nil {
		t.Fatalf("expired %d, %v", n, err)
	}
	b.look(i.ID, english...).want(http.StatusOK, "The time to pay is over", "/sent", `href="https://shop.example/sorry"`).
		never("/start")
	b.sent(i, d).leadsTo("/invoice?id=" + i.ID)
	word := b.word(d)
	word.Paid = rub(1950)
	if _, err := b.app.ResolveDispute(t.Context(), word, true); err != nil {
		t.Fatal(fault.Detail(err))
	}
	b.look(i.ID, english...).want(http.StatusOK, "Thank you, your payment is complete", "1,950").never("/sent")
}

// What the merchant asked for is picked, and the sum is raised as far as it lets.
func TestMerchantsWishes(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone, byCard)
	for option, want := range map[string]string{
		"SBP": "SBP/sberbank", "TO_CARD": "TO_CARD/smallbank", "": "SBP/sberbank", "MOBILE_TOP_UP": "SBP/sberbank",
	} {
		i := b.bill(func(n *app.NewInvoice) { n.Bag["paymentOption"] = option })
		b.look(i.ID).want(http.StatusOK, `value="`+want+`" required checked`)
	}
	b.begun(b.bill(nil))
	i := b.bill(func(n *app.NewInvoice) { n.Bag["maxAmount"] = "2000.05" })
	if d := b.begun(i); d.Amount != money.New(2000_01, money.RUB) {
		t.Errorf("the sum is %s, want one step more", d.Amount)
	}
	b.look(i.ID, "Accept-Language", "en").want(http.StatusOK, "2,000.01", ">2000.01<")
}

// A form speaks of one transfer of one invoice.
func TestWordAboutAnotherDeal(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone, byCard)
	mine, other := b.bill(nil), b.bill(func(n *app.NewInvoice) { n.Amount = rub(300) })
	d := b.begun(other)
	b.begun(mine)
	b.sent(mine, d).leadsTo("/invoice?id=" + mine.ID)
	b.press("/pay/deal/"+mine.ID+"/sent", nil).leadsTo("/invoice?id=" + mine.ID)
	for _, i := range []invoice.Invoice{mine, other} {
		if got := b.newest(i, 1); got.State != deal.TransferWaiting {
			t.Errorf("the deal is %s, want %s", got.State, deal.TransferWaiting)
		}
	}
}

// Payers are led back only to where the terminal lets them.
func TestDealLeadsBack(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	for address, want := range map[string]bool{
		"https://shop.example/x?a=1": true, "https://evil.example/": false, "javascript:alert(1)": false, "": false,
		"https://shop.example@evil.example/": false, "//shop.example/": false,
	} {
		i := b.bill(func(n *app.NewInvoice) { n.Bag["successUrl"] = address })
		if _, err := b.app.CompleteDeal(t.Context(), b.word(b.begun(i))); err != nil {
			t.Fatal(err)
		}
		page := b.look(i.ID, "Accept-Language", "en").want(http.StatusOK, "Thank you")
		if got := strings.Contains(page.body, "Back to the merchant"); got != want {
			t.Errorf("%q: the button is there: %v, want %v", address, got, want)
		}
	}
}

// The page is guarded as all others are, and so are its forms.
func TestDealPageIsSafe(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	i := b.bill(func(n *app.NewInvoice) { n.Title = `<script>alert(1)</script>` })
	page := b.look(i.ID).want(http.StatusOK, "&lt;script&gt;")
	page.never("<script>")
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
	} {
		if got := page.header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if got := page.header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") {
		t.Errorf("Content-Security-Policy = %q", got)
	}
	form := "/pay/deal/" + i.ID + "/start"
	b.press(form, nil, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example").want(http.StatusForbidden)
	b.newest(i, 0)
	b.press(form+"?lang=ru", nil).leadsTo("/invoice?id=" + i.ID + "&lang=ru")
	for range 200 {
		if b.press(form, nil).status == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("nobody counts how often a form is sent")
}

// What is paid by a code shows the account's address as one. Until there is
// one the page says so, and hides what leads nowhere.
func TestPaidByCode(t *testing.T) {
	t.Parallel()
	const link = "https://qr.nspk.ru/AS10001?type=01"
	for number, there := range map[string]bool{link: true, "later": false} {
		b := openBazaar(t, app.RequisiteTerms{Option: "MANUAL_SBP_QR", Method: "unknown", Number: number, Holder: "Boris"})
		i := b.bill(nil)
		b.start(i, "MANUAL_SBP_QR/unknown").leadsTo("/invoice?id=" + i.ID)
		page := b.look(i.ID, "Accept-Language", "en").want(http.StatusOK, ">2000.00<", "/sent")
		if there {
			page.want(http.StatusOK, `class="qr"`, `href="`+link+`"`, ">"+link+"<").never("being prepared")
		} else {
			page.want(http.StatusOK, "is being prepared", "data-events").never(`class="qr"`, "Send to", ">later<", "Open in")
			if _, err := b.app.GiveCode(t.Context(), b.word(b.newest(i, 1)), link); err != nil {
				t.Fatal(err)
			}
			b.look(i.ID, "Accept-Language", "en").want(http.StatusOK, `class="qr"`, `href="`+link+`"`).never("being prepared")
		}
	}
}
