package invoice_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

// TestUnusual judges amounts by histories of several shapes.
func TestUnusual(t *testing.T) {
	t.Parallel()
	one := slices.Repeat([]int64{500_000}, 20)
	var wide []int64 // from a loaf of bread to a week's shopping
	for n := range int64(100) {
		wide = append(wide, 100_000+n*40_000)
	}
	fooled := append(slices.Repeat([]int64{500_000}, 96), 5_000_000, 5_000_000, 50_000, 50_000)
	grown := append(slices.Repeat([]int64{500_000}, 40), slices.Repeat([]int64{5_000_000}, 60)...)
	for _, c := range []struct {
		name    string
		history []int64
		amount  int64
		unusual bool
	}{
		{"nothing is known", nil, 1, false},
		{"one too few", one[1:], 5_000_000, false},
		{"just enough", one, 5_000_000, true},
		{"the usual", one, 500_000, false},
		{"four times", one, 2_000_000, false},
		{"not yet five times", one, 2_499_999, false},
		{"five times", one, 2_500_000, true},
		{"ten times", one, 5_000_000, true},
		{"a hundred times", one, 50_000_000, true},
		{"ten thousand times", one, 5_000_000_000, true},
		{"the largest there is", one, math.MaxInt64, true},
		{"a quarter", one, 125_000, false},
		{"just above a fifth", one, 100_001, false},
		{"a fifth", one, 100_000, true},
		{"a tenth", one, 50_000, true},
		{"a ten thousandth", one, 50, true},
		{"one step", one, 1, true},
		{"wide: the smallest", wide, 100_000, false},
		{"wide: the largest", wide, 4_060_000, false},
		{"wide: twice the largest", wide, 8_120_000, false},
		{"wide: ten times the middle", wide, 21_000_000, true},
		{"wide: a tenth of the smallest", wide, 10_000, true},
		{"a mistake was paid before, and is one again", fooled, 5_000_000, true},
		{"and the other way round", fooled, 50_000, true},
		{"prices have grown", grown, 5_000_000, false},
		{"and the old ones are still known", grown, 500_000, false},
	} {
		if got := invoice.HistoryOf(money.IRR, c.history).Unusual(rial(c.amount)); got != c.unusual {
			t.Errorf("%s: %d is unusual: got %v", c.name, c.amount, got)
		}
	}
	if invoice.HistoryOf(money.IRT, one).Unusual(rial(5_000_000)) {
		t.Error("an amount was judged by a history in another unit")
	}
}

// TestUsualStaysUsual: what was paid at the ends of an ordinary history is not
// unusual, ten times more than all of it is, and so is a tenth of the least.
func TestUsualStaysUsual(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		least := rapid.Int64Range(1_000, 1_000_000).Draw(t, "least")
		paid := rapid.SliceOfN(rapid.Int64Range(least, 4*least), 20, invoice.MostPaid).Draw(t, "paid")
		h := invoice.HistoryOf(money.IRR, paid)
		for _, amount := range paid {
			if h.Unusual(rial(amount)) {
				t.Fatalf("%d was paid before and is unusual", amount)
			}
		}
		for _, amount := range []int64{10 * slices.Max(paid), 10_000 * slices.Max(paid), slices.Min(paid) / 10} {
			if amount > 0 && !h.Unusual(rial(amount)) {
				t.Fatalf("%d is usual where %d to %d were paid", amount, slices.Min(paid), slices.Max(paid))
			}
		}
	})
}
