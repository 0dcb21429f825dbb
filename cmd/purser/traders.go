package main

import (
	"context"

	"github.com/purserhq/purser/internal/server"
)

type traderCommand struct {
	Add      traderAddCommand      `cmd:"" help:"Add somebody who receives transfers of payers and pays for them in USDT."`
	List     traderListCommand     `cmd:"" help:"List a merchant's traders with their coins, newest first."`
	Disable  traderDisableCommand  `cmd:"" help:"Begin no new deals with a trader; those that are live go on."`
	Enable   traderEnableCommand   `cmd:"" help:"Begin deals with a trader again."`
	Deposit  traderDepositCommand  `cmd:"" help:"Book USDT that a trader put in."`
	Withdraw traderWithdrawCommand `cmd:"" help:"Book USDT that a trader took out."`
}

type traderAddCommand struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Merchant string `help:"Whose trader." placeholder:"ID" required:""`
	Name     string `help:"Who it is, in your words." required:""`
}

// Run adds the trader.
func (c *traderAddCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.AddTrader(ctx, c.Merchant, c.Name, who)
}

type traderListCommand struct {
	dataFlags `embed:""`

	Merchant string `help:"Whose traders." placeholder:"ID" required:""`
	Limit    int    `default:"50" help:"How many at most."`
}

// Run lists traders.
func (c *traderListCommand) Run(ctx context.Context, t server.Terminal) error {
	commands, err := c.commands(t)
	if err != nil {
		return err
	}
	return commands.Traders(ctx, c.Merchant, c.Limit)
}

// oneTrader names a trader and who decides about them.
type oneTrader struct {
	dataFlags    `embed:""`
	operatorFlag `embed:""`

	Trader string `arg:"" help:"The trader's id, as the list shows it."`
}

type traderDisableCommand struct {
	oneTrader `embed:""`
}

// Run takes the trader out of use.
func (c *traderDisableCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.SwitchTrader(ctx, c.Trader, true, who)
}

type traderEnableCommand struct {
	oneTrader `embed:""`
}

// Run takes the trader into use again.
func (c *traderEnableCommand) Run(ctx context.Context, t server.Terminal) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.SwitchTrader(ctx, c.Trader, false, who)
}

// traderCoins are coins that moved between a trader and an operator.
type traderCoins struct {
	oneTrader `embed:""`

	Amount  string `help:"How many USDT." placeholder:"DECIMAL" required:""`
	Gateway string `help:"The manual gateway that they moved through." placeholder:"NAME" required:""`
	Receipt string `help:"The network's id of the transaction; each counts once." placeholder:"TXID" required:""`
}

// move books them.
func (c *traderCoins) move(ctx context.Context, t server.Terminal, out bool) error {
	who, commands, err := c.decider(c.dataFlags, t)
	if err != nil {
		return err
	}
	return commands.MoveTraderCoins(ctx, server.TraderCoins{
		Trader: c.Trader, Amount: c.Amount, Out: out, Gateway: c.Gateway, Receipt: c.Receipt, Operator: who,
	})
}

type traderDepositCommand struct {
	traderCoins `embed:""`
}

// Run books the coins.
func (c *traderDepositCommand) Run(ctx context.Context, t server.Terminal) error {
	return c.move(ctx, t, false)
}

type traderWithdrawCommand struct {
	traderCoins `embed:""`
}

// Run books the coins.
func (c *traderWithdrawCommand) Run(ctx context.Context, t server.Terminal) error {
	return c.move(ctx, t, true)
}
