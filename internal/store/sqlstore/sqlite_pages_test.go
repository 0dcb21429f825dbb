package sqlstore_test

import (
	"database/sql"
	endian "encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// manyEntries writes so many entries of two postings, whose ids begin with a word.
func manyEntries(word string, from, to int) []string {
	numbers := fmt.Sprintf("with recursive n (n) as (select %d union all select n + 1 from n where n < %d) ", from, to-1)
	id := "printf('" + word + "%08d', n)"
	sum := (to-1)*to/2 - (from-1)*from/2
	return []string{
		numbers + "insert into posting select " + id + ", 'm', 0, 'gateway_clearing/a/IRR', 'IRR', n from n",
		numbers + "insert into posting select " + id + ", 'm', 1, 'gateway_clearing/b/IRR', 'IRR', -n from n",
		numbers + "insert into entry select " + id + ", 'm', 'odd', 'of ' || n, n from n",
		"insert or ignore into account values ('gateway_clearing/a/IRR', 'm', 'gateway_clearing', '', 'IRR', null, 0)," +
			" ('gateway_clearing/b/IRR', 'm', 'gateway_clearing', '', 'IRR', null, 0)",
		fmt.Sprintf("update account set balance = balance + %d where key like '%%/a/IRR' and merchant_id = 'm'", sum),
		fmt.Sprintf("update account set balance = balance - %d where key like '%%/b/IRR' and merchant_id = 'm'", sum),
	}
}

// TestAuditInParts wants books that are read in many parts to be proved, with seals that go
// over their borders, and every change in them to be found.
func TestAuditInParts(t *testing.T) {
	url := engines["sqlite"](t)
	db, change := filled(t, url)
	if err := change(slices.Concat(manyEntries("0b", 1, 1600), manyEntries("0d", 1, 1600))...); err != nil {
		t.Fatal(err)
	}
	sealAll(t, db, 300)
	for _, word := range []string{"0a", "0c", "0e"} {
		if err := change(manyEntries(word, 1, 10)...); err != nil {
			t.Fatal(err)
		}
	}
	late := sealAll(t, db, 300) // in many parts
	if len(late) != 1 {
		t.Fatalf("got seals %v, want one", late)
	}
	parts, err := db.Stream(t.Context(), "posting", true, func([]any) {})
	if err != nil || parts < 4 {
		t.Fatalf("got %d parts and %v, want more", parts, err)
	}
	findings := auditOf(t, db)
	if wrong := found(findings); len(wrong) > 0 {
		t.Errorf("got %v", wrong)
	}
	queried(t, db, "many entries", findings)
	for n, statement := range []string{
		"update posting set amount = amount + 1 where entry_id = '0b00001345' and line = 0",
		"update entry set subject = 'other' where id = '0d00000001'",
		"update sealed set seal = seal - 1 where entry_id = '0b00001234'",
		"delete from sealed where entry_id = '0d00001599'",
		"insert into posting values ('0b00000301x', 'm', 0, 'gateway_clearing/b/IRR', 'IRR', 1)",
	} {
		undo := t.TempDir() + "/undo.db"
		if _, err := raw(t, url).ExecContext(t.Context(), "vacuum into '"+undo+"'"); err != nil {
			t.Fatal(err)
		}
		hand, err := sql.Open("sqlite", "file:"+undo)
		if err != nil {
			t.Fatal(err)
		}
		_, err = hand.ExecContext(t.Context(), statement)
		if err := errors.Join(err, hand.Close()); err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		changed := open(t, sqlstore.Options{URL: undo, ReadOnly: true, Pool: 4})
		findings := auditOf(t, changed)
		if len(found(findings)) == 0 {
			t.Errorf("%s: nothing was found", statement)
		}
		queried(t, changed, statement, findings)
	}
}

// TestStreamBesideWriters wants what is read past SQLite to be of the moment at which the
// reading began, whatever is written, copied out of the log, and written over meanwhile.
func TestStreamBesideWriters(t *testing.T) {
	url := engines["sqlite"](t)
	db, change := filled(t, url)
	if err := change(`with recursive n (n) as (select 1 union all select n + 1 from n where n < 20000)
		insert into event select n, 'n', 'payment', 'p' || n, 'a', 'b', 'c', '', '', n from n`); err != nil {
		t.Fatal(err)
	}
	hand := raw(t, url)
	copied := func() error {
		var busy, log, moved int
		return hand.QueryRowContext(t.Context(), "pragma wal_checkpoint(restart)").Scan(&busy, &log, &moved)
	}
	columns := sqlstore.Streamed()["event"]
	for _, first := range []struct {
		does string
		do   func() error
	}{
		{"all of it in the log", func() error { return change("update event set to_state = 'x' where merchant_id = 'n'") }},
		{"nothing in the log", copied},
		{"some of it in the log", func() error { return change("update event set to_state = 'y' where seq % 1000 = 1") }},
	} {
		if err := first.do(); err != nil {
			t.Fatal(err)
		}
		want := queriedRows(t, hand, "select "+strings.Join(columns, ", ")+" from event", len(columns))
		var got [][]any
		turn := 0
		parts, err := db.StreamBeside(t.Context(), "event", true, func(values []any) { got = append(got, values) },
			func() error {
				turn++
				return errors.Join(change(fmt.Sprintf(`update event set from_state = 'from%d' where merchant_id = 'n'`, turn)),
					hand.QueryRowContext(t.Context(), "pragma wal_checkpoint(passive)").Scan(new(int), new(int), new(int)))
			})
		if err != nil || parts < 4 {
			t.Fatalf("%s: got %d parts and %v", first.does, parts, err)
		}
		sameRows(t, first.does, got, want)
	}
}

// TestStreamOfEndlessTrees wants a tree that leads back to itself, or to what another part
// has, to end a stream and an audit soon.
func TestStreamOfEndlessTrees(t *testing.T) {
	url := engines["sqlite"](t)
	_, change := filled(t, url)
	if err := change(`with recursive n (n) as (select 1 union all select n + 1 from n where n < 8000)
		insert into event select n, 'n', 'payment', 'p' || n, 'a', 'b', 'c', '', '', n from n`,
		"insert into event select 70000, 'n', 'payment', '"+strings.Repeat("long", 5000)+"', 'a', 'b', 'c', '', '', 1",
	); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copied.db")
	hand := raw(t, url)
	if _, err := hand.ExecContext(t.Context(), "vacuum into '"+copied+"'"); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	root := queriedRows(t, raw(t, copied), "select rootpage from sqlite_schema where name = 'event'", 1)[0][0].(int64)
	tree := damagedTree{whole, int(root)}
	below := tree.children(tree.root)
	last := below[len(below)-1]
	leaves := tree.children(last)
	if len(leaves) < 2 {
		t.Fatal("the tree is too small to be of use")
	}
	for does, damage := range map[string]func(damagedTree){
		"a root below itself":         func(d damagedTree) { d.lead(d.root, d.root) },
		"a page below itself":         func(d damagedTree) { d.lead(last, last) },
		"the root below a page":       func(d damagedTree) { d.lead(last, d.root) },
		"a page below two":            func(d damagedTree) { d.lead(last, tree.children(below[0])[0]) },
		"pages that there are not":    func(d damagedTree) { d.lead(last, len(whole)) },
		"a long row without an end":   func(d damagedTree) { d.loop("long") },
		"every way back to the root":  func(d damagedTree) { d.leadAll(d.root, d.root) },
		"every way back to the first": func(d damagedTree) { d.leadAll(last, below[0]) },
	} {
		damaged := damagedTree{slices.Clone(whole), tree.root}
		damage(damaged)
		path := filepath.Join(t.TempDir(), "damaged.db")
		if err := os.WriteFile(path, damaged.file, 0o600); err != nil {
			t.Fatal(err)
		}
		db := open(t, sqlstore.Options{URL: path, ReadOnly: true, Now: time.Now})
		rows := 0
		_, err := db.Stream(t.Context(), "event", true, func([]any) { rows++ })
		if err == nil || rows > 10_000 {
			t.Errorf("%s: got %d rows and %v, want an error", does, rows, err)
		}
		var findings []store.Finding
		if findings, err = db.Audit(t.Context(), nil); err == nil {
			t.Errorf("%s: got %v, want an error of the audit", does, found(findings))
		}
	}
}

// damagedTree is a file, and the root of a tree in it.
type damagedTree struct {
	file []byte
	root int
}

const pageSize = 4 << 10

// pointers are where an inner page has the numbers of those below it.
func (d damagedTree) pointers(page int) (all []int) {
	begin := (page - 1) * pageSize
	for n := range int(endian.BigEndian.Uint16(d.file[begin+3:])) {
		all = append(all, begin+int(endian.BigEndian.Uint16(d.file[begin+12+2*n:])))
	}
	return append(all, begin+8)
}

// children are the pages below one.
func (d damagedTree) children(page int) (all []int) {
	for _, at := range d.pointers(page) {
		all = append(all, int(endian.BigEndian.Uint32(d.file[at:])))
	}
	return all
}

// lead has the last way down from a page go to another.
func (d damagedTree) lead(page, to int) {
	all := d.pointers(page)
	endian.BigEndian.PutUint32(d.file[all[len(all)-1]:], uint32(to))
}

// leadAll has every way do so.
func (d damagedTree) leadAll(page, to int) {
	for _, at := range d.pointers(page) {
		endian.BigEndian.PutUint32(d.file[at:], uint32(to))
	}
}

// loop has every page of the rest of a long row, of words that are said over and over, go
// on in itself.
func (d damagedTree) loop(words string) {
	for page := 1; page <= len(d.file)/pageSize; page++ {
		of := d.file[(page-1)*pageSize : page*pageSize]
		next := endian.BigEndian.Uint32(of)
		if next > 0 && int(next) <= len(d.file)/pageSize && strings.Contains(words+words, string(of[4:4+len(words)])) {
			endian.BigEndian.PutUint32(of, uint32(page)) // in the table and in its index
		}
	}
}
