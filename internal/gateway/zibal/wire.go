package zibal

import (
	"encoding/json"
	"regexp"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// trackForm is the form of a trackId, which goes back as a JSON number.
var trackForm = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)

type requestWire struct {
	Merchant    string `json:"merchant"`
	Amount      int64  `json:"amount"`
	CallbackURL string `json:"callbackUrl"`
	Description string `json:"description,omitempty"`
	OrderID     string `json:"orderId"`
	Mobile      string `json:"mobile,omitempty"`
}

type trackWire struct {
	Merchant string      `json:"merchant"`
	TrackID  json.Number `json:"trackId"`
}

type refundWire struct {
	TrackID     json.Number `json:"trackId"`
	AccountID   string      `json:"accountId"`
	Amount      int64       `json:"amount"`
	TryReverse  bool        `json:"tryReverse"`
	Description string      `json:"description"`
}

// saidWire is the frame of every answer.
type saidWire struct {
	Result  int    `json:"result"`
	Message string `json:"message"`
}

// opened is the answer of request.
type opened struct {
	saidWire
	TrackID client.ID `json:"trackId"`
}

// reportWire is the answer of verify and of inquiry. Result 100 of inquiry
// only says that there is a report; Status says what it is.
type reportWire struct {
	saidWire
	Status     *int      `json:"status"`
	Amount     *int64    `json:"amount"`
	RefNumber  client.ID `json:"refNumber"`
	CardNumber string    `json:"cardNumber"`
	OrderID    client.ID `json:"orderId"`
}

// refundAnswer is the answer of refund.
type refundAnswer struct {
	saidWire
	Data *struct {
		Reversed *bool `json:"reversed"`
		Split    []struct {
			RefundID client.ID `json:"refundId"`
		} `json:"split"`
	} `json:"data"`
}

// refundList is the answer of the refund inquiry.
type refundList struct {
	saidWire
	Data []struct {
		RefundID client.ID `json:"refundId"`
		Amount   int64     `json:"amount"`
		Status   int       `json:"status"`
	} `json:"data"`
}

// requestOf writes an attempt as request wants it. The member feeMode is left
// out: the contract's own setting is right.
func requestOf(merchant gateway.Secret, a gateway.Attempt) requestWire {
	return requestWire{
		Merchant: merchant.Reveal(), Amount: a.Amount.Steps(), CallbackURL: a.ReturnURL,
		Description: a.Description, OrderID: a.Reference, Mobile: a.Payer.Mobile,
	}
}

// number writes an id as a JSON number where it is one.
func number(id string) any {
	if trackForm.MatchString(id) {
		return json.Number(id)
	}
	return id
}
