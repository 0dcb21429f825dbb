package api_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/api"
	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/merchant"
)

// Each route takes a key with its own scope, or admin, and no other one.
func TestScopes(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	v1 := open(t, w)
	h := w.Handler(v1)
	for _, s := range merchant.Scopes {
		_, secret, err := w.App.CreateKey(t.Context(), app.NewKey{Merchant: w.Shop, Scopes: []merchant.Scope{s}})
		if err != nil {
			t.Fatal(err)
		}
		w.Keys[string(s)] = secret
	}
	for _, route := range v1.Routes {
		resource, _, _ := strings.Cut(strings.TrimPrefix(route.Path, "/v1/"), "/")
		if resource == "docs" || resource == "openapi.json" {
			continue
		}
		need := resource
		switch resource {
		case "accounts", "balances", "entries":
			need = "ledger"
		case "deliveries":
			need = "endpoints"
		case "attachments":
			need = "deals"
		case "charges":
			need = "payments"
		case "links", "deposits":
			need = "invoices"
		case "quotes":
			need = "exchanges"
		case "store-keys", "issuers":
			need = "keys"
		}
		if strings.HasSuffix(route.Path, "/refund") {
			need = "refunds"
		}
		read, write := merchant.Scope(need+":read"), merchant.Scope(need+":write")
		all := merchant.Admin
		switch route.Name() {
		case "POST /v1/rates", "POST /v1/settlements", "POST /v1/settlements/check", // deals are settled by the rates
			"POST /v1/issuers", // whose names are one merchant's for ever
			"POST /v1/signing-keys",
			"POST /v1/payments/attest", "POST /v1/payments/{id}/confirm", "POST /v1/payments/{id}/reject",
			"POST /v1/refunds/{id}/confirm", "POST /v1/refunds/{id}/reject", "POST /v1/customers/{id}/unblock":
			need, all, read, write = "", merchant.Operator, "", ""
		}
		if need == "keys" && resource != "keys" && route.Method == http.MethodPost && all == merchant.Admin {
			read, write = "", ""
		}
		if decides(route.Path) || need == "gateways" && route.Method == http.MethodPost {
			all, read, write = merchant.Operator, "", ""
		}
		for _, s := range merchant.Scopes {
			usual := s == merchant.Payments && (need == "invoices" || need == "payments" || need == "refunds")
			good := s == all || usual || s == write || s == read && route.Method == http.MethodGet
			header := http.Header{"Authorization": {"Bearer {{" + string(s) + "}}"}}
			a := w.Ask(h, route.Method, strings.ReplaceAll(route.Path, "{id}", "x"), header, "")
			if good == (a.Status == http.StatusForbidden) {
				t.Errorf("%s with %s: got %d %s", route.Name(), s, a.Status, a.Body)
			}
		}
	}
}

// Who asks too often is told when to ask again, and a good key has a budget of
// its own.
func TestLimits(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	v1 := api.New(api.Config{
		App: w.App, PublicURL: "https://pay.example", Now: w.Now, Log: slog.New(slog.DiscardHandler),
		NewRequestID: w.RequestID,
	})
	h := w.Handler(v1)
	until := func(key string, most int) int {
		for n := range most {
			a := w.Ask(h, http.MethodGet, "/v1/balances", http.Header{"Authorization": {"Bearer " + key}}, "")
			if a.Status == http.StatusTooManyRequests {
				if a.Header.Get("Retry-After") != "1" || face(a) != nil {
					t.Errorf("got %v %s", a.Header, a.Body)
				}
				return n
			}
		}
		return most
	}
	if n := until("{{admin}}", 300); n != 200 {
		t.Errorf("a key got through %d times", n)
	}
	if n := until("sk_wrong", 100); n != 60 {
		t.Errorf("an address got through %d times", n)
	}
	if n := until("{{otheradmin}}", 10); n != 10 {
		t.Errorf("another key got through %d times", n)
	}
	w.Wait(time.Second)
	if n := until("{{admin}}", 300); n != 100 {
		t.Errorf("a second later a key got through %d times", n)
	}
}

// TestKeysAreOnRecord: what is administered with a key is recorded with its id.
func TestKeysAreOnRecord(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	keys, err := w.App.Keys(t.Context(), w.Shop)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(keys, func(k merchant.Key) bool { return k.Label == "admin" })
	if at < 0 {
		t.Fatal("the shop has no admin key")
	}
	for path, body := range map[string]string{
		"/v1/customers": `{"first_name":"Ada"}`, "/v1/terminals": `{"name":"Till"}`,
	} {
		if a := w.Ask(h, http.MethodPost, path, named(path), body); a.Status != http.StatusCreated {
			t.Fatalf("%s: got %d %s", path, a.Status, a.Body)
		}
	}
	events, err := w.Store.Events(t.Context(), w.Shop, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	recorded := map[event.Noun]bool{}
	for _, e := range events {
		recorded[e.Noun] = recorded[e.Noun] || e.Actor == "merchant" && e.Note == "key "+keys[at].ID
	}
	for _, noun := range []event.Noun{event.Customer, event.Terminal, event.Receiver} {
		if !recorded[noun] {
			t.Errorf("no %s is recorded with the key that made it", noun)
		}
	}
}

// TestScopesAreListed wants whoever makes a key to find in the document what it can be given.
func TestScopesAreListed(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Description string }
			}
		}
	}
	raw := w.Ask(w.Handler(open(t, w)), http.MethodGet, "/v1/openapi.json", nil, "").Body
	if err := json.Unmarshal([]byte(raw), &doc); err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(doc.Components.Schemas["NewKey"].Properties["scopes"].Description)
	for _, scope := range merchant.Scopes {
		if !slices.ContainsFunc(words, func(word string) bool { return strings.Trim(word, ",.") == string(scope) }) {
			t.Errorf("%s is not among %q", scope, words)
		}
	}
}
