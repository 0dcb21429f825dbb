package sqlstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
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
	onBoth(t, func(t *testing.T, url string) {
		used, whole := []string{
			"INDEX sqlite_autoindex_invoice_1 (id=?", "INDEX sqlite_autoindex_payment_1 (id=?",
			"USING PRIMARY KEY (id=?",
		}, "SCAN t"
		if strings.HasPrefix(url, "postgres:") {
			used, whole = []string{"using invoice_pkey", "using payment_pkey", "using customer_pkey", "using api_key_hash"},
				"Seq Scan"
		}
		db := open(t, sqlstore.Options{URL: url})
		plans, err := db.FindPlans(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(plans, "\n")
		for _, index := range used {
			if !strings.Contains(text, index) {
				t.Errorf("a plan without %q:\n%s", index, text)
			}
		}
		if strings.Contains(text, whole) {
			t.Errorf("a whole table is read:\n%s", text)
		}
	})
}

// However many are read at once, each caller gets his own row, or hears that there
// is none.
func TestManyReadsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		at := time.Unix(1_790_000_000, 0)
		const rows, callers = 30, 600
		ids := make([]string, rows)
		for n := range ids {
			c := paid("m", int64(n), at)
			ids[n] = c.Payments[0].ID
			if err := db.Commit(t.Context(), c); err != nil {
				t.Fatal(fault.Detail(err))
			}
		}
		var all sync.WaitGroup
		for n := range callers {
			all.Go(func() {
				merchant, id := "m", ids[n%rows]
				if n%3 == 0 {
					merchant = "n"
				}
				p, err := db.Payment(t.Context(), merchant, id)
				switch {
				case n%3 == 0 && !fault.Is(err, fault.CodePaymentNotFound):
					t.Errorf("payment of another merchant: got %v, want %s", err, fault.CodePaymentNotFound)
				case n%3 != 0 && (err != nil || p.ID != id || p.Merchant != merchant):
					t.Errorf("got payment %s of %s, %v, want %s of %s", p.ID, p.Merchant, err, id, merchant)
				}
			})
		}
		all.Wait()
	})
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
