package sqlstore

import (
	"context"
	endian "encoding/binary"
)

// The kinds of pages. The inner pages of a table without row numbers have rows too.
const (
	keyInner = 0x02
	rowInner = 0x05
	keyLeaf  = 0x0a
	rowLeaf  = 0x0d
)

// deepest is how deep a tree may be, as SQLite has it.
const deepest = 20

// tree gives the rows of a table, or of a part of it, in the order of its key or of its
// row numbers.
type tree struct {
	ctx   context.Context //nolint:containedctx // that of whoever reads
	pages *pages
	root  uint32
	form  rowForm
	met   *pageSet
	of    *division // nil where it is read to find borders
	begin trail     // where the part begins; none = where the table does
	end   trail     // where it ends; none = where the table does
	begun bool
	path  []level // from the root to where it reads; what is behind its end is used again
	long  []byte  // a row that did not fit into its page
}

// trail leads to the place before a cell: which way to go in every page from the root on, and the cell's
// number in the last. What is below that cell comes before it.
type trail []int

// level is a page on the path.
type level struct {
	page  []byte
	kind  byte
	cells int
	next  int      // the cell that comes next
	below bool     // the page below, which comes before that cell, was read
	asked int      // the first page below that the system was not asked to read
	later int      // the same of the page that comes behind this one
	ahead []uint32 // pages below that come next
	held  [][]byte // those pages
	spare [][]byte // where they are
}

func (t *tree) close() error {
	t.of.put(t)
	return nil
}

// meet counts a page.
func (t *tree) meet(number uint32) error {
	if t.of == nil {
		return t.met.stray()
	}
	return t.met.meet(number)
}

// next goes on to the next row.
func (t *tree) next() (tuple, error) {
	if !t.begun {
		t.begun = true
		if err := t.start(); err != nil {
			return nil, err
		}
	}
	for len(t.path) > 0 {
		switch l := &t.path[len(t.path)-1]; {
		case t.ended(l):
			return nil, nil
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
	if t.end != nil {
		return nil, errPage
	}
	return nil, nil
}

// start goes to where the part begins.
func (t *tree) start() error {
	t.path = t.path[:0]
	number := t.root
	for depth := 0; ; depth++ {
		fetched, err := t.pages.fetch(t.ctx, []uint32{number}, nil)
		if err != nil {
			return err
		}
		if err := t.enter(fetched[0]); err != nil || len(t.begin) == 0 {
			return err
		}
		l := &t.path[depth]
		if l.next, l.below = t.begin[depth], true; l.next > l.cells {
			return errPage
		}
		if depth == len(t.begin)-1 {
			return nil
		}
		if number, err = l.child(t.pages, l.next); err != nil {
			return err
		}
	}
}

// ended says that the part does.
func (t *tree) ended(l *level) bool {
	last := len(t.path) - 1
	if last != len(t.end)-1 || l.next != t.end[last] || l.inner() && !l.below {
		return false
	}
	return t.towardsEnd(last)
}

// towardsEnd says that the part ends in or below the page at some depth of the path.
func (t *tree) towardsEnd(depth int) bool {
	if depth >= len(t.end) {
		return false
	}
	for n := range depth {
		if t.path[n].next != t.end[n] {
			return false
		}
	}
	return true
}

// enter puts a page on the path.
func (t *tree) enter(page []byte) error {
	if len(t.path) == deepest {
		return errPage
	}
	n := len(t.path)
	if n < cap(t.path) {
		t.path = t.path[:n+1]
	} else {
		t.path = append(t.path, level{})
	}
	return t.path[n].read(t.pages, page)
}

// read finds out what a page is.
func (l *level) read(p *pages, page []byte) error {
	if len(page) < p.usable {
		return errPage
	}
	*l = level{
		page: page, kind: page[0], cells: int(endian.BigEndian.Uint16(page[3:])), spare: l.spare, ahead: l.ahead[:0],
	}
	switch l.kind {
	case keyInner, rowInner, keyLeaf, rowLeaf:
	default:
		return errPage
	}
	if l.pointers()+2*l.cells > p.usable {
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

// child is the page below that comes before a cell, or behind the last.
func (l *level) child(p *pages, n int) (uint32, error) {
	at := 8 // the last page
	if n < l.cells {
		at = l.cell(n)
	}
	if !l.inner() || n > l.cells || at+4 > p.usable {
		return 0, errPage
	}
	return endian.BigEndian.Uint32(l.page[at:]), nil
}

// descend enters the page below that comes next, and fetches some that come after it.
func (t *tree) descend(l *level) error {
	if len(l.held) == 0 {
		last := l.cells
		if depth := len(t.path) - 1; t.towardsEnd(depth) {
			last = min(last, t.end[depth])
		}
		if err := t.soon(l, last); err != nil {
			return err
		}
		if err := l.list(t.pages, l.next, min(last, l.next+pagesAtOnce-1)); err != nil {
			return err
		}
		fetched, err := t.pages.fetch(t.ctx, l.ahead, l.spare)
		if err != nil {
			return err
		}
		l.spare, l.held = fetched, fetched[:len(l.ahead)]
	}
	page := l.held[0]
	number := l.ahead[len(l.ahead)-len(l.held)]
	l.held = l.held[1:]
	if err := t.meet(number); err != nil {
		return err
	}
	asked := l.later
	l.later = 0
	if err := t.enter(page); err != nil {
		return err
	}
	t.path[len(t.path)-1].asked = asked
	return nil
}

// list notes some of the pages below, from one to another.
func (l *level) list(p *pages, from, last int) error {
	l.ahead = l.ahead[:0]
	for n := from; n <= last; n++ {
		number, err := l.child(p, n)
		if err != nil {
			return err
		}
		l.ahead = append(l.ahead, number)
	}
	return nil
}

// soon has the system begin to read pages below that were not asked for: those that come next, up
// to a last one, those of the next turn, and those below the page that comes behind this one.
func (t *tree) soon(l *level, last int) error {
	if t.pages.file == nil {
		return nil
	}
	from := max(l.next, l.asked)
	if err := l.list(t.pages, from, min(last, l.next+2*pagesAtOnce-1)); err != nil {
		return err
	}
	t.pages.file.soon(l.ahead)
	l.asked = from + len(l.ahead)
	if len(t.path) < 2 || l.asked <= last {
		return nil
	}
	above := &t.path[len(t.path)-2]
	if above.later > 0 || len(above.held) == 0 {
		return nil
	}
	var behind level
	if err := behind.read(t.pages, above.held[0]); err != nil || !behind.inner() {
		return err
	}
	if err := behind.list(t.pages, 0, min(behind.cells, 2*pagesAtOnce-1)); err != nil {
		return err
	}
	t.pages.file.soon(behind.ahead)
	above.later = len(behind.ahead)
	return nil
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
	var spare [][]byte
	for len(t.long) < size {
		if err := t.meet(number); err != nil {
			return err
		}
		more, err := t.pages.fetch(t.ctx, []uint32{number}, spare)
		if err != nil {
			return err
		}
		if len(more[0]) < t.pages.usable {
			return errPage
		}
		spare = more
		number = endian.BigEndian.Uint32(more[0])
		rest := more[0][4:t.pages.usable]
		t.long = append(t.long, rest[:min(len(rest), size-len(t.long))]...)
	}
	return nil
}
