package ipg_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/dialect/ipg"
	"github.com/purserhq/purser/internal/payment"
)

// pages stand for the hosted pages: they say which one was asked for.
type pages struct{ app *app.App }

func (pages) Link(w http.ResponseWriter, _ *http.Request, token string) { show(w, "link "+token) }

func (pages) OpenAmount(w http.ResponseWriter, _ *http.Request, token string) { show(w, "open "+token) }

func (p pages) Return(w http.ResponseWriter, r *http.Request) {
	paid, err := p.app.ReturnPayer(r.Context(), r.URL.Query())
	if err != nil || paid.State != payment.Captured {
		show(w, "error")
		return
	}
	show(w, "ok")
}

func show(w http.ResponseWriter, what string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<p>"+what+"</p>") // a recorder takes everything
}

// open builds the dialect in a world; merchant is the demo's, or empty.
func open(t *testing.T, w *dialecttest.World, merchant string) *dialect.Dialect {
	t.Helper()
	d, err := ipg.New(ipg.Config{
		App: w.App, Pages: pages{w.App}, PublicURL: "https://pay.example", OpenMerchant: merchant,
		OpenTo: func(*http.Request) bool { return true },
		Now:    w.Now, Log: slog.New(slog.DiscardHandler),
		NewID: w.ObjectID, NewToken: w.UUID, NewRequestID: w.RequestID,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func closed(t *testing.T, w *dialecttest.World) *dialect.Dialect {
	t.Helper()
	return open(t, w, "")
}

var banks = []dialecttest.BankForm{
	{Name: "zarinpal", Session: "A%d", SessionParam: "Authority", WordParam: "Status", Good: "OK"},
	{Name: "shepa", Session: "tok-%d", SessionParam: "token", WordParam: "status", Good: "success"},
	{Name: "zibal", Session: "3714%d", SessionParam: "trackId", WordParam: "success", Good: "1"},
}

// prepared makes, for the merchant whose payments are split: invoice 1 with
// the pending payment 2 and the waiting ones 3 and 4; invoice 5 with a fixed
// link, 6 with an open one; invoice 7 paid by payment 8; invoice 9 extended.
const prepared = `
> POST /invoice/create
> X-API-Key: {{split}}
>
> {"title":"Split","totalAmount":250000}

> POST /payment/request
> X-API-Key: {{split}}
>
> {"invoiceId":"66f0c0ffee00000000000001","amount":250000,"description":""}

> POST /admin/payment/getReadyToPayLink
> X-API-Key: {{splitadmin}}
>
> {"amount":5000,"userFullName":"Payer","mobile":"09120000001"}

> POST /admin/payment/getReadyToPayLink
> X-API-Key: {{splitadmin}}
>
> {"userFullName":"Payer","mobile":"09120000001"}

> POST /invoice/create
> X-API-Key: {{split}}
>
> {"title":"Paid","totalAmount":5000}

> POST /payment/request
> X-API-Key: {{split}}
>
> {"invoiceId":"66f0c0ffee00000000000007","amount":5000,"description":"all of it"}

! pay A2

> GET /cb?Authority=A2&Status=OK

> POST /invoice/create
> X-API-Key: {{split}}
>
> {"title":"Extended","totalAmount":3000}

> POST /admin/payment/getReadyToPayLink
> X-API-Key: {{splitadmin}}
>
> {"amount":2000,"userFullName":"Payer","mobile":"09120000001","invoiceId":"66f0c0ffee00000000000009"}
`

var samples = []dialecttest.Sample{
	{
		Route: "POST /invoice/create", Key: "split",
		Body: `{"totalAmount":1000,"title":"T","mobile":"09120000001","email":"payer@shop.example"}`,
	},
	{Route: "GET /invoice/getInfo", Query: "invoiceId=66f0c0ffee00000000000001", Key: "split", Owned: true},
	{
		Route: "POST /invoice/getWaitingPayments", Key: "split", Owned: true,
		Body: `{"invoiceId":"66f0c0ffee00000000000001"}`,
	},
	{
		Route: "POST /payment/request", Key: "split", Owned: true,
		Body: `{"invoiceId":"66f0c0ffee00000000000001","gateway":"shepa","amount":1000,"description":"d",` +
			`"mobile":"09120000001","email":"payer@shop.example"}`,
	},
	{
		Route: "GET /payment/status", Key: "split", Owned: true,
		Query: "paymentId=66f0c0ffee00000000000002&invoiceId=66f0c0ffee00000000000001",
	},
	{
		Route: "POST /payment/refund", Key: "split", Owned: true,
		Body: `{"authority":"A2","invoiceId":"66f0c0ffee00000000000007"}`,
	},
	{
		Route: "POST /payment/reverse", Key: "split", Owned: true,
		Body: `{"authority":"A2","invoiceId":"66f0c0ffee00000000000007"}`,
	},
	{
		Route: "POST /payment/startWaiting", Key: "split", Owned: true,
		Body: `{"paymentId":"66f0c0ffee00000000000003","gateway":"zibal"}`,
	},
	{Route: "GET /payment/readyToPay", Query: "token=00000000-0000-4000-8000-000000000001"},
	{Route: "GET /payment/readyToPayDynamic", Query: "token=00000000-0000-4000-8000-000000000002"},
	{
		Route: "POST /payment/readyToPayDynamic/process",
		Body: `{"token":"00000000-0000-4000-8000-000000000002","amount":1000,"email":"payer@shop.example",` +
			`"description":"thanks"}`,
	},
	{Route: "GET /invoice/amountExtensionReadyToPay", Query: "token=00000000-0000-4000-8000-000000000003"},
	{
		Route: "POST /admin/payment/getReadyToPayLink", Key: "splitadmin", Owned: true,
		Body: `{"amount":1000,"description":"d","userFullName":"Payer","mobile":"09120000001",` +
			`"readyToPayGateway":"zarinpal","invoiceId":"66f0c0ffee00000000000009"}`,
	},
	{Route: "GET /admin/payment/allPaymentsStatus", Key: "splitadmin", Query: "limit=10&offset=0"},
}

// face wants exactly the three keys, the status repeated, and a message that
// is a text or a list of texts.
func face(a dialecttest.Answer) error {
	decoder := json.NewDecoder(strings.NewReader(a.Body))
	decoder.DisallowUnknownFields()
	var body struct {
		Message    any    `json:"message"`
		Error      string `json:"error"`
		StatusCode int    `json:"statusCode"`
	}
	if err := decoder.Decode(&body); err != nil {
		return err
	}
	if a.Header != nil && a.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		return fmt.Errorf("content type %q", a.Header.Get("Content-Type"))
	}
	if body.StatusCode != a.Status || body.Error != http.StatusText(a.Status) {
		return fmt.Errorf("error %q, statusCode %d", body.Error, body.StatusCode)
	}
	switch message := body.Message.(type) {
	case string:
		if message != "" {
			return nil
		}
	case []any:
		for _, text := range message {
			if one, ok := text.(string); !ok || one == "" {
				return errors.New("a message that is no text")
			}
		}
		if len(message) > 0 && a.Status == http.StatusBadRequest {
			return nil
		}
	}
	return fmt.Errorf("message %v", body.Message)
}

const intro = `A JSON API for a shop that bills in Rial. Amounts are whole Rial, times ISO 8601 in UTC with
milliseconds, ids 24 hex digits. Every success is 200. What is made here is shown whole by /v1, and what is made
there in Rial or Toman is shown here: by its own id, to the merchant's keys, but without a key to nobody.

| matter | behaviour | mark |
|---|---|---|
| bodies | JSON; a missing one counts as ` + "`{}`" + `; unknown fields are ignored | observed |
| forms | are read, but form numbers are text and fail as integers | observed |
| numbers | ` + "`1000.0` is an integer, `\"1000\"` is not" + ` | observed |
| null | is as good as missing where an input is not needed | observed |
| keys | ` + "`Authorization: Bearer <key>` or `X-API-Key: <key>`" + `; one that is sent must be good | chosen |
| another merchant's ids | 404 | chosen |
| unknown route, wrong verb | 404 ` + "`Cannot POST /x`" + ` | observed |
| inputs that break their rules | 400 with a list of texts, in the order of the table | observed |
| everything else that fails | the same body with one text | observed |
| statuses of failures | 400, 404, 409, 413, 415, 502, 503; 401, 403, 429 | chosen |
| bodies above 256 kB, nested deeper than 32, a key twice | refused | chosen |
| cross-site pages | no CORS headers are sent | chosen |`

func TestConformance(t *testing.T) {
	dialecttest.Run(t, dialecttest.Kit{
		New: closed, Banks: banks, Prepare: prepared, Samples: samples, Face: face, Intro: intro,
	})
}
