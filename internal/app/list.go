package app

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// Older selects a part of a list, newest first, by the last thing that was read.
type Older = store.Older

// What lists can be narrowed down to.
type (
	// InvoiceList selects invoices.
	InvoiceList = store.InvoiceList
	// PaymentList selects payments.
	PaymentList = store.PaymentList
	// RefundList selects refunds.
	RefundList = store.RefundList
	// TransferList selects transfers.
	TransferList = store.TransferList
	// PayoutList selects payouts.
	PayoutList = store.PayoutList
	// DealList selects deals.
	DealList = store.DealList
	// EntryList selects entries of the books.
	EntryList = store.EntryList
	// BalanceList selects accounts of the books.
	BalanceList = store.BalanceList
)

// Long is one of the lists that are looked through for what no index has.
type Long = store.Long

// The lists that are looked through.
const (
	Invoices  = store.Invoices
	Payments  = store.Payments
	Refunds   = store.Refunds
	Transfers = store.Transfers
	Payouts   = store.Payouts
	Deals     = store.Deals
	Entries   = store.Entries
)

// Depth is how far a list goes back that so many things were looked through in, from
// where a part begins; zero where there are not so many.
func (a *App) Depth(ctx context.Context, merchantID string, l Long, part Older, looks int) (time.Time, error) {
	return a.store.Depth(ctx, merchantID, l, part, looks)
}

// ListInvoices lists a merchant's invoices with their payments.
func (a *App) ListInvoices(ctx context.Context, merchantID string, l InvoiceList, part Older) ([]InvoiceView, error) {
	list, err := a.store.ListInvoices(ctx, merchantID, l, part)
	if err != nil {
		return nil, err
	}
	return a.viewsOf(ctx, merchantID, list)
}

// ListPayments lists a merchant's payments, whoever asked for them.
func (a *App) ListPayments(ctx context.Context, merchantID string, l PaymentList, part Older,
) ([]payment.Payment, error) {
	return a.store.ListPayments(ctx, merchantID, l, part)
}

// ListRefunds lists a merchant's refunds, those that nobody asked for too.
func (a *App) ListRefunds(ctx context.Context, merchantID string, l RefundList, part Older) ([]refund.Refund, error) {
	return a.store.ListRefunds(ctx, merchantID, l, part)
}

// ListTransfers lists a merchant's transfers.
func (a *App) ListTransfers(ctx context.Context, merchantID string, l TransferList, part Older,
) ([]wallet.Transfer, error) {
	return a.store.ListTransfers(ctx, merchantID, l, part)
}

// ListPayouts lists a merchant's payouts, over rails and through traders.
func (a *App) ListPayouts(ctx context.Context, merchantID string, l PayoutList, part Older) ([]payout.Payout, error) {
	return a.store.ListPayouts(ctx, merchantID, l, part)
}

// ListDeals lists a merchant's deals, of invoices and of payouts.
func (a *App) ListDeals(ctx context.Context, merchantID string, l DealList, part Older) ([]deal.Deal, error) {
	return a.store.ListDeals(ctx, merchantID, l, part)
}

// ListTraders lists a merchant's traders of a standing, or all for none, with what is
// theirs.
func (a *App) ListTraders(ctx context.Context, merchantID string, in deal.Standing, part Older) ([]TraderView, error) {
	list, err := a.store.ListTraders(ctx, merchantID, in, part)
	if err != nil {
		return nil, err
	}
	return a.viewTraders(ctx, list)
}

// ListRequisites lists a merchant's requisites.
func (a *App) ListRequisites(ctx context.Context, merchantID string, f RequisiteFilter, part Older,
) ([]deal.Requisite, error) {
	return a.store.ListRequisites(ctx, merchantID, f, part)
}

// Requisite finds one of a merchant's requisites. Error: not_found.
func (a *App) Requisite(ctx context.Context, merchantID, id string) (deal.Requisite, error) {
	return a.store.Requisite(ctx, merchantID, id)
}

// ListCustomers lists a merchant's customers with a number below the given one,
// the highest first; 0 = from the newest on.
func (a *App) ListCustomers(ctx context.Context, merchantID string, l CustomerList, below int64, part Older,
) ([]wallet.Customer, error) {
	if l.Email == "" {
		return a.store.ListCustomers(ctx, merchantID, store.CustomerList{State: l.State}, below, part)
	}
	claim, err := a.store.Claimed(ctx, merchantID, store.EmailClaim, wallet.FoldEmail(l.Email))
	if err != nil {
		return nil, unlessMissing(err)
	}
	number, err := strconv.ParseInt(claim.Subject, 10, 64)
	if err != nil {
		return nil, err
	}
	c, err := a.store.Customer(ctx, merchantID, number)
	if err != nil {
		return nil, unlessMissing(err) // the address is the merchant's own
	}
	if l.State != "" && l.State != c.State || below > 0 && number >= below || !part.Within(c.CreatedAt) {
		return nil, nil
	}
	return []wallet.Customer{c}, nil
}

// unlessMissing is an error that is not about something that is not there.
func unlessMissing(err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// CustomerList selects customers of a list; an empty field selects all.
type CustomerList struct {
	State wallet.State
	Email string // no two customers have the same
}

// Refund finds one of a merchant's refunds. Error: refund_not_found.
func (a *App) Refund(ctx context.Context, merchantID, id string) (refund.Refund, error) {
	return a.store.Refund(ctx, merchantID, id)
}

// FindTransfer finds one of a merchant's transfers. Error: not_found.
func (a *App) FindTransfer(ctx context.Context, merchantID, id string) (wallet.Transfer, error) {
	return a.store.Transfer(ctx, merchantID, id)
}

// Acts lists what operators did for a merchant and what was administered, the newest
// first: those before a number, or the last ones where that is zero. The note of each
// begins with the name of who did it.
func (a *App) Acts(ctx context.Context, merchantID string, before int64, limit int) ([]event.Event, error) {
	return a.store.Acts(ctx, merchantID, before, limit)
}

// Events are a merchant's that follow a number, in order and without gaps.
func (a *App) Events(ctx context.Context, merchantID string, after int64, limit int) ([]event.Event, error) {
	return a.store.Events(ctx, merchantID, after, limit)
}

// ListEntries lists what was booked for a merchant, the newest first.
func (a *App) ListEntries(ctx context.Context, merchantID string, l EntryList, part Older) ([]ledger.Entry, error) {
	return a.store.ListEntries(ctx, merchantID, l, part)
}

// EntriesOf are those of one thing that a list selects, in the order in which they were
// booked. Of the part the times count.
func (a *App) EntriesOf(ctx context.Context, merchantID, subject string, l EntryList, part Older,
) ([]ledger.Entry, error) {
	all, err := a.store.Entries(ctx, merchantID, subject)
	return slices.DeleteFunc(all, func(e ledger.Entry) bool { return !l.Has(e) || !part.Within(e.At()) }), err
}

// ListBalances lists the accounts of a merchant's books with their balances, by key.
func (a *App) ListBalances(ctx context.Context, merchantID string, l BalanceList) ([]ledger.Posting, error) {
	return a.store.ListBalances(ctx, merchantID, l)
}
