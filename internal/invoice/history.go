package invoice

import (
	"slices"

	"github.com/purserhq/purser/internal/money"
)

// How amounts are judged by the amounts that were paid before.
const (
	// MostPaid is how many of the last paid amounts a history is made of.
	MostPaid = 100
	// leastPaid is how many it takes before anything is judged.
	leastPaid = 20
	// times is how far from the usual amount is too far. Somebody who mixes up two
	// units is ten or ten thousand times off, and the amounts that are meant differ
	// among themselves: half of ten finds the mistake all the same.
	times = 5
	// oddOnes is which part of a history counts for nothing at either end, so that
	// a mistake which was paid does not make the next one look usual: one of fifty,
	// and one at least.
	oddOnes = 50
)

// History is what amounts were paid before, in one unit. Its zero value is a
// history that is too short to judge by.
type History struct {
	unit              money.Unit
	low, middle, high int64 // of the paid amounts but the oddest, in smallest steps
}

// HistoryOf sums up amounts that were paid in a unit, in any order.
func HistoryOf(unit money.Unit, paid []int64) History {
	if len(paid) < leastPaid {
		return History{}
	}
	sorted := slices.Sorted(slices.Values(paid))
	odd := max(1, len(sorted)/oddOnes)
	return History{
		unit: unit, low: sorted[odd], middle: sorted[len(sorted)/2], high: sorted[len(sorted)-1-odd],
	}
}

// Unusual says that an amount is many times above or below what is usually paid
// and also more than twice beyond what was paid at all. Amounts of another unit
// are never unusual: nothing is known of them.
func (h History) Unusual(amount money.Amount) bool {
	if h.middle <= 0 || amount.Unit() != h.unit || amount.Sign() <= 0 {
		return false
	}
	// Divided and not multiplied, so that no amount is too large for it.
	steps := amount.Steps()
	above := steps/times >= h.middle && steps/2 >= h.high
	below := h.middle/times >= steps && h.low/2 >= steps
	return above || below
}
