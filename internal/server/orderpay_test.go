package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect/orderpay"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// asUser makes one request with a token.
func asUser(t *testing.T, d *Demo, method, path, token, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.RemoteAddr, r.Host = "127.0.0.1:4000", "127.0.0.1:8080"
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	d.Handler().ServeHTTP(w, r)
	return w
}

// Both APIs have paths below /payment/: the literal ones are ipg's, and what
// nobody has is answered in the words of whoever asks.
func TestPathsThatTwoAPIsShare(t *testing.T) {
	t.Parallel()
	d := openDemo(t, sqlitetest.Folder(t))
	defer d.closeNow(t)
	const ours, theirs = `{"message":"`, `"statusCode":`
	for _, c := range []struct {
		method, path string
		token        bool
		status       int
		words        string
	}{
		{"GET", "/payment/status", true, 401, theirs}, // no key of theirs
		{"GET", "/payment/status", false, 400, theirs},
		{"PUT", "/payment/status", true, 404, theirs},
		{"GET", "/payment/readyToPay", true, 400, theirs},
		{"POST", "/payment/request", false, 400, theirs},
		{"GET", "/payment", true, 200, "["},
		{"GET", "/payment", false, 401, ours + "Authentication required"},
		{"GET", "/payment/nothing", true, 404, ours + "Payment not found"},
		{"GET", "/payment/nothing", false, 401, ours + "Authentication required"},
		{"DELETE", "/payment/nothing", false, 405, ours + "Method not allowed"},
		{"GET", "/payment/nothing/more", true, 404, ours + "Resource not found"},
		{"GET", "/payment/nothing/more", false, 404, theirs},
		{"GET", "/payment//nothing", true, 404, ours + "Resource not found"},
		{"GET", "/nope", true, 404, ours + "Resource not found"},
		{"GET", "/nope", false, 404, theirs},
		{"GET", "/order/nope", false, 404, ours + "Resource not found"},
	} {
		token := ""
		if c.token {
			token = d.Info.Orderpay.CustomerToken
		}
		w := asUser(t, d, c.method, c.path, token, "")
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.words) {
			t.Errorf("%s %s with a token %v: got %d %s, want %d %s", c.method, c.path, c.token, w.Code, w.Body, c.status,
				c.words)
		}
	}
}

// demo.json has tokens that work, and at the next start they are the same
// unless their end is near.
func TestDemoTokens(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	first := openDemo(t, folder)
	k := first.Info.Orderpay
	for _, token := range []string{k.CustomerToken, k.SellerToken, k.AdminToken} {
		if w := asUser(t, first, http.MethodGet, "/payment", token, ""); w.Code != http.StatusOK {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	}
	for _, want := range []string{k.Issuer, k.Secret, k.UserID, k.SellerToken, k.CustomerToken, "$PURSER/order"} {
		if !strings.Contains(first.Welcome(), want) {
			t.Errorf("the welcome lacks %s", want)
		}
	}
	order := `{"userId":"` + k.UserID + `","total":5}`
	if w := asUser(t, first, http.MethodPost, "/order", k.CustomerToken, order); w.Code != http.StatusForbidden {
		t.Errorf("an order by the customer: got %d %s", w.Code, w.Body)
	}
	if w := asUser(t, first, http.MethodPost, "/order", k.SellerToken, order); w.Code != http.StatusCreated {
		t.Errorf("an order by the seller: got %d %s", w.Code, w.Body)
	}
	merchantID := first.openMerchant(t)
	first.closeNow(t)

	old, err := orderpay.Mint(k.Secret, orderpay.NewToken{
		Issuer: k.Issuer, User: k.UserID, Role: "CUSTOMER", Expires: time.Now().Add(24 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, folder, k.CustomerToken, old)
	second := openDemo(t, folder)
	got := second.Info.Orderpay
	if got.Secret != k.Secret || got.SellerToken != k.SellerToken || got.AdminToken != k.AdminToken {
		t.Errorf("got %+v after %+v, want the same secret and the tokens that are good for long", got, k)
	}
	if ends, good := orderpay.Ends(k.Secret, got.CustomerToken); !good || time.Until(ends) < 20*24*time.Hour {
		t.Errorf("the token that was near its end ends at %v", ends)
	}
	second.closeNow(t)

	if err := os.Remove(filepath.Join(folder, demoName)); err != nil {
		t.Fatal(err)
	}
	third := openDemo(t, folder)
	if third.Info.Orderpay.Secret != k.Secret || third.Info.Orderpay.AdminToken == "" {
		t.Errorf("without its file: got %+v, want the secret of before", third.Info.Orderpay)
	}
	third.closeNow(t)

	x := told{config: Config{Data: folder}}
	x.operate(t, new(any), func(c Commands) error { return c.RevokeIssuer(t.Context(), merchantID, k.Issuer) })
	fourth := openDemo(t, folder)
	defer fourth.closeNow(t)
	if fourth.Info.Orderpay.Secret == k.Secret {
		t.Error("the secret that was revoked is still shown")
	}
	if w := asUser(t, fourth, http.MethodGet, "/payment", k.AdminToken, ""); w.Code != http.StatusUnauthorized {
		t.Errorf("a token of the revoked secret: got %d %s", w.Code, w.Body)
	}
	token := fourth.Info.Orderpay.AdminToken
	if w := asUser(t, fourth, http.MethodGet, "/payment", token, ""); w.Code != http.StatusOK {
		t.Errorf("a new token: got %d %s", w.Code, w.Body)
	}
}

// openMerchant is the demo's merchant.
func (d *Demo) openMerchant(t *testing.T) string {
	t.Helper()
	issuer, err := d.app.Issuer(t.Context(), d.Info.Orderpay.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	return issuer.Merchant
}

// rewrite changes a text in a demo's file.
func rewrite(t *testing.T, folder, before, after string) {
	t.Helper()
	path := filepath.Join(folder, demoName)
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), before) {
		t.Fatalf("got %s, %v", text, err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), before, after, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// An operator withdraws a payment that waits for a word.
func TestOperatorCancels(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	id := waitingForPerson(t, folder)
	d := newDesk(Config{Data: folder})
	d.Terminal.JSON = true
	if err := d.CancelPayment(t.Context(), Word{Payment: "nothing", Operator: "Sam"}); err == nil ||
		!strings.Contains(err.Error(), "no payment nothing") {
		t.Errorf("got %v, want an error that names the payment", err)
	}
	if err := d.CancelPayment(t.Context(), Word{Payment: id, Operator: "Sam", Note: "not wanted"}); err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(d.out.Bytes(), &got); err != nil || got["state"] != "canceled" || got["id"] != id {
		t.Errorf("got %s, %v, want the canceled payment", d.out.String(), err)
	}
	if err := d.Say(t.Context(), Word{Payment: id, Paid: true, Receipt: "77", Operator: "Sam"}); err != nil {
		t.Errorf("its money came late: %v", err)
	}
	if err := d.CancelPayment(t.Context(), Word{Payment: id, Operator: "Sam"}); err == nil ||
		!strings.Contains(err.Error(), "captured") {
		t.Errorf("got %v, want an error that names its state", err)
	}
}
