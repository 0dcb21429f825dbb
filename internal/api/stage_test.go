package api_test

import (
	"regexp"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// random is what no story can know in advance: secrets, and the ids of the core's own.
var random = regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+|sk_[0-9a-f]{64}|\b(msg_)?[0-9a-f]{32}\b|` +
	`"hint":"[0-9a-f]{4}"|"merchant","subject":"[0-9a-z]{8}"|` +
	`/pay/(link|open)/[A-Z2-7]{26}|` +
	`"id":"[0-9A-Za-z]{8}"|"(identity|secret)":"[0-9A-Za-z]{40,72}"`)

// stage gives the shop what it runs with: endpoint ep_1, which is told of nothing
// that stories do, and three deliveries to it; key key_1; terminal 1001; the market
// EURUSD, 500 EUR of its own, and exchange exc_1 of 100 of them.
func stage(t testing.TB, w *dialecttest.World) {
	t.Helper()
	ctx := t.Context()
	e, _, err := w.App.CreateEndpoint(ctx, app.NewEndpoint{
		ID: "ep_1", Merchant: w.Shop, URL: "https://shop.example/hook", Types: []string{"trader.*"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.App.CreateKey(ctx, app.NewKey{
		ID: "key_1", Merchant: w.Shop, Label: "till", Scopes: []merchant.Scope{merchant.InvoicesWrite},
	}); err != nil {
		t.Fatal(err)
	}
	w.Terminal(t, w.Shop, app.TerminalTerms{Name: "Till"})
	if _, err := w.App.AddIssuer(ctx, app.NewIssuer{ID: "key_iss", Merchant: w.Shop, Name: "login"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.App.CreateStoreKey(ctx, app.NewStoreKey{
		ID: "key_store", Merchant: w.Shop, Terminal: 1001, Label: "till",
	}); err != nil {
		t.Fatal(err)
	}
	w.Rate(t, "EUR", "USD", "1.1", "1.08")
	if err := w.Give(ctx, wallet.House, money.New(50_000, "EUR")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.App.Exchange(ctx, app.NewExchange{
		ID: "exc_1", Merchant: w.Shop, Account: wallet.House, Spent: money.New(10_000, "EUR"), To: "USD",
	}); err != nil {
		t.Fatal(err)
	}
	at := w.Now()
	var told []event.Delivery
	for _, d := range []struct {
		id     string
		state  event.State
		status int
		answer string
	}{
		{"msg_1", event.Dead, 503, "we are closed"},
		{"msg_2", event.Delivered, 204, ""},
		{"msg_3", event.Dead, 0, "no route"},
	} {
		told = append(told, event.Delivery{
			ID: d.id, Merchant: w.Shop, State: d.state, Endpoint: e.ID, Queue: e.ID, URL: e.URL, Type: "trader.active",
			Subject: "trd_1", MediaType: "application/json", Body: []byte(`{"type":"trader.active"}`), Tries: event.MaxTries,
			Status: d.status, Answer: d.answer, Header: "X-Token", Sealed: []byte("sealed"), CreatedAt: at, UpdatedAt: at,
		})
	}
	if err := w.Store.Commit(ctx, store.Change{Deliveries: told}); err != nil {
		t.Fatal(err)
	}
}

// staged are the samples of what stage made.
var staged = []dialecttest.Sample{
	{Route: "POST /v1/endpoints", Key: "admin", Body: `{"url":"https://shop.example/more","events":["payment.*"]}`},
	{Route: "GET /v1/endpoints", Key: "admin", Query: "limit=10&status=enabled"},
	{Route: "GET /v1/endpoints/{id}", Path: "/v1/endpoints/ep_1", Key: "admin", Owned: true},
	{
		Route: "POST /v1/endpoints/{id}", Path: "/v1/endpoints/ep_1", Key: "admin", Owned: true,
		Body: `{"url":"https://shop.example/other","events":["invoice.paid"]}`,
	},
	{
		Route: "POST /v1/endpoints/{id}/disable", Path: "/v1/endpoints/ep_1/disable", Key: "admin", Owned: true,
		Body: `{"reason":"r"}`,
	},
	{Route: "POST /v1/endpoints/{id}/enable", Path: "/v1/endpoints/ep_1/enable", Key: "admin", Owned: true},
	{Route: "POST /v1/endpoints/{id}/rotate", Path: "/v1/endpoints/ep_1/rotate", Key: "admin", Owned: true},
	{
		Route: "GET /v1/deliveries/{id}", Path: "/v1/deliveries/msg_1", Key: "admin", Owned: true, Query: "expand=event",
	},
	{
		Route: "GET /v1/deliveries", Key: "admin",
		Query: "limit=10&status=dead&endpoint=ep_1&subject=trd_1&event=trader.active&expand=event",
	},
	{Route: "POST /v1/deliveries/{id}/resend", Path: "/v1/deliveries/msg_1/resend", Key: "admin", Owned: true},
	{
		Route: "POST /v1/deliveries/resend", Key: "admin",
		Body: `{"endpoint":"ep_1","subject":"trd_1","event":"trader.active","status":"dead","limit":10,` +
			`"created_from":"2025-01-01T00:00:00Z","created_until":"2035-01-01T00:00:00Z",` +
			`"cursor":"cmVzZW5kRGVsaXZlcmllcy4yMDUxMjIyNDAwMDAwMDAwLm1zZ185"}`,
	},
	{
		Route: "GET /v1/payments/{id}/timeline", Path: "/v1/payments/" + id("pay", 3) + "/timeline", Key: "key", Owned: true,
		Query: "format=json",
	},
	{Route: "GET /v1/gateways", Key: "admin", Query: "limit=10&status=enabled&health=healthy"},
	{Route: "GET /v1/gateways/{id}", Path: "/v1/gateways/zarinpal", Key: "admin"},
	{
		Route: "POST /v1/gateways", Key: "operator",
		Body: `{"connector":"shepa","name":"second","status":"disabled","order":7,"settings":{"mode":"test"},` +
			`"credentials":{"api_key":"canary"}}`,
	},
	{
		Route: "POST /v1/gateways/{id}", Path: "/v1/gateways/shepa", Key: "operator",
		Body: `{"order":7,"settings":{"mode":"test"},"credentials":{"api_key":"canary"}}`,
	},
	{Route: "POST /v1/gateways/{id}/disable", Path: "/v1/gateways/shepa/disable", Key: "operator"},
	{Route: "POST /v1/gateways/{id}/remove", Path: "/v1/gateways/shepa/remove", Key: "operator"},
	{
		Route: "POST /v1/signing-keys", Key: "operator",
		Body: `{"account":10000,"label":"l","methods":["create-invoice"],"networks":["192.0.2.0/24"]}`,
	},
	{Route: "POST /v1/gateways/{id}/enable", Path: "/v1/gateways/shepa/enable", Key: "operator"},
	{
		Route: "POST /v1/terminals", Key: "admin",
		Body: `{"name":"Shop","status":"enabled","origins":["https://shop.example"],"verify_within":600,"pay_within":600,` +
			`"refund_within":600,"deal_fee_percent":"8.5","deal_within":600,"amount_guard":"hold"}`,
	},
	{Route: "GET /v1/terminals", Key: "admin", Query: "limit=10&status=enabled"},
	{Route: "GET /v1/terminals/{id}", Path: "/v1/terminals/1001", Key: "admin", Owned: true},
	{
		Route: "POST /v1/terminals/{id}", Path: "/v1/terminals/1001", Key: "admin", Owned: true,
		Body: `{"name":"Shop","status":"disabled","origins":["https://shop.example"],"verify_within":600,"pay_within":600,` +
			`"refund_within":600,"deal_fee_percent":"8.5","deal_within":600,"amount_guard":"hold"}`,
	},
	{Route: "POST /v1/terminals/{id}/rotate", Path: "/v1/terminals/1001/rotate", Key: "admin", Owned: true},
	{Route: "POST /v1/keys", Key: "admin", Body: `{"label":"l","scopes":["invoices:read"],"expires_in":3600}`},
	{Route: "GET /v1/keys", Key: "admin", Query: "limit=10&status=valid"},
	{Route: "GET /v1/keys/{id}", Path: "/v1/keys/key_1", Key: "admin", Owned: true},
	{
		Route: "POST /v1/keys/{id}/rotate", Path: "/v1/keys/key_1/rotate", Key: "admin", Owned: true,
		Body: `{"overlap":3600}`,
	},
	{Route: "POST /v1/keys/{id}/revoke", Path: "/v1/keys/key_1/revoke", Key: "admin", Owned: true},
	{
		Route: "POST /v1/store-keys", Key: "admin",
		Body: `{"terminal":1001,"label":"till","networks":["192.0.2.0/24"]}`,
	},
	{Route: "GET /v1/store-keys", Key: "admin", Query: "limit=10&status=valid&terminal=1001"},
	{Route: "GET /v1/store-keys/{id}", Path: "/v1/store-keys/key_store", Key: "admin", Owned: true},
	{Route: "POST /v1/store-keys/rotate", Key: "admin"},
	{Route: "POST /v1/store-keys/{id}/revoke", Path: "/v1/store-keys/key_store/revoke", Key: "admin", Owned: true},
	{
		Route: "POST /v1/issuers", Key: "operator",
		Body: `{"issuer":"https://login.shop.example","secret":"0123456789abcdef0123456789abcdef","audience":"shop"}`,
	},
	{Route: "GET /v1/issuers", Key: "admin", Query: "limit=10&status=valid"},
	{Route: "POST /v1/issuers/{id}/revoke", Path: "/v1/issuers/key_iss/revoke", Key: "admin", Owned: true},
	{Route: "GET /v1/merchant", Key: "admin"},
	{Route: "POST /v1/merchant", Key: "admin", Body: `{"email":"till@shop.example","amount_guard":"hold"}`},
	{
		Route: "POST /v1/rates", Key: "operator",
		Body: `{"base":"EUR","quote":"USD","buy":"1.2","sell":"1.1","source":"ECB"}`,
	},
	{Route: "GET /v1/rates", Key: "admin", Query: "limit=10&of=EUR"},
	{Route: "GET /v1/rates/{id}", Path: "/v1/rates/EURUSD", Key: "admin", Owned: true},
	{Route: "GET /v1/quotes", Key: "admin", Query: "amount=10&unit=EUR&to=USD"},
	{Route: "POST /v1/exchanges", Key: "admin", Body: `{"account":10000,"amount":"10","unit":"EUR","to":"USD"}`},
	{
		Route: "GET /v1/exchanges/{id}", Path: "/v1/exchanges/exc_1", Key: "admin", Owned: true, Query: "expand=entries",
	},
	{Route: "GET /v1/exchanges", Key: "admin", Query: "account=10000&limit=10&expand=entries"},
}
