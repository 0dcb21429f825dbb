// Package event is what happened, who wants to know, and how often we tried
// to tell them.
//
// One event is written with every change of a state, in the same commit; so
// the events of a subject are also its history.
package event

import (
	"maps"
	"slices"
	"time"
)

// Noun names the kind of thing that an event is about.
type Noun string

// The nouns that have a history.
const (
	Invoice  Noun = "invoice"
	Payment  Noun = "payment"
	Refund   Noun = "refund"
	Payout   Noun = "payout"
	Deal     Noun = "deal"
	Customer Noun = "customer"
	Transfer Noun = "transfer"
	Exchange Noun = "exchange"
	Market   Noun = "market"

	Trader    Noun = "trader"
	Requisite Noun = "requisite"
)

// The nouns of what is administered. Their events say who created or changed a
// thing, and are for the record: nobody is told of them.
const (
	MerchantItself Noun = "merchant"
	Key            Noun = "key"
	Gateway        Noun = "gateway"
	Terminal       Noun = "terminal"
	Receiver       Noun = "endpoint"
)

// Told are the nouns that endpoints can be told of.
var Told = []Noun{
	Invoice, Payment, Refund, Payout, Deal, Customer, Transfer, Exchange, Market, Trader, Requisite,
}

// Administered are the others.
var Administered = []Noun{MerchantItself, Key, Gateway, Terminal, Receiver}

// Nouns are all of them.
var Nouns = slices.Concat(Told, Administered)

// Kept is the only state of what is administered: what was done to it is in the
// trigger.
const Kept = "kept"

// The triggers of what is administered, beside Resend: somebody had a delivery to an
// endpoint sent again.
const (
	Create  = "create"
	Change  = "change"
	Replace = "replace"
	Rotate  = "rotate"
	Revoke  = "revoke"
	Disable = "disable"
	Enable  = "enable"
	Remove  = "remove"
	Reseal  = "reseal" // its secret was sealed under the newest key of the keyset
	Issue   = "issue"  // a token was signed with its secret
)

// Administered says that the noun is one of those whose events are for the record.
func (n Noun) Administered() bool { return slices.Contains(Administered, n) }

// Event is one change of one thing.
type Event struct {
	Merchant string
	Seq      int64 // dense per merchant from 1; given by the store at commit
	Noun     Noun
	Subject  string // id of the thing
	Trigger  string // what moved it; "create" when it is new
	From     string // state before; empty when it is new
	To       string // state after; equal to From when only its facts changed
	Actor    string // who did it: "merchant", "payer", "gateway", "worker", "operator"
	Note     string // words for the operator; never a secret
	At       time.Time
}

// Type is the event's name for the outside, such as "payment.captured".
func (e Event) Type() string {
	if word, ok := e.fact(); ok {
		return string(e.Noun) + "." + word
	}
	switch {
	case e.Noun.Administered() && e.Trigger == string(Resend):
		return string(e.Noun) + ".resent"
	case e.Noun.Administered() && e.Trigger == Reseal:
		return string(e.Noun) + ".resealed"
	case e.Noun.Administered():
		return string(e.Noun) + "." + e.Trigger + "d" // such as key.revoked: all others of their triggers end in e
	}
	return string(e.Noun) + "." + e.To
}

// News says that the outside wants to know of it: a state changed, or a fact that
// somebody has to do something about.
func (e Event) News() bool {
	_, ok := e.fact()
	return ok || e.From != e.To && !e.Noun.Administered()
}

// The triggers that change a fact which is news.
const (
	Hold    = "hold"    // an invoice waits for the merchant's confirmation
	Confirm = "confirm" // and has it

	Attach   = "attach" // somebody sent a file about a deal
	GiveCode = "code"   // a deal has an address that the payer's telephone opens

	correct = "correct" // another sum came than was said
	set     = "set"     // a market has a new price
)

// facts are the words for changes of facts that are news, by what changed and the
// trigger.
//
//exhaustive:ignore
var facts = map[Noun]map[string]string{
	Invoice: {Hold: "held", Confirm: "confirmed", correct: "corrected"},
	Payment: {correct: "corrected"},
	Deal:    {correct: "corrected", Attach: "attached", GiveCode: "code_given"},
	Market:  {set: "set"},
}

// Facts are the words for changes of facts of a noun that are news.
func (n Noun) Facts() []string { return slices.Sorted(maps.Values(facts[n])) }

// fact is the word for a change of facts that is news.
func (e Event) fact() (string, bool) {
	if e.From != e.To {
		return "", false
	}
	word, ok := facts[e.Noun][e.Trigger]
	return word, ok
}
