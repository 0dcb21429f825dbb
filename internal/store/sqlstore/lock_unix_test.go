//go:build unix

package sqlstore

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestUnlockFile gives a lock back that a child has too, as one that was just forked does.
func TestUnlockFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "lock")
	f, err := lockFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockFile(name); err == nil {
		t.Error("a second lock: got nil, want it to be refused")
	}
	child, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	held := os.NewFile(uintptr(child), name)
	defer func() { _ = held.Close() }()
	if err := unlockFile(f); err != nil {
		t.Fatal(err)
	}
	again, err := lockFile(name)
	if err != nil {
		t.Fatalf("after it was given back: got %v, want nil", err)
	}
	late, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = late.Close() }()
	if !named(late, name) {
		t.Error("a lock that is there: got no name, want it to have one")
	}
	if err := dropLock(again); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after it was dropped: got %v, want no file", err)
	}
	next, err := lockFile(name)
	if err != nil {
		t.Fatalf("after it was dropped: got %v, want nil", err)
	}
	if named(late, name) {
		t.Error("whoever opened it before: got the name of the next one, want none")
	}
	if err := unlockFile(next); err != nil {
		t.Error(err)
	}
}
