package server

import (
	"context"
	"net/http"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/merchant"
)

// The ports that shops of the payrefund API know have the content of the
// server's own; one of them knows a second meaning of a list. They stop with it.
func TestPortsOfPayrefund(t *testing.T) {
	t.Parallel()
	r := start(t, Config{PaymentsListen: "127.0.0.1:0", RefundsListen: "127.0.0.1:0"}, nil)
	if len(r.urls) != 2 || r.refundsURL == "" {
		t.Fatalf("got the addresses %v and %q, want two and one", r.urls, r.refundsURL)
	}
	m, err := r.app.CreateMerchant(t.Context(), app.NewMerchant{Name: "Shop"})
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := r.app.CreateKey(t.Context(), app.NewKey{
		Merchant: m.ID, Label: "shop", Scopes: []merchant.Scope{merchant.Payments},
	})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(address string) int {
		t.Helper()
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Api-Key", key)
		response, err := r.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	for path, want := range map[string]struct{ payments, refunds int }{
		"/api/payments":              {200, 200},
		"/api/refunds":               {200, 200},
		"/api/payments/x":            {200, 200},
		"/api/refunds/x?refund_id=x": {200, 200},
		"/api/payments/":             {404, 404},
		"/healthz":                   {200, 200},
		// A list of refunds knows no such filter.
		"/api/payments?amount_gte=abc":             {400, 400},
		"/api/payments?amount_gte=abc&refund_id=x": {400, 200},
	} {
		for _, address := range r.urls {
			if got := ask(address + path); got != want.payments {
				t.Errorf("%s%s: got %d, want %d", address, path, got, want.payments)
			}
		}
		if got := ask(r.refundsURL + path); got != want.refunds {
			t.Errorf("%s at the port of refunds: got %d, want %d", path, got, want.refunds)
		}
	}
	r.halt(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.refundsURL+"/healthz", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := r.client.Do(request); err == nil {
		_ = response.Body.Close()
		t.Error("the port of refunds answers a server that was stopped")
	}
}
