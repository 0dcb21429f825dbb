package zarinpal

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	emulator "github.com/purserhq/purser/internal/sandbox/zarinpal"
)

func stage(t *testing.T) (*gatewaytest.Scene, *Gateway) {
	t.Helper()
	s := gatewaytest.Stage(t, world(nil))
	g, _ := s.Gateway.(*Gateway)
	return s, g
}

// What one fault makes of Look and Take of a paid attempt, which is taken all
// the same once the provider is well.
func TestFaultsOfPaidAttempt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault, call, value string
		look, take         gateway.Outcome
		alarm              bool // of take
	}{
		{emulator.FaultVerify101First, "", "", gateway.Authorized, gateway.Captured, false},
		{emulator.FaultVerify52, "", "", gateway.Authorized, gateway.Unknown, false},
		{emulator.FaultPaidBut51, "", "", gateway.Authorized, gateway.Authorized, false},
		{emulator.FaultInquiryRefused, "", "", gateway.Unknown, gateway.Captured, false},
		{emulator.FaultTerminalSuspended, "", "", gateway.Unknown, gateway.Unknown, true},
		{emulator.FaultHTTP200Error, "", "", gateway.Authorized, gateway.Captured, false},
		{"slow-truth", "", "", gateway.Pending, gateway.Captured, false},
		{"wrong-order", "verify", "", gateway.Authorized, gateway.Unknown, true},
		{"refuse", "verify", "-50", gateway.Authorized, gateway.Unknown, true},
		{"refuse", "verify", "-12", gateway.Authorized, gateway.Unknown, true},
	}
	for _, test := range tests {
		t.Run(test.fault+test.value, func(t *testing.T) {
			t.Parallel()
			s, g := stage(t)
			a := s.Pay()
			s.Fault(test.fault, test.call, test.value)
			if got := g.Resolve(t.Context(), a, gateway.Look); got.Outcome != test.look {
				t.Errorf("look: got %+v, want %s", got, test.look)
			}
			got := g.Resolve(t.Context(), a, gateway.Take)
			if got.Outcome != test.take || (got.Alarm != "") != test.alarm {
				t.Errorf("take: got %+v, want %s, alarm %v", got, test.take, test.alarm)
			}
			s.Well()
			s.Taken(a)
		})
	}
}

func TestTimeRunsOut(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	never, late := s.Open(), s.Pay()
	s.Advance(31 * time.Minute)
	for name, a := range map[string]gateway.Attempt{"never paid": never, "paid and not verified in time": late} {
		for _, question := range []gateway.Question{gateway.Look, gateway.Take} {
			if got := g.Resolve(t.Context(), a, question); got.Outcome != gateway.Declined {
				t.Errorf("%s: %s got %+v, want declined", name, question, got)
			}
		}
		s.Books(a, 0)
	}
}

func TestSweepAmongOthers(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	a := s.Pay()
	s.Fault(emulator.FaultUnverifiedForeign, "", "")
	got, err := g.Sweep(t.Context())
	if want := (gateway.Unclaimed{Session: a.Session, Amount: a.Amount}); err != nil || len(got) != 4 || got[3] != want {
		t.Errorf("got %v %v, want three others and %v", got, err, want)
	}
}

func TestReverseAndItsFaults(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	a := s.Pay()
	r := gatewaytest.Back(a, s.Taken(a), "rf-1", a.Amount.Steps())
	s.Fault(emulator.FaultReverseLate, "", "")
	got := g.Reverse(t.Context(), r)
	if got.Outcome != gateway.Denied || got.Word != "-63: outside the reversal window" {
		t.Errorf("late: got %+v, want denied", got)
	}
	s.Well()
	s.Fault("lost-answer", "reverse", "")
	if got := g.Reverse(t.Context(), r); got.Outcome != gateway.ReturnUnsure {
		t.Errorf("lost: got %+v, want unknown", got)
	}
	s.Well()
	want := gateway.ReturnReport{Outcome: gateway.Done, Undone: true}
	if got := g.RefundState(t.Context(), r, ""); got != want {
		t.Errorf("asked: got %+v, want %+v", got, want)
	}
	if got := g.Reverse(t.Context(), r); got != want {
		t.Errorf("again: got %+v, want %+v", got, want)
	}

	a = s.Pay()
	r = gatewaytest.Back(a, s.Taken(a), "rf-2", a.Amount.Steps())
	s.Advance(31 * time.Minute)
	if got := g.Reverse(t.Context(), r); got.Outcome != gateway.Denied {
		t.Errorf("after half an hour: got %+v, want denied", got)
	}
}

func TestRefundsThatTakeTime(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]gateway.ReturnOutcome{
		"": gateway.Done, emulator.FaultRefundPending: gateway.Underway, emulator.FaultRefundFails: gateway.Denied,
	} {
		s, g := stage(t)
		a := s.Pay()
		r := gatewaytest.Back(a, s.Taken(a), "rf-1", 50_000)
		if fault != "" {
			s.Fault(fault, "", "")
		}
		got := g.Refund(t.Context(), r)
		if got.Outcome != gateway.Underway || got.Receipt == "" {
			t.Errorf("%q: got %+v, want under way", fault, got)
		}
		s.Advance(72 * time.Hour)
		for _, receipt := range []string{got.Receipt, ""} {
			if state := g.RefundState(t.Context(), r, receipt); state.Outcome != want {
				t.Errorf("%q by %q: got %+v, want %s", fault, receipt, state, want)
			}
		}
	}
}

func TestRefundAtOnceAndRefused(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	g.method = "CARD"
	a := s.Pay()
	taken := s.Taken(a)
	if got := g.Refund(t.Context(), gatewaytest.Back(a, taken, "rf-1", 50_000)); got.Outcome != gateway.Done {
		t.Errorf("got %+v, want done", got)
	}
	small := g.Refund(t.Context(), gatewaytest.Back(a, taken, "rf-2", 19_999))
	if small.Outcome != gateway.Denied || small.Word == "" {
		t.Errorf("below the minimum: got %+v, want denied with a word", small)
	}
	g.token = "another-token"
	barred := g.Refund(t.Context(), gatewaytest.Back(a, taken, "rf-3", 50_000))
	if barred.Outcome != gateway.Denied || barred.Alarm == "" {
		t.Errorf("with another token: got %+v, want denied with an alarm", barred)
	}
}
