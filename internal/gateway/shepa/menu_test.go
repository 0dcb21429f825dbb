package shepa

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	emulator "github.com/purserhq/purser/internal/sandbox/shepa"
)

func stage(t *testing.T) (*gatewaytest.Scene, *Gateway) {
	t.Helper()
	s := gatewaytest.Stage(t, world(nil))
	g, _ := s.Gateway.(*Gateway)
	return s, g
}

// What one fault makes of Take of a paid attempt, which is taken all the same
// once the provider is well.
func TestFaultsOfPaidAttempt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault        string
		alarm, doubt bool
	}{
		{emulator.FaultVerifyNoAmount, true, true},
		{emulator.FaultVerifyOtherAmount, true, true},
		{"wrong-amount", true, true},
		{emulator.FaultSuccessMissing, false, true},
		{"slow-truth", false, false},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			t.Parallel()
			s, g := stage(t)
			a := s.Pay()
			s.Fault(test.fault, "verify", "")
			got := g.Resolve(t.Context(), a, gateway.Take)
			if got.Outcome != gateway.Unknown || (got.Alarm != "") != test.alarm || got.Doubt != test.doubt {
				t.Errorf("got %+v, want unknown, alarm %v, doubt %v", got, test.alarm, test.doubt)
			}
			s.Well()
			a.Doubtful = got.Doubt
			s.Taken(a)
		})
	}
}

// The provider may have no word for "verified before": after a lost success
// its refusal must not make a paid payment fail.
func TestLostSuccessThenRefusal(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	s.Switch("repeat-verify", "error")
	a := s.Pay()
	s.Fault("lost-answer", "verify", "")
	lost := g.Resolve(t.Context(), a, gateway.Take)
	if lost.Outcome != gateway.Unknown || !lost.Doubt {
		t.Errorf("got %+v, want unknown with doubt", lost)
	}
	s.Well()
	s.Books(a, 1)
	for _, word := range []string{"success", "failed", ""} {
		a.Doubtful, a.Word, a.Deadline = true, word, gatewaytest.Now().Add(-time.Hour)
		if got := g.Resolve(t.Context(), a, gateway.Take); got.Outcome != gateway.Unknown || got.Alarm == "" {
			t.Errorf("after the word %q: got %+v, want unknown with an alarm", word, got)
		}
	}
}

func TestStrangeAddresses(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{emulator.FaultURLMissing, emulator.FaultURLForeign} {
		s, g := stage(t)
		s.Fault(fault, "", "")
		started := g.Start(t.Context(), gatewaytest.Attempt())
		if want := g.base.String() + "/v1/" + started.Session; started.Link != want {
			t.Errorf("%s: got %+v, want the link %s", fault, started, want)
		}
	}
}

func TestRefusedRefunds(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	s.Switch("refund-repeat", "refused")
	a := s.Pay()
	r := gatewaytest.Back(a, s.Taken(a), "rf-1", 50_000)
	if got := g.Refund(t.Context(), r); got.Outcome != gateway.Done || got.Receipt == "" {
		t.Errorf("got %+v, want done with a receipt", got)
	}
	if got := g.Refund(t.Context(), r); got.Outcome != gateway.Denied || got.Word == "" {
		t.Errorf("again: got %+v, want denied with a word", got)
	}
}
