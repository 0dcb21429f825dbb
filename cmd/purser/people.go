package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type merchantCommand struct {
	Add  merchantAddCommand  `cmd:"" help:"Add a merchant."`
	List merchantListCommand `cmd:"" help:"List all merchants."`
}

type merchantAddCommand struct {
	dataFlags `embed:""`

	Name       string `help:"Name that payers see." required:""`
	SplitLimit string `help:"Split requests above so many Rial into several payments." placeholder:"RIAL"`
}

// Run adds the merchant.
func (c *merchantAddCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.AddMerchant(ctx, c.Name, c.SplitLimit)
}

type merchantListCommand struct {
	dataFlags `embed:""`
}

// Run lists merchants.
func (c *merchantListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Merchants(ctx)
}

type keyCommand struct {
	Add    keyAddCommand    `cmd:"" help:"Make a key; its secret is shown this once."`
	List   keyListCommand   `cmd:"" help:"List keys, revoked ones too."`
	Revoke keyRevokeCommand `cmd:"" help:"End a key."`
}

type keyAddCommand struct {
	dataFlags `embed:""`

	Merchant string   `help:"Whose key it is." placeholder:"ID" required:""`
	Label    string   `help:"What it is for, in your words."`
	Scope    []string `default:"payments" enum:"payments,admin" help:"What it may do: payments or admin."`
}

// Run makes a key.
func (c *keyAddCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.AddKey(ctx, c.Merchant, c.Label, c.Scope)
}

type keyListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose keys." placeholder:"ID" required:""`
}

// Run lists keys.
func (c *keyListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Keys(ctx, c.Merchant)
}

type keyRevokeCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose key it is." placeholder:"ID" required:""`
	Key      string `arg:"" help:"The key's id, as the list shows it."`
}

// Run revokes a key.
func (c *keyRevokeCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.RevokeKey(ctx, c.Merchant, c.Key)
}

type gatewayCommand struct {
	Add  gatewayAddCommand  `cmd:"" help:"Add a contract, or replace the one of that name."`
	List gatewayListCommand `cmd:"" help:"List contracts in the order of routing."`
}

type gatewayAddCommand struct {
	dataFlags `embed:""`

	Merchant    string   `help:"Whose contract it is." placeholder:"ID" required:""`
	Connector   string   `help:"The provider: zarinpal, shepa, zibal or manual." required:""`
	Name        string   `help:"The merchant's name for it; usually the connector's."`
	Order       int      `default:"1" help:"Routing tries the lowest first."`
	Disabled    bool     `help:"Take no new payments."`
	Setting     []string `help:"Such as mode=test; may be repeated." placeholder:"NAME=VALUE" sep:"none"`
	Credentials string   `help:"File of JSON with the credentials, or - for standard input." placeholder:"FILE"`
}

// Run stores the contract.
func (c *gatewayAddCommand) Run(ctx context.Context, t server.Terminal) error {
	wish := server.NewGateway{
		Merchant: c.Merchant, Name: c.Name, Connector: c.Connector, Order: c.Order, Disabled: c.Disabled,
		Settings: map[string]string{}, Credentials: c.Credentials,
	}
	for _, text := range c.Setting {
		name, value, err := pair(text)
		if err != nil {
			return err
		}
		wish.Settings[name] = value
	}
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.PutGateway(ctx, wish)
}

type gatewayListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose contracts." placeholder:"ID" required:""`
}

// Run lists contracts.
func (c *gatewayListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Gateways(ctx, c.Merchant)
}

type paymentCommand struct {
	Confirm paymentConfirmCommand `cmd:"" help:"Say that the money of a manual payment came."`
	Reject  paymentRejectCommand  `cmd:"" help:"Say that it did not come."`
}

type paymentConfirmCommand struct {
	dataFlags `embed:""`

	Payment  string `arg:"" help:"The payment's id."`
	Receipt  string `help:"Number of the bank's or the till's receipt; each counts once." required:""`
	Operator string `help:"Who says so." required:""`
	Note     string `help:"Anything to remember."`
}

// Run takes the operator's word.
func (c *paymentConfirmCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Say(ctx, server.Word{
		Payment: c.Payment, Paid: true, Receipt: c.Receipt, Operator: c.Operator, Note: c.Note,
	})
}

type paymentRejectCommand struct {
	dataFlags `embed:""`

	Payment  string `arg:"" help:"The payment's id."`
	Operator string `help:"Who says so." required:""`
	Note     string `help:"Why."`
}

// Run takes the operator's word.
func (c *paymentRejectCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Say(ctx, server.Word{Payment: c.Payment, Operator: c.Operator, Note: c.Note})
}
