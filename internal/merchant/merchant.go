// Package merchant is who is paid and owns keys: merchants, their keys and
// the gateways they have contracts with.
package merchant

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/money"
)

// Merchant is one business that collects money through Purser.
type Merchant struct {
	ID         string // 8 characters
	Version    int64  // the version that was read; 0 = not stored yet
	Name       string
	Email      string       // of the merchant's own account in its wallet; empty = none
	SplitLimit money.Amount // a request above it is split; not valid = never split
	Rails      []Rail       // the ways on which coins go out
	// PayoutLimits are the amounts above which two people have to approve a payout,
	// at most one for each unit; a unit without one needs only one person.
	PayoutLimits []money.Amount
	HoldUnusual  bool // as of a terminal, for what is asked for at none
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Rail is one network on which a merchant sends coins out.
type Rail struct {
	Unit     money.Unit
	Network  string       // such as "TRX"
	Min      money.Amount // the smallest payout, fee included
	Fee      money.Amount // taken out of the amount
	Decimals int          // places that the network knows
	Active   bool
}

// Rail finds a rail of the merchant.
func (m Merchant) Rail(u money.Unit, network string) (Rail, bool) {
	for _, r := range m.Rails {
		if r.Unit == u && r.Network == network {
			return r, true
		}
	}
	return Rail{}, false
}

// Scope is one thing that a key may do.
type Scope string

// The scopes of keys.
const (
	Payments Scope = "payments" // create and read invoices, payments and refunds
	Admin    Scope = "admin"    // everything of one merchant but what an operator decides
	// Operator is what whoever runs the server decides about a merchant's payouts,
	// traders and deals. No other scope has it within: a merchant that could confirm
	// its own payments would take the coins of traders.
	Operator Scope = "operator"
)

// The scopes of one resource each. Who may write it may also read it.
const (
	InvoicesRead   Scope = "invoices:read"
	InvoicesWrite  Scope = "invoices:write"
	PaymentsRead   Scope = "payments:read"
	PaymentsWrite  Scope = "payments:write"
	RefundsRead    Scope = "refunds:read"
	RefundsWrite   Scope = "refunds:write"
	CustomersRead  Scope = "customers:read"
	CustomersWrite Scope = "customers:write"
	TransfersRead  Scope = "transfers:read"
	TransfersWrite Scope = "transfers:write"
	LedgerRead     Scope = "ledger:read" // accounts, balances and entries
	EventsRead     Scope = "events:read"
	EndpointsRead  Scope = "endpoints:read" // endpoints and deliveries
	EndpointsWrite Scope = "endpoints:write"
	PayoutsRead    Scope = "payouts:read"
	PayoutsWrite   Scope = "payouts:write"
	DealsRead      Scope = "deals:read" // attachments too
	DealsWrite     Scope = "deals:write"
	GatewaysRead   Scope = "gateways:read"
	TerminalsRead  Scope = "terminals:read"
	TerminalsWrite Scope = "terminals:write"
	KeysRead       Scope = "keys:read"
	KeysWrite      Scope = "keys:write" // gives away no more than its own key has
	MerchantRead   Scope = "merchant:read"
	MerchantWrite  Scope = "merchant:write"
	RatesRead      Scope = "rates:read"
	ExchangesRead  Scope = "exchanges:read" // quotes too
	ExchangesWrite Scope = "exchanges:write"

	SettlementsRead Scope = "settlements:read"
)

// Scopes are all that a secret key can be given.
var Scopes = []Scope{
	Payments, Admin, Operator, InvoicesRead, InvoicesWrite, PaymentsRead, PaymentsWrite, RefundsRead, RefundsWrite,
	CustomersRead, CustomersWrite, TransfersRead, TransfersWrite, LedgerRead, EventsRead,
	EndpointsRead, EndpointsWrite, GatewaysRead, TerminalsRead, TerminalsWrite, KeysRead, KeysWrite,
	MerchantRead, MerchantWrite, RatesRead, ExchangesRead, ExchangesWrite,
	PayoutsRead, PayoutsWrite, DealsRead, DealsWrite, SettlementsRead,
}

// within are the scopes that are part of Payments.
var within = []Scope{InvoicesRead, InvoicesWrite, PaymentsRead, PaymentsWrite, RefundsRead, RefundsWrite}

// covers says whether a scope is as good as another, or better.
func (s Scope) covers(other Scope) bool {
	resource, reads := strings.CutSuffix(string(other), ":read")
	return s == other || s == Admin && other != Operator || s == Payments && slices.Contains(within, other) ||
		reads && string(s) == resource+":write"
}

// Key is a merchant's credential: a secret, which is shown once and stored
// hashed; a signing key, whose public part is sent with every call and whose
// secret signs it; or an issuer of tokens, whose name every token carries and
// whose secret, or one of whose own keys, has signed it. None of them is good as
// another.
type Key struct {
	ID        string
	Merchant  string
	Version   int64  // the version that was read; 0 = not stored yet
	Hash      string // hex of SHA-256 over the secret, the public part of a signing key or the name of an issuer
	Hint      string // the last four characters, so that a person can tell keys apart
	Label     string
	Scopes    []Scope
	Sealed    []byte         // of a signing key or an issuer: the secret, encrypted; empty = it has none
	Account   int64          // of a signing key: the number of the account that it acts for
	Methods   []string       // of a signing key: the calls that it may make, in the words of their API; empty = all
	Networks  []netip.Prefix // where a signing key may be used from; empty = anywhere
	Issuer    string         // of an issuer: its name, as its tokens carry it; empty = this is none
	Audience  string         // of an issuer: whom its tokens must be for; empty = anybody
	KeySet    string         // of an issuer: where its public keys are; empty = its secret signs
	ExpiresAt time.Time      // of a secret: no good from then on; zero = never
	RevokedAt time.Time      // zero = valid
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Signs says that the key is one that signs calls, and no good otherwise.
func (k Key) Signs() bool { return len(k.Sealed) > 0 && !k.Issues() }

// Issues says that the key is an issuer of tokens, and no good otherwise.
func (k Key) Issues() bool { return k.Issuer != "" }

// Calls says whether a signing key is valid and may make the call.
func (k Key) Calls(method string) bool {
	return k.RevokedAt.IsZero() && k.Signs() && (len(k.Methods) == 0 || slices.Contains(k.Methods, method))
}

// storeEntry begins the one entry in Methods that makes a signing key a store's:
// the number of the terminal follows.
const storeEntry = "store:"

// StoreCalls is what the key of a store is limited to, so that it is good for that
// terminal and for nothing else.
func StoreCalls(terminal int64) []string {
	return []string{storeEntry + strconv.FormatInt(terminal, 10)}
}

// Store is the terminal that the key is for, and for nothing else; ok is false for
// a key that is no store's.
func (k Key) Store() (terminal int64, ok bool) {
	if len(k.Methods) != 1 || !k.Signs() {
		return 0, false
	}
	number, found := strings.CutPrefix(k.Methods[0], storeEntry)
	terminal, err := strconv.ParseInt(number, 10, 64)
	return terminal, found && err == nil && terminal > 0
}

// From says whether the key may be used from an address.
func (k Key) From(address netip.Addr) bool {
	if len(k.Networks) == 0 {
		return true
	}
	return slices.ContainsFunc(k.Networks, func(n netip.Prefix) bool { return n.Contains(address.Unmap()) })
}

// Expired says that the time of the key is over.
func (k Key) Expired(now time.Time) bool { return !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt) }

// May says whether the key is not revoked and has the scope; admin has every
// scope but the operator's, a signing key and an issuer none.
func (k Key) May(s Scope) bool {
	return k.RevokedAt.IsZero() && !k.Signs() && !k.Issues() &&
		slices.ContainsFunc(k.Scopes, func(has Scope) bool { return has.covers(s) })
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
	// Removed says that it is gone for everything but what was paid there. Its name
	// stays its own: another contract of the name would be asked about those payments.
	Removed   bool
	CreatedAt time.Time
	UpdatedAt time.Time
}
