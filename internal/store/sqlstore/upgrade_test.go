package sqlstore_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

var update = flag.Bool("update", false, "write the rows of a version that has none yet")

// olderRows is where the rows are that the program of each version wrote. They
// stay as they are: what was written then is what has to be read now.
const olderRows = "testdata/upgrade"

// dealings is a trader with a deal that runs and one that was canceled.
func dealings(t *testing.T) []store.Change {
	t.Helper()
	rate, err := money.ParseRate("1")
	if err != nil {
		t.Fatal(err)
	}
	made := func(id string, state deal.State, held int64) deal.Deal {
		return deal.Deal{
			ID: id, Merchant: "m", State: state, Invoice: "i1", Trader: "tr1", Requisite: "q1", Option: "SBP",
			Method: "sberbank", Number: "79001234567", Holder: "Ivan I.", Amount: amount(30), Rate: rate,
			Coins: amount(30), Fee: amount(0), Held: amount(held), Deadline: booksAt, CreatedAt: booksAt, UpdatedAt: booksAt,
		}
	}
	names := ledger.Names{Gateway: "TRX", Trader: "tr1"}
	return []store.Change{{
		Traders: []deal.Trader{{ID: "tr1", Merchant: "m", Name: "Tom", CreatedAt: booksAt, UpdatedAt: booksAt}},
		Requisites: []deal.Requisite{{
			ID: "q1", Merchant: "m", Trader: "tr1", Option: "SBP", Method: "sberbank", Number: "79001234567",
			Holder: "Ivan I.", Least: amount(1), Most: amount(500), CreatedAt: booksAt, UpdatedAt: booksAt,
		}},
		Deals: []deal.Deal{made("d8", deal.TransferWaiting, 30), made("d9", deal.Canceled, 0)},
		Entries: []ledger.Entry{
			booked(t, ledger.RuleTraderPaidIn, "e190", "tr1", names, 100),
			booked(t, ledger.RuleDealHeld, "e191", "d8", names, 30), booked(t, ledger.RuleDealHeld, "e192", "d9", names, 30),
			booked(t, ledger.RuleDealReleased, "e193", "d9", names, 30),
		},
		Events: []event.Event{
			happened(event.Trader, "tr1", "create", "", "active"), happened(event.Requisite, "q1", "create", "", "active"),
			happened(event.Deal, "d8", "create", "", "transfer_waiting"),
			happened(event.Deal, "d9", "create", "", "transfer_waiting"),
			happened(event.Deal, "d9", "cancel", "transfer_waiting", "canceled"),
		},
	}}
}

// tablesOf lists the tables of a SQLite file whose rows people's work left, those of
// postings first: their entries seal them.
func tablesOf(t *testing.T, db *sql.DB) []string {
	t.Helper()
	names := texts(t, db, "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'"+
		" and name not in ('schema_version', 'schema_needs', 'revision') order by name = 'posting' desc, name")
	return names
}

// texts reads one column.
func texts(t *testing.T, db *sql.DB, query string) (all []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // Err tells whether all was read
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// written is all rows of a SQLite file as statements that both engines
// understand, but for binary values, which are BINARY'hex'.
func written(t *testing.T, db *sql.DB) string {
	t.Helper()
	var b strings.Builder
	for _, table := range tablesOf(t, db) {
		columns := texts(t, db, "select name from pragma_table_info('"+table+"')")
		values := make([]string, len(columns))
		for i, c := range columns {
			values[i] = "case typeof(" + c + ") when 'blob' then 'BINARY' || quote(hex(" + c + ")) else quote(" + c + ") end"
		}
		rows := texts(t, db, "select '(' || "+strings.Join(values, " || ', ' || ")+" || ')' from "+table+" order by 1")
		if len(rows) > 0 {
			fmt.Fprintf(&b, "insert into %s (%s) values\n%s;\n\n", table, strings.Join(columns, ", "), strings.Join(rows, ",\n"))
		}
	}
	return b.String()
}

// versionRows is the file of a version.
func versionRows(version int64) string {
	return filepath.Join(olderRows, fmt.Sprintf("%05d.sql", version))
}

// newestRows wants the newest version to have its rows, or writes them: they
// are there before the next version is.
func newestRows(t *testing.T) (newest int64) {
	t.Helper()
	url := sqlitetest.Missing(t)
	db := open(t, sqlstore.Options{URL: url, Now: func() time.Time { return booksAt }})
	newest, _, err := db.SchemaVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(versionRows(newest)); !errors.Is(err, os.ErrNotExist) {
		return newest
	}
	for _, c := range slices.Concat(business(t), deposits(t), trades(t), holds(t), settlements(t), dealings(t)) {
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatal(fault.Detail(err))
		}
	}
	sealAll(t, db, 10)
	if !*update {
		t.Fatalf("version %d of the schema has no rows in %s: run this test with -update", newest, olderRows)
	}
	rows := written(t, raw(t, url))
	if err := os.WriteFile(versionRows(newest), []byte(rows), 0o644); err != nil {
		t.Fatal(err)
	}
	return newest
}

// fill puts the rows of a version into a database of that version.
func fill(t *testing.T, url string, version int64) {
	t.Helper()
	text, err := os.ReadFile(versionRows(version))
	if err != nil {
		t.Fatal(err)
	}
	bytes := "X'$1'"
	if strings.HasPrefix(url, "postgres:") {
		bytes = `'\x$1'`
	}
	all := regexp.MustCompile(`BINARY'([0-9A-F]*)'`).ReplaceAllString(string(text), bytes)
	if err := transact(t.Context(), raw(t, url), strings.Split(strings.TrimSpace(all), ";\n\n")); err != nil {
		t.Fatalf("rows of version %d: %v", version, err)
	}
}

// counted counts the rows that a version's file has, by table, in a database.
func counted(t *testing.T, url string, version int64) map[string]int {
	t.Helper()
	text, err := os.ReadFile(versionRows(version))
	if err != nil {
		t.Fatal(err)
	}
	found, db := map[string]int{}, raw(t, url)
	for _, m := range regexp.MustCompile(`(?m)^insert into (\w+) `).FindAllStringSubmatch(string(text), -1) {
		var n int
		if err := db.QueryRowContext(t.Context(), "select count(*) from "+m[1]).Scan(&n); err != nil {
			t.Fatal(err)
		}
		found[m[1]] = n
	}
	return found
}

// older makes a database of a version with that version's rows.
func older(t *testing.T, url string, version int64) {
	t.Helper()
	if err := sqlstore.MigrateTo(t.Context(), sqlstore.Options{URL: url, Now: time.Now}, version); err != nil {
		t.Fatal(err)
	}
	fill(t, url, version)
}

// TestUpgrade brings a database of every version, with what the program of that
// version wrote, to the newest one: nothing is lost, and the books agree.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	newest := newestRows(t)
	for version := int64(1); version <= newest; version++ {
		t.Run(fmt.Sprintf("from version %d", version), func(t *testing.T) {
			onBoth(t, func(t *testing.T, url string) {
				older(t, url, version)
				before := counted(t, url, version)
				if version < beforePlaces+1 { // each requisite has a claim since
					before["claim"] += before["requisite"]
				}
				db := open(t, sqlstore.Options{URL: url})
				if is, _, err := db.SchemaVersion(t.Context()); err != nil || is != newest {
					t.Errorf("got version %d, %v, want %d", is, err, newest)
				}
				if did := db.Migrated(); did.Before != version || did.After != newest {
					t.Errorf("opening says that it did %+v, want %d to %d", did, version, newest)
				}
				if after := counted(t, url, version); !maps.Equal(before, after) || before["posting"] == 0 {
					t.Errorf("got rows %v, want what there was: %v", after, before)
				}
				if err := db.Commit(t.Context(), sound(1)); err != nil {
					t.Errorf("commit after the upgrade: %s", fault.Detail(err))
				}
				sealAll(t, db, 1000)
				for _, f := range auditOf(t, db) {
					if f.Wrong != 0 {
						t.Errorf("%s: %s: %d of %d wrong, such as %s", f.ID, f.Checks, f.Wrong, f.Rows, f.Example)
					}
				}
				keptCopies(t, url, version, newest)
			})
		})
	}
}

// keptCopies wants a copy of a file as it was before its upgrade.
func keptCopies(t *testing.T, url string, version, newest int64) {
	t.Helper()
	if strings.HasPrefix(url, "postgres:") {
		return
	}
	kept, err := filepath.Glob(url + ".v*")
	if err != nil {
		t.Fatal(err)
	}
	if version == newest {
		if len(kept) != 0 {
			t.Errorf("got copies %v, want none where nothing was to be done", kept)
		}
		return
	}
	if len(kept) != 1 || !strings.HasPrefix(kept[0], fmt.Sprintf("%s.v%d.2", url, version)) {
		t.Fatalf("got copies %v, want one that names version %d and the time", kept, version)
	}
	if found, err := sqlstore.Inspect(t.Context(), kept[0], nil); err != nil || found.Schema != version {
		t.Errorf("copy: got %+v, %v, want a whole one of version %d", found, err, version)
	}
}

// TestUpgradeFails puts a file back when its upgrade fails at the end, and
// restores the copy of an older version.
func TestUpgradeFails(t *testing.T) {
	const version = 3
	url := sqlitetest.Missing(t)
	older(t, url, version)
	before, backup := counted(t, url, version), url+".backup"
	if err := sqlstore.CopyFile(url, backup); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the disk is full")
	o := sqlstore.Options{URL: url, Now: time.Now, Fault: func(stage string) error {
		if stage == "upgraded" {
			return broken
		}
		return nil
	}}
	_, err := sqlstore.Open(t.Context(), o)
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "again what it was before, at version 3") {
		t.Fatalf("open: got %v, want it to say what happened and what is now", err)
	}
	if _, err := sqlstore.Migrate(t.Context(), o); !errors.Is(err, broken) {
		t.Errorf("migrate: got %v, want the same", err)
	}
	if after := counted(t, url, version); !maps.Equal(before, after) {
		t.Errorf("got rows %v, want what there was: %v", after, before)
	}
	if is := texts(t, raw(t, url), "select max(version_id) from schema_version"); is[0] != "3" {
		t.Errorf("got version %s, want 3", is[0])
	}
	if kept, err := filepath.Glob(url + ".v3.*"); err != nil || len(kept) != 0 {
		t.Fatalf("got copies %v, %v, want none that fills the disk", kept, err)
	}
	o.Fault = nil
	done, err := sqlstore.Restore(t.Context(), o, backup, url+".aside", nil)
	if err != nil || !done.Agrees() || done.Was != version || done.Schema == version {
		t.Errorf("restore: got %+v, %v, want the copy brought up to date", done, err)
	}
	again, err := sqlstore.Migrate(context.WithoutCancel(t.Context()), o)
	if err != nil || again.Before != done.Schema || again.Copy != "" {
		t.Errorf("migrate what was restored: got %+v, %v, want nothing to do", again, err)
	}
}

// TestUpgradeOfWrongBooks brings books up to date that were wrong before, which an upgrade
// cannot mend, and says so.
func TestUpgradeOfWrongBooks(t *testing.T) {
	t.Parallel()
	const version = 3
	url := sqlitetest.Missing(t)
	older(t, url, version)
	if err := transact(t.Context(), raw(t, url), []string{
		"update account set balance = balance + 1 where key in (select key from account order by key limit 1)",
	}); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	o := sqlstore.Options{URL: url, Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}
	done, err := sqlstore.Migrate(t.Context(), o)
	if err != nil || done.Before != version || done.Copy == "" {
		t.Fatalf("got %+v, %v, want it brought up to date", done, err)
	}
	if got := log.String(); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "look with purser audit") {
		t.Errorf("got the log %q, want it to warn of the books", got)
	}
}
