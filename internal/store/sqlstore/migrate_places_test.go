package sqlstore_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// beforePlaces is the last version of the schema in which two requisites could be the
// same account.
const beforePlaces = 23

// TestPlacesMigration gives requisites in use the claims that the program makes for new
// ones: the first of two that are the same has it.
func TestPlacesMigration(t *testing.T) {
	rows := map[string]struct {
		enabled           int
		way, bank, number string
		claims            bool
	}{
		"q1": {1, "SBP", "sberbank", "+7(900)000-00-01", true},
		"q2": {1, "SBP", "sberbank", "7 900 000.00 01", false}, // the same again
		"q3": {1, "SBP", "vtb", "+7(900)000-00-01", true},
		"q4": {0, "SBP", "alfa", "+7(900)000-00-01", false},
		"q5": {1, "IBAN", "unknown", "DE89 3704", true},
		"q6": {1, "SBP_QR", "unknown", "https://qr.nspk.ru/AS1-0", true},
		"q7": {1, "MANUAL_SBP_QR", "unknown", "later", false},
	}
	onBoth(t, func(t *testing.T, url string) {
		o := sqlstore.Options{URL: url, Now: time.Now}
		to := func(version int64) {
			t.Helper()
			if err := sqlstore.MigrateTo(t.Context(), o, version); err != nil {
				t.Fatalf("migrate to %d: %v", version, err)
			}
		}
		to(beforePlaces)
		for id, r := range rows {
			if _, err := raw(t, url).ExecContext(t.Context(), `insert into requisite (id, merchant_id, version, trader_id, way,
				bank, unit, least, most, enabled, used_at, created_at, updated_at, detail)
				values ($1, 'm', 1, 't', $2, $3, 'RUB', 1, 2, $4, 1, 1, 1, $5)`,
				id, r.way, r.bank, r.enabled, fmt.Sprintf(`{"number":%q}`, r.number)); err != nil {
				t.Fatal(err)
			}
		}
		to(beforePlaces + 1)
		want := map[string]string{}
		for id, r := range rows {
			if r.claims {
				q := deal.Requisite{Option: r.way, Method: r.bank, Number: r.number, Least: money.New(1, money.RUB)}
				want[q.Place()+"/0"] = id
			}
		}
		if got := requisiteClaims(t, url); !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		to(beforePlaces)
		if got := requisiteClaims(t, url); len(got) != 0 {
			t.Errorf("after the way back: got %v, want none", got)
		}
	})
}

// requisiteClaims are the owners of places.
func requisiteClaims(t *testing.T, url string) map[string]string {
	t.Helper()
	rows, err := raw(t, url).QueryContext(t.Context(), "select key, subject from claim where kind = $1",
		string(store.RequisiteClaim))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	owners := map[string]string{}
	for rows.Next() {
		var key, subject string
		if err := rows.Scan(&key, &subject); err != nil {
			t.Fatal(err)
		}
		owners[key] = subject
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return owners
}
