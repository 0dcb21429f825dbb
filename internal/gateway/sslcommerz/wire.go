package sslcommerz

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
)

// longestName is how long the provider's short fields may be.
const longestName = 30

var (
	sessionForm = regexp.MustCompile(`^[0-9A-Za-z_-]{1,30}$`)
	validForm   = regexp.MustCompile(`^[0-9A-Za-z]{1,50}$`)
	receiptForm = regexp.MustCompile(`^[0-9A-Za-z._-]{1,80}$`)
)

// text is a member that comes as text, as a number or as null. A number keeps
// its digits: it never passes through a float.
type text string

// UnmarshalJSON reads the three and refuses everything else.
func (x *text) UnmarshalJSON(raw []byte) error {
	const longest = 4096
	var word string
	switch {
	case string(raw) == "null":
	case len(raw) > longest:
		return errors.New("a text that is too long")
	case strings.HasPrefix(string(raw), `"`):
		if err := json.Unmarshal(raw, &word); err != nil {
			return err
		}
	case strings.Trim(string(raw), "-.0123456789") == "":
		word = string(raw)
	default:
		return errors.New("neither text nor a plain number")
	}
	*x = text(word)
	return nil
}

// opened is the answer of a start.
type opened struct {
	Status  text `json:"status"`
	Reason  text `json:"failedreason"`
	Session text `json:"sessionkey"`
	Page    text `json:"GatewayPageURL"`
}

// try is one try to pay, as the query and validation describe it.
type try struct {
	Status   text `json:"status"`
	Tran     text `json:"tran_id"`
	Val      text `json:"val_id"`
	Bank     text `json:"bank_tran_id"`
	Amount   text `json:"amount"`
	Kept     text `json:"store_amount"`
	Currency text `json:"currency"`
	Asked    text `json:"currency_type"`
	AskedSum text `json:"currency_amount"`
	Store    text `json:"store_id"`
	Date     text `json:"tran_date"`
	CardType text `json:"card_type"`
	CardNo   text `json:"card_no"`
	Risk     text `json:"risk_level"`
	Error    text `json:"error"`
}

// validated is the answer of validation.
type validated struct {
	Connect text `json:"APIConnect"`
	try
}

// tries is the answer of a query by our id.
type tries struct {
	Connect text  `json:"APIConnect"`
	Found   text  `json:"no_of_trans_found"`
	List    []try `json:"element"`
}

// givenBack is the answer about a refund.
type givenBack struct {
	Connect text `json:"APIConnect"`
	Bank    text `json:"bank_tran_id"`
	ID      text `json:"refund_ref_id"`
	Status  text `json:"status"`
	Reason  text `json:"errorReason"`
}

// usual is what is sent when the payer's own data are not known; the provider
// wants them all.
type usual struct {
	name, email, phone, address, city, postcode string
	category, profile                           string
}

func usualOf(t *gateway.Terms) usual {
	return usual{
		name: t.Text("payer_name", "Customer"), email: t.Text("payer_email", "customer@example.com"),
		phone: t.Text("payer_phone", "00000000000"), address: t.Text("payer_address", "Dhaka"),
		city: t.Text("payer_city", "Dhaka"), postcode: t.Text("payer_postcode", "1000"),
		category: t.Text("category", "general"), profile: t.Word("profile", "general", "non-physical-goods"),
	}
}

// formOf is the body of a start.
func (g *Gateway) formOf(a gateway.Attempt) string {
	form := url.Values{}
	for name, value := range map[string]string{
		"store_id": g.store, "store_passwd": g.password.Reveal(),
		"total_amount": a.Amount.Fixed(), "currency": "BDT", "tran_id": a.Short,
		"success_url": a.ReturnURL, "fail_url": a.ReturnURL, "cancel_url": a.ReturnURL, "ipn_url": a.NotifyURL,
		"multi_card_name": g.filters[a.Method], "shipping_method": "NO", "num_of_item": "1",
		"cus_name": clip(a.Payer.Name, g.usual.name, 50), "cus_email": clip(a.Payer.Email, g.usual.email, 50),
		"cus_phone": clip(a.Payer.Mobile, g.usual.phone, 20), "cus_add1": clip(g.usual.address, "", 50),
		"cus_city": clip(g.usual.city, "", 50), "cus_postcode": clip(g.usual.postcode, "", longestName),
		"cus_country": "Bangladesh", "product_name": clip(a.Description, "Payment", 255),
		"product_category": clip(g.usual.category, "", 50), "product_profile": g.usual.profile,
		"value_a": clip(a.Reference, "", 255),
	} {
		if value != "" {
			form.Set(name, value)
		}
	}
	return form.Encode()
}

// clip is a text, or the usual one when it is empty, in at most so many bytes.
func clip(given, usual string, most int) string {
	given = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(given, ""))
	if given = strings.TrimSpace(given); given == "" {
		given = usual
	}
	for len(given) > most {
		_, size := utf8.DecodeLastRuneInString(given)
		given = given[:len(given)-size]
	}
	return given
}

// refundID is our id of a refund in a field of thirty characters.
func refundID(id string) string {
	if len(id) <= longestName {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:])[:longestName]
}

// taka is the amount that a member holds; not valid when it is none.
func (x text) taka() money.Amount { return client.Decimal(x).In(money.BDT) }
