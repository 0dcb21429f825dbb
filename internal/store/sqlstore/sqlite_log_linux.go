package sqlstore

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite writes its log in pieces: for each page 24 bytes and then 4096, a call of the system for
// each, and a commit of thirty transfers has two hundred pages. So the connections that write have
// the log through a layer that keeps what follows on each other and writes it at once: before
// SQLite flushes the log, and before it reads in it. As every commit ends with a flush (see
// assertSQLite), nobody else ever looks for what is kept. What is kept when a connection ends its
// turn to write is of a transaction that was rolled back, and is forgotten: the next one's pages
// take its place.
//
// It also flushes what is in the file without its times, which SQLite does where it is not built
// for all systems at once.

// gatheringLog is the name of that layer with SQLite.
var gatheringLog = sync.OnceValues(func() (string, error) {
	const name = "purser"
	tls := libc.NewTLS()
	defer tls.Close()
	usual := sqlite3.Xsqlite3_vfs_find(tls, 0)
	if usual == 0 {
		return "", errors.New("SQLite knows no files")
	}
	text, err := libc.CString(name) // for as long as the process runs
	if err != nil {
		return "", err
	}
	own := duplicate(tls, at[sqlite3.Tsqlite3_vfs](usual))
	if own == 0 {
		return "", errors.New("SQLite has no memory")
	}
	vfs := at[sqlite3.Tsqlite3_vfs](own) // for as long, too
	gathering.openUsual = vfs.FxOpen
	vfs.FpNext, vfs.FzName, vfs.FxOpen = 0, text, pointer(openGathered)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, own, 0); rc != sqlite3.SQLITE_OK {
		return "", fmt.Errorf("SQLite takes no files: %d", rc)
	}
	return name, nil
})

// gathering is the layer: how files are opened usually, and those that are open by their address.
var gathering = struct {
	openUsual uintptr
	mu        sync.Mutex
	files     map[uintptr]*gatheredFile
}{files: map[uintptr]*gatheredFile{}}

// gatheredFile is a database or a log that is open.
type gatheredFile struct {
	name    string // of the database
	usual   *sqlite3.Tsqlite3_io_methods
	methods uintptr // a copy of the usual ones, with some of ours

	// Of a log.
	file    *os.File
	mu      sync.Mutex
	begin   int64  // where what waits is to be written
	waiting []byte // and that
	flushed bool   // as SQLite does it, which flushes its folder with a new file
}

// gatheredMost is how much waits at most: some hundred pages.
const gatheredMost = 1 << 20

// at is what lies at an address that SQLite gave or was given.
func at[T any](address uintptr) *T {
	return *(**T)(unsafe.Pointer(&address)) //nolint:gosec // whoever calls knows what lies there
}

// duplicate is the address of a copy in SQLite's memory, or 0 where that has no room: SQLite keeps no
// address of ours.
func duplicate[T any](tls *libc.TLS, of *T) uintptr {
	own := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*of)))
	if own != 0 {
		*at[T](own) = *of
	}
	return own
}

// pointer makes a function of C of one of ours, which is not a closure.
func pointer[F any](f F) uintptr {
	return *(*uintptr)(unsafe.Pointer(&f)) //nolint:gosec // as the driver has its own
}

// function makes one of ours of a function of C.
func function[F any](pointer uintptr) F {
	return *(*F)(unsafe.Pointer(&pointer)) //nolint:gosec // as the driver calls it
}

// What SQLite calls.
type (
	openFunc  = func(tls *libc.TLS, vfs, name, file uintptr, flags int32, got uintptr) int32
	readFunc  = func(tls *libc.TLS, file, into uintptr, n int32, at int64) int32
	sizeFunc  = func(tls *libc.TLS, file uintptr, n int64) int32
	flushFunc = func(tls *libc.TLS, file uintptr, flags int32) int32
	tellFunc  = func(tls *libc.TLS, file, into uintptr) int32
	lockFunc  = func(tls *libc.TLS, file uintptr, from, n, flags int32) int32
	closeFunc = func(tls *libc.TLS, file uintptr) int32
)

// openGathered opens any file, and goes between SQLite and it if it is a database or a log.
func openGathered(tls *libc.TLS, vfs, name, file uintptr, flags int32, got uintptr) int32 {
	const logs = "-wal"
	rc := function[openFunc](gathering.openUsual)(tls, vfs, name, file, flags, got)
	isLog := flags&sqlite3.SQLITE_OPEN_WAL != 0
	if rc != sqlite3.SQLITE_OK || !isLog && flags&sqlite3.SQLITE_OPEN_MAIN_DB == 0 {
		return rc
	}
	opened := at[sqlite3.Tsqlite3_file](file)
	f := &gatheredFile{name: libc.GoString(name), usual: at[sqlite3.Tsqlite3_io_methods](opened.FpMethods)}
	if f.methods = duplicate(tls, f.usual); f.methods == 0 {
		return rc // it goes on as usual
	}
	methods := at[sqlite3.Tsqlite3_io_methods](f.methods)
	methods.FxClose = pointer(closeGathered)
	if isLog {
		// It is opened once more: how SQLite has it nobody knows. Its locks are on other files.
		own, err := os.OpenFile(f.name, os.O_RDWR, 0)
		if err != nil {
			libc.Xfree(tls, f.methods)
			return rc // as usual, too
		}
		f.name, f.file = strings.TrimSuffix(f.name, logs), own
		methods.FxRead, methods.FxWrite = pointer(readGathered), pointer(writeGathered)
		methods.FxTruncate, methods.FxSync = pointer(cutGathered), pointer(flushGathered)
		methods.FxFileSize = pointer(sizeOfGathered)
	} else {
		methods.FxShmLock = pointer(lockGathered)
	}
	gathering.mu.Lock()
	defer gathering.mu.Unlock()
	gathering.files[file] = f
	opened.FpMethods = f.methods
	return rc
}

// fileAt finds an open file.
func fileAt(file uintptr) *gatheredFile {
	gathering.mu.Lock()
	defer gathering.mu.Unlock()
	return gathering.files[file]
}

// lockGathered changes locks of a database. Whoever gives back the lock of those who write has
// committed or rolled back, and nobody else of this process or another has anything to write.
func lockGathered(tls *libc.TLS, file uintptr, from, n, flags int32) int32 {
	const ofWriting, givesBack = 0, sqlite3.SQLITE_SHM_UNLOCK | sqlite3.SQLITE_SHM_EXCLUSIVE
	f := fileAt(file)
	if from == ofWriting && flags == givesBack {
		forgetWaiting(f.name)
	}
	return function[lockFunc](f.usual.FxShmLock)(tls, file, from, n, flags)
}

// forgetWaiting forgets what waits to be written to the logs of a database.
func forgetWaiting(name string) {
	gathering.mu.Lock()
	defer gathering.mu.Unlock()
	for _, f := range gathering.files {
		if f.file != nil && f.name == name {
			f.mu.Lock()
			f.waiting = f.waiting[:0]
			f.mu.Unlock()
		}
	}
}

// write writes what waits. Where that fails it is forgotten: SQLite is told, and what it then
// thinks of the log does not count on it.
func (f *gatheredFile) write() int32 {
	if len(f.waiting) == 0 {
		return sqlite3.SQLITE_OK
	}
	_, err := f.file.WriteAt(f.waiting, f.begin)
	f.waiting = f.waiting[:0]
	switch {
	case err == nil:
		return sqlite3.SQLITE_OK
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return sqlite3.SQLITE_FULL
	}
	return sqlite3.SQLITE_IOERR_WRITE
}

func writeGathered(_ *libc.TLS, file, from uintptr, n int32, offset int64) int32 {
	f := fileAt(file)
	f.mu.Lock()
	defer f.mu.Unlock()
	if offset != f.begin+int64(len(f.waiting)) || len(f.waiting)+int(n) > gatheredMost {
		if rc := f.write(); rc != sqlite3.SQLITE_OK {
			return rc
		}
		f.begin = offset
	}
	f.waiting = append(f.waiting, unsafe.Slice(at[byte](from), n)...) //nolint:gosec // so much is there
	return sqlite3.SQLITE_OK
}

func readGathered(tls *libc.TLS, file, into uintptr, n int32, offset int64) int32 {
	f := fileAt(file)
	f.mu.Lock()
	defer f.mu.Unlock()
	if rc := f.write(); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[readFunc](f.usual.FxRead)(tls, file, into, n, offset)
}

func cutGathered(tls *libc.TLS, file uintptr, size int64) int32 {
	f := fileAt(file)
	f.mu.Lock()
	defer f.mu.Unlock()
	if rc := f.write(); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[sizeFunc](f.usual.FxTruncate)(tls, file, size)
}

func sizeOfGathered(tls *libc.TLS, file, into uintptr) int32 {
	f := fileAt(file)
	f.mu.Lock()
	defer f.mu.Unlock()
	if rc := f.write(); rc != sqlite3.SQLITE_OK {
		return rc
	}
	return function[tellFunc](f.usual.FxFileSize)(tls, file, into)
}

func flushGathered(tls *libc.TLS, file uintptr, flags int32) int32 {
	f := fileAt(file)
	f.mu.Lock()
	defer f.mu.Unlock()
	if rc := f.write(); rc != sqlite3.SQLITE_OK {
		return rc
	}
	if !f.flushed {
		rc := function[flushFunc](f.usual.FxSync)(tls, file, flags)
		f.flushed = rc == sqlite3.SQLITE_OK
		return rc
	}
	for {
		switch err := unix.Fdatasync(int(f.file.Fd())); {
		case err == nil:
			return sqlite3.SQLITE_OK
		case !errors.Is(err, syscall.EINTR):
			return sqlite3.SQLITE_IOERR_FSYNC
		}
	}
}

// closeGathered ends what openGathered began.
func closeGathered(tls *libc.TLS, file uintptr) int32 {
	f := fileAt(file)
	gathering.mu.Lock()
	delete(gathering.files, file)
	gathering.mu.Unlock()
	rc := function[closeFunc](f.usual.FxClose)(tls, file)
	libc.Xfree(tls, f.methods)
	if f.file == nil {
		return rc
	}
	if err := f.file.Close(); err != nil && rc == sqlite3.SQLITE_OK {
		return sqlite3.SQLITE_IOERR_CLOSE
	}
	return rc
}
