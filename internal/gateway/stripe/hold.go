package stripe

import (
	"context"

	stripego "github.com/stripe/stripe-go/v86"

	"github.com/purserhq/purser/internal/gateway"
)

// holding finds the intent of a held attempt. A report that is not nil says why there is none.
func (g *Gateway) holding(ctx context.Context, a gateway.Attempt) (*stripego.PaymentIntent, *gateway.Report) {
	id := a.Session
	if sessionForm.MatchString(id) {
		session, err := g.readSession(ctx, id)
		if err != nil {
			unread := g.unread(err)
			return nil, &unread
		}
		if session.ClientReferenceID != a.Reference || session.PaymentIntent == nil {
			return nil, &gateway.Report{Outcome: gateway.Unknown, Word: "the session has no intent of ours"}
		}
		id = session.PaymentIntent.ID
	}
	if !intentForm.MatchString(id) {
		return nil, &gateway.Report{Outcome: gateway.Unknown, Alarm: "no such attempt can have been opened here"}
	}
	intent, err := g.readIntent(ctx, id)
	if err != nil {
		unread := g.unread(err)
		return nil, &unread
	}
	if alarm := g.ours(intent, a, id); alarm != "" {
		return nil, &gateway.Report{Outcome: gateway.Unknown, Alarm: alarm}
	}
	return intent, nil
}

// step begins a step of a held attempt: it reads what is held before anything is sent, since a key may have been
// forgotten.
func (g *Gateway) step(ctx context.Context, h gateway.Held) (*stripego.PaymentIntent, int64, *gateway.Report) {
	amount, fault := g.wire(h.Amount)
	if fault != "" {
		return nil, 0, &gateway.Report{Outcome: gateway.Declined, Alarm: fault}
	}
	intent, report := g.holding(ctx, h.Attempt)
	return intent, amount, report
}

// Capture takes what is held, or a part of it.
func (g *Gateway) Capture(ctx context.Context, h gateway.Held) gateway.Report {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	intent, amount, report := g.step(ctx, h)
	if report != nil {
		return *report
	}
	id := intent.ID
	if intent.Status == stripego.PaymentIntentStatusRequiresCapture && amount <= intent.AmountCapturable {
		p := &stripego.PaymentIntentCaptureParams{AmountToCapture: stripego.Int64(amount)}
		p.AddExpand("latest_charge")
		p.IdempotencyKey = keyOf(h.Attempt.Reference, "capture/"+h.Step)
		answer, err := g.api.V1PaymentIntents.Capture(ctx, id, p)
		if err != nil {
			return g.afterwards(ctx, h.Attempt, id, amount, err)
		}
		intent = answer
	}
	return g.taken(intent, h.Attempt, id, amount)
}

// taken maps an intent after a capture, when it is ours.
func (g *Gateway) taken(intent *stripego.PaymentIntent, a gateway.Attempt, id string, amount int64) gateway.Report {
	got := g.intentReport(intent, a, id, amount)
	if g.ours(intent, a, id) != "" {
		return got
	}
	//exhaustive:ignore
	switch intent.Status {
	case stripego.PaymentIntentStatusRequiresCapture:
		// Nothing was sent, or nothing was done: all of it is still held.
		return gateway.Report{Outcome: gateway.Declined, Word: "the provider holds less, or did not take it"}
	case stripego.PaymentIntentStatusCanceled:
		return gateway.Report{Outcome: gateway.Declined, Word: got.Word}
	case stripego.PaymentIntentStatusSucceeded:
		if got.Outcome != gateway.Captured { // somebody took another amount than is asked for here
			return g.takenAlready(intent, a)
		}
		return got
	}
	return gateway.Report{Outcome: gateway.Unknown, Word: got.Word, Alarm: got.Alarm}
}

// afterwards reads what became of a capture that was refused or whose answer was lost. Only a read that shows the
// money taken, or a plain no, is a verdict.
func (g *Gateway) afterwards(ctx context.Context, a gateway.Attempt, id string, amount int64, err error,
) gateway.Report {
	intent, lostToo := g.readIntent(ctx, id)
	if lostToo == nil && g.ours(intent, a, id) == "" && intent.Status == stripego.PaymentIntentStatusSucceeded {
		return g.taken(intent, a, id, amount)
	}
	report := gateway.Report{Outcome: gateway.Unknown}
	report.Word, report.Alarm = g.said(err)
	if said, ok := spoken(err); ok && refused(said) {
		report.Outcome = gateway.Declined
		return report
	}
	report.Doubt = lost(err).Sent
	return report
}

// Void lets go of what is held. A session that nobody has paid is closed instead.
func (g *Gateway) Void(ctx context.Context, h gateway.Held) gateway.Report {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	if sessionForm.MatchString(h.Attempt.Session) {
		if report, done := g.closeSession(ctx, h); done {
			return report
		}
	}
	intent, report := g.holding(ctx, h.Attempt)
	if report != nil {
		return *report
	}
	//exhaustive:ignore
	switch intent.Status {
	case stripego.PaymentIntentStatusCanceled:
		return gateway.Report{Outcome: gateway.Canceled}
	case stripego.PaymentIntentStatusSucceeded:
		return g.takenInstead(intent, h.Attempt)
	}
	p := &stripego.PaymentIntentCancelParams{CancellationReason: stripego.String("requested_by_customer")}
	p.IdempotencyKey = keyOf(h.Attempt.Reference, "void/"+h.Step)
	answer, err := g.api.V1PaymentIntents.Cancel(ctx, intent.ID, p)
	if err != nil {
		unread := g.unread(err)
		if answer, err = g.readIntent(ctx, intent.ID); err != nil {
			return unread
		}
		//exhaustive:ignore
		switch answer.Status {
		case stripego.PaymentIntentStatusCanceled:
		case stripego.PaymentIntentStatusSucceeded: // between the read and the wish
			return g.takenInstead(answer, h.Attempt)
		default:
			return unread
		}
	}
	if g.ours(answer, h.Attempt, intent.ID) == "" && answer.Status == stripego.PaymentIntentStatusCanceled {
		return gateway.Report{Outcome: gateway.Canceled}
	}
	return gateway.Report{Outcome: gateway.Unknown, Word: "intent of another state"}
}

// takenAlready is the report of an intent of which all that was held is taken.
func (g *Gateway) takenAlready(intent *stripego.PaymentIntent, a gateway.Attempt) gateway.Report {
	amount, alarm := g.wire(a.Amount)
	if alarm != "" {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: alarm}
	}
	return g.intentReport(intent, a, intent.ID, amount)
}

// takenInstead is the report of an intent that was to be let go and of which some or all is taken: the rest
// is the payer's again, by the provider's own doing.
func (g *Gateway) takenInstead(intent *stripego.PaymentIntent, a gateway.Attempt) gateway.Report {
	whole, alarm := g.wire(a.Amount)
	if got := intent.AmountReceived; alarm == "" && got > 0 && got < whole {
		return g.intentReport(intent, a, intent.ID, got)
	}
	return g.takenAlready(intent, a)
}

// closeSession expires an open session; done is false where its intent has to be canceled.
func (g *Gateway) closeSession(ctx context.Context, h gateway.Held) (report gateway.Report, done bool) {
	session, err := g.readSession(ctx, h.Attempt.Session)
	if err != nil {
		return g.unread(err), true
	}
	if session.ClientReferenceID != h.Attempt.Reference || session.ID != h.Attempt.Session {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "the session is of another order"}, true
	}
	switch session.Status {
	case stripego.CheckoutSessionStatusComplete:
		return gateway.Report{}, false
	case stripego.CheckoutSessionStatusExpired:
		return gateway.Report{Outcome: gateway.Canceled}, true
	case stripego.CheckoutSessionStatusOpen:
	default:
		return gateway.Report{Outcome: gateway.Unknown, Word: "a session of another state"}, true
	}
	p := &stripego.CheckoutSessionExpireParams{}
	p.AddExpand("payment_intent") // our client never sends an empty form
	p.IdempotencyKey = keyOf(h.Attempt.Reference, "expire/"+h.Step)
	closed, err := g.api.V1CheckoutSessions.Expire(ctx, session.ID, p)
	if err != nil {
		return g.unread(err), true // a refusal means that it is being paid
	}
	if closed.ID != session.ID || closed.Status != stripego.CheckoutSessionStatusExpired {
		return gateway.Report{Outcome: gateway.Unknown, Word: "a session of another state"}, true
	}
	return gateway.Report{Outcome: gateway.Canceled}, true
}

// Adjust holds more than before, where the payer's bank lets the provider ask without the payer. To hold less is not
// possible: a part is taken instead.
func (g *Gateway) Adjust(ctx context.Context, h gateway.Held) gateway.Report {
	ctx, cancel := g.client.Begin(ctx)
	defer cancel()
	intent, amount, report := g.step(ctx, h)
	if report != nil {
		return *report
	}
	kept := gateway.Report{Outcome: gateway.Declined, Word: "intent " + string(intent.Status)}
	switch {
	case intent.Status != stripego.PaymentIntentStatusRequiresCapture:
		if now := g.intentReport(intent, h.Attempt, intent.ID, amount); now.Outcome == gateway.Captured {
			return now
		}
		return kept
	case intent.AmountCapturable == amount:
		return g.intentReport(intent, h.Attempt, intent.ID, amount)
	case intent.AmountCapturable > amount || !grows(intent):
		kept.Word = "the provider cannot change what is held"
		return kept
	}
	p := &stripego.PaymentIntentIncrementAuthorizationParams{Amount: stripego.Int64(amount)}
	p.AddExpand("latest_charge")
	p.IdempotencyKey = keyOf(h.Attempt.Reference, "adjust/"+h.Step)
	answer, err := g.api.V1PaymentIntents.IncrementAuthorization(ctx, intent.ID, p)
	if err == nil {
		return g.intentReport(answer, h.Attempt, intent.ID, amount)
	}
	kept.Word, kept.Alarm = g.said(err)
	now, lostToo := g.readIntent(ctx, intent.ID)
	if lostToo == nil && now.AmountCapturable == amount {
		return g.intentReport(now, h.Attempt, intent.ID, amount)
	}
	if said, ok := spoken(err); ok && (refused(said) || said.Type == stripego.ErrorTypeCard) {
		return kept
	}
	kept.Outcome, kept.Doubt = gateway.Unknown, lost(err).Sent
	return kept
}

// grows tells whether the answer allows to hold more.
func grows(i *stripego.PaymentIntent) bool {
	charge := i.LatestCharge
	if charge == nil || charge.PaymentMethodDetails == nil || charge.PaymentMethodDetails.Card == nil {
		return false
	}
	more := charge.PaymentMethodDetails.Card.IncrementalAuthorization
	return more != nil && more.Status == stripego.ChargePaymentMethodDetailsCardIncrementalAuthorizationStatusAvailable
}
