package sqlstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// Many callers change what is theirs and read it at once: everybody sees what he
// was told is committed, and what is another merchant's is not found.
func TestReadsSeeWhatWasCommitted(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		at := time.Unix(1_790_000_000, 0)
		const changes = 20
		var all sync.WaitGroup
		for n := range int64(24) {
			all.Go(func() {
				mine, other := fmt.Sprintf("m%d", n%3), fmt.Sprintf("m%d", (n+1)%3)
				c := paid(mine, n, at)
				i, p := c.Invoices[0], c.Payments[0]
				for version := range int64(changes) {
					i.Version, p.Version = version, version
					c.Invoices[0], c.Payments[0] = i, p
					if version > 0 {
						c.Entries, c.Events[0].From = nil, "captured"
					}
					if err := db.Commit(t.Context(), c); err != nil {
						t.Errorf("commit: %s", fault.Detail(err))
						return
					}
					gotInvoice, err := db.Invoice(t.Context(), mine, i.ID)
					gotPayment, wrong := db.Payment(t.Context(), mine, p.ID)
					if err != nil || wrong != nil || gotInvoice.Version != version+1 || gotPayment.Version != version+1 {
						t.Errorf("got versions %d, %v and %d, %v, want %d", gotInvoice.Version, err, gotPayment.Version, wrong,
							version+1)
					}
					if _, err := db.Payment(t.Context(), other, p.ID); !fault.Is(err, fault.CodePaymentNotFound) {
						t.Errorf("payment of another merchant: got %v, want %s", err, fault.CodePaymentNotFound)
					}
					if _, err := db.Invoice(t.Context(), other, i.ID); !fault.Is(err, fault.CodeInvoiceNotFound) {
						t.Errorf("invoice of another merchant: got %v, want %s", err, fault.CodeInvoiceNotFound)
					}
				}
			})
		}
		all.Wait()
	})
}

// Rows that are gathered are found by their keys, however empty their tables were
// when the statement was planned.
func TestGatheredRowsAreFoundByTheirKeys(t *testing.T) {
	t.Parallel()
	db := open(t, sqlstore.Options{URL: pgtest.Database(t)})
	plans, err := db.FindPlans(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(plans, "\n")
	for _, index := range []string{"invoice_pkey", "payment_pkey", "customer_pkey", "api_key_hash"} {
		if !strings.Contains(text, "Index Scan using "+index) {
			t.Errorf("%s is not used:\n%s", index, text)
		}
	}
	if strings.Contains(text, "Seq Scan") {
		t.Errorf("a whole table is read:\n%s", text)
	}
}

// A read of a key ends with the caller that waits for a connection, and one that
// comes after the database was closed is told so.
func TestLateReads(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db, err := sqlstore.Open(t.Context(), sqlstore.Options{URL: url, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		for range 8 { // more than there are connections
			if _, err := db.Refund(gone, "m", "r"); err != nil &&
				!fault.Is(err, fault.CodeTimeOut) && !fault.Is(err, fault.CodeRefundNotFound) {
				t.Errorf("read of a caller who went away: %s", fault.Detail(err))
			}
		}
		if _, err := db.Refund(t.Context(), "m", "r"); !fault.Is(err, fault.CodeRefundNotFound) {
			t.Errorf("read after them: got %v, want %s", err, fault.CodeRefundNotFound)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for _, read := range []func() error{
			func() error { _, err := db.Refund(t.Context(), "m", "r"); return err },
			func() error { _, err := db.Payment(t.Context(), "m", "p"); return err },
		} {
			if err := read(); fault.KindOf(err) != fault.Internal && !fault.Is(err, fault.CodeDatabaseUnavailable) {
				t.Errorf("read of a closed database: got %v, want an error of ours", err)
			}
		}
	})
}
