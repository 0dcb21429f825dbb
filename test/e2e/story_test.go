package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

var gateways = []string{"zarinpal", "shepa", "zibal"}

// A shop collects an amount and gives it back, at every gateway.
func TestCollectAndReverse(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		for _, gateway := range gateways {
			invoice := s.invoice(90_000)
			requested := s.request(invoice, gateway, 90_000)
			payment := requested.text(t, "paymentId")
			s.wantStatus(payment, "pending")
			address, seen := s.decide(s.page(requested), "approve")
			if !strings.HasPrefix(address, s.info.BaseURL+"/cb?") {
				t.Errorf("%s: the payer came back to %s, want %s/cb", gateway, address, s.info.BaseURL)
			}
			if !strings.Contains(seen, "<html") || strings.Contains(seen, s.info.IPG.APIKey) {
				t.Errorf("%s: got a strange page after the payment: %s", gateway, seen)
			}
			s.wantStatus(payment, "success")
			s.wantDone(invoice, true)
			s.get(address) // the payer presses reload
			s.wantStatus(payment, "success")
			wantBooks(t, gateway, s.books(gateway), object{"captured": 90_000.0, "charged": 90_000.0})

			back := object{"authority": requested.text(t, "authority"), "invoiceId": invoice}
			if got := s.post("/payment/reverse", back); got["isOk"] != true {
				t.Errorf("%s: got %v for a reversal, want isOk", gateway, got)
			}
			s.wantStatus(payment, "reversed")
			s.wantDone(invoice, false)
			s.call(http.MethodPost, "/payment/refund", s.info.IPG.APIKey, back, http.StatusNotFound)
		}
		s.audit()
	})
}

func wantBooks(t *testing.T, gateway string, got, want object) {
	t.Helper()
	for name, amount := range want {
		if got[name] != amount {
			t.Errorf("%s: the provider's books say %s %v, want %v", gateway, name, got[name], amount)
		}
	}
}

// A payer who does not pay leaves an invoice that can still be paid.
func TestPayerSaysNo(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		for _, gateway := range gateways {
			invoice := s.invoice(90_000)
			first := s.request(invoice, gateway, 90_000)
			s.decide(s.page(first), "cancel")
			if got := s.status(first.text(t, "paymentId")); got != "canceled" && got != "failed" {
				t.Errorf("%s: got status %s after the payer canceled, want canceled or failed", gateway, got)
			}
			second := s.request(invoice, gateway, 90_000)
			s.decide(s.page(second), "approve")
			s.wantStatus(second.text(t, "paymentId"), "success")
			s.wantDone(invoice, true)
		}
		s.audit()
	})
}

// The same return fifty times at once is one capture and one entry.
func TestReturnsInACrowd(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		for _, gateway := range gateways {
			invoice := s.invoice(50_000)
			requested := s.request(invoice, gateway, 50_000)
			address, _ := s.decide(s.page(requested), "approve")
			var crowd sync.WaitGroup
			for range 50 {
				crowd.Go(func() { s.get(address) })
			}
			crowd.Wait()
			s.wantStatus(requested.text(t, "paymentId"), "success")
			wantBooks(t, gateway, s.books(gateway), object{"captured": 50_000.0})
		}
		s.audit()
	})
}

// A big sum is split; its parts are paid one by one.
func TestSplit(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		invoice := s.invoice(250_000)
		requested := s.request(invoice, "zibal", 250_000)
		waiting, ok := requested["waitingPayments"].([]any)
		if !ok || len(waiting) != 2 {
			t.Fatalf("got waiting payments %v, want two", requested["waitingPayments"])
		}
		s.decide(s.page(requested), "approve")
		s.wantStatus(requested.text(t, "paymentId"), "success")
		for _, id := range waiting {
			s.wantDone(invoice, false)
			s.wantStatus(fmt.Sprint(id), "waiting")
			started := s.post("/payment/startWaiting", object{"paymentId": id, "gateway": "zarinpal"})
			s.decide(s.page(started), "approve")
			s.wantStatus(fmt.Sprint(id), "success")
		}
		s.wantDone(invoice, true)
		s.audit()
	})
}

// A link is shown to anybody without starting anything, and pays once.
func TestLink(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		link := s.decode(s.call(http.MethodPost, "/admin/payment/getReadyToPayLink", s.info.IPG.AdminKey, object{
			"amount": 40_000, "userFullName": "A. Payer", "mobile": "09120000001", "readyToPayGateway": "shepa",
		}, http.StatusOK))
		for range 3 {
			if page := s.get(link.text(t, "readyToPayLink")); !strings.Contains(page, "<form") {
				t.Errorf("got a page without a form: %s", page)
			}
		}
		path := "/payment/readyToPay?token=" + link.text(t, "token")
		opened := s.decode(s.call(http.MethodGet, path, "", nil, http.StatusOK))
		again := s.decode(s.call(http.MethodGet, path, "", nil, http.StatusOK))
		if opened.text(t, "authority") != again.text(t, "authority") {
			t.Errorf("got authority %v, then %v, want the same page again", opened["authority"], again["authority"])
		}
		s.decide(s.page(opened), "approve")
		got := s.wantDone(opened.text(t, "invoiceId"), true)
		if payments, ok := got["payments"].([]any); !ok || len(payments) != 1 {
			t.Errorf("got payments %v, want one", got["payments"])
		}
		s.call(http.MethodGet, path, "", nil, http.StatusBadRequest)
		s.audit()
	})
}

// Starting again on the same data goes on with the same keys and payments, on
// whatever port.
func TestRestart(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		invoice := s.invoice(90_000)
		requested := s.request(invoice, "zarinpal", 60_000)
		s.decide(s.page(requested), "approve")
		before := readDemo(t, s.options.Data)
		if before != s.info {
			t.Errorf("demo.json: got %v, want %v", before, s.info)
		}
		s.stop()

		next := open(t, s.options)
		after := readDemo(t, s.options.Data)
		if after.IPG != before.IPG {
			t.Errorf("got keys %v, want those of the first start", after.IPG)
		}
		if after.BaseURL != next.info.BaseURL || after.SandboxURL != next.info.BaseURL+"/sandbox" {
			t.Errorf("got addresses %s and %s, want those of the second start", after.BaseURL, after.SandboxURL)
		}
		next.wantStatus(requested.text(t, "paymentId"), "success")
		wantBooks(t, "zarinpal", next.books("zarinpal"), object{"captured": 60_000.0})
		rest := next.request(invoice, "zarinpal", 30_000)
		next.decide(next.page(rest), "approve")
		next.wantDone(invoice, true)
		next.audit()
	})
}

// Without a key a demo on this machine still serves its merchant; a wrong key
// is refused.
func TestKeys(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		body := object{"title": "Two tickets", "totalAmount": 5000}
		s.call(http.MethodPost, "/invoice/create", "", body, http.StatusOK)
		s.call(http.MethodPost, "/invoice/create", "pk_wrong", body, http.StatusUnauthorized)
		s.call(http.MethodGet, "/admin/payment/allPaymentsStatus", s.info.IPG.APIKey, nil, http.StatusForbidden)
		var all []object
		text := s.call(http.MethodGet, "/admin/payment/allPaymentsStatus", s.info.IPG.AdminKey, nil, http.StatusOK)
		if err := json.Unmarshal(text, &all); err != nil || len(all) != 1 {
			t.Errorf("got %s, %v, want one invoice", text, err)
		}
	})
}
