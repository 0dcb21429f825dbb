// Package pgtest is a private PostgreSQL server for tests: started on demand
// from the programs installed on the machine, on a free port of 127.0.0.1, with
// its data in a directory of its own. Nothing of it outlives the process that
// started it, however that process ends.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Variable is the environment variable that decides what a test does on a
// machine without PostgreSQL: with the value "required" it fails, otherwise it
// is skipped. Continuous integration sets it, so that neither engine is ever
// left out without anybody noticing.
const Variable = "PURSER_TEST_POSTGRES"

// shared is the one server of this test process, started by the first test that
// asks for a database.
var shared struct {
	sync.Mutex
	cluster *Cluster
	err     error
}

// databases numbers the databases of this process, so that each has its own name.
var databases atomic.Int64

// Database returns the URL of an empty database that belongs to this test alone
// and is dropped when the test ends. All tests of one process share one server
// with durable settings, its files in memory where the machine allows it.
func Database(t testing.TB) string {
	t.Helper()
	c, err := common()
	if errors.Is(err, ErrNotInstalled) && !required() {
		t.Skipf("PostgreSQL is not installed, so this was not tested on it: install the package postgresql"+
			" or set PG_BINDIR (%v)", err)
	}
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	if err := c.CreateDatabase(name); err != nil {
		t.Fatalf("create database %s: %v", name, err)
	}
	t.Cleanup(func() {
		if err := c.dropDatabase(name); err != nil {
			t.Errorf("drop database %s: %v", name, err)
		}
	})
	return c.URL(name)
}

// Run runs the tests of a package and then stops the shared server, so that the
// process leaves nothing behind when it exits: os.Exit(pgtest.Run(m)). Without
// it the server still ends with the process, a moment later.
func Run(m interface{ Run() int }) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil {
		return code
	}
	if err := shared.cluster.Stop(); err != nil {
		fmt.Fprintf(os.Stderr, "stop PostgreSQL: %v\n", err)
		code = max(code, 1)
	}
	shared.cluster = nil
	return code
}

// required reports whether a missing PostgreSQL is a failure.
func required() bool {
	return os.Getenv(Variable) == "required"
}

// common returns the shared server and starts it first if need be. A failure is
// remembered: what did not start once is not tried again by every test.
func common() (*Cluster, error) {
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil && shared.err == nil {
		shared.cluster, shared.err = Start(Options{Durable: true, InMemory: true})
	}
	return shared.cluster, shared.err
}

// CreateDatabase makes an empty database with this name.
func (c *Cluster) CreateDatabase(name string) error {
	return c.exec("create database " + pgx.Identifier{name}.Sanitize())
}

// dropDatabase removes a database together with the connections that are still
// open to it.
func (c *Cluster) dropDatabase(name string) error {
	return c.exec("drop database if exists " + pgx.Identifier{name}.Sanitize() + " with (force)")
}

// exec runs one statement as the superuser, outside of any database under test.
func (c *Cluster) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // the statement's own error is the one that counts
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("run %q: %w", statement, err)
	}
	return nil
}
