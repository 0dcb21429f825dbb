package sqlstore

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readAhead has the system read a part of a file while others are looked at. It may do
// nothing: it only makes a later read faster.
func readAhead(f *os.File, from, length int64) {
	_ = unix.Fadvise(int(f.Fd()), from, length, unix.FADV_WILLNEED)
}

// readRarely has the system read nothing beside what is wanted: the pages of one table lie
// among those of others.
func readRarely(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_RANDOM)
}

// readAllOver has the system keep a large table in large pages: it is read all over, and with
// small ones a processor looks for the page longer than for what is in it. It may do nothing.
func readAllOver(table []uint64) {
	const large = 2 << 20
	//nolint:gosec // the same memory, as the system wants it named
	whole := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(table))), len(table)*int(unsafe.Sizeof(table[0])))
	begin := -uintptr(unsafe.Pointer(unsafe.SliceData(whole))) % large //nolint:gosec // only its last bits count
	if uintptr(len(whole)) < begin+large {
		return
	}
	whole = whole[begin:]
	_ = unix.Madvise(whole[:len(whole)/large*large], unix.MADV_HUGEPAGE)
}
