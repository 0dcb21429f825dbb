//go:build unix

package sqlstore

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFile takes a lock that ends with the process, however it ends.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close() // it holds nothing
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errInUse
		}
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	if !named(f, name) { // whoever had it has just taken it away
		_ = f.Close()
		return nil, errInUse
	}
	return f, nil
}

// named says whether a file still has its name, for another one would be locked beside it.
func named(f *os.File, name string) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	found, err := os.Stat(name)
	return err == nil && os.SameFile(held, found)
}

// dropLock gives a lock back and leaves no file of it. Whoever opened that meanwhile finds that
// it has no name any more.
func dropLock(f *os.File) error { return errors.Join(os.Remove(f.Name()), unlockFile(f)) }

// unlockFile gives the lock back. To close the file alone would not do while a child that was just
// forked, and has yet to become another program, has it as well.
func unlockFile(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}
