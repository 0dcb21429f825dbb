package app_test

import (
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
)

func (b *bazaar) withdraw(id string) (invoice.Invoice, error) {
	return b.app.CancelInvoice(b.Context(), app.CancelInvoice{Merchant: b.merchant, Invoice: id})
}

// An invoice and the deal that only waits end together, and the trader's coins
// are free again; saying so twice changes nothing.
func TestCancelInvoice(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "100")
	d := b.begun("1500")
	first, err := b.withdraw(d.Invoice)
	if err != nil || first.State != invoice.Canceled {
		t.Fatalf("got %s, %v", first.State, err)
	}
	again, err := b.withdraw(d.Invoice)
	if err != nil || again.State != invoice.Canceled || again.Version != first.Version+1 {
		t.Errorf("again: got %s of version %d, %v", again.State, again.Version, err)
	}
	if got, err := b.app.Deal(t.Context(), b.merchant, d.ID); err != nil || got.State != deal.Canceled {
		t.Errorf("got a deal that is %s, %v", got.State, err)
	}
	b.has(map[string]string{"trader": "100", "gateway_clearing": "-100"})
	if plain, err := b.withdraw(b.bill("200").ID); err != nil || plain.State != invoice.Canceled {
		t.Errorf("without a deal: got %s, %v", plain.State, err)
	}
}

// Nothing is withdrawn for which money may be on its way, or has come.
func TestCancelInvoiceTooLate(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 3, "100")
	confirmed, disputed, paid := b.begun("1500"), b.begun("1600"), b.begun("1700")
	if _, err := b.app.ReportTransfer(t.Context(), b.merchant, confirmed.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := b.app.DisputeDeal(t.Context(), app.NewDispute{
		Merchant: b.merchant, Deal: disputed.ID, Reason: "no_payment",
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.app.CompleteDeal(t.Context(), app.DealWord{
		Merchant: b.merchant, Deal: paid.ID, Operator: "Sam",
	}); err != nil {
		t.Fatal(err)
	}
	for _, d := range []deal.Deal{confirmed, disputed, paid} {
		before, err := b.app.Invoice(t.Context(), b.merchant, d.Invoice)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.withdraw(d.Invoice); !fault.Is(err, fault.CodeWrongState) {
			t.Errorf("%s: got %v, want wrong_state", d.Amount, err)
		}
		after, err := b.app.Invoice(t.Context(), b.merchant, d.Invoice)
		if err != nil || after.Invoice.Version != before.Invoice.Version {
			t.Errorf("%s: the invoice changed, or %v", d.Amount, err)
		}
	}
	if _, err := b.withdraw("nothing"); !fault.Is(err, fault.CodeInvoiceNotFound) {
		t.Errorf("got %v, want invoice_not_found", err)
	}
	if _, err := b.app.CancelInvoice(t.Context(), app.CancelInvoice{
		Merchant: "another", Invoice: confirmed.Invoice,
	}); !fault.Is(err, fault.CodeInvoiceNotFound) {
		t.Errorf("another merchant: got %v, want invoice_not_found", err)
	}
}
