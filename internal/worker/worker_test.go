package worker

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/purserhq/purser/internal/store/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(leaving{m}, goleak.Cleanup(os.Exit)) }

// leaving stops the shared PostgreSQL after the tests.
type leaving struct{ m *testing.M }

func (l leaving) Run() int { return pgtest.Run(l.m) }

// diary notes when each chore was called, counted from the start.
type diary struct {
	mu      sync.Mutex
	start   time.Time
	calls   map[string][]time.Duration
	found   map[string]int
	err     map[string]error
	inside  func(ctx context.Context)
	batches []int // of resolve
	overdue []int // of reject
}

func newDiary() *diary {
	return &diary{
		start: time.Now(), calls: map[string][]time.Duration{}, found: map[string]int{}, err: map[string]error{},
	}
}

func (d *diary) call(ctx context.Context, name string) (int, error) {
	d.mu.Lock()
	d.calls[name] = append(d.calls[name], time.Since(d.start))
	found, err, inside := d.found[name], d.err[name], d.inside
	d.mu.Unlock()
	if inside != nil {
		inside(ctx)
	}
	return found, err
}

func (d *diary) ResolveDue(ctx context.Context, limit int) (int, error) {
	d.mu.Lock()
	d.batches = append(d.batches, limit)
	d.mu.Unlock()
	return d.call(ctx, "resolve")
}

func (d *diary) ExpireDue(ctx context.Context, _ int) (int, error) { return d.call(ctx, "expire") }
func (d *diary) SweepGateways(ctx context.Context) (int, error)    { return d.call(ctx, "sweep") }
func (d *diary) Forget(ctx context.Context, _ int) (int, error)    { return d.call(ctx, "forget") }
func (d *diary) SealBooks(ctx context.Context, _ int) (int, error) { return d.call(ctx, "seal") }

func (d *diary) CancelDueDeals(ctx context.Context, _ int) (int, error) {
	return d.call(ctx, "end deals")
}

func (d *diary) ExpirePayouts(ctx context.Context, _ int) (int, error) {
	return d.call(ctx, "end payouts")
}

func (d *diary) RejectOverdue(ctx context.Context, limit int) (int, error) {
	d.mu.Lock()
	d.overdue = append(d.overdue, limit)
	d.mu.Unlock()
	return d.call(ctx, "reject")
}

// noSpread leaves every pause as it is.
func noSpread(n int64) int64 { return n / 2 }

// run lets a worker work for some time of the bubble.
func run(t *testing.T, c Config, length time.Duration) {
	t.Helper()
	c.Log = slog.New(slog.DiscardHandler)
	if c.Draw == nil {
		c.Draw = noSpread
	}
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	New(c).Run(ctx)
}

func TestRoundsKeepTheirPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		run(t, Config{
			Chores: d, Resolve: 5 * time.Second, Expire: 8 * time.Second, Reject: 6 * time.Second, Sweep: time.Minute,
			Seal: 9 * time.Second, Forget: 16 * time.Second, Batch: 7,
		}, 17*time.Second)
		want := map[string][]time.Duration{
			"resolve": {5 * time.Second, 10 * time.Second, 15 * time.Second},
			"expire":  {8 * time.Second, 16 * time.Second},
			"reject":  {6 * time.Second, 12 * time.Second},
			"seal":    {0, 9 * time.Second}, // a server may not live as long as these pauses
			"forget":  {0, 16 * time.Second},

			"end deals": {6 * time.Second, 12 * time.Second}, "end payouts": {6 * time.Second, 12 * time.Second},
		}
		for _, name := range []string{"resolve", "expire", "reject", "end deals", "end payouts", "sweep", "seal", "forget"} {
			if got := d.calls[name]; !slices.Equal(got, want[name]) {
				t.Errorf("%s: got calls at %v, want %v", name, got, want[name])
			}
		}
		if got := d.batches; !slices.Equal(got, []int{7, 7, 7}) {
			t.Errorf("got batches %v, want 7 each", got)
		}
		if got := d.overdue; !slices.Equal(got, []int{7, 7}) {
			t.Errorf("got batches of overdue invoices %v, want 7 each", got)
		}
	})
}

func TestUsualPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		run(t, Config{Chores: d}, 10*time.Minute+time.Second)
		for name, want := range map[string]int{
			"resolve": 120, "expire": 20, "reject": 300, "end deals": 300, "end payouts": 300,
			"sweep": 1, "seal": 1, "forget": 2,
		} {
			if got := len(d.calls[name]); got != want {
				t.Errorf("%s: got %d rounds in ten minutes, want %d", name, got, want)
			}
		}
	})
}

// A full batch means that more may wait, so the next round begins at once.
func TestMoreWorkIsDoneAtOnce(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"resolve", "expire", "reject"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := newDiary()
				d.found[name] = 3
				d.inside = func(context.Context) {
					d.mu.Lock()
					defer d.mu.Unlock()
					if len(d.calls[name]) == 4 {
						d.found[name] = 2
					}
				}
				at := 5 * time.Second
				run(t, Config{Chores: d, Resolve: at, Expire: at, Reject: at, Batch: 3}, 6*time.Second)
				if got, want := d.calls[name], []time.Duration{at, at, at, at, at}; !slices.Equal(got, want) {
					t.Errorf("got calls at %v, want %v", got, want)
				}
			})
		})
	}
}

func TestFailuresMakePausesLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		d.err["resolve"] = errors.New("the database is away")
		run(t, Config{Chores: d, Resolve: 10 * time.Second}, 20*time.Minute)
		want := []time.Duration{
			10 * time.Second, 30 * time.Second, 70 * time.Second, 150 * time.Second,
			310 * time.Second, 610 * time.Second, 910 * time.Second,
		}
		if got := d.calls["resolve"]; !slices.Equal(got, want) {
			t.Errorf("got calls at %v, want %v", got, want)
		}
	})
}

func TestOneSuccessEndsTheLongPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		d.err["resolve"] = errors.New("the database is away")
		d.inside = func(context.Context) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if len(d.calls["resolve"]) == 2 {
				d.err["resolve"] = nil // the third round goes well
			}
		}
		run(t, Config{Chores: d, Resolve: 10 * time.Second}, 85*time.Second)
		want := []time.Duration{10 * time.Second, 30 * time.Second, 70 * time.Second, 80 * time.Second}
		if got := d.calls["resolve"]; !slices.Equal(got, want) {
			t.Errorf("got calls at %v, want %v", got, want)
		}
	})
}

func TestPanicEndsNoLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		d.inside = func(context.Context) { panic("a mistake") }
		run(t, Config{Chores: d, Resolve: 10 * time.Second}, 35*time.Second)
		if got, want := d.calls["resolve"], []time.Duration{10 * time.Second, 30 * time.Second}; !slices.Equal(got, want) {
			t.Errorf("got calls at %v, want %v", got, want)
		}
	})
}

// Run must not return before the rounds have: what they use is closed next.
func TestStopWaitsForTheRound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		var finished atomic.Int64
		d.inside = func(ctx context.Context) {
			<-ctx.Done()
			time.Sleep(3 * time.Second) // something that must be finished
			finished.Add(1)
		}
		begin := time.Now()
		run(t, Config{Chores: d, Resolve: time.Second, Expire: time.Hour, Reject: time.Hour}, 2*time.Second)
		const begun = 3 // the one, and those that begin at once
		if took := time.Since(begin); finished.Load() != begun || took != 5*time.Second {
			t.Errorf("got %d finished after %v, want %d after 5s", finished.Load(), took, begun)
		}
	})
}

func TestRoundsAreSpread(t *testing.T) {
	t.Parallel()
	w := New(Config{Draw: func(int64) int64 { return 0 }, Chores: newDiary()})
	if got, want := w.spread(10*time.Second), 9*time.Second; got != want {
		t.Errorf("got earliest %v, want %v", got, want)
	}
	w.config.Draw = func(n int64) int64 { return n - 1 }
	if got, want := w.spread(10*time.Second), 11*time.Second; got != want {
		t.Errorf("got latest %v, want %v", got, want)
	}
}

// TestFurtherLoops wants a further loop to begin at once where it says so, and
// to slow down while it fails.
func TestFurtherLoops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		d.err["late"] = errors.New("not now")
		further := func(name string, atOnce bool) Chore {
			return Chore{Name: name, Pause: time.Minute, AtOnce: atOnce, Do: func(ctx context.Context) error {
				_, err := d.call(ctx, name)
				return err
			}}
		}
		run(t, Config{Chores: d, Further: []Chore{further("early", true), further("late", false)}}, 3*time.Minute+time.Second)
		early := []time.Duration{0, time.Minute, 2 * time.Minute, 3 * time.Minute}
		if got, want := d.calls["early"], early; !slices.Equal(got, want) {
			t.Errorf("got %v, want it at once and every minute: %v", got, want)
		}
		if got, want := d.calls["late"], []time.Duration{time.Minute, 3 * time.Minute}; !slices.Equal(got, want) {
			t.Errorf("got %v, want longer pauses after a failure: %v", got, want)
		}
	})
}

// Loops that move money rest while nothing may, and go on afterwards; the others
// never rest.
func TestMoneyRests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		begin := time.Now()
		halted := func() bool { return time.Since(begin) < time.Minute }
		run(t, Config{
			Chores: d, Resolve: 20 * time.Second, Expire: 20 * time.Second, Reject: 20 * time.Second, Sweep: 20 * time.Second,
			Seal: 20 * time.Second, Forget: 20 * time.Second, Halted: halted,
		}, 2*time.Minute+time.Second)
		for name, want := range map[string]int{
			"resolve": 4, "reject": 4, "end deals": 4, "end payouts": 4, "sweep": 4, "expire": 6, "seal": 7, "forget": 7,
		} {
			if got := len(d.calls[name]); got != want {
				t.Errorf("%s: got %d rounds, want %d", name, got, want)
			}
		}
	})
}
