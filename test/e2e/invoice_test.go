package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/server"
)

// The answers as the copied API prints them, with a mail address that is one.
const (
	printedCreate = `{"result":{"trackid":"de7d44ae-9df9-487f-a175-ade1ecfab28b",
		"redirect":"http://api.zipay.io/invoice_v1/de7d44ae-9df9-487f-a175-ade1ecfab28b","message":null},
		"success":true,"status":200}`
	printedInvoice = `{"trackid":"de7d44ae-9df9-487f-a175-ade1ecfab28b","status":"pending","amount":"100.99",
		"coin":{"name":"United States dollar","currency":"USD","symbol":"$"},"invoice_number":"1000","time":1680282113,
		"date":"31/03/2023 17:01 UTC","pay_date":"31/03/2023 17:02 UTC","datew3c":"2023-03-31T17:01:53+00:00",
		"pay_datew3c":"2023-03-31T17:02:08+00:00","merchant_terminal_number":1003,"invoice_transaction_id":101,
		"national_id":"","payer_firstname":"First","payer_lastname":"Last","payer_email":"payer@shop.example",
		"payer_account_number":10025}`
	printedSingle = `{"result":` + printedInvoice + `,"success":true,"status":200}`
	printedList   = `{"items":[` + printedInvoice + `],"total":9,"limit":3,"page":1,"sort":"desc",
		"success":true,"status":200}`
)

// newInvoice is the body of create-invoice in the order of its printed table.
func newInvoice(terminal int64, s *site, amount, currency, number string) string {
	return fmt.Sprintf("terminal_number=%d&amount=%s&currency=%s&invoice_number=%s&callback=%s&webhook=%s",
		terminal, amount, currency, url.QueryEscape(number), url.QueryEscape(s.at("/back?lang=en")),
		url.QueryEscape(s.at("/hook")))
}

// wantShape compares an answer with what is printed, member by member.
func wantShape(t *testing.T, what string, got []byte, printed string) {
	t.Helper()
	if got, want := shape(t, got), shape(t, []byte(printed)); got != want {
		t.Errorf("%s: got the shape\n%s\nwant\n%s", what, got, want)
	}
}

// A shop whose software was written against the printed description is paid
// from a wallet, is told before its payer is back, verifies and gives back.
func TestInvoiceAsPrinted(t *testing.T) {
	t.Parallel()
	eachBureau(t, server.TerminalTerms{}, func(t *testing.T, b *bureau) {
		b.closed(func() { b.fill(b.ann.account, "250", "USD") })
		s, p := openSite(t), newPayer(t)
		made := b.shop.send("create-invoice", newInvoice(b.terminal, s, "100.99", "USD", "INV 7/2026"), http.StatusOK)
		wantShape(t, "create-invoice", made, printedCreate)
		b.shop.refused("create-invoice", newInvoice(b.terminal, s, "100.99", "USD", "INV 7/2026"), http.StatusConflict, "")
		fresh := listed[printed](b.shop, "invoice-list", "invoice_number=INV+7%2F2026").Items[0]
		id := fresh.TrackID
		if fresh = b.shop.invoice("invoice-status", id, "generated"); fresh.PayDate != nil || fresh.PayDateW3C != nil ||
			fresh.FirstName != nil || fresh.Email != nil || fresh.Account != nil || fresh.NationalID != "" {
			t.Errorf("before the payment: got %+v, want no word of a payer", fresh)
		}
		page := b.front.URL + "/invoice_v1/" + id
		shown := p.look(page)
		if shown.status != http.StatusOK || !strings.Contains(shown.text, `action="/pay/invoice/`+id+`/wallet"`) ||
			!strings.Contains(shown.text, "100.99") {
			t.Fatalf("the page: got status %d: %s", shown.status, shown.text)
		}
		b.shop.refused("invoice-verify", "trackid="+id, http.StatusConflict, "")

		back := p.press(b.front.URL+"/pay/invoice/"+id+"/wallet", wallet(b.ann.number(), b.ann.pin))
		wantToldThenBack(t, s, back, id, b.secret)
		b.ann.wantBalance("the payer has paid", "USD", "149.01")
		b.shop.wantBalance("nothing is verified", "USD", "0")
		pending := b.shop.send("invoice-status", "trackid="+id, http.StatusOK)
		wantShape(t, "invoice-status", pending, printedSingle)
		paid := b.shop.invoice("invoice-verify", id, "completed")
		if *paid.FirstName != "Ann" || *paid.Email != b.ann.email || *paid.Account != b.ann.account ||
			paid.Amount != "100.99" {
			t.Errorf("got %+v, want the payer by name", paid)
		}
		b.shop.wantBalance("verified", "USD", "100.99")
		again := b.shop.send("invoice-verify", "trackid="+id, http.StatusOK)
		wantShape(t, "invoice-verify", again, printedSingle)
		if status := b.shop.send("invoice-status", "trackid="+id, http.StatusOK); string(status) != string(again) {
			t.Errorf("verified again: got %s, want %s", again, status)
		}
		b.shop.wantBalance("verified twice", "USD", "100.99")
		wantShape(t, "invoice-list", b.shop.send("invoice-list", "status=completed&limit=3", http.StatusOK), printedList)

		wantShape(t, "invoice-refund", b.shop.send("invoice-refund", "trackid="+id, http.StatusOK), printedSingle)
		refunded := b.shop.invoice("invoice-status", id, "refunded")
		if *refunded.PayDate != *paid.PayDate || *refunded.Account != b.ann.account {
			t.Errorf("got %+v, want the facts of the payment to stay", refunded)
		}
		b.shop.refused("invoice-refund", "trackid="+id, http.StatusConflict, "")
		b.shop.refused("invoice-verify", "trackid="+id, http.StatusConflict, "")
		b.ann.wantBalance("refunded", "USD", "250")
		b.shop.wantBalance("refunded", "USD", "0")
		if hooks := s.hooks(); len(hooks) != 1 {
			t.Errorf("the site heard %d notices, want one: nothing but a payment is told", len(hooks))
		}
	})
}

// wantToldThenBack checks that the site heard of the payment, in exactly the
// promised words, and after that saw the payer come back.
func wantToldThenBack(t *testing.T, s *site, back seen, id, secret string) {
	t.Helper()
	visits := s.came()
	if len(visits) != 2 || visits[0].path != "/hook" || visits[1].path != "/back" {
		t.Fatalf("the payer arrived at %s (%d); at the site came %+v, want a notice and then the payer: %s",
			back.address, back.status, visits, back.text)
	}
	told, came := visits[0], visits[1]
	if want := "trackid=" + id + "&invoice_number=INV+7%2F2026&status=pending"; told.body != want {
		t.Errorf("the site was told %q, want %q", told.body, want)
	}
	if got := told.header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
		t.Errorf("the notice has the type %s", got)
	}
	wantGenuine(t, told, secret)
	if want := "lang=en&trackid=" + id + "&invoice_number=INV+7%2F2026"; came.query != want {
		t.Errorf("the payer came back with %q, want %q", came.query, want)
	}
}

// Only the person with the national id may pay, from a wallet, and nobody with
// a wrong PIN; a merchant without the money cannot refund.
func TestInvoiceForOnePerson(t *testing.T) {
	t.Parallel()
	eachBureau(t, server.TerminalTerms{}, func(t *testing.T, b *bureau) {
		b.closed(func() {
			b.fill(b.ann.account, "50", "USD")
			b.fill(b.bob.account, "50", "USD")
		})
		s, p := openSite(t), newPayer(t)
		made, _ := single[struct{ TrackID string }](b.shop, "create-invoice",
			newInvoice(b.terminal, s, "20", "USD", "1")+"&national_id=0012345679")
		id := made.TrackID
		if page := p.look(b.front.URL + "/invoice_v1/" + id); strings.Contains(page.text, "/gateway") {
			t.Errorf("the page offers gateways to anybody: %s", page.text)
		}
		pay := b.front.URL + "/pay/invoice/" + id
		for _, wrong := range []struct {
			what string
			form url.Values
		}{
			{"another person", wallet(b.bob.number(), b.bob.pin)},
			{"a wrong PIN", wallet(b.ann.number(), "0000")},
			{"nobody", wallet("99999", "4711")},
			{"the merchant itself", wallet("10000", "4711")},
		} {
			if got := p.press(pay+"/wallet", wrong.form); got.status < 400 || got.status >= 500 {
				t.Errorf("%s: got status %d at %s: %s", wrong.what, got.status, got.address, got.text)
			}
		}
		if got := p.press(pay+"/gateway", url.Values{"gateway": {"till-USD"}}); got.status < 400 || got.status >= 500 {
			t.Errorf("a gateway: got status %d at %s: %s", got.status, got.address, got.text)
		}
		b.shop.invoice("invoice-status", id, "generated")
		p.press(pay+"/wallet", wallet(b.ann.email, b.ann.pin)) // by the mail address, this time
		b.shop.invoice("invoice-verify", id, "completed")
		b.ann.wantBalance("paid", "USD", "30")

		single[struct{ Amount string }](b.shop, "transfer",
			"receiver="+b.bob.number()+"&amount=0.01&currency=USD&order_id=1")
		b.shop.refused("invoice-refund", "trackid="+id, http.StatusPaymentRequired, "")
		b.shop.invoice("invoice-status", id, "completed")
		b.bob.wantBalance("given", "USD", "50.01")
	})
}

// A receiver that hangs keeps no payer waiting for long, and one that answers
// 500 for no moment. The terminal has its notices in JSON.
func TestReceiverInTrouble(t *testing.T) {
	t.Parallel()
	form := "json"
	eachBureau(t, server.TerminalTerms{Form: &form}, func(t *testing.T, b *bureau) {
		b.closed(func() { b.fill(b.ann.account, "50", "USDT") })
		over := make(chan struct{})
		failing, hung := openSite(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		}), openSite(t, func(http.ResponseWriter, *http.Request) {
			<-over
			panic(http.ErrAbortHandler) // the connection breaks off
		})
		defer close(over)
		p := newPayer(t)
		for _, s := range []*site{failing, hung} {
			id, _ := b.bill(s, "1.5", "USDT", "INV 7/2026"+s.server.URL)
			back := p.press(b.front.URL+"/pay/invoice/"+id+"/wallet", wallet(b.ann.number(), b.ann.pin))
			visits := s.came()
			if len(visits) != 2 || visits[1].path != "/back" {
				t.Fatalf("the payer arrived at %s (%d), at the site came %v", back.address, back.status, visits)
			}
			// A payer waits two seconds at most. The rest is for a busy machine.
			if s == hung && back.took < time.Second || back.took > 4*time.Second {
				t.Errorf("%s: the payer was back after %s", s.server.URL, back.took)
			}
			told := visits[0]
			wantGenuine(t, told, b.secret)
			want := `{"trackid":"` + id + `","invoice_number":"INV 7/2026` + s.server.URL + `","status":"pending"}`
			if told.body != want || told.header.Get("Content-Type") != "application/json" {
				t.Errorf("got %s %s, want %s", told.header.Get("Content-Type"), told.body, want)
			}
			b.shop.invoice("invoice-verify", id, "completed")
		}
	})
}
