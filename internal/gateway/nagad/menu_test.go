package nagad

import (
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	emulator "github.com/purserhq/purser/internal/sandbox/nagad"
)

func TestFaultsOfPaidAttempt(t *testing.T) {
	t.Parallel()
	const unknown, pending = gateway.Unknown, gateway.Pending
	gatewaytest.FaultsOfPaid(t, func() gatewaytest.World { return world(nil) }, []gatewaytest.PaidFault{
		{Fault: "wrong-amount", Call: "verify", Look: unknown, Take: unknown, Alarm: true},
		{Fault: "wrong-order", Call: "verify", Look: unknown, Take: unknown, Alarm: true},
		{Fault: emulator.FaultOtherMerchant, Look: unknown, Take: unknown, Alarm: true},
		{Fault: emulator.FaultStatusWithoutCode, Look: unknown, Take: unknown, Alarm: true},
		{Fault: emulator.FaultStatusWithoutCode, Value: "reverse", Look: unknown, Take: unknown, Alarm: true},
		{Fault: emulator.FaultUnknownStatus, Look: unknown, Take: unknown},
		{Fault: emulator.FaultVerifyLags, Look: pending, Take: pending},
		{Fault: "slow-truth", Look: pending, Take: pending},
		{Fault: "refuse", Call: "verify", Value: "x", Look: unknown, Take: unknown},
	})
}

// What the faults of the first two calls make of Start. Nobody can pay it.
func TestFaultsOfStart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault, call string
		want        gateway.StartOutcome
		alarm       bool
	}{
		{emulator.FaultBadSignature, "initialize", gateway.NoAnswer, true},
		{emulator.FaultWrongKey, "initialize", gateway.NoAnswer, true},
		{emulator.FaultSHA1, "initialize", gateway.NoAnswer, true},
		{emulator.FaultChallenge, "initialize", gateway.Refused, false},
		{emulator.FaultForeignPage, "complete", gateway.NoAnswer, true},
		{"complete-lost-answer", "", gateway.NoAnswer, false},
		{"refuse", "initialize", gateway.Refused, true},
		{"refuse", "complete", gateway.Refused, false},
	}
	for _, test := range tests {
		t.Run(test.fault+" "+test.call, func(t *testing.T) {
			t.Parallel()
			s := gatewaytest.Stage(t, world(nil))
			s.Fault(test.fault, test.call, "x")
			got := s.Gateway.Start(t.Context(), s.Attempt())
			if got.Outcome != test.want || (got.Alarm != "") != test.alarm || got.Link != "" {
				t.Errorf("got %+v, want %s, alarm %v", got, test.want, test.alarm)
			}
			s.Well()
			s.Taken(s.Pay())
		})
	}
}

func TestFaultsOfRefund(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault string
		want  gateway.ReturnOutcome
		alarm bool
	}{
		{emulator.FaultBadSignature, gateway.ReturnUnsure, true},
		{emulator.FaultWrongKey, gateway.ReturnUnsure, true},
		{"wrong-amount", gateway.ReturnUnsure, true},
		{"unknown-word", gateway.ReturnUnsure, false},
		{"refuse", gateway.Denied, false},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			t.Parallel()
			s := gatewaytest.Stage(t, world(nil))
			a := s.Pay()
			back := gatewaytest.Back(a, s.Taken(a), "rf-1", 100_000)
			s.Fault(test.fault, "cancel", "x")
			r, _ := s.Gateway.(gateway.Refunder)
			if got := r.Refund(t.Context(), back); got.Outcome != test.want || (got.Alarm != "") != test.alarm {
				t.Errorf("got %+v, want %s, alarm %v", got, test.want, test.alarm)
			}
		})
	}
}

func TestOneCancelOnly(t *testing.T) {
	t.Parallel()
	s := gatewaytest.Stage(t, world(map[string]string{"cancel-repeat": "refused"}))
	a := s.Pay()
	r, _ := s.Gateway.(gateway.Refunder)
	back := gatewaytest.Back(a, s.Taken(a), "rf-1", 1_000)
	if got := r.Refund(t.Context(), back); got.Outcome != gateway.Done || got.Receipt == "" {
		t.Errorf("got %+v, want done with a receipt", got)
	}
	if got := r.Refund(t.Context(), back); got.Outcome != gateway.Denied || got.Word == "" {
		t.Errorf("again: got %+v, want denied with a word", got)
	}
}

// An order is never used twice, and a second initialize is refused.
func TestRepeatedOrder(t *testing.T) {
	t.Parallel()
	s := gatewaytest.Stage(t, world(nil))
	a := s.Attempt()
	if got := s.Gateway.Start(t.Context(), a); got.Outcome != gateway.Opened {
		t.Errorf("got %+v, want opened", got)
	}
	if got := s.Gateway.Start(t.Context(), a); got.Outcome != gateway.Refused || got.Alarm == "" {
		t.Errorf("again: got %+v, want refused with an alarm", got)
	}
}
