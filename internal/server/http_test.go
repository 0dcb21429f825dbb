package server

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// watch wraps a handler the way a server does.
func watch(t *testing.T, pattern string, h http.HandlerFunc) (observed, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	log, err := newLog(&out, "json", "debug")
	if err != nil {
		t.Fatal(err)
	}
	r := newRoutes()
	r.handle("shop", pattern, h)
	at := time.Unix(0, 0)
	tick := func() time.Time { at = at.Add(time.Millisecond); return at }
	return observed{next: r.mux, log: log, metrics: newMetrics("test"), now: tick, sorts: newSorts(log, r.dialectOf)}, &out
}

// wantFigure is a line that /metrics must show.
func wantFigure(t *testing.T, m *metrics, line string) {
	t.Helper()
	w := httptest.NewRecorder()
	m.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if !slices.Contains(strings.Split(w.Body.String(), "\n"), line) {
		t.Errorf("the figures have no line %q:\n%s", line, w.Body.String())
	}
}

func TestAddressesStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	o, out := watch(t, "GET /pay/{token}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "hello")
	})
	r := httptest.NewRequest(http.MethodGet, "/pay/canary?t=canary", nil)
	r.Header.Set("Authorization", "Bearer canary")
	r.Header.Set("X-Request-Id", "abc-1")
	w := httptest.NewRecorder()
	o.ServeHTTP(w, r)
	line := out.String()
	for _, want := range []string{
		`"route":"/pay/{token}"`, `"dialect":"shop"`, `"status":200`, `"bytes":5`, `"method":"GET"`, `"request_id":"abc-1"`,
		`"took_us":1000`,
	} {
		if !strings.Contains(line, want) {
			t.Errorf("got %s, want %s in it", line, want)
		}
	}
	if strings.Contains(line, "canary") {
		t.Errorf("the log shows a token: %s", line)
	}
	if got := w.Header().Get("X-Request-Id"); got != "abc-1" {
		t.Errorf("got id %q in the answer, want the caller's", got)
	}
	wantFigure(t, o.metrics, `purser_requests_total{dialect="shop",route="/pay/{token}",status="200"} 1`)
}

// Of who was refused or asked to wait the log says where the call came from, as limits
// count it, and whose it was; of others it says neither.
func TestRefusedAreInTheLog(t *testing.T) {
	t.Parallel()
	proxies, err := parseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, remote, forwarded string
		status                  int
		key                     string
		want                    []string
	}{
		{"taken", "203.0.113.9:4000", "", http.StatusOK, "key_1", nil},
		{"not found", "203.0.113.9:4000", "", http.StatusNotFound, "key_1", nil},
		{"nobody's key", "203.0.113.9:4000", "", http.StatusUnauthorized, "", []string{`"from":"203.0.113.9"`}},
		{"a key that may not", "203.0.113.9:4000", "", http.StatusForbidden, "key_1", []string{
			`"from":"203.0.113.9"`, `"key":"key_1"`, `"merchant":"mer_1"`,
		}},
		{"a whole network", "[2001:db8:1:2:3::4]:5", "", http.StatusTooManyRequests, "", []string{`"from":"2001:db8:1:2::"`}},
		{"behind a proxy", "10.1.2.3:4000", "198.51.100.7", http.StatusTooManyRequests, "", []string{
			`"from":"198.51.100.7"`,
		}},
		{"behind a proxy that is not named", "192.168.1.1:4000", "198.51.100.7", http.StatusTooManyRequests, "", []string{
			`"from":"192.168.1.1"`,
		}},
	} {
		o, out := watch(t, "GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
			if told, ok := w.(*recorder); ok && test.key != "" {
				told.Refused(test.key, "mer_1")
			}
			w.WriteHeader(test.status)
		})
		o.proxies = proxies
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = test.remote
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		o.ServeHTTP(httptest.NewRecorder(), r)
		line := out.String()
		for _, want := range test.want {
			if !strings.Contains(line, want) {
				t.Errorf("%s: got %s, want %s in it", test.name, line, want)
			}
		}
		for _, name := range []string{"from", "key", "merchant"} {
			wanted := strings.Contains(strings.Join(test.want, ""), `"`+name+`"`)
			if !wanted && strings.Contains(line, `"`+name+`"`) {
				t.Errorf("%s: got %s, want no %s in it", test.name, line, name)
			}
		}
	}
}

// What matched no route has one name, or a stranger could make as many figures
// as he likes.
func TestUnknownPathsShareOneFigure(t *testing.T) {
	t.Parallel()
	o, out := watch(t, "GET /known", func(http.ResponseWriter, *http.Request) {})
	for _, path := range []string{"/a", "/b?x=canary", "/canary"} {
		r := httptest.NewRequest("BREW", path, nil)
		r.Header.Set("X-Request-Id", "bad id\nwith a line")
		o.ServeHTTP(httptest.NewRecorder(), r)
	}
	wantFigure(t, o.metrics, `purser_requests_total{dialect="none",route="none",status="404"} 3`)
	if line := out.String(); strings.Contains(line, "canary") || strings.Contains(line, "BREW") ||
		strings.Contains(line, "bad id") {
		t.Errorf("the log shows what a stranger wrote: %s", line)
	}
}

func TestPanicIsAnAnswer(t *testing.T) {
	t.Parallel()
	o, out := watch(t, "GET /", func(http.ResponseWriter, *http.Request) { panic("canary") })
	w := httptest.NewRecorder()
	o.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "canary") {
		t.Errorf("got %d %q, want 500 without the cause", w.Code, w.Body.String())
	}
	if !strings.Contains(out.String(), "canary") || !strings.Contains(out.String(), "http_test.go") {
		t.Errorf("got %s, want the cause and where it was in the log", out.String())
	}
	abort, _ := watch(t, "GET /", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Error("an aborted answer must stay aborted")
		}
	}()
	abort.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	var problem error
	o, _ := watch(t, "POST /", func(_ http.ResponseWriter, r *http.Request) {
		_, problem = io.Copy(io.Discard, r.Body)
	})
	o.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/",
		strings.NewReader(strings.Repeat("x", maxBody+1))))
	if _, ok := errors.AsType[*http.MaxBytesError](problem); !ok {
		t.Errorf("got %v, want the body cut off", problem)
	}
}

// The address of a caller is what limits go by, so nobody may choose it.
func TestCallerOf(t *testing.T) {
	t.Parallel()
	proxies, err := parseProxies([]string{"10.0.0.0/8", "192.0.2.1", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, remote, want string
		forwarded          []string
	}{
		{"no proxy", "203.0.113.9:4000", "203.0.113.9:4000", []string{"198.51.100.1"}},
		{"one proxy", "10.1.2.3:4000", "203.0.113.9:0", []string{"203.0.113.9"}},
		{"the caller wrote the first", "10.1.2.3:4000", "203.0.113.9:0", []string{"198.51.100.1, 203.0.113.9"}},
		{"two proxies", "192.0.2.1:4000", "203.0.113.9:0", []string{"198.51.100.1", "203.0.113.9, 10.9.9.9"}},
		{"mapped", "[::ffff:10.1.2.3]:4000", "203.0.113.9:0", []string{"::ffff:203.0.113.9"}},
		{"version 6", "[::1]:4000", "[2001:db8::7]:0", []string{"2001:db8::7"}},
		{"with a port", "10.1.2.3:4000", "8.8.4.4:0", []string{"198.51.100.1, 8.8.4.4:555"}},
		{"version 6 with a port", "10.1.2.3:4000", "[2001:db8::1]:0", []string{"[2001:db8::1]:44"}},
		{"version 6 in brackets", "10.1.2.3:4000", "[2001:db8::1]:0", []string{"[2001:db8::1]"}},
		{"mapped, with a port", "10.1.2.3:4000", "203.0.113.9:0", []string{"[::ffff:203.0.113.9]:44"}},
		{"two proxies, with ports", "10.1.2.3:4000", "203.0.113.9:0", []string{"203.0.113.9:1, 10.9.9.9:2"}},
		{"a port that is none", "10.1.2.3:4000", "10.1.2.3:4000", []string{"203.0.113.9:http"}},
		{"brackets that are none", "10.1.2.3:4000", "10.1.2.3:4000", []string{"[203.0.113.9]"}},
		{"nothing forwarded", "10.1.2.3:4000", "10.1.2.3:4000", nil},
		{"rubbish", "10.1.2.3:4000", "10.1.2.3:4000", []string{"203.0.113.9, unknown"}},
		{"only ours", "10.1.2.3:4000", "10.1.2.3:4000", []string{"10.1.1.1"}},
	}
	for _, test := range tests {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = test.remote
		r.Header["X-Forwarded-For"] = test.forwarded
		if got := callerOf(r, proxies); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// TestUnnamedProxy: a proxy that the settings forgot is told of, once; strangers who
// only write that they are one, and proxies that are named, are not.
func TestUnnamedProxy(t *testing.T) {
	t.Parallel()
	proxies, err := parseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, remote, forwarded string
		want                    int
	}{
		{"named", "10.1.2.3:4000", "203.0.113.9", 0},
		{"a stranger", "203.0.113.9:4000", "198.51.100.1", 0},
		{"nothing forwarded", "127.0.0.1:4000", "", 0},
		{"forgotten on this machine", "127.0.0.1:4000", "203.0.113.9", 1},
		{"forgotten in this network", "[::ffff:172.18.0.1]:4000", "203.0.113.9", 1},
	} {
		var out bytes.Buffer
		o := observed{log: slog.New(slog.NewTextHandler(&out, nil)), proxies: proxies, unnamed: new(atomic.Bool)}
		for range 2 {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = test.remote
			if test.forwarded != "" {
				r.Header.Set("X-Forwarded-For", test.forwarded)
			}
			o.missProxy(r)
		}
		if got := strings.Count(out.String(), "name it in proxies"); got != test.want {
			t.Errorf("%s: got %d lines, want %d: %s", test.name, got, test.want, out.String())
		}
	}
}

func TestControlsAreForThisMachine(t *testing.T) {
	t.Parallel()
	h := onlyLocal(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	tests := []struct {
		name, remote, host, origin string
		want                       int
	}{
		{"a program here", "127.0.0.1:4000", "127.0.0.1:8080", "", http.StatusOK},
		{"by name", "[::1]:4000", "localhost:8080", "", http.StatusOK},
		{"without port", "[::1]:4000", "[::1]", "", http.StatusOK},
		{"another machine", "203.0.113.9:4000", "127.0.0.1:8080", "", http.StatusForbidden},
		{"a name that leads here", "127.0.0.1:4000", "evil.example:8080", "", http.StatusForbidden},
		{"a web page", "127.0.0.1:4000", "127.0.0.1:8080", "https://evil.example", http.StatusForbidden},
	}
	for _, test := range tests {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr, r.Host = test.remote, test.host
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != test.want {
			t.Errorf("%s: got %d, want %d", test.name, w.Code, test.want)
		}
	}
}
