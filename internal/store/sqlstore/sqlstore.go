// Package sqlstore is the database: one implementation of the store port for
// two engines, SQLite for one machine and PostgreSQL for more. All changes go
// through a committer that takes whatever waits and makes it durable together.
package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/store"
)

// Options say which database to open and how much of it to use.
type Options struct {
	URL        string // "postgres://...", "sqlite:PATH" or a plain path
	Queue      int    // how many changes may wait; 0 = 4096
	Batch      int    // how many changes go into one transaction at most; 0 = 256
	Committers int    // how many transactions run at once, merchants shared among them; 0 = 1; SQLite has one
	Pool       int    // how many connections read at once; 0 = 12
	Now        func() time.Time
	Log        *slog.Logger // nil = no log
	NoMigrate  bool         // refuse an older database instead of bringing it up to date
	ReadOnly   bool         // no committer and no lock: for an audit beside a running server

	// Fault, which only tests set, is called with the name of each step of a
	// commit. An error makes the step fail.
	Fault func(stage string) error
}

// DB is an open database.
type DB struct {
	engine     engine
	options    Options
	committers []*committer
	counters   counters
	gather     gatherers
	sealing    sealing
	migrated   Migrated
}

// DB keeps both promises of the port.
var (
	_ store.Store   = (*DB)(nil)
	_ store.Auditor = (*DB)(nil)
)

// engine is what differs between SQLite and PostgreSQL.
type engine interface {
	// query reads, and sees every change that was committed before.
	query(ctx context.Context, query string, args ...any) (rows, error)
	// find reads the row of a key and passes it on, if it is there. The row is
	// only good until take returns.
	find(ctx context.Context, query string, take func(row) error, args ...any) (found bool, err error)
	// among is a condition that a column holds one of the values of its one
	// argument, which is $1.
	among(column string, values []string) (condition string, argument any, err error)
	// commit makes one batch true in one transaction. The error is
	// errUncertain when it is not known whether it did.
	commit(ctx context.Context, b *batch) error
	// housekeep writes what no caller waits for, in one transaction.
	housekeep(ctx context.Context, do func(hand) error) error
	// landed says whether the batch with this event was committed.
	landed(ctx context.Context, last record) (bool, error)
	// verdict sorts an error of commit.
	verdict(err error) verdict
	// snapshots runs read with at most so many queriers, which may be asked at the same
	// time: every query and stream of all of them sees the same moment.
	snapshots(ctx context.Context, most int, read func([]snapshot) error) error
	// detailText is an expression for a text inside a detail.
	detailText(path ...string) string
	// forEach joins the rows before it with those rows of a table, under an
	// alias, that a condition, an order and a limit of each row leave.
	forEach(t *table, alias, where string) string
	// withPostings joins the entries e before it, which are few, with the postings p of
	// each, and keeps those that have none.
	withPostings() string
	ping(ctx context.Context) error
	pool() Pool
	close() error
}

// hand writes in a transaction.
type hand interface {
	// exec runs a statement and counts the rows that it touched.
	exec(ctx context.Context, query string, args ...any) (int64, error)
	// insert inserts rows of a table.
	insert(ctx context.Context, t *table, rows []record) error
	// passing ends a choice of rows that somebody else may be changing: they are
	// passed over.
	passing() string
}

// querier is the reading part of an engine.
type querier interface {
	query(ctx context.Context, query string, args ...any) (rows, error)
}

// verdict says what to do about a batch that failed.
type verdict int

// The verdicts.
const (
	faulty   verdict = iota // some change in it is at fault: find out which
	taken                   // a key was taken: look keys up first
	hindered                // another transaction was in the way: try again
	broken                  // the database cannot be written to: no change is at fault
)

// Open opens a database, checks that it keeps what it is given, brings it up
// to date and starts the committer. The context is for opening alone.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Now == nil {
		return nil, errors.New("open database: no clock was given")
	}
	o.fill()
	d := &DB{options: o}
	var err error
	if isPostgres(o.URL) {
		d.engine, d.migrated, err = openPostgres(ctx, d.options)
	} else {
		d.engine, d.migrated, err = openSQLite(ctx, &d.options)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	d.gather = newGatherers(d.engine, d.options)
	if o.ReadOnly {
		return d, nil
	}
	for range d.options.Committers {
		c := newCommitter(d)
		d.committers = append(d.committers, c)
		go c.run() //nolint:contextcheck // it outlives the call that opens
	}
	return d, nil
}

// Migrated is what opening did to the schema.
func (d *DB) Migrated() Migrated { return d.migrated }

// fill puts the usual numbers where none were given.
func (o *Options) fill() {
	usual := func(n *int, usual int) {
		if *n < 1 {
			*n = usual
		}
	}
	usual(&o.Queue, 4096)
	usual(&o.Batch, 256)
	usual(&o.Committers, 1)
	usual(&o.Pool, 12)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// isPostgres tells the engines apart by the address.
func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// stage tells the fault of a test that a step begins.
func (o Options) stage(name string) error {
	if o.Fault == nil {
		return nil
	}
	return o.Fault(name)
}

// Ping says whether the database answers and can be written to.
func (d *DB) Ping(ctx context.Context) error {
	if err := d.engine.ping(ctx); err != nil {
		return d.readFault(ctx, err)
	}
	return nil
}

// Close waits for the changes that were accepted, then closes the database.
// Closing twice is allowed.
func (d *DB) Close() error {
	for _, c := range d.committers {
		c.stop()
	}
	for _, c := range d.committers {
		<-c.ended
	}
	if err := d.engine.close(); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}
