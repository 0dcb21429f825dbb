package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type refundCommand struct {
	Confirm refundConfirmCommand `cmd:"" help:"Say that the payer has the money: the gateway gave it back, or you did."`
	Reject  refundRejectCommand  `cmd:"" help:"Say that the gateway did not give it back, and will not."`
}

type refundConfirmCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Refund  string `arg:"" help:"The refund's id, as the audit lists it."`
	Receipt string `help:"The gateway's or the bank's number of it; each counts once." required:""`
	Note    string `help:"Anything to remember."`
}

// Run takes the operator's word.
func (c *refundConfirmCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.SayRefund(ctx, server.RefundWord{
		Refund: c.Refund, Back: true, Receipt: c.Receipt, Operator: who, Note: c.Note,
	})
}

type refundRejectCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Refund string `arg:"" help:"The refund's id, as the audit lists it."`
	Note   string `help:"Why."`
}

// Run takes the operator's word.
func (c *refundRejectCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.SayRefund(ctx, server.RefundWord{Refund: c.Refund, Operator: who, Note: c.Note})
}
