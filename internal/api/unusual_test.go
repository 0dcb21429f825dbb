package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

// TestUnusualAmounts holds one on both engines, until it is confirmed.
func TestUnusualAmounts(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			w := dialecttest.NewWorld(t, banks, dialecttest.Extras{Database: database})
			h := w.Handler(open(t, w))
			w.Play(t, h, "! usually 500000 IRR\n")
			ask := func(path, body string) dialecttest.Answer {
				return w.Ask(h, http.MethodPost, "/v1"+path, named(path+body), body)
			}
			usual, above := `{"amount":"900000","unit":"IRR"}`, `{"amount":"5000000","unit":"IRR"}`
			if a := ask("/invoices", usual); !strings.Contains(a.Body, `"held":false`) {
				t.Errorf("an ordinary amount: got %s", a.Body)
			}
			if a := ask("/invoices", above); !strings.Contains(a.Body, `"held":true`) {
				t.Errorf("ten times as much: got %s", a.Body)
			}
			held := id("inv", 2)
			listed := func(query string) string { return w.Ask(h, http.MethodGet, "/v1/invoices"+query, named(""), "").Body }
			waiting, others := listed("?held=true"), listed("?held=false&limit=100")
			if !strings.Contains(waiting, held) || strings.Contains(waiting, `"held":false`) {
				t.Errorf("those that wait: got %s", waiting)
			}
			if strings.Contains(others, held) || !strings.Contains(others, id("inv", 1)) {
				t.Errorf("those that do not: got %s", others)
			}
			if a := ask("/payments", `{"invoice":"`+held+`"}`); a.Status != http.StatusConflict {
				t.Errorf("a payment of it: got %d %s", a.Status, a.Body)
			}
			if a := ask("/invoices/"+held+"/confirm", ""); !strings.Contains(a.Body, `"held":false`) {
				t.Errorf("confirmed: got %s", a.Body)
			}
			if waiting := listed("?held=true"); strings.Contains(waiting, held) {
				t.Errorf("those that wait after that: got %s", waiting)
			}
			if a := ask("/payments", `{"invoice":"`+held+`","metadata":{"again":"1"}}`); a.Status != http.StatusCreated {
				t.Errorf("a payment after that: got %d %s", a.Status, a.Body)
			}
		})
	}
}
