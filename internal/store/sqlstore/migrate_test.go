package sqlstore_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
	"github.com/purserhq/purser/internal/wallet"
)

// beforeWallets is the last version of the schema that knew no wallets.
const beforeWallets = 2

// olderBooks writes what the version before wallets had: invoices of two
// merchants, made in another order than that of their ids, with an event and an
// entry each.
func olderBooks(t *testing.T, url string) {
	t.Helper()
	tx, err := raw(t, url).BeginTx(t.Context(), nil) // for SQLite wants an entry with its postings
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	for n := range 6 {
		id, merchant, at := fmt.Sprintf("i%d", n), fmt.Sprintf("m%d", n%2), []int64{30, 10, 10, 20, 10, 10}[n]
		run(`insert into invoice (id, merchant_id, version, state, unit, amount, captured, reserved, created_at,
			updated_at, detail) values ($1, $2, 1, 'open', 'IRR', 1, 0, 0, $3, $3, '{}')`, id, merchant, at)
		run(`insert into event (seq, merchant_id, noun, subject, trigger, from_state, to_state, actor, note, at)
			values ($1, $2, 'invoice', $3, 'create', '', 'open', 'merchant', 'it''s', $4)`, n/2+1, merchant, id, at)
		run(`insert into posting (entry_id, merchant_id, line, account, unit, amount)
			values ($1, $2, 0, 'a', 'IRR', 5), ($1, $2, 1, 'b', 'IRR', -5)`, id, merchant)
		run(`insert into entry (id, merchant_id, rule, subject, at) values ($1, $2, $3, $1, $4)`,
			id, merchant, []string{"captured", "fee"}[n%2], at)
	}
	run("insert into tally (merchant_id, events, invoices) values ('m0', 3, 3), ('m1', 3, 3)")
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// numberedAs wants older invoices to have these numbers and nothing else that
// is new.
func numberedAs(t *testing.T, db *sqlstore.DB, want map[string]int64) {
	t.Helper()
	for id, number := range want {
		i, err := db.Invoice(t.Context(), fmt.Sprintf("m%d", (id[1]-'0')%2), id)
		if err != nil || i.Number != number || i.Terminal != 0 || i.Account != 0 || !i.VerifyBy.IsZero() {
			t.Errorf("invoice %s: got the number %d, %s, want %d and nothing else that is new", id, i.Number,
				fault.Detail(err), number)
		}
	}
}

// TestWalletMigration takes an older database up, down and up again: what it
// had stays, and the invoices are numbered in the order in which they were made.
func TestWalletMigration(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		o := sqlstore.Options{URL: url, Now: time.Now}
		to := func(version int64) {
			t.Helper()
			if err := sqlstore.MigrateTo(t.Context(), o, version); err != nil {
				t.Fatalf("migrate to %d: %v", version, err)
			}
		}
		count := func(table string) (n int) {
			t.Helper()
			if err := raw(t, url).QueryRowContext(t.Context(), "select count(*) from "+table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		want := map[string]int64{"i2": 1, "i4": 2, "i0": 3, "i1": 1, "i5": 2, "i3": 3}
		to(beforeWallets)
		olderBooks(t, url)
		to(beforeWallets + 1)
		db := open(t, o)
		numberedAs(t, db, want)
		all, err := db.Events(t.Context(), "m0", 0, 10)
		if err != nil || len(all) != 3 || all[2].Note != "it's" || all[2].Subject != "i4" {
			t.Errorf("events: got %+v, %v, want the 3 that were there", all, err)
		}
		clean(t, db, "I1", "I9 numbered", "I9 counted")
		for _, c := range []store.Change{
			paid("m1", 1, booksAt),
			{
				Customers: []wallet.Customer{{Merchant: "m0", Number: 10001, State: wallet.Active}},
				Events: []event.Event{{
					Merchant: "m0", Noun: event.Customer, Subject: "10001", Trigger: "create", To: "active", At: booksAt,
				}},
			},
		} {
			if err := db.Commit(t.Context(), c); err != nil {
				t.Fatal(fault.Detail(err))
			}
		}
		next, err := db.Invoice(t.Context(), "m1", paid("m1", 1, booksAt).Invoices[0].ID)
		if err != nil || next.Number != 4 {
			t.Errorf("next invoice: got the number %d, %v, want 4", next.Number, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		to(beforeWallets)
		if invoices, events, entries := count("invoice"), count("event"), count("entry"); invoices != 7 || events != 7 ||
			entries != 7 {
			t.Errorf("got %d invoices, %d events and %d entries, want 7 of each", invoices, events, entries)
		}
		to(beforeWallets + 1)
		numberedAs(t, open(t, o), want)
		if customers := count("customer"); customers != 0 {
			t.Errorf("got %d customers, want none: the version before had no place for them", customers)
		}
	})
}

// TestOlderProgram runs on a newer schema, unless that needs a newer program.
func TestOlderProgram(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		if err := open(t, sqlstore.Options{URL: url}).Close(); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct{ change, wrong string }{
			{"insert into schema_version (version_id, is_applied) values (900, true)", ""},
			{"update schema_needs set program = 900", "is at version 900 and needs a program that knows version 900"},
		} {
			if _, err := raw(t, url).ExecContext(t.Context(), step.change); err != nil {
				t.Fatal(err)
			}
			d, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: url, Now: time.Now})
			if err == nil {
				err = d.Close()
			}
			if step.wrong == "" && err != nil || step.wrong != "" && !strings.Contains(fmt.Sprint(err), step.wrong) {
				t.Errorf("after %s: got %v, want %q", step.change, err, step.wrong)
			}
		}
	})
}
