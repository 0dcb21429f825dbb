package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type invoiceCommand struct {
	List    invoiceListCommand    `cmd:"" help:"List a merchant's invoices, the newest first."`
	Confirm invoiceConfirmCommand `cmd:"" help:"Say that the amount of a held invoice is what the merchant means."`
}

type invoiceListCommand struct {
	dataFlags `embed:""`

	Merchant string `required:"" help:"Whose invoices." placeholder:"ID"`
	Held     bool   `help:"Only those that wait for a confirmation, because their amount is unusual."`
	Limit    int    `default:"50" help:"How many at most."`
}

// Run lists invoices.
func (c *invoiceListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Invoices(ctx, server.WhichInvoices{Merchant: c.Merchant, Held: c.Held, Limit: c.Limit})
}

type invoiceConfirmCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Invoice string `arg:"" help:"The invoice's id."`
	Note    string `help:"Anything to remember."`
}

// Run takes the operator's word.
func (c *invoiceConfirmCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.ConfirmInvoice(ctx, server.InvoiceWord{Invoice: c.Invoice, Operator: who, Note: c.Note})
}
