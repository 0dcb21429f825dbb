package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type payoutCommand struct {
	List    payoutListCommand    `cmd:"" help:"List payouts of all merchants, newest first."`
	Show    payoutShowCommand    `cmd:"" help:"Show one: what to send, where to, and who decided what."`
	Approve payoutApproveCommand `cmd:"" help:"Take it on: you are about to send it, or a trader may, or a gateway does."`
	Take    payoutTakeCommand    `cmd:"" help:"Give an approved one to a trader, who sends it."`
	Confirm payoutConfirmCommand `cmd:"" help:"Say that it was sent, with the network's or the bank's id of it."`
	Reject  payoutRejectCommand  `cmd:"" help:"Send nothing and give the money back to the account."`
	Cancel  payoutCancelCommand  `cmd:"" help:"Withdraw it for the merchant and give the money back to the account."`
	Fail    payoutFailCommand    `cmd:"" help:"Say that it was sent and came back: the account has its money again."`
}

type payoutListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Only this merchant's." placeholder:"ID"`
	State    string `default:"" enum:"${payouts}" help:"Only those in a state, such as requested or processing."`
	Limit    int    `default:"50" help:"How many at most."`
}

// Run lists payouts.
func (c *payoutListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Payouts(ctx, server.WhichPayouts{Merchant: c.Merchant, State: c.State, Limit: c.Limit})
}

type payoutShowCommand struct {
	dataFlags `embed:""`

	Payout string `arg:"" help:"The payout's id, as the list shows it."`
	Whole  bool   `help:"Show the whole number that a trader sends to, which is personal data."`
}

// Run shows the payout.
func (c *payoutShowCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.ShowPayout(ctx, c.Payout, c.Whole)
}

// payoutWord is what an operator says about a payout.
type payoutWord struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Payout string `arg:"" help:"The payout's id, as the list shows it."`
	Note   string `help:"Why, or anything to remember."`
}

// word is it as the server takes it.
func (c *payoutWord) word(t server.Terminal) (server.PayoutWord, server.Commands, error) {
	who, commands, err := c.decider(c.dataFlags, t)
	return server.PayoutWord{Payout: c.Payout, Operator: who, Note: c.Note}, commands, err
}

type payoutApproveCommand struct {
	payoutWord `embed:""`
}

// Run takes the operator's word.
func (c *payoutApproveCommand) Run(ctx context.Context, t server.Terminal) error {
	word, commands, err := c.word(t)
	if err != nil {
		return err
	}
	return commands.ApprovePayout(ctx, word)
}

type payoutTakeCommand struct {
	payoutWord `embed:""`

	Trader string `help:"Who sends it, as the list of traders shows." placeholder:"ID" required:""`
}

// Run takes the trader's word.
func (c *payoutTakeCommand) Run(ctx context.Context, t server.Terminal) error {
	word, commands, err := c.word(t)
	if err != nil {
		return err
	}
	return commands.TakePayout(ctx, server.PayoutTaking{
		Payout: word.Payout, Trader: c.Trader, Operator: word.Operator, Note: word.Note,
	})
}

type payoutCancelCommand struct {
	payoutWord `embed:""`
}

// Run takes the operator's word.
func (c *payoutCancelCommand) Run(ctx context.Context, t server.Terminal) error {
	word, commands, err := c.word(t)
	if err != nil {
		return err
	}
	return commands.CancelPayout(ctx, word)
}

type payoutConfirmCommand struct {
	payoutWord `embed:""`

	Receipt string `help:"The network's id of the money movement; each counts once." placeholder:"TXID" required:""`
}

// Run takes the operator's word.
func (c *payoutConfirmCommand) Run(ctx context.Context, t server.Terminal) error {
	word, commands, err := c.word(t)
	if err != nil {
		return err
	}
	word.Receipt = c.Receipt
	return commands.ConfirmPayout(ctx, word)
}

type payoutRejectCommand struct {
	payoutWord `embed:""`
}

// Run takes the operator's word.
func (c *payoutRejectCommand) Run(ctx context.Context, t server.Terminal) error {
	word, commands, err := c.word(t)
	if err != nil {
		return err
	}
	return commands.RejectPayout(ctx, word)
}

type payoutFailCommand struct {
	payoutWord `embed:""`
}

// Run takes the operator's word.
func (c *payoutFailCommand) Run(ctx context.Context, t server.Terminal) error {
	word, commands, err := c.word(t)
	if err != nil {
		return err
	}
	return commands.FailPayout(ctx, word)
}
