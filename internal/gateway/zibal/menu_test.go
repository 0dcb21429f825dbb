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

// What one fault makes of Look and Take of a paid attempt, which is taken all
// the same once the provider is well.
func TestFaultsOfPaidAttempt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault, call, value string
		look, take         gateway.Outcome
		alarm              bool // of take
	}{
		{emulator.FaultVerify201First, "", "", gateway.Authorized, gateway.Captured, false},
		{emulator.FaultInquiryMinus2, "", "", gateway.Unknown, gateway.Captured, false},
		{emulator.FaultStatus11Then2, "", "", gateway.Unknown, gateway.Unknown, false},
		{emulator.FaultHTTP500WithResult, "", "", gateway.Unknown, gateway.Unknown, false},
		{"slow-truth", "", "", gateway.Pending, gateway.Pending, false},
		{"wrong-order", "", "", gateway.Unknown, gateway.Unknown, true},
		{"wrong-amount", "", "", gateway.Unknown, gateway.Unknown, true},
		{"refuse", "verify", "203", gateway.Authorized, gateway.Unknown, true},
		{"refuse", "verify", "115", gateway.Authorized, gateway.Unknown, true},
		{"unknown-word", "inquiry", "", gateway.Unknown, gateway.Captured, false},
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
