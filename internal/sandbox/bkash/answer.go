package bkash

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/sandbox"
)

// The codes that this emulator uses by name.
const (
	codeDone          = "0000"
	codeAppKey        = "2001"
	codePaymentID     = "2002"
	codeAmount        = "2006"
	codeCurrency      = "2007"
	codeIntent        = "2008"
	codeNoMoney       = "2023"
	codeAbove         = "2026"
	codeDuplicate     = "2029"
	codeInvoice       = "2031"
	codeNotFound      = "2033"
	codeReversed      = "2034"
	codeDebitState    = "2037"
	codeNotAllowed    = "2035"
	codePayer         = "2048"
	codeCallback      = "2049"
	codeAgreement     = "2051"
	codeWrongState    = "2056"
	codeNotFinished   = "2060"
	codeComplete      = "2062"
	codeMode          = "2063"
	codeMissing       = "2065"
	codeDoneBefore    = "2117"
	codeHeldBefore    = "2119"
	codeTooLate       = "2071"
	codeRefundAmount  = "2072"
	codeSKULong       = "2075"
	codeReasonLong    = "2076"
	codeRefundTrx     = "2077"
	codeReason        = "2078"
	codeToken         = "2079"
	codeRefundNotDone = "2127"
)

// words are what the codes mean, shortened.
var words = map[string]string{
	codeAppKey: "app key not valid", codePaymentID: "payment id not valid", codeAmount: "amount not valid",
	codeCurrency: "currency not valid", codeIntent: "intent not valid", codeNoMoney: "not enough balance",
	codeAbove: "reversal above the original", codeDuplicate: "duplicate of another transaction",
	codeInvoice: "invoice number not valid", codeNotFound: "transaction not found", codeReversed: "already reversed",
	codeDebitState: "debit account state", codeNotAllowed: "reversal not allowed", codePayer: "payer reference not valid",
	codeCallback: "callback url not valid", codeAgreement: "agreement id not valid",
	codeWrongState: "payment in wrong state", codeNotFinished: "precondition of execute not met",
	codeComplete: "payment already completed", codeMode: "mode not valid", codeMissing: "mandatory field missing",
	codeDoneBefore: "execute already done", codeHeldBefore: "authorised payment already handled",
	codeTooLate: "too late", codeRefundAmount: "amount not acceptable", codeSKULong: "sku too long",
	codeReasonLong: "reason too long", codeRefundTrx: "transaction id not valid", codeReason: "reason not valid",
	codeToken: "token not valid", codeRefundNotDone: "original not completed",
}

// asked is one call that was let in.
type asked struct {
	*sandbox.Call
	fields sandbox.Fields
	owner  string // the merchant's app_key
	fail   func(a *asked, code string) sandbox.Object
	gone   bool // the path is not there
	status int  // of a failure, where it is not 200
}

// done is a success of version 1 with what it tells.
func (a *asked) done(members ...sandbox.Member) sandbox.Object {
	return append(sandbox.Object{
		{Name: "statusCode", Value: codeDone}, {Name: "statusMessage", Value: "Successful"},
	}, members...)
}

// failed is a failure in the call's own shape.
func (a *asked) failed(code string) sandbox.Object { return a.fail(a, code) }

// failure is the same as a whole reply.
func (a *asked) failure(code string) sandbox.Reply { return a.reply(a.failed(code)) }

// failureV1 is a failure under status 200, in one of the two shapes.
func failureV1(a *asked, code string) sandbox.Object {
	shape := []string{"statusCode", "statusMessage"}
	if a.Setting(switchErrorShape) == "errorCode" {
		shape = []string{"errorCode", "errorMessage"}
	}
	return sandbox.Object{
		{Name: shape[0], Value: code}, {Name: shape[1], Value: cmp.Or(words[code], "refused")},
	}
}

// failureV2 is a failure of the refunds of version 2.
func failureV2(a *asked, code string) sandbox.Object {
	if a.Setting(switchV2ErrorStatus) == "400" {
		a.status = http.StatusBadRequest
	}
	said := cmp.Or(words[code], "refused")
	return sandbox.Object{
		{Name: "internalCode", Value: strings.ReplaceAll(said, " ", "_")},
		{Name: "externalCode", Value: code},
		{Name: "errorMessageEn", Value: said},
		{Name: "errorMessageBn", Value: said},
	}
}

// reply writes an answer, with a word outside the tables where the fault for it is set.
func (a *asked) reply(body sandbox.Object) sandbox.Reply {
	if fault, ok := a.Fault(sandbox.FaultUnknownWord); ok {
		body.Set("statusCode", cmp.Or(fault.Value, "7777"))
		body.Set("errorCode", cmp.Or(fault.Value, "7777"))
		body.Set("externalCode", cmp.Or(fault.Value, "7777"))
		body.Set("refundTransactionStatus", cmp.Or(fault.Value, "Strange"))
	}
	if a.status != 0 {
		return sandbox.JSON(a.status, body)
	}
	return sandbox.JSON(http.StatusOK, body)
}

// stamp writes a time with a colon before the milliseconds.
func stamp(at time.Time) string {
	at = at.In(dhaka)
	return fmt.Sprintf("%s:%03d GMT+0600", at.Format("2006-01-02T15:04:05"), at.Nanosecond()/int(time.Millisecond))
}

// takaForm is decimal text with at most two places.
var takaForm = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,2})?$`)

// taka writes an amount of paisa with two places.
func taka(amount int64) string { return money.New(amount, money.BDT).Fixed() }

// paisa reads decimal text.
func paisa(text string) (int64, bool) {
	amount, err := money.Parse(text, money.BDT)
	return amount.Steps(), err == nil && takaForm.MatchString(text)
}

// amount reads decimal text or a number with at most two places.
func (a *asked) amount(name string) (int64, bool) {
	read, ok := paisa(cmp.Or(a.fields.Text(name), string(a.fields[name])))
	return read, ok && read > 0
}

// upper draws a transaction id: ten upper-case letters and digits.
func upper(c *sandbox.Call, purpose string, number int64) string {
	return strings.ToUpper(c.Letters(purpose, number, 10))
}

// trxID is the id of a payment that was executed.
func trxID(c *sandbox.Call, p *sandbox.Payment) string { return upper(c, "trx", p.Reference) }

// refundID is the id of a refund.
func refundID(c *sandbox.Call, r sandbox.Refund) string { return upper(c, "refund", r.ID) }

// paymentID draws an id that no payment has.
func (a *asked) paymentID(mode string) string {
	for {
		id := "TR" + mode + a.Letters("payment", a.Next(), 3) + strconv.FormatInt(a.Now.UnixMilli(), 10)
		if _, taken := a.Find(id); !taken {
			return id
		}
	}
}
