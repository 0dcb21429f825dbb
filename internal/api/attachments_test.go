package api_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

// TestAttachmentSizes wants a file of 10 MB to be kept and no larger one, and no
// large body to be read of whoever may not send one.
func TestAttachmentSizes(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, kit(t).Extras)
	h := w.Handler(open(t, w))
	w.Play(t, h, dialecttest.Story(prepared))
	path := "/v1/deals/" + id("deal", 12) + "/attachments"
	sent := func(size int) string {
		file := append([]byte("%PDF-"), make([]byte, size-len("%PDF-"))...)
		return `{"data":"` + base64.StdEncoding.EncodeToString(file) + `"}`
	}
	for name, c := range map[string]struct {
		key, body string
		want      int
	}{
		"as large as it may be":   {"admin", sent(deal.MaxFile), http.StatusCreated},
		"a byte more":             {"admin", sent(deal.MaxFile + 1), http.StatusRequestEntityTooLarge},
		"more than is read":       {"admin", sent(deal.MaxFile + 1<<20), http.StatusRequestEntityTooLarge},
		"of nobody":               {"none", sent(1 << 20), http.StatusRequestEntityTooLarge},
		"of who may only read":    {"key", sent(1 << 20), http.StatusRequestEntityTooLarge},
		"of nobody, of any size":  {"none", sent(100), http.StatusUnauthorized},
		"of a reader, any size":   {"key", sent(100), http.StatusForbidden},
		"of another merchant":     {"otheradmin", sent(1 << 20), http.StatusNotFound},
		"no file but much around": {"admin", `{"data":"` + strings.Repeat(" ", 1<<20) + `"}`, http.StatusBadRequest},
	} {
		header := http.Header{
			"Authorization": {"Bearer {{" + c.key + "}}"}, "Content-Type": {"application/json"},
		}
		if a := w.Ask(h, http.MethodPost, path, header, c.body); a.Status != c.want || c.want >= 400 && face(a) != nil {
			t.Errorf("%s: got %d %.300s, want %d", name, a.Status, a.Body, c.want)
		}
	}
}
