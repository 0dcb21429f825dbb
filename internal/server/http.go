package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/purserhq/purser/internal/dialect"
)

// requestKey is the context key of a request's id.
type requestKey struct{}

// requestForm is an id that a caller may choose: it stands in our log, so it
// must not be able to write lines of its own.
var requestForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// requestID is the caller's id of the request, or a new one.
func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Request-Id"); id != "" && requestForm.MatchString(id) {
		return id
	}
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(random[:])
}

// observed is the outermost handler: it names the request, writes its line of
// the log and its figures, and turns a panic into a plain 500.
type observed struct {
	next    http.Handler
	log     *slog.Logger
	metrics *metrics
	now     func() time.Time
	sorts   *sorts
	proxies []netip.Prefix
	unnamed *atomic.Bool // a proxy that is not among them was told of; nil = nobody looks
	tracing *tracing
	// stopping says that callers shall not keep their connections; nil = never.
	stopping func() bool
}

// ServeHTTP answers and takes note. Addresses are never written down, because
// some carry tokens: the pattern of the route stands for them.
func (o observed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := o.now()
	id := requestID(r)
	w.Header().Set("X-Request-Id", id)
	if o.stopping != nil && o.stopping() {
		w.Header().Set("Connection", "close")
	}
	ctx, span := o.tracing.request(context.WithValue(r.Context(), requestKey{}, id))
	r = r.WithContext(ctx)
	o.missProxy(r)
	r.RemoteAddr = callerOf(r, o.proxies)
	answer := &recorder{ResponseWriter: w, span: span}
	if r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(answer, r.Body, maxBody)
	}
	o.metrics.running.Inc()
	defer o.finish(r, answer, begin)
	o.next.ServeHTTP(answer, r)
}

// finish is deferred by ServeHTTP, whatever became of the request.
func (o observed) finish(r *http.Request, answer *recorder, begin time.Time) {
	broken := recover()
	o.metrics.running.Dec()
	aborted, _ := broken.(error)
	isAbort := errors.Is(aborted, http.ErrAbortHandler)
	if broken != nil && !isAbort {
		o.log.ErrorContext(r.Context(), "request panicked", slog.Any("panic", broken),
			slog.String("stack", string(debug.Stack())))
		if answer.status == 0 {
			http.Error(answer, "Internal server error", http.StatusInternalServerError)
		}
	}
	o.note(r, answer, begin, o.now())
	if isAbort {
		panic(http.ErrAbortHandler) // net/http closes the connection
	}
}

// note writes the line and the figures of one request.
func (o observed) note(r *http.Request, answer *recorder, begin, end time.Time) {
	s := o.sorts.of(method(r.Method), r.Pattern)
	status := answer.status
	if status == 0 {
		status = http.StatusOK
	}
	took := end.Sub(begin)
	s.count(o.metrics, status, took)
	if answer.span != nil {
		id, _ := r.Context().Value(requestKey{}).(string)
		answered(answer.span, s.method, s.dialect, s.route, id, status)
	}
	level := slog.LevelInfo
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelWarn
	case s.dialect == "health":
		level = slog.LevelDebug
	}
	if !s.log.Enabled(r.Context(), level) {
		return
	}
	line := slog.NewRecord(end, level, "request answered", 0) // no line of the source: it is always this one
	line.AddAttrs(slog.Int("status", status), slog.Int64("bytes", answer.bytes),
		slog.Int64("took_us", took.Microseconds()))
	if dialect.Refusals(status) {
		line.AddAttrs(answer.whose(r)...)
	}
	_ = s.log.Handle(r.Context(), line) // nobody is left to tell that the log cannot be written
}

// routeOf takes the method off a pattern; what matched no route has none.
func routeOf(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		pattern = path
	}
	if pattern == "" || pattern == "/" {
		return "none"
	}
	return pattern
}

// method keeps a made-up verb out of the log.
func method(verb string) string {
	switch verb {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodHead, http.MethodOptions,
		http.MethodPatch:
		return verb
	default:
		return "other"
	}
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter

	status int
	bytes  int64
	span   trace.Span // nil = none
	// key and merchant are the ids of those whose call was refused; empty = nobody knows.
	key, merchant string
}

// Refused keeps whose call was refused.
func (r *recorder) Refused(key, merchant string) { r.key, r.merchant = key, merchant }

// whose says who was refused or asked to wait: the address as limits count it, and the
// key and the merchant as far as they are known. Of other calls the log has no address:
// whoever pays leaves none there.
func (r *recorder) whose(request *http.Request) []slog.Attr {
	attrs := []slog.Attr{slog.String("from", dialect.ClientAddress(request))}
	if r.key != "" {
		attrs = append(attrs, slog.String("key", r.key))
	}
	if r.merchant != "" {
		attrs = append(attrs, slog.String("merchant", r.merchant))
	}
	return attrs
}

// WriteHeader keeps the first final status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (r *recorder) Write(text []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(text)
	r.bytes += int64(n)
	return n, err
}

// Unwrap gives http.ResponseController what is below.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
