package gatewaytest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
)

// spoiled lays every unusable answer on every step of every script.
func (k Kit) spoiled(t *testing.T) {
	var trapped atomic.Int64
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { trapped.Add(1) }))
	t.Cleanup(func() {
		trap.Close()
		if trapped.Load() != 0 {
			t.Errorf("redirects were followed %d times", trapped.Load())
		}
	})
	for _, use := range []use{
		{"start", k.Start, k.spoiledStart},
		{"take", k.Take, k.spoiledTake},
		{"again", k.Again, k.spoiledTake},
		{"look", k.Open, k.spoiledLook},
		{"refund", k.Refund, k.spoiledRefund},
		{"reverse", k.Reverse, k.spoiledReverse},
	} {
		for step := range use.steps {
			for _, s := range spoils(trap.URL) {
				t.Run(fmt.Sprintf("%s/%d/%s", use.name, step, s.name), func(t *testing.T) {
					t.Parallel()
					k.spoiledStep(t, use, step, s)
				})
			}
		}
	}
}

// use is one use of a connector with its script.
type use struct {
	name  string
	steps []Step
	check func(t *testing.T, g gateway.Gateway, step int, s spoil)
}

// spoiledStep lays one unusable answer on one step, and counts the calls of it.
func (k Kit) spoiledStep(t *testing.T, u use, step int, s spoil) {
	p := NewProvider(t, u.steps)
	p.spoil, p.spoilAt = s.write, step
	limit := patient
	if s.slow {
		limit = hasty
	}
	u.check(t, k.open(t, p.URL, limit), step, s)
	calls, most := p.Calls()[step], 2
	if u.steps[step].Method == http.MethodGet {
		most = 4 // net/http itself repeats a read when a kept connection breaks
	}
	if u.steps[step].Once && calls != 1 || calls < 1 || calls > most {
		t.Errorf("the step was called %d times; once = %v", calls, u.steps[step].Once)
	}
}

func (k Kit) spoiledStart(t *testing.T, g gateway.Gateway, _ int, s spoil) {
	got := g.Start(t.Context(), k.Attempt())
	if got.Outcome != gateway.NoAnswer && (!s.lenient || got.Outcome != gateway.Opened) {
		t.Errorf("got %+v, want no answer", got)
	}
	k.silent(t, s.name, got)
}

func (k Kit) spoiledTake(t *testing.T, g gateway.Gateway, step int, s spoil) {
	got := g.Resolve(t.Context(), k.opened(), gateway.Take)
	read := s.lenient && k.Texts && got.Outcome == gateway.Captured && got.Receipt == k.Receipt
	if !read && (got.Outcome != gateway.Unknown || got.Receipt != "") {
		t.Errorf("got %+v, want unknown", got)
	}
	if moves := g.Info().VerifyCaptures && step == k.work(); moves && !read && !got.Doubt {
		t.Errorf("got %+v, want doubt: the answer may have been that the money is taken", got)
	}
	if step < k.work() && got.Doubt {
		t.Errorf("got %+v, want no doubt: what moves money was not called", got)
	}
	k.silent(t, s.name, got)
}

func (k Kit) spoiledLook(t *testing.T, g gateway.Gateway, _ int, s spoil) {
	got := g.Resolve(t.Context(), k.opened(), gateway.Look)
	read := s.lenient && k.Texts && got.Outcome == gateway.Pending
	if !read && got.Outcome != gateway.Unknown || got.Doubt {
		t.Errorf("got %+v, want unknown without doubt", got)
	}
	k.silent(t, s.name, got)
}

// spoiledRefund wants the calls before the last one to leave the refund
// unsent, which is a plain no, and the last one to leave it unsure.
func (k Kit) spoiledRefund(t *testing.T, g gateway.Gateway, step int, s spoil) {
	r, _ := g.(gateway.Refunder)
	got := r.Refund(t.Context(), k.back())
	want := gateway.ReturnUnsure
	if step < len(k.Refund)-1 {
		want = gateway.Denied
	}
	if got.Outcome != want && (!s.lenient || got.Outcome == gateway.Denied) {
		t.Errorf("got %+v, want %s", got, want)
	}
	k.silent(t, s.name, got)
}

func (k Kit) spoiledReverse(t *testing.T, g gateway.Gateway, _ int, s spoil) {
	r, _ := g.(gateway.Reverser)
	got := r.Reverse(t.Context(), k.back())
	read := s.lenient && k.Texts && got.Outcome == gateway.Done
	if !read && got.Outcome != gateway.ReturnUnsure {
		t.Errorf("got %+v, want unknown", got)
	}
	k.silent(t, s.name, got)
}

// work is the first step of Take that is not only a preparation.
func (k Kit) work() int {
	for n, step := range k.Take {
		if !step.Early {
			return n
		}
	}
	return 0
}

// gone calls a provider that is not there, and calls that nobody waits for.
func (k Kit) gone(t *testing.T) {
	if len(k.Start) == 0 {
		return
	}
	// Nobody listens on the first port, and no test's provider can be given it as
	// it could that of one that has just closed.
	const nobody = "http://127.0.0.1:1"
	k.unsent(t, "no provider", t.Context(), k.open(t, nobody, patient))

	p := NewProvider(t, nil)
	k.unsent(t, "canceled", canceled(), k.open(t, p.URL, patient))
	if p.Total() != 0 {
		t.Error("a canceled call reached the provider")
	}

	waiting := make(chan struct{}, 1)
	p = NewProvider(t, k.Take)
	p.spoilAt = k.work()
	p.spoil = func(_ http.ResponseWriter, r *http.Request, _ Step) {
		waiting <- struct{}{}
		<-r.Context().Done()
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-waiting
		cancel()
	}()
	g := k.open(t, p.URL, patient)
	doubt := g.Info().VerifyCaptures
	if got := g.Resolve(ctx, k.opened(), gateway.Take); got.Outcome != gateway.Unknown || got.Doubt != doubt {
		t.Errorf("canceled on the way: got %+v, want unknown, doubt %v", got, doubt)
	}
	if h, ok := g.(gateway.Healther); ok && !h.Healthy() {
		t.Error("a caller's impatience made the provider ill")
	}
}

// unsent wants reports that say that nothing can have happened.
func (k Kit) unsent(t *testing.T, name string, ctx context.Context, g gateway.Gateway) {
	if got := g.Start(ctx, k.Attempt()); got.Outcome != gateway.NoAnswer {
		t.Errorf("%s: got %+v, want no answer", name, got)
	}
	if got := g.Resolve(ctx, k.opened(), gateway.Take); got.Outcome != gateway.Unknown || got.Doubt {
		t.Errorf("%s: got %+v, want unknown without doubt", name, got)
	}
	if r, ok := g.(gateway.Refunder); ok {
		if got := r.Refund(ctx, k.back()); got.Outcome != gateway.Denied {
			t.Errorf("%s: got %+v, want denied: the refund was never sent", name, got)
		}
		if got := r.RefundState(ctx, k.back(), "1"); got.Outcome != gateway.ReturnUnsure {
			t.Errorf("%s: got %+v, want unknown", name, got)
		}
	}
	if r, ok := g.(gateway.Reverser); ok {
		if got := r.Reverse(ctx, k.back()); got.Outcome != gateway.Denied {
			t.Errorf("%s: got %+v, want denied: the reversal was never sent", name, got)
		}
	}
	if s, ok := g.(gateway.Sweeper); ok {
		if list, err := s.Sweep(ctx); err == nil {
			t.Errorf("%s: got %v, want an error", name, list)
		}
	}
}

// silent looks for the contract's secrets in every way of printing a value.
func (k Kit) silent(t *testing.T, name string, value any) {
	t.Helper()
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("value", slog.Any("value", value))
	slog.New(slog.NewTextHandler(&log, nil)).Info("value", slog.Any("value", value))
	encoded, _ := json.Marshal(value) // what cannot be encoded gives nothing away
	printed := log.String() + string(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		printed += fmt.Sprintf(verb, value)
	}
	for which, secret := range k.Config("http://127.0.0.1:1").Secrets {
		for _, form := range []string{secret.Reveal(), fmt.Sprintf("%x", secret.Reveal())} {
			if len(form) > 3 && strings.Contains(printed, form) {
				t.Errorf("%s: the credential %s is printed", name, which)
			}
		}
	}
}
