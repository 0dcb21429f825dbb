package sqlstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// postgresEngine is one PostgreSQL database. Readers and committers have pools
// of their own, so that neither waits for a connection of the other.
type postgresEngine struct {
	options Options
	writers *pgxpool.Pool // nil when opened for reading only
	readers *pgxpool.Pool
	finders *pgxpool.Pool // of those who read rows by their keys
	assumed assumptions
}

// pools are those that are open.
func (e *postgresEngine) pools() []*pgxpool.Pool {
	return slices.DeleteFunc([]*pgxpool.Pool{e.finders, e.readers, e.writers},
		func(p *pgxpool.Pool) bool { return p == nil })
}

// oldest is the oldest version of PostgreSQL that is used.
const oldest = 140000

// postgresConfig reads an address.
func postgresConfig(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database's address: %w", err)
	}
	config.ConnConfig.RuntimeParams["application_name"] = "purser"
	config.ConnConfig.RuntimeParams["jit"] = "off"
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = dialPatience
	}
	return config, nil
}

// readMuch reads more at once than is usual: an audit has little else to do.
func readMuch(r io.Reader, w io.Writer) *pgproto3.Frontend {
	return pgproto3.NewFrontend(bufio.NewReaderSize(r, chunk), w)
}

// dialPatience is how long one host may take to let us in, before the next one
// of the address is asked.
const dialPatience = 5 * time.Second

// onPrimary keeps off servers that take no writes, unless the address says
// whom it wants: of several hosts one is the primary, and not always the same.
func onPrimary(config *pgxpool.Config) {
	if config.ConnConfig.ValidateConnect == nil {
		config.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
}

// openPostgres connects to the database for service.
func openPostgres(ctx context.Context, o Options) (_ engine, done Migrated, err error) {
	config, err := postgresConfig(o.URL)
	if err != nil {
		return nil, done, err
	}
	if !o.ReadOnly {
		onPrimary(config)
		if done, err = readyPostgres(ctx, config.ConnConfig, o); err != nil {
			return nil, done, err
		}
	}
	if o.ReadOnly {
		config.ConnConfig.BuildFrontend = readMuch
	}
	e := &postgresEngine{options: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if !o.ReadOnly {
		if e.writers, err = pgxpool.NewWithConfig(ctx, writing(config, o.Committers)); err != nil {
			return nil, done, fmt.Errorf("connect: %w", err)
		}
		if err := assertPostgres(ctx, e.writers); err != nil {
			return nil, done, err
		}
	}
	if e.finders, err = pgxpool.NewWithConfig(ctx, byKeys(config, findersAtOnce)); err != nil {
		return nil, done, fmt.Errorf("connect: %w", err)
	}
	config.MaxConns = int32(max(1, min(o.Pool, 1000)-findersAtOnce))
	config.AfterConnect = knowArrays
	if e.readers, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, done, fmt.Errorf("connect: %w", err)
	}
	return e, done, nil
}

// readyPostgres brings the schema up to date.
func readyPostgres(ctx context.Context, config *pgx.ConnConfig, o Options) (done Migrated, err error) {
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	s, err := newSchema(goose.DialectPostgres, db, "postgres", o.Log)
	if err != nil {
		return done, err
	}
	return s.ready(ctx, o.NoMigrate)
}

// findersAtOnce is how many connections gather rows by their keys. They are among
// those that read.
const findersAtOnce = 2

// byKeys is the configuration of connections whose statements all find rows by
// key: a plan that was made while a table was empty must not read the whole of it
// later.
func byKeys(config *pgxpool.Config, most int) *pgxpool.Config {
	c := config.Copy()
	c.MaxConns = int32(min(most, 1000)) //nolint:gosec // it is small
	c.AfterConnect = knowArrays
	for name, value := range map[string]string{
		"plan_cache_mode":  "force_generic_plan",
		"enable_seqscan":   "off",
		"enable_hashjoin":  "off",
		"enable_mergejoin": "off",
	} {
		c.ConnConfig.RuntimeParams[name] = value
	}
	return c
}

// writing is the configuration of the committers' connections.
func writing(config *pgxpool.Config, committers int) *pgxpool.Config {
	w := byKeys(config, committers)
	w.MinConns = w.MaxConns
	w.ConnConfig.OnNotice = noteWarning
	w.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "30s"
	return w
}

// assertPostgres refuses a server that would not keep an acknowledged change.
func assertPostgres(ctx context.Context, pool *pgxpool.Pool) error {
	var version int
	var fsync, pages, commit string
	err := pool.QueryRow(ctx, "select current_setting('server_version_num')::int, current_setting('fsync'),"+
		" current_setting('full_page_writes'), current_setting('synchronous_commit')").
		Scan(&version, &fsync, &pages, &commit)
	if err != nil {
		return fmt.Errorf("read the server's settings: %w", err)
	}
	if version < oldest {
		return fmt.Errorf("PostgreSQL %d is too old: at least version %d is needed", version/10000, oldest/10000)
	}
	for _, a := range []struct{ name, got string }{
		{"fsync", fsync}, {"full_page_writes", pages}, {"synchronous_commit", commit},
	} {
		if a.got == "off" {
			return fmt.Errorf("PostgreSQL runs with %s = off: a power cut would lose acknowledged changes", a.name)
		}
	}
	return nil
}

// postgresRows closes as the port wants it.
type postgresRows struct{ pgx.Rows }

func (r postgresRows) Close() error {
	r.Rows.Close()
	return nil
}

// query reads on one of the reading connections.
func (e *postgresEngine) query(ctx context.Context, query string, args ...any) (rows, error) {
	r, err := e.readers.Query(ctx, query, args...)
	return postgresRows{r}, err
}

// find reads on one of the reading connections.
func (e *postgresEngine) find(ctx context.Context, query string, take func(row) error, args ...any) (bool, error) {
	r, err := e.readers.Query(ctx, query, args...)
	if err != nil {
		return false, err
	}
	defer r.Close()
	if !r.Next() {
		return false, r.Err()
	}
	return true, take(r)
}

// finding is the engine to those who read rows by their keys.
type finding struct{ *postgresEngine }

// query reads on one of the connections for that.
func (f finding) query(ctx context.Context, query string, args ...any) (rows, error) {
	r, err := f.finders.Query(ctx, query, args...)
	return postgresRows{r}, err
}

// among passes the values as one array.
func (e *postgresEngine) among(column string, values []string) (string, any, error) {
	return column + " = any($1::text[])", values, nil
}

// detailText reads a text inside a detail.
func (e *postgresEngine) detailText(path ...string) string {
	return "(detail::json #>> '{" + strings.Join(path, ",") + "}')"
}

// forEach joins laterally.
func (e *postgresEngine) forEach(t *table, alias, where string) string {
	return "cross join lateral (" + selectFrom(t, where) + ") " + alias
}

// withPostings looks for each by its key. The server would rather read all postings there are.
func (e *postgresEngine) withPostings() string {
	return "left join lateral (select line, account, unit, amount from posting" +
		" where entry_id = e.id and merchant_id = e.merchant_id offset 0) p on true"
}

// snapshots reads in transactions that begin at the moment of the first. There are fewer
// where the server has no more connections to give.
func (e *postgresEngine) snapshots(ctx context.Context, most int, read func([]snapshot) error) error {
	var all []snapshot
	moment := ""
	var begin func() error
	begin = func() error {
		if len(all) == max(1, min(most, int(e.readers.Config().MaxConns))) {
			return read(all)
		}
		conn, err := e.readers.Acquire(ctx)
		if err != nil && len(all) > 0 && ctx.Err() == nil {
			return read(all)
		}
		if err != nil {
			return err
		}
		defer conn.Release()
		return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
			func(tx pgx.Tx) error {
				var err error
				if moment == "" {
					err = tx.QueryRow(ctx, "select pg_export_snapshot()").Scan(&moment)
				} else {
					_, err = tx.Exec(ctx, "set transaction snapshot '"+moment+"'") // the server's own word
				}
				if err != nil {
					return err
				}
				all = append(all, postgresSnapshot{tx})
				return begin()
			})
	}
	return begin()
}

// housekeep writes on one of the reading connections: those of the committers
// are theirs alone.
func (e *postgresEngine) housekeep(ctx context.Context, do func(hand) error) error {
	if e.writers == nil {
		return errReading
	}
	return pgx.BeginFunc(ctx, e.readers, func(tx pgx.Tx) error { return do(postgresHand{tx}) })
}

// postgresHand writes inside a transaction.
type postgresHand struct{ tx pgx.Tx }

func (h postgresHand) exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := h.tx.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

// insert passes each column as an array.
func (h postgresHand) insert(ctx context.Context, t *table, rows []record) error {
	_, err := h.tx.Exec(ctx, insertMany(t), arrays(t.columns, rows)...)
	return err
}

// passing passes over rows that are locked.
func (postgresHand) passing() string { return skipLocked }

// skipLocked passes over rows that somebody else has.
const skipLocked = " for update skip locked"

// postgresSnapshot reads inside a transaction.
type postgresSnapshot struct{ tx pgx.Tx }

func (s postgresSnapshot) query(ctx context.Context, query string, args ...any) (rows, error) {
	r, err := s.tx.Query(ctx, query, args...)
	return postgresRows{r}, err
}

// ping asks whether the server answers and takes writes: a standby does not.
func (e *postgresEngine) ping(ctx context.Context) error {
	var standby bool
	if err := e.readers.QueryRow(ctx, "select pg_is_in_recovery()").Scan(&standby); err != nil {
		return err
	}
	if standby {
		e.reset()
		return errors.New("the database server is a standby and takes no writes")
	}
	return nil
}

// reset gives all connections back: their server was the primary when they were
// made, and is not any more. The next ones look for the primary again.
func (e *postgresEngine) reset() {
	for _, p := range e.pools() {
		p.Reset()
	}
}

// pool looks at the reading connections.
func (e *postgresEngine) pool() Pool {
	var sum Pool
	for _, p := range []*pgxpool.Pool{e.finders, e.readers} {
		s := p.Stat()
		sum.Busy += int(s.AcquiredConns())
		sum.Idle += int(s.IdleConns())
		sum.Most += int(s.MaxConns())
		sum.Waits += s.EmptyAcquireCount()
		sum.Waited += s.EmptyAcquireWaitTime()
	}
	return sum
}

// close closes all pools. What still reads then is told that the database is
// closed.
func (e *postgresEngine) close() error {
	for _, p := range e.pools() {
		p.Close()
	}
	return nil
}

// verdict sorts an error by its code. What is no answer of the server is a
// connection that broke.
func (e *postgresEngine) verdict(err error) verdict {
	if errors.Is(err, errLost) {
		return hindered
	}
	failed, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || pgconn.SafeToRetry(err) || isNetwork(err) {
			return broken
		}
		return faulty
	}
	switch failed.Code {
	case "23505":
		return taken
	case "40001", "40P01", "55P03":
		return hindered
	}
	switch failed.Code[:min(2, len(failed.Code))] {
	case "08", "53", "57", "58", "25":
		return broken
	}
	return faulty
}
