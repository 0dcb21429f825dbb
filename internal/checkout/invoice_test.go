package checkout_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

const (
	pin      = "246810"
	returnTo = "https://shop.example/back?order=7"
)

func toman(whole int64) money.Amount { return money.New(whole*10_000, money.IRT) }

// hosted makes an invoice of 125,000 Toman that is paid on our page.
func (s *shop) hosted(change func(*app.NewInvoice)) invoice.Invoice {
	s.Helper()
	n := app.NewInvoice{
		Amount: toman(125_000), Title: "Hosting", Reference: "INV-7", VerifyIn: 30 * time.Minute, ReturnTo: returnTo,
	}
	if change != nil {
		change(&n)
	}
	return s.create(n)
}

func page(i invoice.Invoice) string { return "/pay/invoice/" + i.ID }

// anybody opens a wallet, so that the pages ask for one.
func (s *shop) anybody() {
	s.Helper()
	if _, err := s.app.CreateCustomer(s.Context(), app.NewCustomer{
		Merchant: s.merchant, FirstName: "Reza", NationalID: "0012345679", PIN: pin,
	}); err != nil {
		s.Fatal(err)
	}
}

// customer opens a wallet with money in it.
func (s *shop) customer(email string, amount money.Amount) wallet.Customer {
	s.Helper()
	c, err := s.app.CreateCustomer(s.Context(), app.NewCustomer{
		Merchant: s.merchant, FirstName: "Sara", Email: email, NationalID: "0012345678", PIN: pin,
	})
	if err != nil {
		s.Fatal(err)
	}
	token := s.newID()
	_, err = s.app.Deposit(s.Context(), app.NewDeposit{
		ID: s.newID(), Merchant: s.merchant, Account: c.Number, Token: token, Title: "Deposit", Amount: amount,
	})
	if err != nil {
		s.Fatal(err)
	}
	s.press("/pay/link/"+token, url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	started := s.zarinpal.started()
	s.comeBack(started[len(started)-1], fmt.Sprintf("zarinpal%d", len(started)), "ok").want(http.StatusOK)
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Pending })
	return c
}

// fromWallet presses the button of the wallet's form.
func (s *shop) fromWallet(i invoice.Invoice, account, pin string, headers ...string) answer {
	s.Helper()
	return s.press(page(i)+"/wallet", url.Values{"account": {account}, "pin": {pin}}, headers...)
}

// leadsTo checks where the browser is sent.
func (a answer) leadsTo(want string) {
	a.Helper()
	a.want(http.StatusSeeOther)
	if got := a.header.Get("Location"); got != want {
		a.Errorf("Location = %q, want %q", got, want)
	}
}

func (s *shop) stands(i invoice.Invoice, want invoice.State) invoice.Invoice {
	s.Helper()
	view, err := s.app.Invoice(s.Context(), s.merchant, i.ID)
	if err != nil {
		s.Fatal(err)
	}
	if view.Invoice.State != want {
		s.Errorf("the invoice is %s, want %s", view.Invoice.State, want)
	}
	return view.Invoice
}

func TestInvoiceShowsWhatIsPaid(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.anybody()
	i := s.hosted(func(n *app.NewInvoice) { n.Due = s.now().Add(15 * time.Minute) })
	plain := s.hosted(func(n *app.NewInvoice) { n.Title, n.Reference = "", "" })
	const wide = "\u00a0"
	for tag, want := range map[string][]string{
		"fa": {`dir="rtl"`, "۱۲۵٬۰۰۰", "تومان", "شمارهٔ صورت\u200cحساب", "۱۵ دقیقه فرصت دارید", "شمارهٔ حساب یا ایمیل"},
		"en": {`dir="ltr"`, "125,000", "Toman", "Invoice number", "You have 15 minutes to pay", "Account number or e-mail"},
		"bn": {`dir="ltr"`, "১,২৫,০০০", "তোমান", "ইনভয়েস নম্বর", "১৫ মিনিট সময় আছে", "অ্যাকাউন্ট নম্বর বা ইমেইল"},
		"pt": {`dir="ltr"`, "125" + wide + "000", "tomans", "Número da fatura", "Tem 15 minutos", "Número de conta ou"},
		"ru": {`dir="ltr"`, "125" + wide + "000", "туманов", "Номер счёта", "осталось 15 минут", "Номер кошелька или"},
	} {
		got := s.get(page(i)+"?lang="+tag).want(http.StatusOK, append(want,
			`<html lang="`+tag+`"`, "Hosting", "INV-7", "Shop", `<label for="account">`, `<label for="pin">`,
			`type="password" inputmode="numeric" autocomplete="current-password"`, `autocomplete="username"`,
			`action="`+page(i)+`/wallet?lang=`+tag+`"`, `action="`+page(i)+`/gateway?lang=`+tag+`"`,
			`value="zarinpal/iranian_card" required checked`, `value="shepa/iranian_card"`)...)
		got.never("http-equiv", `role="alert"`, "aria-invalid", returnTo)
		if n := strings.Count(got.body, "<h1"); n != 1 {
			t.Errorf("%s: there are %d headings of the first rank, want one", tag, n)
		}
	}
	s.get(page(plain)+"?lang=en").want(http.StatusOK, "125,000").never("Invoice number", "to pay, until", `class="about"`)
	if got := len(s.payments(i)) + len(s.zarinpal.started()); got != 0 {
		t.Errorf("reading started %d payments, want none", got)
	}
}

func TestInvoiceOffersGatewaysThatTakeIt(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.anybody()
	s.shepa.info.Max = rial(1000)
	s.get(page(s.hosted(nil))).want(http.StatusOK, `value="zarinpal/iranian_card"`).never(`value="shepa/iranian_card"`)
	coins := s.hosted(func(n *app.NewInvoice) { n.Amount = money.New(1_234_567_890, money.USDT) })
	s.get(page(coins)+"?lang=en").want(http.StatusOK, "12.3456789", "USDT", `name="pin"`).
		never(`name="choice"`, "No gateway", `role="alert"`)
	s.press(page(coins)+"/gateway?lang=en", nil).want(http.StatusUnprocessableEntity, "No gateway is available")
}

func TestInvoiceOfNobody(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Sunny Shop", 0)
	elsewhere := s.link("tok", 5000)
	for _, id := range []string{"nosuch", elsewhere.ID, "%00", "a%20b", strings.Repeat("a", 600)} {
		address := "/pay/invoice/" + id
		s.get(address+"?lang=en").want(http.StatusNotFound, "This invoice was not found").never("Sunny Shop", "<form")
		s.press(address+"/wallet?lang=en", url.Values{"account": {"1"}, "pin": {"1"}}).want(http.StatusNotFound)
		s.press(address+"/gateway?lang=en", nil).want(http.StatusNotFound, "This invoice was not found")
	}
}

func TestInvoiceIsPaidFromAWallet(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	c := s.customer("sara@example.ir", toman(1_000_000))
	for login, typed := range map[string]string{
		fmt.Sprint(c.Number): pin, " Sara@Example.ir ": pin, "۱۰۰۰۱": "۲۴۶۸۱۰", "১০০০১": "২৪৬৮১০",
		"\u200e10 001": "٢٤٦ ٨١٠",
	} {
		i := s.hosted(nil)
		s.fromWallet(i, login, typed).leadsTo(returnTo)
		paid := s.stands(i, invoice.Paid)
		if made := s.payments(i); len(made) != 1 || made[0].Wallet != c.Number || paid.PaidBy.Account != c.Number {
			t.Errorf("%q: payments = %+v, want one from the wallet", login, made)
		}
		// Whoever presses twice, or opens the page again, is told what became of it.
		s.fromWallet(i, login, typed, "Accept-Language", "en").leadsTo(page(i))
		s.press(page(i)+"/gateway?lang=en", nil).leadsTo(page(i) + "?lang=en")
		s.get(page(i)+"?lang=en").want(http.StatusOK, "This invoice is paid", "125,000", "INV-7", "Hosting",
			"20 November 2026, 14:05", `href="`+returnTo+`"`).never("<form", `name="pin"`, "sara@", "Sara")
	}
}

func TestInvoiceWithoutATimeToVerifyIsCompleted(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.customer("sara@example.ir", toman(125_000))
	i := s.hosted(func(n *app.NewInvoice) { n.VerifyIn = 0 })
	s.fromWallet(i, "sara@example.ir", pin).leadsTo(returnTo)
	s.stands(i, invoice.Completed)
	s.get(page(i)+"?lang=en").want(http.StatusOK, "This invoice is paid")
}

// What goes wrong is said in the payer's language, and the form comes back
// without the PIN.
func TestWalletFormComesBack(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	c := s.customer("sara@example.ir", toman(1000))
	blocked := s.customer("blocked@example.ir", toman(1000))
	if err := s.app.BlockCustomer(t.Context(), s.merchant, blocked.Number, wallet.Block, "operator", "lost"); err != nil {
		t.Fatal(err)
	}
	i := s.hosted(nil)
	small := s.hosted(func(n *app.NewInvoice) { n.Amount = toman(1) })
	mine := s.hosted(func(n *app.NewInvoice) { n.NationalID, n.Amount = "0099999999", toman(1) })
	tests := []struct {
		name, account, pin string
		invoice            invoice.Invoice
		status             int
		words              map[string]string
		also               string
	}{
		{"wrong PIN", fmt.Sprint(c.Number), "97531", i, http.StatusForbidden, map[string]string{
			"fa": "حساب یا رمز درست نیست", "en": "The account or the PIN is wrong", "bn": "অ্যাকাউন্ট বা পিন ঠিক নয়",
			"pt": "A conta ou o PIN estão errados", "ru": "Кошелёк или ПИН-код указаны неверно",
		}, `aria-describedby="alert" aria-invalid="true"`},
		{"unknown account", "99999", "97531", i, http.StatusForbidden, map[string]string{
			"en": "The account or the PIN is wrong",
		}, `aria-describedby="account-hint alert" aria-invalid="true"`},
		{"too little money", "sara@example.ir", pin, i, http.StatusConflict, map[string]string{
			"fa": "موجودی این کیف پول کافی نیست", "en": "The balance of this wallet is too small",
			"bn": "এই ওয়ালেটে যথেষ্ট টাকা নেই", "pt": "O saldo desta carteira não chega",
			"ru": "В этом кошельке недостаточно денег",
		}, `id="alert" role="alert"`},
		{"blocked", "blocked@example.ir", pin, small, http.StatusConflict, map[string]string{
			"fa": "این حساب مسدود است", "en": "This account is blocked", "ru": "Этот кошелёк заблокирован",
		}, `id="alert" role="alert"`},
		{"another person", "sara@example.ir", pin, mine, http.StatusConflict, map[string]string{
			"fa": "با این کیف پول", "en": "This wallet cannot pay this invoice", "pt": "Esta carteira não pode pagar",
		}, `id="alert" role="alert"`},
		{"no account", "", pin, i, http.StatusUnprocessableEntity, map[string]string{
			"fa": "شمارهٔ حساب یا ایمیل خود را وارد کنید", "en": "Enter your account number", "ru": "Введите номер кошелька",
		}, `id="account-error"`},
		{"no PIN", "sara@example.ir", " ", i, http.StatusUnprocessableEntity, map[string]string{
			"fa": "رمز خود را وارد کنید", "en": "Enter your PIN", "bn": "আপনার পিন লিখুন",
		}, `aria-describedby="pin-error" aria-invalid="true"`},
	}
	for _, test := range tests {
		for tag, words := range test.words {
			got := s.press(page(test.invoice)+"/wallet?lang="+tag, url.Values{"account": {test.account}, "pin": {test.pin}})
			got.want(test.status, words, `<html lang="`+tag+`"`, `value="`+test.account+`"`, test.also,
				`action="`+page(test.invoice)+`/wallet?lang=`+tag+`"`, `href="`+page(test.invoice)+`?lang=pt"`)
			got.never(pin, "97531", "0099999999", "0012345678")
			s.stands(test.invoice, invoice.Open)
			s.clock.Add((15 * time.Minute).Microseconds()) // so that nobody has tried too often
		}
	}
	// What the address bar shows then can be opened as well.
	s.get(page(i)+"/wallet?lang=en").want(http.StatusOK, `name="pin"`)
	s.get(page(i)+"/gateway?lang=en").want(http.StatusOK, `name="pin"`)
}

func TestWalletAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.customer("sara@example.ir", toman(1_000_000))
	i := s.hosted(nil)
	for range wallet.TriesPerAccount {
		s.fromWallet(i, "sara@example.ir", "1111").want(http.StatusForbidden)
	}
	got := s.fromWallet(i, "sara@example.ir", pin, "Accept-Language", "en").
		want(http.StatusTooManyRequests, "Too many wrong attempts", "quarter of an hour", `value="sara@example.ir"`)
	if after := got.header.Get("Retry-After"); after != "900" {
		t.Errorf("Retry-After = %q, want a quarter of an hour", after)
	}
	s.clock.Add(wallet.TryWindow.Microseconds())
	s.fromWallet(i, "sara@example.ir", pin).leadsTo(returnTo)
}

// Who tries a PIN on one wallet after another is stopped too, however many addresses of the
// same network the tries come from; nobody else is.
func TestWalletAttemptsAreLimitedPerNetwork(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.customer("sara@example.ir", toman(1_000_000))
	i := s.hosted(nil)
	for n := range wallet.TriesPerAddress {
		s.fromWallet(i, fmt.Sprintf("nobody%d@example.ir", n), pin, "from", fmt.Sprintf("[2001:db8:0:1::%x]:1", n)).
			want(http.StatusForbidden)
		s.clock.Add(time.Second.Microseconds()) // so that not too many forms are sent
	}
	s.fromWallet(i, "sara@example.ir", pin, "from", "[2001:db8:0:1::ffff]:1", "Accept-Language", "en").
		want(http.StatusTooManyRequests, "Too many wrong attempts")
	s.fromWallet(i, "sara@example.ir", pin, "from", "[2001:db8:0:2::1]:1").leadsTo(returnTo)
}

func TestInvoiceOfOnePerson(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.customer("sara@example.ir", toman(1_000_000))
	i := s.hosted(func(n *app.NewInvoice) { n.NationalID = "0012345678" })
	for tag, words := range map[string]string{
		"fa": "فقط از کیف پول کسی", "en": "Only the wallet of the person", "bn": "শুধু তাঁর ওয়ালেট থেকেই",
		"pt": "só pode ser paga a partir da carteira da pessoa", "ru": "только из кошелька человека",
	} {
		s.get(page(i)+"?lang="+tag).want(http.StatusOK, words, `name="pin"`).never("0012345678", `name="choice"`)
	}
	s.press(page(i)+"/gateway?lang=en", url.Values{"gateway": {"zarinpal"}}).
		want(http.StatusUnprocessableEntity, "No gateway is available", `name="pin"`)
	if got := len(s.payments(i)); got != 0 {
		t.Errorf("a gateway was asked: %d payments", got)
	}
	s.fromWallet(i, "sara@example.ir", pin).leadsTo(returnTo)
}

func TestInvoiceIsPaidAtAGateway(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.anybody()
	i := s.hosted(nil)
	pick := url.Values{"gateway": {"zarinpal"}}
	s.press(page(i)+"/gateway", pick).leadsTo("https://zarinpal.example/pay/zarinpal1")
	s.press(page(i)+"/gateway", pick).leadsTo("https://zarinpal.example/pay/zarinpal1") // pressed twice
	started := s.zarinpal.started()
	if len(started) != 1 || started[0].Amount != rial(1_250_000) {
		t.Fatalf("the gateway was told of %+v, want one attempt of 1250000 IRR", started)
	}
	status := "/pay/status/" + s.token(started[0])

	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Unknown })
	s.comeBack(started[0], "zarinpal1", "ok", "Accept-Language", "en").
		want(http.StatusOK, "Checking your payment", "do not pay again").never(returnTo, page(i))
	s.get(page(i)+"?lang=en").want(http.StatusOK, "still being checked", `name="pin"`)

	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	s.comeBack(started[0], "zarinpal1", "ok").leadsTo(returnTo)
	s.comeBack(started[0], "zarinpal1", "ok").leadsTo(returnTo) // a payer may reload the page
	s.get(status + "?n=3").leadsTo(returnTo)
	s.stands(i, invoice.Paid)
	s.get(page(i)+"?lang=en").want(http.StatusOK, "This invoice is paid", "receipt-of-zarinpal1", `href="`+returnTo+`"`)
	// A stranger who counts through a gateway's numbers is sent nowhere.
	s.do(s.pages.Return, http.MethodGet, "/cb?session=zarinpal1&word=ok", "").want(http.StatusOK).
		never(returnTo, page(i))

	// What was not verified in time is not told as paid.
	s.clock.Add((31 * time.Minute).Microseconds())
	if _, err := s.app.RejectOverdue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	s.comeBack(started[0], "zarinpal1", "ok").leadsTo(page(i))
	s.get(page(i)+"?lang=en").want(http.StatusOK, "Payment given back", "did not confirm", `href="`+returnTo+`"`)
}

func TestInvoiceNotPaidAtAGateway(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	i := s.hosted(func(n *app.NewInvoice) { n.Due = s.now().Add(15 * time.Minute) })
	s.press(page(i)+"/gateway", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Declined })
	a := s.zarinpal.started()[0]
	s.comeBack(a, "zarinpal1", "no", "Accept-Language", "en").want(http.StatusOK,
		"Payment not completed", "Try again", `href="`+page(i)+`"`).never(returnTo)
	s.clock.Add((15 * time.Minute).Microseconds())
	s.get(page(i)+"?lang=en").want(http.StatusOK, "The time to pay is over", `href="`+returnTo+`"`).never("<form")
	s.press(page(i)+"/gateway", url.Values{"gateway": {"zarinpal"}}).leadsTo(page(i))
	if _, err := s.app.ExpireDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	s.stands(i, invoice.Expired)
	s.comeBack(a, "zarinpal1", "no", "Accept-Language", "en").want(http.StatusOK,
		"Payment not completed", "Back to the merchant", `href="`+returnTo+`"`).never("Try again")
}

func TestInvoiceGatewaySaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.anybody()
	i := s.hosted(nil)
	pick := url.Values{"gateway": {"shepa"}}
	s.shepa.script(func(b *bank) { b.start = gateway.NoAnswer })
	s.press(page(i)+"/gateway?lang=en", pick).want(http.StatusServiceUnavailable,
		"does not answer at the moment", `value="shepa/iranian_card" required checked`, `name="pin"`)
	s.shepa.script(func(b *bank) { b.start = gateway.Refused })
	s.press(page(i)+"/gateway?lang=pt", pick).want(http.StatusConflict, "recusou o pagamento")
	s.press(page(i)+"/gateway?lang=en", url.Values{"gateway": {"nobody"}}).want(http.StatusUnprocessableEntity,
		"No gateway is available")
	s.shepa.script(func(b *bank) { b.start, b.link = gateway.Opened, "" })
	to := s.press(page(i)+"/gateway", pick).want(http.StatusSeeOther).header.Get("Location")
	s.get(to+"?lang=en").want(http.StatusOK, "Pay the merchant directly", "Transfer reference").never(returnTo)
}

// While a gateway is about to take the money, a wallet's is left alone.
func TestInvoiceThatIsBeingPaid(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.customer("sara@example.ir", toman(1_000_000))
	i := s.hosted(func(n *app.NewInvoice) { n.Due = s.now().Add(15 * time.Minute) })
	s.press(page(i)+"/gateway", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Unknown })
	s.comeBack(s.zarinpal.started()[1], "zarinpal2", "ok").want(http.StatusOK)
	s.fromWallet(i, "sara@example.ir", pin, "Accept-Language", "ru").
		want(http.StatusConflict, "Другой платёж по этому счёту ещё проверяется", `name="pin"`).never(pin)
	s.clock.Add((15 * time.Minute).Microseconds())
	s.get(page(i)+"?lang=en").want(http.StatusOK, "Checking your payment", "do not pay again").
		never("<form", "The time to pay is over")
}

func TestEndsOfInvoices(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	c := s.customer("sara@example.ir", toman(1_000_000))
	refunded, rejected := s.hosted(nil), s.hosted(nil)
	expired := s.hosted(func(n *app.NewInvoice) { n.Due = s.now().Add(time.Minute) })
	for _, i := range []invoice.Invoice{refunded, rejected} {
		s.fromWallet(i, fmt.Sprint(c.Number), pin).leadsTo(returnTo)
	}
	if _, err := s.app.VerifyInvoice(t.Context(), s.merchant, refunded.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.RefundInvoice(t.Context(), s.merchant, refunded.ID); err != nil {
		t.Fatal(err)
	}
	s.clock.Add((31 * time.Minute).Microseconds())
	if _, err := s.app.RejectOverdue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.ExpireDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	for state, want := range map[invoice.State]struct {
		invoice invoice.Invoice
		words   map[string]string
	}{
		invoice.Refunded: {refunded, map[string]string{"fa": "پذیرنده مبلغ را برگشت داد", "en": "gave the money back"}},
		invoice.Rejected: {rejected, map[string]string{"ru": "не подтвердил платёж вовремя", "en": "did not confirm"}},
		invoice.Expired:  {expired, map[string]string{"bn": "পরিশোধের সময় শেষ", "pt": "O prazo de pagamento terminou"}},
	} {
		s.stands(want.invoice, state)
		for tag, words := range want.words {
			s.get(page(want.invoice)+"?lang="+tag).want(http.StatusOK, words, `href="`+returnTo+`"`, "INV-7", "Shop").
				never("<form", "Sara")
			s.fromWallet(want.invoice, fmt.Sprint(c.Number), pin).leadsTo(page(want.invoice))
		}
	}
}

// Payers are led to no address but a web page, whatever a merchant has on record.
func TestInvoiceLeadsToPagesOnly(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.customer("sara@example.ir", toman(1_000_000))
	for _, address := range []string{"javascript:alert(1)", "https://user:x@shop.example/", "//shop.example", "%"} {
		i := s.hosted(func(n *app.NewInvoice) { n.ReturnTo = address })
		s.get(page(i)).want(http.StatusOK)
		s.fromWallet(i, "sara@example.ir", pin).leadsTo(page(i))
		s.get(page(i)+"?lang=en").want(http.StatusOK, "This invoice is paid", "You can close this page").
			never(address+`"`, "Back to the merchant")
	}
}

// Some browsers hold the redirect after a form against the page's policy.
func TestInvoicePolicyLetsPayersBack(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	for address, want := range map[string]string{
		returnTo:                  "form-action 'self' https:; ",
		"http://shop.example/":    "form-action 'self' https: http:; ",
		"http://10.0.0.7:81/x":    "form-action 'self' https: http:; ",
		"javascript:alert(1)//x;": "form-action 'self' https:; ",
	} {
		i := s.hosted(func(n *app.NewInvoice) { n.ReturnTo = address })
		for _, got := range []answer{s.get(page(i)), s.press(page(i)+"/wallet", nil)} {
			if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, want) {
				t.Errorf("%s: the policy is %q, want it to have %q", address, policy, want)
			}
		}
	}
}

// The merchant hears of a payment before its payer comes back.
func TestPayersWaitForTheMerchant(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.customer("sara@example.ir", toman(1_000_000))
	terminal, _, err := s.app.CreateTerminal(t.Context(), s.merchant, app.TerminalTerms{Name: "Till"})
	if err != nil {
		t.Fatal(err)
	}
	i := s.hosted(func(n *app.NewInvoice) {
		n.Terminal = terminal.Number
		n.Notice = invoice.Notice{URL: "https://shop.example/hook", Form: "paid", Endpoint: terminal.Endpoint}
	})
	var told atomic.Bool
	var back answer
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		back = s.fromWallet(i, "sara@example.ir", pin)
		if !told.Load() {
			t.Error("the payer came back first")
		}
	}()
	<-s.app.Due()
	due, err := s.app.DueDeliveries(t.Context(), 10, 10)
	if err != nil || len(due) != 1 {
		t.Fatalf("notices = %+v, %v, want one", due, err)
	}
	m, mine, err := s.app.TakeDelivery(t.Context(), due[0])
	if err != nil || !mine {
		t.Fatalf("take = %v, %v", mine, err)
	}
	told.Store(true)
	if err := s.app.RecordDelivery(t.Context(), m, event.Outcome{Status: http.StatusOK}); err != nil {
		t.Fatal(err)
	}
	<-returned
	back.leadsTo(returnTo)
}

// A foreign site cannot press for a payer, and nobody guesses PINs quickly.
func TestInvoiceFormsAreGuarded(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	i := s.hosted(nil)
	for _, form := range []string{"/wallet", "/gateway"} {
		s.press(page(i)+form, nil, "Sec-Fetch-Site", "cross-site").want(http.StatusForbidden)
		s.do(s.pages.ServeHTTP, http.MethodPut, page(i)+form, "").want(http.StatusNotFound)
	}
	limited := false
	for range 200 {
		limited = limited || s.press(page(i)+"/gateway", nil).status == http.StatusTooManyRequests
	}
	if !limited {
		t.Error("pressing is not limited")
	}
}

// part pays a part of an invoice through its merchant's own call.
func (s *shop) part(i invoice.Invoice, amount money.Amount) {
	s.Helper()
	_, err := s.app.RequestPayment(s.Context(), s.merchant, app.NewPayment{
		Invoice: i.ID, Amount: amount, Gateway: "zarinpal", NewID: s.newID,
	})
	if err != nil {
		s.Fatal(err)
	}
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	started := s.zarinpal.started()
	s.comeBack(started[len(started)-1], fmt.Sprintf("zarinpal%d", len(started)), "ok").want(http.StatusSeeOther, "")
}

// TestInvoiceAsksForTheRest: who has paid a part is asked for what is left, through a gateway
// or from a wallet.
func TestInvoiceAsksForTheRest(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	c := s.customer("sara@example.ir", toman(500_000))
	atOnce := func(n *app.NewInvoice) { n.VerifyIn = 0 }
	for name, pay := range map[string]func(i invoice.Invoice){
		"a gateway": func(i invoice.Invoice) {
			s.press(page(i)+"/gateway", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
			started := s.zarinpal.started()
			s.comeBack(started[len(started)-1], fmt.Sprintf("zarinpal%d", len(started)), "ok").want(http.StatusSeeOther)
		},
		"a wallet": func(i invoice.Invoice) { s.fromWallet(i, fmt.Sprint(c.Number), pin).want(http.StatusSeeOther) },
	} {
		i := s.hosted(atOnce)
		s.part(i, toman(50_000))
		s.get(page(i)+"?lang=en").want(http.StatusOK, `amount-number">75,000</bdi>`, "Pay 75,000",
			line("Invoice total", "125,000\u00a0Toman"), line("Paid so far", "50,000\u00a0Toman"),
			line("Remaining", "75,000\u00a0Toman")).never(`amount-number">125,000`, "being checked", "Given back")
		pay(i)
		paid := s.stands(i, invoice.Completed)
		all := s.payments(i)
		if got := all[len(all)-1].Amount; got != toman(75_000) || paid.Captured != toman(125_000) {
			t.Errorf("%s: paid %s of it, %s in all", name, got, paid.Captured)
		}
	}
}

// TestInvoiceAsksForNothingGivenBack: a part refund opens an invoice again for its merchant; its
// payer has paid, and is asked for nothing.
func TestInvoiceAsksForNothingGivenBack(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	c := s.customer("sara@example.ir", toman(500_000))
	s.zarinpal.refunds = true
	i := s.hosted(func(n *app.NewInvoice) { n.VerifyIn = 0 })
	s.part(i, i.Amount)
	s.stands(i, invoice.Completed)
	if _, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{
		ID: s.newID(), Payment: s.payments(i)[0].ID, Amount: toman(25_000),
	}); err != nil {
		t.Fatal(err)
	}
	s.stands(i, invoice.Open)
	s.get(page(i)+"?lang=en").want(http.StatusOK, "125,000").never(`name="pin"`, `name="choice"`)
	s.fromWallet(i, fmt.Sprint(c.Number), pin)
	s.press(page(i)+"/gateway", url.Values{"gateway": {"zarinpal"}})
	if got := len(s.payments(i)); got != 1 {
		t.Errorf("got %d payments, want the one", got)
	}
}

// TestClosedInvoice tells its payer what was paid of it, and asks for nothing.
func TestClosedInvoice(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	c := s.customer("sara@example.ir", toman(500_000))
	i := s.hosted(func(n *app.NewInvoice) { n.VerifyIn = 0 })
	s.part(i, toman(50_000))
	if _, err := s.app.CloseInvoice(t.Context(), i.Merchant, i.ID); err != nil {
		t.Fatal(err)
	}
	s.get(page(i)+"?lang=en").want(http.StatusOK, "50,000").never("125,000", "75,000", `name="pin"`, `name="choice"`)
	s.fromWallet(i, fmt.Sprint(c.Number), pin)
	s.press(page(i)+"/gateway", url.Values{"gateway": {"zarinpal"}})
	if got := len(s.payments(i)); got != 1 {
		t.Errorf("got %d payments, want the one", got)
	}
	s.stands(i, invoice.Completed)
}

// A page asks for a wallet only where somebody has one with its merchant.
func TestNobodyHasAWallet(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	i := s.hosted(nil)
	s.get(page(i)+"?lang=en").want(http.StatusOK, page(i)+"/gateway", `class="button"`).
		never(`name="pin"`, "from the wallet", "Other ways", "button-quiet")
	small := s.hosted(func(n *app.NewInvoice) { n.Amount = money.New(1, money.IRT) })
	s.get(page(small)+"?lang=en").want(http.StatusOK, "No gateway is available").never(`name="pin"`, `name="choice"`)
	own := s.hosted(func(n *app.NewInvoice) { n.NationalID = "0012345678" })
	s.get(page(own)+"?lang=en").want(http.StatusOK, `name="pin"`).never(`name="choice"`)
	s.anybody()
	s.get(page(i)+"?lang=en").want(http.StatusOK, `name="pin"`, "from the wallet", "button-quiet")
}
