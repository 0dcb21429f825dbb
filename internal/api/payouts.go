package api

import (
	"cmp"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/wallet"
)

// payoutView is a payout as callers see it.
type payoutView struct {
	ID        string            `json:"id"`
	Status    string            `json:"status"`
	Account   int64             `json:"account"`
	Amount    string            `json:"amount"`
	Fee       string            `json:"fee"`
	Unit      string            `json:"unit"`
	Network   string            `json:"network,omitempty"`
	Address   string            `json:"address,omitempty"`
	Sending   *sendingView      `json:"sending,omitempty"`
	Terminal  int64             `json:"terminal,omitempty"`
	Reference string            `json:"reference,omitempty"`
	Approvals int64             `json:"approvals"`
	Receipt   string            `json:"receipt,omitempty"`
	DueAt     string            `json:"due_at,omitempty" format:"date-time"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Expanded  *payoutMore       `json:"expanded,omitempty" table:"-"`
	CreatedAt string            `json:"created_at" format:"date-time"`
	UpdatedAt string            `json:"updated_at" format:"date-time"`
}

// payoutMore is what a payout is shown with.
type payoutMore struct {
	Deals []dealView `json:"deals,omitempty" nullable:"false"`
}

// payoutExpand is what one payout can be shown with.
type payoutExpand struct {
	Expand []string `query:"expand"`
}

// sendingView is what a trader sends, and to whom.
type sendingView struct {
	Amount string    `json:"amount"`
	Unit   string    `json:"unit"`
	Rate   string    `json:"rate"`
	Payee  payeeView `json:"payee"`
}

// payeeView is to whom a trader sends money.
type payeeView struct {
	Option string `json:"option" minLength:"1" maxLength:"50"`
	Method string `json:"method" minLength:"1" maxLength:"50"`
	Number string `json:"number" minLength:"1" maxLength:"200"`
	Holder string `json:"holder,omitempty" maxLength:"200"`
}

// newPayout is the wish to send money out.
type newPayout struct {
	Amount    string            `json:"amount" maxLength:"40"`
	Unit      string            `json:"unit" maxLength:"10"`
	Account   int64             `json:"account,omitempty" minimum:"1"`
	Network   string            `json:"network,omitempty" maxLength:"50"`
	Address   string            `json:"address,omitempty" maxLength:"200"`
	Payee     payeeView         `json:"payee,omitzero"`
	Terminal  int64             `json:"terminal,omitempty" minimum:"1"`
	Reference string            `json:"reference,omitempty" maxLength:"200"`
	DueAt     time.Time         `json:"due_at,omitzero"`
	Metadata  map[string]string `json:"metadata,omitempty" maxProperties:"20"`
}

// payoutList is what a list of payouts can be narrowed down to.
type payoutList struct {
	dated

	Status    string   `query:"status"`
	Account   int64    `query:"account" minimum:"1"`
	Terminal  int64    `query:"terminal" minimum:"1"`
	Reference string   `query:"reference" maxLength:"200"`
	Unit      string   `query:"unit" maxLength:"10"`
	Expand    []string `query:"expand"`
}

// decided is an operator's word about something.
type decided struct {
	Operator string `json:"operator" minLength:"1" maxLength:"100"`
	Note     string `json:"note,omitempty" maxLength:"500"`
}

// payoutTaken is an operator's word that a trader sends a payout.
type payoutTaken struct {
	Operator string `json:"operator" minLength:"1" maxLength:"100"`
	Trader   string `json:"trader" minLength:"1" maxLength:"200"`
}

// payoutSent is an operator's word that a payout arrived.
type payoutSent struct {
	Operator string `json:"operator" minLength:"1" maxLength:"100"`
	Note     string `json:"note,omitempty" maxLength:"500"`
	Receipt  string `json:"receipt" minLength:"1" maxLength:"200"`
}

// examplePayout is the id of the document's payout.
const examplePayout = "out_01941f29-7c00-7000-8000-000000000001"

var (
	operatorWord    = word{doc: "Who says so. A second approval has to be another person's.", example: "Sam"}
	noteWord        = word{doc: "Why, for the history.", example: "checked by telephone"}
	optionWord      = word{doc: "The way on which the money goes.", example: "SBP"}
	methodWord      = word{doc: "The bank.", example: "sberbank"}
	numberWord      = word{doc: "A card, a telephone, an account.", example: "+79967779977"}
	holderWord      = word{doc: "Whose it is.", example: "Ada L."}
	networkWord     = word{doc: "The network it goes over, one that is open for you.", example: "TRX"}
	coinAddressWord = word{doc: "The address on the network.", example: "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"}
	fromWord        = word{doc: "The account that it is taken from; 10000 is your own.", example: wallet.House}
)

var payoutWords = words{
	"payoutView": {
		"expanded": moreWord,
		"id":       {doc: "Its id.", example: examplePayout},
		"status": {
			doc: "requested: an operator has to approve it; above a limit two. approved: a trader may take it, or its gateway " +
				"is being told. processing: it is being sent, or nobody knows yet. paid: it arrived. rejected, canceled, " +
				"expired, failed: the money is back where it was taken from.",
			example: "requested", choices: choices(payout.States),
		},
		"account": fromWord, "amount": {doc: "What is taken, fee included.", example: "12.50"},
		"fee": {doc: "What is kept of it.", example: "1.00"}, "network": networkWord, "address": coinAddressWord,
		"sending":   {doc: "What a trader sends, where it goes through traders."},
		"terminal":  {doc: "The terminal that it was asked for at.", example: 1001},
		"reference": {doc: "Your own name for it.", example: "wage 7"},
		"approvals": {doc: "How many people have approved it.", example: 1},
		"receipt":   {doc: "The network's or the bank's id of the movement of money.", example: "a1b2c3"},
		"due_at":    {doc: "When it expires unless somebody has begun to send it.", example: "2026-12-01T12:00:00Z"},
	},
	"sendingView": {
		"amount": {doc: "What is sent.", example: "1000.00"}, "unit": {doc: "Its currency unit.", example: "RUB"},
		"rate": {
			doc: "So many of it for one coin, fixed when it was asked for.", example: "98.5",
		},
		"payee": {doc: "To whom."},
	},
	"payeeView": {"option": optionWord, "method": methodWord, "number": numberWord, "holder": holderWord},
	"newPayout": {
		wholeThing: {example: map[string]any{
			"amount": "12.50", "unit": "USDT", "account": wallet.House, "network": networkWord.example,
			"address": coinAddressWord.example, "reference": "wage 7",
		}},
		"amount": {
			doc: "Over a network: what is taken of the account; the fee comes out of it. To a payee: what arrives, and its " +
				"cost in coins is taken of your own account.",
			example: "12.50",
		},
		"unit": {doc: "The unit of the amount.", example: "USDT"}, "account": fromWord,
		"network": networkWord, "address": coinAddressWord,
		"payee":     {doc: "Who gets the money from a trader; leave it out to send over a network."},
		"terminal":  {doc: "To a payee: the number of the terminal whose fee is taken.", example: 1001},
		"reference": {doc: "Your own name for it; the account, or the terminal, has each one once.", example: "wage 7"},
		"due_at": {
			doc:     "To a payee: when it expires unless somebody has begun to send it; leave it out for never.",
			example: "2026-12-01T12:00:00Z",
		},
	},
	"payoutList": {
		"status":   {doc: "Only those in this state.", example: "requested", choices: choices(payout.States)},
		"account":  {doc: "Only those from this account.", example: wallet.House},
		"terminal": {doc: "Only those that were asked for at this terminal.", example: 1001},
		"reference": {
			doc: "Only those that have this name of yours; with account, or with the terminal that it was asked for at, " +
				"it is found at once, however many there are.",
			example: "payout 7",
		},
		"unit": ofUnit, "expand": together("deals"),
	},
	"payoutMore":   {"deals": {doc: "The deals by which traders send it, with expand=deals."}},
	"payoutExpand": {"expand": together("deals")},
	"decided":      {"operator": operatorWord, "note": noteWord},
	"payoutTaken": {
		"operator": operatorWord, "trader": {doc: "The id of the trader who sends it.", example: exampleTrader},
	},
	"payoutSent": {
		"operator": operatorWord, "note": noteWord,
		"receipt": {doc: "The network's or the bank's id of the movement of money; each counts once.", example: "a1b2c3"},
	},
}

func (d *desk) payouts() resource {
	told := story[payoutView]{now: d.payoutTold, of: func(change app.Change) (out payoutView, ok bool) {
		if len(change.Payouts) != 1 {
			return out, false
		}
		p := change.Payouts[0]
		return viewPayout(p), !beingTold(p)
	}}
	return resource{
		name: "payouts", about: "A payout sends money out: coins over a network, or money in another currency from " +
			"a trader to somebody's account. What it costs is set aside when it is asked for. Whoever runs the server " +
			"decides about it.",
		words: payoutWords, example: examplePayout,
		operations: append([]operation{
			create(row{
				id: "createPayout", path: "/payouts", scope: merchant.PayoutsWrite, summary: "Request a payout",
				about: "Sets the money aside and leaves the sending to an operator. It goes to an address on a network, or to a " +
					"payee.",
				faults: []fault.Code{
					fault.CodeAmountInvalid, fault.CodeAmountTooSmall, fault.CodeUnitUnknown, fault.CodeAccountNotFound,
					fault.CodeAccountClosed, fault.CodeInsufficientFunds, fault.CodeDuplicate, fault.CodeTerminalNotFound,
					fault.CodeRateMissing,
				},
			}, "out", d.createPayout, told),
			get(row{
				id: "getPayout", path: "/payouts/{id}", scope: merchant.PayoutsRead, summary: "Get a payout",
				about: "Shows a payout, whichever API it was asked for through.", faults: []fault.Code{fault.CodePayoutNotFound},
			}, d.getPayout),
			list(row{
				id: "listPayouts", path: "/payouts", scope: merchant.PayoutsRead, summary: "List payouts",
				about: "Lists all payouts, whichever API they were asked for through.",
			}, d.listPayouts),
			act(row{
				id: "refreshPayout", path: "/payouts/{id}/refresh", scope: merchant.PayoutsWrite,
				summary: "Ask the gateway about a payout",
				about: "Goes on at once with an approved payout that a gateway sends, and asks what became of it. We do so by " +
					"ourselves too. Any other stays as it is.",
				faults: []fault.Code{fault.CodePayoutNotFound, fault.CodeGatewayNotFound},
			}, d.refreshPayout, story[payoutView]{now: d.payoutTold}),
			act(row{
				id: "cancelPayout", path: "/payouts/{id}/cancel", scope: merchant.PayoutsWrite, summary: "Cancel a payout",
				about:  "Takes the wish back while nobody has begun to send it. One that is canceled stays so.",
				faults: []fault.Code{fault.CodePayoutNotFound, fault.CodeWrongState},
			}, d.cancelPayout, told),
		}, d.payoutDecisions(told)...),
	}
}

// payoutDecisions are what whoever runs the server says of a payout.
func (d *desk) payoutDecisions(told story[payoutView]) []operation {
	faults := []fault.Code{fault.CodePayoutNotFound, fault.CodeWrongState}
	byHand := append(slices.Clone(faults), fault.CodeUnsupported)
	return []operation{
		act(row{
			id: "approvePayout", path: "/payouts/{id}/approve", scope: merchant.Operator, summary: "Approve a payout",
			about: "Takes a payout on: it is about to be sent by hand, or a trader may take it, or its gateway is told to " +
				"send it. One above the merchant's limit needs two people, told apart by operator; until the second one " +
				"approves it stays requested. The name is the word of whoever holds the key, so that one key can speak for " +
				"both. To have Purser prove who they were, give each a key of their own: the record of every approval " +
				"names the key.",
			faults: faults,
		}, d.approvePayout, told),
		act(row{
			id: "rejectPayout", path: "/payouts/{id}/reject", scope: merchant.Operator, summary: "Reject a payout",
			about: "Gives the money back to the account: nothing was sent.", faults: faults,
		}, d.rejectPayout, told),
		act(row{
			id: "takePayout", path: "/payouts/{id}/take", scope: merchant.Operator, summary: "Give a payout to a trader",
			about:  "Begins a deal: one trader sends it. From now on it is neither canceled nor does it expire.",
			faults: append(faults, fault.CodeNotFound),
		}, d.takePayout, told),
		act(row{
			id: "confirmPayout", path: "/payouts/{id}/confirm", scope: merchant.Operator, summary: "Confirm a payout",
			about: "Says that the money was sent, with the receipt of it. What a gateway sends is unsupported, unless it " +
				"called for a person.",
			faults: append(byHand, fault.CodeDuplicate),
		}, d.confirmPayout, told),
		act(row{
			id: "failPayout", path: "/payouts/{id}/fail", scope: merchant.Operator, summary: "Fail a payout",
			about: "Gives the money back to the account: it was sent over a network and came back. What a gateway sends is " +
				"unsupported, unless it called for a person.",
			faults: byHand,
		}, d.failPayout, told),
	}
}

func (d *desk) createPayout(c *call, id string, in newPayout) (out payoutView, err error) {
	amount, err := amountOf(in.Amount, in.Unit)
	if err != nil {
		return out, err
	}
	bag, err := packMetadata(in.Metadata)
	if err != nil {
		return out, err
	}
	if err := in.check(d.Now()); err != nil {
		return out, err
	}
	if in.Payee == (payeeView{}) {
		p, err := d.App.RequestPayout(c.Context(), app.NewPayout{
			ID: id, Merchant: c.Merchant, Account: cmp.Or(in.Account, wallet.House), Amount: amount, Rail: in.Network,
			Destination: in.Address, Reference: in.Reference, Bag: bag,
		})
		return show(viewPayout)(p, payoutFault(err))
	}
	p, err := d.App.RequestSending(c.Context(), app.NewSending{
		ID: id, Merchant: c.Merchant, Terminal: in.Terminal, Reference: in.Reference, Sum: amount,
		Payee: payout.Payee(in.Payee), Due: in.DueAt, Bag: bag,
	})
	return show(viewPayout)(p, payoutFault(err))
}

// check is nil when a wish says which way the money is to go, and nothing that
// only the other way knows. The fee of what traders send is a terminal's, so that
// one has to be named. Errors: parameter_missing, parameter_invalid.
func (n newPayout) check(now time.Time) error {
	var wrong fault.List
	const other = "It is not known together with payee."
	needs := func(name string, given bool) {
		if !given {
			wrong.Add(fault.New(fault.CodeParameterMissing, name, ""))
		}
	}
	bars := func(name string, given bool, words string) {
		if given {
			wrong.Add(fault.New(fault.CodeParameterInvalid, name, words))
		}
	}
	if n.Payee == (payeeView{}) {
		needs("network", n.Network != "")
		needs("address", n.Address != "")
		bars("terminal", n.Terminal != 0, "It is only known together with payee.")
		bars("due_at", !n.DueAt.IsZero(), "It is only known together with payee.")
		return wrong.Err()
	}
	needs("terminal", n.Terminal != 0)
	bars("network", n.Network != "", other)
	bars("address", n.Address != "", other)
	bars("account", n.Account != 0 && n.Account != wallet.House, "Traders are paid out of your own account.")
	wrong.Add(fault.All(checkDue(n.DueAt, now))...)
	return wrong.Err()
}

// payoutFault names the parameters as payouts have them.
func payoutFault(err error) error {
	if err == nil {
		return nil
	}
	f := fault.From(err)
	switch {
	case f.Code == fault.CodeDuplicate && f.Param == "payout":
		return fault.New(f.Code, "reference", f.Words)
	case f.Code == fault.CodeInsufficientFunds:
		return fault.New(f.Code, "account", f.Words)
	case f.Code == fault.CodeRateMissing:
		return fault.New(f.Code, "unit", f.Words)
	case f.Param == "option", f.Param == "method":
		return fault.New(f.Code, "payee."+f.Param, f.Words)
	case f.Param == "requisites":
		return fault.New(f.Code, "payee.number", f.Words)
	}
	return err
}

func (d *desk) payoutNow(c *call, id string) (payoutView, error) {
	return show(viewPayout)(d.App.Payout(c.Context(), c.Merchant, id))
}

// beingTold says that the gateway of a payout hears of it now, so that nobody can
// say yet what came of its approval.
func beingTold(p payout.Payout) bool {
	told := p.State == payout.Approved || (p.State == payout.Processing && p.Checks == 0)
	return p.ByGateway() && told && p.Attention == ""
}

// payoutTold shows what came of a decision about a payout.
// Error: idempotency_in_progress.
func (d *desk) payoutTold(c *call, id string) (out payoutView, err error) {
	p, err := d.App.Payout(c.Context(), c.Merchant, id)
	if err == nil && beingTold(p) {
		return out, fault.New(fault.CodeIdempotencyInProgress, "", "")
	}
	return show(viewPayout)(p, err)
}

func (d *desk) getPayout(c *call, id string, q payoutExpand) (payoutView, error) {
	view, err := d.payoutNow(c, id)
	return d.payoutExpansions().one(c, q.Expand, view, err)
}

// payoutExpansions are what a payout can be shown with.
func (d *desk) payoutExpansions() expansions[payoutView] {
	return expansions[payoutView]{"deals": {merchant.DealsRead, func(c *call, v *payoutView) error {
		found, err := d.App.DealsOfPayouts(c.Context(), c.Merchant, v.ID)
		v.Expanded = &payoutMore{}
		for _, one := range found {
			v.Expanded.Deals = append(v.Expanded.Deals, d.viewDeal(one))
		}
		return err
	}}}
}

func (d *desk) listPayouts(c *call, q payoutList) (out pageOf[payoutView], err error) {
	part, err := q.after()
	if err != nil {
		return out, err
	}
	if err := knownUnit("unit", q.Unit); err != nil {
		return out, err
	}
	wanted := app.PayoutList{
		State: payout.State(q.Status), Account: q.Account, Terminal: q.Terminal, Reference: q.Reference,
		Unit: money.Unit(q.Unit),
	}
	out, err = seek(c, q.paging, app.Payouts, wanted.Sought(), part, func(part app.Older) ([]payout.Payout, error) {
		return d.App.ListPayouts(c.Context(), c.Merchant, wanted, part)
	}, viewPayout, func(p payout.Payout) (time.Time, string) { return p.CreatedAt, p.ID })
	return d.payoutExpansions().page(c, q.Expand, out, err)
}

func (d *desk) refreshPayout(c *call, id string, _ none) (payoutView, error) {
	return show(viewPayout)(d.App.ResolvePayout(c.Context(), c.Merchant, id))
}

func (d *desk) cancelPayout(c *call, id string, _ none) (payoutView, error) {
	return show(viewPayout)(d.App.WithdrawPayout(c.Context(), c.Merchant, id))
}

// wordOn is what an operator says of a payout.
func (w decided) wordOn(c *call, id string) app.PayoutWord {
	return app.PayoutWord{Merchant: c.Merchant, Payout: id, Operator: w.Operator, Note: w.Note}
}

func (d *desk) approvePayout(c *call, id string, in decided) (payoutView, error) {
	return show(viewPayout)(d.App.ApprovePayout(c.Context(), in.wordOn(c, id)))
}

func (d *desk) rejectPayout(c *call, id string, in decided) (payoutView, error) {
	return show(viewPayout)(d.App.RejectPayout(c.Context(), in.wordOn(c, id)))
}

func (d *desk) takePayout(c *call, id string, in payoutTaken) (out payoutView, err error) {
	if _, err := d.App.TakePayout(c.Context(), app.Taking{
		ID: d.NewID("deal"), Merchant: c.Merchant, Payout: id, Trader: in.Trader, Operator: in.Operator,
	}); err != nil {
		return out, err
	}
	return d.payoutNow(c, id)
}

func (d *desk) confirmPayout(c *call, id string, in payoutSent) (payoutView, error) {
	word := decided{in.Operator, in.Note}.wordOn(c, id)
	word.Receipt = in.Receipt
	return show(viewPayout)(d.App.ConfirmPayout(c.Context(), word))
}

func (d *desk) failPayout(c *call, id string, in decided) (payoutView, error) {
	return show(viewPayout)(d.App.FailPayout(c.Context(), in.wordOn(c, id)))
}

// viewPayout shows a payout. Who approved it is the operator's own.
func viewPayout(p payout.Payout) payoutView {
	view := payoutView{
		ID: p.ID, Status: string(p.State), Account: p.Account, Amount: p.Amount.Fixed(), Fee: p.Fee.Fixed(),
		Unit: string(p.Amount.Unit()), Terminal: p.Terminal, Reference: p.Reference, Approvals: int64(len(p.Approvers)),
		Receipt: p.Receipt, DueAt: moment(p.Due), Metadata: metadata(p.Bag), CreatedAt: moment(p.CreatedAt),
		UpdatedAt: moment(p.UpdatedAt),
	}
	if p.ByTraders() {
		view.Sending = &sendingView{
			Amount: p.Sum.Fixed(), Unit: string(p.Sum.Unit()), Rate: p.Rate.Text(), Payee: payeeView(p.Payee),
		}
		return view
	}
	view.Network, view.Address = p.Rail, p.Destination
	return view
}
