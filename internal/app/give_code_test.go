package app_test

import (
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
)

// A deal that waits for its code is given one, once, and what the payer was
// shown stays.
func TestGiveCode(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	other := b.begun("1000")
	list, err := b.app.Requisites(t.Context(), b.merchant, app.RequisiteFilter{}, app.Page{Limit: 1})
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	if _, err := b.app.PutRequisite(t.Context(), app.RequisiteTerms{
		Merchant: b.merchant, ID: list[0].ID, Option: "MANUAL_SBP_QR", Method: "unknown", Number: "later", Operator: "Sam",
	}); err != nil {
		t.Fatal(err)
	}
	d := b.begun("2000")
	const link = "https://qr.nspk.ru/AS10001?type=02"
	for _, bad := range []string{
		"", "later", "http://qr.nspk.ru/AS10001", "javascript:alert(1)", "https://qr.nspk.ru/" + strings.Repeat("a", 300),
	} {
		if _, err := b.app.GiveCode(t.Context(), word(d), bad); !fault.Is(err, fault.CodeParameterInvalid) {
			t.Errorf("%.40q: %v", bad, err)
		}
	}
	if _, err := b.app.GiveCode(t.Context(), word(other), link); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("a code for a transfer by telephone: %v", err)
	}
	if _, err := b.app.GiveCode(t.Context(), app.DealWord{Merchant: b.merchant, Deal: d.ID}, link); err == nil {
		t.Error("nobody said so, and it was taken")
	}
	foreign := word(d)
	foreign.Merchant = "another"
	if _, err := b.app.GiveCode(t.Context(), foreign, link); !fault.Is(err, fault.CodeDealNotFound) {
		t.Errorf("of another merchant: %v", err)
	}
	for range 2 {
		if got, err := b.app.GiveCode(t.Context(), word(d), link); err != nil || got.CodeLink() != link {
			t.Errorf("got %q, %v", got.CodeLink(), err)
		}
	}
	got, err := b.app.Deal(t.Context(), b.merchant, d.ID)
	if err != nil || got.Number != link || got.Version != d.Version+1 {
		t.Errorf("kept %q in version %d after %d, %v", got.Number, got.Version, d.Version, err)
	}
	if _, err := b.app.GiveCode(t.Context(), word(d), link+"&again=1"); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("another code: %v", err)
	}
	if _, err := b.app.CancelDeal(t.Context(), word(d)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.app.GiveCode(t.Context(), word(d), link); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("for a deal that is over: %v", err)
	}
}
