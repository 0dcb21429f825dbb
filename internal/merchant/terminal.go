package merchant

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/money"
)

// FirstTerminal is the number of a merchant's first terminal.
const FirstTerminal int64 = 1001

// Terminal is one place where a merchant asks for money: a shop, a till, an
// app. Invoice numbers are unique in it.
type Terminal struct {
	Merchant string
	Number   int64 // from 1001
	Version  int64 // the version that was read; 0 = not stored yet
	Name     string
	Origins  []string      // where payers may be sent back to, such as "https://shop.example"; empty = anywhere
	Form     string        // how its notices are written; empty = the usual way of the API
	Endpoint string        // the id of the endpoint whose secrets sign its notices
	VerifyIn time.Duration // how long the merchant may take to verify a payment
	PayIn    time.Duration // how long an invoice may be paid; 0 = for ever
	RefundIn time.Duration // how long after the payment the merchant may refund; 0 = for ever
	DealFee  money.Rate    // of a hundred, of what a payer sends to somebody; not valid = none
	DealIn   time.Duration // how long a payer may take to send it; 0 = the usual time
	Disabled bool          // no new invoices
	// HoldUnusual says that an invoice whose amount is far from what is usually paid
	// here waits until the merchant has confirmed it.
	HoldUnusual bool

	CreatedAt time.Time
	UpdatedAt time.Time
}

// UsualVerifyIn is how long a merchant may take unless told otherwise.
const UsualVerifyIn = 30 * time.Minute

// Allows says whether a payer may be sent back to an address.
func (t Terminal) Allows(address *url.URL) bool {
	return len(t.Origins) == 0 || slices.Contains(t.Origins, Origin(address))
}

// Origin is scheme, host and port of an address, in lower case and without a
// port that the scheme implies.
func Origin(address *url.URL) string {
	scheme, host, port := strings.ToLower(address.Scheme), strings.ToLower(address.Hostname()), address.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	implied := map[string]string{"http": "80", "https": "443"}
	if port != "" && port != implied[scheme] {
		host += ":" + port
	}
	return scheme + "://" + host
}
