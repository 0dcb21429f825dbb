// Package sqlitetest gives tests an SQLite database of their own without the
// price of a schema built anew: one is built in a test process, and copied.
package sqlitetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// Name is what the file is called in a server's folder of data.
const Name = "purser.db"

// Database returns the file of a database that has the newest schema, holds
// nothing, and belongs to this test alone.
func Database(t testing.TB) string {
	t.Helper()
	file := Missing(t)
	put(t, file)
	return file
}

// Folder returns a folder of data for a server, with such a database in it.
func Folder(t testing.TB) string {
	t.Helper()
	folder := t.TempDir()
	put(t, filepath.Join(folder, Name))
	return folder
}

// Missing returns where a file may be made that is not there yet: where a flush
// costs nothing, if the machine has such a place. It is for tests of what is
// stored, not of what a disk keeps.
func Missing(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp(pgtest.Memory(), "purser-*") //nolint:usetesting // elsewhere than other temporary files
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Errorf("remove %s: %v", folder, err)
		}
	})
	return filepath.Join(folder, Name)
}

// put writes the copy.
func put(t testing.TB, file string) {
	t.Helper()
	empty, err := template()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, empty, 0o600); err != nil {
		t.Fatal(err)
	}
}

// template is the file of an empty database of the newest schema, as it is on the
// disk after it was closed.
var template = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "purser-*")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the empty database: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }() // it is in the temporary folder
	file := filepath.Join(folder, Name)
	if _, err := sqlstore.Migrate(context.Background(), sqlstore.Options{URL: file, Now: time.Now}); err != nil {
		return nil, fmt.Errorf("make the empty database: %w", err)
	}
	return os.ReadFile(file) //nolint:gosec // a name of our own making
})
