// Package payout is money sent out to somebody who is owed it.
package payout

import (
	"time"

	"github.com/purserhq/purser/internal/money"
)

// Payout is one sending of money to a destination outside.
type Payout struct {
	ID          string
	Merchant    string
	Version     int64 // the version that was read; 0 = not stored yet
	State       State
	Amount      money.Amount
	Destination string // opaque to the core; a rail knows how to read it
	Reference   string // what we send to the rail as our own id
	Receipt     string // the rail's id of the money movement
	CreatedAt   time.Time
	UpdatedAt   time.Time
}
