package sqlstore_test

import (
	"context"
	"database/sql"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fsm"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store/sqlstore"
	"github.com/purserhq/purser/internal/store/sqlstore/migrations"
	"github.com/purserhq/purser/internal/wallet"
)

// raw opens a database as a person with a SQL prompt would.
func raw(t testing.TB, url string) *sql.DB {
	t.Helper()
	var db *sql.DB
	if strings.HasPrefix(url, "postgres:") {
		config, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		db = stdlib.OpenDB(*config)
	} else {
		var err error
		if db, err = sql.Open("sqlite", "file:"+url+"?_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)"); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// states lists a table's states.
func states[S, T ~string](table fsm.Table[S, T]) []string {
	var all []string
	for _, s := range table.States() {
		all = append(all, string(s))
	}
	return all
}

// words lists the quoted words of a check by table, as the database has it.
func words(t *testing.T, url string) map[string][]string {
	t.Helper()
	query, list := `select name, sql from sqlite_master where type = 'table'`,
		regexp.MustCompile(`(?s) (?:state|noun) text not null check \((?:state|noun) in\s*\(([^)]*)\)`)
	if strings.HasPrefix(url, "postgres:") {
		query, list = `select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint where contype = 'c'`,
			regexp.MustCompile(`\((?:state|noun) = ANY \(ARRAY\[(.*)\]`)
	}
	rows, err := raw(t, url).QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err tells whether all was read
	found := make(map[string][]string)
	for rows.Next() {
		var table, check string
		if err := rows.Scan(&table, &check); err != nil {
			t.Fatal(err)
		}
		if in := list.FindStringSubmatch(check); in != nil {
			for _, word := range regexp.MustCompile(`'(\w+)'`).FindAllStringSubmatch(in[1], -1) {
				found[table] = append(found[table], word[1])
			}
			slices.Sort(found[table])
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// stateLists are the states that the tables of the nouns have, by table.
func stateLists() map[string][]string {
	want := map[string][]string{
		"invoice": states(invoice.States), "payment": states(payment.States), "refund": states(refund.States),
		"payout": states(payout.States), "customer": states(wallet.States), "delivery": states(event.States),
		"deal": states(deal.States),
	}
	for _, noun := range event.Nouns {
		want["event"] = append(want["event"], string(noun))
	}
	for _, list := range want {
		slices.Sort(list)
	}
	return want
}

// TestStateLists compares the lists of states in the schema, after all
// migrations, with the tables of the nouns.
func TestStateLists(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		open(t, sqlstore.Options{URL: url})
		if diff := cmp.Diff(stateLists(), words(t, url)); diff != "" {
			t.Errorf("the lists of states differ (-want +got)\n%s", diff)
		}
	})
}

// TestSameMigrations wants the same steps for both engines.
func TestSameMigrations(t *testing.T) {
	names := make(map[string][]string)
	for _, engine := range []string{"sqlite", "postgres"} {
		list, err := fs.Glob(migrations.Files, engine+"/*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range list {
			names[engine] = append(names[engine], path.Base(name))
		}
	}
	if !slices.Equal(names["sqlite"], names["postgres"]) {
		t.Errorf("got %v for SQLite and %v for PostgreSQL, want the same", names["sqlite"], names["postgres"])
	}
}

// TestBooksRefuse tries by hand what only a mistake or a thief would.
func TestBooksRefuse(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		at := time.Unix(1_790_000_000, 0)
		if err := db.Commit(t.Context(), paid("m", 1, at)); err != nil {
			t.Fatal(err)
		}
		id := paid("m", 1, at).Invoices[0].ID
		hand := raw(t, url)
		const posting = "insert into posting (entry_id, merchant_id, line, account, unit, amount) values "
		const entry = "insert into entry (id, merchant_id, rule, subject, at) values ('e', 'm', 'fee', 's', 1)"
		for name, statements := range map[string][]string{
			"one line":          {posting + "('e', 'm', 0, 'fees//IRR', 'IRR', 5)", entry},
			"unequal lines":     {posting + "('e', 'm', 0, 'a', 'IRR', 5), ('e', 'm', 1, 'b', 'IRR', -4)", entry},
			"two units":         {posting + "('e', 'm', 0, 'a', 'IRR', 5), ('e', 'm', 1, 'b', 'USD', -5)", entry},
			"a line of nothing": {posting + "('e', 'm', 0, 'a', 'IRR', 0)", entry},
			"a line too many":   {posting + "('" + id + "', 'm', 2, 'fees//IRR', 'IRR', 5)"},
			"change a line":     {"update posting set amount = amount * 2"},
			"remove a line":     {"delete from posting"},
			"change an entry":   {"update entry set rule = 'fee'"},
			"remove an entry":   {"delete from entry"},
			"capture again": {
				posting + "('e', 'm', 0, 'a', 'IRR', 5), ('e', 'm', 1, 'b', 'IRR', -5)",
				"insert into entry (id, merchant_id, rule, subject, at) values ('e', 'm', 'captured', '" + id + "', 1)",
			},
			"below the floor": {
				"insert into account (key, merchant_id, role, owner, unit, floor, balance)" +
					" values ('suspense//IRR', 'm', 'suspense', '', 'IRR', 0, -1)",
			},
			"no such state": {"update payment set state = 'lost'"},
		} {
			if err := transact(t.Context(), hand, statements); err == nil {
				t.Errorf("%s: got nil, want the database to refuse it", name)
			}
		}
		good := []string{posting + "('e', 'm', 0, 'a', 'IRR', 5), ('e', 'm', 1, 'b', 'IRR', -5)", entry}
		if err := transact(t.Context(), hand, good); err != nil {
			t.Errorf("an entry that balances: got %v, want nil", err)
		}
		if strings.HasPrefix(url, "postgres:") {
			return
		}
		if err := transact(t.Context(), hand, []string{strings.ReplaceAll(good[0], "'e'", "'x'")}); err == nil {
			t.Error("lines without their entry: got nil, want the database to refuse them")
		}
	})
}

// transact runs statements in one transaction.
func transact(ctx context.Context, db *sql.DB, statements []string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// withoutGuards takes away what keeps a person from spoiling the books.
func withoutGuards(t *testing.T, db *sql.DB, url string) {
	t.Helper()
	statements := []string{
		"drop trigger entry_final on entry", "drop trigger posting_final on posting",
		"drop trigger posting_balanced on posting",
	}
	if !strings.HasPrefix(url, "postgres:") {
		statements = []string{
			"drop trigger entry_no_update", "drop trigger entry_no_delete", "drop trigger posting_no_update",
			"drop trigger posting_no_delete", "drop trigger entry_balanced", "drop trigger posting_sealed",
		}
	}
	if err := transact(t.Context(), db, statements); err != nil {
		t.Fatalf("drop triggers: %v", err)
	}
}
