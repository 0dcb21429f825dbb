package payment_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

func rial(steps int64) money.Amount { return money.New(steps, money.IRR) }

func TestParts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		amount, limit int64
		want          []int64
	}{
		{"up to the limit is one", 100_000, 100_000, []int64{100_000}},
		{"below the least is one", 500, 100_000, []int64{500}},
		{"two and a half", 250_000, 100_000, []int64{100_000, 100_000, 50_000}},
		{"a small rest is filled up", 200_300, 100_000, []int64{100_000, 99_300, 1_000}},
		{"from the first piece too", 100_500, 100_000, []int64{99_500, 1_000}},
		{"the least itself stays", 101_000, 100_000, []int64{100_000, 1_000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			parts, err := payment.Parts(rial(c.amount), rial(c.limit), rial(1_000))
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, p := range parts {
				got = append(got, p.Steps())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("parts differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPartsRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                 string
		amount, limit, least money.Amount
		want                 fault.Code
	}{
		{"a limit below two pieces", rial(5_000), rial(1_999), rial(1_000), fault.CodeSettingInvalid},
		{"no least", rial(5_000), rial(2_000), rial(0), fault.CodeSettingInvalid},
		{"another unit", money.New(5, money.EUR), rial(2_000), rial(1_000), fault.CodeUnitMismatch},
		{"more pieces than anybody pays", rial(9_007_199_254_740_991), rial(2_000), rial(1_000), fault.CodeAmountTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := payment.Parts(c.amount, c.limit, c.least); !fault.Is(err, c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestPartsLoseNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		least := rapid.Int64Range(1, 10_000).Draw(t, "least")
		limit := rapid.Int64Range(2*least, 20*least).Draw(t, "limit")
		amount := rapid.Int64Range(least, 300*least).Draw(t, "amount")
		parts, err := payment.Parts(rial(amount), rial(limit), rial(least))
		if err != nil {
			t.Fatal(err)
		}
		sum, err := money.Sum(money.IRR, parts...)
		if err != nil || sum != rial(amount) {
			t.Fatalf("parts sum to %v (%v), want %d", sum, err, amount)
		}
		for _, p := range parts {
			if p.Steps() < least || p.Steps() > limit {
				t.Fatalf("a part of %d is outside %d..%d", p.Steps(), least, limit)
			}
		}
	})
}

func TestReturnCountsWhatIsPending(t *testing.T) {
	t.Parallel()
	p := payment.Payment{State: payment.Captured, Amount: rial(100), Refunded: rial(0), Returning: rial(0)}
	p, err := p.Return(rial(60))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Return(rial(60)); !fault.Is(err, fault.CodeRefundInProgress) {
		t.Errorf("a second 60 of 100: got %v, want refund_in_progress", err)
	}
	if got := p.Refundable(); got != rial(40) {
		t.Errorf("refundable %v, want 40", got)
	}
	if p, err = p.Returned(rial(60), true); err != nil || p.Refunded != rial(60) || !p.Returning.IsZero() {
		t.Fatalf("after it arrived: %+v, %v", p, err)
	}
	if _, err := p.Return(rial(41)); !fault.Is(err, fault.CodeRefundTooLarge) {
		t.Errorf("41 of 40: got %v, want refund_too_large", err)
	}
	if p.Drained() {
		t.Error("drained at 60 of 100")
	}
	if p, err = p.Return(rial(40)); err != nil {
		t.Fatal(err)
	}
	if p, err = p.Returned(rial(40), false); err != nil || p.Refundable() != rial(40) {
		t.Errorf("a refused refund must be refundable again: %+v, %v", p, err)
	}
}

func TestReturnNeedsCollectedMoney(t *testing.T) {
	t.Parallel()
	for _, s := range payment.States.States() {
		p := payment.Payment{State: s, Amount: rial(10), Refunded: rial(0), Returning: rial(0)}
		_, err := p.Return(rial(10))
		if collected := s == payment.Captured || s == payment.Settled; collected != (err == nil) {
			t.Errorf("state %s: got %v", s, err)
		}
	}
}
