package api

import (
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// traderView is a trader as operators see one.
type traderView struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	Name      string `json:"name"`
	Coins     string `json:"coins,omitempty"`
	Unit      string `json:"unit"`
	CreatedAt string `json:"created_at" format:"date-time"`
	UpdatedAt string `json:"updated_at" format:"date-time"`
}

// newTrader is the wish to add a trader.
type newTrader struct {
	Operator string `json:"operator" minLength:"1" maxLength:"100"`
	Name     string `json:"name" minLength:"1" maxLength:"200"`
}

// switched is an operator's word that something may be used or not.
type switched struct {
	Operator string `json:"operator" minLength:"1" maxLength:"100"`
}

// coinsMoved is an operator's word that coins of a trader were received or sent.
type coinsMoved struct {
	Operator string `json:"operator" minLength:"1" maxLength:"100"`
	Amount   string `json:"amount" maxLength:"40"`
	Gateway  string `json:"gateway" minLength:"1" maxLength:"100"`
	Receipt  string `json:"receipt" minLength:"1" maxLength:"200"`
}

// traderList is what a list of traders takes.
type traderList struct {
	dated

	Status string `query:"status"`
}

// exampleTrader is the id of the document's trader.
const exampleTrader = "trd_01941f29-7c00-7000-8000-000000000001"

var (
	standings    = []string{string(deal.Active), string(deal.Disabled)}
	inStanding   = word{doc: "Only those in this state.", example: string(deal.Active), choices: standings}
	standingWord = word{doc: "Whether new deals may begin.", example: string(deal.Active), choices: standings}
)

var traderWords = words{
	"traderList": {"status": inStanding},
	"traderView": {
		"id": {doc: "Its id.", example: exampleTrader}, "status": standingWord,
		"name":  {doc: "What the operator calls the trader.", example: "Boris"},
		"coins": {doc: "What is put in and not spent; answers of changes leave it out.", example: "1000.00000000"},
		"unit":  {doc: "The unit of the coins.", example: string(deal.Coin)},
	},
	"newTrader": {
		"operator": operatorWord, "name": {doc: "What the operator calls the trader.", example: "Boris"},
	},
	"switched": {"operator": operatorWord},
	"coinsMoved": {
		"operator": operatorWord, "amount": {doc: "So many coins.", example: "1000"},
		"gateway": {doc: "What they came or went through, as the operator calls it.", example: "till"},
		"receipt": {doc: "The network's id of it; each counts once.", example: "a1b2c3"},
	},
}

func (d *desk) traders() resource {
	told := story[traderView]{now: d.traderNow, of: func(change app.Change) (out traderView, ok bool) {
		if len(change.Traders) != 1 {
			return out, false
		}
		return viewTrader(change.Traders[0]), true
	}}
	missing := []fault.Code{fault.CodeNotFound}
	coins := append(missing, fault.CodeAmountInvalid, fault.CodeAmountTooSmall, fault.CodeDuplicate,
		fault.CodeInsufficientFunds)
	return resource{
		name: "traders", about: "A trader receives transfers of payers and pays for them in coins, or sends money and is " +
			"paid in coins. All of it is for whoever runs the server.",
		words: traderWords, example: exampleTrader,
		operations: []operation{
			create(row{
				id: "createTrader", path: "/traders", scope: merchant.Operator, summary: "Add a trader",
				about: "Adds a trader of the merchant, who has no coins and no requisites yet.",
			}, "trd", d.createTrader, told),
			get(row{
				id: "getTrader", path: "/traders/{id}", scope: merchant.Operator, summary: "Get a trader",
				about: "Shows a trader and the coins that are left.", faults: missing,
			}, plain(d.wholeTrader)),
			list(row{
				id: "listTraders", path: "/traders", scope: merchant.Operator, summary: "List traders",
				about: "Lists all traders of the merchant, disabled ones too.",
			}, d.listTraders),
			act(row{
				id: "disableTrader", path: "/traders/{id}/disable", scope: merchant.Operator, summary: "Disable a trader",
				about: "Lets no new deal begin. Those that are live go on.", faults: missing,
			}, d.disableTrader, told),
			act(row{
				id: "enableTrader", path: "/traders/{id}/enable", scope: merchant.Operator, summary: "Enable a trader",
				about: "Lets new deals begin again.", faults: missing,
			}, d.enableTrader, told),
			act(row{
				id: "depositTrader", path: "/traders/{id}/deposit", scope: merchant.Operator, summary: "Book coins put in",
				about: "Books coins that the operator has received from a trader.", faults: coins,
			}, d.depositTrader, told),
			act(row{
				id: "withdrawTrader", path: "/traders/{id}/withdraw", scope: merchant.Operator, summary: "Book coins taken out",
				about: "Books coins that the operator has sent to a trader, never more than are left.", faults: coins,
			}, d.withdrawTrader, told),
		},
	}
}

func (d *desk) createTrader(c *call, id string, in newTrader) (traderView, error) {
	return show(viewTrader)(d.App.AddTrader(c.Context(), app.NewTrader{
		ID: id, Merchant: c.Merchant, Name: in.Name, Operator: in.Operator,
	}))
}

// traderNow shows a trader as answers of changes do.
func (d *desk) traderNow(c *call, id string) (out traderView, err error) {
	v, err := d.App.Trader(c.Context(), c.Merchant, id)
	return show(viewTrader)(v.Trader, err)
}

func (d *desk) wholeTrader(c *call, id string) (traderView, error) {
	return show(viewWholeTrader)(d.App.Trader(c.Context(), c.Merchant, id))
}

func (d *desk) listTraders(c *call, q traderList) (out pageOf[traderView], err error) {
	part, err := q.after()
	if err != nil {
		return out, err
	}
	found, err := d.App.ListTraders(c.Context(), c.Merchant, deal.Standing(q.Status), part)
	return paged(q.paging, found, viewWholeTrader,
		func(v app.TraderView) (time.Time, string) { return v.Trader.CreatedAt, v.Trader.ID }), err
}

func (d *desk) disableTrader(c *call, id string, in switched) (traderView, error) {
	return show(viewTrader)(d.App.SwitchTrader(c.Context(), c.Merchant, id, true, in.Operator))
}

func (d *desk) enableTrader(c *call, id string, in switched) (traderView, error) {
	return show(viewTrader)(d.App.SwitchTrader(c.Context(), c.Merchant, id, false, in.Operator))
}

func (d *desk) depositTrader(c *call, id string, in coinsMoved) (traderView, error) {
	return d.moveCoins(c, id, in, false)
}

func (d *desk) withdrawTrader(c *call, id string, in coinsMoved) (traderView, error) {
	return d.moveCoins(c, id, in, true)
}

func (d *desk) moveCoins(c *call, id string, in coinsMoved, out bool) (view traderView, err error) {
	amount, err := amountOf(in.Amount, string(deal.Coin))
	if err != nil {
		return view, err
	}
	if err := d.App.MoveTraderCoins(c.Context(), app.TraderCoins{
		Merchant: c.Merchant, Trader: id, Amount: amount, Out: out, Gateway: in.Gateway, Receipt: in.Receipt,
		Operator: in.Operator,
	}); err != nil {
		return view, err
	}
	return d.traderNow(c, id)
}

// viewWholeTrader shows a trader with the coins that are left.
func viewWholeTrader(v app.TraderView) traderView {
	view := viewTrader(v.Trader)
	view.Coins = v.Coins.Fixed()
	return view
}

// viewTrader shows a trader without what only the books know.
func viewTrader(t deal.Trader) traderView {
	return traderView{
		ID: t.ID, Status: string(t.Standing()), Name: t.Name, Unit: string(deal.Coin), CreatedAt: moment(t.CreatedAt),
		UpdatedAt: moment(t.UpdatedAt),
	}
}
