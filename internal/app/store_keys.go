package app

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// NewStoreKey is the wish to add the key of a store: a signing key that is good
// for one terminal and for nothing else.
type NewStoreKey struct {
	ID       string         // empty = one is minted
	Text     SigningKeyText // what NewStoreKeyText gave; empty = it is made
	Merchant string
	Terminal int64
	Label    string
	Networks []netip.Prefix // empty = from anywhere
}

// The parts of a store's key: letters and digits.
const (
	storePublic = 40
	storeSecret = 40
)

// CreateStoreKey adds the key of a store. All valid ones of a merchant sign with
// one secret: where there is one it is kept, and text.Secret is empty, because it
// was told before. Errors: merchant_not_found, terminal_not_found.
func (a *App) CreateStoreKey(ctx context.Context, n NewStoreKey) (k merchant.Key, text SigningKeyText, err error) {
	if text = n.Text; text == (SigningKeyText{}) {
		text = a.NewStoreKeyText()
	}
	first := text.Secret
	err = a.changeStoreKeys(ctx, n.Merchant, func(known []merchant.Key) ([]merchant.Key, error) {
		if _, err := a.Terminal(ctx, n.Merchant, n.Terminal); err != nil {
			return nil, err
		}
		now := a.now()
		k = merchant.Key{
			ID: cmp.Or(n.ID, a.newID(now)), Merchant: n.Merchant, Hash: hashKey(text.Public), Hint: text.Public[storePublic-4:],
			Label: n.Label, Account: wallet.House, Methods: merchant.StoreCalls(n.Terminal),
			Networks: slices.Clone(n.Networks), CreatedAt: now, UpdatedAt: now,
		}
		secret := first
		text.Secret = secret
		if len(known) > 0 {
			newest := known[len(known)-1]
			opened, err := a.sealer.Open(newest.Merchant, newest.ID, newest.Sealed)
			if err != nil {
				return nil, err
			}
			secret, text.Secret = string(opened), ""
		}
		var err error
		k.Sealed, err = a.sealer.Seal(k.Merchant, k.ID, []byte(secret))
		return []merchant.Key{k}, err
	})
	k.Version++
	return k, text, err
}

// RotateStoreSecret gives all valid keys of a merchant's stores one new secret,
// which cannot be shown again. The old one is bad at once on this node, and within
// keyAge on others. Errors: merchant_not_found, not_found where there is no key.
func (a *App) RotateStoreSecret(ctx context.Context, merchantID string) (secret string, err error) {
	secret = a.newStoreSecret()
	err = a.changeStoreKeys(ctx, merchantID, func(known []merchant.Key) ([]merchant.Key, error) {
		if len(known) == 0 {
			return nil, fault.New(fault.CodeNotFound, "key", "No store of this merchant has a key.")
		}
		for n, k := range known {
			sealed, err := a.sealer.Seal(k.Merchant, k.ID, []byte(secret))
			if err != nil {
				return nil, err
			}
			known[n].Sealed, known[n].UpdatedAt = sealed, a.now()
		}
		return known, nil
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// changeStoreKeys writes what a function makes of the valid keys of a merchant's
// stores. The merchant is written with them: of two who make a first key at once
// the second finds the other's secret.
func (a *App) changeStoreKeys(ctx context.Context, merchantID string,
	change func(known []merchant.Key) ([]merchant.Key, error),
) error {
	defer a.signers.forget()
	defer a.merchants.forget()
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		m, err := r.Merchant(ctx, merchantID)
		if err != nil {
			return store.Change{}, err
		}
		known, err := r.Keys(ctx, merchantID)
		if err != nil {
			return store.Change{}, err
		}
		keys, err := change(slices.DeleteFunc(known, func(k merchant.Key) bool {
			_, ok := k.Store()
			return !ok || !k.RevokedAt.IsZero()
		}))
		if err != nil {
			return store.Change{}, err
		}
		m.UpdatedAt = a.now()
		made := store.Change{Merchants: []merchant.Merchant{m}, Keys: keys}
		for _, k := range keys {
			if k.Version > 0 { // only a new secret changes a key
				made.Events = append(made.Events, acted(event.Key, merchantID, k.ID, event.Rotate, k.UpdatedAt))
			}
		}
		return made, nil
	})
}

// StoreKeys lists the keys of a merchant's stores, and the revoked ones.
func (a *App) StoreKeys(ctx context.Context, merchantID string) ([]merchant.Key, error) {
	keys, err := a.store.Keys(ctx, merchantID)
	return slices.DeleteFunc(keys, func(k merchant.Key) bool { _, ok := k.Store(); return !ok }), err
}

// StoreSecret is what a change gives the keys of stores to sign with. It is for the
// answer of the change alone.
func (a *App) StoreSecret(k merchant.Key) (string, error) {
	secret, err := a.sealer.Open(k.Merchant, k.ID, k.Sealed)
	return string(secret), err
}

// NewStoreKeyText makes what a store sends with every call, and a secret for the
// first one of a merchant.
func (a *App) NewStoreKeyText() SigningKeyText {
	return SigningKeyText{Public: (a.newToken() + a.newToken())[:storePublic], Secret: a.newStoreSecret()}
}

// newStoreSecret is a secret of 200 random bits in letters and digits.
func (a *App) newStoreSecret() string { return (a.NewText() + a.NewText())[:storeSecret] }
