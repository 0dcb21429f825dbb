package zipay

import (
	"context"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/wallet"
)

func (d desk) balance(r *dialect.Request) (dialect.Reply, error) {
	amounts, err := d.App.AvailableBalances(r.Context(), r.Merchant, r.Key.Account)
	if err != nil {
		return dialect.Reply{}, err
	}
	return listed(encodeBalances(amounts)), nil
}

func (d desk) rate(r *dialect.Request) (dialect.Reply, error) {
	name, err := decodeMarket(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	markets, err := d.App.Markets(r.Context(), r.Merchant)
	if err != nil {
		return dialect.Reply{}, err
	}
	return listed(encodeRates(markets, name)), nil
}

func (d desk) exchange(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeExchange(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	e, err := d.App.Exchange(r.Context(), app.NewExchange{
		ID: d.NewID(), Merchant: r.Merchant, Account: r.Key.Account, Spent: n.amount, To: n.to,
	})
	if err != nil {
		return dialect.Reply{}, err
	}
	return result(encodeExchange(e)), nil
}

func (d desk) exchangeList(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeExchangeSearch(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	list, total, err := d.App.Exchanges(r.Context(), r.Merchant, r.Key.Account, n.id, n.page.core())
	if err != nil {
		return dialect.Reply{}, err
	}
	items := make([]exchangeBody, len(list))
	for i, e := range list {
		items[i] = encodeExchange(e)
	}
	return paged(items, total, n.page), nil
}

func (d desk) transfer(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeTransfer(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	to, err := d.App.FindAccount(r.Context(), r.Merchant, n.receiver)
	if fault.Is(err, fault.CodeAccountNotFound) {
		err = fault.From(err).Because("There is no such receiver.")
	}
	if err != nil {
		return dialect.Reply{}, err
	}
	// It is looked up before, so that nothing can fail once the money has moved.
	from, err := d.App.Account(r.Context(), r.Merchant, r.Key.Account)
	if err != nil {
		return dialect.Reply{}, err
	}
	t, err := d.App.Transfer(r.Context(), app.NewTransfer{
		ID: d.NewID(), Merchant: r.Merchant, From: r.Key.Account, To: to.Number, Amount: n.amount,
		Reference: n.orderID, Description: n.description,
	})
	if err != nil {
		return dialect.Reply{}, err
	}
	return result(encodeTransfer(t, r.Key.Account, from, to)), nil
}

func (d desk) transferList(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeTransferSearch(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	list, total, err := d.App.Transfers(r.Context(), r.Merchant, app.TransferFilter{
		Account: r.Key.Account, ID: n.id, Reference: n.orderID,
		Sent: n.direction == sentOut, Received: n.direction == cameIn,
	}, n.page.core())
	if err != nil {
		return dialect.Reply{}, err
	}
	parties, err := d.parties(r.Context(), r.Merchant, list)
	if err != nil {
		return dialect.Reply{}, err
	}
	items := make([]transferBody, len(list))
	for i, t := range list {
		items[i] = encodeTransfer(t, r.Key.Account, parties[t.From], parties[t.To])
	}
	return paged(items, total, n.page), nil
}

// parties are both ends of every transfer.
func (d desk) parties(ctx context.Context, merchantID string, list []wallet.Transfer) (map[int64]app.Account, error) {
	known := map[int64]app.Account{}
	for _, t := range list {
		for _, number := range []int64{t.From, t.To} {
			if _, ok := known[number]; ok {
				continue
			}
			account, err := d.App.Account(ctx, merchantID, number)
			if err != nil {
				return nil, err
			}
			known[number] = account
		}
	}
	return known, nil
}

func (d desk) cryptoInfo(r *dialect.Request) (dialect.Reply, error) {
	m, err := d.App.Merchant(r.Context(), r.Merchant)
	if err != nil {
		return dialect.Reply{}, err
	}
	return listed(encodeRails(m)), nil
}

func (d desk) cryptoWithdraw(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeWithdrawal(r.Fields, r.Media == jsonType)
	if err != nil {
		return dialect.Reply{}, err
	}
	p, err := d.App.RequestPayout(r.Context(), app.NewPayout{
		ID: d.NewPayoutID(), Merchant: r.Merchant, Account: r.Key.Account, Amount: n.amount,
		Rail: n.network, Destination: n.address, Reference: n.reference(),
	})
	if err != nil {
		return dialect.Reply{}, err
	}
	body, err := encodePayout(p, n.orderID)
	if err != nil {
		return dialect.Reply{}, err
	}
	return result(body), nil
}
