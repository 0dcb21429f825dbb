package sqlstore_test

import (
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/store/sqlstore"
)

// small is a connection to a file whose log is gathered, if so, with a cache of so few pages that a
// transaction of some hundred rows writes to the log before it ends.
func small(t *testing.T, file string, gathered bool) *sql.DB {
	t.Helper()
	q := url.Values{"_pragma": {"journal_mode(wal)", "synchronous(full)", "cache_size(4)"}}
	if gathered {
		name, err := sqlstore.GatheringLog()
		if err != nil {
			t.Fatal(err)
		}
		q.Set("vfs", name)
	}
	db, err := sql.Open("sqlite", "file:"+file+"?"+q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// say runs a statement.
func say(t *testing.T, on interface {
	Exec(string, ...any) (sql.Result, error)
}, query string, args ...any,
) {
	t.Helper()
	if _, err := on.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// What a transaction wrote to the log before it was rolled back does not take the place of what
// another connection has committed since, and what a transaction reads of its own is there.
func TestGatheredLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gathered.db")
	one, other, plain := small(t, file, true), small(t, file, true), small(t, file, false)
	say(t, one, "create table sheep (number integer primary key, name text not null)")
	const flock, more, few = 2000, 2500, 50
	name := strings.Repeat("baa", 100)
	kept, given := 0, 0
	breed := func(db *sql.DB, n int, keep bool) {
		t.Helper()
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			given++
			say(t, tx, "insert into sheep values ($1, $2)", given, name)
		}
		if !keep { // with pages that were written last and that nobody has looked for
			if err := tx.Rollback(); err != nil {
				t.Fatal(err)
			}
			return
		}
		kept += n
		var seen int
		err = tx.QueryRow("select count(*) from sheep where name = $1", name).Scan(&seen)
		if err := errors.Join(err, tx.Commit()); err != nil || seen != kept {
			t.Fatalf("got %d rows inside of the transaction, %v, want %d", seen, err, kept)
		}
	}
	for range 3 {
		breed(one, flock, false)
		breed(other, more, true)
		breed(one, 1, true)
		breed(other, flock, false)
		breed(one, few, true)
		breed(one, flock, true)
		for n, db := range []*sql.DB{plain, other, one} {
			var seen int
			if err := db.QueryRow("select count(*) from sheep where name = $1", name).Scan(&seen); err != nil || seen != kept {
				t.Fatalf("connection %d: got %d rows, %v, want %d", n, seen, err, kept)
			}
			var sound string
			if err := db.QueryRow("pragma integrity_check").Scan(&sound); err != nil || sound != "ok" {
				t.Fatalf("connection %d: got %q, %v, want ok", n, sound, err)
			}
		}
	}
}

// What is left to write is forgotten when a transaction is rolled back.
func TestGatheredLogForgets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gathered.db")
	one, other, plain := small(t, file, true), small(t, file, true), small(t, file, false)
	say(t, one, "create table sheep (number integer primary key)")
	say(t, other, "insert into sheep values (1)")
	tx, err := one.Begin()
	if err != nil {
		t.Fatal(err)
	}
	say(t, tx, "insert into sheep values (4)")
	if n := sqlstore.LeaveWaiting(file); n != 2 {
		t.Fatalf("got %d logs, want 2", n)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	say(t, other, "insert into sheep values (2)")
	say(t, one, "insert into sheep values (3)")
	for n, db := range []*sql.DB{plain, other, one} {
		var seen int
		if err := db.QueryRow("select count(*) from sheep").Scan(&seen); err != nil || seen != 3 {
			t.Errorf("connection %d: got %d rows, %v, want 3", n, seen, err)
		}
	}
}
