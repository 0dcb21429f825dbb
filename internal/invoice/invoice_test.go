package invoice_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

func rial(steps int64) money.Amount { return money.New(steps, money.IRR) }

func owed(amount int64) invoice.Invoice {
	return invoice.Invoice{State: invoice.Open, Amount: rial(amount), Captured: rial(0), Reserved: rial(0)}
}

func TestReserveKeepsOthersOut(t *testing.T) {
	t.Parallel()
	i, err := owed(100).Reserve(rial(60))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Reserve(rial(60)); !fault.Is(err, fault.CodeAmountAboveRemaining) {
		t.Errorf("a second 60 of 100: got %v", err)
	}
	if err := i.Payable(rial(60)); err != nil {
		t.Errorf("it may still be requested, because the first may fail: %v", err)
	}
	if i, err = i.Capture(rial(60)); err != nil || i.Captured != rial(60) || !i.Reserved.IsZero() {
		t.Fatalf("captured: %+v, %v", i, err)
	}
	if i.Full() || !i.PartlyPaid() {
		t.Error("60 of 100 is partly paid")
	}
	if err := i.Payable(rial(41)); !fault.Is(err, fault.CodeAmountAboveRemaining) {
		t.Errorf("41 of the remaining 40: got %v", err)
	}
}

// TestRemainingByState wants nothing to remain of an invoice that nobody can pay.
func TestRemainingByState(t *testing.T) {
	t.Parallel()
	for _, s := range invoice.States.States() {
		i, want := owed(100), rial(0)
		if i.State = s; s == invoice.Open {
			want = rial(100)
		}
		if got := i.Remaining(); got != want {
			t.Errorf("state %s: got %v, want %v", s, got, want)
		}
	}
}

func TestPayableByState(t *testing.T) {
	t.Parallel()
	want := map[invoice.State]fault.Code{
		invoice.Open: "", invoice.Paid: fault.CodeAmountAboveRemaining, invoice.Completed: fault.CodeAmountAboveRemaining,
		invoice.Expired: fault.CodeInvoiceClosed, invoice.Canceled: fault.CodeInvoiceClosed,
		invoice.Rejected: fault.CodeInvoiceClosed, invoice.Refunded: fault.CodeInvoiceClosed,
	}
	for _, s := range invoice.States.States() {
		i := owed(100)
		if i.State = s; i.Collected() {
			i.Captured = i.Amount
		}
		err := i.Payable(rial(100))
		if code := want[s]; (code == "") != (err == nil) || (err != nil && !fault.Is(err, code)) {
			t.Errorf("state %s: got %v, want %q", s, err, code)
		}
	}
}

func TestOpenAmountIsNeverFull(t *testing.T) {
	t.Parallel()
	i := owed(0)
	i.Open = true
	for range 3 {
		var err error
		if i, err = i.Reserve(rial(5_000)); err != nil {
			t.Fatal(err)
		}
		if i, err = i.Capture(rial(5_000)); err != nil {
			t.Fatal(err)
		}
	}
	if i.Full() || i.Captured != rial(15_000) {
		t.Errorf("full %v, captured %v", i.Full(), i.Captured)
	}
	if _, err := i.Extend(rial(1)); !fault.Is(err, fault.CodeLinkUnusable) {
		t.Errorf("extending it: got %v", err)
	}
}

func TestExtend(t *testing.T) {
	t.Parallel()
	i, err := owed(100).Extend(rial(50))
	if err != nil || i.Amount != rial(150) || i.Previous != rial(100) {
		t.Fatalf("got %+v, %v", i, err)
	}
	i.State = invoice.Refunded
	if _, err := i.Extend(rial(50)); !fault.Is(err, fault.CodeInvoiceClosed) {
		t.Errorf("a closed one: got %v", err)
	}
	if _, err := owed(100).Extend(money.New(5, money.EUR)); !fault.Is(err, fault.CodeUnitMismatch) {
		t.Errorf("another unit: got %v", err)
	}
}

// What is verified and given back as a whole is not closed for a part of it.
func TestClosable(t *testing.T) {
	t.Parallel()
	i := owed(100)
	i.Captured = rial(40)
	if err := i.Closable(); err != nil {
		t.Errorf("of one sum: got %v, want none", err)
	}
	i.VerifyIn = time.Minute
	if err := i.Closable(); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("to be verified: got %v, want wrong_state", err)
	}
}

// TestExtendKeepsOneSum: what is verified or goes into a wallet is paid at once.
func TestExtendKeepsOneSum(t *testing.T) {
	t.Parallel()
	verified, deposit := owed(100), owed(100)
	verified.VerifyIn, deposit.Account = 1, 10_001
	for name, i := range map[string]invoice.Invoice{"to be verified": verified, "a deposit": deposit} {
		same, err := i.Extend(rial(50))
		if !fault.Is(err, fault.CodeLinkUnusable) || same.Amount != rial(100) {
			t.Errorf("%s: got %v, %v", name, same.Amount, err)
		}
	}
}

// TestVerifyBy stands on both sides of the limit: the limit itself is too late,
// and there is no moment at which it is neither verifiable nor overdue, or both.
func TestVerifyBy(t *testing.T) {
	t.Parallel()
	limit := time.Date(2026, 5, 2, 12, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		now     time.Time
		overdue bool
	}{
		{"long before", limit.Add(-30 * time.Minute), false},
		{"the last nanosecond", limit.Add(-1), false},
		{"the last nanosecond, elsewhere", limit.Add(-1).In(time.FixedZone("Tehran", 3*3600+1800)), false},
		{"the limit itself", limit, true},
		{"the limit itself, elsewhere", limit.In(time.FixedZone("Tehran", 3*3600+1800)), true},
		{"a nanosecond after it", limit.Add(1), true},
		{"long after it", limit.Add(1000 * time.Hour), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, s := range invoice.States.States() {
				i := owed(100)
				i.State, i.VerifyBy = s, limit
				err, can := i.Verifiable(c.now), s == invoice.Paid && !c.overdue
				if can != (err == nil) || (!can && !fault.Is(err, fault.CodeWrongState)) {
					t.Errorf("%s: verifiable: %v", s, err)
				}
				if want := s == invoice.Paid && c.overdue; i.Overdue(c.now) != want {
					t.Errorf("%s: overdue %v, want %v", s, !want, want)
				}
			}
		})
	}
}

func TestHosted(t *testing.T) {
	t.Parallel()
	i := owed(100)
	if i.Hosted() {
		t.Error("an invoice that sends nobody back is hosted")
	}
	if i.ReturnTo = "https://shop.example/back"; !i.Hosted() {
		t.Error("an invoice that sends the payer back is not hosted")
	}
}

// TestNeverOverCollected takes any order of reservations, captures, releases
// and returns: captured and reserved together never pass the amount.
func TestNeverOverCollected(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i := owed(rapid.Int64Range(1, 1_000).Draw(t, "amount"))
		var held, taken []money.Amount
		t.Repeat(map[string]func(*rapid.T){
			"reserve": func(t *rapid.T) {
				sum := rial(rapid.Int64Range(1, 1_000).Draw(t, "sum"))
				if next, err := i.Reserve(sum); err == nil {
					i, held = next, append(held, sum)
				}
			},
			"capture": func(t *rapid.T) {
				if len(held) == 0 {
					t.Skip("nothing is held")
				}
				next, err := i.Capture(held[0])
				if err != nil {
					t.Fatal(err)
				}
				i, taken, held = next, append(taken, held[0]), held[1:]
			},
			"release": func(t *rapid.T) {
				if len(held) == 0 {
					t.Skip("nothing is held")
				}
				next, err := i.Release(held[0])
				if err != nil {
					t.Fatal(err)
				}
				i, held = next, held[1:]
			},
			"give back": func(t *rapid.T) {
				if len(taken) == 0 {
					t.Skip("nothing is taken")
				}
				next, err := i.GiveBack(taken[0])
				if err != nil {
					t.Fatal(err)
				}
				i, taken = next, taken[1:]
			},
			"": func(t *rapid.T) {
				sum, err := i.Captured.Add(i.Reserved)
				if err != nil {
					t.Fatal(err)
				}
				if over, err := sum.Cmp(i.Amount); err != nil || over > 0 {
					t.Fatalf("captured %v and reserved %v of %v", i.Captured, i.Reserved, i.Amount)
				}
				if i.Captured.Sign() < 0 || i.Reserved.Sign() < 0 {
					t.Fatalf("captured %v, reserved %v", i.Captured, i.Reserved)
				}
			},
		})
	})
}

// Correct moves what is asked for and what is captured alike, so that what is
// unpaid and what is reserved stays; a sum that none can be is refused.
func TestCorrect(t *testing.T) {
	t.Parallel()
	i := owed(100)
	i.Captured, i.Reserved = rial(70), rial(10)
	for _, c := range []struct{ was, is, amount, captured int64 }{
		{50, 80, 130, 100}, {50, 1, 51, 21}, {70, 70, 100, 70},
	} {
		got, err := i.Correct(rial(c.was), rial(c.is))
		if err != nil || got.Amount != rial(c.amount) || got.Captured != rial(c.captured) ||
			got.Unpaid() != i.Unpaid() || got.Remaining() != i.Remaining() || got.State != i.State {
			t.Errorf("%d instead of %d: got %+v, %v", c.is, c.was, got, err)
		}
	}
	if got, err := i.Correct(rial(50), money.New(1, money.USD)); !fault.Is(err, fault.CodeUnitMismatch) {
		t.Errorf("another unit: got %+v, %v", got, err)
	}
	if got, err := i.Correct(rial(50), rial(math.MaxInt64)); !fault.Is(err, fault.CodeAmountOverflow) {
		t.Errorf("too much: got %+v, %v", got, err)
	}
}

// Overpay asks for as much more, so that nothing else of it is different.
func TestOverpay(t *testing.T) {
	t.Parallel()
	i := owed(100)
	i.Captured, i.State = rial(70), invoice.Completed
	got, err := i.Overpay(rial(40))
	if err != nil || got.Amount != rial(140) || got.Reserved != rial(40) || got.Unpaid() != rial(70) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err = got.Capture(rial(40)); err != nil || got.Captured != rial(110) || got.Unpaid() != i.Unpaid() {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := i.Overpay(money.New(1, money.USD)); !fault.Is(err, fault.CodeUnitMismatch) {
		t.Errorf("another unit: got %v", err)
	}
	if _, err := i.Overpay(rial(math.MaxInt64)); !fault.Is(err, fault.CodeAmountOverflow) {
		t.Errorf("too much: got %v", err)
	}
}

// An invoice that was made for one payment follows it, and keeps what is asked for besides.
func TestFollowAndDrop(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		amount, captured, reserved, was, is int64
		follows, dropped                    int64 // 0 = refused, or nothing is asked for
	}{
		"alone, more":                   {50, 0, 0, 50, 60, 60, 0},
		"alone, less":                   {50, 0, 0, 50, 30, 30, 0},
		"extended":                      {57, 0, 0, 50, 30, 37, 7},
		"extended and paid":             {57, 7, 0, 50, 50, 57, 7},
		"extended, paid, less":          {57, 7, 0, 50, 20, 27, 7},
		"extended and being paid":       {57, 0, 7, 50, 60, 67, 7},
		"a part was paid by others":     {50, 20, 0, 50, 30, 50, 50},
		"and more is wanted than that":  {50, 20, 0, 50, 50, 50, 50},
		"a part is being paid":          {50, 0, 20, 50, 30, 50, 50},
		"all was paid by others, again": {50, 50, 0, 50, 10, 50, 50},
	} {
		i := invoice.Invoice{
			State: invoice.Open, Amount: rial(c.amount), Captured: rial(c.captured), Reserved: rial(c.reserved),
		}
		got, err := i.Follow(rial(c.was), rial(c.is))
		if err != nil || got.Amount != rial(c.follows) || got.Captured != i.Captured || got.Reserved != i.Reserved {
			t.Errorf("%s: follows to %v, %v, want %d", name, got.Amount, err, c.follows)
		}
		left, asks, err := i.Drop(rial(c.was))
		if err != nil || asks != (c.dropped > 0) || asks && left.Amount != rial(c.dropped) {
			t.Errorf("%s: drops to %v, %t, %v, want %d", name, left.Amount, asks, err, c.dropped)
		}
	}
	for name, c := range map[string]struct {
		amount, captured, previous, share, want int64
	}{
		"extended":                          {80, 0, 50, 50, 30},
		"extended twice":                    {90, 0, 80, 50, 40},
		"paid besides":                      {130, 40, 100, 60, 30},
		"a part of the share is paid":       {80, 20, 50, 50, 10},
		"the extension is paid":             {80, 30, 50, 50, 0},
		"the share is paid":                 {80, 50, 50, 50, 0},
		"the payer was told to send more":   {80, 0, 50, 81, 0},
		"never extended, and asks for more": {80, 0, 0, 50, 0},
	} {
		i := invoice.Invoice{State: invoice.Open, Amount: rial(c.amount), Captured: rial(c.captured), Reserved: rial(0)}
		if c.previous > 0 {
			i.Previous = rial(c.previous)
		}
		if got := i.Beyond(rial(c.share)); got != rial(c.want) {
			t.Errorf("%s: %v is asked for beyond %d, want %d", name, got, c.share, c.want)
		}
	}
	closed := invoice.Invoice{State: invoice.Completed, Amount: rial(50), Captured: rial(50), Reserved: rial(0)}
	if _, err := closed.Follow(rial(50), rial(60)); !fault.Is(err, fault.CodeInvoiceClosed) {
		t.Errorf("a closed one follows: %v", err)
	}
}
