package store

import (
	"context"

	"github.com/purserhq/purser/internal/settlement"
)

// SettlementList selects settlement files of a list; an empty field selects all.
type SettlementList struct {
	Gateway string // the merchant's name for it
	Ended   *bool  // nil = both
}

// SettlementRows selects what came of the rows of one settlement file, in their
// order; an empty field selects all.
type SettlementRows struct {
	File      string
	Kind      settlement.Kind
	Differing bool  // only differences
	After     int64 // the number of the last one that was read
	Limit     int   // at most 1000
}

// SettlementReader finds what was made of the settlement files of gateways.
type SettlementReader interface {
	// Settlement finds a file. Error: not_found.
	Settlement(ctx context.Context, merchantID, id string) (settlement.File, error)
	ListSettlements(ctx context.Context, merchantID string, l SettlementList, part Older) ([]settlement.File, error)
	SettlementRows(ctx context.Context, merchantID string, l SettlementRows) ([]settlement.Row, error)
}
