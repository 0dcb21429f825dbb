//go:build fault

package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/api/apitest"
	"github.com/purserhq/purser/internal/server"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

var gateways = []string{"zarinpal", "shepa", "zibal"}

// world is a server and the make-believe gateways beside it, each a process of
// its own: the gateways live on when the server dies.
type world struct {
	t        *testing.T
	program  string
	data     string
	database string // empty = SQLite in data
	address  string
	settings []string // of the server, as KEY=VALUE
	banks    map[string]*bank
	shops    []*shop
	http     *http.Client
	looking  sync.Mutex
	books    *sqlstore.DB // for looking, beside the server; guarded by looking

	mu     sync.Mutex
	server *process
	ready  chan struct{} // closed while the server answers
	plan   server.FailpointPlan
}

// shop is a merchant with its key.
type shop struct {
	*world
	merchant string
	key      string
}

// plot says what a world is made of.
type plot struct {
	database string
	program  string   // empty = the plain one
	shops    int      // 0 = 1
	settings []string // of the server, as KEY=VALUE
	timeout  time.Duration
	switches map[string]map[string]string // of the banks
}

// open builds a world; its server does not run yet.
func open(t *testing.T, p plot) *world {
	t.Helper()
	address := freeAddress(t)
	w := &world{
		t: t, program: p.program, data: t.TempDir(), database: p.database, address: address,
		ready: make(chan struct{}), settings: append([]string{
			"resolve_interval=50ms", "expire_interval=100ms", "proxies=127.0.0.1",
		}, p.settings...),
		http: &http.Client{
			Timeout:       30 * time.Second,
			Transport:     apitest.Wire(t, &http.Transport{MaxIdleConns: 600, MaxIdleConnsPerHost: 600}, address),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if w.program == "" {
		w.program = programs.plain
	}
	t.Cleanup(w.http.CloseIdleConnections)
	w.openBanks(p.switches)
	for n := range max(p.shops, 1) {
		w.shops = append(w.shops, w.addShop(n, p.timeout))
	}
	w.setPlan(server.FailpointPlan{})
	return w
}

// freeAddress finds a port that stays free while nobody listens on it: below
// those that outgoing connections get, and those that databases of tests use.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+rand.IntN(5000)))
		if l, err := net.Listen("tcp", address); err == nil {
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// config is what commands need to find the database.
func (w *world) config() server.Config {
	return server.Config{Data: w.data, Database: server.Secret(w.database), WebhookLoopback: true}
}

// operate runs an operator's command in this process and reads its JSON. It is
// for the time before the server runs.
func (w *world) operate(in string, into any, do func(server.Commands) error) {
	w.t.Helper()
	var out, errs bytes.Buffer
	c := server.Commands{Config: w.config(), Terminal: server.Terminal{
		In: strings.NewReader(in), Out: &out, Err: &errs, JSON: true,
	}}
	// A child that is forked meanwhile would hold the lock of the database for a moment longer than we do.
	syscall.ForkLock.RLock()
	err := do(c)
	syscall.ForkLock.RUnlock()
	if err != nil {
		w.t.Fatalf("%v: %s", err, errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		w.t.Fatalf("%v: %s", err, out.String())
	}
}

// addShop adds a merchant with a key and a contract with every bank.
func (w *world) addShop(n int, timeout time.Duration) *shop {
	w.t.Helper()
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	var merchant struct{ ID string }
	w.operate("", &merchant, func(c server.Commands) error {
		return c.AddMerchant(w.t.Context(), fmt.Sprint("Shop ", n), "")
	})
	var key struct{ Secret string }
	w.operate("", &key, func(c server.Commands) error {
		return c.AddKey(w.t.Context(), server.NewKey{Merchant: merchant.ID, Scopes: []string{"payments", "admin"}})
	})
	for order, name := range gateways {
		var done any
		w.operate(w.banks[name].credentials, &done, func(c server.Commands) error {
			return c.PutGateway(w.t.Context(), server.NewGateway{
				Merchant: merchant.ID, Connector: name, Order: order + 1, Credentials: "-",
				Settings: w.banks[name].settings(timeout),
			})
		})
	}
	return &shop{w, merchant.ID, key.Secret}
}

// setPlan writes the plan of failpoints; a running server is told of it.
func (w *world) setPlan(plan server.FailpointPlan) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.plan = plan
	text, err := json.Marshal(plan)
	if err == nil {
		path := filepath.Join(w.data, server.FailpointsName)
		if err = os.WriteFile(path+".new", text, 0o600); err == nil {
			err = os.Rename(path+".new", path)
		}
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if w.server != nil && w.server.running() {
		_ = w.server.cmd.Process.Signal(syscall.SIGUSR1) // one that has just ended reads it at its start
	}
}

// advance moves the clocks of the server and of all banks.
func (w *world) advance(d time.Duration) {
	w.t.Helper()
	for _, b := range w.banks {
		b.advance(d)
	}
	w.setPlan(server.FailpointPlan{Ahead: w.plan.Ahead + d})
}

// now is the server's time.
func (w *world) now() time.Time { return time.Now().Add(w.plan.Ahead) }

// arguments are those of every command that opens the database.
func (w *world) arguments(command ...string) []string {
	all := append(command, "--data", w.data)
	if w.database != "" {
		all = append(all, "--database", w.database)
	}
	return all
}

// start starts the server and waits for its first answer; it says how long
// that took, from the start of the process.
func (w *world) start() time.Duration {
	w.t.Helper()
	arguments := w.arguments("serve", "--listen", w.address, "--log-level", "warn", "--set", "calls_per_second=1000000")
	for _, s := range w.settings {
		arguments = append(arguments, "--set", s)
	}
	begin := time.Now()
	p := spawn(w.t, w.program, arguments...)
	w.mu.Lock()
	w.server = p
	w.mu.Unlock()
	wait(w.t, 20*time.Second, "the first answer of the server", func() bool {
		return w.answers() || !p.running()
	})
	took := time.Since(begin)
	if w.plan.Point == "" && !p.running() {
		w.t.Fatalf("the server ended at its start:\n%s", p.stderr)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.ready)
	return took
}

// answers says that the server is ready.
func (w *world) answers() bool {
	response, err := w.http.Get("http://" + w.address + "/readyz")
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// down says that nobody shall expect an answer from now on.
func (w *world) down() *process {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ready = make(chan struct{})
	return w.server
}

// kill ends the server at once.
func (w *world) kill() { w.down().kill() }

// stop ends the server in order.
func (w *world) stop() {
	w.t.Helper()
	w.down().stop(w.t)
}

// untilReady waits for a server that answers, or for the end of the test.
func (w *world) untilReady() {
	w.mu.Lock()
	ready := w.ready
	w.mu.Unlock()
	select {
	case <-ready:
	case <-w.t.Context().Done():
	}
}

// passed are the failpoints that the servers of this world have passed.
func (w *world) passed() []string {
	w.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.data, server.PassedName))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	known := map[string]bool{}
	var points []string
	for line := range strings.Lines(string(text)) {
		if point := strings.TrimSpace(line); !known[point] {
			known[point] = true
			points = append(points, point)
		}
	}
	return points
}

// database reads beside the server.
func (w *world) reading() *sqlstore.DB {
	w.t.Helper()
	w.looking.Lock()
	defer w.looking.Unlock()
	if w.books != nil {
		return w.books
	}
	url := w.database
	if url == "" {
		url = filepath.Join(w.data, "purser.db")
	}
	db, err := sqlstore.Open(w.t.Context(), sqlstore.Options{URL: url, Now: time.Now, ReadOnly: true})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			w.t.Error(err)
		}
	})
	w.books = db
	return db
}
