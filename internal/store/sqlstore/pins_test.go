package sqlstore_test

import (
	"testing"

	"github.com/purserhq/purser/internal/store/sqlstore"
)

// beforePINs is the version whose programs cannot open sealed PINs.
const beforePINs = 24

// TestPINsSealed: a database that programs of before may use has sealed PINs when somebody
// says that there are no such programs any more, and then none of those starts on it.
func TestPINsSealed(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		older(t, url, beforePINs)
		db := open(t, sqlstore.Options{URL: url})
		for turn, want := range []bool{false, true, true} {
			if turn > 0 {
				if err := db.SealPINs(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := db.PINsSealed(t.Context()); err != nil || got != want {
				t.Errorf("turn %d: got %v, %v, want %v", turn, got, err, want)
			}
			var needs int64
			err := raw(t, url).QueryRowContext(t.Context(), "select program from schema_needs").Scan(&needs)
			if err != nil || (needs > beforePINs) != want {
				t.Errorf("turn %d: the schema needs version %d, %v, want one after %d: %v", turn, needs, err, beforePINs, want)
			}
		}
	})
}

// TestPINsSealedFromTheBeginning: a new database has sealed PINs.
func TestPINsSealedFromTheBeginning(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		if got, err := db.PINsSealed(t.Context()); err != nil || !got {
			t.Errorf("got %v, %v, want its PINs sealed", got, err)
		}
	})
}
