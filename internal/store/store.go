// Package store is the port to the database: typed finders, and one way to
// write. A decision reads, decides with the pure functions of the nouns and
// hands all that it wants to make true to Commit, which does every part of it
// or none.
package store

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/settlement"
	"github.com/purserhq/purser/internal/wallet"
)

// ClaimKind says what a claim makes unique.
type ClaimKind string

// The kinds of claims. Each also serves as the way to find its subject.
const (
	SessionClaim   ClaimKind = "session"   // a gateway's open page belongs to one payment
	ReceiptClaim   ClaimKind = "receipt"   // a gateway's money movement is booked once
	RefundClaim    ClaimKind = "refund"    // a gateway's return of a payment's money is booked once
	LinkClaim      ClaimKind = "link"      // a link's token belongs to one invoice
	ReferenceClaim ClaimKind = "reference" // a terminal's own number belongs to one invoice: "1001/INV-7"
	EmailClaim     ClaimKind = "email"     // an e-mail address belongs to one account
	TransferClaim  ClaimKind = "transfer"  // an account's own name belongs to one transfer: "10001/T-7"
	PayoutClaim    ClaimKind = "payout"    // an account's own name belongs to one payout: "10001/7"
	RequisiteClaim ClaimKind = "requisite" // where money arrives belongs to one requisite after another: ".../0", ".../1"
)

// Claim is a key that must be new for its merchant. It is kept for ever and
// finds its subject.
type Claim struct {
	Merchant string
	Kind     ClaimKind
	Key      string
	Subject  string // id of the thing that owns the key
}

// AnswerKey is the parameter of the duplicate fault when the key of an Answer is
// taken.
const AnswerKey = "answer"

// Answer is the stored reply of an idempotent call. Its key must be new for
// the merchant until it expires.
type Answer struct {
	Merchant    string
	Key         string
	Fingerprint string // of the request; another one under the same key is a mistake
	Status      int
	Body        []byte
	ExpiresAt   time.Time
}

// Change is all that one decision wants to make true. Nouns carry the version
// at which they were read (0 = new) and are stored with the next one. Events
// get their sequence from the store, in the order given.
//
// Everything in one change belongs to one merchant.
type Change struct {
	Claims     []Claim
	Merchants  []merchant.Merchant
	Keys       []merchant.Key
	Gateways   []merchant.Gateway
	Terminals  []merchant.Terminal
	Invoices   []invoice.Invoice // a new one gets its Number from the store, in the order given
	Payments   []payment.Payment
	Refunds    []refund.Refund
	Payouts    []payout.Payout
	Traders    []deal.Trader
	Requisites []deal.Requisite
	Deals      []deal.Deal
	// Attachments are always new.
	Attachments []deal.Attachment
	Settlements []settlement.File
	// SettlementRows are always new.
	SettlementRows []settlement.Row
	Customers      []wallet.Customer
	Markets        []wallet.Market
	Transfers      []wallet.Transfer // always new
	Exchanges      []wallet.Exchange // always new
	Tries          []wallet.Tries
	Entries        []ledger.Entry
	Events         []event.Event
	// Relied are customers that the decision read and does not change: it holds
	// only if nobody else changed them meanwhile.
	Relied []wallet.Customer
	// Endpoints and deliveries carry versions, as nouns do.
	Endpoints  []event.Endpoint
	Deliveries []event.Delivery
	// Contacts are always new.
	Contacts []event.Contact
	Answer   *Answer
}

// Store is a database that holds everything Purser knows.
type Store interface {
	Reader
	Keeper
	// Commit makes the change true and durable before it returns nil.
	// Errors: version_conflict when a noun was changed since it was read (read
	// again and decide again), duplicate with the claim's kind as Param when a
	// key is taken, insufficient_funds when a floored balance would fall below
	// zero, queue_full and shutting_down when it was not even tried,
	// database_unavailable when the database is away and nothing was done,
	// internal for everything else. When ctx ends first the outcome is not known.
	Commit(ctx context.Context, c Change) error
	// Ping says whether the database answers and can be written to.
	Ping(ctx context.Context) error
	// Close waits for changes that were accepted, then closes the database.
	Close() error
}

// Page selects a part of a list, newest first.
type Page struct {
	Limit  int // at most 1000
	Offset int
	Oldest bool // oldest first instead
}

// After selects a part of a list by id, so that the whole of a long list is
// read once, however many parts it is read in.
type After struct {
	ID    string // of the last one that was read; empty = from the beginning
	Limit int    // at most 1000
}

// Span is the time in which a gateway took money, both ends included.
type Span struct {
	Gateway     string // the merchant's name for it
	From, Until time.Time
}

// Reader finds things. A thing that is not there is the noun's not-found
// fault. Reads see every change whose Commit has returned.
type Reader interface {
	MerchantReader
	PaymentReader
	WalletReader
	DealReader
	LedgerReader
	DeliveryReader
	ListReader
	SettlementReader
	Walker
}

// MerchantReader finds merchants, their keys and gateways.
type MerchantReader interface {
	Merchant(ctx context.Context, id string) (merchant.Merchant, error)
	Merchants(ctx context.Context, page Page) ([]merchant.Merchant, error)
	KeyByHash(ctx context.Context, hash string) (merchant.Key, error) // key_invalid when unknown
	Keys(ctx context.Context, merchantID string) ([]merchant.Key, error)
	Gateways(ctx context.Context, merchantID string) ([]merchant.Gateway, error)   // by Order, then Name
	Terminals(ctx context.Context, merchantID string) ([]merchant.Terminal, error) // by Number
	// GatewayNeed is something that is not ended and needs a gateway, if there is any.
	GatewayNeed(ctx context.Context, merchantID, name string) (Need, bool, error)
}

// Need is a thing that needs another one.
type Need struct{ Noun, ID string }

// PaymentReader finds invoices, payments and refunds.
type PaymentReader interface {
	Invoice(ctx context.Context, merchantID, id string) (invoice.Invoice, error)
	// Invoices are a merchant's, newest first, and how many there are in all.
	Invoices(ctx context.Context, merchantID string, page Page) ([]invoice.Invoice, int, error)
	// FindInvoices are a merchant's that a filter leaves, and how many those are in all.
	FindInvoices(ctx context.Context, merchantID string, f InvoiceFilter, page Page) ([]invoice.Invoice, int, error)
	// PaidAmounts are the amounts, in smallest steps, of the last paid invoices of a
	// terminal in a unit, newest first; terminal 0 stands for invoices at none.
	PaidAmounts(ctx context.Context, merchantID string, terminal int64, u money.Unit, limit int) ([]int64, error)
	// OverdueInvoices are paid ones that were not verified in time, of any merchant, longest due first.
	OverdueInvoices(ctx context.Context, now time.Time, limit int) ([]invoice.Invoice, error)
	// DueInvoices are open ones whose due time has passed, of any merchant, longest due first:
	// but for those that have room set aside or a payment that is processing or authorized,
	// which would keep the others waiting.
	DueInvoices(ctx context.Context, now time.Time, limit int) ([]invoice.Invoice, error)
	Payment(ctx context.Context, merchantID, id string) (payment.Payment, error)
	// PaymentsOf are the payments of the given invoices, in order of creation.
	PaymentsOf(ctx context.Context, merchantID string, invoiceIDs ...string) ([]payment.Payment, error)
	// DuePayments are those whose CheckAt has passed, of any merchant, longest due first.
	DuePayments(ctx context.Context, now time.Time, limit int) ([]payment.Payment, error)
	// FindPayments are a merchant's listed payments that a filter leaves.
	FindPayments(ctx context.Context, merchantID string, f PaymentFilter, page Page) ([]payment.Payment, error)
	Refund(ctx context.Context, merchantID, id string) (refund.Refund, error)
	// FindRefunds are a merchant's listed refunds that a filter leaves.
	FindRefunds(ctx context.Context, merchantID string, f RefundFilter, page Page) ([]refund.Refund, error)
	RefundsOf(ctx context.Context, merchantID, paymentID string) ([]refund.Refund, error)
	DueRefunds(ctx context.Context, now time.Time, limit int) ([]refund.Refund, error)
	// Unsettled are a merchant's payments whose money a gateway took in a span of
	// time, both ends included, and has not settled; by id.
	Unsettled(ctx context.Context, merchantID string, s Span, page After) ([]payment.Payment, error)
	// Returned are a merchant's refunds that a gateway has made; by id.
	Returned(ctx context.Context, merchantID, gateway string, page After) ([]refund.Refund, error)
	// Claimed finds the owner of a key. With merchantID empty it searches all
	// merchants: for keys that nobody can guess, brought by somebody without a
	// credential. Error: not_found.
	Claimed(ctx context.Context, merchantID string, kind ClaimKind, key string) (Claim, error)
	// Owner finds whose invoice, payment, refund, payout, deal, trader or requisite
	// an unguessable id is. Error: the noun's not-found fault.
	Owner(ctx context.Context, noun event.Noun, id string) (string, error)
	// Answer finds a stored reply that has not expired. Error: not_found.
	Answer(ctx context.Context, merchantID, key string, now time.Time) (Answer, error)
	// Attention counts what waits for a person.
	Attention(ctx context.Context) ([]Waiting, error)
}

// Waiting is one thing that a person must look at.
type Waiting struct {
	Merchant string
	Noun     event.Noun
	Subject  string
	Reason   string
	Since    time.Time
}

// LedgerReader finds balances, entries and events.
type LedgerReader interface {
	// Balances are all accounts of a merchant with their balances, by key.
	Balances(ctx context.Context, merchantID string) ([]ledger.Posting, error)
	// BalancesOf are the accounts of one owner in a role, by unit.
	BalancesOf(ctx context.Context, merchantID string, role ledger.Role, owner string) ([]ledger.Posting, error)
	// Entries are those booked for one subject, in order.
	Entries(ctx context.Context, merchantID, subject string) ([]ledger.Entry, error)
	// Events follow the given sequence number, in order, without gaps.
	Events(ctx context.Context, merchantID string, after int64, limit int) ([]event.Event, error)
	// EventsOf are those of one subject that follow a number, in order.
	EventsOf(ctx context.Context, merchantID, subject string, after int64, limit int) ([]event.Event, error)
	// Acts are the events that operators caused and those of what is administered, the newest
	// first: those before a number, or the last ones where that is zero.
	Acts(ctx context.Context, merchantID string, before int64, limit int) ([]event.Event, error)
	// History is the events of one subject, in order.
	History(ctx context.Context, merchantID string, noun event.Noun, subject string) ([]event.Event, error)
}
