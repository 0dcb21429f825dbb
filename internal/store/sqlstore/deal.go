package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// traderDetail is what no statement asks of a trader.
type traderDetail struct {
	Name     string `json:"name,omitzero"`
	Disabled bool   `json:"disabled,omitzero"`
}

// traderRecord writes a trader at its next version.
func traderRecord(t deal.Trader) (record, error) {
	detail, err := pack(traderDetail{Name: t.Name, Disabled: t.Disabled})
	return record{t.ID, t.Merchant, t.Version + 1, micros(t.CreatedAt), micros(t.UpdatedAt), detail}, err
}

// scanTrader reads what traderRecord wrote.
func scanTrader(r row) (deal.Trader, error) {
	var (
		t                deal.Trader
		created, updated int64
		detail           string
		d                traderDetail
	)
	if err := r.Scan(&t.ID, &t.Merchant, &t.Version, &created, &updated, &detail); err != nil {
		return t, err
	}
	err := unpack(detail, &d)
	t.Name, t.Disabled = d.Name, d.Disabled
	t.CreatedAt, t.UpdatedAt = instant(created), instant(updated)
	return t, err
}

// requisiteDetail is what no statement asks of a requisite.
type requisiteDetail struct {
	Number   string `json:"number,omitzero"`
	Holder   string `json:"holder,omitzero"`
	DaySum   *sum   `json:"day_sum,omitzero"`
	DayCount int    `json:"day_count,omitzero"`
	From     span   `json:"from,omitzero"`
	Until    span   `json:"until,omitzero"`
	Day      moment `json:"day,omitzero"`
	Sum      *sum   `json:"sum,omitzero"`
	Count    int    `json:"count,omitzero"`
}

// requisiteRecord writes a requisite at its next version.
func requisiteRecord(q deal.Requisite) (record, error) {
	detail, err := pack(requisiteDetail{
		Number: q.Number, Holder: q.Holder, DaySum: sumOf(q.DaySum), DayCount: q.DayCount, From: spanOf(q.From),
		Until: spanOf(q.Until), Day: momentOf(q.Day), Sum: sumOf(q.Sum), Count: q.Count,
	})
	unit, sums, wrong := steps(q.Least, q.Most)
	return record{
		q.ID, q.Merchant, q.Version + 1, q.Trader, q.Option, q.Method, unit, sums[0], sums[1], flag(!q.Disabled),
		micros(q.UsedAt), micros(q.CreatedAt), micros(q.UpdatedAt), detail,
	}, errors.Join(err, wrong)
}

// scanRequisite reads what requisiteRecord wrote.
func scanRequisite(r row) (deal.Requisite, error) {
	var (
		q                               deal.Requisite
		unit, detail                    string
		sums                            = make([]*int64, 2)
		enabled, used, created, updated int64
		d                               requisiteDetail
	)
	if err := r.Scan(&q.ID, &q.Merchant, &q.Version, &q.Trader, &q.Option, &q.Method, &unit, &sums[0], &sums[1],
		&enabled, &used, &created, &updated, &detail); err != nil {
		return q, err
	}
	if err := unpack(detail, &d); err != nil {
		return q, err
	}
	var first, second error
	q.DaySum, first = d.DaySum.amount()
	q.Sum, second = d.Sum.amount()
	q.Number, q.Holder, q.DayCount, q.Count = d.Number, d.Holder, d.DayCount, d.Count
	q.From, q.Until, q.Day = d.From.duration(), d.Until.duration(), perhapsInstant(d.Day)
	q.Disabled, q.UsedAt, q.CreatedAt, q.UpdatedAt = enabled == 0, instant(used), instant(created), instant(updated)
	return q, errors.Join(first, second, amounts(unit, sums, &q.Least, &q.Most))
}

// dealDetail is what no statement asks of a deal.
type dealDetail struct {
	Payment  string        `json:"payment,omitzero"`
	Option   string        `json:"option,omitzero"`
	Method   string        `json:"method,omitzero"`
	Number   string        `json:"number,omitzero"`
	Holder   string        `json:"holder,omitzero"`
	Rate     string        `json:"rate,omitzero"`
	Percent  string        `json:"percent,omitzero"`
	Coins    *sum          `json:"coins,omitzero"`
	Fee      *sum          `json:"fee,omitzero"`
	Held     *sum          `json:"held,omitzero"`
	Paid     *sum          `json:"paid,omitzero"`
	Reported moment        `json:"reported_at,omitzero"`
	Deadline moment        `json:"deadline,omitzero"`
	Dispute  disputeDetail `json:"dispute,omitzero"`
	Note     string        `json:"note,omitzero"`
	EndedAt  moment        `json:"ended_at,omitzero"`
}

type disputeDetail struct {
	Reason   string `json:"reason,omitzero"`
	Amount   *sum   `json:"amount,omitzero"`
	OpenedAt moment `json:"opened_at,omitzero"`
}

// dealRecord writes a deal at its next version. Its deadline is a column as
// long as it can end it.
func dealRecord(d deal.Deal) (record, error) {
	detail, err := pack(dealDetail{
		Payment: d.Payment, Option: d.Option, Method: d.Method, Number: d.Number, Holder: d.Holder,
		Rate: d.Rate.Text(), Percent: d.Percent.Text(), Coins: sumOf(d.Coins), Fee: sumOf(d.Fee), Held: sumOf(d.Held),
		Paid:     sumOf(d.Paid),
		Reported: momentOf(d.Reported), Deadline: momentOf(d.Deadline), Note: d.Note, EndedAt: momentOf(d.EndedAt),
		Dispute: disputeDetail{d.Dispute.Reason, sumOf(d.Dispute.Amount), momentOf(d.Dispute.OpenedAt)},
	})
	unit, sums, wrong := steps(d.Amount)
	var due any
	if d.State == deal.TransferWaiting && !d.Out() {
		due = perhapsMicros(d.Deadline)
	}
	return record{
		d.ID, d.Merchant, d.Version + 1, string(d.State), d.Invoice, d.Trader, d.Requisite, unit, sums[0], due,
		micros(d.CreatedAt), micros(d.UpdatedAt), detail, d.Payout,
	}, errors.Join(err, wrong)
}

// scanDeal reads what dealRecord wrote.
func scanDeal(r row) (deal.Deal, error) {
	var (
		f                deal.Deal
		unit, detail     string
		sums             = make([]*int64, 1)
		due              *int64
		created, updated int64
		d                dealDetail
	)
	if err := r.Scan(&f.ID, &f.Merchant, &f.Version, &f.State, &f.Invoice, &f.Trader, &f.Requisite, &unit, &sums[0],
		&due, &created, &updated, &detail, &f.Payout); err != nil {
		return f, err
	}
	if err := unpack(detail, &d); err != nil {
		return f, err
	}
	f.Payment, f.Option, f.Method, f.Number, f.Holder, f.Note = d.Payment, d.Option, d.Method, d.Number, d.Holder, d.Note
	errs := make([]error, 7)
	f.Rate, errs[0] = rateOf(d.Rate)
	f.Percent, errs[1] = rateOf(d.Percent)
	f.Coins, errs[2] = d.Coins.amount()
	f.Fee, errs[3] = d.Fee.amount()
	f.Paid, errs[4] = d.Paid.amount()
	f.Dispute.Reason, f.Dispute.OpenedAt = d.Dispute.Reason, perhapsInstant(d.Dispute.OpenedAt)
	f.Dispute.Amount, errs[5] = d.Dispute.Amount.amount()
	f.Held, errs[6] = d.Held.amount()
	f.Reported, f.Deadline, f.EndedAt = perhapsInstant(d.Reported), perhapsInstant(d.Deadline), perhapsInstant(d.EndedAt)
	f.CreatedAt, f.UpdatedAt = instant(created), instant(updated)
	return f, errors.Join(append(errs, amounts(unit, sums, &f.Amount))...)
}

// missing is the not-found fault of what has no code of its own.
func missing(what string, err error) error {
	if fault.Is(err, fault.CodeNotFound) {
		return fault.New(fault.CodeNotFound, what, "There is no such "+what+".")
	}
	return err
}

// Trader finds a trader. Error: not_found with the parameter "trader".
func (d *DB) Trader(ctx context.Context, merchantID, id string) (deal.Trader, error) {
	t, err := one(ctx, d, fault.CodeNotFound, scanTrader,
		selectFrom(traders, "id = $1 and merchant_id = $2"), id, merchantID)
	return t, missing("trader", err)
}

// Traders are a merchant's, newest first.
func (d *DB) Traders(ctx context.Context, merchantID string, page store.Page) ([]deal.Trader, error) {
	return part(ctx, d, traders, scanTrader, where("merchant_id = ?", merchantID), page, byAge...)
}

// Requisite finds a requisite. Error: not_found with the parameter "requisite".
func (d *DB) Requisite(ctx context.Context, merchantID, id string) (deal.Requisite, error) {
	q, err := one(ctx, d, fault.CodeNotFound, scanRequisite,
		selectFrom(requisites, "id = $1 and merchant_id = $2"), id, merchantID)
	return q, missing("requisite", err)
}

// Requisites are a merchant's that a filter leaves, newest first.
func (d *DB) Requisites(ctx context.Context, merchantID string, f store.RequisiteFilter, page store.Page,
) ([]deal.Requisite, error) {
	return part(ctx, d, requisites, scanRequisite, requisitesOf(merchantID, f), page, byAge...)
}

// requisitesOf leaves the requisites that a filter does.
func requisitesOf(merchantID string, f store.RequisiteFilter) *conditions {
	c := where("merchant_id = ?", merchantID)
	c.only("trader_id", f.Trader)
	c.only("unit", string(f.Unit))
	if f.Standing != "" {
		c.and("enabled = ?", flag(f.Standing == deal.Active))
	}
	return c
}

// Offers are what requisites that are not disabled offer.
func (d *DB) Offers(ctx context.Context, merchantID string) ([]deal.Offer, error) {
	return many(ctx, d, scanOffer, "select way, bank, unit, min(least), max(most) from requisite"+
		" where merchant_id = $1 and enabled = 1 group by way, bank, unit order by way, bank, unit", merchantID)
}

// Banks are those of the requisites of all merchants in a unit that are not
// disabled. They name nobody.
func (d *DB) Banks(ctx context.Context, unit money.Unit) ([]string, error) {
	return many(ctx, d, func(r row) (bank string, err error) { return bank, r.Scan(&bank) },
		"select distinct bank from requisite where unit = $1 and enabled = 1 order by bank", string(unit))
}

func scanOffer(r row) (deal.Offer, error) {
	var (
		o    deal.Offer
		unit string
		sums = make([]*int64, 2)
	)
	if err := r.Scan(&o.Option, &o.Method, &unit, &sums[0], &sums[1]); err != nil {
		return o, err
	}
	return o, amounts(unit, sums, &o.Least, &o.Most)
}

// liveStates are those of deals for which money may still come.
const liveStates = "('transfer_waiting', 'transfer_confirmed', 'dispute')"

// FreeRequisites are those on which a deal may begin, those that were used
// longest ago first.
func (d *DB) FreeRequisites(ctx context.Context, merchantID string, w deal.Wish, busy bool, limit int,
) ([]deal.Requisite, error) {
	amount := w.Amount.Steps()
	c := where("merchant_id = ? and unit = ? and enabled = 1", merchantID, string(w.Amount.Unit()))
	most := amount
	if busy && w.Most.Valid() {
		most = w.Most.Steps()
	}
	c.and("least <= ? and most >= ?", most, amount)
	if w.Option != "" {
		c.and("way = ?", w.Option)
	}
	if w.Method != "" {
		c.and("bank = ?", w.Method)
	}
	if !busy {
		// Counted, and not asked for by "not exists", which PostgreSQL may join with
		// all deals; so it looks up as few as the limit lets through.
		c.and("(select count(*) from deal where deal.requisite_id = requisite.id"+
			" and deal.merchant_id = requisite.merchant_id and deal.amount = ? and deal.state in "+liveStates+") = 0", amount)
	}
	// By this column alone an index has them in order.
	return part(ctx, d, requisites, scanRequisite, c, store.Page{Limit: limit, Oldest: true}, "used_at")
}

// Deal finds a deal. Error: deal_not_found.
func (d *DB) Deal(ctx context.Context, merchantID, id string) (deal.Deal, error) {
	return keyed(ctx, d, fault.CodeDealNotFound, scanDeal, statements[deals].find, id, merchantID)
}

// DealsOf are the deals of the given invoices, in order of creation.
func (d *DB) DealsOf(ctx context.Context, merchantID string, invoiceIDs ...string) ([]deal.Deal, error) {
	return d.dealsAmong(ctx, "invoice_id", "true", merchantID, invoiceIDs)
}

// DealsOfPayouts are the deals of the given payouts, in order of creation.
func (d *DB) DealsOfPayouts(ctx context.Context, merchantID string, payoutIDs ...string) ([]deal.Deal, error) {
	return d.dealsAmong(ctx, "payout_id", "payout_id <> ''", merchantID, payoutIDs)
}

// LiveDeals are the undecided deals on the given requisites.
func (d *DB) LiveDeals(ctx context.Context, merchantID string, requisiteIDs ...string) ([]deal.Deal, error) {
	return d.dealsAmong(ctx, "requisite_id", "state in "+liveStates, merchantID, requisiteIDs)
}

func (d *DB) dealsAmong(ctx context.Context, column, condition, merchantID string, ids []string) ([]deal.Deal, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	among, argument, err := d.engine.among(column, ids)
	if err != nil {
		return nil, err
	}
	return many(ctx, d, scanDeal,
		selectFrom(deals, among+" and merchant_id = $2 and "+condition+" order by created_at, id"), argument, merchantID)
}

// Deals are those that a filter leaves, newest first.
func (d *DB) Deals(ctx context.Context, f store.DealFilter, page store.Page) ([]deal.Deal, error) {
	c := where(whole)
	if f.Merchant != "" {
		c.and("merchant_id = ?", f.Merchant)
	}
	if f.Trader != "" {
		c.and("trader_id = ?", f.Trader)
	}
	if f.State != "" {
		c.and("state = ?", string(f.State))
	}
	return part(ctx, d, deals, scanDeal, c, page, byAge...)
}

// DueDeals are those that nobody paid in time, longest due first.
func (d *DB) DueDeals(ctx context.Context, now time.Time, limit int) ([]deal.Deal, error) {
	return many(ctx, d, scanDeal,
		selectFrom(deals, "deadline is not null and deadline <= $1 order by deadline, id limit $2"), micros(now), limit)
}
