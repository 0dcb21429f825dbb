package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
)

// provider counts the calls that a handler answers.
func provider(t *testing.T, answer http.HandlerFunc) (url string, calls *atomic.Int64) {
	t.Helper()
	calls = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, calls
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // a client that has gone fails its own test
	}
}

func client(t *testing.T) *Client {
	t.Helper()
	transport := Transport()
	t.Cleanup(transport.CloseIdleConnections)
	return New(transport, 10*time.Second, "canary")
}

func lost(t *testing.T, err error) *Lost {
	t.Helper()
	l, ok := errors.AsType[*Lost](err)
	if !ok {
		t.Fatalf("got %v, want a lost answer", err)
	}
	return l
}

func TestCall(t *testing.T) {
	t.Parallel()
	var got string
	url, _ := provider(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		got = fmt.Sprintln(r.Method, r.URL.Path, r.Header.Get("Content-Type"), r.Header.Get("Accept"),
			r.Header.Get("Authorization"), string(body), err)
		answer(http.StatusUnprocessableEntity, `{"code":-9}`)(w, r)
	})
	body := map[string]string{"url": "a?b=1&c=<2>"}
	a, err := client(t).Send(t.Context(), Call{URL: url + "/x", Token: "tok", Body: body})
	if err != nil || a.Status != http.StatusUnprocessableEntity || string(a.Body) != `{"code":-9}` {
		t.Errorf("got %+v %v", a, err)
	}
	want := "POST /x application/json application/json Bearer tok {\"url\":\"a?b=1&c=<2>\"} <nil>\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOnlyQuestionsAreRepeated(t *testing.T) {
	t.Parallel()
	for status, repeated := range map[int]bool{500: true, 502: true, 503: true, 408: true, 429: false, 302: false} {
		url, calls := provider(t, answer(status, `{}`))
		c := client(t)
		if _, err := c.Send(t.Context(), Call{URL: url}); !lost(t, err).Sent {
			t.Errorf("%d: a call that was answered was not sent: %v", status, err)
		}
		if got := calls.Swap(0); got != 1 {
			t.Errorf("%d: Send called %d times", status, got)
		}
		want := int64(1)
		if repeated {
			want = 2
		}
		if _, err := c.Ask(t.Context(), Call{URL: url}); err == nil || calls.Load() != want {
			t.Errorf("%d: Ask called %d times, want %d: %v", status, calls.Load(), want, err)
		}
	}
}

func TestSecondAnswerCounts(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	url, _ := provider(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		answer(http.StatusOK, `{"ok":true}`)(w, r)
	})
	if a, err := client(t).Ask(t.Context(), Call{URL: url}); err != nil || string(a.Body) != `{"ok":true}` {
		t.Errorf("got %s %v, want the second answer", a.Body, err)
	}
}

// A kept connection that the provider closes must not make net/http repeat a
// call by itself, not even a GET that moves money.
func TestBrokenKeptConnection(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		var drop atomic.Bool
		url, calls := provider(t, func(w http.ResponseWriter, r *http.Request) {
			if body, err := io.ReadAll(r.Body); method == http.MethodGet && (len(body) > 0 || len(r.TransferEncoding) > 0) {
				t.Errorf("a GET came with the body %q, sent as %v, %v", body, r.TransferEncoding, err)
			}
			if drop.Load() {
				panic(http.ErrAbortHandler)
			}
			answer(http.StatusOK, `{}`)(w, r)
		})
		c := client(t)
		if _, err := c.Send(t.Context(), Call{Method: method, URL: url}); err != nil {
			t.Fatal(err)
		}
		drop.Store(true)
		calls.Store(0)
		if _, err := c.Send(t.Context(), Call{Method: method, URL: url}); !lost(t, err).Sent || calls.Load() != 1 {
			t.Errorf("%s: got %v after %d calls, want one that was sent", method, err, calls.Load())
		}
	}
}

func TestUntrustedCertificate(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // it complains of us, as it should
	server.StartTLS()
	defer server.Close()
	_, err := client(t).Send(t.Context(), Call{URL: server.URL})
	if l := lost(t, err); l.Sent || l.Why != "the provider's certificate is not trusted" || calls.Load() != 0 {
		t.Errorf("got %+v after %d calls, want an untrusted certificate before any", l, calls.Load())
	}
}

func TestNoProxyOfTheEnvironment(t *testing.T) {
	proxy, proxied := provider(t, answer(http.StatusOK, `{}`))
	t.Setenv("HTTP_PROXY", proxy)
	t.Setenv("http_proxy", proxy)
	if Transport().Proxy != nil {
		t.Error("the transport asks for a proxy")
	}
	if _, err := client(t).Send(t.Context(), Call{URL: "http://purser.invalid/x"}); err == nil || proxied.Load() != 0 {
		t.Errorf("got %v after %d proxied calls, want an unknown host", err, proxied.Load())
	}
}

func TestUnsent(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context //nolint:containedctx // a row of a table
		call Call
		why  string
	}{
		{"nobody there", t.Context(), Call{URL: gone.URL}, "no connection to the provider"},
		{"no address", t.Context(), Call{URL: ":"}, "the address cannot be called"},
		{"no JSON", t.Context(), Call{URL: gone.URL, Body: make(chan int)}, "the request cannot be written as JSON"},
		{"canceled", canceled, Call{URL: gone.URL}, "no time left"},
	}
	for _, test := range tests {
		_, err := client(t).Send(test.ctx, test.call)
		if l := lost(t, err); l.Sent || l.Why != test.why {
			t.Errorf("%s: got %+v, want unsent with %q", test.name, l, test.why)
		}
		if got := LostReturn(err); got.Outcome != gateway.Denied {
			t.Errorf("%s: got %+v, want denied", test.name, got)
		}
	}
}

func TestPausesWhenProviderFails(t *testing.T) {
	t.Parallel()
	url, calls := provider(t, answer(http.StatusBadGateway, `{}`))
	c := client(t)
	for range openAfter {
		if !c.Healthy() {
			t.Fatal("it is ill too early")
		}
		if _, err := c.Send(t.Context(), Call{URL: url}); !lost(t, err).Sent {
			t.Fatalf("got %v, want one that was sent", err)
		}
	}
	if c.Healthy() {
		t.Error("it is healthy after failures only")
	}
	_, err := c.Send(t.Context(), Call{URL: url})
	if l := lost(t, err); l.Sent || calls.Load() != openAfter {
		t.Errorf("got %+v after %d calls, want none while it pauses", l, calls.Load())
	}
	if got := LostReport(err); got.Doubt || got.Outcome != gateway.Unknown {
		t.Errorf("got %+v, want unknown without doubt", got)
	}
}

// A refusal in the provider's words is health, and so is a caller's hurry.
func TestStaysHealthy(t *testing.T) {
	t.Parallel()
	url, _ := provider(t, answer(http.StatusUnprocessableEntity, `{"errors":{"code":-9}}`))
	many, _ := provider(t, answer(http.StatusTooManyRequests, `{}`))
	c := client(t)
	for range 2 * openOf {
		if _, err := c.Ask(t.Context(), Call{URL: url}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Ask(t.Context(), Call{URL: many}); !lost(t, err).Sent {
			t.Fatalf("got %v, want one that was sent", err)
		}
	}
	if !c.Healthy() {
		t.Error("refusals made the provider ill")
	}
}

// trips answers calls without a network.
type trips func(*http.Request) (*http.Response, error)

func (t trips) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// What went out once was sent, though its repetition found no way.
func TestOneTryThatWentOutIsEnough(t *testing.T) {
	t.Parallel()
	url, calls := provider(t, answer(http.StatusInternalServerError, `{}`))
	tries := 0
	c := New(trips(func(r *http.Request) (*http.Response, error) {
		if tries++; tries == 1 {
			return http.DefaultTransport.RoundTrip(r)
		}
		httptrace.ContextClientTrace(r.Context()).GetConn("provider")
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}), time.Second)
	_, err := c.Ask(t.Context(), Call{URL: url})
	if l := lost(t, err); !l.Sent || l.Why != "no connection to the provider" || tries < 2 || calls.Load() != 1 {
		t.Errorf("got %+v after %d tries, want one that was sent", l, tries)
	}
}

func TestLimitIsForAllCalls(t *testing.T) {
	t.Parallel()
	url, calls := provider(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the caller hangs up
		<-r.Context().Done()
	})
	c := New(Transport(), 300*time.Millisecond)
	ctx, cancel := c.Begin(t.Context())
	defer cancel()
	_, err := c.Ask(ctx, Call{URL: url})
	if l := lost(t, err); !l.Sent {
		t.Errorf("got %+v, want one that was sent", l)
	}
	before := calls.Load()
	<-ctx.Done()
	_, err = c.Ask(ctx, Call{URL: url})
	if l := lost(t, err); l.Sent || calls.Load() != before {
		t.Errorf("after the limit: got %+v", l)
	}
}

func TestReading(t *testing.T) {
	t.Parallel()
	for contentType, good := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "text/json": true,
		"application/problem+json": true, "APPLICATION/JSON": true, "text/html": false, "": false, "text/plain": false,
	} {
		if isJSON(contentType) != good {
			t.Errorf("%q: got %v, want %v", contentType, !good, good)
		}
	}
	exact := `"` + strings.Repeat("x", maxBody-2) + `"`
	for body, good := range map[string]bool{exact: true, exact + " ": false} {
		url, _ := provider(t, answer(http.StatusOK, body))
		if _, err := client(t).Send(t.Context(), Call{URL: url}); (err == nil) != good {
			t.Errorf("%d bytes: got %v, want good = %v", len(body), err, good)
		}
	}
	strange := Answer{Status: 400, Body: []byte(`{"a":`)}
	if l := lost(t, strange.Decode(new(int))); !l.Sent || !strings.Contains(l.Why, "400") {
		t.Errorf("got %+v, want one that was sent and names the status", l)
	}
}
