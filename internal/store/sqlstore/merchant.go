package sqlstore

import (
	"context"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
)

// merchantDetail is what no statement asks of a merchant.
type merchantDetail struct {
	Name       string `json:"name,omitzero"`
	SplitLimit *sum   `json:"split_limit,omitzero"`
}

// merchantRecord writes a merchant at its next version.
func merchantRecord(m merchant.Merchant) (record, error) {
	detail, err := pack(merchantDetail{Name: m.Name, SplitLimit: sumOf(m.SplitLimit)})
	return record{m.ID, m.Version + 1, micros(m.CreatedAt), micros(m.UpdatedAt), detail}, err
}

// scanMerchant reads what merchantRecord wrote.
func scanMerchant(r row) (merchant.Merchant, error) {
	var (
		m                merchant.Merchant
		created, updated int64
		detail           string
		d                merchantDetail
	)
	if err := r.Scan(&m.ID, &m.Version, &created, &updated, &detail); err != nil {
		return m, err
	}
	if err := unpack(detail, &d); err != nil {
		return m, err
	}
	var err error
	m.Name, m.CreatedAt, m.UpdatedAt = d.Name, instant(created), instant(updated)
	m.SplitLimit, err = d.SplitLimit.amount()
	return m, err
}

// keyDetail is what no statement asks of a key.
type keyDetail struct {
	Hint      string           `json:"hint,omitzero"`
	Label     string           `json:"label,omitzero"`
	Scopes    []merchant.Scope `json:"scopes,omitzero"`
	RevokedAt moment           `json:"revoked_at,omitzero"`
}

// keyRecord writes a key at its next version.
func keyRecord(k merchant.Key) (record, error) {
	detail, err := pack(keyDetail{Hint: k.Hint, Label: k.Label, Scopes: k.Scopes, RevokedAt: momentOf(k.RevokedAt)})
	return record{
		k.ID, k.Merchant, k.Version + 1, k.Hash, micros(k.CreatedAt), micros(k.UpdatedAt), detail,
	}, err
}

// scanKey reads what keyRecord wrote.
func scanKey(r row) (merchant.Key, error) {
	var (
		k                merchant.Key
		created, updated int64
		detail           string
		d                keyDetail
	)
	if err := r.Scan(&k.ID, &k.Merchant, &k.Version, &k.Hash, &created, &updated, &detail); err != nil {
		return k, err
	}
	err := unpack(detail, &d)
	k.Hint, k.Label, k.Scopes, k.RevokedAt = d.Hint, d.Label, d.Scopes, perhapsInstant(d.RevokedAt)
	k.CreatedAt, k.UpdatedAt = instant(created), instant(updated)
	return k, err
}

// gatewayDetail is what no statement asks of a gateway. Sealed is encrypted
// before it gets here.
type gatewayDetail struct {
	Connector string            `json:"connector,omitzero"`
	Enabled   bool              `json:"enabled,omitzero"`
	Settings  map[string]string `json:"settings,omitzero"`
	Sealed    []byte            `json:"sealed,omitzero"`
}

// gatewayRecord writes a gateway at its next version.
func gatewayRecord(g merchant.Gateway) (record, error) {
	detail, err := pack(gatewayDetail{
		Connector: g.Connector, Enabled: g.Enabled, Settings: g.Settings, Sealed: g.Sealed,
	})
	return record{
		g.Name, g.Merchant, g.Version + 1, int64(g.Order), micros(g.CreatedAt), micros(g.UpdatedAt), detail,
	}, err
}

// scanGateway reads what gatewayRecord wrote.
func scanGateway(r row) (merchant.Gateway, error) {
	var (
		g                merchant.Gateway
		created, updated int64
		detail           string
		d                gatewayDetail
	)
	if err := r.Scan(&g.Name, &g.Merchant, &g.Version, &g.Order, &created, &updated, &detail); err != nil {
		return g, err
	}
	err := unpack(detail, &d)
	g.Connector, g.Enabled, g.Settings, g.Sealed = d.Connector, d.Enabled, d.Settings, d.Sealed
	g.CreatedAt, g.UpdatedAt = instant(created), instant(updated)
	return g, err
}

// Merchant finds a merchant. Error: merchant_not_found.
func (d *DB) Merchant(ctx context.Context, id string) (merchant.Merchant, error) {
	return one(ctx, d, fault.CodeMerchantNotFound, scanMerchant,
		selectFrom(merchants, "merchant_id = $1"), id)
}

// Merchants are all merchants, newest first.
func (d *DB) Merchants(ctx context.Context, page store.Page) ([]merchant.Merchant, error) {
	limit, offset := bounds(page)
	return many(ctx, d, scanMerchant,
		selectFrom(merchants, "true order by created_at desc, merchant_id desc limit $1 offset $2"), limit, offset)
}

// KeyByHash finds a key, revoked or not. Error: key_invalid.
func (d *DB) KeyByHash(ctx context.Context, hash string) (merchant.Key, error) {
	return one(ctx, d, fault.CodeKeyInvalid, scanKey, selectFrom(keys, "hash = $1 limit 1"), hash)
}

// Keys are a merchant's keys in order of creation.
func (d *DB) Keys(ctx context.Context, merchantID string) ([]merchant.Key, error) {
	return many(ctx, d, scanKey, selectFrom(keys, "merchant_id = $1 order by created_at, id"), merchantID)
}

// Gateways are a merchant's gateways by Order, then Name.
func (d *DB) Gateways(ctx context.Context, merchantID string) ([]merchant.Gateway, error) {
	return many(ctx, d, scanGateway, selectFrom(gateways, "merchant_id = $1 order by rank, name"), merchantID)
}
