package app

import (
	"context"

	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// PaymentFilter selects payments that have lists of their own.
type PaymentFilter = store.PaymentFilter

// RefundFilter selects refunds that have lists of their own.
type RefundFilter = store.RefundFilter

// FindPayments lists those of a merchant's payments that were made with an
// instrument or for an owner, as the filter and the page leave them.
func (a *App) FindPayments(ctx context.Context, merchantID string, f PaymentFilter, page Page,
) ([]payment.Payment, error) {
	return a.store.FindPayments(ctx, merchantID, f, page)
}

// FindRefunds lists those of a merchant's refunds that the merchant gave an id.
func (a *App) FindRefunds(ctx context.Context, merchantID string, f RefundFilter, page Page,
) ([]refund.Refund, error) {
	return a.store.FindRefunds(ctx, merchantID, f, page)
}
