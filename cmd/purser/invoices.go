package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type invoiceCommand struct {
	Confirm invoiceConfirmCommand `cmd:"" help:"Say that the amount of a held invoice is what the merchant means."`
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
