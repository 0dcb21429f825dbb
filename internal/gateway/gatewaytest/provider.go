package gatewaytest

import (
	"io"
	"net/http"
	"net/http/httptest"
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
	bodies  []string
	spoil   func(http.ResponseWriter, *http.Request, Step)
	spoilAt int
}

// NewProvider starts a provider that answers the steps, whichever order they
// are called in, and fails the test on any other call.
func NewProvider(t *testing.T, steps []Step) *Provider {
	t.Helper()
	p := &Provider{t: t, steps: steps, calls: make([]int, len(steps))}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.URL = server.URL
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
	p.bodies = append(p.bodies, body)
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || r.URL.RawQuery != "" {
		p.t.Errorf("got %s %s of %s, want a POST of JSON without a query", r.Method, r.URL, r.Header.Get("Content-Type"))
	}
	last := -1
	for n, step := range p.steps {
		if step.Path != r.URL.Path || (step.Body != "" && step.Body != body) {
			continue
		}
		// Equal calls take the steps in turn; the last of them answers all that follow.
		if last = n; p.calls[n] == 0 {
			break
		}
	}
	if last < 0 {
		p.strange++
		p.t.Errorf("unexpected call of %s with\n%s\nthe script has %+v", r.URL.Path, body, p.steps)
		return 0, false
	}
	p.calls[last]++
	return last, true
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
	return len(p.bodies)
}

// Bodies are the bodies of all calls, in the order of their arrival.
func (p *Provider) Bodies() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.bodies...)
}
