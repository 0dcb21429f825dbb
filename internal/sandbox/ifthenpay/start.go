package ifthenpay

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/sandbox"
)

// The forms of what a start brings.
var (
	amountForm = regexp.MustCompile(`^[0-9]{1,7}\.[0-9]{2}$`)
	numberForm = regexp.MustCompile(`^([0-9]{1,3})#([0-9]{6,14})$`)
	bareForm   = regexp.MustCompile(`^[0-9]{9}$`)
)

// The limits of a start's fields.
const (
	mostCents = 9_999_999
	longOrder = 15
	longText  = 100
)

// endings are the number endings that refuse a push.
var endings = map[string]string{"0999": codeError, "0122": codeRefused, "0100": codeTryAgain}

// startWords are the provider's words, shortened.
var startWords = map[string]string{
	codeTryAgain: "The request could not be completed. Try again", codeRefused: "Refused", codeError: "Error",
}

// start sends a push to the payer's phone, a new one each time.
func start(c *sandbox.Call) sandbox.Reply {
	if fault, ok := c.Fault(sandbox.FaultRefuse); ok {
		return refusedStart(c, fault.Value)
	}
	wish, code := readStart(c)
	if code != "" {
		return refusedStart(c, code)
	}
	p := push(c, wish)
	if _, ok := c.Fault(FaultDoublePush); ok {
		push(c, wish)
	}
	if _, ok := c.Fault(FaultNoticeFirst); ok {
		c.Subject = p.ID
		if _, err := c.Decide(sandbox.Decision{Choice: sandbox.Approve}); err != nil {
			return sandbox.JSON(http.StatusInternalServerError, sandbox.Object{{Name: "Message", Value: err.Error()}})
		}
	}
	answer := sandbox.Object{
		{Name: "Amount", Value: euros(p.Amount)},
		{Name: "Message", Value: "Pending"},
		{Name: "OrderId", Value: p.OrderID},
		{Name: "RequestId", Value: p.ID},
		{Name: "Status", Value: codeSent},
	}
	spoilStart(c, answer, p)
	return sandbox.JSON(http.StatusOK, answer)
}

// spoilStart lays the faults of a positive answer on it.
func spoilStart(c *sandbox.Call, answer sandbox.Object, p *sandbox.Payment) {
	if fault, ok := c.Fault(sandbox.FaultWrongAmount); ok {
		answer.Set("Amount", cmp.Or(fault.Value, euros(p.Amount/10)))
	}
	if fault, ok := c.Fault(sandbox.FaultWrongOrder); ok {
		answer.Set("OrderId", cmp.Or(fault.Value, "another-order"))
	}
	if fault, ok := c.Fault(sandbox.FaultUnknownWord); ok {
		answer.Set("Status", cmp.Or(fault.Value, "777"))
	}
}

// push enters a payment that the payer's phone shows from now on.
func push(c *sandbox.Call, wish sandbox.Payment) *sandbox.Payment {
	wish.ID = c.Letters("request", c.Next(), 20)
	return c.Create(wish)
}

// readStart reads a wish, or gives the code that refuses it.
func readStart(c *sandbox.Call) (wish sandbox.Payment, code string) {
	fields := fieldsOf(c)
	merchant, ok := merchantOf(c, fields.Text("mbWayKey"))
	switch {
	case !ok:
		return wish, c.Setting(switchStartAccount)
	case merchant.Refuse != "":
		return wish, merchant.Refuse
	}
	cents, ok := cents(fields.Text("amount"))
	least, _ := money.Parse(c.Setting(switchMinAmount), money.EUR) // the switch's values are amounts
	order, number := fields.Text("orderId"), fields.Text("mobileNumber")
	if !ok || cents < least.Steps() || cents > mostCents || order == "" || len([]rune(order)) > longOrder {
		return wish, codeError
	}
	if bareForm.MatchString(number) && c.Setting(switchBareNumber) == "accepted" {
		number = "351#" + number
	}
	if !numberForm.MatchString(number) || tooLong(fields) {
		return wish, codeError
	}
	if code := endings[number[len(number)-4:]]; code != "" {
		return wish, code
	}
	return sandbox.Payment{
		Merchant: merchant.ID, Amount: cents, Asked: cents, Currency: string(money.EUR), OrderID: order, Mobile: number,
		Description: cut(fields.Text("description"), c.Number(switchCut)), AutoVerify: true,
	}, ""
}

// tooLong looks at the optional texts. A description that is longer than the switch says is cut, not refused.
func tooLong(fields sandbox.Fields) bool {
	return len([]rune(fields.Text("email"))) > longText || len([]rune(fields.Text("description"))) > longText
}

// cut is the head of a text.
func cut(text string, most int64) string {
	if runes := []rune(text); int64(len(runes)) > most {
		return string(runes[:most])
	}
	return text
}

// cents reads an amount with exactly two decimal places.
func cents(text string) (int64, bool) {
	amount, err := money.Parse(text, money.EUR)
	return amount.Steps(), err == nil && amountForm.MatchString(text)
}

// refusedStart is the answer of a start that pushed nothing.
func refusedStart(c *sandbox.Call, code string) sandbox.Reply {
	fields := fieldsOf(c)
	return sandbox.JSON(http.StatusOK, sandbox.Object{
		{Name: "Amount", Value: fields.Text("amount")},
		{Name: "Message", Value: cmp.Or(startWords[code], "Invalid account")},
		{Name: "OrderId", Value: fields.Text("orderId")},
		{Name: "RequestId", Value: ""},
		{Name: "Status", Value: code},
	})
}

// statusWords are the provider's words, shortened.
var statusWords = map[string]string{
	codePaid: "Success", "020": "Transaction rejected by the user", codeExpired: "Transaction expired",
	codeRefused: "Transaction declined to the user",
}

// status says how a push stands; it changes nothing. What it says of a request that it does not know is our choice.
func status(c *sandbox.Call) sandbox.Reply {
	query := c.Request.URL.Query()
	id := query.Get("requestId")
	p, known := c.Find(id)
	merchant, ok := merchantOf(c, query.Get("mbWayKey"))
	_, lost := c.Fault(FaultUnknownRequest)
	if !ok || !known || lost || p.Merchant != merchant.ID {
		return sandbox.JSON(http.StatusOK, sandbox.Object{
			{Name: "CreatedAt", Value: ""},
			{Name: "Message", Value: "Request not found"},
			{Name: "RequestId", Value: id},
			{Name: "Status", Value: codeError},
			{Name: "UpdateAt", Value: ""},
		})
	}
	code := statusOf(c, p)
	answer := sandbox.Object{
		{Name: "CreatedAt", Value: written(p.CreatedAt)},
		{Name: "Message", Value: cmp.Or(statusWords[code], "Pending")},
		{Name: "RequestId", Value: p.ID},
		{Name: "Status", Value: code},
		{Name: "UpdateAt", Value: written(changedAt(p))},
	}
	if fault, ok := c.Fault(sandbox.FaultWrongOrder); ok {
		answer.Set("RequestId", cmp.Or(fault.Value, c.Letters("wrong", c.Next(), 20)))
	}
	return sandbox.JSON(http.StatusOK, answer)
}

// statusOf is the code of a payment, with the faults that hide it.
func statusOf(c *sandbox.Call, p *sandbox.Payment) string {
	if fault, ok := c.Fault(sandbox.FaultRefuse); ok {
		return fault.Value
	}
	if fault, ok := c.Fault(sandbox.FaultUnknownWord); ok {
		return cmp.Or(fault.Value, "777")
	}
	if p.Charges > 0 {
		for _, name := range []string{sandbox.FaultSlowTruth, FaultStatusLags} {
			if _, ok := c.Fault(name); ok {
				return c.Setting(switchPendingCode)
			}
		}
		if _, ok := c.Fault(FaultExpiredPaid); ok {
			return codeExpired
		}
		return codePaid
	}
	switch p.State {
	case sandbox.Failed, sandbox.Canceled:
		return fmt.Sprintf("%03d", p.Code)
	case sandbox.Expired:
		return codeExpired
	case sandbox.Open, sandbox.Paid, sandbox.Verified, sandbox.Returned, sandbox.Reversed, sandbox.Refunding,
		sandbox.Refunded:
	}
	return c.Setting(switchPendingCode)
}

// changedAt is when a payment last changed, as far as the provider tells.
func changedAt(p *sandbox.Payment) time.Time {
	switch {
	case p.Charges > 0:
		return p.PaidAt
	case p.State == sandbox.Expired:
		return p.ExpiresAt
	}
	return p.CreatedAt
}
