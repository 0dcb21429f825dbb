package event

import "time"

// Contact is one contact with a gateway about a payment or a refund: a request of ours with
// what was answered, or what the payer's browser or the provider's server brought. All of it
// is masked, and nothing that Purser decides depends on it.
type Contact struct {
	ID       string
	Merchant string
	Subject  string // id of the payment or of the refund
	Kind     ContactKind
	What     string // why we asked, such as start or take; of a callback: return or notice
	Gateway  string // the merchant's name for it
	Method   string // of a request
	Address  string // of a request
	Sent     string // the body of a request, or what a callback brought
	Answer   string
	Status   int           // of the answer; 0 = none that could be read
	Lost     string        // why there is no answer; empty = there is one, or none is waited for
	Took     time.Duration // until the answer
	At       time.Time     // when it began
}

// ContactKind says who began a contact.
type ContactKind string

// The kinds of contacts.
const (
	Call     ContactKind = "call"     // we asked the provider
	Callback ContactKind = "callback" // the payer's browser or the provider's server came to us
)
