package dialect

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"

	"github.com/purserhq/purser/internal/fault"
)

// RequestIDHeader carries the id of a call in its answer.
const RequestIDHeader = "X-Request-Id"

// answer runs one call and writes whatever comes of it. A panic is answered in
// the dialect's own shape too, as long as nothing was written before.
func (d *Dialect) answer(w http.ResponseWriter, r *http.Request, handle func(*watched, *Request) (Reply, error)) {
	watcher := &watched{ResponseWriter: w}
	call := &Request{Request: r, ID: d.requestID(w)}
	defer d.rescue(r.Context(), watcher, call)
	reply, err := handle(watcher, call)
	if err == nil && reply.Page != nil {
		reply.Page(watcher, r)
		return
	}
	if err == nil && reply.List != nil {
		if err = d.stream(r.Context(), watcher, call, reply); err == nil {
			return
		}
	}
	if err == nil {
		if reply.Body, err = encoded(reply.Body); err == nil {
			write(watcher, reply)
			return
		}
	}
	d.note(r.Context(), call, err)
	face := d.Fault(call, err)
	if Refusals(face.Status) {
		tellWitness(watcher, call)
	}
	write(watcher, face)
}

// rescue, deferred, ends a panic of the call.
func (d *Dialect) rescue(ctx context.Context, w *watched, call *Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares it just so.
		panic(cause)
	}
	d.Log.ErrorContext(ctx, "request panicked", slog.String("dialect", d.Name),
		slog.String("request_id", call.ID), slog.String("path", call.URL.Path),
		slog.Any("cause", cause), slog.String("stack", string(debug.Stack())))
	if !w.started {
		write(w, d.Fault(call, fault.New(fault.CodeInternal, "", "")))
	}
}

// requestID takes the id that the server gave this call already, or a new one.
func (d *Dialect) requestID(w http.ResponseWriter) string {
	if id := w.Header().Get(RequestIDHeader); id != "" {
		return id
	}
	id := d.NewRequestID()
	w.Header().Set(RequestIDHeader, id)
	return id
}

// note logs the faults that are ours, with their private causes.
func (d *Dialect) note(ctx context.Context, r *Request, err error) {
	if fault.KindOf(err) != fault.Internal {
		return
	}
	d.Log.ErrorContext(ctx, "request failed", slog.String("dialect", d.Name),
		slog.String("request_id", r.ID), slog.String("path", r.URL.Path), slog.String("error", fault.Detail(err)))
}

// run takes one call through its route: entry, body, credential, fields, handler.
func (d *Dialect) run(w *watched, r *Request, route Route) (reply Reply, err error) {
	r.Route = route
	if r.Params, err = readPairs(r.URL.RawQuery); err != nil {
		return Reply{}, err
	}
	if d.Enter != nil {
		if err := d.Enter(r); err != nil {
			return Reply{}, err
		}
	}
	if r.Leave != nil {
		defer r.Leave()
	}
	// A body on GET means nothing.
	if r.Method != http.MethodGet {
		r.Raw, err = readRaw(w, r.Request, r.Route.MaxBody)
		if d.Private || route.Card != "" || route.PIN != "" {
			defer func() { clear(r.Raw) }()
		}
		if err != nil {
			return Reply{}, err
		}
		if route.Card != "" {
			r.Card = Withhold(r.Raw, route.Card)
			defer r.Card.Wipe()
		}
		if route.PIN != "" {
			r.PIN = WithholdPIN(r.Raw, route.PIN)
			defer func() { clear(r.PIN) }()
		}
	}
	if d.Admit != nil {
		if err := d.Admit(r); err != nil {
			return Reply{}, err
		}
	}
	if r.Fields, err = d.ReadFields(r); err != nil {
		return Reply{}, err
	}
	return route.Handle(r)
}

// encoded is a body as the bytes that go out.
func encoded(body any) (any, error) {
	switch b := body.(type) {
	case nil, []byte:
		return b, nil
	}
	return JSON(body)
}

// JSON writes what goes out: the order of fields is kept, and <, > and & stay
// as they are, so that links can be read.
func JSON(v any) ([]byte, error) {
	const usual = 16 << 10 // what is larger is not kept
	s, _ := sheets.Get().(*sheet)
	err := s.encoder.Encode(v)
	raw := bytes.Clone(bytes.TrimSuffix(s.text.Bytes(), []byte("\n")))
	if s.text.Len() <= usual {
		clear(s.text.Bytes())
		s.text.Reset()
		sheets.Put(s)
	}
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return raw, nil
}

// sheet is paper to write an answer on, before it is copied out and wiped.
type sheet struct {
	text    bytes.Buffer
	encoder *json.Encoder
}

// sheets are those that nobody writes on.
var sheets = sync.Pool{New: func() any {
	s := new(sheet)
	s.encoder = json.NewEncoder(&s.text)
	s.encoder.SetEscapeHTML(false)
	return s
}}

// stream writes a list. It returns an error only while nothing was written.
func (d *Dialect) stream(ctx context.Context, w *watched, call *Request, reply Reply) error {
	const held = 32 << 10
	var out *bufio.Writer
	for item, err := range reply.List {
		var raw []byte
		if err == nil {
			raw, err = JSON(item)
		}
		switch {
		case err != nil && out == nil:
			return err
		case err != nil:
			d.note(ctx, call, err)
			panic(http.ErrAbortHandler)
		case out == nil:
			write(w, Reply{Status: reply.Status, Header: reply.Header, Body: []byte("[")})
			out = bufio.NewWriterSize(w, held)
		default:
			_ = out.WriteByte(',') // the writer keeps its first error for Flush
		}
		if _, err := out.Write(raw); err != nil {
			return nil // a caller that has gone away cannot be told so
		}
	}
	if out == nil {
		write(w, Reply{Status: reply.Status, Header: reply.Header, Body: []byte("[]")})
		return nil
	}
	_ = out.WriteByte(']')
	_ = out.Flush()
	return nil
}

// The values of the usual headers, which all answers share: a header is replaced and
// never added to. They have no room behind them, so that who adds makes a copy.
var (
	noStore    = []string{"no-store"}
	noSniff    = []string{"nosniff"}
	noReferrer = []string{"no-referrer"}
	asJSON     = []string{"application/json; charset=utf-8"}
)

// write sends a reply. Answers are about money and people: nobody may keep
// them, guess their type or learn the address they came from.
func write(w http.ResponseWriter, reply Reply) {
	h := w.Header()
	h["Cache-Control"], h["X-Content-Type-Options"], h["Referrer-Policy"] = noStore, noSniff, noReferrer
	body, err := encoded(reply.Body)
	if err != nil {
		reply.Status, body = http.StatusInternalServerError, nil
	}
	raw, _ := body.([]byte)
	if raw != nil {
		h["Content-Type"] = asJSON
	}
	for name, values := range reply.Header {
		h[name] = values
	}
	if reply.Status == 0 {
		reply.Status = http.StatusOK
	}
	w.WriteHeader(reply.Status)
	_, _ = w.Write(raw) // a caller that has gone away cannot be told so
}

// watched knows whether an answer has begun.
type watched struct {
	http.ResponseWriter
	started bool
}

func (w *watched) WriteHeader(status int) {
	w.started = true
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(p []byte) (int, error) {
	w.started = true
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController find what the real writer can do.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }
