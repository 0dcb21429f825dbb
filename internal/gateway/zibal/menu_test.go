package zibal

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	emulator "github.com/purserhq/purser/internal/sandbox/zibal"
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
		{Fault: emulator.FaultVerify201First, Look: gateway.Authorized, Take: gateway.Captured},
		{Fault: emulator.FaultInquiryMinus2, Look: gateway.Unknown, Take: gateway.Captured},
		{Fault: emulator.FaultStatus11Then2, Look: gateway.Unknown, Take: gateway.Unknown},
		{Fault: emulator.FaultHTTP500WithResult, Look: gateway.Unknown, Take: gateway.Unknown},
		{Fault: "slow-truth", Look: gateway.Pending, Take: gateway.Pending},
		{Fault: "wrong-order", Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "wrong-amount", Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "refuse", Call: "verify", Value: "203", Look: gateway.Authorized, Take: gateway.Unknown, Alarm: true},
		{Fault: "refuse", Call: "verify", Value: "115", Look: gateway.Authorized, Take: gateway.Unknown, Alarm: true},
		{Fault: "unknown-word", Call: "inquiry", Look: gateway.Unknown, Take: gateway.Captured},
	})
}

func TestHugeTrackIDIsPaid(t *testing.T) {
	t.Parallel()
	s, _ := stage(t)
	s.Fault(emulator.FaultHugeTrackID, "", "")
	a := s.Pay()
	if len(a.Session) != 16 {
		t.Fatalf("got session %s, want 16 digits", a.Session)
	}
	s.Taken(a)
}

func TestTimeRunsOut(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	late := s.Pay()
	s.Advance(31 * time.Minute)
	for _, question := range []gateway.Question{gateway.Look, gateway.Take} {
		if got := g.Resolve(t.Context(), late, question); got.Outcome != gateway.Undone {
			t.Errorf("%s: got %+v, want undone", question, got)
		}
	}
	s.Books(late, 0)
}

func TestRefundsThatTakeTime(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault  string
		want   gateway.ReturnOutcome
		undone bool
		alarm  bool
	}{
		{"", gateway.Done, false, false},
		{emulator.FaultRefundStays16, gateway.Underway, false, false},
		{emulator.FaultRefundBecomes18, gateway.Done, true, true},
	}
	for _, test := range tests {
		s, g := stage(t)
		a := s.Pay()
		r := gatewaytest.Back(a, s.Taken(a), "rf-1", 50_000)
		if test.fault != "" {
			s.Fault(test.fault, "", "")
		}
		got := g.Refund(t.Context(), r)
		if got.Outcome != gateway.Underway || got.Receipt == "" {
			t.Errorf("%q: got %+v, want under way with a receipt", test.fault, got)
		}
		s.Advance(72 * time.Hour)
		state := g.RefundState(t.Context(), r, got.Receipt)
		if state.Outcome != test.want || state.Undone != test.undone || (state.Alarm != "") != test.alarm {
			t.Errorf("%q: got %+v, want %s, undone %v", test.fault, state, test.want, test.undone)
		}
	}
}

func TestWholeRefundIsReversedWhileItCan(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	a := s.Pay()
	got := g.Refund(t.Context(), gatewaytest.Back(a, s.Taken(a), "rf-1", a.Amount.Steps()))
	if got != (gateway.ReturnReport{Outcome: gateway.Done, Undone: true}) {
		t.Errorf("early: got %+v, want done and undone", got)
	}
	s.Switch("refund-answer", "short")
	a = s.Pay()
	r := gatewaytest.Back(a, s.Taken(a), "rf-2", a.Amount.Steps())
	s.Advance(time.Hour)
	if got := g.Refund(t.Context(), r); got != (gateway.ReturnReport{Outcome: gateway.Underway}) {
		t.Errorf("later: got %+v, want under way without a receipt", got)
	}
	s.Advance(72 * time.Hour)
	if got := g.RefundState(t.Context(), r, ""); got.Outcome != gateway.Done || got.Undone {
		t.Errorf("in the end: got %+v, want done", got)
	}
	g.token = "another-token"
	if got := g.Refund(t.Context(), r); got.Outcome != gateway.Denied || got.Alarm == "" {
		t.Errorf("with another token: got %+v, want denied with an alarm", got)
	}
}
