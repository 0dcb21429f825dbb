package app

import (
	"context"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// NewTransfer is the wish to send money to another account of the merchant.
type NewTransfer struct {
	ID          string
	Merchant    string
	From, To    int64 // numbers of accounts
	Amount      money.Amount
	Reference   string // the sender's own name for it, unique for the sender; empty = none
	Description string
}

// Transfer sends money from one account to another, at once and for good.
// Errors: amount_invalid, parameter_invalid (to itself), account_not_found,
// account_closed, duplicate with the parameter "transfer", insufficient_funds.
func (a *App) Transfer(ctx context.Context, n NewTransfer) (wallet.Transfer, error) {
	t := wallet.Transfer{
		ID: n.ID, Merchant: n.Merchant, From: n.From, To: n.To, Amount: n.Amount,
		Reference: n.Reference, Description: n.Description, CreatedAt: a.now(),
	}
	if err := t.Check(); err != nil {
		return wallet.Transfer{}, err
	}
	if _, err := a.Account(ctx, n.Merchant, n.To); err != nil {
		return wallet.Transfer{}, err
	}
	entry, err := ledger.Book(ledger.RuleTransferred,
		ledger.Cause{Entry: a.newID(t.CreatedAt), Merchant: n.Merchant, Subject: n.ID, At: t.CreatedAt},
		ledger.Names{Owner: ownerOf(n.From), To: ownerOf(n.To)}, n.Amount)
	if err != nil {
		return wallet.Transfer{}, err
	}
	change := store.Change{
		Transfers: []wallet.Transfer{t}, Entries: []ledger.Entry{entry},
		Events: []event.Event{happened(event.Transfer, n.Merchant, n.ID, "", create, wallet.Completed,
			byMerchant, "", t.CreatedAt)},
	}
	if n.Reference != "" {
		change.Claims = []store.Claim{{
			Merchant: n.Merchant, Kind: store.TransferClaim, Key: ownName(n.From, n.Reference), Subject: n.ID,
		}}
	}
	if err := a.spend(ctx, n.Merchant, n.From, change); err != nil {
		return wallet.Transfer{}, err
	}
	return t, nil
}

// TransferFilter selects the transfers of one account.
type TransferFilter = store.TransferFilter

// Transfers lists the transfers of an account, newest first unless the page
// says otherwise, and says how many there are in all.
func (a *App) Transfers(ctx context.Context, merchantID string, f TransferFilter, page Page,
) ([]wallet.Transfer, int, error) {
	return a.store.Transfers(ctx, merchantID, f, page)
}
