package gatewaytest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
)

// DisburserKit is what the kit has to know of a connector that sends payouts.
type DisburserKit struct {
	// Open makes the connector with a contract that includes payouts, all of its
	// addresses below base; Bare is the same without the credentials for them.
	Open func(base string, limit time.Duration) gateway.Disburser
	Bare func(base string) gateway.Disburser
	// Order is what every script is about, in the contract's unit.
	Order gateway.Order
	// Sent finds the amount in the last call of Disburse, and Wire writes one so.
	Sent func(Call) string
	Wire func(money.Amount) string

	Disburse []Step // Sending, or Sent with Receipt; the last step is Once
	Refusal  []Step // NotSent
	State    []Step // Sent, with Receipt
	Underway []Step // of DisburseState: Sending
	Unknown  []Step // of DisburseState: the provider does not know the order
	Receipt  string
}

// RunDisburser holds a connector that sends payouts to the promises of the port.
func RunDisburser(t *testing.T, k DisburserKit) {
	t.Run("told", func(t *testing.T) { t.Parallel(); k.told(t) })
	t.Run("asked", func(t *testing.T) { t.Parallel(); k.asked(t) })
	t.Run("exact", func(t *testing.T) { t.Parallel(); k.exact(t) })
	t.Run("not able", func(t *testing.T) { t.Parallel(); k.notAble(t) })
	t.Run("lost", func(t *testing.T) { t.Parallel(); k.lost(t) })
}

// told wants an order to be accepted once, by our reference, or plainly refused.
func (k DisburserKit) told(t *testing.T) {
	p := NewProvider(t, k.Disburse)
	d := k.Open(p.URL, patient)
	if !d.CanDisburse() {
		t.Error("with all credentials there, CanDisburse is false")
	}
	got := d.Disburse(t.Context(), k.Order)
	paid := got.Outcome == gateway.Sent && got.Receipt == k.Receipt
	if got.Alarm != "" || (got.Outcome != gateway.Sending && !paid) {
		t.Errorf("got %+v, want sending, or sent with %s", got, k.Receipt)
	}
	heard := p.Heard()
	last := heard[len(heard)-1]
	if !strings.Contains(last.Path+last.Query+last.Body, k.Order.Reference) {
		t.Errorf("got the call %+v without our reference", last)
	}
	d.Disburse(t.Context(), k.Order)
	if heard = p.Heard(); heard[len(heard)-1] != last { // so that the provider can see that it is the same order
		t.Errorf("told again, it says %+v, and before %+v", heard[len(heard)-1], last)
	}
	p = NewProvider(t, k.Refusal)
	if got := k.Open(p.URL, patient).Disburse(t.Context(), k.Order); got.Outcome != gateway.NotSent || got.Receipt != "" {
		t.Errorf("refused: got %+v, want not sent", got)
	}
}

// asked wants DisburseState to say no more than the provider does.
func (k DisburserKit) asked(t *testing.T) {
	for _, c := range []struct {
		steps []Step
		want  gateway.SendOutcome
	}{{k.State, gateway.Sent}, {k.Underway, gateway.Sending}, {k.Unknown, gateway.SendUnsure}} {
		p := NewProvider(t, c.steps)
		got := k.Open(p.URL, patient).DisburseState(t.Context(), k.Order)
		if got.Outcome != c.want || (c.want == gateway.Sent) != (got.Receipt == k.Receipt) {
			t.Errorf("got %+v, want %s", got, c.want)
		}
		if got.Amount.Valid() && got.Amount != k.Order.Amount {
			t.Errorf("got the amount %v, want %v", got.Amount, k.Order.Amount)
		}
	}
}

// exact wants amounts to the smallest step, and none that is no amount of the
// contract's unit.
func (k DisburserKit) exact(t *testing.T) {
	unit := k.Order.Amount.Unit()
	for _, steps := range []int64{1, 10, 999, k.Order.Amount.Steps(), 1_234_567_890_123} {
		p := NewProvider(t, k.Disburse)
		o := k.Order
		o.Amount = money.New(steps, unit)
		k.Open(p.URL, patient).Disburse(t.Context(), o)
		heard := p.Heard()
		if got, want := k.Sent(heard[len(heard)-1]), k.Wire(o.Amount); got != want {
			t.Errorf("%v: got %q, want %q", o.Amount, got, want)
		}
	}
	stranger := Kit{Unit: unit}.stranger()
	for _, a := range []money.Amount{{}, money.Zero(unit), money.New(-1, unit), money.New(1, stranger)} {
		p := NewProvider(t, nil)
		o := k.Order
		o.Amount = a
		got := k.Open(p.URL, patient).Disburse(t.Context(), o)
		if got.Outcome != gateway.NotSent || got.Alarm == "" || p.Total() != 0 {
			t.Errorf("%v: got %+v after %d calls, want not sent with an alarm", a, got, p.Total())
		}
	}
}

// notAble wants a contract without payouts to send nothing, and a call that
// nobody waits for to stay at home.
func (k DisburserKit) notAble(t *testing.T) {
	p := NewProvider(t, nil)
	bare := k.Bare(p.URL)
	if bare.CanDisburse() {
		t.Error("without the credentials, CanDisburse is true")
	}
	if got := bare.Disburse(t.Context(), k.Order); got.Outcome != gateway.NotSent {
		t.Errorf("without the credentials: got %+v, want not sent", got)
	}
	if got := bare.DisburseState(t.Context(), k.Order); got.Outcome != gateway.SendUnsure {
		t.Errorf("asked without the credentials: got %+v, want unknown", got)
	}
	if got := k.Open(p.URL, patient).DisburseState(canceled(), k.Order); got.Outcome != gateway.SendUnsure {
		t.Errorf("canceled: got %+v, want unknown", got)
	}
	if p.Total() != 0 {
		t.Errorf("the provider was called %d times", p.Total())
	}
}

// lost lays every unusable answer on the last call: nobody knows what became of
// the order, which is told once, and the next question says it.
func (k DisburserKit) lost(t *testing.T) {
	for name, steps := range map[string][]Step{"disburse": k.Disburse, "state": k.State} {
		for _, s := range spoils("http://127.0.0.1:1") {
			t.Run(fmt.Sprintf("%s/%s", name, s.name), func(t *testing.T) {
				t.Parallel()
				k.lostAnswer(t, name == "disburse", steps, s)
			})
		}
	}
}

// lostAnswer lays one unusable answer on the last step.
func (k DisburserKit) lostAnswer(t *testing.T, tells bool, steps []Step, s spoil) {
	p := NewProvider(t, steps)
	p.spoil, p.spoilAt = s.write, len(steps)-1
	limit := patient
	if s.slow {
		limit = hasty
	}
	d, call := k.Open(p.URL, limit), gateway.Disburser.DisburseState
	if tells {
		call = gateway.Disburser.Disburse
	}
	got := call(d, t.Context(), k.Order)
	if got.Outcome != gateway.SendUnsure && (!s.lenient || got.Outcome == gateway.NotSent) {
		t.Errorf("got %+v, want unknown", got)
	}
	if calls := p.Calls()[len(steps)-1]; tells && calls != 1 {
		t.Errorf("it was told %d times", calls)
	}
}
