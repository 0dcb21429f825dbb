package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payout"
)

// PayoutWord is an operator's word about a payout.
type PayoutWord struct {
	Payout   string
	Receipt  string // of a confirmation: the network's id of the money movement
	Operator string
	Note     string
}

// ApprovePayout takes a payout on: the operator is about to send it by hand, or
// its gateway is told. Above the merchant's limit it takes a second person's word.
func (c Commands) ApprovePayout(ctx context.Context, w PayoutWord) error {
	return c.decide(ctx, w, (*app.App).ApprovePayout)
}

// ConfirmPayout books that the network, or the trader who took it, sent the money.
func (c Commands) ConfirmPayout(ctx context.Context, w PayoutWord) error {
	return c.decide(ctx, w, (*app.App).ConfirmPayout)
}

// RejectPayout gives the money back to the account; nothing was sent.
func (c Commands) RejectPayout(ctx context.Context, w PayoutWord) error {
	return c.decide(ctx, w, (*app.App).RejectPayout)
}

// CancelPayout gives the money back to the account, for the merchant; nobody has
// begun to send it.
func (c Commands) CancelPayout(ctx context.Context, w PayoutWord) error {
	return c.decide(ctx, w, (*app.App).CancelPayout)
}

// PayoutTaking says that a trader sends a payout.
type PayoutTaking struct {
	Payout   string
	Trader   string
	Operator string
	Note     string
}

// TakePayout gives a payout to a trader, who sends it.
func (c Commands) TakePayout(ctx context.Context, n PayoutTaking) error {
	return c.with(ctx, forWriting, func(k *core) error {
		before, err := k.payout(ctx, n.Payout)
		if err != nil {
			return err
		}
		d, err := k.app.TakePayout(ctx, app.Taking{
			ID: dialect.NewUUID(k.now()), Merchant: before.Merchant, Payout: before.ID, Trader: n.Trader,
			Operator: n.Operator, Note: n.Note,
		})
		switch {
		case fault.Is(err, fault.CodeWrongState) && before.State == payout.Approved:
			return fmt.Errorf("payout %s cannot be taken any more: its time was over at %s", before.ID, moment(before.Due))
		case fault.Is(err, fault.CodeWrongState):
			return fmt.Errorf("payout %s is %s: %s", before.ID, before.State, next(before))
		case fault.Is(err, fault.CodeNotFound):
			return errors.New("the merchant has no trader " + n.Trader + ": purser trader list shows them")
		case err != nil:
			return err
		}
		view := viewDeal(d, true)
		if err := c.Terminal.show(view, dealHead, [][]string{view.row()}); err != nil {
			return err
		}
		return c.Terminal.tell("\nNow the trader sends %s by %s %s to %s, %s. Then say what came of it:\n\n"+
			"  purser deal confirm %s --receipt ID\n  purser deal cancel %[6]s",
			view.Amount, view.Option, view.Method, view.Number, dash(view.Holder), view.ID)
	})
}

// FailPayout gives the money back to the account: it was sent and came back.
func (c Commands) FailPayout(ctx context.Context, w PayoutWord) error {
	return c.decide(ctx, w, (*app.App).FailPayout)
}

// decide takes an operator's word and says what comes next.
func (c Commands) decide(ctx context.Context, w PayoutWord,
	take func(*app.App, context.Context, app.PayoutWord) (payout.Payout, error),
) error {
	return c.with(ctx, forWriting, func(k *core) error {
		before, err := k.payout(ctx, w.Payout)
		if err != nil {
			return err
		}
		after, err := take(k.app, ctx, app.PayoutWord{
			Merchant: before.Merchant, Payout: w.Payout, Operator: w.Operator, Note: w.Note, Receipt: w.Receipt,
		})
		switch {
		case fault.Is(err, fault.CodeWrongState):
			return fmt.Errorf("payout %s is %s: %s", before.ID, before.State, next(before))
		case fault.Is(err, fault.CodeUnsupported):
			return fmt.Errorf("payout %s: %s", before.ID, next(before))
		case fault.Is(err, fault.CodeDuplicate):
			return settingError("receipt", w.Receipt+" was booked for another payout or payment")
		case err != nil:
			return err
		}
		view, err := k.viewPayout(ctx, after, false)
		if err != nil {
			return err
		}
		if err := c.Terminal.show(view, payoutHead, [][]string{view.row()}); err != nil {
			return err
		}
		return c.tellWhatNext(view, after)
	})
}

// tellWhatNext says what comes after an operator's word about a payout.
func (c Commands) tellWhatNext(view payoutView, p payout.Payout) error {
	switch {
	case p.State == payout.Requested:
		return c.Terminal.tell("\nIt is above the merchant's limit: somebody else has to approve it before it is sent.")
	case p.ByGateway():
		return c.Terminal.tell("\n%s", byGateway(p))
	case p.State == payout.Approved:
		return c.Terminal.tell("\nNow a trader has to take it:\n\n  purser payout take %s --trader TRADER", view.ID)
	case p.State == payout.Processing && !p.ByTraders():
		return c.Terminal.tell("\nNow send %s on %s to %s and say what came of it:\n\n"+
			"  purser payout confirm %s --receipt TXID\n  purser payout fail %[4]s",
			view.Send, view.Network, view.Address, view.ID)
	}
	return nil
}

// byGateway is how far a gateway is with a payout, and what a person does.
func byGateway(p payout.Payout) string {
	name, look := "The gateway "+p.Gateway, "purser payout show "+p.ID+" says how far it is"
	switch {
	case p.State == payout.Paid:
		return name + " has sent it."
	case p.State == payout.Approved && p.Attention == "":
		return name + " is told to send it, and there is nothing to do: " + look
	case p.State == payout.Approved:
		return name + " is not told: " + p.Attention + ". purser payout reject " + p.ID +
			" gives the money back, and it can be asked for again"
	case p.State == payout.Processing && p.Attention == "":
		return name + " is sending it and is asked until it answers, so there is nothing to do: " + look
	case p.State == payout.Processing:
		return name + " calls for a person: " + p.Attention + ". Send nothing, ask the provider, and then: " + sentOrNot(p)
	}
	return "Nothing was sent: the account has its money again."
}

// next is what there is to do about a payout, for whoever wants something else.
func next(p payout.Payout) string {
	if p.ByGateway() && (p.State == payout.Approved || p.State == payout.Processing) {
		return byGateway(p)
	}
	switch p.State {
	case payout.Requested:
		return "purser payout approve " + p.ID + " takes it on, purser payout reject " + p.ID + " gives the money back"
	case payout.Approved:
		return "purser payout take " + p.ID + " --trader TRADER gives it to a trader, purser payout reject " + p.ID +
			" and purser payout cancel " + p.ID + " give the money back"
	case payout.Processing:
		return sentOrNot(p)
	case payout.Paid:
		if p.ByTraders() {
			return "nothing is left to do, unless the merchant disputes it"
		}
	case payout.Rejected, payout.Canceled, payout.Expired, payout.Failed:
	}
	return "nothing is left to do"
}

// sentOrNot is what there is to say of a payout that somebody sends.
func sentOrNot(p payout.Payout) string {
	said := "purser payout confirm " + p.ID + " --receipt TXID says that it was sent, "
	if p.ByTraders() {
		return said + "purser deal cancel with the id of its deal that the trader does not send it"
	}
	return said + "purser payout fail " + p.ID + " that it came back"
}
