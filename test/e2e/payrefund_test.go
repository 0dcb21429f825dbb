package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/server"
)

// The cards of the sandbox.
const (
	exampleCard  = "1234567890123456"
	visaCard     = "4242424242424242"
	declinedCard = "4000000000000002"
	secureCard   = "4000002500003155" // its bank wants to see the payer
)

// byCard is a payment by card as it is asked for.
func byCard(amount json.Number, number string) object {
	return object{"amount": amount, "payment_method": "credit_card", "additional_params": object{
		"method": "credit_card", "number": number, "name": "CARD HOLDER", "expiration_month": "05",
		"expiration_year": "2028", "cvv": "321",
	}}
}

// byPhone is one that its payer confirms on a phone.
func byPhone(amount json.Number, number string) object {
	return object{"amount": amount, "payment_method": "mbway", "additional_params": object{"phone_number": number}}
}

// says sends a request that is understood.
func (s *shop) says(method, path string, body any) object {
	s.t.Helper()
	return s.decode(s.call(method, path, s.info.Payrefund.APIKey, body, http.StatusOK))
}

// pays makes a payment that must stand as it is said, and gives its address and id.
func (s *shop) pays(body object, status string) (path, id string) {
	s.t.Helper()
	p := s.says("POST", "/api/payments", body)
	if p["status"] != status {
		s.t.Fatalf("got %v, want a payment that is %s", p, status)
	}
	id = p.text(s.t, "payment_id")
	return "/api/payments/" + id, id
}

// stands is how a payment must stand; the rest are members and their values.
func (s *shop) stands(p object, status string, more ...any) {
	s.t.Helper()
	if p["status"] != status {
		s.t.Errorf("got %v, want a payment that is %s", p, status)
	}
	for n := 0; n < len(more); n += 2 {
		if name, _ := more[n].(string); p[name] != more[n+1] {
			s.t.Errorf("got %s %v, want %v", name, p[name], more[n+1])
		}
	}
}

// refuses wants a request to be understood and not granted.
func (s *shop) refuses(method, path string, body any, words string) {
	s.t.Helper()
	if got := s.says(method, path, body); got["errors"] != words {
		s.t.Errorf("%s %s: got %v, want %q", method, path, got, words)
	}
}

// refund gives money back, which must be granted.
func (s *shop) refund(id string, amount json.Number) {
	s.t.Helper()
	if got := s.says("POST", "/api/refunds", object{"payment_id": id, "amount": amount}); got["payment_id"] != id {
		s.t.Errorf("got %v, want a refund", got)
	}
}

// A card is held, settled and partly given back, and the acquirer's own books
// say the same.
func TestCardIsSettledAndRefunded(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		for _, number := range []string{exampleCard, visaCard} {
			path, id := s.pays(byCard("50.0", number), "success")
			if got := s.says("PUT", path, byCard("50.0", number)); got["status"] != "success" {
				t.Errorf("got %v, want it as it was", got)
			}
			s.stands(s.says("PUT", path, object{"amount": 60}), "success", "amount", 60.0)
			s.stands(s.says("PUT", path, object{"amount": 50}), "success", "amount", 50.0)
			s.refund(id, "20")
			s.refuses("PUT", path, object{"settled_amount": 40},
				"settled_amount 40.0 is more than the payment amount without its refunds, 30.0")
			s.stands(s.says("PUT", path, object{"settled_amount": 30}), "settled", "settled_amount", 30.0)
			s.stands(s.says("PUT", path, object{"settled_amount": 30}), "settled", "settled_amount", 30.0)
			s.refund(id, "12.34")
			s.refuses("POST", "/api/refunds", object{"payment_id": id, "amount": 17.67},
				"refunds would total 50.01, more than the payment amount 50.0")
			s.stands(s.says("GET", path, nil), "settled", "amount", 50.0, "settled_amount", 30.0)
		}
		wantBooks(t, "stripe", s.books("stripe"), object{"captured": 6000.0, "refunded": 2468.0})
		s.audit()
	})
}

// A declined card is an error, and another card in its place is a success.
func TestDeclinedCardIsTriedAgain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		path, id := s.pays(byCard("50.0", declinedCard), "error")
		s.refuses("POST", "/api/refunds", object{"payment_id": id, "amount": 1},
			"the payment is error: it cannot be refunded")
		s.stands(s.says("PUT", path, byCard("50.0", "4000000000009995")), "error")
		s.stands(s.says("PUT", path, byCard("45.5", visaCard)), "success", "amount", 45.5)
		s.stands(s.says("PUT", path, object{"settled_at": "2026-01-02T03:04:05"}), "settled",
			"settled_at", "2026-01-02T03:04:05.000", "settled_amount", 45.5)
		for _, number := range []string{"1234", "none", "", "************4242"} {
			s.pays(byCard("5", number), "error")
		}
		wantBooks(t, "stripe", s.books("stripe"), object{"captured": 4550.0})
		s.audit()
	})
}

// What is deleted is let go at the acquirer, and a deleted settlement stays taken.
func TestDeletedCardIsLetGo(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		path, id := s.pays(byCard("50.0", visaCard), "success")
		s.refund(id, "20")
		s.stands(s.says("DELETE", path, nil), "success", "payment_id", id)
		kept, _ := s.pays(byCard("30.0", visaCard), "success")
		s.says("PUT", kept, object{"settled_amount": 30})
		s.stands(s.says("DELETE", kept, nil), "settled")
		for _, gone := range []string{path, kept} {
			for _, method := range []string{"GET", "DELETE"} {
				if got := s.says(method, gone, nil); len(got) != 0 {
					t.Errorf("%s: got %v, want nothing", method, got)
				}
			}
		}
		if got := string(s.call("GET", "/api/payments", s.info.Payrefund.APIKey, nil, 200)); got != "[]" {
			t.Errorf("got %s, want no payment", got)
		}
		if got := string(s.call("GET", "/api/refunds", s.info.Payrefund.APIKey, nil, 200)); strings.Count(got, id) != 1 {
			t.Errorf("got %s, want the refund of what was deleted", got)
		}
		wantBooks(t, "stripe", s.books("stripe"), object{"captured": 3000.0, "refunded": 0.0})
		s.audit()
	})
}

// A payer whose bank asks is sent there by a header, and pays when it is content.
func TestPayerIsAskedByTheBank(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		for decision, status := range map[string]string{"approve": "success", "decline": "error"} {
			text, err := json.Marshal(byCard("50.0", secureCard))
			if err != nil {
				t.Fatal(err)
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.info.BaseURL+"/api/payments",
				bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			response, err := s.browser.Do(request) // without a key: this is a demo
			if err != nil {
				t.Fatal(err)
			}
			var p object
			err = json.NewDecoder(response.Body).Decode(&p)
			_ = response.Body.Close()
			page, found := strings.CutSuffix(strings.TrimPrefix(response.Header.Get("Link"), "<"), `>; rel="payment"`)
			if err != nil || !found || p["status"] != "pending" {
				t.Fatalf("got %v with the header %v, %v", p, response.Header, err)
			}
			s.decide(page, decision)
			until(t, "the payment to be "+status, func() bool {
				return s.says("GET", "/api/payments/"+p.text(t, "payment_id"), nil)["status"] == status
			})
		}
		s.audit()
	})
}

// pushOf finds the push that is open for a number on the make-believe phone.
var pushOf = regexp.MustCompile(`action="phone/([^"?]+)[^"]*"`)

// presses does what the owner of a phone does.
func (s *shop) presses(number, decision string) {
	s.t.Helper()
	phone := s.info.SandboxURL + "/ifthenpay/phone"
	query := "?number=" + url.QueryEscape("351#"+number)
	found := pushOf.FindStringSubmatch(s.get(phone + query))
	if found == nil {
		s.t.Fatalf("the phone shows no push: %s", s.get(phone))
	}
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, phone+"/"+found[1]+query,
		strings.NewReader(url.Values{"decision": {decision}}.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.do(request, http.StatusOK)
}

// MB WAY waits for the payer, who confirms or refuses on the phone.
func TestPhone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		path, id := s.pays(byPhone("30.5", "912000001"), "pending")
		s.refuses("POST", "/api/refunds", object{"payment_id": id, "amount": 1},
			"the payment is pending: it cannot be refunded")
		refused, _ := s.pays(byPhone("10", "912000002"), "pending")
		s.presses("912000001", "approve")
		s.presses("912000002", "decline")
		until(t, "the payer's word", func() bool {
			return s.says("GET", path, nil)["status"] == "success" && s.says("GET", refused, nil)["status"] == "error"
		})
		s.refund(id, "10.5")
		s.stands(s.says("PUT", path, object{"settled_amount": 20}), "settled", "settled_amount", 20.0)
		s.refuses("POST", "/api/refunds", object{"payment_id": id, "amount": 20.01},
			"refunds would total 30.51, more than the payment amount 30.5")
		s.stands(s.says("PUT", refused, byPhone("10", "912000002")), "pending")
		s.stands(s.says("DELETE", refused, nil), "pending")
		s.presses("912000002", "approve")
		s.untilBooks("ifthenpay", "refunded", 2050)
		wantBooks(t, "ifthenpay", s.books("ifthenpay"), object{"captured": 4050.0})
		s.audit()
	})
}

// The demo opens the ports that the documents name when it is told to.
func TestPortsOfTheDemo(t *testing.T) {
	t.Parallel()
	s := open(t, server.DemoOptions{Payments: "127.0.0.1:0", Refunds: "127.0.0.1:0"})
	_, id := s.pays(byCard("50.0", visaCard), "success")
	s.refund(id, "20")
	addresses := s.demo.Addresses()
	if len(addresses) != 3 {
		t.Fatalf("got the addresses %v, want three", addresses)
	}
	for address, want := range map[string]string{addresses[1]: `[{"payment_id"`, addresses[2]: `[{"refund_id"`} {
		got := s.get("http://" + address + "/api/payments?payment_id=" + id + "&refund_id=" + onlyRefund(s))
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}

// onlyRefund is the id of the only refund there is.
func onlyRefund(s *shop) string {
	s.t.Helper()
	var list []object
	text := s.call("GET", "/api/refunds", "", nil, http.StatusOK)
	if err := json.Unmarshal(text, &list); err != nil || len(list) != 1 {
		s.t.Fatalf("got %s, %v, want one refund", text, err)
	}
	return list[0].text(s.t, "refund_id")
}
