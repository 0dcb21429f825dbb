package sqlstore_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
	"github.com/purserhq/purser/internal/wallet"
)

// booksAt is when everything in the audited books happened.
var booksAt = time.Unix(1_790_000_000, 0).UTC()

// amount is some rials.
func amount(n int64) money.Amount { return money.New(n, money.IRR) }

// happened is an event of the merchant.
func happened(noun event.Noun, subject, trigger, from, to string) event.Event {
	return event.Event{Merchant: "m", Noun: noun, Subject: subject, Trigger: trigger, From: from, To: to, At: booksAt}
}

// booked makes the entry of a rule.
func booked(t *testing.T, rule ledger.Rule, id, subject string, names ledger.Names, n int64) ledger.Entry {
	t.Helper()
	cause := ledger.Cause{Entry: id, Merchant: "m", Subject: subject, At: booksAt}
	e, err := ledger.Book(rule, cause, names, amount(n))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// business is some changes as decisions make them: a payment that was partly
// refunded, one that is being verified, and late money on its way back.
func business(t *testing.T) []store.Change {
	t.Helper()
	post := func(rule ledger.Rule, id, subject string, n int64) ledger.Entry {
		return booked(t, rule, id, subject, ledger.Names{Gateway: "bank"}, n)
	}
	one := invoice.Invoice{
		ID: "i1", Merchant: "m", State: invoice.Open, Amount: amount(100), Captured: amount(0), Reserved: amount(0),
	}
	pay := payment.Payment{
		ID: "p1", Merchant: "m", State: payment.Processing, Invoice: "i1", Amount: amount(60), Refunded: amount(0),
		Returning: amount(0), Attempt: payment.Attempt{Gateway: "bank", Receipt: "r1"},
	}
	captured, collected := one, pay
	captured.Version, captured.Captured = 1, amount(40)
	captured.Reserved = amount(40)
	collected.Version, collected.State = 1, payment.Captured
	collected.Refunded, collected.Returning = amount(20), amount(5)
	verifying := pay
	verifying.ID, verifying.Amount, verifying.Reserved = "p2", amount(40), true
	late := pay
	late.ID, late.State, late.Attempt.Receipt = "p3", payment.Processing, "r3"
	back := func(id, of string, state refund.State, source refund.Source, n int64) refund.Refund {
		return refund.Refund{ID: id, Merchant: "m", State: state, Payment: of, Source: source, Amount: amount(n)}
	}
	return []store.Change{
		{
			Invoices: []invoice.Invoice{one}, Payments: []payment.Payment{pay, verifying, late},
			Events: []event.Event{
				happened(event.Invoice, "i1", "create", "", "open"), happened(event.Payment, "p1", "create", "", "processing"),
				happened(event.Payment, "p2", "create", "", "waiting"),
				happened(event.Payment, "p2", "start", "waiting", "processing"),
				happened(event.Payment, "p3", "create", "", "processing"),
			},
		},
		{
			Invoices: []invoice.Invoice{captured}, Payments: []payment.Payment{collected},
			Refunds: []refund.Refund{
				back("r1", "p1", refund.Succeeded, refund.FromMerchant, 20),
				back("r2", "p1", refund.Processing, refund.FromMerchant, 5),
				back("r3", "p3", refund.Requested, refund.FromSuspense, 60),
			},
			Claims: []store.Claim{{Merchant: "m", Kind: store.ReceiptClaim, Key: "r1", Subject: "p1"}},
			Entries: []ledger.Entry{
				post(ledger.RuleCaptured, "e1", "p1", 60), post(ledger.RuleRefundOpened, "e2", "p1", 20),
				post(ledger.RuleRefunded, "e3", "p1", 20), post(ledger.RuleRefundOpened, "e4", "p1", 5),
				post(ledger.RuleLate, "e5", "p3", 60),
			},
			Events: []event.Event{
				happened(event.Payment, "p1", "capture", "processing", "captured"),
				happened(event.Refund, "r1", "create", "", "requested"),
				happened(event.Refund, "r1", "submit", "requested", "processing"),
				happened(event.Refund, "r1", "succeed", "processing", "succeeded"),
				happened(event.Refund, "r2", "create", "", "processing"),
				happened(event.Refund, "r3", "create", "", "requested"),
				happened(event.Key, "k1", event.Create, "", event.Kept),
			},
			Deliveries: []event.Delivery{{ID: "d1", Merchant: "m", State: event.Due, Queue: "q", RunAt: booksAt}},
			Contacts:   []event.Contact{{ID: "c1", Merchant: "m", Subject: "p1", Kind: event.Call, What: "take", At: booksAt}},
		},
	}
}

// deposits is a customer who puts money into a wallet and pays from it: one
// invoice that waits to be verified, one of which a part is held, and one that
// was not verified in time, so that a gateway has to give the money back.
func deposits(t *testing.T) []store.Change {
	t.Helper()
	made := func(id string, state invoice.State, asked, captured int64) invoice.Invoice {
		return invoice.Invoice{
			ID: id, Merchant: "m", State: state, Amount: amount(asked), Captured: amount(captured), Reserved: amount(0),
			Terminal: 1001, VerifyIn: time.Hour,
		}
	}
	taken := func(id, of string, n int64) payment.Payment {
		return payment.Payment{
			ID: id, Merchant: "m", State: payment.Captured, Invoice: of, Amount: amount(n), Refunded: amount(0),
			Returning: amount(0), Attempt: payment.Attempt{Gateway: "bank", Receipt: "r" + id},
		}
	}
	deposit, held, late, part := made("i5", invoice.Completed, 300, 300), made("i6", invoice.Paid, 40, 40),
		made("i7", invoice.Rejected, 15, 15), made("i8", invoice.Open, 50, 20)
	deposit.Terminal, deposit.VerifyIn, deposit.Account, held.VerifyBy = 0, 0, 10001, booksAt
	fromWallet, back := taken("p6", "i6", 40), taken("p7", "i7", 15)
	fromWallet.Wallet, fromWallet.Attempt, back.Returning = 10001, payment.Attempt{}, amount(15)
	customer := func(n int64, state wallet.State) wallet.Customer {
		return wallet.Customer{Merchant: "m", Number: n, State: state}
	}
	change := store.Change{
		Customers: []wallet.Customer{customer(10001, wallet.Active), customer(10002, wallet.Blocked)},
		Invoices:  []invoice.Invoice{deposit, held, late, part},
		Payments:  []payment.Payment{taken("p5", "i5", 300), fromWallet, back, taken("p8", "i8", 20)},
		Refunds: []refund.Refund{{
			ID: "r7", Merchant: "m", State: refund.Processing, Payment: "p7", Source: refund.FromOwed, Amount: amount(15),
		}},
		Entries: []ledger.Entry{
			booked(t, ledger.RuleDeposited, "e10", "p5", ledger.Names{Gateway: "bank", Owner: "10001"}, 300),
			booked(t, ledger.RuleWalletHeld, "e11", "p6", ledger.Names{Owner: "10001"}, 40),
			booked(t, ledger.RuleHeld, "e12", "p7", ledger.Names{Gateway: "bank"}, 15),
			booked(t, ledger.RuleRejected, "e13", "r7", ledger.Names{}, 15),
			booked(t, ledger.RuleHeld, "e14", "p8", ledger.Names{Gateway: "bank"}, 20),
		},
		Events: []event.Event{
			happened(event.Customer, "10001", "create", "", "active"), happened(event.Customer, "10002", "create", "", "active"),
			happened(event.Customer, "10002", "block", "active", "blocked"),
			happened(event.Invoice, "i5", "create", "", "open"), happened(event.Invoice, "i5", "pay", "open", "paid"),
			happened(event.Invoice, "i5", "complete", "paid", "completed"),
			happened(event.Invoice, "i6", "create", "", "open"), happened(event.Invoice, "i6", "pay", "open", "paid"),
			happened(event.Invoice, "i7", "create", "", "open"), happened(event.Invoice, "i7", "pay", "open", "paid"),
			happened(event.Invoice, "i7", "reject", "paid", "rejected"), happened(event.Invoice, "i8", "create", "", "open"),
			happened(event.Refund, "r7", "create", "", "processing"),
		},
	}
	for _, p := range change.Payments {
		change.Events = append(change.Events, happened(event.Payment, p.ID, "create", "", "processing"),
			happened(event.Payment, p.ID, "capture", "processing", "captured"))
	}
	return []store.Change{change}
}

// trades is what the customer does with the rest of the money: two transfers,
// an exchange and three payouts, one of which is on its way.
func trades(t *testing.T) []store.Change {
	t.Helper()
	rate := func(text string) money.Rate {
		r, err := money.ParseRate(text)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	market := wallet.Market{Merchant: "m", Base: money.IRT, Quote: money.IRR, Buy: rate("10.5"), Sell: rate("9.5")}
	traded, err := wallet.Trade([]wallet.Market{market}, amount(100), money.IRT)
	if err != nil {
		t.Fatal(err)
	}
	traded.ID, traded.Account = "x1", 10001
	swapped, err := ledger.Swap(ledger.Cause{Entry: "e22", Merchant: "m", Subject: "x1", At: booksAt}, "10001",
		traded.Market, traded.Spent, traded.Got)
	if err != nil {
		t.Fatal(err)
	}
	sent := func(id string, to, n int64) wallet.Transfer {
		return wallet.Transfer{ID: id, Merchant: "m", From: 10001, To: to, Amount: amount(n)}
	}
	out := func(id string, state payout.State) payout.Payout {
		return payout.Payout{
			ID: id, Merchant: "m", State: state, Account: 10001, Amount: amount(10), Fee: amount(2), Rail: "TRX",
		}
	}
	mine, rail := ledger.Names{Owner: "10001"}, ledger.Names{Gateway: "TRX", Owner: "10001"}
	return []store.Change{{
		Markets: []wallet.Market{market}, Exchanges: []wallet.Exchange{traded},
		Transfers: []wallet.Transfer{sent("t1", wallet.House, 30), sent("t2", 10002, 20)},
		Payouts:   []payout.Payout{out("o1", payout.Requested), out("o2", payout.Paid), out("o3", payout.Rejected)},
		Deals: []deal.Deal{{
			ID: "d1", Merchant: "m", State: deal.Canceled, Invoice: "i1", Payment: "pd", Trader: "trd", Amount: amount(50),
			Coins: money.New(7, deal.Coin), Fee: money.New(1, deal.Coin), Held: money.Zero(deal.Coin),
		}},
		Entries: []ledger.Entry{
			booked(t, ledger.RuleTransferred, "e20", "t1", mine, 30),
			booked(t, ledger.RuleTransferred, "e21", "t2", ledger.Names{Owner: "10001", To: "10002"}, 20), swapped,
			booked(t, ledger.RulePayoutHeld, "e23", "o1", rail, 10), booked(t, ledger.RulePayoutHeld, "e24", "o2", rail, 10),
			booked(t, ledger.RulePayoutPaid, "e25", "o2", rail, 8), booked(t, ledger.RulePayoutFee, "e26", "o2", rail, 2),
			booked(t, ledger.RulePayoutHeld, "e27", "o3", rail, 10), booked(t, ledger.RulePayoutReleased, "e28", "o3", rail, 10),
		},
		Events: []event.Event{
			happened(event.Market, "IRTIRR", "create", "", "set"), happened(event.Market, "IRTIRR", "set", "set", "set"),
			happened(event.Exchange, "x1", "create", "", "completed"),
			happened(event.Transfer, "t1", "create", "", "completed"), happened(event.Transfer, "t2", "create", "", "completed"),
			happened(event.Payout, "o1", "create", "", "requested"), happened(event.Payout, "o2", "create", "", "requested"),
			happened(event.Payout, "o2", "approve", "requested", "approved"),
			happened(event.Payout, "o2", "submit", "approved", "processing"),
			happened(event.Payout, "o2", "confirm", "processing", "paid"),
			happened(event.Payout, "o3", "create", "", "requested"),
			happened(event.Payout, "o3", "reject", "requested", "rejected"),
			happened(event.Deal, "d1", "create", "", "transfer_waiting"),
			happened(event.Deal, "d1", "cancel", "transfer_waiting", "canceled"),
		},
	}}
}

// spoil is one thing changed by hand, and the check that finds it: its id and,
// where several have that id, a word of what it says.
type spoil struct{ check, does, undo string }

// spoiled changes one column of some rows and back.
func spoiled(check, table, column, to, back, where string) spoil {
	set := func(value string) string {
		return "update " + table + " set " + column + " = " + value + " where " + where
	}
	return spoil{check, set(to), set(back)}
}

// spoils are all that TestAudit changes.
var spoils = []spoil{
	spoiled("I1", "posting", "amount", "amount + 1", "amount - 1", "entry_id = 'e2' and line = 0"),
	{
		"I1", "insert into entry (id, merchant_id, rule, subject, at) values ('x', 'm', 'fee', 's', 1)",
		"delete from entry where id = 'x'",
	},
	spoiled("I2", "account", "balance", "balance + 1", "balance - 1", "role = 'merchant_available'"),
	spoiled("I3", "account", "balance", "balance + 1", "balance - 1", "role = 'gateway_clearing'"),
	spoiled("P4", "account", "floor", "null", "0", "role = 'suspense'"),
	spoiled("I4", "payment", "refunded", "56", "20", "id = 'p1'"),
	spoiled("I4", "refund", "amount", "6", "5", "id = 'r2'"),
	spoiled("I4", "refund", "amount", "61", "60", "id = 'r3'"),
	spoiled("I4", "invoice", "captured", "41", "40", "id = 'i1'"),
	spoiled("I4", "invoice", "reserved", "0", "40", "id = 'i1'"),
	spoiled("I4", "invoice", "amount", "70", "100", "id = 'i1'"),
	spoiled("I4", "payment", "invoice_id", "'x'", "'i1'", "id = 'p3'"),
	spoiled("I5", "entry", "rule", "'captured'", "'late_payment'", "id = 'e5'"),
	spoiled("I5", "payment", "state", "'settled'", "'processing'", "id = 'p3'"),
	{"I9", "update event set seq = 199 where seq = 3", "update event set seq = 3 where seq = 199"},
	spoiled("I9", "tally", "events", "events + 1", "events - 1", "true"),
	spoiled("I9", "tally", "invoices", "invoices + 1", "invoices - 1", "true"),
	spoiled("I9", "refund", "state", "'failed'", "'processing'", "id = 'r2'"),
	spoiled("I13 act", "event", "note", "'another name'", "''", "noun = 'key'"),
	spoiled("I11", "event", "to_state", "'settled'", "'waiting'", "subject = 'p2' and trigger = 'create'"),
	spoiled("I11", "event", "from_state", "'failed'", "'processing'", "subject = 'r1' and trigger = 'succeed'"),
	spoiled("I11", "event", "to_state", "'open'", "'processing'", "subject = 'r1' and trigger = 'submit'"),
	spoiled("I4 refunds", "refund", "source", "'suspense'", "'owed'", "id = 'r7'"),
	spoiled("I5", "entry", "rule", "'late_payment'", "'deposited'", "id = 'e10'"),
	spoiled("I9 numbered", "invoice", "number", "9", "3", "id = 'i6'"),
	spoiled("I9 numbered", "invoice", "number", "2", "3", "id = 'i6'"),
	spoiled("I9 last", "customer", "state", "'active'", "'blocked'", "id = '10002'"),
	spoiled("I9 last", "payout", "state", "'approved'", "'requested'", "id = 'o1'"),
	spoiled("I11", "event", "to_state", "'paid'", "'requested'", "subject = 'o1'"),
	spoiled("I11", "event", "to_state", "'open'", "'set'", "noun = 'market'"),
	spoiled("I18 waits", "invoice", "captured", "39", "40", "id = 'i6'"),
	spoiled("I18 waits", "invoice", "captured", "65", "40", "id = 'i6'"),
	spoiled("I18 waits", "invoice", "state", "'paid'", "'rejected'", "id = 'i7'"),
	spoiled("I18 time", "invoice", "verify_by", "null", "1", "id = 'i6'"),
	spoiled("I18 way", "payout", "state", "'failed'", "'requested'", "id = 'o1'"),
	spoiled("I18 way", "payout", "state", "'processing'", "'paid'", "id = 'o2'"),
	spoiled("I18 way", "payout", "amount", "11", "10", "id = 'o1'"),
	spoiled("I4 transfer", "transfer", "amount", "31", "30", "id = 't1'"),
	spoiled("I4 transfer", "transfer", "receiver", "10003", "10002", "id = 't2'"),
	spoiled("I4 transfer", "transfer", "sender", "10000", "10001", "id = 't2'"),
	spoiled("I4 transfer", "transfer", "unit", "'IRT'", "'IRR'", "id = 't2'"),
	spoiled("I4 transfer", "entry", "subject", "'x'", "'t1'", "id = 'e20'"),
	spoiled("I4 transfer", "entry", "rule", "'transferred'", "'exchanged'", "id = 'e22'"),
	spoiled("I4 exchange", "exchange", "account", "10002", "10001", "true"),
	spoiled("I4 exchange", "entry", "rule", "'exchanged'", "'transferred'", "id = 'e20'"),
	spoiled("I4 exchange", "exchange", "id", "'x2'", "'x1'", "true"),
	spoiled("I4 exchange", "exchange", "detail",
		"replace(detail, '95238', '95239')", "replace(detail, '95239', '95238')", "true"),
	spoiled("I2 unit", "posting", "unit", "'IRT'", "'IRR'", "entry_id = 'e2' and line = 0"),
	spoiled("I5 receipt", "payment", "detail",
		"replace(detail, 'rp5', 'rp7')", "replace(detail, 'rp7', 'rp5')", "id = 'p5'"),
	spoiled("I18 traders", "account", "role", "'deals_held'", "'suspense'", "key = 'suspense//IRR'"),
	{
		"I4 deal", `update payout set state = 'processing', detail = replace(detail, '"TRX"', '"traders"') where id = 'o1'`,
		`update payout set state = 'requested', detail = replace(detail, '"traders"', '"TRX"') where id = 'o1'`,
	},
	spoiled("I4 deal", "deal", "state", "'completed'", "'canceled'", "id = 'd1'"),
	{ // a deal of a payout that was paid keeps its coins while it is disputed: here they are in no book
		"I4 deal", `update deal set state = 'dispute', payout_id = 'o2' where id = 'd1'`,
		`update deal set state = 'canceled', payout_id = '' where id = 'd1'`,
	},
	{ // and so it is when it is completed
		"I4 deal", `update deal set state = 'completed', payout_id = 'o2' where id = 'd1'`,
		`update deal set state = 'canceled', payout_id = '' where id = 'd1'`,
	},
	spoiled("P6 endpoint", "delivery", "endpoint_id", "'x'", "''", "id = 'd1'"),
	spoiled("P6 time", "delivery", "run_at", "null", "1", "id = 'd1'"),
	spoiled("I17", "exchange", "detail", "replace(detail, '10.5', '10.4')", "replace(detail, '10.4', '10.5')", "true"),
}

// proved wants every check of the audit to find nothing wrong in some rows.
func proved(t *testing.T, findings []store.Finding) {
	t.Helper()
	for _, f := range findings {
		if f.Wrong != 0 || f.Rows == 0 {
			t.Errorf("good books: %s (%s): got %d of %d wrong, such as %q, want none of some", f.ID, f.Checks, f.Wrong,
				f.Rows, f.Example)
		}
	}
}

// TestAudit proves good books and finds each thing that is changed by hand.
func TestAudit(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		for n, c := range slices.Concat(business(t), deposits(t), trades(t), holds(t), settlements(t), owed(t)) {
			if err := db.Commit(t.Context(), c); err != nil {
				t.Fatalf("change %d: %s", n, fault.Detail(err))
			}
		}
		sealAll(t, db, 1000)
		var steps []int
		audit := func() []store.Finding {
			t.Helper()
			findings, err := db.Audit(t.Context(), func(percent int) { steps = append(steps, percent) })
			if err != nil {
				t.Fatal(fault.Detail(err))
			}
			return findings
		}
		proved(t, audit())
		if !slices.IsSorted(steps) || len(steps) == 0 || steps[len(steps)-1] != 100 {
			t.Errorf("progress: got %v, want it to rise to 100", steps)
		}
		hand := raw(t, url)
		withoutGuards(t, hand, url)
		never := map[string]bool{}
		for _, f := range audit() {
			never[f.Checks] = true
		}
		for _, s := range slices.Concat(spoils, holdSpoils, settlementSpoils, returnSpoils) {
			if err := transact(t.Context(), hand, []string{s.does}); err != nil {
				t.Fatalf("%s: %v", s.does, err)
			}
			id, word, _ := strings.Cut(s.check, " ")
			findings := audit()
			if !slices.ContainsFunc(findings, func(f store.Finding) bool {
				return f.ID == id && strings.Contains(f.Checks, word) && f.Wrong > 0 && f.Example != ""
			}) {
				t.Errorf("%s: want %s to find it", s.does, s.check)
			}
			for _, f := range findings {
				if f.Wrong > 0 {
					delete(never, f.Checks)
				}
			}
			queried(t, db, s.does, findings)
			if err := transact(t.Context(), hand, []string{s.undo}); err != nil {
				t.Fatalf("%s: %v", s.undo, err)
			}
		}
		proved(t, audit())
		for check := range never {
			t.Errorf("nothing that was changed breaks %q", check)
		}
	})
}

// queried wants queries alone to find the same.
func queried(t *testing.T, db *sqlstore.DB, does string, findings []store.Finding) {
	t.Helper()
	want, err := db.Queried(t.Context())
	if err != nil {
		t.Fatal(fault.Detail(err))
	}
	if !slices.Equal(findings, want) {
		t.Errorf("%s: got %v, and from queries %v", does, findings, want)
	}
}
