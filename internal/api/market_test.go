package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

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
	case "payouts", "deals":
		return verb != "" && verb != "cancel" && verb != "confirm-transfer" && verb != "dispute" &&
			verb != "attachments" && verb != "refresh"
	}
	return false
}

// openMarket gives the shop 1000 USDT of its own, the network TRX for them, a limit
// of 100 USDT above which two people approve a payout, the rate of 100 RUB for one
// USDT, and the trader trd_1 with 1000 USDT and the requisite rqs_1; and the world the keys operator and
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
	if _, err := w.App.PutRequisite(ctx, app.RequisiteTerms{
		Merchant: w.Shop, NewID: "rqs_1", Trader: "trd_1", Option: "SBP", Method: "sberbank", Number: "+79967779977",
		Holder: "Boris B.", Least: money.New(100_00, money.RUB), Most: money.New(60_000_00, money.RUB), Operator: "Sam",
	}); err != nil {
		return err
	}
	for _, k := range []struct{ name, merchant string }{{"operator", w.Shop}, {"otheroperator", w.Other}} {
		_, secret, err := w.App.CreateKey(ctx, app.NewKey{
			ID: "key_" + k.name, Merchant: k.merchant, Scopes: []merchant.Scope{merchant.Operator},
		})
		if err != nil {
			return err
		}
		w.Keys[k.name] = secret
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
// being sent; deal 12, which waits for the payer of invoice 11, and shows a picture;
// deal 15, which is disputed; invoice 17; settlement 18, of which a row differs;
// deal 20, which is completed; and payment 22, whose card is declined.
var traded = "! market opens\n" + administered("/payouts", overTron) + administered("/payouts", toPayee) +
	administered("/payouts", overTron) + operated("/payouts/"+id("out", 9)+"/approve", sam) +
	operated("/payouts/"+id("out", 10)+"/approve", sam) +
	administered("/invoices", `{"amount":"1000","unit":"RUB"}`) +
	administered("/deals", `{"invoice":"`+id("inv", 11)+`"}`) + "! picture of " + id("deal", 12) + "\n" +
	administered("/invoices", `{"amount":"2000","unit":"RUB"}`) +
	administered("/deals", `{"invoice":"`+id("inv", 14)+`"}`) +
	administered("/deals/"+id("deal", 15)+"/dispute", `{"reason":"sent 1900"}`) +
	administered("/invoices", `{"amount":"3000","unit":"RUB"}`) +
	operated("/settlements", `{"operator":"Sam","gateway":"zarinpal","file":"receipt,amount\nzarinpal-R9,5000\n"}`) +
	administered("/invoices", `{"amount":"4000","unit":"RUB"}`) +
	administered("/deals", `{"invoice":"`+id("inv", 19)+`"}`) + operated("/deals/"+id("deal", 20)+"/complete", sam) +
	posted("/charges", `{"amount":"5","unit":"EUR","method":"card","card":{"month":1,"year":2030,"number":"`+
		declined+`"}}`)

// coded makes deal 34, of invoice 33, which waits for its code.
var coded = operated("/requisites", `{"operator":"Sam","trader":"trd_1","option":"MANUAL_SBP_QR",`+
	`"method":"unknown","number":"later","holder":"Boris B.","least":"100","most":"60000","unit":"RUB"}`) +
	administered("/invoices", `{"amount":"5000","unit":"RUB"}`) +
	administered("/deals", `{"invoice":"`+id("inv", 33)+`","option":"MANUAL_SBP_QR","method":"unknown"}`)

var market = []dialecttest.Sample{
	{
		Route: "POST /v1/payouts", Key: "admin",
		Body: `{"amount":"50","unit":"USDT","account":10000,"network":"TRX","reference":"r","metadata":{"a":"b"},` +
			`"address":"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"}`,
	},
	{
		Route: "GET /v1/payouts", Key: "admin",
		Query: "limit=10&status=requested&account=10000&terminal=1001&reference=r&unit=USDT&expand=deals",
	},
	{
		Route: "GET /v1/payouts/{id}", Path: "/v1/payouts/" + id("out", 8), Key: "admin", Owned: true, Query: "expand=deals",
	},
	{Route: "POST /v1/payouts/{id}/cancel", Path: "/v1/payouts/" + id("out", 8) + "/cancel", Key: "admin", Owned: true},
	{Route: "POST /v1/payouts/{id}/refresh", Path: "/v1/payouts/" + id("out", 8) + "/refresh", Key: "admin", Owned: true},
	decision("/v1/payouts/{id}/approve", id("out", 8), `{"operator":"Sam","note":"n"}`),
	decision("/v1/payouts/{id}/reject", id("out", 8), `{"operator":"Sam","note":"n"}`),
	decision("/v1/payouts/{id}/take", id("out", 9), `{"operator":"Sam","trader":"trd_1"}`),
	decision("/v1/payouts/{id}/confirm", id("out", 10), `{"operator":"Sam","note":"n","receipt":"r"}`),
	decision("/v1/payouts/{id}/fail", id("out", 10), `{"operator":"Sam","note":"n"}`),
	{
		Route: "POST /v1/deals", Key: "admin", Owned: true,
		Body: `{"invoice":"` + id("inv", 17) + `","option":"SBP","method":"sberbank"}`,
	},
	{
		Route: "GET /v1/deals", Key: "admin",
		Query: "limit=10&status=transfer_waiting&trader=trd_1&payout=p&expand=payment&invoice=" + id("inv", 11),
	},
	{
		Route: "GET /v1/deals/{id}", Path: "/v1/deals/" + id("deal", 12), Key: "admin", Owned: true, Query: "expand=invoice",
	},
	{
		Route: "POST /v1/deals/{id}/confirm-transfer", Path: "/v1/deals/" + id("deal", 12) + "/confirm-transfer",
		Key: "admin", Owned: true,
	},
	{Route: "POST /v1/deals/{id}/cancel", Path: "/v1/deals/" + id("deal", 12) + "/cancel", Key: "admin", Owned: true},
	{
		Route: "POST /v1/deals/{id}/dispute", Path: "/v1/deals/" + id("deal", 12) + "/dispute", Key: "admin", Owned: true,
		Body: `{"reason":"r","amount":"900"}`,
	},
	decision("/v1/deals/{id}/complete", id("deal", 12), `{"operator":"Sam","note":"n","paid":"900","receipt":"r"}`),
	decision("/v1/deals/{id}/code", id("deal", 34), `{"operator":"Sam","note":"n","link":"https://qr.nspk.ru/AS1"}`),
	decision("/v1/deals/{id}/reject", id("deal", 12), `{"operator":"Sam","note":"n"}`),
	decision("/v1/deals/{id}/resolve", id("deal", 15),
		`{"operator":"Sam","note":"n","outcome":"won","paid":"1900","receipt":"r"}`),
	decision("/v1/deals/{id}/correct", id("deal", 20), `{"operator":"Sam","note":"n","paid":"3900"}`),
	{Route: "GET /v1/attachments", Key: "admin", Query: "limit=10&deal=" + id("deal", 12), Owned: true},
	{
		Route: "POST /v1/settlements", Key: "operator",
		Body: `{"operator":"Sam","gateway":"zarinpal","file":"receipt;amount;type\nzarinpal-R2;5000;sale\n",` +
			`"name":"may.csv","columns":{"receipt":"receipt","amount":"amount","fee":"","date":"","currency":"",` +
			`"kind":"type"},` +
			`"delimiter":";","from":"2024-12-01T12:00:00Z","until":"2025-12-01T12:00:00Z"}`,
	},
	{
		Route: "POST /v1/settlements/check", Key: "operator",
		Body: `{"operator":"Sam","gateway":"zarinpal","file":"receipt;amount;type\nzarinpal-R2;5000;sale\n",` +
			`"name":"may.csv","columns":{"receipt":"receipt","amount":"amount","fee":"","date":"","currency":"",` +
			`"kind":"type"},` +
			`"delimiter":";","from":"2024-12-01T12:00:00Z","until":"2025-12-01T12:00:00Z"}`,
	},
	{Route: "GET /v1/settlements", Key: "admin", Query: "limit=10&gateway=zarinpal&status=done"},
	{Route: "GET /v1/settlements/{id}", Path: "/v1/settlements/" + id("set", 18), Key: "admin", Owned: true},
	{
		Route: "GET /v1/settlements/{id}/rows", Path: "/v1/settlements/" + id("set", 18) + "/rows", Key: "admin", Owned: true,
		Query: "limit=10&kind=difference&expand=payment,refund",
	},
	{
		Route: "POST /v1/deals/{id}/attachments", Path: "/v1/deals/" + id("deal", 12) + "/attachments", Key: "admin",
		Owned: true, Body: `{"data":"iVBORw0KGgo="}`,
	},
	{Route: "GET /v1/attachments/{id}", Path: "/v1/attachments/att_1", Key: "admin", Owned: true},
	{Route: "GET /v1/attachments/{id}/file", Path: "/v1/attachments/att_1/file", Key: "admin", Owned: true},
	{Route: "POST /v1/traders", Key: "operator", Body: `{"operator":"Sam","name":"Ann"}`},
	{Route: "GET /v1/traders", Key: "operator", Query: "limit=10&status=active"},
	{
		Route: "GET /v1/traders/{id}", Path: "/v1/traders/trd_1", Key: "operator", Owned: true, Rival: "otheroperator",
	},
	decision("/v1/traders/{id}/disable", "trd_1", sam),
	decision("/v1/traders/{id}/enable", "trd_1", sam),
	decision("/v1/traders/{id}/deposit", "trd_1", `{"operator":"Sam","amount":"5","gateway":"till","receipt":"r"}`),
	decision("/v1/traders/{id}/withdraw", "trd_1", `{"operator":"Sam","amount":"5","gateway":"till","receipt":"r"}`),
	{
		Route: "POST /v1/requisites", Key: "operator", Owned: true, Rival: "otheroperator",
		Body: `{"operator":"Sam","trader":"trd_1","option":"SBP","method":"vtb","number":"7","holder":"B","least":"100",` +
			`"most":"5000","day_sum":"50000","unit":"RUB","day_count":20,"from":"08:00","until":"22:00"}`,
	},
	{Route: "GET /v1/requisites", Key: "operator", Query: "limit=10&trader=trd_1&unit=RUB&status=active"},
	{
		Route: "GET /v1/requisites/{id}", Path: "/v1/requisites/rqs_1", Key: "operator", Owned: true,
		Rival: "otheroperator",
	},
	{
		Route: "GET /v1/requisites/{id}/match", Path: "/v1/requisites/rqs_1/match", Key: "operator", Owned: true,
		Rival: "otheroperator", Query: "amount=1000",
	},
	decision("/v1/requisites/{id}", "rqs_1", `{"operator":"Sam","option":"SBP","method":"vtb","number":"7","holder":"B",`+
		`"least":"100","most":"5000","day_sum":"50000","day_count":20,"from":"08:00","until":"22:00"}`),
	decision("/v1/requisites/{id}/disable", "rqs_1", sam),
	decision("/v1/requisites/{id}/enable", "rqs_1", sam),
}

// picture shows a small file about a deal.
func picture(ctx context.Context, w *dialecttest.World, of string) error {
	_, err := w.App.Attach(ctx, app.NewAttachment{
		ID: "att_1", Merchant: w.Shop, Deal: of, Data: []byte("\x89PNG\r\n\x1a\n"), ByPayer: true,
	})
	return err
}

// decision is the sample of what an operator decides about one thing.
func decision(path, of, body string) dialecttest.Sample {
	return dialecttest.Sample{
		Route: "POST " + path, Path: strings.Replace(path, "{id}", of, 1), Key: "operator", Body: body, Owned: true,
		Rival: "otheroperator",
	}
}

// No key of the merchant's can get at what the operator's may, by making such a key,
// by replacing one, or by ending it.
func TestOperatorsKeyIsNotTheMerchants(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, kit(t).Extras)
	h := w.Handler(open(t, w))
	w.Play(t, h, dialecttest.Story(prepared))
	for path, body := range map[string]string{
		"/v1/keys":                     `{"label":"mine","scopes":["operator"]}`,
		"/v1/keys/key_operator/rotate": `{}`,
		"/v1/keys/key_operator/revoke": "",
	} {
		a := w.Ask(h, http.MethodPost, path, named(path), body)
		if a.Status != http.StatusForbidden || !strings.Contains(a.Body, `"scope_missing"`) {
			t.Errorf("%s: got %d %s", path, a.Status, a.Body)
		}
	}
	operator := http.Header{"Authorization": {"Bearer {{operator}}"}}
	if a := w.Ask(h, http.MethodGet, "/v1/traders", operator, ""); a.Status != http.StatusOK {
		t.Errorf("the operator's key: got %d %s", a.Status, a.Body)
	}
	for _, path := range []string{"/v1/payouts", "/v1/deals", "/v1/balances", "/v1/keys"} {
		if a := w.Ask(h, http.MethodGet, path, operator, ""); a.Status != http.StatusForbidden {
			t.Errorf("%s with the operator's key: got %d %s", path, a.Status, a.Body)
		}
	}
}
