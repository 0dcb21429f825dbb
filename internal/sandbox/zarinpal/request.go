package zarinpal

import (
	"encoding/json"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/sandbox"
)

// Limits in rial, characters and parts.
const (
	maxAmount      = 1_000_000_000
	maxDescription = 500
	maxShares      = 5
	minShare       = 10_000
	rialPerToman   = 10
)

// The life that expire_in and refresh may ask for. They are taken as minutes, which nobody confirms.
const (
	minLife = 30 * time.Minute
	maxLife = 45 * 24 * time.Hour
)

var (
	ibanForm     = regexp.MustCompile(`^IR[0-9]{24}$`)
	referrerForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
)

// request opens an authority.
func request(a *asked) (sandbox.Object, *refusal) {
	p, refused := draft(a)
	if refused != nil {
		return nil, refused
	}
	// The number is drawn before the authority is, so that equal seeds give equal authorities.
	number := a.Next()
	p.ID = "S" + a.Letters("authority", number, 35)
	kept := a.Create(*p)
	a.Subject = kept.ID
	code := 100
	if _, ok := a.Fault(sandbox.FaultUnknownWord); ok {
		code = 777
	}
	return sandbox.Object{
		{Name: "code", Value: code},
		{Name: "message", Value: "Success"},
		{Name: "authority", Value: kept.ID},
		{Name: "fee_type", Value: a.Setting(switchFeeType)},
		{Name: "fee", Value: a.Number(switchFee)},
	}, nil
}

// draft checks a request and makes the payment that it asks for.
func draft(a *asked) (*sandbox.Payment, *refusal) {
	amount, currency, refused := money(a)
	if refused != nil {
		return nil, refused
	}
	if refused := checkTexts(a); refused != nil {
		return nil, refused
	}
	if refused := checkWages(a, amount); refused != nil {
		return nil, refused
	}
	metadata := a.fields.Object("metadata")
	asked, _ := a.fields.Whole("amount")
	p := &sandbox.Payment{
		Merchant: a.id, Amount: amount, Asked: asked, Currency: currency,
		Callback: a.fields.Text("callback_url"), Description: a.fields.Text("description"),
		OrderID: metadata.Word("order_id"), Mobile: metadata.Word("mobile"), Cards: metadata.Texts("card_pan"),
		AutoVerify: a.Setting(switchAutoVerify) == "on",
	}
	if wanted, known := metadata.Flag("auto_verify"); known {
		p.AutoVerify = wanted
	}
	if !a.fields.Has("expire_in") {
		return p, nil
	}
	life, refused := lifetime(a, "expire_in")
	p.ExpiresAt = a.Now.Add(life)
	return p, refused
}

// money reads the amount as rial.
func money(a *asked) (int64, string, *refusal) {
	amount, ok := a.fields.Whole("amount")
	if !ok {
		return 0, "", invalid("amount", "The amount must be an integer.")
	}
	currency := "IRR"
	if a.fields.Has("currency") {
		currency = a.fields.Text("currency")
	}
	if amount > maxAmount {
		return 0, "", coded(-41)
	}
	switch currency {
	case "IRR":
	case "IRT":
		amount *= rialPerToman
	default:
		return 0, "", invalid("currency", "The selected currency is invalid.")
	}
	if amount < a.Number(switchMinAmount) {
		return 0, "", invalid("amount", "The amount must be at least "+a.Setting(switchMinAmount)+".")
	}
	if amount > maxAmount {
		return 0, "", coded(-41)
	}
	return amount, currency, nil
}

// checkTexts looks at description, callback and referrer.
func checkTexts(a *asked) *refusal {
	description, callback := a.fields.Text("description"), a.fields.Text("callback_url")
	switch {
	case description == "":
		return invalid("description", "The description field is required.")
	case utf8.RuneCountInString(description) > maxDescription:
		return invalid("description", "The description may not be greater than 500 characters.")
	case callback == "":
		return invalid("callback_url", "The callback url field is required.")
	case !sandbox.WebAddress(callback):
		return invalid("callback_url", "The callback url format is invalid.")
	case !sandbox.OnDomain(callback, a.merchant.Domain):
		return coded(-14)
	}
	referrer := a.fields["referrer_id"]
	if metadata := a.fields.Object("metadata"); metadata.Has("referrer_id") {
		referrer = metadata["referrer_id"]
	}
	var code string
	if len(referrer) > 0 && string(referrer) != "null" &&
		(json.Unmarshal(referrer, &code) != nil || !referrerForm.MatchString(code)) {
		return coded(429)
	}
	return nil
}

// checkWages looks at the split of the amount between receivers.
func checkWages(a *asked, amount int64) *refusal {
	shares, known := a.fields.List("wages")
	if !known {
		return invalid("wages", "The wages must be an array.")
	}
	if len(shares) > maxShares {
		return coded(-35)
	}
	var total int64
	for _, share := range shares {
		part, ok := share.Whole("amount")
		switch {
		case !ok || part < minShare:
			return coded(-36)
		case part > maxAmount:
			return coded(-34)
		case !ibanForm.MatchString(share.Text("iban")):
			return coded(-38)
		case a.merchant.Flag("inactive-iban:" + share.Text("iban")):
			return coded(-37)
		}
		total += part
	}
	if total*100 > amount*99 {
		return coded(-34)
	}
	if total > 0 && a.merchant.Flag("no-default-account") {
		return coded(-31)
	}
	return nil
}

// lifetime reads a length of life in minutes.
func lifetime(a *asked, field string) (time.Duration, *refusal) {
	minutes, ok := a.fields.Whole(field)
	if !ok || minutes <= 0 || minutes > int64(time.Duration(1<<62)/time.Minute) {
		return 0, coded(-40)
	}
	life := time.Duration(minutes) * time.Minute
	if life < minLife || life > maxLife {
		return 0, coded(-42)
	}
	return life, nil
}
