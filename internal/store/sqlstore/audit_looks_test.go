package sqlstore_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	neturl "net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// allBooks is all that the books of a test may have.
func allBooks(t *testing.T) []store.Change {
	t.Helper()
	return slices.Concat(business(t), deposits(t), trades(t), holds(t), settlements(t))
}

// filled opens a database with everything in it, sealed, and a hand that may change it.
func filled(t *testing.T, url string) (*sqlstore.DB, func(statements ...string) error) {
	t.Helper()
	db := open(t, sqlstore.Options{URL: url})
	for n, c := range allBooks(t) {
		if err := db.Commit(t.Context(), c); err != nil {
			t.Fatalf("change %d: %s", n, fault.Detail(err))
		}
	}
	sealAll(t, db, 3)
	hand := raw(t, url)
	withoutGuards(t, hand, url)
	withoutSealGuards(t, hand, url)
	return db, func(statements ...string) error { return transact(t.Context(), hand, statements) }
}

// TestAuditOfEveryColumn changes every column that a look reads, and wants the audit to
// find exactly what the queries of the checks find.
func TestAuditOfEveryColumn(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db, change := filled(t, url)
		for table, columns := range sqlstore.Streamed() {
			if err := change("create table aside as select * from " + table); err != nil {
				t.Fatal(err)
			}
			changed := 0
			for _, column := range columns {
				if column == "detail" { // what is no JSON fails either
					continue
				}
				for _, to := range []string{column + " + 1", "-" + column, "null", "'x'", "'bank'"} {
					first := "(select min(" + columns[0] + ") from " + table + ")"
					if change("update "+table+" set "+column+" = "+to+" where "+columns[0]+" = "+first) != nil {
						continue // a schema that is on its guard
					}
					changed++
					queried(t, db, table+"."+column+" = "+to, auditOf(t, db))
					if err := change("delete from "+table, "insert into "+table+" select * from aside"); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := change("drop table aside"); err != nil {
				t.Fatal(err)
			}
			if changed == 0 {
				t.Errorf("nothing of %s could be changed", table)
			}
			queried(t, db, table+" put back", auditOf(t, db))
		}
	})
}

// What was written again lies behind what came later, and is in its order all the same.
func TestAuditOfRowsInDisorder(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db, change := filled(t, url)
		if err := change("create table aside as select * from event", "delete from event",
			"insert into event select * from aside order by seq desc"); err != nil {
			t.Fatal(err)
		}
		findings := auditOf(t, db)
		proved(t, findings)
		queried(t, db, "events in disorder", findings)
	})
}

// TestAuditOfOneConnection wants an audit to do with as few connections as there are.
func TestAuditOfOneConnection(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db, _ := filled(t, url)
		for _, pool := range []int{1, 2, 3} {
			few := open(t, sqlstore.Options{URL: url, Pool: pool, ReadOnly: true})
			if got, want := auditOf(t, few), auditOf(t, db); !slices.Equal(got, want) {
				t.Errorf("with %d connections: got %v, want %v", pool, got, want)
			}
		}
	})
}

// TestAuditOfFewConnections wants an audit to do with those that the server still has.
func TestAuditOfFewConnections(t *testing.T) {
	url := engines["postgres"](t)
	db, change := filled(t, url)
	want := auditOf(t, db)
	proved(t, want)
	reader, err := neturl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	reader.User = neturl.User("few_" + strings.TrimPrefix(reader.Path, "/"))
	name := `"` + reader.User.Username() + `"`
	if err := change("create role "+name+" login", "grant select on all tables in schema public to "+name); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := change("drop owned by "+name, "drop role "+name); err != nil {
			t.Error(err)
		}
	}()
	for most := range 4 {
		if err := change(fmt.Sprintf("alter role %s connection limit %d", name, most+1)); err != nil {
			t.Fatal(err)
		}
		few, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: reader.String(), ReadOnly: true, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		findings, err := few.Audit(t.Context(), nil)
		if err != nil || !slices.Equal(findings, want) {
			t.Errorf("with %d connections: got %v and %s, want %v", most+1, findings, fault.Detail(err), want)
		}
		if err := few.Close(); err != nil {
			t.Error(err)
		}
	}
}

// An audit that is given up leaves its connections as they were.
func TestAuditGivenUp(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db, _ := filled(t, url)
		for range 40 {
			var c store.Change
			for range 250 {
				c.Events = append(c.Events, happened(event.Market, "EURUSD", "set", "set", "set"))
			}
			if err := db.Commit(t.Context(), c); err != nil {
				t.Fatal(fault.Detail(err))
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		_, err := db.Audit(ctx, func(int) { cancel() })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the audit to be given up", err)
		}
		if findings := auditOf(t, db); !slices.ContainsFunc(findings, func(f store.Finding) bool { return f.Rows > 10_000 }) {
			t.Errorf("got %v afterwards, want all events to be looked at", findings)
		}
	})
}

// TestProvable wants every check that a look proves to be one that is made.
func TestProvable(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db, _ := filled(t, url)
		findings := auditOf(t, db)
		for _, says := range sqlstore.Provable() {
			if !slices.ContainsFunc(findings, func(f store.Finding) bool { return f.Checks == says }) {
				t.Errorf("no check says %q", says)
			}
		}
	})
}

// TestStream wants a stream to give what a query gives: of many rows, long ones, old
// ones that lack columns, negative numbers, and none.
func TestStream(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db, change := filled(t, url)
		long := strings.Repeat("0123456789abcdef", 2_000)
		var statements []string
		for n := range 3_000 {
			id := fmt.Sprintf("%08d", n*7919%100_000)
			note := long[:n%50*(n%50)*12]
			statements = append(statements,
				fmt.Sprintf("insert into event values (%d, 'n', 'payment', '%s', 'a', 'b', '%s', '', '%s', %d)", n+1, id, note,
					note, n),
				fmt.Sprintf("insert into account values ('%s', 'n', '%s', '', 'IRR', null, %d)", id, note, (1<<(n%63))*(1-n%3)),
				fmt.Sprintf(`insert into payment (id, merchant_id, version, state, invoice_id, unit, reserved, attention,
					created_at, updated_at, detail, released) values ('%s', 'n', 1, 'waiting', '', '', 0, '', 1, 1, '%s', %d)`,
					id, note, n%5))
		}
		if err := change(statements...); err != nil {
			t.Fatal(err)
		}
		hand := raw(t, url)
		for table, columns := range sqlstore.Streamed() {
			want := queriedRows(t, hand, "select "+strings.Join(columns, ", ")+" from "+table, len(columns))
			var got [][]any
			if _, err := db.Stream(t.Context(), table, false, func(values []any) { got = append(got, values) }); err != nil {
				t.Fatalf("%s: %v", table, err)
			}
			sameRows(t, table, got, want)
		}
		var order []string
		if _, err := db.Stream(t.Context(), "account", true, func(values []any) {
			order = append(order, fmt.Sprint(values[0], " ", values[1]))
		}); err != nil || !slices.IsSorted(order) || len(order) < 3_000 {
			t.Errorf("got %d accounts and %v, want them in order", len(order), err)
		}
	})
}

// TestStreamOfDamagedPages wants pages that are not what they should be to end a stream,
// and nothing else.
func TestStreamOfDamagedPages(t *testing.T) {
	url := engines["sqlite"](t)
	_, change := filled(t, url)
	if err := change(`with recursive n (n) as (select 1 union all select n + 1 from n where n < 5000)
		insert into event select n, 'n', 'payment', 'p' || n, 'a', 'b', 'c', '', '', n from n`); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copied.db")
	if _, err := raw(t, url).ExecContext(t.Context(), "vacuum into '"+copied+"'"); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	var roots []int
	const tables = "select name, rootpage from sqlite_schema where type = 'table'"
	for _, row := range queriedRows(t, raw(t, copied), tables, 2) {
		if sqlstore.Streamed()[row[0].(string)] != nil {
			roots = append(roots, int(row[1].(int64)))
		}
	}
	random := rand.New(rand.NewPCG(5, 6))
	failed := 0
	for n := range 100 {
		damaged := bytes.Clone(whole)
		for range 100 {
			const size = 4 << 10 // of a page
			at := (roots[random.IntN(len(roots))] - 1) * size
			if place := random.IntN(2); place == 0 {
				at += random.IntN(32) // of the head, and of where the rows are
			} else {
				at += random.IntN(size)
			}
			damaged[at] = byte(random.Uint32())
		}
		path := filepath.Join(t.TempDir(), "damaged.db")
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: path, ReadOnly: true, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		for table := range sqlstore.Streamed() {
			if _, err := db.Stream(t.Context(), table, false, func([]any) {}); err != nil {
				failed++
			}
		}
		if err := db.Close(); err != nil {
			t.Fatalf("damage %d: %v", n, err)
		}
	}
	if failed == 0 {
		t.Error("no damage was noticed")
	}
}

// queriedRows are all rows of a query.
func queriedRows(t *testing.T, db *sql.DB, query string, columns int) (all [][]any) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Error(err)
		}
	}()
	for rows.Next() {
		values, into := make([]any, columns), make([]any, columns)
		for n := range values {
			into[n] = &values[n]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, values)
	}
	return all
}

// sameRows compares rows in whichever order.
func sameRows(t *testing.T, table string, got, want [][]any) {
	t.Helper()
	texts := func(rows [][]any) (all []string) {
		for _, row := range rows {
			var of strings.Builder
			for _, value := range row {
				fmt.Fprintf(&of, "%T %v\x00", value, value)
			}
			all = append(all, of.String())
		}
		slices.Sort(all)
		return all
	}
	a, b := texts(got), texts(want)
	if len(a) != len(b) || len(a) == 0 && table != "deal" {
		t.Fatalf("%s: got %d rows, want %d", table, len(a), len(b))
	}
	for n := range a {
		if a[n] != b[n] {
			t.Fatalf("%s: got %.300s, want %.300s", table, a[n], b[n])
		}
	}
}

// TestPlainTexts wants texts of details to be found, or to be said to be odd.
func TestPlainTexts(t *testing.T) {
	const odd = "odd"
	for _, of := range []struct{ detail, want string }{
		{`{}`, ","},
		{`{"attempt":{}}`, ","},
		{`{"attempt":{"gateway":"a","receipt":"b"}}`, "a,b"},
		{`{"wallet":1,"attempt":{"fee":{"steps":1},"receipt":"b","link":"x\"\\"},"bag":{"receipt":"c"}}`, ",b"},
		{`{"list":["]",{"a":"}"}],"attempt":{"receipt":""}}`, ","},
		{`{"receipt":"b"}`, ","},
		{`{"attempt":{"receipt":"\u0062"}}`, odd},
		{`{"attempt":{"receipt":1}}`, odd},
		{`{"attempt":{"receipt":null}}`, odd},
		{`{"attempt":{"re\u0063eipt":"b"}}`, odd},
		{`{"attempt":{"receipt":"b","receipt":"c"}}`, odd},
		{`{"attempt":{"receipt":"b"},"attempt":{}}`, odd},
		{`{"attempt":1}`, odd},
		{``, odd},
		{`[]`, odd},
		{`{"attempt`, odd},
		{`{"attempt":{"receipt":"b"}} `, odd},
		{`{ "attempt":{"receipt":"b"}}`, odd},
		{`{"a":"`, odd},
		{`{"a":{`, odd},
		{`{"a":1`, odd},
	} {
		texts, plain := sqlstore.PlainTexts(of.detail, "attempt", "gateway", "receipt")
		got := texts[0] + "," + texts[1]
		if !plain {
			got = odd
		}
		if got != of.want {
			t.Errorf("%s: got %q, want %q", of.detail, got, of.want)
		}
	}
}

// TestUsualReceipt wants the receipts of details that are as most are, and of no other.
func TestUsualReceipt(t *testing.T) {
	const not = "not usual"
	for _, of := range []struct{ detail, want string }{
		{`{"attempt":{"gateway":"a","number":1,"receipt":"b","fee":{"steps":1}},"bag":{"x":"{"}}`, "a,b"},
		{`{"attempt":{"gateway":"a","started_at":1},"note":"n"}`, "a,"},
		{`{"attempt":{"gateway":"a","receipt":""}}`, "a,"},
		{`{"attempt":{"receipt":"b","gateway":"a"}}`, not},
		{`{"wallet":1,"attempt":{"gateway":"a","receipt":"b"}}`, not},
		{`{"attempt":{"gateway":"a","receipt":"b"},"note":"\n"}`, not},
		{`{"attempt":{"gateway":"a","\u0072eceipt":"b"}}`, not},
		{`{"attempt":{"gateway":"a","receipt":"b","receipt":"c"}}`, not},
		{`{"attempt":{"gateway":"a","receipt":"b","gateway":"c"}}`, not},
		{`{"attempt":{"gateway":"a","receipt":"b"},"attempt":{}}`, not},
		{`{"attempt":{"gateway":"a"},"bag":{"receipt":"b"}}`, not},
		{`{"attempt":{"gateway":"a","word":"}","receipt":"b"}}`, not},
		{`{"attempt":{"gateway":"a","receipt": "b"}}`, not},
		{`{"attempt":{"gateway":"a","receipt":1}}`, not},
		{`{"attempt":{"gateway":"a","receipt":"b"},"note":"receipt"}`, not},
		{`{"attempt":{"gateway":"a","receipt":"b"`, not},
		{`{"attempt":{"gateway":"a","receipt":"b}`, not},
		{`{"attempt":{"gateway":"`, not},
		{``, not},
	} {
		texts, usual := sqlstore.UsualReceipt(of.detail)
		got := texts[0] + "," + texts[1]
		if !usual {
			got = not
		}
		if got != of.want {
			t.Errorf("%s: got %q, want %q", of.detail, got, of.want)
		}
	}
}

// FuzzPlainTexts wants what is found to be what the usual reader finds.
func FuzzPlainTexts(f *testing.F) {
	f.Add(`{"attempt":{"gateway":"a","receipt":"b","number":1},"card":"x\"y"}`)
	f.Add(`{"attempt":{"gateway":"a","number":1,"receipt":"b","started_at":1},"note":"receipt"}`)
	f.Add(`{"bag":{"a":[1,{"receipt":"]"}]},"attempt":{"receipt":"b"}}`)
	f.Fuzz(func(t *testing.T, detail string) {
		texts, plain := sqlstore.PlainTexts(detail, "attempt", "gateway", "receipt")
		var want struct{ Attempt map[string]any }
		if !plain || json.Unmarshal([]byte(detail), &want) != nil {
			return
		}
		for n, name := range []string{"gateway", "receipt"} {
			if text, _ := want.Attempt[name].(string); strings.ToValidUTF8(texts[n], "\ufffd") != text {
				t.Errorf("%s: %s: got %q, want %q", detail, name, texts[n], text)
			}
		}
		if usual, ok := sqlstore.UsualReceipt(detail); ok && usual != texts {
			t.Errorf("%s: got %q as most are, want %q", detail, usual, texts)
		}
	})
}
