package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/purserhq/purser/internal/store/pgtest"
)

// stand is where Purser and the yardstick take turns on one engine.
type stand struct {
	plan
	engine   string
	dir      string
	binary   string
	cluster  *pgtest.Cluster
	database int // first process of PostgreSQL; 0 = the database is inside the server
	say      func(format string, args ...any)
}

// merchants is how many shops send the requests, each with its own key.
const merchants = 8

// round is one turn of each, one after the other.
type round struct {
	purser, yardstick measured
}

// measured is one turn with what it cost.
type measured struct {
	turn
	server   time.Duration // processor time of the server
	database time.Duration // and of all processes of PostgreSQL
	others   time.Duration // and of whatever else ran on the machine
}

// perRequest is the processor time of server and database together.
func (m measured) perRequest() time.Duration {
	return (m.server + m.database) / time.Duration(max(len(m.latencies), 1))
}

// result is what one engine's stand found.
type result struct {
	engine  string
	rest    time.Duration // between the load and the last look at memory
	rounds  []round
	first   time.Duration   // cold start on an empty database
	again   []time.Duration // cold starts on the database of the load
	idle    int64           // resident bytes before any request
	peak    int64           // the most resident bytes under load
	rested  int64           // resident bytes some time after the load
	rows    int             // invoices in Purser's database at the end
	profile string          // where the server's processor time goes; empty = not looked at
}

// database is the address of one of the two databases.
func (s stand) databaseOf(name string) string {
	if s.engine == postgres {
		return s.cluster.URL(name)
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

// serve starts the server that is measured, with the settings that it comes with.
func (s stand) serve(ctx context.Context) (*process, error) {
	return start(ctx, filepath.Join(s.dir, "purser.log"), s.binary,
		append(append([]string{"serve"}, s.place()...), "--listen")...)
}

// measure does everything on one engine.
func (s stand) measure(ctx context.Context) (r result, err error) {
	r.engine, r.rest = s.engine, s.rest
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
	keys, err := s.shops(ctx)
	if err != nil {
		return r, err
	}
	if err := s.duel(ctx, keys, &r); err != nil {
		return r, err
	}
	s.say("%s: cold start on %d invoices", s.engine, r.rows)
	for range 5 {
		p, err := s.serve(ctx)
		if err != nil {
			return r, err
		}
		r.again = append(r.again, p.cold)
		if err := p.stop(); err != nil {
			return r, err
		}
	}
	if s.profiles != "" || r.missed() {
		s.say("%s: profile", s.engine)
		if r.profile, err = s.takeProfile(ctx, keys); err != nil {
			return r, err
		}
	}
	return r, nil
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

// shops adds merchants and gives the secret of a key of each.
func (s stand) shops(ctx context.Context) ([]string, error) {
	keys := make([]string, merchants)
	for n := range keys {
		var shop struct{ ID string }
		if err := s.command(ctx, &shop, "merchant", "add", "--name", fmt.Sprintf("Shop %d", n+1)); err != nil {
			return nil, err
		}
		var key struct{ Secret string }
		if err := s.command(ctx, &key, "key", "add", "--merchant", shop.ID); err != nil {
			return nil, err
		}
		keys[n] = key.Secret
	}
	return keys, nil
}

// command runs a command of purser and reads the JSON that it writes.
func (s stand) command(ctx context.Context, into any, args ...string) error {
	//nolint:gosec // the program is the one that was just built
	cmd := exec.CommandContext(ctx, s.binary, append(append([]string{"--json"}, args...), s.place()...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("run purser %s %s: %w", args[0], args[1], err)
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("read what purser %s %s says: %w", args[0], args[1], err)
	}
	return nil
}

// duel lets Purser and the yardstick take turns, and counts rows at the end.
func (s stand) duel(ctx context.Context, keys []string, r *result) (err error) {
	own, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	y, err := start(ctx, filepath.Join(s.dir, "yardstick.log"), own,
		"yardstick", "-database", s.databaseOf("yardstick"), "-listen")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, y.stop()) }()
	p, err := s.serve(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	const settled = 3 * time.Second // the loops of the worker have all run once
	if err := rest(ctx, settled); err != nil {
		return err
	}
	if r.idle, err = memoryOf(p.cmd.Process.Pid, "VmRSS"); err != nil {
		return err
	}
	warm := max(s.Requests/8, s.Clients)
	for n := range s.Rounds + 1 {
		each := s.Requests
		if n == 0 {
			each = warm
		}
		var one round
		if one.purser, err = s.turn(ctx, p, keys, each); err != nil {
			return fmt.Errorf("purser: %w", err)
		}
		if one.yardstick, err = s.turn(ctx, y, []string{""}, each); err != nil {
			return fmt.Errorf("yardstick: %w", err)
		}
		if n == 0 {
			continue
		}
		r.rounds = append(r.rounds, one)
		s.say("%s: turn %d of %d: %.0f/s, yardstick %.0f/s", s.engine, n, s.Rounds, one.purser.rate(),
			one.yardstick.rate())
	}
	if r.peak, err = memoryOf(p.cmd.Process.Pid, "VmHWM"); err != nil {
		return err
	}
	if err := rest(ctx, s.rest); err != nil {
		return err
	}
	if r.rested, err = memoryOf(p.cmd.Process.Pid, "VmRSS"); err != nil {
		return err
	}
	r.rows = warm + s.Rounds*s.Requests
	return s.check(ctx, r.rows)
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
func (s stand) turn(ctx context.Context, p *process, keys []string, requests int) (m measured, err error) {
	l := load{address: p.address, clients: s.Clients, requests: requests}
	for _, key := range keys {
		l.calls = append(l.calls, invoiceCall(p.address, key))
	}
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

// check compares the rows of both databases with the requests that were
// answered well: a figure without its rows is none.
func (s stand) check(ctx context.Context, want int) error {
	file := s.databaseOf("purser")
	if s.engine == sqlite {
		file = filepath.Join(s.dir, "data", "purser.db")
	}
	for _, c := range []struct{ database, table string }{
		{file, "invoice"}, {file, "event"}, {s.databaseOf("yardstick"), "invoice"},
	} {
		got, err := count(ctx, c.database, c.table)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%d requests were answered well, but there are %d rows of %s", want, got, c.table)
		}
	}
	return nil
}
