package zarinpal

import (
	"net/http"
	"strconv"

	"github.com/purserhq/purser/internal/sandbox"
)

// asked is one REST call that has passed the checks that all of them share.
type asked struct {
	*sandbox.Call
	fields   sandbox.Fields
	id       string // the merchant's
	merchant sandbox.Merchant
}

// refusal is a failure in the provider's own words.
type refusal struct {
	code        int
	validations []sandbox.Object
}

// invalid is the refusal of one member.
func invalid(field, words string) *refusal {
	return &refusal{code: -9, validations: []sandbox.Object{{{Name: field, Value: words}}}}
}

// coded is a refusal without validations.
func coded(code int) *refusal { return &refusal{code: code} }

// rest wraps the checks and the answer shapes that the REST calls share around one of them.
func rest(work func(a *asked) (sandbox.Object, *refusal)) sandbox.Work {
	return func(c *sandbox.Call) sandbox.Reply {
		a, refused := admit(c)
		var data sandbox.Object
		if refused == nil {
			data, refused = work(a)
		}
		if refused != nil {
			return fail(c, refused)
		}
		return sandbox.JSON(http.StatusOK, sandbox.Object{
			{Name: "data", Value: data}, {Name: "errors", Value: []any{}},
		})
	}
}

// admit reads the body and finds out whether the merchant may call at all.
func admit(c *sandbox.Call) (*asked, *refusal) {
	if fault, ok := c.Fault(sandbox.FaultRefuse); ok {
		code, err := strconv.Atoi(fault.Value)
		if err != nil {
			return nil, coded(-9)
		}
		return nil, coded(code)
	}
	if _, ok := c.Fault(FaultTerminalSuspended); ok {
		return nil, coded(-15)
	}
	fields, err := sandbox.ParseJSON(c.Body)
	if err != nil || sandbox.MediaType(c.Request) != "application/json" {
		return nil, invalid("body", "The body must be a JSON object.")
	}
	a := &asked{Call: c, fields: fields, id: fields.Text("merchant_id")}
	if a.id == "" {
		return nil, invalid("merchant_id", "The merchant id field is required.")
	}
	if !merchantForm.MatchString(a.id) {
		return nil, invalid("merchant_id", "The merchant id may not be other than 36 characters.")
	}
	merchant, listed := c.Merchant(a.id)
	a.merchant = merchant
	switch {
	case !listed && c.Setting(switchMerchants) == "listed":
		return nil, coded(-10)
	case merchant.Refuse != "":
		code, err := strconv.Atoi(merchant.Refuse)
		if err != nil {
			code = -11
		}
		return nil, coded(code)
	case !merchant.Accepts(c.Request.RemoteAddr):
		return nil, coded(-10)
	}
	return a, nil
}

// own finds the payment behind the body's authority and refuses what is not this merchant's.
func (a *asked) own() (*sandbox.Payment, *refusal) {
	authority := a.fields.Text("authority")
	if authority == "" {
		return nil, invalid("authority", "The authority field is required.")
	}
	if !authorityForm.MatchString(authority) {
		return nil, coded(-54)
	}
	p, ok := a.Find(authority)
	if !ok {
		return nil, coded(-54)
	}
	if p.Merchant != a.id {
		return nil, coded(-53)
	}
	return p, nil
}

// fail writes a refusal in the shape and under the status that the switches ask for.
func fail(c *sandbox.Call, refused *refusal) sandbox.Reply {
	code := any(refused.code)
	if _, ok := c.Fault(sandbox.FaultUnknownWord); ok {
		code = -777
	}
	validations := []sandbox.Object{}
	validations = append(validations, refused.validations...)
	one := sandbox.Object{
		{Name: "code", Value: code},
		{Name: "message", Value: words(refused.code)},
		{Name: "validations", Value: validations},
	}
	errors := any(one)
	switch shape := c.Setting(switchErrorShape); {
	case shape == "list":
		errors = []sandbox.Object{one[:2]}
	case shape == "nested-text" && c.Name == "inquiry":
		text := []string{words(refused.code), strconv.Itoa(refused.code)}
		errors = sandbox.Object{{Name: "authority", Value: text}}
	}
	data := any([]any{})
	if c.Name == "reverse" && c.Setting(switchReverseEmpty) == "object" {
		data = sandbox.Object{}
	}
	return sandbox.JSON(status(c), sandbox.Object{{Name: "data", Value: data}, {Name: "errors", Value: errors}})
}

// status is the HTTP status of a failure.
func status(c *sandbox.Call) int {
	if _, ok := c.Fault(FaultHTTP200Error); ok {
		return http.StatusOK
	}
	switch c.Setting(switchErrorStatus) {
	case "422":
		return http.StatusUnprocessableEntity
	case "400":
		return http.StatusBadRequest
	case "mixed":
		if c.Name == "request" {
			return http.StatusUnprocessableEntity
		}
	}
	return http.StatusOK
}

// messages are the provider's words, shortened; nobody may rely on them.
var messages = map[int]string{
	-9:  "The input params invalid, validation error.",
	-10: "Terminal is not valid, please check merchant_id or ip address.",
	-11: "Terminal is not active, please contact our support team.",
	-12: "Too many attempts, please try again later.",
	-13: "Terminal limit reached.",
	-14: "The callback URL domain does not match the registered terminal domain.",
	-15: "Terminal user is suspended.",
	-16: "Terminal user level is not valid.",
	-17: "Terminal user level is not valid.",
	-18: "The referrer address does not match the registered domain.",
	-19: "Terminal user transactions are banned.",
	-30: "Terminal do not allow to accept floating wages.",
	-31: "Terminal needs a default bank account for wages.",
	-32: "Wages is not valid, total floating wages is too much.",
	-33: "Wages floating is not valid.",
	-34: "Wages is not valid, total fixed wages is more than the amount.",
	-35: "Wages is not valid, too many parts.",
	-36: "The minimum amount for wages should be 10,000 Rials.",
	-37: "One or more iban is inactive at the bank.",
	-38: "Wages need iban registered with Shaparak.",
	-39: "Wages have an error.",
	-40: "Invalid extra params, expire_in is not valid.",
	-41: "Maximum amount is 100,000,000 tomans.",
	-42: "Authority life is outside 30 minutes to 45 days.",
	-50: "Session is not valid, amounts values is not the same.",
	-51: "Session is not valid, session is not active paid try.",
	-52: "Oops, please contact our support team.",
	-53: "Session is not this merchant_id session.",
	-54: "Invalid authority.",
	-55: "Manual payment request not found.",
	-60: "Session can not be reversed with bank.",
	-61: "Session is not in success status.",
	-62: "Terminal ip limit must be active.",
	-63: "Maximum time for reverse this session is expired.",
	429: "Referrer code format is not valid.",
}

// words is the message of a code.
func words(code int) string {
	if message, ok := messages[code]; ok {
		return message
	}
	return "Unknown error."
}
