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

// payoutView is a payout as programs see it; its deals and its history are shown
// of a single one only.
type payoutView struct {
	ID        string        `json:"id"`
	Merchant  string        `json:"merchant"`
	Account   int64         `json:"account_number"`
	State     string        `json:"state"`
	Amount    string        `json:"amount"`
	Fee       string        `json:"fee"`
	Send      string        `json:"send"` // what is to arrive: the amount less the fee
	Network   string        `json:"network"`
	Address   string        `json:"address"`             // of one through traders: its end, unless the whole is asked for
	Gateway   string        `json:"gateway,omitempty"`   // that sends it by itself
	Attention string        `json:"attention,omitempty"` // why a person must look
	Terminal  int64         `json:"terminal,omitempty"`
	Option    string        `json:"option,omitempty"`
	Method    string        `json:"method,omitempty"`
	Holder    string        `json:"holder,omitempty"`
	Rate      string        `json:"rate,omitempty"`
	Percent   string        `json:"fee_percent,omitempty"`
	Due       string        `json:"due,omitempty"`
	Deals     []dealView    `json:"deals,omitempty"`
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

func viewPayout(p payout.Payout, limits []money.Amount, whole bool) payoutView {
	view := payoutView{
		ID: p.ID, Merchant: p.Merchant, Account: p.Account, State: string(p.State), Amount: p.Amount.String(),
		Fee: p.Fee.String(), Network: p.Rail, Address: p.Destination, Reference: p.Reference, Receipt: p.Receipt,
		Approved: p.Approvers, Gateway: p.Gateway, Attention: p.Attention,
		Note: p.Note, CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt),
	}
	if net, err := p.Net(); err == nil { // amount and fee of a stored payout are of one unit
		view.Send = net.String()
	}
	if p.ByTraders() {
		view.Send, view.Address, view.Terminal = p.Sum.String(), endOf(p.Payee.Number, whole), p.Terminal
		view.Option, view.Method, view.Holder = p.Payee.Option, p.Payee.Method, p.Payee.Holder
		view.Rate, view.Percent = p.Rate.Text(), p.Percent.Text()
	}
	if !p.Due.IsZero() {
		view.Due = moment(p.Due)
	}
	if p.State == payout.Requested {
		view.Needed = p.Approvals(limits)
	}
	return view
}

func (v payoutView) row() []string {
	return []string{
		v.ID, v.Merchant, strconv.FormatInt(v.Account, 10), v.State, v.Amount, v.Send, v.Network, dash(v.Gateway),
		v.approvals(), v.CreatedAt,
	}
}

var payoutHead = []string{
	"PAYOUT", "MERCHANT", "ACCOUNT", "STATE", "AMOUNT", "SEND", "NETWORK", "GATEWAY", "APPROVED", "SINCE",
}

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
			if views[n], err = k.viewPayout(ctx, p, false); err != nil {
				return err
			}
			rows[n] = views[n].row()
		}
		return c.Terminal.show(views, payoutHead, rows)
	})
}

// ShowPayout shows a payout with where it goes and who decided what; whole shows
// the number that a trader sends money to.
func (c Commands) ShowPayout(ctx context.Context, id string, whole bool) error {
	return c.with(ctx, forReading, func(k *core) error {
		p, err := k.payout(ctx, id)
		if err != nil {
			return err
		}
		view, err := k.viewPayout(ctx, p, whole)
		if err != nil {
			return err
		}
		deals, err := k.dealsOf(ctx, &view)
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
			c.tellGateway(p),
			c.tellSending(view, deals),
			c.Terminal.also("What happened", historyHead, rows))
	})
}

// viewPayout is a payout with what its merchant's limits say of it.
func (k *core) viewPayout(ctx context.Context, p payout.Payout, whole bool) (payoutView, error) {
	m, err := k.app.Merchant(ctx, p.Merchant)
	return viewPayout(p, m.PayoutLimits, whole), err
}

// dealsOf adds to a payout the deals that carried it out, and gives them as rows.
func (k *core) dealsOf(ctx context.Context, v *payoutView) ([][]string, error) {
	deals, err := k.app.DealsOfPayouts(ctx, v.Merchant, v.ID)
	var rows [][]string
	for _, d := range deals {
		one := viewDeal(d, false)
		v.Deals, rows = append(v.Deals, one), append(rows, one.row())
	}
	return rows, err
}

// tellGateway says how far a gateway is with a payout, if it goes through one.
func (c Commands) tellGateway(p payout.Payout) error {
	if !p.ByGateway() {
		return nil
	}
	return c.Terminal.tell("Gateway:   %s", byGateway(p))
}

// tellSending says what a trader has to know of a payout, if it goes through one.
func (c Commands) tellSending(v payoutView, deals [][]string) error {
	if v.Network != payout.Traders {
		return nil
	}
	return errors.Join(
		c.Terminal.tell("By:        %s %s, %s\nRate:      %s\nUntil:     %s", v.Option, v.Method, dash(v.Holder), v.Rate,
			dash(v.Due)),
		c.Terminal.also("Deals", dealHead, deals))
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
