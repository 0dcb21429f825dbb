package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func (s sqliteSnapshot) side() bool { return true }

// stream reads the pages of a table, which are always in the order of its key where it
// has no row numbers.
func (s sqliteSnapshot) stream(ctx context.Context, of scan) (stream, error) {
	p, err := openPages(ctx, s.tx)
	if err != nil {
		return nil, err
	}
	l, err := layoutOf(ctx, s.tx, of.table.name)
	if err != nil {
		return nil, fmt.Errorf("look at table %s: %w", of.table.name, err)
	}
	if of.ordered && !l.keyed {
		return nil, errors.New("the rows of table " + of.table.name + " are in no order")
	}
	form, err := l.form(of)
	if err != nil {
		return nil, err
	}
	return readTree(ctx, p, l.root, form)
}

// layout is how the rows of a table are stored.
type layout struct {
	root    uint32
	keyed   bool // without row numbers, and with the columns of the key first
	columns []column
}

// column is one of them, in the order in which rows have them.
type column struct {
	name  string
	key   int
	usual datum // what rows have that are older than the column
}

// layoutOf reads it from the schema.
func layoutOf(ctx context.Context, tx *sql.Tx, name string) (l layout, err error) {
	if err := tx.QueryRowContext(ctx, `select s.rootpage, l.wr from sqlite_schema s
		join pragma_table_list l on l.schema = 'main' and l.name = s.name where s.type = 'table' and s.name = $1`,
		name).Scan(&l.root, &l.keyed); err != nil {
		return l, err
	}
	rows, err := tx.QueryContext(ctx, "select name, pk, dflt_value from pragma_table_info($1) order by cid", name)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var c column
		var usual *string
		if err := rows.Scan(&c.name, &c.key, &usual); err != nil {
			return l, err
		}
		if c.usual, err = literal(usual); err != nil {
			return l, err
		}
		l.columns = append(l.columns, c)
	}
	if l.keyed {
		slices.SortStableFunc(l.columns, func(a, b column) int {
			const behind = 1 << 10
			place := func(c column) int { return (c.key + behind - 1) % behind }
			return place(a) - place(b)
		})
	}
	return l, rows.Err()
}

// literal is a default value of ours: a number or a text.
func literal(of *string) (datum, error) {
	if of == nil {
		return datum{null: true}, nil
	}
	if text, ok := strings.CutPrefix(*of, "'"); ok {
		return datum{text: []byte(strings.TrimSuffix(text, "'"))}, nil
	}
	n, err := strconv.ParseInt(*of, 10, 64)
	return datum{number: n}, err
}

// form says where a row has what a scan wants.
func (l layout) form(of scan) (f rowForm, err error) {
	f.values, f.usual = make(tuple, len(of.columns)), make(tuple, len(of.columns))
	last := 0
	for place, c := range l.columns {
		wanted := slices.Index(of.columns, c.name)
		if f.wanted = append(f.wanted, wanted); wanted >= 0 {
			f.usual[wanted], last = c.usual, place
		}
	}
	f.wanted = f.wanted[:last+1]
	_, err = of.fields()
	return f, err
}
