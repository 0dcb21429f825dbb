package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime/debug"
	"sync"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// retries is how often a batch that was hindered by others is tried again.
const retries = 10

// errUncertain says that the connection broke while the database was told to
// commit, so that only the database knows whether it did.
var errUncertain = errors.New("it is not known whether the database committed")

// errReading says that nothing is written to this database.
var errReading = errors.New("the database is open for reading only")

// batch is the changes of one transaction.
type batch struct {
	orders    []*order
	carefully bool // look up every key before writing it
	results   []error
	last      record // an event of the batch, to recognise it by; nil = none
}

// decide replays the batch and keeps what each caller is told.
func (b *batch) decide(k known) plan {
	p := decide(b.orders, k)
	b.results = p.results
	b.last = nil
	if n := len(p.events); n > 0 {
		b.last = p.events[n-1]
	}
	return p
}

// committer makes the waiting changes of its merchants durable, one batch
// after another.
type committer struct {
	db    *DB
	wake  chan struct{}
	ended chan struct{}

	mu      sync.Mutex
	waiting []*order // some may have been given up by their callers
	live    int      // how many of them were not
	stopped bool
}

// newCommitter makes a committer that nobody runs yet.
func newCommitter(d *DB) *committer {
	return &committer{db: d, wake: make(chan struct{}, 1), ended: make(chan struct{})}
}

// seed spreads the merchants over the committers.
var seed = maphash.MakeSeed()

// Commit makes the change true and durable before it returns nil.
func (d *DB) Commit(ctx context.Context, c store.Change) error {
	o, err := encode(c)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fault.New(fault.CodeTimeOut, "", "").With(ctx.Err())
	}
	if len(d.committers) == 0 {
		return fault.New(fault.CodeInternal, "", "").With(errReading)
	}
	to := d.committers[maphash.String(seed, o.merchant)%uint64(len(d.committers))]
	if err := to.add(o); err != nil {
		return err
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		to.giveUp(o)
		return fault.New(fault.CodeTimeOut, "", "").With(ctx.Err())
	}
}

// add puts an order at the end of the queue.
func (c *committer) add(o *order) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return fault.New(fault.CodeShuttingDown, "", "")
	}
	if c.live >= c.db.options.Queue {
		return fault.New(fault.CodeQueueFull, "", "")
	}
	c.waiting = append(c.waiting, o)
	c.live++
	c.nudge()
	return nil
}

// nudge wakes the committer, once for any number of nudges.
func (c *committer) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// giveUp takes an order out of the queue unless it is being committed.
func (c *committer) giveUp(o *order) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !o.taken {
		o.taken = true
		c.live--
	}
}

// stop lets nothing more into the queue.
func (c *committer) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.nudge()
}

// take takes what waits, up to the limit of a batch.
func (c *committer) take() (orders []*order, stopped bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for n < len(c.waiting) && len(orders) < c.db.options.Batch {
		if o := c.waiting[n]; !o.taken {
			o.taken = true
			orders = append(orders, o)
		}
		c.waiting[n] = nil
		n++
	}
	c.waiting = c.waiting[n:]
	if len(c.waiting) == 0 {
		c.waiting = nil
	}
	c.live -= len(orders)
	return orders, c.stopped
}

// run commits until it is stopped and nothing waits. No time is spent waiting
// for a batch to fill: what waits when the last one is durable is the next.
func (c *committer) run() {
	defer close(c.ended)
	for {
		orders, stopped := c.take()
		switch {
		case len(orders) > 0:
			c.db.settle(orders, false)
		case stopped:
			return
		default:
			<-c.wake
		}
	}
}

// settle answers every order. A batch that fails is tried again carefully,
// then in halves, so that a change that spoils it fails alone.
func (d *DB) settle(orders []*order, carefully bool) {
	b := &batch{orders: orders, carefully: carefully}
	err := d.try(b)
	if err == nil {
		d.counters.batch(b)
		for i, o := range orders {
			o.done <- b.results[i]
		}
		return
	}
	lost := errors.Is(err, errLost) // again and again: some change may be why
	switch v := d.engine.verdict(err); {
	case v == broken || (v == hindered && !lost) || errors.Is(err, errUncertain):
		d.options.Log.Error("commit failed", "changes", len(orders), "error", err)
		d.counters.failed.Add(int64(len(orders)))
		for _, o := range orders {
			o.done <- failure(err, v)
		}
	case !carefully:
		d.counters.retried.Add(1)
		d.settle(orders, true)
	case len(orders) == 1:
		d.options.Log.Error("change failed", "merchant", orders[0].merchant, "error", err)
		d.counters.failed.Add(1)
		if v == taken {
			orders[0].done <- fault.New(fault.CodeDuplicate, "id", "").With(err)
			return
		}
		orders[0].done <- failure(err, v)
	default:
		half := len(orders) / 2
		d.settle(orders[:half], true)
		d.settle(orders[half:], true)
	}
}

// failure is what a caller is told of a commit that failed as a whole.
func failure(err error, v verdict) error {
	switch {
	case errors.Is(err, errUncertain):
		return fault.New(fault.CodeTimeOut, "", "").With(err)
	case v == broken:
		return fault.New(fault.CodeDatabaseUnavailable, "", "").With(err)
	}
	return fault.New(fault.CodeInternal, "", "").With(err)
}

// try commits a batch, again if another transaction was in the way or the
// connection was stale. It gives up early where the database is not even
// refusing: those who wait behind are to be told.
func (d *DB) try(b *batch) (err error) {
	limit, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for range retries {
		err = d.attempt(b)
		if errors.Is(err, errUncertain) {
			err = d.lookUp(limit, b, err)
		}
		if err == nil || errors.Is(err, errUncertain) || limit.Err() != nil {
			return err
		}
		if v := d.engine.verdict(err); v != hindered && v != broken {
			return err
		}
		d.counters.retried.Add(1)
	}
	return err
}

// attempt commits a batch and turns a panic into an error, so that one change
// cannot end the committer.
func (d *DB) attempt(b *batch) (err error) {
	defer func() {
		if p := recover(); p != nil {
			d.options.Log.Error("commit panicked", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("commit panicked: %v", p)
		}
	}()
	// A caller who goes away must not take the others' changes along.
	return d.engine.commit(context.Background(), b)
}

// errLost says that a batch was not committed, through no fault of its own.
var errLost = errors.New("the connection broke before the commit")

// lookUp asks the database whether it committed a batch: all of it is there if
// its last event is. Errors: errLost, or the uncertainty where that cannot be
// found out.
func (d *DB) lookUp(ctx context.Context, b *batch, uncertain error) error {
	if b.last == nil {
		return uncertain
	}
	for range retries {
		found, err := d.engine.landed(ctx, b.last)
		switch {
		case err != nil:
			uncertain = errors.Join(uncertain, err)
		case found:
			return nil
		default:
			return errLost
		}
	}
	return uncertain
}
