package dialect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// speak is a dialect whose faults are one line of text: its name, the status
// and the code.
func speak(name string, claims []string, routes ...dialect.Route) *dialect.Dialect {
	return &dialect.Dialect{
		Name: name, Title: name, Claims: claims, Routes: routes,
		Bodies: map[string]dialect.BodyReader{"application/json": dialect.ReadJSON},
		Fault: func(_ *dialect.Request, err error) dialect.Reply {
			status := http.StatusTeapot
			switch e := fault.From(err); e.Code {
			case fault.CodeRouteNotFound:
				status = http.StatusNotFound
			case fault.CodeMethodNotAllowed:
				status = http.StatusMethodNotAllowed
			case fault.CodeInternal:
				status = http.StatusInternalServerError
			}
			return dialect.Reply{Status: status, Body: []byte(name + " " + string(fault.From(err).Code))}
		},
		Log: slog.New(slog.DiscardHandler), NewRequestID: func() string { return "id-of-" + name },
	}
}

func says(text string) dialect.Handler {
	return func(*dialect.Request) (dialect.Reply, error) { return dialect.Reply{Body: []byte(text)}, nil }
}

func ask(t *testing.T, h http.Handler, method, target, body string) (status int, text string) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestMount(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	first := speak(
		"first", []string{"/pay/"},
		dialect.Route{Method: "POST", Path: "/pay/start", Handle: says("start")},
		dialect.Route{Method: "GET", Path: "/shared", Handle: says("first shared")},
	)
	second := speak(
		"second", []string{"/api/", "/pay/"},
		dialect.Route{Method: "GET", Path: "/api/{id}", Handle: func(r *dialect.Request) (dialect.Reply, error) {
			return dialect.Reply{Body: []byte(r.PathValue("id"))}, nil
		}},
		dialect.Route{Method: "POST", Path: "/shared", Handle: says("second shared")},
		dialect.Route{Method: "GET", Path: "/pay/{id}", Handle: says("pay by id")},
		dialect.Route{Method: "GET", Path: "/api/", Handle: says("all of it")},
	)
	dialect.Mount(mux, first, second)
	h := dialect.Exact(mux, http.HandlerFunc(first.NotFound))
	tests := []struct {
		method, path string
		status       int
		text         string
	}{
		{"POST", "/pay/start", 200, "start"},
		{"GET", "/pay/start", 405, "first method_not_allowed"},
		{"HEAD", "/shared", 405, "first method_not_allowed"},
		{"GET", "/pay/17", 200, "pay by id"},
		{"GET", "/pay/17/x", 404, "first route_not_found"},
		{"GET", "/api/17", 200, "17"},
		{"DELETE", "/api/17", 405, "second method_not_allowed"},
		{"GET", "/api/17/x", 404, "second route_not_found"},
		{"GET", "/api/", 200, "all of it"},
		{"POST", "/api/", 405, "second method_not_allowed"},
		{"GET", "/api", 404, "second route_not_found"},
		{"GET", "/pay", 404, "first route_not_found"},
		{"GET", "/shared", 200, "first shared"},
		{"POST", "/shared", 200, "second shared"},
		{"PUT", "/shared", 405, "first method_not_allowed"},
		{"GET", "/", 404, "first route_not_found"},
		{"GET", "/elsewhere", 404, "first route_not_found"},
		{"GET", "//shared", 404, "first route_not_found"},
		{"GET", "/api/../shared", 404, "first route_not_found"},
		{"GET", "/shared/", 404, "first route_not_found"},
	}
	for _, test := range tests {
		if status, text := ask(t, h, test.method, test.path, ""); status != test.status || text != test.text {
			t.Errorf("%s %s: got %d %q, want %d %q", test.method, test.path, status, text, test.status, test.text)
		}
	}
}

// A server that has its own front page keeps it.
func TestMountLeavesTheRoot(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "front page") })
	dialect.Mount(mux, speak("d", nil))
	if _, text := ask(t, mux, "GET", "/other", ""); text != "front page" {
		t.Errorf("got %q, want the front page", text)
	}
}

func TestRequestReachesTheHandler(t *testing.T) {
	t.Parallel()
	var got *dialect.Request
	handle := func(r *dialect.Request) (dialect.Reply, error) {
		got = r
		return dialect.Reply{Status: 201, Header: http.Header{"X-More": {"yes"}}, Body: map[string]string{"a": "<&>"}}, nil
	}
	d := speak("d", nil, dialect.Route{Method: "PUT", Path: "/x", MaxBody: 20, Handle: handle})
	d.Admit = func(r *dialect.Request) error {
		if len(r.Fields) != 0 || string(r.Raw) != `{"b": 1}` {
			t.Errorf("admission saw fields %v of %q", r.Fields, r.Raw)
		}
		r.Merchant = "m"
		return nil
	}
	mux := http.NewServeMux()
	dialect.Mount(mux, d)
	w := httptest.NewRecorder()
	w.Header().Set(dialect.RequestIDHeader, "of the server")
	r := httptest.NewRequestWithContext(t.Context(), "PUT", "/x?q=1", strings.NewReader(`{"b": 1}`))
	r.Header.Set("Content-Type", "application/json; charset=UTF-8")
	mux.ServeHTTP(w, r)
	if w.Code != 201 || w.Body.String() != `{"a":"<&>"}` || w.Header().Get("X-More") != "yes" {
		t.Errorf("got %d %s %v", w.Code, w.Body, w.Header())
	}
	if got.Merchant != "m" || got.ID != "of the server" || got.Params[0].Name != "q" || got.Fields[0].Value.Text != "1" {
		t.Errorf("the handler got %+v", got)
	}
	if status, text := ask(t, mux, "PUT", "/x", `{"b":"`+strings.Repeat("x", 20)+`"}`); text != "d body_too_large" {
		t.Errorf("a body above the route's limit: got %d %s", status, text)
	}
}

// unread is a body that nobody may touch.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// Who may not enter sends no body, and who may is held to the limit that was set.
func TestEnter(t *testing.T) {
	t.Parallel()
	d := speak("d", nil, dialect.Route{Method: "PUT", Path: "/x", MaxBody: 20, Handle: says("read")})
	d.Enter = func(r *dialect.Request) error {
		if r.Route.Path != "/x" || len(r.Params) != 1 || r.Raw != nil {
			t.Errorf("got %+v", r)
		}
		if r.Header.Get("X-Key") == "" {
			return fault.New(fault.CodeKeyMissing, "", "")
		}
		r.Route.MaxBody = 5
		return nil
	}
	mux := http.NewServeMux()
	dialect.Mount(mux, d)
	for _, test := range []struct {
		key  string
		body io.Reader
		want string
	}{
		{"", unread{t}, "d key_missing"},
		{"k", strings.NewReader(`"xxxxx"`), "d body_too_large"},
		{"k", strings.NewReader(`{}`), "read"},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), "PUT", "/x?q=1", test.body)
		r.Header.Set("Content-Type", "application/json")
		if test.key != "" {
			r.Header.Set("X-Key", test.key)
		}
		mux.ServeHTTP(w, r)
		if got := w.Body.String(); got != test.want {
			t.Errorf("%q: got %s, want %s", test.key, got, test.want)
		}
	}
}

// breaking fails while it is read, as a connection does.
type breaking struct{}

func (breaking) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestFailures(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	d := speak(
		"d", nil,
		dialect.Route{Method: "GET", Path: "/panic", Handle: func(*dialect.Request) (dialect.Reply, error) {
			panic("secret")
		}},
		dialect.Route{Method: "GET", Path: "/page", Handle: func(*dialect.Request) (dialect.Reply, error) {
			return dialect.Reply{Page: func(http.ResponseWriter, *http.Request) { panic("secret") }}, nil
		}},
		dialect.Route{Method: "GET", Path: "/error", Handle: func(*dialect.Request) (dialect.Reply, error) {
			return dialect.Reply{}, errors.New("secret")
		}},
		dialect.Route{Method: "GET", Path: "/unwritable", Handle: func(*dialect.Request) (dialect.Reply, error) {
			return dialect.Reply{Body: make(chan int)}, nil
		}},
		dialect.Route{Method: "POST", Path: "/body", Handle: says("read")},
	)
	d.Log = slog.New(slog.NewTextHandler(&log, nil))
	mux := http.NewServeMux()
	dialect.Mount(mux, d)
	for _, path := range []string{"/panic", "/page", "/error", "/unwritable"} {
		log.Reset()
		if status, text := ask(t, mux, "GET", path, ""); status != 500 || text != "d internal" {
			t.Errorf("%s: got %d %q, want the dialect's 500", path, status, text)
		}
		if !strings.Contains(log.String(), "request_id=id-of-d") {
			t.Errorf("%s: the log does not name the request: %s", path, log.String())
		}
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/body", breaking{}))
	if got := w.Body.String(); got != "d body_unreadable" {
		t.Errorf("a broken connection: got %q, want body_unreadable", got)
	}
	defer func() {
		if recover() != http.ErrAbortHandler { //nolint:errorlint // It must be this very value.
			t.Error("an aborted answer was not passed on")
		}
	}()
	abort := http.NewServeMux()
	dialect.Mount(abort, speak("d", nil, dialect.Route{
		Method: "GET", Path: "/", Handle: func(*dialect.Request) (dialect.Reply, error) { panic(http.ErrAbortHandler) },
	}))
	ask(t, abort, "GET", "/", "")
}

// ring knows two keys.
type ring struct{}

func (ring) Authenticate(_ context.Context, secret string) (merchant.Key, error) {
	switch secret {
	case "good":
		return merchant.Key{Merchant: "m", Scopes: []merchant.Scope{merchant.Payments}}, nil
	case "boss":
		return merchant.Key{Merchant: "m", Scopes: []merchant.Scope{merchant.Admin}}, nil
	case "":
		return merchant.Key{}, fault.New(fault.CodeKeyMissing, "", "")
	}
	return merchant.Key{}, fault.New(fault.CodeKeyInvalid, "", "")
}

type values = map[string][]string

func TestKeys(t *testing.T) {
	t.Parallel()
	bearer, key, site, via := "Authorization", "X-Api-Key", "Sec-Fetch-Site", "X-Forwarded-For"
	tests := []struct {
		name     string
		access   dialect.Access
		open     string
		header   values
		merchant string
		code     fault.Code
	}{
		{"bearer", dialect.KeyOnly, "", values{bearer: {"Bearer good"}}, "m", ""},
		{"lower case bearer", dialect.KeyOnly, "", values{bearer: {"bearer  good "}}, "m", ""},
		{"key", dialect.KeyOnly, "", values{key: {"good"}}, "m", ""},
		{"both the same", dialect.KeyOnly, "", values{key: {"good"}, bearer: {"Bearer good"}}, "m", ""},
		{"both, different", dialect.KeyOnly, "", values{key: {"good"}, bearer: {"Bearer boss"}}, "", fault.CodeKeyInvalid},
		{"twice, different", dialect.KeyOnly, "", values{key: {"good", "boss"}}, "", fault.CodeKeyInvalid},
		{"none", dialect.KeyOnly, "", nil, "", fault.CodeKeyMissing},
		{"another scheme", dialect.KeyOnly, "", values{bearer: {"Basic good"}}, "", fault.CodeKeyMissing},
		{"empty bearer", dialect.KeyOnly, "", values{bearer: {"Bearer "}}, "", fault.CodeKeyInvalid},
		{"unknown", dialect.KeyOnly, "", values{key: {"bad"}}, "", fault.CodeKeyInvalid},
		{"admin", dialect.AdminKey, "", values{key: {"boss"}}, "m", ""},
		{"admin without scope", dialect.AdminKey, "", values{key: {"good"}}, "", fault.CodeScopeMissing},
		{"admin may do all", dialect.KeyOnly, "", values{key: {"boss"}}, "m", ""},
		{"if any, none", dialect.KeyIfAny, "", nil, "", ""},
		{"if any, good", dialect.KeyIfAny, "", values{key: {"good"}}, "m", ""},
		{"if any, bad", dialect.KeyIfAny, "", values{key: {"bad"}}, "", fault.CodeKeyInvalid},
		{"public, bad", dialect.Anyone, "", values{key: {"bad"}}, "", ""},
		{"open", dialect.AdminKey, "demo", nil, "demo", ""},
		{"open, its own page", dialect.AdminKey, "demo", values{site: {"same-origin"}}, "demo", ""},
		{"open, typed", dialect.AdminKey, "demo", values{site: {"none"}}, "demo", ""},
		{"open, a page of another site", dialect.AdminKey, "demo", values{site: {"cross-site"}}, "", fault.CodeKeyMissing},
		{"open, a page of another port", dialect.AdminKey, "demo", values{site: {"same-site"}}, "", fault.CodeKeyMissing},
		{"another site, good", dialect.KeyOnly, "demo", values{site: {"cross-site"}, key: {"good"}}, "m", ""},
		{"open, not to this one", dialect.AdminKey, "demo", values{via: {"203.0.113.9"}}, "", fault.CodeKeyMissing},
		{"open, if any", dialect.KeyIfAny, "demo", nil, "", ""},
		{"open, good", dialect.KeyOnly, "demo", values{key: {"good"}}, "m", ""},
		{"open, bad", dialect.KeyOnly, "demo", values{key: {"bad"}}, "", fault.CodeKeyInvalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := &dialect.Request{
				Request: httptest.NewRequestWithContext(t.Context(), "GET", "/", nil),
				Route:   dialect.Route{Access: test.access},
			}
			r.Header = test.header
			near := func(r *http.Request) bool { return r.Header.Get(via) == "" }
			err := dialect.Keys{Keys: ring{}, Open: test.open, OpenTo: near}.Admit(r)
			if r.Merchant != test.merchant {
				t.Errorf("got merchant %q, want %q", r.Merchant, test.merchant)
			}
			if (err == nil) != (test.code == "") || err != nil && !fault.Is(err, test.code) {
				t.Errorf("got %v, want %q", err, test.code)
			}
		})
	}
}

func TestWantsPage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		accept, agent string
		want          bool
	}{
		{"", "curl/8", false},
		{"*/*", "curl/8", false},
		{"application/json, text/plain, */*", "axios/1.7", false},
		{"text/html", "", true},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Mozilla/5.0", true},
		{"text/html, */*", "", true},
		{"text/*", "", true},
		{"application/*, text/html;q=0.5", "", false},
		{"application/json, text/html", "", false},
		{"text/html;q=0.9, application/json", "", false},
		{"text/html, application/json;q=0.9", "", true},
		{"text/html;q=0", "", false},
		{"text/html;q=broken, application/json;q=0.95", "", true},
		{"*/*", "WhatsApp/2.23.20.0", true},
		{"*/*", "TelegramBot (like TwitterBot)", true},
		{"*/*", "facebookexternalhit/1.1", true},
		{"application/json", "ShopBot/1.0", false},
	}
	for _, test := range tests {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.Header.Set("Accept", test.accept)
		r.Header.Set("User-Agent", test.agent)
		if got := dialect.WantsPage(r); got != test.want {
			t.Errorf("Accept %q of %q: got %t, want %t", test.accept, test.agent, got, test.want)
		}
	}
	signs := map[string]string{
		"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Mode": "navigate",
	}
	for header, value := range signs {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.Header.Set(header, value)
		if !dialect.WantsPage(r) {
			t.Errorf("%s: %s gets no page", header, value)
		}
	}
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	l := dialect.NewLimiter(3*time.Second, 2, 4)
	for range 2 {
		if _, ok := l.Allow(now, "a"); !ok {
			t.Fatal("the budget is smaller than said")
		}
	}
	if wait, ok := l.Allow(now, "a"); ok || wait != 3*time.Second {
		t.Errorf("got %t after %s, want a refusal for 3s", ok, wait)
	}
	if wait, ok := l.Allow(now.Add(time.Second), "a"); ok || wait != 2*time.Second {
		t.Errorf("asking must cost nothing: got %t after %s, want a refusal for 2s", ok, wait)
	}
	if _, ok := l.Allow(now, "b"); !ok {
		t.Error("another caller was refused")
	}
	if _, ok := l.Allow(now.Add(3*time.Second), "a"); !ok {
		t.Error("refused after the pause")
	}
	// A few others do not make it forget; a flood does, because memory is bounded.
	for _, key := range []string{"c", "d", "e"} {
		l.Allow(now.Add(3*time.Second), key)
	}
	if _, ok := l.Allow(now.Add(3*time.Second), "a"); ok {
		t.Error("the budget was forgotten too early")
	}
	for n := range 100 {
		l.Allow(now, strings.Repeat("x", n+2))
	}
	if _, ok := l.Allow(now.Add(3*time.Second), "a"); !ok {
		t.Error("memory is not bounded")
	}
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"203.0.113.7:1234": "203.0.113.7", "[::ffff:203.0.113.7]:1": "203.0.113.7",
		"[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2::", "[fe80::1%eth0]:1": "fe80::", "pipe": "pipe", "name:7": "name",
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "10.0.0.1")
		if got := dialect.ClientAddress(r); got != want {
			t.Errorf("%s: got %s, want %s", remote, got, want)
		}
	}
}

func TestCallerAddress(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"203.0.113.7:1234": "203.0.113.7", "[::ffff:203.0.113.7]:1": "203.0.113.7",
		"[2001:db8:1:2:3:4:5:6]:1": "2001:db8:1:2:3:4:5:6", "[fe80::1%eth0]:1": "fe80::1", "pipe": "invalid IP",
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = remote
		if got := dialect.CallerAddress(r).String(); got != want {
			t.Errorf("%s: got %s, want %s", remote, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	limited := fault.New(fault.CodeRateLimited, "", "")
	for want, err := range map[string]error{
		"3": &dialect.Later{Fault: limited, Wait: 2100 * time.Millisecond}, "1": limited,
		"5": fault.New(fault.CodeShuttingDown, "", ""), "": fault.New(fault.CodeInvoiceClosed, "", ""),
	} {
		if got := dialect.RetryAfter(err); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
	later := &dialect.Later{Fault: limited}
	if !fault.Is(later, fault.CodeRateLimited) || later.Error() != limited.Error() {
		t.Errorf("got %v, want the fault inside", later)
	}
}

// A list comes item by item; it has an error of its own only before the first
// of them, and is cut after it.
func TestLists(t *testing.T) {
	t.Parallel()
	broken := fault.New(fault.CodeDatabaseUnavailable, "", "")
	upTo := func(items int, end error) dialect.Handler {
		return func(*dialect.Request) (dialect.Reply, error) {
			return dialect.Reply{Header: http.Header{"X-More": {"yes"}}, List: func(yield func(any, error) bool) {
				for n := range items {
					if !yield(n, nil) {
						return
					}
				}
				if end != nil {
					yield(nil, end)
				}
			}}, nil
		}
	}
	d := speak(
		"d", nil,
		dialect.Route{Method: "GET", Path: "/none", Handle: upTo(0, nil)},
		dialect.Route{Method: "GET", Path: "/three", Handle: upTo(3, nil)},
		dialect.Route{Method: "GET", Path: "/many", Handle: upTo(100_000, nil)},
		dialect.Route{Method: "GET", Path: "/broken", Handle: upTo(0, broken)},
		dialect.Route{Method: "GET", Path: "/cut", Handle: upTo(3, broken)},
	)
	mux := http.NewServeMux()
	dialect.Mount(mux, d)
	for path, want := range map[string]string{"/none": "[]", "/three": "[0,1,2]", "/broken": "d database_unavailable"} {
		if _, text := ask(t, mux, "GET", path, ""); text != want {
			t.Errorf("%s: got %q, want %q", path, text, want)
		}
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/many", http.NoBody))
	var list []int
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list) != 100_000 || list[99_999] != 99_999 {
		t.Errorf("got %d items, %v, want 100000", len(list), err)
	}
	if w.Header().Get("X-More") != "yes" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got headers %v", w.Header())
	}
	defer func() {
		if recover() != http.ErrAbortHandler { //nolint:errorlint // It must be this very value.
			t.Error("a list that broke off was not cut")
		}
	}()
	ask(t, mux, "GET", "/cut", "")
}

// A private body is gone when the call is over, whatever became of it.
func TestPrivateBodies(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]func() (dialect.Reply, error){
		"good":   func() (dialect.Reply, error) { return dialect.Reply{}, nil },
		"error":  func() (dialect.Reply, error) { return dialect.Reply{}, errors.New("no") },
		"panics": func() (dialect.Reply, error) { panic("no") },
	} {
		var raw []byte
		read := func(r *dialect.Request) (dialect.Reply, error) {
			if raw = r.Raw; string(raw) != "a secret" || len(r.Fields) != 0 {
				t.Errorf("%s: the handler got %q, %v", name, raw, r.Fields)
			}
			return handle()
		}
		d := speak("d", nil, dialect.Route{Method: "POST", Path: "/x", Handle: read})
		d.Private, d.Bodies = true, nil
		mux := http.NewServeMux()
		dialect.Mount(mux, d)
		ask(t, mux, "POST", "/x", "a secret")
		if strings.Trim(string(raw), "\x00") != "" || len(raw) == 0 {
			t.Errorf("%s: got %q, want nothing left", name, raw)
		}
	}
}
