package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/stripe"
	"github.com/purserhq/purser/internal/money"
)

// stripeMock is the vendor's own program that holds requests against the published schema.
const stripeMock = "github.com/stripe/stripe-mock@v0.203.0"

// What our connector sends fits the published schema. The program knows no flows: its objects are samples.
func TestStripeSchema(t *testing.T) {
	t.Parallel()
	heard := &listener{next: http.DefaultTransport, status: "requires_payment_method"}
	g, err := stripe.New(gateway.Config{
		Settings: map[string]string{"mode": "test", "currency": "EUR", "base_url": startMock(t)},
		Secrets:  map[string]gateway.Secret{"secret_key": "sk_test_schema"}, Now: time.Now,
	}, heard)
	if err != nil {
		t.Fatal(err)
	}
	a := gateway.Attempt{
		Reference: "at_1", Short: "p77000000000001", Amount: money.New(2500, money.EUR), Description: "order 77",
		ReturnURL: "https://pay.test/return?t=k9",
	}
	a.Payer.Email = "a@example.test"
	g.Start(t.Context(), a)
	card := gateway.NewCard("4242424242424242", "973", "CARD HOLDER", 5, 2028)
	defer card.Wipe()
	charger, _ := g.(gateway.Charger)
	charger.Charge(t.Context(), a, card, true)
	a.Session = "pi_1"
	heard.status = "requires_capture"
	held := gateway.Held{Attempt: a, Amount: a.Amount, Step: "st-1"}
	capturer, _ := g.(gateway.Capturer)
	capturer.Capture(t.Context(), held)
	capturer.Void(t.Context(), held)
	held.Amount = money.New(3000, money.EUR)
	adjuster, _ := g.(gateway.Adjuster)
	adjuster.Adjust(t.Context(), held)
	a.Session = "cs_test_1"
	g.Resolve(t.Context(), a, gateway.Look)
	a.Session = "pi_1"
	g.Resolve(t.Context(), a, gateway.Look)
	r := gateway.Return{Refund: "rf-1", Attempt: a, Receipt: "pi_1", Amount: a.Amount}
	refunder, _ := g.(gateway.Refunder)
	refunder.Refund(t.Context(), r)
	refunder.RefundState(t.Context(), r, "re_1")
	refunder.RefundState(t.Context(), r, "")
	all := strings.Join(heard.calls, "\n")
	for _, part := range []string{
		"/v1/checkout/sessions", "/v1/payment_intents", "/v1/payment_methods", "/confirm", "/capture", "/cancel",
		"/increment_authorization", "/v1/refunds", "/v1/refunds/re_1",
	} {
		if !strings.Contains(all, part+":") {
			t.Errorf("%s was not called:\n%s", part, all)
		}
	}
	for _, refused := range heard.refused {
		t.Errorf("the schema refuses %s", refused)
	}
}

// listener notes what was called and what was refused. It makes the sample that is read our own intent, since our
// connector would not go on with a stranger's.
type listener struct {
	next           http.RoundTripper
	status         string // of the intent that is read
	calls, refused []string
}

// RoundTrip makes the call.
func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	call := fmt.Sprintf("%s %s: %d", r.Method, r.URL.Path, response.StatusCode)
	l.calls = append(l.calls, call)
	if response.StatusCode != http.StatusOK {
		l.refused = append(l.refused, call)
	}
	if r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, "/v1/payment_intents/") {
		return response, nil
	}
	var intent map[string]any
	err = json.NewDecoder(response.Body).Decode(&intent)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	intent["id"], intent["status"], intent["currency"] = path.Base(r.URL.Path), l.status, "eur"
	intent["metadata"], intent["last_payment_error"] = map[string]string{"payment": "at_1"}, nil
	intent["amount"], intent["amount_capturable"] = 2500, 2500
	intent["latest_charge"] = map[string]any{"id": "ch_1", "object": "charge", "payment_method_details": map[string]any{
		"card": map[string]any{"last4": "4242", "incremental_authorization": map[string]any{"status": "available"}},
	}}
	body, err := json.Marshal(intent)
	if err != nil {
		return nil, err
	}
	response.Body, response.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	response.Header.Del("Content-Length")
	return response, nil
}

// startMock installs the program into a folder of the test and starts it. Without a network the test is skipped.
func startMock(t *testing.T) (address string) {
	t.Helper()
	folder := t.TempDir()
	install := exec.CommandContext(t.Context(), "go", "install", stripeMock)
	install.Env = append(os.Environ(), "GOBIN="+folder, "GOFLAGS=-mod=mod")
	if output, err := install.CombinedOutput(); err != nil {
		t.Skipf("stripe-mock cannot be installed, so the schema is not checked: %v\n%s", err, output)
	}
	plain, secure := "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t)
	ctx, stop := context.WithCancel(context.Background())
	mock := exec.CommandContext(ctx, filepath.Join(folder, "stripe-mock"), "-http-addr", plain, "-https-addr", secure)
	if err := mock.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = mock.Wait() // it was told to end
	})
	awaitPort(t, plain)
	return "http://" + plain
}

// awaitPort waits until somebody listens.
func awaitPort(t *testing.T, address string) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		connection, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = connection.Close() // it was only a knock
			return
		}
		select {
		case <-deadline:
			t.Fatalf("nobody listens on %s: %v", address, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
