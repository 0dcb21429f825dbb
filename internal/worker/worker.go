// Package worker is the hands that work without being asked: loops that ask
// gateways about open payments, close invoices whose time is over, give back
// what nobody verified, and look for payers whose return was lost; and a
// courier that tells merchants' endpoints what happened.
package worker

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/fault"
)

// Chores are the use cases that the loops call. Each says how much it found
// to do.
type Chores interface {
	ResolveDue(ctx context.Context, limit int) (int, error)
	ExpireDue(ctx context.Context, limit int) (int, error)
	RejectOverdue(ctx context.Context, limit int) (int, error)
	CancelDueDeals(ctx context.Context, limit int) (int, error)
	ExpirePayouts(ctx context.Context, limit int) (int, error)
	SweepGateways(ctx context.Context) (int, error)
	SealBooks(ctx context.Context, limit int) (int, error)
	Forget(ctx context.Context, limit int) (int, error)
}

// Config is what a Worker is built from. Chores and Log are needed.
type Config struct {
	Chores Chores
	Log    *slog.Logger
	// The pauses of the loops; zero takes 5 seconds, 30 seconds, 2 seconds, which
	// is also that of deals and payouts whose time is over, 10 minutes, 15 minutes and 10 minutes.
	Resolve, Expire, Reject, Sweep, Seal, Forget time.Duration
	// Halted says that nothing may be done that moves money; nil = never.
	Halted func() bool
	// Further are loops besides those of the chores.
	Further []Chore
	// Batch is how many things one round takes on at most; zero takes 100.
	Batch int
	// Draw gives a whole number below n, which spreads the rounds of several
	// nodes over time; nil takes a random one.
	Draw func(n int64) int64
}

// Chore is one more loop: something that is done again and again.
type Chore struct {
	Name   string
	Pause  time.Duration
	AtOnce bool // do it when the loops begin, too
	Do     func(ctx context.Context) error
}

// sealed is how many entries one seal covers at most: every seal stays for ever.
const sealed = 1000

// longest is the pause of a loop that keeps failing.
const longest = 5 * time.Minute

// Worker runs the loops.
type Worker struct {
	config Config
	chores []chore
}

// chore is one loop.
type chore struct {
	name   string
	pause  time.Duration
	do     func(ctx context.Context) (found int, err error)
	batch  int // so much found means that there may be more
	money  bool
	atOnce bool
}

// New prepares the loops; nothing runs before Run.
func New(c Config) *Worker {
	for _, usual := range []struct {
		set   *time.Duration
		value time.Duration
	}{
		{&c.Resolve, 5 * time.Second},
		{&c.Expire, 30 * time.Second},
		{&c.Reject, 2 * time.Second},
		{&c.Sweep, 10 * time.Minute},
		{&c.Seal, 15 * time.Minute},
		{&c.Forget, 10 * time.Minute},
	} {
		if *usual.set <= 0 {
			*usual.set = usual.value
		}
	}
	if c.Batch <= 0 {
		c.Batch = 100
	}
	if c.Draw == nil {
		c.Draw = rand.Int64N
	}
	w := &Worker{config: c, chores: []chore{
		{"resolve", c.Resolve, func(ctx context.Context) (int, error) {
			return c.Chores.ResolveDue(ctx, c.Batch)
		}, c.Batch, true, false},
		{"expire", c.Expire, func(ctx context.Context) (int, error) {
			return c.Chores.ExpireDue(ctx, c.Batch)
		}, c.Batch, false, false},
		{"reject", c.Reject, func(ctx context.Context) (int, error) {
			return c.Chores.RejectOverdue(ctx, c.Batch)
		}, c.Batch, true, false},
		{"end deals", c.Reject, func(ctx context.Context) (int, error) {
			return c.Chores.CancelDueDeals(ctx, c.Batch)
		}, c.Batch, true, false},
		{"end payouts", c.Reject, func(ctx context.Context) (int, error) {
			return c.Chores.ExpirePayouts(ctx, c.Batch)
		}, c.Batch, true, false},
		{"sweep", c.Sweep, c.Chores.SweepGateways, 0, true, false},
		{"seal", c.Seal, func(ctx context.Context) (int, error) {
			return c.Chores.SealBooks(ctx, sealed)
		}, sealed, false, true}, // also where a server never lives as long as the pause
		{"forget", c.Forget, func(ctx context.Context) (int, error) {
			return c.Chores.Forget(ctx, c.Batch)
		}, c.Batch, false, true},
	}}
	for _, f := range c.Further {
		w.chores = append(w.chores, chore{f.Name, f.Pause, func(ctx context.Context) (int, error) {
			return 0, f.Do(ctx)
		}, 0, false, f.AtOnce})
	}
	return w
}

// Run runs all loops and returns when the context has ended and each of them
// has finished its round.
func (w *Worker) Run(ctx context.Context) {
	var loops sync.WaitGroup
	for _, c := range w.chores {
		loops.Go(func() { w.loop(ctx, c) })
	}
	loops.Wait()
}

// loop does one chore again and again: at once while there is more of it,
// with growing pauses while it fails.
func (w *Worker) loop(ctx context.Context, c chore) {
	failures := 0
	for now := c.atOnce; now || wait(ctx, w.spread(delay(c.pause, failures))); now = false {
		for more := true; more && ctx.Err() == nil; {
			found, err := w.round(ctx, c)
			if err != nil {
				failures++
				break
			}
			failures, more = 0, c.batch > 0 && found >= c.batch
		}
	}
}

// round does a chore once. A panic is a mistake of ours in one round and must
// not end the loop for everybody.
func (w *Worker) round(ctx context.Context, c chore) (found int, err error) {
	if c.money && w.config.Halted != nil && w.config.Halted() {
		return 0, nil
	}
	defer func() {
		if broken := recover(); broken != nil {
			err = fault.Newf(fault.CodeInternal, "", "panic in %s", c.name)
			w.config.Log.ErrorContext(ctx, "worker panicked", slog.String("chore", c.name), slog.Any("panic", broken))
		}
	}()
	found, err = c.do(ctx)
	switch {
	case ctx.Err() != nil:
		return found, nil // it was told to stop
	case err != nil:
		w.config.Log.WarnContext(ctx, "worker could not finish a round", slog.String("chore", c.name),
			slog.String("error", fault.Detail(err)))
	case found > 0:
		w.config.Log.DebugContext(ctx, "worker finished a round", slog.String("chore", c.name), slog.Int("found", found))
	}
	return found, err
}

// delay doubles the pause with every failure, up to the longest; a pause that
// is longer by itself stays as it is.
func delay(pause time.Duration, failures int) time.Duration {
	limit := max(longest, pause)
	for range failures {
		if pause *= 2; pause >= limit {
			return limit
		}
	}
	return pause
}

// spread moves a pause by up to a tenth, so that nodes do not march in step.
func (w *Worker) spread(pause time.Duration) time.Duration {
	tenth := int64(pause) / 10
	return pause - time.Duration(tenth) + time.Duration(w.config.Draw(2*tenth+1))
}

// wait says false when the context ended first.
func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
