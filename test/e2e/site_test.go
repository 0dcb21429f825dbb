package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// site is a shop's own web site: it is told of payments at /hook, and payers
// come back to /back. It remembers who came, in the order in which they came.
type site struct {
	t      *testing.T
	server *httptest.Server

	mu      sync.Mutex
	visits  []visit
	answers []func(http.ResponseWriter, *http.Request) // of the next notices; then 204
}

// visit is one request that reached the site.
type visit struct {
	path   string
	query  string
	header http.Header
	body   string
	at     time.Time
}

// openSite opens a site that answers its first notices as it is told.
func openSite(t *testing.T, answers ...func(http.ResponseWriter, *http.Request)) *site {
	t.Helper()
	s := &site{t: t, answers: answers}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

// ServeHTTP remembers the visit before it answers.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("the site could not read a request: %v", err)
	}
	answer := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	s.mu.Lock()
	s.visits = append(s.visits, visit{r.URL.Path, r.URL.RawQuery, r.Header.Clone(), string(body), time.Now()})
	if r.URL.Path == "/hook" && len(s.answers) > 0 {
		answer, s.answers = s.answers[0], s.answers[1:]
	}
	s.mu.Unlock()
	answer(w, r)
}

// at is an address of the site.
func (s *site) at(path string) string { return s.server.URL + path }

// came are the visits so far.
func (s *site) came() []visit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]visit(nil), s.visits...)
}

// hooks are the notices among them.
func (s *site) hooks() []visit {
	var all []visit
	for _, v := range s.came() {
		if v.path == "/hook" {
			all = append(all, v)
		}
	}
	return all
}

// wantGenuine checks a notice with the public library and the terminal's secret.
func wantGenuine(t *testing.T, v visit, secret string) {
	t.Helper()
	receiver, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := receiver.Verify([]byte(v.body), v.header); err != nil {
		t.Errorf("the notice is not genuine: %v: %v %s", err, v.header, v.body)
	}
	if err := receiver.Verify([]byte(v.body+"x"), v.header); err == nil {
		t.Errorf("a notice that was changed is genuine: %s", v.body)
	}
}

// payer is a person with a browser. It follows where it is sent.
type payer struct {
	t    *testing.T
	http *http.Client
}

// newPayer opens a browser that ends with the test.
func newPayer(t *testing.T) payer {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return payer{t, &http.Client{Transport: transport, Timeout: 30 * time.Second}}
}

// seen is where a browser arrived and what it shows.
type seen struct {
	status  int
	address string
	text    string
	took    time.Duration
}

// press sends a form and follows where it leads.
func (p payer) press(address string, form url.Values) seen {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return p.open(request)
}

// look opens an address.
func (p payer) look(address string) seen {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.open(request)
}

func (p payer) open(request *http.Request) seen {
	p.t.Helper()
	request.Header.Set("Accept", "text/html")
	request.Header.Set("Accept-Language", "en")
	begin := time.Now()
	response, err := p.http.Do(request)
	if err != nil {
		p.t.Fatalf("%s %s: %v", request.Method, request.URL, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatalf("%s %s: %v", request.Method, request.URL, err)
	}
	return seen{response.StatusCode, response.Request.URL.String(), string(text), time.Since(begin)}
}

// wallet is what a payer types in to pay from one.
func wallet(account, pin string) url.Values { return url.Values{"account": {account}, "pin": {pin}} }
