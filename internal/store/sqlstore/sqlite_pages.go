package sqlstore

import (
	"context"
	"database/sql"
	endian "encoding/binary"
	"errors"
	"strconv"
)

// A query of SQLite takes about a microsecond for every row. Whoever reads all of a
// table takes the pages of its tree, as the snapshot has them, and the rows out of the
// pages. Their form is a promise of SQLite's: https://sqlite.org/fileformat2.html

// The kinds of pages. The inner pages of a table without row numbers have rows too.
const (
	keyInner = 0x02
	rowInner = 0x05
	keyLeaf  = 0x0a
	rowLeaf  = 0x0d
)

// pagesAtOnce is how many pages one query fetches.
const pagesAtOnce = 64

// errPage says that a page is not what it should be.
var errPage = errors.New("a page of the database cannot be read: PRAGMA integrity_check tells more")

// pages fetches pages of one moment.
type pages struct {
	tx     *sql.Tx
	usable int // bytes of each
}

// openPages finds out how large pages are.
func openPages(ctx context.Context, tx *sql.Tx) (*pages, error) {
	p := &pages{tx: tx}
	first, err := p.fetch(ctx, []uint32{1}, nil)
	if err != nil {
		return nil, err
	}
	const reserved, encoding, utf8 = 20, 56, 1
	if head := first[0]; len(head) > 100 && endian.BigEndian.Uint32(head[encoding:]) == utf8 {
		p.usable = len(head) - int(head[reserved])
		return p, nil
	}
	return nil, errPage
}

// fetch copies pages into buffers, which it makes where there are too few.
func (p *pages) fetch(ctx context.Context, numbers []uint32, into [][]byte) (_ [][]byte, err error) {
	wanted := []byte{'['}
	for _, number := range numbers {
		wanted = append(strconv.AppendUint(wanted, uint64(number), 10), ',')
	}
	wanted[len(wanted)-1] = ']'
	rows, err := p.tx.QueryContext(ctx, "select data from json_each($1) wanted cross join sqlite_dbpage('main')"+
		" where pgno = wanted.value", string(wanted))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	n := 0
	for ; rows.Next(); n++ {
		var data sql.RawBytes
		if err := rows.Scan(&data); err != nil {
			return nil, err
		}
		if n == len(into) {
			into = append(into, nil)
		}
		into[n] = append(into[n][:0], data...)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if n != len(numbers) {
		return nil, errPage
	}
	return into, nil
}

// tree gives the rows of a table in the order of its key, or of its row numbers.
type tree struct {
	ctx   context.Context //nolint:containedctx // that of whoever reads
	pages *pages
	form  rowForm
	path  []level // from the root to where it reads; what is behind its end is used again
	long  []byte  // a row that did not fit into its page
}

// level is a page on the path.
type level struct {
	page  []byte
	kind  byte
	cells int
	next  int      // the cell that comes next
	below bool     // the page below, which comes before that cell, was read
	ahead [][]byte // pages below that come next
	spare [][]byte // where they are
}

// readTree begins at the root.
func readTree(ctx context.Context, p *pages, root uint32, form rowForm) (*tree, error) {
	first, err := p.fetch(ctx, []uint32{root}, nil)
	if err != nil {
		return nil, err
	}
	t := &tree{ctx: ctx, pages: p, form: form}
	return t, t.enter(first[0])
}

func (t *tree) close() error { return nil }

// next goes on to the next row.
func (t *tree) next() (tuple, error) {
	for len(t.path) > 0 {
		switch l := &t.path[len(t.path)-1]; {
		case l.inner() && !l.below:
			l.below = true
			if err := t.descend(l); err != nil {
				return nil, err
			}
		case l.next == l.cells:
			t.path = t.path[:len(t.path)-1]
		default:
			l.next++
			if l.below = false; l.kind != rowInner {
				return t.row(l, l.next-1)
			}
		}
	}
	return nil, nil
}

// enter puts a page on the path.
func (t *tree) enter(page []byte) error {
	const deepest = 20 // as SQLite has it
	if len(page) < t.pages.usable || len(t.path) == deepest {
		return errPage
	}
	n := len(t.path)
	if n < cap(t.path) {
		t.path = t.path[:n+1]
	} else {
		t.path = append(t.path, level{})
	}
	l := &t.path[n]
	*l = level{page: page, kind: page[0], cells: int(endian.BigEndian.Uint16(page[3:])), spare: l.spare}
	switch l.kind {
	case keyInner, rowInner, keyLeaf, rowLeaf:
	default:
		return errPage
	}
	if l.pointers()+2*l.cells > t.pages.usable {
		return errPage
	}
	return nil
}

func (l *level) inner() bool { return l.kind == keyInner || l.kind == rowInner }

// pointers is where the places of the cells begin.
func (l *level) pointers() int {
	if l.inner() {
		return 12
	}
	return 8
}

// cell is where a cell begins.
func (l *level) cell(n int) int { return int(endian.BigEndian.Uint16(l.page[l.pointers()+2*n:])) }

// descend enters the page below that comes next.
func (t *tree) descend(l *level) error {
	if len(l.ahead) == 0 {
		var numbers []uint32
		for n := l.next; n <= l.cells && len(numbers) < pagesAtOnce; n++ {
			at := 8 // the last page
			if n < l.cells {
				at = l.cell(n)
			}
			if at+4 > t.pages.usable {
				return errPage
			}
			numbers = append(numbers, endian.BigEndian.Uint32(l.page[at:]))
		}
		fetched, err := t.pages.fetch(t.ctx, numbers, l.spare)
		if err != nil {
			return err
		}
		l.spare, l.ahead = fetched, fetched[:len(numbers)]
	}
	page := l.ahead[0]
	l.ahead = l.ahead[1:]
	return t.enter(page)
}

// row reads a cell.
func (t *tree) row(l *level, n int) (tuple, error) {
	at := l.cell(n)
	if l.inner() {
		at += 4
	}
	size, used := varint(l.page, at)
	at += used
	if l.kind == rowLeaf {
		_, rowNumber := varint(l.page, at)
		at += rowNumber
	}
	const longest = 1 << 30
	here := t.pages.local(l.kind, size)
	if used == 0 || size > longest || at+here > t.pages.usable {
		return nil, errPage
	}
	whole, err := t.form.read(l.page[at : at+here])
	if whole || err != nil {
		return t.form.values, err
	}
	if here == int(size) || at+here+4 > t.pages.usable {
		return nil, errPage
	}
	t.long = append(t.long[:0], l.page[at:at+here]...)
	if err := t.follow(endian.BigEndian.Uint32(l.page[at+here:]), int(size)); err != nil {
		return nil, err
	}
	if whole, err = t.form.read(t.long); !whole && err == nil {
		err = errPage
	}
	return t.form.values, err
}

// follow adds the pages that a long row goes on in.
func (t *tree) follow(number uint32, size int) error {
	for len(t.long) < size {
		more, err := t.pages.fetch(t.ctx, []uint32{number}, nil)
		if err != nil {
			return err
		}
		if len(more[0]) < t.pages.usable {
			return errPage
		}
		number = endian.BigEndian.Uint32(more[0])
		rest := more[0][4:t.pages.usable]
		t.long = append(t.long, rest[:min(len(rest), size-len(t.long))]...)
	}
	return nil
}

// local is how much of a row of some size is in its own page.
func (p *pages) local(kind byte, size uint64) int {
	most := p.usable - 35
	if kind != rowLeaf {
		most = (p.usable-12)*64/255 - 23
	}
	if size <= uint64(most) { //nolint:gosec // a page has thousands of bytes
		return int(size) //nolint:gosec // as the line before says
	}
	least := (p.usable-12)*32/255 - 23
	//nolint:gosec // both are small
	if k := least + int((size-uint64(least))%uint64(p.usable-4)); k <= most {
		return k
	}
	return least
}

// rowForm is where a row has the columns that are wanted.
type rowForm struct {
	wanted []int // by the place in a row, which of the columns it is; -1 = none
	values tuple
	usual  tuple // the values of columns that came later than the row
}

// read takes the columns out of a row, as far as it has them all.
func (f *rowForm) read(row []byte) (whole bool, err error) {
	head, at := varint(row, 0)
	if at == 0 || head > uint64(len(row)) {
		return false, nil
	}
	copy(f.values, f.usual)
	end := int(head) //nolint:gosec // it is within the row
	body := end
	for _, column := range f.wanted {
		if at >= end {
			return true, nil
		}
		sort, used := varint(row[:end], at)
		size, ok := sizeOf(sort)
		if at += used; used == 0 || !ok {
			return false, errPage
		}
		if column >= 0 {
			if size > len(row)-body {
				return false, nil
			}
			f.values[column] = valueOf(sort, row[body:body+size])
		}
		body += size
	}
	return true, nil
}

// sizeOf is how many bytes a value of some sort takes.
func sizeOf(sort uint64) (int, bool) {
	const float, longest = 7, 1 << 31
	switch {
	case sort <= 4:
		return int(sort), true
	case sort == 5:
		return 6, true
	case sort == 6, sort == float:
		return 8, true
	case sort == 8, sort == 9:
		return 0, true
	case sort >= 12 && sort < longest:
		return int(sort-12) / 2, true
	}
	return 0, false
}

// valueOf reads a text, or a whole number, of which the first bit is the sign.
func valueOf(sort uint64, bytes []byte) datum {
	switch {
	case sort >= 12:
		return datum{text: bytes}
	case sort == 0:
		return datum{null: true}
	case sort >= 8:
		return datum{number: int64(sort - 8)}
	}
	n := int64(int8(bytes[0])) //nolint:gosec // with its sign
	for _, b := range bytes[1:] {
		n = n<<8 | int64(b)
	}
	return datum{number: n}
}

// varint reads a number of one to nine bytes; of none where it is cut off.
func varint(from []byte, at int) (n uint64, used int) {
	for used < 9 && at+used < len(from) {
		b := from[at+used]
		if used++; used == 9 {
			return n<<8 | uint64(b), used
		}
		if n = n<<7 | uint64(b&0x7f); b < 0x80 {
			return n, used
		}
	}
	return 0, 0
}
