package api

import (
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
)

// invoiceView is an invoice as callers see it.
type invoiceView struct {
	ID           string            `json:"id" doc:"Its id." example:"inv_01941f29-7c00-7000-8000-000000000001"`
	Status       string            `json:"status" enum:"open,paid,completed,expired,canceled,rejected,refunded" doc:"open: the payer acts next. paid: verify it, where that was asked for. completed: the money is yours. rejected: it was not verified in time and the money went back." example:"open"`
	Amount       string            `json:"amount" doc:"What is asked for." example:"12.50"`
	Captured     string            `json:"captured" doc:"What is paid and not given back." example:"0.00"`
	Remaining    string            `json:"remaining" doc:"What may still be paid: the amount less what is paid or being paid." example:"12.50"`
	Unit         string            `json:"unit" doc:"The unit of the three amounts." example:"EUR"`
	OpenAmount   bool              `json:"open_amount" doc:"Any amount may be paid, any number of times; amount means nothing then." example:"false"`
	Reference    string            `json:"reference,omitempty" doc:"Your own name for it." example:"order 1001"`
	Title        string            `json:"title,omitempty" doc:"What the payer sees first." example:"Two tickets"`
	Description  string            `json:"description,omitempty" doc:"What it is for." example:"Row 7, seats 11 and 12"`
	Payer        *payerView        `json:"payer,omitempty" doc:"What is known of the person who pays."`
	DueAt        string            `json:"due_at,omitempty" format:"date-time" doc:"It expires then." example:"2026-12-01T12:00:00Z"`
	VerifyWithin int64             `json:"verify_within,omitempty" doc:"So many seconds you have to verify it after it is paid; else the money goes back." example:"1800"`
	VerifyBy     string            `json:"verify_by,omitempty" format:"date-time" doc:"When that time is over, once it is paid." example:"2026-12-01T12:30:00Z"`
	PaidAt       string            `json:"paid_at,omitempty" format:"date-time" doc:"When it was paid." example:"2026-12-01T12:00:00Z"`
	ReturnURL    string            `json:"return_url,omitempty" doc:"Where the payer's browser goes in the end." example:"https://shop.example/thanks"`
	CheckoutURL  string            `json:"checkout_url,omitempty" doc:"The page on which the payer chooses how to pay; there is one where return_url is given." example:"https://pay.example/pay/invoice/inv_01941f29-7c00-7000-8000-000000000001"`
	Metadata     map[string]string `json:"metadata,omitempty" doc:"Words of your own." example:"{\"basket\":\"7\"}"`
	Payments     []paymentView     `json:"payments,omitempty" nullable:"false" doc:"Its payments, with expand=payments."`
	CreatedAt    string            `json:"created_at" format:"date-time" doc:"When it was made." example:"2026-12-01T11:00:00Z"`
	UpdatedAt    string            `json:"updated_at" format:"date-time" doc:"When it changed last." example:"2026-12-01T11:00:00Z"`
}

// payerView is what is known of the person who pays.
type payerView struct {
	Name   string `json:"name,omitempty" maxLength:"200" doc:"The person's name." example:"Ada Lovelace"`
	Mobile string `json:"mobile,omitempty" maxLength:"40" doc:"A telephone number." example:"+351912345678"`
	Email  string `json:"email,omitempty" maxLength:"200" doc:"An e-mail address." example:"ada@example.com"`
}

// newInvoice is the wish to ask for money.
type newInvoice struct {
	Amount       string            `json:"amount" maxLength:"40" doc:"What is asked for, as decimal text above zero." example:"12.50"`
	Unit         string            `json:"unit" maxLength:"10" doc:"A currency unit of the register." example:"EUR"`
	Reference    string            `json:"reference,omitempty" maxLength:"200" doc:"Your own name for it." example:"order 1001"`
	Title        string            `json:"title,omitempty" maxLength:"200" doc:"What the payer sees first." example:"Two tickets"`
	Description  string            `json:"description,omitempty" maxLength:"1000" doc:"What it is for." example:"Row 7, seats 11 and 12"`
	Payer        payerView         `json:"payer,omitzero" doc:"What is known of the person who pays."`
	DueAt        time.Time         `json:"due_at,omitzero" doc:"It expires then; leave it out for never." example:"2026-12-01T12:00:00Z"`
	VerifyWithin int64             `json:"verify_within,omitempty" minimum:"60" maximum:"604800" doc:"So many seconds you want to have to verify it after it is paid. It is then paid in one sum, and goes back if you do not. Leave it out to be given the money at once." example:"1800"`
	ReturnURL    string            `json:"return_url,omitempty" maxLength:"2000" doc:"Where the payer's browser goes in the end. With it the invoice has a page of ours, checkout_url." example:"https://shop.example/thanks"`
	Metadata     map[string]string `json:"metadata,omitempty" maxProperties:"20" doc:"Words of your own: up to 20, keys up to 40 and values up to 500 characters." example:"{\"basket\":\"7\"}"`
}

// invoiceList is what a list of invoices can be narrowed down to.
type invoiceList struct {
	paging

	Status string `query:"status" enum:"open,paid,completed,expired,canceled,rejected,refunded" doc:"Only those in this state." example:"open"`
	Expand string `query:"expand" enum:"payments" doc:"payments: show each one's payments." example:"payments"`
}

// expanded is what one invoice can be shown with.
type expanded struct {
	Expand string `query:"expand" enum:"payments" doc:"payments: show its payments." example:"payments"`
}

func (d *desk) invoices() []operation {
	const group = "invoices"
	shown := story[invoiceView]{
		now: func(c *call, id string) (invoiceView, error) { return d.getInvoice(c, id, expanded{}) },
		of: func(change app.Change) (invoiceView, bool) {
			if len(change.Invoices) != 1 {
				return invoiceView{}, false
			}
			return d.viewInvoice(app.InvoiceView{Invoice: change.Invoices[0]}, ""), true
		},
	}
	return []operation{
		create(row{
			id: "createInvoice", path: "/invoices", group: group, scope: merchant.InvoicesWrite,
			summary: "Create an invoice",
			about:   "Asks for money. Nothing is collected before a payment is requested for it, or the payer opens checkout_url.",
			faults:  []fault.Code{fault.CodeAmountInvalid, fault.CodeAmountTooSmall, fault.CodeUnitUnknown},
		}, "inv", d.createInvoice, shown),
		get(row{
			id: "getInvoice", path: "/invoices/{id}", group: group, scope: merchant.InvoicesRead,
			summary: "Get an invoice", about: "Shows an invoice, whichever API made it.",
			faults: []fault.Code{fault.CodeInvoiceNotFound},
		}, func(c *call, q expanded) (invoiceView, error) {
			id, err := c.id()
			if err != nil {
				return invoiceView{}, err
			}
			return d.getInvoice(c, id, q)
		}),
		get(row{
			id: "listInvoices", path: "/invoices", group: group, scope: merchant.InvoicesRead,
			summary: "List invoices", about: "Lists all invoices, whichever API made them.",
		}, d.listInvoices),
		act(row{
			id: "cancelInvoice", path: "/invoices/{id}/cancel", group: group, scope: merchant.InvoicesWrite,
			summary: "Cancel an invoice",
			about: "Withdraws an invoice of which nothing is paid and for which no money may be on its way. One that is " +
				"canceled already stays as it is.",
			faults: []fault.Code{fault.CodeInvoiceNotFound, fault.CodeWrongState},
		}, func(c *call, id string, _ none) (invoiceView, error) {
			i, err := d.App.CancelInvoice(c.Context(), app.CancelInvoice{Merchant: c.Merchant, Invoice: id})
			return d.viewInvoice(app.InvoiceView{Invoice: i}, ""), err
		}, shown),
		act(row{
			id: "verifyInvoice", path: "/invoices/{id}/verify", group: group, scope: merchant.InvoicesWrite,
			summary: "Verify an invoice",
			about: "Makes the money of a paid invoice yours, where verify_within was asked for. One that is completed already " +
				"stays as it is.",
			faults: []fault.Code{fault.CodeInvoiceNotFound, fault.CodeWrongState},
		}, func(c *call, id string, _ none) (invoiceView, error) {
			view, err := d.App.VerifyInvoice(c.Context(), c.Merchant, id)
			return d.viewInvoice(view, ""), err
		}, shown),
	}
}

func (d *desk) createInvoice(c *call, id string, in newInvoice) (invoiceView, error) {
	amount, err := amountOf(in.Amount, in.Unit)
	if err != nil {
		return invoiceView{}, err
	}
	if !in.DueAt.IsZero() && !in.DueAt.After(d.Now()) {
		return invoiceView{}, fault.New(fault.CodeParameterInvalid, "due_at", "It must be in the future.")
	}
	if in.ReturnURL != "" && !isAddress(in.ReturnURL) {
		return invoiceView{}, fault.New(fault.CodeParameterInvalid, "return_url",
			"It must be an absolute http or https address.")
	}
	bag, err := packMetadata(in.Metadata)
	if err != nil {
		return invoiceView{}, err
	}
	i, err := d.App.CreateInvoice(c.Context(), c.Merchant, app.NewInvoice{
		ID: id, Amount: amount, Reference: in.Reference, Title: in.Title, Description: in.Description,
		Payer: invoice.Payer(in.Payer), Due: in.DueAt, VerifyIn: time.Duration(in.VerifyWithin) * time.Second,
		ReturnTo: in.ReturnURL, Bag: bag,
	})
	return d.viewInvoice(app.InvoiceView{Invoice: i}, ""), err
}

func (d *desk) getInvoice(c *call, id string, q expanded) (invoiceView, error) {
	view, err := d.App.Invoice(c.Context(), c.Merchant, id)
	return d.viewInvoice(view, q.Expand), err
}

func (d *desk) listInvoices(c *call, q invoiceList) (pageOf[invoiceView], error) {
	part, err := q.after()
	if err != nil {
		return pageOf[invoiceView]{}, err
	}
	found, err := d.App.ListInvoices(c.Context(), c.Merchant, app.InvoiceList{State: invoice.State(q.Status)}, part)
	return paged(q.paging, found,
		func(v app.InvoiceView) invoiceView { return d.viewInvoice(v, q.Expand) },
		func(v app.InvoiceView) (time.Time, string) { return v.Invoice.CreatedAt, v.Invoice.ID }), err
}

// viewInvoice shows an invoice.
func (d *desk) viewInvoice(v app.InvoiceView, expand string) invoiceView {
	i := v.Invoice
	view := invoiceView{
		ID: i.ID, Status: string(i.State), Amount: i.Amount.Fixed(), Captured: i.Captured.Fixed(),
		Unit: string(i.Amount.Unit()), OpenAmount: i.Open, Reference: i.Reference, Title: i.Title,
		Description: i.Description, DueAt: moment(i.Due), VerifyWithin: int64(i.VerifyIn / time.Second),
		VerifyBy: moment(i.VerifyBy), PaidAt: moment(i.PaidAt), ReturnURL: i.ReturnTo, Metadata: metadata(i.Bag),
		CreatedAt: moment(i.CreatedAt), UpdatedAt: moment(i.UpdatedAt),
	}
	if i.Amount.Valid() {
		view.Remaining = i.Remaining().Fixed()
	}
	if i.Payer != (invoice.Payer{}) {
		payer := payerView(i.Payer)
		view.Payer = &payer
	}
	if i.Hosted() {
		view.CheckoutURL = d.PublicURL + "/pay/invoice/" + i.ID
	}
	if strings.Contains(expand, "payments") {
		for _, p := range v.Payments {
			view.Payments = append(view.Payments, d.viewPayment(p))
		}
	}
	return view
}
