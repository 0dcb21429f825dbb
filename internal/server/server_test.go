package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/purserhq/purser/internal/api/apitest"
	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(leaving{m}, goleak.Cleanup(os.Exit)) }

// leaving stops the shared PostgreSQL after the tests.
type leaving struct{ m *testing.M }

func (l leaving) Run() int { return pgtest.Run(l.m) }

// running is a server at work.
type running struct {
	*Server

	url        string
	urls       []string // all that are for everybody, url first
	refundsURL string
	adminURL   string
	cancel     context.CancelFunc
	ended      chan struct{} // closed when it has stopped
	failed     error         // what came of it then
	client     *http.Client
}

// start runs a server on a free port; change may alter it before it listens.
func start(t *testing.T, c Config, change func(s *Server)) *running {
	t.Helper()
	if c.Data == "" {
		c.Data = sqlitetest.Folder(t)
	}
	c.Listen = "127.0.0.1:0" // another program may be at the usual port
	s, err := New(t.Context(), c, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(s)
	}
	open, err := listen(t.Context(), s.config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{
		Server: s, cancel: cancel, ended: make(chan struct{}),
		client: &http.Client{Transport: apitest.Wire(t, &http.Transport{}), Timeout: 20 * time.Second},
	}
	for _, d := range open {
		address := "http://" + d.Addr().String()
		switch d.sort {
		case everybody:
			r.urls = append(r.urls, address)
		case refundShops:
			r.refundsURL = address
		case operators:
			r.adminURL = address
		}
	}
	r.url = r.urls[0]
	go func() {
		defer close(r.ended)
		r.failed = s.serve(ctx, open)
	}()
	t.Cleanup(r.end) // before its folder is removed
	return r
}

// get reads a page.
func (r *running) get(t *testing.T, address string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// halt stops the server and wants it to end well.
func (r *running) halt(t *testing.T) {
	t.Helper()
	r.end()
	if err := r.wait(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// end stops a server that has not stopped yet.
func (r *running) end() {
	r.client.CloseIdleConnections()
	r.cancel()
	<-r.ended
}

// wait waits until it has stopped, and says what came of it.
func (r *running) wait() error {
	<-r.ended
	return r.failed
}

func TestHealth(t *testing.T) {
	t.Parallel()
	r := start(t, Config{}, nil)
	for path, want := range map[string]string{"/healthz": `{"status":"alive"}`, "/readyz": `{"status":"ready"}`} {
		if status, text := r.get(t, r.url+path); status != http.StatusOK || strings.TrimSpace(text) != want {
			t.Errorf("%s: got %d %s, want 200 %s", path, status, text, want)
		}
	}
	var figures string
	waitUntil(t, func() bool {
		_, figures = r.get(t, r.url+"/metrics")
		return strings.Contains(figures, "purser_due{")
	})
	for _, name := range []string{
		`purser_build_info{`, `purser_commit_queue 0`, `purser_commit_batch_size_count `,
		`purser_attention{noun="payment"} 0`, `purser_due{noun="refund"} 0`,
		`purser_deliveries_total{outcome="forbidden"} 0`, `purser_due_oldest_seconds{noun="delivery"} 0`,
		`purser_open{noun="payout"} 0`, `purser_audit_agrees 1`, `purser_gateway_contracts{connector="zibal",health="ill"} 0`,
		`purser_request_seconds_bucket{dialect="health"`, `go_goroutines `,
	} {
		if !strings.Contains(figures, name) {
			t.Errorf("the figures lack %s", name)
		}
	}
	// A dialect answers what nobody knows, in its own words.
	if status, text := r.get(t, r.url+"/nothing"); status != http.StatusNotFound || !strings.Contains(text, "Cannot GET") {
		t.Errorf("got %d %s, want the dialect's own 404", status, text)
	}
	r.halt(t)
}

func TestAdminListener(t *testing.T) {
	t.Parallel()
	r := start(t, Config{AdminListen: "127.0.0.1:0"}, nil)
	for _, path := range []string{"/healthz", "/healthz/money", "/readyz", "/metrics"} {
		if status, _ := r.get(t, r.adminURL+path); status != http.StatusOK {
			t.Errorf("%s for operators: got %d, want 200", path, status)
		}
		if status, _ := r.get(t, r.url+path); status != http.StatusNotFound {
			t.Errorf("%s for everybody: got %d, want 404", path, status)
		}
	}
	if status, _ := r.get(t, r.adminURL+"/invoice/getInfo"); status != http.StatusNotFound {
		t.Errorf("the operators' listener answered a shop with %d, want 404", status)
	}
	r.halt(t)
}

// blocked adds a request that is answered when the test says so.
func blocked(begun, finish chan struct{}) func(s *Server) {
	return func(s *Server) {
		next := s.handler
		s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/blocked" {
				next.ServeHTTP(w, r)
				return
			}
			close(begun)
			select {
			case <-finish:
				_, _ = io.WriteString(w, "finished")
			case <-r.Context().Done():
			}
		})
	}
}

// A request that runs when the server is told to stop is finished.
func TestStopFinishesRequests(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan struct{}), make(chan struct{})
	r := start(t, Config{}, blocked(begun, finish))
	type answer struct {
		status int
		text   string
	}
	answered := make(chan answer, 1)
	go func() {
		status, text := r.get(t, r.url+"/blocked")
		answered <- answer{status, text}
	}()
	<-begun
	r.cancel()
	// The listener closes first: once nobody can connect any more, the stop has begun.
	waitUntil(t, func() bool {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(r.url, "http://"))
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	if !r.stopping.Load() {
		t.Error("the server does not know that it is stopping")
	}
	close(finish)
	if got := <-answered; got.status != http.StatusOK || got.text != "finished" {
		t.Errorf("got %d %q, want the whole answer", got.status, got.text)
	}
	r.client.CloseIdleConnections()
	if err := r.wait(); err != nil {
		t.Errorf("stop: %v", err)
	}
	if err := r.store.Ping(t.Context()); err == nil {
		t.Error("the database is still open after the stop")
	}
}

// A request that never ends does not keep the server for ever.
func TestStopHasALimit(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	r := start(t, Config{StopLimit: 50 * time.Millisecond}, blocked(begun, nil))
	answered := make(chan error, 1)
	go func() {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, r.url+"/blocked", http.NoBody)
		if err == nil {
			var response *http.Response
			if response, err = r.client.Do(request); err == nil {
				err = response.Body.Close()
			}
		}
		answered <- err
	}()
	<-begun
	r.cancel()
	if err := r.wait(); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("got %v, want an error that says what was cut off", err)
	}
	if err := <-answered; err == nil {
		t.Error("the cut-off request got an answer")
	}
}

// waitUntil looks again and again until something is so.
func waitUntil(t *testing.T, so func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for !so() {
		select {
		case <-deadline:
			t.Fatal("it did not happen within ten seconds")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestReadyEndsWithTheStop(t *testing.T) {
	t.Parallel()
	s, err := New(t.Context(), Config{Listen: "127.0.0.1:0", Data: sqlitetest.Folder(t)}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	s.stopping.Store(true)
	wantReady(t, s, http.StatusServiceUnavailable, "stopping")
	s.stopping.Store(false)
	wantReady(t, s, http.StatusOK, "ready")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantReady(t, s, http.StatusServiceUnavailable, "the database does not answer")
}

func wantReady(t *testing.T, s *Server, status int, word string) {
	t.Helper()
	w := ask(t, s.Handler(), "/readyz")
	var got map[string]string
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != status || got["status"] != word {
		t.Errorf("got %d %s, want %d %s", w.Code, w.Body.String(), status, word)
	}
}

// One process per file: two would each believe that their cache is true.
func TestOneProcessPerFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	first, err := New(t.Context(), Config{Listen: "127.0.0.1:0", Data: folder}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(t.Context(), Config{Listen: "127.0.0.1:0", Data: folder}, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "another purser process uses this database") {
		t.Errorf("got %v, want an error that says who is in the way", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := New(t.Context(), Config{Listen: "127.0.0.1:0", Data: folder}, io.Discard)
	if err != nil {
		t.Fatalf("after the first has ended: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

// An address in use is an error before anything is served, and leaves nothing open.
func TestAddressInUse(t *testing.T) {
	t.Parallel()
	l, err := listenOn(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil { // it is free until the server is made
		t.Fatal(err)
	}
	folder := sqlitetest.Folder(t)
	s, err := New(t.Context(), Config{Data: folder, ExtraListen: []string{l.Addr().String()}, Listen: "localhost:0"},
		io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	taken, err := listenOn(t.Context(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }() // nobody called
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("got %v, want an error that names the address", err)
	}
	again, err := New(t.Context(), Config{Listen: "127.0.0.1:0", Data: folder}, io.Discard)
	if err != nil {
		t.Fatalf("the database was left open: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// Credentials that cannot be opened any more are found out at the start.
func TestLostKeyset(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	d, err := NewDemo(t.Context(), DemoOptions{Addr: "127.0.0.1:0", Data: folder, Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	lost := Config{Listen: "127.0.0.1:0", Data: folder, KeysetFile: filepath.Join(folder, "gone.json")}
	_, err = New(t.Context(), lost, io.Discard)
	wrong, ok := errors.AsType[*SettingError](err)
	if !ok || wrong.Key != "keyset_file" || !strings.Contains(err.Error(), "bring it back") {
		t.Errorf("got %v, want an error that asks for the keyset", err)
	}
}

// TestKeysetOfAnother: a keyset that opens nothing of what the database holds is another
// one's, which nobody should learn from the first payment.
func TestKeysetOfAnother(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	d, err := NewDemo(t.Context(), DemoOptions{Addr: "127.0.0.1:0", Data: folder, Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(folder, "other.json")
	if err := NewKeyset(other); err != nil {
		t.Fatal(err)
	}
	for keyset, warned := range map[string]bool{filepath.Join(folder, keysetName): false, other: true} {
		var log strings.Builder
		s, err := New(t.Context(), Config{Listen: "127.0.0.1:0", Data: folder, KeysetFile: keyset}, &log)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
		if got := strings.Contains(log.String(), "no secret in the database opens under this keyset"); got != warned {
			t.Errorf("%s: got the log %q, want a warning: %v", keyset, log.String(), warned)
		}
	}
	// What is sealed under the other one in the meantime does not end the warning.
	for _, want := range []string{"no secret in the database opens", "some secrets in the database do not open"} {
		var log strings.Builder
		s, err := New(t.Context(), Config{Listen: "127.0.0.1:0", Data: folder, KeysetFile: other}, &log)
		if err != nil {
			t.Fatal(err)
		}
		merchants, err := s.store.Merchants(t.Context(), app.Page{Limit: 1})
		if err == nil {
			_, _, err = s.app.CreateEndpoint(t.Context(),
				app.NewEndpoint{Merchant: merchants[0].ID, URL: "https://shop.example/"})
		}
		if err := errors.Join(err, s.close()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), want) {
			t.Errorf("got the log %q, want a warning that %s", log.String(), want)
		}
	}
}

// TestAskReady asks a server that is ready, one that is stopping, and one that
// is not there.
func TestAskReady(t *testing.T) {
	t.Parallel()
	r := start(t, Config{}, nil)
	var out strings.Builder
	if err := AskReady(t.Context(), Terminal{Out: &out}, r.url+"/readyz"); err != nil || out.String() != "ready\n" {
		t.Errorf("got %v and %q, want ready", err, out.String())
	}
	for _, host := range []string{r.url, r.url + "/"} {
		if err := AskReady(t.Context(), Terminal{Out: io.Discard}, host); err != nil {
			t.Errorf("%s: got %v, want it to be asked at /readyz", host, err)
		}
	}
	for _, part := range []string{"127.0.0.1:9090", "localhost", "/readyz", "ftp://a.example"} {
		if err := AskReady(t.Context(), Terminal{Out: io.Discard}, part); err == nil ||
			!strings.Contains(err.Error(), "such as http://127.0.0.1:9090/readyz") {
			t.Errorf("%s: got %v, want it to say what an address is", part, err)
		}
	}
	r.stopping.Store(true)
	if err := AskReady(t.Context(), Terminal{Out: io.Discard}, r.url+"/readyz"); err == nil ||
		!strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), "stopping") {
		t.Errorf("got %v, want it to say that the server is stopping", err)
	}
	r.halt(t)
	if err := AskReady(t.Context(), Terminal{Out: io.Discard}, r.url+"/readyz"); err == nil {
		t.Error("a server that is not there is ready")
	}
}

// TestAddressesThatCannotBeHad: what to do next is what helps with this one.
func TestAddressesThatCannotBeHad(t *testing.T) {
	t.Parallel()
	taken, err := listenOn(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	const taking = "is another program there?"
	if _, err := listenOn(t.Context(), taken.Addr().String()); err == nil || !strings.Contains(err.Error(), taking) {
		t.Errorf("a port that is taken: got %v, want %q", err, taking)
	}
	if _, err := listenOn(t.Context(), "127.0.0.1:99999"); err == nil || strings.Contains(err.Error(), taking) {
		t.Errorf("a port that does not exist: got %v, want what is wrong with it", err)
	}
}

// TestStopDelay wants a server that will stop to say so while it still serves,
// and to let go of the connections of those who ask.
func TestStopDelay(t *testing.T) {
	t.Parallel()
	r := start(t, Config{StopDelay: 2 * time.Second}, nil)
	if status, _ := r.get(t, r.url+"/readyz"); status != http.StatusOK {
		t.Fatalf("got %d, want a server that is ready", status)
	}
	r.cancel()
	waitUntil(t, func() bool {
		status, text := r.get(t, r.url+"/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(text, "stopping")
	})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/healthz", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatalf("a request during the delay: %v", err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK || !response.Close {
		t.Errorf("a request during the delay: got %d, close %t; want it served and the connection closed",
			response.StatusCode, response.Close)
	}
	if err := r.wait(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// TestStartIsTold: the log says which program began on which database.
func TestStartIsTold(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	r := start(t, Config{}, func(s *Server) { s.log = slog.New(slog.NewTextHandler(&log, nil)) })
	r.cancel()
	if err := r.wait(); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("msg=starting version=%s database=SQLite schema=%d\n", Version(), r.store.Migrated().After)
	if !strings.Contains(log.String(), want) {
		t.Errorf("got %q, want also %q", log.String(), want)
	}
}
