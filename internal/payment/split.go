package payment

import (
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// maxParts bounds what one request can make.
const maxParts = 1000

// Parts cuts an amount into pieces of at most limit, in the order in which
// they are to be paid. A last piece below least, which no gateway would take,
// is filled up to least from the piece before it. An amount up to limit is
// one piece. Errors: setting_invalid when limit is below twice least,
// amount_too_large when it would make more than maxParts pieces, unit_mismatch.
func Parts(amount, limit, least money.Amount) ([]money.Amount, error) {
	if amount.Unit() != limit.Unit() || amount.Unit() != least.Unit() {
		return nil, fault.New(fault.CodeUnitMismatch, "split_limit", "")
	}
	unit, left, most, floor := amount.Unit(), amount.Steps(), limit.Steps(), least.Steps()
	if floor < 1 || most/2 < floor {
		return nil, fault.New(fault.CodeSettingInvalid, "split_limit", "The split limit is too small.")
	}
	if left/most >= maxParts {
		return nil, fault.New(fault.CodeAmountTooLarge, "amount", "")
	}
	var steps []int64
	for left > most {
		steps = append(steps, most)
		left -= most
	}
	if n := len(steps); n > 0 && left < floor {
		steps[n-1] -= floor - left
		left = floor
	}
	steps = append(steps, left)
	parts := make([]money.Amount, len(steps))
	for i, s := range steps {
		parts[i] = money.New(s, unit)
	}
	return parts, nil
}
