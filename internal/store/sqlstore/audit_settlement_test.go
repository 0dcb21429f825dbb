package sqlstore_test

import (
	"testing"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/settlement"
	"github.com/purserhq/purser/internal/store"
)

// settlements is money that a gateway paid out: of one payment all but its fee,
// of another one nothing but the fee, and one that was given back since.
func settlements(t *testing.T) []store.Change {
	t.Helper()
	names := ledger.Names{Gateway: "bank"}
	var change store.Change
	for _, c := range []struct {
		id           string
		state        payment.State
		amount, back int64
	}{{"10", payment.Settled, 100, 0}, {"11", payment.Settled, 3, 0}, {"12", payment.Refunded, 20, 20}} {
		change.Invoices = append(change.Invoices, invoice.Invoice{
			ID: "i" + c.id, Merchant: "m", State: invoice.Completed, Amount: amount(c.amount),
			Captured: amount(c.amount - c.back), Reserved: amount(0),
		})
		change.Payments = append(change.Payments, payment.Payment{
			ID: "p" + c.id, Merchant: "m", State: c.state, Invoice: "i" + c.id, Amount: amount(c.amount),
			Refunded: amount(c.back), Returning: amount(0), Attempt: payment.Attempt{Gateway: "bank", Receipt: "r" + c.id},
		})
		change.Entries = append(change.Entries, booked(t, ledger.RuleCaptured, "e"+c.id+"0", "p"+c.id, names, c.amount))
		change.Events = append(change.Events,
			happened(event.Invoice, "i"+c.id, "create", "", "open"), happened(event.Invoice, "i"+c.id, "pay", "open", "paid"),
			happened(event.Invoice, "i"+c.id, "complete", "paid", "completed"),
			happened(event.Payment, "p"+c.id, "create", "", "processing"),
			happened(event.Payment, "p"+c.id, "capture", "processing", "captured"),
			happened(event.Payment, "p"+c.id, "settle", "captured", "settled"))
	}
	change.Entries = append(change.Entries,
		booked(t, ledger.RuleSettled, "e101", "p10", names, 96), booked(t, ledger.RuleFeeSettled, "e102", "p10", names, 4),
		booked(t, ledger.RuleFeeSettled, "e111", "p11", names, 3), booked(t, ledger.RuleSettled, "e121", "p12", names, 20),
		booked(t, ledger.RuleRefundOpened, "e122", "p12", names, 20),
		booked(t, ledger.RuleRefunded, "e123", "p12", names, 20),
		booked(t, ledger.RuleRefundSettled, "e124", "p12", names, 20))
	change.Refunds = []refund.Refund{{
		ID: "r12", Merchant: "m", State: refund.Succeeded, Payment: "p12", Way: refund.ByRefund, Gateway: "bank",
		Source: refund.FromMerchant, Amount: amount(20), SettledAt: booksAt,
	}}
	change.Events = append(change.Events, happened(event.Payment, "p12", "refund", "settled", "refunded"),
		happened(event.Refund, "r12", "create", "", "processing"),
		happened(event.Refund, "r12", "succeed", "processing", "succeeded"),
		happened(event.Refund, "r12", "settle", "succeeded", "succeeded"))
	change.Settlements = []settlement.File{{
		ID: "s1", Merchant: "m", Gateway: "bank", Name: "may.csv", Operator: "ann", Rows: 4, Payments: 3, Refunds: 1,
		Taken: amount(123), Fees: amount(7), Returned: amount(20), EndedAt: booksAt, CreatedAt: booksAt, UpdatedAt: booksAt,
	}}
	change.SettlementRows = []settlement.Row{{
		File: "s1", Merchant: "m", Number: 2, Kind: settlement.Payment, Line: 2, Receipt: "r10", Payment: "p10",
		Amount: amount(100), Fee: amount(4),
	}}
	return []store.Change{change}
}

// settlementSpoils are what TestAudit changes of them.
var settlementSpoils = []spoil{
	spoiled("I5 settled", "payment", "state", "'settled'", "'captured'", "id = 'p1'"),
	spoiled("I5 settled", "payment", "state", "'captured'", "'settled'", "id = 'p11'"),
	spoiled("I5 settled", "entry", "subject", "'p1'", "'p12'", "id = 'e121'"),
	spoiled("I5 settled", "entry", "subject", "'x'", "'p10'", "id = 'e101'"),
	spoiled("I5 settled", "entry", "subject", "'p10'", "'p12'", "id = 'e121'"),
	spoiled("I5 settled", "entry", "subject", "'p12'", "'p11'", "id = 'e111'"),
	spoiled("I5 settled", "entry", "rule", "'settled'", "'fee_settled'", "id = 'e102'"),
	spoiled("I4 settled", "entry", "rule", "'refunded'", "'fee_settled'", "id = 'e102'"),
	spoiled("I4 settled", "payment", "amount", "101", "100", "id = 'p10'"),
	spoiled("I4 settled", "payment", "amount", "19", "20", "id = 'p12'"),
	spoiled("I4 kept", "entry", "rule", "'refunded'", "'refund_settled'", "id = 'e124'"),
	spoiled("I4 kept", "entry", "subject", "'p1'", "'p12'", "id = 'e124'"),
	spoiled("I4 kept", "refund", "amount", "19", "20", "id = 'r12'"),
	spoiled("I4 kept", "refund", "state", "'processing'", "'succeeded'", "id = 'r12'"),
	spoiled("I4 kept", "refund", "detail",
		"replace(detail, 'settled_at', 'unsettled')", "replace(detail, 'unsettled', 'settled_at')", "id = 'r12'"),
}
