package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/purserhq/purser/internal/api"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.Cleanup(os.Exit)) }

// open builds the API in a world.
func open(t *testing.T, w *dialecttest.World) *dialect.Dialect {
	t.Helper()
	v1, err := api.New(api.Config{
		App: w.App, PublicURL: "https://pay.example", Now: w.Now, Log: slog.New(slog.DiscardHandler), Unlimited: true,
		NewID:        func(prefix string) string { return prefix + "_" + w.UUID() },
		NewRequestID: w.RequestID,
	})
	if err != nil {
		t.Fatal(err)
	}
	return v1
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

// prepared makes invoice 1, and invoice 2, which is paid and waits for its
// merchant's word.
var prepared = posted("/invoices", `{"amount":"5000","unit":"IRR"}`) +
	posted("/invoices", `{"amount":"5000","unit":"IRR","verify_within":600}`) +
	"! payer starts " + id("inv", 2) + " at zarinpal\n! pay A1\n! payer returns from A1\n"

var samples = []dialecttest.Sample{
	{
		Route: "POST /v1/invoices", Key: "key",
		Body: `{"amount":"5000","unit":"IRR","reference":"r","title":"t","description":"d","payer":{"name":"n"},` +
			`"due_at":"2026-12-01T12:00:00Z","verify_within":600,"return_url":"https://shop.example/","metadata":{"a":"b"}}`,
	},
	{Route: "GET /v1/invoices", Key: "key", Query: "limit=10&status=open&expand=payments"},
	{
		Route: "GET /v1/invoices/{id}", Path: "/v1/invoices/" + id("inv", 1), Key: "key", Owned: true,
		Query: "expand=payments",
	},
	{
		Route: "POST /v1/invoices/{id}/cancel", Path: "/v1/invoices/" + id("inv", 1) + "/cancel", Key: "key", Owned: true,
	},
	{
		Route: "POST /v1/invoices/{id}/verify", Path: "/v1/invoices/" + id("inv", 2) + "/verify", Key: "key", Owned: true,
	},
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
		New: open, Banks: banks, Prepare: prepared, Samples: samples, Face: face,
		Elsewhere: []string{"GET /v1/docs", "GET /v1/openapi.json"},
		Extras:    dialecttest.Extras{Watch: watching(t)},
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

// TestDocs wants the page to load nothing from anywhere.
func TestDocs(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	v1 := open(t, w)
	answer := w.Ask(w.Handler(v1), http.MethodGet, "/v1/docs", nil, "")
	if answer.Status != http.StatusOK || answer.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("got %d %v", answer.Status, answer.Header)
	}
	policy := answer.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("policy %q", policy)
	}
	for _, foreign := range []string{"<script", "<img", "<link", "@import", "url("} {
		if strings.Contains(answer.Body, foreign) {
			t.Errorf("the page has %s", foreign)
		}
	}
	for _, route := range v1.Routes {
		if !strings.HasSuffix(route.Path, "/docs") && !strings.HasSuffix(route.Path, "/openapi.json") &&
			!strings.Contains(answer.Body, "<code>"+route.Name()+"</code>") {
			t.Errorf("the page does not show %s", route.Name())
		}
	}
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
