package sqlstore_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
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

// What the server refuses of a batch that was foreseen is decided in two trips, as if nothing
// had been assumed, and the refusal leaves nothing behind.
func TestForeseenWrongly(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_790_000_000, 0)
	claim := store.Claim{Merchant: "m", Kind: store.LinkClaim, Key: "link", Subject: "s"}
	answer := store.Answer{Merchant: "m", Key: "key", Fingerprint: "print", Status: 201, ExpiresAt: at.AddDate(50, 0, 0)}
	// Money that nobody knows the owner of: it may not fall below zero.
	moved := func(id string, steps int64) ledger.Entry {
		e, err := ledger.New(ledger.RuleLate, ledger.Cause{Entry: id, Merchant: "m", Subject: id, At: at},
			ledger.Posting{Account: ledger.Own("m", "", money.IRR), Amount: money.New(-steps, money.IRR)},
			ledger.Posting{
				Account: ledger.Account{Merchant: "m", Role: ledger.Suspense, Unit: money.IRR},
				Amount:  money.New(steps, money.IRR),
			})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	for name, c := range map[string]struct {
		add  func(c *store.Change)
		code fault.Code
	}{
		"a key that is taken":      {func(c *store.Change) { c.Claims = []store.Claim{claim} }, fault.CodeDuplicate},
		"an answer that was given": {func(c *store.Change) { c.Answer = &answer }, fault.CodeDuplicate},
		"more than there is": {func(c *store.Change) {
			c.Entries = append(c.Entries, moved("spent", -6))
		}, fault.CodeInsufficientFunds},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			trips := ""
			db := open(t, sqlstore.Options{URL: pgtest.Database(t), Fault: func(stage string) error {
				if stage == "foreseen" || stage == "tally" {
					trips += stage + " "
				}
				return nil
			}})
			first := paid("m", 1, at)
			first.Claims, first.Answer = []store.Claim{claim}, &answer
			first.Entries = append(first.Entries, moved("came", 5))
			for _, change := range []store.Change{first, paid("m", 2, at)} {
				if err := db.Commit(t.Context(), change); err != nil {
					t.Fatalf("commit: got %s, want nil", fault.Detail(err))
				}
			}
			trips = ""
			refused := paid("m", 3, at)
			c.add(&refused)
			if err := db.Commit(t.Context(), refused); !fault.Is(err, c.code) {
				t.Errorf("commit: got %v, want %s", err, c.code)
			}
			if want := "foreseen tally tally "; trips != want {
				t.Errorf("trips: got %q, want %q", trips, want)
			}
			all, err := db.Events(t.Context(), "m", 0, 100)
			if err != nil || len(all) != 2 {
				t.Errorf("events: got %d, %v, want 2", len(all), err)
			}
			clean(t, db, "I1", "I2", "I3", "P4", "I9 numbered")
		})
	}
}
