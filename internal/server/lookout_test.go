package server

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/worker"
)

// TestFigures draws docs/operate/metrics.md: the names, kinds and labels of all
// figures are part of what operators rely on.
func TestFigures(t *testing.T) {
	t.Parallel()
	r := start(t, Config{}, nil)
	defer r.halt(t)
	r.get(t, r.url+"/healthz")
	m := r.metrics
	m.calls.WithLabelValues("zibal", "ok").Inc()
	m.callTime.WithLabelValues("zibal").Observe(1)
	m.tried(worker.Taken)
	waitUntil(t, func() bool {
		_, text := r.get(t, r.url+"/metrics")
		return strings.Contains(text, "purser_due{")
	})
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# Figures\n\n" +
		"<!-- Made from the figures of a server by \"make gen\": change them in internal/server. -->\n\n" +
		"What `/metrics` shows, besides what the Go runtime and the operating system say of the process (`go_`,\n" +
		"`process_`). No label holds anything of a merchant or a payer: their values are names of routes, APIs,\n" +
		"connectors and states.\n\n| name | kind | labels | says |\n|---|---|---|---|\n")
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "purser_") {
			continue
		}
		var labels []string
		for _, sample := range f.GetMetric() {
			for _, l := range sample.GetLabel() {
				if !slices.Contains(labels, "`"+l.GetName()+"`") {
					labels = append(labels, "`"+l.GetName()+"`")
				}
			}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()),
			strings.Join(labels, ", "), f.GetHelp())
	}
	const path = "../../docs/operate/metrics.md"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("%s is not what a server shows: run `make gen` and read the difference", path)
	}
}

// TestFiguresDuringLoad reads the figures while requests run and the books are
// audited: the race detector looks on.
func TestFiguresDuringLoad(t *testing.T) {
	t.Parallel()
	r := start(t, Config{AuditInterval: time.Millisecond, SampleInterval: time.Millisecond}, nil)
	defer r.halt(t)
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 25 {
				_, _ = r.get(t, r.url+"/invoice/getInfo")
				_, text := r.get(t, r.url+"/metrics")
				if !strings.Contains(text, "purser_audit_agrees 1") {
					t.Error("the figures lack the audit")
				}
			}
		})
	}
	callers.Wait()
	_, text := r.get(t, r.url+"/metrics")
	if !strings.Contains(text, `purser_requests_total{dialect="ipg",route="/invoice/getInfo"`) {
		t.Errorf("the requests were not counted: %s", text)
	}
}

// entered books some money, so that there is a balance.
func entered(t *testing.T, s *Server) {
	t.Helper()
	e, err := ledger.Book(ledger.RuleCaptured, ledger.Cause{Entry: "e1", Merchant: "m", Subject: "p1", At: s.now()},
		ledger.Names{Gateway: "bank"}, money.New(5000, money.IRR))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.Commit(t.Context(), store.Change{Entries: []ledger.Entry{e}}); err != nil {
		t.Fatal(fault.Detail(err))
	}
}

// openBeside opens the database of a server behind its back, and waits for its turn.
func openBeside(t *testing.T, driver, address string) *sql.DB {
	t.Helper()
	if driver == "sqlite" {
		address = "file:" + address + "?_pragma=busy_timeout(5000)"
	}
	hand, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hand.Close() })
	return hand
}

// TestMoneyHealth changes a balance behind the server's back, on each engine:
// the server finds it, says so without saying whose it is, and says when it is
// right again.
func TestMoneyHealth(t *testing.T) {
	t.Parallel()
	for name, driver := range map[string]string{"sqlite": "sqlite", "postgres": "pgx"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := Config{Data: sqlitetest.Folder(t), AuditInterval: time.Millisecond}
			address := filepath.Join(config.Data, databaseName)
			if name == "postgres" {
				address = pgtest.Database(t)
				config.Database = Secret(address)
			}
			r := start(t, config, nil)
			defer r.halt(t)
			entered(t, r.Server)
			hand := openBeside(t, driver, address)
			wait := func(status int, words, figure string) string {
				t.Helper()
				var text string
				waitUntil(t, func() bool {
					var got int
					got, text = r.get(t, r.url+"/healthz/money")
					_, figures := r.get(t, r.url+"/metrics")
					return got == status && strings.Contains(text, words) && strings.Contains(figures, figure)
				})
				return text
			}
			wait(http.StatusOK, `"status":"agrees"`, "purser_audit_agrees 1")
			change := func(by string) {
				t.Helper()
				_, err := hand.ExecContext(t.Context(), "update account set balance = balance "+by+
					" where role = 'merchant_available'")
				if err != nil {
					t.Fatal(err)
				}
			}
			change("+ 17")
			text := wait(http.StatusServiceUnavailable, `"I2: every balance is the sum of its postings"`,
				`purser_audit_wrong{check="I2"} 1`)
			if strings.Contains(text, "5017") || strings.Contains(text, "merchant_available") {
				t.Errorf("strangers are told too much: %s", text)
			}
			change("- 17")
			wait(http.StatusOK, `"status":"agrees"`, "purser_audit_agrees 1")
		})
	}
}

// TestMoneyHealthStands wants an audit that makes no progress to be said.
func TestMoneyHealthStands(t *testing.T) {
	t.Parallel()
	s, err := New(t.Context(), Config{Listen: "127.0.0.1:0", Data: sqlitetest.Folder(t)}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ask := func() (int, string) {
		t.Helper()
		w := httptest.NewRecorder()
		q := httptest.NewRequest(http.MethodGet, "/healthz/money", http.NoBody)
		q.RemoteAddr, q.Host = "127.0.0.1:4000", "127.0.0.1:8080"
		s.Handler().ServeHTTP(w, q)
		return w.Code, w.Body.String()
	}
	if status, text := ask(); status != http.StatusOK || !strings.Contains(text, "nothing wrong was found so far") {
		t.Errorf("got %d %s, want 200 before the first pass", status, text)
	}
	late := s.watch.since.Add(auditStale + time.Minute)
	s.watch.now = func() time.Time { return late }
	if status, text := ask(); status != http.StatusServiceUnavailable ||
		!strings.Contains(text, "the audit stands still") {
		t.Errorf("got %d %s, want 503 because nothing was audited", status, text)
	}
}

// TestFiguresAreForOperators asks for the figures in ways that a stranger could.
func TestFiguresAreForOperators(t *testing.T) {
	t.Parallel()
	private := func(public string) *running { return start(t, Config{PublicURL: public}, nil) }
	here, world := private(""), private("https://pay.example")
	defer here.halt(t)
	defer world.halt(t)
	for _, path := range []string{"/metrics", "/healthz/money"} {
		if status, text := world.get(t, world.url+path); status != http.StatusForbidden ||
			!strings.Contains(text, "admin_listen") {
			t.Errorf("%s of a public server: got %d %s, want 403 and what to set", path, status, text)
		}
		if status, _ := here.get(t, here.url+path); status != http.StatusOK {
			t.Errorf("%s on this machine: got %d, want 200", path, status)
		}
		for _, header := range []string{"X-Forwarded-For", "Forwarded", "Via", "X-Real-Ip", "Origin", "Host"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, here.url+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set(header, "pay.example")
			if header == "Host" {
				request.Host = "pay.example"
			}
			response, err := here.client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %s: got %d, want 403", path, header, response.StatusCode)
			}
		}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, _ := world.get(t, world.url+path); status != http.StatusOK {
			t.Errorf("%s of a public server: got %d, want 200", path, status)
		}
	}
}
