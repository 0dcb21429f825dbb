package invoice_test

import (
	"testing"

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

func TestPayableByState(t *testing.T) {
	t.Parallel()
	want := map[invoice.State]fault.Code{
		invoice.Open: "", invoice.Paid: fault.CodeAmountAboveRemaining, invoice.Completed: fault.CodeAmountAboveRemaining,
		invoice.Expired: fault.CodeInvoiceClosed, invoice.Canceled: fault.CodeInvoiceClosed,
		invoice.Rejected: fault.CodeInvoiceClosed, invoice.Refunded: fault.CodeInvoiceClosed,
	}
	for _, s := range invoice.States.States() {
		i := owed(100)
		i.State = s
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
