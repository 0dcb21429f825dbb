package gatewaytest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
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
	// Blind says that the provider's answer about a payment names no amount: only
	// the start is known to be for ours.
	Blind bool
	// StaysOpen says that a refused card and a payer who goes back leave the page
	// open at the provider.
	StaysOpen bool
	// ID is what the emulator calls an attempt's payment; nil = by its session.
	ID func(gateway.Attempt) string
	// Register tells the emulator where the contract's notices go, where the
	// provider learns it elsewhere than from Start; nil = from Start.
	Register func(s *Scene, address string)
}

// Scene is one emulator with one contract. Its methods end the test when the
// emulator itself does not do what it is told.
type Scene struct {
	Gateway gateway.Gateway

	t       *testing.T
	world   World
	control http.Handler
	base    string // the provider's address
	trap    string
	opened  int
	inbox   *inbox // of notices; nil where there are none
}

// RunEmulator tells whole stories of payments on an emulator.
func RunEmulator(t *testing.T, w World) {
	t.Run("paid", func(t *testing.T) { t.Parallel(); w.paid(t) })
	t.Run("not paid", func(t *testing.T) { t.Parallel(); w.notPaid(t) })
	t.Run("forged", func(t *testing.T) { t.Parallel(); w.forged(t) })
	t.Run("noticed", func(t *testing.T) { t.Parallel(); w.noticed(t) })
	t.Run("forged notice", func(t *testing.T) { t.Parallel(); w.forgedNotice(t) })
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
	Times   int           `json:"times,omitempty"`
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

// Stage starts an emulator and opens the contract with it.
func Stage(t *testing.T, w World) *Scene {
	t.Helper()
	var provider http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		provider.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	s := &Scene{t: t, world: w, base: server.URL, trap: server.URL + "/trap"}
	provider, s.control = w.Emulator(t, server.URL)
	s.Gateway = w.open(t, server.URL, patient)
	if w.Notices != nil {
		s.inbox = newInbox(t)
		if w.Register != nil {
			w.Register(s, s.inbox.url)
		}
	}
	return s
}

// Attempt is the next attempt of this scene, with references of its own.
func (s *Scene) Attempt() gateway.Attempt {
	s.opened++
	a := s.world.Attempt()
	if s.opened > 1 {
		number := strconv.Itoa(s.opened)
		a.Reference = "77-" + number
		if a.Short != "" {
			a.Short = a.Short[:len(a.Short)-len(number)] + number
		}
	}
	if s.inbox != nil {
		a.NotifyURL = s.inbox.url
	}
	return a
}

// payment is the control interface's path of an attempt's payment.
func (s *Scene) payment(a gateway.Attempt) string {
	id := a.Session
	if s.world.ID != nil {
		id = s.world.ID(a)
	}
	return "/payments/" + url.PathEscape(id)
}

// Fault puts a fault on the emulator's menu, for every call of the name that
// follows; an empty call means all.
func (s *Scene) Fault(name, call, value string) {
	s.t.Helper()
	s.ask(http.MethodPost, "/faults", emulated{Name: name, Call: call, Value: value}, nil)
}

// FaultOnce puts a fault on the menu for the next such call alone.
func (s *Scene) FaultOnce(name, call, value string) {
	s.t.Helper()
	s.ask(http.MethodPost, "/faults", emulated{Name: name, Call: call, Value: value, Times: 1}, nil)
}

// Calls are the names of the calls that the emulator got so far, in their order.
func (s *Scene) Calls() []string {
	s.t.Helper()
	var journal []struct {
		Call string `json:"call"`
	}
	s.ask(http.MethodGet, "/journal", nil, &journal)
	names := make([]string, 0, len(journal))
	for _, entry := range journal {
		names = append(names, entry.Call)
	}
	return names
}

// Well takes every fault off the menu.
func (s *Scene) Well() {
	s.t.Helper()
	s.ask(http.MethodDelete, "/faults", nil, nil)
}

// Switch changes one of the emulator's settings.
func (s *Scene) Switch(name, value string) {
	s.t.Helper()
	s.ask(http.MethodPut, "/switches", map[string]string{name: value}, nil)
}

// Advance moves the emulator's clock.
func (s *Scene) Advance(d time.Duration) {
	s.t.Helper()
	s.ask(http.MethodPost, "/clock", map[string]string{"advance": d.String()}, nil)
}

// ask calls the control interface and decodes its answer.
func (s *Scene) ask(method, path string, body, into any) {
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

// Open opens an attempt as Purser would.
func (s *Scene) Open() gateway.Attempt {
	s.t.Helper()
	a := s.Attempt()
	started := s.Gateway.Start(s.world.listening(s.t), a)
	if started.Outcome != gateway.Opened {
		s.t.Fatalf("got %+v, want opened", started)
	}
	a.Session = started.Session
	return a
}

// Decide presses a button of the bank page, or of the phone, and gives what the
// browser brings back; nothing where there is none.
func (s *Scene) Decide(a gateway.Attempt, choice string) url.Values {
	s.t.Helper()
	var outcome struct {
		ReturnURL string `json:"return_url"`
	}
	s.ask(http.MethodPost, s.payment(a)+"/act", map[string]string{"decision": choice}, &outcome)
	back, err := url.Parse(outcome.ReturnURL)
	if err != nil {
		s.t.Fatal(err)
	}
	return back.Query()
}

// notice reads what the browser brought as Purser would.
func (s *Scene) notice(a gateway.Attempt, query url.Values) gateway.Notice {
	s.t.Helper()
	reader, _ := s.Gateway.(gateway.Returner)
	n, ok := reader.ReadReturn(query)
	if n.Session == "" && n.Short != "" && n.Short == a.Short {
		n.Session = a.Session
	}
	if !ok || n.Session != a.Session || query.Get("t") != "k9" {
		s.t.Fatalf("got %+v %v from %v, want session %s and our token", n, ok, query, a.Session)
	}
	return n
}

// Pay opens and pays an attempt.
func (s *Scene) Pay() gateway.Attempt {
	s.t.Helper()
	a := s.Open()
	s.decided(&a, "approve", true)
	return a
}

// decided lets the payer decide and come back, where he comes back at all.
func (s *Scene) decided(a *gateway.Attempt, choice string, good bool) {
	s.t.Helper()
	query := s.Decide(*a, choice)
	if _, ok := s.Gateway.(gateway.Returner); !ok {
		return
	}
	n := s.notice(*a, query)
	if n.Good != good {
		s.t.Fatalf("%s: got %+v, want a return with good = %v", choice, n, good)
	}
	a.Word = n.Word
}

// Taken takes the money of a paid attempt and checks the provider's books.
func (s *Scene) Taken(a gateway.Attempt) gateway.Report {
	s.t.Helper()
	got := s.Gateway.Resolve(s.world.listening(s.t), a, gateway.Take)
	if got.Outcome != gateway.Captured || got.Receipt == "" || got.Amount != a.Amount || got.Alarm != "" {
		s.t.Fatalf("got %+v, want captured", got)
	}
	s.Books(a, 1)
	return got
}

// Books wants the card charged once and the money taken so many times.
func (s *Scene) Books(a gateway.Attempt, captures int) {
	s.t.Helper()
	var p struct{ Charges, Captures int }
	s.ask(http.MethodGet, s.payment(a), nil, &p)
	if p.Charges > 1 || p.Captures != captures {
		s.t.Errorf("the provider charged %d times and gave the money %d times, want %d", p.Charges, p.Captures, captures)
	}
}
