package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
)

// payoutView is a payout as programs see it; its history is shown of a single
// one only.
type payoutView struct {
	ID        string        `json:"id"`
	Merchant  string        `json:"merchant"`
	Account   int64         `json:"account_number"`
	State     string        `json:"state"`
	Amount    string        `json:"amount"`
	Fee       string        `json:"fee"`
	Send      string        `json:"send"` // what is to arrive: the amount less the fee
	Network   string        `json:"network"`
	Address   string        `json:"address"`
	Approved  []string      `json:"approved_by,omitempty"`
	Needed    int           `json:"approvals_needed,omitempty"` // of one that is requested: people in all
	Reference string        `json:"reference,omitempty"`
	Receipt   string        `json:"receipt,omitempty"`
	Note      string        `json:"note,omitempty"`
	CreatedAt string        `json:"created_at"`
	UpdatedAt string        `json:"updated_at"`
	History   []historyView `json:"history,omitempty"`
}

// historyView is one change of a thing.
type historyView struct {
	At    string `json:"at"`
	State string `json:"state"`
	By    string `json:"by"`
	Note  string `json:"note,omitempty"`
}

var historyHead = []string{"WHEN", "STATE", "BY", "NOTE"}

func viewPayout(p payout.Payout, limits []money.Amount) payoutView {
	view := payoutView{
		ID: p.ID, Merchant: p.Merchant, Account: p.Account, State: string(p.State), Amount: p.Amount.String(),
		Fee: p.Fee.String(), Network: p.Rail, Address: p.Destination, Reference: p.Reference, Receipt: p.Receipt,
		Approved: p.Approvers,
		Note:     p.Note, CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt),
	}
	if net, err := p.Net(); err == nil { // amount and fee of a stored payout are of one unit
		view.Send = net.String()
	}
	if p.State == payout.Requested {
		view.Needed = p.Approvals(limits)
	}
	return view
}

func (v payoutView) row() []string {
	return []string{
		v.ID, v.Merchant, strconv.FormatInt(v.Account, 10), v.State, v.Amount, v.Send, v.Network, v.approvals(),
		v.CreatedAt,
	}
}

var payoutHead = []string{"PAYOUT", "MERCHANT", "ACCOUNT", "STATE", "AMOUNT", "SEND", "NETWORK", "APPROVED", "SINCE"}

// approvals says who approved it and whether somebody else has to.
func (v payoutView) approvals() string {
	names := strings.Join(v.Approved, ", ")
	if v.Needed < 2 {
		return dash(names)
	}
	return strings.TrimSpace(fmt.Sprintf("%d of %d %s", len(v.Approved), v.Needed, names))
}

// WhichPayouts selects payouts; an empty field selects all.
type WhichPayouts struct {
	Merchant string
	State    string
	Limit    int // the newest so many
}

// PayoutStates are the words that select payouts by state.
func PayoutStates() []string {
	var words []string
	for _, s := range payout.States.States() {
		words = append(words, string(s))
	}
	return words
}

// Payouts lists payouts of all merchants or of one, newest first.
func (c Commands) Payouts(ctx context.Context, w WhichPayouts) error {
	return c.with(ctx, forReading, func(k *core) error {
		if w.Merchant != "" {
			if _, err := k.app.Merchant(ctx, w.Merchant); err != nil {
				return err
			}
		}
		found, err := newest(w.Limit, func(p app.Page) ([]payout.Payout, error) {
			return k.app.Payouts(ctx, app.PayoutFilter{Merchant: w.Merchant, State: payout.State(w.State)}, p)
		})
		if err != nil {
			return err
		}
		views, rows := make([]payoutView, len(found)), make([][]string, len(found))
		for n, p := range found {
			if views[n], err = k.viewPayout(ctx, p); err != nil {
				return err
			}
			rows[n] = views[n].row()
		}
		return c.Terminal.show(views, payoutHead, rows)
	})
}

// ShowPayout shows a payout with where it goes and who decided what.
func (c Commands) ShowPayout(ctx context.Context, id string) error {
	return c.with(ctx, forReading, func(k *core) error {
		p, err := k.payout(ctx, id)
		if err != nil {
			return err
		}
		view, err := k.viewPayout(ctx, p)
		if err != nil {
			return err
		}
		history, err := k.store.History(ctx, p.Merchant, event.Payout, p.ID)
		if err != nil {
			return err
		}
		rows := make([][]string, len(history))
		for n, e := range history {
			one := historyView{At: moment(e.At), State: e.To, By: e.Actor, Note: strings.TrimSuffix(e.Note, ": ")}
			view.History = append(view.History, one)
			rows[n] = []string{one.At, one.State, one.By, dash(one.Note)}
		}
		return errors.Join(
			c.Terminal.show(view, payoutHead, [][]string{view.row()}),
			c.Terminal.tell("\nSend:      %s on %s\nTo:        %s\nFee:       %s\nReference: %s\nReceipt:   %s\n"+
				"Approved:  %s",
				view.Send, view.Network, view.Address, view.Fee, dash(view.Reference), dash(view.Receipt),
				view.approvals()),
			c.Terminal.also("What happened", historyHead, rows))
	})
}

// viewPayout is a payout with what its merchant's limits say of it.
func (k *core) viewPayout(ctx context.Context, p payout.Payout) (payoutView, error) {
	m, err := k.app.Merchant(ctx, p.Merchant)
	return viewPayout(p, m.PayoutLimits), err
}

// payout finds a payout of any merchant.
func (k *core) payout(ctx context.Context, id string) (payout.Payout, error) {
	owner, err := k.store.Owner(ctx, event.Payout, id)
	if err == nil {
		var p payout.Payout
		if p, err = k.app.Payout(ctx, owner, id); err == nil {
			return p, nil
		}
	}
	if fault.Is(err, fault.CodePayoutNotFound) {
		err = errors.New("there is no payout " + id + ": purser payout list shows them")
	}
	return payout.Payout{}, err
}

// PayoutWord is an operator's word about a payout.
type PayoutWord struct {
	Payout   string
	Receipt  string // of a confirmation: the network's id of the money movement
	Operator string
	Note     string
}

// ApprovePayout takes a payout on: the operator is about to send it by hand.
// Above the merchant's limit it takes a second person's word.
func (c Commands) ApprovePayout(ctx context.Context, w PayoutWord) error {
	return c.decide(ctx, w, (*app.App).ApprovePayout)
}

// ConfirmPayout books that the network moved the money.
func (c Commands) ConfirmPayout(ctx context.Context, w PayoutWord) error {
	return c.decide(ctx, w, (*app.App).ConfirmPayout)
}

// RejectPayout gives the money back to the account; nothing was sent.
func (c Commands) RejectPayout(ctx context.Context, w PayoutWord) error {
	return c.decide(ctx, w, (*app.App).RejectPayout)
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
		case fault.Is(err, fault.CodeDuplicate):
			return settingError("receipt", w.Receipt+" was booked for another payout or payment")
		case err != nil:
			return err
		}
		view, err := k.viewPayout(ctx, after)
		if err != nil {
			return err
		}
		if err := c.Terminal.show(view, payoutHead, [][]string{view.row()}); err != nil {
			return err
		}
		if after.State == payout.Requested {
			return c.Terminal.tell("\nIt is above the merchant's limit: somebody else has to approve it before it is sent.")
		}
		if after.State != payout.Processing {
			return nil
		}
		return c.Terminal.tell("\nNow send %s on %s to %s and say what came of it:\n\n"+
			"  purser payout confirm %s --receipt TXID\n  purser payout fail %[4]s",
			view.Send, view.Network, view.Address, view.ID)
	})
}

// next is what there is to do about a payout, for whoever wants something else.
func next(p payout.Payout) string {
	switch p.State {
	case payout.Requested:
		return "purser payout approve " + p.ID + " takes it on, purser payout reject " + p.ID + " gives the money back"
	case payout.Approved, payout.Processing:
		return "purser payout confirm " + p.ID + " --receipt TXID says that it was sent, purser payout fail " + p.ID +
			" that it came back"
	case payout.Paid, payout.Rejected, payout.Canceled, payout.Expired, payout.Failed:
	}
	return "nothing is left to do"
}
