package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
)

// dealView is a deal as programs see it; its history is shown of a single one
// only.
type dealView struct {
	ID        string        `json:"id"`
	Merchant  string        `json:"merchant"`
	State     string        `json:"state"`
	Invoice   string        `json:"invoice,omitempty"`
	Payout    string        `json:"payout,omitempty"` // what it carries out: the trader sends
	Payment   string        `json:"payment"`
	Trader    string        `json:"trader"`
	Requisite string        `json:"requisite"`
	Option    string        `json:"option"`
	Method    string        `json:"method"`
	Number    string        `json:"number"` // its end, unless the whole is asked for
	Holder    string        `json:"holder"`
	Amount    string        `json:"amount"`
	Paid      string        `json:"paid,omitempty"`
	Rate      string        `json:"rate"`
	Percent   string        `json:"fee_percent,omitempty"`
	Coins     string        `json:"coins"`
	Fee       string        `json:"fee"`
	Held      string        `json:"held"` // what the trader has set aside for it
	Deadline  string        `json:"deadline"`
	Dispute   *disputeView  `json:"dispute,omitempty"`
	Note      string        `json:"note,omitempty"`
	CreatedAt string        `json:"created_at"`
	UpdatedAt string        `json:"updated_at"`
	History   []historyView `json:"history,omitempty"`
}

// disputeView is what is said against the course of a deal.
type disputeView struct {
	Reason   string `json:"reason"`
	Amount   string `json:"amount,omitempty"` // what was really sent, as they say
	OpenedAt string `json:"opened_at"`
}

func viewDeal(d deal.Deal, whole bool) dealView {
	view := dealView{
		ID: d.ID, Merchant: d.Merchant, State: string(d.State), Invoice: d.Invoice, Payout: d.Payout,
		Payment: d.Payment, Trader: d.Trader,
		Requisite: d.Requisite, Option: d.Option, Method: d.Method, Number: endOf(d.Number, whole), Holder: d.Holder,
		Amount: d.Amount.String(), Rate: d.Rate.Text(), Percent: d.Percent.Text(), Coins: d.Coins.String(),
		Fee: d.Fee.String(), Held: d.Held.String(), Deadline: moment(d.Deadline), Note: d.Note,
		CreatedAt: moment(d.CreatedAt), UpdatedAt: moment(d.UpdatedAt),
	}
	if d.Paid.Valid() {
		view.Paid = d.Paid.String()
	}
	if !d.Dispute.OpenedAt.IsZero() {
		view.Dispute = &disputeView{Reason: d.Dispute.Reason, OpenedAt: moment(d.Dispute.OpenedAt)}
		if d.Dispute.Amount.Valid() {
			view.Dispute.Amount = d.Dispute.Amount.String()
		}
	}
	return view
}

func (v dealView) row() []string {
	return []string{
		v.ID, v.State, v.Amount, dash(v.Paid), v.Coins, v.Option + " " + v.Method, v.Number, v.Trader, v.CreatedAt,
	}
}

var dealHead = []string{"DEAL", "STATE", "AMOUNT", "PAID", "COINS", "WAY", "NUMBER", "TRADER", "SINCE"}

// DealStates are the words that select deals by state.
func DealStates() []string {
	var words []string
	for _, s := range deal.States.States() {
		words = append(words, string(s))
	}
	return words
}

// WhichDeals selects deals; an empty field selects all.
type WhichDeals struct {
	Merchant string
	Trader   string
	State    string
	Limit    int // the newest so many
}

// Deals lists deals of all merchants or of one, newest first.
func (c Commands) Deals(ctx context.Context, w WhichDeals) error {
	return c.with(ctx, forReading, func(k *core) error {
		found, err := k.deals(ctx, w)
		if err != nil {
			return err
		}
		views, rows := make([]dealView, len(found)), make([][]string, len(found))
		for n, d := range found {
			views[n] = viewDeal(d, false)
			rows[n] = views[n].row()
		}
		return c.Terminal.show(views, dealHead, rows)
	})
}

func (k *core) deals(ctx context.Context, w WhichDeals) ([]deal.Deal, error) {
	if w.Merchant != "" {
		if _, err := k.app.Merchant(ctx, w.Merchant); err != nil {
			return nil, err
		}
	}
	return newest(w.Limit, func(p app.Page) ([]deal.Deal, error) {
		return k.app.Deals(ctx, app.DealFilter{Merchant: w.Merchant, Trader: w.Trader, State: deal.State(w.State)}, p)
	})
}

// Disputes lists the deals that wait for an operator's decision, newest first.
func (c Commands) Disputes(ctx context.Context, merchantID string, limit int) error {
	return c.with(ctx, forReading, func(k *core) error {
		found, err := k.deals(ctx, WhichDeals{Merchant: merchantID, State: string(deal.Disputed), Limit: limit})
		if err != nil {
			return err
		}
		views, rows := make([]dealView, len(found)), make([][]string, len(found))
		for n, d := range found {
			v := viewDeal(d, false)
			views[n] = v
			rows[n] = []string{
				v.ID, v.Amount, dash(v.Dispute.Amount), dash(v.Dispute.Reason), v.Held, v.Trader, v.Dispute.OpenedAt,
			}
		}
		return c.Terminal.show(views,
			[]string{"DEAL", "AMOUNT", "SENT, THEY SAY", "REASON", "SET ASIDE", "TRADER", "SINCE"}, rows)
	})
}

// ShowDeal shows a deal with what was decided about it; whole shows the number
// that money is sent to.
func (c Commands) ShowDeal(ctx context.Context, id string, whole bool) error {
	return c.with(ctx, forReading, func(k *core) error {
		d, err := k.deal(ctx, id)
		if err != nil {
			return err
		}
		view := viewDeal(d, whole)
		history, err := k.store.History(ctx, d.Merchant, event.Deal, d.ID)
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
			c.Terminal.show(view, dealHead, [][]string{view.row()}),
			c.Terminal.tell("\nSend to:   %s, %s\nRequisite: %s\nInvoice:   %s\nPayout:    %s\nPayment:   %s\nRate:      %s\n"+
				"Fee:       %s\nSet aside: %s\nUntil:     %s",
				view.Number, dash(view.Holder), dash(view.Requisite), dash(view.Invoice), dash(view.Payout),
				dash(view.Payment), view.Rate, view.Fee, view.Held, view.Deadline),
			c.tellDispute(view.Dispute),
			c.Terminal.also("What happened", historyHead, rows))
	})
}

// tellDispute says what is said against a deal, if anything is.
func (c Commands) tellDispute(v *disputeView) error {
	if v == nil {
		return nil
	}
	return c.Terminal.tell("Dispute:   %s, sent as they say: %s", dash(v.Reason), dash(v.Amount))
}

// deal finds a deal of any merchant.
func (k *core) deal(ctx context.Context, id string) (deal.Deal, error) {
	owner, err := k.store.Owner(ctx, event.Deal, id)
	if err == nil {
		var d deal.Deal
		if d, err = k.app.Deal(ctx, owner, id); err == nil {
			return d, nil
		}
	}
	if fault.Is(err, fault.CodeDealNotFound) {
		err = errors.New("there is no deal " + id + ": purser deal list shows them")
	}
	return deal.Deal{}, err
}

// DealWord is an operator's word about a deal.
type DealWord struct {
	Deal     string
	Paid     string // what really came, in the deal's currency; empty = what was agreed
	Receipt  string // the bank's id of the transfer; every payout has one
	Operator string
	Note     string
}

// ConfirmDeal books that the money came, or that the trader sent that of a payout.
func (c Commands) ConfirmDeal(ctx context.Context, w DealWord) error {
	return c.decideDeal(ctx, w, (*app.App).CompleteDeal)
}

// CancelDeal ends a deal for which no money came.
func (c Commands) CancelDeal(ctx context.Context, w DealWord) error {
	return c.decideDeal(ctx, w, (*app.App).CancelDeal)
}

// ResolveDispute decides about a disputed deal: with won the money is taken for
// sent; of a payout, for not arrived.
func (c Commands) ResolveDispute(ctx context.Context, w DealWord, won bool) error {
	return c.decideDeal(ctx, w, func(a *app.App, ctx context.Context, w app.DealWord) (deal.Deal, error) {
		return a.ResolveDispute(ctx, w, won)
	})
}

// CorrectDeal puts right what a completed deal brought.
func (c Commands) CorrectDeal(ctx context.Context, w DealWord) error {
	return c.decideDeal(ctx, w, func(a *app.App, ctx context.Context, word app.DealWord) (deal.Deal, error) {
		before, err := a.Deal(ctx, word.Merchant, word.Deal)
		if err != nil {
			return before, err
		}
		d, err := a.CorrectDeal(ctx, word)
		switch {
		case fault.Is(err, fault.CodeWrongState) && before.State == deal.Completed && !before.Out():
			err = errors.New("deal " + w.Deal + " cannot be corrected: some of its money went back, or more is asked for " +
				"on its invoice: purser deal show " + w.Deal + " names it")
		case fault.Is(err, fault.CodeInsufficientFunds) && fault.From(err).Param != string(ledger.Trader):
			err = errors.New("the coins of the merchant do not pay for that: what came too much is spent")
		}
		return d, err
	})
}

// GiveCode gives a deal the address of the code that it is paid by.
func (c Commands) GiveCode(ctx context.Context, w DealWord, link string) error {
	return c.decideDeal(ctx, w, func(a *app.App, ctx context.Context, w app.DealWord) (deal.Deal, error) {
		d, err := a.GiveCode(ctx, w, link)
		switch {
		case fault.Is(err, fault.CodeParameterInvalid):
			err = settingError("link", "must be an address that begins with https://, and short enough for a code")
		case fault.Is(err, fault.CodeWrongState):
			err = errors.New("deal " + w.Deal + " waits for no code: it is paid in another way, has one, or is decided")
		}
		return d, err
	})
}

// takeDealWord is one of the decisions about a deal.
type takeDealWord func(*app.App, context.Context, app.DealWord) (deal.Deal, error)

// decideDeal takes an operator's word.
func (c Commands) decideDeal(ctx context.Context, w DealWord, take takeDealWord) error {
	return c.with(ctx, forWriting, func(k *core) error {
		before, err := k.deal(ctx, w.Deal)
		if err != nil {
			return err
		}
		return c.sayOfDeal(ctx, k, before, w, take)
	})
}

// sayOfDeal takes an operator's word about a deal that is found.
func (c Commands) sayOfDeal(ctx context.Context, k *core, before deal.Deal, w DealWord, take takeDealWord) error {
	word := app.DealWord{
		Merchant: before.Merchant, Deal: before.ID, Operator: w.Operator, Note: w.Note, Receipt: w.Receipt,
	}
	if w.Paid != "" {
		unit, err := money.Lookup(before.Amount.Unit())
		if err != nil {
			return err
		}
		if word.Paid, err = amountOf("paid", w.Paid, unit); err != nil {
			return err
		}
		if word.Paid.IsZero() && before.State == deal.Completed {
			return settingError("paid", "must be above zero")
		}
		if word.Paid.IsZero() {
			return settingError("paid", "must be above zero: where nothing came, cancel the deal or call the dispute lost")
		}
	}
	after, err := take(k.app, ctx, word)
	switch {
	case fault.Is(err, fault.CodeWrongState):
		return fmt.Errorf("deal %s is %s: %s", before.ID, before.State, nextOfDeal(before))
	case fault.Is(err, fault.CodeDuplicate):
		return settingError("receipt", w.Receipt+" was booked for another deal already: each counts once")
	case fault.Is(err, fault.CodeInsufficientFunds):
		return fmt.Errorf("the coins of its trader do not pay for that: purser trader deposit %s puts some in",
			before.Trader)
	case err != nil:
		return err
	}
	view := viewDeal(after, false)
	return c.Terminal.show(view, dealHead, [][]string{view.row()})
}

// nextOfDeal is what there is to do about a deal, for whoever wants something
// else.
func nextOfDeal(d deal.Deal) string {
	switch d.State {
	case deal.TransferWaiting, deal.TransferConfirmed:
		if d.Out() {
			return "purser deal confirm " + d.ID + " --receipt ID says that the trader sent the money, " +
				"purser deal cancel " + d.ID + " that the trader does not"
		}
		return "purser deal confirm " + d.ID + " says that the money came, purser deal cancel " + d.ID + " that none did"
	case deal.Disputed:
		return "purser dispute resolve " + d.ID + " decides about it, with --won or --lost"
	case deal.Canceled:
		return "nothing is left to do, unless the payer or the merchant disputes it"
	case deal.Completed:
		if !d.Out() {
			return "nothing is left to do, unless another sum came: purser deal correct " + d.ID + " --paid DECIMAL"
		}
	}
	return "nothing is left to do"
}

// Arrival is money that came to a requisite.
type Arrival struct {
	Requisite string
	Amount    string
	Confirm   bool   // book it for its deal, too
	Receipt   string // the bank's id of it, which counts once
	Operator  string
	Note      string
}

// MatchDeal finds the live deal that money which came belongs to, and completes
// it when that is asked for. Looking works beside a running server.
func (c Commands) MatchDeal(ctx context.Context, n Arrival) error {
	purpose := forReading
	if n.Confirm {
		if strings.TrimSpace(n.Receipt) == "" {
			return settingError("receipt", "is missing: without it, money that came once could be booked twice")
		}
		purpose = forWriting
	}
	return c.with(ctx, purpose, func(k *core) error {
		q, err := k.requisite(ctx, n.Requisite)
		if err != nil {
			return err
		}
		unit, err := money.Lookup(q.Least.Unit())
		if err != nil {
			return err
		}
		amount, err := amountOf("amount", n.Amount, unit)
		if err != nil {
			return err
		}
		d, err := k.app.MatchDeal(ctx, app.Transfer{Merchant: q.Merchant, Requisite: q.ID, Amount: amount})
		if fault.Is(err, fault.CodeDealNotFound) {
			return fmt.Errorf("no deal on this requisite waits for %s: purser deal list --trader %s shows what does",
				amount, q.Trader)
		} else if err != nil {
			return err
		}
		if n.Confirm {
			return c.sayOfDeal(ctx, k, d, DealWord{Operator: n.Operator, Note: n.Note, Receipt: n.Receipt},
				(*app.App).CompleteDeal)
		}
		view := viewDeal(d, false)
		return c.Terminal.show(view, dealHead, [][]string{view.row()})
	})
}
