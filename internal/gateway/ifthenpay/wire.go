package ifthenpay

import (
	"encoding/json"
	"regexp"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// The forms of what goes to the provider and comes from it. An orderId has no
// plus: it could come back as a blank.
var (
	orderForm   = regexp.MustCompile(`^[A-Za-z0-9-]{1,15}$`)
	requestForm = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	numberForm  = regexp.MustCompile(`9[0-9]{2}[ .-]?[0-9]{3}[ .-]?[0-9]{3}`) // inside of foreign words
	mobileForm  = regexp.MustCompile(`^(?:\+351|00351|351#)?(9[0-9]{8})$`)
)

// The longest texts that every source allows.
const (
	longEmail       = 100
	longDescription = 70
)

type pushWire struct {
	Key         string `json:"mbWayKey"`
	OrderID     string `json:"orderId"`
	Amount      string `json:"amount"`
	Number      string `json:"mobileNumber"`
	Email       string `json:"email,omitempty"`
	Description string `json:"description,omitempty"`
}

// pushed is the answer of a start.
type pushed struct {
	Amount    client.Decimal `json:"Amount"`
	Message   string         `json:"Message"`
	OrderID   client.ID      `json:"OrderId"`
	RequestID client.ID      `json:"RequestId"`
	Status    client.ID      `json:"Status"`
}

// statusWire is the answer of a status: it names no amount and no order.
type statusWire struct {
	Message   string    `json:"Message"`
	RequestID client.ID `json:"RequestId"`
	Status    client.ID `json:"Status"`
}

type refundWire struct {
	Key       string `json:"backofficekey"`
	RequestID string `json:"requestId"`
	Amount    string `json:"amount"`
}

// refundAnswer is the answer of a refund.
type refundAnswer struct {
	Code    json.Number `json:"Code"`
	Message string      `json:"Message"`
}

// phoneNumber writes a payer's number as the provider wants it; ok is false for
// what is not a Portuguese mobile number.
func phoneNumber(mobile string) (number string, ok bool) {
	found := mobileForm.FindStringSubmatch(mobile)
	if found == nil {
		return "", false
	}
	return "351#" + found[1], true
}

// pushOf writes an attempt as start wants it.
func pushOf(key gateway.Secret, a gateway.Attempt, number string) pushWire {
	push := pushWire{
		Key: key.Reveal(), OrderID: a.Short, Amount: a.Amount.Fixed(), Number: number,
		Description: client.Cut(a.Description, longDescription),
	}
	if len([]rune(a.Payer.Email)) <= longEmail {
		push.Email = a.Payer.Email // half an address is none
	}
	return push
}
