package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/purserhq/purser/internal/api/apitest"
	"github.com/purserhq/purser/internal/server"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// operator is somebody at a terminal.
type operator struct {
	t      *testing.T
	config server.Config
}

// run does one command and gives what it printed as JSON.
func (o operator) run(do func(c server.Commands) error) object {
	o.t.Helper()
	var out, errs bytes.Buffer
	if err := do(server.Commands{
		Config: o.config, Terminal: server.Terminal{Out: &out, Err: &errs, JSON: true},
	}); err != nil {
		o.t.Fatalf("command: %v: %s", err, errs.String())
	}
	var answer object
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		o.t.Fatalf("command printed %s: %v", out.String(), err)
	}
	return answer
}

// merchant adds one with a key and a contract, and gives the key.
func (o operator) merchant(name, provider string) string {
	o.t.Helper()
	ctx := o.t.Context()
	id := o.run(func(c server.Commands) error { return c.AddMerchant(ctx, name, "") }).text(o.t, "id")
	credentials := filepath.Join(o.t.TempDir(), "zibal.json")
	if err := os.WriteFile(credentials, []byte(`{"merchant": "zibal"}`), 0o600); err != nil {
		o.t.Fatal(err)
	}
	o.run(func(c server.Commands) error {
		return c.PutGateway(ctx, server.NewGateway{
			Merchant: id, Connector: "zibal", Order: 1, Credentials: credentials,
			Settings: map[string]string{"mode": "test", "base_url": provider},
		})
	})
	made := o.run(func(c server.Commands) error {
		return c.AddKey(ctx, server.NewKey{Merchant: id, Label: "shop"})
	})
	return made.text(o.t, "secret")
}

// provider runs the emulators on ports of their own and gives Zibal's address.
func provider(t *testing.T) string {
	t.Helper()
	read, write := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		commands := server.Commands{Terminal: server.Terminal{Out: write, JSON: true}}
		ended <- commands.Sandbox(ctx, server.SandboxOptions{Addr: "127.0.0.1:0"})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stop sandbox: %v", err)
		}
	})
	var addresses []struct{ Provider, URL string }
	if err := json.NewDecoder(read).Decode(&addresses); err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if a.Provider == "zibal" {
			return a.URL
		}
	}
	t.Fatal("the sandbox has no zibal")
	return ""
}

// serve runs a server as it runs for real, with the shops of two merchants.
func serve(t *testing.T, c server.Config) (one, two *shop) {
	t.Helper()
	c.Data = sqlitetest.Folder(t)
	o := operator{t, c}
	at := provider(t)
	first, second := o.merchant("Tea House", at), o.merchant("Coffee House", at)
	front := httptest.NewUnstartedServer(nil)
	c.PublicURL = "http://" + front.Listener.Addr().String()
	s, err := server.New(t.Context(), c, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	front.Config.Handler = s.Handler()
	front.Start()
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		front.Close()
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	shops := make([]*shop, 2)
	for i, key := range []string{first, second} {
		shops[i] = &shop{
			t: t, browser: &http.Client{Transport: apitest.Wire(t, transport)},
			info:    server.DemoInfo{BaseURL: c.PublicURL, IPG: server.IPGKeys{APIKey: key}},
			options: server.DemoOptions{Data: c.Data, Database: c.Database},
		}
	}
	return shops[0], shops[1]
}

// Two merchants that an operator made collect money and see nothing of each
// other; nobody gets in without a key.
func TestServe(t *testing.T) {
	t.Parallel()
	story := func(t *testing.T, c server.Config) {
		one, two := serve(t, c)
		invoice := one.invoice(250_000)
		requested := one.request(invoice, "zibal", 250_000) // no split limit, so in one piece
		one.decide(one.page(requested), "approve")
		one.wantStatus(requested.text(t, "paymentId"), "success")
		one.wantDone(invoice, true)

		stolen := object{"authority": requested.text(t, "authority"), "invoiceId": invoice}
		two.call(http.MethodPost, "/payment/reverse", two.info.IPG.APIKey, stolen, http.StatusNotFound)
		two.call(http.MethodGet, "/invoice/getInfo?invoiceId="+invoice, two.info.IPG.APIKey, nil, http.StatusNotFound)
		two.call(http.MethodPost, "/payment/request", two.info.IPG.APIKey, object{
			"invoiceId": invoice, "gateway": "zibal", "amount": 1000, "description": "",
		}, http.StatusNotFound)
		one.call(http.MethodPost, "/payment/reverse", "", stolen, http.StatusUnauthorized)
		one.call(http.MethodGet, "/sandbox/zibal/-/control/books", "", nil, http.StatusNotFound)
		one.wantStatus(requested.text(t, "paymentId"), "success")
		one.audit()
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		story(t, server.Config{})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		story(t, server.Config{Database: server.Secret(pgtest.Database(t))})
	})
}
