package app

import (
	"context"

	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

// NewDeposit is the wish to put money into a customer's wallet.
type NewDeposit struct {
	ID       string // of the invoice that asks for it
	Merchant string
	Account  int64
	Token    string // of the link through which it is paid
	Title    string
	Amount   money.Amount
}

// Deposit asks for money that goes into a customer's wallet: an invoice with a
// link, paid through a gateway as any other.
// Errors: account_not_found, amount_invalid.
func (a *App) Deposit(ctx context.Context, n NewDeposit) (invoice.Invoice, error) {
	if _, err := customer(ctx, a.store, n.Merchant, n.Account); err != nil {
		return invoice.Invoice{}, err
	}
	return a.CreateInvoice(ctx, n.Merchant, NewInvoice{
		ID: n.ID, Amount: n.Amount, Title: n.Title, Account: n.Account,
		Link: invoice.Link{Token: n.Token, Kind: invoice.Fixed, Amount: n.Amount},
	})
}
