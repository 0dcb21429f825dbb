package checkout

import (
	"context"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/money"
)

// glimpse is what a page goes by that keeps itself up to date.
type glimpse struct {
	mark string    // of all that the page shows; another one = another page
	due  time.Time // until when the payer has time; zero = the page tells of no time
	unit money.Unit
	over bool // nothing is waited for any more
}

// watcher looks again and again at the invoices whose pages are open, because
// another process may have changed them. All of them take turns: more pages make
// the looks rarer, and not the store busier.
type watcher struct {
	look  func(ctx context.Context, owner, id string) (glimpse, error)
	pause time.Duration

	mu     sync.Mutex
	open   map[string]*watched // by invoice
	stop   context.CancelFunc  // ends the looks; nil = nobody looks
	closed context.Context     // over once everybody is to leave; no request's, because all of them share the looks
	close  context.CancelFunc
}

// watched is an invoice whose pages are open.
type watched struct {
	owner string
	last  string // the mark that all of them know of
	ears  map[chan glimpse]struct{}
}

// lookTime bounds one look at an invoice.
const lookTime = 5 * time.Second

func newWatcher(look func(ctx context.Context, owner, id string) (glimpse, error)) *watcher {
	w := &watcher{look: look, pause: time.Second, open: map[string]*watched{}}
	w.closed, w.close = context.WithCancel(context.Background())
	return w
}

// listen gives what becomes of an invoice from now on, until leave is called.
// Whoever is slow hears the newest only.
func (w *watcher) listen(owner, id string, now glimpse) (news <-chan glimpse, leave func()) {
	ear := make(chan glimpse, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	one := w.open[id]
	if one == nil {
		one = &watched{owner: owner, last: now.mark, ears: map[chan glimpse]struct{}{}}
		w.open[id] = one
	}
	one.ears[ear] = struct{}{}
	if w.stop == nil {
		var looking context.Context
		looking, w.stop = context.WithCancel(w.closed)
		go w.rounds(looking)
	}
	return ear, func() { w.leave(id, ear) }
}

func (w *watcher) leave(id string, ear chan glimpse) {
	w.mu.Lock()
	defer w.mu.Unlock()
	one := w.open[id]
	delete(one.ears, ear)
	if len(one.ears) == 0 {
		delete(w.open, id)
	}
	if len(w.open) == 0 {
		w.stop()
		w.stop = nil
	}
}

// Close tells everybody who listens to leave, for good.
func (w *watcher) Close() { w.close() }

// rounds looks at all invoices in turn, with a pause between two rounds.
func (w *watcher) rounds(ctx context.Context) {
	again := time.NewTicker(w.pause)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		for id, owner := range w.names() {
			limited, cancel := context.WithTimeout(ctx, lookTime)
			now, err := w.look(limited, owner, id)
			cancel()
			if ctx.Err() != nil {
				return
			}
			if err == nil { // else the next round may know more
				w.tell(id, now)
			}
		}
	}
}

// names are the invoices that are listened for, with their owners.
func (w *watcher) names() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	names := make(map[string]string, len(w.open))
	for id, one := range w.open {
		names[id] = one.owner
	}
	return names
}

// tell passes on what has changed.
func (w *watcher) tell(id string, now glimpse) {
	w.mu.Lock()
	defer w.mu.Unlock()
	one := w.open[id]
	if one == nil || one.last == now.mark {
		return
	}
	one.last = now.mark
	for ear := range one.ears {
		select {
		case <-ear: // what nobody has heard is old
		default:
		}
		ear <- now // there is room: nobody else puts anything in
	}
}
