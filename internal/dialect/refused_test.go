package dialect_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// oneKey knows a key that may take payments and nothing else.
type oneKey struct{}

func (oneKey) Authenticate(_ context.Context, secret string) (merchant.Key, error) {
	if secret != "good" {
		return merchant.Key{}, fault.New(fault.CodeKeyInvalid, "", "")
	}
	return merchant.Key{ID: "k", Merchant: "m", Scopes: []merchant.Scope{merchant.Payments}}, nil
}

// log keeps whose call was refused, below another writer.
type log struct {
	*httptest.ResponseRecorder

	told []string
}

func (l *log) Refused(key, merchant string) { l.told = append(l.told, key+" of "+merchant) }

type around struct{ http.ResponseWriter }

func (a around) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// TestRefused wants whoever writes the log to hear whose call was refused, and of no other.
func TestRefused(t *testing.T) {
	t.Parallel()
	late := func(*dialect.Request) (dialect.Reply, error) {
		return dialect.Reply{}, fault.New(fault.CodeRateLimited, "", "")
	}
	for _, test := range []struct {
		name   string
		access dialect.Access
		handle dialect.Handler
		key    string
		want   string // empty = nothing is told
	}{
		{"a key that may", dialect.KeyOnly, says("yes"), "good", ""},
		{"a key that may not", dialect.AdminKey, says("yes"), "good", "k of m"},
		{"a key that nobody has", dialect.KeyOnly, says("yes"), "bad", " of "},
		{"a key that asks too often", dialect.KeyOnly, late, "good", "k of m"},
	} {
		d := speak("d", nil, dialect.Route{Method: "GET", Path: "/", Access: test.access, Handle: test.handle})
		d.Admit = dialect.Keys{Keys: oneKey{}}.Admit
		d.Fault = func(_ *dialect.Request, err error) dialect.Reply {
			status := map[fault.Kind]int{
				fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden,
				fault.RateLimited: http.StatusTooManyRequests,
			}[fault.KindOf(err)]
			return dialect.Reply{Status: status}
		}
		mux := http.NewServeMux()
		dialect.Mount(mux, d)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("X-Api-Key", test.key)
		w := &log{ResponseRecorder: httptest.NewRecorder()}
		mux.ServeHTTP(around{w}, r)
		switch {
		case test.want == "" && len(w.told) > 0, test.want != "" && (len(w.told) != 1 || w.told[0] != test.want):
			t.Errorf("%s: got %q, want %q", test.name, w.told, test.want)
		}
	}
}
