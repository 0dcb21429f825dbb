package sqlstore

import (
	"bytes"
	"slices"
)

// The parts that a table is read in: so many at most, and of so many pages at least.
const (
	partsMost = 1 << 10
	partLeast = 16
)

// border is where a part ends and another begins, and what the first column has there.
type border struct {
	trail

	key []byte
}

// inner is a page that has others below it, and the way to it.
type inner struct {
	level

	way trail
}

// borders divides a table. It reads inner pages from the root on, until they are enough.
func (t *tree) borders() ([]border, error) {
	all, err := t.inners(nil, []uint32{t.root})
	for range deepest {
		if err != nil || len(all) == 0 {
			return nil, err
		}
		cells := 0
		for _, page := range all {
			cells += page.cells
		}
		if cells >= partsMost {
			return t.choose(all, cells, partsMost)
		}
		lower, err := t.below(all)
		if err != nil {
			return nil, err
		}
		if len(lower) == 0 {
			return t.choose(all, cells, cells/partLeast)
		}
		all = lower
	}
	return nil, errPage
}

// below are the inner pages below others, on one level.
func (t *tree) below(all []inner) (found []inner, err error) {
	for _, page := range all {
		numbers := make([]uint32, page.cells+1)
		for n := range numbers {
			if numbers[n], err = page.child(t.pages, n); err != nil {
				return nil, err
			}
		}
		if len(found) == 0 { // where the first is a leaf all are
			first, err := t.inners(page.way, numbers[:1])
			if err != nil || len(first) == 0 {
				return nil, err
			}
		}
		more, err := t.inners(page.way, numbers)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// inners are those of some pages that are inner ones. They are the pages below another, to
// which a way leads, or the root.
func (t *tree) inners(way trail, numbers []uint32) (found []inner, err error) {
	fetched, err := t.pages.fetch(t.ctx, numbers, nil)
	if err != nil {
		return nil, err
	}
	for n, data := range fetched {
		page := inner{way: append(slices.Clone(way), n)}
		if err := page.read(t.pages, data); err != nil {
			return nil, err
		}
		if page.inner() {
			found = append(found, page)
		}
	}
	return found, nil
}

// choose takes so many of the cells of some pages, evenly.
func (t *tree) choose(all []inner, cells, most int) (found []border, err error) {
	at := 0
	for _, page := range all {
		for n := range page.cells {
			if at++; at*most/cells == (at-1)*most/cells {
				continue
			}
			b := border{trail: append(slices.Clone(page.way[1:]), n)} // the root needs no way
			if page.kind == keyInner {
				row, err := t.row(&page.level, n)
				if err != nil {
					return nil, err
				}
				b.key = slices.Clone(row[0].text)
			}
			found = append(found, b)
		}
	}
	return found, nil
}

// search looks for keys in a tree, each behind the one before. Whatever order the tree is
// in, no place is before the one that was found last.
type search struct {
	*tree

	path []searched
}

// searched is a page on the way to the place that was found last.
type searched struct {
	level

	number uint32
}

// find is the place of the first row whose first column is not less than a key.
func (f *search) find(key []byte) (found trail, err error) {
	number, known := f.root, true
	for depth := range deepest {
		if known = known && depth < len(f.path) && f.path[depth].number == number; !known {
			if err := f.enter(depth, number); err != nil {
				return nil, err
			}
		}
		page := &f.path[depth]
		from := page.next
		if err := f.pass(&page.level, key); err != nil {
			return nil, err
		}
		if found = append(found, page.next); !page.inner() {
			return found, nil
		}
		known = known && page.next == from
		if number, err = page.child(f.pages, page.next); err != nil {
			return nil, err
		}
	}
	return nil, errPage
}

// enter goes to another page.
func (f *search) enter(depth int, number uint32) error {
	fetched, err := f.pages.fetch(f.ctx, []uint32{number}, nil)
	if err != nil {
		return err
	}
	f.path = append(f.path[:depth], searched{number: number})
	return f.path[depth].read(f.pages, fetched[0])
}

// pass goes on to the first row in a page that is not less than a key.
func (f *search) pass(page *level, key []byte) error {
	for ; page.next < page.cells; page.next++ {
		row, err := f.row(page, page.next)
		if err != nil || bytes.Compare(row[0].text, key) >= 0 {
			return err
		}
	}
	return nil
}
