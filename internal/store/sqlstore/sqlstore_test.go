package sqlstore

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

func TestSmoke(t *testing.T) {
	for _, url := range []string{filepath.Join(t.TempDir(), "x.db"), pgtest.Database(t)} {
		ctx := context.Background()
		d, err := Open(ctx, Options{URL: url, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().UTC().Truncate(time.Microsecond)
		irr := money.IRR
		inv := invoice.Invoice{ID: "i1", Merchant: "m1", State: invoice.Open, Amount: money.New(100, irr), Captured: money.Zero(irr), Reserved: money.Zero(irr), Due: now, CreatedAt: now, Bag: map[string]string{"a": "b"}}
		pay := payment.Payment{ID: "p1", Merchant: "m1", State: payment.Captured, Invoice: "i1", Amount: money.New(100, irr), CheckAt: now, Attention: "x"}
		e, err := ledger.Book(ledger.RuleCaptured, ledger.Cause{Entry: "e1", Merchant: "m1", Subject: "p1", At: now}, "zarinpal", money.New(100, irr))
		if err != nil {
			t.Fatal(err)
		}
		c := store.Change{Claims: []store.Claim{{Merchant: "m1", Kind: store.ReceiptClaim, Key: "k", Subject: "p1"}},
			Invoices: []invoice.Invoice{inv}, Payments: []payment.Payment{pay}, Entries: []ledger.Entry{e},
			Events: []event.Event{{Merchant: "m1", Noun: event.Payment, Subject: "p1", Trigger: "create", To: "captured", At: now}}}
		if err := d.Commit(ctx, c); err != nil {
			t.Fatal(err, unwrap(err))
		}
		t.Log(d.Commit(ctx, c))
		inv.Version = 1
		inv.State = invoice.Paid
		if err := d.Commit(ctx, store.Change{Invoices: []invoice.Invoice{inv}}); err != nil {
			t.Fatal(err, unwrap(err))
		}
		got, err := d.Invoice(ctx, "m1", "i1")
		inv.Version = 2
		if diff := cmp.Diff(inv, got, cmp.Comparer(func(a, b money.Amount) bool { return a == b })); diff != "" || err != nil {
			t.Fatal(diff, err)
		}
		l, n, err := d.Invoices(ctx, "m1", store.Page{})
		t.Log(len(l), n, err)
		p, err := d.PaymentsOf(ctx, "m1", "i1", "i2")
		t.Log(len(p), err)
		ev, err := d.Events(ctx, "m1", 0, 10)
		t.Log(ev, err)
		h, err := d.History(ctx, "m1", event.Payment, "p1")
		t.Log(h, err)
		b, err := d.Balances(ctx, "m1")
		t.Log(b, err)
		en, err := d.Entries(ctx, "m1", "p1")
		t.Log(en, err)
		w, err := d.Attention(ctx)
		t.Log(w, err)
		due, err := d.DuePayments(ctx, now, 10)
		t.Log(len(due), err)
		cl, err := d.Claimed(ctx, "", store.ReceiptClaim, "k")
		t.Log(cl, err)
		o, err := d.Owner(ctx, event.Payment, "p1")
		t.Log(o, err)
		t.Log(d.SchemaVersion(ctx))
		t.Logf("%+v", d.Stats())
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

func TestAuditSmoke(t *testing.T) {
	for _, url := range []string{filepath.Join(t.TempDir(), "x.db"), pgtest.Database(t)} {
		d, err := Open(t.Context(), Options{URL: url, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		f, err := d.Audit(t.Context(), nil)
		if err != nil {
			t.Fatal(err, unwrap(err))
		}
		for _, x := range f {
			t.Logf("%+v", x)
		}
		d.Close()
	}
}
