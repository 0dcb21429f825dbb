package server

import (
	"context"
	"errors"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// traderView is a trader as programs see it.
type traderView struct {
	ID        string `json:"id"`
	Merchant  string `json:"merchant"`
	Name      string `json:"name"`
	State     string `json:"state"`
	Coins     string `json:"coins"` // what they have put in and not spent
	CreatedAt string `json:"created_at"`
}

func viewTrader(v app.TraderView) traderView {
	return traderView{
		ID: v.Trader.ID, Merchant: v.Trader.Merchant, Name: v.Trader.Name, State: string(v.Trader.Standing()),
		Coins: v.Coins.String(), CreatedAt: moment(v.Trader.CreatedAt),
	}
}

func (v traderView) row() []string { return []string{v.ID, v.Name, v.State, v.Coins, v.CreatedAt} }

var traderHead = []string{"TRADER", "NAME", "STATE", "COINS", "SINCE"}

// AddTrader adds somebody who receives transfers of payers.
func (c Commands) AddTrader(ctx context.Context, merchantID, name, operator string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		made, err := k.app.AddTrader(ctx, app.NewTrader{Merchant: merchantID, Name: name, Operator: operator})
		if err != nil {
			return err
		}
		return c.showTrader(ctx, k, made.Merchant, made.ID)
	})
}

// showTrader shows a trader with the coins that are left.
func (c Commands) showTrader(ctx context.Context, k *core, merchantID, id string) error {
	found, err := k.app.Trader(ctx, merchantID, id)
	if err != nil {
		return err
	}
	view := viewTrader(found)
	return c.Terminal.show(view, traderHead, [][]string{view.row()})
}

// Traders lists the newest traders of a merchant.
func (c Commands) Traders(ctx context.Context, merchantID string, limit int) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, merchantID); err != nil {
			return err
		}
		found, err := newest(limit, func(p app.Page) ([]app.TraderView, error) {
			return k.app.Traders(ctx, merchantID, p)
		})
		if err != nil {
			return err
		}
		views, rows := make([]traderView, len(found)), make([][]string, len(found))
		for n, t := range found {
			views[n] = viewTrader(t)
			rows[n] = views[n].row()
		}
		return c.Terminal.show(views, traderHead, rows)
	})
}

// traderOwner finds whose trader an id is.
func (k *core) traderOwner(ctx context.Context, id string) (string, error) {
	owner, err := k.store.Owner(ctx, event.Trader, id)
	if fault.Is(err, fault.CodeNotFound) {
		err = errors.New("there is no trader " + id + ": purser trader list --merchant ID shows them")
	}
	return owner, err
}

// SwitchTrader lets new deals be made with a trader or not. Deals that are live
// go on.
func (c Commands) SwitchTrader(ctx context.Context, id string, disabled bool, operator string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		owner, err := k.traderOwner(ctx, id)
		if err != nil {
			return err
		}
		if _, err := k.app.SwitchTrader(ctx, owner, id, disabled, operator); err != nil {
			return err
		}
		return c.showTrader(ctx, k, owner, id)
	})
}

// TraderCoins are coins that an operator received from a trader, or sent back.
type TraderCoins struct {
	Trader   string
	Amount   string // in USDT
	Out      bool   // they are taken out
	Gateway  string // a manual one
	Receipt  string // the network's id of it; each counts once
	Operator string
}

// MoveTraderCoins books coins that a trader put in or took out.
func (c Commands) MoveTraderCoins(ctx context.Context, n TraderCoins) error {
	unit, err := money.Lookup(deal.Coin)
	if err != nil {
		return err
	}
	amount, err := amountOf("amount", n.Amount, unit)
	if err != nil {
		return err
	}
	if amount.IsZero() {
		return settingError("amount", "must be above zero")
	}
	return c.with(ctx, forWriting, func(k *core) error {
		owner, err := k.traderOwner(ctx, n.Trader)
		if err != nil {
			return err
		}
		// A name that was mistyped would open books of a gateway that is none.
		if err := k.canTake(ctx, owner, n.Gateway, amount); err != nil {
			return err
		}
		err = k.app.MoveTraderCoins(ctx, app.TraderCoins{
			Merchant: owner, Trader: n.Trader, Amount: amount, Out: n.Out, Gateway: n.Gateway, Receipt: n.Receipt,
			Operator: n.Operator,
		})
		switch {
		case fault.Is(err, fault.CodeDuplicate):
			return settingError("receipt", n.Receipt+" was booked before")
		case fault.Is(err, fault.CodeInsufficientFunds):
			return errors.New("the trader has less than " + amount.String() +
				" that no deal needs: purser trader list --merchant " + owner + " shows it")
		case err != nil:
			return err
		}
		return c.showTrader(ctx, k, owner, n.Trader)
	})
}
