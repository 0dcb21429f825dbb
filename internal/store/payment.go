package store

import (
	"time"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// PaymentFilter selects listed payments. An empty field selects all, but Owner:
// without Owned only those of that one owner are selected, or those of nobody.
type PaymentFilter struct {
	ID                       string
	Owner                    string
	Owned                    bool // everybody's that has an owner, whoever it is
	Method                   payment.Method
	Standing                 payment.Standing
	Least, Most              money.Amount // of what the payer agreed to, in this unit; not valid = any
	CreatedFrom, CreatedTo   time.Time    // inclusive
	RecordedFrom, RecordedTo time.Time    // inclusive; what was not recorded is in no such span
}

// RefundFilter selects listed refunds; an empty field selects all.
type RefundFilter struct {
	ID      string
	Payment string
}
