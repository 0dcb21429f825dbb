package sqlstore_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// sealAll covers every act, and every entry a few at a time.
func sealAll(t *testing.T, db *sqlstore.DB, limit int) (made []store.Seal) {
	t.Helper()
	for done := false; !done; {
		s, err := db.SealActs(t.Context(), limit)
		if done = s.Entries == 0; err != nil {
			t.Fatal(fault.Detail(err))
		}
	}
	for {
		s, err := db.Seal(t.Context(), limit)
		if err != nil {
			t.Fatal(fault.Detail(err))
		}
		if s.Entries == 0 {
			return made
		}
		made = append(made, s)
	}
}

// found are the checks that found something, each once.
func found(findings []store.Finding) (ids []string) {
	for _, f := range findings {
		if f.Wrong > 0 && !slices.Contains(ids, f.ID) {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// TestSealedBooks changes what was booked long ago, and the balances to match:
// no sum shows it, and a seal does.
func TestSealedBooks(t *testing.T) {
	const back = "update account set balance = balance "
	thefts := map[string]struct{ does, undo []string }{
		"a smaller sum, with its balances": {
			[]string{
				"update posting set amount = amount / 2 where entry_id = 'e5'", back + "+ 30 where role = 'gateway_clearing'",
				back + "- 30 where role = 'suspense'",
			},
			[]string{
				"update posting set amount = amount * 2 where entry_id = 'e5'", back + "- 30 where role = 'gateway_clearing'",
				back + "+ 30 where role = 'suspense'",
			},
		},
		"another time": {
			[]string{"update entry set at = at + 1 where id = 'e3'"}, []string{"update entry set at = at - 1 where id = 'e3'"},
		},
		"a seal's time": {
			[]string{"update seal set at = at + 1 where number = 2"}, []string{"update seal set at = at - 1 where number = 2"},
		},
		"an entry less, with its balances": {
			[]string{
				"delete from posting where entry_id = 'e5'", "delete from entry where id = 'e5'",
				back + "+ 60 where role = 'gateway_clearing'", back + "- 60 where role = 'suspense'",
			},
			[]string{
				"insert into posting (entry_id, merchant_id, line, account, unit, amount) values" +
					" ('e5', 'm', 0, 'gateway_clearing/bank/IRR', 'IRR', -60), ('e5', 'm', 1, 'suspense//IRR', 'IRR', 60)",
				"insert into entry (id, merchant_id, rule, subject, at) values ('e5', 'm', 'late_payment', 'p3', 1790000000000000)",
				back + "- 60 where role = 'gateway_clearing'", back + "+ 60 where role = 'suspense'",
			},
		},
		"an entry out of its seal": {
			[]string{"delete from sealed where entry_id = 'e1'"},
			[]string{"insert into sealed (entry_id, merchant_id, seal) values ('e1', 'm', 1)"},
		},
		"a seal out of the chain": {
			[]string{"create table aside as select * from seal where number = 2", "delete from seal where number = 2"},
			[]string{"insert into seal select * from aside", "drop table aside"},
		},
	}
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		for _, c := range business(t) {
			if err := db.Commit(t.Context(), c); err != nil {
				t.Fatal(fault.Detail(err))
			}
		}
		if made := sealAll(t, db, 2); len(made) != 3 || made[2].Entries != 1 {
			t.Fatalf("got %+v, want three seals over five entries", made)
		}
		clean(t, db, "I1", "I2", "I3", "I13")
		hand := raw(t, url)
		withoutGuards(t, hand, url)
		withoutSealGuards(t, hand, url)
		for name, theft := range thefts {
			if err := transact(t.Context(), hand, theft.does); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			findings := auditOf(t, db)
			last := findings[len(findings)-1]
			if last.ID != "I13" || last.Wrong == 0 || last.Example == "" || last.Rows == 0 {
				t.Errorf("%s: got %+v, want the seals to find it", name, last)
			}
			if ids := found(findings); slices.Contains(ids, "I1") || slices.Contains(ids, "I2") || slices.Contains(ids, "I3") {
				t.Errorf("%s: got %v, want only what was sealed to show it", name, ids)
			}
			if err := transact(t.Context(), hand, theft.undo); err != nil {
				t.Fatalf("%s: undo: %v", name, err)
			}
			clean(t, db, "I1", "I2", "I3", "I13")
		}
	})
}

// withoutSealGuards takes away what keeps a person from changing seals.
func withoutSealGuards(t *testing.T, db *sql.DB, url string) {
	t.Helper()
	statements := []string{"drop trigger seal_final on seal", "drop trigger sealed_final on sealed"}
	if !strings.HasPrefix(url, "postgres:") {
		statements = []string{
			"drop trigger seal_no_update", "drop trigger seal_no_delete", "drop trigger sealed_no_update",
			"drop trigger sealed_no_delete",
		}
	}
	if err := transact(t.Context(), db, statements); err != nil {
		t.Fatalf("drop triggers: %v", err)
	}
}

// TestSealsOfLateEntries seals entries whose ids are older than those that were
// sealed long before: another node's clock was behind.
func TestSealsOfLateEntries(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		now := booksAt
		db := open(t, sqlstore.Options{URL: url, Now: func() time.Time { return now }})
		commit := func(n int64) {
			t.Helper()
			if err := db.Commit(t.Context(), sound(n)); err != nil {
				t.Fatal(fault.Detail(err))
			}
		}
		commit(50)
		sealAll(t, db, 10)
		now = now.Add(2 * time.Hour)
		commit(60)
		sealAll(t, db, 10)
		commit(40)
		if made := sealAll(t, db, 10); len(made) != 0 {
			t.Errorf("got %+v, want the late one to wait for a look through everything", made)
		}
		clean(t, db, "I13")
		now = now.Add(24 * time.Hour)
		if made := sealAll(t, db, 10); len(made) != 1 || made[0].Entries != 1 || made[0].Number != 3 {
			t.Errorf("got %+v, want a seal over the late one", made)
		}
		clean(t, db, "I13")
		refusesReading(t, url)
	})
}

// refusesReading seals nothing where nothing may be written.
func refusesReading(t *testing.T, url string) {
	t.Helper()
	reading := open(t, sqlstore.Options{URL: url, ReadOnly: true})
	if made, err := reading.Seal(t.Context(), 1); err != nil || made.Entries != 0 {
		t.Errorf("nothing to seal: got %+v, %v, want none", made, err)
	}
}
