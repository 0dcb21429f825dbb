package server

import (
	"bytes"
	"database/sql"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// setsPINs has a merchant's software open an account with a PIN and set another one's.
func (x told) setsPINs(t *testing.T) {
	t.Helper()
	var key struct{ Secret string }
	x.operate(t, &key, func(c Commands) error {
		return c.AddKey(t.Context(), NewKey{Merchant: x.merchant, Scopes: []string{"customers:write"}})
	})
	r := start(t, x.config, nil)
	for path, body := range map[string]string{
		"/v1/customers":           `{"first_name":"Ada","pin":"471100"}`,
		"/v1/customers/10001/pin": `{"pin":"471100"}`,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = bearer(key.Secret)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", path)
		answer, err := r.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil || answer.StatusCode >= http.StatusBadRequest {
			t.Fatalf("%s: got status %d, %v", path, answer.StatusCode, err)
		}
	}
	r.halt(t)
}

// TestCopiesTellNoPIN: in the files of a database, and in a backup, there is no hash of a PIN, and
// nothing else by which somebody without the keyset could know the right one of all there are.
func TestCopiesTellNoPIN(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	x.operateIn(t, "4711\n", func(c Commands) error {
		return c.AddCustomer(t.Context(), NewCustomer{Merchant: x.merchant, FirstName: "A.", PIN: "-"})
	})
	x.setsPINs(t)
	backup := filepath.Join(x.config.Data, "purser.db.copy")
	x.operate(t, new(any), func(c Commands) error { return c.Backup(t.Context(), backup) })
	files, err := filepath.Glob(filepath.Join(x.config.Data, "purser.db*"))
	if err != nil || !slices.Contains(files, backup) || len(files) < 2 {
		t.Fatalf("got the files %v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || bytes.Contains(text, []byte("argon2id")) {
			t.Errorf("%s: got %v, or there is a hash in it", file, err)
		}
	}
	db, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: backup, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // nothing was written
	answers, err := db.EveryAnswer(t.Context(), store.Key{}, now(), 100)
	if err != nil || len(answers) < 2 {
		t.Fatalf("got %d answers, %v, want those to both calls", len(answers), err)
	}
	for _, a := range answers {
		if !strings.HasPrefix(a.Fingerprint, "sealed:") {
			t.Errorf("%s: got the fingerprint %q of a call with a PIN, want it sealed", a.Key, a.Fingerprint)
		}
	}
}

// warned wants a server to say at its start that PINs are not sealed, or not to.
func (x told) warned(t *testing.T, want bool) {
	t.Helper()
	var log strings.Builder
	s, err := New(t.Context(), Config{Listen: "127.0.0.1:0", Data: x.config.Data}, &log)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if got := strings.Contains(log.String(), "PINs are not sealed"); got != want {
		t.Errorf("got the log %q, want a warning: %v", log.String(), want)
	}
}

// TestPINsOfBefore: what a program of before could read of PINs stays until a reseal, which
// seals it; then no such program starts on the database any more. A reseal that only counts
// changes nothing.
func TestPINsOfBefore(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	kept := func(change string) (pin string, needs int) {
		t.Helper()
		db, err := sql.Open("sqlite", filepath.Join(x.config.Data, databaseName))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }() // whatever was wrong is known by then
		if change != "" {
			if _, err := db.ExecContext(t.Context(), change); err != nil {
				t.Fatal(err)
			}
		}
		err = db.QueryRowContext(t.Context(), "select coalesce(max(detail ->> '$.pin'), ''), max(program) from schema_needs"+
			" left join customer").Scan(&pin, &needs)
		if err != nil {
			t.Fatal(err)
		}
		return pin, needs
	}
	kept("update schema_needs set program = 22")
	x.operateIn(t, "4711\n", func(c Commands) error {
		return c.AddCustomer(t.Context(), NewCustomer{Merchant: x.merchant, FirstName: "A.", PIN: "-"})
	})
	x.warned(t, true)
	defer x.warned(t, false)
	for _, check := range []bool{true, false, true} {
		before, needed := kept("")
		d := newDesk(x.config)
		if err := d.Reseal(t.Context(), check); err != nil {
			t.Fatal(err)
		}
		after, needs := kept("")
		bare := strings.HasPrefix(before, "$argon2id$")
		if said := strings.Contains(d.out.String()+d.errs.String(), "1 PINs are not sealed at all"); said != (check && bare) {
			t.Errorf("check %v of %q: got %s%s", check, before, d.out.String(), d.errs.String())
		}
		if check && (after != before || needs != needed) {
			t.Errorf("counting made %q of %q, and %d of %d", after, before, needs, needed)
		}
		if !check && (!bare || !strings.HasPrefix(after, "$sealed$") || needs != 25) {
			t.Errorf("got %q of %q, and %d, want it sealed", after, before, needs)
		}
	}
}
