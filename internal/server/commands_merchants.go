package server

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/wallet"
)

// merchantView is a merchant as programs see it; what is on its own account and
// its networks are shown of a single one only.
type merchantView struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	Email      string        `json:"email,omitempty"`
	SplitLimit string        `json:"split_limit,omitempty"`
	CreatedAt  string        `json:"created_at"`
	Account    int64         `json:"account_number,omitempty"`
	Balances   []balanceView `json:"balances,omitempty"`
	Rails      []railView    `json:"networks,omitempty"`
	Guard      string        `json:"amount_guard"`
	Limits     []string      `json:"two_approve_above,omitempty"` // amounts above which two people approve payouts
}

func viewMerchant(m merchant.Merchant) merchantView {
	view := merchantView{
		ID: m.ID, Name: m.Name, Email: m.Email, CreatedAt: moment(m.CreatedAt), Guard: guardWord(m.HoldUnusual),
	}
	if m.SplitLimit.Valid() {
		view.SplitLimit = m.SplitLimit.String()
	}
	for _, limit := range m.PayoutLimits {
		view.Limits = append(view.Limits, limit.String())
	}
	return view
}

func (v merchantView) row() []string {
	return []string{v.ID, v.Name, dash(v.Email), dash(v.SplitLimit), v.Guard, v.CreatedAt}
}

var merchantHead = []string{"MERCHANT", "NAME", "EMAIL", "SPLIT ABOVE", "GUARD", "SINCE"}

// railView is a network on which a merchant sends coins out.
type railView struct {
	Unit     string `json:"unit"`
	Network  string `json:"network"`
	Min      string `json:"min"`
	Fee      string `json:"fee"`
	Decimals int    `json:"decimals"`
	Active   bool   `json:"active"`
}

func viewRail(r merchant.Rail) railView {
	return railView{
		Unit: string(r.Unit), Network: r.Network, Min: r.Min.Text(), Fee: r.Fee.Text(), Decimals: r.Decimals,
		Active: r.Active,
	}
}

func (v railView) row() []string {
	return []string{v.Unit, v.Network, v.Min, v.Fee, strconv.Itoa(v.Decimals), yes(v.Active)}
}

var railHead = []string{"UNIT", "NETWORK", "MIN", "FEE", "DECIMALS", "ACTIVE"}

// AddMerchant adds a merchant. A split limit is in whole Rial; empty never splits.
func (c Commands) AddMerchant(ctx context.Context, name, splitLimit string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		wish := app.NewMerchant{Name: name}
		if splitLimit != "" {
			var err error
			if wish.SplitLimit, err = splitLimitOf(splitLimit); err != nil {
				return err
			}
		}
		m, err := k.app.CreateMerchant(ctx, wish)
		if err != nil {
			return err
		}
		view := viewMerchant(m)
		return c.Terminal.show(view, merchantHead, [][]string{view.row()})
	})
}

func splitLimitOf(text string) (money.Amount, error) {
	limit, err := money.Parse(text, money.IRR)
	if err != nil {
		return limit, settingError("split-limit", "must be a whole number of Rial")
	}
	return limit, nil
}

// Merchants lists all merchants, newest first.
func (c Commands) Merchants(ctx context.Context) error {
	return c.with(ctx, forReading, func(k *core) error {
		views, rows := []merchantView{}, [][]string{}
		for offset := 0; ; offset += pageSize {
			merchants, err := k.app.Merchants(ctx, app.Page{Limit: pageSize, Offset: offset})
			if err != nil {
				return err
			}
			for _, m := range merchants {
				view := viewMerchant(m)
				views, rows = append(views, view), append(rows, view.row())
			}
			if len(merchants) < pageSize {
				return c.Terminal.show(views, merchantHead, rows)
			}
		}
	})
}

// ShowMerchant shows a merchant with the money of its own account and the
// networks on which it sends coins out.
func (c Commands) ShowMerchant(ctx context.Context, id string) error {
	return c.with(ctx, forReading, func(k *core) error {
		m, err := k.app.Merchant(ctx, id)
		if err != nil {
			return err
		}
		view := viewMerchant(m)
		view.Account = wallet.House
		if view.Balances, err = balancesOf(ctx, k, id, wallet.House); err != nil {
			return err
		}
		rails := make([][]string, 0, len(m.Rails))
		for _, r := range m.Rails {
			rail := viewRail(r)
			view.Rails, rails = append(view.Rails, rail), append(rails, rail.row())
		}
		return errors.Join(
			c.Terminal.show(view, merchantHead, [][]string{view.row()}),
			c.Terminal.also("On account "+strconv.FormatInt(wallet.House, 10)+", the merchant's own", balanceHead,
				balanceRows(view.Balances)),
			c.Terminal.also("Coins are sent out on", railHead, rails),
			c.Terminal.tell("\nTwo people approve payouts above: %s", dash(strings.Join(view.Limits, ", "))))
	})
}

// MerchantTerms are what can be said of a merchant; what is nil stays as it is.
type MerchantTerms struct {
	Email *string // of its own account, under which others send money to it; empty = none
	Guard *string // what becomes of an unusual amount that is asked for at no terminal: off or hold
	Split *string // whole Rial above which a request is split from now on; 0 = none is
}

// SetMerchant changes what is said of a merchant.
func (c Commands) SetMerchant(ctx context.Context, id string, t MerchantTerms) error {
	return c.with(ctx, forWriting, func(k *core) error {
		terms := app.MerchantTerms{Email: t.Email}
		if t.Email != nil {
			// The rules for an address are those of a customer's.
			if err := (wallet.Customer{Email: wallet.FoldEmail(*t.Email)}).Check(); err != nil {
				return err
			}
		}
		if t.Guard != nil {
			holds, err := guardOf(*t.Guard)
			if err != nil {
				return err
			}
			terms.HoldUnusual = &holds
		}
		if t.Split != nil {
			limit, err := splitLimitOf(*t.Split)
			if err != nil {
				return err
			}
			terms.SplitLimit = &limit
		}
		m, err := k.app.ChangeMerchant(ctx, id, terms)
		if fault.Is(err, fault.CodeDuplicate) {
			return settingError("email", "belongs to a customer of this merchant")
		} else if err != nil {
			return err
		}
		view := viewMerchant(m)
		return c.Terminal.show(view, merchantHead, [][]string{view.row()})
	})
}

// SetPayoutLimit sets the amount above which two people have to approve a payout
// of a merchant in its unit; zero lets one person approve any.
func (c Commands) SetPayoutLimit(ctx context.Context, id, unitName, above string) error {
	return c.with(ctx, forWriting, func(k *core) error {
		unit, err := unitOf(unitName)
		if err != nil {
			return err
		}
		limit, err := amountOf("above", above, unit)
		if err != nil {
			return err
		}
		m, err := k.app.ChangeMerchant(ctx, id, app.MerchantTerms{PayoutLimits: []money.Amount{limit}})
		if err != nil {
			return err
		}
		view := viewMerchant(m)
		return errors.Join(
			c.Terminal.show(view, merchantHead, [][]string{view.row()}),
			c.Terminal.tell("\nTwo people approve payouts above: %s", dash(strings.Join(view.Limits, ", "))))
	})
}

// RailTerms are what can be said of a network on which a merchant sends coins
// out; what is left out stays as it is.
type RailTerms struct {
	Merchant string
	Unit     string
	Network  string
	Min      string // the smallest payout, fee included
	Fee      string // taken out of the amount
	Decimals *int   // places that the network knows; those of the unit, unless told otherwise
	Active   *bool  // a new one is
}

// SetRail adds a network to a merchant, or changes the one of that name.
func (c Commands) SetRail(ctx context.Context, t RailTerms) error {
	return c.with(ctx, forWriting, func(k *core) error {
		m, err := k.app.Merchant(ctx, t.Merchant)
		if err != nil {
			return err
		}
		rail, err := t.on(m)
		if err != nil {
			return err
		}
		if _, err := k.app.ChangeMerchant(ctx, m.ID, app.MerchantTerms{Rails: []merchant.Rail{rail}}); err != nil {
			return err
		}
		view := viewRail(rail)
		return c.Terminal.show(view, railHead, [][]string{view.row()})
	})
}

// on is the merchant's network with these terms.
func (t RailTerms) on(m merchant.Merchant) (merchant.Rail, error) {
	unit, err := unitOf(t.Unit)
	if err != nil {
		return merchant.Rail{}, err
	}
	// A network whose addresses nobody can check would take no payout.
	if err := payout.CheckAddress(t.Network, ""); err != nil && fault.From(err).Param == "network" {
		return merchant.Rail{}, err
	}
	rail, known := m.Rail(unit.Unit, t.Network)
	if !known {
		if t.Min == "" || t.Fee == "" {
			return rail, settingError("min", "and fee are needed for a network that is new to the merchant")
		}
		rail = merchant.Rail{Unit: unit.Unit, Network: t.Network, Decimals: unit.Scale, Active: true}
	}
	for _, amount := range []struct {
		flag, text string
		value      *money.Amount
	}{{"min", t.Min, &rail.Min}, {"fee", t.Fee, &rail.Fee}} {
		if amount.text == "" {
			continue
		}
		if *amount.value, err = amountOf(amount.flag, amount.text, unit); err != nil {
			return rail, err
		}
	}
	if t.Decimals != nil {
		if rail.Decimals = *t.Decimals; rail.Decimals < 0 || rail.Decimals > unit.Scale {
			return rail, settingError("decimals", "must be 0 to "+strconv.Itoa(unit.Scale)+", as "+t.Unit+" has them")
		}
	}
	if t.Active != nil {
		rail.Active = *t.Active
	}
	return rail, nil
}
