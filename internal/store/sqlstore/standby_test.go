package sqlstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// pair is a primary with a synchronous standby, and an empty database on them.
func pair(t *testing.T) (primary, standby *pgtest.Cluster) {
	t.Helper()
	primary, err := pgtest.Start(pgtest.Options{Durable: true, InMemory: true})
	if errors.Is(err, pgtest.ErrNotInstalled) {
		pgtest.Database(t) // skips or fails, as the environment wants it
	}
	stop := func(c *pgtest.Cluster) {
		t.Cleanup(func() {
			if err := c.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	stop(primary)
	if err := primary.CreateDatabase("purser"); err != nil {
		t.Fatal(err)
	}
	if standby, err = primary.Standby(); err != nil {
		t.Fatal(err)
	}
	stop(standby)
	return primary, standby
}

// connect opens a connection beside the store.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// waitsForStandby finds the commit that waits for the standby and began after
// another one.
func waitsForStandby(t *testing.T, conn *pgx.Conn, after time.Time) (pid int, began time.Time) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		err := conn.QueryRow(t.Context(), "select pid, xact_start from pg_stat_activity where wait_event = 'SyncRep'"+
			" and xact_start > $1", after).Scan(&pid, &began)
		if err == nil {
			return pid, began
		}
		if !errors.Is(err, pgx.ErrNoRows) {
			t.Fatal(err)
		}
	}
	t.Fatal("no commit waits for the standby")
	return 0, began
}

// TestStandby loses a standby and then the primary: a commit is acknowledged
// when both have it and not before, and goes on where writes are taken.
func TestStandby(t *testing.T) {
	primary, standby := pair(t)
	db := open(t, sqlstore.Options{URL: primary.URLs(standby, "purser")})
	var kept []string
	n := int64(0)
	commit := func() error {
		n++
		c := paid("m", n, time.Unix(1_790_000_000, 0))
		err := db.Commit(t.Context(), c)
		if err == nil {
			kept = append(kept, c.Invoices[0].ID)
		}
		return err
	}
	if err := commit(); err != nil {
		t.Fatal(fault.Detail(err))
	}
	beside := connect(t, primary.URL("purser"))
	if err := standby.Kill(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- commit() }()
	// Somebody cancels the wait: the primary says that it has committed, with a warning.
	pid, began := waitsForStandby(t, beside, time.Time{})
	if _, err := beside.Exec(t.Context(), "select pg_cancel_backend($1)", pid); err != nil {
		t.Fatal(err)
	}
	waitsForStandby(t, beside, began) // the look whether it landed
	select {
	case err := <-done:
		t.Fatalf("a commit without the standby: got %v, want it to wait", err)
	default:
	}
	if err := standby.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(fault.Detail(err))
	}
	// The primary takes no writes any more, and lets nobody go.
	for _, statement := range []string{
		"alter system set default_transaction_read_only = on", "select pg_reload_conf()",
	} {
		if _, err := beside.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(20 * time.Second); ; { // until the server has heard of it
		err := commit()
		if fault.Is(err, fault.CodeDatabaseUnavailable) {
			break
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("a commit on a server that takes none: got %v, want database_unavailable", err)
		}
	}
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	if err := commit(); err != nil {
		t.Fatalf("after the promotion: %s", fault.Detail(err))
	}
	for _, id := range kept {
		if _, err := db.Invoice(t.Context(), "m", id); err != nil {
			t.Errorf("invoice %s on the promoted standby: %s", id, fault.Detail(err))
		}
	}
	clean(t, db, "I1", "I2", "I3", "P4", "I9 numbered")
}
