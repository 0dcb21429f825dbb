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
	"github.com/purserhq/purser/internal/payment"
)

// TestTokensOpenTheirOwnPage tries what opens each page at every other one: it
// finds nothing there, by a look and by a press, and nothing changes.
func TestTokensOpenTheirOwnPage(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, byPhone)
	fixed := b.link("tok", 5000)
	open := b.open()
	hosted := b.hosted(nil)
	running := b.link("running", 7000)
	b.press("/pay/link/running", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	status := b.token(b.zarinpal.started()[0])
	bill := b.bill(nil)
	d := b.begun(bill)
	tokens := map[string]string{
		"link": "tok", "open": "any", "hosted": hosted.ID, "status": status, "deal": bill.ID,
		"an id of a link's invoice": fixed.ID, "an id of an open invoice": open.ID,
		"an id of a payment": b.payments(running)[0].ID,
		"an id of a deal":    d.ID, "a part of a status": status[strings.IndexByte(status, '.')+1:], "nothing": "none",
		"a merchant": b.merchant,
	}
	serve := b.pages.ServeHTTP
	pages := []struct {
		name, method, address, form string
		handler                     http.HandlerFunc
	}{
		{"link", http.MethodGet, "/pay/link/%s", "", serve},
		{"link", http.MethodPost, "/pay/link/%s", "gateway=zarinpal", serve},
		{"open", http.MethodGet, "/pay/open/%s", "", serve},
		{"open", http.MethodPost, "/pay/open/%s", "gateway=zarinpal&amount=5000", serve},
		{"hosted", http.MethodGet, "/pay/invoice/%s", "", serve},
		{"hosted", http.MethodPost, "/pay/invoice/%s/wallet", "account=10001&pin=246810", serve},
		{"hosted", http.MethodPost, "/pay/invoice/%s/gateway", "gateway=zarinpal", serve},
		{"status", http.MethodGet, "/pay/status/%s", "", serve},
		{"status", http.MethodGet, "/pay/status/%s?look=1", "", serve},
		{"status", http.MethodGet, "/cb?t=%s&session=zarinpal1&word=ok", "", b.pages.Return},
		{"deal", http.MethodGet, "/invoice?id=%s", "", b.pages.Deal},
		{"deal", http.MethodPost, "/pay/deal/%s/start", "choice=SBP/sberbank", serve},
		{"deal", http.MethodPost, "/pay/deal/%s/sent", "deal=" + d.ID, serve},
		{"deal", http.MethodGet, "/pay/deal/%s/cancel", "", serve},
		{"deal", http.MethodPost, "/pay/deal/%s/cancel", "", serve},
	}
	before, callers := b.record(true), 0
	for _, p := range pages {
		for name, token := range tokens {
			if name == p.name {
				continue
			}
			callers++
			got := b.do(p.handler, p.method, fmt.Sprintf(p.address, url.QueryEscape(token)), p.form,
				"from", fmt.Sprintf("10.2.%d.%d:1", callers/250, callers%250), "Accept-Language", "en")
			want := http.StatusNotFound
			if strings.HasPrefix(p.address, "/cb") {
				want = http.StatusOK // a page all the same: see Return
			}
			if got.status != want {
				t.Errorf("%s at %s %s: status %d, want %d", name, p.method, p.address, got.status, want)
			}
			got.never("Hosting", "Donations", "5,000", "7,000", "Boris", "<form")
		}
		if after := b.record(true); after != before {
			t.Errorf("%s %s changed something:\n%.2000s\nbefore:\n%.2000s", p.method, p.address, after, before)
			before = after
		}
	}
}

// TestReturnsArePayersOwn brings the session of each payment back with the token
// of every other one, at both banks: only where they belong together does anything
// come of it.
func TestReturnsArePayersOwn(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	type running struct {
		i              invoice.Invoice
		token, session string
	}
	var all []running
	for n, name := range []string{"zarinpal", "shepa", "zarinpal", "shepa"} {
		i := s.link(fmt.Sprint("tok", n), 5000)
		s.press(fmt.Sprint("/pay/link/tok", n), url.Values{"gateway": {name}}).want(http.StatusSeeOther)
		at := map[string]*bank{"zarinpal": s.zarinpal, "shepa": s.shepa}[name]
		a := at.started()[n/2]
		all = append(all, running{i, s.token(a), fmt.Sprint(name, n/2+1)})
	}
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	s.shepa.script(func(b *bank) { b.outcome = gateway.Captured })
	back := func(token, session string) {
		t.Helper()
		s.do(s.pages.Return, http.MethodGet, "/cb?"+url.Values{
			"t": {token}, "session": {session}, "word": {"ok"},
		}.Encode(), "", "Accept-Language", "en").want(http.StatusOK)
	}
	stands := func(of running, want payment.State) {
		t.Helper()
		if p := s.payments(of.i)[0]; p.State != want {
			t.Errorf("the payment of %s is %s, want %s", of.session, p.State, want)
		}
	}
	for _, a := range all {
		for _, other := range all {
			if a.token != other.token {
				back(a.token, other.session)
				back(a.token+"x", a.session)
				back(strings.Replace(a.token, ".", ".x", 1), a.session)
			}
		}
	}
	for _, a := range all {
		stands(a, payment.Processing)
	}
	for n, a := range all {
		back(a.token, a.session)
		stands(a, payment.Captured)
		for _, later := range all[n+1:] {
			stands(later, payment.Processing)
		}
	}
	views, _, err := s.app.Invoices(t.Context(), s.merchant, app.Page{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range views {
		if v.Invoice.Captured != rial(5000) {
			t.Errorf("%s is paid with %s, want 5000", v.Invoice.ID, v.Invoice.Captured)
		}
	}
}
