package server

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/ipg"
	"github.com/purserhq/purser/internal/dialect/zipay"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/money"
)

// till is a merchant's software that signs its calls.
type till struct {
	told

	public, secret string
	notices        string // the secret of the terminal's notices
}

func newTill(t *testing.T, form string) till {
	t.Helper()
	x := till{told: teaHouse(t)}
	var key keyView
	x.operate(t, &key, func(c Commands) error {
		return c.AddSigningKey(t.Context(), NewSigningKey{Merchant: x.merchant})
	})
	x.public, x.secret = key.Public, key.Secret
	name := "Shop"
	var made terminalView
	x.operate(t, &made, func(c Commands) error {
		return c.AddTerminal(t.Context(), x.merchant, TerminalTerms{Name: &name, Form: &form})
	})
	x.notices = made.Secret
	return x
}

// call makes one signed call and gives its result.
func (x till) call(t *testing.T, r *running, method, body string) map[string]any {
	t.Helper()
	status, _, text := x.send(t, r, method, body)
	var answer struct{ Result map[string]any }
	if err := json.Unmarshal(text, &answer); err != nil || status != http.StatusOK {
		t.Fatalf("%s: got %d, %v, %s", method, status, err, text)
	}
	return answer.Result
}

// send makes one signed call and gives all of its answer.
func (x till) send(t *testing.T, r *running, method, body string) (status int, header http.Header, text []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/api/"+method, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header["api_key"], request.Header["api_sign"] = []string{x.public}, []string{zipay.Sign(x.secret, body)}
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err = io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, text
}

// An invoice's own address hears of the payment before the merchant verifies
// it, signed with the terminal's secret.
func TestTerminalIsTold(t *testing.T) {
	t.Parallel()
	type notice struct {
		header http.Header
		body   string
	}
	for form, want := range map[string]string{
		"form": "trackid=ID&invoice_number=1&status=pending",
		"json": `{"trackid":"ID","invoice_number":"1","status":"pending"}`,
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			heard := make(chan notice, 10)
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				heard <- notice{r.Header, string(body)}
			}))
			defer receiver.Close()
			x := newTill(t, form)
			account := x.customer(t, "30 USD")
			x.operateIn(t, "4711", func(c Commands) error { return c.SetPIN(t.Context(), x.merchant, account, "-") })
			r := start(t, x.config, nil)
			made := x.call(t, r, "create-invoice", "terminal_number=1001&amount=25.50&currency=USD&invoice_number=1"+
				"&callback=https://shop.example/back&webhook="+url.QueryEscape(receiver.URL))
			id, _ := made["trackid"].(string)
			status, page := r.get(t, r.url+"/invoice_v1/"+id)
			if status != http.StatusOK || !strings.Contains(page, "Tea House") {
				t.Errorf("got %d %s, want the invoice's page", status, page)
			}
			x.pay(t, r, id, account)
			got := <-heard
			if want := strings.ReplaceAll(want, "ID", id); got.body != want {
				t.Errorf("got notice %s, want %s", got.body, want)
			}
			x.wantSigned(t, got.header, got.body)
			if done := x.call(t, r, "invoice-verify", "trackid="+id); done["status"] != "completed" {
				t.Errorf("got %v, want it completed", done)
			}
			_, figures := r.get(t, r.url+"/metrics")
			for _, line := range []string{
				`purser_requests_total{dialect="zipay",route="/api/create-invoice",status="200"} 1`,
				`purser_requests_total{dialect="zipay",route="/invoice_v1/{trackid}",status="200"} 1`,
			} {
				if !strings.Contains(figures, line) {
					t.Errorf("the figures lack %s", line)
				}
			}
			r.halt(t)
		})
	}
}

// pay pays an invoice from a wallet.
func (x told) pay(t *testing.T, r *running, invoice string, account int64) {
	t.Helper()
	if _, err := r.app.PayFromWallet(t.Context(), app.WalletPayment{
		Merchant: x.merchant, Invoice: invoice, Login: strconv.FormatInt(account, 10), PIN: "4711",
		PaymentID: ipg.NewID(now()),
	}); err != nil {
		t.Fatal(err)
	}
}

// operateIn does one command with standard input.
func (x told) operateIn(t *testing.T, in string, do func(Commands) error) {
	t.Helper()
	d := newDesk(x.config)
	d.Terminal.In = strings.NewReader(in)
	if err := do(d.Commands); err != nil {
		t.Fatal(err)
	}
}

// wantSigned holds the signature of a notice against the terminal's secret.
func (x till) wantSigned(t *testing.T, header http.Header, body string) {
	t.Helper()
	seconds, err := strconv.ParseInt(header.Get(event.HeaderTimestamp), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	want, err := event.Sign(header.Get(event.HeaderID), time.Unix(seconds, 0), []byte(body), x.notices)
	if err != nil {
		t.Fatal(err)
	}
	got := header.Get(event.HeaderSignature)
	if _, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(got, "v1,")); err != nil || got != want {
		t.Errorf("got signature %q, %v, want %q", got, err, want)
	}
}

// What nobody verifies goes back by itself.
func TestOverdueInvoiceIsRejected(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	account := x.customer(t, "30 USD")
	x.operateIn(t, "4711", func(c Commands) error { return c.SetPIN(t.Context(), x.merchant, account, "-") })
	x.config.RejectInterval = 10 * time.Millisecond
	r := start(t, x.config, nil)
	i, err := r.app.CreateInvoice(t.Context(), x.merchant, app.NewInvoice{
		ID: ipg.NewID(now()), Amount: money.New(2_550_000_000, money.USD), Title: "Tea", VerifyIn: time.Millisecond,
		ReturnTo: "https://shop.example/back",
	})
	if err != nil {
		t.Fatal(err)
	}
	x.pay(t, r, i.ID, account)
	waitUntil(t, func() bool {
		view, err := r.app.Invoice(t.Context(), x.merchant, i.ID)
		if err != nil {
			t.Fatal(err)
		}
		return view.Invoice.State == "rejected"
	})
	r.halt(t)
	x.has(t, account, balanceView{"USD", "30"})
}
