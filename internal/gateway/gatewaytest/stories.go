package gatewaytest

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
)

func (w World) paid(t *testing.T) {
	s := Stage(t, w)
	a := s.Pay()
	if s.Gateway.Info().CanLook {
		// Where asking only reads, the money moved on the payer's word.
		want, captures := gateway.Authorized, 0
		if !s.Gateway.Info().VerifyCaptures {
			want, captures = gateway.Captured, 1
		}
		if got := s.Gateway.Resolve(w.listening(t), a, gateway.Look); got.Outcome != want {
			t.Errorf("before it is asked for: got %+v, want %s", got, want)
		}
		s.Books(a, captures)
	}
	if sweeper, ok := s.Gateway.(gateway.Sweeper); ok {
		list, err := sweeper.Sweep(w.listening(t))
		if want := []gateway.Unclaimed{{Session: a.Session, Amount: a.Amount}}; err != nil || !slices.Equal(list, want) {
			t.Errorf("got %v %v, want %v", list, err, want)
		}
	}
	first := s.Taken(a)
	if again := s.Taken(a); again.Receipt != first.Receipt {
		t.Errorf("got receipt %q again, want %q", again.Receipt, first.Receipt)
	}
	if !s.Gateway.Info().CanLook {
		return
	}
	got := s.Gateway.Resolve(w.listening(t), a, gateway.Look)
	if got.Outcome != gateway.Captured || got.Receipt != first.Receipt {
		t.Errorf("after the money is taken: got %+v, want captured with receipt %s", got, first.Receipt)
	}
}

func (w World) notPaid(t *testing.T) {
	s := Stage(t, w)
	left := s.Open()
	s.ask(http.MethodPost, s.payment(left)+"/act", map[string]string{"decision": "leave"}, nil)
	want := gateway.Unknown
	if s.Gateway.Info().CanLook {
		want = gateway.Pending
	}
	for _, question := range []gateway.Question{gateway.Look, gateway.Take} {
		if got := s.Gateway.Resolve(w.listening(t), left, question); got.Outcome != want || got.Alarm != "" {
			t.Errorf("%s at an open page: got %+v, want %s", question, got, want)
		}
	}
	for _, choice := range []string{"decline", "cancel"} {
		a := s.Open()
		s.decided(&a, choice, false)
		got := s.Gateway.Resolve(w.listening(t), a, gateway.Take)
		over := got.Outcome == gateway.Declined || got.Outcome == gateway.Canceled
		if w.StaysOpen && got.Outcome != gateway.Pending || !w.StaysOpen && !over {
			t.Errorf("%s: got %+v, want declined or canceled, or pending where it stays open", choice, got)
		}
		s.Books(a, 0)
	}
}

// forged brings success for what nobody paid.
func (w World) forged(t *testing.T) {
	s := Stage(t, w)
	if _, ok := s.Gateway.(gateway.Returner); !ok {
		return
	}
	s.Fault("forged-return", "", "")
	a := s.Open()
	s.decided(&a, "decline", true)
	got := s.Gateway.Resolve(w.listening(t), a, gateway.Take)
	if got.Outcome != gateway.Pending && got.Outcome != gateway.Unknown {
		t.Errorf("got %+v, want pending or unknown", got)
	}
}

// replayed presents a cheap paid session as the payment of a dear attempt.
func (w World) replayed(t *testing.T) {
	if w.Blind {
		return
	}
	s := Stage(t, w)
	a := s.Pay()
	dear := a
	dear.Amount = money.New(10*a.Amount.Steps(), a.Amount.Unit())
	if got := s.Gateway.Resolve(w.listening(t), dear, gateway.Take); got.Outcome == gateway.Captured {
		t.Errorf("another amount: got %+v", got)
	}
	if got := s.Gateway.Resolve(w.listening(t), dear, gateway.Look); got.Outcome == gateway.Captured {
		t.Errorf("looking with another amount: got %+v", got)
	}
}

func (w World) crowd(t *testing.T) {
	s := Stage(t, w)
	a := s.Pay()
	var wait sync.WaitGroup
	reports := make([]gateway.Report, 12)
	for n := range reports {
		wait.Go(func() { reports[n] = s.Gateway.Resolve(w.listening(t), a, gateway.Take) })
	}
	wait.Wait()
	for _, got := range reports {
		if got.Outcome != gateway.Captured || got.Receipt != reports[0].Receipt {
			t.Errorf("got %+v, want captured with receipt %s", got, reports[0].Receipt)
		}
	}
	s.Books(a, 1)
}

// Back makes the return of an amount of a taken payment.
func Back(a gateway.Attempt, taken gateway.Report, id string, amount int64) gateway.Return {
	return gateway.Return{
		Refund: id, Attempt: a, Receipt: taken.Receipt, Amount: money.New(amount, a.Amount.Unit()), PaidAt: a.StartedAt,
	}
}

func (w World) givenBack(t *testing.T) {
	s := Stage(t, w)
	refunder, ok := s.Gateway.(gateway.Refunder)
	if !ok {
		return
	}
	a := s.Pay()
	taken, whole := s.Taken(a), a.Amount.Steps()
	part := Back(a, taken, "rf-1", whole*2/5)
	got := refunder.Refund(w.listening(t), part)
	if got.Outcome != gateway.Done && got.Outcome != gateway.Underway || got.Undone {
		t.Errorf("a part: got %+v, want done or under way", got)
	}
	if w.Traceable {
		s.Advance(72 * time.Hour)
		if state := refunder.RefundState(w.listening(t), part, got.Receipt); state.Outcome != gateway.Done {
			t.Errorf("the state of a part: got %+v, want done", state)
		}
	}
	if got := refunder.Refund(w.listening(t), Back(a, taken, "rf-2", whole*4/5)); got.Outcome != gateway.Denied {
		t.Errorf("more than is left: got %+v, want denied", got)
	}
	reverser, ok := s.Gateway.(gateway.Reverser)
	if !ok {
		return
	}
	w.reversed(t, s, refunder, reverser)
}

// reversed undoes a whole payment, twice.
func (w World) reversed(t *testing.T, s *Scene, refunder gateway.Refunder, reverser gateway.Reverser) {
	a := s.Pay()
	whole := Back(a, s.Taken(a), "rf-3", a.Amount.Steps())
	for _, time := range []string{"first", "again"} {
		got := reverser.Reverse(w.listening(t), whole)
		if got != (gateway.ReturnReport{Outcome: gateway.Done, Undone: true}) {
			t.Errorf("reversed %s: got %+v, want done and undone", time, got)
		}
	}
	for _, question := range []gateway.Question{gateway.Look, gateway.Take} {
		if got := s.Gateway.Resolve(w.listening(t), a, question); got.Outcome != gateway.Undone {
			t.Errorf("%s at a reversed payment: got %+v, want undone", question, got)
		}
	}
	if got := refunder.RefundState(w.listening(t), whole, ""); got.Outcome != gateway.Done || !got.Undone {
		t.Errorf("the state of a reversal: got %+v, want done and undone", got)
	}
}

// lostRefund loses the answer of a refund that was made.
func (w World) lostRefund(t *testing.T) {
	s := Stage(t, w)
	refunder, ok := s.Gateway.(gateway.Refunder)
	if !ok {
		return
	}
	a := s.Pay()
	whole := Back(a, s.Taken(a), "rf-1", a.Amount.Steps())
	s.Fault("lost-answer", w.RefundCall, "")
	if got := refunder.Refund(w.listening(t), whole); got.Outcome != gateway.ReturnUnsure {
		t.Errorf("got %+v, want unknown", got)
	}
	s.Well()
	var books struct{ Refunded, Pending, Reversed int64 }
	s.ask(http.MethodGet, "/books", nil, &books)
	if sum := books.Refunded + books.Pending + books.Reversed; sum != a.Amount.Steps() {
		t.Errorf("the provider gave %d back, want %v", sum, a.Amount)
	}
	got := refunder.RefundState(w.listening(t), whole, "")
	found := got.Outcome == gateway.Done || got.Outcome == gateway.Underway
	if found != w.Traceable || (!found && got.Outcome != gateway.ReturnUnsure) {
		t.Errorf("got %+v, want it found: %v", got, w.Traceable)
	}
}

// meeting is the contract that meets a fault: one that gives up soon where the fault is time.
// Whatever comes before and after it has all the time that a slow machine needs.
func (s *Scene) meeting(f emulated) gateway.Gateway {
	if f.Wait == 0 {
		return s.Gateway
	}
	return s.world.open(s.t, s.base, hasty)
}

// faultyTake spoils the answer while a paid attempt is taken, and asks again
// when the provider is well.
func (w World) faultyTake(t *testing.T, f emulated) {
	s := Stage(t, w)
	a := s.Pay()
	f.Call = w.TakeCall
	if f.Name == "redirect" {
		f.Value = s.trap
	}
	s.ask(http.MethodPost, "/faults", f, nil)
	got := s.meeting(f).Resolve(w.listening(t), a, gateway.Take)
	read := f.Name == "odd-types" && w.Texts && got.Outcome == gateway.Captured
	if !read && (got.Outcome != gateway.Unknown || got.Receipt != "") {
		t.Errorf("got %+v, want unknown", got)
	}
	var calls []struct {
		Call string `json:"call"`
		Path string `json:"path"`
	}
	s.ask(http.MethodGet, "/journal", nil, &calls)
	for _, call := range calls {
		if call.Path == "/trap" {
			t.Error("a redirect was followed")
		}
	}
	s.Well()
	a.Doubtful = got.Doubt
	s.Taken(a)
}

// faultyStart spoils the answer of the start.
func (w World) faultyStart(t *testing.T, f emulated) {
	s := Stage(t, w)
	f.Call = w.StartCall
	s.ask(http.MethodPost, "/faults", f, nil)
	got := s.meeting(f).Start(w.listening(t), s.Attempt())
	if got.Outcome != gateway.NoAnswer && (!f.lenient || got.Outcome != gateway.Opened) {
		t.Errorf("got %+v, want no answer", got)
	}
	var opened []json.RawMessage
	s.ask(http.MethodGet, "/payments", nil, &opened)
	if len(opened) > 1 {
		t.Errorf("the start was repeated: the provider has %d payments", len(opened))
	}
	s.Well()
	s.Taken(s.Pay())
}
