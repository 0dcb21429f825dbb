package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/store/pgtest"
)

// stand is where Purser and the yardstick take turns on one engine.
type stand struct {
	plan
	engine   string
	dir      string
	books    string // which of Purser's databases; empty = the first one
	binary   string
	cluster  *pgtest.Cluster
	database int // first process of PostgreSQL; 0 = the database is inside the server
	say      func(format string, args ...any)
}

// merchants is how many shops send the requests, each with its own key.
const merchants = 8

// result is what one engine's stand found.
type result struct {
	engine   string
	rest     time.Duration // between the load of invoices and the last look at memory
	invoices contest
	first    time.Duration   // cold start on an empty database
	again    []time.Duration // cold starts on the database of the invoices
	idle     int64           // resident bytes before any request
	peak     int64           // the most resident bytes under load
	rested   int64           // resident bytes some time after the load
	rows     int             // invoices in Purser's database at the end

	transfers, v1 moving
	lives         []measured
	reads         contest
	large         enlarged
	nodes         paired  // PostgreSQL only
	trading       trading // the same
	profiles      []profile
}

// database is the address of one of the two databases.
func (s stand) databaseOf(name string) string {
	if s.engine == postgres {
		return s.cluster.URL(name + s.books)
	}
	return filepath.Join(s.dir, name+".db")
}

// place is the flags that tell purser where its database is.
func (s stand) place() []string {
	data := []string{"--data", filepath.Join(s.dir, "data")}
	if s.engine == postgres {
		return append(data, "--database", s.databaseOf("purser"))
	}
	return data
}

// serve starts the server that is measured, with the settings that it comes with but
// for the budget of calls: each shop has a single key.
func (s stand) serve(ctx context.Context) (*process, error) {
	return start(ctx, filepath.Join(s.dir, "purser.log"), s.binary,
		append(append([]string{"serve"}, s.place()...), "--set", "calls_per_second=1000000", "--listen")...)
}

// measure does everything on one engine.
func (s stand) measure(ctx context.Context) (r result, err error) {
	r.engine, r.rest = s.engine, s.rest
	if k, ok, err := s.remembered(); err != nil || ok {
		if err != nil {
			return r, fmt.Errorf("read what is kept: %w", err)
		}
		return r, s.measureKept(ctx, k, &r)
	}
	if err := s.prepare(); err != nil { //nolint:contextcheck // making a database bounds itself
		return r, err
	}
	if s.engine == postgres {
		if s.database, err = databaseProcess(ctx, s.cluster.URL("postgres")); err != nil {
			return r, err
		}
	}
	s.say("%s: cold start and shops", s.engine)
	p, err := s.serve(ctx)
	if err != nil {
		return r, err
	}
	r.first = p.cold
	if err := p.stop(); err != nil {
		return r, err
	}
	shops, err := s.openShops(ctx)
	if err != nil {
		return r, err
	}
	if s.does(ofInvoices) {
		if err := s.measureInvoices(ctx, shops, &r); err != nil {
			return r, err
		}
	}
	if err := s.measureMoving(ctx, shops, &r); err != nil {
		return r, err
	}
	if err := s.measurePayments(ctx, shops, &r); err != nil {
		return r, err
	}
	if s.engine != postgres {
		return r, nil
	}
	return r, errors.Join(s.measureNodes(ctx, shops, &r), s.measureDeals(ctx, &r))
}

// measureInvoices is the load of invoices and the cold starts after it.
func (s stand) measureInvoices(ctx context.Context, shops []shop, r *result) error {
	keys := make([]string, len(shops))
	for n, shop := range shops {
		keys[n] = shop.key
	}
	if err := s.sideBySide(ctx, func(of sides) error { return s.invoiceTurns(ctx, of, keys, r) }); err != nil {
		return err
	}
	s.say("%s: cold start on %d invoices", s.engine, r.rows)
	for range 5 {
		p, err := s.serve(ctx)
		if err != nil {
			return err
		}
		r.again = append(r.again, p.cold)
		if err := p.stop(); err != nil {
			return err
		}
	}
	if s.profiles == "" && !missed(r.invoiceLines()) {
		return nil
	}
	return s.takeProfile(ctx, "invoices", r, func(address string) runner {
		return newInvoices(address, keys, s.Clients, longer*s.Requests)
	})
}

// prepare makes folders and databases.
func (s stand) prepare() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	if s.engine != postgres {
		return nil
	}
	return errors.Join(s.cluster.CreateDatabase("purser"), s.cluster.CreateDatabase("yardstick"))
}

// command runs a command of purser and reads the JSON that it writes.
func (s stand) command(ctx context.Context, into any, args ...string) error {
	//nolint:gosec // the program is the one that was just built
	cmd := exec.CommandContext(ctx, s.binary, append(append([]string{"--json"}, args...), s.place()...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	name := strings.Join(args[:min(2, len(args))], " ")
	if err != nil {
		return fmt.Errorf("run purser %s: %w", name, err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("read what purser %s says: %w", name, err)
	}
	return nil
}

// sides are the servers that take turns: Purser, the yardstick, and the yardstick
// again as it writes no events, on the same database as the other.
type sides struct{ purser, yardstick, eventless *process }

// sideBySide starts all of them, for turns on each.
func (s stand) sideBySide(ctx context.Context, turns func(sides) error) (err error) {
	own, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	yardstick := func(more ...string) (*process, error) {
		return start(ctx, filepath.Join(s.dir, "yardstick.log"), own,
			slices.Concat([]string{"yardstick", "-database", s.databaseOf("yardstick")}, more, []string{"-listen"})...)
	}
	var of sides
	for _, side := range []struct {
		into **process
		run  func() (*process, error)
	}{
		{&of.yardstick, func() (*process, error) { return yardstick() }},
		{&of.eventless, func() (*process, error) { return yardstick("-events=false") }},
		{&of.purser, func() (*process, error) { return s.serve(ctx) }},
	} {
		p, wrong := side.run()
		if wrong != nil {
			return wrong
		}
		*side.into = p
		defer func() { err = errors.Join(err, p.stop()) }()
	}
	if err := rest(ctx, s.settle); err != nil {
		return err
	}
	return turns(of)
}

// eachRound calls with the requests of the warm-up, and then with those of each
// round; counted is false for the warm-up.
func (s stand) eachRound(do func(requests int, counted bool) error) (all int, err error) {
	warm := max(s.Requests/8, s.Clients)
	if err := do(warm, false); err != nil {
		return 0, err
	}
	for range s.Rounds {
		if err := do(s.Requests, true); err != nil {
			return 0, err
		}
	}
	return warm + s.Rounds*s.Requests, nil
}

// invoiceTurns lets Purser and the yardstick take turns with invoices, and
// counts rows at the end.
func (s stand) invoiceTurns(ctx context.Context, of sides, keys []string, r *result) (err error) {
	pid := of.purser.cmd.Process.Pid
	if r.idle, err = memoryOf(pid, "VmRSS"); err != nil {
		return err
	}
	r.invoices.engine = s.engine
	r.rows, err = s.eachRound(func(requests int, counted bool) error {
		var one round
		for _, t := range []struct {
			into *measured
			of   *process
			keys []string
		}{
			{&one.eventless, of.eventless, []string{""}},
			{&one.purser, of.purser, keys},
			{&one.yardstick, of.yardstick, []string{""}},
		} {
			if *t.into, err = s.turn(ctx, t.of, newInvoices(t.of.address, t.keys, s.Clients, requests)); err != nil {
				return fmt.Errorf("invoices: %w", err)
			}
		}
		if counted {
			r.invoices.rounds = append(r.invoices.rounds, one)
			s.say("%s: turn %d of %d: %.0f/s, yardstick %.0f/s", s.engine, len(r.invoices.rounds), s.Rounds,
				one.purser.rate(), one.yardstick.rate())
		}
		return nil
	})
	if err != nil {
		return err
	}
	if r.peak, err = memoryOf(pid, "VmHWM"); err != nil {
		return err
	}
	if err := rest(ctx, s.rest); err != nil {
		return err
	}
	if r.rested, err = memoryOf(pid, "VmRSS"); err != nil {
		return err
	}
	const told = "event where noun = 'invoice'"
	return errors.Join(
		s.check(ctx, r.rows, []rowsOf{{s.own(), "invoice"}, {s.own(), told}, {s.databaseOf("yardstick"), told}}),
		s.check(ctx, 2*r.rows, []rowsOf{{s.databaseOf("yardstick"), "invoice"}}),
	)
}

// rest lets the machine be for a while.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// turn lets one server work and reads what that cost.
func (s stand) turn(ctx context.Context, p *process, l runner) (m measured, err error) {
	server, err := cpuOf(p.cmd.Process.Pid)
	if err != nil {
		return m, err
	}
	database, err := cpuOfAll(s.database)
	if err != nil {
		return m, err
	}
	machine := machineTime()
	if m.turn, err = l.run(ctx); err != nil {
		return m, err
	}
	all := machineTime() - machine
	if m.server, err = cpuOf(p.cmd.Process.Pid); err != nil {
		return m, err
	}
	if m.database, err = cpuOfAll(s.database); err != nil {
		return m, err
	}
	m.server, m.database = m.server-server, m.database-database
	m.others = max(0, all-m.server-m.database-m.generator)
	return m, nil
}

// rowsOf are rows to be counted: those of a table, or what follows "from".
type rowsOf struct{ database, of string }

// check compares the rows with the requests that were answered well: a figure
// without its rows is none.
func (s stand) check(ctx context.Context, want int, all []rowsOf) error {
	for _, c := range all {
		got, err := count(ctx, c.database, c.of)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("there are %d rows of %s, but %d are those of the requests that were answered well", got, c.of,
				want)
		}
	}
	return nil
}
