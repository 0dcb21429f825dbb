package sqlstore_test

import (
	"context"
	"errors"

	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/store"
)

// Commit, and the reads that must see what the other node committed, take turns.

func (n *nodes) Commit(ctx context.Context, c store.Change) error { return n.next().Commit(ctx, c) }

func (n *nodes) Invoice(ctx context.Context, merchantID, id string) (invoice.Invoice, error) {
	return n.next().Invoice(ctx, merchantID, id)
}

func (n *nodes) Balances(ctx context.Context, merchantID string) ([]ledger.Posting, error) {
	return n.next().Balances(ctx, merchantID)
}

func (n *nodes) Close() error { return errors.Join(n.DB.Close(), n.other.Close()) }
