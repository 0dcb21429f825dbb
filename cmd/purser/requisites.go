package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type requisiteCommand struct {
	Add     requisiteAddCommand     `cmd:"" help:"Add an account of a trader that payers can send money to."`
	List    requisiteListCommand    `cmd:"" help:"List requisites, newest first."`
	Set     requisiteSetCommand     `cmd:"" help:"Change a requisite; what is not said stays."`
	Disable requisiteDisableCommand `cmd:"" help:"Begin no new deals on a requisite; those that are live go on."`
	Enable  requisiteEnableCommand  `cmd:"" help:"Begin deals on a requisite again."`
}

// requisiteFlags are what can be left unsaid of any requisite.
type requisiteFlags struct {
	DaySum   *string `help:"All deals of one day (UTC) together; 0 is no limit." placeholder:"DECIMAL"`
	DayCount *int    `help:"How many deals on one day (UTC); 0 is no limit." placeholder:"NUMBER"`
	From     *string `help:"Time of day (UTC) from which deals may begin." placeholder:"08:00"`
	Until    *string `help:"Time of day (UTC) until which they may; the same as --from is always." placeholder:"22:00"`
}

// terms are the flags as the server takes them.
func (f requisiteFlags) terms() server.RequisiteTerms {
	return server.RequisiteTerms{DaySum: f.DaySum, DayCount: f.DayCount, From: f.From, Until: f.Until}
}

type requisiteAddCommand struct {
	dataFlags      `embed:""`
	operatorFlag   `embed:""`
	requisiteFlags `embed:""`

	Merchant string `help:"Whose requisite." placeholder:"ID" required:""`
	Trader   string `help:"The trader whose account it is." placeholder:"ID" required:""`
	Option   string `help:"The way that it is reached, such as SBP or TO_CARD." required:""`
	Method   string `help:"The bank, such as sberbank." required:""`
	Number   string `help:"A card, a telephone or an account, as payers are shown it." required:""`
	Holder   string `help:"Whose name payers are shown." required:""`
	Unit     string `help:"Currency that it takes, such as RUB." required:""`
	Least    string `help:"The least of one deal." placeholder:"DECIMAL" required:""`
	Most     string `help:"The most of one deal." placeholder:"DECIMAL" required:""`
}

// Run adds the requisite.
func (c *requisiteAddCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	terms := c.terms()
	terms.Merchant, terms.Trader, terms.Unit, terms.Operator = c.Merchant, c.Trader, c.Unit, who
	terms.Option, terms.Method, terms.Number, terms.Holder = &c.Option, &c.Method, &c.Number, &c.Holder
	terms.Least, terms.Most = &c.Least, &c.Most
	return commands.AddRequisite(ctx, terms)
}

type requisiteListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose requisites; not needed with --trader." placeholder:"ID"`
	Trader   string `help:"Only this trader's." placeholder:"ID"`
	Whole    bool   `help:"Show whole numbers, which are personal data."`
	Limit    int    `default:"50" help:"How many at most."`
}

// Run lists requisites.
func (c *requisiteListCommand) Run(ctx context.Context, t server.Terminal) error {
	if c.Merchant == "" && c.Trader == "" {
		return &usageError{"say whose requisites: --merchant or --trader"}
	}
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Requisites(ctx, server.WhichRequisites{
		Merchant: c.Merchant, Trader: c.Trader, Whole: c.Whole, Limit: c.Limit,
	})
}

// oneRequisite names a requisite and who decides about it.
type oneRequisite struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Requisite string `arg:"" help:"The requisite's id, as the list shows it."`
}

// set changes the requisite.
func (c *oneRequisite) set(ctx context.Context, t server.Terminal, terms server.RequisiteTerms) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	terms.ID, terms.Operator = c.Requisite, who
	return commands.SetRequisite(ctx, terms)
}

type requisiteSetCommand struct {
	oneRequisite   `embed:""`
	requisiteFlags `embed:""`

	Option *string `help:"The way that it is reached, such as SBP or TO_CARD."`
	Method *string `help:"The bank, such as sberbank."`
	Number *string `help:"A card, a telephone or an account, as payers are shown it."`
	Holder *string `help:"Whose name payers are shown."`
	Least  *string `help:"The least of one deal." placeholder:"DECIMAL"`
	Most   *string `help:"The most of one deal." placeholder:"DECIMAL"`
}

// Run changes the requisite.
func (c *requisiteSetCommand) Run(ctx context.Context, t server.Terminal) error {
	terms := c.terms()
	terms.Option, terms.Method, terms.Number, terms.Holder = c.Option, c.Method, c.Number, c.Holder
	terms.Least, terms.Most = c.Least, c.Most
	return c.set(ctx, t, terms)
}

type requisiteDisableCommand struct {
	oneRequisite `embed:""`
}

// Run takes the requisite out of use.
func (c *requisiteDisableCommand) Run(ctx context.Context, t server.Terminal) error {
	disabled := true
	return c.set(ctx, t, server.RequisiteTerms{Disabled: &disabled})
}

type requisiteEnableCommand struct {
	oneRequisite `embed:""`
}

// Run takes the requisite into use again.
func (c *requisiteEnableCommand) Run(ctx context.Context, t server.Terminal) error {
	disabled := false
	return c.set(ctx, t, server.RequisiteTerms{Disabled: &disabled})
}
