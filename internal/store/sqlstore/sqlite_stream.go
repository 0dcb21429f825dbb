package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// sqliteTables reads the pages of tables, which are always in the order of their keys where
// they have no row numbers.
type sqliteTables struct {
	sqliteSnapshot

	pages *pages
}

// sources are the same for both looks.
func (s sqliteSnapshot) sources(ctx context.Context, all []snapshot) (books, things source, err error) {
	var txs []*sql.Tx
	for _, of := range all {
		if other, ok := of.(sqliteSnapshot); ok {
			txs = append(txs, other.tx)
		}
	}
	p, err := openPages(ctx, txs)
	whole := &sqliteTables{s, p}
	return whole, whole, err
}

// readers are more than there are processors: while some wait for the disk others work. A
// page is fetched in a small part of the time that its rows take, so they need no transaction
// each.
func (s *sqliteTables) readers() int {
	const each = 4
	return each * runtime.GOMAXPROCS(0)
}

func (s *sqliteTables) divide(ctx context.Context, of ...scan) (parts, error) {
	d := &division{}
	for n, table := range of {
		l, err := layoutOf(ctx, s.tx, table.table.name)
		if err != nil {
			return nil, fmt.Errorf("look at table %s: %w", table.table.name, err)
		}
		if (table.ordered || len(of) > 1) && !l.keyed {
			return nil, errors.New("the rows of table " + table.table.name + " are in no order")
		}
		form, err := l.form(table)
		if err != nil {
			return nil, err
		}
		tree := &tree{ctx: ctx, pages: s.pages, root: l.root, form: form, met: s.pages.none()}
		d.tables = append(d.tables, tree)
		if n == 0 {
			d.borders, err = tree.borders()
		} else {
			err = d.follow(tree)
		}
		if err != nil {
			return nil, fmt.Errorf("look at table %s: %w", table.table.name, err)
		}
	}
	return d, nil
}

// division is some tables in parts, which have the same borders.
type division struct {
	tables  []*tree
	borders []border // of the first
	others  [][]trail
	given   int

	mu   sync.Mutex
	idle []*tree // of parts that were read
}

// follow finds the borders of another table.
func (d *division) follow(t *tree) error {
	f := &search{tree: t}
	places := make([]trail, len(d.borders))
	for n, b := range d.borders {
		var err error
		if places[n], err = f.find(b.key); err != nil {
			return err
		}
	}
	d.others = append(d.others, places)
	return nil
}

// trail is where a part of a table begins.
func (d *division) trail(table, part int) trail {
	switch {
	case part == 0 || part > len(d.borders):
		return nil
	case table == 0:
		return d.borders[part-1].trail
	}
	return d.others[table-1][part-1]
}

func (d *division) next(ctx context.Context) ([]stream, error) {
	if d.given > len(d.borders) {
		return nil, nil
	}
	part := make([]stream, len(d.tables))
	for n, table := range d.tables {
		t := d.tree(table)
		t.ctx, t.begin, t.end = ctx, d.trail(n, d.given), d.trail(n, d.given+1)
		part[n] = t
	}
	d.given++
	return part, nil
}

// tree is one that was read, for its buffers to be used again, or a new one.
func (d *division) tree(table *tree) *tree {
	d.mu.Lock()
	defer d.mu.Unlock()
	for n, t := range d.idle {
		if t.root == table.root {
			d.idle = slices.Delete(d.idle, n, n+1)
			return t
		}
	}
	t := &tree{pages: table.pages, root: table.root, form: table.form, met: table.met, of: d}
	t.form.values = slices.Clone(t.form.values)
	return t
}

// put takes a tree that was read.
func (d *division) put(t *tree) {
	d.mu.Lock()
	defer d.mu.Unlock()
	t.begun = false
	d.idle = append(d.idle, t)
}

func (d *division) close() error { return nil }

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
