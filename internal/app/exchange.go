package app

import (
	"context"
	"slices"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// NewExchange is the wish to turn money of an account into another unit.
type NewExchange struct {
	ID       string
	Merchant string
	Account  int64
	Spent    money.Amount
	To       money.Unit
}

// Exchange turns an amount of an account into another unit at the merchant's
// present rate, at once and for good; the rate is kept with it.
// Errors: those of wallet.Trade, account_not_found, account_closed,
// insufficient_funds.
func (a *App) Exchange(ctx context.Context, n NewExchange) (wallet.Exchange, error) {
	markets, err := a.store.Markets(ctx, n.Merchant)
	if err != nil {
		return wallet.Exchange{}, err
	}
	e, err := wallet.Trade(markets, n.Spent, n.To)
	if err != nil {
		return wallet.Exchange{}, err
	}
	e.ID, e.Merchant, e.Account, e.CreatedAt = n.ID, n.Merchant, n.Account, a.now()
	entry, err := ledger.Swap(
		ledger.Cause{Entry: a.newID(e.CreatedAt), Merchant: n.Merchant, Subject: n.ID, At: e.CreatedAt},
		ownerOf(n.Account), e.Market, e.Spent, e.Got)
	if err != nil {
		return wallet.Exchange{}, err
	}
	err = a.spend(ctx, n.Merchant, n.Account, store.Change{
		Exchanges: []wallet.Exchange{e}, Entries: []ledger.Entry{entry},
		Events: []event.Event{happened(event.Exchange, n.Merchant, n.ID, "", create, wallet.Completed,
			byMerchant, "", e.CreatedAt)},
	})
	return e, err
}

// Exchanges lists the exchanges of an account, newest first unless the page
// says otherwise, and says how many there are in all. With an id only that one.
func (a *App) Exchanges(ctx context.Context, merchantID string, account int64, id string, page Page,
) ([]wallet.Exchange, int, error) {
	return a.store.Exchanges(ctx, merchantID, account, id, page)
}

// Quote works out what an exchange would give at the merchant's present rate. It
// promises nothing. Errors: those of wallet.Trade.
func (a *App) Quote(ctx context.Context, merchantID string, spent money.Amount, to money.Unit,
) (wallet.Exchange, error) {
	markets, err := a.store.Markets(ctx, merchantID)
	if err != nil {
		return wallet.Exchange{}, err
	}
	return wallet.Trade(markets, spent, to)
}

// FindExchange finds one of a merchant's exchanges. Error: not_found.
func (a *App) FindExchange(ctx context.Context, merchantID, id string) (wallet.Exchange, error) {
	return a.store.Exchange(ctx, merchantID, id)
}

// ListExchanges lists the exchanges of an account, or of all for 0, part by part.
func (a *App) ListExchanges(ctx context.Context, merchantID string, account int64, part Older,
) ([]wallet.Exchange, error) {
	return a.store.ListExchanges(ctx, merchantID, account, part)
}

// Markets lists a merchant's markets with their rates, by name.
func (a *App) Markets(ctx context.Context, merchantID string) ([]wallet.Market, error) {
	return a.store.Markets(ctx, merchantID)
}

// NewRate is the wish to set the rates of a market.
type NewRate struct {
	Merchant    string
	Base, Quote money.Unit
	Buy, Sell   money.Rate
	Source      string // where they come from
	ByMerchant  bool   // its own software sets them, and no operator
}

// SetRate sets the rates of a market, which the first rates open. What was
// exchanged before keeps the rate it had. Errors: merchant_not_found and those
// of wallet.Market.Check; parameter_invalid when the pair is known the other
// way round.
func (a *App) SetRate(ctx context.Context, n NewRate) (wallet.Market, error) {
	if _, err := a.store.Merchant(ctx, n.Merchant); err != nil {
		return wallet.Market{}, err
	}
	m := wallet.Market{
		Merchant: n.Merchant, Base: n.Base, Quote: n.Quote, Buy: n.Buy, Sell: n.Sell, Source: n.Source,
	}
	if err := m.Check(); err != nil {
		return wallet.Market{}, err
	}
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		known, err := r.Markets(ctx, n.Merchant)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		m.Version, m.SetAt, m.CreatedAt = 0, now, now
		from, trigger, actor := "", create, byOperator
		if n.ByMerchant {
			actor = byMerchant
		}
		if slices.ContainsFunc(known, func(k wallet.Market) bool { return k.Base == n.Quote && k.Quote == n.Base }) {
			return store.Change{}, errTurned
		}
		if at := slices.IndexFunc(known, func(k wallet.Market) bool { return k.Name() == m.Name() }); at >= 0 {
			m.Version, m.CreatedAt = known[at].Version, known[at].CreatedAt
			from, trigger = wallet.Priced, "set"
		}
		return store.Change{
			Markets: []wallet.Market{m},
			Events: []event.Event{happened(event.Market, n.Merchant, m.Name(), from, trigger, wallet.Priced, actor,
				whoActs(ctx).said("buy "+n.Buy.Text()+", sell "+n.Sell.Text()+", from "+n.Source), now)},
		}, nil
	})
	m.Version++
	return m, err
}

// errTurned says that a pair of units has one market, in one direction.
var errTurned = fault.New(fault.CodeParameterInvalid, "market", "The merchant has this market the other way round.")
