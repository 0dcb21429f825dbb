package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// canary is what must not be in any span: where it is a card number, a token
// and a secret at once.
const canary = "4111111111111111"

// failing is a store whose commits fail with a text that says too much.
type failing struct{ store.Store }

func (failing) Commit(context.Context, store.Change) error {
	return fault.New(fault.CodeDuplicate, "id", "").With(errors.New("key " + canary + " is taken"))
}

// away is a provider that cannot be reached, in words that say too much.
type away struct{}

func (away) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, errors.New("no route to " + r.URL.String())
}

// TestSpansHoldNoSecrets makes spans of everything that has them, with a
// canary in every place that a caller, a merchant or a provider can fill.
func TestSpansHoldNoSecrets(t *testing.T) {
	t.Parallel()
	kept := tracetest.NewInMemoryExporter()
	tracing, err := newTracing(t.Context(), sdktrace.WithSyncer(kept))
	if err != nil {
		t.Fatal(err)
	}
	o, _ := watch(t, "POST /pay/{token}", func(w http.ResponseWriter, r *http.Request) {
		call, err := http.NewRequestWithContext(r.Context(), http.MethodPost,
			"https://bank.example/"+canary+"?key="+canary, strings.NewReader(canary))
		if err != nil {
			t.Error(err)
		}
		call.Header.Set("Authorization", canary)
		if answer, err := tracing.transport(away{}, "zibal").RoundTrip(call); err == nil {
			t.Error("a provider that is away answered", answer.Body.Close())
		}
		change := store.Change{Claims: []store.Claim{{Key: canary, Subject: canary}}}
		if err := tracing.store(failing{}).Commit(r.Context(), change); err == nil {
			t.Error("a commit that fails did not")
		}
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, canary)
	})
	o.tracing = tracing
	r := httptest.NewRequest(http.MethodPost, "/pay/"+canary+"?t="+canary, strings.NewReader(canary))
	r.Header.Set("Authorization", "Bearer "+canary)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	r.Header.Set("Baggage", "card="+canary)
	o.ServeHTTP(httptest.NewRecorder(), r)
	spans := kept.GetSpans()
	if err := tracing.close(); err != nil {
		t.Error(err)
	}
	var names []string
	for _, s := range spans {
		names = append(names, s.Name)
		text := fmt.Sprintf("%+v", s)
		if strings.Contains(text, canary) {
			t.Errorf("the span %s holds the canary: %s", s.Name, text)
		}
		if got := s.SpanContext.TraceID().String(); got == "0af7651916cd43dd8448eb211c80319c" {
			t.Errorf("the span %s believed a caller's trace", s.Name)
		}
		if s.SpanContext.TraceID() != spans[0].SpanContext.TraceID() {
			t.Errorf("the span %s is not of the same trace", s.Name)
		}
	}
	if got, want := strings.Join(names, ", "), "gateway zibal, commit, POST /pay/{token}"; got != want {
		t.Errorf("got the spans %s, want %s", got, want)
	}
}

// TestTracesReachACollector runs a whole server with a collector that the
// environment names.
func TestTracesReachACollector(t *testing.T) {
	var mu sync.Mutex
	var told strings.Builder
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		told.Write(body)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	r := start(t, Config{Traces: "otlp"}, nil)
	r.get(t, r.url+"/invoice/getInfo?token="+canary)
	r.halt(t)
	mu.Lock()
	defer mu.Unlock()
	if text := told.String(); !strings.Contains(text, "GET /invoice/getInfo") || !strings.Contains(text, "purser") ||
		strings.Contains(text, canary) {
		t.Errorf("got %q, want the request without its token", text)
	}
}

// TestCollectorIsAway wants what the library has to complain about in the log, in the
// log's own form.
func TestCollectorIsAway(t *testing.T) {
	collector := httptest.NewServer(http.NotFoundHandler())
	collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	t.Setenv("OTEL_TRACES_SAMPLER", "nonsense")
	var out bytes.Buffer
	log, err := newLog(&out, "json", "info")
	if err != nil {
		t.Fatal(err)
	}
	tracing, err := openTracing(t.Context(), Config{Traces: tracesOTLP}, log)
	if err != nil {
		t.Fatal(err)
	}
	_, span := tracing.request(t.Context())
	answered(span, http.MethodGet, "ipg", "/", "1", http.StatusOK)
	if err := tracing.close(); err != nil {
		t.Errorf("got %v, want the spans to be given up", err)
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("the line %q is no line of the log", line)
		}
	}
	for _, want := range []string{"spans could not be sent", "connection refused", "unsupported sampler: nonsense"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got the log %s, want it to say %q", out.String(), want)
		}
	}
}

// TestNoTraces wants tracing that is off to leave everything as it was.
func TestNoTraces(t *testing.T) {
	off, err := openTracing(t.Context(), Config{Traces: "off"}, slog.New(slog.DiscardHandler))
	if err != nil || off != nil {
		t.Fatalf("got %v and %v, want nothing", off, err)
	}
	if got := off.transport(away{}, "zibal"); got != (away{}) {
		t.Errorf("got %T, want the transport itself", got)
	}
	if got := off.store(failing{}); got != (failing{}) {
		t.Errorf("got %T, want the store itself", got)
	}
	allocations := testing.AllocsPerRun(100, func() {
		_, span := off.request(t.Context())
		answered(span, http.MethodGet, "ipg", "/", "1", http.StatusOK)
	})
	if allocations != 0 {
		t.Errorf("got %v allocations, want none", allocations)
	}
	if _, err := (Config{Data: t.TempDir(), Traces: "maybe"}).Complete(); err == nil ||
		!strings.Contains(err.Error(), "traces") {
		t.Errorf("got %v, want the setting to be named", err)
	}
}
