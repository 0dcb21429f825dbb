package api_test

import (
	"context"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// decides says that a route is only for whoever runs the server.
func decides(path string) bool {
	resource, rest, _ := strings.Cut(strings.TrimPrefix(path, "/v1/"), "/")
	_, verb, _ := strings.Cut(rest, "/")
	switch resource {
	case "traders", "requisites":
		return true
	case "payouts":
		return verb != "" && verb != "cancel"
	}
	return false
}

// openMarket gives the shop 1000 USDT of its own, the network TRX for them, a limit
// of 100 USDT above which two people approve a payout, the rate of 100 RUB for one
// USDT, and the trader trd_1 with 1000 USDT; and the world the keys operator and
// otheroperator, which may only decide.
func openMarket(ctx context.Context, w *dialecttest.World) error {
	usdt := func(whole int64) money.Amount { return money.New(whole*100_000_000, money.USDT) }
	limit := usdt(100)
	_, err := w.App.ChangeMerchant(ctx, w.Shop, app.MerchantTerms{
		Rails: []merchant.Rail{{
			Unit: money.USDT, Network: "TRX", Min: usdt(5), Fee: usdt(1), Decimals: 6, Active: true,
		}},
		PayoutLimits: []money.Amount{limit},
	})
	if err != nil {
		return err
	}
	if err := w.Give(ctx, wallet.House, usdt(1000)); err != nil {
		return err
	}
	rate, err := money.ParseRate("100")
	if err != nil {
		return err
	}
	if _, err := w.App.SetRate(ctx, app.NewRate{
		Merchant: w.Shop, Base: deal.Coin, Quote: money.RUB, Buy: rate, Sell: rate, Source: "the test",
	}); err != nil {
		return err
	}
	if _, err := w.App.AddTrader(ctx, app.NewTrader{
		ID: "trd_1", Merchant: w.Shop, Name: "Boris", Operator: "Sam",
	}); err != nil {
		return err
	}
	if err := w.App.MoveTraderCoins(ctx, app.TraderCoins{
		Merchant: w.Shop, Trader: "trd_1", Amount: usdt(1000), Gateway: "till", Receipt: "1", Operator: "Sam",
	}); err != nil {
		return err
	}
	for name, id := range map[string]string{"operator": w.Shop, "otheroperator": w.Other} {
		_, secret, err := w.App.CreateKey(ctx, app.NewKey{Merchant: id, Scopes: []merchant.Scope{merchant.Operator}})
		if err != nil {
			return err
		}
		w.Keys[name] = secret
	}
	return nil
}

// operated is a call of whoever runs the server.
func operated(path, body string) string {
	return strings.Replace(posted(path, body), "{{key}}", "{{operator}}", 1)
}

const (
	overTron = `{"amount":"50","unit":"USDT","network":"TRX","address":"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"}`
	toPayee  = `{"amount":"1000","unit":"RUB","terminal":1001,"payee":{"option":"SBP","method":"sberbank","number":"7"}}`
	sam      = `{"operator":"Sam"}`
)

// traded makes payouts 8, which waits, 9, which a trader may take, and 10, which is
// being sent.
var traded = "! market opens\n" + administered("/payouts", overTron) + administered("/payouts", toPayee) +
	administered("/payouts", overTron) + operated("/payouts/"+id("out", 9)+"/approve", sam) +
	operated("/payouts/"+id("out", 10)+"/approve", sam)

var market = []dialecttest.Sample{
	{
		Route: "POST /v1/payouts", Key: "admin",
		Body: `{"amount":"50","unit":"USDT","account":10000,"network":"TRX","reference":"r","metadata":{"a":"b"},` +
			`"address":"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"}`,
	},
	{Route: "GET /v1/payouts", Key: "admin", Query: "limit=10&status=requested"},
	{Route: "GET /v1/payouts/{id}", Path: "/v1/payouts/" + id("out", 8), Key: "admin", Owned: true},
	{Route: "POST /v1/payouts/{id}/cancel", Path: "/v1/payouts/" + id("out", 8) + "/cancel", Key: "admin", Owned: true},
	decision("/v1/payouts/{id}/approve", id("out", 8), `{"operator":"Sam","note":"n"}`),
	decision("/v1/payouts/{id}/reject", id("out", 8), `{"operator":"Sam","note":"n"}`),
	decision("/v1/payouts/{id}/take", id("out", 9), `{"operator":"Sam","trader":"trd_1"}`),
	decision("/v1/payouts/{id}/confirm", id("out", 10), `{"operator":"Sam","note":"n","receipt":"r"}`),
	decision("/v1/payouts/{id}/fail", id("out", 10), `{"operator":"Sam","note":"n"}`),
}

// decision is the sample of what an operator decides about one thing.
func decision(path, of, body string) dialecttest.Sample {
	return dialecttest.Sample{
		Route: "POST " + path, Path: strings.Replace(path, "{id}", of, 1), Key: "operator", Body: body, Owned: true,
		Rival: "otheroperator",
	}
}
