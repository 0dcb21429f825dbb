package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type settleCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	File      string `arg:"" help:"The provider's file (CSV); its first line names the columns." type:"path"`
	Merchant  string `help:"Whose contract it is." placeholder:"ID" required:""`
	Gateway   string `help:"The merchant's name of the contract." placeholder:"NAME" required:""`
	Receipt   string `default:"receipt" help:"Column with the provider's ids." placeholder:"COLUMN"`
	Amount    string `default:"amount" help:"Column with all that was moved; minus = a refund." placeholder:"COLUMN"`
	Fee       string `default:"fee" help:"Column with what the provider kept; empty = none is read." placeholder:"COLUMN"`
	Date      string `default:"date" help:"Column with the day of the settlement; empty = today." placeholder:"COLUMN"`
	Currency  string `help:"Column with the currency unit, which must be the gateway's." placeholder:"COLUMN"`
	Kind      string `help:"Column that says payment, charge or sale, or else refund." placeholder:"COLUMN"`
	Delimiter string `default:"," help:"What is between the columns: , or ; or tab."`
	From      string `help:"All that was taken from this day on must be in the file." placeholder:"DATE"`
	Until     string `help:"The same, until the end of this day (UTC)." placeholder:"DATE"`
	Check     bool   `help:"Only compare: book nothing."`
}

// Run reads the file.
func (c *settleCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return looked(commands.Settle(ctx, server.Statement{
		Merchant: c.Merchant, Gateway: c.Gateway, File: c.File, Receipt: c.Receipt, Amount: c.Amount, Fee: c.Fee,
		Date: c.Date, Currency: c.Currency, Kind: c.Kind, Delimiter: c.Delimiter, From: c.From, Until: c.Until,
		Check: c.Check, Operator: who,
	}), server.ErrFileDiffers)
}
