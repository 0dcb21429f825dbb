package sqlstore

import (
	"context"
	"errors"
	"net/netip"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// railDetail is one network on which coins go out.
type railDetail struct {
	Unit     money.Unit `json:"unit,omitzero"`
	Network  string     `json:"network,omitzero"`
	Min      *sum       `json:"min,omitzero"`
	Fee      *sum       `json:"fee,omitzero"`
	Decimals int        `json:"decimals,omitzero"`
	Active   bool       `json:"active,omitzero"`
}

// merchantDetail is what no statement asks of a merchant.
type merchantDetail struct {
	Name         string       `json:"name,omitzero"`
	Email        string       `json:"email,omitzero"`
	SplitLimit   *sum         `json:"split_limit,omitzero"`
	Rails        []railDetail `json:"rails,omitzero"`
	PayoutLimits []*sum       `json:"payout_limits,omitzero"`
	HoldUnusual  bool         `json:"hold_unusual,omitzero"`
}

// merchantRecord writes a merchant at its next version.
func merchantRecord(m merchant.Merchant) (record, error) {
	rest := merchantDetail{Name: m.Name, Email: m.Email, SplitLimit: sumOf(m.SplitLimit), HoldUnusual: m.HoldUnusual}
	for _, r := range m.Rails {
		rest.Rails = append(rest.Rails, railDetail{
			Unit: r.Unit, Network: r.Network, Min: sumOf(r.Min), Fee: sumOf(r.Fee), Decimals: r.Decimals, Active: r.Active,
		})
	}
	for _, limit := range m.PayoutLimits {
		rest.PayoutLimits = append(rest.PayoutLimits, sumOf(limit))
	}
	detail, err := pack(rest)
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
	m.Name, m.Email, m.CreatedAt, m.UpdatedAt = d.Name, d.Email, instant(created), instant(updated)
	limit, err := d.SplitLimit.amount()
	m.SplitLimit, m.HoldUnusual = limit, d.HoldUnusual
	for _, l := range d.PayoutLimits {
		limit, wrong := l.amount()
		err = errors.Join(err, wrong)
		m.PayoutLimits = append(m.PayoutLimits, limit)
	}
	for _, r := range d.Rails {
		least, first := r.Min.amount()
		fee, second := r.Fee.amount()
		err = errors.Join(err, first, second)
		m.Rails = append(m.Rails, merchant.Rail{
			Unit: r.Unit, Network: r.Network, Min: least, Fee: fee, Decimals: r.Decimals, Active: r.Active,
		})
	}
	return m, err
}

// keyDetail is what no statement asks of a key.
type keyDetail struct {
	Hint      string           `json:"hint,omitzero"`
	Label     string           `json:"label,omitzero"`
	Scopes    []merchant.Scope `json:"scopes,omitzero"`
	Sealed    []byte           `json:"sealed,omitzero"` // encrypted before it gets here
	Account   int64            `json:"account,omitzero"`
	Methods   []string         `json:"methods,omitzero"`
	Networks  []netip.Prefix   `json:"networks,omitzero"`
	Issuer    string           `json:"issuer,omitzero"`
	Audience  string           `json:"audience,omitzero"`
	KeySet    string           `json:"key_set,omitzero"`
	ExpiresAt moment           `json:"expires_at,omitzero"`
	RevokedAt moment           `json:"revoked_at,omitzero"`
}

// keyRecord writes a key at its next version.
func keyRecord(k merchant.Key) (record, error) {
	detail, err := pack(keyDetail{
		Hint: k.Hint, Label: k.Label, Scopes: k.Scopes, Sealed: k.Sealed, Account: k.Account, Methods: k.Methods,
		Networks: k.Networks, Issuer: k.Issuer, Audience: k.Audience, KeySet: k.KeySet,
		ExpiresAt: momentOf(k.ExpiresAt), RevokedAt: momentOf(k.RevokedAt),
	})
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
	k.Sealed, k.Account, k.Methods, k.Networks = d.Sealed, d.Account, d.Methods, d.Networks
	k.Issuer, k.Audience, k.KeySet, k.ExpiresAt = d.Issuer, d.Audience, d.KeySet, perhapsInstant(d.ExpiresAt)
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
	Removed   bool              `json:"removed,omitzero"`
}

// gatewayRecord writes a gateway at its next version.
func gatewayRecord(g merchant.Gateway) (record, error) {
	detail, err := pack(gatewayDetail{
		Connector: g.Connector, Enabled: g.Enabled, Settings: g.Settings, Sealed: g.Sealed, Removed: g.Removed,
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
	g.Removed = d.Removed
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
	return part(ctx, d, merchants, scanMerchant, where("true"), page, "created_at", "merchant_id")
}

// KeyByHash finds a key, revoked or not. Error: key_invalid.
func (d *DB) KeyByHash(ctx context.Context, hash string) (merchant.Key, error) {
	if g := d.gather.keys; g != nil {
		k, here, err := g.find(ctx, "", hash)
		if err == nil && !here {
			err = fault.New(fault.CodeKeyInvalid, "", "")
		}
		return k, err
	}
	return keyed(ctx, d, fault.CodeKeyInvalid, scanKey, selectFrom(keys, "hash = $1 limit 1"), hash)
}

// Keys are a merchant's keys in order of creation.
func (d *DB) Keys(ctx context.Context, merchantID string) ([]merchant.Key, error) {
	return many(ctx, d, scanKey, selectFrom(keys, "merchant_id = $1 order by created_at, id"), merchantID)
}

// Gateways are a merchant's gateways by Order, then Name.
func (d *DB) Gateways(ctx context.Context, merchantID string) ([]merchant.Gateway, error) {
	return many(ctx, d, scanGateway, selectFrom(gateways, "merchant_id = $1 order by rank, name"), merchantID)
}

// GatewayNeed is something that is not ended and needs a gateway. It is asked when
// one is removed, so it may read a merchant's payments through.
func (d *DB) GatewayNeed(ctx context.Context, merchantID, name string) (store.Need, bool, error) {
	attempt, gateway := d.engine.detailText("attempt", "gateway"), d.engine.detailText("gateway")
	found, err := first(ctx, d, 1, func(r row) (n store.Need, err error) { return n, r.Scan(&n.Noun, &n.ID) },
		"select 'payment', id from payment where merchant_id = $1 and check_at is not null and "+attempt+" = $2"+
			" union all select 'payment', id from payment where merchant_id = $1"+
			" and state in ('processing', 'authorized') and "+attempt+" = $2"+
			" union all select 'refund', id from refund where merchant_id = $1"+
			" and state in ('requested', 'processing') and "+gateway+" = $2"+
			" union all select 'payout', id from payout where merchant_id = $1"+
			" and state in ('requested', 'approved', 'processing')"+
			" and ("+gateway+" = $2 or "+d.engine.detailText("rail")+" = $2)"+
			" union all select 'settlement', id from settlement where merchant_id = $1 and gateway = $2 and ended_at is null",
		merchantID, name)
	if err != nil || len(found) == 0 {
		return store.Need{}, false, err
	}
	return found[0], true, nil
}
