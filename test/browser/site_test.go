//go:build browser

package browser

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// site is a merchant's own web site: it is told of payments at /hook, and
// payers come back to /back. It remembers who came, in that order.
type site struct {
	*httptest.Server

	mu     sync.Mutex
	visits []string
}

func openSite(t *testing.T) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("the site could not read a request: %v", err)
		}
		s.mu.Lock()
		s.visits = append(s.visits, r.Method+" "+r.URL.String()+" "+string(body))
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, thanks) // the payer has gone: nobody is left to tell
	}))
	t.Cleanup(s.Close)
	return s
}

const thanks = `<!DOCTYPE html><html lang="en"><title>Tea House</title><link rel="icon" href="data:,"><p>Thank you`

// came are the visits so far.
func (s *site) came() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.visits)
}

// bill is an invoice that a merchant's software made, and where it is paid.
type bill struct {
	shop   *shop
	site   *site
	id     string
	number string
	page   string
}

// bill makes an invoice with a signed call, as the wallet API's description
// has it. Its payer is to come back to the site.
func (s *shop) bill(number, amount, currency string) bill {
	s.Helper()
	b := bill{shop: s, site: openSite(s.T), number: number}
	var made struct {
		TrackID  string `json:"trackid"`
		Redirect string `json:"redirect"`
	}
	s.signed("create-invoice", url.Values{
		"terminal_number": {strconv.FormatInt(s.Zipay.Terminal, 10)}, "amount": {amount}, "currency": {currency},
		"invoice_number": {number}, "callback": {b.site.URL + "/back?lang=en"}, "webhook": {b.site.URL + "/hook"},
	}, &made)
	b.id, b.page = made.TrackID, made.Redirect
	if b.page != s.BaseURL+"/invoice_v1/"+b.id {
		s.Fatalf("the page is at %s, want it at /invoice_v1/%s", b.page, b.id)
	}
	return b
}

// signed makes a call of the wallet API and reads its result.
func (s *shop) signed(method string, form url.Values, result any) {
	s.Helper()
	body := form.Encode()
	mac := hmac.New(sha256.New, []byte(s.Zipay.SecretKey))
	mac.Write([]byte(body))
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.BaseURL+"/api/"+method, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header["api_key"] = []string{s.Zipay.APIKey}
	r.Header["api_sign"] = []string{base64.StdEncoding.EncodeToString(mac.Sum(nil))}
	said := s.send(r)
	if err := json.Unmarshal(said, &struct{ Result any }{result}); err != nil {
		s.Fatalf("%s: %v: %s", method, err, said)
	}
}

// is wants a status of the invoice, as the merchant's software sees it.
func (b bill) is(status string) {
	b.shop.Helper()
	var seen struct{ Status string }
	b.shop.signed("invoice-status", url.Values{"trackid": {b.id}}, &seen)
	if seen.Status != status {
		b.shop.Errorf("the invoice is %s, want %s", seen.Status, status)
	}
}

// paid checks that the payer is back at the merchant's site with the numbers of
// the invoice, that the site had heard of the payment before, and that the
// merchant can take it.
func (b bill) paid(tab *tab) {
	tab.Helper()
	tab.sees("Thank you")
	query := "trackid=" + b.id + "&invoice_number=" + url.QueryEscape(b.number)
	if want := b.site.URL + "/back?lang=en&" + query; tab.URL() != want {
		tab.Errorf("the payer is at %s, want %s", tab.URL(), want)
	}
	want := []string{"POST /hook " + query + "&status=pending", "GET /back?lang=en&" + query + " "}
	if got := b.site.came(); !slices.Equal(got, want) {
		tab.Errorf("at the site came %q, want the notice and then the payer: %q", got, want)
	}
	b.is("pending")
	var taken struct{ Status string }
	b.shop.signed("invoice-verify", url.Values{"trackid": {b.id}}, &taken)
	if taken.Status != "completed" {
		tab.Errorf("the invoice is %s after it was verified, want completed", taken.Status)
	}
}
