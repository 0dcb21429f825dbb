package checkout_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/checkout"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// openPhoneShop is a shop whose first gateway asks payers on their phones, and
// whose second takes transfers and cash.
func openPhoneShop(t *testing.T) *shop {
	t.Helper()
	s := openShop(t, "Shop", 0)
	s.zarinpal.script(func(b *bank) {
		b.info.Title, b.info.Methods, b.link = "MB WAY", []payment.Method{payment.MBWay}, ""
		b.info.Lifetime, b.info.VerifyCaptures, b.info.Poll = 4*time.Minute, false, 7*time.Second
		b.info.LostStartIsHarmless = false
	})
	s.shepa.script(func(b *bank) {
		b.info.Title, b.info.Methods = "Bank transfer or cash", []payment.Method{payment.BankTransfer, payment.Cash}
		b.info.VerifyCaptures, b.link = false, "https://shop.example/how/%s"
	})
	return s
}

func push(phone string) url.Values {
	return url.Values{"choice": {"zarinpal/mb_way"}, "phone": {phone}}
}

func TestMethodsAreOffered(t *testing.T) {
	t.Parallel()
	s := openPhoneShop(t)
	s.link("tok", 5000)
	s.open()
	for _, address := range []string{"/pay/link/tok", "/pay/open/any", page(s.hosted(nil))} {
		s.get(address+"?lang=en").want(http.StatusOK, "Payment method",
			`value="zarinpal/mb_way" required checked`, "<span>MB WAY</span>",
			`value="shepa/bank_transfer" required>`, "<span>Bank transfer</span>",
			`value="shepa/cash" required>`, "<span>Cash</span>",
			`<label for="phone">Mobile number</label>`, `name="phone" type="tel" autocomplete="tel"`,
			"Needed only for MB WAY").never("phone-error", "through a gateway", "takes you to the gateway")
	}
	s.get("/pay/link/tok?lang=bn").want(http.StatusOK, "ব্যাংক ট্রান্সফার", "নগদ অর্থ", "মোবাইল নম্বর")
	s.zarinpal.script(func(b *bank) { b.info.Methods = []payment.Method{payment.IranianCard} })
	s.get("/pay/link/tok?lang=en").want(http.StatusOK).never(`name="phone"`)
}

func TestPhoneIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := openPhoneShop(t)
	s.link("tok", 5000)
	s.open()
	forms := []string{"/pay/link/tok", "/pay/open/any", page(s.hosted(nil)) + "/gateway"}
	for _, address := range forms {
		for typed, want := range map[string]string{
			"": "Enter your mobile number for MB WAY.", " ": "Enter your mobile number",
			"12 34": "not a Portuguese mobile number, such as 912345678", "+34 612345678": "not a Portuguese",
			`"><script>`: "not a Portuguese",
		} {
			form := push(typed)
			form.Set("amount", "5000")
			form.Set("email", "sara@example.ir")
			s.press(address+"?lang=en", form).want(http.StatusUnprocessableEntity, want, "correct what is marked",
				`aria-describedby="phone-hint phone-error" aria-invalid="true"`, `value="zarinpal/mb_way" required checked`,
				`value="`+strings.NewReplacer(`"`, "&#34;", "<", "&lt;", ">", "&gt;", "+", "&#43;").
					Replace(strings.TrimSpace(typed))+`"`).never("<script>")
		}
		s.press(address+"?lang=fa", push("۱۲")).want(http.StatusUnprocessableEntity, "نمونهٔ درست: ۹۱۲۳۴۵۶۷۸")
		// Nobody else needs one, and a wrong one is no matter then.
		form := url.Values{"choice": {"shepa/cash"}, "phone": {"x"}, "amount": {"5000"}, "email": {"sara@example.ir"}}
		s.press(address, form).want(http.StatusSeeOther)
	}
	if got := len(s.zarinpal.started()); got != 0 {
		t.Errorf("wrong numbers were sent %d pushes, want none", got)
	}
	if got := s.shepa.started(); len(got) != len(forms) || got[0].Payer.Mobile != "" {
		t.Errorf("for cash the gateway was told of %+v, want no phone", got)
	}
}

func TestPushIsConfirmedOnAPhone(t *testing.T) {
	t.Parallel()
	s := openPhoneShop(t)
	var log bytes.Buffer
	pages, err := checkout.New(checkout.Config{
		App: s.app, NewID: s.newID, Now: s.now, Log: slog.New(slog.NewJSONHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.pages = pages
	i := s.hosted(nil)
	to := s.press(page(i)+"/gateway?lang=en", push("۹۱۲ ۳۴۵ ۶۷۸")).want(http.StatusSeeOther).header.Get("Location")
	started := s.zarinpal.started()
	if len(started) != 1 || started[0].Method != payment.MBWay || started[0].Payer.Mobile != "+351912345678" {
		t.Fatalf("the gateway was told of %+v, want a push to +351912345678", started)
	}
	// Pressed twice, and typed in another way: the same push.
	if again := s.press(page(i)+"/gateway", push("+351 912345678")).header.Get("Location"); again != to {
		t.Errorf("the second press leads to %s, want %s", again, to)
	}
	waiting := s.get(to+"?lang=en").want(http.StatusOK, "Confirm on your phone", "number ending in 678", "125,000",
		"You have 4 minutes to pay, until 20 November 2026, 14:09", `href="`+to+`?look=1&amp;lang=en">Check again`,
		`href="`+page(i)+`">Choose another way`, "MB WAY", "Shop")
	waiting.never(`http-equiv="refresh"`, "12345", "345678", returnTo, "<form")
	s.get(to+"?lang=fa").want(http.StatusOK, "پرداخت را در تلفن خود تأیید کنید", "۶۷۸", "۴ دقیقه")
	s.get(to+"?lang=en&n=0").want(http.StatusOK, `http-equiv="refresh"`, "Confirm on your phone", "Stop looking")

	// Only the link asks, and not every time.
	s.clock.Add((3 * time.Second).Microseconds())
	s.get(to)
	s.asked(0)
	for range 3 {
		s.get(to+"?look=1&lang=en").want(http.StatusOK, "Confirm on your phone", `href="`+to+`?lang=fa"`)
	}
	s.asked(1)
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	s.clock.Add((3 * time.Second).Microseconds())
	s.get(to + "?look=1&lang=en").leadsTo(returnTo)
	s.stands(i, invoice.Paid)
	if strings.Contains(log.String(), "345") {
		t.Errorf("the phone is in the log: %s", &log)
	}
}

// asked checks how often the first bank was asked.
func (s *shop) asked(want int) {
	s.Helper()
	s.zarinpal.mu.Lock()
	defer s.zarinpal.mu.Unlock()
	if s.zarinpal.asked != want {
		s.Errorf("the gateway was asked %d times, want %d", s.zarinpal.asked, want)
	}
}

func TestPushThatIsNotConfirmed(t *testing.T) {
	t.Parallel()
	s := openPhoneShop(t)
	s.link("tok", 5000)
	to := s.press("/pay/link/tok", push("912345678")).want(http.StatusSeeOther).header.Get("Location")
	// Who notices a wrong number can send another push.
	other := s.press("/pay/link/tok", push("912345679")).want(http.StatusSeeOther).header.Get("Location")
	if other == to || len(s.zarinpal.started()) != 2 {
		t.Errorf("another number leads to %s, want a push of its own", other)
	}
	s.clock.Add((4 * time.Minute).Microseconds())
	s.get(other+"?lang=en").want(http.StatusOK, "Checking your payment", "do not pay again").never("Confirm on your phone")
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Canceled })
	s.get(other+"?look=1&lang=en").want(http.StatusOK, "Payment not completed", `href="/pay/link/tok">Try again`)
}

func TestPushThatCannotBeSent(t *testing.T) {
	t.Parallel()
	s := openPhoneShop(t)
	s.link("tok", 5000)
	i := s.hosted(nil)
	for _, address := range []string{"/pay/link/tok", page(i) + "/gateway"} {
		s.zarinpal.script(func(b *bank) { b.start = gateway.Refused })
		s.press(address+"?lang=en", push("912 345 678")).want(http.StatusConflict, "could not be sent to this phone",
			`value="912 345 678"`, `value="zarinpal/mb_way" required checked`)
		s.zarinpal.script(func(b *bank) { b.start = gateway.NoAnswer })
		s.press(address+"?lang=en", push("912345678")).want(http.StatusServiceUnavailable,
			"whether the request has reached your phone", "do not pay again")
	}
}

func TestChoiceThatIsNotOffered(t *testing.T) {
	t.Parallel()
	s := openPhoneShop(t)
	i := s.link("tok", 5000)
	for _, choice := range []string{
		"shepa/card", "nobody/cash", "shepa/", "/rocket", "shepa/<script>", "shepa", "x", "zarinpal/cash", "a/b/c",
	} {
		got := s.press("/pay/link/tok?lang=en", url.Values{"choice": {choice}, "phone": {"912345678"}})
		if choice == "shepa/" || choice == "shepa" {
			got.want(http.StatusSeeOther) // any method of it
			continue
		}
		got.want(http.StatusUnprocessableEntity, "This way to pay is not available", "Choose another one",
			`value="shepa/cash"`, `value="912345678"`).never("<script>")
	}
	if got := len(s.payments(i)); got != 1 {
		t.Errorf("there are %d payments, want the one that could be made", got)
	}
}

// The merchant's instructions do not take the place of the reference.
func TestMoneyThatIsPaidToTheMerchant(t *testing.T) {
	t.Parallel()
	s := openPhoneShop(t)
	s.link("tok", 1_250_000)
	for method, want := range map[string][]string{
		"bank_transfer": {"Pay by bank transfer", "Transfer reference", "in the transfer’s description"},
		"cash":          {"Pay in cash", "Reference to quote"},
	} {
		choice := url.Values{"choice": {"shepa/" + method}}
		to := s.press("/pay/link/tok", choice).want(http.StatusSeeOther).header.Get("Location")
		started := s.shepa.started()
		session := "shepa" + string(rune('0'+len(started)))
		s.get(to+"?lang=en").want(http.StatusOK, append(want, "1,250,000", session, "You have 15 minutes to pay",
			`href="https://shop.example/how/`+session+`">See how to pay`, "Check again",
			`href="/pay/link/tok">Choose another`)...).
			never(`http-equiv="refresh"`, "look=1", "do not pay again")
	}
	s.shepa.script(func(b *bank) { b.link = "javascript:alert(%q)" })
	s.clock.Add(time.Hour.Microseconds())
	to := s.press("/pay/link/tok", url.Values{"choice": {"shepa/cash"}}).want(http.StatusSeeOther).header.Get("Location")
	s.get(to+"?lang=en").want(http.StatusOK, "Pay in cash").never("javascript", "See how to pay")
	// A payment that the merchant began has no page of ours to choose on.
	i := s.create(app.NewInvoice{Amount: rial(5000), Title: "Hosting"})
	done, err := s.app.RequestPayment(t.Context(), s.merchant, app.NewPayment{
		Invoice: i.ID, Amount: rial(5000), Gateway: "shepa", NewID: s.newID,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.get("/pay/status/"+app.ReturnToken(done.Payment)+"?lang=en").want(http.StatusOK, "Pay the merchant directly",
		"Transfer reference").never("Choose another way")
}

// Payers are told where to send the money in the merchant's own words, as they are now, and
// only while it is theirs to send and they are the ones who were sent away.
func TestWhereTheMoneyGoes(t *testing.T) {
	t.Parallel()
	s := openPhoneShop(t)
	s.link("tok", 1_250_000)
	tell := func(text string) { s.shepa.script(func(b *bank) { b.info.Instructions = text }) }
	tell("بانک نمونه\nکارت 6037 9911 ۱۲۳۴ 5678\nIBAN: DE02 1203\n<b>A & B</b>\u202e")
	to := map[string]string{}
	for _, method := range []string{"bank_transfer", "cash"} {
		form := url.Values{"choice": {"shepa/" + method}}
		to[method] = s.press("/pay/link/tok", form).want(http.StatusSeeOther).header.Get("Location")
		page := s.get(to[method]+"?lang=en").want(http.StatusOK, "Where to pay", `<p class="told" dir="auto">بانک نمونه`+
			"\nکارت 6037\u00a09911\u00a0۱۲۳۴\u00a05678\nIBAN: DE02\u00a01203\n&lt;b&gt;A &amp; B&lt;/b&gt;</p>",
			"See how to pay")
		if strings.Index(page.body, `<dl class="lines">`) < strings.Index(page.body, `class="told"`) {
			t.Errorf("%s: the reference is above what payers are told:\n%s", method, page.body)
		}
	}
	s.get(to["cash"]+"?lang=fa").want(http.StatusOK, "اطلاعات پرداخت")
	for _, address := range []string{"/pay/link/tok", "/pay/status/x.y"} {
		s.get(address + "?lang=en").never("بانک نمونه")
	}
	tell("Another bank")
	s.get(to["cash"]+"?lang=en").want(http.StatusOK, `dir="auto">Another bank</p>`).never("بانک نمونه")
	tell("")
	s.get(to["cash"]+"?lang=en").want(http.StatusOK, "Pay in cash").never("Where to pay", `class="told"`)

	tell("Another bank")
	s.shepa.script(func(b *bank) { b.outcome = gateway.Captured })
	s.comeBack(s.shepa.started()[1], "shepa2", "ok", "Accept-Language", "en").
		want(http.StatusOK, "Payment complete").never("Another bank", `class="told"`)
	s.get(to["cash"]+"?lang=en").want(http.StatusOK, "Payment complete").never("Another bank")
}

// Who cannot show that the payment is theirs is told no account of anybody.
func TestStrangersAreNotTold(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.zarinpal.script(func(b *bank) {
		b.info.Methods, b.info.Instructions = []payment.Method{payment.BankTransfer}, "Example Bank"
	})
	a := s.sentAway()
	s.get("/pay/status/"+s.token(a)+"?lang=en").want(http.StatusOK, "Example Bank")
	s.do(s.pages.Return, http.MethodGet, "/cb?session=zarinpal1&word=ok&lang=en", "").
		want(http.StatusOK, "zarinpal1").never("Example Bank")
}

// A gateway whose least amount is more than one cent is offered all the same
// before the payer has said how much it is to be.
func TestOpenAmountInEuro(t *testing.T) {
	t.Parallel()
	s := openPhoneShop(t)
	s.zarinpal.script(func(b *bank) {
		b.info.Unit, b.info.Min, b.info.Max = money.EUR, money.New(50, money.EUR), money.Amount{}
	})
	zero := money.Zero(money.EUR)
	s.create(app.NewInvoice{
		Amount: zero, Open: true, Title: "Donations",
		Link: invoice.Link{Token: "euro", Kind: invoice.OpenAmount, Amount: zero},
	})
	s.get("/pay/open/euro?lang=en").want(http.StatusOK, `value="zarinpal/mb_way" required checked`, `name="phone"`)
	form := push("912345678")
	form.Set("amount", "x")
	s.press("/pay/open/euro?lang=en", form).want(http.StatusUnprocessableEntity, "such as 20.")
	form.Set("amount", "0.49")
	form.Set("email", "sara@example.ir")
	s.press("/pay/open/euro?lang=en", form).want(http.StatusUnprocessableEntity,
		"No gateway is available", "Try another gateway or amount", `name="amount"`, `value="0.49"`, `name="phone"`)
	form.Set("amount", "12.50")
	s.press("/pay/open/euro", form).want(http.StatusSeeOther)
	if got := s.zarinpal.started(); len(got) != 1 || got[0].Amount != money.New(1250, money.EUR) ||
		got[0].Payer.Mobile != "+351912345678" || got[0].Payer.Email != "sara@example.ir" {
		t.Errorf("the gateway was told of %+v, want 12.50 EUR to the phone", got)
	}
}

// A payer who presses many times is asked once: each request on the phone could
// be confirmed.
func TestPushIsSentOnce(t *testing.T) {
	t.Parallel()
	s := openPhoneShop(t)
	s.link("tok", 5000)
	for n, address := range []string{"/pay/link/tok", page(s.hosted(nil)) + "/gateway"} {
		var presses sync.WaitGroup
		for range 8 {
			presses.Go(func() { s.press(address, push("912 345 678")).want(http.StatusSeeOther) })
		}
		presses.Wait()
		if got := len(s.zarinpal.started()); got != n+1 {
			t.Errorf("%s: %d pushes were sent, want one for each page", address, got)
		}
	}
}
