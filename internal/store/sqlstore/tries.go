package sqlstore

import (
	"context"

	"github.com/purserhq/purser/internal/wallet"
)

// triesRecord writes tries at their next version.
func triesRecord(t wallet.Tries) record {
	return record{t.Key, t.Merchant, t.Version + 1, int64(t.Count), micros(t.ExpiresAt)}
}

// scanTries reads what triesRecord wrote.
func scanTries(r row) (wallet.Tries, error) {
	var (
		t       wallet.Tries
		expires int64
	)
	err := r.Scan(&t.Key, &t.Merchant, &t.Version, &t.Count, &expires)
	t.ExpiresAt = instant(expires)
	return t, err
}

// Tries are those under a key; none were made where none are stored.
func (d *DB) Tries(ctx context.Context, merchantID, key string) (wallet.Tries, error) {
	found, err := many(ctx, d, scanTries, selectFrom(tries, "id = $1 and merchant_id = $2"), key, merchantID)
	if err != nil || len(found) == 0 {
		return wallet.Tries{Merchant: merchantID, Key: key}, err
	}
	return found[0], nil
}
