package store

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/invoice"
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

// InvoiceList selects invoices of a list; an empty field selects all.
type InvoiceList struct {
	State  invoice.State
	Held   *bool            // only those that wait for the merchant's confirmation, or only others; nil = all
	Linked bool             // only those that have a link
	Link   invoice.LinkKind // and that of this kind
}

// PaymentList selects payments of a list; an empty field selects all.
type PaymentList struct {
	Invoice string
	State   payment.State
	Reason  payment.Reason // only those that failed for it
}

// RefundList selects refunds of a list; an empty field selects all.
type RefundList struct {
	Payment string
	State   refund.State
}

// TransferList selects transfers of a list; an empty field selects all.
type TransferList struct {
	Account int64 // the sender or the receiver
}

// PayoutList selects payouts of a list; an empty field selects all.
type PayoutList struct {
	State payout.State
}

// DealList selects deals of a list; an empty field selects all.
type DealList struct {
	Invoice string
	Payout  string
	Trader  string
	State   deal.State
}

// CustomerList selects customers of a list; an empty field selects all.
type CustomerList struct {
	State wallet.State
}

// ListReader reads the whole of a merchant's long lists, part by part.
type ListReader interface {
	ListInvoices(ctx context.Context, merchantID string, l InvoiceList, part Older) ([]invoice.Invoice, error)
	// ListPayments leaves out those that no gateway accepted and those that were
	// withdrawn.
	ListPayments(ctx context.Context, merchantID string, l PaymentList, part Older) ([]payment.Payment, error)
	ListRefunds(ctx context.Context, merchantID string, l RefundList, part Older) ([]refund.Refund, error)
	ListTransfers(ctx context.Context, merchantID string, l TransferList, part Older) ([]wallet.Transfer, error)
	ListPayouts(ctx context.Context, merchantID string, l PayoutList, part Older) ([]payout.Payout, error)
	ListDeals(ctx context.Context, merchantID string, l DealList, part Older) ([]deal.Deal, error)
	ListTraders(ctx context.Context, merchantID string, part Older) ([]deal.Trader, error)
	ListRequisites(ctx context.Context, merchantID string, f RequisiteFilter, part Older) ([]deal.Requisite, error)
	// ListCustomers are those with a number below the given one, the highest first;
	// 0 = from the newest on. Of the part the times and the limit count.
	ListCustomers(ctx context.Context, merchantID string, l CustomerList, below int64, part Older,
	) ([]wallet.Customer, error)
}
