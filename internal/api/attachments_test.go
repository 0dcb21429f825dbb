package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
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

// The pages of a deal's files begin with the oldest, whichever way they are read.
func TestAttachmentPages(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, kit(t).Extras)
	h := w.Handler(open(t, w))
	w.Play(t, h, dialecttest.Story(prepared))
	for n := range 3 { // prepared has one
		body := `{"data":"` + base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%%PDF-%d", n)) + `"}`
		a := w.Ask(h, http.MethodPost, "/v1/deals/"+id("deal", 12)+"/attachments", named(fmt.Sprint(n)), body)
		if a.Status != http.StatusCreated {
			t.Fatalf("got %d %s", a.Status, a.Body)
		}
	}
	type page struct {
		Data []struct {
			ID        string
			CreatedAt string `json:"created_at"`
		}
		NextCursor *string `json:"next_cursor"`
	}
	read := func(query string) (p page) {
		a := w.Ask(h, http.MethodGet, "/v1/attachments?deal="+id("deal", 12)+query, named(""), "")
		if err := json.Unmarshal([]byte(a.Body), &p); err != nil || a.Status != http.StatusOK {
			t.Fatalf("%s: got %d %s, %v", query, a.Status, a.Body, err)
		}
		return p
	}
	whole, first := read(""), read("&limit=3")
	if len(whole.Data) != 4 || whole.NextCursor != nil || len(first.Data) != 3 || first.NextCursor == nil {
		t.Fatalf("got %v and %v, want four and three of them", whole, first)
	}
	if second := read("&limit=3&cursor=" + *first.NextCursor); len(second.Data) != 1 || second.NextCursor != nil ||
		!slices.Equal(append(first.Data, second.Data...), whole.Data) || whole.Data[0].CreatedAt > whole.Data[3].CreatedAt {
		t.Errorf("got %v, then %v, want %v", first, second, whole)
	}
	if a := w.Ask(h, http.MethodGet, "/v1/attachments?format=csv&deal="+id("deal", 12), named(""), ""); a.Status !=
		http.StatusOK || strings.Count(a.Body, "\r\n") != 5 {
		t.Errorf("got %d %s, want a table of four", a.Status, a.Body)
	}
}
