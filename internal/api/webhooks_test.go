package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/api/apitest"
	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

// TestWebhookBodies holds what endpoints are sent against the document.
func TestWebhookBodies(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	ask := func(method, path, body string, into any) {
		t.Helper()
		header := asAdmin.Clone()
		if method == http.MethodPost {
			header = named(path)
		}
		a := w.Ask(h, method, "/v1"+path, header, body)
		if err := json.Unmarshal([]byte(a.Body), into); a.Status >= http.StatusBadRequest || err != nil {
			t.Fatalf("%s %s: got %d %s, %v", method, path, a.Status, a.Body, err)
		}
	}
	var made struct{ ID string }
	ask(http.MethodPost, "/endpoints", `{"url":"https://shop.example/hook"}`, &made)
	ask(http.MethodPost, "/invoices", `{"amount":"12.50","unit":"EUR"}`, &made)
	ask(http.MethodPost, "/invoices/"+made.ID+"/cancel", `{}`, &made)
	var sent struct{ Data []struct{ ID string } }
	ask(http.MethodGet, "/deliveries", "", &sent)
	if len(sent.Data) != 2 {
		t.Fatalf("got %d deliveries, want 2", len(sent.Data))
	}
	doc := document(t)
	apitest.CloseAnswers(doc)
	schema := doc.Webhooks["event"].Post.RequestBody.Value.Content["application/json"].Schema.Value
	for _, one := range sent.Data {
		var delivery struct{ Body string }
		ask(http.MethodGet, "/deliveries/"+one.ID, "", &delivery)
		var body map[string]any
		if err := json.Unmarshal([]byte(delivery.Body), &body); err != nil {
			t.Fatal(err)
		}
		if err := schema.VisitJSON(body); err != nil {
			t.Errorf("%s: %v", delivery.Body, err)
		}
		if kind, _ := body["type"].(string); !slices.Contains(app.EventTypes(), kind) {
			t.Errorf("there is no type %q", kind)
		}
	}
}

// TestEventTypesAreTold wants every type in the document and on the page for people.
func TestEventTypesAreTold(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	page := readDocs(t, w, w.Handler(open(t, w)))["/v1/docs"]
	words := document(t).Components.Schemas["Webhook"].Value.Properties["type"].Value.Description
	for _, kind := range app.EventTypes() {
		if !strings.Contains(page, "<code>"+kind+"</code>") || !strings.Contains(words, kind) {
			t.Errorf("%s is not told", kind)
		}
	}
}
