package sqlitetest_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// A copy is what migrations make of a file that was not there.
func TestCopyIsWhatMigrationsMake(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"database": sqlitetest.Database(t), "folder": filepath.Join(sqlitetest.Folder(t), sqlitetest.Name),
	} {
		// Without the right to migrate, so that only a whole schema opens.
		db, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: file, Now: time.Now, NoMigrate: true})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		is, needed, err := db.SchemaVersion(t.Context())
		if err != nil || is != needed {
			t.Errorf("%s: got schema %d, %v, want %d", name, is, err, needed)
		}
		findings, err := db.Audit(t.Context(), func(int) {})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, f := range findings {
			if f.Wrong != 0 {
				t.Errorf("%s: %s: %d wrong", name, f.Checks, f.Wrong)
			}
		}
		if err := db.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What one test writes, no other sees.
func TestDatabasesArePrivate(t *testing.T) {
	t.Parallel()
	first, second := sqlitetest.Database(t), sqlitetest.Database(t)
	if first == second {
		t.Fatalf("two tests were given %s", first)
	}
	if missing := sqlitetest.Missing(t); missing == first || missing == second {
		t.Fatalf("a file that is to be missing is %s", missing)
	}
}
