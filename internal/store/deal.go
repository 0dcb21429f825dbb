package store

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/money"
)

// RequisiteFilter selects requisites; an empty field selects all.
type RequisiteFilter struct {
	Trader   string
	Unit     money.Unit
	Standing deal.Standing
}

// DealFilter selects deals; an empty field selects all.
type DealFilter struct {
	Merchant string
	Trader   string
	State    deal.State
}

// DealReader finds traders, their requisites and the deals on them.
type DealReader interface {
	Trader(ctx context.Context, merchantID, id string) (deal.Trader, error) // trader_not_found
	Traders(ctx context.Context, merchantID string, page Page) ([]deal.Trader, error)
	Requisite(ctx context.Context, merchantID, id string) (deal.Requisite, error) // requisite_not_found
	Requisites(ctx context.Context, merchantID string, f RequisiteFilter, page Page) ([]deal.Requisite, error)
	// Offers are the ways, banks and units of a merchant's requisites that are not
	// disabled, in this order.
	Offers(ctx context.Context, merchantID string) ([]deal.Offer, error)
	// Banks are those of the requisites of all merchants in a unit that are not
	// disabled, in order.
	Banks(ctx context.Context, unit money.Unit) ([]string, error)
	// FreeRequisites are those that take the wish by their limits of one deal and
	// have no live deal for exactly its amount, up to limit, those that were used
	// longest ago first. With busy those that have one are among them.
	FreeRequisites(ctx context.Context, merchantID string, w deal.Wish, busy bool, limit int) ([]deal.Requisite, error)
	Deal(ctx context.Context, merchantID, id string) (deal.Deal, error) // deal_not_found
	// DealsOf are the deals of the given invoices, in order of creation.
	DealsOf(ctx context.Context, merchantID string, invoiceIDs ...string) ([]deal.Deal, error)
	// DealsOfPayouts are the deals of the given payouts, in order of creation.
	DealsOfPayouts(ctx context.Context, merchantID string, payoutIDs ...string) ([]deal.Deal, error)
	// LiveDeals are the undecided deals on the given requisites.
	LiveDeals(ctx context.Context, merchantID string, requisiteIDs ...string) ([]deal.Deal, error)
	Deals(ctx context.Context, f DealFilter, page Page) ([]deal.Deal, error)
	// DueDeals are those that nobody paid in time, of any merchant, longest due first.
	DueDeals(ctx context.Context, now time.Time, limit int) ([]deal.Deal, error)
	// Attachments are those of deals without their data, in order of creation.
	Attachments(ctx context.Context, merchantID string, dealIDs ...string) ([]deal.Attachment, error)
	// Attachment is one with its data. Error: not_found with the parameter "attachment".
	Attachment(ctx context.Context, merchantID, id string) (deal.Attachment, error)
}
