package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// The headers of calls that are named.
const (
	keyHeader      = "Idempotency-Key"
	replayedHeader = "Idempotent-Replayed" // "true" on the answer of an earlier call
)

// longestKey bounds an Idempotency-Key, in bytes.
const longestKey = 255

// caller is whose names these are. A key that is rotated while a call is
// repeated must not make the wish another one, so the merchant has them all.
const caller = "v1"

// wish is what one call wants to come true.
type wish struct {
	id     string
	status int
	secret bool
	ends   bool
	newPIN bool
	often  bool // see story
	do     func() (any, error)
	now    func(id string) (any, error)
	of     func(app.Change) (any, bool)
}

// once makes a wish come true, once for every Idempotency-Key.
func (c *call) once(w wish) (dialect.Reply, error) {
	key, err := idempotencyKey(c.Header)
	if err != nil {
		return dialect.Reply{}, err
	}
	if key == "" {
		out, err := w.do()
		return dialect.Reply{Status: w.status, Body: out}, err
	}
	print, err := c.fingerprint(key, w)
	if err != nil {
		return dialect.Reply{}, err
	}
	o := app.Once{Caller: caller, Key: key, Fingerprint: print, Secret: w.secret}
	if c.setsPIN(w) {
		if o, err = c.desk.App.HidePIN(c.Context(), c.Merchant, o); err != nil {
			return dialect.Reply{}, err
		}
	}
	leave, err := c.desk.running.enter(c.Merchant+" "+key, o.Fingerprint)
	if err != nil {
		return dialect.Reply{}, err
	}
	defer leave()
	if w.often {
		// Nearly every call is the first under its name. One that is not learns that
		// from its commit, which does nothing then, and so no call need ask beforehand.
		return c.first(o, w)
	}
	if reply, found, err := c.recall(o, w); found || err != nil {
		return reply, err
	}
	return c.first(o, w)
}

// setsPIN says that a PIN is part of what is asked for.
func (c *call) setsPIN(w wish) bool { return w.newPIN && len(c.PIN) > 0 }

// fingerprint is of all that is asked for under a name. A PIN that has to be the right
// one is not part of it: whether it is that of an earlier call is not told to who may
// be guessing.
func (c *call) fingerprint(name string, w wish) (string, error) {
	var pin string
	if c.setsPIN(w) {
		var err error
		if pin, err = c.desk.App.PINPrint(c.Context(), c.Merchant, name, string(c.PIN)); err != nil {
			return "", err
		}
	}
	sum := sha256.New() // which takes no copy of a large body
	for _, part := range [][]byte{
		[]byte(c.Method + " " + c.URL.RequestURI() + "\n"), c.Raw, []byte(lastDigits(c.Card.Number)), []byte(pin),
		[]byte(c.confidants(w)),
	} {
		_, _ = sum.Write(part) // never fails
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// confidants says who may be told a secret again: keys that may do the same as the one that
// it was told to, and as long where that counts. Of any other key it is another wish, as names
// are no secrets.
func (c *call) confidants(w wish) string {
	if !w.secret {
		return ""
	}
	scopes := make([]string, len(c.Key.Scopes))
	for n, s := range c.Key.Scopes {
		scopes[n] = string(s)
	}
	slices.Sort(scopes)
	who := "\n" + strings.Join(slices.Compact(scopes), ",")
	if end := c.Key.ExpiresAt; w.ends && !end.IsZero() {
		who += " until " + end.UTC().Format(time.RFC3339Nano)
	}
	return who
}

// first is the first call under its name, as far as anybody knows. Where nothing
// took the name, an earlier one may have it, in this process or in another.
func (c *call) first(o app.Once, w wish) (dialect.Reply, error) {
	var draw func(app.Change) (app.Kept, bool)
	if w.of != nil {
		draw = func(change app.Change) (app.Kept, bool) {
			out, ok := w.of(change)
			if !ok {
				return app.Kept{}, false
			}
			body, err := dialect.JSON(out)
			return app.Kept{Status: w.status, Body: body}, err == nil
		}
	}
	ctx, named := c.desk.App.Name(c.Context(), c.Merchant, o, w.id, draw)
	c.ctx = ctx
	out, err := w.do()
	if !named.Taken() {
		if reply, found, late := c.recall(o, w); found || late != nil {
			return reply, late
		}
	}
	reply := dialect.Reply{Status: w.status, Body: out}
	if err != nil {
		if !named.Taken() || !final(err) {
			return dialect.Reply{}, err
		}
		reply = problemOf(c.Request, err) // it had an effect, so it is over
	} else if kept, ok := named.Told(); ok {
		return told(kept), nil
	}
	body, err := dialect.JSON(reply.Body)
	if err != nil {
		return dialect.Reply{}, err
	}
	kept, err := named.Keep(ctx, app.Kept{Status: reply.Status, Body: body})
	return told(kept), err
}

// final says that an error is an answer, and not a breakdown after which the
// same call is sent again.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.Declined:
		return true
	case fault.Internal, fault.Unauthenticated, fault.Forbidden, fault.Unavailable, fault.RateLimited:
	}
	return false
}

// recall answers as an earlier call under the name did, if there was one.
func (c *call) recall(o app.Once, w wish) (reply dialect.Reply, found bool, err error) {
	made, kept, err := c.desk.App.Recall(c.Context(), c.Merchant, o)
	if err != nil || (made == "" && kept.Status == 0) {
		return dialect.Reply{}, false, err
	}
	if kept.Status == 0 {
		out, err := w.now(made)
		if err != nil {
			return dialect.Reply{}, false, err
		}
		body, err := dialect.JSON(out)
		if err != nil {
			return dialect.Reply{}, false, err
		}
		if kept, err = c.desk.App.Keep(c.Context(), c.Merchant, o, made, app.Kept{Status: w.status, Body: body}); err != nil {
			return dialect.Reply{}, false, err
		}
	}
	reply = told(kept)
	if reply.Header == nil {
		reply.Header = http.Header{}
	}
	reply.Header.Set(replayedHeader, "true")
	return reply, true, nil
}

// told is an answer that is kept.
func told(k app.Kept) dialect.Reply {
	var header http.Header
	if k.Status >= http.StatusBadRequest {
		header = http.Header{"Content-Type": {problemType}}
	}
	return dialect.Reply{Status: k.Status, Header: header, Body: k.Body}
}

// idempotencyKey is the caller's name for what it asks for; empty = none.
// Error: parameter_invalid.
func idempotencyKey(h http.Header) (string, error) {
	values := h.Values(keyHeader)
	if len(values) == 0 {
		return "", nil
	}
	key := values[0]
	unfit := func(char rune) bool { return char < ' ' || char > '~' }
	if len(values) > 1 || key == "" || len(key) > longestKey || strings.ContainsFunc(key, unfit) {
		return "", fault.New(fault.CodeParameterInvalid, keyHeader, "It must be 1 to 255 printable characters, once.")
	}
	return key, nil
}

// running are the names whose first call is not over on this node. Its zero
// value is ready.
type running struct {
	mu    sync.Mutex
	names map[string]string // the fingerprint of the call, by its name
}

// enter begins a call. Errors: idempotency_key_reuse, idempotency_in_progress.
func (r *running) enter(name, fingerprint string) (leave func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if other, ok := r.names[name]; ok {
		if other != fingerprint {
			return nil, fault.New(fault.CodeIdempotencyKeyReuse, "", "")
		}
		return nil, fault.New(fault.CodeIdempotencyInProgress, "", "")
	}
	if r.names == nil {
		r.names = map[string]string{}
	}
	r.names[name] = fingerprint
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.names, name)
	}, nil
}
