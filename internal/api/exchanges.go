package api

import (
	"slices"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// rateView is the rates of a market as callers see them.
type rateView struct {
	Market    string `json:"market"`
	Base      string `json:"base"`
	Quote     string `json:"quote"`
	Buy       string `json:"buy"`
	Sell      string `json:"sell"`
	Source    string `json:"source,omitempty"`
	SetAt     string `json:"set_at" format:"date-time"`
	CreatedAt string `json:"created_at" format:"date-time"`
}

// newRate is the wish to set the rates of a market.
type newRate struct {
	Base   string `json:"base" maxLength:"10"`
	Quote  string `json:"quote" maxLength:"10"`
	Buy    string `json:"buy" maxLength:"40"`
	Sell   string `json:"sell" maxLength:"40"`
	Source string `json:"source" minLength:"1" maxLength:"200"`
}

// rateList is what a list of rates can be narrowed down to.
type rateList struct {
	paging

	Unit string `query:"of" maxLength:"10"`
}

// exchangeView is an exchange as callers see it.
type exchangeView struct {
	ID        string      `json:"id"`
	Account   int64       `json:"account"`
	Spent     string      `json:"spent"`
	Unit      string      `json:"unit"`
	Got       string      `json:"got"`
	To        string      `json:"to"`
	Market    string      `json:"market"`
	Side      string      `json:"side"`
	Rate      string      `json:"rate"`
	Expanded  *bookedMore `json:"expanded,omitempty" table:"-"`
	CreatedAt string      `json:"created_at" format:"date-time"`
}

// quoteView is what an exchange would give now.
type quoteView struct {
	Spent  string `json:"spent"`
	Unit   string `json:"unit"`
	Got    string `json:"got"`
	To     string `json:"to"`
	Market string `json:"market"`
	Side   string `json:"side"`
	Rate   string `json:"rate"`
}

// newExchange is the wish to turn money of an account into another unit.
type newExchange struct {
	Account int64  `json:"account" minimum:"1"`
	Amount  string `json:"amount" maxLength:"40"`
	Unit    string `json:"unit" maxLength:"10"`
	To      string `json:"to" maxLength:"10"`
}

// quoteOf says what a quote is asked for.
type quoteOf struct {
	Amount string `query:"amount" required:"true" maxLength:"40"`
	Unit   string `query:"unit" required:"true" maxLength:"10"`
	To     string `query:"to" required:"true" maxLength:"10"`
}

// exchangeList is what a list of exchanges can be narrowed down to.
type exchangeList struct {
	dated

	Account int64    `query:"account" minimum:"1"`
	Expand  []string `query:"expand"`
}

const exampleExchange = "exc_01941f29-7c00-7000-8000-000000000001"

var exchangeFields = map[string]word{
	"expand": together("entries"), "expanded": moreWord,
	"id":      {doc: "Its id.", example: exampleExchange},
	"account": {doc: "The number of the account whose money it is; 10000 is your own.", example: 10001},
	"amount":  {doc: "What is spent, as decimal text above zero.", example: "100.00"},
	"spent":   {doc: "What is spent, in unit.", example: "100.00"},
	"got":     {doc: "What comes out, in to, cut towards zero.", example: "91.32"},
	"unit":    {doc: "The currency unit that is spent.", example: "USD"},
	"to":      {doc: "The currency unit that comes out.", example: "EUR"},
	"market":  {doc: "The market whose rate it is.", example: "EURUSD"},
	"side": {
		doc: "sell: the market's base was spent. buy: it was received.", example: string(wallet.Buy),
		choices: []string{string(wallet.Buy), string(wallet.Sell)},
	},
	"rate":   {doc: "How many of the market's quote one of its base is worth.", example: "1.095"},
	"base":   {doc: "The currency unit whose worth it is.", example: "EUR"},
	"quote":  {doc: "The currency unit in which that is said.", example: "USD"},
	"buy":    {doc: "The rate at which accounts buy the base.", example: "1.095"},
	"sell":   {doc: "The rate at which they sell it; not above the other.", example: "1.085"},
	"source": {doc: "Where the rates come from.", example: "ECB"},
	"set_at": {doc: "When they were set.", example: "2026-12-01T11:00:00Z"},
}

var exchangeWords = words{
	"exchangeView": exchangeFields, "quoteView": exchangeFields, "newExchange": exchangeFields,
	"quoteOf": exchangeFields, "rateView": exchangeFields, "newRate": exchangeFields,
	"rateList": {"of": {doc: "Only markets with this currency unit.", example: "EUR"}},
	"exchangeList": {
		"account": {doc: "Only those of this account; 10000 is your own.", example: 10001}, "expand": together("entries"),
	},
}

func (d *desk) rates() resource {
	return resource{
		name: "rates", about: "The rates at which your accounts turn one unit into another, market by market.",
		words: exchangeWords, example: "EURUSD",
		operations: []operation{
			// The operator's: deals are settled by them, out of traders' coins.
			act(row{
				id: "setRate", path: "/rates", scope: merchant.Operator, summary: "Set rates",
				about: "Sets the rates of a market; the first ones open it. What was exchanged before keeps the rate it had.",
				faults: []fault.Code{
					fault.CodeUnitUnknown, fault.CodeUnitMismatch, fault.CodeRateInvalid, fault.CodeParameterInvalid,
				},
			}, d.setRate, story[rateView]{now: d.rateNow, of: func(change app.Change) (out rateView, ok bool) {
				if len(change.Markets) != 1 {
					return out, false
				}
				return viewRate(change.Markets[0]), true
			}}),
			get(row{
				id: "getRate", path: "/rates/{id}", scope: merchant.RatesRead, summary: "Get rates",
				about: "Shows the rates of a market; the id is its name.", faults: []fault.Code{fault.CodeNotFound},
			}, plain(d.rateNow)),
			list(row{
				id: "listRates", path: "/rates", scope: merchant.RatesRead, summary: "List rates",
				about: "Lists the rates of all markets.", faults: []fault.Code{fault.CodeUnitUnknown},
			}, d.listRates),
		},
	}
}

func (d *desk) exchanges() resource {
	ofTrades := []fault.Code{
		fault.CodeAmountInvalid, fault.CodeAmountTooSmall, fault.CodeUnitUnknown, fault.CodeUnitMismatch,
		fault.CodeRateMissing,
	}
	return resource{
		name: "exchanges", about: "An exchange turns money of an account into another unit, at once and for good.",
		words: exchangeWords, example: exampleExchange,
		operations: []operation{
			list(row{
				id: "getQuote", path: "/quotes", scope: merchant.ExchangesRead, summary: "Get a quote",
				about:  "Says what an exchange would give at the present rate. It promises nothing.",
				faults: append(ofTrades, fault.CodeParameterMissing),
			}, d.getQuote),
			create(row{
				id: "createExchange", path: "/exchanges", scope: merchant.ExchangesWrite, summary: "Create an exchange",
				about: "Exchanges at the present rate, which is kept with it. No account spends what it does not have.",
				faults: append(ofTrades, fault.CodeAccountNotFound, fault.CodeAccountClosed,
					fault.CodeInsufficientFunds),
			}, "exc", d.createExchange, story[exchangeView]{
				now: d.exchangeNow, of: func(change app.Change) (out exchangeView, ok bool) {
					if len(change.Exchanges) != 1 {
						return out, false
					}
					return viewExchange(change.Exchanges[0]), true
				},
			}),
			get(row{
				id: "getExchange", path: "/exchanges/{id}", scope: merchant.ExchangesRead, summary: "Get an exchange",
				about: "Shows an exchange.", faults: []fault.Code{fault.CodeNotFound},
			}, d.getExchange),
			list(row{
				id: "listExchanges", path: "/exchanges", scope: merchant.ExchangesRead, summary: "List exchanges",
				about: "Lists all exchanges, or those of one account.",
			}, d.listExchanges),
		},
	}
}

func (d *desk) setRate(c *call, _ string, in newRate) (out rateView, err error) {
	n := app.NewRate{
		Merchant: c.Merchant, Base: money.Unit(in.Base), Quote: money.Unit(in.Quote), Source: in.Source, ByMerchant: true,
	}
	for name, unit := range map[string]money.Unit{"base": n.Base, "quote": n.Quote} {
		if _, err := money.Lookup(unit); err != nil {
			return out, fault.New(fault.CodeUnitUnknown, name, "").With(err)
		}
	}
	if n.Buy, err = money.ParseRate(in.Buy); err != nil {
		return out, fault.New(fault.CodeRateInvalid, "buy", "").With(err)
	}
	if n.Sell, err = money.ParseRate(in.Sell); err != nil {
		return out, fault.New(fault.CodeRateInvalid, "sell", "").With(err)
	}
	set, err := d.App.SetRate(c.Context(), n)
	if f := fault.From(err); err != nil && (f.Param == "currency" || f.Param == "market") {
		err = fault.New(f.Code, "quote", f.Words) // the pair is wrong, and the base is one of another
	}
	return show(viewRate)(set, err)
}

func (d *desk) rateNow(c *call, id string) (out rateView, err error) {
	known, err := d.App.Markets(c.Context(), c.Merchant)
	if err != nil {
		return out, err
	}
	n := slices.IndexFunc(known, func(m wallet.Market) bool { return m.Name() == id })
	if n < 0 {
		return out, fault.New(fault.CodeNotFound, "id", "")
	}
	return viewRate(known[n]), nil
}

func (d *desk) listRates(c *call, q rateList) (out pageOf[rateView], err error) {
	if err := knownUnit("of", q.Unit); err != nil {
		return out, err
	}
	known, err := d.App.Markets(c.Context(), c.Merchant)
	if err != nil {
		return out, err
	}
	known = slices.DeleteFunc(known, func(m wallet.Market) bool {
		return q.Unit != "" && string(m.Base) != q.Unit && string(m.Quote) != q.Unit
	})
	return cut(q.paging, known, viewRate, func(m wallet.Market) (time.Time, string) { return m.CreatedAt, m.Name() })
}

func (d *desk) getQuote(c *call, q quoteOf) (out quoteView, err error) {
	spent, err := tradeOf(q.Amount, q.Unit, q.To)
	if err != nil {
		return out, err
	}
	e, err := d.App.Quote(c.Context(), c.Merchant, spent, money.Unit(q.To))
	if err != nil {
		return out, tradeFault(err)
	}
	v := viewExchange(e)
	return quoteView{
		Spent: v.Spent, Unit: v.Unit, Got: v.Got, To: v.To, Market: v.Market, Side: v.Side, Rate: v.Rate,
	}, nil
}

func (d *desk) createExchange(c *call, id string, in newExchange) (out exchangeView, err error) {
	spent, err := tradeOf(in.Amount, in.Unit, in.To)
	if err != nil {
		return out, err
	}
	e, err := d.App.Exchange(c.Context(), app.NewExchange{
		ID: id, Merchant: c.Merchant, Account: in.Account, Spent: spent, To: money.Unit(in.To),
	})
	return show(viewExchange)(e, short(tradeFault(err), "account"))
}

// tradeOf reads what is spent, and looks whether there is what it is to become.
func tradeOf(amount, unit, to string) (spent money.Amount, err error) {
	if spent, err = amountOf(amount, unit); err != nil {
		return spent, err
	}
	if _, err := money.Lookup(money.Unit(to)); err != nil {
		return spent, fault.New(fault.CodeUnitUnknown, "to", "").With(err)
	}
	return spent, nil
}

// tradeFault names the parameter as this API calls it.
func tradeFault(err error) error {
	if f := fault.From(err); err != nil && f.Param == "to_currency" {
		return fault.New(f.Code, "to", f.Words)
	}
	return err
}

func (d *desk) exchangeNow(c *call, id string) (exchangeView, error) {
	return show(viewExchange)(d.App.FindExchange(c.Context(), c.Merchant, id))
}

func (d *desk) getExchange(c *call, id string, q bookedExpand) (exchangeView, error) {
	view, err := d.exchangeNow(c, id)
	return d.exchangeExpansions().one(c, q.Expand, view, err)
}

// exchangeExpansions are what an exchange can be shown with.
func (d *desk) exchangeExpansions() expansions[exchangeView] {
	return expansions[exchangeView]{"entries": {merchant.LedgerRead, func(c *call, v *exchangeView) (err error) {
		v.Expanded, err = d.booked(c, v.ID)
		return err
	}}}
}

func (d *desk) listExchanges(c *call, q exchangeList) (out pageOf[exchangeView], err error) {
	part, err := q.after()
	if err != nil {
		return out, err
	}
	found, err := d.App.ListExchanges(c.Context(), c.Merchant, q.Account, part)
	return d.exchangeExpansions().page(c, q.Expand, paged(q.paging, found, viewExchange,
		func(e wallet.Exchange) (time.Time, string) { return e.CreatedAt, e.ID }), err)
}

// viewRate shows the rates of a market.
func viewRate(m wallet.Market) rateView {
	return rateView{
		Market: m.Name(), Base: string(m.Base), Quote: string(m.Quote), Buy: m.Buy.Text(), Sell: m.Sell.Text(),
		Source: m.Source, SetAt: moment(m.SetAt), CreatedAt: moment(m.CreatedAt),
	}
}

// viewExchange shows an exchange.
func viewExchange(e wallet.Exchange) exchangeView {
	return exchangeView{
		ID: e.ID, Account: e.Account, Spent: e.Spent.Fixed(), Unit: string(e.Spent.Unit()), Got: e.Got.Fixed(),
		To: string(e.Got.Unit()), Market: e.Market, Side: string(e.Side), Rate: e.Rate.Text(), CreatedAt: moment(e.CreatedAt),
	}
}
