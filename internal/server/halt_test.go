package server

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect/p2p"
	"github.com/purserhq/purser/internal/dialect/zipay"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// logged is a log that a test reads while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) has(words string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), words)
}

// TestBrokenBooks changes a balance behind the server's back, on each engine: it
// moves no money any more and goes on reading, until the balance is what it was.
func TestBrokenBooks(t *testing.T) {
	t.Parallel()
	for name, driver := range map[string]string{"sqlite": "sqlite", "postgres": "pgx"} {
		for _, setting := range []string{brokenStop, brokenWarn} {
			t.Run(name+" "+setting, func(t *testing.T) {
				t.Parallel()
				config := Config{Data: sqlitetest.Folder(t), AuditInterval: time.Millisecond, OnBrokenBooks: setting}
				address := filepath.Join(config.Data, databaseName)
				if name == "postgres" {
					address = pgtest.Database(t)
					config.Database = Secret(address)
				}
				hand := openBeside(t, driver, address)
				breakBooks(t, config, func(by string) {
					t.Helper()
					_, err := hand.ExecContext(t.Context(), "update account set balance = balance "+by+
						" where role = 'customer_wallet' and owner = '10001'")
					if err != nil {
						t.Fatal(err)
					}
				})
			})
		}
	}
}

// breakBooks breaks and mends a balance of a server with two customers.
func breakBooks(t *testing.T, config Config, change func(by string)) {
	t.Helper()
	x := till{told: teaHouseIn(t, config)}
	from, to := x.customer(t, "100 USD"), x.customer(t)
	var key keyView
	x.operate(t, &key, func(c Commands) error {
		return c.AddSigningKey(t.Context(), NewSigningKey{Merchant: x.merchant, Account: from})
	})
	x.public, x.secret = key.Public, key.Secret
	var log logged
	r := startLogged(t, x.config, &log)
	defer func() { r.halt(t) }()
	orders := 0
	transfer := func() (int, http.Header, []byte) {
		orders++
		return x.send(t, r, "transfer", fmt.Sprintf("receiver=%d&amount=1&currency=USD&order_id=%d", to, orders))
	}
	wait := func(status int, words ...string) {
		t.Helper()
		waitUntil(t, func() bool {
			got, text := r.get(t, r.url+"/healthz/money")
			_, figures := r.get(t, r.url+"/metrics")
			for _, w := range words {
				if !strings.Contains(text+figures, w) {
					return false
				}
			}
			return got == status
		})
	}
	moves := func(what string) {
		t.Helper()
		if status, _, text := transfer(); status != http.StatusOK {
			t.Errorf("%s: got %d, want money to move: %s", what, status, text)
		}
	}
	wait(http.StatusOK, `"status":"agrees"`, `"money_halted":false`, "purser_money_halted 0")
	moves("before")
	change("+ 17")
	if config.OnBrokenBooks == brokenWarn {
		wait(http.StatusServiceUnavailable, `"money_halted":false`, "purser_money_halted 0")
		moves("with a warning only")
		return
	}
	wait(http.StatusServiceUnavailable, `"money_halted":true`, "purser_money_halted 1")
	status, header, text := transfer()
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") != "60" ||
		!strings.Contains(string(text), "The server moves no money at the moment.") {
		t.Errorf("a transfer: got %d, Retry-After %q, %s; want 503 with when to come again", status,
			header.Get("Retry-After"), text)
	}
	if status, _, text := x.send(t, r, "balance", ""); status != http.StatusOK {
		t.Errorf("a read: got %d, want it answered: %s", status, text)
	}
	waitUntil(t, func() bool { return log.has("money is not moved any more") && log.has("purser audit") })
	r.halt(t)
	r = startLogged(t, x.config, &log)
	if status, _, _ := transfer(); status != http.StatusServiceUnavailable {
		t.Errorf("a transfer as soon as it has started again: got %d, want 503", status)
	}
	change("- 17")
	wait(http.StatusOK, `"money_halted":false`, "purser_money_halted 0")
	moves("afterwards")
	waitUntil(t, func() bool { return log.has("money is moved again") })
}

// startLogged starts a server whose log a test reads.
func startLogged(t *testing.T, c Config, log io.Writer) *running {
	t.Helper()
	return start(t, c, func(s *Server) {
		l, err := newLog(log, "text", "info")
		if err != nil {
			t.Fatal(err)
		}
		s.log = l
	})
}

// exchange is one request of a test and what came of it.
type exchange struct {
	method, path, body string
	header             http.Header
}

func (x exchange) do(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), x.method, x.path, strings.NewReader(x.body))
	r.RemoteAddr, r.Host = "127.0.0.1:4000", "127.0.0.1:8080"
	r.Header = x.header
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if x.body != "" && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// bearer is a key in its header.
func bearer(key string) http.Header { return http.Header{"Authorization": {"Bearer " + key}} }

// TestEveryAPIHalts wants each API to refuse what moves money in its own form,
// with the time to come again, and to go on reading.
func TestEveryAPIHalts(t *testing.T) {
	t.Parallel()
	d := newDemo(t)
	i, h := d.Info, d.Handler()
	made := func(x exchange, id string) string {
		t.Helper()
		w := x.do(t, h)
		found := regexp.MustCompile(id).FindStringSubmatch(w.Body.String())
		if found == nil {
			t.Fatalf("%s: got %d %s", x.path, w.Code, w.Body.String())
		}
		return found[1]
	}
	signed := func(method, body string) exchange {
		return exchange{http.MethodPost, "/api/" + method, body, http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Api_key": {i.Zipay.APIKey},
			"Api_sign": {zipay.Sign(i.Zipay.SecretKey, body)},
		}}
	}
	deal := func(method, path, body string) exchange {
		return exchange{method, path, body, http.Header{
			"X-Identity": {i.P2P.Identity}, "X-Signature": {p2p.Sign(i.P2P.Secret, method, i.P2P.BaseURL+path, []byte(body))},
		}}
	}
	invoice := made(exchange{
		http.MethodPost, "/invoice/create", `{"title":"Two tickets","totalAmount":90000}`, bearer(i.IPG.APIKey),
	}, `"_id":"([0-9a-f]+)"`)
	order := made(exchange{
		http.MethodPost, "/order", `{"userId":"` + i.Orderpay.UserID + `","total":500}`, bearer(i.Orderpay.SellerToken),
	}, `"orderId":"([0-9a-f-]+)"`)
	sale := made(deal(http.MethodPost, "/api/merchant/invoices", `{"type":"in","amount":"2000","currency":"RUB",`+
		`"notificationUrl":"","notificationToken":"","internalId":"ord-1"}`), `"id":"([0-9a-f-]+)"`)
	d.halted.Store(true)
	keyed := bearer(i.V1.SecretKey)
	keyed.Set("Idempotency-Key", "transfer 1")
	v1 := exchange{
		http.MethodPost, "/v1/transfers", `{"source":10000,"destination":10002,"amount":"1","unit":"USD"}`, keyed,
	}
	const card = `{"number":"1234567890123456","name":"John john","expiration_month":"05","expiration_year":"2028",` +
		`"cvv":"321"}`
	for name, pair := range map[string]struct {
		moves, reads exchange
		says         string
	}{
		"ipg": {
			exchange{http.MethodPost, "/payment/request", `{"invoiceId":"` + invoice + `","gateway":"zarinpal","amount":90000,` +
				`"description":"Tickets"}`, bearer(i.IPG.APIKey)},
			exchange{http.MethodGet, "/invoice/getInfo?invoiceId=" + invoice, "", bearer(i.IPG.APIKey)},
			`"statusCode":503`,
		},
		"zipay": {
			signed("transfer", "receiver=10002&amount=1&currency=USD&order_id=1"), signed("balance", ""), `"status":503`,
		},
		"payrefund": {
			exchange{http.MethodPost, "/api/payments", `{"amount":50.0,"payment_method":"credit_card","additional_params":` +
				card + `}`, bearer(i.Payrefund.APIKey)},
			exchange{http.MethodGet, "/api/payments?payment_method=mbway", "", bearer(i.Payrefund.APIKey)},
			`"errors":`,
		},
		"orderpay": {
			exchange{http.MethodPost, "/payment", `{"orderId":"` + order + `","amount":500,"paymentMethod":"Bkash",` +
				`"status":"COMPLETED"}`, bearer(i.Orderpay.CustomerToken)},
			exchange{http.MethodGet, "/payment/order/" + order, "", bearer(i.Orderpay.CustomerToken)},
			`"message":`,
		},
		"p2p": {
			deal(http.MethodPost, "/api/merchant/invoices", `{"type":"in","amount":"2000","currency":"RUB",`+
				`"notificationUrl":"","notificationToken":"","internalId":"ord-2","startDeal":true}`),
			deal(http.MethodGet, "/api/merchant/invoices/"+sale, ""), `"code":"UNAVAILABLE"`,
		},
		"v1": {v1, exchange{http.MethodGet, "/v1/transfers", "", bearer(i.V1.SecretKey)}, `"code":"books_broken"`},
	} {
		w := pair.moves.do(t, h)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "60" ||
			!strings.Contains(w.Body.String(), pair.says) || !strings.Contains(w.Body.String(), "moves no money") {
			t.Errorf("%s: got %d, Retry-After %q, %s; want 503 in its form", name, w.Code, w.Header().Get("Retry-After"),
				w.Body.String())
		}
		if w := pair.reads.do(t, h); w.Code != http.StatusOK {
			t.Errorf("%s reads: got %d %s", name, w.Code, w.Body.String())
		}
	}
	d.halted.Store(false)
	if w := v1.do(t, h); w.Code != http.StatusCreated {
		t.Errorf("the same key afterwards: got %d %s", w.Code, w.Body.String())
	}
}
