package api_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

// TestNamesBelongToOneCall uses the Idempotency-Key of each call for every other
// one: it is refused, and nothing is done under it. Another merchant's calls know
// nothing of it.
func TestNamesBelongToOneCall(t *testing.T) {
	t.Parallel()
	extras := kit(t).Extras
	extras.Watch = nil // thousands of refusals, which other tests hold against the document
	w := dialecttest.NewWorld(t, banks, extras)
	h := w.Handler(open(t, w))
	w.Play(t, h, dialecttest.Story(prepared))
	send := func(s dialecttest.Sample, key, name string) dialecttest.Answer {
		method, target, _ := strings.Cut(s.Route, " ")
		if s.Path != "" {
			target = s.Path
		}
		header := named(name)
		header.Set("Authorization", "Bearer {{"+key+"}}")
		return w.Ask(h, method, target, header, s.Body)
	}
	record := func() string {
		text, err := w.Record(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var calls []dialecttest.Sample
	for _, s := range slices.Concat(samples, staged, market) {
		if strings.HasPrefix(s.Route, "POST ") {
			calls = append(calls, s)
		}
	}
	var done []dialecttest.Sample
	for _, s := range calls {
		if a := send(s, s.Key, "of "+s.Route); a.Status < http.StatusBadRequest {
			done = append(done, s)
		}
	}
	if len(done) < 30 {
		t.Fatalf("only %d of %d calls are answered well one after the other", len(done), len(calls))
	}
	before := record()
	for _, first := range done {
		for _, second := range calls {
			if first.Route == second.Route {
				continue
			}
			a := send(second, second.Key, "of "+first.Route)
			if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `"code":"idempotency_key_reuse"`) {
				t.Errorf("%s under the name of %s: got %d %s", second.Route, first.Route, a.Status, a.Body)
			}
		}
	}
	if after := record(); after != before {
		t.Errorf("something changed:\n%.3000s\nbefore:\n%.3000s", after, before)
	}
	for _, s := range done {
		key := "otheradmin"
		if s.Key == "operator" {
			key = "otheroperator"
		}
		a := send(s, key, "of "+s.Route)
		if a.Header.Get("Idempotent-Replayed") != "" || strings.Contains(a.Body, "idempotency") {
			t.Errorf("%s of another merchant: got %d %s, want a call of its own", s.Route, a.Status, a.Body)
		}
	}
}

// TestCursorsShowOnlyOnesOwn follows the cursor of each list in every other list,
// which refuses it, and as another merchant, to whom it shows nothing of the first.
func TestCursorsShowOnlyOnesOwn(t *testing.T) {
	t.Parallel()
	extras := kit(t).Extras
	extras.Watch = nil // thousands of refusals, which other tests hold against the document
	w := dialecttest.NewWorld(t, banks, extras)
	h := w.Handler(open(t, w))
	w.Play(t, h, dialecttest.Story(prepared))
	type listing struct{ path, key, rival string }
	var lists []listing
	for _, s := range slices.Concat(samples, staged, market) {
		path, ok := strings.CutPrefix(s.Route, "GET ")
		if !ok || strings.Contains(path, "{") || !strings.Contains(s.Query, "limit=") {
			continue
		}
		l := listing{path, s.Key, "otheradmin"}
		if s.Key == "operator" {
			l.rival = "otheroperator"
		}
		lists = append(lists, l)
	}
	read := func(path, key, query string) (seen []string, next string, status int) {
		header := http.Header{"Authorization": {"Bearer {{" + key + "}}"}}
		a := w.Ask(h, http.MethodGet, path+query, header, "")
		var list struct {
			Data []struct {
				ID string `json:"id"`
			}
			NextCursor string `json:"next_cursor"`
		}
		if a.Status == http.StatusOK {
			if err := json.Unmarshal([]byte(a.Body), &list); err != nil {
				t.Fatalf("%s: %v", a.Body, err)
			}
		}
		for _, one := range list.Data {
			seen = append(seen, one.ID)
		}
		return seen, list.NextCursor, a.Status
	}
	cursors := map[string]string{}
	mine := map[string][]string{}
	for _, l := range lists {
		_, cursors[l.path], _ = read(l.path, l.key, "?limit=1")
		mine[l.path], _, _ = read(l.path, l.key, "?limit=100")
	}
	followed := 0
	for from, cursor := range cursors {
		if cursor == "" {
			continue
		}
		for _, l := range lists {
			followed++
			seen, _, status := read(l.path, l.key, "?limit=100&cursor="+cursor)
			want := http.StatusBadRequest
			if from == l.path {
				want = http.StatusOK
			}
			if status != want {
				t.Errorf("the cursor of %s in %s: status %d, want %d", from, l.path, status, want)
			}
			for _, id := range seen {
				if !slices.Contains(mine[l.path], id) {
					t.Errorf("the cursor of %s in %s shows %s, which the list does not", from, l.path, id)
				}
			}
			foreign, _, _ := read(l.path, l.rival, "?limit=100&cursor="+cursor)
			for _, id := range foreign {
				if id != "" && slices.Contains(mine[l.path], id) && strings.Contains(id, "_") {
					t.Errorf("the cursor of %s in %s shows %s to another merchant", from, l.path, id)
				}
			}
		}
	}
	if followed < 50 {
		t.Errorf("only %d cursors were followed", followed)
	}
}
