package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// tracing tells a collector how long requests, commits and calls to gateways
// took, and which belong together. Nil is off and does nothing.
//
// Its spans are our own and not those of a library, which would write down
// addresses and the text of errors: some addresses hold tokens. What a caller
// says about traces is not believed, and providers are told nothing of ours.
type tracing struct {
	tracer trace.Tracer
	end    func() error // sends what was not sent yet
}

// flushLimit is how long a stop waits for the collector.
const flushLimit = 5 * time.Second

// openTracing starts to send spans in the way that the environment's OTEL_
// variables say, where the configuration wants them.
func openTracing(ctx context.Context, c Config, log *slog.Logger) (*tracing, error) {
	if c.Traces != tracesOTLP {
		return nil, nil //nolint:nilnil // nil is off
	}
	sayInLog(log)
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	return newTracing(ctx, sdktrace.WithBatcher(exporter))
}

// sayInLog has the library's own complaints, such as that the collector is away, in
// the log: it would write lines of another form past it.
func sayInLog(log *slog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		log.Warn("spans could not be sent", "error", err)
	}))
	otel.SetLogger(logr.FromSlogHandler(log.Handler()))
}

// newTracing makes spans for whoever takes them.
func newTracing(ctx context.Context, to sdktrace.TracerProviderOption) (*tracing, error) {
	about, err := resource.New(ctx, resource.WithAttributes(
		attribute.String("service.name", "purser"), attribute.String("service.version", Version())),
		resource.WithFromEnv()) // which may give it another name
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	provider := sdktrace.NewTracerProvider(to, sdktrace.WithResource(about))
	return &tracing{tracer: provider.Tracer("purser"), end: func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushLimit)
		defer cancel()
		return provider.Shutdown(ctx)
	}}, nil
}

// close sends what was not sent yet.
func (t *tracing) close() error {
	if t == nil {
		return nil
	}
	return t.end()
}

// request begins the span of a request, which has no name before it is answered.
func (t *tracing) request(ctx context.Context) (context.Context, trace.Span) {
	if t == nil {
		return ctx, nil
	}
	return t.tracer.Start(ctx, "request", trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindServer))
}

// answered ends the span of a request.
func answered(span trace.Span, verb, dialect, route, id string, status int) {
	if span == nil {
		return
	}
	span.SetName(verb + " " + route)
	span.SetAttributes(attribute.String("http.request.method", verb), attribute.String("http.route", route),
		attribute.Int("http.response.status_code", status), attribute.String("purser.dialect", dialect),
		attribute.String("purser.request_id", id))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// transport makes spans of calls to providers.
func (t *tracing) transport(next http.RoundTripper, connector string) http.RoundTripper {
	if t == nil {
		return next
	}
	return tracedTransport{t.tracer, next, connector}
}

type tracedTransport struct {
	tracer    trace.Tracer
	next      http.RoundTripper
	connector string
}

// RoundTrip makes the call. Where it goes and what it says are not written down.
func (t tracedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := t.tracer.Start(r.Context(), "gateway "+t.connector, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("purser.connector", t.connector),
			attribute.String("http.request.method", method(r.Method))))
	defer span.End()
	response, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		span.SetStatus(codes.Error, "")
		return response, err
	}
	span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	if response.StatusCode >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
	return response, nil
}

// store makes spans of commits.
func (t *tracing) store(next store.Store) store.Store {
	if t == nil {
		return next
	}
	return tracedStore{next, t.tracer}
}

type tracedStore struct {
	store.Store

	tracer trace.Tracer
}

// Commit commits; of an error only the code is written down.
func (s tracedStore) Commit(ctx context.Context, c store.Change) error {
	ctx, span := s.tracer.Start(ctx, "commit", trace.WithAttributes(
		attribute.Int("purser.events", len(c.Events)), attribute.Int("purser.entries", len(c.Entries))))
	defer span.End()
	err := s.Store.Commit(ctx, c)
	if err != nil {
		span.SetAttributes(attribute.String("error.type", string(fault.From(err).Code)))
		span.SetStatus(codes.Error, "")
	}
	return err
}
