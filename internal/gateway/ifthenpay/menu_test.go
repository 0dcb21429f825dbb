package ifthenpay

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	emulator "github.com/purserhq/purser/internal/sandbox/ifthenpay"
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
		{Fault: emulator.FaultStatusLags, Look: gateway.Pending, Take: gateway.Pending},
		{Fault: emulator.FaultExpiredPaid, Look: gateway.Expired, Take: gateway.Expired},
		{Fault: emulator.FaultUnknownRequest, Look: gateway.Unknown, Take: gateway.Unknown},
		{Fault: "slow-truth", Look: gateway.Pending, Take: gateway.Pending},
		{Fault: "wrong-order", Call: "status", Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "unknown-word", Call: "status", Look: gateway.Unknown, Take: gateway.Unknown},
		{Fault: "refuse", Call: "status", Value: "100", Look: gateway.Unknown, Take: gateway.Unknown},
	})
}

// heard is the next callback, checked and read.
func heard(t *testing.T, s *gatewaytest.Scene, g *Gateway) gateway.Notice {
	t.Helper()
	n, ok := read1(t, g, s.Notified())
	if !ok {
		t.Fatalf("got %+v, want a notice of ours", n)
	}
	return n
}

// push finds the address of a push on the phone's page.
var push = regexp.MustCompile(`action="(phone/[^"]+)"`)

// press presses a button of the only push on the phone.
func press(t *testing.T, g *Gateway, choice string) {
	t.Helper()
	page, err := http.Get(g.base + "/phone")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(page.Body)
	_ = page.Body.Close() // read to its end
	found := push.FindAllSubmatch(text, -1)
	if err != nil || len(found) != 1 {
		t.Fatalf("got %d pushes and error %v from\n%s", len(found), err, text)
	}
	after, err := http.PostForm(g.base+"/"+string(found[0][1]), url.Values{"decision": {choice}})
	if err != nil {
		t.Fatal(err)
	}
	_ = after.Body.Close() // only its status counts
	if after.StatusCode != http.StatusOK {
		t.Fatalf("got status %d", after.StatusCode)
	}
}

// A push whose start was lost is paid, and the callback brings its session.
func TestLostStartIsPaid(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"start-lost-answer", emulator.FaultNoticeFirst} {
		s, g := stage(t)
		s.Fault(fault, "", "")
		a := s.Attempt()
		started := g.Start(t.Context(), a)
		if fault == emulator.FaultNoticeFirst {
			if started.Outcome != gateway.Opened {
				t.Fatalf("%s: got %+v, want opened", fault, started)
			}
		} else {
			if started.Outcome != gateway.NoAnswer || started.Session != "" {
				t.Fatalf("%s: got %+v, want no answer", fault, started)
			}
			press(t, g, "approve")
		}
		n := heard(t, s, g)
		if n.Short != a.Short || n.Session == "" || !n.Good {
			t.Errorf("%s: got %+v, want the attempt's short id with a session", fault, n)
		}
		a.Session, a.Word = n.Session, n.Word
		s.Taken(a)
	}
}

func TestRefusedStarts(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	for mobile, want := range map[string]gateway.StartOutcome{
		"912340999": gateway.Refused, "912340122": gateway.Refused, "912340100": gateway.Refused,
		"912340101": gateway.Opened,
	} {
		a := s.Attempt()
		a.Payer.Mobile = mobile
		if got := g.Start(t.Context(), a); got.Outcome != want || got.Alarm != "" {
			t.Errorf("%s: got %+v, want %s", mobile, got, want)
		}
	}
	for _, fault := range []string{"wrong-amount", "wrong-order"} {
		s.Fault(fault, "start", "")
		if got := g.Start(t.Context(), s.Attempt()); got.Outcome != gateway.NoAnswer || got.Alarm == "" {
			t.Errorf("%s: got %+v, want no answer with an alarm", fault, got)
		}
		s.Well()
	}
}

func TestTimeRunsOut(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	a := s.Open()
	s.Advance(4 * time.Minute)
	if got := g.Resolve(t.Context(), a, gateway.Look); got.Outcome != gateway.Expired {
		t.Errorf("after four minutes: got %+v, want expired", got)
	}
	s.Fault("late-success", "", "")
	s.Decide(a, "approve")
	s.Taken(a)

	a = s.Open()
	s.Decide(a, "expire")
	if got := g.Resolve(t.Context(), a, gateway.Look); got.Outcome != gateway.Expired {
		t.Errorf("let expire: got %+v, want expired", got)
	}
	s.Switch("pending-code", "124")
	if got := g.Resolve(t.Context(), s.Open(), gateway.Look); got.Outcome != gateway.Unknown {
		t.Errorf("another code for open: got %+v, want unknown", got)
	}
}

// Callbacks that are not what they say prove nothing and move nothing.
func TestCrookedCallbacks(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	s.Fault(emulator.FaultWrongKey, "", "")
	a := s.Pay()
	if _, err := gateway.Checked(g, s.Notified()); err == nil {
		t.Error("a callback with another key passes the check")
	}
	s.Well()
	s.Taken(a)

	s.Fault(emulator.FaultCallbackAmount, "", "")
	a = s.Pay()
	a.Word = heard(t, s, g).Word
	if got := g.Resolve(t.Context(), a, gateway.Take); got.Outcome != gateway.Unknown || got.Alarm == "" {
		t.Errorf("another amount: got %+v, want unknown with an alarm", got)
	}
	s.Well()

	s.Fault(emulator.FaultCallbackOrder, "", "")
	a = s.Pay()
	if n := heard(t, s, g); n.Short == a.Short || n.Session != a.Session {
		t.Errorf("another order: got %+v, want our session with another order", n)
	}
}

func TestRefundsOnTheEmulator(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	a := s.Pay()
	taken := s.Taken(a)
	heard(t, s, g)
	if got := g.Refund(t.Context(), gatewaytest.Back(a, taken, "rf-1", 200)); got.Outcome != gateway.Done {
		t.Errorf("a part: got %+v, want done", got)
	}
	if n := heard(t, s, g); n.Word != "callback: refunded 2.00" || n.Good || n.Session != a.Session {
		t.Errorf("got %+v, want a refund of 2.00", n)
	}
	s.Switch("available-today", "300")
	if got := g.Refund(t.Context(), gatewaytest.Back(a, taken, "rf-2", 200)); got.Outcome != gateway.Denied {
		t.Errorf("more than there is today: got %+v, want denied", got)
	}
	if got := g.Refund(t.Context(), gatewaytest.Back(a, taken, "rf-3", 100)); got.Outcome != gateway.Done {
		t.Errorf("what there is today: got %+v, want done", got)
	}
	g.back = "1111-2222-3333-4444"
	if got := g.Refund(t.Context(), gatewaytest.Back(a, taken, "rf-4", 1)); got.Outcome != gateway.Denied {
		t.Errorf("another key: got %+v, want denied", got)
	}
	g.key = "MBW-000001"
	if got := g.Resolve(t.Context(), a, gateway.Take); got.Outcome != gateway.Unknown {
		t.Errorf("another contract: got %+v, want unknown", got)
	}
	if got := g.Start(t.Context(), s.Attempt()); got.Outcome != gateway.Refused {
		t.Errorf("another contract: got %+v, want refused", got)
	}
}
