package shepa

import (
	"encoding/json"
	"strings"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// The words that the payer's browser brings back; any other is a failure, too.
const (
	wordSuccess = "success"
	wordCancel  = "cancel"
)

// words are the provider's texts and number. No table of them is published,
// so they are kept for the operator and decide nothing.
func (g *Gateway) words(e envelopeWire) string {
	var parts []string
	for _, raw := range []json.RawMessage{e.ErrorCode, e.Error, e.Errors} {
		var text string
		var list []string
		switch {
		case json.Unmarshal(raw, &list) == nil:
			text = strings.Join(list, ", ")
		case json.Unmarshal(raw, &text) != nil:
			text = strings.Trim(string(raw), "{}[]")
		}
		if len(parts) == 0 || parts[len(parts)-1] != text {
			parts = append(parts, text)
		}
	}
	return g.client.Words(parts...)
}

// paid is the report of a verify that succeeded. The money may be taken even
// where the answer does not fit, so doubt stays until a person has looked.
func (g *Gateway) paid(p paid, a gateway.Attempt) gateway.Report {
	report := gateway.Report{
		Outcome: gateway.Unknown, Card: client.Card(p.CardPan), Word: wordSuccess, Doubt: true,
	}
	switch {
	case p.Amount == nil:
		report.Alarm = "verify succeeds without an amount"
	case *p.Amount != a.Amount.Steps():
		report.Alarm = "verify succeeds with another amount"
	case p.TransactionID == "":
		report.Alarm = "verify succeeds without a transaction"
	default:
		report.Outcome, report.Doubt = gateway.Captured, false
		report.Receipt, report.Amount = string(p.TransactionID), a.Amount
	}
	return report
}

// unpaid is the report of a verify that did not succeed. The provider does not
// say why, so only what the payer's browser brought back, or the end of the
// page's time, makes an end of it; and never after a lost answer, which may
// have been the success.
func (g *Gateway) unpaid(s said, a gateway.Attempt) gateway.Report {
	report := gateway.Report{Outcome: gateway.Unknown, Word: s.words}
	switch {
	case a.Doubtful:
		report.Alarm = "an earlier answer was lost: it may have been the success"
	case strings.EqualFold(a.Word, wordSuccess):
	case strings.EqualFold(a.Word, wordCancel):
		report.Outcome = gateway.Canceled
	case a.Word != "":
		report.Outcome = gateway.Declined
	case !a.Deadline.IsZero() && g.now().After(a.Deadline):
		report.Outcome = gateway.Expired
	}
	return report
}

// refunded is the report of an answer to refund.
func refunded(tracking string, s said) gateway.ReturnReport {
	if !s.success {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: s.words}
	}
	return gateway.ReturnReport{Outcome: gateway.Done, Receipt: tracking}
}
