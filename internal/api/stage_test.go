package api_test

import (
	"regexp"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/store"
)

// random is what no story can know in advance: secrets, and the ids of the core's own.
var random = regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+|sk_[0-9a-f]{64}|\b(msg_)?[0-9a-f]{32}\b`)

// stage gives the shop what it runs with: endpoint ep_1, which is told of nothing
// that stories do, and three deliveries to it.
func stage(t testing.TB, w *dialecttest.World) {
	t.Helper()
	ctx := t.Context()
	e, _, err := w.App.CreateEndpoint(ctx, app.NewEndpoint{
		ID: "ep_1", Merchant: w.Shop, URL: "https://shop.example/hook", Types: []string{"trader.*"},
	})
	if err != nil {
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
	{Route: "GET /v1/deliveries/{id}", Path: "/v1/deliveries/msg_1", Key: "admin", Owned: true},
	{Route: "GET /v1/deliveries", Key: "admin", Query: "limit=10&status=dead&endpoint=ep_1&subject=trd_1"},
	{Route: "POST /v1/deliveries/{id}/resend", Path: "/v1/deliveries/msg_1/resend", Key: "admin", Owned: true},
	{
		Route: "POST /v1/deliveries/resend", Key: "admin", Body: `{"endpoint":"ep_1","subject":"trd_1","limit":10}`,
	},
}
