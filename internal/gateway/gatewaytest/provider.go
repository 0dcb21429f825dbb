package gatewaytest

import (
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Provider plays a provider from a script. It is safe for concurrent use.
type Provider struct {
	URL string

	t       *testing.T
	mu      sync.Mutex
	steps   []Step
	calls   []int // by step
	strange int   // calls that no step knows
	heard   []Call
	spoil   func(http.ResponseWriter, *http.Request, Step)
	spoilAt int
}

// Call is one call as the provider got it.
type Call struct{ Method, Path, Query, Body string }

// NewProvider starts a provider that answers the steps, whichever order they
// are called in, and fails the test on any other call.
func NewProvider(t *testing.T, steps []Step) *Provider {
	t.Helper()
	p := &Provider{t: t, calls: make([]int, len(steps))}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.URL = server.URL
	for _, step := range steps {
		step.Body = strings.ReplaceAll(step.Body, baseWord, p.URL)
		step.Answer = strings.ReplaceAll(step.Answer, baseWord, p.URL)
		p.steps = append(p.steps, step)
	}
	return p
}

// ServeHTTP answers the step that the call is.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		p.t.Errorf("read the call to %s: %v", r.URL.Path, err)
	}
	n, found := p.note(r, string(body))
	if !found {
		http.Error(w, "no such step", http.StatusNotFound)
		return
	}
	if p.spoil != nil && p.spoilAt == n {
		p.spoil(w, r, p.steps[n])
		return
	}
	p.steps[n].write(w)
}

// note counts a call and finds its step.
func (p *Provider) note(r *http.Request, body string) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = append(p.heard, Call{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: body})
	last := -1
	for n, step := range p.steps {
		if !step.is(r) || (step.Body != "" && step.Body != body) {
			continue
		}
		// Equal calls take the steps in turn; the last of them answers all that follow.
		if last = n; p.calls[n] == 0 {
			break
		}
	}
	if last < 0 {
		p.strange++
		p.t.Errorf("unexpected %s of %s (%s) with\n%s\nthe script has %+v", r.Method, r.URL, r.Header.Get("Content-Type"),
			body, p.steps)
		return 0, false
	}
	p.calls[last]++
	return last, true
}

// is says that a request has the step's method, address and media type.
func (s Step) is(r *http.Request) bool {
	method, media := cmp.Or(s.Method, http.MethodPost), "application/json"
	switch {
	case s.Form:
		media = "application/x-www-form-urlencoded"
	case method == http.MethodGet:
		media = ""
	}
	return r.Method == method && r.URL.Path == s.Path && r.URL.RawQuery == s.Query &&
		r.Header.Get("Content-Type") == media
}

// write answers as the script says.
func (s Step) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if s.Status != 0 {
		w.WriteHeader(s.Status)
	}
	_, _ = io.WriteString(w, s.Answer) // the caller has gone: its own report says so
}

// Calls is how often the steps were called, in their order.
func (p *Provider) Calls() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]int(nil), p.calls...)
}

// Total is the number of calls.
func (p *Provider) Total() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.heard)
}

// Heard are all calls, in the order of their arrival.
func (p *Provider) Heard() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Call(nil), p.heard...)
}

// Bodies are the bodies of all calls, in the order of their arrival.
func (p *Provider) Bodies() []string {
	var bodies []string
	for _, call := range p.Heard() {
		bodies = append(bodies, call.Body)
	}
	return bodies
}
