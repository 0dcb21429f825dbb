package sqlstore

import (
	"os"

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
