package sqlstore_test

import (
	"context"
	"database/sql"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/fsm"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
	"github.com/purserhq/purser/internal/store/sqlstore/migrations"
)

// raw opens a database as a person with a SQL prompt would.
func raw(t testing.TB, url string) *sql.DB {
	t.Helper()
	var db *sql.DB
	if strings.HasPrefix(url, "postgres:") {
		config, err := pgx.ParseConfig(url)
		if err != nil {
			t.Fatal(err)
		}
		db = stdlib.OpenDB(*config)
	} else {
		var err error
		if db, err = sql.Open("sqlite", "file:"+url+"?_pragma=foreign_keys(1)&_pragma=busy_timeout(5000)"); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db
}

// states lists a table's states.
func states[S, T ~string](table fsm.Table[S, T]) []string {
	var all []string
	for _, s := range table.States() {
		all = append(all, string(s))
	}
	return all
}

// TestStateLists compares the lists of states in the schema with the tables of
// the nouns.
func TestStateLists(t *testing.T) {
	want := map[string][]string{
		"invoice": states(invoice.States), "payment": states(payment.States), "refund": states(refund.States),
		"delivery": states(event.States),
		"event": {
			string(event.Invoice), string(event.Payment), string(event.Refund), string(event.Payout), string(event.Deal),
		},
	}
	pattern := regexp.MustCompile(`(?s)create table (\w+) \(.*?\n\)`)
	check := regexp.MustCompile(`(?s)(?:state|noun) text not null check \((?:state|noun) in\s*\(([^)]*)\)`)
	for _, engine := range []string{"sqlite", "postgres"} {
		names, err := fs.Glob(migrations.Files, engine+"/*.sql")
		if err != nil || len(names) == 0 {
			t.Fatalf("migrations of %s: got %v, %v", engine, names, err)
		}
		found := make(map[string]bool)
		for _, name := range names {
			text, err := fs.ReadFile(migrations.Files, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range pattern.FindAllStringSubmatch(string(text), -1) {
				list := check.FindStringSubmatch(table[0])
				if list == nil {
					continue
				}
				found[table[1]] = true
				var got []string
				for word := range strings.SplitSeq(list[1], ",") {
					got = append(got, strings.Trim(strings.TrimSpace(word), "'"))
				}
				expected := slices.Sorted(slices.Values(want[table[1]]))
				if slices.Sort(got); !slices.Equal(got, expected) {
					t.Errorf("%s, table %s: got the states %v, want %v", name, table[1], got, expected)
				}
			}
		}
		for _, table := range []string{"invoice", "payment", "refund", "event"} {
			if !found[table] {
				t.Errorf("%s, table %s: found no list of states", engine, table)
			}
		}
	}
}

// TestSameMigrations wants the same steps for both engines.
func TestSameMigrations(t *testing.T) {
	names := make(map[string][]string)
	for _, engine := range []string{"sqlite", "postgres"} {
		list, err := fs.Glob(migrations.Files, engine+"/*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range list {
			names[engine] = append(names[engine], path.Base(name))
		}
	}
	if !slices.Equal(names["sqlite"], names["postgres"]) {
		t.Errorf("got %v for SQLite and %v for PostgreSQL, want the same", names["sqlite"], names["postgres"])
	}
}

// TestBooksRefuse tries by hand what only a mistake or a thief would.
func TestBooksRefuse(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		at := time.Unix(1_790_000_000, 0)
		if err := db.Commit(t.Context(), paid("m", 1, at)); err != nil {
			t.Fatal(err)
		}
		id := paid("m", 1, at).Invoices[0].ID
		hand := raw(t, url)
		const posting = "insert into posting (entry_id, merchant_id, line, account, unit, amount) values "
		const entry = "insert into entry (id, merchant_id, rule, subject, at) values ('e', 'm', 'fee', 's', 1)"
		for name, statements := range map[string][]string{
			"one line":          {posting + "('e', 'm', 0, 'fees//IRR', 'IRR', 5)", entry},
			"unequal lines":     {posting + "('e', 'm', 0, 'a', 'IRR', 5), ('e', 'm', 1, 'b', 'IRR', -4)", entry},
			"two units":         {posting + "('e', 'm', 0, 'a', 'IRR', 5), ('e', 'm', 1, 'b', 'USD', -5)", entry},
			"a line of nothing": {posting + "('e', 'm', 0, 'a', 'IRR', 0)", entry},
			"a line too many":   {posting + "('" + id + "', 'm', 2, 'fees//IRR', 'IRR', 5)"},
			"change a line":     {"update posting set amount = amount * 2"},
			"remove a line":     {"delete from posting"},
			"change an entry":   {"update entry set rule = 'fee'"},
			"remove an entry":   {"delete from entry"},
			"capture again": {
				posting + "('e', 'm', 0, 'a', 'IRR', 5), ('e', 'm', 1, 'b', 'IRR', -5)",
				"insert into entry (id, merchant_id, rule, subject, at) values ('e', 'm', 'captured', '" + id + "', 1)",
			},
			"below the floor": {
				"insert into account (key, merchant_id, role, owner, unit, floor, balance)" +
					" values ('suspense//IRR', 'm', 'suspense', '', 'IRR', 0, -1)",
			},
			"no such state": {"update payment set state = 'lost'"},
		} {
			if err := transact(t.Context(), hand, statements); err == nil {
				t.Errorf("%s: got nil, want the database to refuse it", name)
			}
		}
		good := []string{posting + "('e', 'm', 0, 'a', 'IRR', 5), ('e', 'm', 1, 'b', 'IRR', -5)", entry}
		if err := transact(t.Context(), hand, good); err != nil {
			t.Errorf("an entry that balances: got %v, want nil", err)
		}
		if strings.HasPrefix(url, "postgres:") {
			return
		}
		if err := transact(t.Context(), hand, []string{strings.ReplaceAll(good[0], "'e'", "'x'")}); err == nil {
			t.Error("lines without their entry: got nil, want the database to refuse them")
		}
	})
}

// transact runs statements in one transaction.
func transact(ctx context.Context, db *sql.DB, statements []string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range statements {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// business is some changes as decisions make them: a payment that was partly
// refunded, one that is being verified, and late money on its way back.
func business(t *testing.T) []store.Change {
	t.Helper()
	at := time.Unix(1_790_000_000, 0).UTC()
	amount := func(n int64) money.Amount { return money.New(n, money.IRR) }
	post := func(rule ledger.Rule, id, subject string, n int64) ledger.Entry {
		e, err := ledger.Book(rule, ledger.Cause{Entry: id, Merchant: "m", Subject: subject, At: at}, "bank", amount(n))
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	happened := func(noun event.Noun, subject, trigger, from, to string) event.Event {
		return event.Event{Merchant: "m", Noun: noun, Subject: subject, Trigger: trigger, From: from, To: to, At: at}
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
			},
			Deliveries: []event.Delivery{{ID: "d1", Merchant: "m", State: event.Due, Queue: "q", RunAt: at}},
		},
	}
}

// TestAudit proves good books and finds each thing that is changed by hand.
func TestAudit(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		db := open(t, sqlstore.Options{URL: url})
		for n, c := range business(t) {
			if err := db.Commit(t.Context(), c); err != nil {
				t.Fatalf("change %d: %s", n, fault.Detail(err))
			}
		}
		var steps []int
		findings, err := db.Audit(t.Context(), func(percent int) { steps = append(steps, percent) })
		if err != nil {
			t.Fatal(fault.Detail(err))
		}
		for _, f := range findings {
			if f.Wrong != 0 || f.Rows == 0 {
				t.Errorf("good books: %s (%s): got %d of %d wrong, such as %q, want none of some", f.ID, f.Checks, f.Wrong,
					f.Rows, f.Example)
			}
		}
		if !slices.IsSorted(steps) || len(steps) == 0 || steps[len(steps)-1] != 100 {
			t.Errorf("progress: got %v, want it to rise to 100", steps)
		}
		hand := raw(t, url)
		withoutGuards(t, hand, url)
		for _, test := range []struct{ id, does, undo string }{
			{
				"I1", "update posting set amount = amount + 1 where entry_id = 'e2' and line = 0",
				"update posting set amount = amount - 1 where entry_id = 'e2' and line = 0",
			},
			{
				"I1", "insert into entry (id, merchant_id, rule, subject, at) values ('x', 'm', 'fee', 's', 1)",
				"delete from entry where id = 'x'",
			},
			{
				"I2", "update account set balance = balance + 1 where role = 'merchant_available'",
				"update account set balance = balance - 1 where role = 'merchant_available'",
			},
			{
				"I3", "update account set balance = balance + 1 where role = 'gateway_clearing'",
				"update account set balance = balance - 1 where role = 'gateway_clearing'",
			},
			{
				"P4", "update account set floor = null where role = 'suspense'",
				"update account set floor = 0 where role = 'suspense'",
			},
			{
				"I4", "update payment set refunded = 56 where id = 'p1'",
				"update payment set refunded = 20 where id = 'p1'",
			},
			{"I4", "update refund set amount = 6 where id = 'r2'", "update refund set amount = 5 where id = 'r2'"},
			{"I4", "update refund set amount = 61 where id = 'r3'", "update refund set amount = 60 where id = 'r3'"},
			{"I4", "update invoice set captured = 41", "update invoice set captured = 40"},
			{"I4", "update invoice set reserved = 0", "update invoice set reserved = 40"},
			{"I4", "update invoice set amount = 70", "update invoice set amount = 100"},
			{
				"I4", "update payment set invoice_id = 'x' where id = 'p3'",
				"update payment set invoice_id = 'i1' where id = 'p3'",
			},
			{
				"I5", "update entry set rule = 'captured' where id = 'e5'",
				"update entry set rule = 'late_payment' where id = 'e5'",
			},
			{
				"I5", "update payment set state = 'settled' where id = 'p3'",
				"update payment set state = 'processing' where id = 'p3'",
			},
			{"I9", "update event set seq = 99 where seq = 3", "update event set seq = 3 where seq = 99"},
			{"I9", "update tally set events = events + 1", "update tally set events = events - 1"},
			{"I9", "update tally set invoices = 2", "update tally set invoices = 1"},
			{
				"I9", "update refund set state = 'failed' where id = 'r2'",
				"update refund set state = 'processing' where id = 'r2'",
			},
			{
				"I11", "update event set to_state = 'settled' where subject = 'p2' and trigger = 'create'",
				"update event set to_state = 'waiting' where subject = 'p2' and trigger = 'create'",
			},
			{
				"I11", "update event set from_state = 'failed' where subject = 'r1' and trigger = 'succeed'",
				"update event set from_state = 'processing' where subject = 'r1' and trigger = 'succeed'",
			},
			{
				"I11", "update event set to_state = 'open' where subject = 'r1' and trigger = 'submit'",
				"update event set to_state = 'processing' where subject = 'r1' and trigger = 'submit'",
			},
		} {
			if err := transact(t.Context(), hand, []string{test.does}); err != nil {
				t.Fatalf("%s: %v", test.does, err)
			}
			findings, err := db.Audit(t.Context(), nil)
			if err != nil {
				t.Fatal(fault.Detail(err))
			}
			if !slices.ContainsFunc(findings, func(f store.Finding) bool {
				return f.ID == test.id && f.Wrong > 0 && f.Example != ""
			}) {
				t.Errorf("%s: want %s to find it", test.does, test.id)
			}
			if err := transact(t.Context(), hand, []string{test.undo}); err != nil {
				t.Fatalf("%s: %v", test.undo, err)
			}
		}
		findings, err = db.Audit(t.Context(), nil)
		if err != nil {
			t.Fatal(fault.Detail(err))
		}
		for _, f := range findings {
			if f.Wrong != 0 {
				t.Errorf("good books again: %s (%s): got %d wrong, such as %q", f.ID, f.Checks, f.Wrong, f.Example)
			}
		}
	})
}

// withoutGuards takes away what keeps a person from spoiling the books.
func withoutGuards(t *testing.T, db *sql.DB, url string) {
	t.Helper()
	statements := []string{
		"drop trigger entry_final on entry", "drop trigger posting_final on posting",
		"drop trigger posting_balanced on posting",
	}
	if !strings.HasPrefix(url, "postgres:") {
		statements = []string{
			"drop trigger entry_no_update", "drop trigger entry_no_delete", "drop trigger posting_no_update",
			"drop trigger posting_no_delete", "drop trigger entry_balanced", "drop trigger posting_sealed",
		}
	}
	if err := transact(t.Context(), db, statements); err != nil {
		t.Fatalf("drop triggers: %v", err)
	}
}
