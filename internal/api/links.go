package api

import (
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
)

// linkView is the address through which an invoice is paid, as callers see it.
type linkView struct {
	URL     string `json:"url"`
	Kind    string `json:"kind"`
	Amount  string `json:"amount"`
	Gateway string `json:"gateway,omitempty"`
	Used    bool   `json:"used"`
}

// newLink is the wish to have an address that payers can be given.
type newLink struct {
	Amount      *string           `json:"amount,omitempty" maxLength:"40"`
	Unit        string            `json:"unit" maxLength:"10"`
	Gateway     string            `json:"gateway,omitempty" maxLength:"100"`
	Title       string            `json:"title,omitempty" maxLength:"200"`
	Description string            `json:"description,omitempty" maxLength:"1000"`
	Payer       payerView         `json:"payer,omitzero"`
	DueAt       time.Time         `json:"due_at,omitzero"`
	Metadata    map[string]string `json:"metadata,omitempty" maxProperties:"20"`
}

// linkList is what a list of invoices with links can be narrowed down to.
type linkList struct {
	dated

	Status string   `query:"status"`
	Kind   string   `query:"kind"`
	Expand []string `query:"expand"`
}

// newDeposit is the wish to ask for money that goes into a customer's account.
type newDeposit struct {
	Account int64  `json:"account" minimum:"1"`
	Amount  string `json:"amount" maxLength:"40"`
	Unit    string `json:"unit" maxLength:"10"`
	Title   string `json:"title,omitempty" maxLength:"200"`
}

// extension is the wish to ask for more.
type extension struct {
	Amount  string `json:"amount" maxLength:"40"`
	Gateway string `json:"gateway,omitempty" maxLength:"100"`
}

// exampleLink is what the url of the document's link ends with.
const exampleLink = "4B7TZ5MGRUQ3XWJ2KSPAFVDNEC"

var (
	linkGateway = word{doc: "Your name for the gateway; leave it out to let the payer choose.", example: "stripe"}

	linkKinds = []string{string(invoice.Extension), string(invoice.Fixed), string(invoice.OpenAmount)}

	linkWords = words{
		"linkList": {
			"status": {doc: "Only those in this state.", example: "open", choices: choices(invoice.States)},
			"kind":   {doc: "Only those whose link is of this kind.", example: string(invoice.Fixed), choices: linkKinds},
			"expand": together(ofInvoices),
		},
		"linkView": {
			"url": {doc: "Send it to the payer.", example: "https://pay.example/pay/link/" + exampleLink},
			"kind": {
				doc: "fixed: it pays the whole invoice, once. open_amount: the payer chooses the amount, any number of times. " +
					"extension: it pays what the invoice was extended by.",
				example: string(invoice.Fixed),
				choices: linkKinds,
			},
			"amount":  {doc: "What it pays; zero where the payer chooses.", example: "12.50"},
			"gateway": {doc: "Your name for the gateway that it is meant for.", example: "stripe"},
			"used":    {doc: "Its amount was paid through it.", example: false},
		},
		"newLink": {
			"amount": {
				doc: "What is asked for, as decimal text above zero; leave it out to have payers choose, as often as " +
					"they like.",
				example: "12.50",
			},
			"unit":    {doc: "The currency unit: " + unitNames() + ".", example: "EUR"},
			"title":   {doc: "What the payer sees first.", example: "Two tickets"},
			"due_at":  {doc: "It expires then; leave it out for never.", example: "2026-12-01T12:00:00Z"},
			"gateway": linkGateway,
		},
		"newDeposit": {
			"account": {doc: "The number of the customer's account.", example: 10001},
			"amount":  {doc: "What is asked for, as decimal text above zero.", example: "12.50"},
			"unit":    {doc: "The currency unit: " + unitNames() + ".", example: "EUR"},
			"title":   {doc: "What the payer sees first.", example: "More for your wallet"},
		},
		"extension": {
			"amount":  {doc: "By how much more is asked for, in the invoice's unit.", example: "2.50"},
			"gateway": linkGateway,
		},
	}
)

// links are the operations on invoices that payers are given an address of.
func (d *desk) links(shown story[invoiceView]) []operation {
	return []operation{
		create(row{
			id: "createLink", path: "/links", scope: merchant.InvoicesWrite, summary: "Create a payment link",
			about: "Makes an invoice with an address, link.url, for whoever you send it to. With an amount it is paid once; " +
				"without one it takes any amounts until it is due. Before anything is paid cancelInvoice ends it, and later " +
				"closeInvoice.",
			faults: []fault.Code{
				fault.CodeAmountInvalid, fault.CodeAmountTooSmall, fault.CodeUnitUnknown, fault.CodeGatewayNotFound,
			},
		}, "inv", d.createLink, shown),
		list(row{
			id: "listLinks", path: "/links", scope: merchant.InvoicesRead, summary: "List the invoices of links",
			about: "Lists all invoices that have a link, with the one that was handed out last.",
		}, d.listLinks),
		act(row{
			id: "closeInvoice", path: "/invoices/{id}/close", scope: merchant.InvoicesWrite,
			summary: "Close an invoice that has taken money",
			about: "Ends an invoice that has taken money and would take more: one that takes any amounts, one of which a part " +
				"is paid, or one of which a part was refunded. What was paid stays, and nothing more is taken; who is at a " +
				"gateway at that moment gets the money back. One that is closed already stays as it is.",
			faults: []fault.Code{fault.CodeInvoiceNotFound, fault.CodeWrongState},
		}, d.closeInvoice, shown),
		get(row{
			id: "getLink", path: "/links/{id}", scope: merchant.InvoicesRead, summary: "Get the invoice of a link",
			about: "Shows the invoice behind a link; the id is the last part of its url. A link that a newer one has " +
				"replaced is gone.",
			faults: []fault.Code{fault.CodeLinkNotFound}, example: exampleLink,
		}, plain(d.getLink)),
		act(row{
			id: "extendInvoice", path: "/invoices/{id}/extend", scope: merchant.InvoicesWrite, summary: "Extend an invoice",
			about: "Asks for more on an invoice, through a new link that pays just that and replaces the one before. A paid " +
				"invoice opens again; one that was closed asks for what it took and for that. While a deal of it is not " +
				"decided it is wrong_state: the deal's end decides what the invoice asks for.",
			faults: []fault.Code{
				fault.CodeInvoiceNotFound, fault.CodeInvoiceClosed, fault.CodeWrongState, fault.CodeLinkUnusable,
				fault.CodeAmountInvalid, fault.CodeAmountTooSmall, fault.CodeGatewayNotFound,
			},
		}, d.extendInvoice, shown),
		create(row{
			id: "createDeposit", path: "/deposits", scope: merchant.InvoicesWrite, summary: "Ask for a deposit",
			about: "Makes an invoice whose money goes into a customer's account instead of yours. The customer pays it " +
				"through link.url, at a gateway. What came by hand is booked with attestPayment.",
			faults: []fault.Code{
				fault.CodeAccountNotFound, fault.CodeAmountInvalid, fault.CodeAmountTooSmall, fault.CodeUnitUnknown,
			},
		}, "inv", d.createDeposit, shown),
	}
}

func (d *desk) createLink(c *call, id string, in newLink) (out invoiceView, err error) {
	if err := d.knownGateway(c, in.Gateway); err != nil {
		return out, err
	}
	link := invoice.Link{Token: d.App.NewText(), Kind: invoice.Fixed, Gateway: in.Gateway}
	if in.Amount == nil {
		link.Kind = invoice.OpenAmount
		unit, err := money.Lookup(money.Unit(in.Unit))
		if err != nil {
			return out, fault.New(fault.CodeUnitUnknown, "unit", "")
		}
		link.Amount = money.Zero(unit.Unit)
	} else if link.Amount, err = amountOf(*in.Amount, in.Unit); err != nil {
		return out, err
	}
	if err := checkDue(in.DueAt, d.Now()); err != nil {
		return out, err
	}
	if err := in.Payer.check(); err != nil {
		return out, err
	}
	bag, err := packMetadata(in.Metadata)
	if err != nil {
		return out, err
	}
	return show(d.viewInvoice)(d.App.CreateInvoice(c.Context(), c.Merchant, app.NewInvoice{
		ID: id, Amount: link.Amount, Open: link.Kind == invoice.OpenAmount, Title: in.Title, Description: in.Description,
		Payer: invoice.Payer(in.Payer), Due: in.DueAt, Link: link, Bag: bag,
	}))
}

func (d *desk) listLinks(c *call, q linkList) (out pageOf[invoiceView], err error) {
	return d.pageOfInvoices(c, q.dated, q.Expand,
		app.InvoiceList{State: invoice.State(q.Status), Linked: true, Link: invoice.LinkKind(q.Kind)})
}

func (d *desk) closeInvoice(c *call, id string, _ none) (invoiceView, error) {
	return show(d.viewInvoice)(d.App.CloseInvoice(c.Context(), c.Merchant, id))
}

func (d *desk) getLink(c *call, token string) (out invoiceView, err error) {
	view, err := d.App.Link(c.Context(), token)
	if fault.Is(err, fault.CodeLinkNotFound) || err == nil && view.Invoice.Merchant != c.Merchant {
		return out, fault.New(fault.CodeLinkNotFound, "", "")
	}
	if err != nil {
		return out, err
	}
	return d.viewInvoice(view.Invoice), nil
}

func (d *desk) extendInvoice(c *call, id string, in extension) (out invoiceView, err error) {
	view, err := d.App.Invoice(c.Context(), c.Merchant, id)
	if err != nil {
		return out, err
	}
	if err := d.knownGateway(c, in.Gateway); err != nil {
		return out, err
	}
	more, err := amountOf(in.Amount, string(view.Invoice.Amount.Unit()))
	if err != nil {
		return out, err
	}
	return show(d.viewInvoice)(d.App.ExtendInvoice(c.Context(), c.Merchant, app.Extension{
		Invoice: id, Amount: more, Token: d.App.NewText(), Gateway: in.Gateway,
	}))
}

func (d *desk) createDeposit(c *call, id string, in newDeposit) (out invoiceView, err error) {
	amount, err := amountOf(in.Amount, in.Unit)
	if err != nil {
		return out, err
	}
	made, err := d.App.Deposit(c.Context(), app.NewDeposit{
		ID: id, Merchant: c.Merchant, Account: in.Account, Token: d.App.NewText(), Title: in.Title, Amount: amount,
	})
	if fault.Is(err, fault.CodeAccountNotFound) {
		err = fault.New(fault.CodeAccountNotFound, "account", fault.From(err).Words)
	}
	return show(d.viewInvoice)(made, err)
}

// viewLink shows the link of an invoice; nil where it has none.
func (d *desk) viewLink(l invoice.Link) *linkView {
	if l.Token == "" {
		return nil
	}
	page := "/pay/link/"
	if l.Kind == invoice.OpenAmount {
		page = "/pay/open/"
	}
	return &linkView{
		URL: d.PublicURL + page + l.Token, Kind: string(l.Kind), Amount: l.Amount.Fixed(), Gateway: l.Gateway, Used: l.Used,
	}
}
