package sqlstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// sound is a paid invoice whose history is whole.
func sound(n int64) store.Change {
	c := paid("m", n, booksAt)
	id := c.Invoices[0].ID
	c.Claims = []store.Claim{{Merchant: "m", Kind: store.ReceiptClaim, Key: id, Subject: id}}
	c.Events = []event.Event{
		happened(event.Invoice, id, "create", "", "open"), happened(event.Invoice, id, "pay", "open", "paid"),
		happened(event.Invoice, id, "complete", "paid", "completed"),
		happened(event.Payment, id, "create", "", "processing"),
		happened(event.Payment, id, "capture", "processing", "captured"),
	}
	return c
}

// TestBackupUnderLoad copies a database that is being written to: what was
// acknowledged before is in the copy, and the copy's books agree.
func TestBackupUnderLoad(t *testing.T) {
	url := filepath.Join(t.TempDir(), "purser.db")
	db := open(t, sqlstore.Options{URL: url})
	var (
		stop         = make(chan struct{})
		writers      sync.WaitGroup
		next, stored atomic.Int64
		started      = make(chan struct{}, 1)
	)
	for range 4 {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := db.Commit(t.Context(), sound(next.Add(1))); err != nil {
					t.Error(fault.Detail(err))
					return
				}
				if stored.Add(1) == 100 {
					started <- struct{}{}
				}
			}
		})
	}
	<-started
	for n := range 3 {
		before := stored.Load()
		to := filepath.Join(t.TempDir(), "copy.db")
		if err := sqlstore.Snapshot(t.Context(), sqlstore.Options{URL: url}, to); err != nil {
			t.Fatalf("copy %d: %v", n, err)
		}
		info, err := os.Stat(to)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("copy %d: got mode %v, %v, want it to be its owner's alone", n, info.Mode(), err)
		}
		found, err := sqlstore.Inspect(t.Context(), to, nil)
		if err != nil || !found.Agrees() || found.Findings[0].Rows < before {
			t.Fatalf("copy %d: got %+v, %v, want good books with at least the %d entries that were acknowledged", n, found,
				err, before)
		}
	}
	close(stop)
	writers.Wait()
}

// backedUp makes a database with some business and a copy of it.
func backedUp(t *testing.T) (url, to string) {
	t.Helper()
	folder := t.TempDir()
	url, to = filepath.Join(folder, "purser.db"), filepath.Join(folder, "copy.db")
	db := open(t, sqlstore.Options{URL: url})
	for _, c := range business(t) {
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(fault.Detail(err))
		}
	}
	if err := sqlstore.Snapshot(t.Context(), sqlstore.Options{URL: url}, to); err != nil {
		t.Fatal(err)
	}
	if err := db.Commit(t.Context(), deposits(t)[0]); err != nil {
		t.Fatal(fault.Detail(err))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return url, to
}

// entriesOf counts the entries of a file.
func entriesOf(t *testing.T, file string) (n int) {
	t.Helper()
	if err := raw(t, file).QueryRowContext(t.Context(), "select count(*) from entry").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRestore puts a copy in the place of a database, which is kept.
func TestRestore(t *testing.T) {
	url, to := backedUp(t)
	o, aside := sqlstore.Options{URL: url, Now: time.Now}, url+".before"
	running := open(t, o)
	if _, err := sqlstore.Restore(t.Context(), o, to, aside, nil); err == nil ||
		!strings.Contains(err.Error(), "another purser process uses this database") {
		t.Errorf("beside a server: got %v, want it refused", err)
	}
	if err := running.Close(); err != nil {
		t.Fatal(err)
	}
	done, err := sqlstore.Restore(t.Context(), o, to, aside, nil)
	if err != nil || !done.Agrees() || done.Aside != aside || done.Rows == 0 || done.Was != done.Schema {
		t.Fatalf("got %+v, %v, want it restored and the old one kept", done, err)
	}
	if now, before := entriesOf(t, url), entriesOf(t, aside); now != 5 || before != 10 {
		t.Errorf("got %d entries and %d in the old one, want 5 and 10", now, before)
	}
	left, err := filepath.Glob(url + ".restoring*")
	if err != nil || len(left) != 0 {
		t.Errorf("got %v, %v left over, want nothing", left, err)
	}
	// What there is under a name is never written over.
	if _, err := sqlstore.Restore(t.Context(), o, to, aside, nil); !errors.Is(err, os.ErrExist) {
		t.Errorf("again with the same name: got %v, want it refused", err)
	}
	if err := sqlstore.Snapshot(t.Context(), o, to); !errors.Is(err, os.ErrExist) {
		t.Errorf("copy over a file: got %v, want it refused", err)
	}
	proved(t, auditOf(t, open(t, o))[:1])
}

// TestRestoreRefuses leaves a database where it is when the copy is no good.
func TestRestoreRefuses(t *testing.T) {
	url, to := backedUp(t)
	o := sqlstore.Options{URL: url, Now: time.Now}
	whole, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	for name, spoilt := range map[string][]byte{
		"cut off": whole[:len(whole)/2], "no database": []byte("not a database at all, just some words"), "empty": {},
	} {
		bad := filepath.Join(t.TempDir(), "bad.db")
		if err := os.WriteFile(bad, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		if done, err := sqlstore.Restore(t.Context(), o, bad, url+".before", nil); err == nil {
			t.Errorf("%s: got %+v, want it refused", name, done)
		}
		empty := filepath.Join(t.TempDir(), "purser.db")
		_, err := sqlstore.Restore(t.Context(), sqlstore.Options{URL: empty, Now: time.Now}, bad, empty+".before", nil)
		if got := sqlstore.Advice(err); !strings.Contains(got, "try another backup") {
			t.Errorf("%s, put where nothing was: got %v and the advice %q, want another to be tried", name, err, got)
		}
		if left, err := filepath.Glob(empty + "*"); err != nil || len(left) != 0 {
			t.Errorf("%s, put where nothing was: got %v, %v left over, want nothing", name, left, err)
		}
	}
	hand := raw(t, to)
	if _, err := hand.ExecContext(t.Context(), "update account set balance = balance + 1"); err != nil {
		t.Fatal(err)
	}
	done, err := sqlstore.Restore(t.Context(), o, to, url+".before", nil)
	if err != nil || done.Agrees() || done.Aside != "" {
		t.Errorf("books that do not agree: got %+v, %v, want them found and nothing done", done, err)
	}
	if n := entriesOf(t, url); n != 10 {
		t.Errorf("got %d entries, want the 10 that were there", n)
	}
	if _, err := os.Stat(url + ".lock"); err != nil {
		t.Errorf("the lock of a database that is there: got %v, want it left", err)
	}
}

// TestBackupLeavesNothing wants nothing to be left of a copy that could not be made, nor
// of the journal beside it.
func TestBackupLeavesNothing(t *testing.T) {
	url, _ := backedUp(t)
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(to+"-journal", []byte("as of a copy whose disk was full"), 0o600); err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sqlstore.Snapshot(over, sqlstore.Options{URL: url}, to); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it cut off", err)
	}
	if left, err := filepath.Glob(to + "*"); err != nil || len(left) != 0 {
		t.Errorf("got %v, %v left over, want nothing", left, err)
	}
}

// auditOf is what an audit finds.
func auditOf(t *testing.T, db *sqlstore.DB) []store.Finding {
	t.Helper()
	findings, err := db.Audit(t.Context(), nil)
	if err != nil {
		t.Fatal(fault.Detail(err))
	}
	return findings
}
