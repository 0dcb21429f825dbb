package api

import (
	"slices"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// invoiceView is an invoice as callers see it.
type invoiceView struct {
	ID           string            `json:"id"`
	Status       string            `json:"status"`
	Amount       string            `json:"amount"`
	Captured     string            `json:"captured"`
	Remaining    string            `json:"remaining"`
	Unit         string            `json:"unit"`
	OpenAmount   bool              `json:"open_amount"`
	Held         bool              `json:"held"`
	Terminal     int64             `json:"terminal,omitempty"`
	Reference    string            `json:"reference,omitempty"`
	NationalID   string            `json:"national_id,omitempty"`
	Title        string            `json:"title,omitempty"`
	Description  string            `json:"description,omitempty"`
	Payer        *payerView        `json:"payer,omitempty"`
	DueAt        string            `json:"due_at,omitempty" format:"date-time"`
	VerifyWithin int64             `json:"verify_within,omitempty"`
	VerifyBy     string            `json:"verify_by,omitempty" format:"date-time"`
	PaidAt       string            `json:"paid_at,omitempty" format:"date-time"`
	ReturnURL    string            `json:"return_url,omitempty"`
	CheckoutURL  string            `json:"checkout_url,omitempty"`
	Link         *linkView         `json:"link,omitempty"`
	Account      int64             `json:"account,omitempty"`
	Metadata     map[string]string `json:"metadata,omitempty"`
	Payments     []paymentView     `json:"payments,omitempty" nullable:"false"`
	CreatedAt    string            `json:"created_at" format:"date-time"`
	UpdatedAt    string            `json:"updated_at" format:"date-time"`
	Owner        string            `json:"owner,omitempty"` // the last columns of a table, as they came later
	NotifyURL    string            `json:"notify_url,omitempty"`
}

// payerView is what is known of the person who pays.
type payerView struct {
	Name   string `json:"name,omitempty" maxLength:"200"`
	Mobile string `json:"mobile,omitempty" maxLength:"40"`
	Email  string `json:"email,omitempty" maxLength:"200"`
}

// check is nil when a payer can be kept. Error: parameter_invalid.
func (p payerView) check() error {
	if err := wallet.CheckEmail(p.Email); err != nil {
		f := fault.From(err)
		return fault.New(f.Code, "payer.email", f.Words)
	}
	return nil
}

// newInvoice is the wish to ask for money.
type newInvoice struct {
	Amount       string            `json:"amount" maxLength:"40"`
	Unit         string            `json:"unit" maxLength:"10"`
	Terminal     int64             `json:"terminal,omitempty" minimum:"1"`
	Reference    string            `json:"reference,omitempty" maxLength:"200"`
	Owner        string            `json:"owner,omitempty" maxLength:"200"`
	NationalID   string            `json:"national_id,omitempty" minLength:"1" maxLength:"200"`
	Title        string            `json:"title,omitempty" maxLength:"200"`
	Description  string            `json:"description,omitempty" maxLength:"1000"`
	Payer        payerView         `json:"payer,omitzero"`
	DueAt        time.Time         `json:"due_at,omitzero"`
	VerifyWithin int64             `json:"verify_within,omitempty" minimum:"60" maximum:"604800"`
	ReturnURL    string            `json:"return_url,omitempty" maxLength:"2000"`
	Metadata     map[string]string `json:"metadata,omitempty" maxProperties:"20"`
}

var onlyPayer = word{
	doc:     "Only a customer with this number of the identity card may pay it, and only from the wallet.",
	example: "0012345679",
}

var whoseWord = word{
	doc:     "Your own name for whose it is, such as a user of your shop; its payments are that one's too.",
	example: "33333333-4444-4555-8666-777777777777",
}

var invoiceWords = words{
	"invoiceView": {
		"id": {doc: "Its id.", example: exampleInvoice},
		"status": {
			doc: "open: the payer acts next. paid: verify it, where that was asked for. completed: the money is yours. " +
				"rejected: it was not verified in time and the money went back.",
			example: "open", choices: choices(invoice.States),
		},
		"amount":   {doc: "What is asked for.", example: "12.50"},
		"captured": {doc: "What is paid and not given back.", example: "0.00"},
		"remaining": {
			doc: "What may still be paid: the amount less what is paid or being paid; 0 unless the status is open. What was " +
				"given back counts as not paid: another payment of it may be asked for, but the invoice's own page asks its " +
				"payer for nothing once the whole amount was paid.",
			example: "12.50",
		},
		"open_amount": {
			doc: "Any amount may be paid, any number of times; amount means nothing then.", example: false,
		},
		"held": {
			doc:     "The amount is unusual, and nobody can begin to pay before you have confirmed it: see amount_guard.",
			example: false,
		},
		"terminal": {doc: "The terminal that it was made at.", example: exampleTerminal},
		"reference": {
			doc: "Your own name for it. Where another API lets you use a name again, it counts them in front: 2:order 1001 is " +
				"the second, and metadata has the name as you gave it.",
			example: "order 1001",
		},
		"owner": whoseWord,
		"notify_url": {
			doc:     "An address that another API was given for this one invoice. It is told what becomes of it.",
			example: "https://shop.example/notify",
		},
		"national_id": onlyPayer,
		"title":       {doc: "What the payer sees first.", example: "Two tickets"},
		"due_at":      {doc: "It expires then.", example: "2026-12-01T12:00:00Z"},
		"verify_within": {
			doc:     "So many seconds you have to verify it after it is paid; else the money goes back.",
			example: 1800,
		},
		"verify_by":  {doc: "When that time is over, once it is paid.", example: "2026-12-01T12:30:00Z"},
		"paid_at":    {doc: "When it was paid.", example: "2026-12-01T12:00:00Z"},
		"return_url": {doc: "Where the payer's browser goes in the end.", example: "https://shop.example/thanks"},
		"checkout_url": {
			doc: "The page on which the payer chooses how to pay; there is one where return_url is given, or where another " +
				"API made it for a page.",
			example: "https://pay.example/pay/invoice/" + exampleInvoice,
		},
		"link":     {doc: "The address that was handed out last, where there is one."},
		"account":  {doc: "Of a deposit: the number of the customer's account that the money goes to.", example: 10001},
		"payments": {doc: "Its payments, with expand=payments."},
	},
	"newInvoice": {
		"amount": {doc: "What is asked for, as decimal text above zero.", example: "12.50"},
		"unit":   {doc: "The currency unit: " + unitNames() + ".", example: "EUR"},
		"terminal": {
			doc: "The number of the terminal that it is made at. Payers then go back only to its origins, and its " +
				"amount_guard holds instead of yours.",
			example: exampleTerminal,
		},
		"reference":   {doc: "Your own name for it; a terminal has each one once.", example: "order 1001"},
		"owner":       whoseWord,
		"national_id": onlyPayer,
		"title":       {doc: "What the payer sees first.", example: "Two tickets"},
		"due_at": {
			doc:     "It expires then; leave it out for pay_within of the terminal, or for never where there is none.",
			example: "2026-12-01T12:00:00Z",
		},
		"verify_within": {
			doc: "So many seconds you want to have to verify it after it is paid. It is then paid in one sum, and goes " +
				"back if you do not. Leave it out to be given the money at once.",
			example: 1800,
		},
		"return_url": {
			doc:     "Where the payer's browser goes in the end. With it the invoice has a page of ours, checkout_url.",
			example: "https://shop.example/thanks",
		},
	},
	"invoiceList": {
		"status": {doc: "Only those in this state.", example: "open", choices: choices(invoice.States)},
		"held": {
			doc:     "true: only those that wait for your confirmation. false: only others.",
			example: "true", choices: []string{"false", "true"},
		},
		"terminal": {doc: "Only those that were made at this terminal.", example: 1001},
		"reference": {
			doc:     "Only those that have this name of yours; with terminal it is found at once, however many there are.",
			example: "order 1001",
		},
		"unit": ofUnit, "expand": together(ofInvoices),
	},
	"expanded": {"expand": together(ofInvoices)},
}

// ofInvoices is what invoices can be shown with.
const ofInvoices = "payments"

// exampleInvoice is the id of the document's invoice.
const exampleInvoice = "inv_01941f29-7c00-7000-8000-000000000001"

// invoiceList is what a list of invoices can be narrowed down to.
type invoiceList struct {
	dated

	Status    string   `query:"status"`
	Held      string   `query:"held"`
	Terminal  int64    `query:"terminal" minimum:"1"`
	Reference string   `query:"reference" maxLength:"200"`
	Unit      string   `query:"unit" maxLength:"10"`
	Expand    []string `query:"expand"`
}

// expanded is what one invoice can be shown with.
type expanded struct {
	Expand []string `query:"expand"`
}

func (d *desk) invoices() resource {
	shown := story[invoiceView]{
		now: d.invoiceNow,
		of: func(change app.Change) (out invoiceView, ok bool) {
			if len(change.Invoices) != 1 {
				return out, false
			}
			return d.viewInvoice(change.Invoices[0]), true
		},
	}
	created := shown
	created.often = true
	return resource{
		name: "invoices", about: "An invoice is what a payer owes and until when. Payments collect it.",
		words: invoiceWords.and(paymentWords).and(linkWords), example: exampleInvoice,
		operations: append([]operation{
			create(row{
				id: "createInvoice", path: "/invoices", scope: merchant.InvoicesWrite, summary: "Create an invoice",
				about: "Asks for money. Nothing is collected before a payment is requested for it, or the payer opens " +
					"checkout_url.",
				faults: []fault.Code{
					fault.CodeAmountInvalid, fault.CodeAmountTooSmall, fault.CodeUnitUnknown, fault.CodeTerminalNotFound,
					fault.CodeWrongState, fault.CodeDuplicate,
				},
			}, "inv", d.createInvoice, created),
			get(row{
				id: "getInvoice", path: "/invoices/{id}", scope: merchant.InvoicesRead, summary: "Get an invoice",
				about: "Shows an invoice, whichever API made it.", faults: []fault.Code{fault.CodeInvoiceNotFound},
			}, d.getInvoice),
			list(row{
				id: "listInvoices", path: "/invoices", scope: merchant.InvoicesRead, summary: "List invoices",
				about: "Lists all invoices, whichever API made them.",
			}, d.listInvoices),
			act(row{
				id: "cancelInvoice", path: "/invoices/{id}/cancel", scope: merchant.InvoicesWrite,
				summary: "Cancel an invoice",
				about: "Withdraws an invoice of which nothing is paid and for which no money may be on its way. One that is " +
					"canceled already stays as it is.",
				faults: []fault.Code{fault.CodeInvoiceNotFound, fault.CodeWrongState},
			}, d.cancelInvoice, shown),
			act(row{
				id: "confirmInvoice", path: "/invoices/{id}/confirm", scope: merchant.InvoicesWrite,
				summary: "Confirm an invoice",
				about: "Says that the amount of a held invoice is what you mean: it can be paid from now on. One that is not " +
					"held stays as it is.",
				faults: []fault.Code{fault.CodeInvoiceNotFound, fault.CodeWrongState},
			}, d.confirmInvoice, shown),
			act(row{
				id: "verifyInvoice", path: "/invoices/{id}/verify", scope: merchant.InvoicesWrite,
				summary: "Verify an invoice",
				about: "Makes the money of a paid invoice yours, where verify_within was asked for. One that is completed " +
					"already stays as it is.",
				faults: []fault.Code{fault.CodeInvoiceNotFound, fault.CodeWrongState},
			}, d.verifyInvoice, shown),
			act(row{
				id: "refundInvoice", path: "/invoices/{id}/refund", scope: merchant.RefundsWrite,
				summary: "Refund a whole invoice",
				about: "Gives all that was paid of a completed invoice back, out of your own money: into a wallet at once, " +
					"through a gateway as soon as it does it. What goes back of each payment is a refund of its own. One that " +
					"was refunded already is not refunded again. Money that came by a deal is sent back by a payout instead, and " +
					"where you recorded a part of a payment, that part by a refund of the payment.",
				faults: []fault.Code{
					fault.CodeInvoiceNotFound, fault.CodeWrongState, fault.CodeRefundInProgress, fault.CodeUnsupported,
					fault.CodeInsufficientFunds,
				},
			}, d.refundInvoice, shown),
		}, d.links(shown)...),
	}
}

func (d *desk) getInvoice(c *call, id string, q expanded) (out invoiceView, err error) {
	if err := mayExpand(c, q.Expand, ofInvoices, merchant.PaymentsRead); err != nil {
		return out, err
	}
	return show(d.viewWhole(q.Expand))(d.App.Invoice(c.Context(), c.Merchant, id))
}

func (d *desk) invoiceNow(c *call, id string) (invoiceView, error) {
	return d.getInvoice(c, id, expanded{})
}

func (d *desk) listInvoices(c *call, q invoiceList) (pageOf[invoiceView], error) {
	if err := knownUnit("unit", q.Unit); err != nil {
		return pageOf[invoiceView]{}, err
	}
	wanted := app.InvoiceList{
		State: invoice.State(q.Status), Terminal: q.Terminal, Reference: q.Reference, Unit: money.Unit(q.Unit),
	}
	if q.Held != "" {
		wanted.Held = new(q.Held == "true")
	}
	return d.pageOfInvoices(c, q.dated, q.Expand, wanted)
}

// pageOfInvoices is one page of a list of invoices.
func (d *desk) pageOfInvoices(c *call, q dated, expand []string, wanted app.InvoiceList,
) (out pageOf[invoiceView], err error) {
	if err := mayExpand(c, expand, ofInvoices, merchant.PaymentsRead); err != nil {
		return out, err
	}
	part, err := q.after()
	if err != nil {
		return out, err
	}
	return seek(c, q.paging, app.Invoices, wanted.Sought(), part, func(part app.Older) ([]app.InvoiceView, error) {
		return d.App.ListInvoices(c.Context(), c.Merchant, wanted, part)
	}, d.viewWhole(expand), func(v app.InvoiceView) (time.Time, string) { return v.Invoice.CreatedAt, v.Invoice.ID })
}

func (d *desk) cancelInvoice(c *call, id string, _ none) (invoiceView, error) {
	wish := app.CancelInvoice{Merchant: c.Merchant, Invoice: id}
	return show(d.viewInvoice)(d.App.CancelInvoice(c.Context(), wish))
}

func (d *desk) confirmInvoice(c *call, id string, _ none) (invoiceView, error) {
	wish := app.ConfirmInvoice{Merchant: c.Merchant, Invoice: id}
	return show(d.viewInvoice)(d.App.ConfirmInvoice(c.Context(), wish))
}

func (d *desk) verifyInvoice(c *call, id string, _ none) (invoiceView, error) {
	return show(d.viewWhole(nil))(d.App.VerifyInvoice(c.Context(), c.Merchant, id))
}

func (d *desk) refundInvoice(c *call, id string, _ none) (invoiceView, error) {
	view, err := d.App.RefundInvoice(c.Context(), c.Merchant, id)
	return show(d.viewWhole(nil))(view, short(err, "invoice"))
}

// viewWhole shows an invoice with what else was asked for.
func (d *desk) viewWhole(expand []string) func(app.InvoiceView) invoiceView {
	return func(v app.InvoiceView) invoiceView {
		view := d.viewInvoice(v.Invoice)
		if slices.Contains(expand, ofInvoices) {
			for _, p := range v.Payments {
				view.Payments = append(view.Payments, d.viewPayment(p))
			}
		}
		return view
	}
}

// viewInvoice shows an invoice.
func (d *desk) viewInvoice(i invoice.Invoice) invoiceView {
	view := invoiceView{
		ID: i.ID, Status: string(i.State), Amount: i.Amount.Fixed(), Captured: i.Captured.Fixed(),
		Remaining: i.Remaining().Fixed(), Unit: string(i.Amount.Unit()), OpenAmount: i.Open, Terminal: i.Terminal,
		Reference: i.Reference, NationalID: i.NationalID,
		Held:  i.Held && i.State == invoice.Open,
		Title: i.Title, Description: i.Description, DueAt: moment(i.Due),
		VerifyWithin: int64(i.VerifyIn / time.Second), VerifyBy: moment(i.VerifyBy), PaidAt: moment(i.PaidAt),
		ReturnURL: i.ReturnTo, Metadata: metadata(i.Bag), CreatedAt: moment(i.CreatedAt), UpdatedAt: moment(i.UpdatedAt),
		Owner: i.Owner(), NotifyURL: i.Notice.URL,
	}
	if i.Payer != (invoice.Payer{}) {
		payer := payerView(i.Payer)
		view.Payer = &payer
	}
	view.Link, view.Account = d.viewLink(i.Link), i.Account
	if i.Hosted() {
		view.CheckoutURL = d.PublicURL + "/pay/invoice/" + i.ID
	} else if page := i.Bag[invoice.PageWord]; page != "" {
		view.CheckoutURL = d.PublicURL + page
	}
	return view
}
