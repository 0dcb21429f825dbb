package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// Rows counts the rows of a table, for a benchmark to prove what it did.
func (d *DB) Rows(ctx context.Context, table string) (int64, error) {
	return one(ctx, d, fault.CodeInternal, scanOne[int64],
		"select count(*) from "+table)
}

// CommitAlone commits one change of new things in a transaction of its own, as
// a store without groups would, for the benchmark to compare with.
func (d *DB) CommitAlone(ctx context.Context, c store.Change) error {
	o, err := encode(c)
	if err != nil {
		return err
	}
	if e, ok := d.engine.(*postgresEngine); ok {
		return e.commitAlone(ctx, o)
	}
	b := &batch{orders: []*order{o}}
	return errors.Join(d.engine.commit(ctx, b), errors.Join(b.results...))
}

// commitAlone writes one order with plain statements, all in one trip to the
// server: the fewest that a transaction of its own can do with.
func (e *postgresEngine) commitAlone(ctx context.Context, o *order) error {
	var t pgx.Batch
	t.Queue("begin")
	t.Queue(upsertTally, o.merchant, int64(len(o.events)), o.invoices)
	for _, n := range o.nouns {
		t.Queue(insertOne(n.table), n.row...)
	}
	for _, r := range o.entries {
		t.Queue(insertOne(entries), r...)
	}
	// Both lines in one statement, for the books to balance at its end.
	args := append(append(record{}, o.postings[0]...), o.postings[1]...)
	t.Queue(insertOne(postings)+", ($7, $8, $9, $10, $11, $12)", args...)
	for _, m := range o.movements {
		t.Queue(insertOne(accounts)+addBalance, m.key, m.merchant, string(m.account.Role), m.account.Owner,
			string(m.account.Unit), nil, m.steps)
	}
	for _, r := range o.events {
		t.Queue("insert into event ("+events.names()+") select events, $1, $2, $3, $4, $5, $6, $7, $8, $9"+
			" from tally where merchant_id = $1", r[1:]...)
	}
	t.Queue("commit")
	conn, err := e.writers.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return conn.SendBatch(ctx, &t).Close()
}

// watcher collects the plan of every query before it runs it.
type watcher struct {
	engine
	plan []string
}

func (w *watcher) query(ctx context.Context, query string, args ...any) (rows, error) {
	if err := w.explain(ctx, query, args...); err != nil {
		return nil, err
	}
	return w.engine.query(ctx, query, args...)
}

func (w *watcher) explain(ctx context.Context, query string, args ...any) error {
	explain, columns := "explain ", 1
	switch w.engine.(type) {
	case *sqliteEngine, sqliteFinding:
		explain, columns = "explain query plan ", 4
	}
	plan, err := w.engine.query(ctx, explain+query, args...)
	if err != nil {
		return err
	}
	for plan.Next() {
		into := make([]any, columns)
		for i := range into {
			into[i] = new(any)
		}
		if err := plan.Scan(into...); err != nil {
			return errors.Join(err, plan.Close())
		}
		w.plan = append(w.plan, fmt.Sprint(*into[columns-1].(*any)))
	}
	return errors.Join(plan.Err(), plan.Close())
}

// find does the same for the row of a key.
func (w *watcher) find(ctx context.Context, query string, take func(row) error, args ...any) (bool, error) {
	r, err := w.query(ctx, query, args...)
	if err != nil {
		return false, err
	}
	if !r.Next() {
		return false, errors.Join(r.Err(), r.Close())
	}
	return true, errors.Join(take(r), r.Close())
}

// Plan is the plan of all queries of one read, for a test to look at.
func (d *DB) Plan(read func(*DB) error) ([]string, error) {
	w := &watcher{engine: d.engine}
	err := read(&DB{engine: w, options: d.options})
	return w.plan, err
}

// FindPlans are the plans of what gathers rows by their keys.
func (d *DB) FindPlans(ctx context.Context) (plans []string, err error) {
	w := &watcher{}
	queries := []string{d.gather.invoices.query, d.gather.payments.query, d.gather.customers.query}
	if d.gather.keys != nil {
		queries = append(queries, d.gather.keys.query)
	}
	for _, query := range queries {
		switch e := d.engine.(type) {
		case *postgresEngine:
			w.engine = finding{e}
		case *sqliteEngine:
			w.engine = sqliteFinding{e, new(sync.Map)}
		}
		if err := w.explain(ctx, query, []string{"a", "b"}, []string{"m", "m"}); err != nil {
			return nil, err
		}
	}
	return w.plan, nil
}

// DueQuery is the statement of DueDeliveries, for a test to look at its plan.
func (d *DB) DueQuery() string { return d.dueQuery() }

// MigrateTo brings a database to one version of the schema, up or down.
func MigrateTo(ctx context.Context, o Options, version int64) error {
	o.fill()
	s, done, err := openSchema(ctx, o)
	if err != nil {
		return err
	}
	defer done()
	if is, err := s.provider.GetDBVersion(ctx); err != nil {
		return err
	} else if is > version {
		_, err = s.provider.DownTo(ctx, version)
		return err
	}
	_, err = s.provider.UpTo(ctx, version)
	return err
}

// Prepared counts the queries that stay prepared; none on PostgreSQL.
func (d *DB) Prepared() int {
	e, ok := d.engine.(*sqliteEngine)
	if !ok {
		return 0
	}
	e.known.mu.RLock()
	defer e.known.mu.RUnlock()
	return len(e.known.prepared)
}

// QueriesKept is how many of them may.
const QueriesKept = queriesKept

// Histories proves the events, with so many subjects at once.
func (d *DB) Histories(ctx context.Context, most int) (found []store.Finding, err error) {
	err = d.engine.snapshots(ctx, 1, func(all []snapshot) error {
		_, things, err := all[0].sources(ctx, all)
		if err != nil {
			return err
		}
		found, err = histories{most: most}.proveAll(ctx, things)
		return err
	})
	return found, err
}

// Queried is an audit in which no look has proved anything: every check is its query.
func (d *DB) Queried(ctx context.Context) (found []store.Finding, err error) {
	err = d.engine.snapshots(ctx, 1, func(all []snapshot) error {
		_, things, err := all[0].sources(ctx, all)
		if err != nil {
			return err
		}
		history, err := histories{most: rememberMost}.proveAll(ctx, things)
		if err != nil {
			return err
		}
		rest, err := remaining(ctx, all, d.checks(), nil)
		found = slices.Insert(rest, len(rest)-behindHistory, history...)
		return err
	})
	return found, err
}

// Provable are the checks that a look may prove.
func Provable() []string { return slices.Sorted(maps.Keys(proofs)) }

// PlainTexts finds two texts inside a detail.
func PlainTexts(detail, object, one, other string) (texts [2]string, plain bool) {
	var found [2][]byte
	plain = plainTexts([]byte(detail), object, []string{one, other}, found[:])
	return [2]string{string(found[0]), string(found[1])}, plain
}

// UsualReceipt finds the gateway and the receipt of a detail that is as most are.
func UsualReceipt(detail string) (texts [2]string, usual bool) {
	gateway, receipt, usual := usualReceipt([]byte(detail))
	return [2]string{string(gateway), string(receipt)}, usual
}

// Streamed are the columns that looks read, by table.
func Streamed() map[string][]string {
	all := map[string][]string{}
	scans := []scan{entryScan, postingScan, sealedScan, accountScan, eventScan, transferScan}
	for _, t := range allThings {
		scans = append(scans, t.scan)
	}
	for _, s := range scans {
		all[s.table.name] = s.columns
	}
	return all
}

// Stream reads those columns of a table, and says in how many parts.
func (d *DB) Stream(ctx context.Context, name string, ordered bool, look func(values []any)) (parts int, err error) {
	return d.StreamBeside(ctx, name, ordered, look, func() error { return nil })
}

// StreamBeside does so while something else happens, between any two parts and before them.
func (d *DB) StreamBeside(
	ctx context.Context, name string, ordered bool, look func(values []any), beside func() error,
) (parts int, err error) {
	of := scan{sealedTable, Streamed()[name], ordered}
	for _, other := range append(slices.Clone(nouns), events, accounts, entries, postings) {
		if other.name == name {
			of.table = other
		}
	}
	err = d.engine.snapshots(ctx, 1, func(all []snapshot) error {
		if err := beside(); err != nil {
			return err
		}
		_, from, err := all[0].sources(ctx, all)
		if err != nil {
			return err
		}
		divided, err := from.divide(ctx, of)
		if err != nil {
			return err
		}
		for ; ; parts++ {
			if err := beside(); err != nil {
				return errors.Join(err, divided.close())
			}
			part, err := divided.next(ctx)
			if part == nil {
				return errors.Join(err, divided.close())
			}
			if err := eachRow(part[0], look); err != nil {
				return errors.Join(err, divided.close())
			}
		}
	})
	return parts, err
}

// eachRow looks at the rows of a part.
func eachRow(part stream, look func(values []any)) error {
	for {
		row, err := part.next()
		if row == nil {
			return errors.Join(err, part.close())
		}
		values := make([]any, len(row))
		for n, of := range row {
			switch {
			case of.null:
			case of.text != nil:
				values[n] = string(of.text)
			default:
				values[n] = of.number
			}
		}
		look(values)
	}
}

// Moments counts the events of all merchants, as every one of some snapshots has
// them.
func (d *DB) Moments(ctx context.Context, most int) (events []int64, err error) {
	err = d.engine.snapshots(ctx, most, func(all []snapshot) error {
		for _, q := range all {
			var n int64
			if err := each(ctx, q, "select count(*) from event", func(r row) error { return r.Scan(&n) }); err != nil {
				return err
			}
			events = append(events, n)
		}
		return nil
	})
	return events, err
}

// HashText and HashNumber are the server's hashes as we make them.
func HashText(text string, seed int64) int64 { return int64(hashText([]byte(text), uint64(seed))) }

func HashNumber(n, seed int64) int64 { return int64(hashNumber(n, uint64(seed))) }

// PackLess packs less at once until it is undone.
func PackLess(pages, entries int) (undo func()) {
	usual := atOnce
	atOnce.pages, atOnce.entries = pages, entries
	return func() { atOnce = usual }
}

// PackedHistories proves the events from what the server packs, with so many subjects at
// once, and without a look at each.
func (d *DB) PackedHistories(ctx context.Context, most int) (found []store.Finding, proved []string, err error) {
	err = d.engine.snapshots(ctx, auditors, func(all []snapshot) error {
		e := newEvidence(maphash.MakeSeed(), func(int) {})
		e.server, e.packed = newServerSeed(), true
		for shards := uint64(1); ; shards *= 2 {
			f, err := histories{most: most, evidence: e}.packedOnce(ctx, postgresSnapshots(all), shards, room{most, most})
			if errors.Is(err, errFull) {
				e.forget()
				continue
			}
			if err != nil {
				return err
			}
			found = []store.Finding{f.gaps, f.present, f.allowed}
			break
		}
		b := newBooksLook(newEvidence(e.seed, func(int) {}))
		b.server = e.server
		if err := newPackedBooks(b, postgresSnapshots(all)[0]).all(ctx); err != nil {
			return err
		}
		b.plus(e)
		for _, says := range Provable() {
			if b.proves(says) {
				proved = append(proved, says)
			}
		}
		return nil
	})
	return found, proved, err
}

// GatheringLog is the name of the layer between SQLite and its log.
var GatheringLog = gatheringLog

// CopyFile copies a file that nobody writes to.
func CopyFile(from, to string) error { return copyFile(from, to) }
