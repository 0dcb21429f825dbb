package sqlstore

import (
	"context"
	"database/sql"
	endian "encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
)

// A query of SQLite takes about a microsecond for every row. Whoever reads all of a
// table takes the pages of its tree, as the snapshot has them, and the rows out of the
// pages. Their form is a promise of SQLite's: https://sqlite.org/fileformat2.html

// pagesAtOnce is how many pages one query fetches.
const pagesAtOnce = 64

// errPage says that a page is not what it should be.
var errPage = errors.New("a page of the database cannot be read: PRAGMA integrity_check tells more")

// pages fetches pages of one moment, for several at the same time.
type pages struct {
	idle   chan *sql.Tx // transactions of that moment, while nobody uses them
	size   int          // bytes of each
	usable int          // and of those, what is not reserved
	count  int64        // so many pages there are
	file   *pageFile    // nil where SQLite is asked for all of them
}

// openPages finds out how large pages are, and how many there are.
func openPages(ctx context.Context, all []*sql.Tx) (*pages, error) {
	p := &pages{idle: make(chan *sql.Tx, len(all))}
	if err := all[0].QueryRowContext(ctx, "pragma page_count").Scan(&p.count); err != nil {
		return nil, err
	}
	if err := all[0].QueryRowContext(ctx, "pragma page_size").Scan(&p.size); err != nil {
		return nil, err
	}
	for _, tx := range all {
		p.idle <- tx
	}
	var err error
	if p.file, err = newPageFile(ctx, all[0], p.size, p.count); err != nil {
		return nil, fmt.Errorf("look at the database's file: %w", err)
	}
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
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(into) < len(numbers) {
		into = p.buffers(len(numbers))
	}
	var wanted []int // of SQLite
	for n := 0; n < len(numbers); {
		if p.file == nil || !p.file.has(numbers[n]) {
			wanted = append(wanted, n)
			n++
			continue
		}
		read, err := p.file.read(numbers[n:], into[n])
		if err != nil {
			return nil, err
		}
		n += read
	}
	if len(wanted) == 0 {
		return into, nil
	}
	return into, p.ask(ctx, numbers, wanted, into)
}

// buffers are room for pages, one behind the other: pages that are neighbours in the file are
// read at once.
func (p *pages) buffers(n int) [][]byte {
	all, into := make([]byte, n*p.size), make([][]byte, n)
	for i := range into {
		into[i] = all[i*p.size:][:p.size]
	}
	return into
}

// ask has SQLite give some of the pages.
func (p *pages) ask(ctx context.Context, numbers []uint32, wanted []int, into [][]byte) (err error) {
	list := []byte{'['}
	for _, n := range wanted {
		list = append(strconv.AppendUint(list, uint64(numbers[n]), 10), ',')
	}
	list[len(list)-1] = ']'
	var tx *sql.Tx
	select {
	case tx = <-p.idle:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { p.idle <- tx }()
	rows, err := tx.QueryContext(ctx, "select data from json_each($1) wanted cross join sqlite_dbpage('main')"+
		" where pgno = wanted.value", string(list))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var data sql.RawBytes
		if err := rows.Scan(&data); err != nil {
			return err
		}
		if len(wanted) == 0 {
			return errPage
		}
		into[wanted[0]] = append(into[wanted[0]][:0], data...)
		wanted = wanted[1:]
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(wanted) > 0 {
		return errPage
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

// pageSet is the pages that a tree was found to have. Each has its place there once: a
// tree that leads back to one of them has no end.
type pageSet struct {
	met    []atomic.Uint32
	astray atomic.Int64 // how many more may be read to find borders
}

func (p *pages) none() *pageSet {
	const bits = 32
	s := &pageSet{met: make([]atomic.Uint32, p.count/bits+1)}
	s.astray.Store(p.count)
	return s
}

// meet adds a page that was not met before.
func (s *pageSet) meet(number uint32) error {
	const bits = 32
	bit := uint32(1) << (number % bits)
	if at := number / bits; int64(at) >= int64(len(s.met)) || s.met[at].Or(bit)&bit != 0 {
		return errPage
	}
	return nil
}

// stray counts a page that is read before its turn.
func (s *pageSet) stray() error {
	if s.astray.Add(-1) < 0 {
		return errPage
	}
	return nil
}
