// Package deal is one person-to-person transfer: a payer sends money to a
// trader's requisite, and the trader confirms that it arrived.
package deal

import (
	"time"

	"github.com/purserhq/purser/internal/money"
)

// Deal is one transfer between a payer and a trader.
type Deal struct {
	ID        string
	Merchant  string
	Version   int64 // the version that was read; 0 = not stored yet
	State     State
	Payment   string
	Trader    string
	Requisite string // the trader's account that the payer sends to
	Amount    money.Amount
	Deadline  time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}
