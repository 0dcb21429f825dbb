package app_test

import (
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/store"
)

// TestResealInPages seals more than one page holds, of two merchants.
func TestResealInPages(t *testing.T) {
	t.Parallel()
	const many = 600
	s := open(t, 0)
	other, err := s.app.CreateMerchant(t.Context(), app.NewMerchant{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	for _, owner := range []string{s.merchant, other.ID} {
		var c store.Change
		for range many {
			i := invoice.Invoice{
				ID: s.newID(), Merchant: owner, State: invoice.Open, Amount: rial(5), Captured: rial(0), Reserved: rial(0),
				CreatedAt: s.now(), UpdatedAt: s.now(),
			}
			if i.Notice.Sealed, err = before.Seal(owner, "notice/"+i.ID, []byte(noticeWord)); err != nil {
				t.Fatal(err)
			}
			c.Invoices = append(c.Invoices, i)
			c.Events = append(c.Events, event.Event{
				Merchant: owner, Noun: event.Invoice, Subject: i.ID, Trigger: "create", To: string(invoice.Open),
				Actor: "merchant", At: s.now(),
			})
			c.Deliveries = append(c.Deliveries, event.Delivery{
				ID: s.newID(), Merchant: owner, State: event.Due, Queue: "q", URL: "https://shop.example", Type: "invoice.open",
				Subject: i.ID, Body: []byte("{}"), Header: "X-Own", Sealed: i.Notice.Sealed, RunAt: s.now(), CreatedAt: s.now(),
				UpdatedAt: s.now(),
			})
		}
		if err := s.store.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	for turn, want := range []int64{4 * many, 0} {
		found, err := locked(s, s.store, after).Reseal(t.Context(), after, func(int) {})
		if err != nil || found.Anew != want || found.Under[app.SealedInvoice][after.key] != 2*many ||
			found.Under[app.SealedDelivery][after.key] != 2*many {
			t.Errorf("turn %d: got %+v, %v, want %d sealed anew", turn, found, err, want)
		}
	}
}
