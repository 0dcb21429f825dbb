package app_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/settlement"
)

// statement is the import of a file of the first bank.
func (s *shop) statement(lines ...string) app.Settlement {
	return app.Settlement{
		Merchant: s.merchant, Gateway: "first", Name: "may.csv", Operator: "ann",
		Source:  strings.NewReader(strings.Join(append([]string{"receipt,amount,fee,date"}, lines...), "\n")),
		Columns: app.SettlementColumns{Receipt: "receipt", Amount: "amount", Fee: "fee", Date: "date"},
	}
}

func (s *shop) settle(w app.Settlement) app.Settled {
	s.Helper()
	done, err := s.app.Settle(s.Context(), w)
	if err != nil {
		s.Fatal(fault.Detail(err))
	}
	return done
}

// differ wants the differences to be those, in short: kind, line, receipt.
func (s *shop) differ(got app.Settled, want ...string) {
	s.Helper()
	var short []string
	for _, d := range got.Differences {
		short = append(short, fmt.Sprintf("%s %d %s", d.Kind, d.Line, d.Receipt))
	}
	if diff := cmp.Diff(want, short); diff != "" {
		s.Errorf("differences (-want +got):\n%s%+v", diff, got.Differences)
	}
}

// row is what the bank's file says of a payment, as we know it.
func row(p payment.Payment) string {
	return p.Attempt.Receipt + "," + p.Amount.Text() + "," + p.Attempt.Fee.Text() + ","
}

// cleared wants the accounts of what the bank owes to be these.
func (s *shop) cleared(clearing, bank, fees int64) {
	s.Helper()
	got := []int64{
		s.balance(ledger.GatewayClearing, "first"), s.balance(ledger.MerchantBank, ""), s.balance(ledger.Fees, "first"),
	}
	if want := []int64{clearing, bank, fees}; !slices.Equal(got, want) {
		s.Errorf("clearing, bank and fees: got %d, want %d", got, want)
	}
}

// apart leaves out the id of a record, which is another one each time.
var apart = cmpopts.IgnoreFields(app.Settled{}, "ID")

func TestSettle(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.fee = 100
	_, p := s.paid(5_000)
	s.wait(time.Hour)
	want := app.Settled{
		Rows: 1, Payments: 1, Taken: rial(5_000), Fees: rial(100), Returned: rial(0),
		From: p.FinalizedAt, Until: p.FinalizedAt,
	}
	if diff := cmp.Diff(want, s.settle(s.checked(row(p))), cmp.Comparer(same)); diff != "" {
		t.Errorf("a check (-want +got):\n%s", diff)
	}
	s.state(p.ID, payment.Captured)
	s.cleared(-5_000, 0, 100)
	if diff := cmp.Diff(want, s.settle(s.statement(row(p)+"2026-05-02")), cmp.Comparer(same), apart); diff != "" {
		t.Errorf("the file (-want +got):\n%s", diff)
	}
	recorded := payment.Record{At: time.Date(2026, 5, 2, 0, 0, 0, 0, time.UTC), Amount: rial(5_000), Before: rial(0)}
	if got := s.state(p.ID, payment.Settled); got.Record != recorded {
		t.Errorf("recorded %+v", got.Record)
	}
	s.cleared(0, -4_900, 0)
	history, err := s.store.History(t.Context(), s.merchant, event.Payment, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	last := history[len(history)-1]
	if last.Trigger != "settle" || last.Actor != "operator" || last.Note != "ann: may.csv" {
		t.Errorf("the last event is %+v", last)
	}
	want = app.Settled{
		Rows: 1, PaymentsBefore: 1, Taken: rial(0), Fees: rial(0), Returned: rial(0),
		From: p.FinalizedAt, Until: p.FinalizedAt,
	}
	if diff := cmp.Diff(want, s.settle(s.statement(row(p)+"2026-05-02")), cmp.Comparer(same), apart); diff != "" {
		t.Errorf("the file again (-want +got):\n%s", diff)
	}
	s.cleared(0, -4_900, 0)
	// What is settled can still be given back, and then the bank keeps it.
	s.first.set(func(b *bank) { b.canRefund = true })
	if _, err := s.refund(p, rial(2_000)); err != nil {
		t.Fatal(err)
	}
	s.cleared(2_000, -4_900, 0)
}

// checked is a statement that books nothing.
func (s *shop) checked(lines ...string) app.Settlement {
	w := s.statement(lines...)
	w.Check = true
	return w
}

func same(a, b money.Amount) bool { return a == b }

func TestSettleFees(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ours     int64 // 0 = the bank did not say
		theirs   string
		settled  bool
		bank     int64
		recorded int64 // -1 = unknown
	}{
		"the same":          {100, "100", true, -4_900, 100},
		"the file is first": {0, "100", true, -4_900, 100},
		"free":              {0, "0", true, -5_000, 0},
		"only we know":      {100, "", true, -4_900, 100},
		"nobody knows":      {0, "", true, -5_000, -1},
		"all of it":         {0, "5000", true, 0, 5_000},
		"more":              {100, "101", false, 0, 100},
		"less":              {100, "0", false, 0, 100},
		"more than all":     {0, "5001", false, 0, -1},
		"below zero":        {0, "-1", false, 0, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 0)
			s.first.fee = c.ours
			_, p := s.paid(5_000)
			got := s.settle(s.statement(p.Attempt.Receipt + ",5000," + c.theirs + ","))
			fee := s.fresh(p).Attempt.Fee
			if recorded := c.recorded; recorded >= 0 && fee != rial(recorded) || recorded < 0 && fee.Valid() {
				t.Errorf("the fee is %v, want %d", fee, recorded)
			}
			if !c.settled {
				s.differ(got, "other_fee 2 r1")
				s.state(p.ID, payment.Captured)
				s.cleared(-5_000, 0, c.ours)
				return
			}
			s.differ(got)
			s.state(p.ID, payment.Settled)
			s.cleared(0, c.bank, 0)
			if got := s.balance(ledger.MerchantAvailable, ""); got != 5_000-max(c.recorded, 0) {
				t.Errorf("available %d", got)
			}
		})
	}
}

func TestSettleDifferences(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	_, early := s.paid(5_000)
	s.wait(time.Hour)
	_, fine := s.paid(5_000)
	_, other := s.paid(5_000)
	_, undone := s.paid(5_000)
	_, missing := s.paid(7_000)
	_, bad := s.paid(5_000)
	if _, err := s.refund(undone, money.Amount{}); err != nil {
		t.Fatal(err)
	}
	s.wait(time.Hour)
	_, last := s.paid(5_000)
	s.wait(time.Hour)
	_, after := s.paid(5_000)
	lines := []string{
		row(fine), "r999,5000,,", other.Attempt.Receipt + ",4999,,", row(undone), row(fine), "r999,5000,,",
		bad.Attempt.Receipt + ",many,,", ",1,,", last.Attempt.Receipt + ",oops,,", row(last), "r998,oops,,", "r998,5000,,",
	}
	want := []string{
		"extra 3 r999", "other_amount 4 " + other.Attempt.Receipt, "other_state 5 " + undone.Attempt.Receipt,
		"repeated 6 " + fine.Attempt.Receipt, "repeated 7 r999", "unreadable 8 " + bad.Attempt.Receipt, "unreadable 9 ",
		"unreadable 10 " + last.Attempt.Receipt, "unreadable 12 r998", "extra 13 r998",
		"missing 0 " + missing.Attempt.Receipt,
	}
	done := s.settle(s.statement(lines...))
	s.differ(done, want...)
	if done.Payments != 2 || done.From != fine.FinalizedAt || done.Until != last.FinalizedAt {
		t.Errorf("settled %d of the time from %v until %v", done.Payments, done.From, done.Until)
	}
	// A period that somebody names is that period.
	w := s.statement(lines...)
	w.From, w.Until = early.FinalizedAt, after.FinalizedAt
	want = append(slices.Insert(slices.Clone(want), len(want)-1, "missing 0 "+early.Attempt.Receipt),
		"missing 0 "+after.Attempt.Receipt)
	again := s.settle(w)
	s.differ(again, want...)
	if again.Payments != 0 || again.PaymentsBefore != 2 {
		t.Errorf("again: settled %d, before %d", again.Payments, again.PaymentsBefore)
	}
	for _, p := range []payment.Payment{early, other, missing, bad, after} {
		s.state(p.ID, payment.Captured)
	}
	s.state(undone.ID, payment.Reversed)
}

func TestSettleColumns(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo = true, true })
	_, p := s.paid(5_000)
	_, q := s.paid(6_000)
	b, err := s.refund(p, rial(2_000))
	if err != nil {
		t.Fatal(err)
	}
	w := s.statement()
	w.Source = strings.NewReader("Ref|Gross|Unit|Type\n" + p.Attempt.Receipt + "|5000|irr|payment\n" +
		b.Receipt + "|2000|IRR|refund\n" + q.Attempt.Receipt + "|600|IRT|payment\n")
	w.Columns = app.SettlementColumns{Receipt: "ref", Amount: "gross", Currency: "unit", Kind: "type", Delimiter: '|'}
	done := s.settle(w)
	s.differ(done, "other_currency 4 "+q.Attempt.Receipt)
	if done.Payments != 1 || done.Refunds != 1 || done.Returned != rial(2_000) {
		t.Errorf("got %+v", done)
	}
	s.cleared(-6_000, -3_000, 0)
	// The merchant counts what was left of it.
	if got := s.fresh(p).Record; got.Amount != rial(3_000) || got.Before != rial(2_000) || got.At != s.now() {
		t.Errorf("recorded %+v", got)
	}
	got, err := s.store.Refund(t.Context(), s.merchant, b.ID)
	if err != nil || got.SettledAt != s.now() {
		t.Errorf("the refund was settled %v, %v", got.SettledAt, err)
	}
}

// TestSettleGivenBack: all of a payment went back before it was settled. The
// gateway pays it out and keeps the refund.
func TestSettleGivenBack(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo, b.fee = true, true, 50 })
	_, p := s.paid(5_000)
	b, err := s.refund(p, money.Amount{})
	if err != nil || b.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", b, err)
	}
	s.state(p.ID, payment.Refunded)
	lines := []string{row(p) + "2026-05-03", b.Receipt + ",-5000,,2026-05-03"}
	done := s.settle(s.statement(lines...))
	s.differ(done)
	if done.Payments != 1 || done.Refunds != 1 {
		t.Errorf("got %+v", done)
	}
	s.cleared(0, 50, 0)
	if got := s.state(p.ID, payment.Refunded); got.Record.Recorded() {
		t.Errorf("recorded %+v", got.Record)
	}
	done = s.settle(s.statement(append(lines, lines[1])...))
	s.differ(done, "repeated 4 "+b.Receipt)
	if done.PaymentsBefore != 1 || done.RefundsBefore != 1 || done.Payments+done.Refunds != 0 {
		t.Errorf("again: got %+v", done)
	}
	s.cleared(0, 50, 0)
}

// TestSettleGivenBackWithoutFee: what went back as a whole is settled once, also where its
// gateway kept nothing of it.
func TestSettleGivenBackWithoutFee(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo = true, true })
	_, p := s.paid(5_000)
	if b, err := s.refund(p, money.Amount{}); err != nil || b.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", b, err)
	}
	for n := range 2 {
		done := s.settle(s.statement(p.Attempt.Receipt + ",5000,,"))
		s.differ(done)
		if done.Payments != 1-n || done.PaymentsBefore != n {
			t.Errorf("settled %d, before %d", done.Payments, done.PaymentsBefore)
		}
		s.cleared(5_000, -5_000, 0)
	}
}

// quiet is a bank that names no receipt of what it gives back.
type quiet struct{ *bank }

func (q quiet) Refund(ctx context.Context, r gateway.Return) gateway.ReturnReport {
	report := q.bank.Refund(ctx, r)
	report.Receipt = ""
	return report
}

// TestSettleRefunds names refunds in every way.
func TestSettleRefunds(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo = true, true })
	s.banks["first"] = quiet{s.first}
	_, p := s.paid(9_000)
	back := func(amount int64) refund.Refund {
		b, err := s.refund(p, rial(amount))
		if err != nil || b.State != refund.Succeeded {
			t.Fatalf("got %+v, %v", b, err)
		}
		return b
	}
	back(1_000)
	receipt := p.Attempt.Receipt
	s.differ(s.settle(s.statement(receipt+",-2000,,", receipt+",-1000,5,", "x,-1,,")),
		"other_amount 2 "+receipt, "other_fee 3 "+receipt, "extra 4 x")
	const day = "2026-05-03T00:00:00.123456789Z" // finer than a database keeps it
	done := s.settle(s.statement(row(p), receipt+",-1000,,"+day))
	s.differ(done)
	if done.Refunds != 1 || done.Payments != 1 {
		t.Errorf("got %+v", done)
	}
	// The same amount on another day is another refund, which is not ours.
	s.differ(s.settle(s.statement(receipt+",-1000,,2026-05-04")), "other_state 2 "+receipt)
	back(1_000)
	// Without a date it may be the earlier one, with its date it is.
	s.differ(s.settle(s.statement(receipt+",-1000,,")), "other_state 2 "+receipt)
	done = s.settle(s.statement(receipt+",-1000,,"+day, receipt+",-1000,,2026-05-04"))
	s.differ(done)
	if done.Refunds != 1 || done.RefundsBefore != 1 {
		t.Errorf("got %+v", done)
	}
	// Two that look alike and wait are told apart by nobody.
	back(1_000)
	back(1_000)
	s.differ(s.settle(s.statement(receipt+",-1000,,2026-05-05")), "other_state 2 "+receipt)
	// One with an id of its own is named by that alone.
	s.banks["first"] = s.first
	named := back(500)
	s.differ(s.settle(s.statement(receipt+",-500,,")), "other_amount 2 "+receipt)
	s.differ(s.settle(s.statement(named.Receipt+",-400,,")), "other_amount 2 "+named.Receipt)
	if done := s.settle(s.statement(named.Receipt + ",-500,,")); done.Refunds != 1 {
		t.Errorf("got %+v", done)
	}
	// What was undone was never paid out.
	s.first.set(func(b *bank) { b.denyUndo = false })
	_, undone := s.paid(5_000)
	b, err := s.refund(undone, money.Amount{})
	if err != nil || b.Way != refund.ByReversal {
		t.Fatalf("got %+v, %v", b, err)
	}
	s.differ(s.settle(s.statement(b.Receipt+",-5000,,")), "other_state 2 "+b.Receipt)
	s.cleared(2*1_000, -9_000+2_500, 0)
}

func TestSettleRefuses(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	for want, change := range map[fault.Code]func(*app.Settlement){
		fault.CodeParameterMissing: func(w *app.Settlement) { w.Operator = " " },
		fault.CodeMerchantNotFound: func(w *app.Settlement) { w.Merchant = "nobody" },
		fault.CodeGatewayNotFound:  func(w *app.Settlement) { w.Gateway = "none" },
		fault.CodeParameterInvalid: func(w *app.Settlement) { w.Columns.Receipt = "id" },
	} {
		w := s.statement()
		change(&w)
		if _, err := s.app.Settle(t.Context(), w); !fault.Is(err, want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	done := s.settle(s.statement())
	if done.Rows != 0 || !done.From.IsZero() {
		t.Errorf("an empty file: got %+v", done)
	}
	// Another merchant's payment, and one at another gateway, are not this file's.
	_, p := s.paid(5_000)
	w := s.statement(row(p))
	w.Gateway = "second"
	s.differ(s.settle(w), "extra 2 "+p.Attempt.Receipt)
}

// many makes payments at the first bank at once.
func (s *shop) many(n int, amount func(int) int64) []payment.Payment {
	s.Helper()
	all := make([]payment.Payment, n)
	var wait sync.WaitGroup
	for part := range 64 {
		wait.Go(func() {
			for k := part; k < n; k += 64 {
				_, all[k] = s.paid(amount(k))
			}
		})
	}
	wait.Wait()
	return all
}

// TestThousandDifferences seeds a file with differences of every kind: all of
// them are found, no other is, and nothing is booked for any.
func TestThousandDifferences(t *testing.T) {
	t.Parallel()
	payments, seeded := 3_000, 1_000
	if racing {
		payments, seeded = 300, 100
	}
	s := open(t, 0)
	s.first.fee = 100
	all := s.many(payments, func(n int) int64 { return 2_000 + int64(n%7)*500 })
	random := rand.New(rand.NewPCG(28, 28))
	random.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
	w := s.statement()
	w.From, w.Until = s.now(), s.now() // all were taken at one moment
	var lines, want []string
	say := func(kind app.DifferenceKind, receipt, line string) {
		lines = append(lines, line)
		want = append(want, fmt.Sprintf("%s %d %s", kind, len(lines)+1, receipt))
	}
	var missing []string
	good := 0
	for n, p := range all {
		receipt, amount := p.Attempt.Receipt, p.Amount.Steps()
		other := amount + 1 + random.Int64N(50)
		kind := app.DifferenceKind("")
		if n < seeded {
			kind = app.DifferenceKinds[n%len(app.DifferenceKinds)]
		}
		switch kind {
		case app.Extra: // beside the payment itself
			lines, good = append(lines, row(p)), good+1
			say(kind, "x"+receipt, fmt.Sprintf("x%s,%d,100,", receipt, amount))
		case app.Missing:
			missing = append(missing, "missing 0 "+receipt)
		case app.OtherAmount:
			say(kind, receipt, fmt.Sprintf("%s,%d,100,", receipt, other))
		case app.OtherFee:
			say(kind, receipt, fmt.Sprintf("%s,%d,%d,", receipt, amount, random.Int64N(100)))
		case app.OtherCurrency: // has a column of its own, below
			say(kind, receipt, fmt.Sprintf("%s,%d,100,,IRT", receipt, amount))
		case app.OtherState:
			if _, err := s.refund(p, money.Amount{}); err != nil {
				t.Fatal(err)
			}
			say(kind, receipt, row(p))
		case app.Repeated:
			lines, good = append(lines, row(p)), good+1
			say(kind, receipt, row(p))
		case app.Unreadable:
			say(kind, receipt, fmt.Sprintf("%s,\"%d,000\",100,", receipt, amount))
		default:
			lines, good = append(lines, row(p)), good+1
		}
	}
	for n, line := range lines {
		if strings.Count(line, ",") == 3 || strings.Contains(line, `"`) {
			lines[n] += ",IRR"
		}
	}
	w.Columns.Currency = "unit"
	text := "receipt,amount,fee,date,unit\n" + strings.Join(lines, "\n")
	w.Source = strings.NewReader(text)
	done := s.settle(w)
	slices.Sort(missing)
	s.differ(sortedMissing(done), append(want, missing...)...)
	if done.Payments != good || len(done.Differences) != seeded {
		t.Errorf("settled %d, want %d; %d differences, want %d", done.Payments, good, len(done.Differences), seeded)
	}
	paidOut, err := done.Taken.Sub(done.Fees)
	if err != nil || s.balance(ledger.MerchantBank, "") != -paidOut.Steps() {
		t.Errorf("%d at the bank, want %v", s.balance(ledger.MerchantBank, ""), paidOut)
	}
	clearing := s.balance(ledger.GatewayClearing, "first")
	w.Source = strings.NewReader(text)
	again := s.settle(w)
	s.differ(sortedMissing(again), append(want, missing...)...)
	if again.Payments != 0 || again.PaymentsBefore != good || s.balance(ledger.GatewayClearing, "first") != clearing {
		t.Errorf("again: settled %d, before %d, clearing %d, want 0, %d, %d", again.Payments, again.PaymentsBefore,
			s.balance(ledger.GatewayClearing, "first"), good, clearing)
	}
}

// sortedMissing puts payments of one moment into an order that a test knows.
func sortedMissing(d app.Settled) app.Settled {
	slices.SortStableFunc(d.Differences, func(a, b app.Difference) int {
		if a.Line != 0 || b.Line != 0 {
			return 0
		}
		return strings.Compare("missing 0 "+a.Receipt, "missing 0 "+b.Receipt)
	})
	return d
}

// TestSettleTwiceAtOnce: two people read the same file at the same time.
func TestSettleTwiceAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo = true, true })
	all := s.many(80, func(int) int64 { return 5_000 })
	var lines []string
	for n, p := range all {
		lines = append(lines, p.Attempt.Receipt+",5000,100,")
		if n%4 == 0 {
			b, err := s.refund(p, rial(1_000))
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, b.Receipt+",-1000,,")
		}
	}
	done := make([]app.Settled, 3)
	together(len(done), func(n int) { done[n] = s.settle(s.statement(lines...)) })
	payments, refunds := 0, 0
	for _, d := range done {
		s.differ(d)
		payments, refunds = payments+d.Payments, refunds+d.Refunds
		if d.Payments+d.PaymentsBefore != 80 || d.Refunds+d.RefundsBefore != 20 {
			t.Errorf("got %+v", d)
		}
	}
	if payments != 80 || refunds != 20 {
		t.Errorf("settled %d payments and %d refunds, want 80 and 20", payments, refunds)
	}
	s.cleared(0, -80*4_900+20*1_000, 0)
}

// TestSettleLateMoney: what no invoice had room for was never the merchant's;
// both of its rows are for a person.
func TestSettleLateMoney(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo = true, true })
	i := s.invoice(5_000)
	late, paid := s.request(i, 5_000), s.request(i, 5_000)
	s.first.pay(paid.Attempt.Session, "paid")
	s.returns(paid, "ok")
	s.first.pay(late.Attempt.Session, "taken")
	s.first.set(func(b *bank) { b.pages[late.Attempt.Session].receipt = "auto-1" })
	s.returns(late, "ok")
	s.state(late.ID, payment.Failed)
	s.differ(s.settle(s.statement("auto-1,5000,,")), "other_state 2 auto-1")
	s.wait(time.Minute)
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	backs, err := s.store.RefundsOf(t.Context(), s.merchant, late.ID)
	if err != nil || len(backs) != 1 || backs[0].State != refund.Succeeded {
		t.Fatalf("got %+v, %v", backs, err)
	}
	back := backs[0].Receipt
	s.differ(s.settle(s.statement("auto-1,5000,,", back+",-5000,,")), "other_state 2 auto-1", "other_state 3 "+back)
	s.cleared(-5_000, 0, 0)
}

// TestSettleRecords: what came of every row of a file is kept, and of a check
// nothing is.
func TestSettleRecords(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo, b.fee = true, true, 50 })
	_, p := s.paid(5_000)
	_, missing := s.paid(6_000)
	_, last := s.paid(7_000)
	b, err := s.refund(p, rial(1_000))
	if err != nil {
		t.Fatal(err)
	}
	strange := "x" + strings.Repeat("y", 600)
	lines := []string{row(p), strange + ",5000,,", b.Receipt + ",-1000,,", row(last), row(p)}
	w := s.statement(lines...)
	w.From, w.Until, w.Check = s.now().Add(-time.Hour), s.now(), true
	if done := s.settle(w); done.ID != "" || done.Payments != 2 {
		t.Errorf("a check: got %+v", done)
	}
	all, err := s.app.ListSettlements(t.Context(), s.merchant, app.SettlementList{}, app.Older{Limit: 10})
	if err != nil || len(all) != 0 {
		t.Fatalf("after a check: got %+v, %v", all, err)
	}
	w = s.statement(lines...)
	w.From, w.Until, w.ID = s.now().Add(-time.Hour), s.now(), "set-1"
	w.Name = "may\x00\xff.csv"
	if done := s.settle(w); done.ID != "set-1" {
		t.Errorf("got %+v", done)
	}
	f, err := s.app.SettlementFile(t.Context(), s.merchant, "set-1")
	want := settlement.File{
		ID: "set-1", Merchant: s.merchant, Version: 2, Gateway: "first", Name: "may\ufffd\ufffd.csv", Operator: "ann",
		Rows: 5, Payments: 2, Refunds: 1, Differences: 3, Taken: rial(12_000), Fees: rial(100), Returned: rial(1_000),
		From: w.From, Until: w.Until, EndedAt: s.now(), CreatedAt: s.now(), UpdatedAt: s.now(),
	}
	if diff := cmp.Diff(want, f, cmp.AllowUnexported(money.Amount{})); err != nil || diff != "" {
		t.Errorf("%v, the record (-want +got):\n%s", err, diff)
	}
	rows, err := s.app.ListSettlementRows(t.Context(), s.merchant, app.SettlementRows{File: "set-1", Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows {
		got = append(got, fmt.Sprint(r.Number, r.Line, r.Kind, r.Payment, r.Refund, r.Amount, r.Fee))
	}
	none := money.Amount{}
	if diff := cmp.Diff([]string{
		fmt.Sprint(2, 2, settlement.Payment, p.ID, "", rial(5_000), rial(50)),
		fmt.Sprint(3, 3, settlement.Extra, "", "", none, none),
		fmt.Sprint(4, 4, settlement.Refund, p.ID, b.ID, rial(1_000), none),
		fmt.Sprint(5, 5, settlement.Payment, last.ID, "", rial(7_000), rial(50)),
		fmt.Sprint(6, 6, settlement.Repeated, "", "", none, none),
		fmt.Sprint(8, 0, settlement.Missing, missing.ID, "", none, none),
	}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if kept := rows[1].Receipt; kept != strange[:500] {
		t.Errorf("kept %q", kept)
	}
	// One that breaks off says so by having no end.
	w = s.statement(row(p))
	w.ID = "set-2"
	w.Source = io.MultiReader(strings.NewReader("receipt,amount,fee,date\n"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if _, err := s.app.Settle(t.Context(), w); !fault.Is(err, fault.CodeParameterInvalid) {
		t.Errorf("got %v", err)
	}
	if f, err := s.app.SettlementFile(t.Context(), s.merchant, "set-2"); err != nil || f.Ended() {
		t.Errorf("broken off: got %+v, %v", f, err)
	}
}
