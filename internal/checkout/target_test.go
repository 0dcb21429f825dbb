package checkout_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// known are the hosts that pages and redirects of the test's bazaar may lead to:
// our own, the gateways', the merchant's, and that of the bank of the account that
// money is sent to.
var known = []string{"pay.example", "zarinpal.example", "shepa.example", "shop.example", "www.sberbank.com"}

// visit is one request of a payer, or of somebody who wants payers to be led
// elsewhere: all of it but the page is theirs to choose.
type visit struct {
	page          int // of everySight
	press         bool
	query, form   string
	header, value string
}

// leads are the parts of a page that take a browser somewhere.
var leads = regexp.MustCompile(`(?i)\b(?:href|src|action|formaction|content|data-events|data-page)="([^"]*)"`)

// outside gives those addresses of an answer that lead to a host which is not
// known, read as browsers read them.
func outside(header http.Header, body string) (wrong []string) {
	addresses := []string{header.Get("Location")}
	if refresh := header.Get("Refresh"); refresh != "" {
		addresses = append(addresses, refresh)
	}
	for _, found := range leads.FindAllStringSubmatch(body, -1) {
		addresses = append(addresses, html.UnescapeString(found[1]))
	}
	base := &url.URL{Scheme: "https", Host: "pay.example", Path: "/pay/x"}
	for _, address := range addresses {
		if _, target, ok := strings.Cut(address, ";url="); ok {
			address = target
		}
		if address == "data:," || !strings.ContainsAny(address, ":/\\") {
			continue
		}
		plain := strings.NewReplacer("\\", "/", "\t", "", "\n", "", "\r", "").Replace(strings.TrimSpace(address))
		if strings.HasPrefix(plain, "//") {
			plain = "//" + strings.TrimLeft(plain, "/")
		}
		to, err := base.Parse(plain)
		if err != nil || to.Scheme != "https" || to.User != nil || !slices.Contains(known, to.Host) {
			wrong = append(wrong, address)
		}
	}
	return wrong
}

// led makes visits to the pages of one bazaar.
type led struct {
	sights []sight
	visits int
}

func newLed(t testing.TB) *led {
	t.Helper()
	_, sights := everySight(t)
	return &led{sights: sights}
}

// make makes one visit, each from another address, and says what is wrong.
func (l *led) make(ctx context.Context, v visit) error {
	s := l.sights[uint(v.page)%uint(len(l.sights))]
	l.visits++
	target, err := url.Parse(s.address)
	if err != nil {
		return err
	}
	target.RawQuery = strings.TrimPrefix(target.RawQuery+"&"+v.query, "&")
	method, body := http.MethodGet, ""
	if v.press {
		method, body = http.MethodPost, v.form
	}
	r := httptest.NewRequestWithContext(ctx, method, "/", strings.NewReader(body))
	r.URL, r.RequestURI = target, target.RequestURI()
	r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", l.visits>>16&255, l.visits>>8&255, l.visits&255)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	switch {
	case strings.EqualFold(v.header, "Host"):
		r.Host = v.value
	case v.header != "":
		r.Header.Set(v.header, v.value)
	}
	w := httptest.NewRecorder()
	s.handler(w, r)
	if w.Code >= http.StatusInternalServerError && w.Code != http.StatusServiceUnavailable {
		return fmt.Errorf("%s: status %d", s.name, w.Code)
	}
	if wrong := outside(w.Header(), w.Body.String()); len(wrong) > 0 {
		return fmt.Errorf("%s with %+v leads to %q", s.name, v, wrong)
	}
	return nil
}

// elsewhere are addresses of a stranger, in the forms that have fooled servers.
var elsewhere = []string{
	"https://evil.example/", "http://evil.example", "//evil.example", "///evil.example", "/\\evil.example",
	"\\\\evil.example",
	"https:evil.example", "https:/evil.example", "https://shop.example@evil.example/", "https://evil.example#shop.example",
	"https://evil.example?shop.example", "https://shop.example.evil.example/", "https://evil.example\\.shop.example/",
	"javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "/%2f/evil.example", "/\t/evil.example",
	"%0d%0aLocation:%20https://evil.example", "\r\nLocation: https://evil.example", "\"><a href=\"https://evil.example\">",
	"0;url=https://evil.example", "https://ｅvil.example", "https://[::ffff:7f00:1]/", "../../..//evil.example",
}

// wordsOfAddresses are the names of parameters that pages read, and of those that
// other servers read an address from.
var wordsOfAddresses = []string{
	"lang", "n", "look", "t", "session", "word", "id", "choice", "gateway", "phone", "account", "pin", "amount", "deal",
	"url", "next", "return", "returnTo", "return_to", "return_url", "redirect", "redirect_uri", "callback", "callback_url",
	"successUrl", "cancelUrl", "success_url", "cancel_url", "goto", "to", "dest", "continue", "back", "u", "link", "page",
	"Authority", "Status", "paymentID", "status", "tran_id", "token", "trackId", "success", "payment_ref_id", "value_a",
}

var headersOfAddresses = []string{
	"Host", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Proto", "X-Forwarded-Prefix",
	"X-Original-Url", "X-Rewrite-Url", "X-Host", "Referer", "Origin", "Cookie", "Accept-Language",
	"X-Http-Method-Override",
}

// TestPayersChooseNoHost puts a stranger's address into every parameter, of every
// page, of a look and of a press: no answer leads there.
func TestPayersChooseNoHost(t *testing.T) {
	t.Parallel()
	l, ctx := newLed(t), t.Context()
	rapid.Check(t, func(t *rapid.T) {
		pairs := func(what string) string {
			values := url.Values{}
			for range rapid.IntRange(0, 4).Draw(t, what) {
				values.Add(rapid.SampledFrom(wordsOfAddresses).Draw(t, "name"), rapid.SampledFrom(elsewhere).Draw(t, "value"))
			}
			return values.Encode()
		}
		if err := l.make(ctx, visit{
			page: rapid.IntRange(0, len(l.sights)-1).Draw(t, "page"), press: rapid.Bool().Draw(t, "press"),
			query: pairs("query"), form: pairs("form"),
			header: rapid.SampledFrom(headersOfAddresses).Draw(t, "header"),
			value:  rapid.SampledFrom(elsewhere).Draw(t, "of it"),
		}); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzWherePagesLead looks for what a payer can send to be led to a stranger.
func FuzzWherePagesLead(f *testing.F) {
	for n, name := range wordsOfAddresses {
		evil := url.QueryEscape(elsewhere[n%len(elsewhere)])
		f.Add(n, n%2 == 0, name+"="+evil, name+"="+evil, headersOfAddresses[n%len(headersOfAddresses)], "evil.example")
	}
	f.Add(0, true, "lang=en&lang=//evil.example", "gateway=zarinpal", "Cookie", "purser_language=//evil.example")
	f.Add(3, true, "", "choice=zarinpal/https://evil.example", "Sec-Fetch-Site", "same-origin")
	f.Add(7, true, "", "choice=SBP/sberbank", "Accept-Language", "en")
	l := newLed(f)
	f.Fuzz(func(t *testing.T, page int, press bool, query, form, header, value string) {
		if strings.ContainsFunc(query+header+value, unicode.IsControl) || strings.ContainsAny(query, " #") {
			t.Skip("no server hands that on")
		}
		if err := l.make(t.Context(), visit{page, press, query, form, header, value}); err != nil {
			t.Fatal(err)
		}
	})
}

// What the tests above look with sees a stranger's address.
func TestStrangersAddressesAreSeen(t *testing.T) {
	t.Parallel()
	for _, address := range elsewhere {
		if strings.HasPrefix(address, "%0d") || strings.HasPrefix(address, "..") || address == "/%2f/evil.example" ||
			strings.HasPrefix(address, `"`) {
			continue // those lead nowhere by themselves
		}
		if outside(nil, `<a href="`+html.EscapeString(address)+`">`) == nil {
			t.Errorf("%q is not seen on a page", address)
		}
	}
	if wrong := outside(http.Header{"Location": {"https://zarinpal.example/pay/1"}}, `<a href="?lang=en">`); wrong != nil {
		t.Errorf("%q is taken for a stranger's", wrong)
	}
}
