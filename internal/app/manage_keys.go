package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// NewKey is the wish to add a key to a merchant.
type NewKey struct {
	ID       string // empty = a new one
	Merchant string
	Label    string
	Scopes   []merchant.Scope // empty = payments
	Lasts    time.Duration    // how long it is good; 0 = until it is revoked
	Secret   string           // one of NewKeySecret; empty = a new one
}

// NewKeySecret is a secret that no key has.
func (a *App) NewKeySecret() string { return "sk_" + a.newToken() + a.newToken() }

// CreateKey adds a key and returns its secret, which is not stored and cannot
// be shown again. Errors: merchant_not_found, parameter_invalid.
func (a *App) CreateKey(ctx context.Context, n NewKey) (merchant.Key, string, error) {
	if _, err := a.store.Merchant(ctx, n.Merchant); err != nil {
		return merchant.Key{}, "", err
	}
	for _, s := range n.Scopes {
		if !slices.Contains(merchant.Scopes, s) {
			return merchant.Key{}, "", fault.Newf(fault.CodeParameterInvalid, "scope", "There is no scope %q.", s)
		}
	}
	if n.Lasts < 0 {
		return merchant.Key{}, "", fault.New(fault.CodeParameterInvalid, "lasts", "It must not be negative.")
	}
	if len(n.Scopes) == 0 {
		n.Scopes = []merchant.Scope{merchant.Payments}
	}
	k, secret := a.mintKey(n)
	if err := a.commit(ctx, store.Change{Keys: []merchant.Key{k}}); err != nil {
		return merchant.Key{}, "", err
	}
	k.Version++
	return k, secret, nil
}

// mintKey makes a key that is not stored yet.
func (a *App) mintKey(n NewKey) (k merchant.Key, secret string) {
	now := a.now()
	secret = cmp.Or(n.Secret, a.NewKeySecret())
	k = merchant.Key{
		ID: cmp.Or(n.ID, a.newID(now)), Merchant: n.Merchant, Hash: hashKey(secret), Hint: secret[len(secret)-4:],
		Label: n.Label, Scopes: slices.Clone(n.Scopes), CreatedAt: now, UpdatedAt: now,
	}
	if n.Lasts > 0 {
		k.ExpiresAt = now.Add(n.Lasts)
	}
	return k, secret
}

// Replacement is the wish for a key in the place of another.
type Replacement struct {
	ID      string // of the new one; empty = any
	Key     string // the id of the other
	Overlap time.Duration
	Secret  string // as of NewKey
}

// ReplaceKey adds a key that may do what another may, and lets that one be good
// for some time yet, so that its holder can change over. A time at which it was
// to expire anyway stays, and the new one is good as long as the other was to be.
// Errors: not_found, wrong_state when it is over, was replaced before or is none
// that is sent, parameter_invalid.
func (a *App) ReplaceKey(ctx context.Context, merchantID string, n Replacement,
) (next merchant.Key, secret string, err error) {
	if n.Overlap < 0 {
		return next, "", fault.New(fault.CodeParameterInvalid, "overlap", "It must not be negative.")
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		old, err := keyOf(ctx, r, merchantID, n.Key)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		if !old.RevokedAt.IsZero() || old.Expired(now) || old.Signs() || old.Issues() {
			return store.Change{}, fault.New(fault.CodeWrongState, "key", "")
		}
		if err := neverReplaced(ctx, r, old); err != nil {
			return store.Change{}, err
		}
		wish := NewKey{ID: n.ID, Secret: n.Secret, Merchant: merchantID, Label: old.Label, Scopes: old.Scopes}
		if !old.ExpiresAt.IsZero() {
			wish.Lasts = old.ExpiresAt.Sub(old.CreatedAt)
		}
		next, secret = a.mintKey(wish)
		if end := now.Add(n.Overlap); old.ExpiresAt.IsZero() || end.Before(old.ExpiresAt) {
			old.ExpiresAt = end
		}
		old.UpdatedAt = now
		return store.Change{
			Keys:   []merchant.Key{old, next},
			Events: []event.Event{acted(event.Key, merchantID, old.ID, event.Replace, now)},
		}, nil
	})
	a.keys.forget()
	next.Version++
	return next, secret, err
}

// neverReplaced lets only a key be replaced that ends when it was to end: after that
// its end is the overlap's, and whatever came next would be as short. Error: wrong_state.
func neverReplaced(ctx context.Context, r store.Reader, k merchant.Key) error {
	history, err := r.History(ctx, k.Merchant, event.Key, k.ID)
	if err == nil && slices.ContainsFunc(history, func(e event.Event) bool { return e.Trigger == event.Replace }) {
		err = fault.New(fault.CodeWrongState, "key", "It was replaced already. Replace the key that took its place.")
	}
	return err
}

// keyOf finds one of a merchant's keys. Error: not_found.
func keyOf(ctx context.Context, r store.Reader, merchantID, keyID string) (merchant.Key, error) {
	keys, err := r.Keys(ctx, merchantID)
	if err != nil {
		return merchant.Key{}, err
	}
	i := slices.IndexFunc(keys, func(k merchant.Key) bool { return k.ID == keyID })
	if i < 0 {
		return merchant.Key{}, fault.New(fault.CodeNotFound, "key", "There is no such key.")
	}
	return keys[i], nil
}

// FindKey finds one of a merchant's keys, revoked ones too. Error: not_found.
func (a *App) FindKey(ctx context.Context, merchantID, keyID string) (merchant.Key, error) {
	return keyOf(ctx, a.store, merchantID, keyID)
}

// Keys lists a merchant's keys, revoked ones too.
func (a *App) Keys(ctx context.Context, merchantID string) ([]merchant.Key, error) {
	return a.store.Keys(ctx, merchantID)
}

// RevokeKey ends a key. On this node it ends at once, on others within keyAge.
// Error: not_found.
func (a *App) RevokeKey(ctx context.Context, merchantID, keyID string) error {
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		k, err := keyOf(ctx, r, merchantID, keyID)
		if err != nil || !k.RevokedAt.IsZero() {
			return store.Change{}, err
		}
		k.RevokedAt, k.UpdatedAt = a.now(), a.now()
		return store.Change{
			Keys:   []merchant.Key{k},
			Events: []event.Event{acted(event.Key, merchantID, k.ID, event.Revoke, k.UpdatedAt)},
		}, nil
	})
	a.keys.forget()
	a.signers.forget()
	a.issuers.forget()
	return err
}

// Authenticate finds the valid key behind a secret.
// Errors: key_missing, key_invalid.
func (a *App) Authenticate(ctx context.Context, secret string) (merchant.Key, error) {
	if secret == "" {
		return merchant.Key{}, fault.New(fault.CodeKeyMissing, "", "")
	}
	hash, now := hashKey(secret), a.now()
	k, err := a.keys.find(now, hash, func() (merchant.Key, error) {
		k, err := a.store.KeyByHash(ctx, hash)
		// The public part of a signing key and the name of an issuer are no secrets, so they open nothing by themselves.
		if err == nil && (!k.RevokedAt.IsZero() || k.Signs() || k.Issues()) {
			err = fault.New(fault.CodeKeyInvalid, "", "")
		}
		return k, err
	})
	if err == nil && k.Expired(now) {
		return merchant.Key{}, fault.New(fault.CodeKeyInvalid, "", "")
	}
	return k, err
}

// hashKey needs no salt and no slowness: the secret carries 256 random bits.
// Looking it up by its hash also keeps timing from telling anything.
func hashKey(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], sum[:])
	return string(text[:])
}

// NewSigningKey is the wish to add a key that signs calls.
type NewSigningKey struct {
	ID       string         // empty = one is minted
	Text     SigningKeyText // what NewSigningKeyText gave; empty = it is made
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
	text := n.Text
	if text == (SigningKeyText{}) {
		text = a.NewSigningKeyText()
	}
	k := merchant.Key{
		ID: cmp.Or(n.ID, a.newID(now)), Merchant: n.Merchant, Hash: hashKey(text.Public),
		Hint: text.Public[len(text.Public)-4:], Label: n.Label, Account: n.Account, Methods: slices.Clone(n.Methods),
		Networks:  slices.Clone(n.Networks),
		CreatedAt: now, UpdatedAt: now,
	}
	var err error
	if k.Sealed, err = a.sealer.Seal(k.Merchant, k.ID, []byte(text.Secret)); err != nil {
		return merchant.Key{}, SigningKeyText{}, err
	}
	if err := a.commit(ctx, store.Change{Keys: []merchant.Key{k}}); err != nil {
		return merchant.Key{}, SigningKeyText{}, err
	}
	k.Version++
	return k, text, nil
}

// NewSigningKeyText makes both parts of a signing key.
func (a *App) NewSigningKeyText() SigningKeyText {
	return SigningKeyText{Public: a.newToken(), Secret: (a.newToken() + a.newToken() + a.newToken())[:72]}
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
