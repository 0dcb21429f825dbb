package sqlstore_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// owed is a payment of a refunded invoice that its gateway refused to give back: a part
// of it went back by hand, another is on its way, and the rest lies in suspense. Beside it
// is money without room that came back from its way, and some that is on it; and a payment
// of which only what the merchant had recorded was to go back.
func owed(t *testing.T) []store.Change {
	t.Helper()
	bank := ledger.Names{Gateway: "bank"}
	back := func(id, of string, state refund.State, source refund.Source, n int64) refund.Refund {
		return refund.Refund{
			ID: id, Merchant: "m", State: state, Payment: of, Way: refund.ByRefund, Source: source, Amount: amount(n),
		}
	}
	late := func(id string, n int64) payment.Payment {
		return payment.Payment{
			ID: id, Merchant: "m", State: payment.Failed, Invoice: "i20", Amount: amount(n), Refunded: amount(0),
			Returning: amount(0), Attempt: payment.Attempt{Gateway: "bank", Receipt: "r" + id},
		}
	}
	left := late("p20", 25)
	left.State, left.Refunded, left.Returning = payment.Captured, amount(10), amount(3)
	kept := late("p23", 20)
	kept.State, kept.Refunded = payment.Captured, amount(7)
	kept.Record = payment.Record{At: time.UnixMicro(1), Amount: amount(11), Before: amount(1)}
	return []store.Change{{
		Invoices: []invoice.Invoice{{
			ID: "i20", Merchant: "m", State: invoice.Refunded, Amount: amount(45), Captured: amount(28), Reserved: amount(0),
		}},
		Payments: []payment.Payment{left, late("p21", 9), late("p22", 8), kept},
		Refunds: []refund.Refund{
			back("r20", "p20", refund.Failed, refund.FromOwed, 25),
			back("r21", "p20", refund.Succeeded, refund.FromOwed, 10),
			back("r22", "p20", refund.Requested, refund.FromOwed, 3),
			back("r23", "p21", refund.Failed, refund.FromSuspense, 9),
			back("r24", "p22", refund.Requested, refund.FromSuspense, 8),
			back("r25", "p23", refund.Succeeded, refund.FromMerchant, 1),
			back("r26", "p23", refund.Failed, refund.FromOwed, 11),
			back("r27", "p23", refund.Failed, refund.FromOwed, 11),
			back("r28", "p23", refund.Succeeded, refund.FromOwed, 6),
		},
		Entries: []ledger.Entry{
			booked(t, ledger.RuleCaptured, "w100", "p20", bank, 25),
			booked(t, ledger.RuleRefundOwed, "w101", "r20", bank, 25),
			booked(t, ledger.RuleSuspenseFailed, "w102", "r20", bank, 25),
			booked(t, ledger.RuleSuspenseOpened, "w103", "r21", bank, 10),
			booked(t, ledger.RuleRefunded, "w104", "r21", bank, 10),
			booked(t, ledger.RuleSuspenseOpened, "w105", "r22", bank, 3),
			booked(t, ledger.RuleLate, "w106", "p21", bank, 9), booked(t, ledger.RuleSuspenseOpened, "w107", "r23", bank, 9),
			booked(t, ledger.RuleSuspenseFailed, "w108", "r23", bank, 9),
			booked(t, ledger.RuleLate, "w109", "p22", bank, 8), booked(t, ledger.RuleSuspenseOpened, "w110", "r24", bank, 8),
			booked(t, ledger.RuleCaptured, "w111", "p23", bank, 20),
			booked(t, ledger.RuleRefundOpened, "w112", "r25", bank, 1), booked(t, ledger.RuleRefunded, "w113", "r25", bank, 1),
			booked(t, ledger.RuleRefundOwed, "w114", "r26", bank, 11),
			booked(t, ledger.RuleSuspenseFailed, "w115", "r26", bank, 11),
			booked(t, ledger.RuleSuspenseOpened, "w116", "r27", bank, 11),
			booked(t, ledger.RuleSuspenseFailed, "w117", "r27", bank, 11),
			booked(t, ledger.RuleSuspenseOpened, "w118", "r28", bank, 6),
			booked(t, ledger.RuleRefunded, "w119", "r28", bank, 6),
		},
		Events: []event.Event{
			happened(event.Invoice, "i20", "create", "", "open"), happened(event.Invoice, "i20", "pay", "open", "paid"),
			happened(event.Invoice, "i20", "complete", "paid", "completed"),
			happened(event.Invoice, "i20", "refund", "completed", "refunded"),
			happened(event.Payment, "p20", "create", "", "processing"),
			happened(event.Payment, "p20", "capture", "processing", "captured"),
			happened(event.Payment, "p21", "create", "", "processing"),
			happened(event.Payment, "p21", "decline", "processing", "failed"),
			happened(event.Payment, "p22", "create", "", "processing"),
			happened(event.Payment, "p22", "decline", "processing", "failed"),
			happened(event.Refund, "r20", "create", "", "processing"),
			happened(event.Refund, "r20", "fail", "processing", "failed"),
			happened(event.Refund, "r21", "create", "", "processing"),
			happened(event.Refund, "r21", "succeed", "processing", "succeeded"),
			happened(event.Refund, "r22", "create", "", "requested"),
			happened(event.Refund, "r23", "create", "", "processing"),
			happened(event.Refund, "r23", "fail", "processing", "failed"),
			happened(event.Refund, "r24", "create", "", "requested"),
			happened(event.Payment, "p23", "create", "", "processing"),
			happened(event.Payment, "p23", "capture", "processing", "captured"),
			happened(event.Refund, "r25", "create", "", "processing"),
			happened(event.Refund, "r25", "succeed", "processing", "succeeded"),
			happened(event.Refund, "r26", "create", "", "processing"),
			happened(event.Refund, "r26", "fail", "processing", "failed"),
			happened(event.Refund, "r27", "create", "", "processing"),
			happened(event.Refund, "r27", "fail", "processing", "failed"),
			happened(event.Refund, "r28", "create", "", "processing"),
			happened(event.Refund, "r28", "succeed", "processing", "succeeded"),
		},
	}}
}

// returnSpoils are what TestAudit changes of them.
var returnSpoils = []spoil{
	// The merchant paid for a refund once more: what it had paid before lies there still.
	spoiled("I18 lies", "refund", "source", "'merchant'", "'owed'", "id = 'r20'"),
	spoiled("I18 lies", "refund", "state", "'succeeded'", "'failed'", "id = 'r23'"),
	spoiled("I18 lies", "refund", "detail",
		"replace(detail, 'way', 'yaw')", "replace(detail, 'yaw', 'way')", "id = 'r24'"),
	spoiled("I18 lies", "payment", "refunded", "11", "10", "id = 'p20'"),
	spoiled("I18 record", "payment", "refunded", "11", "10", "id = 'p20'"),
	spoiled("I18 record", "payment", "in_return", "2", "3", "id = 'p20'"),
	spoiled("I18 record", "payment", "amount", "26", "25", "id = 'p20'"),
	spoiled("I18 record", "payment", "recorded_at", "null", "1", "id = 'p23'"),
	spoiled("I18 record", "refund", "source", "'merchant'", "'owed'", "id = 'r21'"),
	spoiled("I18 record", "refund", "source", "'merchant'", "'owed'", "id = 'r28'"),
	spoiled("I18 lies", "refund", "source", "'merchant'", "'owed'", "id = 'r28'"),
	spoiled("I18 lies", "refund", "state", "'succeeded'", "'failed'", "id = 'r27'"),
	spoiled("I18 lies", "refund", "amount", "24", "25", "id = 'r20'"),
	spoiled("I18 lies", "refund", "amount", "7", "6", "id = 'r28'"),
	spoiled("I18 record", "refund", "amount", "12", "11", "id = 'r27'"),
	spoiled("I18 give", "refund", "detail",
		"replace(detail, 'way', 'yaw')", "replace(detail, 'yaw', 'way')", "id = 'r24'"),
	spoiled("I18 give", "refund", "state", "'succeeded'", "'requested'", "id = 'r22'"),
	spoiled("I18 give", "refund", "state", "'failed'", "'processing'", "id = 'r7'"),
}
