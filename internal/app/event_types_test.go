package app_test

import (
	"slices"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
)

// TestEventTypes lets an endpoint be told of what there is, and of nothing that never comes.
func TestEventTypes(t *testing.T) {
	t.Parallel()
	w := openWary(t, false)
	e, _, err := w.app.CreateEndpoint(t.Context(), app.NewEndpoint{
		ID: "e", Merchant: w.merchant, URL: "https://shop.example/hook",
	})
	if err != nil {
		t.Fatal(err)
	}
	change := func(kind string) error {
		types := []string{kind}
		_, err := w.app.ChangeReceiver(t.Context(), w.merchant, e.ID, app.EndpointTerms{Types: &types})
		return err
	}
	all := app.EventTypes()
	for _, kind := range []string{
		"invoice.paid", "invoice.held", "payment.captured", "payment.corrected", "refund.succeeded", "payout.paid",
		"deal.dispute", "deal.code_given", "customer.blocked", "transfer.completed", "exchange.completed", "market.set",
		"trader.disabled", "requisite.active",
	} {
		if !slices.Contains(all, kind) {
			t.Errorf("%s is not among the types %q", kind, all)
		}
	}
	for _, kind := range all {
		if err := change(kind); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for _, noun := range event.Told {
		if err := change(string(noun) + ".*"); err != nil {
			t.Errorf("all of %s: %v", noun, err)
		}
	}
	for _, kind := range []string{
		"payment.capture", "invoice.captured", "transfer.set", "market.held", "refund.Succeeded",
	} {
		if err := change(kind); !fault.Is(err, fault.CodeParameterInvalid) {
			t.Errorf("%s: got %v", kind, err)
		}
		if _, _, err := w.app.CreateEndpoint(t.Context(), app.NewEndpoint{
			Merchant: w.merchant, URL: "https://shop.example/hook", Types: []string{kind},
		}); !fault.Is(err, fault.CodeParameterInvalid) {
			t.Errorf("a new endpoint for %s: got %v", kind, err)
		}
	}
}
