package sqlstore

import (
	"context"

	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
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
