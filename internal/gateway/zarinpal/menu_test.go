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

func TestFaultsOfPaidAttempt(t *testing.T) {
	t.Parallel()
	gatewaytest.FaultsOfPaid(t, func() gatewaytest.World { return world(nil) }, []gatewaytest.PaidFault{
		{Fault: emulator.FaultVerify101First, Look: gateway.Authorized, Take: gateway.Captured},
		{Fault: emulator.FaultVerify52, Look: gateway.Authorized, Take: gateway.Unknown},
		{Fault: emulator.FaultPaidBut51, Look: gateway.Authorized, Take: gateway.Authorized},
		{Fault: emulator.FaultInquiryRefused, Look: gateway.Unknown, Take: gateway.Captured},
		{Fault: emulator.FaultTerminalSuspended, Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: emulator.FaultHTTP200Error, Look: gateway.Authorized, Take: gateway.Captured},
		{Fault: "slow-truth", Look: gateway.Pending, Take: gateway.Captured},
		{Fault: "wrong-order", Call: "verify", Look: gateway.Authorized, Take: gateway.Unknown, Alarm: true},
		{Fault: "refuse", Call: "verify", Value: "-50", Look: gateway.Authorized, Take: gateway.Unknown, Alarm: true},
		{Fault: "refuse", Call: "verify", Value: "-12", Look: gateway.Authorized, Take: gateway.Unknown, Alarm: true},
	})
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
