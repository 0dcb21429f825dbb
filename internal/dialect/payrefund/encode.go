package payrefund

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
)

// What is shown of a card.
const (
	hiddenDigits = "************"
	hiddenAll    = "****************"
	hiddenCVV    = "***"
)

// The members of a payment's bag.
const (
	bagName  = "name"
	bagMonth = "expiration_month"
	bagYear  = "expiration_year"
)

// paymentBody is a payment, its keys in the order of the copied API.
type paymentBody struct {
	ID            string      `json:"payment_id"`
	Amount        json.Number `json:"amount"`
	Method        string      `json:"payment_method"`
	Status        string      `json:"status"`
	SettledAt     *string     `json:"settled_at"`
	SettledAmount *figure     `json:"settled_amount"`
	Params        any         `json:"additional_params,omitempty"` // nil in lists
}

// figure is an amount as a JSON number.
type figure = json.Number

// cardParams are the additional_params of credit_card.
type cardParams struct {
	Payment string `json:"payment"`
	Amount  figure `json:"amount"`
	Method  string `json:"method"`
	Number  string `json:"number"`
	Name    string `json:"name"`
	Month   string `json:"expiration_month"`
	Year    string `json:"expiration_year"`
	CVV     string `json:"cvv"`
}

// phoneParams are the additional_params of mbway.
type phoneParams struct {
	Payment string `json:"payment"`
	Amount  figure `json:"amount"`
	Method  string `json:"method"`
	Phone   string `json:"phone_number"`
}

// refundBody is a refund.
type refundBody struct {
	ID      string `json:"refund_id"`
	Payment string `json:"payment_id"`
	Amount  figure `json:"amount"`
}

// decimal is an amount with at least one decimal place: 50.0, 12.34.
func decimal(a money.Amount) figure {
	text := a.Text()
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return figure(text)
}

// cut is an amount without its decimal places.
func cut(a money.Amount) figure {
	whole, _, _ := strings.Cut(a.Text(), ".")
	return figure(whole)
}

// timeText writes a time in UTC with milliseconds.
func (s *desk) timeText(t time.Time) string {
	text := t.UTC().Format("2006-01-02T15:04:05.000")
	if s.Zone {
		text += "Z"
	}
	return text
}

// statusWord is how a payment stands, in the words of this API.
func statusWord(p payment.Payment) string {
	switch p.Standing() {
	case payment.Undecided:
		return "pending"
	case payment.Good:
		return "success"
	case payment.Recorded:
		return "settled"
	case payment.Bad:
		return "error"
	}
	return "error"
}

func methodWord(m payment.Method) string {
	if m == payment.MBWay {
		return wordMBWay
	}
	return wordCard
}

// listed is a payment as lists show it.
func (s *desk) listed(p payment.Payment) paymentBody {
	body := paymentBody{
		ID: p.ID, Amount: decimal(p.Agreed()), Method: methodWord(p.Attempt.Method), Status: statusWord(p),
	}
	if p.Record.Recorded() {
		at, sum := s.timeText(p.Record.At), decimal(p.Record.Amount)
		body.SettledAt, body.SettledAmount = &at, &sum
	}
	return body
}

// shown is a payment with all that is known of it.
func (s *desk) shown(p payment.Payment) paymentBody {
	body := s.listed(p)
	if p.Attempt.Method == payment.MBWay {
		body.Params = phoneParams{Payment: p.ID, Amount: cut(p.Agreed()), Method: wordMBWay, Phone: p.Payer.Mobile}
		return body
	}
	body.Params = cardParams{
		Payment: p.ID, Amount: cut(p.Agreed()), Method: wordCard, Number: shownNumber(p), Name: p.Bag[bagName],
		Month: p.Bag[bagMonth], Year: p.Bag[bagYear], CVV: hiddenCVV,
	}
	return body
}

// shownNumber is the mask of a payment's card.
func shownNumber(p payment.Payment) string {
	if last := keptDigits(p); last != "" {
		return hiddenDigits + last
	}
	return hiddenAll
}

// keptDigits are the last four digits of a payment's card; empty where it had none.
func keptDigits(p payment.Payment) string {
	if len(p.Card) < fewestDigits {
		return ""
	}
	return p.Card[len(p.Card)-4:]
}

func encodeRefund(b refund.Refund) refundBody {
	return refundBody{ID: b.ID, Payment: b.Payment, Amount: decimal(b.Amount)}
}

// linkOf is the header that tells where the payer must go before a payment is
// decided; there is no member for it.
func linkOf(p payment.Payment) http.Header {
	header := http.Header{}
	if p.Standing() != payment.Undecided || strings.ContainsAny(p.Attempt.Link, "<>\"\r\n") {
		return header
	}
	if u, err := url.Parse(p.Attempt.Link); err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
		header.Set("Link", "<"+p.Attempt.Link+`>; rel="payment"`)
	}
	return header
}
