package bkash

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	emulator "github.com/purserhq/purser/internal/sandbox/bkash"
)

func TestFaultsOfPaidAttempt(t *testing.T) {
	t.Parallel()
	gatewaytest.FaultsOfPaid(t, func() gatewaytest.World { return world(nil) }, []gatewaytest.PaidFault{
		{Fault: emulator.FaultExecute2117, Look: gateway.Authorized, Take: gateway.Captured},
		{Fault: emulator.FaultNotVerified, Look: gateway.Authorized, Take: gateway.Pending},
		{Fault: "wrong-order", Call: "execute", Look: gateway.Authorized, Take: gateway.Unknown, Alarm: true},
		{Fault: "wrong-amount", Call: "execute", Look: gateway.Authorized, Take: gateway.Unknown, Alarm: true},
		{Fault: emulator.FaultWrongCurrency, Call: "execute", Look: gateway.Authorized, Take: gateway.Unknown, Alarm: true},
		{Fault: "execute-lost-answer", Look: gateway.Authorized, Take: gateway.Unknown},
		{Fault: "execute-lost-request", Look: gateway.Authorized, Take: gateway.Unknown},
		{Fault: "refuse", Call: "execute", Value: "2020", Look: gateway.Authorized, Take: gateway.Unknown},
		{Fault: "refuse", Call: "execute", Value: "2001", Look: gateway.Authorized, Take: gateway.Unknown, Alarm: true},
		{Fault: "unknown-word", Call: "status", Look: gateway.Unknown, Take: gateway.Captured},
		{Fault: "slow-truth", Look: gateway.Authorized, Take: gateway.Captured},
	})
}

// What is wrong with the wallet shows when the money is to move.
func TestWallets(t *testing.T) {
	t.Parallel()
	for wallet, want := range map[string]gateway.Outcome{
		"01770618575": gateway.Captured, "01619777283": gateway.Captured,
		"01823074817": gateway.Declined, "01823074818": gateway.Declined,
	} {
		w := world(nil)
		w.Adapt = func(a *gateway.Attempt) { a.Payer.Mobile = wallet }
		s := gatewaytest.Stage(t, w)
		if got := s.Gateway.Resolve(t.Context(), s.Pay(), gateway.Take); got.Outcome != want {
			t.Errorf("%s: got %+v, want %s", wallet, got, want)
		}
	}
}

// The status may need a while to see what an execute without an answer did.
func TestStatusLags(t *testing.T) {
	t.Parallel()
	s := gatewaytest.Stage(t, world(nil))
	a := s.Pay()
	s.Fault("execute-lost-answer", "", "")
	lost := s.Gateway.Resolve(t.Context(), a, gateway.Take)
	s.Well()
	s.Fault(emulator.FaultStatusLags, "", "")
	a.Doubtful = lost.Doubt
	got := s.Gateway.Resolve(t.Context(), a, gateway.Take)
	if got.Outcome == gateway.Captured || got.Outcome == gateway.Declined || got.Outcome == gateway.Expired {
		t.Errorf("while it lags: got %+v", got)
	}
	s.Books(a, 1)
	s.Well()
	s.Taken(a)
}

func TestPaymentRunsOut(t *testing.T) {
	t.Parallel()
	s := gatewaytest.Stage(t, world(nil))
	a := s.Pay()
	s.Advance(16 * time.Minute)
	if got := s.Gateway.Resolve(t.Context(), a, gateway.Take); got.Outcome != gateway.Unknown || !got.Doubt {
		t.Errorf("before our own deadline: got %+v, want unknown with doubt", got)
	}
	a.Deadline = gatewaytest.Now().Add(-time.Hour)
	if got := s.Gateway.Resolve(t.Context(), a, gateway.Take); got.Outcome != gateway.Expired {
		t.Errorf("after it: got %+v, want expired", got)
	}
	s.Books(a, 0)
}

// After a good execute nobody asks for the status.
func TestStrictStatusUse(t *testing.T) {
	t.Parallel()
	w := world(map[string]string{"strict-status-use": "on"})
	s := gatewaytest.Stage(t, w)
	a := s.Pay()
	s.Taken(a)
	for _, call := range s.Calls() {
		if call == "status-after-success" {
			t.Error("the status was asked for after a good execute")
		}
	}
}

// A token that is revoked is renewed once, and nobody notices.
func TestRevokedToken(t *testing.T) {
	t.Parallel()
	s := gatewaytest.Stage(t, world(nil))
	a := s.Pay()
	s.FaultOnce(emulator.FaultTokenRevoked, "execute", "")
	s.Taken(a)
	s.Fault(emulator.FaultTokenRevoked, "", "")
	got := s.Gateway.Start(t.Context(), s.Attempt())
	if got.Outcome != gateway.Refused || got.Alarm == "" {
		t.Errorf("always revoked: got %+v, want refused with an alarm", got)
	}
}

func TestBlockedGrant(t *testing.T) {
	t.Parallel()
	s := gatewaytest.Stage(t, world(nil))
	s.Fault(emulator.FaultGrantBlocked, "", "")
	for range 3 {
		if got := s.Gateway.Start(t.Context(), s.Attempt()); got.Outcome != gateway.Refused || got.Alarm == "" {
			t.Errorf("got %+v, want refused with an alarm", got)
		}
	}
	if calls := s.Calls(); len(calls) != 1 {
		t.Errorf("the provider was asked %v: a block grows by asking", calls)
	}
}

func TestRefundsOfVersion1(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"same": "same", "separate": "separate"} {
		w := world(map[string]string{"refund-v1-status-path": path})
		w.Config = func(base string) gateway.Config {
			c := config(base)
			c.Settings["refund_version"], c.Settings["refund_v1_status"] = "v1", path
			return c
		}
		s := gatewaytest.Stage(t, w)
		r, _ := s.Gateway.(gateway.Refunder)
		a := s.Pay()
		part := gatewaytest.Back(a, s.Taken(a), "rf-1", 100_000)
		if got := r.RefundState(t.Context(), part, ""); got.Outcome != gateway.ReturnUnsure {
			t.Errorf("%s: before: got %+v, want unknown", name, got)
		}
		s.Fault("lost-answer", "refund-v1", "")
		if got := r.Refund(t.Context(), part); got.Outcome != gateway.ReturnUnsure {
			t.Errorf("%s: got %+v, want unknown", name, got)
		}
		s.Well()
		state := r.RefundState(t.Context(), part, "")
		if state.Outcome != gateway.Done || state.Receipt == "" {
			t.Errorf("%s: got %+v, want done with a receipt", name, state)
		}
		again := gatewaytest.Back(a, gateway.Report{Receipt: part.Receipt}, "rf-2", 1_000)
		if got := r.Refund(t.Context(), again); got.Outcome != gateway.Denied {
			t.Errorf("%s: a second refund: got %+v, want denied", name, got)
		}
	}
}

// A part whose answer was lost is the refund that was not there before.
func TestLostPart(t *testing.T) {
	t.Parallel()
	s := gatewaytest.Stage(t, world(nil))
	r, _ := s.Gateway.(gateway.Refunder)
	a := s.Pay()
	taken := s.Taken(a)
	first := r.Refund(t.Context(), gatewaytest.Back(a, taken, "rf-1", 50_000))
	if first.Outcome != gateway.Done {
		t.Fatalf("got %+v, want done", first)
	}
	second := gatewaytest.Back(a, taken, "rf-2", 50_000)
	s.Fault("refund-lost-answer", "", "")
	if got := r.Refund(t.Context(), second); got.Outcome != gateway.ReturnUnsure {
		t.Errorf("got %+v, want unknown", got)
	}
	s.Well()
	got := r.RefundState(t.Context(), second, "")
	if got.Outcome != gateway.Done || got.Receipt == "" || got.Receipt == first.Receipt {
		t.Errorf("got %+v, want done with another receipt than %s", got, first.Receipt)
	}
	g, _ := s.Gateway.(*Gateway)
	g.sent = newSent(0) // as after a restart: two equal parts cannot be told apart
	if got := r.RefundState(t.Context(), second, ""); got.Outcome != gateway.ReturnUnsure {
		t.Errorf("without memory: got %+v, want unknown", got)
	}
	if got := r.RefundState(t.Context(), second, first.Receipt); got.Outcome != gateway.Done {
		t.Errorf("by its id: got %+v, want done", got)
	}
}

// Of two equal parts one was never made: the other's money does not count twice.
func TestPartOfAnotherRefund(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"", "lost-answer"} {
		s := gatewaytest.Stage(t, world(nil))
		r, _ := s.Gateway.(gateway.Refunder)
		a := s.Pay()
		taken := s.Taken(a)
		lost, made := gatewaytest.Back(a, taken, "rf-1", 50_000), gatewaytest.Back(a, taken, "rf-2", 50_000)
		s.FaultOnce("lost-request", "refund", "")
		if got := r.Refund(t.Context(), lost); got.Outcome != gateway.ReturnUnsure {
			t.Fatalf("got %+v, want unknown", got)
		}
		want := gateway.Done
		if fault != "" {
			s.FaultOnce(fault, "refund", "")
			want = gateway.ReturnUnsure
		}
		if got := r.Refund(t.Context(), made); got.Outcome != want {
			t.Errorf("%q: got %+v, want %s", fault, got, want)
		}
		if got := r.RefundState(t.Context(), lost, ""); got.Outcome != gateway.ReturnUnsure || got.Receipt != "" {
			t.Errorf("%q: what was never made: got %+v, want unknown", fault, got)
		}
		if got := r.RefundState(t.Context(), made, ""); got.Outcome != want {
			t.Errorf("%q: what was made: got %+v, want %s", fault, got, want)
		}
	}
}
