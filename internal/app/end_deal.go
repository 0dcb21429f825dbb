package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// feesOfDeals is whose account the fees of deals are in.
const feesOfDeals = "deals"

// Deal finds one of a merchant's deals. Error: deal_not_found.
func (a *App) Deal(ctx context.Context, merchantID, id string) (deal.Deal, error) {
	return a.store.Deal(ctx, merchantID, id)
}

// DealsOf are the deals of invoices, in order of creation.
func (a *App) DealsOf(ctx context.Context, merchantID string, invoiceIDs ...string) ([]deal.Deal, error) {
	return a.store.DealsOf(ctx, merchantID, invoiceIDs...)
}

// DealFilter selects deals; an empty field selects all.
type DealFilter = store.DealFilter

// Deals lists deals, newest first.
func (a *App) Deals(ctx context.Context, f DealFilter, page Page) ([]deal.Deal, error) {
	return a.store.Deals(ctx, f, page)
}

// ReportTransfer takes the payer's word that the money is sent, said by the payer or
// passed on by the merchant: from now on only the trader or an operator ends the deal.
// Saying it again changes nothing. Errors: deal_not_found, wrong_state.
func (a *App) ReportTransfer(ctx context.Context, merchantID, id string, byPayer bool) (d deal.Deal, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if d, err = r.Deal(ctx, merchantID, id); err != nil || d.State == deal.TransferConfirmed {
			return store.Change{}, err
		}
		if d.Out() { // nobody pays
			return store.Change{}, fault.New(fault.CodeWrongState, "deal", "")
		}
		var change store.Change
		now := a.now()
		d.Reported = now
		err = moveDeal(&d, deal.ConfirmTransfer, actorOf(byPayer), "", now, &change)
		return change, err
	})
	return d, err
}

// moveDeal takes a deal through one trigger.
func moveDeal(d *deal.Deal, t deal.Trigger, actor, note string, now time.Time, change *store.Change) error {
	from := d.State
	to, err := deal.States.Next(from, t)
	if err != nil {
		return err
	}
	d.State, d.UpdatedAt = to, now
	ended := d.EndedAt
	d.EndedAt, d.Note = time.Time{}, "" // a dispute takes up again what had ended
	if !d.Live() {
		d.EndedAt, d.Note = now, note
	}
	if from == to { // it ended when it ended, whatever is put right about it
		d.EndedAt = ended
	}
	change.Deals = append(change.Deals, *d)
	change.Events = append(change.Events, happened(event.Deal, d.Merchant, d.ID, from, t, to, actor, note, now))
	return nil
}

// DealWord is what an operator, or a trader through one, says about a deal.
type DealWord struct {
	Merchant, Deal string
	Operator       string // who says so
	Note           string
	Paid           money.Amount // what really came; not valid = what was agreed
	Receipt        string       // the bank's id of the transfer; every payout has one
}

// CompleteDeal takes the trader's word that the money came: the merchant gets
// its coins less the fee, and the invoice is paid, in one commit; or that the
// trader has sent the money of a payout, with its receipt: the trader is paid for
// it. What is disputed takes ResolveDispute.
// Errors: deal_not_found, parameter_missing, wrong_state, amount_too_small,
// unit_mismatch, insufficient_funds when more came than the trader's coins pay
// for, wrong_state too while another payment of the invoice is being verified; of a
// payout amount_invalid for another sum; duplicate with the parameter
// "receipt" when it was said of another deal on the requisite, or the trader has
// shown it before.
func (a *App) CompleteDeal(ctx context.Context, w DealWord) (deal.Deal, error) {
	undisputed := func(d deal.Deal) bool { return d.State != deal.Disputed }
	if d, err := a.Deal(ctx, w.Merchant, w.Deal); err != nil || d.Out() {
		if err == nil {
			err = named(w.Operator)
		}
		if err != nil {
			return deal.Deal{}, err
		}
		return a.completeSending(ctx, w, undisputed)
	}
	return a.completeDeal(ctx, w, undisputed)
}

// completeDeal books money that came, while a condition holds.
func (a *App) completeDeal(ctx context.Context, w DealWord, while func(deal.Deal) bool) (d deal.Deal, err error) {
	if err := named(w.Operator); err != nil {
		return d, err
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if d, err = r.Deal(ctx, w.Merchant, w.Deal); err != nil {
			return store.Change{}, err
		}
		if !while(d) {
			return store.Change{}, fault.New(fault.CodeWrongState, "deal", "")
		}
		p, err := r.Payment(ctx, w.Merchant, d.Payment)
		if err != nil {
			return store.Change{}, err
		}
		i, err := r.Invoice(ctx, w.Merchant, d.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		var change store.Change
		held := d.Held
		if d.Paid = w.Paid; !d.Paid.Valid() {
			d.Paid = d.Amount
		}
		if err := reprice(&d); err != nil {
			return store.Change{}, err
		}
		d.Held = money.Zero(deal.Coin)
		if err := moveDeal(&d, deal.Complete, byOperator, byOperatorNote(w.Operator, w.Note), now, &change); err != nil {
			return store.Change{}, err
		}
		if i, err = roomFor(i, d, now, &change); err != nil {
			return store.Change{}, err
		}
		p.Amount, p.UpdatedAt = d.Paid, now
		if err := take(ctx, r, &p, i, now, byOperator, &change); err != nil {
			return store.Change{}, err
		}
		change.Payments[0].Attention = "" // a person has just looked at it
		change.Claims = append(change.Claims, arrivals(d, w.Receipt)...)
		err = a.bookDeal(&change, d, held, now)
		return change, err
	})
	d.Version++
	return d, err
}

// arrivals make what came to a requisite count for one deal only, where the bank's
// id of it is known: the next deal may be about the same sum.
func arrivals(d deal.Deal, receipt string) []store.Claim {
	if receipt = strings.TrimSpace(receipt); receipt == "" {
		return nil
	}
	return []store.Claim{{
		Merchant: d.Merchant, Kind: store.ReceiptClaim, Key: sessionKey("arrivals", sessionKey(d.Requisite, receipt)),
		Subject: d.Payment,
	}}
}

// reprice makes a deal cost what was paid. Error: amount_too_small with the
// parameter "paid".
func reprice(d *deal.Deal) (err error) {
	if d.Coins, d.Fee, err = d.Price(d.Paid); fault.Is(err, fault.CodeAmountTooSmall) {
		f := fault.From(err)
		err = fault.New(f.Code, "paid", f.Words).With(err)
	}
	return err
}

// roomFor sets what a deal brought aside on its invoice, which asks for as much as came,
// and for what it was extended by since. One that ended meanwhile opens again: the payer
// has paid it. One that something else has paid is paid twice. Error: wrong_state while
// a payment of it is being verified: what it asks for depends on that.
func roomFor(i invoice.Invoice, d deal.Deal, now time.Time, change *store.Change) (invoice.Invoice, error) {
	if i.Reserved.Sign() > 0 {
		return i, fault.New(fault.CodeWrongState, "invoice",
			"A payment of its invoice is being verified. Try again when that is over.")
	}
	var err error
	sum := d.Paid
	switch i.State {
	case invoice.Completed:
		if i, err = advance(i, now, change, byOperator, invoice.Correct); err != nil {
			return i, err
		}
		return i.Overpay(d.Paid)
	case invoice.Expired, invoice.Canceled, invoice.Refunded:
		if i, err = advance(i, now, change, byOperator, invoice.Reopen); err != nil {
			return i, err
		}
	case invoice.Open:
		if sum, err = sum.Add(i.Beyond(d.Amount)); err != nil {
			return i, err
		}
	case invoice.Paid, invoice.Rejected: // no deal pays what is verified
	}
	if i, err = resized(i, sum); err != nil {
		return i, err
	}
	return i.Reserve(d.Paid)
}

// bookDeal pays the merchant out of what the trader has set aside: that, or what
// another sum costs instead.
func (a *App) bookDeal(change *store.Change, d deal.Deal, held money.Amount, now time.Time) error {
	names := ledger.Names{Gateway: feesOfDeals, Trader: d.Trader}
	steps := []struct {
		rule   ledger.Rule
		amount money.Amount
	}{
		{ledger.RuleDealReleased, held}, {ledger.RuleDealHeld, d.Coins}, {ledger.RuleDealt, d.Coins}, {ledger.RuleFee, d.Fee},
	}
	if held == d.Coins {
		steps = steps[2:]
	}
	for _, s := range steps {
		if s.amount.IsZero() {
			continue
		}
		if err := a.postFor(change, s.rule, causeOfDeal(d, now), names, s.amount); err != nil {
			return err
		}
	}
	return nil
}

// CancelDeal ends a deal for which no money came. One of which the payer says
// that it is paid takes an operator's word. The payout of a trader who has not
// sent it is approved again, and another may take it.
// Errors: deal_not_found, parameter_missing, wrong_state.
func (a *App) CancelDeal(ctx context.Context, w DealWord) (deal.Deal, error) {
	if err := named(w.Operator); err != nil {
		return deal.Deal{}, err
	}
	undecided := func(d deal.Deal) bool { return d.State == deal.TransferWaiting || d.State == deal.TransferConfirmed }
	if d, err := a.Deal(ctx, w.Merchant, w.Deal); err != nil {
		return deal.Deal{}, err
	} else if d.Out() {
		return a.giveBack(ctx, w, undecided)
	}
	d, _, err := a.cancelDeal(ctx, w.Merchant, w.Deal, byOperator, byOperatorNote(w.Operator, w.Note), undecided)
	return d, err
}

// WithdrawDeal takes a deal of an invoice back for its merchant, while nobody says
// that money was sent. One that is canceled already stays as it is.
// Errors: deal_not_found, wrong_state.
func (a *App) WithdrawDeal(ctx context.Context, merchantID, id string) (deal.Deal, error) {
	d, _, err := a.cancelDeal(ctx, merchantID, id, byMerchant, "", func(d deal.Deal) bool {
		return d.State == deal.TransferWaiting && !d.Out()
	})
	if err == nil && d.State != deal.Canceled {
		err = fault.New(fault.CodeWrongState, "deal", "")
	}
	return d, err
}

// cancelDeal ends a deal while a condition holds; done is false when it does
// not. Error: wrong_state for an operator's word about one that is decided.
func (a *App) cancelDeal(ctx context.Context, merchantID, id, actor, note string, while func(deal.Deal) bool,
) (d deal.Deal, done bool, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if d, err = r.Deal(ctx, merchantID, id); err != nil {
			return store.Change{}, err
		}
		if done = while(d); !done {
			if actor == byOperator {
				err = fault.New(fault.CodeWrongState, "deal", "")
			}
			return store.Change{}, err
		}
		var change store.Change
		err = a.dropDeal(ctx, r, &d, actor, note, a.now(), &change)
		return change, err
	})
	return d, done, err
}

// dropDeal cancels a deal and its payment and gives the trader's coins back.
func (a *App) dropDeal(ctx context.Context, r store.Reader, d *deal.Deal, actor, note string, now time.Time,
	change *store.Change,
) error {
	held := d.Held
	d.Held = money.Zero(deal.Coin)
	if err := moveDeal(d, deal.Cancel, actor, note, now, change); err != nil {
		return err
	}
	if held.Sign() <= 0 { // it was canceled before, and a dispute about that is lost
		return nil
	}
	p, err := r.Payment(ctx, d.Merchant, d.Payment)
	if err != nil {
		return err
	}
	from := p.State
	if p.State, err = payment.States.Next(from, payment.Cancel); err != nil {
		return err
	}
	p.Note, p.FinalizedAt, p.UpdatedAt = note, now, now
	q, err := r.Requisite(ctx, d.Merchant, d.Requisite)
	if err != nil {
		return err
	}
	change.Payments = append(change.Payments, p)
	change.Requisites = append(change.Requisites, q.Unuse(*d, now))
	change.Events = append(change.Events,
		happened(event.Payment, d.Merchant, p.ID, from, payment.Cancel, p.State, actor, note, now))
	return a.postFor(change, ledger.RuleDealReleased, causeOfDeal(*d, now), ledger.Names{Trader: d.Trader}, held)
}

// CancelDueDeals ends deals that nobody has paid in time, up to limit, and says
// how many. One of which the payer says that it is paid is never ended by time.
func (a *App) CancelDueDeals(ctx context.Context, limit int) (int, error) {
	due, err := a.store.DueDeals(ctx, a.now(), limit)
	if err != nil {
		return 0, err
	}
	ended := 0
	var failures []error
	for _, d := range due {
		_, done, err := a.cancelDeal(ctx, d.Merchant, d.ID, byWorker, "nobody paid in time", func(d deal.Deal) bool {
			return d.State == deal.TransferWaiting && !a.now().Before(d.Deadline)
		})
		if err != nil { // one that fails keeps no other waiting
			failures = append(failures, fmt.Errorf("end deal %s of merchant %s: %w", d.ID, d.Merchant, err))
		} else if done {
			ended++
		}
	}
	return ended, errors.Join(failures...)
}

// Transfer is money that came to a requisite, as a bank's message tells.
type Transfer struct {
	Merchant  string
	Requisite string
	Amount    money.Amount
}

// MatchDeal finds the live deal that money which came belongs to: no two on one
// requisite have the same sum. Error: deal_not_found.
func (a *App) MatchDeal(ctx context.Context, t Transfer) (deal.Deal, error) {
	live, err := a.store.LiveDeals(ctx, t.Merchant, t.Requisite)
	if err != nil {
		return deal.Deal{}, err
	}
	at := slices.IndexFunc(live, func(d deal.Deal) bool { return d.Amount == t.Amount })
	if at < 0 {
		return deal.Deal{}, fault.New(fault.CodeDealNotFound, "deal", "")
	}
	return live[at], nil
}
