package sqlstore

import (
	"context"
	"database/sql"
	endian "encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// A page that no transaction wrote to the log since the log was begun is in the file as a
// snapshot has it, for as long as that is open: only what is in the log is ever copied into
// the file, nothing that is younger than the oldest snapshot, and the log is not begun anew
// before that ends. So such pages are read from the file, and SQLite is asked for the rest.

// pageFile is the file of a database, which is read past SQLite.
type pageFile struct {
	file   *os.File
	size   int      // of a page
	logged []uint64 // a bit for each page that may be in the log
}

// newPageFile looks at the file and the log of a snapshot. It is nil where the file cannot
// be read past SQLite.
func newPageFile(ctx context.Context, tx *sql.Tx, size int, count int64) (_ *pageFile, err error) {
	f := &pageFile{size: size}
	var name string
	const named = "select file from pragma_database_list where name = 'main'"
	if err := tx.QueryRowContext(ctx, named).Scan(&name); err != nil {
		return nil, err
	}
	if f.file, err = usedFiles.open(name); f.file == nil || err != nil {
		return nil, err
	}
	const bits = 64
	f.logged = make([]uint64, count/bits+1)
	known, err := f.readLog(name + "-wal")
	if !known || err != nil {
		return nil, err
	}
	return f, nil
}

// readLog notes which pages the log has, and whether it is in the form that is known. What
// is added meanwhile is not of the snapshot.
func (f *pageFile) readLog(name string) (known bool, err error) {
	log, err := os.Open(name) //nolint:gosec // it is beside the database
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	const magic, sizeAt, begin, frame = 0x377f0682, 8, 32, 24
	head := make([]byte, begin)
	if _, err := log.ReadAt(head, 0); err != nil {
		return errors.Is(err, io.EOF), nil // there is none yet
	}
	size := int64(endian.BigEndian.Uint32(head[sizeAt:]))
	if endian.BigEndian.Uint32(head)&^1 != magic || size != int64(f.size) {
		return false, nil
	}
	for at := int64(begin); ; at += frame + size {
		if _, err := log.ReadAt(head[:frame], at); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err == nil, err
		}
		const bits = 64
		if number := endian.BigEndian.Uint32(head); int(number/bits) < len(f.logged) {
			f.logged[number/bits] |= 1 << (number % bits)
		}
	}
}

// has says that a page is in the file as the snapshot has it.
func (f *pageFile) has(number uint32) bool {
	const bits = 64
	at := number / bits
	return number > 0 && int(at) < len(f.logged) && f.logged[at]&(1<<(number%bits)) == 0
}

// read copies the first of some pages into a buffer, and as many of those that follow as are
// its neighbours and have room behind it. It says how many these are.
func (f *pageFile) read(numbers []uint32, into []byte) (n int, err error) {
	first := numbers[0]
	most := min(len(numbers), cap(into)/f.size)
	for n = 1; n < most && numbers[n] == first+uint32(n) && f.has(numbers[n]); n++ { //nolint:gosec // it is small
	}
	_, err = f.file.ReadAt(into[:n*f.size], int64(first-1)*int64(f.size))
	if errors.Is(err, io.EOF) {
		err = errPage
	}
	return n, err
}

// soon has the system begin to read some pages, in whatever order they are. Those that lie
// close together are read with what is between them: a disk gives a dozen pages in the time that
// it takes to look for one.
func (f *pageFile) soon(numbers []uint32) {
	const near = 8
	slices.Sort(numbers)
	for n := 0; n < len(numbers); {
		first, last := numbers[n], numbers[n]
		for n++; n < len(numbers) && numbers[n] <= last+near; n++ {
			last = numbers[n]
		}
		readAhead(f.file, int64(first-1)*int64(f.size), int64(last-first+1)*int64(f.size))
	}
}

// usedFiles are the files of the databases that this process has open. Whoever closes a
// file that he opened himself takes away the locks that SQLite has on it in this process:
// the system keeps one set of them for all. So it is closed after SQLite has closed it.
var usedFiles fileList

// fileList counts who uses a file.
type fileList struct {
	mu  sync.Mutex
	all []*usedFile
}

// usedFile is a file and how many have it open.
type usedFile struct {
	info os.FileInfo
	uses int
	file *os.File // nil where nobody has read it past SQLite
}

// find is the entry of a file; nil where it has none.
func (l *fileList) find(info os.FileInfo) *usedFile {
	for _, u := range l.all {
		if os.SameFile(u.info, info) {
			return u
		}
	}
	return nil
}

// use begins that a database is used. Whoever says so says when SQLite has closed it.
func (l *fileList) use(name string) (*usedFile, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("find database: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.find(info)
	if u == nil {
		u = &usedFile{info: info}
		l.all = append(l.all, u)
	}
	u.uses++
	return u, nil
}

// leave ends it.
func (l *fileList) leave(u *usedFile) error {
	if u == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if u.uses--; u.uses > 0 {
		return nil
	}
	l.all = slices.DeleteFunc(l.all, func(other *usedFile) bool { return other == u })
	if u.file == nil {
		return nil
	}
	return u.file.Close()
}

// open is the file of a database that is used; nil where it is not known to be, or where
// another one has its name.
func (l *fileList) open(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.find(info)
	if u == nil {
		return nil, nil
	}
	if u.file == nil {
		if u.file, err = os.Open(name); err == nil { //nolint:gosec // it is the database
			readRarely(u.file)
		}
	}
	return u.file, err
}
