package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/purserhq/purser/internal/store"
)

// ErrNotSQLite says that only SQLite is copied by this program: PostgreSQL has
// tools of its own, which know the log of its writes.
var ErrNotSQLite = errors.New("a PostgreSQL database is not copied by purser: its own tools do that")

// Copy is what stands in a file that holds a whole database.
type Copy struct {
	Schema   int64 // the version of its schema
	Rows     int64 // of all tables together
	Bytes    int64
	Findings []store.Finding // nil when its schema is older than what the checks know
}

// Agrees says that the books were proved and nothing was found wrong.
func (c Copy) Agrees() bool {
	wrong := len(c.Findings) == 0
	for _, f := range c.Findings {
		wrong = wrong || f.Wrong != 0
	}
	return !wrong
}

// IsSQLite says that an address is that of a file.
func IsSQLite(url string) bool { return !isPostgres(url) }

// Snapshot writes the database as it is at one moment into a new file, durably
// and readable by its owner only. It works beside a running server and never
// writes over a file. When it fails no file is left.
func Snapshot(ctx context.Context, o Options, to string) (err error) {
	if isPostgres(o.URL) {
		return ErrNotSQLite
	}
	file := sqlitePath(o.URL)
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("find database: %w", err)
	}
	db, err := sql.Open("sqlite", dsn(file, readerCache))
	if err != nil {
		return fmt.Errorf("open %s: %w", file, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return vacuumInto(ctx, db, to)
}

// vacuumInto copies what a connection sees. The name is taken first, so that
// two of them never write one file and nobody else can read it meanwhile.
func vacuumInto(ctx context.Context, db *sql.DB, to string) error {
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("make the copy: %w", err)
	}
	_, err = db.ExecContext(ctx, "vacuum into $1", to) // where it fails, it may leave a journal beside
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(fmt.Errorf("write the copy: %w", err), removeAll(to, to+"-journal"))
	}
	return syncFolder(filepath.Dir(to))
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // the operator names the folder
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// errNotWhole is what is wrong with a file in which not everything can be read.
var errNotWhole = errors.New("is no whole database of purser")

// Inspect looks at a file that no process writes to: whether every page of it
// is whole, how much is in it, and what an audit of it says. The file is left
// as it is.
func Inspect(ctx context.Context, file string, progress func(percent int)) (found Copy, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return found, fmt.Errorf("find the copy: %w", err)
	}
	found.Bytes = info.Size()
	if log, err := os.Stat(file + "-wal"); err == nil && log.Size() > 0 {
		return found, fmt.Errorf("%s has a log of writes beside it, so it is the file of a server and no copy: "+
			"take one with purser backup", file)
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return found, fmt.Errorf("find the copy: %w", err)
	}
	e := &sqliteEngine{file: path}
	address := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: "mode=ro&immutable=1&_pragma=query_only(on)"}
	if e.readers, err = sql.Open("sqlite", address.String()); err != nil {
		return found, fmt.Errorf("open %s: %w", file, err)
	}
	defer func() { err = errors.Join(err, e.close()) }()
	if e.used, err = usedFiles.use(path); err != nil {
		return found, err
	}
	if err := found.look(ctx, e); err != nil {
		return found, fmt.Errorf("%s %w: %w", file, errNotWhole, err)
	}
	if found.Schema < latest() {
		return found, nil
	}
	found.Findings, err = (&DB{engine: e}).Audit(ctx, progress)
	return found, err
}

// look proves the pages of a file and counts what is in them.
func (c *Copy) look(ctx context.Context, e *sqliteEngine) error {
	if err := undamaged(ctx, e.readers, "integrity_check"); err != nil {
		return err
	}
	var err error
	if c.Schema, err = schemaOf(ctx, e.readers); err != nil {
		return err
	}
	c.Rows, err = countRows(ctx, e)
	return err
}

// schemaOf is the version of a database's schema.
func schemaOf(ctx context.Context, db *sql.DB) (version int64, err error) {
	err = db.QueryRowContext(ctx, "select coalesce(max(version_id), 0) from schema_version").Scan(&version)
	return version, err
}

// undamaged runs SQLite's own check of a file.
func undamaged(ctx context.Context, db *sql.DB, check string) error {
	var said string
	if err := db.QueryRowContext(ctx, "pragma "+check).Scan(&said); err != nil {
		return err
	}
	if said != "ok" {
		return errors.New("the file is damaged: " + said)
	}
	return nil
}

// countRows counts those of every table.
func countRows(ctx context.Context, q querier) (total int64, err error) {
	var parts []string
	err = each(ctx, q, "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'",
		func(r row) error {
			var name string
			err := r.Scan(&name)
			parts = append(parts, `select count(*) as n from "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
			return err
		})
	if err != nil {
		return 0, err
	}
	err = each(ctx, q, "select coalesce(sum(n), 0) from ("+strings.Join(parts, " union all ")+")",
		func(r row) error { return r.Scan(&total) })
	return total, err
}

// Restored is what a restore did.
type Restored struct {
	Copy

	Was   int64  // the version of the copy's schema
	Aside string // where the database that was there is now; empty = there was none
}

// Restore puts the content of a file in the place of a database that no process
// uses, after both the file and what was made of it are proved. The database
// that was there is kept under the name that is given. A copy with an older
// schema is brought up to date first. Whatever fails, the database that was
// there stays in its place.
func Restore(ctx context.Context, o Options, from, aside string, progress func(int)) (done Restored, err error) {
	if isPostgres(o.URL) {
		return done, ErrNotSQLite
	}
	o.fill()
	file, err := filepath.Abs(sqlitePath(o.URL))
	if err != nil {
		return done, fmt.Errorf("find %s: %w", o.URL, err)
	}
	_, found := os.Stat(file + ".lock")
	lock, err := lockFile(file + ".lock")
	if err != nil {
		return done, fmt.Errorf("%s: %w", file, err)
	}
	giveBack := unlockFile
	if errors.Is(found, os.ErrNotExist) {
		giveBack = dropLock // until there is something to lock
	}
	defer func() { err = errors.Join(err, giveBack(lock)) }()
	before, err := Inspect(ctx, from, nil)
	if err != nil {
		if errors.Is(err, errNotWhole) {
			err = &unfitError{err}
		}
		return done, err
	}
	done.Was = before.Schema
	fresh := file + ".restoring"
	defer func() { err = errors.Join(err, removeAll(fresh, fresh+"-wal", fresh+"-shm", fresh+".lock")) }()
	if err := copyFile(from, fresh); err != nil {
		return done, err
	}
	if err := GiveToFolder(file+".lock", fresh); err != nil {
		return done, err
	}
	if done.Copy, err = prepare(ctx, o, fresh, before, progress); err != nil || !done.Agrees() {
		return done, err
	}
	if done.Aside, err = moveAside(ctx, file, aside); err != nil {
		return done, err
	}
	if err := os.Rename(fresh, file); err != nil {
		return done, fmt.Errorf("put the copy in its place: %w", err)
	}
	giveBack = unlockFile
	if err := syncFolder(filepath.Dir(file)); err != nil {
		return done, err
	}
	done.Copy, err = Inspect(ctx, file, nil)
	return done, err
}

// removeAll removes those of some files that are there.
func removeAll(files ...string) (err error) {
	for _, name := range files {
		if wrong := os.Remove(name); wrong != nil && !errors.Is(wrong, os.ErrNotExist) {
			err = errors.Join(err, wrong)
		}
	}
	return err
}

// unfitError is what is wrong with a file that was to be put back, and with no database.
type unfitError struct{ error }

// Unwrap is the error itself.
func (e *unfitError) Unwrap() error { return e.error }

// prepare brings a fresh copy up to date and proves it.
func prepare(ctx context.Context, o Options, fresh string, before Copy, progress func(int)) (Copy, error) {
	if before.Schema < latest() {
		o.URL, o.ReadOnly = fresh, false
		if err := upTo(ctx, o, latest()); err != nil {
			return Copy{}, fmt.Errorf("bring the copy up to date: %w", err)
		}
	}
	after, err := Inspect(ctx, fresh, progress)
	if err == nil && before.Schema >= latest() && after.Rows != before.Rows {
		err = fmt.Errorf("the copy changed while it was read: it had %d rows and now has %d", before.Rows, after.Rows)
	}
	return after, err
}

// upTo migrates a file in place.
func upTo(ctx context.Context, o Options, version int64) (err error) {
	e, err := newSQLite(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	s, err := newSchema(goose.DialectSQLite3, e.writer, "sqlite", o.Log)
	if err != nil {
		return err
	}
	_, err = s.provider.UpTo(ctx, version)
	return err
}

// moveAside gives a database, with what is still in its log, a second name
// under which it stays. Empty = there is none, or nothing was ever in it.
func moveAside(ctx context.Context, file, aside string) (string, error) {
	info, err := os.Stat(file)
	if errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the database: %w", err)
	}
	// A link never takes the name of something else, and until the new file
	// takes the old name both are there.
	if err := os.Link(file, aside); err != nil {
		return "", fmt.Errorf("move the database aside: %w", err)
	}
	if emptyLog(ctx, file) == nil {
		return aside, syncFolder(filepath.Dir(file))
	}
	// It cannot be read, which may be why another one is wanted: its log goes with it.
	if err := os.Rename(file+"-wal", aside+"-wal"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("move the database's log aside: %w", err)
	}
	if err := os.Remove(file + "-shm"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("remove the index of the database's log: %w", err)
	}
	return aside, syncFolder(filepath.Dir(file))
}

// emptyLog writes what is in the log of a database into its file and removes
// the log.
func emptyLog(ctx context.Context, file string) (err error) {
	db, err := sql.Open("sqlite", dsn(file, readerCache))
	if err != nil {
		return err
	}
	var busy, inLog, moved int
	err = db.QueryRowContext(ctx, "pragma wal_checkpoint(truncate)").Scan(&busy, &inLog, &moved)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if busy != 0 {
		return errInUse
	}
	log, err := os.Stat(file + "-wal")
	if err == nil && log.Size() > 0 {
		return errors.New("the log is not empty")
	}
	return nil
}

// copyFile copies a file into a new one, durably.
func copyFile(from, to string) (err error) {
	source, err := os.Open(from) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("read the copy: %w", err)
	}
	defer func() { _ = source.Close() }() // it was only read
	// What an earlier attempt left is nobody's.
	target, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600) //nolint:gosec // beside the database
	if err != nil {
		return fmt.Errorf("write the copy: %w", err)
	}
	_, err = target.ReadFrom(source)
	if err == nil {
		err = target.Sync()
	}
	if err := errors.Join(err, target.Close()); err != nil {
		return errors.Join(fmt.Errorf("write the copy: %w", err), os.Remove(to))
	}
	return nil
}
