package api_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

// refusal is a call that is refused, and what of it the answer has to name.
type refusal struct {
	method, path, body string

	status      int
	code, param string
}

// refusals want calls to be refused for the reason that is said, with the name of
// what is wrong.
func refusals(t *testing.T, all ...refusal) {
	t.Helper()
	w := dialecttest.NewWorld(t, banks, kit(t).Extras)
	h := w.Handler(open(t, w))
	w.Play(t, h, dialecttest.Story(prepared))
	for _, r := range all {
		header := named(r.path + r.body)
		if r.method == http.MethodGet {
			header = asAdmin
		}
		a := w.Ask(h, r.method, "/v1"+r.path, header, r.body)
		var got struct{ Code, Param string }
		if err := json.Unmarshal([]byte(a.Body), &got); err != nil {
			t.Errorf("%s %s %s: %v in %.200s", r.method, r.path, r.body, err, a.Body)
		}
		if a.Status != r.status || got.Code != r.code || got.Param != r.param {
			t.Errorf("%s %s %s: got %d %s, want %d %s of %q", r.method, r.path, r.body, a.Status, a.Body, r.status, r.code,
				r.param)
		}
	}
}

// TestUnknownGateways wants the name of a gateway that the merchant does not have to
// be a mistake of the caller's, and no breakdown that passes.
func TestUnknownGateways(t *testing.T) {
	t.Parallel()
	of := func(path, body string) refusal {
		return refusal{http.MethodPost, path, body, http.StatusNotFound, "gateway_not_found", "gateway"}
	}
	refusals(t,
		of("/payments", `{"invoice":"`+id("inv", 2)+`","gateway":"nobody"}`),
		of("/links", `{"amount":"5000","unit":"IRR","gateway":"nobody"}`),
		of("/invoices/"+id("inv", 2)+"/extend", `{"amount":"5000","gateway":"nobody"}`),
	)
}
