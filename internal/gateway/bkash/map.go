package bkash

import (
	"errors"
	"strconv"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

const (
	codeDone        = "0000"
	codeMaintenance = "503"

	statusInitiated  = "Initiated"
	statusCompleted  = "Completed"
	statusAuthorized = "Authorized"
)

// class is what a code decides.
type class int

// The classes. A code that is not in the table is none of them.
const (
	unlisted   class = iota
	declines         // the payer's money, wallet or patience
	setUp            // our contract or our request
	unfinished       // the payer is not through
	unclear          // only the status tells
	returns          // refused refunds and reversals
)

// code is what is known of one of the provider's codes.
type code struct {
	words string
	class class
}

// codes are the provider's, in our words.
var codes = map[string]code{
	"2001": {"app key not valid", setUp}, "2002": {"payment id not valid", setUp},
	"2003": {"processing failed", unclear}, "2004": {"first payment date not valid", setUp},
	"2005": {"frequency not valid", setUp}, "2006": {"amount not valid", setUp},
	"2007": {"currency not valid", setUp}, "2008": {"intent not valid", setUp},
	"2009": {"wallet not valid", declines}, "2010": {"OTP not valid", declines}, "2011": {"PIN not valid", declines},
	"2012": {"receiver number not valid", setUp}, "2013": {"too many resends", declines},
	"2014": {"wrong PIN", declines}, "2015": {"wrong PIN too many times", declines},
	"2016": {"wrong code", declines}, "2017": {"wrong code too many times", declines},
	"2018": {"OTP entry timed out", declines}, "2019": {"PIN entry timed out", declines},
	"2020": {"system exception", unclear}, "2021": {"mandate id not valid", setUp},
	"2022": {"mandate missing", setUp}, "2023": {"not enough balance", declines},
	"2024": {"system exception", unclear}, "2025": {"body malformed", setUp},
	"2026": {"reversal above the original", returns}, "2027": {"mandate exists", setUp},
	"2028": {"transaction to reverse missing", returns}, "2029": {"duplicate of another transaction", unclear},
	"2030": {"mandate type not valid", setUp}, "2031": {"invoice number not valid", setUp},
	"2032": {"transfer type not valid", setUp}, "2033": {"transaction not found", unclear},
	"2034": {"already reversed", returns}, "2035": {"reversal not allowed", returns},
	"2036": {"mandate inactive", setUp}, "2037": {"debit account state", declines},
	"2038": {"debit account identity", declines}, "2039": {"credit account state", setUp},
	"2040": {"credit account tag", setUp}, "2041": {"credit account identity", setUp},
	"2042": {"reversal not permitted", returns}, "2043": {"security credential", setUp},
	"2044": {"party not subscribed or inactive", declines}, "2045": {"number unknown", declines},
	"2046": {"number not subscribed", declines}, "2047": {"TLV data", setUp},
	"2048": {"payer reference not valid", setUp}, "2049": {"callback address not valid", setUp},
	"2050": {"agreement exists", setUp}, "2051": {"agreement id not valid", setUp},
	"2052": {"agreement incomplete", setUp}, "2053": {"agreement canceled", setUp},
	"2054": {"agreement precondition", setUp}, "2055": {"agreement state", setUp},
	"2056": {"payment in wrong state", unclear}, "2057": {"not a bKash account", declines},
	"2058": {"not a customer wallet", declines}, "2059": {"several OTPs at once", unfinished},
	"2060": {"the payer is not through", unfinished}, "2061": {"wrong initiator", setUp},
	"2062": {"payment already completed", unclear}, "2063": {"mode not valid", setUp},
	"2064": {"mode not enabled", setUp}, "2065": {"mandatory field missing", setUp},
	"2066": {"agreement not shared", setUp}, "2067": {"no permission", setUp},
	"2068": {"transaction completed", unclear}, "2069": {"transaction canceled", unclear},
	"2116": {"agreement execute already done", unclear}, "2117": {"payment execute already done", unclear},
	"2118": {"platform not valid", setUp}, "2119": {"authorised payment already handled", unclear},

	"2071": {"too late for a refund", returns}, "2072": {"refund amount not acceptable", returns},
	"2073": {"SKU not valid", returns}, "2074": {"cannot be reversed", returns}, "2075": {"SKU too long", returns},
	"2076": {"reason too long", returns}, "2077": {"transaction id not valid", returns},
	"2078": {"reason not valid", returns}, "2079": {"app token not valid", returns},
	"2080": {"identity not allowed", returns}, "2081": {"party state", returns},
	"2082": {"merchant not allowed", returns}, "2127": {"original not completed yet", returns},

	codeMaintenance: {"maintenance", unclear},
}

// reasons are what the codes of declined payments come to; a code that is not in the
// table says no more than no.
var reasons = map[string]payment.Reason{
	"2009": payment.WrongDetails, "2010": payment.WrongDetails, "2011": payment.WrongDetails,
	"2013": payment.OverLimit, "2014": payment.WrongDetails, "2015": payment.OverLimit,
	"2016": payment.WrongDetails, "2017": payment.OverLimit, "2018": payment.TimedOut, "2019": payment.TimedOut,
	"2023": payment.NoFunds, "2045": payment.WrongDetails, "2046": payment.WrongDetails,
	"2057": payment.WrongDetails, "2058": payment.WrongDetails,
}

// ranBefore are the codes of an execute that somebody had sent before: the
// status can be asked at once.
var ranBefore = map[string]bool{
	"2056": true, "2062": true, "2068": true, "2069": true, "2116": true, "2117": true, "2119": true,
}

// ourRefunds are the codes of refunds that our contract's set-up is to blame for.
var ourRefunds = map[string]bool{"2079": true, "2080": true, "2081": true, "2082": true}

// words are a code in our words, or in theirs when we have none.
func (g *Gateway) words(s said) string {
	if known, ok := codes[s.code()]; ok {
		return s.code() + ": " + known.words
	}
	return g.client.Words(s.code(), s.words())
}

// notStarted is the report of a start without a usable answer.
func (g *Gateway) notStarted(err error) gateway.Started {
	if _, ok := errors.AsType[*locked](err); ok {
		return gateway.Started{
			Outcome: gateway.Refused, Word: err.Error(), Alarm: "the contract is not let in: " + err.Error(),
		}
	}
	return gateway.Started{Outcome: gateway.NoAnswer, Word: err.Error()}
}

// refusedStart is the report of a create that opened nothing, or of a code
// that does not say whether it did.
func (g *Gateway) refusedStart(s said) gateway.Started {
	started := gateway.Started{Outcome: gateway.Refused, Word: g.words(s)}
	switch codes[s.code()].class {
	case setUp:
		started.Alarm = "the contract is not set up for this: " + started.Word
	case declines, unfinished, returns:
	case unclear, unlisted:
		started.Outcome = gateway.NoAnswer
	}
	return started
}

// lost is the report of a call about a payment without a usable answer.
func lost(err error) gateway.Report {
	if _, ok := errors.AsType[*locked](err); ok {
		return gateway.Report{
			Outcome: gateway.Unknown, Word: err.Error(), Alarm: "the contract is not let in: " + err.Error(),
		}
	}
	return client.LostReport(err)
}

// refusedExecute is the report of an execute that was answered with a code.
func (g *Gateway) refusedExecute(s said) gateway.Report {
	report := gateway.Report{Outcome: gateway.Unknown, Word: g.words(s)}
	switch codes[s.code()].class {
	case declines:
		report.Outcome, report.Reason = gateway.Declined, reasons[s.code()]
	case unfinished:
		report.Outcome = gateway.Pending
	case setUp:
		report.Alarm = "execute says " + report.Word
		report.Doubt = true
	case unclear, unlisted, returns:
		report.Doubt = true
	}
	return report
}

// reported maps a transaction, after it is certain that it is ours. Money
// counts only with the whole story: id, amount, currency and invoice.
func (g *Gateway) reported(call string, data report, a gateway.Attempt) gateway.Report {
	report := gateway.Report{Outcome: gateway.Unknown, Word: g.client.Words("the transaction is", data.Transaction)}
	alarm := other(data, a)
	switch data.Transaction {
	case statusCompleted, statusAuthorized:
		if alarm == "" && !trxForm.MatchString(data.TrxID) {
			alarm = "a payment without a transaction"
		}
	case statusInitiated:
		// What was not executed may leave out what it is about.
		if whole := data.Amount != "" || data.Invoice != "" || data.Currency != ""; !whole && data.PaymentID == a.Session {
			alarm = ""
		}
	default:
		report.Doubt = call == "execute"
		return report
	}
	if alarm != "" {
		report.Alarm, report.Doubt = call+" speaks of "+alarm, call == "execute"
		return report
	}
	switch data.Transaction {
	case statusCompleted:
		report.Outcome, report.Receipt, report.Amount = gateway.Captured, data.TrxID, a.Amount
	case statusAuthorized:
		// We ask for a sale, so nothing of ours captures it later.
		report.Outcome, report.Receipt, report.Amount = gateway.Authorized, data.TrxID, a.Amount
		report.Alarm = call + " says that the money is only held"
	default:
		return g.initiated(report, data, a)
	}
	return report
}

// other is what is not ours in a report; empty when all of it is.
func other(data report, a gateway.Attempt) string {
	switch {
	case data.PaymentID != a.Session:
		return "another payment"
	case data.Amount.In(money.BDT) != a.Amount:
		return "another amount: " + strconv.Quote(client.Clean(string(data.Amount)))
	case data.Currency != "BDT":
		return "another currency"
	case data.Invoice != a.Reference:
		return "another invoice"
	}
	return ""
}

// initiated is the report of a payment that was not executed. Only we can do
// that, so one that we shall not execute is over.
func (g *Gateway) initiated(said gateway.Report, data report, a gateway.Attempt) gateway.Report {
	switch {
	case givenUp(a) != "":
		said.Outcome = givenUp(a)
	case g.late(a) && !g.now().Before(a.Deadline.Add(afterDeadline)):
		said.Outcome = gateway.Expired
	case !g.late(a) && data.Verified == "Complete":
		// The payer consented, and it is for us to execute.
		said.Outcome, said.Amount = gateway.Authorized, a.Amount
	default:
		said.Outcome = gateway.Pending
	}
	return said
}

// refusedRefund is the report of a refund that was answered with a code.
func (g *Gateway) refusedRefund(s said) gateway.ReturnReport {
	report := gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: g.words(s)}
	if codes[s.code()].class == returns {
		report.Outcome = gateway.Denied
	}
	if ourRefunds[s.code()] || codes[s.code()].class == setUp {
		report.Alarm = "refund says " + report.Word
	}
	return report
}
