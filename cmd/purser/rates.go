package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type rateCommand struct {
	Set  rateSetCommand  `cmd:"" help:"Set the rates of a market; the first ones open it."`
	List rateListCommand `cmd:"" help:"List a merchant's markets with their rates."`
}

type rateSetCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Merchant string `help:"Whose rates." placeholder:"ID" required:""`
	Market   string `arg:"" help:"Two currency units such as USDIRT: what one of the first is worth in the second."`
	Buy      string `help:"Rate at which customers buy the first unit." placeholder:"DECIMAL" required:""`
	Sell     string `help:"Rate at which they sell it; not above the other." placeholder:"DECIMAL" required:""`
	Source   string `help:"Where the rates come from." required:""`
}

// Run sets the rates.
func (c *rateSetCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.SetRate(ctx, server.NewRate{
		Merchant: c.Merchant, Market: c.Market, Buy: c.Buy, Sell: c.Sell, Source: c.Source,
	})
}

type rateListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose rates." placeholder:"ID" required:""`
}

// Run lists rates.
func (c *rateListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Rates(ctx, c.Merchant)
}
