package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Call is one request while it is being answered. Its methods may only be used by the work function that got it: the
// emulator's lock is held then.
type Call struct {
	Name    string // such as verify
	Subject string // the payment it is about, when that could be read
	Request *http.Request
	Body    []byte
	Now     time.Time

	bench  *Bench
	struck []string
	err    error
}

// Identify reads from a request which payment it is about. It may also give the call a better name.
type Identify func(c *Call) string

// Work answers one call.
type Work func(c *Call) Reply

// Handle adds one of the provider's paths. The pattern is one of http.ServeMux, with a method.
func (b *Bench) Handle(pattern, call string, identify Identify, work Work) {
	b.calls[call] = true
	b.handle(pattern, call, identify, work)
}

func (b *Bench) handle(pattern, call string, identify Identify, work Work) {
	b.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		c := &Call{Name: call, Request: r, Body: body, Now: b.Now(), bench: b}
		tooLarge := new(http.MaxBytesError)
		switch {
		case errors.As(err, &tooLarge):
			b.send(r.Context(), w, c, JSON(http.StatusRequestEntityTooLarge, Object{{"message", "body too large"}}))
			return
		case err != nil:
			b.send(r.Context(), w, c, JSON(http.StatusBadRequest, Object{{"message", "body cannot be read"}}))
			return
		}
		if identify != nil {
			c.Subject = identify(c)
		}
		b.send(r.Context(), w, c, b.answer(c, work))
	})
}

// answer does the work under the lock, unless a fault comes first, and lays the later faults on the reply.
func (b *Bench) answer(c *Call, work Work) Reply {
	b.mu.Lock()
	defer b.mu.Unlock()
	reply, stopped := b.before(c)
	if stopped {
		return reply
	}
	reply = work(c)
	if c.err != nil {
		return JSON(http.StatusInternalServerError, Object{{"message", "the sandbox cannot write its state"}})
	}
	return b.after(c, reply)
}

// before strikes with the faults that leave the work undone.
func (b *Bench) before(c *Call) (Reply, bool) {
	if _, ok := c.Fault(FaultLostRequest); ok {
		return Reply{drop: true}, true
	}
	if fault, ok := c.Fault(FaultServerErrorBefore); ok {
		return serverError(fault), true
	}
	if _, ok := c.Fault(FaultRateLimit); ok {
		return JSON(http.StatusTooManyRequests, Object{{"message", "too many requests"}}), true
	}
	if fault, ok := c.Fault(FaultRedirect); ok {
		target := fault.Value
		if target == "" {
			target = b.options.PublicURL + "/elsewhere"
		}
		return Reply{Status: http.StatusFound, Location: target}, true
	}
	return Reply{}, false
}

// after strikes with the faults that spoil the answer of work that is done.
func (b *Bench) after(c *Call, reply Reply) Reply {
	if _, ok := c.Fault(FaultLostAnswer); ok {
		reply.drop = true
	}
	if fault, ok := c.Fault(FaultServerErrorAfter); ok {
		reply = serverError(fault)
	}
	if _, ok := c.Fault(FaultOddTypes); ok {
		reply.Body = oddTypes(reply.Body)
	}
	if fault, ok := c.Fault(FaultBadBody); ok {
		reply = spoil(reply, fault.Value)
	}
	if fault, ok := c.Fault(FaultSlowDrip); ok {
		reply.drip = cmp.Or(fault.Wait, 200*time.Millisecond)
	}
	if fault, ok := c.Fault(FaultDelay); ok {
		reply.delay = cmp.Or(fault.Wait, time.Minute)
	}
	return reply
}

// serverError is the answer of a provider that is not well, as its load balancer words it.
func serverError(fault Fault) Reply {
	status := fault.Status
	if status == 0 {
		status = http.StatusServiceUnavailable
	}
	page := "<html><body><h1>" + strconv.Itoa(status) + " " + http.StatusText(status) + "</h1></body></html>"
	return Reply{Status: status, Type: "text/html", Body: []byte(page)}
}

// hugeBody is how much more than an answer the fault huge sends.
const hugeBody = 10 << 20

// spoil makes an answer unreadable in one of the ways of FaultBadBody.
func spoil(reply Reply, way string) Reply {
	const page = "<!DOCTYPE html><html><body>Please wait while we check your browser.</body></html>"
	switch way {
	case "empty":
		reply.Body = nil
	case "cut":
		reply.cut = true
	case "html-200":
		reply.Status, reply.Type, reply.Body = http.StatusOK, "text/html", []byte(page)
	case "html-502":
		reply.Status, reply.Type, reply.Body = http.StatusBadGateway, "text/html", []byte(page)
	case "content-type":
		reply.Type = "text/html; charset=utf-8"
	case "huge":
		// Still valid JSON: white space in front of the last byte.
		reply.pad = hugeBody
	}
	return reply
}

// send notes the call and writes the reply; the lock is not held, so a slow reply holds nobody up.
func (b *Bench) send(ctx context.Context, w http.ResponseWriter, c *Call, reply Reply) {
	b.note(c, reply)
	if reply.delay > 0 && b.options.Sleep(ctx, reply.delay) != nil {
		panic(http.ErrAbortHandler)
	}
	if reply.drop {
		panic(http.ErrAbortHandler)
	}
	for _, address := range reply.visits {
		// A browser that cannot reach the shop is the shop's trouble, as with a real payer.
		_ = b.options.Visit(ctx, address)
	}
	if reply.Location != "" {
		w.Header().Set("Location", reply.Location)
	}
	if reply.Status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	if reply.policy != "" {
		w.Header().Set("Content-Security-Policy", reply.policy)
	}
	if reply.Type != "" {
		w.Header().Set("Content-Type", reply.Type)
	}
	w.Header().Set("Cache-Control", "no-store")
	b.sendBody(ctx, w, reply)
}

// sendBody writes whole, cut, padded and dripping bodies.
func (b *Bench) sendBody(ctx context.Context, w http.ResponseWriter, reply Reply) {
	body := reply.Body
	if reply.pad > 0 && len(body) > 0 {
		last := body[len(body)-1]
		body = append(append(body[:len(body)-1:len(body)-1], bytes.Repeat([]byte(" "), reply.pad)...), last)
	}
	if reply.cut {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		body = body[:len(body)/2]
	}
	w.WriteHeader(reply.Status)
	if reply.drip > 0 {
		b.dripBody(ctx, w, body, reply.drip)
	} else {
		_, _ = w.Write(body) // the client has gone: nobody is left to tell
	}
	if reply.cut {
		_ = http.NewResponseController(w).Flush() // the half that is there must leave before the break
		panic(http.ErrAbortHandler)
	}
}

// dripBody sends a body byte by byte until it is through or the client has had enough.
func (b *Bench) dripBody(ctx context.Context, w http.ResponseWriter, body []byte, pause time.Duration) {
	flusher := http.NewResponseController(w)
	for i := range body {
		if b.options.Sleep(ctx, pause) != nil {
			panic(http.ErrAbortHandler)
		}
		if _, err := w.Write(body[i : i+1]); err != nil {
			return
		}
		_ = flusher.Flush() // a writer without a flush sends the same bytes at the end
	}
}
