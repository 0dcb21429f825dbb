// Package shepa is a make-believe Shepa (v1): token, verify and refund in JSON and in form encoding, and the payment
// page. The provider publishes little, so most of its behaviour hangs on a switch.
package shepa

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// SandboxKey is the api key of the provider's own test mode.
const SandboxKey = "sandbox"

// The switches' names.
const (
	switchRepeatVerify       = "repeat-verify"
	switchErrorMember        = "error-member"
	switchErrorType          = "error-type"
	switchFailureStatus      = "failure-status"
	switchRefundBody         = "refund-body"
	switchRefundInSandbox    = "refund-in-sandbox"
	switchRefundRepeat       = "refund-repeat"
	switchIDType             = "id-type"
	switchCancelWord         = "cancel-word"
	switchReturnMessage      = "return-message"
	switchRequireDescription = "require-description"
	switchMinAmount          = "min-amount"
	switchLife               = "token-life"
	switchWindow             = "verify-window"
)

// The faults beyond the common ones. verify-lost-answer and refund-lost-answer are short for lost-answer on the call.
const (
	FaultVerifyNoAmount    = "verify-no-amount"    // a result without the amount
	FaultVerifyOtherAmount = "verify-other-amount" // Value, or a tenth
	FaultURLMissing        = "url-missing"         // a token without the page's address
	FaultURLForeign        = "url-foreign"         // the page's address is on another host: Value, or pay.elsewhere.test
	FaultSuccessMissing    = "success-missing"     // an answer without the member success
)

// The error codes are this emulator's own: the provider publishes none.
const (
	codeKey = iota + 1
	codeAmount
	codeCallback
	codeDescription
	codeToken
	codeNotPaid
	codeOtherAmount
	codeVerifiedBefore
	codeRefund
	codeBody
)

// tehran is the zone of the dates; Iran has had no summer time since 2022.
var tehran = time.FixedZone("Asia/Tehran", 3*3600+1800)

// Emulator is one make-believe Shepa.
type Emulator struct{ *sandbox.Bench }

// New makes an emulator that knows the key "sandbox" and those of the listed merchants.
func New(o sandbox.Options) (*Emulator, error) {
	bench, err := sandbox.NewBench(o, profile())
	if err != nil {
		return nil, err
	}
	bench.Handle("POST /api/v1/token", "token", nil, guarded(token))
	bench.Handle("POST /api/v1/verify", "verify", subject, guarded(verify))
	bench.Handle("POST /api/v1/refund-transaction", "refund", subject, guarded(refund))
	bench.Page("/v1/{id}")
	bench.Page("/api/v1/{id}")
	return &Emulator{Bench: bench}, nil
}

// subject reads the token, which is all that faults and the journal need to know.
func subject(c *sandbox.Call) string {
	fields, err := parse(c)
	if err != nil {
		return ""
	}
	return fields.Text("token")
}

func profile() sandbox.Profile {
	const differ, assumed, single = "sources differ", "assumption", "one source"
	return sandbox.Profile{
		Name: "shepa", Title: "Shepa", Life: switchLife, Window: switchWindow,
		Switches: []sandbox.Switch{
			{Name: switchRepeatVerify, Values: []string{"same-result", "error"}, Why: "unknown"},
			{Name: switchErrorMember, Values: []string{"both", "error", "errors"}, Why: differ},
			{Name: switchErrorType, Values: []string{"list", "text"}, Why: "drivers read both"},
			{Name: switchFailureStatus, Values: []string{"200", "400", "422"}, Why: "unknown"},
			{Name: switchRefundBody, Values: []string{"any", "api", "api-token", "bare"}, Why: differ},
			{Name: switchRefundInSandbox, Values: []string{"yes", "refused"}, Why: differ},
			{Name: switchRefundRepeat, Values: []string{"refunds-again", "refused"}, Why: assumed},
			{Name: switchIDType, Values: []string{"number", "text"}, Why: differ},
			{Name: switchCancelWord, Values: []string{"cancel", "failed"}, Why: differ},
			{Name: switchReturnMessage, Values: []string{"off", "on"}, Why: single},
			{Name: switchRequireDescription, Values: []string{"off", "on"}, Why: single},
			{Name: switchMinAmount, Values: []string{"1000"}, Free: sandbox.FreeNumber, Why: single},
			{Name: switchLife, Values: []string{"30m"}, Free: sandbox.FreeDuration, Why: assumed},
			{Name: switchWindow, Values: []string{"30m"}, Free: sandbox.FreeDuration, Why: assumed},
		},
		Faults: []string{
			FaultVerifyNoAmount, FaultVerifyOtherAmount, FaultURLMissing, FaultURLForeign, FaultSuccessMissing,
		},
		Return: returnMembers,
		AfterRefund: func(p *sandbox.Payment) {
			if p.State == sandbox.Verified && p.Refunded() == p.Amount {
				p.State = sandbox.Refunded
			}
		},
	}
}

// returnMembers is what the browser brings back: a word and the token, no amount and no signature.
func returnMembers(c *sandbox.Call, p sandbox.Payment, success bool) sandbox.Object {
	word := "failed"
	if p.State == sandbox.Canceled {
		word = c.Setting(switchCancelWord)
	}
	if success {
		word = "success"
	}
	if fault, ok := c.Fault(sandbox.FaultUnknownWord); ok {
		word = fault.Value
		if word == "" {
			word = "held"
		}
	}
	members := sandbox.Object{{Name: "status", Value: word}, {Name: "token", Value: p.ID}}
	if c.Setting(switchReturnMessage) == "on" {
		members = append(members, sandbox.Member{Name: "message", Value: "the bank says " + word})
	}
	return members
}

// parse reads a body in either of the two encodings.
func parse(c *sandbox.Call) (sandbox.Fields, error) {
	if sandbox.MediaType(c.Request) == "application/x-www-form-urlencoded" {
		return sandbox.ParseForm(c.Body)
	}
	return sandbox.ParseJSON(c.Body)
}

// asked is one call that could be read.
type asked struct {
	*sandbox.Call
	fields   sandbox.Fields
	key      string
	merchant sandbox.Merchant
}

// refusal is a failure with this emulator's number.
type refusal struct {
	code  int
	words string
}

// guarded wraps the checks and the answer shapes that all calls share around one of them.
func guarded(work func(a *asked) (any, *refusal)) sandbox.Work {
	return func(c *sandbox.Call) sandbox.Reply {
		a, refused := admit(c)
		var result any
		if refused == nil {
			result, refused = work(a)
		}
		if refused != nil {
			return fail(c, refused)
		}
		return answer(c, http.StatusOK, true, sandbox.Object{{Name: "result", Value: result}})
	}
}

// admit reads the body and finds out whether the key may call. The key itself is asked for by each call, since one
// form of the refund has none.
func admit(c *sandbox.Call) (*asked, *refusal) {
	if fault, ok := c.Fault(sandbox.FaultRefuse); ok {
		return nil, numbered(fault.Value)
	}
	fields, err := parse(c)
	if err != nil {
		return nil, &refusal{codeBody, "the request cannot be read"}
	}
	a := &asked{Call: c, fields: fields, key: fields.Text("api")}
	if a.key == "" && c.Name == "refund" {
		return a, nil
	}
	merchant, listed := c.Merchant(a.key)
	a.merchant = merchant
	switch {
	case a.key != SandboxKey && !listed:
		return nil, &refusal{codeKey, "api is not valid"}
	case merchant.Refuse != "":
		return nil, numbered(merchant.Refuse)
	case !merchant.Accepts(c.Request.RemoteAddr):
		return nil, &refusal{codeKey, "ip is not valid"}
	}
	return a, nil
}

// numbered is a refusal with a number from outside.
func numbered(code string) *refusal {
	number, err := strconv.Atoi(code)
	if err != nil {
		return &refusal{codeKey, code}
	}
	return &refusal{number, "refused with " + code}
}

// fail writes a refusal in the shape and under the status that the switches ask for.
func fail(c *sandbox.Call, refused *refusal) sandbox.Reply {
	words := any([]string{refused.words})
	if c.Setting(switchErrorType) == "text" {
		words = refused.words
	}
	var rest sandbox.Object
	member := c.Setting(switchErrorMember)
	for _, name := range []string{"error", "errors"} {
		if member == name || member == "both" {
			rest = append(rest, sandbox.Member{Name: name, Value: words})
		}
	}
	status, err := strconv.Atoi(c.Setting(switchFailureStatus))
	if err != nil {
		status = http.StatusOK
	}
	return answer(c, status, false, append(rest, sandbox.Member{Name: "errorCode", Value: refused.code}))
}

// answer writes success first, always: a client waits for ever without it, which the fault success-missing is for.
func answer(c *sandbox.Call, status int, success bool, rest sandbox.Object) sandbox.Reply {
	if _, ok := c.Fault(FaultSuccessMissing); ok {
		return sandbox.JSON(status, rest)
	}
	word := any(success)
	if _, ok := c.Fault(sandbox.FaultUnknownWord); ok {
		word = "held"
	}
	return sandbox.JSON(status, append(sandbox.Object{{Name: "success", Value: word}}, rest...))
}

// id writes an id as the switch asks.
func (a *asked) id(number int64) any {
	if a.Setting(switchIDType) == "text" {
		return strconv.FormatInt(number, 10)
	}
	return json.Number(strconv.FormatInt(number, 10))
}
