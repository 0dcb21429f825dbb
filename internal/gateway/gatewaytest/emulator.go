package gatewaytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
)

// World is a connector with a whole emulator of its provider.
type World struct {
	Kit
	// Emulator makes one: the provider's own paths, and the control interface.
	Emulator func(t *testing.T, publicURL string) (provider, control http.Handler)
	// StartCall, TakeCall and RefundCall are the emulator's names of the calls.
	StartCall, TakeCall, RefundCall string
	// Without are the faults that these calls of the emulator do not have.
	Without []string
	// Traceable says that a refund whose answer was lost can be found again.
	Traceable bool
}

// scene is one emulator with one contract.
type scene struct {
	t       *testing.T
	g       gateway.Gateway
	control http.Handler
	trap    string
}

// RunEmulator tells whole stories of payments on an emulator.
func RunEmulator(t *testing.T, w World) {
	t.Run("paid", func(t *testing.T) { t.Parallel(); w.paid(t) })
	t.Run("not paid", func(t *testing.T) { t.Parallel(); w.notPaid(t) })
	t.Run("forged", func(t *testing.T) { t.Parallel(); w.forged(t) })
	t.Run("replayed", func(t *testing.T) { t.Parallel(); w.replayed(t) })
	t.Run("crowd", func(t *testing.T) { t.Parallel(); w.crowd(t) })
	t.Run("given back", func(t *testing.T) { t.Parallel(); w.givenBack(t) })
	t.Run("lost refund", func(t *testing.T) { t.Parallel(); w.lostRefund(t) })
	for _, f := range faults {
		if slices.Contains(w.Without, f.Name) {
			continue
		}
		t.Run("take/"+f.Name+f.Value, func(t *testing.T) { t.Parallel(); w.faultyTake(t, f) })
		t.Run("start/"+f.Name+f.Value, func(t *testing.T) { t.Parallel(); w.faultyStart(t, f) })
	}
}

// emulated is one entry of the emulator's fault menu.
type emulated struct {
	Name    string        `json:"name"`
	Call    string        `json:"call,omitempty"`
	Value   string        `json:"value,omitempty"`
	Wait    time.Duration `json:"wait,omitempty"`
	lenient bool          // the provider's word may survive it
}

// faults are those that leave no usable answer.
var faults = []emulated{
	{Name: "lost-request"},
	{Name: "lost-answer"},
	{Name: "server-error-before"},
	{Name: "server-error-after"},
	{Name: "rate-limit"},
	{Name: "redirect"},
	{Name: "delay", Wait: time.Minute},
	{Name: "slow-drip", Wait: 50 * time.Millisecond},
	{Name: "odd-types", lenient: true},
	{Name: "unknown-word"},
	{Name: "bad-body", Value: "empty"},
	{Name: "bad-body", Value: "cut"},
	{Name: "bad-body", Value: "html-200"},
	{Name: "bad-body", Value: "html-502"},
	{Name: "bad-body", Value: "content-type"},
	{Name: "bad-body", Value: "huge"},
}

// stage starts an emulator and opens the contract with it.
func (w World) stage(t *testing.T, limit time.Duration) *scene {
	t.Helper()
	var provider http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		provider.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	s := &scene{t: t, trap: server.URL + "/trap"}
	provider, s.control = w.Emulator(t, server.URL)
	s.g = w.open(t, server.URL, limit)
	return s
}

// ask calls the control interface and decodes its answer.
func (s *scene) ask(method, path string, body, into any) {
	s.t.Helper()
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, content)
	w := httptest.NewRecorder()
	s.control.ServeHTTP(w, r)
	if w.Code >= http.StatusBadRequest {
		s.t.Fatalf("%s %s: status %d: %s", method, path, w.Code, w.Body)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(w.Body.Bytes(), into); err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// open opens an attempt as Purser would.
func (s *scene) open() gateway.Attempt {
	s.t.Helper()
	a := Attempt()
	started := s.g.Start(s.t.Context(), a)
	if started.Outcome != gateway.Opened {
		s.t.Fatalf("got %+v, want opened", started)
	}
	a.Session = started.Session
	return a
}

// decide presses a button of the bank page and gives what the browser brings back.
func (s *scene) decide(a gateway.Attempt, choice string) url.Values {
	s.t.Helper()
	var outcome struct {
		ReturnURL string `json:"return_url"`
	}
	s.ask(http.MethodPost, "/payments/"+a.Session+"/act", map[string]string{"decision": choice}, &outcome)
	back, err := url.Parse(outcome.ReturnURL)
	if err != nil {
		s.t.Fatal(err)
	}
	return back.Query()
}

// notice reads what the browser brought as Purser would.
func (s *scene) notice(a gateway.Attempt, query url.Values) gateway.Notice {
	s.t.Helper()
	reader, _ := s.g.(gateway.Returner)
	n, ok := reader.ReadReturn(query)
	if !ok || n.Session != a.Session || query.Get("t") != "k9" {
		s.t.Fatalf("got %+v %v from %v, want session %s and our token", n, ok, query, a.Session)
	}
	return n
}

// pay opens and pays an attempt.
func (s *scene) pay() gateway.Attempt {
	s.t.Helper()
	a := s.open()
	n := s.notice(a, s.decide(a, "approve"))
	if !n.Good {
		s.t.Fatalf("got %+v, want a good return", n)
	}
	a.Word = n.Word
	return a
}

// taken takes the money of a paid attempt and checks the provider's books.
func (s *scene) taken(a gateway.Attempt) gateway.Report {
	s.t.Helper()
	got := s.g.Resolve(s.t.Context(), a, gateway.Take)
	if got.Outcome != gateway.Captured || got.Receipt == "" || got.Amount != a.Amount || got.Alarm != "" {
		s.t.Fatalf("got %+v, want captured", got)
	}
	s.books(a, 1)
	return got
}

// books wants the card charged once and the money taken so many times.
func (s *scene) books(a gateway.Attempt, captures int) {
	s.t.Helper()
	var p struct{ Charges, Captures int }
	s.ask(http.MethodGet, "/payments/"+a.Session, nil, &p)
	if p.Charges > 1 || p.Captures != captures {
		s.t.Errorf("the provider charged %d times and gave the money %d times, want %d", p.Charges, p.Captures, captures)
	}
}

func (w World) paid(t *testing.T) {
	s := w.stage(t, patient)
	a := s.pay()
	if s.g.Info().CanLook {
		if got := s.g.Resolve(t.Context(), a, gateway.Look); got.Outcome != gateway.Authorized {
			t.Errorf("before the money is taken: got %+v, want authorized", got)
		}
		s.books(a, 0)
	}
	if sweeper, ok := s.g.(gateway.Sweeper); ok {
		list, err := sweeper.Sweep(t.Context())
		if want := []gateway.Unclaimed{{Session: a.Session, Amount: a.Amount}}; err != nil || !slices.Equal(list, want) {
			t.Errorf("got %v %v, want %v", list, err, want)
		}
	}
	first := s.taken(a)
	if again := s.taken(a); again.Receipt != first.Receipt {
		t.Errorf("got receipt %q again, want %q", again.Receipt, first.Receipt)
	}
	if !s.g.Info().CanLook {
		return
	}
	if got := s.g.Resolve(t.Context(), a, gateway.Look); got.Outcome != gateway.Captured || got.Receipt != first.Receipt {
		t.Errorf("after the money is taken: got %+v, want captured with receipt %s", got, first.Receipt)
	}
}

func (w World) notPaid(t *testing.T) {
	s := w.stage(t, patient)
	left := s.open()
	s.ask(http.MethodPost, "/payments/"+left.Session+"/act", map[string]string{"decision": "leave"}, nil)
	want := gateway.Unknown
	if s.g.Info().CanLook {
		want = gateway.Pending
	}
	for _, question := range []gateway.Question{gateway.Look, gateway.Take} {
		if got := s.g.Resolve(t.Context(), left, question); got.Outcome != want || got.Alarm != "" {
			t.Errorf("%s at an open page: got %+v, want %s", question, got, want)
		}
	}
	for _, choice := range []string{"decline", "cancel"} {
		a := s.open()
		n := s.notice(a, s.decide(a, choice))
		if n.Good {
			t.Errorf("%s: got %+v, want a bad return", choice, n)
		}
		a.Word = n.Word
		got := s.g.Resolve(t.Context(), a, gateway.Take)
		if got.Outcome != gateway.Declined && got.Outcome != gateway.Canceled {
			t.Errorf("%s: got %+v, want declined or canceled", choice, got)
		}
		s.books(a, 0)
	}
}

// forged brings success for what nobody paid.
func (w World) forged(t *testing.T) {
	s := w.stage(t, patient)
	s.ask(http.MethodPost, "/faults", emulated{Name: "forged-return"}, nil)
	a := s.open()
	n := s.notice(a, s.decide(a, "decline"))
	if !n.Good {
		t.Fatalf("got %+v, want a forged success", n)
	}
	a.Word = n.Word
	got := s.g.Resolve(t.Context(), a, gateway.Take)
	if got.Outcome != gateway.Pending && got.Outcome != gateway.Unknown {
		t.Errorf("got %+v, want pending or unknown", got)
	}
}

// replayed presents a cheap paid session as the payment of a dear attempt.
func (w World) replayed(t *testing.T) {
	s := w.stage(t, patient)
	a := s.pay()
	dear := a
	dear.Amount = money.New(2_500_000, money.IRR)
	if got := s.g.Resolve(t.Context(), dear, gateway.Take); got.Outcome == gateway.Captured {
		t.Errorf("another amount: got %+v", got)
	}
	if got := s.g.Resolve(t.Context(), dear, gateway.Look); got.Outcome == gateway.Captured {
		t.Errorf("looking with another amount: got %+v", got)
	}
}

func (w World) crowd(t *testing.T) {
	s := w.stage(t, patient)
	a := s.pay()
	var wait sync.WaitGroup
	reports := make([]gateway.Report, 12)
	for n := range reports {
		wait.Go(func() { reports[n] = s.g.Resolve(t.Context(), a, gateway.Take) })
	}
	wait.Wait()
	for _, got := range reports {
		if got.Outcome != gateway.Captured || got.Receipt != reports[0].Receipt {
			t.Errorf("got %+v, want captured with receipt %s", got, reports[0].Receipt)
		}
	}
	s.books(a, 1)
}

// back makes the return of an amount of a taken payment.
func back(a gateway.Attempt, taken gateway.Report, id string, amount int64) gateway.Return {
	return gateway.Return{
		Refund: id, Attempt: a, Receipt: taken.Receipt, Amount: money.New(amount, money.IRR), PaidAt: a.StartedAt,
	}
}

func (w World) givenBack(t *testing.T) {
	s := w.stage(t, patient)
	refunder, _ := s.g.(gateway.Refunder)
	a := s.pay()
	taken := s.taken(a)
	part := back(a, taken, "rf-1", 100_000)
	got := refunder.Refund(t.Context(), part)
	if got.Outcome != gateway.Done && got.Outcome != gateway.Underway || got.Undone {
		t.Errorf("a part: got %+v, want done or under way", got)
	}
	if w.Traceable {
		s.ask(http.MethodPost, "/clock", map[string]string{"advance": "72h"}, nil)
		if state := refunder.RefundState(t.Context(), part, got.Receipt); state.Outcome != gateway.Done {
			t.Errorf("the state of a part: got %+v, want done", state)
		}
	}
	if got := refunder.Refund(t.Context(), back(a, taken, "rf-2", 200_000)); got.Outcome != gateway.Denied {
		t.Errorf("more than is left: got %+v, want denied", got)
	}
	reverser, ok := s.g.(gateway.Reverser)
	if !ok {
		return
	}
	a = s.pay()
	whole := back(a, s.taken(a), "rf-3", a.Amount.Steps())
	for _, time := range []string{"first", "again"} {
		got := reverser.Reverse(t.Context(), whole)
		if got != (gateway.ReturnReport{Outcome: gateway.Done, Undone: true}) {
			t.Errorf("reversed %s: got %+v, want done and undone", time, got)
		}
	}
	for _, question := range []gateway.Question{gateway.Look, gateway.Take} {
		if got := s.g.Resolve(t.Context(), a, question); got.Outcome != gateway.Undone {
			t.Errorf("%s at a reversed payment: got %+v, want undone", question, got)
		}
	}
	if got := refunder.RefundState(t.Context(), whole, ""); got.Outcome != gateway.Done || !got.Undone {
		t.Errorf("the state of a reversal: got %+v, want done and undone", got)
	}
}

// lostRefund loses the answer of a refund that was made.
func (w World) lostRefund(t *testing.T) {
	s := w.stage(t, patient)
	refunder, _ := s.g.(gateway.Refunder)
	a := s.pay()
	whole := back(a, s.taken(a), "rf-1", a.Amount.Steps())
	s.ask(http.MethodPost, "/faults", emulated{Name: "lost-answer", Call: w.RefundCall}, nil)
	if got := refunder.Refund(t.Context(), whole); got.Outcome != gateway.ReturnUnsure {
		t.Errorf("got %+v, want unknown", got)
	}
	s.ask(http.MethodDelete, "/faults", nil, nil)
	var books struct{ Refunded, Pending, Reversed int64 }
	s.ask(http.MethodGet, "/books", nil, &books)
	if sum := books.Refunded + books.Pending + books.Reversed; sum != a.Amount.Steps() {
		t.Errorf("the provider gave %d back, want %v", sum, a.Amount)
	}
	got := refunder.RefundState(t.Context(), whole, "")
	found := got.Outcome == gateway.Done || got.Outcome == gateway.Underway
	if found != w.Traceable || (!found && got.Outcome != gateway.ReturnUnsure) {
		t.Errorf("got %+v, want it found: %v", got, w.Traceable)
	}
}

// limitOf is the patience with a fault.
func limitOf(f emulated) time.Duration {
	if f.Wait != 0 {
		return hasty
	}
	return patient
}

// faultyTake spoils the answer while a paid attempt is taken, and asks again
// when the provider is well.
func (w World) faultyTake(t *testing.T, f emulated) {
	s := w.stage(t, limitOf(f))
	a := s.pay()
	f.Call = w.TakeCall
	if f.Name == "redirect" {
		f.Value = s.trap
	}
	s.ask(http.MethodPost, "/faults", f, nil)
	got := s.g.Resolve(t.Context(), a, gateway.Take)
	if got.Outcome != gateway.Unknown || got.Receipt != "" {
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
	s.ask(http.MethodDelete, "/faults", nil, nil)
	a.Doubtful = got.Doubt
	s.taken(a)
}

// faultyStart spoils the answer of the start.
func (w World) faultyStart(t *testing.T, f emulated) {
	s := w.stage(t, limitOf(f))
	f.Call = w.StartCall
	s.ask(http.MethodPost, "/faults", f, nil)
	got := s.g.Start(t.Context(), Attempt())
	if got.Outcome != gateway.NoAnswer && (!f.lenient || got.Outcome != gateway.Opened) {
		t.Errorf("got %+v, want no answer", got)
	}
	var opened []json.RawMessage
	s.ask(http.MethodGet, "/payments", nil, &opened)
	if len(opened) > 1 {
		t.Error(fmt.Sprint("the start was repeated: the provider has ", len(opened), " payments"))
	}
	s.ask(http.MethodDelete, "/faults", nil, nil)
	s.taken(s.pay())
}
