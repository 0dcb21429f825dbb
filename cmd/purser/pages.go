package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type pagesCommand struct {
	List  pagesListCommand  `cmd:"" help:"List the scripts and styles of the payment pages, with their hashes."`
	Check pagesCheckCommand `cmd:"" help:"Read pages as payers get them; exits 1 if anything is not as it was built."`
}

type pagesListCommand struct{}

// Run lists.
func (*pagesListCommand) Run(t server.Terminal) error { return server.ListFiles(t) }

type pagesCheckCommand struct {
	URLs []string `arg:"" default:"http://127.0.0.1:8080/pay/" help:"Any pages below /pay/, as payers have them."`
}

// Run checks, for whatever does it every week.
func (c *pagesCheckCommand) Run(ctx context.Context, t server.Terminal) error {
	return server.CheckPages(ctx, t, c.URLs)
}
