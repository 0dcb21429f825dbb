package shepa

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// tokenForm is what we let into an address; the provider publishes no form.
var tokenForm = regexp.MustCompile(`^[0-9A-Za-z_.-]{1,200}$`)

type tokenWire struct {
	API         string `json:"api"`
	Amount      int64  `json:"amount"`
	Callback    string `json:"callback"`
	Mobile      string `json:"mobile,omitempty"`
	Email       string `json:"email,omitempty"`
	Description string `json:"description"`
}

type verifyWire struct {
	API    string `json:"api"`
	Token  string `json:"token"`
	Amount int64  `json:"amount"`
}

type refundWire struct {
	API           string `json:"api"`
	Amount        int64  `json:"amount"`
	TransactionID any    `json:"transaction_id"`
}

// envelopeWire is the frame of every answer.
type envelopeWire struct {
	Success   *bool           `json:"success"`
	Result    json.RawMessage `json:"result"`
	Error     json.RawMessage `json:"error"` // a list of texts or one text
	Errors    json.RawMessage `json:"errors"`
	ErrorCode json.RawMessage `json:"errorCode"`
}

// opened is the result of token.
type opened struct {
	Token string `json:"token"`
	URL   string `json:"url"`
}

// paid is the result of verify.
type paid struct {
	TransactionID client.ID `json:"transaction_id"`
	Amount        *int64    `json:"amount"`
	CardPan       string    `json:"card_pan"`
}

// said is whether an answer is a success, and its words.
type said struct {
	success bool
	words   string
}

// tokenOf writes an attempt as token wants it.
func tokenOf(key gateway.Secret, a gateway.Attempt) tokenWire {
	w := tokenWire{
		API: key.Reveal(), Amount: a.Amount.Steps(), Callback: a.ReturnURL,
		Mobile: a.Payer.Mobile, Email: a.Payer.Email, Description: a.Description,
	}
	if strings.HasPrefix(w.Mobile, "09") {
		w.Mobile = w.Mobile[1:] // the provider's own sample leaves the 0 out
	}
	if w.Description == "" {
		w.Description = "Payment " + a.Reference // required in the test system
	}
	return w
}

// number writes an id as the number that verify gave, where it was one.
func number(id string) any {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil && strconv.FormatInt(n, 10) == id {
		return n
	}
	return id
}

// decode reads the result of a success.
func decode(result json.RawMessage, into any) error {
	if len(result) == 0 || json.Unmarshal(result, into) != nil {
		return &client.Lost{Sent: true, Why: "a success with a result of an unknown shape"}
	}
	return nil
}

// link is where the payer goes: the address in the answer only when it is on
// the host that we were told to trust.
func (g *Gateway) link(o opened) string {
	u, err := url.Parse(o.URL)
	if err == nil && u.Scheme == g.base.Scheme && u.Host == g.base.Host && u.User == nil {
		return o.URL
	}
	return g.base.String() + pathPage + o.Token
}
