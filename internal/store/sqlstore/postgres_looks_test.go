package sqlstore_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/store/sqlstore"
)

// TestPacked wants what the server packs to prove good books, however much it packs at once
// and however many subjects are remembered, as a look at every row does.
func TestPacked(t *testing.T) {
	db, change := filled(t, engines["postgres"](t))
	if err := change("create table aside as select * from event", "delete from event",
		"insert into event select * from aside order by seq % 7, seq desc"); err != nil {
		t.Fatal(err)
	}
	want, err := db.Histories(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []struct{ pages, entries, most int }{{192, 4096, 1000}, {1, 1, 1000}, {1, 3, 9}, {2, 7, 4}} {
		undo := sqlstore.PackLess(of.pages, of.entries)
		found, proved, err := db.PackedHistories(t.Context(), of.most)
		undo()
		if err != nil || !slices.Equal(found, want) {
			t.Errorf("%v: got %v and %v, want %v", of, found, err, want)
		}
		for _, says := range []string{
			"the postings of every entry sum to zero in each unit", "every balance is the sum of its postings",
			"every posting has the unit of its account", "every payment agrees with its refunds",
			"every invoice agrees with its payments", "no invoice has taken more than was asked for",
			"every payment has its invoice and every refund its payment",
			"every collected payment was captured once in the books, and no other was",
			"what payers' banks hold is what authorized payments are for",
			"what was let go before it was taken is what refunds say",
			"every transfer is in the books once, and no other is", "the invoices of every merchant are counted right",
			"the invoices of every merchant are numbered without a gap",
			"no entry or posting that was sealed was changed or removed, nor any seal",
		} {
			if !slices.Contains(proved, says) {
				t.Errorf("%v: want it to be proved that %s", of, says)
			}
		}
	}
}

// TestServerHashes wants the hashes that we make to be those that PostgreSQL makes.
func TestServerHashes(t *testing.T) {
	db := raw(t, engines["postgres"](t))
	seeds := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, 0x1234_5678_9abc_def0}
	for _, seed := range seeds {
		for length := range 60 {
			text := strings.Repeat("0a\xc3\xa9\x7fZ", 10)
			for length > 0 && length < len(text) && text[length]&0xc0 == 0x80 {
				length++ // at the end of a letter
			}
			text = text[:length]
			var want int64
			if err := db.QueryRowContext(t.Context(), "select hashtextextended($1, $2)", text, seed).Scan(&want); err != nil {
				t.Fatal(err)
			}
			if got := sqlstore.HashText(text, seed); got != want {
				t.Errorf("%q with seed %d: got %d, want %d", text, seed, got, want)
			}
		}
		for _, n := range []int64{0, 1, -1, 77, 1 << 32, -1 << 40, math.MaxInt64, math.MinInt64} {
			var want int64
			query := fmt.Sprintf("select hashint8extended('%d'::bigint, '%d'::bigint)", n, seed)
			if err := db.QueryRowContext(t.Context(), query).Scan(&want); err != nil {
				t.Fatal(err)
			}
			if got := sqlstore.HashNumber(n, seed); got != want {
				t.Errorf("%d with seed %d: got %d, want %d", n, seed, got, want)
			}
		}
	}
}
