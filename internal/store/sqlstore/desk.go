package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"

	"modernc.org/sqlite"
)

// sqliteDesk is a connection of SQLite with its statements prepared: the one that
// writes, or one that finds rows by their keys. One caller at a time.
type sqliteDesk struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	writers    map[string]driver.Stmt // of the driver itself, see exec
	broken     atomic.Pointer[error]  // why the file can no longer be written to
}

// newDesk takes a connection for good.
func newDesk(ctx context.Context, db *sql.DB) (*sqliteDesk, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("take a connection: %w", err)
	}
	return &sqliteDesk{
		conn: conn, statements: make(map[string]*sql.Stmt), writers: make(map[string]driver.Stmt),
	}, nil
}

// errUnwritable says that the file is no longer written to until somebody has
// looked at the disk and started the server again.
var errUnwritable = errors.New("the disk failed during a commit, so nothing more is written")

// unwritable is why nothing more is written, or nil.
func (d *sqliteDesk) unwritable() error {
	if err := d.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// judge remembers a disk that failed: what it then holds of a transaction
// nobody knows, and trying again would only make it look as if it were durable.
func (d *sqliteDesk) judge(err error) {
	failed, ok := errors.AsType[*sqlite.Error](err)
	if (ok && failed.Code()&0xff == sqliteIOErr) || errors.Is(err, syscall.EIO) {
		err = errors.Join(errUnwritable, err)
		d.broken.CompareAndSwap(nil, &err)
	}
}

// close gives the connection back.
func (d *sqliteDesk) close() error {
	errs := make([]error, 0, len(d.statements)+len(d.writers)+1)
	for _, s := range d.statements {
		errs = append(errs, s.Close())
	}
	err := d.conn.Raw(func(any) error {
		for _, s := range d.writers {
			errs = append(errs, s.Close())
		}
		return nil
	})
	errs = append(errs, err)
	return errors.Join(append(errs, d.conn.Close())...)
}

// statement prepares a statement once.
func (d *sqliteDesk) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := d.statements[query]; ok {
		return s, nil
	}
	s, err := d.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare %q: %w", query, err)
	}
	d.statements[query] = s
	return s, nil
}

// exec runs a statement once for each record and counts the rows it touched. It
// asks the driver itself: database/sql would look at every value of every row anew,
// and a record holds nothing but what the driver takes.
func (d *sqliteDesk) exec(ctx context.Context, query string, records ...record) (touched int64, err error) {
	err = d.conn.Raw(func(conn any) error {
		s, err := d.writer(ctx, conn, query)
		if err != nil {
			return err
		}
		var values []driver.NamedValue
		for _, r := range records {
			values = values[:0]
			for i, v := range r {
				values = append(values, driver.NamedValue{Ordinal: i + 1, Value: v})
			}
			result, err := s.ExecContext(ctx, values)
			if err != nil {
				return fmt.Errorf("run %q: %w", query, err)
			}
			n, err := result.RowsAffected()
			if err != nil {
				return fmt.Errorf("count rows of %q: %w", query, err)
			}
			touched += n
		}
		return nil
	})
	return touched, err
}

// writer prepares a statement of the driver itself once.
func (d *sqliteDesk) writer(ctx context.Context, conn any, query string) (driver.StmtExecContext, error) {
	s, ok := d.writers[query]
	if !ok {
		with, ok := conn.(driver.ConnPrepareContext)
		if !ok {
			return nil, fmt.Errorf("prepare %q: %T cannot", query, conn)
		}
		var err error
		if s, err = with.PrepareContext(ctx, query); err != nil {
			return nil, fmt.Errorf("prepare %q: %w", query, err)
		}
		d.writers[query] = s
	}
	runs, ok := s.(driver.StmtExecContext)
	if !ok {
		return nil, fmt.Errorf("run %q: %T cannot", query, s)
	}
	return runs, nil
}

// read reads one row, if there is one.
func (d *sqliteDesk) read(ctx context.Context, query string, into []any, args ...any) (found bool, err error) {
	s, err := d.statement(ctx, query) //nolint:sqlclosecheck // it is kept for the next batch
	if err != nil {
		return false, err
	}
	switch err := s.QueryRowContext(ctx, args...).Scan(into...); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("run %q: %w", query, err)
	}
	return true, nil
}

// number reads one number, if there is a row.
func (d *sqliteDesk) number(ctx context.Context, query string, args ...any) (n int64, found bool, err error) {
	found, err = d.read(ctx, query, []any{&n}, args...)
	return n, found, err
}

// commit makes one batch true.
func (e *sqliteEngine) commit(ctx context.Context, b *batch) (err error) {
	d := e.desk
	if err := d.unwritable(); err != nil {
		return err
	}
	defer func() { d.judge(err) }()
	if err := e.options.stage("begin"); err != nil {
		return err
	}
	e.writing.Lock()
	defer e.writing.Unlock()
	if _, err := d.exec(ctx, "begin immediate", nil); err != nil {
		return err
	}
	open := true
	defer func() {
		if !open {
			return
		}
		// Some errors have ended the transaction already.
		if _, wrong := d.exec(ctx, "rollback", nil); err != nil && wrong != nil && !errors.Is(err, errUncertain) {
			e.options.Log.Debug("rollback failed", "error", wrong)
		}
	}()
	k, err := e.reserve(ctx, wish(b.orders, b.carefully))
	if err != nil {
		return err
	}
	p := b.decide(k)
	if p.accepted == 0 {
		return nil
	}
	if err := e.write(ctx, p); err != nil {
		return err
	}
	if err := e.options.stage("commit"); err != nil {
		return err
	}
	if _, err := d.exec(ctx, "commit", nil); err != nil {
		return err
	}
	open = false
	return e.committed()
}

// committed lets a test lose the answer of the database.
func (e *sqliteEngine) committed() error {
	if err := e.options.stage("committed"); err != nil {
		return errors.Join(errUncertain, err)
	}
	return nil
}

// The statements that both engines build from the tables.
const (
	dropClaim  = "delete from claim where key = $1 and kind = $2 and merchant_id = $3"
	dropAnswer = "delete from answer where key = $1 and merchant_id = $2"
	countsOf   = "select events, invoices from tally where merchant_id = $1"
	lowerTally = "update tally set events = events - $2, invoices = invoices - $3 where merchant_id = $1"
)

// The same of SQLite alone, built once.
var (
	claimOne   = insertOne(claims) + " on conflict do nothing"
	answerOne  = insertOne(answers) + replaceExpired + place(len(answers.columns))
	accountOne = insertOne(accounts) + addBalance
)

// reserve claims, counts and reads.
func (e *sqliteEngine) reserve(ctx context.Context, w want) (known, error) {
	k, d := newKnown(w), e.desk
	if err := e.options.stage("tally"); err != nil {
		return k, err
	}
	for _, t := range w.tallies {
		// Nobody else writes meanwhile, so nothing need be returned: for that
		// SQLite would make a table of its own each time.
		var before count
		if _, err := d.read(ctx, countsOf, []any{&before.events, &before.invoices}, t[0]); err != nil {
			return k, err
		}
		if _, err := d.exec(ctx, upsertTally, t); err != nil {
			return k, err
		}
		k.counts[t[0].(string)] = before
	}
	if err := e.reserveKeys(ctx, w, k); err != nil {
		return k, err
	}
	if err := e.options.stage("versions"); err != nil {
		return k, err
	}
	for _, t := range nouns {
		for _, n := range w.versions[t] {
			args := []any{n.id, n.merchant}
			version, found, err := d.number(ctx, versionOf(t), args[:t.key]...)
			if err != nil {
				return k, err
			}
			if found {
				k.versions[n] = version
			}
		}
	}
	for _, a := range w.floors {
		balance, _, err := d.number(ctx, "select balance from account where key = $1 and merchant_id = $2",
			a.key, a.merchant)
		if err != nil {
			return k, err
		}
		k.balances[a] = balance
	}
	return k, nil
}

// reserveKeys claims the keys of claims and answers.
func (e *sqliteEngine) reserveKeys(ctx context.Context, w want, k known) error {
	if len(w.claims) > 0 {
		if err := e.options.stage("claims"); err != nil {
			return err
		}
	}
	for _, c := range w.claims {
		n, err := e.desk.exec(ctx, claimOne, c)
		if err != nil {
			return err
		}
		k.fresh[claimKey{c[0].(string), c[1].(string), c[2].(string)}] = n > 0
	}
	if len(w.answers) > 0 {
		if err := e.options.stage("answers"); err != nil {
			return err
		}
	}
	now := micros(e.options.Now())
	for _, a := range w.answers {
		row := append(a[:len(a):len(a)], now)
		n, err := e.desk.exec(ctx, answerOne, row)
		if err != nil {
			return err
		}
		k.fresh[claimKey{a[0].(string), answerKind, a[1].(string)}] = n > 0
	}
	return nil
}

// write writes what the replay left. Postings come before their entries, which
// seal them.
func (e *sqliteEngine) write(ctx context.Context, p plan) error {
	type step struct {
		name, query string
		rows        []record
	}
	steps := []step{
		{"undo", dropClaim, p.dropClaims},
		{"undo", dropAnswer, p.dropAnswers},
		{"undo", insertOne(claims), p.addClaims},
		{"undo", insertOne(answers), p.addAnswers},
		{"undo", lowerTally, p.lower},
	}
	for _, t := range nouns {
		steps = append(steps,
			step{"insert " + t.name, insertOne(t), p.inserts[t]},
			step{"update " + t.name, updateOne(t), p.updates[t]})
	}
	steps = append(steps,
		step{"posting", insertOne(postings), p.postings},
		step{"entry", insertOne(entries), p.entries},
		step{"account", accountOne, p.accounts},
		step{"event", insertOne(events), p.events})
	for _, s := range steps {
		if len(s.rows) == 0 {
			continue
		}
		if err := e.options.stage(s.name); err != nil {
			return err
		}
		n, err := e.desk.exec(ctx, s.query, s.rows...)
		if err != nil {
			return err
		}
		if n != int64(len(s.rows)) {
			return fmt.Errorf("%s: %d rows were written instead of %d", s.name, n, len(s.rows))
		}
	}
	return nil
}

// landed asks whether a batch was committed whose answer was lost.
func (e *sqliteEngine) landed(ctx context.Context, last record) (bool, error) {
	_, found, err := e.desk.number(ctx, recognise, last[0], last[1], last[3], last[4], last[9])
	return found, err
}
