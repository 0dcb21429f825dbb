package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// sqliteEngine is one file: one connection that writes, some that read.
type sqliteEngine struct {
	options Options
	file    string
	lock    *os.File // nil when opened for reading only
	writer  *sql.DB  // nil when opened for reading only
	readers *sql.DB
	known   queries
	finding *sql.DB
	finders chan *sqliteDesk // the connections that find rows by their keys, while nobody uses them
	found   int              // how many of those there are
	keeper  *sql.DB          // writes what no caller waits for; nil when opened for reading only
	desk    *sqliteDesk
	used    *usedFile
	closing sync.Once
	writing sync.Mutex // has whoever writes, for the next one not to poll for the file's lock
}

// The sizes of SQLite's page caches in KiB. They are outside of Go's heap and
// there is one per connection. A page takes twice its size: with what SQLite keeps
// beside it, the allocator has no smaller place for it.
const (
	writerCache = 8 << 10
	readerCache = 1 << 10
)

// checkpointPages is how long the log of SQLite grows, in pages of 4 KiB, before
// a commit copies it into the file. Callers of that commit wait for it. At the
// usual 1000 they are one in thirty and pages that every batch writes are
// copied over and over; at 8000 a restart after a crash reads 32 MiB.
const checkpointPages = 8000

// sqliteReaders is how many connections read at most: each has a cache, and
// more of them than processors gain nothing.
const sqliteReaders = 4

// sqlitePath takes the prefix off an address.
func sqlitePath(url string) string { return strings.TrimPrefix(url, "sqlite:") }

// dsn is the address of a file for the driver. Temporary data stays in memory
// because the sub-journal of a batch would otherwise be a file.
func dsn(file string, cache int, more ...string) string {
	q := url.Values{}
	q.Add("_pragma", "busy_timeout(5000)")
	q.Add("_pragma", "journal_mode(wal)")
	q.Add("_pragma", "synchronous(full)")
	q.Add("_pragma", "foreign_keys(on)")
	q.Add("_pragma", "temp_store(memory)")
	q.Add("_pragma", fmt.Sprintf("wal_autocheckpoint(%d)", checkpointPages))
	q.Add("_pragma", fmt.Sprintf("cache_size(-%d)", cache))
	for _, pragma := range more {
		q.Add("_pragma", pragma)
	}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: q.Encode()}).String()
}

// newSQLite opens the file and takes its lock, without looking at its schema.
func newSQLite(ctx context.Context, o Options) (e *sqliteEngine, err error) {
	path := sqlitePath(o.URL)
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, errors.New("a database needs a file: one in memory keeps nothing")
	}
	file, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", path, err)
	}
	e = &sqliteEngine{options: o, file: file}
	opened := e // a failure below returns nil in its place
	defer func() {
		if err != nil {
			err = errors.Join(err, opened.close())
		}
	}()
	if o.ReadOnly {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("find database: %w", err)
		}
	} else if err := e.openWriting(ctx); err != nil {
		return nil, err
	}
	if e.readers, err = sql.Open("sqlite", dsn(file, readerCache, "query_only(on)")); err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	if e.finding, err = sql.Open("sqlite", dsn(file, readerCache, "query_only(on)")); err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	if e.used, err = usedFiles.use(file); err != nil {
		return nil, err
	}
	e.finders = make(chan *sqliteDesk, sqliteFinders)
	e.readers.SetMaxOpenConns(min(o.Pool, sqliteReaders))
	e.readers.SetMaxIdleConns(sqliteReaders)
	return e, nil
}

// openWriting takes the lock of the file and opens the connections that write.
func (e *sqliteEngine) openWriting(ctx context.Context) (err error) {
	if e.lock, err = lockFile(e.file + ".lock"); err != nil {
		return fmt.Errorf("%s: %w", e.file, err)
	}
	if err := GiveToFolder(e.lock.Name()); err != nil {
		return err
	}
	layer, err := gatheringLog()
	if err != nil {
		return err
	}
	if layer != "" {
		layer = "&vfs=" + layer
	}
	if e.writer, err = sql.Open("sqlite", dsn(e.file, writerCache)+layer); err != nil {
		return fmt.Errorf("open %s: %w", e.file, err)
	}
	e.writer.SetMaxOpenConns(1)
	if err := assertSQLite(ctx, e.writer); err != nil {
		return err
	}
	if e.keeper, err = sql.Open("sqlite", dsn(e.file, readerCache)+"&_txlock=immediate"+layer); err != nil {
		return fmt.Errorf("open %s: %w", e.file, err)
	}
	e.keeper.SetMaxOpenConns(1)
	return nil
}

// errInUse says that another process has the database open.
var errInUse = errors.New("another purser process uses this database; stop it first, or give this one another")

// openSQLite opens the file for service.
func openSQLite(ctx context.Context, o *Options) (_ engine, done Migrated, err error) {
	o.Committers = 1 // SQLite has one writer
	e, err := newSQLite(ctx, *o)
	if err != nil {
		return nil, done, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if o.ReadOnly {
		return e, done, e.openFinders(ctx)
	}
	s, err := newSchema(goose.DialectSQLite3, e.writer, "sqlite", o.Log)
	if err != nil {
		return nil, done, err
	}
	s.file = e
	if done, err = s.ready(ctx, o.NoMigrate); err != nil {
		return nil, done, err
	}
	if e.desk, err = newDesk(ctx, e.writer); err != nil {
		return nil, done, err
	}
	return e, done, e.openFinders(ctx)
}

// assertSQLite refuses a file that would not keep an acknowledged change: a
// driver or a build may ignore what it is asked for.
func assertSQLite(ctx context.Context, db *sql.DB) error {
	for _, a := range []struct{ pragma, want, why string }{
		{"journal_mode", "wal", "readers would block the writer"},
		{"synchronous", "2", "a power cut would lose acknowledged changes"},
		{"foreign_keys", "1", "a posting could be stored without its entry"},
	} {
		var got string
		if err := db.QueryRowContext(ctx, "pragma "+a.pragma).Scan(&got); err != nil {
			return fmt.Errorf("read %s: %w", a.pragma, err)
		}
		if got != a.want {
			return fmt.Errorf("SQLite runs with %s = %s instead of %s: %s", a.pragma, got, a.want, a.why)
		}
	}
	return nil
}

// query reads on one of the reading connections.
func (e *sqliteEngine) query(ctx context.Context, query string, args ...any) (rows, error) {
	s, err := e.known.prepare(ctx, e.readers, query) //nolint:sqlclosecheck // it is kept for the next reader
	if err != nil {
		return nil, err
	}
	if s == nil {
		return e.readers.QueryContext(ctx, query, args...) //nolint:rowserrcheck // the caller does
	}
	return s.QueryContext(ctx, args...) //nolint:rowserrcheck // the caller does
}

// queriesKept bounds the queries that stay prepared, on each connection. There are
// fewer; those of an audit are used once.
const queriesKept = 300

// queries are those that were read with before: to compile one takes longer than
// to read a row with it. Its zero value is ready.
type queries struct {
	mu       sync.RWMutex
	prepared map[string]*sql.Stmt
}

// prepare gives the statement of a query, or nil where there are too many.
func (q *queries) prepare(ctx context.Context, db *sql.DB, query string) (*sql.Stmt, error) {
	q.mu.RLock()
	s, full := q.prepared[query], len(q.prepared) >= queriesKept
	q.mu.RUnlock()
	if s != nil || full {
		return s, nil
	}
	s, err := db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if other := q.prepared[query]; other != nil {
		return other, s.Close() //nolint:sqlclosecheck // somebody else was first: here it ends
	}
	if q.prepared == nil {
		q.prepared = map[string]*sql.Stmt{}
	}
	q.prepared[query] = s
	return s, nil
}

// close lets go of all of them.
func (q *queries) close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	var errs []error
	for _, s := range q.prepared {
		errs = append(errs, s.Close())
	}
	q.prepared = nil
	return errors.Join(errs...)
}

// among passes the values as one JSON array, so that the statement's text does
// not depend on their number.
func (e *sqliteEngine) among(column string, values []string) (string, any, error) {
	array, err := json.Marshal(values)
	return column + " in (select value from json_each($1))", string(array), err
}

// detailText reads a text inside a detail.
func (e *sqliteEngine) detailText(path ...string) string {
	return "(detail ->> '$." + strings.Join(path, ".") + "')"
}

// forEach picks rows by number, because a join cannot look at the row before it.
func (e *sqliteEngine) forEach(t *table, alias, where string) string {
	return "cross join " + t.name + " " + alias + " on " + alias + ".rowid in (select rowid from " + t.name +
		" where " + where + ")"
}

// withPostings looks for each by its key anyhow.
func (e *sqliteEngine) withPostings() string {
	return "left join posting p on p.entry_id = e.id and p.merchant_id = e.merchant_id"
}

// momentTries is how often transactions are begun until no commit came between.
const momentTries = 100

// snapshots reads in transactions of which one more connection tells that nothing
// was committed between the first and the last of them; in a single one where that
// does not happen.
func (e *sqliteEngine) snapshots(ctx context.Context, most int, read func([]snapshot) error) (err error) {
	if most = min(most, e.readers.Stats().MaxOpenConnections-1); most < 2 {
		return e.transactions(ctx, 1, read)
	}
	watch, err := e.readers.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, watch.Close()) }()
	version := func() (n int64, err error) {
		err = watch.QueryRowContext(ctx, "pragma data_version").Scan(&n)
		return n, err
	}
	for range momentTries {
		before, err := version()
		if err != nil {
			return err
		}
		same := false
		err = e.transactions(ctx, most, func(all []snapshot) error {
			after, err := version()
			if same = before == after; err != nil || !same {
				return err
			}
			return read(all)
		})
		if err != nil || same {
			return err
		}
	}
	return e.transactions(ctx, 1, read)
}

// transactions reads in so many transactions, each of which has seen its moment.
func (e *sqliteEngine) transactions(ctx context.Context, n int, read func([]snapshot) error) (err error) {
	all := make([]snapshot, n)
	for i := range all {
		tx, err := e.readers.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, tx.Rollback()) }()
		if err := tx.QueryRowContext(ctx, "select count(*) from (select 1 from tally limit 1)").Scan(new(int)); err != nil {
			return err
		}
		all[i] = sqliteSnapshot{tx}
	}
	return read(all)
}

// housekeep writes on a connection of its own. A commit that comes meanwhile
// waits, so whatever is done is to be short.
func (e *sqliteEngine) housekeep(ctx context.Context, do func(hand) error) (err error) {
	if e.keeper == nil || e.desk == nil {
		return errReading
	}
	if err := e.desk.unwritable(); err != nil {
		return err
	}
	defer func() { e.desk.judge(err) }()
	e.writing.Lock()
	defer e.writing.Unlock()
	tx, err := e.keeper.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the first error is the one to tell
		}
	}()
	if err := do(sqliteHand{tx}); err != nil {
		return err
	}
	return tx.Commit()
}

// sqliteHand writes inside a transaction.
type sqliteHand struct{ tx *sql.Tx }

func (h sqliteHand) exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := h.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// insert inserts row by row: a statement with a place for each value of all of them would take far
// longer to be read than to be done.
func (h sqliteHand) insert(ctx context.Context, t *table, rows []record) (err error) {
	one, err := h.tx.PrepareContext(ctx, insertOne(t))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, one.Close()) }()
	for _, r := range rows {
		if _, err := one.ExecContext(ctx, r...); err != nil {
			return err
		}
	}
	return nil
}

// passing is for nothing where one writes at a time.
func (sqliteHand) passing() string { return "" }

// sqliteSnapshot reads inside a transaction.
type sqliteSnapshot struct{ tx *sql.Tx }

func (s sqliteSnapshot) query(ctx context.Context, query string, args ...any) (rows, error) {
	return s.tx.QueryContext(ctx, query, args...) //nolint:rowserrcheck // the caller does
}

// pool looks at the reading connections.
func (e *sqliteEngine) pool() Pool {
	s := e.readers.Stats()
	return Pool{Busy: s.InUse, Idle: s.Idle, Most: s.MaxOpenConnections, Waits: s.WaitCount, Waited: s.WaitDuration}
}

// ping reads something. Whether the file can be written to shows at the next
// commit: the writing connection belongs to the committer alone.
func (e *sqliteEngine) ping(ctx context.Context) error {
	if e.desk != nil {
		if err := e.desk.unwritable(); err != nil {
			return err
		}
	}
	return e.readers.QueryRowContext(ctx, "select count(*) from (select 1 from tally limit 1)").Scan(new(int))
}

// close closes all connections and lets go of the lock. What still reads then
// is told that the database is closed.
func (e *sqliteEngine) close() error {
	var errs []error
	e.closing.Do(func() {
		if e.desk != nil {
			errs = append(errs, e.desk.close())
		}
		for range e.found {
			errs = append(errs, (<-e.finders).close())
		}
		if e.finders != nil {
			close(e.finders)
		}
		errs = append(errs, e.known.close())
		for _, db := range []*sql.DB{e.finding, e.readers, e.keeper, e.writer} {
			if db != nil {
				errs = append(errs, db.Close())
			}
		}
		errs = append(errs, usedFiles.leave(e.used))
		if e.lock != nil {
			errs = append(errs, unlockFile(e.lock))
		}
	})
	return errors.Join(errs...)
}

// The primary result codes that are told apart.
const (
	sqliteError      = 1
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteReadOnly   = 8
	sqliteIOErr      = 10
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteCantOpen   = 14
	sqliteConstraint = 19
	sqliteNotADB     = 26

	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
)

// verdict sorts an error by its result code.
func (e *sqliteEngine) verdict(err error) verdict {
	switch {
	case errors.Is(err, errLost):
		return hindered
	case errors.Is(err, errUnwritable):
		return broken
	}
	failed, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return faulty
	}
	switch code := failed.Code(); {
	case code == sqlitePrimaryKey || code == sqliteUnique:
		return taken
	case code&0xff == sqliteConstraint:
		return faulty
	}
	switch failed.Code() & 0xff {
	case sqliteBusy, sqliteLocked:
		return hindered
	case sqliteReadOnly, sqliteIOErr, sqliteCorrupt, sqliteFull, sqliteCantOpen, sqliteNotADB:
		return broken
	}
	return faulty
}
