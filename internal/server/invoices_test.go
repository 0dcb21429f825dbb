package server

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// An operator finds the invoices that wait for a confirmation, and gives it.
func TestOperatorConfirmsHeldInvoice(t *testing.T) {
	t.Parallel()
	folder := sqlitetest.Folder(t)
	waitingForPerson(t, folder)
	const newest = "select id from invoice order by created_at desc limit 1"
	damage(t, folder, "update invoice set detail = json_set(detail, '$.held', json('true')) where id = ("+newest+")")
	file, err := sql.Open("sqlite", filepath.Join(folder, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	var id, merchant string
	row := file.QueryRowContext(t.Context(), "select id, merchant_id from invoice where id = ("+newest+")")
	if err := row.Scan(&id, &merchant); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	list := func(w WhichInvoices) string {
		d := newDesk(Config{Data: folder})
		w.Merchant = merchant
		if err := d.Invoices(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		return d.out.String()
	}
	held := WhichInvoices{Held: true, Limit: 50}
	if got := list(held); strings.Count(got, "\n") != 2 || !strings.Contains(got, id+"  open, held  5000 IRR") {
		t.Errorf("those that wait: got\n%s", got)
	}
	d := newDesk(Config{Data: folder})
	if err := d.ConfirmInvoice(t.Context(), InvoiceWord{Invoice: id, Operator: "Sam"}); err != nil {
		t.Fatal(err)
	}
	if got := list(held); strings.Count(got, "\n") != 1 {
		t.Errorf("those that wait after that: got\n%s", got)
	}
	if got := list(WhichInvoices{Limit: 1}); !strings.Contains(got, id+"  open   5000 IRR") {
		t.Errorf("the newest: got\n%s", got)
	}
}
