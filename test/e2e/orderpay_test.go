package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/server"
)

// order is made by the demo's seller for its customer.
func (s *shop) order(total json.Number, currency string) string {
	s.t.Helper()
	k := s.info.Orderpay
	made := s.decode(s.call(http.MethodPost, "/order", k.SellerToken,
		object{"userId": k.UserID, "total": total, "currency": currency}, http.StatusCreated))
	if made["paymentStatus"] != "PENDING" || made["userId"] != k.UserID {
		s.t.Fatalf("got %v, want an order", made)
	}
	return made.text(s.t, "orderId")
}

// claimed is a payment that somebody states.
func (s *shop) claimed(token, order string, amount json.Number, method, status string) object {
	s.t.Helper()
	return s.decode(s.call(http.MethodPost, "/payment", token, object{
		"orderId": order, "amount": amount, "paymentMethod": method, "status": status,
	}, http.StatusCreated))
}

// paid reads a payment back as its customer.
func (s *shop) paid(payment object) object {
	s.t.Helper()
	path := "/payment/" + payment.text(s.t, "id")
	return s.decode(s.call(http.MethodGet, path, s.info.Orderpay.CustomerToken, nil, http.StatusOK))
}

// The customer of an order says that it is paid, has to pay it on bKash's page,
// and then it is.
func TestOrderIsPaidAtBkash(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		k := s.info.Orderpay
		order := s.order("500", "BDT")
		first := s.claimed(k.CustomerToken, order, "200.5", "bkash", "COMPLETED")
		page := first.text(t, "paymentUrl")
		if first["status"] != "PENDING" || first["amount"] != 200.5 || first["paymentMethod"] != "Bkash" ||
			!strings.HasPrefix(page, s.info.SandboxURL+"/bkash/") {
			t.Fatalf("got %v, want one that is paid at bKash", first)
		}
		if text := s.get(page); !strings.Contains(text, "200.50") {
			t.Errorf("the page does not show the amount: %s", text)
		}
		if again := s.paid(first); again["paymentUrl"] != page {
			t.Errorf("got %v, want the page still", again)
		}
		back, seen := s.decide(page, "approve")
		if !strings.HasPrefix(back, s.info.BaseURL+"/cb?") || seen == "" {
			t.Errorf("the payer arrived at %s", back)
		}
		done := s.paid(first)
		if _, shown := done["paymentUrl"]; shown || done["status"] != "COMPLETED" {
			t.Errorf("got %v, want it completed", done)
		}

		// Another one is refused on the page, and the rest is received by the seller.
		second := s.claimed(k.CustomerToken, order, "299.5", "Bkash", "PENDING")
		s.decide(second.text(t, "paymentUrl"), "cancel")
		if got := s.paid(second); got["status"] != "CANCELLED" && got["status"] != "FAILED" {
			t.Errorf("got %v, want it canceled", got)
		}
		s.call(http.MethodPost, "/payment", k.SellerToken, object{
			"orderId": order, "amount": 299.51, "paymentMethod": "Cash", "status": "COMPLETED",
		}, http.StatusBadRequest)
		if got := s.claimed(k.SellerToken, order, "299.5", "Cash", "COMPLETED"); got["status"] != "COMPLETED" {
			t.Errorf("got %v, want it completed", got)
		}
		refused := s.call(http.MethodPost, "/payment", k.AdminToken, object{
			"orderId": order, "amount": 1, "paymentMethod": "Cash", "status": "COMPLETED",
		}, http.StatusBadRequest)
		if !strings.Contains(string(refused), "Order already fully paid") {
			t.Errorf("got %s", refused)
		}
		wantBooks(t, "bkash", s.books("bkash"), object{"captured": 20_050.0})
		s.audit()
	})
}

// Every other method leads to its own page, in the order's currency.
func TestOrderIsPaidElsewhere(t *testing.T) {
	t.Parallel()
	s := open(t, server.DemoOptions{})
	for _, c := range []struct{ method, currency, gateway string }{
		{"Nagad", "BDT", "nagad"}, {"Rocket", "BDT", "sslcommerz"}, {"Card", "BDT", "sslcommerz"}, {"Card", "EUR", "stripe"},
	} {
		p := s.claimed(s.info.Orderpay.CustomerToken, s.order("10.5", c.currency), "10.5", c.method, "PENDING")
		page := p.text(t, "paymentUrl")
		if !strings.HasPrefix(page, s.info.SandboxURL+"/"+c.gateway+"/") {
			t.Fatalf("%s in %s: got %v, want %s", c.method, c.currency, p, c.gateway)
		}
		s.decide(page, "approve")
		until(t, c.method+" in "+c.currency+" to be completed", func() bool { return s.paid(p)["status"] == "COMPLETED" })
	}
	for _, method := range []string{"Cash", "Bank Transfer"} {
		p := s.claimed(s.info.Orderpay.CustomerToken, s.order("10.5", "BDT"), "10.5", method, "COMPLETED")
		if _, shown := p["paymentUrl"]; shown || p["status"] != "PENDING" {
			t.Errorf("%s: got %v, want it to wait for somebody's word", method, p)
		}
	}
	s.audit()
}

// Two payments of the whole are open and both are paid: one counts, and the
// other sum goes back.
func TestOrderIsPaidTwice(t *testing.T) {
	t.Parallel()
	s := open(t, server.DemoOptions{})
	k := s.info.Orderpay
	order := s.order("500", "BDT")
	first := s.claimed(k.CustomerToken, order, "500", "Bkash", "PENDING")
	second := s.claimed(k.CustomerToken, order, "500", "Nagad", "PENDING")
	s.decide(first.text(t, "paymentUrl"), "approve")
	s.decide(second.text(t, "paymentUrl"), "approve")
	if got := s.paid(first); got["status"] != "COMPLETED" {
		t.Errorf("got %v, want it completed", got)
	}
	if got := s.paid(second); got["status"] != "FAILED" {
		t.Errorf("got %v, want it failed", got)
	}
	s.untilBooks("nagad", "refunded", 50_000)
	wantBooks(t, "bkash", s.books("bkash"), object{"captured": 50_000.0})
	var list []object
	text := s.call(http.MethodGet, "/payment/order/"+order, k.SellerToken, nil, http.StatusOK)
	if err := json.Unmarshal(text, &list); err != nil || len(list) != 2 {
		t.Errorf("got %v, %v, want both", list, err)
	}
}
