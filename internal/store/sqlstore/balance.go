package sqlstore

import (
	"context"

	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// BalancesOf are the accounts of one owner in a role, by unit. An account is
// named after its unit, so all that there can be are looked up by their keys.
func (d *DB) BalancesOf(
	ctx context.Context, merchantID string, role ledger.Role, owner string,
) ([]ledger.Posting, error) {
	of := ledger.Account{Merchant: merchantID, Role: role, Owner: owner}
	var keys []string
	for _, u := range money.Units() {
		of.Unit = u.Unit
		keys = append(keys, of.Key())
	}
	among, argument, err := d.engine.among("key", keys)
	if err != nil {
		return nil, err
	}
	return many(ctx, d, func(r row) (ledger.Posting, error) {
		of := of
		var steps int64
		if err := r.Scan(&of.Unit, &steps); err != nil {
			return ledger.Posting{}, err
		}
		balance, err := money.Of(steps, of.Unit)
		return ledger.Posting{Account: of, Amount: balance}, err
	}, "select unit, balance from account where "+among+" and merchant_id = $2 order by unit", argument, merchantID)
}

// Balances are all accounts of a merchant with their balances, by key.
func (d *DB) Balances(ctx context.Context, merchantID string) ([]ledger.Posting, error) {
	return d.balances(ctx, where("merchant_id = ?", merchantID), "")
}

// ListBalances are some of them.
func (d *DB) ListBalances(ctx context.Context, merchantID string, l store.BalanceList) ([]ledger.Posting, error) {
	c := where("merchant_id = ? and key > ?", merchantID, l.After)
	c.only("role", string(l.Role))
	c.only("owner", l.Owner)
	c.only("unit", string(l.Unit))
	c.args = append(c.args, max(1, min(l.Limit, most+1)))
	return d.balances(ctx, c, " limit "+place(len(c.args)-1))
}

// balances reads accounts with their balances, by key.
func (d *DB) balances(ctx context.Context, c *conditions, limit string) ([]ledger.Posting, error) {
	return many(ctx, d, func(r row) (ledger.Posting, error) {
		var (
			a     ledger.Account
			steps int64
		)
		if err := r.Scan(&a.Merchant, &a.Role, &a.Owner, &a.Unit, &steps); err != nil {
			return ledger.Posting{}, err
		}
		balance, err := money.Of(steps, a.Unit)
		return ledger.Posting{Account: a, Amount: balance}, err
	}, "select merchant_id, role, owner, unit, balance from account where "+c.text+" order by key"+limit, c.args...)
}
