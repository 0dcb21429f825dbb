package checkout_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/payment"
)

func TestLinkShowsWhatIsPaid(t *testing.T) {
	t.Parallel()
	s := openShop(t, "فروشگاه آفتاب", 0)
	s.link("tok", 1_250_000)
	s.get("/pay/link/tok").want(http.StatusOK,
		`<html lang="fa" dir="rtl">`, "فروشگاه آفتاب", "۱٬۲۵۰٬۰۰۰", "ریال", "معادل ۱۲۵٬۰۰۰\u00a0تومان", "Hosting",
		"زرین\u200cپال", "شپا", `value="zarinpal/iranian_card" required checked`, `action="/pay/link/tok"`)
	english := s.get("/pay/link/tok?lang=en").want(http.StatusOK,
		`<html lang="en" dir="ltr">`, "1,250,000", "Rial", "ZarinPal", "Pay 1,250,000\u00a0Rial",
		`action="/pay/link/tok?lang=en"`)
	english.never("Toman", "ریال")
}

func TestLanguageIsChosen(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.link("tok", 5000)
	const persian, english = `<html lang="fa"`, `<html lang="en"`
	tests := []struct{ name, address, accept, cookie, want string }{
		{"nothing is said", "/pay/link/tok", "", "", persian},
		{"the browser's wish", "/pay/link/tok", "en-GB,en;q=0.9,fa;q=0.5", "", english},
		{"a language nobody wrote", "/pay/link/tok", "ja", "", english},
		{"one of several that somebody wrote", "/pay/link/tok", "ja,fa;q=0.5,en;q=0.2", "", persian},
		{"any language", "/pay/link/tok", "*", "", persian},
		{"a wish that cannot be read", "/pay/link/tok", ";;;=", "", persian},
		{"the address before the browser", "/pay/link/tok?lang=fa", "en", "", persian},
		{"an earlier choice before the browser", "/pay/link/tok", "fa", "en", english},
		{"the address before an earlier choice", "/pay/link/tok?lang=fa", "", "en", persian},
		{"an unknown one in the address", "/pay/link/tok?lang=xx", "en", "", english},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var headers []string
			if test.accept != "" {
				headers = append(headers, "Accept-Language", test.accept)
			}
			if test.cookie != "" {
				headers = append(headers, "Cookie", "purser_language="+test.cookie)
			}
			s.get(test.address, headers...).want(http.StatusOK, test.want)
		})
	}
	if got := s.get("/pay/link/tok?lang=en").header.Get("Set-Cookie"); !strings.HasPrefix(got, "purser_language=en;") ||
		!strings.Contains(got, "HttpOnly") || !strings.Contains(got, "Secure") {
		t.Errorf("Set-Cookie = %q, want the choice, out of reach for scripts", got)
	}
	if got := s.get("/pay/link/tok").header.Get("Set-Cookie"); got != "" {
		t.Errorf("Set-Cookie = %q without a choice, want none", got)
	}
}

// Chat programs, search engines and browsers read pages that nobody asked for.
func TestReadingStartsNothing(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	fixed, open := s.link("tok", 5000), s.open()
	readers := [][]string{
		{"User-Agent", "TelegramBot (like TwitterBot)"},
		{"User-Agent", "WhatsApp/2.23"},
		{"User-Agent", "facebookexternalhit/1.1"},
		{"Sec-Purpose", "prefetch;prerender"},
		{"Purpose", "prefetch"},
	}
	for _, reader := range readers {
		for _, address := range []string{"/pay/link/tok", "/pay/open/any"} {
			s.do(s.pages.ServeHTTP, http.MethodGet, address, "", reader...).want(http.StatusOK)
			s.do(s.pages.ServeHTTP, http.MethodHead, address, "", reader...).want(http.StatusOK)
		}
	}
	if got := len(s.zarinpal.started()) + len(s.shepa.started()); got != 0 {
		t.Errorf("reading opened %d payments, want none", got)
	}
	if got := len(s.payments(fixed)) + len(s.payments(open)); got != 0 {
		t.Errorf("reading made %d payments, want none", got)
	}
}

func TestPayLinkLeadsToTheChosenGateway(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	i := s.link("tok", 1_250_000)
	got := s.press("/pay/link/tok", url.Values{"gateway": {"shepa"}}).want(http.StatusSeeOther)
	if to := got.header.Get("Location"); to != "https://shepa.example/pay/shepa1" {
		t.Errorf("Location = %q, want the page of the chosen gateway", to)
	}
	// A second press finds the page that is open already.
	again := s.press("/pay/link/tok", url.Values{"gateway": {"shepa"}}).want(http.StatusSeeOther)
	if to := again.header.Get("Location"); to != "https://shepa.example/pay/shepa1" {
		t.Errorf("second Location = %q, want the same page", to)
	}
	started := s.shepa.started()
	if len(started) != 1 || started[0].Amount != rial(1_250_000) || len(s.zarinpal.started()) != 0 {
		t.Errorf("shepa was told of %v, zarinpal of %v; want one attempt of 1250000 IRR at shepa", started,
			s.zarinpal.started())
	}
	if made := s.payments(i); len(made) != 1 || made[0].State != payment.Processing || made[0].Link != "tok" {
		t.Errorf("payments = %+v, want one in processing that came through the link", made)
	}
}

func TestPayLinkWithoutAChoiceGoesByRouting(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.link("tok", 5000)
	got := s.press("/pay/link/tok", nil).want(http.StatusSeeOther)
	if to := got.header.Get("Location"); to != "https://zarinpal.example/pay/zarinpal1" {
		t.Errorf("Location = %q, want the first gateway's page", to)
	}
}

func TestPayLinkSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.link("tok", 5000)
	pick := url.Values{"gateway": {"zarinpal"}}

	s.zarinpal.script(func(b *bank) { b.start = gateway.NoAnswer })
	s.press("/pay/link/tok?lang=en", pick).want(http.StatusServiceUnavailable,
		"does not answer at the moment", "Choose another gateway", `value="zarinpal/iranian_card" required checked`,
		"Shepa", "Pay 5,000")
	s.zarinpal.script(func(b *bank) { b.start = gateway.Refused })
	s.press("/pay/link/tok?lang=en", pick).want(http.StatusConflict, "refused the payment", "Pay 5,000")
	s.press("/pay/link/tok?lang=en", url.Values{"gateway": {"nobody"}}).want(http.StatusUnprocessableEntity,
		"No gateway is available", "Pay 5,000")
	s.zarinpal.script(func(b *bank) { b.start, b.link = gateway.Opened, "javascript:alert(%q)" })
	s.press("/pay/link/tok?lang=en", pick).want(http.StatusServiceUnavailable, "does not answer")

	s.get("/pay/link/nosuch?lang=en").want(http.StatusNotFound, "was not found", "Ask the merchant")
	s.press("/pay/link/nosuch?lang=en", pick).want(http.StatusNotFound, "was not found")
}

func TestUsedLinkIsNotPaidAgain(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.link("tok", 5000)
	s.press("/pay/link/tok", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	s.comeBack(s.zarinpal.started()[0], "zarinpal1", "ok").want(http.StatusOK)
	s.get("/pay/link/tok?lang=en").want(http.StatusConflict, "has been paid already").never("<form")
	s.press("/pay/link/tok?lang=en", nil).want(http.StatusConflict, "has been paid already").never("<form")
	if got := len(s.zarinpal.started()); got != 1 {
		t.Errorf("the gateway was asked %d times to open a page, want once", got)
	}
}

func TestLinkOfEachKindHasItsOwnPage(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.link("fixed", 5000)
	s.open()
	s.get("/pay/link/any").want(http.StatusNotFound)
	s.get("/pay/open/fixed").want(http.StatusNotFound)
	s.press("/pay/link/any", nil).want(http.StatusNotFound)
	s.press("/pay/open/fixed", url.Values{"amount": {"5000"}, "email": {"a@b.ir"}}).want(http.StatusNotFound)
}

func TestExtensionShowsTheWholeSum(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 3000)
	i := s.link("old", 2000)
	_, err := s.app.ExtendInvoice(t.Context(), s.merchant, app.Extension{Invoice: i.ID, Amount: rial(7000), Token: "new"})
	if err != nil {
		t.Fatal(err)
	}
	s.get("/pay/link/old").want(http.StatusNotFound)
	// An extension is never split, whatever the merchant's limit.
	s.get("/pay/link/new?lang=en").want(http.StatusOK, "Pay 7,000", "Invoice total", "9,000").never("parts")
	s.press("/pay/link/new", nil).want(http.StatusSeeOther)
	if got := s.zarinpal.started(); len(got) != 1 || got[0].Amount != rial(7000) {
		t.Errorf("the gateway was told of %v, want 7000 IRR", got)
	}
}

func TestSplitLinkIsPaidPartByPart(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 10_000)
	s.link("tok", 25_000)
	s.get("/pay/link/tok?lang=en").want(http.StatusOK, "Pay 10,000", "in 3 parts", "25,000")
	s.press("/pay/link/tok", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	s.comeBack(s.zarinpal.started()[0], "zarinpal1", "ok", "Accept-Language", "en").
		want(http.StatusOK, "Payment complete", "Pay the next part", `href="/pay/link/tok"`)

	s.get("/pay/link/tok?lang=en").want(http.StatusOK, "Pay 10,000", "the next part", "Paid so far", "15,000")
	s.press("/pay/link/tok", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	s.comeBack(s.zarinpal.started()[1], "zarinpal2", "ok").want(http.StatusOK)
	s.get("/pay/link/tok?lang=en").want(http.StatusOK, "Pay 5,000")
	s.press("/pay/link/tok", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	s.comeBack(s.zarinpal.started()[2], "zarinpal3", "ok", "Accept-Language", "en").
		want(http.StatusOK, "Payment complete").never("next part")
	s.get("/pay/link/tok").want(http.StatusConflict)
}

// What merchants and payers write is text on every page, never markup.
func TestWordsAreEscaped(t *testing.T) {
	t.Parallel()
	const evil = `<script>alert(1)</script>"'&`
	s := openShop(t, evil, 0)
	s.create(app.NewInvoice{
		Amount: rial(5000), Title: evil, Description: "x" + evil,
		Link: invoice.Link{Token: "tok", Kind: invoice.Fixed, Amount: rial(5000)},
	})
	s.create(app.NewInvoice{
		Amount: rial(0), Open: true, Title: evil,
		Link: invoice.Link{Token: "any", Kind: invoice.OpenAmount, Amount: rial(0)},
	})
	s.zarinpal.info.Title = evil
	pages := []answer{
		s.get("/pay/link/tok"), s.get("/pay/open/any"),
		s.press("/pay/open/any?lang=en", url.Values{"amount": {evil}, "email": {evil}, "message": {evil}, "gateway": {evil}}),
		s.get("/pay/link/tok?lang=" + url.QueryEscape(evil)), s.get("/pay/status/" + url.PathEscape(evil)),
	}
	s.press("/pay/link/tok", nil).want(http.StatusSeeOther)
	pages = append(pages, s.comeBack(s.zarinpal.started()[0], "zarinpal1", "no"))
	for _, page := range pages {
		page.never("<script", "alert(1)</")
	}
}

func TestRequestsThatNoPageSends(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	i := s.link("tok", 5000)
	s.press("/pay/link/tok", nil, "Sec-Fetch-Site", "cross-site").want(http.StatusForbidden)
	s.do(s.pages.ServeHTTP, http.MethodPost, "/pay/link/tok", "gateway="+strings.Repeat("x", 70_000)).
		want(http.StatusRequestEntityTooLarge)
	s.do(s.pages.ServeHTTP, http.MethodPost, "/pay/link/tok", "%zz=%").want(http.StatusBadRequest)
	s.do(s.pages.ServeHTTP, http.MethodPut, "/pay/link/tok", "").want(http.StatusNotFound)
	s.get("/pay/nothing").want(http.StatusNotFound)
	s.get("/pay/static/style.css").want(http.StatusNotFound)
	s.get("/pay/link/%00").want(http.StatusNotFound)
	s.get("/pay/link/" + strings.Repeat("a", 600)).want(http.StatusNotFound)
	s.get("/pay/link/%ff%fe").want(http.StatusNotFound)
	if got := len(s.payments(i)); got != 0 {
		t.Errorf("they made %d payments, want none", got)
	}
	// Our own page, and old browsers that tell nothing but a hidden origin.
	s.press("/pay/link/tok", nil, "Sec-Fetch-Site", "same-origin").want(http.StatusSeeOther)
	s.press("/pay/link/tok", nil, "Origin", "null").want(http.StatusSeeOther)
}

func TestPressingIsLimitedPerAddress(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.link("tok", 5000)
	limited := -1
	for n := range 200 {
		if s.press("/pay/link/tok", nil).status == http.StatusTooManyRequests {
			limited = n
			break
		}
	}
	if limited < 10 || limited > 60 { // there is more room for looks
		t.Errorf("limited after %d presses, want some room and then a limit", limited)
	}
	s.get("/pay/link/tok").want(http.StatusOK)
	got := s.press("/pay/link/tok?lang=en", nil).want(http.StatusTooManyRequests, "Wait a minute")
	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.clock.Add(60_000_000)
	s.press("/pay/link/tok", nil).want(http.StatusSeeOther)
}

// Pages that look for something are not read without end by one caller, who could be trying
// what they are found by. Others read on.
func TestReadingIsLimitedPerAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"/pay/link/%d", "/pay/open/%d", "/pay/status/%d", "/invoice?id=%d", "/cb?session=zarinpal%d&word=ok",
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, "Shop", 0)
			read := func(n int, from string) answer {
				page := s.pages.ServeHTTP
				switch {
				case strings.HasPrefix(address, "/invoice"):
					page = s.pages.Deal
				case strings.HasPrefix(address, "/cb"):
					page = s.pages.Return
				}
				return s.do(page, http.MethodGet, fmt.Sprintf(address, n), "", "from", from)
			}
			for n := range 120 {
				if got := read(n, "192.0.2.7:1"); got.status == http.StatusTooManyRequests {
					t.Fatalf("limited after %d pages", n)
				}
			}
			if got := read(0, "192.0.2.7:2").want(http.StatusTooManyRequests); got.header.Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			if got := read(0, "192.0.2.8:1"); got.status == http.StatusTooManyRequests {
				t.Error("somebody else is limited")
			}
			s.clock.Add(60_000_000)
			if got := read(0, "192.0.2.7:1"); got.status == http.StatusTooManyRequests {
				t.Error("limited for ever")
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.link("tok", 5000)
	const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' https:; " +
		"base-uri 'none'; frame-ancestors 'none'"
	answers := map[string]answer{
		"page": s.get("/pay/link/tok"), "trouble": s.get("/pay/link/nosuch"), "redirect": s.press("/pay/link/tok", nil),
		"return": s.do(s.pages.Return, http.MethodGet, "/cb", ""),
	}
	want := map[string]string{
		"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		"X-Frame-Options": "DENY", "Cache-Control": "no-store",
	}
	for name, a := range answers {
		for header, value := range want {
			if got := a.header.Get(header); got != value {
				t.Errorf("%s: %s = %q, want %q", name, header, got, value)
			}
		}
	}
	_, rest, _ := strings.Cut(s.get("/pay/link/tok").body, `<link rel="stylesheet" href="`)
	address, _, _ := strings.Cut(rest, `"`)
	style := s.get(address).want(http.StatusOK, "--accent")
	if got := style.header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
		t.Errorf("style sheet: Cache-Control = %q, want a long one: its name changes with it", got)
	}
}

// A sandbox is plain http of this machine: only the contract that an operator made with it
// may lead there.
func TestPayersAreLedToASandboxThatAnOperatorNamed(t *testing.T) {
	t.Parallel()
	const near, usual = "http://127.0.0.1:9101/pay/%s", "form-action 'self' https:; "
	for _, test := range []struct {
		name, base, page string
		leads            bool
		policy           string
	}{
		{"its own", "http://127.0.0.1:9101", near, true, "form-action 'self' https: http://127.0.0.1:* http://localhost:*; "},
		{"another machine's", "http://127.0.0.1:9101", "http://192.0.2.1/pay/%s", false, ""},
		{"the usual", "", near, false, usual},
		{"https", "https://127.0.0.1:9101", near, false, usual},
		{"in another network", "http://192.0.2.1", near, false, usual},
		{"a name that begins so", "http://localhost.example", near, false, usual},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, "Shop", 0)
			s.link("tok", 5000)
			g := merchant.Gateway{
				Merchant: s.merchant, Name: "zarinpal", Connector: "zarinpal", Enabled: true,
				Settings: map[string]string{"base_url": test.base},
			}
			if err := s.app.PutGateway(t.Context(), g); err != nil {
				t.Fatal(err)
			}
			for _, one := range []*bank{s.zarinpal, s.shepa} {
				one.script(func(b *bank) { b.link = test.page })
			}
			policy := s.get("/pay/link/tok").header.Get("Content-Security-Policy")
			if !strings.Contains(policy, test.policy) {
				t.Errorf("the policy is %q, want it to have %q", policy, test.policy)
			}
			want := http.StatusServiceUnavailable
			if test.leads {
				want = http.StatusSeeOther
			}
			s.press("/pay/link/tok", url.Values{"gateway": {"zarinpal"}}).want(want)
			s.press("/pay/link/tok", url.Values{"gateway": {"shepa"}}).want(http.StatusServiceUnavailable)
		})
	}
}

// What a gateway calls its page is not always one that a browser may be sent to.
func TestPayersAreLedToPagesOnly(t *testing.T) {
	t.Parallel()
	for _, page := range []string{
		"javascript://bank.example/?%s", "data://bank.example/%s", "ftp://bank.example/%s", "http://bank.example/%s",
		"//bank.example/%s", "/pay/%s", "https:///pay/%s", "https:pay/%s", "https://bank.example:pin@evil.example/%s",
		"https://bank.example@evil.example/%s",
	} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, "Shop", 0)
			s.link("tok", 5000)
			s.zarinpal.script(func(b *bank) { b.link = page })
			got := s.press("/pay/link/tok", url.Values{"gateway": {"zarinpal"}}).want(http.StatusServiceUnavailable)
			if to := got.header.Get("Location"); to != "" {
				t.Errorf("the payer is led to %q", to)
			}
			s.shepa.script(func(b *bank) { b.link, b.info.Methods = page, []payment.Method{payment.Cash} })
			to := s.press("/pay/link/tok", url.Values{"gateway": {"shepa"}}).want(http.StatusSeeOther).header.Get("Location")
			s.get(to+"?lang=en").want(http.StatusOK, "Pay the merchant directly").never("See how to pay", ".example")
		})
	}
}

// A link asks for its own amount: what came otherwise counts for its invoice only.
func TestLinkAsksForItsOwnAmount(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	i := s.link("old", 2000)
	s.press("/pay/link/old", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	s.comeBack(s.zarinpal.started()[0], "zarinpal1", "ok").want(http.StatusOK)
	if _, err := s.app.ExtendInvoice(t.Context(), s.merchant, app.Extension{
		Invoice: i.ID, Amount: rial(7000), Token: "new",
	}); err != nil {
		t.Fatal(err)
	}
	s.get("/pay/link/new?lang=en").want(http.StatusOK, "Pay 7,000", line("Paid so far", "2,000\u00a0Rial")).
		never("next part")
}

// Who has paid a link is not asked again, whatever of it went back, not even where that
// opened the invoice again for its merchant.
func TestPaidLinkStaysPaid(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	i := s.link("tok", 1_250_000)
	s.press("/pay/link/tok", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	a := s.zarinpal.started()[0]
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	s.comeBack(a, "zarinpal1", "ok").want(http.StatusOK)
	status := "/pay/status/" + s.token(a) + "?lang=en"
	for _, part := range []struct {
		back  int64
		state invoice.State
		told  string
	}{
		{250_000, invoice.Open, "Payment complete"}, {1_000_000, invoice.Refunded, "Payment given back"},
	} {
		s.back(i, rial(part.back))
		s.stands(i, part.state)
		s.get("/pay/link/tok?lang=en").want(http.StatusConflict, "This link has been paid already").never("<form")
		s.press("/pay/link/tok?lang=en", nil).want(http.StatusConflict, "This link has been paid already").never("<form")
		s.get(status).want(http.StatusOK, part.told).never("Try again", "next part", "/pay/link/")
	}
}
