package main

import (
	"context"
	"os"
	"os/user"

	"github.com/alecthomas/kong"

	"github.com/purserhq/purser/internal/server"
)

// operatorFlag says who decides. Whoever works as another user by way of sudo
// is still the one who decides.
type operatorFlag struct {
	Operator string `help:"Who says so; without it, the user who runs this."`
}

// who is the operator's name. Error: a misuse when nobody has one.
func (f operatorFlag) who() (string, error) {
	if f.Operator != "" {
		return f.Operator, nil
	}
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name, nil
	}
	if known, err := user.Current(); err == nil && known.Username != "" {
		return known.Username, nil
	}
	return "", &usageError{"the user who runs this has no name: say who decides with --operator"}
}

// inTheNameOf puts down whose command it is, for what records who did it. Only
// commands that ask for an operator need one who has a name.
func inTheNameOf(ctx context.Context, parsed *kong.Context) (context.Context, error) {
	var said operatorFlag
	needed := false
	for _, f := range parsed.Flags() {
		if f.Name == "operator" {
			said.Operator, needed = f.Target.String(), true
		}
	}
	who, err := said.who()
	if err != nil && needed {
		return ctx, err
	}
	return server.AsOperator(ctx, who), nil
}

// decider is ready to take an operator's word.
func (f operatorFlag) decider(d dataFlags, t server.Terminal) (who string, commands server.Commands, err error) {
	if who, err = f.who(); err == nil {
		commands, err = d.commands(t)
	}
	return who, commands, err
}
