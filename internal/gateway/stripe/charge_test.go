package stripe

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	emulator "github.com/purserhq/purser/internal/sandbox/stripe"
)

func stage(t *testing.T) (*gatewaytest.Scene, *Gateway) {
	t.Helper()
	s := gatewaytest.Stage(t, world(nil))
	g, _ := s.Gateway.(*Gateway)
	return s, g
}

func card(number string) gateway.Card { return gateway.NewCard(number, "973", "CARD HOLDER", 5, 2028) }

func charge(t *testing.T, g *Gateway, a gateway.Attempt, number string, held bool) gateway.Charged {
	t.Helper()
	return g.Charge(t.Context(), a, card(number), held)
}

func TestChargeOfEveryCard(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]struct {
		outcome gateway.Outcome
		word    string
		reason  payment.Reason
	}{
		"4242424242424242": {gateway.Captured, "succeeded", ""},
		"4000000000000002": {gateway.Declined, "generic_decline", ""},
		"4000000000009995": {gateway.Declined, "insufficient_funds", payment.NoFunds},
		"4000000000009987": {gateway.Declined, "lost_card", ""},
		"4000000000009979": {gateway.Declined, "stolen_card", ""},
		"4000000000000069": {gateway.Declined, "expired_card", payment.CardExpired},
		"4000000000000127": {gateway.Declined, "incorrect_cvc", payment.WrongDetails},
		"4000000000000119": {gateway.Declined, "processing_error", payment.TryLater},
		"4000000000006975": {gateway.Declined, "card_velocity_exceeded", payment.OverLimit},
		"4000002500003155": {gateway.Pending, "requires_action", ""},
		"1234567890123456": {gateway.Declined, "generic_decline", ""},
	} {
		s, g := stage(t)
		a := s.Attempt()
		got := charge(t, g, a, number, false)
		if got.Outcome != gateway.Opened || got.Report.Outcome != want.outcome ||
			!strings.Contains(got.Report.Word, want.word) || got.Report.Reason != want.reason {
			t.Errorf("%s: got %+v, want %+v", number, got, want)
		}
		if (got.Link != "") != (want.outcome == gateway.Pending) {
			t.Errorf("%s: got link %q", number, got.Link)
		}
		again := charge(t, g, a, number, false)
		if again.Session != got.Session || again.Report.Outcome != want.outcome {
			t.Errorf("%s again: got %+v, want the same", number, again)
		}
		a.Session = got.Session
		if state := g.Resolve(t.Context(), a, gateway.Look); state.Outcome != want.outcome || state.Reason != want.reason {
			t.Errorf("%s: asked it is %+v, want %+v", number, state, want)
		}
	}
}

func TestExampleCardIsAcceptedByASwitch(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	s.Switch("example-card", "accepted")
	if got := charge(t, g, s.Attempt(), "1234567890123456", false); got.Report.Outcome != gateway.Captured {
		t.Errorf("got %+v, want captured", got)
	}
}

// TestAddressWithAPath: the library takes none, but a provider may be reached
// below one.
func TestAddressWithAPath(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	below := httptest.NewServer(http.StripPrefix("/some/path", httputil.NewSingleHostReverseProxy(parsed(t, g.base))))
	t.Cleanup(below.Close)
	made, err := New(config(below.URL+"/some/path"), nil)
	if err != nil {
		t.Fatal(err)
	}
	g, _ = made.(*Gateway)
	if got := charge(t, g, s.Attempt(), "4242424242424242", true); got.Report.Outcome != gateway.Authorized {
		t.Errorf("got %+v, want authorized", got)
	}
}

func parsed(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestThePayersBankAsks(t *testing.T) {
	t.Parallel()
	for choice, want := range map[string]gateway.Outcome{"approve": gateway.Captured, "decline": gateway.Declined} {
		s, g := stage(t)
		a := s.Attempt()
		a.Session = charge(t, g, a, "4000002500003155", false).Session
		n, ok := g.ReadReturn(s.Decide(a, choice))
		if !ok || n.Session != a.Session || n.Good != (choice == "approve") {
			t.Errorf("%s: got %+v %v", choice, n, ok)
		}
		if got := g.Resolve(t.Context(), a, gateway.Take); got.Outcome != want {
			t.Errorf("%s: got %+v, want %s", choice, got, want)
		}
	}
}

func TestLostConfirmations(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{emulator.FaultConfirm500, "lost-answer", "server-error-after"} {
		s, g := stage(t)
		call := "confirm"
		if fault == emulator.FaultConfirm500 {
			call = ""
		}
		s.Fault(fault, call, "")
		a := s.Attempt()
		got := charge(t, g, a, "4242424242424242", false)
		if got.Report.Outcome != gateway.Captured {
			t.Errorf("%s: got %+v, want captured by a read", fault, got)
		}
		a.Session = got.Session
		s.Books(a, 1)
	}
	s, g := stage(t)
	s.Fault("lost-request", "confirm", "")
	a := s.Attempt()
	got := charge(t, g, a, "4242424242424242", false)
	if got.Report.Outcome != gateway.Unknown || !got.Report.Doubt {
		t.Errorf("a lost request: got %+v, want unknown with doubt", got)
	}
	s.Well()
	if got = charge(t, g, a, "4242424242424242", false); got.Report.Outcome != gateway.Captured {
		t.Errorf("repeated: got %+v, want captured", got)
	}
	late := a
	late.StartedAt = a.StartedAt.Add(-25 * time.Hour)
	got = charge(t, g, late, "4242424242424242", false)
	if got.Report.Outcome != gateway.Unknown || got.Report.Alarm == "" {
		t.Errorf("a day later: got %+v, want unknown with an alarm", got)
	}
}

func TestSlowCharges(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]gateway.Outcome{
		emulator.FaultProcessingSuccess: gateway.Captured, emulator.FaultProcessingFailure: gateway.Declined,
	} {
		s, g := stage(t)
		s.Fault(fault, "", "")
		a := s.Attempt()
		got := charge(t, g, a, "4242424242424242", false)
		if got.Report.Outcome != gateway.Pending {
			t.Errorf("%s: got %+v, want pending", fault, got)
		}
		a.Session = got.Session
		s.Advance(2 * time.Hour)
		if state := g.Resolve(t.Context(), a, gateway.Look); state.Outcome != want {
			t.Errorf("%s: got %+v, want %s", fault, state, want)
		}
	}
}

// hold charges a card for a hold.
func hold(t *testing.T) (*gatewaytest.Scene, *Gateway, gateway.Held) {
	t.Helper()
	s, g := stage(t)
	a := s.Attempt()
	got := charge(t, g, a, "4242424242424242", true)
	if got.Report.Outcome != gateway.Authorized || got.Report.Amount != a.Amount {
		t.Fatalf("got %+v, want authorized", got)
	}
	a.Session = got.Session
	return s, g, gateway.Held{Attempt: a, Amount: a.Amount, Step: "st-1"}
}

func TestCapture(t *testing.T) {
	t.Parallel()
	for _, steps := range []int64{250_000, 100_000} {
		s, g, h := hold(t)
		if got := g.Resolve(t.Context(), h.Attempt, gateway.Take); got.Outcome != gateway.Authorized {
			t.Errorf("asked: got %+v, want authorized", got)
		}
		h.Amount = money.New(steps, money.EUR)
		for range 2 {
			if got := g.Capture(t.Context(), h); got.Outcome != gateway.Captured || got.Amount != h.Amount || got.Receipt == "" {
				t.Errorf("got %+v, want %v captured", got, h.Amount)
			}
		}
		s.Books(h.Attempt, 1)
		got := g.Void(t.Context(), h)
		if got.Outcome != gateway.Captured || got.Amount != h.Amount || got.Receipt == "" || got.Alarm != "" {
			t.Errorf("let go afterwards: got %+v, want %v captured", got, h.Amount)
		}
	}
	_, g, h := hold(t)
	h.Amount = money.New(250_001, money.EUR)
	if got := g.Capture(t.Context(), h); got.Outcome != gateway.Declined {
		t.Errorf("more than is held: got %+v, want declined", got)
	}
	s, g, h := hold(t)
	s.Fault("lost-answer", "capture", "")
	if got := g.Capture(t.Context(), h); got.Outcome != gateway.Captured {
		t.Errorf("a lost answer: got %+v, want captured by a read", got)
	}
	s, g, h = hold(t)
	s.Fault("lost-request", "capture", "")
	if got := g.Capture(t.Context(), h); got.Outcome != gateway.Unknown || !got.Doubt {
		t.Errorf("a lost request: got %+v, want unknown with doubt", got)
	}
}

// What somebody took at the provider's own pages is not what is asked for later.
func TestCaptureOfLessThanWasTaken(t *testing.T) {
	t.Parallel()
	_, g, h := hold(t)
	if got := g.Capture(t.Context(), h); got.Outcome != gateway.Captured {
		t.Fatalf("got %+v, want captured", got)
	}
	less := h
	less.Amount, less.Step = money.New(100_000, money.EUR), "st-2"
	if got := g.Capture(t.Context(), less); got.Outcome != gateway.Captured || got.Amount != h.Amount {
		t.Errorf("got %+v, want %v captured", got, h.Amount)
	}
	_, g, h = hold(t)
	less = h
	less.Amount = money.New(100_000, money.EUR)
	if got := g.Capture(t.Context(), less); got.Outcome != gateway.Captured {
		t.Fatalf("got %+v, want captured", got)
	}
	less.Amount, less.Step = money.New(90_000, money.EUR), "st-2"
	if got := g.Capture(t.Context(), less); got.Outcome != gateway.Unknown || got.Alarm == "" {
		t.Errorf("of a part: got %+v, want unknown with an alarm", got)
	}
}

// An answer to a capture that is about another payment is no verdict, whatever it says.
func TestCaptureOfAnotherPayment(t *testing.T) {
	t.Parallel()
	held := with(intent(0, "requires_capture"), `"amount_capturable":0`, `"amount_capturable":250000`)
	a := opened()
	a.Session = intentID
	for _, status := range []string{"requires_capture", "canceled", "succeeded"} {
		for _, ours := range []string{`77-1`, `"pi_1"`} {
			capture := gatewaytest.Step{
				Path: "/v1/payment_intents/" + intentID + "/capture", Form: true,
				Answer: with(intent(250000, status), ours, strings.Replace(ours, "1", "2", 1)),
			}
			h := gateway.Held{Attempt: a, Amount: a.Amount, Step: "st-1"}
			got := open(t, intentStep(held), capture).Capture(t.Context(), h)
			if got.Outcome != gateway.Unknown || got.Alarm == "" || got.Receipt != "" {
				t.Errorf("%s with another %s: got %+v, want unknown with an alarm", status, ours, got)
			}
		}
	}
}

// Only a refused create says that there is no intent: one that cannot be read may have been paid before.
func TestUnreadIntentIsNoVerdict(t *testing.T) {
	t.Parallel()
	const path = "/v1/payment_intents"
	refusal := `{"error":{"type":"invalid_request_error","message":"no"}}`
	create := gatewaytest.Step{Path: path, Form: true, Answer: intent(0, "requires_payment_method")}
	unread := intentStep(refusal)
	unread.Status = http.StatusForbidden
	again := kit().Attempt()
	again.Session = intentID
	for _, a := range []gateway.Attempt{kit().Attempt(), again} {
		got := charge(t, open(t, create, unread), a, "4242424242424242", false)
		if got.Outcome != gateway.NoAnswer || got.Report.Outcome != gateway.Unknown || got.Report.Alarm == "" {
			t.Errorf("session %q: got %+v, want no answer and unknown with an alarm", a.Session, got)
		}
	}
	create.Answer, create.Status = refusal, http.StatusForbidden
	got := charge(t, open(t, create), kit().Attempt(), "4242424242424242", false)
	if got.Outcome != gateway.Refused || got.Report.Outcome != gateway.Declined || got.Report.Alarm == "" {
		t.Errorf("a refused create: got %+v, want refused and declined with an alarm", got)
	}
}

func TestVoid(t *testing.T) {
	t.Parallel()
	s, g, h := hold(t)
	for range 2 {
		if got := g.Void(t.Context(), h); got.Outcome != gateway.Canceled {
			t.Errorf("got %+v, want canceled", got)
		}
	}
	s.Books(h.Attempt, 0)
	if got := g.Capture(t.Context(), h); got.Outcome != gateway.Declined {
		t.Errorf("taken afterwards: got %+v, want declined", got)
	}
	if got := g.Resolve(t.Context(), h.Attempt, gateway.Look); got.Outcome != gateway.Canceled {
		t.Errorf("asked: got %+v, want canceled", got)
	}
	page := s.Open()
	h = gateway.Held{Attempt: page, Amount: page.Amount, Step: "x"}
	if got := g.Void(t.Context(), h); got.Outcome != gateway.Canceled {
		t.Errorf("an open page: got %+v, want canceled", got)
	}
	if got := g.Resolve(t.Context(), page, gateway.Take); got.Outcome != gateway.Expired {
		t.Errorf("a closed page: got %+v, want expired", got)
	}
}

func TestAdjust(t *testing.T) {
	t.Parallel()
	s, g, h := hold(t)
	h.Amount = money.New(300_000, money.EUR)
	for range 2 {
		if got := g.Adjust(t.Context(), h); got.Outcome != gateway.Authorized || got.Amount != h.Amount {
			t.Errorf("got %+v, want more held", got)
		}
	}
	if got := g.Capture(t.Context(), h); got.Outcome != gateway.Captured || got.Amount != h.Amount {
		t.Errorf("got %+v, want all of it", got)
	}
	s.Books(h.Attempt, 1)
	s, g, h = hold(t)
	h.Amount = money.New(1_000, money.EUR)
	if got := g.Adjust(t.Context(), h); got.Outcome != gateway.Declined {
		t.Errorf("less: got %+v, want declined", got)
	}
	s.Switch("incremental", "unavailable")
	h.Amount = money.New(300_000, money.EUR)
	if got := g.Adjust(t.Context(), h); got.Outcome != gateway.Declined {
		t.Errorf("a bank that does not allow it: got %+v, want declined", got)
	}
	h.Amount = h.Attempt.Amount
	if got := g.Capture(t.Context(), h); got.Outcome != gateway.Captured {
		t.Errorf("the old amount: got %+v, want captured", got)
	}
}

func TestSlowCheckout(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]gateway.Outcome{"": gateway.Captured, "failure": gateway.Pending} {
		s, g := stage(t)
		s.Fault(emulator.FaultCompletedUnpaid, "", value)
		a := s.Pay()
		if got := g.Resolve(t.Context(), a, gateway.Take); got.Outcome != gateway.Pending {
			t.Errorf("%q: got %+v, want pending", value, got)
		}
		s.Advance(2 * time.Hour)
		if got := g.Resolve(t.Context(), a, gateway.Take); got.Outcome != want {
			t.Errorf("%q in the end: got %+v, want %s", value, got, want)
		}
	}
}

func TestRefundThatFailsLater(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	a := s.Pay()
	r := gatewaytest.Back(a, s.Taken(a), "rf-1", 100_000)
	s.Fault(emulator.FaultRefundFails, "", "")
	got := g.Refund(t.Context(), r)
	if got.Outcome != gateway.Done {
		t.Errorf("got %+v, want done", got)
	}
	s.Advance(2 * time.Hour)
	for _, receipt := range []string{got.Receipt, ""} {
		if state := g.RefundState(t.Context(), r, receipt); state.Outcome != gateway.Denied || state.Alarm == "" {
			t.Errorf("later: got %+v, want denied with an alarm", state)
		}
	}
}

func TestFaultsOfPaidAttempt(t *testing.T) {
	t.Parallel()
	gatewaytest.FaultsOfPaid(t, func() gatewaytest.World { return world(nil) }, []gatewaytest.PaidFault{
		{Fault: emulator.FaultOtherAmount, Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: emulator.FaultPartly, Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: emulator.FaultWrongCurrency, Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "wrong-amount", Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "wrong-order", Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "slow-truth", Look: gateway.Pending, Take: gateway.Pending},
		{Fault: "should-retry", Value: "true", Look: gateway.Unknown, Take: gateway.Unknown},
		{Fault: "refuse", Value: "403", Look: gateway.Unknown, Take: gateway.Unknown, Alarm: true},
		{Fault: "unknown-word", Look: gateway.Unknown, Take: gateway.Unknown},
	})
}

// Each step has a key of its own, which is the same when the step is asked for again: without one a step that was
// lost on its way back would be made twice, and with that of another it would never be made.
func TestEveryStepHasItsKey(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	transport := &listening{next: &http.Transport{DisableKeepAlives: true}}
	made, err := New(config(g.base), transport)
	if err != nil {
		t.Fatal(err)
	}
	g, _ = made.(*Gateway)
	a := s.Attempt()
	a.Reference = "77-1"
	a.Session = charge(t, g, a, "4242424242424242", true).Session
	held := func(step string, steps int64) gateway.Held {
		return gateway.Held{Attempt: a, Amount: money.New(steps, money.EUR), Step: step}
	}
	g.Adjust(t.Context(), held("st-1", 300_000))
	s.Fault("lost-request", "capture", "")
	g.Capture(t.Context(), held("st-2", 100_000)) // which our client asks for twice
	s.Well()
	g.Capture(t.Context(), held("st-3", 100_000))
	want := []string{
		"payment_intents: purser/77-1/intent", "payment_methods: purser/77-1/card", "confirm: purser/77-1/confirm",
		"increment_authorization: purser/77-1/adjust/st-1", "capture: purser/77-1/capture/st-2",
		"capture: purser/77-1/capture/st-2", "capture: purser/77-1/capture/st-3",
	}
	if !slices.Equal(transport.keys, want) {
		t.Errorf("got %q, want %q", transport.keys, want)
	}
}

func TestTheLibraryTellsNothingOfUs(t *testing.T) {
	t.Parallel()
	p := gatewaytest.NewProvider(t, kit().Start)
	transport := &listening{next: &http.Transport{DisableKeepAlives: true}}
	g, err := New(config(p.URL), transport)
	if err != nil {
		t.Fatal(err)
	}
	g.Start(t.Context(), kit().Attempt())
	if got := transport.header.Get("Idempotency-Key"); got != "purser/77-1/session" {
		t.Errorf("got key %q", got)
	}
	for name := range transport.header {
		if strings.HasPrefix(name, "X-Stripe") {
			t.Errorf("the header %s was sent", name)
		}
	}
}

// listening keeps the headers of the last call, and what was to move something with its key.
type listening struct {
	next   http.RoundTripper
	header http.Header
	keys   []string
}

func (l *listening) RoundTrip(r *http.Request) (*http.Response, error) {
	l.header = r.Header.Clone()
	if r.Method == http.MethodPost {
		l.keys = append(l.keys, path.Base(r.URL.Path)+": "+r.Header.Get("Idempotency-Key"))
	}
	return l.next.RoundTrip(r)
}
