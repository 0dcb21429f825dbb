package app

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
)

// cannotSend is why a payout waits that was left to a gateway.
const cannotSend = "its gateway cannot send payouts any more"

// sender is a gateway that can send a payout by itself, and what it is told. Its
// zero value is none.
type sender struct {
	name  string
	conn  gateway.Disburser
	order gateway.Order
}

// senderOf is the merchant's gateway that a payout's rail is named after, while
// it is enabled and can send it. Where there is none, a person sends it.
func (a *App) senderOf(ctx context.Context, p payout.Payout) (sender, error) {
	known, err := a.store.Gateways(ctx, p.Merchant)
	if err != nil || p.ByTraders() {
		return sender{}, err
	}
	for _, g := range known {
		if g.Name != p.Rail || !g.Enabled {
			continue
		}
		c, err := a.open(g)
		if err != nil {
			return sender{}, err
		}
		return c.sender(p), nil
	}
	return sender{}, nil
}

// sender is the gateway as one that sends a payout, if it can.
func (c candidate) sender(p payout.Payout) sender {
	d, ok := c.conn.(gateway.Disburser)
	if !ok || !d.CanDisburse() {
		return sender{}
	}
	net, err := p.Net()
	if err != nil {
		return sender{}
	}
	there, err := net.In(c.info.Unit)
	if err != nil {
		return sender{}
	}
	return sender{name: c.name, conn: d, order: gateway.Order{
		Reference: p.ID, Amount: there, Destination: p.Destination, AskedAt: p.CreatedAt,
	}}
}

// disburse tells a gateway to send an approved payout. That it is on its way is
// on record before the gateway hears of it; after that it is only ever asked
// about.
func (a *App) disburse(ctx context.Context, p payout.Payout) (payout.Payout, error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	by, err := a.senderOf(ctx, p)
	if err != nil {
		return p, err
	}
	if by.conn == nil {
		return a.askPayoutLater(ctx, p, gateway.SendReport{Outcome: gateway.SendUnsure, Alarm: cannotSend})
	}
	p, err = a.movePayoutByGateway(ctx, p, func(p *payout.Payout, change *store.Change, now time.Time) error {
		p.Checks, p.Attention = 0, ""
		return movePayout(p, byGateway, "", now, change, payout.Submit)
	})
	if err != nil {
		return p, err
	}
	return a.bookSent(ctx, p, by.conn.Disburse(ctx, by.order))
}

// movePayoutByGateway is the loop of a change of a payout that a gateway sends,
// from the state in which it was read.
func (a *App) movePayoutByGateway(ctx context.Context, of payout.Payout,
	decide func(*payout.Payout, *store.Change, time.Time) error,
) (p payout.Payout, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if p, err = r.Payout(ctx, of.Merchant, of.ID); err != nil {
			return store.Change{}, err
		}
		if p.State != of.State {
			return store.Change{}, fault.New(fault.CodeWrongState, "payout", "")
		}
		now := a.now()
		p.CheckAt, p.UpdatedAt = now.Add(2*gatewayTime), now
		var change store.Change
		if err := decide(&p, &change, now); err != nil {
			return store.Change{}, err
		}
		change.Payouts = []payout.Payout{p}
		p.Version++
		return change, nil
	})
	return p, err
}

// bookSent makes true what a gateway said about money on its way out.
func (a *App) bookSent(ctx context.Context, p payout.Payout, r gateway.SendReport) (payout.Payout, error) {
	switch r.Outcome {
	case gateway.Sent:
		return a.finishSent(ctx, p, r)
	case gateway.NotSent:
		back, err := a.movePayoutByGateway(ctx, p, func(p *payout.Payout, change *store.Change, now time.Time) error {
			p.Note = cmp.Or(r.Word, p.Note)
			return a.releasePayout(p, byGateway, r.Word, now, change, payout.Fail)
		})
		return a.unlessEnded(ctx, back, payout.Failed, err)
	case gateway.Sending, gateway.SendUnsure:
		return a.askPayoutLater(ctx, p, r)
	}
	return a.askPayoutLater(ctx, p, r)
}

// finishSent books money that a gateway says it has sent, if what it says is
// about this payout: it names its own id, which no other payout has, and no
// other amount.
func (a *App) finishSent(ctx context.Context, p payout.Payout, r gateway.SendReport) (payout.Payout, error) {
	unsure := gateway.SendReport{Outcome: gateway.SendUnsure, Word: r.Word}
	net, err := p.Net()
	if err != nil {
		return p, err
	}
	switch {
	case r.Receipt == "":
		unsure.Alarm = "the gateway says that it was sent, and names no receipt"
		return a.askPayoutLater(ctx, p, unsure)
	case r.Amount.Valid() && !equals(r.Amount, net):
		unsure.Alarm = "the gateway says that it sent another amount: " + r.Amount.String()
		return a.askPayoutLater(ctx, p, unsure)
	}
	done, err := a.movePayoutByGateway(ctx, p, func(p *payout.Payout, change *store.Change, now time.Time) error {
		p.Note = cmp.Or(r.Word, p.Note)
		return a.bookPayout(p, r.Receipt, byGateway, r.Word, now, change)
	})
	if fault.Is(err, fault.CodeDuplicate) {
		unsure.Alarm = "the gateway named a receipt that belongs to another payout or payment"
		return a.askPayoutLater(ctx, p, unsure)
	}
	return a.unlessEnded(ctx, done, payout.Paid, err)
}

// unlessEnded passes over the error of a gateway's word that came when the payout
// had ended already: another worker heard the same, or a person was faster. If
// that person said the opposite, somebody has to know.
func (a *App) unlessEnded(ctx context.Context, p payout.Payout, said payout.State, err error) (payout.Payout, error) {
	if !fault.Is(err, fault.CodeWrongState) || !p.CheckAt.IsZero() {
		return p, err
	}
	if p.State != said {
		a.log.ErrorContext(ctx, "a gateway contradicts what was decided about a payout",
			slog.String("merchant", p.Merchant), slog.String("payout", p.ID), slog.String("decided", string(p.State)),
			slog.String("gateway_says", string(said)))
	}
	return p, nil
}

// bookPayout makes true that a payout was sent: its receipt is used, and the
// rail is paid and keeps its fee.
func (a *App) bookPayout(p *payout.Payout, receipt, actor, note string, now time.Time, change *store.Change) error {
	p.Receipt = receipt
	change.Claims = append(change.Claims, store.Claim{
		Merchant: p.Merchant, Kind: store.ReceiptClaim, Key: sessionKey(p.Rail, receipt), Subject: p.ID,
	})
	if err := movePayout(p, actor, note, now, change, payout.Confirm); err != nil {
		return err
	}
	net, err := p.Net()
	if err != nil {
		return err
	}
	if err := a.postFor(change, ledger.RulePayoutPaid, causeOfPayout(*p, now), namesOf(*p), net); err != nil {
		return err
	}
	if p.Fee.Sign() == 0 {
		return nil
	}
	return a.postFor(change, ledger.RulePayoutFee, causeOfPayout(*p, now), namesOf(*p), p.Fee)
}

// askPayoutLater keeps a payout open whose outcome nobody knows, however long
// that takes. A person is called where the gateway does not say.
func (a *App) askPayoutLater(ctx context.Context, of payout.Payout, r gateway.SendReport) (p payout.Payout, err error) {
	err = a.update(ctx, func(reader store.Reader) (store.Change, error) {
		if p, err = reader.Payout(ctx, of.Merchant, of.ID); err != nil || p.CheckAt.IsZero() {
			return store.Change{}, err // somebody has decided it meanwhile
		}
		now := a.now()
		p.Checks++
		p.CheckAt, p.UpdatedAt = now.Add(pause(p.Checks)), now
		p.Note = cmp.Or(r.Word, p.Note)
		if r.Outcome == gateway.Sending { // it speaks again, and no person decides meanwhile
			p.Attention = ""
		}
		alarm := r.Alarm
		if alarm == "" && r.Outcome != gateway.Sending && p.Checks > patience {
			alarm = "the gateway does not say whether it was sent"
		}
		var change store.Change
		if alarm != "" && p.Attention != alarm {
			p.Attention = alarm
			notePayout(&p, "flag", byGateway, alarm, now, &change)
		}
		change.Payouts = []payout.Payout{p}
		p.Version++
		return change, nil
	})
	return p, err
}

// ResolvePayout goes on with a payout that a gateway sends: it tells the gateway
// of one that was only approved, and asks about one whose answer is missing.
// Others stay as they are. Errors: payout_not_found, books_broken.
func (a *App) ResolvePayout(ctx context.Context, merchantID, id string) (payout.Payout, error) {
	p, err := a.Payout(ctx, merchantID, id)
	if err != nil || !p.ByGateway() {
		return p, err
	}
	if err := a.sound(); err != nil {
		return p, err
	}
	switch p.State {
	case payout.Approved: // the state says that no gateway has heard of it
		return a.disburse(ctx, p)
	case payout.Processing:
		return a.askPayout(ctx, p)
	case payout.Requested, payout.Paid, payout.Rejected, payout.Canceled, payout.Expired, payout.Failed:
	}
	return p, nil
}

// askPayout asks a gateway what became of a payout.
func (a *App) askPayout(ctx context.Context, p payout.Payout) (payout.Payout, error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	c, err := a.gatewayOf(ctx, p.Merchant, p.Gateway)
	if err != nil {
		return p, err
	}
	by := c.sender(p)
	if by.conn == nil {
		return a.askPayoutLater(ctx, p, gateway.SendReport{Outcome: gateway.SendUnsure, Alarm: cannotSend})
	}
	return a.bookSent(ctx, p, by.conn.DisburseState(ctx, by.order))
}

func (a *App) lookAfterPayout(ctx context.Context, p payout.Payout) {
	if ctx.Err() != nil {
		return
	}
	_, err := a.ResolvePayout(ctx, p.Merchant, p.ID)
	if err == nil {
		return
	}
	a.log.WarnContext(ctx, "payout could not be resolved", slog.String("merchant", p.Merchant),
		slog.String("payout", p.ID), slog.String("error", fault.Detail(err)))
	// It stays due when this fails too.
	_, _ = a.askPayoutLater(ctx, p, gateway.SendReport{Outcome: gateway.SendUnsure})
}

// undecided is nil for a payout that a person may decide: one that a gateway
// sends is the gateway's to speak of, unless it called for a person.
func undecided(p payout.Payout) error {
	if p.ByGateway() && p.State == payout.Processing && p.Attention == "" {
		return fault.New(fault.CodeUnsupported, "payout", "Its gateway answers for itself.")
	}
	return nil
}
