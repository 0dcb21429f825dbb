package sqlstore_test

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
	"github.com/purserhq/purser/internal/store/storetest"
)

func TestMain(m *testing.M) {
	// The model runs five times here; more of each is for a longer night.
	if err := flag.Set("rapid.checks", "30"); err != nil {
		panic(err)
	}
	os.Exit(pgtest.Run(m)) // which parses the flags, so that a given one counts
}

// engines gives each engine's address of an empty database.
var engines = map[string]func(t testing.TB) string{
	"sqlite":   sqlitetest.Missing,
	"postgres": pgtest.Database,
}

// onBoth runs a test on each engine, beside others that do nothing to the package itself.
func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Parallel()
	for name, address := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, address(t))
		})
	}
}

// noPanics is a log that fails a test in which something panics. Nothing else would tell: the
// changes of a batch that did are made one by one, and well.
type noPanics struct{ t testing.TB }

func (noPanics) Enabled(context.Context, slog.Level) bool { return true }

func (l noPanics) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "panic" {
			l.t.Errorf("%s: %v", r.Message, a.Value)
		}
		return true
	})
	return nil
}

func (l noPanics) WithAttrs([]slog.Attr) slog.Handler { return l }

func (l noPanics) WithGroup(string) slog.Handler { return l }

// open opens a database for one test.
func open(t testing.TB, o sqlstore.Options) *sqlstore.DB {
	t.Helper()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(noPanics{t})
	}
	db, err := sqlstore.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// opener opens databases of one engine for the kit.
func opener(address func(t testing.TB) string, o sqlstore.Options) storetest.Open {
	return func(t *testing.T) (store.Store, func() store.Store) {
		o := o
		o.URL = address(t)
		db := open(t, o)
		return db, func() store.Store {
			if err := db.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			return open(t, o)
		}
	}
}

func TestSQLite(t *testing.T) { storetest.Run(t, opener(sqlitetest.Database, sqlstore.Options{})) }

func TestPostgres(t *testing.T) {
	storetest.Run(t, opener(engines["postgres"], sqlstore.Options{Committers: 2}))
}

// nodes spreads calls over two processes' worth of one database.
type nodes struct {
	*sqlstore.DB
	other *sqlstore.DB
	turn  atomic.Int64
}

func (n *nodes) next() *sqlstore.DB {
	if n.turn.Add(1)%2 == 0 {
		return n.other
	}
	return n.DB
}

// TestTwoNodes runs the kit over two nodes that share one PostgreSQL and the
// same merchants.
func TestTwoNodes(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (store.Store, func() store.Store) {
		url := pgtest.Database(t)
		both := func() store.Store {
			return &nodes{
				DB: open(t, sqlstore.Options{URL: url}), other: open(t, sqlstore.Options{URL: url, Committers: 2}),
			}
		}
		n := both()
		return n, func() store.Store {
			if err := n.Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			return both()
		}
	})
}

// What is read again and again is compiled once, and no number of different
// queries makes more of them stay than there is room for.
func TestQueriesStayPrepared(t *testing.T) {
	t.Parallel()
	db := open(t, sqlstore.Options{URL: sqlitetest.Database(t)})
	before := db.Prepared()
	for range 3 {
		if _, err := db.Rows(t.Context(), "invoice"); err != nil {
			t.Fatal(err)
		}
	}
	if got := db.Prepared() - before; got != 1 {
		t.Errorf("one query stays prepared %d times", got)
	}
	for n := range 2 * sqlstore.QueriesKept {
		rows, err := db.Rows(t.Context(), "(select "+strconv.Itoa(n)+")")
		if err != nil || rows != 1 {
			t.Fatalf("got %d rows, %v, want 1", rows, err)
		}
	}
	if got := db.Prepared(); got != sqlstore.QueriesKept {
		t.Errorf("%d queries stay prepared, want %d", got, sqlstore.QueriesKept)
	}
}
