package server

import (
	"context"
	"slices"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
)

// demoStore is the terminal whose invoices are paid to traders. It is found
// again by its name.
const demoStore = "Demo store"

// demoRequisite is an account of one of the demo's traders.
type demoRequisite struct{ option, method, number string }

// demoTraders are found again by their names, and their accounts by the way and
// the bank.
var demoTraders = []struct {
	name       string
	requisites []demoRequisite
}{
	{"Demo trader A", []demoRequisite{
		{"SBP", "sberbank", "+7(900)000-00-01"},
		{"TO_CARD", "tinkoff", "2200000000000004"},
	}},
	{"Demo trader B", []demoRequisite{{"SBP", "vtb", "+7(900)000-00-02"}}},
}

// What each trader begins with, what deals cost, and what each account takes.
var (
	demoCoins   = must(money.Parse("10000", deal.Coin))
	demoDealFee = must(money.ParseRate("8.5"))
	demoLeast   = must(money.Parse("100", money.RUB))
	demoMost    = must(money.Parse("150000", money.RUB))
)

// openDeals gives the merchant a store with a key, and traders who pay for what
// payers send them. Each step leaves what is there.
func (s *seeding) openDeals(ctx context.Context, before P2PKeys) error {
	store, err := s.keepStore(ctx)
	if err != nil {
		return err
	}
	if err := s.keepStoreKey(ctx, store.Number, before); err != nil {
		return err
	}
	known, err := s.app.Traders(ctx, s.merchant, app.Page{Limit: pageSize, Oldest: true})
	if err != nil {
		return err
	}
	for _, wanted := range demoTraders {
		at := slices.IndexFunc(known, func(v app.TraderView) bool { return v.Trader.Name == wanted.name })
		var trader app.TraderView
		if at >= 0 {
			trader = known[at]
		} else if trader, err = s.addTrader(ctx, wanted.name); err != nil {
			return err
		}
		if err := s.equip(ctx, trader, wanted.requisites); err != nil {
			return err
		}
	}
	return nil
}

// keepStore leaves the terminal of that name, whatever was made of it.
func (s *seeding) keepStore(ctx context.Context) (merchant.Terminal, error) {
	known, err := s.app.Terminals(ctx, s.merchant)
	if err != nil {
		return merchant.Terminal{}, err
	}
	at := slices.IndexFunc(known, func(t merchant.Terminal) bool { return t.Name == demoStore })
	if at >= 0 {
		return known[at], nil
	}
	made, _, err := s.app.CreateTerminal(ctx, s.merchant, app.TerminalTerms{Name: demoStore, DealFee: demoDealFee})
	return made, err
}

func (s *seeding) addTrader(ctx context.Context, name string) (app.TraderView, error) {
	made, err := s.app.AddTrader(ctx, app.NewTrader{Merchant: s.merchant, Name: name, Operator: demoOperator})
	return app.TraderView{Trader: made, Coins: money.Zero(deal.Coin)}, err
}

// equip gives a trader coins, once, and the accounts that are not there.
func (s *seeding) equip(ctx context.Context, v app.TraderView, requisites []demoRequisite) error {
	if v.Coins.IsZero() {
		err := s.app.MoveTraderCoins(ctx, app.TraderCoins{
			Merchant: s.merchant, Trader: v.Trader.ID, Amount: demoCoins, Gateway: byHand[deal.Coin],
			Receipt: "demo-" + v.Trader.ID, Operator: demoOperator,
		})
		// Who had them and has none left has spent them.
		if err != nil && !fault.Is(err, fault.CodeDuplicate) {
			return err
		}
	}
	known, err := s.app.Requisites(ctx, s.merchant, app.RequisiteFilter{Trader: v.Trader.ID}, app.Page{Limit: pageSize})
	if err != nil {
		return err
	}
	for _, wanted := range requisites {
		if slices.ContainsFunc(known, func(q deal.Requisite) bool {
			return q.Option == wanted.option && q.Method == wanted.method
		}) {
			continue
		}
		if _, err := s.app.PutRequisite(ctx, app.RequisiteTerms{
			Merchant: s.merchant, Trader: v.Trader.ID, Option: wanted.option, Method: wanted.method,
			Number: wanted.number, Holder: v.Trader.Name, Least: demoLeast, Most: demoMost, Operator: demoOperator,
		}); err != nil {
			return err
		}
	}
	return nil
}
