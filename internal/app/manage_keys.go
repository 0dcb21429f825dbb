package app

import (
	"context"
	"net/netip"
	"slices"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// NewSigningKey is the wish to add a key that signs calls.
type NewSigningKey struct {
	Merchant string
	Account  int64 // the account that it acts for; 0 = the merchant's own
	Label    string
	Methods  []string       // empty = all
	Networks []netip.Prefix // empty = from anywhere
}

// SigningKeyText is what the holder of a new signing key is told, once.
type SigningKeyText struct {
	Public string // sent with every call: 32 hex digits
	Secret string // signs it, as text: 72 hex digits
}

// CreateSigningKey adds a key that signs calls. Its secret is sealed and cannot
// be shown again. Errors: merchant_not_found, account_not_found.
func (a *App) CreateSigningKey(ctx context.Context, n NewSigningKey) (merchant.Key, SigningKeyText, error) {
	if _, err := a.store.Merchant(ctx, n.Merchant); err != nil {
		return merchant.Key{}, SigningKeyText{}, err
	}
	if n.Account == 0 {
		n.Account = wallet.House
	}
	if n.Account != wallet.House {
		if _, err := a.store.Customer(ctx, n.Merchant, n.Account); err != nil {
			return merchant.Key{}, SigningKeyText{}, err
		}
	}
	now := a.now()
	text := SigningKeyText{Public: newToken(), Secret: (newToken() + newToken() + newToken())[:72]}
	k := merchant.Key{
		ID: newID(now), Merchant: n.Merchant, Hash: hashKey(text.Public), Hint: text.Public[len(text.Public)-4:],
		Label: n.Label, Account: n.Account, Methods: slices.Clone(n.Methods), Networks: slices.Clone(n.Networks),
		CreatedAt: now, UpdatedAt: now,
	}
	var err error
	if k.Sealed, err = a.sealer.Seal(k.Merchant, k.ID, []byte(text.Secret)); err != nil {
		return merchant.Key{}, SigningKeyText{}, err
	}
	if err := a.store.Commit(ctx, store.Change{Keys: []merchant.Key{k}}); err != nil {
		return merchant.Key{}, SigningKeyText{}, err
	}
	k.Version++
	return k, text, nil
}

// SigningKey finds the valid key behind a public part, and the secret that its
// calls are signed with. Errors: key_missing, key_invalid.
func (a *App) SigningKey(ctx context.Context, public string) (merchant.Key, string, error) {
	if public == "" {
		return merchant.Key{}, "", fault.New(fault.CodeKeyMissing, "", "")
	}
	hash := hashKey(public)
	s, err := a.signers.find(a.now(), hash, func() (signer, error) { return a.signer(ctx, hash) })
	return s.key, s.secret, err
}

// signer is a signing key with its secret opened.
type signer struct {
	key    merchant.Key
	secret string
}

// signer finds a valid signing key and opens its secret. Error: key_invalid.
func (a *App) signer(ctx context.Context, hash string) (signer, error) {
	k, err := a.store.KeyByHash(ctx, hash)
	if err != nil {
		return signer{}, err
	}
	if !k.RevokedAt.IsZero() || !k.Signs() {
		return signer{}, fault.New(fault.CodeKeyInvalid, "", "")
	}
	secret, err := a.sealer.Open(k.Merchant, k.ID, k.Sealed)
	return signer{k, string(secret)}, err
}
