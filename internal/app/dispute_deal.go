package app

import (
	"context"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
)

// NewDispute is what is said against the course of a deal.
type NewDispute struct {
	Merchant, Deal string
	Reason         string
	Amount         money.Amount // what was really sent, as they say; not valid = as agreed
	ByPayer        bool
}

// DisputeDeal leaves a deal to an operator: one that waits for money, or one
// that was canceled although the money was sent; of a payout, one that a trader
// has taken or was paid for, although the money did not arrive. Saying it again
// changes only the reason. Errors: deal_not_found, wrong_state when the money
// came, or when nobody sends it.
func (a *App) DisputeDeal(ctx context.Context, n NewDispute) (d deal.Deal, err error) {
	if n.Amount.Valid() && n.Amount.Sign() <= 0 {
		return d, fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if d, err = r.Deal(ctx, n.Merchant, n.Deal); err != nil {
			return store.Change{}, err
		}
		settled := deal.Completed // what is not taken up again
		if d.Out() {
			settled = deal.Canceled
		}
		if d.State == settled {
			return store.Change{}, fault.New(fault.CodeWrongState, "deal", "")
		}
		now := a.now()
		again := d.State == deal.Disputed
		if !again {
			d.Dispute.OpenedAt = now
		}
		if d.Dispute.Reason = n.Reason; n.Amount.Valid() {
			d.Dispute.Amount = n.Amount
		}
		var change store.Change
		if again {
			d.UpdatedAt = now
			change.Deals = []deal.Deal{d}
			return change, nil
		}
		if err := moveDeal(&d, deal.OpenDispute, actorOf(n.ByPayer), n.Reason, now, &change); err != nil {
			return store.Change{}, err
		}
		err = tellOfDispute(ctx, r, d, actorOf(n.ByPayer), now, &change)
		return change, err
	})
	d.Version++
	return d, err
}

// tellOfDispute lets whoever follows an invoice or a payout hear that its deal is
// disputed. Its state is what it was.
func tellOfDispute(ctx context.Context, r store.Reader, d deal.Deal, actor string, now time.Time, change *store.Change,
) error {
	if d.Out() {
		p, err := r.Payout(ctx, d.Merchant, d.Payout)
		if err != nil {
			return err
		}
		notePayout(&p, payout.Trigger(deal.OpenDispute), actor, d.ID, now, change)
		change.Payouts = append(change.Payouts, p)
		return nil
	}
	i, err := r.Invoice(ctx, d.Merchant, d.Invoice)
	if err != nil {
		return err
	}
	i.UpdatedAt = now
	change.Invoices = append(change.Invoices, i)
	change.Events = append(change.Events, happened(event.Invoice, i.Merchant, i.ID, i.State, deal.OpenDispute,
		i.State, actor, d.ID, now))
	return nil
}

func isDisputed(d deal.Deal) bool { return d.State == deal.Disputed }

// ResolveDispute takes an operator's decision about a disputed deal: with won
// the payer's money is taken for sent, in the sum that the word or else the
// dispute names, whatever became of the invoice meanwhile; otherwise the deal is
// canceled, and so is its invoice unless something else has paid it or still may,
// or it was extended since: then it asks for nothing more of the deal, whether the extension is
// paid already or not.
// One that something else has paid is paid twice when the dispute is won.
// Of a payout won means that the money did not arrive: the merchant has
// what was taken for it again, out of the trader's coins where they were paid; lost
// means that it did, which takes a receipt where none was shown before.
// Errors: deal_not_found, parameter_missing, wrong_state too while another payment
// of the invoice is being verified, insufficient_funds when the trader's coins do
// not pay for it; of a payout also those of CompleteDeal.
func (a *App) ResolveDispute(ctx context.Context, w DealWord, won bool) (deal.Deal, error) {
	if err := named(w.Operator); err != nil {
		return deal.Deal{}, err
	}
	d, err := a.Deal(ctx, w.Merchant, w.Deal)
	switch {
	case err != nil:
		return d, err
	case d.Out() && won:
		return a.undo(ctx, w)
	case d.Out():
		return a.completeSending(ctx, w, isDisputed)
	}
	if !won {
		return a.loseDispute(ctx, w, isDisputed)
	}
	if !w.Paid.Valid() {
		w.Paid = d.Dispute.Amount
	}
	return a.completeDeal(ctx, w, isDisputed)
}

// loseDispute ends a deal for which no money came, while a condition holds.
func (a *App) loseDispute(ctx context.Context, w DealWord, while func(deal.Deal) bool) (d deal.Deal, err error) {
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
		i, err := r.Invoice(ctx, w.Merchant, d.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		var change store.Change
		if err := a.dropDeal(ctx, r, &d, byOperator, byOperatorNote(w.Operator, w.Note), now, &change); err != nil {
			return store.Change{}, err
		}
		hopeless, err := nobodyPays(ctx, r, i, d)
		if err != nil {
			return store.Change{}, err
		}
		switch {
		case hopeless && i.State == invoice.Open && i.Captured.IsZero() && i.Beyond(d.Amount).IsZero():
			i, err = advance(i, now, &change, byOperator, invoice.Cancel)
		case hopeless && i.State == invoice.Expired && i.Captured.IsZero():
			i, err = advance(i, now, &change, byOperator, invoice.Reopen, invoice.Cancel)
		default: // its state is what it was; whoever follows it hears that the dispute is over
			if hopeless && i.State == invoice.Open {
				i, err = dropShare(i, d.Amount, now, byOperator, &change)
			}
			i.UpdatedAt = now
			change.Events = append(change.Events, happened(event.Invoice, i.Merchant, i.ID, i.State, deal.Cancel, i.State,
				byOperator, d.ID, now))
		}
		change.Invoices = append(change.Invoices, i)
		return change, err
	})
	d.Version++
	return d, err
}

// nobodyPays says that nothing of an invoice is paid or may still be, but by a deal that is over
// and what it was extended by since.
func nobodyPays(ctx context.Context, r store.Reader, i invoice.Invoice, over deal.Deal) (bool, error) {
	if i.Reserved.Sign() > 0 {
		return false, nil
	}
	payments, err := r.PaymentsOf(ctx, i.Merchant, i.ID)
	if err != nil || i.Captured.Sign() > 0 && slices.ContainsFunc(payments, func(p payment.Payment) bool {
		return p.Collected() && (!ofExtension(i, p) || p.CreatedAt.Before(over.CreatedAt))
	}) {
		return false, err
	}
	deals, err := r.DealsOf(ctx, i.Merchant, i.ID)
	if err != nil || slices.ContainsFunc(deals, func(d deal.Deal) bool { return d.Live() && d.ID != over.ID }) {
		return false, err
	}
	paying, err := beingPaid(ctx, r, i, map[string]bool{over.Payment: true})
	return !paying, err
}

// ofExtension says that a payment came through the link of an invoice's last extension.
func ofExtension(i invoice.Invoice, p payment.Payment) bool {
	return i.Link.Kind == invoice.Extension && p.Link == i.Link.Token
}
