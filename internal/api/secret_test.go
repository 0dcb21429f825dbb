package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

// TestSecretIsToldAgain wants the same secret, byte for byte, for the same call
// under the same name, and none for anybody later.
func TestSecretIsToldAgain(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, dialecttest.Extras{Stage: stage})
	h := w.Handler(open(t, w))
	header := func(name string) http.Header {
		return http.Header{
			"Authorization": {"Bearer {{admin}}"}, "Content-Type": {"application/json"}, "Idempotency-Key": {name},
		}
	}
	for path, body := range map[string]string{
		"/v1/endpoints":             `{"url":"https://shop.example/more"}`,
		"/v1/endpoints/ep_1/rotate": "",
	} {
		first := w.Ask(h, http.MethodPost, path, header(path), body)
		again := w.Ask(h, http.MethodPost, path, header(path), body)
		if first.Status >= http.StatusBadRequest || !random.MatchString(first.Body) {
			t.Fatalf("%s: got %d %s", path, first.Status, first.Body)
		}
		if again.Body != first.Body || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: got %s, want %s again", path, again.Body, first.Body)
		}
		other := w.Ask(h, http.MethodPost, path, header(path+" more"), body)
		if other.Body == first.Body || !random.MatchString(other.Body) {
			t.Errorf("%s under another name: got %s", path, other.Body)
		}
	}
	if list := w.Ask(h, http.MethodGet, "/v1/endpoints", header(""), ""); strings.Contains(list.Body, "whsec_") {
		t.Errorf("the list shows a secret: %s", list.Body)
	}
}
