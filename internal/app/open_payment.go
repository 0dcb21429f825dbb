package app

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// opening is what must become true with an attempt that a gateway accepted.
type opening struct {
	title     string // sent as the description when the payment has none
	rest      []money.Amount
	newID     func() string
	supersede bool
	retreat   bool // a refused one goes back to waiting instead of vanishing
	actor     string
}

// openPayment asks one gateway after the other to open a page, as long as
// none has, and records the outcome. The payment's first attempt is on record.
func (a *App) openPayment(ctx context.Context, p payment.Payment, candidates []candidate, o opening,
) (Requested, error) {
	ctx, cancel := detached(ctx)
	defer cancel()
	var refusal error
	for n, c := range candidates {
		if n > 0 {
			next, err := a.failOver(ctx, p, c)
			if err != nil {
				return Requested{}, err
			}
			p = next
		}
		done, started, err := a.openAt(ctx, p, c, o)
		if err != nil || started.Outcome == gateway.Opened {
			return done, err
		}
		refusal = refusalOf(started)
		if started.Outcome != gateway.Refused && !c.info.LostStartIsHarmless {
			return Requested{}, refusal // it may be open after all: the worker asks
		}
	}
	if err := a.retreat(ctx, p, o); err != nil {
		return Requested{}, err
	}
	return Requested{}, refusal
}

// openAt asks one gateway. It was opened only if that is on record too.
func (a *App) openAt(ctx context.Context, p payment.Payment, c candidate, o opening,
) (Requested, gateway.Started, error) {
	ctx, end := a.about(ctx, p)
	defer end()
	started := c.conn.Start(asking(ctx, toStart), a.attempt(p, c, o.title))
	if started.Outcome == gateway.Opened && started.Session == "" {
		started = gateway.Started{Outcome: gateway.NoAnswer, Alarm: "the gateway opened a page without a session"}
	}
	if started.Outcome == gateway.Opened {
		done, err := a.accept(ctx, p, c, started, o)
		if !fault.Is(err, fault.CodeDuplicate) {
			return done, started, err
		}
		// A session that belongs to another payment must not be shown to this payer.
		started = gateway.Started{Outcome: gateway.NoAnswer, Alarm: "the gateway repeated a session"}
	}
	if started.Alarm != "" {
		a.log.ErrorContext(ctx, "gateway set-up needs a look",
			slog.String("merchant", p.Merchant), slog.String("gateway", c.name), slog.String("alarm", started.Alarm))
	}
	return Requested{}, started, nil
}

func refusalOf(s gateway.Started) error {
	if s.Outcome == gateway.Refused {
		return fault.Newf(fault.CodeGatewayRefused, "gateway", "").With(fault.New(fault.CodeGatewayRefused, "", s.Word))
	}
	return fault.New(fault.CodeGatewayUnavailable, "gateway", "")
}

// attempt is what a connector is told of a payment.
func (a *App) attempt(p payment.Payment, c candidate, title string) gateway.Attempt {
	description := p.Description
	if description == "" {
		description = title
	}
	asked := p.Amount
	if asked.IsZero() { // all of it was let go: its gateway knows it by what the payer agreed to
		asked = p.Agreed()
	}
	amount, err := asked.In(c.info.Unit)
	if err != nil {
		amount = money.Amount{} // not valid: every connector refuses it; route has checked it before
	}
	return gateway.Attempt{
		Reference: p.Reference(), Short: p.Attempt.Short, Amount: amount, Description: description, Payer: p.Payer,
		Method: p.Attempt.Method, NotifyURL: a.notifyURL(p, c),
		ReturnURL: a.returnURL + "?" + url.Values{"t": {p.ID + "." + p.Attempt.Token}}.Encode(),
		Session:   p.Attempt.Session, Word: p.Attempt.Word, Doubtful: p.Attempt.Doubtful,
		StartedAt: p.Attempt.StartedAt, Deadline: p.Attempt.Deadline,
	}
}

// notifyURL is where a gateway that tells of payments by itself tells of them:
// the same address for all of one contract.
func (a *App) notifyURL(p payment.Payment, c candidate) string {
	if _, ok := notifier(c); !ok || a.noticeURL == "" {
		return ""
	}
	return a.noticeAddress(p.Merchant, c)
}

func (a *App) noticeAddress(merchantID string, c candidate) string {
	return a.noticeURL + "/" + url.PathEscape(merchantID) + "/" + url.PathEscape(c.name)
}

// NoticeAddress is where a provider's server can tell of the payments of a
// contract, with the template that its office wants behind it; empty where it
// tells of none. Errors: gateway_not_found, setting_invalid.
func (a *App) NoticeAddress(ctx context.Context, merchantID, name string) (string, error) {
	c, err := a.gatewayOf(ctx, merchantID, name)
	if err != nil {
		return "", err
	}
	return a.noticesOf(merchantID, c), nil
}

// noticesOf is NoticeAddress of a gateway that was opened.
func (a *App) noticesOf(merchantID string, c candidate) string {
	if _, ok := c.conn.(gateway.Notifier); !ok || a.noticeURL == "" {
		return "" // what messages are checked with may be told by the provider only after it has the address
	}
	address := a.noticeAddress(merchantID, c)
	if t, ok := c.conn.(gateway.Templater); ok {
		address += "?" + t.NoticeTemplate()
	}
	return address
}

// failOver records the next attempt: the one before never became a page.
func (a *App) failOver(ctx context.Context, p payment.Payment, c candidate) (payment.Payment, error) {
	now := a.now()
	before := p.Attempt.Gateway
	p = a.attemptAt(p, c, now)
	p.UpdatedAt = now
	err := a.commit(ctx, store.Change{
		Claims:   shortClaims(p, c),
		Payments: []payment.Payment{p},
		Events:   []event.Event{happenedTo(p, payment.FailOver, byGateway, before+" did not open a page; now "+c.name, now)},
	})
	p.Version++
	return p, err
}

// accept records the page that a gateway opened, with the rest of a split,
// and supersedes what earlier requests left unfinished.
// Error: duplicate when the session belongs to another payment.
func (a *App) accept(ctx context.Context, p payment.Payment, c candidate, s gateway.Started, o opening,
) (Requested, error) {
	var done Requested
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		now := a.now()
		fresh, err := r.Payment(ctx, p.Merchant, p.ID)
		if err != nil {
			return store.Change{}, err
		}
		if fresh.State != payment.Processing || fresh.Attempt.Number != p.Attempt.Number {
			// It was given up while the gateway was being asked: the payer is not sent there.
			return store.Change{}, fault.New(fault.CodeGatewayUnavailable, "gateway", "")
		}
		wasHidden := fresh.Hidden
		fresh.Attempt.Session, fresh.Attempt.Link = s.Session, s.Link
		fresh.Hidden, fresh.UpdatedAt, fresh.CheckAt = false, now, now.Add(cmp.Or(c.info.Poll, firstCheck))
		done = Requested{Payment: fresh, Waiting: rest(fresh, o, now)}
		change := store.Change{
			Claims: []store.Claim{{
				Merchant: p.Merchant, Kind: store.SessionClaim,
				Key: sessionKey(c.info.Connector, s.Session), Subject: p.ID,
			}},
			Payments: append([]payment.Payment{fresh}, done.Waiting...),
			Events:   []event.Event{happenedTo(fresh, payment.Open, byGateway, "", now)},
		}
		for _, w := range done.Waiting {
			change.Events = append(change.Events,
				happened(event.Payment, w.Merchant, w.ID, "", create, w.State, o.actor, "", now))
		}
		if o.supersede && wasHidden {
			err = a.supersede(ctx, r, fresh, o.actor, &change)
		}
		return change, err
	})
	done.Payment.Version++
	for n := range done.Waiting {
		done.Waiting[n].Version++
	}
	return done, err
}

func sessionKey(connector, session string) string { return connector + "/" + session }

// rest are the payments that wait behind the first part of a split. They begin at one time,
// and lists show things of one time in the order of their ids, which chance has made.
func rest(first payment.Payment, o opening, now time.Time) []payment.Payment {
	waiting, ids := make([]payment.Payment, len(o.rest)), make([]string, len(o.rest))
	for n := range ids {
		ids[n] = o.newID()
	}
	slices.Sort(ids)
	zero := money.Zero(first.Amount.Unit())
	for n, amount := range o.rest {
		waiting[n] = payment.Payment{
			ID: ids[n], Merchant: first.Merchant, State: payment.Waiting, Invoice: first.Invoice,
			Amount: amount, Refunded: zero, Returning: zero,
			Attempt: payment.Attempt{Gateway: first.Attempt.Gateway},
			Batch:   first.Batch, Link: first.Link, Description: first.Description, Payer: first.Payer,
			Owner: first.Owner, CreatedAt: now, UpdatedAt: now,
		}
	}
	return waiting
}

// supersede takes the unfinished payments of earlier requests out of the way:
// waiting ones are canceled, open pages are flagged and end by the gateway's
// word, because their payer may be paying at this moment.
func (a *App) supersede(ctx context.Context, r store.Reader, by payment.Payment, actor string,
	change *store.Change,
) error {
	all, err := r.PaymentsOf(ctx, by.Merchant, by.Invoice)
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.Batch == by.Batch || p.Hidden || p.Superseded || !p.Unfinished() {
			continue
		}
		from, trigger := p.State, payment.Supersede
		p.Superseded, p.UpdatedAt = true, by.UpdatedAt
		if p.State == payment.Waiting {
			trigger = payment.Cancel
			if p.State, err = payment.States.Next(p.State, trigger); err != nil {
				return err
			}
			p.FinalizedAt = by.UpdatedAt
		}
		change.Payments = append(change.Payments, p)
		change.Events = append(change.Events, happened(event.Payment, p.Merchant, p.ID, from, trigger, p.State,
			actor, "superseded by "+by.ID, by.UpdatedAt))
	}
	return nil
}

// retreat records that no gateway opened a page.
func (a *App) retreat(ctx context.Context, p payment.Payment, o opening) error {
	now := a.now()
	from, trigger := p.State, payment.Decline
	if o.retreat {
		trigger = payment.Retreat
	}
	to, err := payment.States.Next(from, trigger)
	if err != nil {
		return err
	}
	p.State, p.UpdatedAt, p.CheckAt = to, now, never
	if !o.retreat {
		p.FinalizedAt, p.Reason = now, payment.NotOpened
	}
	return a.commit(ctx, store.Change{
		Payments: []payment.Payment{p},
		Events: []event.Event{happened(event.Payment, p.Merchant, p.ID, from, trigger, p.State,
			byGateway, "no gateway opened a page", now)},
	})
}
