package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type customerCommand struct {
	Add     customerAddCommand     `cmd:"" help:"Open an account for somebody; it gets the next number."`
	List    customerListCommand    `cmd:"" help:"List customers, newest first."`
	Show    customerShowCommand    `cmd:"" help:"Show one with balances and the last transfers."`
	Pin     customerPinCommand     `cmd:"" help:"Give a customer another PIN, read from standard input or a file."`
	Block   customerBlockCommand   `cmd:"" help:"Let no money leave an account; it may still come in."`
	Unblock customerUnblockCommand `cmd:"" help:"Let money leave an account again."`
	Deposit customerDepositCommand `cmd:"" help:"Ask a customer for money with a page to pay on, or book what came."`
}

type customerAddCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Merchant   string `help:"Whose customer." placeholder:"ID" required:""`
	FirstName  string `help:"First name." placeholder:"NAME"`
	LastName   string `help:"Last name." placeholder:"NAME"`
	Email      string `help:"E-mail address, under which others send money to the account; one customer's alone."`
	NationalID string `help:"Some invoices only its holder may pay." name:"national-id" placeholder:"NUMBER"`
	PinFile    string `help:"File with the PIN, or - for standard input." placeholder:"FILE"`
}

// Run opens the account.
func (c *customerAddCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.AddCustomer(ctx, server.NewCustomer{
		Merchant: c.Merchant, FirstName: c.FirstName, LastName: c.LastName, Email: c.Email, NationalID: c.NationalID,
		PIN: c.PinFile,
	})
}

type customerListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose customers." placeholder:"ID" required:""`
	Limit    int    `default:"50" help:"How many at most."`
}

// Run lists customers.
func (c *customerListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Customers(ctx, c.Merchant, c.Limit)
}

// ownCustomer names one customer of a merchant.
type ownCustomer struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose customer." placeholder:"ID" required:""`
	Account  int64  `arg:"" help:"The number of the account, as the list shows it."`
}

type customerShowCommand struct {
	ownCustomer `embed:""`
}

// Run shows the customer.
func (c *customerShowCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.ShowCustomer(ctx, c.Merchant, c.Account)
}

type customerPinCommand struct {
	ownCustomer  `embed:""`
	operatorFlag `embed:""`

	PinFile string `default:"-" help:"File with the PIN, or - for standard input." placeholder:"FILE"`
}

// Run sets the PIN.
func (c *customerPinCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.SetPIN(ctx, c.Merchant, c.Account, c.PinFile)
}

type customerBlockCommand struct {
	ownCustomer  `embed:""`
	operatorFlag `embed:""`

	Note string `help:"Why."`
}

// Run blocks the account.
func (c *customerBlockCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.BlockCustomer(ctx, server.Block{
		Merchant: c.Merchant, Account: c.Account, Operator: who, Note: c.Note,
	})
}

type customerUnblockCommand struct {
	ownCustomer  `embed:""`
	operatorFlag `embed:""`

	Note string `help:"Why."`
}

// Run lets money out again.
func (c *customerUnblockCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.BlockCustomer(ctx, server.Block{
		Merchant: c.Merchant, Account: c.Account, Lift: true, Operator: who, Note: c.Note,
	})
}

type customerDepositCommand struct {
	ownCustomer  `embed:""`
	operatorFlag `embed:""`

	Amount  string `help:"How much." placeholder:"DECIMAL" required:""`
	Unit    string `help:"Currency unit, such as USD, USDT or IRT." required:""`
	Title   string `default:"Deposit" help:"What the page says it is for."`
	Gateway string `help:"The money came: book it at this manual gateway." placeholder:"NAME"`
	Receipt string `help:"With a gateway: number of the bank's or the till's receipt; each counts once."`
	Note    string `help:"With a gateway: anything to remember."`
}

// Run makes the page, or books the money.
func (c *customerDepositCommand) Run(ctx context.Context, t server.Terminal) error {
	if (c.Gateway == "") != (c.Receipt == "") {
		return &usageError{"--gateway and --receipt belong together: both for money that came, none for a page to pay on"}
	}
	wish := server.NewDeposit{
		Merchant: c.Merchant, Account: c.Account, Amount: c.Amount, Unit: c.Unit, Title: c.Title,
		Gateway: c.Gateway, Receipt: c.Receipt, Note: c.Note,
	}
	commands, err := c.commands(t)
	if err == nil && c.Gateway != "" {
		wish.Operator, err = c.who()
	}
	if err != nil {
		return err
	}
	return commands.Deposit(ctx, wish)
}
