package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"math/bits"
	"strings"
	"sync"
)

// sqliteFinders is how many more find single rows by their keys.
const sqliteFinders = 2

// openFinders opens the connections that find rows by their keys.
func (e *sqliteEngine) openFinders(ctx context.Context) error {
	for range sqliteFinders {
		d, err := newDesk(ctx, e.finding)
		if err != nil {
			return err
		}
		e.finders <- d
		e.found++
	}
	return nil
}

// errClosed says that a read came too late.
var errClosed = errors.New("the database is closed")

// finder takes one of the finding connections, which is to be given back.
func (e *sqliteEngine) finder(ctx context.Context) (*sqliteDesk, error) {
	select {
	case d := <-e.finders:
		if d == nil {
			return nil, errClosed
		}
		return d, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// find reads on one of the finding connections. A query that may be broken off
// costs as much again as the row: who waits for a connection may go away, and who
// has one is done at once.
func (e *sqliteEngine) find(ctx context.Context, query string, take func(row) error, args ...any) (bool, error) {
	d, err := e.finder(ctx)
	if err != nil {
		return false, err
	}
	defer func() { e.finders <- d }()
	s, err := d.statement(context.WithoutCancel(ctx), query) //nolint:sqlclosecheck // it is kept for the next reader
	if err != nil {
		return false, err
	}
	err = take(s.QueryRowContext(context.WithoutCancel(ctx), args...))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// valuesMany takes the place of the keys in a query.
const valuesMany = "(?...)"

// sqliteFindMany reads whole rows by their keys, each with the place of its key in
// front. SQLite has no arrays, and keys in JSON make each row dearer by a quarter.
func sqliteFindMany(t *table) string {
	return "with n (place, " + t.keyNames() + ") as (values " + valuesMany + ") select n.place, " + prefixed("t", t) +
		" from n cross join " + t.name + " t on " + matches(t, "t")
}

// sqliteFinding is the engine to one of those who gather rows by their keys.
type sqliteFinding struct {
	*sqliteEngine

	texts *sync.Map // of the query, by the number of keys in it
}

// query reads on one of the finding connections, as find does. Its arguments are the
// ids and the merchants.
func (f sqliteFinding) query(ctx context.Context, query string, args ...any) (rows, error) {
	ids, _ := args[0].([]string)
	merchants, _ := args[1].([]string)
	size := 1 << bits.Len(uint(len(ids)-1)) // there are only so many statements; a key that is null finds nothing
	known, ok := f.texts.Load(size)
	if !ok {
		known, _ = f.texts.LoadOrStore(size, strings.Replace(query, valuesMany, valuesOf(size), 1))
	}
	text, _ := known.(string)
	keys := make([]any, 2*size)
	for i, id := range ids {
		keys[2*i], keys[2*i+1] = id, merchants[i]
	}
	d, err := f.finder(ctx)
	if err != nil {
		return nil, err
	}
	s, err := d.statement(context.WithoutCancel(ctx), text) //nolint:sqlclosecheck // it is kept for the next reader
	if err == nil {
		var found *sql.Rows
		if found, err = s.QueryContext(context.WithoutCancel(ctx), keys...); err == nil { //nolint:rowserrcheck // first does
			return borrowed{found, func() { f.finders <- d }}, nil
		}
	}
	f.finders <- d
	return nil, err
}

// valuesOf are so many numbered keys.
func valuesOf(size int) string {
	parts := make([]string, size)
	for i := range parts {
		parts[i] = "(" + place(i)[1:] + ", ?, ?)"
	}
	return strings.Join(parts, ", ")
}

// borrowed are rows of a connection that is given back when they are closed, once.
type borrowed struct {
	*sql.Rows

	giveBack func()
}

// Close gives the connection back.
func (b borrowed) Close() error {
	defer b.giveBack()
	return b.Rows.Close()
}
