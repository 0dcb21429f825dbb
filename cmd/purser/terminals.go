package main

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/server"
)

type terminalCommand struct {
	Add    terminalAddCommand    `cmd:"" help:"Add a place where invoices are made; its secret is shown this once."`
	List   terminalListCommand   `cmd:"" help:"List a merchant's terminals."`
	Set    terminalSetCommand    `cmd:"" help:"Change a terminal; what is not said stays."`
	Rotate terminalRotateCommand `cmd:"" help:"Make a new signing secret; the old one signs too for another day."`
}

// terminalFlags are what can be said of a terminal.
type terminalFlags struct {
	Origin   []string       `help:"Where payers may be sent back to, such as https://shop.example; may be repeated."`
	Form     *string        `enum:"form,json" help:"How notices are written: form or json."`
	VerifyIn *time.Duration `help:"How long the merchant may take to verify a payment, such as 30m." placeholder:"TIME"`
	PayIn    *time.Duration `help:"How long an invoice may be paid; 0 is for ever." placeholder:"TIME"`
	RefundIn *time.Duration `help:"How long after the payment the merchant may refund; 0 is for ever." placeholder:"TIME"`
	DealFee  *string        `help:"Fee of what payers send to traders, in percent, such as 8.5." placeholder:"PERCENT"`
	DealTime *time.Duration `help:"How long a payer may take to send it; 0 is 30m." placeholder:"TIME"`
	Guard    *string        `enum:"off,hold" help:"hold unusual amounts until confirmed, or off." name:"amount-guard"`
	Disabled *bool          `help:"Make no new invoices, or make them again." negatable:""`
}

// terms are the flags as the server takes them.
func (f terminalFlags) terms(name *string) server.TerminalTerms {
	return server.TerminalTerms{
		Name: name, Origins: f.Origin, Form: f.Form,
		VerifyIn: f.VerifyIn, PayIn: f.PayIn, RefundIn: f.RefundIn,
		DealFee: f.DealFee, DealTime: f.DealTime, Guard: f.Guard, Disabled: f.Disabled,
	}
}

type terminalAddCommand struct {
	dataFlags     `embed:""`
	terminalFlags `embed:""`
	operatorFlag  `embed:""`

	Merchant string `help:"Whose terminal." placeholder:"ID" required:""`
	Name     string `help:"What it is, in your words." required:""`
}

// Run adds the terminal.
func (c *terminalAddCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.AddTerminal(ctx, c.Merchant, c.terms(&c.Name))
}

type terminalListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose terminals." placeholder:"ID" required:""`
}

// Run lists terminals.
func (c *terminalListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Terminals(ctx, c.Merchant)
}

// ownTerminal names one terminal of a merchant.
type ownTerminal struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose terminal." placeholder:"ID" required:""`
	Terminal int64  `arg:"" help:"The terminal's number, as the list shows it."`
}

type terminalSetCommand struct {
	ownTerminal   `embed:""`
	terminalFlags `embed:""`
	operatorFlag  `embed:""`

	Name     *string `help:"What it is, in your words."`
	Anywhere bool    `help:"Payers may be sent back to any address."`
}

// Run changes the terminal.
func (c *terminalSetCommand) Run(ctx context.Context, t server.Terminal) error {
	terms := c.terms(c.Name)
	if terms.Anywhere = c.Anywhere; c.Anywhere && len(c.Origin) > 0 {
		return &usageError{"--anywhere and --origin exclude each other"}
	}
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.SetTerminal(ctx, c.Merchant, c.Terminal, terms)
}

type terminalRotateCommand struct {
	ownTerminal  `embed:""`
	operatorFlag `embed:""`
}

// Run makes a new secret.
func (c *terminalRotateCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.RotateTerminal(ctx, c.Merchant, c.Terminal)
}
