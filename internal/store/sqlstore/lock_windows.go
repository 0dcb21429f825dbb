package sqlstore

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// lockFile takes a lock that ends with the process, however it ends.
func lockFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	const alone = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	if err := windows.LockFileEx(windows.Handle(f.Fd()), alone, 0, 1, 0, new(windows.Overlapped)); err != nil {
		_ = f.Close() // it holds nothing
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			return nil, errInUse
		}
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return f, nil
}

// unlockFile gives the lock back.
func unlockFile(f *os.File) error { return f.Close() }

// dropLock gives a lock back and leaves no file of it. An open file cannot be removed, so it
// stays where somebody else has it already.
func dropLock(f *os.File) error {
	err := f.Close()
	_ = os.Remove(f.Name())
	return err
}
