package sqlstore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// A batch takes one trip once the merchant is known. One that another node came before
// takes two more, and nobody notices; a while later it is one again.
func TestForeseen(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	trips := ""
	mine := open(t, sqlstore.Options{URL: url, Fault: func(stage string) error { // one commit after the other
		switch stage {
		case "foreseen":
			trips += "one"
		case "tally":
			trips += "."
		}
		return nil
	}})
	other := open(t, sqlstore.Options{URL: url})
	n := int64(0)
	commit := func(by *sqlstore.DB) string {
		trips = ""
		n++
		if err := by.Commit(t.Context(), paid("m", n, time.Unix(1_790_000_000, 0))); err != nil {
			t.Fatalf("commit %d: got %s, want nil", n, fault.Detail(err))
		}
		return trips
	}
	got := []string{commit(mine), commit(mine), commit(mine), commit(other)}
	for range 5 {
		got = append(got, commit(mine))
	}
	want := []string{".", "one.", "one.", "", "one..", ".", ".", "one.", "one."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("trips, each with a look at the merchant (-want +got):\n%s", diff)
	}
	all, err := other.Events(t.Context(), "m", 0, 100)
	if err != nil || int64(len(all)) != n {
		t.Errorf("events: got %d, %v, want %d", len(all), err, n)
	}
	clean(t, mine, "I1", "I2", "I3", "I9 numbered")
}
