package main

import (
	"context"
	"fmt"

	"github.com/purserhq/purser/internal/server"
)

type keysetCommand struct {
	New    keysetNewCommand    `cmd:"" help:"Make a keyset in a new file, readable by its owner only."`
	Add    keysetAddCommand    `cmd:"" help:"Add a key that opens and seals nothing yet: give it to every server first."`
	Use    keysetUseCommand    `cmd:"" help:"Seal under the key that was added last; the others still open."`
	Reseal keysetResealCommand `cmd:"" help:"Seal anew what older keys sealed in the database; exits 1 if it could not."`
	Remove keysetRemoveCommand `cmd:"" help:"Take out a key under which nothing in the database is sealed any more."`
}

type keysetNewCommand struct {
	File string `arg:"" help:"Where to write it." placeholder:"FILE" type:"path"`
}

// Run makes the file.
func (c *keysetNewCommand) Run(t server.Terminal) error {
	if err := server.NewKeyset(c.File); err != nil {
		return err
	}
	_, err := fmt.Fprintln(t.Out, c.File+" is made. Keep a copy where the database is not.")
	return err
}

type keysetAddCommand struct {
	File string `arg:"" help:"The keyset." placeholder:"FILE" type:"path"`
}

// Run adds a key.
func (c *keysetAddCommand) Run(t server.Terminal) error {
	if err := server.AddKey(c.File); err != nil {
		return err
	}
	_, err := fmt.Fprintln(t.Out, c.File+" has one key more. It belongs to you: chown it to whom the server runs as,\n"+
		"keep a copy, bring it to every server and start each anew. Then: purser keyset use "+c.File)
	return err
}

type keysetUseCommand struct {
	File string `arg:"" help:"The keyset." placeholder:"FILE" type:"path"`
}

// Run lets the newest key seal.
func (c *keysetUseCommand) Run(t server.Terminal) error {
	if err := server.UseKey(c.File); err != nil {
		return err
	}
	_, err := fmt.Fprintln(t.Out, c.File+" names its newest key for sealing. Chown it, bring it to every server\n"+
		"and start each anew. What was sealed before opens with the older keys until it is sealed anew,\n"+
		"when all servers have this keyset: purser keyset reseal")
	return err
}

type keysetResealCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Check bool `help:"Only count what is sealed under which key; on SQLite too while the server runs."`
}

// Run seals anew.
func (c *keysetResealCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Reseal(ctx, c.Check)
}

type keysetRemoveCommand struct {
	dataFlags `embed:""`

	File string `arg:"" help:"The keyset." placeholder:"FILE" type:"path"`
	Key  uint32 `arg:"" help:"The key's number, as purser keyset reseal shows it." placeholder:"KEY"`
}

// Run removes a key.
func (c *keysetRemoveCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.RemoveKey(ctx, c.File, c.Key)
}
