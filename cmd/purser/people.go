package main

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/server"
)

type merchantCommand struct {
	Add   merchantAddCommand   `cmd:"" help:"Add a merchant."`
	List  merchantListCommand  `cmd:"" help:"List all merchants."`
	Show  merchantShowCommand  `cmd:"" help:"Show one with its own money and its networks for sending out."`
	Set   merchantSetCommand   `cmd:"" help:"Change what a merchant is known by."`
	Rail  merchantRailCommand  `cmd:"" help:"Add a network on which a merchant sends coins out, or change it."`
	Limit merchantLimitCommand `cmd:"" help:"Let two people approve payouts above an amount."`
}

type merchantAddCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

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

// oneMerchant names a merchant.
type oneMerchant struct {
	dataFlags `embed:""`

	Merchant string `arg:"" help:"The merchant's id, as the list shows it."`
}

type merchantShowCommand struct {
	oneMerchant `embed:""`
}

// Run shows the merchant.
func (c *merchantShowCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.ShowMerchant(ctx, c.Merchant)
}

type merchantSetCommand struct {
	oneMerchant  `embed:""`
	operatorFlag `embed:""`

	Email *string `help:"E-mail address of the merchant's own account; an empty one takes it away."`
	Guard *string `enum:"off,hold" help:"Hold unusual amounts asked for at no terminal: off or hold." name:"amount-guard"`
	Split *string `help:"Split requests above so many Rial from now on; 0: none." name:"split-limit" placeholder:"RIAL"`
}

// Run changes the merchant.
func (c *merchantSetCommand) Run(ctx context.Context, t server.Terminal) error {
	if c.Email == nil && c.Guard == nil && c.Split == nil {
		return &usageError{"say --email, --amount-guard or --split-limit"}
	}
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.SetMerchant(ctx, c.Merchant, server.MerchantTerms{Email: c.Email, Guard: c.Guard, Split: c.Split})
}

type merchantRailCommand struct {
	oneMerchant  `embed:""`
	operatorFlag `embed:""`

	Unit     string `help:"What is sent out, such as USDT." required:""`
	Network  string `help:"On which network: TRX or BNB." required:""`
	Min      string `help:"The smallest amount, fee included." placeholder:"DECIMAL"`
	Fee      string `help:"What is taken out of each amount." placeholder:"DECIMAL"`
	Decimals *int   `help:"How many places the network knows; usually all of the unit."`
	On       bool   `help:"Send on it again." xor:"active"`
	Off      bool   `help:"Take no more payouts for it." xor:"active"`
}

// Run adds the network or changes it.
func (c *merchantRailCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	terms := server.RailTerms{
		Merchant: c.Merchant, Unit: c.Unit, Network: c.Network, Min: c.Min, Fee: c.Fee, Decimals: c.Decimals,
	}
	if c.On || c.Off {
		terms.Active = &c.On
	}
	return commands.SetRail(ctx, terms)
}

type merchantLimitCommand struct {
	oneMerchant  `embed:""`
	operatorFlag `embed:""`

	Unit  string `help:"What is sent out, such as USDT." required:""`
	Above string `help:"Payouts of more need two approvals; 0 takes the limit away." placeholder:"DECIMAL" required:""`
}

// Run sets the limit.
func (c *merchantLimitCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.SetPayoutLimit(ctx, c.Merchant, c.Unit, c.Above)
}

type keyCommand struct {
	Add     keyAddCommand     `cmd:"" help:"Make a key; its secret is shown this once."`
	List    keyListCommand    `cmd:"" help:"List keys, revoked ones too."`
	Replace keyReplaceCommand `cmd:"" help:"Make a key in the place of another, which ends a little later."`
	Revoke  keyRevokeCommand  `cmd:"" help:"End a key."`
	Rotate  keyRotateCommand  `cmd:"" help:"Give all keys of a merchant's stores one new secret, shown this once."`
}

type keyAddCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Merchant string        `help:"Whose key it is." placeholder:"ID" required:""`
	Label    string        `help:"What it is for, in your words."`
	Scope    []string      `help:"What it may do: payments, the default; admin; or such as refunds:read. May be repeated."`
	Lasts    time.Duration `help:"How long it is good, such as 2160h; without it until it is revoked." placeholder:"TIME"`

	Signing bool     `help:"Make a key that signs calls, as the API with wallets wants it."`
	Account int64    `help:"The account that a signing key acts for; usually the merchant's own." placeholder:"NUMBER"`
	Method  []string `help:"A call that a signing key may make, such as balance; may be repeated."`
	Network []string `help:"Where a signing key may be used from; may be repeated." placeholder:"CIDR"`
	Store   int64    `help:"Make the signing key of this store, for the p2p API and nothing else." placeholder:"NUMBER"`
}

// Run makes a key.
func (c *keyAddCommand) Run(ctx context.Context, t server.Terminal) error {
	if err := c.check(); err != nil {
		return err
	}
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	if !c.Signing {
		return commands.AddKey(ctx, server.NewKey{
			Merchant: c.Merchant, Label: c.Label, Scopes: c.Scope, Lasts: c.Lasts,
		})
	}
	if c.Store != 0 {
		return commands.AddStoreKey(ctx, server.NewStoreKey{
			Merchant: c.Merchant, Store: c.Store, Label: c.Label, Networks: c.Network,
		})
	}
	return commands.AddSigningKey(ctx, server.NewSigningKey{
		Merchant: c.Merchant, Label: c.Label, Account: c.Account, Methods: c.Method, Networks: c.Network,
	})
}

// check keeps the two kinds of keys apart.
func (c *keyAddCommand) check() error {
	for _, scope := range c.Scope {
		if known := server.KeyScopes(); !slices.Contains(known, scope) {
			return &usageError{"--scope must be one of " + strings.Join(known, ", ") + ", not " + strconv.Quote(scope)}
		}
	}
	limited := c.Account != 0 || len(c.Method) > 0 || len(c.Network) > 0 || c.Store != 0
	switch {
	case c.Signing && (len(c.Scope) > 0 || c.Lasts != 0):
		return &usageError{"--scope and --lasts are for keys that are sent: limit a signing key with --method and --network"}
	case !c.Signing && limited:
		return &usageError{"--account, --method, --network and --store are for signing keys: add --signing"}
	case c.Store < 0:
		return &usageError{"--store must be the number of a terminal"}
	case c.Store != 0 && (c.Account != 0 || len(c.Method) > 0):
		return &usageError{"the key of a --store makes the calls of that store only: leave out --account and --method"}
	}
	return nil
}

type keyRotateCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Merchant string `help:"Whose stores." placeholder:"ID" required:""`
}

// Run changes the secret.
func (c *keyRotateCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.RotateStoreSecret(ctx, c.Merchant)
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

type keyReplaceCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Merchant string        `help:"Whose key it is." placeholder:"ID" required:""`
	Key      string        `arg:"" help:"The key's id, as the list shows it."`
	Overlap  time.Duration `default:"24h" help:"How long the old key stays good."`
}

// Run makes the next key.
func (c *keyReplaceCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.ReplaceKey(ctx, c.Merchant, c.Key, c.Overlap)
}

type keyRevokeCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

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

	Remove gatewayRemoveCommand `cmd:"" help:"Remove a contract that nothing needs any more."`
}

type gatewayAddCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Merchant    string   `help:"Whose contract it is." placeholder:"ID" required:""`
	Connector   string   `help:"The provider, such as zarinpal, stripe or manual." required:""`
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

type gatewayRemoveCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Merchant string `help:"Whose contract it is." placeholder:"ID" required:""`
	Name     string `arg:"" help:"The merchant's name for it."`
}

// Run removes the contract.
func (c *gatewayRemoveCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.RemoveGateway(ctx, c.Merchant, c.Name)
}

type paymentCommand struct {
	Confirm paymentConfirmCommand `cmd:"" help:"Say that the money of a manual payment came."`
	Reject  paymentRejectCommand  `cmd:"" help:"Say that it did not come."`
	Cancel  paymentCancelCommand  `cmd:"" help:"Withdraw a payment that is not paid."`
}

type paymentConfirmCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Payment string `arg:"" help:"The payment's id."`
	Receipt string `help:"Number of the bank's or the till's receipt; each counts once." required:""`
	Note    string `help:"Anything to remember."`
}

// Run takes the operator's word.
func (c *paymentConfirmCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.Say(ctx, server.Word{
		Payment: c.Payment, Paid: true, Receipt: c.Receipt, Operator: who, Note: c.Note,
	})
}

type paymentRejectCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Payment string `arg:"" help:"The payment's id."`
	Note    string `help:"Why."`
}

// Run takes the operator's word.
func (c *paymentRejectCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.Say(ctx, server.Word{Payment: c.Payment, Operator: who, Note: c.Note})
}

type paymentCancelCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Payment string `arg:"" help:"The payment's id."`
	Note    string `help:"Why."`
}

// Run withdraws the payment.
func (c *paymentCancelCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.CancelPayment(ctx, server.Word{Payment: c.Payment, Operator: who, Note: c.Note})
}
