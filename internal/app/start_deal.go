package app

import (
	"context"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// usualDealTime is how long a payer may take to send the money.
const usualDealTime = 30 * time.Minute

// How requisites are chosen: at random among the first so many of those that
// were used longest ago, so that two processes seldom choose the same; and so
// often anew when a trader has no coins left.
const (
	mostFree   = 64
	mostPicks  = 8
	mostRaised = 200
)

// NewDeal is the wish to pay an invoice by sending money to somebody.
type NewDeal struct {
	ID, Payment string // chosen by the caller, in the form that its users know
	Invoice     string
	Option      string       // the way; empty = any
	Method      string       // the bank; empty = any
	Most        money.Amount // the sum may be raised up to it, so that no other deal has the same; not valid = not
	ByPayer     bool
}

// StartDeal finds an account that the payer of an invoice can send money to and
// sets the coins of its trader aside. found is false when none is free: nothing
// changes then.
// Errors: invoice_not_found, invoice_closed, invoice_held, wrong_state when a deal of the
// invoice is live, unsupported when its merchant verifies it, rate_missing,
// amount_too_small.
func (a *App) StartDeal(ctx context.Context, merchantID string, n NewDeal) (d deal.Deal, found bool, err error) {
	var without []string // traders whose coins do not suffice
	mine := pick{of: &a.picks}
	defer mine.leave()
	for range mostPicks {
		err = a.update(ctx, func(r store.Reader) (store.Change, error) {
			d, found = deal.Deal{}, false
			change, err := a.beginDeal(ctx, r, merchantID, n, without, &mine, &d)
			found = err == nil && d.ID != ""
			return change, err
		})
		if !fault.Is(err, fault.CodeInsufficientFunds) {
			d.Version++
			return d, found, err
		}
		without = append(without, d.Trader)
	}
	return deal.Deal{}, false, nil
}

// beginDeal decides about a new deal; d stays empty where nobody is free.
func (a *App) beginDeal(ctx context.Context, r store.Reader, merchantID string, n NewDeal, without []string,
	mine *pick, d *deal.Deal,
) (store.Change, error) {
	i, err := a.dealable(ctx, r, merchantID, n.Invoice)
	if err != nil {
		return store.Change{}, err
	}
	now := a.now()
	wish := deal.Wish{Amount: i.Unpaid(), Most: n.Most, Option: n.Option, Method: n.Method, Now: now}
	q, sum, ok, err := a.pick(ctx, r, merchantID, wish, without, mine)
	if err == nil && !ok {
		// Perhaps nobody is free because the same wish, sent twice, was granted.
		_, err = a.dealable(ctx, r, merchantID, n.Invoice)
	}
	if err != nil || !ok {
		return store.Change{}, err
	}
	made := deal.Deal{
		ID: n.ID, Merchant: merchantID, State: deal.TransferWaiting, Invoice: i.ID, Payment: n.Payment, Trader: q.Trader,
		Requisite: q.ID, Option: q.Option, Method: q.Method, Number: q.Number, Holder: q.Holder, Amount: sum,
		Deadline: now.Add(usualDealTime), CreatedAt: now, UpdatedAt: now,
	}
	if err := a.dealTerms(ctx, r, i, &made); err != nil {
		return store.Change{}, err
	}
	if made.Coins, made.Fee, err = made.Price(sum); err != nil {
		return store.Change{}, err
	}
	made.Held = made.Coins
	if q, err = q.Use(sum, now); err != nil {
		return store.Change{}, err
	}
	if i, err = resized(i, sum); err != nil {
		return store.Change{}, err
	}
	i.UpdatedAt = now
	p := paymentOf(made)
	p.Owner = i.Owner()
	actor := actorOf(n.ByPayer)
	change := store.Change{
		Invoices: []invoice.Invoice{i}, Payments: []payment.Payment{p}, Requisites: []deal.Requisite{q},
		Deals: []deal.Deal{made},
		Events: []event.Event{
			happened(event.Payment, merchantID, p.ID, "", create, p.State, actor, made.Option, now),
			happened(event.Deal, merchantID, made.ID, "", create, made.State, actor, "", now),
		},
	}
	*d = made
	err = a.postFor(&change, ledger.RuleDealHeld, causeOfDeal(made, now), ledger.Names{Trader: made.Trader}, made.Coins)
	return change, err
}

// resized is an invoice that asks for as much as its payer is told to send.
func resized(i invoice.Invoice, sum money.Amount) (invoice.Invoice, error) {
	if sum == i.Unpaid() {
		return i, nil
	}
	whole, err := sum.Add(i.Captured)
	if err != nil {
		return i, err
	}
	return i.Resize(whole)
}

// dealable is an invoice that a deal may pay, and of which none is live.
func (a *App) dealable(ctx context.Context, r store.Reader, merchantID, id string) (invoice.Invoice, error) {
	i, err := r.Invoice(ctx, merchantID, id)
	if err != nil {
		return i, err
	}
	if i.State != invoice.Open || i.Open || !i.Due.IsZero() && !a.now().Before(i.Due) {
		return i, fault.New(fault.CodeInvoiceClosed, "invoice", "")
	}
	if i.Held {
		return i, fault.New(fault.CodeInvoiceHeld, "invoice", "")
	}
	if i.VerifyIn > 0 { // the coins of a deal are the merchant's at once, and could not be given back
		return i, fault.New(fault.CodeUnsupported, "invoice", "It is verified by its merchant, so no deal can pay it.")
	}
	return i, undealt(ctx, r, merchantID, id)
}

// undealt is nil where no deal of an invoice is live. Error: wrong_state.
func undealt(ctx context.Context, r store.Reader, merchantID, invoiceID string) error {
	deals, err := r.DealsOf(ctx, merchantID, invoiceID)
	if err == nil && slices.ContainsFunc(deals, deal.Deal.Live) {
		err = fault.New(fault.CodeWrongState, "deal", "A deal of this invoice is not decided yet.")
	}
	return err
}

// pick chooses a requisite and the sum. It passes over those that others are
// just choosing, as long as there are any others.
func (a *App) pick(ctx context.Context, r store.Reader, merchantID string, w deal.Wish, without []string, mine *pick,
) (q deal.Requisite, sum money.Amount, ok bool, err error) {
	barred := func(q deal.Requisite) bool { return slices.Contains(without, q.Trader) || !q.Takes(w.Amount, w.Now) }
	free, err := r.FreeRequisites(ctx, merchantID, w, false, mostFree)
	if err != nil {
		return q, sum, false, err
	}
	free = slices.DeleteFunc(free, barred)
	var busy []deal.Requisite
	for len(free) > 0 {
		n := a.oneOf(len(free))
		q = free[n]
		free = slices.Delete(free, n, n+1)
		if !mine.take(q) {
			busy = append(busy, q)
			continue
		}
		if ok, err = a.stillFree(ctx, r, q); ok || err != nil {
			return q, w.Amount, ok, err
		}
		busy = append(busy, q)
	}
	mine.leave()
	for _, q := range busy {
		if t, err := r.Trader(ctx, merchantID, q.Trader); err != nil || !t.Disabled {
			return q, w.Amount, err == nil, err
		}
	}
	if !w.Most.Valid() {
		return q, sum, false, nil
	}
	return a.pickRaised(ctx, r, merchantID, w, without)
}

// stillFree says that nobody has changed a requisite since it was listed, and
// that its trader may have deals.
func (a *App) stillFree(ctx context.Context, r store.Reader, q deal.Requisite) (bool, error) {
	now, err := r.Requisite(ctx, q.Merchant, q.ID)
	if err != nil || now.Version != q.Version {
		return false, err
	}
	t, err := r.Trader(ctx, q.Merchant, q.Trader)
	return err == nil && !t.Disabled, err
}

// pickRaised chooses among those that are busy with the very sum.
func (a *App) pickRaised(ctx context.Context, r store.Reader, merchantID string, w deal.Wish, without []string,
) (q deal.Requisite, sum money.Amount, ok bool, err error) {
	busy, err := r.FreeRequisites(ctx, merchantID, w, true, mostRaised)
	if err != nil {
		return q, sum, false, err
	}
	disabled := map[string]bool{}
	ids := make([]string, 0, len(busy))
	for _, q := range busy {
		if _, asked := disabled[q.Trader]; !asked {
			t, err := r.Trader(ctx, merchantID, q.Trader)
			if err != nil {
				return q, sum, false, err
			}
			disabled[q.Trader] = t.Disabled || slices.Contains(without, q.Trader)
		}
		ids = append(ids, q.ID)
	}
	busy = slices.DeleteFunc(busy, func(q deal.Requisite) bool { return disabled[q.Trader] })
	live, err := r.LiveDeals(ctx, merchantID, ids...)
	if err != nil {
		return q, sum, false, err
	}
	q, sum, ok = deal.Pick(busy, live, w)
	return q, sum, ok, nil
}

// dealTerms fixes the rate, the fee and the time of a deal.
func (a *App) dealTerms(ctx context.Context, r store.Reader, i invoice.Invoice, d *deal.Deal) error {
	market, err := dealMarket(ctx, r, i.Merchant, d.Amount.Unit())
	if err != nil {
		return err
	}
	if d.Rate = market.Buy; !d.Rate.Valid() {
		return fault.New(fault.CodeRateMissing, "currency", "")
	}
	if i.Terminal == 0 {
		return nil
	}
	t, err := a.Terminal(ctx, i.Merchant, i.Terminal)
	if err != nil {
		return err
	}
	d.Percent = t.DealFee
	if t.DealIn > 0 {
		d.Deadline = d.CreatedAt.Add(t.DealIn)
	}
	return nil
}

// paymentOf is the collection that a deal carries out. No gateway is asked
// about it.
func paymentOf(d deal.Deal) payment.Payment {
	zero := money.Zero(d.Amount.Unit())
	p := payment.Payment{
		ID: d.Payment, Merchant: d.Merchant, State: payment.Processing, Invoice: d.Invoice, Amount: d.Amount,
		Refunded: zero, Returning: zero, Batch: d.ID, CreatedAt: d.CreatedAt, UpdatedAt: d.CreatedAt,
	}
	p.Attempt.Method = payment.BankTransfer
	return p
}

// Returnable is what may still be given back of a payment: nothing of what one person
// sent to another.
func Returnable(p payment.Payment) money.Amount {
	if byPerson(p) {
		return money.Zero(p.Amount.Unit())
	}
	return p.Refundable()
}

// causeOfDeal books a deal for its payment, so that the payment's entries tell
// its whole story.
func causeOfDeal(d deal.Deal, now time.Time) ledger.Cause {
	return ledger.Cause{Merchant: d.Merchant, Subject: d.Payment, At: now}
}
