package sqlstore_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// TestOneProcess opens one file twice.
func TestOneProcess(t *testing.T) {
	url := sqlitetest.Missing(t)
	db := open(t, sqlstore.Options{URL: "sqlite:" + url})
	_, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: url, Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), "another purser process uses this database") {
		t.Fatalf("second open: got %v, want it refused because another process has the file", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, sqlstore.Options{URL: url}).Ping(t.Context()); err != nil {
		t.Errorf("ping after the first one closed: %v", err)
	}
}

// TestReadOnly audits beside a running server.
func TestReadOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		at := time.Unix(1_790_000_000, 0)
		if err := db.Commit(t.Context(), paid("m", 1, at)); err != nil {
			t.Fatal(err)
		}
		second := open(t, sqlstore.Options{URL: url, ReadOnly: true})
		findings, err := second.Audit(t.Context(), nil)
		if err != nil || len(findings) == 0 || findings[0].Rows != 1 {
			t.Errorf("audit: got %+v, %v, want the first check to see one entry", findings, err)
		}
		if err := second.Commit(t.Context(), paid("m", 2, at)); !fault.Is(err, fault.CodeInternal) {
			t.Errorf("commit: got %v, want internal", err)
		}
		if err := db.Commit(t.Context(), paid("m", 2, at)); err != nil {
			t.Errorf("commit of the server: got %v, want nil", err)
		}
	})
}

// TestMigrate brings a database up to date, and refuses an older one where it
// was told not to.
func TestMigrate(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		o := sqlstore.Options{URL: url, Now: time.Now, NoMigrate: true}
		if _, err := sqlstore.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "run purser migrate") {
			t.Fatalf("open: got %v, want it refused with what to do", err)
		}
		first, err := sqlstore.Migrate(t.Context(), o)
		if err != nil || first.Before != 0 || first.After < 1 || first.Copy != "" {
			t.Fatalf("migrate: got %+v, %v, want 0 to the newest, and no copy of nothing", first, err)
		}
		again, err := sqlstore.Migrate(t.Context(), o)
		if want := (sqlstore.Migrated{Before: first.After, After: first.After}); err != nil || again != want {
			t.Errorf("second migrate: got %+v, %v, want %+v", again, err, want)
		}
		is, needed, err := open(t, o).SchemaVersion(t.Context())
		if err != nil || is != first.After || needed != first.After {
			t.Errorf("schema version: got %d of %d, %v, want %d of it", is, needed, err, first.After)
		}
	})
}

// TestMigrateTogether starts several nodes at once on an empty PostgreSQL.
func TestMigrateTogether(t *testing.T) {
	url := pgtest.Database(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			db, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: url, Now: time.Now})
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			if err := db.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	all.Wait()
}

// TestDurable refuses a server that forgets, and one that has no name for a file.
func TestDurable(t *testing.T) {
	url := pgtest.Database(t)
	for _, setting := range []string{"synchronous_commit=off"} {
		_, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: url + "&" + setting, Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), "synchronous_commit = off") {
			t.Errorf("open with %s: got %v, want it refused for that", setting, err)
		}
	}
	c, err := pgtest.Start(pgtest.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Stop() }()
	if err := c.CreateDatabase("forgetful"); err != nil {
		t.Fatal(err)
	}
	_, err = sqlstore.Open(t.Context(), sqlstore.Options{URL: c.URL("forgetful"), Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), "fsync = off") {
		t.Errorf("open: got %v, want it refused because of fsync", err)
	}
	for _, path := range []string{"", ":memory:", "sqlite::memory:"} {
		if _, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: path, Now: time.Now}); err == nil {
			t.Errorf("open %q: got nil, want it refused", path)
		}
	}
	if _, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: sqlitetest.Missing(t)}); err == nil {
		t.Error("open without a clock: got nil, want it refused")
	}
}

// TestLateCallers reads, writes and closes after the close.
func TestLateCallers(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Invoice(t.Context(), "m", "i"); !fault.Is(err, fault.CodeInternal) {
			t.Errorf("invoice: got %v, want internal", err)
		}
		if _, err := db.Audit(t.Context(), nil); !fault.Is(err, fault.CodeInternal) {
			t.Errorf("audit: got %v, want internal", err)
		}
		if err := db.Ping(t.Context()); err == nil {
			t.Error("ping: got nil, want an error")
		}
		if err := db.Commit(t.Context(), paid("m", 1, time.Now())); !fault.Is(err, fault.CodeShuttingDown) {
			t.Errorf("commit: got %v, want shutting_down", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("second close: got %v, want nil", err)
		}
	})
}
