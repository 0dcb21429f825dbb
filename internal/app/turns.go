package app

import (
	"context"
	"sync"

	"github.com/purserhq/purser/internal/store"
)

// turns lets callers about the same matter go one after the other. It spares
// work only: that nobody overwrites another is the store's promise, and a
// second process knows nothing of these lines.
type turns struct {
	mu    sync.Mutex
	lines map[string]*line
}

// line is one matter's.
type line struct {
	turn    chan struct{} // holds something while it is somebody's turn
	waiting int           // how many are in the line or have their turn
}

// enter waits for the caller's turn, or until the context ends, and gives the
// function that ends it. An empty matter has no line.
func (t *turns) enter(ctx context.Context, matter string) (leave func()) {
	if matter == "" {
		return func() {}
	}
	t.mu.Lock()
	if t.lines == nil {
		t.lines = map[string]*line{}
	}
	l := t.lines[matter]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1)}
		t.lines[matter] = l
	}
	l.waiting++
	t.mu.Unlock()
	mine := false
	select {
	case l.turn <- struct{}{}:
		mine = true
	case <-ctx.Done():
	}
	return func() {
		if mine {
			<-l.turn
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if l.waiting--; l.waiting == 0 {
			delete(t.lines, matter)
		}
	}
}

// matter is the invoice that a change is about, or else its payment, or the
// attempts that it counts.
func matter(c store.Change) string {
	switch {
	case len(c.Invoices) > 0:
		return c.Invoices[0].Merchant + "/" + c.Invoices[0].ID
	case len(c.Payments) > 0:
		return c.Payments[0].Merchant + "/" + c.Payments[0].Invoice
	case len(c.Refunds) > 0:
		return c.Refunds[0].Merchant + "/" + c.Refunds[0].Payment
	case len(c.Tries) > 0:
		return c.Tries[0].Merchant + "/" + c.Tries[0].Key
	default:
		return ""
	}
}
