package sqlstore_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// recordActs commits four acts of a merchant with a payment's event between them, so that
// these have the numbers 1, 2, 4 and 5.
func recordActs(t *testing.T, db *sqlstore.DB) {
	t.Helper()
	for _, e := range []event.Event{
		{Noun: event.Key, Trigger: event.Create, Actor: "operator", Note: "Zoe"},
		{Noun: event.Gateway, Trigger: event.Create, Actor: "merchant", Note: "key k"},
		{Noun: event.Transfer, Trigger: "create", Actor: "merchant"},
		{Noun: event.Terminal, Trigger: event.Disable, From: event.Kept, Actor: "operator", Note: "Zoe"},
		{Noun: event.Key, Trigger: event.Revoke, From: event.Kept, Actor: "operator", Note: "Ada"},
	} {
		e.Merchant, e.Subject, e.To, e.At = "m", "a", event.Kept, booksAt
		if e.Noun == event.Transfer {
			e.To = "completed"
		}
		if err := db.Commit(t.Context(), store.Change{Events: []event.Event{e}}); err != nil {
			t.Fatal(fault.Detail(err))
		}
	}
}

// actThefts are changes of a record of acts of which three are sealed, two by the first
// seal, and how each is undone.
var actThefts = map[string]struct {
	does, undo []string
	example    string
}{
	"another name": {
		[]string{"update event set note = 'Bob' where seq = 1"},
		[]string{"update event set note = 'Zoe' where seq = 1"},
		"act 1 of merchant m is not what was sealed",
	},
	"another time": {
		[]string{"update event set at = at + 1 where seq = 4"},
		[]string{"update event set at = at - 1 where seq = 4"},
		"act 4 of merchant m is not what was sealed",
	},
	"an act less": {
		[]string{"create table aside as select * from event where seq = 2", "delete from event where seq = 2"},
		[]string{"insert into event select * from aside", "drop table aside"},
		"act 2 of merchant m is gone",
	},
	"an act more": {
		[]string{"update event set actor = 'operator' where seq = 3"},
		[]string{"update event set actor = 'merchant' where seq = 3"},
		"act 3 of merchant m was put in later",
	},
	"an act out of its seal": {
		[]string{"create table aside as select * from sealed_act where seq = 1", "delete from sealed_act where seq = 1"},
		[]string{"insert into sealed_act select * from aside", "drop table aside"},
		"seal of acts 1 of 20",
	},
	"a seal's time": {
		[]string{"update act_seal set at = at + 1 where number = 1"},
		[]string{"update act_seal set at = at - 1 where number = 1"},
		"seal of acts 1 of 20",
	},
	"a seal out of the chain": {
		[]string{"create table aside as select * from act_seal where number = 1", "delete from act_seal where number = 1"},
		[]string{"insert into act_seal select * from aside", "drop table aside"},
		"seal of acts 1 is gone",
	},
}

// TestSealedActs changes the record of acts in each way, and wants it to be found and named.
func TestSealedActs(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		recordActs(t, db)
		for _, want := range []int64{2, 2, 0} {
			if made, err := db.SealActs(t.Context(), 2); err != nil || made.Entries != want {
				t.Fatalf("got %+v, %v, want a seal over %d acts", made, err, want)
			}
		}
		clean(t, db, "I9", "I13")
		hand := raw(t, url)
		for _, table := range []string{"act_seal", "sealed_act"} {
			for _, does := range []string{"update " + table + " set seal = 7", "delete from " + table} {
				does = strings.Replace(does, "act_seal set seal", "act_seal set number", 1)
				if err := transact(t.Context(), hand, []string{does}); err == nil {
					t.Errorf("%s: got nil, want the database to refuse it", does)
				}
			}
		}
		withoutActGuards(t, hand, url)
		for name, theft := range actThefts {
			if err := transact(t.Context(), hand, theft.does); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			findings := auditOf(t, db)
			at := slices.IndexFunc(findings, func(f store.Finding) bool {
				return strings.Contains(f.Checks, "act that was sealed")
			})
			if at < 0 || findings[at].Wrong == 0 || !strings.HasPrefix(findings[at].Example, theft.example) {
				t.Errorf("%s: got %+v, want %q", name, findings, theft.example)
			}
			if err := transact(t.Context(), hand, theft.undo); err != nil {
				t.Fatalf("%s: undo: %v", name, err)
			}
			clean(t, db, "I9", "I13")
		}
	})
}

// withoutActGuards takes away what keeps a person from changing seals over acts.
func withoutActGuards(t *testing.T, db *sql.DB, url string) {
	t.Helper()
	statements := []string{"drop trigger act_seal_final on act_seal", "drop trigger sealed_act_final on sealed_act"}
	if !strings.HasPrefix(url, "postgres:") {
		statements = []string{
			"drop trigger act_seal_no_update", "drop trigger act_seal_no_delete", "drop trigger sealed_act_no_update",
			"drop trigger sealed_act_no_delete",
		}
	}
	if err := transact(t.Context(), db, statements); err != nil {
		t.Fatalf("drop triggers: %v", err)
	}
}
