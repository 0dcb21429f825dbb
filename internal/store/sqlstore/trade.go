package sqlstore

import (
	"context"
	"errors"
	"strconv"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// transferDetail is what no index holds of a transfer.
type transferDetail struct {
	Reference   string `json:"reference,omitzero"`
	Description string `json:"description,omitzero"`
}

// transferRecord writes a transfer, which is always new.
func transferRecord(t wallet.Transfer) (record, error) {
	detail, err := pack(transferDetail{Reference: t.Reference, Description: t.Description})
	unit, sums, wrong := steps(t.Amount)
	return record{
		t.ID, t.Merchant, int64(1), t.From, t.To, unit, sums[0], micros(t.CreatedAt), detail,
	}, errors.Join(err, wrong)
}

// scanTransfer reads what transferRecord wrote.
func scanTransfer(r row) (wallet.Transfer, error) {
	var (
		t                wallet.Transfer
		unit, detail     string
		sums             = make([]*int64, 1)
		version, created int64
		d                transferDetail
	)
	if err := r.Scan(&t.ID, &t.Merchant, &version, &t.From, &t.To, &unit, &sums[0], &created, &detail); err != nil {
		return t, err
	}
	if err := unpack(detail, &d); err != nil {
		return t, err
	}
	t.Reference, t.Description, t.CreatedAt = d.Reference, d.Description, instant(created)
	return t, amounts(unit, sums, &t.Amount)
}

// Transfers are those of one account that a filter leaves, newest first, and
// how many those are in all.
func (d *DB) Transfers(
	ctx context.Context, merchantID string, f store.TransferFilter, page store.Page,
) ([]wallet.Transfer, int, error) {
	sent, received := "sender = ?", "receiver = ?"
	ofSent, ofReceived := []any{f.Account}, []any{f.Account}
	if f.Reference != "" {
		// An account's own names are claimed; what it received may have any.
		sent = "id = (select subject from claim where key = ? and kind = ? and merchant_id = ?)"
		ofSent = []any{strconv.FormatInt(f.Account, 10) + "/" + f.Reference, string(store.TransferClaim), merchantID}
		received += " and " + d.engine.detailText("reference") + " = ?"
		ofReceived = append(ofReceived, f.Reference)
	}
	c := where("merchant_id = ?", merchantID)
	switch {
	case f.Sent == f.Received:
		c.and("("+sent+" or "+received+")", append(ofSent, ofReceived...)...)
	case f.Sent:
		c.and(sent, ofSent...)
	default:
		c.and(received, ofReceived...)
	}
	if f.ID != "" {
		c.and("id = ?", f.ID)
	}
	return partAndTotal(ctx, d, transfers, scanTransfer, c, page, byAge...)
}

// marketDetail is what no statement asks of a market.
type marketDetail struct {
	Base   money.Unit `json:"base,omitzero"`
	Quote  money.Unit `json:"quote,omitzero"`
	Buy    string     `json:"buy,omitzero"`
	Sell   string     `json:"sell,omitzero"`
	Source string     `json:"source,omitzero"`
	SetAt  moment     `json:"set_at,omitzero"`
}

// marketRecord writes a market at its next version.
func marketRecord(m wallet.Market) (record, error) {
	detail, err := pack(marketDetail{
		Base: m.Base, Quote: m.Quote, Buy: m.Buy.Text(), Sell: m.Sell.Text(), Source: m.Source, SetAt: momentOf(m.SetAt),
	})
	return record{m.Name(), m.Merchant, m.Version + 1, micros(m.CreatedAt), detail}, err
}

// scanMarket reads what marketRecord wrote.
func scanMarket(r row) (wallet.Market, error) {
	var (
		m          wallet.Market
		id, detail string
		created    int64
		d          marketDetail
	)
	if err := r.Scan(&id, &m.Merchant, &m.Version, &created, &detail); err != nil {
		return m, err
	}
	if err := unpack(detail, &d); err != nil {
		return m, err
	}
	var first, further error
	m.Base, m.Quote, m.Source = d.Base, d.Quote, d.Source
	m.Buy, first = rateOf(d.Buy)
	m.Sell, further = rateOf(d.Sell)
	m.SetAt, m.CreatedAt = perhapsInstant(d.SetAt), instant(created)
	return m, errors.Join(first, further)
}

// rateOf reads a rate back; an empty text is none.
func rateOf(text string) (money.Rate, error) {
	if text == "" {
		return money.Rate{}, nil
	}
	return money.ParseRate(text)
}

// Markets are a merchant's by name.
func (d *DB) Markets(ctx context.Context, merchantID string) ([]wallet.Market, error) {
	return many(ctx, d, scanMarket, selectFrom(markets, "merchant_id = $1 order by id"), merchantID)
}

// exchangeDetail is what no index holds of an exchange.
type exchangeDetail struct {
	Spent  *sum        `json:"spent,omitzero"`
	Got    *sum        `json:"got,omitzero"`
	Exact  bool        `json:"exact,omitzero"`
	Market string      `json:"market,omitzero"`
	Side   wallet.Side `json:"side,omitzero"`
	Rate   string      `json:"rate,omitzero"`
}

// exchangeRecord writes an exchange, which is always new.
func exchangeRecord(e wallet.Exchange) (record, error) {
	detail, err := pack(exchangeDetail{
		Spent: sumOf(e.Spent), Got: sumOf(e.Got), Exact: e.Exact, Market: e.Market, Side: e.Side, Rate: e.Rate.Text(),
	})
	return record{e.ID, e.Merchant, int64(1), e.Account, micros(e.CreatedAt), detail}, err
}

// scanExchange reads what exchangeRecord wrote.
func scanExchange(r row) (wallet.Exchange, error) {
	var (
		e                wallet.Exchange
		version, created int64
		detail           string
		d                exchangeDetail
		spent, got, rate error
	)
	if err := r.Scan(&e.ID, &e.Merchant, &version, &e.Account, &created, &detail); err != nil {
		return e, err
	}
	if err := unpack(detail, &d); err != nil {
		return e, err
	}
	e.Spent, spent = d.Spent.amount()
	e.Got, got = d.Got.amount()
	e.Rate, rate = rateOf(d.Rate)
	e.Exact, e.Market, e.Side, e.CreatedAt = d.Exact, d.Market, d.Side, instant(created)
	return e, errors.Join(spent, got, rate)
}

// Exchanges are those of one account, newest first, and how many there are in
// all; with an id that is not empty, only that one.
func (d *DB) Exchanges(
	ctx context.Context, merchantID string, account int64, id string, page store.Page,
) ([]wallet.Exchange, int, error) {
	c := where("account = ? and merchant_id = ?", account, merchantID)
	if id != "" {
		c.and("id = ?", id)
	}
	return partAndTotal(ctx, d, exchanges, scanExchange, c, page, byAge...)
}

// Exchange finds an exchange. Error: not_found.
func (d *DB) Exchange(ctx context.Context, merchantID, id string) (wallet.Exchange, error) {
	return one(ctx, d, fault.CodeNotFound, scanExchange,
		selectFrom(exchanges, "id = $1 and merchant_id = $2"), id, merchantID)
}

// ListExchanges are those of one account, or of all for 0, part by part.
func (d *DB) ListExchanges(ctx context.Context, merchantID string, account int64, p store.Older,
) ([]wallet.Exchange, error) {
	c := where("merchant_id = ?", merchantID)
	if account == 0 {
		c.and(whole)
	}
	c.number("account", account)
	return older(ctx, d, exchanges, scanExchange, c, p)
}
