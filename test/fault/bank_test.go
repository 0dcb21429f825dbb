//go:build fault

package fault

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// bank is one make-believe gateway, with its controls.
type bank struct {
	world       *world
	name        string
	credentials string // of a contract, as JSON
	URL         string `json:"url"`
	Control     string `json:"control"`
}

var credentials = map[string]string{
	"zarinpal": `{"merchant_id": "00000000-0000-4000-8000-000000000001", "access_token": "sandbox"}`,
	"shepa":    `{"api_key": "sandbox"}`,
	"zibal":    `{"merchant": "zibal", "access_token": "sandbox"}`,
}

// settings are those of a contract with this bank.
func (b *bank) settings(timeout time.Duration) map[string]string {
	s := map[string]string{
		"mode": "test", "base_url": b.URL, "timeout_ms": strconv.FormatInt(timeout.Milliseconds(), 10),
	}
	switch b.name {
	case "zarinpal":
		s["graphql_url"] = b.URL + "/api/v4/graphql"
	case "zibal":
		s["platform_url"], s["account_id"] = b.URL, "sandbox"
	}
	return s
}

// openBanks starts the gateways in one process of their own.
func (w *world) openBanks(switches map[string]map[string]string) {
	w.t.Helper()
	p := spawn(w.t, programs.plain, "sandbox", "--json", "--addr", "127.0.0.1:0", "--data", w.t.TempDir())
	var opened []struct{ Provider, URL, Control string }
	if err := json.NewDecoder(p.out).Decode(&opened); err != nil {
		w.t.Fatalf("read the addresses of the sandbox: %v\n%s", err, p.stderr)
	}
	w.banks = map[string]*bank{}
	for _, o := range opened {
		b := &bank{world: w, name: o.Provider, credentials: credentials[o.Provider], URL: o.URL, Control: o.Control}
		w.banks[o.Provider] = b
		if wanted := switches[o.Provider]; wanted != nil {
			b.control(http.MethodPut, "switches", wanted, nil)
		}
	}
}

// control speaks to the interface behind the scenes.
func (b *bank) control(method, path string, body, reply any) {
	b.world.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.world.t.Fatal(err)
	}
	request, err := http.NewRequest(method, b.Control+path, bytes.NewReader(text))
	if err != nil {
		b.world.t.Fatal(err)
	}
	response, err := b.world.http.Do(request)
	if err != nil {
		b.world.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= http.StatusBadRequest {
		b.world.t.Fatalf("%s %s%s: %d, %v: %s", method, b.Control, path, response.StatusCode, err, said)
	}
	if reply == nil {
		return
	}
	if err := json.Unmarshal(said, reply); err != nil {
		b.world.t.Fatalf("%s %s%s: %v: %s", method, b.Control, path, err, said)
	}
}

// payments are all that the bank knows, by what it calls them.
func (b *bank) payments() map[string]sandbox.Payment {
	b.world.t.Helper()
	var list []sandbox.Payment
	b.control(http.MethodGet, "payments", nil, &list)
	all := make(map[string]sandbox.Payment, len(list))
	for _, p := range list {
		all[p.ID] = p
	}
	return all
}

// payment is one that the bank must know.
func (b *bank) payment(id string) sandbox.Payment {
	b.world.t.Helper()
	var p sandbox.Payment
	b.control(http.MethodGet, "payments/"+id, nil, &p)
	return p
}

// totals are the bank's books.
func (b *bank) totals() sandbox.Books {
	b.world.t.Helper()
	var totals sandbox.Books
	b.control(http.MethodGet, "books", nil, &totals)
	return totals
}

// spoil makes something go wrong.
func (b *bank) spoil(f sandbox.Fault) {
	b.world.t.Helper()
	b.control(http.MethodPost, "faults", f, nil)
}

// heal takes every fault away.
func (b *bank) heal() {
	b.world.t.Helper()
	b.control(http.MethodDelete, "faults", nil, nil)
}

// advance moves the bank's clock.
func (b *bank) advance(d time.Duration) {
	b.world.t.Helper()
	b.control(http.MethodPost, "clock", map[string]string{"advance": d.String()}, nil)
}
