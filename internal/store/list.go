package store

import (
	"context"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/wallet"
)

// Older selects a part of a list, newest first: what follows the last thing that
// was read. What is made meanwhile shifts nothing, and no part is read twice.
type Older struct {
	At    time.Time // when the last thing was made
	ID    string    // its id; empty = from the newest on
	Limit int       // at most 1000

	From, Until time.Time // only what was made at From or later, and before Until; zero = whenever
}

// Within says that something was made in the time of a part.
func (o Older) Within(at time.Time) bool {
	return !at.Before(o.From) && (o.Until.IsZero() || at.Before(o.Until))
}

// InvoiceList selects invoices of a list; an empty field selects all.
type InvoiceList struct {
	State  invoice.State
	Held   *bool            // only those that wait for the merchant's confirmation, or only others; nil = all
	Linked bool             // only those that have a link
	Link   invoice.LinkKind // and that of this kind

	Terminal  int64
	Reference string // with a terminal the only one that has it there
	Unit      money.Unit
}

// Named says that it is the one that a terminal has under a name of the merchant's own.
func (l InvoiceList) Named() bool { return l.Terminal != 0 && l.Reference != "" }

// Sought says that the list must be looked through for what is wanted, because no index
// has it: that is done part by part.
func (l InvoiceList) Sought() bool {
	return !l.Named() && l != InvoiceList{}
}

// PaymentList selects payments of a list; an empty field selects all.
type PaymentList struct {
	Invoice  string
	Terminal int64 // that of its invoice; 0 = any, and those without
	State    payment.State
	Reason   payment.Reason // only those that failed for it
	Gateway  string
	Receipt  string // what the gateway calls the movement of the money
	Session  string // what it calls the payer's visit
	Unit     money.Unit
}

// Sought is as of InvoiceList; the payments of an invoice are few.
func (l PaymentList) Sought() bool { return l.Invoice == "" && l != PaymentList{} }

// RefundList selects refunds of a list; an empty field selects all.
type RefundList struct {
	Payment string
	State   refund.State
	Gateway string
}

// Sought is as of InvoiceList; the refunds of a payment are few.
func (l RefundList) Sought() bool { return l.Payment == "" && l != RefundList{} }

// TransferList selects transfers of a list; an empty field selects all.
type TransferList struct {
	Account   int64 // the sender or the receiver
	From, To  int64 // the sender, and the receiver
	Reference string
	Unit      money.Unit
}

// Named says that it is the one that its sender has under a name of its own.
func (l TransferList) Named() bool { return l.From != 0 && l.Reference != "" }

// Sought is as of InvoiceList. Those of one account have an index, and so has a name of
// its sender.
func (l TransferList) Sought() bool {
	return !l.Named() && (l.Reference != "" || l.Unit != "" || l.From != 0 && l.To != 0)
}

// PayoutList selects payouts of a list; an empty field selects all.
type PayoutList struct {
	State     payout.State
	Account   int64
	Terminal  int64
	Reference string // with an account or a terminal the only one that has it there
	Unit      money.Unit
}

// Named says that it is the one that an account or a terminal has under a name.
func (l PayoutList) Named() bool { return l.Reference != "" && (l.Account != 0 || l.Terminal != 0) }

// Sought is as of InvoiceList.
func (l PayoutList) Sought() bool {
	return !l.Named() && l != PayoutList{}
}

// Long is one of the lists that are looked through.
type Long string

// The lists that are looked through.
const (
	Invoices  Long = "invoices"
	Payments  Long = "payments"
	Refunds   Long = "refunds"
	Transfers Long = "transfers"
	Payouts   Long = "payouts"
	Deals     Long = "deals"
	Entries   Long = "entries"
)

// DealList selects deals of a list; an empty field selects all.
type DealList struct {
	Invoice string
	Payout  string
	Trader  string
	State   deal.State
}

// Sought is as of InvoiceList; the deals of an invoice or a payout are few.
func (l DealList) Sought() bool { return l.Invoice == "" && l.Payout == "" && l != DealList{} }

// EntryList selects entries of the books; an empty field selects all.
type EntryList struct {
	Rule  ledger.Rule
	Role  ledger.Role // only those with a posting of such an account
	Owner string      // and this owner
	Unit  money.Unit  // and unit
}

// Has says that an entry is selected.
func (l EntryList) Has(e ledger.Entry) bool {
	return (l.Rule == "" || l.Rule == e.Rule()) && slices.ContainsFunc(e.Postings(), func(p ledger.Posting) bool {
		return (l.Role == "" || l.Role == p.Account.Role) && (l.Owner == "" || l.Owner == p.Account.Owner) &&
			(l.Unit == "" || l.Unit == p.Account.Unit)
	})
}

// BalanceList selects accounts of the books; an empty field selects all.
type BalanceList struct {
	Role  ledger.Role
	Owner string
	Unit  money.Unit
	After string // the key of the last one that was read
	Limit int    // at most 1001
}

// CustomerList selects customers of a list; an empty field selects all.
type CustomerList struct {
	State wallet.State
}

// ListReader reads the whole of a merchant's long lists, part by part.
type ListReader interface {
	// Depth is when the thing was made that so many of a part of the whole list lie
	// before; zero where there are not so many. Who seeks something looks no further at once.
	// Of entries those of all merchants count.
	Depth(ctx context.Context, merchantID string, l Long, part Older, looks int) (time.Time, error)
	ListInvoices(ctx context.Context, merchantID string, l InvoiceList, part Older) ([]invoice.Invoice, error)
	// ListPayments leaves out those that no gateway accepted and those that were
	// withdrawn.
	ListPayments(ctx context.Context, merchantID string, l PaymentList, part Older) ([]payment.Payment, error)
	ListRefunds(ctx context.Context, merchantID string, l RefundList, part Older) ([]refund.Refund, error)
	ListTransfers(ctx context.Context, merchantID string, l TransferList, part Older) ([]wallet.Transfer, error)
	ListPayouts(ctx context.Context, merchantID string, l PayoutList, part Older) ([]payout.Payout, error)
	// ListEntries goes by ids, which begin with the millisecond in which they were booked.
	// Behind a time with something else than an id comes what was booked before.
	ListEntries(ctx context.Context, merchantID string, l EntryList, part Older) ([]ledger.Entry, error)
	// ListBalances are accounts with their balances, by key.
	ListBalances(ctx context.Context, merchantID string, l BalanceList) ([]ledger.Posting, error)
	ListDeals(ctx context.Context, merchantID string, l DealList, part Older) ([]deal.Deal, error)
	// ListTraders are those of a standing, or all for none.
	ListTraders(ctx context.Context, merchantID string, in deal.Standing, part Older) ([]deal.Trader, error)
	ListRequisites(ctx context.Context, merchantID string, f RequisiteFilter, part Older) ([]deal.Requisite, error)
	// ListCustomers are those with a number below the given one, the highest first;
	// 0 = from the newest on. Of the part the times and the limit count.
	ListCustomers(ctx context.Context, merchantID string, l CustomerList, below int64, part Older,
	) ([]wallet.Customer, error)
}
