package app_test

import (
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payment"
)

// TestPaymentOfADeal: no gateway has it, so what is said of it is said of its deal.
func TestPaymentOfADeal(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	d := b.begun("1500")
	ctx := t.Context()
	acts := map[string]func() error{
		"cancel": func() error { return errOf(b.app.CancelPayment(ctx, b.merchant, d.Payment, "", "")) },
		"confirm": func() error {
			return errOf(b.app.ConfirmPayment(ctx, b.merchant, app.Confirmation{
				Payment: d.Payment, Paid: true, Receipt: "r", Operator: "Sam",
			}))
		},
		"reject": func() error {
			return errOf(b.app.ConfirmPayment(ctx, b.merchant, app.Confirmation{Payment: d.Payment, Operator: "Sam"}))
		},
		"refund": func() error {
			return errOf(b.app.RefundPayment(ctx, b.merchant, app.NewRefund{Payment: d.Payment}))
		},
	}
	wants := func(when string, codes map[string]fault.Code) {
		t.Helper()
		for name, code := range codes {
			err := acts[name]()
			if !fault.Is(err, code) {
				t.Errorf("%s %s: got %v, want %s", when, name, err, code)
			}
			if when == "open" && name != "refund" && !strings.Contains(fault.From(err).Words, "deal") {
				t.Errorf("%s %s: the words are %q", when, name, fault.From(err).Words)
			}
		}
	}
	wants("open", map[string]fault.Code{
		"cancel": fault.CodeWrongState, "confirm": fault.CodeUnsupported, "reject": fault.CodeUnsupported,
		"refund": fault.CodePaymentNotFound,
	})
	b.state(d.Payment, payment.Processing)
	if _, err := b.app.CancelDeal(ctx, word(d)); err != nil {
		t.Fatal(err)
	}
	wants("canceled", map[string]fault.Code{
		"cancel": fault.CodeWrongState, "confirm": fault.CodeWrongState, "reject": fault.CodeWrongState,
		"refund": fault.CodePaymentNotFound,
	})
}
