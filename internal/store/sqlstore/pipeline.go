package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// patience is how long one trip to the database may take before the
// connection counts as broken.
const patience = 30 * time.Second

// isNetwork says that the connection failed, not the statement.
func isNetwork(err error) bool {
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed)
}

// rowsOf selects a set of rows made of one array per column, the first of them behind so many
// other arguments. As a list of columns they are taken row by row; in a from clause the server
// would first put the whole of each array aside.
func rowsOf(columns []field, behind int) string {
	return "select " + list(columns, ", ", func(i int, c field) string { return "unnest(" + arrayAt(c, behind+i) + ")" })
}

// arrayAt is an argument with one column's values.
func arrayAt(c field, at int) string {
	of := "bigint[]"
	switch c.sort {
	case text:
		of = "text[]"
	case binary:
		of = "bytea[]"
	case number, perhaps, once:
	}
	return place(at) + "::" + of
}

// insertMany inserts all rows of an array, in their order.
func insertMany(t *table) string { return insertBehind(t, 0) }

// insertBehind is insertMany in a statement with other arguments in front.
func insertBehind(t *table, behind int) string {
	return "insert into " + t.name + " (" + t.names() + ") " + rowsOf(t.columns, behind)
}

// matches joins a table, under its name or an alias, with the rows n by its key.
func matches(t *table, alias string) string {
	return list(t.columns[:t.key], " and ", func(_ int, c field) string {
		return alias + "." + c.name + " = n." + c.name
	})
}

// updateMany replaces rows by their keys.
func updateMany(t *table) string {
	return "update " + t.name + " set " + t.tail(func(_ int, c field) string { return "n." + c.name }) +
		" from (" + rowsOf(t.columns, 0) + ") as n (" + t.names() + ") where " + matches(t, t.name)
}

// deleteMany removes rows by their keys.
func deleteMany(t *table) string {
	return "delete from " + t.name + " using (" + rowsOf(t.columns[:t.key], 0) + ") as n (" + t.keyNames() + ") where " +
		matches(t, t.name)
}

// lookUpMany reads versions, of accounts the balances, of rows by their keys, behind so many
// other arguments. Each row begins with what the caller calls the table.
func lookUpMany(t *table, called, behind int) string {
	column := "version"
	if t == accounts {
		column = "balance"
	}
	return "select " + strconv.Itoa(called) + ", n." + t.columns[0].name + ", n.merchant_id, t." + column + " from (" +
		rowsOf(t.columns[:t.key], behind) + ") as n (" + t.keyNames() + ") join " + t.name + " t on " + matches(t, "t")
}

// findMany reads whole rows by their keys, each with the place of its key in the
// arrays in front.
func findMany(t *table) string {
	return "select n.place, " + prefixed("t", t) + " from unnest(" +
		list(t.columns[:t.key], ", ", func(i int, c field) string { return arrayAt(c, i) }) +
		") with ordinality as n (" + t.keyNames() + ", place) join " + t.name + " t on " + matches(t, "t")
}

// keysByHash is findMany for keys, whose merchants nobody knows yet.
var keysByHash = "select n.place, " + prefixed("t", keys) +
	" from unnest($1::text[], $2::text[]) with ordinality as n (hash, nobody, place)" +
	" cross join lateral (" + selectFrom(keys, "hash = n.hash limit 1") + ") t"

// updates replace rows of the nouns. A row that is not there any more fails the
// statement, and with it the commit, which is already on its way to the server.
var updates = func() map[*table]string {
	all := make(map[*table]string, len(nouns))
	for _, t := range nouns {
		all[t] = "with done as (" + updateMany(t) + " returning 1) select 1 / (count(*) = " +
			place(len(t.columns)) + "::bigint)::int from done"
	}
	return all
}()

// The other set-based statements.
var (
	tallyMany    = insertMany(tallies) + addTally + " returning merchant_id, events, invoices"
	claimMany    = insertMany(claims) + " on conflict do nothing returning key, kind, merchant_id"
	answerMany   = insertMany(answers) + replaceExpired + place(len(answers.columns)) + " returning key, merchant_id"
	addClaims    = insertMany(claims)
	addAnswers   = insertMany(answers)
	dropClaims   = deleteMany(claims)
	dropAnswers  = deleteMany(answers)
	lowerTallies = "update tally set events = tally.events - n.events, invoices = tally.invoices - n.invoices" +
		" from (" + rowsOf(tallies.columns, 0) + ") as n (" + tallies.names() + ") where " + matches(tallies, "tally")
)

// trip is a row of statements that go to the server together.
type trip struct {
	batch    pgx.Batch
	stage    func(string) error
	injected error
}

// add queues a statement. A fault that a test injects becomes a statement that
// the server refuses, so that those before it have really run.
func (t *trip) add(stage, query string, args ...any) *pgx.QueuedQuery {
	t.pass(stage)
	return t.batch.Queue(query, args...)
}

// pass comes to a stage.
func (t *trip) pass(stage string) {
	if err := t.stage(stage); err != nil {
		t.injected = errors.Join(t.injected, err)
		t.batch.Queue("select 1 / 0")
	}
}

// rows queues a statement over a set of rows, if there are any.
func (t *trip) rows(stage, query string, columns []field, rows []record, more ...any) *pgx.QueuedQuery {
	if len(rows) == 0 {
		return new(pgx.QueuedQuery)
	}
	return t.add(stage, query, append(arrays(columns, rows), more...)...)
}

// send sends what was queued and reads all answers.
func (t *trip) send(ctx context.Context, conn *pgxpool.Conn) error {
	makeRoom(conn.Conn().PgConn(), t.size())
	if err := conn.SendBatch(ctx, &t.batch).Close(); err != nil {
		return errors.Join(err, t.injected)
	}
	return nil
}

// size is about how many bytes it takes.
func (t *trip) size() (bytes int) {
	const message = 512 // with its answer's forms
	for _, q := range t.batch.QueuedQueries {
		bytes += message
		for _, a := range q.Arguments {
			if of, ok := a.(array); ok {
				bytes += of.size() + elementHead
			}
		}
	}
	return bytes
}

// commit makes one batch true: in one trip to the server if everything is as
// could be foreseen, and otherwise in two, one that claims, counts and reads, one
// that writes and commits.
func (e *postgresEngine) commit(ctx context.Context, b *batch) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := e.options.stage("begin"); err != nil {
		return err
	}
	conn, err := e.writers.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Release() // which closes a connection that is left in a transaction
	w := wish(b.orders, b.carefully)
	if s, ok := e.assumed.assume(b, w); ok {
		done, err := e.foreseen(ctx, conn, s)
		if done && err == nil {
			err = e.committed(conn)
		}
		if done {
			return err
		}
	}
	k, err := e.reserve(ctx, conn, w)
	if err != nil {
		e.rollback(ctx, conn)
		if isReadOnly(err) {
			e.reset()
		}
		return err
	}
	p := b.decide(k)
	if p.accepted == 0 {
		e.rollback(ctx, conn)
		return nil
	}
	if err := e.write(ctx, conn, p); err != nil {
		if isUncertain(err) {
			return errors.Join(errUncertain, err)
		}
		e.rollback(ctx, conn)
		return err
	}
	e.assumed.learn(k.counts, false)
	return e.committed(conn)
}

// committed is an error if the server was told to commit and may not have kept it.
func (e *postgresEngine) committed(conn *pgxpool.Conn) error {
	if err := errors.Join(e.options.stage("committed"), warned(conn)); err != nil {
		return errors.Join(errUncertain, err)
	}
	return nil
}

// isReadOnly says that the server takes no writes: it is not the primary any more.
func isReadOnly(err error) bool {
	failed, ok := errors.AsType[*pgconn.PgError](err)
	return ok && failed.Code == "25006"
}

// warning is the key of a connection's own note that its server has warned.
const warning = "purser_warning"

// noteWarning keeps a warning with its connection. A server that stops waiting
// for its synchronous standby, because somebody canceled the wait, says that it
// has committed, and only warns that the standby may not have it.
func noteWarning(conn *pgconn.PgConn, n *pgconn.Notice) {
	if n.Code == "01000" {
		conn.CustomData()[warning] = n.Message
	}
}

// warned is an error once the connection's server has warned, and forgets it.
func warned(conn *pgxpool.Conn) error {
	notes := conn.Conn().PgConn().CustomData()
	text, ok := notes[warning]
	if !ok {
		return nil
	}
	delete(notes, warning)
	return fmt.Errorf("the database warned: %v", text)
}

// rollback ends a transaction that is not to be committed.
func (e *postgresEngine) rollback(ctx context.Context, conn *pgxpool.Conn) {
	if _, err := conn.Exec(ctx, "rollback"); err != nil {
		e.options.Log.Debug("rollback failed", "error", err)
	}
}

// isUncertain says that the server was told to commit and gave no clear answer.
func isUncertain(err error) bool {
	failed, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return true
	}
	return strings.HasPrefix(failed.Code, "57") || strings.HasPrefix(failed.Code, "08")
}

// reserve begins the transaction, takes the merchants' locks and learns what
// the replay needs. Every later statement sees what others committed before
// they gave the lock up, since each has a snapshot of its own.
func (e *postgresEngine) reserve(ctx context.Context, conn *pgxpool.Conn, w want) (known, error) {
	k := newKnown(w)
	t := trip{stage: e.options.stage}
	t.batch.Queue("begin")
	added := make(map[string]count, len(w.tallies))
	for _, r := range w.tallies {
		added[r[0].(string)] = count{events: r[1].(int64), invoices: r[2].(int64)}
	}
	t.rows("tally", tallyMany, tallies.columns, w.tallies).Query(func(r pgx.Rows) error {
		var merchant string
		var now count
		_, err := pgx.ForEachRow(r, []any{&merchant, &now.events, &now.invoices}, func() error {
			by := added[merchant]
			k.counts[merchant] = count{events: now.events - by.events, invoices: now.invoices - by.invoices}
			return nil
		})
		return err
	})
	var c claimKey
	t.rows("claims", claimMany, claims.columns, w.claims).Query(func(r pgx.Rows) error {
		_, err := pgx.ForEachRow(r, []any{&c.key, &c.kind, &c.merchant}, func() error {
			k.fresh[c] = true
			return nil
		})
		return err
	})
	t.rows("answers", answerMany, answers.columns, w.answers, micros(e.options.Now())).Query(func(r pgx.Rows) error {
		a := claimKey{kind: answerKind}
		_, err := pgx.ForEachRow(r, []any{&a.key, &a.merchant}, func() error {
			k.fresh[a] = true
			return nil
		})
		return err
	})
	t.look(w, k)
	return k, t.send(ctx, conn)
}

// looked are the tables that are looked at in one statement: two of those that a batch mostly
// wants together, and each of the others alone.
var looked = func() [][]*table {
	all := [][]*table{{customers, accounts}, {invoices, payments}}
	for _, noun := range nouns {
		if !slices.ContainsFunc(all, func(together []*table) bool { return slices.Contains(together, noun) }) {
			all = append(all, []*table{noun})
		}
	}
	return all
}()

// look queues the look at the versions of nouns and at the balances that may not fall
// below zero.
func (t *trip) look(w want, k known) {
	for _, together := range looked {
		var parts []string
		var wanted []any
		for n, of := range together {
			if ids, merchants := w.keysOf(of); len(ids) > 0 {
				parts = append(parts, lookUpMany(of, n, len(wanted)))
				wanted = append(wanted, []any{ids, merchants}[:of.key]...)
			}
		}
		if len(parts) == 0 {
			continue
		}
		var of int
		var id, merchant string
		var found int64
		t.add("look", strings.Join(parts, " union all "), wanted...).Query(func(r pgx.Rows) error {
			_, err := pgx.ForEachRow(r, []any{&of, &id, &merchant, &found}, func() error {
				k.note(together[of], id, merchant, found)
				return nil
			})
			return err
		})
	}
}

// keysOf are the ids and merchants of what a batch looks at in a table.
func (w want) keysOf(t *table) (ids, merchants []string) {
	if t == accounts {
		for _, a := range w.floors {
			ids, merchants = append(ids, a.key), append(merchants, a.merchant)
		}
		return ids, merchants
	}
	for _, n := range w.versions[t] {
		ids, merchants = append(ids, n.id), append(merchants, n.merchant)
	}
	return ids, merchants
}

// note keeps the balance of an account, or the version of anything else.
func (k known) note(t *table, id, merchant string, n int64) {
	if t == accounts {
		k.balances[accountKey{key: id, merchant: merchant}] = n
		return
	}
	k.versions[nounKey{table: t, id: id, merchant: merchant}] = n
}

// bookParts are the parts of a statement that write what is booked, behind so many other
// arguments: postings, entries and accounts.
func bookParts(behind int) []string {
	entry := behind + len(postings.columns)
	account := entry + len(entries.columns)
	return []string{
		"posted as (" + insertBehind(postings, behind) + ")", "booked as (" + insertBehind(entries, entry) + ")",
		"moved as (" + insertBehind(accounts, account) + addBalance + ")",
	}
}

// made queues one statement that writes everything new: nouns, what is booked, and the
// events.
func (t *trip) made(p plan) {
	var parts []string
	var args []any
	for _, n := range nouns {
		if rows := p.inserts[n]; len(rows) > 0 {
			t.pass("insert " + n.name)
			parts = append(parts, "new_"+n.name+" as ("+insertBehind(n, len(args))+")")
			args = append(args, arrays(n.columns, rows)...)
		}
	}
	if len(p.entries) > 0 {
		t.pass("books")
		parts = append(parts, bookParts(len(args))...)
		args = slices.Concat(args, arrays(postings.columns, p.postings), arrays(entries.columns, p.entries),
			arrays(accounts.columns, p.accounts))
	}
	if len(p.events) > 0 {
		t.pass("event")
	}
	if len(args)+len(p.events) == 0 {
		return
	}
	with := ""
	if len(parts) > 0 {
		with = "with " + strings.Join(parts, ", ") + " "
	}
	t.batch.Queue(with+insertBehind(events, len(args)), append(args, arrays(events.columns, p.events)...)...)
}

// write writes what the replay left and commits.
func (e *postgresEngine) write(ctx context.Context, conn *pgxpool.Conn, p plan) error {
	t := trip{stage: e.options.stage}
	t.writes(p)
	return t.send(ctx, conn)
}

// writes queues all that a plan writes, and the commit.
func (t *trip) writes(p plan) {
	t.rows("undo", dropClaims, claims.columns[:claims.key], p.dropClaims)
	t.rows("undo", dropAnswers, answers.columns[:answers.key], p.dropAnswers)
	t.rows("undo", addClaims, claims.columns, p.addClaims)
	t.rows("undo", addAnswers, answers.columns, p.addAnswers)
	t.rows("undo", lowerTallies, tallies.columns, p.lower)
	for _, n := range nouns {
		t.rows("update "+n.name, updates[n], n.columns, p.updates[n], int64(len(p.updates[n])))
	}
	t.made(p)
	t.add("commit", "commit")
}

// landed asks whether a batch was committed whose answer was lost. It first
// takes the merchant's lock, so that a commit that is still under way ends
// before the look. What is found may not be on the synchronous standby yet, so
// the look commits too, behind it, and waits as a commit does.
func (e *postgresEngine) landed(ctx context.Context, last record) (found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := e.writers.Acquire(ctx)
	if err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	defer conn.Release()
	defer e.rollback(ctx, conn)
	if _, err := conn.Exec(ctx, "begin"); err != nil {
		return false, err
	}
	if _, err := conn.Exec(ctx, upsertTally, last[1], 0, 0); err != nil {
		return false, err
	}
	err = conn.QueryRow(ctx, "select exists ("+recognise+")", last[0], last[1], last[3], last[4], last[9]).Scan(&found)
	if err != nil || !found {
		return false, err
	}
	if _, err := conn.Exec(ctx, "commit"); err != nil {
		return false, err
	}
	return true, warned(conn)
}
