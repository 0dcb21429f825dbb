package sqlstore_test

import (
	"testing"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// holds is money that a payer's bank keeps for the merchant, of which a part
// was let go again.
func holds(t *testing.T) []store.Change {
	t.Helper()
	names := ledger.Names{Gateway: "bank"}
	return []store.Change{{
		Invoices: []invoice.Invoice{{
			ID: "i9", Merchant: "m", State: invoice.Open, Amount: amount(35), Captured: amount(0), Reserved: amount(35),
		}},
		Payments: []payment.Payment{{
			ID: "p9", Merchant: "m", State: payment.Authorized, Invoice: "i9", Amount: amount(35), Refunded: amount(0),
			Returning: amount(0), Asked: amount(50), Released: amount(15), Holding: amount(50), Reserved: true, Hold: true,
			Direct: true, Attempt: payment.Attempt{Gateway: "bank"},
		}},
		Refunds: []refund.Refund{{
			ID: "r9", Merchant: "m", State: refund.Succeeded, Payment: "p9", Way: refund.ByRelease,
			Source: refund.FromHold, Amount: amount(15),
		}},
		Entries: []ledger.Entry{
			booked(t, ledger.RuleAuthorized, "e90", "p9", names, 50), booked(t, ledger.RuleReleased, "e91", "p9", names, 15),
		},
		Events: []event.Event{
			happened(event.Invoice, "i9", "create", "", "open"), happened(event.Payment, "p9", "create", "", "processing"),
			happened(event.Payment, "p9", "authorize", "processing", "authorized"),
			happened(event.Refund, "r9", "create", "", "processing"),
			happened(event.Refund, "r9", "succeed", "processing", "succeeded"),
		},
	}}
}

// holdSpoils are what TestAudit changes of them.
var holdSpoils = []spoil{
	spoiled("I18 banks", "payment", "amount", "36", "35", "id = 'p9'"),
	spoiled("I18 banks", "payment", "state", "'canceled'", "'authorized'", "id = 'p9'"),
	spoiled("I18 let go", "payment", "released", "14", "15", "id = 'p9'"),
	spoiled("I18 let go", "refund", "source", "'merchant'", "'hold'", "id = 'r9'"),
	spoiled("I18 let go", "refund", "state", "'failed'", "'succeeded'", "id = 'r9'"),
	{
		"I5 return",
		`insert into refund (id, merchant_id, version, state, payment_id, source, unit, amount, attention, created_at,
			updated_at, detail) values
			('x1', 'm', 1, 'succeeded', 'p1', 'merchant', 'IRR', 1, '', 1, 1, '{"way":"refund","receipt":"f"}'),
			('x2', 'm', 1, 'succeeded', 'p1', 'merchant', 'IRR', 1, '', 1, 1, '{"way":"refund","receipt":"f"}')`,
		"delete from refund where id in ('x1', 'x2')",
	},
}
