package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type backupCommand struct {
	dataFlags `embed:""`

	To string `help:"A new file for the copy." placeholder:"FILE" required:"" type:"path"`
}

// Run copies.
func (c *backupCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Backup(ctx, c.To)
}

type restoreCommand struct {
	dataFlags `embed:""`

	From string `help:"The file of a backup." placeholder:"FILE" required:"" type:"path"`
}

// Run puts a copy back.
func (c *restoreCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Restore(ctx, c.From)
}
