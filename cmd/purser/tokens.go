package main

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/server"
)

type tokenCommand struct {
	Issuer issuerCommand    `cmd:"" help:"Say whose tokens a merchant believes."`
	Mint   tokenMintCommand `cmd:"" help:"Sign a token to develop with; that is an act on record."`
}

type issuerCommand struct {
	Add    issuerAddCommand    `cmd:"" help:"Believe the tokens of an issuer; a secret that is made is shown this once."`
	List   issuerListCommand   `cmd:"" help:"List issuers, revoked ones too."`
	Revoke issuerRevokeCommand `cmd:"" help:"Believe them no longer."`
}

type issuerAddCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Merchant   string `help:"Whose users come with the tokens." placeholder:"ID" required:""`
	SecretFile string `help:"File with its secret, - for standard input; without it one is made." placeholder:"FILE"`
	KeySet     string `help:"Address of its public keys (JWKS), instead of a secret." placeholder:"URL"`
	Audience   string `help:"Whom its tokens must be for (aud)." placeholder:"NAME"`
	Issuer     string `arg:"" help:"The issuer's name, as its tokens carry it (iss)."`
}

// Run adds the issuer.
func (c *issuerAddCommand) Run(ctx context.Context, t server.Terminal) error {
	if c.SecretFile != "" && c.KeySet != "" {
		return &usageError{"--secret-file and --key-set exclude each other"}
	}
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.AddIssuer(ctx, server.NewIssuer{
		Merchant: c.Merchant, Name: c.Issuer, Audience: c.Audience, KeySet: c.KeySet, Secret: c.SecretFile,
	})
}

type issuerListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose issuers." placeholder:"ID" required:""`
}

// Run lists issuers.
func (c *issuerListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Issuers(ctx, c.Merchant)
}

type issuerRevokeCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Merchant string `help:"Whose issuer it is." placeholder:"ID" required:""`
	Issuer   string `arg:"" help:"The issuer's name."`
}

// Run revokes the issuer.
func (c *issuerRevokeCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.RevokeIssuer(ctx, c.Merchant, c.Issuer)
}

type tokenMintCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Issuer string        `help:"Whose secret signs it." placeholder:"NAME" required:""`
	User   string        `help:"The user's id, a UUID." placeholder:"UUID" required:""`
	Role   string        `enum:"CUSTOMER,SELLER,ADMIN,SUPER_ADMIN" help:"What the user is: ${enum}." required:""`
	Email  string        `help:"The user's address."`
	TTL    time.Duration `default:"24h" help:"How long it is good, at most 720h." name:"ttl" placeholder:"TIME"`
}

// Run mints the token.
func (c *tokenMintCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.MintToken(ctx, server.NewUserToken{
		Issuer: c.Issuer, User: c.User, Role: c.Role, Email: c.Email, Life: c.TTL,
	})
}
