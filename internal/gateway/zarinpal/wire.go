package zarinpal

import (
	"bytes"
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// The forms of the provider's ids; case matters.
var (
	merchantForm  = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	authorityForm = regexp.MustCompile(`^[AS][0-9A-Za-z]{35}$`)
)

// testAuthority begins every authority of the provider's test system.
const testAuthority = 'S'

// Limits of what is sent and read.
const (
	maxDescription = 500 // characters
	refundPage     = 100 // refunds in one list
)

type requestWire struct {
	MerchantID  string       `json:"merchant_id"`
	Amount      int64        `json:"amount"`
	Currency    string       `json:"currency"`
	CallbackURL string       `json:"callback_url"`
	Description string       `json:"description"`
	Metadata    metadataWire `json:"metadata"`
}

type metadataWire struct {
	Mobile  string `json:"mobile,omitempty"`
	Email   string `json:"email,omitempty"`
	OrderID string `json:"order_id"`
	// AutoVerify false keeps the capture ours, whatever the panel is set to: money for an order that is closed by then
	// is left to go back.
	AutoVerify bool `json:"auto_verify"`
}

type verifyWire struct {
	MerchantID string `json:"merchant_id"`
	Amount     int64  `json:"amount"`
	Authority  string `json:"authority"`
}

type authorityWire struct {
	MerchantID string `json:"merchant_id"`
	Authority  string `json:"authority"`
}

type sessionVariables struct {
	TerminalID  string `json:"terminal_id,omitempty"`
	ReferenceID string `json:"reference_id"`
}

type refundVariables struct {
	SessionID   string `json:"session_id"`
	Amount      int64  `json:"amount"`
	Description string `json:"description"`
	Method      string `json:"method"`
	Reason      string `json:"reason"`
}

type refundIDVariables struct {
	ID string `json:"id"`
}

type refundsVariables struct {
	TerminalID string `json:"terminal_id,omitempty"`
	Limit      int    `json:"limit"`
	Offset     int    `json:"offset"`
}

// opened is the answer of request.
type opened struct {
	Code      int    `json:"code"`
	Authority string `json:"authority"`
}

// verified is the answer of verify.
type verified struct {
	Code    int       `json:"code"`
	RefID   client.ID `json:"ref_id"`
	CardPan string    `json:"card_pan"`
	FeeType string    `json:"fee_type"`
	Fee     *int64    `json:"fee"`
	OrderID client.ID `json:"order_id"` // not always there
}

// unverified is the answer of the sweep's question.
type unverified struct {
	Code        client.ID `json:"code"`
	Authorities []struct {
		Authority string    `json:"authority"`
		Amount    client.ID `json:"amount"`
	} `json:"authorities"`
}

// resource is the answer of AddRefund.
type resource struct {
	ID       client.ID `json:"id"`
	Amount   int64     `json:"amount"`
	Timeline struct {
		Status string `json:"refund_status"`
	} `json:"timeline"`
}

// refundWire is a refund in the panel's list.
type refundWire struct {
	ID          client.ID `json:"id"`
	Amount      int64     `json:"amount"`
	Status      string    `json:"status"`
	Description string    `json:"description"`
}

// said is the code of an answer with its words.
type said struct {
	code    int
	message string
}

// graphSaid is a GraphQL refusal; no message means that there was none.
type graphSaid struct {
	message string
	barred  bool // the token is not accepted
}

// requestOf writes an attempt as request wants it.
func requestOf(merchant gateway.Secret, a gateway.Attempt) requestWire {
	return requestWire{
		MerchantID: merchant.Reveal(), Amount: a.Amount.Steps(), Currency: "IRR", CallbackURL: a.ReturnURL,
		Description: client.Cut(cmp.Or(a.Description, "Payment "+a.Reference), maxDescription),
		Metadata:    metadataWire{Mobile: a.Payer.Mobile, Email: a.Payer.Email, OrderID: a.Reference},
	}
}

// descriptionOf marks a refund as ours in the panel.
func descriptionOf(r gateway.Return) string { return "refund " + r.Refund }

// read decodes a REST answer. Both of its members change their type: data is
// an empty list beside errors, and errors an empty list beside data. code is
// the member of data that holds the code.
func read(answer client.Answer, data any, code *int) (said, error) {
	var envelope struct {
		Data   json.RawMessage `json:"data"`
		Errors json.RawMessage `json:"errors"`
	}
	if err := answer.Decode(&envelope); err != nil {
		return said{}, err
	}
	full := !blank(envelope.Data)
	if blank(envelope.Errors) {
		if !full || json.Unmarshal(envelope.Data, data) != nil {
			return said{}, answer.Strange()
		}
		return said{code: *code}, nil
	}
	refusal, ok := refusalOf(envelope.Errors)
	if full || !ok {
		return said{}, answer.Strange()
	}
	return refusal, nil
}

// blank says that a member is missing or empty, whichever its type.
func blank(raw json.RawMessage) bool {
	switch string(bytes.Join(bytes.Fields(raw), nil)) {
	case "", "null", "[]", "{}":
		return true
	}
	return false
}

// refusalOf reads the three shapes of errors: an object with a code, a list of
// such objects, and lists of text that hold a code among the words.
func refusalOf(raw json.RawMessage) (said, bool) {
	type one struct {
		Code    *int   `json:"code"`
		Message string `json:"message"`
	}
	var single one
	if json.Unmarshal(raw, &single) == nil && single.Code != nil {
		return said{code: *single.Code, message: single.Message}, true
	}
	var list []one
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 && list[0].Code != nil {
		return said{code: *list[0].Code, message: list[0].Message}, true
	}
	var nested map[string][]string
	if json.Unmarshal(raw, &nested) != nil {
		return said{}, false
	}
	for _, texts := range nested {
		for i, text := range texts {
			if code, err := strconv.Atoi(text); err == nil && code < 0 {
				return said{code: code, message: firstOf(slices.Delete(texts, i, i+1))}, true
			}
		}
	}
	return said{}, false
}

func firstOf(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}

// readGraph decodes a GraphQL answer: errors are a list here.
func readGraph(answer client.Answer, data any) (graphSaid, error) {
	var envelope struct {
		Data   json.RawMessage `json:"data"`
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	if err := answer.Decode(&envelope); err != nil {
		return graphSaid{}, err
	}
	if len(envelope.Errors) > 0 {
		message := envelope.Errors[0].Message
		if message == "" || message == "Internal server error" || !empty(envelope.Data) {
			return graphSaid{}, answer.Strange() // it does not say that nothing was done
		}
		return graphSaid{message: message}, nil
	}
	if blank(envelope.Data) || json.Unmarshal(envelope.Data, data) != nil {
		return graphSaid{}, answer.Strange()
	}
	return graphSaid{}, nil
}

// empty says that no member of data has a value.
func empty(raw json.RawMessage) bool {
	var members map[string]json.RawMessage
	if blank(raw) {
		return true
	}
	if json.Unmarshal(raw, &members) != nil {
		return false
	}
	for _, member := range members {
		if !blank(member) {
			return false
		}
	}
	return true
}
