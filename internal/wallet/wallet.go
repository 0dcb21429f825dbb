// Package wallet is the customers of a merchant, the accounts they own, and
// what they do with the money there: transfers and exchanges.
//
// An account is known by its number. House is the merchant's own; the
// customers' follow it.
package wallet

import (
	"strings"
	"time"

	"github.com/purserhq/purser/internal/fault"
)

// House is the number of the merchant's own account.
const House int64 = 10_000

// Customer is a payer whom a merchant keeps on record and who can own money.
type Customer struct {
	Merchant   string
	Number     int64 // of the account, from 10001
	Version    int64 // the version that was read; 0 = not stored yet
	State      State
	FirstName  string
	LastName   string
	Email      string // lower case, unique for the merchant; empty = none
	NationalID string
	PIN        string // hashed, and sealed as a rule; empty = nobody can pay from this wallet on a page
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Usable is nil when the customer may move money. Money may always come in.
// Error: account_closed.
func (c Customer) Usable() error {
	if c.State != Active {
		return fault.New(fault.CodeAccountClosed, "account", "")
	}
	return nil
}

// longest bounds the texts of a customer, in bytes.
const longest = 200

// Check is nil when the customer's data can be kept. Errors: parameter_invalid.
func (c Customer) Check() error {
	for _, text := range []struct{ param, value string }{
		{"first_name", c.FirstName}, {"last_name", c.LastName}, {"national_id", c.NationalID}, {"email", c.Email},
	} {
		if len(text.value) > longest {
			return fault.New(fault.CodeParameterInvalid, text.param, "It is too long.")
		}
	}
	return CheckEmail(c.Email)
}

// CheckEmail is nil for an address that an account can have; empty is none.
// Error: parameter_invalid.
func CheckEmail(email string) error {
	if email == "" {
		return nil
	}
	name, domain, ok := strings.Cut(email, "@")
	if !ok || name == "" || !strings.Contains(domain, ".") || strings.ContainsAny(email, " \t\r\n<>,;") ||
		strings.Contains(domain, "@") {
		return fault.New(fault.CodeParameterInvalid, "email", "It is not an e-mail address.")
	}
	return nil
}

// FoldEmail is the form in which addresses are compared and kept.
func FoldEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }
