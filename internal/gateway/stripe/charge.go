package stripe

import (
	"cmp"
	"context"
	"time"

	stripego "github.com/stripe/stripe-go/v86"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// errNoMethod is an answer to a card that holds no payment method.
var errNoMethod error = &client.Lost{Why: "an answer that is no payment method"}

// keyLife is how long the provider certainly remembers a key.
const keyLife = 23 * time.Hour

// Charge opens an intent and makes the card known, which moves nothing, and then confirms the intent with the card,
// whose number is in that one call alone.
func (g *Gateway) Charge(ctx context.Context, a gateway.Attempt, c gateway.Card, held bool) gateway.Charged {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	amount, fault := g.wire(a.Amount)
	if fault != "" {
		return gateway.Charged{
			Started: gateway.Started{Outcome: gateway.Refused, Alarm: fault},
			Report:  gateway.Report{Outcome: gateway.Declined, Alarm: fault},
		}
	}
	intent, charged := g.charging(ctx, a, amount, held)
	if charged != nil {
		return *charged
	}
	a.Session = intent.ID
	opened := gateway.Started{Outcome: gateway.Opened, Session: intent.ID}
	if report := g.intentReport(intent, a, intent.ID, amount); report.Outcome != gateway.Pending ||
		intent.Status != stripego.PaymentIntentStatusRequiresPaymentMethod {
		return g.answered(opened, intent, report)
	}
	if c.Number() == "" {
		return gateway.Charged{Started: opened, Report: g.giveUp(ctx, a)}
	}
	method, err := g.addCard(ctx, a, c)
	if err != nil || method.Object != "payment_method" || !methodForm.MatchString(method.ID) {
		report := g.unconfirmed(ctx, a, amount, cmp.Or(err, errNoMethod))
		report.Doubt = false // the card alone moves nothing
		return gateway.Charged{Started: opened, Report: report}
	}
	answer, err := g.api.V1PaymentIntents.Confirm(ctx, intent.ID, confirmOf(a, method.ID))
	if err == nil {
		return g.answered(opened, answer, g.intentReport(answer, a, intent.ID, amount))
	}
	return gateway.Charged{Started: opened, Report: g.unconfirmed(ctx, a, amount, err)}
}

// charging opens the attempt's intent, or reads it when it was opened before.
func (g *Gateway) charging(ctx context.Context, a gateway.Attempt, amount int64, held bool,
) (*stripego.PaymentIntent, *gateway.Charged) {
	var intent *stripego.PaymentIntent
	var err error
	switch {
	case intentForm.MatchString(a.Session):
		intent, err = g.readIntent(ctx, a.Session)
	case !a.StartedAt.IsZero() && g.now().Sub(a.StartedAt) > keyLife:
		const late = "too late to repeat: the provider may have forgotten the first call"
		return nil, &gateway.Charged{
			Started: gateway.Started{Outcome: gateway.NoAnswer, Alarm: late},
			Report:  gateway.Report{Outcome: gateway.Unknown, Alarm: late},
		}
	default:
		if intent, err = g.api.V1PaymentIntents.Create(ctx, g.intentOf(a, amount, held)); err != nil {
			return nil, g.notOpened(err)
		}
		if intentForm.MatchString(intent.ID) {
			// The answer may be a replay of the first one, so what holds now is read.
			intent, err = g.readIntent(ctx, intent.ID)
		}
	}
	unread := gateway.Report{Outcome: gateway.Unknown, Word: "an answer that is no intent"}
	switch {
	case err != nil:
		unread = g.unread(err)
	case intent.Object == "payment_intent" && intentForm.MatchString(intent.ID):
		return intent, nil
	}
	return nil, &gateway.Charged{
		Started: gateway.Started{Outcome: gateway.NoAnswer, Word: unread.Word, Alarm: unread.Alarm}, Report: unread,
	}
}

// notOpened is the report of a charge whose intent was not opened: refused, no money can move without it.
func (g *Gateway) notOpened(err error) *gateway.Charged {
	charged := gateway.Charged{Started: g.notStarted(err), Report: g.unread(err)}
	if charged.Outcome == gateway.Refused {
		charged.Report.Outcome = gateway.Declined
	}
	return &charged
}

// giveUp ends an intent that no card was given for, so that none can be given to it any more.
func (g *Gateway) giveUp(ctx context.Context, a gateway.Attempt) gateway.Report {
	report := g.Void(ctx, gateway.Held{Attempt: a, Amount: a.Amount, Step: "unpaid"})
	if report.Outcome == gateway.Canceled {
		report.Outcome, report.Word = gateway.Declined, "the card never reached the provider"
	}
	return report
}

// addCard gives the provider the card, for the one call that may carry it.
func (g *Gateway) addCard(ctx context.Context, a gateway.Attempt, c gateway.Card) (*stripego.PaymentMethod, error) {
	p := &stripego.PaymentMethodCreateParams{
		Type: stripego.String("card"),
		Card: &stripego.PaymentMethodCreateCardParams{
			Number: stripego.String(c.Number()), ExpMonth: stripego.Int64(int64(c.Month)),
			ExpYear: stripego.Int64(int64(c.Year)),
		},
	}
	if c.CVV() != "" {
		p.Card.CVC = stripego.String(c.CVV())
	}
	if c.Name != "" {
		p.BillingDetails = &stripego.PaymentMethodCreateBillingDetailsParams{Name: stripego.String(c.Name)}
	}
	p.IdempotencyKey = keyOf(a.Reference, "card")
	return g.api.V1PaymentMethods.Create(ctx, p)
}

// confirmOf asks for the money from a card that the provider knows.
func confirmOf(a gateway.Attempt, method string) *stripego.PaymentIntentConfirmParams {
	p := &stripego.PaymentIntentConfirmParams{
		PaymentMethod: stripego.String(method), ReturnURL: stripego.String(a.ReturnURL),
	}
	p.AddExpand("latest_charge")
	p.IdempotencyKey = keyOf(a.Reference, "confirm")
	return p
}

// answered adds the way to the payer's bank, where it wants to see the payer.
func (g *Gateway) answered(started gateway.Started, i *stripego.PaymentIntent, report gateway.Report) gateway.Charged {
	next := i.NextAction
	if i.Status != stripego.PaymentIntentStatusRequiresAction || next == nil || next.RedirectToURL == nil {
		return gateway.Charged{Started: started, Report: report}
	}
	if webAddress(next.RedirectToURL.URL) {
		started.Link = next.RedirectToURL.URL
	}
	return gateway.Charged{Started: started, Report: report}
}

// unconfirmed reads what became of a confirmation that was refused or whose answer was lost. An intent that still
// waits for a card is a verdict only after a plain no.
func (g *Gateway) unconfirmed(ctx context.Context, a gateway.Attempt, amount int64, err error) gateway.Report {
	doubtful := g.unread(err)
	said, ok := spoken(err)
	plain := ok && (refused(said) || said.Type == stripego.ErrorTypeCard)
	doubtful.Doubt = !plain && lost(err).Sent
	intent, lostToo := g.readIntent(ctx, a.Session)
	if lostToo != nil {
		return doubtful
	}
	report := g.intentReport(intent, a, a.Session, amount)
	if report.Outcome == gateway.Pending && intent.Status == stripego.PaymentIntentStatusRequiresPaymentMethod {
		if !plain {
			return doubtful
		}
		report.Outcome = gateway.Declined
	}
	if plain && report.Outcome == gateway.Declined {
		report.Word, report.Alarm, report.Reason = doubtful.Word, doubtful.Alarm, reasonOf(said)
	}
	return report
}
