package zarinpal

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/sandbox"
)

// callNames gives the journal and the faults a name for each query.
var callNames = map[string]string{
	"AddRefund": "refund", "Session": "session", "SessionById": "session-by-id",
	"GetTransactions": "transactions", "GetRefund": "get-refund", "GetRefunds": "get-refunds",
}

// defaultLimit is how long a list is when nobody says.
const defaultLimit = 25

// panel is one GraphQL call that has passed the token check.
type panel struct {
	*sandbox.Call
	owner     string // the only merchant whose payments may be seen; empty means all
	variables sandbox.Fields
}

// operation names the call after its query.
func operation(c *sandbox.Call) string {
	fields, err := sandbox.ParseJSON(c.Body)
	if err != nil {
		return ""
	}
	root, err := parseQuery(fields.Text("query"))
	if err != nil {
		return ""
	}
	if name, ok := callNames[root.name]; ok {
		c.Name = name
	}
	return ""
}

// graphQL answers one query. Failures are a list of messages, another shape than that of the REST calls.
func graphQL(c *sandbox.Call) sandbox.Reply {
	if fault, ok := c.Fault(sandbox.FaultRefuse); ok {
		return graphError(http.StatusOK, fault.Value)
	}
	owner, ok := c.PanelOwner(bearer(c))
	if !ok {
		return graphError(http.StatusUnauthorized, "Unauthenticated.")
	}
	fields, err := sandbox.ParseJSON(c.Body)
	if err != nil {
		return graphError(http.StatusBadRequest, "Syntax error: the body is not a JSON object.")
	}
	root, err := parseQuery(fields.Text("query"))
	if err != nil {
		return graphError(http.StatusOK, "Syntax Error: "+err.Error())
	}
	value, problem := (&panel{Call: c, owner: owner, variables: fields.Object("variables")}).resolve(root.name)
	if problem != "" {
		return graphError(http.StatusOK, problem)
	}
	return sandbox.JSON(http.StatusOK, sandbox.Object{
		{Name: "data", Value: sandbox.Object{{Name: root.alias, Value: root.pick(value)}}},
	})
}

// bearer reads the panel token.
func bearer(c *sandbox.Call) string {
	header := c.Request.Header.Get("Authorization")
	if token, ok := strings.CutPrefix(header, "Bearer "); ok {
		return token
	}
	if c.Setting(switchRefundAuth) == "bare" {
		return header
	}
	return ""
}

func graphError(status int, message string) sandbox.Reply {
	return sandbox.JSON(status, sandbox.Object{
		{Name: "errors", Value: []sandbox.Object{{{Name: "message", Value: message}}}},
	})
}

// resolve answers the root field of a query.
func (p *panel) resolve(field string) (value any, problem string) {
	switch field {
	case "AddRefund":
		return p.addRefund()
	case "Session", "GetTransactions":
		return p.sessions(), ""
	case "SessionById":
		found := p.session(p.variables.Word("id"))
		if found == nil {
			return nil, "Session not found."
		}
		return p.showSession(found), ""
	case "GetRefund":
		for _, entry := range p.refunds() {
			if strconv.FormatInt(entry.refund.ID, 10) == p.variables.Word("id") {
				return showRefund(entry), ""
			}
		}
		return nil, "Refund not found."
	case "GetRefunds":
		list := []sandbox.Object{}
		for _, entry := range p.refunds() {
			list = append(list, showRefund(entry))
		}
		return page(p, list), ""
	}
	return nil, "Cannot query field \"" + field + "\"."
}

// addRefund sends money back: at once to the card, or with the bank's next cycle.
func (p *panel) addRefund() (value any, problem string) {
	found := p.session(p.variables.Word("session_id"))
	if found == nil {
		return nil, "Session not found."
	}
	amount, ok := p.variables.Whole("amount")
	method, reason := cmp.Or(p.variables.Text("method"), "PAYA"), cmp.Or(p.variables.Text("reason"), "OTHER")
	switch {
	case !ok:
		return nil, "Variable \"$amount\" of required type \"BigInteger!\" was not provided."
	case method != "PAYA" && method != "CARD":
		return nil, "Variable \"$method\" got an invalid value."
	case !oneOf(reason, "CUSTOMER_REQUEST", "DUPLICATE_TRANSACTION", "SUSPICIOUS_TRANSACTION", "OTHER"):
		return nil, "Variable \"$reason\" got an invalid value."
	case found.State != sandbox.Verified:
		return nil, "The session can not be refunded."
	case amount < p.Number(switchRefundMinimum):
		return nil, "The refund amount is below the minimum."
	case amount > found.Refundable():
		return nil, "The refund amount is more than what is left of the session."
	}
	refund := sandbox.Refund{
		ID: p.Next(), Amount: amount, Method: method, Reason: reason, Description: p.variables.Text("description"),
		Status: sandbox.RefundPending, At: p.Now, DueAt: p.Now.Add(p.Length(switchPayaCycle)),
	}
	if _, ok := p.Fault(FaultRefundPending); ok {
		refund.Fate = sandbox.FateStays
	} else if _, ok := p.Fault(FaultRefundFails); ok {
		refund.Fate = sandbox.FateFails
	} else if method == "CARD" {
		refund.Status, refund.DueAt = sandbox.RefundSucceeded, p.Now
	}
	found.Refunds = append(found.Refunds, refund)
	afterRefund(found)
	p.Save(found)
	p.Subject = found.ID
	status := refundWord(refund.Status)
	if fault, ok := p.Fault(sandbox.FaultUnknownWord); ok {
		status = cmp.Or(fault.Value, "QUEUED")
	}
	return sandbox.Object{
		{Name: "terminal_id", Value: found.Merchant},
		{Name: "id", Value: strconv.FormatInt(refund.ID, 10)},
		{Name: "amount", Value: refund.Amount},
		{Name: "timeline", Value: timeline(refund, status)},
	}, ""
}

func timeline(refund sandbox.Refund, status string) sandbox.Object {
	return sandbox.Object{
		{Name: "refund_amount", Value: refund.Amount},
		{Name: "refund_time", Value: refund.DueAt.In(tehran).Format(dateForm)},
		{Name: "refund_status", Value: status},
	}
}

// panelNumber is what the panel calls a payment.
func (p *panel) panelNumber(payment *sandbox.Payment) string {
	if p.Setting(switchPanelID) == "ref-id" {
		return strconv.FormatInt(payment.Reference, 10)
	}
	return strconv.FormatInt(payment.Panel, 10)
}

// session finds a payment by the panel's number. Payments without money have none.
func (p *panel) session(number string) *sandbox.Payment {
	for _, payment := range p.Payments() {
		if payment.Charges > 0 && p.sees(payment) && p.panelNumber(payment) == number {
			return payment
		}
	}
	return nil
}

// sees tells whether the token's owner may know of a payment.
func (p *panel) sees(payment *sandbox.Payment) bool {
	return p.owner == "" || payment.Merchant == p.owner
}

// sessions lists payments by the filters of the query.
func (p *panel) sessions() []sandbox.Object {
	list := []sandbox.Object{}
	for _, payment := range p.Payments() {
		if p.sees(payment) && p.matches(payment) {
			list = append(list, p.showSession(payment))
		}
	}
	return page(p, list)
}

// matches applies every filter that has a value.
func (p *panel) matches(payment *sandbox.Payment) bool {
	for name, value := range map[string]string{
		"filter":       sessionWord(payment),
		"id":           p.panelNumber(payment),
		"reference_id": strconv.FormatInt(payment.Reference, 10),
		"card_pan":     masked(payment.Card),
		"mobile":       payment.Mobile,
		"description":  payment.Description,
	} {
		if wanted := p.variables.Word(name); wanted != "" && wanted != value {
			return false
		}
	}
	return p.onTerminal(payment)
}

// onTerminal compares the panel's terminal number, which is the merchant's id unless a flag terminal:N says more.
func (p *panel) onTerminal(payment *sandbox.Payment) bool {
	wanted := p.variables.Word("terminal_id")
	merchant, _ := p.Merchant(payment.Merchant)
	return wanted == "" || wanted == payment.Merchant || merchant.Flag("terminal:"+wanted)
}

// showSession is everything that a query may select of a payment.
func (p *panel) showSession(payment *sandbox.Payment) sandbox.Object {
	last := any(nil)
	if count := len(payment.Refunds); count > 0 {
		refund := payment.Refunds[count-1]
		last = timeline(refund, refundWord(refund.Status))
	}
	return sandbox.Object{
		{Name: "id", Value: p.panelNumber(payment)},
		{Name: "terminal_id", Value: payment.Merchant},
		{Name: "status", Value: sessionWord(payment)},
		{Name: "amount", Value: payment.Amount},
		{Name: "description", Value: payment.Description},
		{Name: "reference_id", Value: strconv.FormatInt(payment.Reference, 10)},
		{Name: "authority", Value: payment.ID},
		{Name: "card_pan", Value: masked(payment.Card)},
		{Name: "created_at", Value: payment.CreatedAt.In(tehran).Format(dateForm)},
		{Name: "timeline", Value: last},
	}
}

// entry is one refund with its payment.
type entry struct {
	payment *sandbox.Payment
	refund  sandbox.Refund
}

// refunds lists the refunds that the token's owner may see.
func (p *panel) refunds() []entry {
	var list []entry
	for _, payment := range p.Payments() {
		if !p.sees(payment) || !p.onTerminal(payment) {
			continue
		}
		for _, refund := range payment.Refunds {
			list = append(list, entry{payment: payment, refund: refund})
		}
	}
	return list
}

func showRefund(e entry) sandbox.Object {
	return sandbox.Object{
		{Name: "id", Value: strconv.FormatInt(e.refund.ID, 10)},
		{Name: "terminal_id", Value: e.payment.Merchant},
		{Name: "amount", Value: e.refund.Amount},
		{Name: "status", Value: refundWord(e.refund.Status)},
		{Name: "created_at", Value: e.refund.At.In(tehran).Format(dateForm)},
		{Name: "description", Value: e.refund.Description},
	}
}

// page cuts a list by the variables limit and offset.
func page(p *panel, list []sandbox.Object) []sandbox.Object {
	limit, offset := int64(defaultLimit), int64(0)
	if wanted, ok := p.variables.Whole("limit"); ok && wanted > 0 {
		limit = wanted
	}
	if wanted, ok := p.variables.Whole("offset"); ok && wanted > 0 {
		offset = min(wanted, int64(len(list)))
	}
	list = list[offset:]
	return list[:min(limit, int64(len(list)))]
}

// refundWord is the panel's word for a refund.
func refundWord(status sandbox.RefundStatus) string {
	switch status {
	case sandbox.RefundSucceeded:
		return "SUCCESS"
	case sandbox.RefundFailed:
		return "FAILED"
	case sandbox.RefundPending:
	}
	return "PENDING"
}

// sessionWord is the panel's word for a payment.
func sessionWord(p *sandbox.Payment) string {
	switch p.State {
	case sandbox.Open:
		return "ACTIVE"
	case sandbox.Paid:
		return "PAID"
	case sandbox.Verified, sandbox.Refunding:
		return "VERIFIED"
	case sandbox.Refunded:
		return "REFUNDED"
	case sandbox.Reversed:
		return "REVERSED"
	case sandbox.Failed, sandbox.Canceled, sandbox.Expired, sandbox.Returned:
	}
	return "TRASH"
}

func oneOf(word string, allowed ...string) bool {
	for _, one := range allowed {
		if word == one {
			return true
		}
	}
	return false
}
