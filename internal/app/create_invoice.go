package app

import (
	"context"
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// create is the trigger of the first event of everything.
const create = "create"

// MetadataWord is what the names of a caller's own words begin with in a bag. Our own
// API shows those and no others.
const MetadataWord = "meta."

// NewInvoice is the wish to ask for money. The id is the caller's to choose,
// in the form that its own users know.
type NewInvoice struct {
	ID          string
	Amount      money.Amount // zero, in the invoice's unit, when Open
	Open        bool         // any amount may be paid
	Title       string
	Description string
	Payer       invoice.Payer
	Link        invoice.Link // not empty: the invoice is born with a link
	Due         time.Time
	Bag         map[string]string

	Terminal   int64         // the merchant's terminal; 0 = none
	Reference  string        // the merchant's own number for it, unique in the terminal
	VerifyIn   time.Duration // how long the merchant may take to verify; 0 = it need not
	NationalID string        // not empty: only a wallet whose owner has it may pay
	ReturnTo   string        // where a page of ours sends the payer when it is paid
	Notice     invoice.Notice
	// NoticeSecret is a word of the merchant's by which it knows that a notice is
	// meant for it. It is kept sealed and sent in the header that the form names.
	NoticeSecret string
	Account      int64 // of a deposit: the customer's account that the money goes to

	Once Once
}

// CreateInvoice asks for money. What is unusual where it is asked for is held: it
// has to be confirmed before anybody can begin to pay it. Errors: amount_invalid, duplicate with the
// parameter "reference" when the terminal has used it and with "id" when the
// merchant has, parameter_invalid for a notice address that cannot be told,
// idempotency_in_progress.
func (a *App) CreateInvoice(ctx context.Context, merchantID string, n NewInvoice) (invoice.Invoice, error) {
	if !n.Amount.Valid() || n.Amount.Sign() < 0 || n.Amount.IsZero() != n.Open {
		return invoice.Invoice{}, fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	if err := a.prepareNotice(merchantID, n.ID, &n.Notice, n.NoticeSecret); err != nil {
		return invoice.Invoice{}, err
	}
	held, err := a.unusual(ctx, till{merchantID, n.Terminal, n.Amount.Unit()}, n.Amount)
	if err != nil {
		return invoice.Invoice{}, err
	}
	now, who := a.now(), inPlaceOfMerchant(ctx)
	zero := money.Zero(n.Amount.Unit())
	i := invoice.Invoice{
		ID: n.ID, Merchant: merchantID, State: invoice.Open,
		Amount: n.Amount, Open: n.Open, Captured: zero, Reserved: zero,
		Title: n.Title, Description: n.Description, Payer: n.Payer, Link: n.Link,
		Due: n.Due, Bag: n.Bag, CreatedAt: now, UpdatedAt: now,
		Terminal: n.Terminal, Reference: n.Reference, VerifyIn: n.VerifyIn, NationalID: n.NationalID,
		ReturnTo: n.ReturnTo, Notice: n.Notice, Account: n.Account,
	}
	change := store.Change{
		Answer: n.Once.claim(merchantID, i.ID, now),
		Events: []event.Event{happened(event.Invoice, merchantID, i.ID, "", create, i.State,
			who.kind, who.said(""), now)},
	}
	if held {
		i = holdBack(i, n.Amount, now, &change)
	}
	change.Invoices = []invoice.Invoice{i}
	if n.Link.Token != "" {
		change.Claims = append(change.Claims, linkClaim(i))
	}
	if n.Terminal != 0 && n.Reference != "" {
		change.Claims = append(change.Claims, store.Claim{
			Merchant: merchantID, Kind: store.ReferenceClaim, Key: ownName(n.Terminal, n.Reference), Subject: i.ID,
		})
	}
	err = a.commit(ctx, change)
	if fault.Is(err, fault.CodeVersionConflict) { // nothing was read, so only the id can be in the way
		err = fault.New(fault.CodeDuplicate, "id", "")
	}
	if err != nil {
		return invoice.Invoice{}, n.Once.taken(err)
	}
	i.Version++
	return i, nil
}

func linkClaim(i invoice.Invoice) store.Claim {
	return store.Claim{Merchant: i.Merchant, Kind: store.LinkClaim, Key: i.Link.Token, Subject: i.ID}
}

// ownName is the key of a claim on what a terminal or an account calls a thing.
func ownName(number int64, name string) string { return strconv.FormatInt(number, 10) + "/" + name }

// Page selects a part of a list, newest first.
type Page = store.Page

// InvoiceView is an invoice with the payments that may be seen, in order of
// their creation.
type InvoiceView struct {
	Invoice  invoice.Invoice
	Payments []payment.Payment
}

// Invoice finds one of a merchant's invoices. Error: invoice_not_found.
func (a *App) Invoice(ctx context.Context, merchantID, id string) (InvoiceView, error) {
	i, err := a.store.Invoice(ctx, merchantID, id)
	if err != nil {
		return InvoiceView{}, err
	}
	payments, err := a.store.PaymentsOf(ctx, merchantID, id)
	if err != nil {
		return InvoiceView{}, err
	}
	return InvoiceView{Invoice: i, Payments: visible(payments)}, nil
}

// InvoiceOwner finds the merchant of an invoice by an id that nobody can
// guess. Error: invoice_not_found.
func (a *App) InvoiceOwner(ctx context.Context, id string) (string, error) {
	return a.store.Owner(ctx, event.Invoice, id)
}

// PaymentOwner finds the merchant of a payment by an id that nobody can guess.
// Error: payment_not_found.
func (a *App) PaymentOwner(ctx context.Context, id string) (string, error) {
	return a.store.Owner(ctx, event.Payment, id)
}

// Payment finds one of a merchant's payments. Error: payment_not_found.
func (a *App) Payment(ctx context.Context, merchantID, id string) (payment.Payment, error) {
	p, err := a.store.Payment(ctx, merchantID, id)
	if err == nil && p.Hidden {
		return payment.Payment{}, fault.New(fault.CodePaymentNotFound, "payment", "")
	}
	return p, err
}

// Invoices lists a merchant's invoices with their payments, newest first, and
// says how many there are in all.
func (a *App) Invoices(ctx context.Context, merchantID string, page Page) ([]InvoiceView, int, error) {
	list, total, err := a.store.Invoices(ctx, merchantID, page)
	if err != nil {
		return nil, 0, err
	}
	views, err := a.viewsOf(ctx, merchantID, list)
	return views, total, err
}

// InvoiceFilter selects invoices that were made at a terminal.
type InvoiceFilter = store.InvoiceFilter

// The ways to select open invoices by whether somebody is paying them.
const (
	IsBusy = store.IsBusy
	IsIdle = store.IsIdle
)

// FindInvoices lists the invoices that a filter leaves with their payments, and
// says how many there are in all.
func (a *App) FindInvoices(ctx context.Context, merchantID string, f InvoiceFilter, page Page,
) ([]InvoiceView, int, error) {
	list, total, err := a.store.FindInvoices(ctx, merchantID, f, page)
	if err != nil {
		return nil, 0, err
	}
	views, err := a.viewsOf(ctx, merchantID, list)
	return views, total, err
}

// viewsOf finds the payments of a list of invoices.
func (a *App) viewsOf(ctx context.Context, merchantID string, list []invoice.Invoice) ([]InvoiceView, error) {
	if len(list) == 0 {
		return nil, nil
	}
	ids := make([]string, len(list))
	for n, i := range list {
		ids[n] = i.ID
	}
	payments, err := a.store.PaymentsOf(ctx, merchantID, ids...)
	if err != nil {
		return nil, err
	}
	of := make(map[string][]payment.Payment, len(list))
	for _, p := range visible(payments) {
		of[p.Invoice] = append(of[p.Invoice], p)
	}
	views := make([]InvoiceView, len(list))
	for n, i := range list {
		views[n] = InvoiceView{Invoice: i, Payments: of[i.ID]}
	}
	return views, nil
}

// visible leaves out what no gateway ever accepted.
func visible(payments []payment.Payment) []payment.Payment {
	shown := make([]payment.Payment, 0, len(payments))
	for _, p := range payments {
		if !p.Hidden {
			shown = append(shown, p)
		}
	}
	return shown
}
