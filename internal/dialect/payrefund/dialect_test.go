package payrefund_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/dialect/payrefund"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.Cleanup(os.Exit)) }

// idOf is the n-th id of a world.
func idOf(n int) string { return fmt.Sprintf("Q%0199d", n) }

// config is the dialect in a world, with ids that are known in advance.
func config(w *dialecttest.World) payrefund.Config {
	var ids atomic.Int64
	return payrefund.Config{
		App: w.App, Now: w.Now, Log: slog.New(slog.DiscardHandler), NewInvoiceID: w.ObjectID, NewRequestID: w.RequestID,
		NewID: func() string { return idOf(int(ids.Add(1))) },
	}
}

// build makes the dialect of a configuration.
func build(t testing.TB, c payrefund.Config) *dialect.Dialect {
	t.Helper()
	d, err := payrefund.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func open(t *testing.T, w *dialecttest.World) *dialect.Dialect {
	t.Helper()
	return build(t, config(w))
}

// cardBody is a payment by card as it is asked for.
func cardBody(amount, number string) string {
	return `{"amount":` + amount + `,"payment_method":"credit_card","additional_params":{"method":"credit_card",` +
		`"number":"` + number + `","name":"CARD HOLDER","expiration_month":"05","expiration_year":"2028","cvv":"321"}}`
}

// asked is a request of the shop as a story writes it.
func asked(method, path, body string) string {
	text := "> " + method + " " + path + "\n> X-API-Key: {{key}}\n"
	if body != "" {
		text += ">\n> " + body + "\n"
	}
	return text + "\n"
}

// prepared makes payment 1, which is held, and its refund 2; payment 3, which
// is settled.
var prepared = asked("POST", "/api/payments", cardBody("50.0", goodCard)) +
	asked("POST", "/api/refunds", `{"payment_id":"`+idOf(1)+`","amount":20.0}`) +
	asked("POST", "/api/payments", cardBody("30.5", goodCard)) +
	asked("PUT", "/api/payments/"+idOf(3), `{"settled_amount":30.5}`)

var samples = []dialecttest.Sample{
	{
		Route: "GET /api/payments", Key: "key",
		Query: "payment_id=" + idOf(1) + "&payment_method=credit_card&status=success&amount_gte=1.5&amount_lte=500&" +
			"created_at_gte=2020-01-01&created_at_lte=2030-01-01T00:00:00&settled_at_gte=2020-01-01T00:00:00Z&" +
			"settled_at_lte=2030-01-01T00:00:00%2B01:00&limit=10&offset=0",
	},
	{Route: "GET /api/payments/{id}", Path: "/api/payments/" + idOf(1), Key: "key", Owned: true},
	{Route: "POST /api/payments", Key: "key", Body: cardBody("50.0", goodCard)},
	{Route: "POST /api/payments/{id}", Path: "/api/payments/x", Key: "key", Body: cardBody("50.0", goodCard)},
	{
		Route: "PUT /api/payments/{id}", Path: "/api/payments/" + idOf(3), Key: "key", Owned: true,
		Body: `{"amount":30.5,"payment_method":"credit_card","additional_params":{},"settled_amount":30.5,` +
			`"settled_at":"2025-01-02T03:04:09.678"}`,
	},
	{Route: "PUT /api/payments", Key: "key"},
	{Route: "DELETE /api/payments", Key: "key"},
	{Route: "DELETE /api/payments/{id}", Path: "/api/payments/" + idOf(1), Key: "key", Owned: true},
	{Route: "GET /api/refunds", Key: "key", Query: "payment_id=" + idOf(1) + "&refund_id=" + idOf(2)},
	{Route: "GET /api/refunds/{id}", Path: "/api/refunds/" + idOf(2), Key: "key", Owned: true},
	{Route: "POST /api/refunds", Key: "key", Owned: true, Body: `{"payment_id":"` + idOf(1) + `","amount":1.5}`},
	{
		Route: "POST /api/refunds/{id}", Path: "/api/refunds/x", Key: "key", Owned: true,
		Body: `{"payment_id":"` + idOf(1) + `","amount":1.5}`,
	},
}

// face wants one text under one key, nothing about what is not there, and no
// body where the verb is wrong.
func face(a dialecttest.Answer) error {
	if a.Status == http.StatusMethodNotAllowed {
		if a.Body != "" || a.Header != nil && a.Header.Get("Allow") == "" {
			return fmt.Errorf("body %q, Allow %q", a.Body, a.Header.Get("Allow"))
		}
		return nil
	}
	if a.Header != nil && a.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		return fmt.Errorf("content type %q", a.Header.Get("Content-Type"))
	}
	if a.Body == "{}" && a.Status == http.StatusOK {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(a.Body))
	decoder.DisallowUnknownFields()
	var body struct{ Errors string }
	if err := decoder.Decode(&body); err != nil {
		return err
	}
	if body.Errors == "" {
		return fmt.Errorf("got %s, want a text", a.Body)
	}
	return nil
}

const intro = `A JSON API for a shop that takes cards and MB WAY: payments, documented on port 1111, and refunds, on
port 2222. All paths are on one listener, and on two more where the settings payments_listen and refunds_listen name
them.

| matter | behaviour | mark |
|---|---|---|
| success | 200 for everything that was understood: created, changed, deleted, not there, refused | observed |
| what is not there | 200 {}, also for what belongs to another merchant; an empty list is [] | observed |
| what is refused | 200 {"errors":"text"} | observed |
| bad JSON, a missing or ill-typed field, a bad filter | 400 {"errors":"text"} | chosen |
| keys | Authorization: Bearer KEY, or X-API-Key: KEY; none in a demo | chosen |
| bodies | JSON, whatever the Content-Type says; unknown fields are ignored | observed |
| ids | 200 letters and digits, in the order of time, all but nine random | chosen |
| amounts | JSON numbers of at most 2 decimal places, shown with at least one: 50.0 | chosen |
| inner amount | the amount without its decimal places: 50; not read | chosen |
| currency | not on the wire: the setting payrefund_currency, euro by default | chosen |
| times | UTC with milliseconds and no letter: 2020-04-07T15:01:07.000; payrefund_zone adds a Z | documented |
| status | success, error, settled, and pending until the outcome is known | chosen |
| wrong verb | 405 with Allow and no body; a slash at the end: 404 | observed |
| queue, database or server not available | 503 with Retry-After where it helps | chosen |
| bodies above 256 kB, nested deeper than 32, a key twice | refused | chosen |
| cross-site pages | no CORS headers are sent | chosen |

**Cards.** number and cvv live in memory during the gateway's call and are kept nowhere, in every mode. The last four
digits, the expiry and the name are kept. Answers show the number as 12 stars and the last four digits, and the cvv as
three stars; in a request these mean that nothing changes.

**Of /v1.** What is made here is shown whole by /v1, with the name and the expiry of a card as metadata. What /v1
charges, in this API's currency, is a payment here, with the id that it has there, and its refunds are too: name and
expiry of its card are empty, as /v1 keeps none. Payments that /v1 opens a page for are none of this API: it has no word
for them. All chosen.

**States.** success: a card's money is held, MB WAY's is taken. settled: the merchant settled it by a PUT, which takes a
card's money. error: declined, or the payer refused or let the time pass. A payment whose refunds gave all of it back
keeps its status.`

func TestConformance(t *testing.T) {
	t.Parallel()
	dialecttest.Run(t, dialecttest.Kit{
		New: open, Extras: extras, Prepare: prepared, Samples: samples, Face: face, Intro: intro,
		Missing: "{}", AnyMedia: true,
	})
}
