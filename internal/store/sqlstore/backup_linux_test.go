package sqlstore_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store/sqlstore"
)

// TestRestoreOnFullDisk wants one reason, and what to do about it, where there is no room
// for what is put back.
func TestRestoreOnFullDisk(t *testing.T) {
	url, to := backedUp(t)
	if err := os.Symlink("/dev/full", url+".restoring"); err != nil {
		t.Fatal(err)
	}
	_, err := sqlstore.Restore(t.Context(), sqlstore.Options{URL: url, Now: time.Now}, to, url+".before", nil)
	if !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one reason: a full disk", err)
	}
	if got := sqlstore.Advice(err); got != "make room on the disk" {
		t.Errorf("got the advice %q, want room to be made", got)
	}
	if _, err := os.Lstat(url + ".restoring"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want what was begun to be gone", err)
	}
	if n := entriesOf(t, url); n != 10 {
		t.Errorf("got %d entries, want the 10 that were there", n)
	}
}
