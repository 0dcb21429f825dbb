package checkout

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
)

// The streams that tell open pages of changes: how many there are at a time, in
// all and for one network, which may be that of all customers of an operator of
// telephones; how long one lives before the browser opens another; how often it
// says anything, and how long that may take.
const (
	streamsAll  = 2000
	streamsEach = 60
	streamLife  = 10 * time.Minute
	streamBeat  = 15 * time.Second
	streamWrite = 10 * time.Second
	streamRetry = 2 * time.Second
)

// watch is how a page keeps itself up to date in a browser that runs scripts.
type watch struct {
	Events string // tells of changes
	Page   string // the page itself
	Mark   string // of what it shows
}

// watch is nil where nothing changes by itself any more.
func (p *Pages) watch(r *http.Request, view dealView) *watch {
	now := p.glimpse(view)
	if now.over {
		return nil
	}
	id := view.Invoice.ID
	return &watch{Events: p.dealForm(r, id, "events"), Page: p.action(dealPath(id), r), Mark: now.mark}
}

// markLength is how many bytes of a hash make a mark.
const markLength = 8

// glimpse is what the page of an invoice goes by.
func (p *Pages) glimpse(view dealView) glimpse {
	now, d := p.stage(view)
	all := fmt.Append(nil, now, view.Invoice.Version, view.Invoice.State)
	for _, one := range view.deals {
		all = fmt.Append(all, " ", one.ID, one.Version)
	}
	sum := sha256.Sum256(all)
	g := glimpse{mark: hex.EncodeToString(sum[:markLength]), over: now == ended, unit: view.Invoice.Amount.Unit()}
	switch now {
	case toChoose:
		g.due = view.Invoice.Due
	case toSend:
		g.due = d.Deadline
	case tooLate, toConfirm, disputed, ended:
	}
	return g
}

// glance reads as much of an invoice, or of a payout, as its page goes by.
func (p *Pages) glance(ctx context.Context, owner, id string) (g glimpse, err error) {
	var view dealView
	view.InvoiceView, err = p.app.Invoice(ctx, owner, id)
	if sending(err) {
		out, err := p.readSending(ctx, owner, id)
		return out.glimpse(), err
	}
	if err != nil {
		return g, err
	}
	if view.deals, err = p.app.DealsOf(ctx, owner, id); err != nil {
		return g, err
	}
	if paidElsewhere(view.Invoice, view.deals) {
		return g, fault.New(fault.CodeInvoiceNotFound, "invoice", "")
	}
	return p.glimpse(view), nil
}

// dealEvents tells the page of an invoice that is paid to a person, or of a
// payout, when it has changed, and how much time is left, as server-sent events. Whoever cannot be
// served has to look again: the page works without this.
func (p *Pages) dealEvents(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	leave, status := p.admitStream(r, id)
	if status != http.StatusOK {
		w.Header().Set("Retry-After", "60")
		refuseStream(w, status)
		return
	}
	defer leave()
	owner, err := p.app.InvoiceOwner(r.Context(), id)
	if sending(err) {
		owner, err = p.app.PayoutOwner(r.Context(), id)
	}
	var now glimpse
	if err == nil {
		now, err = p.glance(r.Context(), owner, id)
	}
	switch {
	case err != nil:
		p.logged(r, err)
		status, _ := problem(err)
		refuseStream(w, status)
	case now.over:
		refuseStream(w, http.StatusNoContent) // browsers take that for the end
	default:
		v, _ := p.voices.choose(r)
		p.stream(w, r, teller{p: p, v: v, now: now}, owner, id)
	}
}

// admitStream lets a stream begin, which ends with leave, or gives the status
// for why not.
func (p *Pages) admitStream(r *http.Request, id string) (leave func(), status int) {
	switch {
	case !p.visits.allow(r):
		return nil, http.StatusTooManyRequests
	case !invoice.HasDealPage(id):
		return nil, http.StatusNotFound
	case p.watcher.closed.Err() != nil:
		return nil, http.StatusServiceUnavailable
	}
	leave, ok := p.streams.take(r)
	if !ok {
		return nil, http.StatusServiceUnavailable
	}
	return leave, http.StatusOK
}

// refuseStream answers a script, which goes by the status alone.
func refuseStream(w http.ResponseWriter, status int) {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
}

// teller writes the events of one stream.
type teller struct {
	p    *Pages
	v    *voice
	now  glimpse
	left string // what was told of the time
}

// stream tells of changes until somebody has enough of it.
func (p *Pages) stream(w http.ResponseWriter, r *http.Request, t teller, owner, id string) {
	news, leave := p.watcher.listen(owner, id, t.now) //nolint:contextcheck // the looks are not for one request alone
	defer leave()
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Time{}) // the server's would end the request; whoever hangs up is noticed anyway
	say := func(text string) bool {
		defer within(streamWrite, connection.SetWriteDeadline)()
		_, err := io.WriteString(w, text)
		return err == nil && connection.Flush() == nil
	}
	h := w.Header()
	p.guard(h, false, false)
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no") // proxies hold answers back otherwise
	life, beat := time.NewTimer(streamLife), time.NewTicker(streamBeat)
	defer life.Stop()
	defer beat.Stop()
	ok := say(fmt.Sprintf("retry: %d\n\n", streamRetry.Milliseconds()) + t.state())
	for ok && !t.now.over && r.Method != http.MethodHead {
		select {
		case t.now = <-news:
			ok = say(t.state())
		case <-beat.C:
			ok = say(t.beat())
		case <-life.C:
			return
		case <-r.Context().Done():
			return
		case <-p.watcher.closed.Done():
			return
		}
	}
}

// state is the event by which a page knows whether it is still right.
func (t *teller) state() string { return "event: state\ndata: " + t.now.mark + "\n\n" }

// beat keeps a stream open, and tells how much time is left when that has
// changed.
func (t *teller) beat() string {
	now := t.p.now()
	if t.now.due.IsZero() || !now.Before(t.now.due) {
		return ":\n\n"
	}
	left := t.v.left(now, t.now.due, t.now.unit)
	if left == t.left {
		return ":\n\n"
	}
	t.left = left
	return "event: left\ndata: " + left + "\n\n"
}

// Close ends what would go on for ever: the streams of pages that are open.
func (p *Pages) Close() { p.watcher.Close() }
