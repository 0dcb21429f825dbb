package dialect

import (
	"context"
	"crypto/hmac"
	"net/http"
	"strings"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// Authenticator finds the valid key behind a secret. Errors: key_missing,
// key_invalid.
type Authenticator interface {
	Authenticate(ctx context.Context, secret string) (merchant.Key, error)
}

// Keys admits the holders of API keys, sent as "Authorization: Bearer <key>"
// or "X-API-Key: <key>". A key that is sent must be good, even where none is
// needed.
type Keys struct {
	Keys Authenticator
	// Open is the merchant of calls without a key; empty = keys are needed. Only
	// a demo that nobody else can reach may set it.
	Open string
	// OpenTo says whose calls need no key; nil = nobody's do.
	OpenTo func(*http.Request) bool
	// Scope is what the key must be good for, where the route does not say it.
	Scope merchant.Scope
}

// Admit is a Dialect's Admit. Errors: key_missing, key_invalid, scope_missing.
func (k Keys) Admit(r *Request) error {
	if r.Route.Access == Anyone {
		return nil
	}
	secret, err := secretOf(r.Header)
	if err != nil {
		return err
	}
	open := k.Open != "" && k.OpenTo != nil && k.OpenTo(r.Request) && !fromAnotherSite(r.Header)
	if secret == "" && (open || r.Route.Access == KeyIfAny) {
		if r.Route.Access != KeyIfAny {
			r.Merchant = k.Open
		}
		return nil
	}
	key, err := k.Keys.Authenticate(r.Context(), secret)
	if err != nil {
		return err
	}
	r.Sent = key
	scope := merchant.Payments
	if k.Scope != "" {
		scope = k.Scope
	}
	if r.Route.Access == AdminKey {
		scope = merchant.Admin
	}
	if !key.May(scope) {
		return fault.New(fault.CodeScopeMissing, "", "")
	}
	r.Merchant, r.Key = key.Merchant, key
	return nil
}

// fromAnotherSite says that a browser sends a call for a page of another site, or of another
// port of this machine: any page that is open there could use a demo as it liked.
func fromAnotherSite(h http.Header) bool {
	site := h.Get("Sec-Fetch-Site")
	return site != "" && site != "same-origin" && site != "none"
}

// secretOf finds the key of a call. Two different ones are nobody's.
func secretOf(h http.Header) (string, error) {
	var secret string
	candidates := h.Values("X-Api-Key")
	for _, value := range h.Values("Authorization") {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(value), " ")
		if strings.EqualFold(scheme, "Bearer") {
			candidates = append(candidates[:len(candidates):len(candidates)], rest)
		}
	}
	for i, candidate := range candidates {
		candidate = strings.TrimSpace(candidate)
		if candidate == "" || (i > 0 && !hmac.Equal([]byte(candidate), []byte(secret))) {
			return "", fault.New(fault.CodeKeyInvalid, "", "")
		}
		secret = candidate
	}
	return secret, nil
}
