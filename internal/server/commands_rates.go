package server

import (
	"context"
	"strconv"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// rateView is a market with its rates as programs see it.
type rateView struct {
	Market string `json:"market"`
	Base   string `json:"base"`
	Quote  string `json:"quote"`
	Buy    string `json:"buy"`
	Sell   string `json:"sell"`
	Source string `json:"source"`
	SetAt  string `json:"set_at"`
}

func viewRate(m wallet.Market) rateView {
	return rateView{
		Market: m.Name(), Base: string(m.Base), Quote: string(m.Quote), Buy: m.Buy.Text(), Sell: m.Sell.Text(),
		Source: m.Source, SetAt: moment(m.SetAt),
	}
}

func (v rateView) row() []string {
	return []string{v.Market, v.Buy, v.Sell, dash(v.Source), v.SetAt}
}

var rateHead = []string{"MARKET", "BUY", "SELL", "SOURCE", "SINCE"}

// NewRate is the wish to set the two rates of a market: how many of the second
// unit one of the first is worth.
type NewRate struct {
	Merchant string
	Market   string // such as USDIRT or USD/IRT
	Buy      string // when the first unit is bought
	Sell     string // when it is sold
	Source   string
}

// SetRate sets the rates of a market, which the first rates open.
func (c Commands) SetRate(ctx context.Context, n NewRate) error {
	wish := app.NewRate{Merchant: n.Merchant, Source: n.Source}
	var err error
	if wish.Base, wish.Quote, err = marketOf(n.Market, money.Units()); err != nil {
		return err
	}
	for _, r := range []struct {
		flag, text string
		rate       *money.Rate
	}{{"buy", n.Buy, &wish.Buy}, {"sell", n.Sell, &wish.Sell}} {
		if *r.rate, err = money.ParseRate(r.text); err != nil {
			return settingError(r.flag, "must be a decimal number above zero, such as 53064.5, not "+strconv.Quote(r.text))
		}
	}
	return c.with(ctx, forWriting, func(k *core) error {
		m, err := k.app.SetRate(ctx, wish)
		if err != nil {
			return err
		}
		view := viewRate(m)
		return c.Terminal.show(view, rateHead, [][]string{view.row()})
	})
}

// Rates lists a merchant's markets with their rates.
func (c Commands) Rates(ctx context.Context, merchantID string) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, merchantID); err != nil {
			return err
		}
		markets, err := k.app.Markets(ctx, merchantID)
		if err != nil {
			return err
		}
		views, rows := make([]rateView, len(markets)), make([][]string, len(markets))
		for n, m := range markets {
			views[n] = viewRate(m)
			rows[n] = views[n].row()
		}
		return c.Terminal.show(views, rateHead, rows)
	})
}
