package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/purserhq/purser/internal/api/apitest"
	"github.com/purserhq/purser/internal/server"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(leaving{m}, goleak.Cleanup(os.Exit))
}

// leaving stops the shared PostgreSQL after the tests.
type leaving struct{ m *testing.M }

func (l leaving) Run() int { return pgtest.Run(l.m) }

// eachEngine tells a story once per database.
func eachEngine(t *testing.T, story func(t *testing.T, s *shop)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		story(t, open(t, server.DemoOptions{}))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		story(t, open(t, server.DemoOptions{Database: server.Secret(pgtest.Database(t))}))
	})
}

// shop is a merchant's software, with a demo to talk to.
type shop struct {
	t    *testing.T
	demo *server.Demo
	info server.DemoInfo
	// browser is a payer's: it follows where it is sent.
	browser *http.Client
	options server.DemoOptions
	stop    func()
}

// open starts a demo that ends with the test, and proves its books then.
func open(t *testing.T, o server.DemoOptions) *shop {
	t.Helper()
	if o.Data == "" {
		o.Data = sqlitetest.Folder(t)
	}
	o.Addr = "127.0.0.1:0"
	if o.Log == nil {
		o.Log, o.LogLevel = io.Discard, "error"
	}
	demo, err := server.NewDemo(t.Context(), o)
	if err != nil {
		t.Fatalf("start demo: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- demo.Run(ctx) }()
	transport := &http.Transport{}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	s := &shop{t: t, demo: demo, info: demo.Info, options: o, browser: &http.Client{
		Transport: apitest.Wire(t, transport), Jar: jar, Timeout: 30 * time.Second,
	}}
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		transport.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stop demo: %v", err)
		}
	}
	t.Cleanup(s.stop)
	return s
}

// object is a JSON object as it came.
type object map[string]any

// text reads a member that must be text.
func (o object) text(t *testing.T, name string) string {
	t.Helper()
	text, ok := o[name].(string)
	if !ok {
		t.Fatalf("got %v, want text in its member %s", o, name)
	}
	return text
}

// call sends JSON with a key, wants a status and gives the answer.
func (s *shop) call(method, path, key string, body any, status int) []byte {
	s.t.Helper()
	var sent io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.info.BaseURL+path, sent)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	return s.do(request, status)
}

func (s *shop) do(request *http.Request, status int) []byte {
	s.t.Helper()
	response, err := s.browser.Do(request)
	if err != nil {
		s.t.Fatalf("%s %s: %v", request.Method, request.URL.Path, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", request.Method, request.URL.Path, err)
	}
	if response.StatusCode != status {
		s.t.Fatalf("%s %s: got status %d, want %d: %s", request.Method, request.URL.Path, response.StatusCode, status, text)
	}
	return text
}

// post is a call of the shop with its key that goes well.
func (s *shop) post(path string, body object) object {
	s.t.Helper()
	return s.decode(s.call(http.MethodPost, path, s.info.IPG.APIKey, body, http.StatusOK))
}

func (s *shop) decode(text []byte) object {
	s.t.Helper()
	var answer object
	if err := json.Unmarshal(text, &answer); err != nil {
		s.t.Fatalf("answer is no JSON object: %v: %s", err, text)
	}
	return answer
}

// invoice creates one and gives its id.
func (s *shop) invoice(total int) string {
	s.t.Helper()
	return s.post("/invoice/create", object{"title": "Two tickets", "totalAmount": total}).text(s.t, "_id")
}

// request opens a payment at a gateway.
func (s *shop) request(invoice, gateway string, amount int) object {
	s.t.Helper()
	return s.post("/payment/request", object{
		"invoiceId": invoice, "gateway": gateway, "amount": amount, "description": "Tickets",
	})
}

// page is where the payer was to be sent.
func (s *shop) page(request object) string {
	s.t.Helper()
	gateway, ok := request["gateway"].(map[string]any)
	if !ok || gateway["isOk"] != true {
		s.t.Fatalf("got %v, want an opened gateway", request)
	}
	return object(gateway).text(s.t, "link")
}

// decide presses a button of the bank page and follows where it leads; it
// gives the address of the return and the page that the payer sees there.
func (s *shop) decide(page, decision string) (address, seen string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, page,
		strings.NewReader(url.Values{"decision": {decision}}.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	browser := *s.browser
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		address = r.URL.String()
		return nil
	}
	response, err := browser.Do(request)
	if err != nil {
		s.t.Fatalf("press %s: %v", decision, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("press %s: got status %d, %v: %s", decision, response.StatusCode, err, text)
	}
	return address, string(text)
}

// get reads an address as a browser would.
func (s *shop) get(address string) string {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Accept", "text/html")
	return string(s.do(request, http.StatusOK))
}

// status asks what became of a payment.
func (s *shop) status(payment string) string {
	s.t.Helper()
	return s.decode(s.call(http.MethodGet, "/payment/status?paymentId="+payment, "", nil, http.StatusOK)).
		text(s.t, "status")
}

// wantStatus is a payment's status, as it must be.
func (s *shop) wantStatus(payment, want string) {
	s.t.Helper()
	if got := s.status(payment); got != want {
		s.t.Errorf("payment: got status %s, want %s", got, want)
	}
}

// wantDone is an invoice's isDone, as it must be.
func (s *shop) wantDone(invoice string, want bool) object {
	s.t.Helper()
	got := s.decode(s.call(http.MethodGet, "/invoice/getInfo?invoiceId="+invoice, s.info.IPG.APIKey, nil, http.StatusOK))
	if got["isDone"] != want {
		s.t.Errorf("invoice: got isDone %v, want %v", got["isDone"], want)
	}
	return got
}

// books are what a make-believe provider has in its own.
func (s *shop) books(gateway string) object {
	s.t.Helper()
	return s.decode(s.call(http.MethodGet, "/sandbox/"+gateway+"/-/control/books", "", nil, http.StatusOK))
}

// audit proves the books beside the running server.
func (s *shop) audit() {
	s.t.Helper()
	var out, errs bytes.Buffer
	c := server.Config{Data: s.options.Data, Database: s.options.Database}
	commands := server.Commands{Config: c, Terminal: server.Terminal{Out: &out, Err: &errs, JSON: true}}
	err := commands.Audit(s.t.Context(), server.AuditWish{})
	if err != nil {
		s.t.Errorf("audit: %v: %s%s", err, out.String(), errs.String())
	}
	answer := s.decode(out.Bytes())
	if waiting, ok := answer["waiting"].([]any); answer["agrees"] != true || !ok || len(waiting) != 0 {
		s.t.Errorf("audit: got %s, want books that agree and nothing that waits", out.String())
	}
}

// readDemo is what tools read.
func readDemo(t *testing.T, folder string) server.DemoInfo {
	t.Helper()
	path := filepath.Join(folder, "demo.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var info server.DemoInfo
	if err := json.Unmarshal(text, &info); err != nil {
		t.Fatal(err)
	}
	if found, err := os.Stat(path); err != nil || found.Mode().Perm() != 0o600 {
		t.Errorf("demo.json: got mode %v, %v, want 0600: it holds keys", found.Mode(), err)
	}
	return info
}
