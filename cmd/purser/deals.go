package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type dealCommand struct {
	List    dealListCommand    `cmd:"" help:"List deals of all merchants, newest first."`
	Show    dealShowCommand    `cmd:"" help:"Show one: where money is sent to, and who decided what."`
	Confirm dealConfirmCommand `cmd:"" help:"Say that the money came, or that the trader sent it: coins pay for it."`
	Correct dealCorrectCommand `cmd:"" help:"Say that another sum came for a completed one than was said."`
	Cancel  dealCancelCommand  `cmd:"" help:"Say that no money came, or that the trader does not send it."`
	Code    dealCodeCommand    `cmd:"" help:"Give one the address of the code that it is paid by."`
	Match   dealMatchCommand   `cmd:"" help:"Find the deal that money which came belongs to."`
	Attach  dealAttachCommand  `cmd:"" help:"Keep a file about one: a receipt, or a picture of it."`
	Files   dealFilesCommand   `cmd:"" help:"List the files about one, and write them into a folder."`
}

type dealListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Only this merchant's." placeholder:"ID"`
	Trader   string `help:"Only this trader's." placeholder:"ID"`
	State    string `default:"" enum:"${deals}" help:"Only those in a state, such as transfer_confirmed."`
	Limit    int    `default:"50" help:"How many at most."`
}

// Run lists deals.
func (c *dealListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Deals(ctx, server.WhichDeals{
		Merchant: c.Merchant, Trader: c.Trader, State: c.State, Limit: c.Limit,
	})
}

type dealShowCommand struct {
	dataFlags `embed:""`

	Deal  string `arg:"" help:"The deal's id, as the list shows it."`
	Whole bool   `help:"Show the whole number that money is sent to, which is personal data."`
}

// Run shows the deal.
func (c *dealShowCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.ShowDeal(ctx, c.Deal, c.Whole)
}

// dealWord is what an operator says about a deal.
type dealWord struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Deal string `arg:"" help:"The deal's id, as the list shows it."`
	Note string `help:"Why, or anything to remember."`
}

// word is it as the server takes it.
func (c *dealWord) word(t server.Terminal) (server.DealWord, server.Commands, error) {
	who, commands, err := c.decider(c.dataFlags, t)
	return server.DealWord{Deal: c.Deal, Operator: who, Note: c.Note}, commands, err
}

type dealConfirmCommand struct {
	dealWord `embed:""`

	Paid    string `help:"How much really came; without it, as much as was agreed." placeholder:"DECIMAL"`
	Receipt string `help:"The bank's id of the transfer, which every payout needs; each counts once." placeholder:"ID"`
}

// Run takes the operator's word.
func (c *dealConfirmCommand) Run(ctx context.Context, t server.Terminal) error {
	word, commands, err := c.word(t)
	if err != nil {
		return err
	}
	word.Paid, word.Receipt = c.Paid, c.Receipt
	return commands.ConfirmDeal(ctx, word)
}

type dealCorrectCommand struct {
	dealWord `embed:""`

	Paid string `help:"How much really came." placeholder:"DECIMAL" required:""`
}

// Run takes the operator's word.
func (c *dealCorrectCommand) Run(ctx context.Context, t server.Terminal) error {
	word, commands, err := c.word(t)
	if err != nil {
		return err
	}
	word.Paid = c.Paid
	return commands.CorrectDeal(ctx, word)
}

type dealCancelCommand struct {
	dealWord `embed:""`
}

// Run takes the operator's word.
func (c *dealCancelCommand) Run(ctx context.Context, t server.Terminal) error {
	word, commands, err := c.word(t)
	if err != nil {
		return err
	}
	return commands.CancelDeal(ctx, word)
}

type dealCodeCommand struct {
	dealWord `embed:""`

	Link string `arg:"" help:"What the payer's telephone reads from the code: an address with https."`
}

// Run takes the operator's word.
func (c *dealCodeCommand) Run(ctx context.Context, t server.Terminal) error {
	word, commands, err := c.word(t)
	if err != nil {
		return err
	}
	return commands.GiveCode(ctx, word, c.Link)
}

type dealMatchCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Requisite string `help:"Where the money came to." placeholder:"ID" required:""`
	Amount    string `help:"How much came, to the last step." placeholder:"DECIMAL" required:""`
	Confirm   bool   `help:"Confirm the deal that is found."`
	Receipt   string `help:"With --confirm: the bank's id of the transfer; each counts once." placeholder:"ID"`
	Note      string `help:"With --confirm: anything to remember."`
}

// Run finds the deal.
func (c *dealMatchCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.MatchDeal(ctx, server.Arrival{
		Requisite: c.Requisite, Amount: c.Amount, Confirm: c.Confirm, Receipt: c.Receipt, Operator: who,
		Note: c.Note,
	})
}

type dealAttachCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Deal string `arg:"" help:"The deal's id, as the list shows it."`
	File string `arg:"" help:"A PNG, JPEG or PDF of at most 10 MB." type:"existingfile"`
}

// Run keeps the file.
func (c *dealAttachCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.AttachFile(ctx, c.Deal, c.File, who)
}

type dealFilesCommand struct {
	dataFlags `embed:""`

	Deal string `arg:"" help:"The deal's id, as the list shows it."`
	To   string `help:"Write them into this folder, which must be there; what has the same name stays." placeholder:"DIR"`
}

// Run lists the files.
func (c *dealFilesCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Files(ctx, c.Deal, c.To)
}

type disputeCommand struct {
	List    disputeListCommand    `cmd:"" help:"List deals that are disputed, newest first."`
	Resolve disputeResolveCommand `cmd:"" help:"Decide about a disputed deal."`
}

type disputeListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Only this merchant's." placeholder:"ID"`
	Limit    int    `default:"50" help:"How many at most."`
}

// Run lists disputes.
func (c *disputeListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Disputes(ctx, c.Merchant, c.Limit)
}

type disputeResolveCommand struct {
	dealWord `embed:""`

	Won     bool   `help:"The money was sent, and is booked; of a payout: it did not arrive." required:"" xor:"decision"`
	Lost    bool   `help:"No money was sent; of a payout: it did arrive." required:"" xor:"decision"`
	Receipt string `help:"With --lost, of a payout without one: the bank's id of the transfer." placeholder:"ID"`
	Paid    string `help:"With --won: how much was sent; without it, as the dispute says." placeholder:"DECIMAL"`
}

// Run takes the operator's decision.
func (c *disputeResolveCommand) Run(ctx context.Context, t server.Terminal) error {
	if c.Lost && c.Paid != "" {
		return &usageError{"--paid is for disputes that are won"}
	}
	word, commands, err := c.word(t)
	if err != nil {
		return err
	}
	word.Paid, word.Receipt = c.Paid, c.Receipt
	return commands.ResolveDispute(ctx, word, c.Won)
}
