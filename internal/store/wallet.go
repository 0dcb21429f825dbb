package store

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/wallet"
)

// InvoiceFilter selects invoices that were made at a terminal; an empty field
// selects all of those.
type InvoiceFilter struct {
	Terminal  int64
	Reference string
	States    []invoice.State
	Busy      Busy
}

// Busy selects open invoices by whether somebody is paying them.
type Busy string

// The ways to select. Invoices that are not open are never selected by the
// last two.
const (
	Whatever Busy = ""
	IsBusy   Busy = "busy" // a payment waits or is at a gateway
	IsIdle   Busy = "idle"
)

// TransferFilter selects the transfers of one account; an empty field selects
// all, and so do Sent and Received together.
type TransferFilter struct {
	Account   int64 // needed: the sender or the receiver
	ID        string
	Reference string
	Sent      bool // only those that went out
	Received  bool // only those that came in
}

// PayoutFilter selects payouts; an empty field selects all.
type PayoutFilter struct {
	Merchant string
	State    payout.State
}

// Asked names one thing that a merchant's software has asked for at a terminal:
// an invoice or a payout.
type Asked struct {
	Noun event.Noun
	ID   string
}

// WalletReader finds customers and what they did with their money.
type WalletReader interface {
	// Customer finds the owner of an account. Error: account_not_found.
	Customer(ctx context.Context, merchantID string, number int64) (wallet.Customer, error)
	// Customers are a merchant's, newest first.
	Customers(ctx context.Context, merchantID string, page Page) ([]wallet.Customer, error)
	// LastCustomer is the highest number of a merchant's customers, or 0.
	LastCustomer(ctx context.Context, merchantID string) (int64, error)
	// PINsSealed says whether PINs are to be stored sealed: whether every program that
	// may run on the database opens such a one.
	PINsSealed(ctx context.Context) (bool, error)
	// Tries are those under a key; none were made where none are stored.
	Tries(ctx context.Context, merchantID, key string) (wallet.Tries, error)
	TradeReader
	PayoutReader
}

// TradeReader finds transfers, markets and exchanges.
type TradeReader interface {
	Transfer(ctx context.Context, merchantID, id string) (wallet.Transfer, error) // not_found
	Transfers(ctx context.Context, merchantID string, f TransferFilter, page Page) ([]wallet.Transfer, int, error)
	Markets(ctx context.Context, merchantID string) ([]wallet.Market, error)      // by name
	Exchange(ctx context.Context, merchantID, id string) (wallet.Exchange, error) // not_found
	// ListExchanges are those of one account, or of all for 0, part by part.
	ListExchanges(ctx context.Context, merchantID string, account int64, part Older) ([]wallet.Exchange, error)
	// Exchanges are those of one account; with an id that is not empty, only that one.
	Exchanges(ctx context.Context, merchantID string, account int64, id string, page Page) ([]wallet.Exchange, int, error)
}

// PayoutReader finds payouts.
type PayoutReader interface {
	Payout(ctx context.Context, merchantID, id string) (payout.Payout, error) // payout_not_found
	Payouts(ctx context.Context, f PayoutFilter, page Page) ([]payout.Payout, error)
	// DuePayouts are those that nobody has begun to send in time, of any merchant,
	// longest due first.
	DuePayouts(ctx context.Context, now time.Time, limit int) ([]payout.Payout, error)
	// PayoutsToAsk are those whose CheckAt has passed, of any merchant, longest due
	// first.
	PayoutsToAsk(ctx context.Context, now time.Time, limit int) ([]payout.Payout, error)
	// HeldByPayouts is what an account's payouts that are not decided have taken, in one unit.
	HeldByPayouts(ctx context.Context, merchantID string, account int64, u money.Unit) (money.Amount, error)
	// AskedAt are the invoices and the payouts of a merchant's terminal.
	AskedAt(ctx context.Context, merchantID string, terminal int64, page Page) ([]Asked, error)
}
