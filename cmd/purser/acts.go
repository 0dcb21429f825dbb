package main

import (
	"context"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/server"
)

type actCommand struct {
	List actListCommand `cmd:"" help:"List what people did for a merchant, and who it was, newest first."`
}

type actListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"For whom." placeholder:"ID" required:""`
	About    string `help:"Only what was done to this sort of thing, such as key, gateway or payment." placeholder:"NOUN"`
	By       string `help:"Only where this stands in BY or WORDS, such as a name or the id of a key." placeholder:"WORD"`
	Before   int64  `help:"Only what was done before this one." placeholder:"NUMBER"`
	Limit    int    `default:"50" help:"How many at most."`
}

// Run lists acts.
func (c *actListCommand) Run(ctx context.Context, t server.Terminal) error {
	if c.Before < 0 {
		return &usageError{"--before is the number of an act"}
	}
	if known := server.ActNouns(); c.About != "" && !slices.Contains(known, c.About) {
		return &usageError{"--about is one of " + strings.Join(known, ", ")}
	}
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Acts(ctx, server.WhichActs{
		Merchant: c.Merchant, About: c.About, By: c.By, Before: c.Before, Limit: c.Limit,
	})
}
