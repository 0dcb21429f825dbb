package bkash

import (
	"cmp"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// The forms of the provider's ids.
var (
	sessionForm = regexp.MustCompile(`^TR[0-9A-Za-z]{6,62}$`)
	trxForm     = regexp.MustCompile(`^[0-9A-Za-z]{6,32}$`)
)

const (
	mostText   = 255
	notInTexts = "<>&"
)

type tokenWire struct {
	AppKey       string `json:"app_key"`
	AppSecret    string `json:"app_secret"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

type createWire struct {
	Mode           string `json:"mode"`
	PayerReference string `json:"payerReference"`
	CallbackURL    string `json:"callbackURL"`
	Amount         string `json:"amount"`
	Currency       string `json:"currency"`
	Intent         string `json:"intent"`
	Invoice        string `json:"merchantInvoiceNumber"`
}

type paymentWire struct {
	PaymentID string `json:"paymentID"`
}

// said is what every answer may say, in its three shapes.
type said struct {
	StatusCode    client.ID `json:"statusCode"`
	StatusMessage string    `json:"statusMessage"`
	ErrorCode     client.ID `json:"errorCode"`
	ErrorMessage  string    `json:"errorMessage"`
	Message       string    `json:"message"` // of the guard in front
}

// code is the code of either shape. A failure's shape wins.
func (s said) code() string { return cmp.Or(string(s.ErrorCode), string(s.StatusCode)) }

// words are the provider's.
func (s said) words() string { return cmp.Or(s.ErrorMessage, s.StatusMessage, s.Message) }

// guarded says that the provider's guard turned the call away.
func (s said) guarded(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		return s.Message != ""
	}
	return false
}

// tokenAnswer is the answer of grant and refresh.
type tokenAnswer struct {
	said
	IDToken      string    `json:"id_token"`
	ExpiresIn    client.ID `json:"expires_in"` // seconds, as a number or text
	RefreshToken string    `json:"refresh_token"`
}

// life is how long the token lives: an hour where nothing is said.
func (t tokenAnswer) life() time.Duration {
	seconds, err := strconv.ParseInt(string(t.ExpiresIn), 10, 32)
	if err != nil || seconds <= 0 {
		return time.Hour
	}
	return time.Duration(seconds) * time.Second
}

// created is the answer of create.
type created struct {
	said
	PaymentID string         `json:"paymentID"`
	BkashURL  string         `json:"bkashURL"`
	Amount    client.Decimal `json:"amount"`
	Currency  string         `json:"currency"`
	Invoice   string         `json:"merchantInvoiceNumber"`
}

// report is the answer of execute and of status.
type report struct {
	said
	PaymentID   string         `json:"paymentID"`
	TrxID       string         `json:"trxID"`
	Transaction string         `json:"transactionStatus"`
	Verified    string         `json:"userVerificationStatus"`
	Amount      client.Decimal `json:"amount"`
	Currency    string         `json:"currency"`
	Invoice     string         `json:"merchantInvoiceNumber"`
}

// createOf writes an attempt as create wants it.
func createOf(a gateway.Attempt) createWire {
	payer := a.Payer.Mobile
	if payer == "" || !fits(payer) {
		payer = a.Reference
	}
	return createWire{
		Mode: "0011", PayerReference: payer, CallbackURL: a.ReturnURL, Amount: a.Amount.Fixed(), Currency: "BDT",
		Intent: "sale", Invoice: a.Reference,
	}
}

// fits says that a text can be an invoice number or a payer's reference.
func fits(text string) bool {
	return text != "" && len(text) <= mostText && !strings.ContainsAny(text, notInTexts)
}
