package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
)

// Issuer is somebody whose tokens a merchant believes.
type Issuer struct {
	merchant.Key

	Secret string // signs its tokens; empty where its own keys do, which are at KeySet
}

// NewIssuer is the wish to believe somebody's tokens.
type NewIssuer struct {
	ID       string // empty = one is minted; an issuer that comes back keeps its own
	Merchant string
	Name     string // as its tokens carry it
	Secret   string // at least 32 bytes; empty = a new one, unless there is a key set
	KeySet   string // the address of its public keys; empty = its secret signs
	Audience string // whom its tokens must be for; empty = anybody
}

// The bounds of what is told of an issuer.
const (
	leastSecret    = 32 // bytes
	longestIssuer  = 200
	issuerHintSize = 4
)

// AddIssuer makes a merchant believe the tokens of an issuer. One that was
// revoked is believed again, and only what is signed with the new secret. The
// secret is sealed and cannot be shown again.
// Errors: merchant_not_found, parameter_missing, parameter_invalid, duplicate
// when the name is a valid issuer's, or another merchant's for ever.
func (a *App) AddIssuer(ctx context.Context, n NewIssuer) (Issuer, error) {
	if _, err := a.store.Merchant(ctx, n.Merchant); err != nil {
		return Issuer{}, err
	}
	if err := a.checkIssuer(n); err != nil {
		return Issuer{}, err
	}
	if n.Secret == "" && n.KeySet == "" {
		n.Secret = a.NewIssuerSecret()
	}
	now := a.now()
	made := Issuer{Secret: n.Secret}
	defer a.issuers.forget()
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		k, err := r.KeyByHash(ctx, issuerHash(n.Name))
		if fault.Is(err, fault.CodeKeyInvalid) {
			k, err = merchant.Key{
				ID: cmp.Or(n.ID, a.newID(now)), Merchant: n.Merchant, Hash: issuerHash(n.Name), CreatedAt: now,
			}, nil
		}
		if err != nil {
			return store.Change{}, err
		}
		if k.Merchant != n.Merchant || k.Version > 0 && k.RevokedAt.IsZero() {
			return store.Change{}, fault.New(fault.CodeDuplicate, "issuer", "")
		}
		k.Issuer, k.KeySet, k.Audience, k.RevokedAt, k.UpdatedAt = n.Name, n.KeySet, n.Audience, never, now
		k.Sealed, k.Hint = nil, ""
		if n.Secret != "" {
			k.Hint = n.Secret[len(n.Secret)-issuerHintSize:]
			if k.Sealed, err = a.sealer.Seal(k.Merchant, k.ID, []byte(n.Secret)); err != nil {
				return store.Change{}, err
			}
		}
		made.Key = k
		return store.Change{Keys: []merchant.Key{k}}, nil
	})
	made.Version++
	return made, err
}

// NewIssuerSecret makes a secret for an issuer that has none.
func (a *App) NewIssuerSecret() string { return a.newToken() + a.newToken() }

// checkIssuer refuses what cannot work.
func (a *App) checkIssuer(n NewIssuer) error {
	unprintable := func(c rune) bool { return !unicode.IsPrint(c) }
	switch {
	case strings.TrimSpace(n.Name) == "":
		return fault.New(fault.CodeParameterMissing, "issuer", "")
	case len(n.Name) > longestIssuer || strings.ContainsFunc(n.Name, unprintable):
		return fault.New(fault.CodeParameterInvalid, "issuer", "The name is too long, or does not print.")
	case n.Secret != "" && n.KeySet != "":
		return fault.New(fault.CodeParameterInvalid, "secret", "Either the secret signs, or the keys of the key set do.")
	case n.Secret != "" && len(n.Secret) < leastSecret:
		return fault.New(fault.CodeParameterInvalid, "secret", "The secret has less than 32 bytes.")
	case n.KeySet != "" && !a.private && !strings.HasPrefix(n.KeySet, "https://"):
		return fault.New(fault.CodeParameterInvalid, "key_set", "It must be an https address: anybody could answer for "+
			"another one.")
	case n.KeySet != "":
		return a.checkStanding("key_set", n.KeySet)
	}
	return nil
}

// Issuer finds the valid issuer of a name. Errors: key_missing, key_invalid.
func (a *App) Issuer(ctx context.Context, name string) (Issuer, error) {
	if name == "" {
		return Issuer{}, fault.New(fault.CodeKeyMissing, "", "")
	}
	hash := issuerHash(name)
	return a.issuers.find(a.now(), hash, func() (Issuer, error) {
		k, err := a.store.KeyByHash(ctx, hash)
		if err != nil {
			return Issuer{}, err
		}
		if !k.RevokedAt.IsZero() || k.Issuer != name {
			return Issuer{}, fault.New(fault.CodeKeyInvalid, "", "")
		}
		if len(k.Sealed) == 0 {
			return Issuer{Key: k}, nil
		}
		secret, err := a.sealer.Open(k.Merchant, k.ID, k.Sealed)
		return Issuer{Key: k, Secret: string(secret)}, err
	})
}

// Issuers lists those whose tokens a merchant believes, and the revoked ones.
func (a *App) Issuers(ctx context.Context, merchantID string) ([]merchant.Key, error) {
	keys, err := a.store.Keys(ctx, merchantID)
	return slices.DeleteFunc(keys, func(k merchant.Key) bool { return !k.Issues() }), err
}

// RevokeIssuer ends the belief in an issuer: on this node at once, on others
// within keyAge. Error: not_found.
func (a *App) RevokeIssuer(ctx context.Context, merchantID, name string) error {
	known, err := a.Issuers(ctx, merchantID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(known, func(k merchant.Key) bool { return k.Issuer == name })
	if at < 0 {
		return fault.New(fault.CodeNotFound, "issuer", "There is no such issuer.")
	}
	return a.RevokeKey(ctx, merchantID, known[at].ID)
}

// RecordToken puts down that a token was signed with an issuer's secret, and for whom.
func (a *App) RecordToken(ctx context.Context, issuer merchant.Key, note string) error {
	e := acted(event.Key, issuer.Merchant, issuer.ID, event.Issue, a.now())
	e.Note = note
	return a.commit(ctx, store.Change{Events: []event.Event{e}})
}

// issuerHash is no hash of a secret or of a public part: none of those begins so.
func issuerHash(name string) string { return hashKey("issuer\x00" + name) }
