// Package ledger is the double-entry books: accounts, and entries whose
// postings sum to zero in every currency unit.
//
// A positive posting is money that an account's owner gains, a negative one
// money that the owner gives. A gateway's clearing account is therefore
// negative by what the gateway owes us.
package ledger

import (
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Role is what an account is for.
type Role string

// The chart of accounts.
const (
	GatewayClearing   Role = "gateway_clearing"   // per gateway: negative by what it owes us
	GatewayHold       Role = "gateway_hold"       // per gateway: negative by what payers' banks hold through it
	MerchantHeld      Role = "merchant_held"      // held by payers' banks, not taken
	MerchantPending   Role = "merchant_pending"   // captured, waiting for the merchant to verify
	MerchantAvailable Role = "merchant_available" // the merchant's own
	CustomerWallet    Role = "customer_wallet"    // per customer
	Fees              Role = "fees"               // per gateway: what it keeps of what it collected
	RefundsInTransit  Role = "refunds_in_transit" // on the way back to payers
	PayoutsInTransit  Role = "payouts_in_transit" // on the way out
	Exchange          Role = "exchange"           // per unit pair
	Suspense          Role = "suspense"           // money whose owner a person must decide
	Trader            Role = "trader"             // per trader
	DealsHeld         Role = "deals_held"         // set aside by traders for deals that are not decided
	MerchantBank      Role = "merchant_bank"      // negative by what gateways paid out to the merchant's bank
)

// Roles is the chart of accounts with what each is for, in the order of docs/ledger.md.
var Roles = []struct {
	Role    Role
	Owner   string // what Account.Owner holds
	Floored bool   // may not fall below zero
	Meaning string
}{
	{GatewayClearing, "the gateway's or rail's name", false, "negative by what the gateway owes"},
	{GatewayHold, "the gateway's name", false, "negative by what payers' banks hold for the merchant through the gateway"},
	{MerchantHeld, "none", true, "held by payers' banks for the merchant, and not taken"},
	{MerchantPending, "none", true, "captured, waiting for the merchant to verify"},
	{
		MerchantAvailable, "none", false,
		"the merchant's own money; a gateway's refund may take it below zero, a wish of the merchant may not",
	},
	{CustomerWallet, "the account's number", true, "a customer's own money"},
	{Fees, "the gateway's or rail's name", false, "what a gateway keeps of what it collected, or a rail of what it sent"},
	{RefundsInTransit, "none", true, "on the way back to payers"},
	{PayoutsInTransit, "none", true, "on the way out"},
	{Exchange, "the market", false, "the two sides of exchanges, and what their rounding leaves"},
	{Suspense, "none", true, "money whose owner a person must decide"},
	{Trader, "the trader's id", true, "what a trader has put in and not spent on deals"},
	{DealsHeld, "none", true, "set aside by traders for deals that are not decided"},
	{MerchantBank, "none", false, "negative by what gateways have paid out to the merchant's bank"},
}

// Account is where money is. Accounts are named, not created: the first
// posting opens one.
type Account struct {
	Merchant string
	Role     Role
	Owner    string // empty for roles that a merchant has one of
	Unit     money.Unit
}

// Key names the account within its merchant.
func (a Account) Key() string {
	return string(a.Role) + "/" + a.Owner + "/" + string(a.Unit)
}

// Floored says that the balance may not fall below zero; the store refuses
// the change that would make it so.
func (a Account) Floored() bool {
	for _, r := range Roles {
		if r.Role == a.Role {
			return r.Floored
		}
	}
	return false
}

// nameless says that a role which has an account for every owner is without
// one: nobody would own what is there.
func (a Account) nameless() bool {
	for _, r := range Roles {
		if r.Role == a.Role && r.Owner != "none" && a.Owner == "" {
			return true
		}
	}
	return false
}

// Posting is one line of an entry.
type Posting struct {
	Account Account
	Amount  money.Amount // positive: the owner gains
	Covered bool         // what is taken must be there, also where the account has no floor
}

// Entry is a set of postings that belong together and balance. It can only be
// made by New, and so by the posting rules of this package.
type Entry struct {
	id       string
	merchant string
	rule     Rule
	cause    string
	at       time.Time
	postings []Posting
}

// Rule names the business event that an entry books.
type Rule string

// Cause says what an entry is booked for.
type Cause struct {
	Entry    string // the new entry's id
	Merchant string
	Subject  string // id of the payment, refund or payout behind it
	At       time.Time
}

// New makes an entry. Errors: entry_unbalanced when the postings do not sum
// to zero in each unit, name an account of another merchant, post a unit to
// an account of another, or are fewer than two.
func New(rule Rule, c Cause, postings ...Posting) (Entry, error) {
	sums := make(map[money.Unit]money.Amount, 1)
	for _, p := range postings {
		unit := p.Amount.Unit()
		if p.Account.Unit != unit || p.Account.Merchant != c.Merchant || p.Amount.IsZero() {
			return Entry{}, fault.New(fault.CodeEntryUnbalanced, string(rule), "")
		}
		sum, ok := sums[unit]
		if !ok {
			sum = money.Zero(unit)
		}
		sum, err := sum.Add(p.Amount)
		if err != nil {
			return Entry{}, err
		}
		sums[unit] = sum
	}
	for _, sum := range sums {
		if !sum.IsZero() {
			return Entry{}, fault.New(fault.CodeEntryUnbalanced, string(rule), "")
		}
	}
	if len(postings) < 2 {
		return Entry{}, fault.New(fault.CodeEntryUnbalanced, string(rule), "")
	}
	return Entry{
		id: c.Entry, merchant: c.Merchant, rule: rule, cause: c.Subject, at: c.At, postings: postings,
	}, nil
}

// ID is the entry's own id, time-ordered.
func (e Entry) ID() string { return e.id }

// Merchant is whose books the entry is in.
func (e Entry) Merchant() string { return e.merchant }

// Rule is the business event.
func (e Entry) Rule() Rule { return e.rule }

// Subject is the id of the payment, refund or payout that the entry books.
func (e Entry) Subject() string { return e.cause }

// At is when it was booked.
func (e Entry) At() time.Time { return e.at }

// Postings are the lines; the caller may not change them.
func (e Entry) Postings() []Posting { return e.postings }
