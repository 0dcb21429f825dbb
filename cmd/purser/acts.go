package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type actCommand struct {
	List actListCommand `cmd:"" help:"List what people did for a merchant, and who it was, newest first."`
}

type actListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"For whom." placeholder:"ID" required:""`
	Before   int64  `help:"Only what was done before this one." placeholder:"NUMBER"`
	Limit    int    `default:"50" help:"How many at most."`
}

// Run lists acts.
func (c *actListCommand) Run(ctx context.Context, t server.Terminal) error {
	if c.Before < 0 {
		return &usageError{"--before is the number of an act"}
	}
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Acts(ctx, server.WhichActs{Merchant: c.Merchant, Before: c.Before, Limit: c.Limit})
}
