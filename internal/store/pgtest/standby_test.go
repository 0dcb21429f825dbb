package pgtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestStandby(t *testing.T) {
	t.Parallel()
	primary := start(t, Options{Durable: true, InMemory: true})
	if err := primary.CreateDatabase("books"); err != nil {
		t.Fatal(err)
	}
	standby, err := primary.Standby()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := standby.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	execute(t, primary.URL("books"), "create table note (words text)")
	execute(t, primary.URL("books"), "insert into note values ('kept')")
	if got := ask(t, standby.URL("books"), "select pg_is_in_recovery()::text"); got != "true" {
		t.Errorf("in recovery before the promotion: got %s, want true", got)
	}
	// Without its standby the primary acknowledges nothing.
	if err := standby.Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	conn, err := pgx.Connect(t.Context(), primary.URL("books"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(ctx, "insert into note values ('alone')"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a write without the standby: got %v, want it to wait", err)
	}
	if err := standby.Restart(); err != nil {
		t.Fatal(err)
	}
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	execute(t, primary.URLs(standby, "books")+"&target_session_attrs=read-write", "insert into note values ('new')")
	if got := ask(t, standby.URL("books"), "select count(*)::text from note where words in ('kept', 'new')"); got != "2" {
		t.Errorf("notes on the promoted server: got %s, want 2", got)
	}
}
