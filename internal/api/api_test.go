package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/purserhq/purser/internal/api"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/store/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(cluster{m}, goleak.Cleanup(os.Exit)) }

// cluster runs the tests with a PostgreSQL of their own.
type cluster struct{ *testing.M }

func (c cluster) Run() int {
	if fewWalks() != nil {
		return 1
	}
	return pgtest.Run(c.M)
}

// open builds the API in a world.
func open(t *testing.T, w *dialecttest.World) *dialect.Dialect {
	t.Helper()
	return api.New(api.Config{
		App: w.App, PublicURL: "https://pay.example", Now: w.Now, Log: slog.New(slog.DiscardHandler), Unlimited: true,
		SignedCalls:  []string{"create-invoice", "invoice-verify"},
		NewID:        func(prefix string) string { return prefix + "_" + w.UUID() },
		NewRequestID: w.RequestID,
	})
}

var banks = []dialecttest.BankForm{
	{Name: "zarinpal", Session: "A%d", SessionParam: "Authority", WordParam: "Status", Good: "OK"},
	{Name: "shepa", Session: "tok-%d", SessionParam: "token", WordParam: "status", Good: "success"},
}

// id is the n-th id of a world.
func id(prefix string, n int) string {
	return fmt.Sprintf("%s_00000000-0000-4000-8000-%012x", prefix, n)
}

// posted is a call of the shop as a story writes it.
func posted(path, body string) string {
	text := "> POST /v1" + path + "\n> Authorization: Bearer {{key}}\n"
	if body != "" {
		text += "> Content-Type: application/json\n>\n> " + body + "\n"
	}
	return text + "\n"
}

// administered is the same of the holder of the shop's admin key.
func administered(path, body string) string {
	return strings.Replace(posted(path, body), "{{key}}", "{{admin}}", 1)
}

// prepared makes invoice 1, which payment 3 pays, of which refund 4 gives back a
// part; invoice 2, which is paid and waits for its merchant's word; the open
// invoice 5; a payment whose money is held; customer 10001 and transfer 7.
var prepared = posted("/invoices", `{"amount":"5000","unit":"IRR"}`) +
	posted("/invoices", `{"amount":"5000","unit":"IRR","verify_within":600}`) +
	"! payer starts " + id("inv", 2) + " at zarinpal\n! pay A1\n! payer returns from A1\n" +
	posted("/payments", `{"invoice":"`+id("inv", 1)+`"}`) + "! pay A2\n! payer returns from A2\n" +
	posted("/refunds", `{"payment":"`+id("pay", 3)+`","amount":"1000"}`) +
	posted("/invoices", `{"amount":"5000","unit":"IRR"}`) +
	"! vault holds held\n! 10000 gets 1000 USD\n" +
	administered("/customers", `{"first_name":"Ada","pin":"471100"}`) +
	administered("/transfers", `{"source":10000,"destination":10001,"amount":"10","unit":"USD"}`) +
	traded + attesting + coded + "! a link that has taken money\n! nobody answers for unsure\n"

var samples = []dialecttest.Sample{
	{
		Route: "POST /v1/invoices", Key: "key",
		Body: `{"amount":"5000","unit":"IRR","reference":"r","title":"t","description":"d","payer":{"name":"n"},` +
			`"terminal":1001,"national_id":"0012345679","due_at":"2026-12-01T12:00:00Z","verify_within":600,` +
			`"return_url":"https://shop.example/","metadata":{"a":"b"}}`,
	},
	{
		Route: "GET /v1/invoices", Key: "key",
		Query: "limit=10&status=open&expand=payments&terminal=1001&reference=r&unit=IRR",
	},
	{
		Route: "GET /v1/invoices/{id}", Path: "/v1/invoices/" + id("inv", 1), Key: "key", Owned: true,
		Query: "expand=payments",
	},
	{
		Route: "POST /v1/invoices/{id}/cancel", Path: "/v1/invoices/" + id("inv", 5) + "/cancel", Key: "key", Owned: true,
	},
	{
		Route: "POST /v1/invoices/{id}/confirm", Path: "/v1/invoices/" + id("inv", 5) + "/confirm", Key: "key", Owned: true,
	},
	{
		Route: "POST /v1/invoices/{id}/extend", Path: "/v1/invoices/" + id("inv", 5) + "/extend", Key: "key", Owned: true,
		Body: `{"amount":"1000","gateway":"shepa"}`,
	},
	{
		Route: "POST /v1/links", Key: "key",
		Body: `{"amount":"5000","unit":"IRR","gateway":"shepa","title":"t","description":"d","payer":{"name":"n"},` +
			`"due_at":"2026-12-01T12:00:00Z","metadata":{"a":"b"}}`,
	},
	{
		Route: "GET /v1/links", Key: "key",
		Query: "limit=10&status=open&kind=open_amount&expand=payments&created_from=2024-12-01T12:00:00Z" +
			"&created_until=2026-12-01T12:00:00Z",
	},
	{
		Route: "POST /v1/invoices/{id}/close", Path: "/v1/invoices/gathering/close", Key: "key", Owned: true,
	},
	{Route: "GET /v1/links/{id}", Path: "/v1/links/until-further-notice", Key: "key", Owned: true},
	{Route: "POST /v1/deposits", Key: "key", Body: `{"account":10001,"amount":"5000","unit":"IRR","title":"t"}`},
	{
		Route: "POST /v1/invoices/{id}/verify", Path: "/v1/invoices/" + id("inv", 2) + "/verify", Key: "key", Owned: true,
	},
	{
		Route: "POST /v1/invoices/{id}/refund", Path: "/v1/invoices/" + id("inv", 1) + "/refund", Key: "key", Owned: true,
	},
	{
		Route: "POST /v1/payments", Key: "key", Owned: true,
		Body: `{"invoice":"` + id("inv", 5) + `","amount":"2000","gateway":"shepa","method":"iranian_card",` +
			`"description":"d","payer":{"name":"n"},"metadata":{"a":"b"}}`,
	},
	{
		Route: "GET /v1/payments", Key: "key",
		Query: "limit=10&status=captured&gateway=zarinpal&unit=IRR&expand=invoice&invoice=" + id("inv", 1),
	},
	{
		Route: "GET /v1/payments/{id}", Path: "/v1/payments/" + id("pay", 3), Key: "key", Owned: true,
		Query: "expand=refunds,invoice",
	},
	{
		Route: "POST /v1/payments/{id}/refresh", Path: "/v1/payments/" + id("pay", 3) + "/refresh", Key: "key", Owned: true,
	},
	{
		Route: "POST /v1/payments/{id}/capture", Path: "/v1/payments/held/capture", Key: "key", Owned: true,
		Body: `{"amount":"5"}`,
	},
	{
		Route: "POST /v1/charges", Key: "key",
		Body: `{"amount":"5","unit":"EUR","method":"card","card":{"number":"4242424242424242","cvv":"123","name":"Ada",` +
			`"month":1,"year":2030},"payer":{"name":"n"},"description":"d","metadata":{"a":"b"}}`,
	},
	{
		Route: "POST /v1/payments/{id}/charge", Path: "/v1/payments/" + id("pay", 22) + "/charge", Key: "key", Owned: true,
		Body: `{"amount":"5","method":"card","card":{"number":"4242424242424242","month":1,"year":2030},` +
			`"payer":{"name":"n"},"metadata":{"a":"b"}}`,
	},
	{
		Route: "POST /v1/payments/{id}/adjust", Path: "/v1/payments/held/adjust", Key: "key", Owned: true,
		Body: `{"amount":"5"}`,
	},
	{Route: "POST /v1/payments/{id}/void", Path: "/v1/payments/held/void", Key: "key", Owned: true},
	{
		Route: "POST /v1/refunds", Key: "key", Owned: true,
		Body: `{"payment":"` + id("pay", 3) + `","amount":"1000","reason":"r"}`,
	},
	{
		Route: "GET /v1/refunds", Key: "key",
		Query: "limit=10&status=succeeded&gateway=zarinpal&expand=payment&payment=" + id("pay", 3),
	},
	{
		Route: "GET /v1/refunds/{id}", Path: "/v1/refunds/" + id("rfd", 4), Key: "key", Owned: true,
		Query: "expand=payment",
	},
	{
		Route: "POST /v1/customers", Key: "admin",
		Body: `{"first_name":"Grace","last_name":"Hopper","email":"grace@example.com","national_id":"1","pin":"4711"}`,
	},
	{
		Route: "GET /v1/customers", Key: "admin",
		Query: "limit=10&status=active&email=ada@example.com&created_from=2024-12-01T12:00:00Z" +
			"&created_until=2025-12-01T12:00:00Z",
	},
	{Route: "GET /v1/customers/{id}", Path: "/v1/customers/10001", Key: "admin", Owned: true},
	{
		Route: "POST /v1/transfers", Key: "admin",
		Body: `{"source":10000,"destination":10001,"amount":"1","unit":"USD","reference":"r","description":"d"}`,
	},
	{
		Route: "GET /v1/transfers", Key: "admin",
		Query: "limit=10&account=10001&source=10000&destination=10001&reference=r&unit=USD&expand=entries",
	},
	{
		Route: "GET /v1/transfers/{id}", Path: "/v1/transfers/" + id("trf", 7), Key: "admin", Owned: true,
		Query: "expand=entries",
	},
	{Route: "GET /v1/accounts/{id}", Path: "/v1/accounts/10001", Key: "admin", Owned: true},
	{Route: "GET /v1/accounts", Key: "admin", Query: "limit=10&status=active&email=ada@example.com&unit=USD"},
	{Route: "GET /v1/balances", Key: "admin", Query: "format=json"},
	{Route: "GET /v1/entries", Key: "admin", Query: "subject=" + id("pay", 3)},
	{Route: "GET /v1/events", Key: "admin", Query: "after=13&limit=10&type=payment.captured&subject=" + id("pay", 3)},
	{Route: "GET /v1/docs/{group}", Path: "/v1/docs/events"},
}

// face wants a problem of RFC 9457.
func face(a dialecttest.Answer) error {
	if a.Header != nil && a.Header.Get("Content-Type") != "application/problem+json" {
		return fmt.Errorf("content type %q", a.Header.Get("Content-Type"))
	}
	decoder := json.NewDecoder(strings.NewReader(a.Body))
	decoder.DisallowUnknownFields()
	var body struct {
		Type, Title, Detail, Code, Param string
		RequestID                        string `json:"request_id"`
		Status                           int
		Errors                           []struct{ Code, Param, Detail string }
	}
	if err := decoder.Decode(&body); err != nil {
		return err
	}
	if body.Status != a.Status || body.Title == "" || body.Detail == "" || body.Code == "" ||
		body.Type != "/v1/docs#error-"+body.Code {
		return fmt.Errorf("got %s, want a whole problem", a.Body)
	}
	if a.Header == nil {
		return nil
	}
	if challenge := a.Header.Get("WWW-Authenticate"); (a.Status == http.StatusUnauthorized) != (challenge == "Bearer") &&
		a.Status != http.StatusForbidden {
		return fmt.Errorf("status %d with the challenge %q", a.Status, challenge)
	}
	if (a.Status == http.StatusMethodNotAllowed) != (a.Header.Get("Allow") != "") {
		return fmt.Errorf("status %d, Allow %q", a.Status, a.Header.Get("Allow"))
	}
	return nil
}

func kit(t *testing.T) dialecttest.Kit {
	t.Helper()
	return dialecttest.Kit{
		New: open, Banks: banks, Prepare: prepared, Samples: slices.Concat(samples, staged, market, said), Face: face,
		Elsewhere: []string{"GET /v1/docs", "GET /v1/docs/{group}", "GET /v1/openapi.json", "GET /v1/entries"},
		Extras:    dialecttest.Extras{Stage: stage, Hide: random, Watch: watching(t), Gateways: vaults, Happen: happen},
	}
}

func TestAPI(t *testing.T) {
	t.Parallel()
	dialecttest.Run(t, kit(t))
}

// TestDocument wants docs to have the document that the server gives.
func TestDocument(t *testing.T) {
	w := dialecttest.NewWorld(t, banks)
	answer := w.Ask(w.Handler(open(t, w)), http.MethodGet, "/v1/openapi.json", nil, "")
	if answer.Status != http.StatusOK {
		t.Fatalf("got %d %s", answer.Status, answer.Body)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(answer.Body), "", "  "); err != nil {
		t.Fatal(err)
	}
	dialecttest.Golden(t, published, pretty.String()+"\n")
}

// TestWords wants the document to explain every field and every parameter.
func TestWords(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	type schema struct {
		Type        any
		Description string
		Examples    []any
		Items       *schema
		Ref         string `json:"$ref"`
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Summary, Description string
			Parameters           []struct {
				Name, Description string
				Example           any
			}
		}
		Components struct {
			Schemas map[string]struct{ Properties map[string]schema }
		}
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			if o.Summary == "" || o.Description == "" {
				t.Errorf("%s %s has no words", method, path)
			}
			for _, p := range o.Parameters {
				if p.Description == "" || p.Example == nil {
					t.Errorf("%s %s: %s has no words or no example", method, path, p.Name)
				}
			}
		}
	}
	for name, s := range doc.Components.Schemas {
		for field, p := range s.Properties {
			whole := p.Ref != "" || p.Items != nil && p.Items.Ref != ""
			if p.Description == "" || len(p.Examples) == 0 && !whole {
				t.Errorf("%s.%s has no words or no example", name, field)
			}
		}
	}
}
