package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// NewMerchant is the wish to add a merchant.
type NewMerchant struct {
	Name       string
	Email      string       // of the merchant's own account in its wallet
	SplitLimit money.Amount // not valid = requests are never split
}

// leastSplit is the smallest split limit: two of the smallest pieces.
const leastSplit = 2 * leastPiece

// leastPiece is the smallest sum, in Rial, that the Iranian gateways take.
const leastPiece = 1000

// CreateMerchant adds a merchant.
// Errors: parameter_missing, setting_invalid.
func (a *App) CreateMerchant(ctx context.Context, n NewMerchant) (merchant.Merchant, error) {
	if strings.TrimSpace(n.Name) == "" {
		return merchant.Merchant{}, fault.New(fault.CodeParameterMissing, "name", "")
	}
	if n.SplitLimit.Valid() && n.SplitLimit.Steps() < leastSplit {
		return merchant.Merchant{}, fault.New(fault.CodeSettingInvalid, "split_limit",
			"The split limit is at least 2000.")
	}
	now := a.now()
	m := merchant.Merchant{
		ID: newMerchantID(), Name: n.Name, Email: wallet.FoldEmail(n.Email), SplitLimit: n.SplitLimit,
		CreatedAt: now, UpdatedAt: now,
	}
	change := store.Change{Merchants: []merchant.Merchant{m}}
	if m.Email != "" {
		change.Claims = []store.Claim{emailClaim(m.ID, m.Email, wallet.House)}
	}
	if err := a.store.Commit(ctx, change); err != nil {
		return merchant.Merchant{}, err
	}
	m.Version++
	return m, nil
}

// MerchantTerms are what can be changed of a merchant; nil leaves it.
type MerchantTerms struct {
	Email *string
	Rails []merchant.Rail // replaces those of the same unit and network, and leaves the others
	// PayoutLimits replace those of the same unit and leave the others; zero takes
	// one away.
	PayoutLimits []money.Amount
}

// ChangeMerchant changes a merchant's own terms. Errors: merchant_not_found,
// setting_invalid, duplicate with the parameter "email" when a customer has it.
func (a *App) ChangeMerchant(ctx context.Context, id string, terms MerchantTerms) (merchant.Merchant, error) {
	for _, r := range terms.Rails {
		if !r.Min.Valid() || !r.Fee.Valid() || r.Min.Unit() != r.Unit || r.Fee.Unit() != r.Unit || r.Network == "" ||
			r.Min.Sign() < 0 || r.Fee.Sign() < 0 || r.Decimals < 0 {
			return merchant.Merchant{}, fault.New(fault.CodeSettingInvalid, "rail",
				"A rail needs a network, a smallest amount and a fee in its unit.")
		}
	}
	if slices.ContainsFunc(terms.PayoutLimits, func(l money.Amount) bool { return !l.Valid() || l.Sign() < 0 }) {
		return merchant.Merchant{}, fault.New(fault.CodeSettingInvalid, "limit", "")
	}
	var m merchant.Merchant
	defer a.merchants.forget()
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		var err error
		if m, err = r.Merchant(ctx, id); err != nil {
			return store.Change{}, err
		}
		var change store.Change
		if terms.Email != nil {
			m.Email = wallet.FoldEmail(*terms.Email)
			if change.Claims, err = claimEmail(ctx, r, m); err != nil {
				return store.Change{}, err
			}
		}
		for _, rail := range terms.Rails {
			m.Rails = slices.DeleteFunc(slices.Clone(m.Rails), func(k merchant.Rail) bool {
				return k.Unit == rail.Unit && k.Network == rail.Network
			})
			m.Rails = append(m.Rails, rail)
		}
		m.PayoutLimits = limitsWith(m.PayoutLimits, terms.PayoutLimits)
		m.UpdatedAt = a.now()
		change.Merchants = []merchant.Merchant{m}
		return change, nil
	})
	m.Version++
	return m, err
}

// limitsWith are limits with others in the place of those of the same unit; one of
// zero is none.
func limitsWith(known, others []money.Amount) []money.Amount {
	limits := slices.Clone(known)
	for _, limit := range others {
		limits = slices.DeleteFunc(limits, func(k money.Amount) bool { return k.Unit() == limit.Unit() })
		if !limit.IsZero() {
			limits = append(limits, limit)
		}
	}
	return limits
}

// claimEmail keeps the address of a merchant's own account from becoming a
// customer's. A claim stays for ever, so one that it had before is its own.
func claimEmail(ctx context.Context, r store.Reader, m merchant.Merchant) ([]store.Claim, error) {
	if m.Email == "" {
		return nil, nil
	}
	wanted := emailClaim(m.ID, m.Email, wallet.House)
	known, err := r.Claimed(ctx, m.ID, wanted.Kind, wanted.Key)
	if err == nil && known.Subject == wanted.Subject {
		return nil, nil
	}
	if err != nil && !fault.Is(err, fault.CodeNotFound) {
		return nil, err
	}
	return []store.Claim{wanted}, nil
}

// emailClaim is the claim of an account on an address.
func emailClaim(merchantID, email string, number int64) store.Claim {
	return store.Claim{
		Merchant: merchantID, Kind: store.EmailClaim, Key: email, Subject: strconv.FormatInt(number, 10),
	}
}

// Merchants lists merchants, newest first.
func (a *App) Merchants(ctx context.Context, page Page) ([]merchant.Merchant, error) {
	return a.store.Merchants(ctx, page)
}

// Merchant finds one; it may be as old as the cache allows.
// Error: merchant_not_found.
func (a *App) Merchant(ctx context.Context, id string) (merchant.Merchant, error) {
	return a.merchants.find(a.now(), id, func() (merchant.Merchant, error) { return a.store.Merchant(ctx, id) })
}

// NewKey is the wish to add a key to a merchant.
type NewKey struct {
	Merchant string
	Label    string
	Scopes   []merchant.Scope
}

// CreateKey adds a key and returns its secret, which is not stored and cannot
// be shown again. Errors: merchant_not_found, parameter_invalid.
func (a *App) CreateKey(ctx context.Context, n NewKey) (merchant.Key, string, error) {
	if _, err := a.store.Merchant(ctx, n.Merchant); err != nil {
		return merchant.Key{}, "", err
	}
	for _, s := range n.Scopes {
		if s != merchant.Payments && s != merchant.Admin {
			return merchant.Key{}, "", fault.New(fault.CodeParameterInvalid, "scope",
				"A scope is payments or admin.")
		}
	}
	if len(n.Scopes) == 0 {
		n.Scopes = []merchant.Scope{merchant.Payments}
	}
	now := a.now()
	secret := "pk_" + newToken() + newToken()
	k := merchant.Key{
		ID: newID(now), Merchant: n.Merchant, Hash: hashKey(secret), Hint: secret[len(secret)-4:],
		Label: n.Label, Scopes: slices.Clone(n.Scopes), CreatedAt: now, UpdatedAt: now,
	}
	if err := a.store.Commit(ctx, store.Change{Keys: []merchant.Key{k}}); err != nil {
		return merchant.Key{}, "", err
	}
	k.Version++
	return k, secret, nil
}

// Keys lists a merchant's keys, revoked ones too.
func (a *App) Keys(ctx context.Context, merchantID string) ([]merchant.Key, error) {
	return a.store.Keys(ctx, merchantID)
}

// RevokeKey ends a key. On this node it ends at once, on others within keyAge.
// Error: not_found.
func (a *App) RevokeKey(ctx context.Context, merchantID, keyID string) error {
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		keys, err := r.Keys(ctx, merchantID)
		if err != nil {
			return store.Change{}, err
		}
		i := slices.IndexFunc(keys, func(k merchant.Key) bool { return k.ID == keyID })
		if i < 0 {
			return store.Change{}, fault.New(fault.CodeNotFound, "key", "There is no such key.")
		}
		k := keys[i]
		if !k.RevokedAt.IsZero() {
			return store.Change{}, nil
		}
		k.RevokedAt, k.UpdatedAt = a.now(), a.now()
		return store.Change{Keys: []merchant.Key{k}}, nil
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
	hash := hashKey(secret)
	return a.keys.find(a.now(), hash, func() (merchant.Key, error) {
		k, err := a.store.KeyByHash(ctx, hash)
		// The public part of a signing key and the name of an issuer are no secrets, so they open nothing by themselves.
		if err == nil && (!k.RevokedAt.IsZero() || k.Signs() || k.Issues()) {
			err = fault.New(fault.CodeKeyInvalid, "", "")
		}
		return k, err
	})
}

// hashKey needs no salt and no slowness: the secret carries 256 random bits.
// Looking it up by its hash also keeps timing from telling anything.
func hashKey(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// PutGateway adds one of a merchant's gateways or replaces it. The caller has
// seen that its settings make a connector; one that does not is passed over
// by routing. Error: merchant_not_found.
func (a *App) PutGateway(ctx context.Context, g merchant.Gateway) error {
	if _, err := a.store.Merchant(ctx, g.Merchant); err != nil {
		return err
	}
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		known, err := r.Gateways(ctx, g.Merchant)
		if err != nil {
			return store.Change{}, err
		}
		g.Version, g.CreatedAt, g.UpdatedAt = 0, a.now(), a.now()
		for _, k := range known {
			if k.Name == g.Name {
				g.Version, g.CreatedAt = k.Version, k.CreatedAt
			}
		}
		return store.Change{Gateways: []merchant.Gateway{g}}, nil
	})
}

// Gateways lists a merchant's gateways in the order of routing.
func (a *App) Gateways(ctx context.Context, merchantID string) ([]merchant.Gateway, error) {
	return a.store.Gateways(ctx, merchantID)
}
