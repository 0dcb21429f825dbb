package app_test

import (
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payment"
)

// A merchant may take back what nobody says to have paid, once, and the trader's
// coins are free again; what the payer has paid is not the merchant's to end.
func TestMerchantWithdrawsADeal(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "100")
	d := b.begun("2000")
	for range 2 {
		got, err := b.app.WithdrawDeal(t.Context(), b.merchant, d.ID)
		if err != nil || got.State != deal.Canceled {
			t.Fatalf("got %s, %v", got.State, err)
		}
	}
	p, err := b.app.Payment(t.Context(), b.merchant, d.Payment)
	if err != nil || p.State != payment.Canceled {
		t.Errorf("the payment is %s, %v", p.State, err)
	}
	v, err := b.app.Trader(t.Context(), b.merchant, d.Trader)
	if err != nil || v.Coins != coins("100") {
		t.Errorf("the trader has %s, %v", v.Coins, err)
	}
	said := b.begun("3000")
	if _, err := b.app.ReportTransfer(t.Context(), b.merchant, said.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := b.app.WithdrawDeal(t.Context(), b.merchant, said.ID); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("what the payer has paid: got %v", err)
	}
	if _, err := b.app.WithdrawDeal(t.Context(), "another", said.ID); !fault.Is(err, fault.CodeDealNotFound) {
		t.Errorf("another merchant: got %v", err)
	}
}

// Whoever makes a trader and a requisite may say what they are called.
func TestNamedTrader(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 0, "")
	made, err := b.app.AddTrader(t.Context(), app.NewTrader{
		ID: "trd_1", Merchant: b.merchant, Name: " Tom ", Operator: "Sam",
	})
	if err != nil || made.ID != "trd_1" || made.Name != "Tom" {
		t.Fatalf("got %+v, %v", made, err)
	}
	q, err := b.app.PutRequisite(t.Context(), app.RequisiteTerms{
		Merchant: b.merchant, NewID: "rqs_1", Trader: made.ID, Option: "SBP", Method: "vtb", Number: "1",
		Least: rub("1"), Most: rub("2"), Operator: "Sam",
	})
	if err != nil || q.ID != "rqs_1" {
		t.Fatalf("got %+v, %v", q, err)
	}
	if got, err := b.app.Requisite(t.Context(), b.merchant, "rqs_1"); err != nil || got.Trader != made.ID {
		t.Errorf("got %+v, %v", got, err)
	}
}
