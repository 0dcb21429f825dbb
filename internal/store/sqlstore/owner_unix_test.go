//go:build unix

package sqlstore_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store/sqlstore"
)

// TestRootLeavesFilesToTheirOwner: root restores into the folder of a server that runs
// as somebody else, who has to be able to open what is there then.
func TestRootLeavesFilesToTheirOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const server = 65534
	_, backup := backedUp(t)
	folder := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(folder, server, server); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "purser.db")
	o := sqlstore.Options{URL: file, Now: time.Now}
	if _, err := sqlstore.Restore(t.Context(), o, backup, file+".aside", nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, file + ".lock"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if of, ok := info.Sys().(*syscall.Stat_t); !ok || of.Uid != server || of.Gid != server {
			t.Errorf("%s: got %+v, want it to be its folder's owner's", name, info.Sys())
		}
	}
}
