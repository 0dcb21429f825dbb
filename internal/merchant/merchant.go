// Package merchant is who is paid and owns keys: merchants, their keys and
// the gateways they have contracts with.
package merchant

import (
	"slices"
	"time"

	"github.com/purserhq/purser/internal/money"
)

// Merchant is one business that collects money through Purser.
type Merchant struct {
	ID         string // 8 characters
	Version    int64  // the version that was read; 0 = not stored yet
	Name       string
	SplitLimit money.Amount // a request above it is split; not valid = never split
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Scope is one thing that a key may do.
type Scope string

// The scopes of keys.
const (
	Payments Scope = "payments" // create and read invoices, payments and refunds
	Admin    Scope = "admin"    // everything of one merchant
)

// Key is a merchant's credential. Its secret is shown once and stored hashed.
type Key struct {
	ID        string
	Merchant  string
	Version   int64  // the version that was read; 0 = not stored yet
	Hash      string // hex of SHA-256 over the secret, which carries 256 random bits
	Hint      string // the last four characters, so that a person can tell keys apart
	Label     string
	Scopes    []Scope
	RevokedAt time.Time // zero = valid
	CreatedAt time.Time
	UpdatedAt time.Time
}

// May says whether the key is valid and has the scope; admin has every scope.
func (k Key) May(s Scope) bool {
	return k.RevokedAt.IsZero() && (slices.Contains(k.Scopes, s) || slices.Contains(k.Scopes, Admin))
}

// Gateway is one contract of a merchant with a payment provider.
type Gateway struct {
	Merchant  string
	Name      string // unique for the merchant, such as the provider's own name
	Version   int64  // the version that was read; 0 = not stored yet
	Connector string // which connector speaks to it
	Order     int    // routing tries the lowest first
	Enabled   bool
	Settings  map[string]string // not secret: addresses, switches
	Sealed    []byte            // the credentials, encrypted; opened only to build the connector
	CreatedAt time.Time
	UpdatedAt time.Time
}
