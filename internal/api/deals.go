package api

import (
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
)

// dealView is a deal as callers see it. What the trader pays is in coins.
type dealView struct {
	ID         string       `json:"id"`
	Status     string       `json:"status"`
	Invoice    string       `json:"invoice,omitempty"`
	Payment    string       `json:"payment,omitempty"`
	Payout     string       `json:"payout,omitempty"`
	Trader     string       `json:"trader"`
	Payee      payeeView    `json:"payee"`
	Link       string       `json:"link,omitempty"`
	Amount     string       `json:"amount"`
	Paid       string       `json:"paid,omitempty"`
	Unit       string       `json:"unit"`
	Rate       string       `json:"rate"`
	Coins      coinsView    `json:"coins"`
	Dispute    *disputeView `json:"dispute,omitempty"`
	Deadline   string       `json:"deadline,omitempty" format:"date-time"`
	ReportedAt string       `json:"reported_at,omitempty" format:"date-time"`
	EndedAt    string       `json:"ended_at,omitempty" format:"date-time"`
	Expanded   *dealMore    `json:"expanded,omitempty" table:"-"`
	CreatedAt  string       `json:"created_at" format:"date-time"`
	UpdatedAt  string       `json:"updated_at" format:"date-time"`

	CheckoutURL string `json:"checkout_url,omitempty"` // behind all others, for whoever counts the columns of a table
}

// coinsView is what a deal costs the trader, or pays to one.
type coinsView struct {
	Amount string `json:"amount"`
	Fee    string `json:"fee"`
	Unit   string `json:"unit"`
}

// disputeView is what is said against the course of a deal.
type disputeView struct {
	Reason   string `json:"reason,omitempty"`
	Amount   string `json:"amount,omitempty"`
	Unit     string `json:"unit"`
	OpenedAt string `json:"opened_at" format:"date-time"`
}

// newDeal is the wish that the payer of an invoice sends money to a trader.
type newDeal struct {
	Invoice string `json:"invoice" minLength:"1" maxLength:"200"`
	Option  string `json:"option,omitempty" maxLength:"50"`
	Method  string `json:"method,omitempty" maxLength:"50"`
}

// newDispute is what somebody says against the course of a deal.
type newDispute struct {
	Reason string  `json:"reason" minLength:"1" maxLength:"1000"`
	Amount *string `json:"amount,omitempty" maxLength:"40"`
}

// dealWord is an operator's word about a deal.
type dealWord struct {
	Operator string  `json:"operator" minLength:"1" maxLength:"100"`
	Note     string  `json:"note,omitempty" maxLength:"500"`
	Paid     *string `json:"paid,omitempty" maxLength:"40"`
	Receipt  string  `json:"receipt,omitempty" maxLength:"200"`
}

// correction is an operator's word about what a deal brought.
type correction struct {
	Operator string `json:"operator" minLength:"1" maxLength:"100"`
	Note     string `json:"note,omitempty" maxLength:"500"`
	Paid     string `json:"paid" minLength:"1" maxLength:"40"`
}

// payerCode is the code by which a deal is paid.
type payerCode struct {
	Operator string `json:"operator" minLength:"1" maxLength:"100"`
	Note     string `json:"note,omitempty" maxLength:"500"`
	Link     string `json:"link" minLength:"1" maxLength:"300"`
}

// resolution is an operator's decision about a dispute.
type resolution struct {
	Operator string  `json:"operator" minLength:"1" maxLength:"100"`
	Note     string  `json:"note,omitempty" maxLength:"500"`
	Outcome  string  `json:"outcome"`
	Paid     *string `json:"paid,omitempty" maxLength:"40"`
	Receipt  string  `json:"receipt,omitempty" maxLength:"200"`
}

// dealList is what a list of deals can be narrowed down to.
type dealList struct {
	dated

	Status  string   `query:"status"`
	Invoice string   `query:"invoice" maxLength:"200"`
	Payout  string   `query:"payout" maxLength:"200"`
	Trader  string   `query:"trader" maxLength:"200"`
	Expand  []string `query:"expand"`
}

// The outcomes of a dispute.
const (
	won  = "won"
	lost = "lost"
)

// exampleDeal is the id of the document's deal.
const exampleDeal = "deal_01941f29-7c00-7000-8000-000000000001"

var (
	paidWord = word{
		doc:     "What was really sent; leave it out where that is what was agreed, or what the dispute says.",
		example: "950.00",
	}
	receiptWord = word{doc: "The bank's id of the transfer, once; every payout needs one.", example: "a1b2c3"}
	reasonWord  = word{doc: "Why, in the words of who opens it.", example: "sent 950 and not 1000"}
	claimedWord = word{doc: "What was really sent, as they say; without it, what was agreed.", example: "950.00"}
)

var dealWords = words{
	"dealView": {
		"id": {doc: "Its id.", example: exampleDeal},
		"status": {
			doc: "transfer_waiting: whoever pays has to send the money. transfer_confirmed: the payer says it is sent, and " +
				"the trader has to say that it came. dispute: an operator decides. completed: the money came. canceled: none " +
				"did.",
			example: "transfer_waiting", choices: choices(deal.States),
		},
		"invoice": {doc: "The id of the invoice that it pays.", example: exampleInvoice},
		"payment": {doc: "The id of the payment that it is.", example: examplePayment},
		"payout":  {doc: "The id of the payout that it carries out.", example: examplePayout},
		"trader":  {doc: "The id of the trader.", example: exampleTrader},
		"payee":   {doc: "Where the money is sent: to the trader, or to whom the payout is for."},
		"link": {
			doc: "An address that the payer's telephone opens to pay, where there is one.", example: "https://qr.example/1",
		},
		"checkout_url": {
			doc: "The page on which the payer reads where to send the money, says that it is sent, and sees what " +
				"became of it. Whoever has the address may.",
			example: "https://pay.example/invoice?id=" + exampleInvoice,
		},
		"amount": {doc: "What is to be sent.", example: "1000.00"},
		"paid":   {doc: "What was really sent.", example: "1000.00"},
		"rate":   {doc: "So many of the unit for one coin, fixed when it began.", example: "98.5"},
		"coins":  {doc: "What it is worth in coins."}, "dispute": {doc: "What is said against its course."},
		"deadline": {
			doc: "When it is canceled unless somebody says that the money is sent.", example: "2026-12-01T12:00:00Z",
		},
		"expanded":    moreWord,
		"reported_at": {doc: "When the payer said that the money is sent.", example: "2026-12-01T12:00:00Z"},
		"ended_at":    {doc: "When it was decided.", example: "2026-12-01T12:00:00Z"},
	},
	"payeeView": payoutWords["payeeView"], "decided": payoutWords["decided"],
	"coinsView": {
		"amount": {doc: "What the trader pays, or is paid.", example: "10.00000000"},
		"fee":    {doc: "What is kept of it, or is added to it.", example: "0.85000000"},
		"unit":   {doc: "The unit of the coins.", example: string(deal.Coin)},
	},
	"disputeView": {
		"reason": reasonWord, "amount": claimedWord, "opened_at": {doc: "Since when.", example: "2026-12-01T12:00:00Z"},
	},
	"dealMore": dealMoreWords, "dealExpand": {"expand": dealExpandWord},
	"newDeal": {
		"invoice": {doc: "The id of the invoice that is paid.", example: exampleInvoice},
		"option":  {doc: "The way on which the payer sends; leave it out for any.", example: "SBP"},
		"method":  {doc: "The payer's bank; leave it out for any.", example: "sberbank"},
	},
	"newDispute": {"reason": reasonWord, "amount": claimedWord},
	"dealWord":   {"operator": operatorWord, "note": noteWord, "paid": paidWord, "receipt": receiptWord},
	"payerCode": {
		"operator": operatorWord, "note": noteWord,
		"link": {doc: "The address that the payer's telephone opens, with https.", example: "https://qr.nspk.ru/AS1"},
	},
	"correction": {
		"operator": operatorWord, "note": noteWord, "paid": {doc: "What was really sent.", example: "950.00"},
	},
	"resolution": {
		"operator": operatorWord, "note": noteWord, "paid": paidWord, "receipt": receiptWord,
		"outcome": {
			doc: "won: the trader is wrong. The payer's money is taken for sent; of a payout the money did not arrive. " +
				"lost: the trader is right.",
			example: won, choices: []string{lost, won},
		},
	},
	"dealList": {
		"status":  {doc: "Only those in this state.", example: "dispute", choices: choices(deal.States)},
		"invoice": {doc: "Only those of this invoice.", example: exampleInvoice},
		"payout":  {doc: "Only those of this payout.", example: examplePayout},
		"trader":  {doc: "Only those of this trader.", example: exampleTrader},
		"expand":  dealExpandWord,
	},
}

func (d *desk) deals() resource {
	told := story[dealView]{now: d.dealNow, of: func(change app.Change) (out dealView, ok bool) {
		if len(change.Deals) != 1 {
			return out, false
		}
		return d.viewDeal(change.Deals[0]), true
	}}
	faults := []fault.Code{fault.CodeDealNotFound, fault.CodeWrongState}
	return resource{
		name: "deals", about: "A deal is one transfer between people: a payer sends money to a trader for an invoice, or a " +
			"trader sends the money of a payout.",
		words: dealWords, example: exampleDeal,
		operations: append([]operation{
			create(row{
				id: "createDeal", path: "/deals", scope: merchant.DealsWrite, summary: "Start a deal",
				about: "Finds a trader whom the payer of an invoice sends the money to. One deal of an invoice is live at a " +
					"time. Where no trader is free nothing changes, and no_trader is answered.",
				faults: []fault.Code{
					fault.CodeInvoiceNotFound, fault.CodeInvoiceClosed, fault.CodeInvoiceHeld, fault.CodeWrongState,
					fault.CodeRateMissing, fault.CodeAmountTooSmall, fault.CodeUnsupported, fault.CodeNoTrader,
				},
			}, "deal", d.createDeal, told),
			get(row{
				id: "getDeal", path: "/deals/{id}", scope: merchant.DealsRead, summary: "Get a deal",
				about: "Shows a deal, whichever API began it.", faults: []fault.Code{fault.CodeDealNotFound},
			}, d.getDeal),
			list(row{
				id: "listDeals", path: "/deals", scope: merchant.DealsRead, summary: "List deals",
				about: "Lists all deals, of invoices and of payouts, whichever API began them.",
			}, d.listDeals),
			act(row{
				id: "confirmDealTransfer", path: "/deals/{id}/confirm-transfer", scope: merchant.DealsWrite,
				summary: "Say that the payer has sent the money",
				about:   "Passes on the payer's word: time no longer ends the deal. Saying it again changes nothing.",
				faults:  faults,
			}, d.confirmTransfer, told),
			act(row{
				id: "cancelDeal", path: "/deals/{id}/cancel", scope: merchant.DealsWrite, summary: "Cancel a deal",
				about:  "Takes back a deal of an invoice for which nobody says that money was sent. The invoice stays open.",
				faults: faults,
			}, d.cancelDeal, told),
			act(row{
				id: "disputeDeal", path: "/deals/{id}/dispute", scope: merchant.DealsWrite, summary: "Open a dispute",
				about: "Leaves a deal to an operator: money was sent and did not come, or another sum. One that is open gets " +
					"the new reason. One of an invoice that is completed is not disputed: where another sum came, whoever runs " +
					"the server corrects it. One of a payout that is canceled is not either: nobody sends its money.",
				faults: append(faults, fault.CodeAmountInvalid, fault.CodeAmountTooSmall),
			}, d.disputeDeal, told),
		}, d.dealDecisions(told)...),
	}
}

// dealDecisions are what whoever runs the server says of a deal.
func (d *desk) dealDecisions(told story[dealView]) []operation {
	faults := []fault.Code{
		fault.CodeDealNotFound, fault.CodeWrongState, fault.CodeInsufficientFunds, fault.CodeAmountInvalid,
		fault.CodeAmountTooSmall, fault.CodeDuplicate,
	}
	return []operation{
		act(row{
			id: "completeDeal", path: "/deals/{id}/complete", scope: merchant.Operator, summary: "Complete a deal",
			about: "Passes on the trader's word that the money came, or that it was sent, with its receipt.", faults: faults,
		}, d.completeDeal, told),
		act(row{
			id: "giveDealCode", path: "/deals/{id}/code", scope: merchant.Operator, summary: "Give the code of a deal",
			about: "Passes on the address of the code that the trader made for a deal which is paid by one. Its payer sees " +
				"it at once. The same again changes nothing; another would be one that the payer has not seen.",
			faults: faults[:2],
		}, d.giveDealCode, told),
		act(row{
			id: "rejectDeal", path: "/deals/{id}/reject", scope: merchant.Operator, summary: "Reject a deal",
			about: "Ends a deal for which no money came, although the payer says so. The payout of a trader who has not sent " +
				"it may be taken by another.",
			faults: faults[:2],
		}, d.rejectDeal, told),
		act(row{
			id: "resolveDeal", path: "/deals/{id}/resolve", scope: merchant.Operator, summary: "Resolve a dispute",
			about: "Decides a disputed deal. A won one of an invoice pays the merchant, whatever became of the invoice " +
				"meanwhile: where something else has paid it, it is paid twice and asks for as much more. While a payment of " +
				"the invoice is being verified wrong_state is answered.",
			faults: faults,
		}, d.resolveDeal, told),
		act(row{
			id: "correctDeal", path: "/deals/{id}/correct", scope: merchant.Operator, summary: "Correct a deal",
			about: "Says that another sum came for a completed deal of an invoice. The difference in coins, at the rate of " +
				"the deal, goes from the trader to the merchant or back, with its fee; the invoice is paid in the new sum. " +
				"Feed and webhooks tell of it as deal.corrected, payment.corrected and invoice.corrected.",
			faults: faults[:len(faults)-1],
		}, d.correctDeal, told),
	}
}

func (d *desk) createDeal(c *call, id string, in newDeal) (out dealView, err error) {
	made, found, err := d.App.StartDeal(c.Context(), c.Merchant, app.NewDeal{
		ID: id, Payment: d.NewID("pay"), Invoice: in.Invoice, Option: in.Option, Method: in.Method,
	})
	switch {
	case fault.Is(err, fault.CodeRateMissing):
		return out, fault.New(fault.CodeRateMissing, "invoice", "")
	case err == nil && !found:
		return out, fault.New(fault.CodeNoTrader, "", "")
	}
	return show(d.viewDeal)(made, err)
}

func (d *desk) dealNow(c *call, id string) (dealView, error) {
	return show(d.viewDeal)(d.App.Deal(c.Context(), c.Merchant, id))
}

func (d *desk) listDeals(c *call, q dealList) (out pageOf[dealView], err error) {
	part, err := q.after()
	if err != nil {
		return out, err
	}
	wanted := app.DealList{Invoice: q.Invoice, Payout: q.Payout, Trader: q.Trader, State: deal.State(q.Status)}
	out, err = seek(c, q.paging, app.Deals, wanted.Sought(), part, func(part app.Older) ([]deal.Deal, error) {
		return d.App.ListDeals(c.Context(), c.Merchant, wanted, part)
	}, d.viewDeal, func(one deal.Deal) (time.Time, string) { return one.CreatedAt, one.ID })
	return d.dealExpansions().page(c, q.Expand, out, err)
}

func (d *desk) confirmTransfer(c *call, id string, _ none) (dealView, error) {
	return show(d.viewDeal)(d.App.ReportTransfer(c.Context(), c.Merchant, id, false))
}

func (d *desk) cancelDeal(c *call, id string, _ none) (dealView, error) {
	return show(d.viewDeal)(d.App.WithdrawDeal(c.Context(), c.Merchant, id))
}

func (d *desk) disputeDeal(c *call, id string, in newDispute) (out dealView, err error) {
	amount, err := d.sumOf(c, id, "amount", in.Amount)
	if err != nil {
		return out, err
	}
	return show(d.viewDeal)(d.App.DisputeDeal(c.Context(), app.NewDispute{
		Merchant: c.Merchant, Deal: id, Reason: in.Reason, Amount: amount,
	}))
}

func (d *desk) completeDeal(c *call, id string, in dealWord) (out dealView, err error) {
	word, err := d.wordOf(c, id, in)
	if err != nil {
		return out, err
	}
	return show(d.viewDeal)(d.App.CompleteDeal(c.Context(), word))
}

func (d *desk) giveDealCode(c *call, id string, in payerCode) (dealView, error) {
	return show(d.viewDeal)(d.App.GiveCode(c.Context(), app.DealWord{
		Merchant: c.Merchant, Deal: id, Operator: in.Operator, Note: in.Note,
	}, in.Link))
}

func (d *desk) rejectDeal(c *call, id string, in decided) (dealView, error) {
	return show(d.viewDeal)(d.App.CancelDeal(c.Context(), app.DealWord{
		Merchant: c.Merchant, Deal: id, Operator: in.Operator, Note: in.Note,
	}))
}

func (d *desk) resolveDeal(c *call, id string, in resolution) (out dealView, err error) {
	word, err := d.wordOf(c, id, dealWord{in.Operator, in.Note, in.Paid, in.Receipt})
	if err != nil {
		return out, err
	}
	return show(d.viewDeal)(d.App.ResolveDispute(c.Context(), word, in.Outcome == won))
}

func (d *desk) correctDeal(c *call, id string, in correction) (out dealView, err error) {
	word, err := d.wordOf(c, id, dealWord{Operator: in.Operator, Note: in.Note, Paid: &in.Paid})
	if err != nil {
		return out, err
	}
	made, err := d.App.CorrectDeal(c.Context(), word)
	return show(d.viewDeal)(made, short(err, "paid"))
}

// wordOf is an operator's word in the words of the core.
func (d *desk) wordOf(c *call, id string, in dealWord) (app.DealWord, error) {
	paid, err := d.sumOf(c, id, "paid", in.Paid)
	return app.DealWord{
		Merchant: c.Merchant, Deal: id, Operator: in.Operator, Note: in.Note, Paid: paid, Receipt: in.Receipt,
	}, err
}

// sumOf reads an amount in the unit of a deal that may be left out; none where it is.
// Errors: deal_not_found, amount_invalid, amount_too_small, amount_overflow.
func (d *desk) sumOf(c *call, id, name string, text *string) (amount money.Amount, err error) {
	if text == nil {
		return amount, nil
	}
	about, err := d.App.Deal(c.Context(), c.Merchant, id)
	if err != nil {
		return amount, err
	}
	if amount, err = amountOf(*text, string(about.Amount.Unit())); err != nil {
		f := fault.From(err)
		return amount, fault.New(f.Code, name, f.Words)
	}
	return amount, nil
}

// viewDeal shows a deal.
func (d *desk) viewDeal(one deal.Deal) dealView {
	view := dealView{
		ID: one.ID, Status: string(one.State), Invoice: one.Invoice, Payment: one.Payment, Payout: one.Payout,
		Trader: one.Trader, Payee: payeeView{one.Option, one.Method, one.Number, one.Holder},
		Amount: one.Amount.Fixed(), Paid: one.Paid.Fixed(), Unit: string(one.Amount.Unit()), Rate: one.Rate.Text(),
		Coins:    coinsView{one.Coins.Fixed(), one.Fee.Fixed(), string(deal.Coin)},
		Deadline: moment(one.Deadline), ReportedAt: moment(one.Reported), EndedAt: moment(one.EndedAt),
		CreatedAt: moment(one.CreatedAt), UpdatedAt: moment(one.UpdatedAt),
	}
	if !one.Out() { // whom a payout is for is nobody's to pay
		view.Link = one.CodeLink()
		if invoice.HasDealPage(one.Invoice) {
			view.CheckoutURL = d.PublicURL + invoice.DealPage(one.Invoice)
		}
	}
	if !one.Dispute.OpenedAt.IsZero() {
		view.Dispute = &disputeView{
			Reason: one.Dispute.Reason, Amount: one.Dispute.Amount.Fixed(), Unit: string(one.Amount.Unit()),
			OpenedAt: moment(one.Dispute.OpenedAt),
		}
	}
	return view
}
