package dialect_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/purserhq/purser/internal/dialect"
)

// Where several dialects could answer for an unknown path, the one that knows
// the caller does.
func TestUnknownPathsBelongToCallers(t *testing.T) {
	t.Parallel()
	first := speak("first", []string{"/a/"}, dialect.Route{Method: "GET", Path: "/a/one", Handle: says("one")})
	second := speak("second", []string{"/a/", "/b/"}, dialect.Route{Method: "GET", Path: "/a/{id}", Handle: says("any")})
	second.Knows = func(r *http.Request) bool { return r.Header.Get("Authorization") != "" }
	mux := http.NewServeMux()
	dialect.Mount(mux, first, second)
	h := dialect.Exact(mux, dialect.Unknown(first, second))
	for _, c := range []struct {
		method, path        string
		stranger, itsCaller string
	}{
		{"GET", "/a/one", "one", "one"},
		{"GET", "/a/two", "any", "any"},
		{"POST", "/a/one", "first method_not_allowed", "first method_not_allowed"},
		{"POST", "/a/two", "second method_not_allowed", "second method_not_allowed"},
		{"GET", "/a/two/three", "first route_not_found", "second route_not_found"},
		{"GET", "/a", "first route_not_found", "second route_not_found"},
		{"GET", "/b/two", "second route_not_found", "second route_not_found"},
		{"GET", "/c", "first route_not_found", "second route_not_found"},
		{"GET", "/a//two", "first route_not_found", "second route_not_found"},
		{"GET", "/b//two", "second route_not_found", "second route_not_found"},
		{"GET", "/b/one/%2e%2e%2ftwo", "second route_not_found", "second route_not_found"},
		{"GET", "//c", "first route_not_found", "second route_not_found"},
	} {
		for header, want := range map[string]string{"": c.stranger, "Bearer x": c.itsCaller} {
			r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil)
			r.Header.Set("Authorization", header)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if got := w.Body.String(); got != want {
				t.Errorf("%s %s with %q: got %q, want %q", c.method, c.path, header, got, want)
			}
		}
	}
}

// HEAD is GET without a body, where a dialect has it so.
func TestHeads(t *testing.T) {
	t.Parallel()
	for heads, want := range map[bool]int{true: http.StatusOK, false: http.StatusMethodNotAllowed} {
		d := speak("d", nil, dialect.Route{Method: "GET", Path: "/a", Handle: says("one")},
			dialect.Route{Method: "POST", Path: "/b", Handle: says("two")})
		d.Heads = heads
		mux := http.NewServeMux()
		dialect.Mount(mux, d)
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		for path, want := range map[string]int{"/a": want, "/b": http.StatusMethodNotAllowed} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := answer.Body.Close(); err != nil || answer.StatusCode != want {
				t.Errorf("%s, %t: got %d, %v, want %d", path, heads, answer.StatusCode, err, want)
			}
			if want == http.StatusOK && answer.ContentLength != int64(len("one")) {
				t.Errorf("%s: got a length of %d, want that of GET", path, answer.ContentLength)
			}
		}
	}
}
