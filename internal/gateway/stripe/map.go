package stripe

import (
	"errors"
	"net/http"
	"strconv"

	stripego "github.com/stripe/stripe-go/v86"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// spoken is the provider's refusal in an error, if it has one of a known kind.
func spoken(err error) (*stripego.Error, bool) {
	said, ok := errors.AsType[*stripego.Error](err)
	if !ok {
		return nil, false
	}
	//exhaustive:ignore
	switch said.Type {
	case stripego.ErrorTypeAPI, stripego.ErrorTypeCard, stripego.ErrorTypeIdempotency, stripego.ErrorTypeInvalidRequest:
		return said, true
	}
	return nil, false
}

// refused tells whether the call certainly moved nothing.
func refused(said *stripego.Error) bool {
	switch said.HTTPStatusCode {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound:
		// A key of another call says nothing about what that other call did.
		return said.Type != stripego.ErrorTypeIdempotency
	}
	return false
}

// lost is an error as one of our client's: the library's own words may hold what was answered.
func lost(err error) *client.Lost {
	if l, ok := errors.AsType[*client.Lost](err); ok {
		return l
	}
	return &client.Lost{Sent: true, Why: "an answer of an unknown shape"}
}

// said is an error in words, with an alarm where our set-up may be wrong.
func (g *Gateway) said(err error) (word, alarm string) {
	said, ok := spoken(err)
	if !ok {
		return lost(err).Error(), ""
	}
	word = g.client.Words(strconv.Itoa(said.HTTPStatusCode), string(said.Code), string(said.DeclineCode), said.Msg)
	if refused(said) || said.Type == stripego.ErrorTypeIdempotency && said.Code != stripego.ErrorCodeIdempotencyKeyInUse {
		alarm = "the provider refuses the call: " + word
	}
	return word, alarm
}

// notStarted is the report of a start without a session.
func (g *Gateway) notStarted(err error) gateway.Started {
	started := gateway.Started{Outcome: gateway.NoAnswer}
	started.Word, started.Alarm = g.said(err)
	if said, ok := spoken(err); ok && refused(said) {
		started.Outcome = gateway.Refused
	}
	return started
}

// unread is the report of a question without an answer, which moves nothing.
func (g *Gateway) unread(err error) gateway.Report {
	report := gateway.Report{Outcome: gateway.Unknown}
	report.Word, report.Alarm = g.said(err)
	return report
}

// sessionReport maps a session, after it is certain that it is ours, or says which intent tells the rest.
func (g *Gateway) sessionReport(s *stripego.CheckoutSession, a gateway.Attempt, amount int64,
) (report gateway.Report, intent string) {
	report = gateway.Report{Outcome: gateway.Unknown, Word: client.Clean("session " + string(s.Status) + ", " +
		string(s.PaymentStatus))}
	switch {
	case s.Object != "checkout.session":
		report.Word = "an answer that is no session"
		return report, ""
	case s.ID != a.Session || s.ClientReferenceID != a.Reference:
		report.Alarm = "the session is of another order"
		return report, ""
	case s.AmountTotal != amount || string(s.Currency) != g.coin.name:
		report.Alarm = "the session is for another amount"
		return report, ""
	case s.Livemode != g.live:
		report.Alarm = "the session is of the other mode"
		return report, ""
	}
	switch s.Status {
	case stripego.CheckoutSessionStatusOpen:
		report.Outcome = gateway.Pending
		return report, ""
	case stripego.CheckoutSessionStatusExpired:
		report.Outcome = gateway.Expired
		return report, ""
	case stripego.CheckoutSessionStatusComplete:
		return g.complete(s, report)
	}
	return report, ""
}

// complete maps a session that the payer has gone through.
func (g *Gateway) complete(s *stripego.CheckoutSession, report gateway.Report) (gateway.Report, string) {
	known := s.PaymentIntent != nil && intentForm.MatchString(s.PaymentIntent.ID)
	switch {
	case s.PaymentStatus == stripego.CheckoutSessionPaymentStatusNoPaymentRequired:
		report.Alarm = "the session asked for no money"
	case s.PaymentStatus == stripego.CheckoutSessionPaymentStatusPaid && known,
		s.PaymentStatus == stripego.CheckoutSessionPaymentStatusUnpaid && known:
		return report, s.PaymentIntent.ID
	case s.PaymentStatus == stripego.CheckoutSessionPaymentStatusPaid:
		report.Alarm = "the session is paid without an intent"
	case s.PaymentStatus == stripego.CheckoutSessionPaymentStatusUnpaid:
		report.Outcome = gateway.Pending
	}
	return report, ""
}

// ours says what is wrong with an intent that should be the attempt's; empty = nothing.
func (g *Gateway) ours(i *stripego.PaymentIntent, a gateway.Attempt, id string) string {
	switch {
	case i.ID != id || i.Metadata[metaPayment] != a.Reference:
		return "the intent is of another order"
	case string(i.Currency) != g.coin.name:
		return "the intent is in another currency"
	case i.Livemode != g.live:
		return "the intent is of the other mode"
	}
	return ""
}

// intentReport maps an intent, after it is certain that it is ours and for the amount.
func (g *Gateway) intentReport(i *stripego.PaymentIntent, a gateway.Attempt, id string, amount int64) gateway.Report {
	report := gateway.Report{Outcome: gateway.Unknown, Word: client.Clean("intent " + string(i.Status))}
	if i.Object != "payment_intent" {
		report.Word = "an answer that is no intent"
		return report
	}
	if report.Alarm = g.ours(i, a, id); report.Alarm != "" {
		return report
	}
	report.Card = cardOf(i)
	switch i.Status {
	case stripego.PaymentIntentStatusSucceeded:
		return g.counted(report, i, i.AmountReceived, amount, gateway.Captured)
	case stripego.PaymentIntentStatusRequiresCapture:
		return g.counted(report, i, i.AmountCapturable, amount, gateway.Authorized)
	case stripego.PaymentIntentStatusProcessing, stripego.PaymentIntentStatusRequiresAction,
		stripego.PaymentIntentStatusRequiresConfirmation:
		report.Outcome = gateway.Pending
	case stripego.PaymentIntentStatusRequiresPaymentMethod:
		report.Outcome = gateway.Pending
		if e := i.LastPaymentError; e != nil {
			report.Word = g.client.Words(string(i.Status), string(e.Code), string(e.DeclineCode))
			if intentForm.MatchString(a.Session) { // the one try of a card that the payer gave us
				report.Outcome, report.Reason = gateway.Declined, reasonOf(e)
			}
		}
	case stripego.PaymentIntentStatusCanceled:
		report.Outcome = gateway.Canceled
	}
	return report
}

// counted lets money count only when it is exactly what was asked for.
func (g *Gateway) counted(report gateway.Report, i *stripego.PaymentIntent, got, want int64, outcome gateway.Outcome,
) gateway.Report {
	if got != want {
		report.Alarm = "the intent is paid with another amount"
		return report
	}
	report.Outcome, report.Receipt, report.Amount = outcome, i.ID, g.coin.amount(got)
	if i.LatestCharge != nil && i.LatestCharge.Disputed {
		report.Alarm = "the payer disputes the payment"
	}
	return report
}

// cardOf is the card of the latest charge, as far as it may be shown.
func cardOf(i *stripego.PaymentIntent) string {
	charge := i.LatestCharge
	if charge == nil || charge.PaymentMethodDetails == nil || charge.PaymentMethodDetails.Card == nil {
		return ""
	}
	last := charge.PaymentMethodDetails.Card.Last4
	if len(last) != 4 {
		return ""
	}
	return client.Card("************" + last)
}

// notRefunded is the report of a refund that was not made, or perhaps made.
func (g *Gateway) notRefunded(err error) gateway.ReturnReport {
	said, ok := spoken(err)
	if !ok {
		return client.LostReturn(lost(err))
	}
	report := gateway.ReturnReport{Outcome: gateway.ReturnUnsure}
	report.Word, report.Alarm = g.said(err)
	if refused(said) || said.HTTPStatusCode == http.StatusPaymentRequired {
		report.Outcome = gateway.Denied
	}
	if said.HTTPStatusCode == http.StatusBadRequest && refused(said) {
		report.Alarm = "" // too much, or too late: the merchant's wish, not our set-up
	}
	return report
}

// refundReport maps a refund, after it is certain that it is ours.
func (g *Gateway) refundReport(f *stripego.Refund, r gateway.Return, amount int64) gateway.ReturnReport {
	report := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: client.Clean("refund " + string(f.Status))}
	if f.Object != "refund" || !refundForm.MatchString(f.ID) {
		report.Word = "an answer that is no refund"
		return report
	}
	if f.Amount != amount || string(f.Currency) != g.coin.name || f.PaymentIntent == nil ||
		f.PaymentIntent.ID != r.Receipt || f.Metadata[metaRefund] != r.Refund {
		report.Alarm = "the refund is not the one asked for"
		return report
	}
	report.Receipt = f.ID
	switch f.Status {
	case stripego.RefundStatusSucceeded:
		report.Outcome, report.Word = gateway.Done, ""
	case stripego.RefundStatusPending, stripego.RefundStatusRequiresAction:
		report.Outcome = gateway.Underway
	case stripego.RefundStatusFailed, stripego.RefundStatusCanceled:
		report.Outcome = gateway.Denied
		report.Word = g.client.Words(report.Word, string(f.FailureReason))
		report.Alarm = "the money of a refund came back: " + report.Word
	}
	return report
}
