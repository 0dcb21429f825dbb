package sslcommerz

import (
	"net/http"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/sandbox"
	emulator "github.com/purserhq/purser/internal/sandbox/sslcommerz"
)

// world is the kit with the emulator. The attempts' time is over for the
// connector, so that a failed try is the end of one.
func world(switches map[string]string) gatewaytest.World {
	k := kit()
	k.Config = func(base string) gateway.Config {
		c := config(base)
		c.Now = func() time.Time { return gatewaytest.Now().Add(time.Hour) }
		return c
	}
	return gatewaytest.World{
		Kit: k, StartCall: "start", TakeCall: "query", RefundCall: "refund",
		Emulator: func(t *testing.T, publicURL string) (provider, control http.Handler) {
			t.Helper()
			e, err := emulator.New(sandbox.Options{
				PublicURL: publicURL, Seed: 7, Now: gatewaytest.Now, Switches: switches,
				Merchants: []sandbox.Merchant{{ID: storeID, PanelToken: password}},
			})
			if err != nil {
				t.Fatal(err)
			}
			return e, e.Control()
		},
	}
}

func TestEmulator(t *testing.T) {
	t.Parallel()
	for name, switches := range map[string]map[string]string{
		"usual": nil,
		"other": {
			"sha2": "absent", "verify-key": "reduced", "validation-words": "with-pending", "refund-same-id": "refused",
			"category-limit": "100", "ipn-retry": "3", "nagad-key": "refused",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.RunEmulator(t, world(switches))
		})
	}
}

func TestFaultsOfPaid(t *testing.T) {
	t.Parallel()
	gatewaytest.FaultsOfPaid(t, func() gatewaytest.World { return world(nil) }, []gatewaytest.PaidFault{
		{Fault: "wrong-amount", Call: "validation", Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "wrong-currency", Call: "validation", Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "wrong-order", Call: "validation", Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "wrong-order", Call: "query", Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "foreign-store", Call: "validation", Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "risk-1", Call: "validation", Look: gateway.Pending, Take: gateway.Pending, Alarm: true},
		{Fault: "apiconnect-failed", Look: gateway.Unknown, Take: gateway.Unknown},
		{Fault: "apiconnect-failed", Value: "INACTIVE", Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "validation-validated-first", Look: gateway.Captured, Take: gateway.Captured},
		{Fault: "query-empty", Look: gateway.Captured, Take: gateway.Captured}, // the return names its val_id
		{Fault: "slow-truth", Call: "query", Look: gateway.Captured, Take: gateway.Captured},
		{Fault: "unknown-word", Call: "validation", Look: gateway.Unknown, Take: gateway.Unknown},
	})
}

// The faults of the payer's choice itself.
func TestFaultsOfChoice(t *testing.T) {
	t.Parallel()
	for fault, alarm := range map[string]bool{
		"failed-then-valid": false, "two-valid": true, "other-card-type": false,
	} {
		s := gatewaytest.Stage(t, world(nil))
		s.Fault(fault, "", "")
		a := s.Pay()
		got := s.Gateway.Resolve(t.Context(), a, gateway.Take)
		if got.Outcome != gateway.Captured || (got.Alarm != "") != alarm {
			t.Errorf("%s: got %+v, want captured, alarm %v", fault, got, alarm)
		}
	}
}

// A payment that was reported as refused is paid after all.
func TestLateSuccess(t *testing.T) {
	t.Parallel()
	s := gatewaytest.Stage(t, world(nil))
	a := s.Open()
	s.Decide(a, "decline")
	if got := s.Gateway.Resolve(t.Context(), a, gateway.Take); got.Outcome != gateway.Declined {
		t.Errorf("refused: got %+v, want declined", got)
	}
	s.Fault("late-success", "", "")
	s.Decide(a, "approve")
	s.Taken(a)
}

// Notices that are not what they should be do not pass.
func TestFaultsOfNotices(t *testing.T) {
	t.Parallel()
	for fault, passes := range map[string]bool{
		"ipn-tampered-amount": false, "ipn-bad-sum": false, "ipn-no-val-id": false, "foreign-store": false,
		"double-notice": true, "risk-1": true,
	} {
		s := gatewaytest.Stage(t, world(nil))
		s.Fault(fault, "decide", "")
		a := s.Open()
		s.Decide(a, "approve")
		n, _ := s.Gateway.(gateway.Notifier)
		if _, err := gateway.Checked(n, s.Notified()); (err == nil) != passes {
			t.Errorf("%s: got %v, want it to pass: %v", fault, err, passes)
		}
		s.Well()
		s.Taken(a)
	}
}

func TestRefundsOnTheEmulator(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]gateway.ReturnOutcome{
		"": gateway.Done, "refund-processing-long": gateway.Underway, "refund-cancelled": gateway.Denied,
	} {
		s := gatewaytest.Stage(t, world(nil))
		a := s.Pay()
		r := gatewaytest.Back(a, s.Taken(a), "rf-1", 100_000)
		if fault != "" {
			s.Fault(fault, "refund", "")
		}
		refunder, _ := s.Gateway.(gateway.Refunder)
		got := refunder.Refund(t.Context(), r)
		if got.Outcome != gateway.Underway {
			t.Errorf("%s: got %+v, want it under way", fault, got)
		}
		if state := refunder.RefundState(t.Context(), r, got.Receipt); state.Outcome != gateway.Underway {
			t.Errorf("%s, at once: got %+v, want it under way", fault, state)
		}
		s.Advance(48 * time.Hour)
		if state := refunder.RefundState(t.Context(), r, got.Receipt); state.Outcome != want {
			t.Errorf("%s, later: got %+v, want %s", fault, state, want)
		}
	}
}
