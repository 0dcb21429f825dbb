package sqlstore_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// TestAdvice wants an operator to be told what to do about a database that cannot be used.
func TestAdvice(t *testing.T) {
	t.Parallel()
	damaged := sqlitetest.Missing(t)
	if err := os.WriteFile(damaged, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		damaged: "purser restore",
		"postgres://purser:secret@127.0.0.1:1/purser?connect_timeout=1": "whether PostgreSQL runs there",
	} {
		_, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: url, Now: time.Now})
		if err == nil {
			t.Fatalf("%s was opened", url)
		}
		if got := sqlstore.Advice(err); !strings.Contains(got, want) || strings.Contains(got, "secret") {
			t.Errorf("%v: got advice %q, want %q", err, got, want)
		}
	}
	for code, want := range map[string]string{"42501": "has to own the database", "42P01": ""} {
		err := error(&pgconn.PgError{Code: code})
		if got := sqlstore.Advice(err); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: got advice %q, want %q", code, got, want)
		}
		if got := sqlstore.HasNoSchema(err); got != (code == "42P01") {
			t.Errorf("%s: is there no schema? got %v", code, got)
		}
	}
	if got := sqlstore.Advice(errors.New("anything")); got != "" {
		t.Errorf("got advice %q about what is not known", got)
	}
}
