package orderpay

import (
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// leeway is how far the clocks of issuers may be from ours.
const leeway = 60 * time.Second

// longestToken bounds what is looked at, in bytes.
const longestToken = 8 << 10

// The algorithms that are believed: the first with a secret, the others with
// an issuer's own keys. The word of a token never chooses between them.
const (
	withSecret  = "HS512"
	withRSA     = "RS256"
	withEdwards = "EdDSA"
)

// leastSecret is the shortest secret that signs, in bytes.
const leastSecret = 32

// claims are what a token says, in the order in which one is written.
type claims struct {
	Subject   string           `json:"sub,omitempty"`
	Issuer    string           `json:"iss"`
	Email     string           `json:"email,omitempty"`
	User      string           `json:"userId"`
	Role      string           `json:"userType"`
	Expires   *jwt.NumericDate `json:"exp"`
	NotBefore *jwt.NumericDate `json:"nbf,omitempty"`
	Audience  jwt.ClaimStrings `json:"aud,omitempty"`
}

// What the token library wants to read of claims.

func (c claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.Expires, nil }
func (c claims) GetIssuedAt() (*jwt.NumericDate, error)       { return nil, nil }
func (c claims) GetNotBefore() (*jwt.NumericDate, error)      { return c.NotBefore, nil }
func (c claims) GetIssuer() (string, error)                   { return c.Issuer, nil }
func (c claims) GetSubject() (string, error)                  { return c.Subject, nil }
func (c claims) GetAudience() (jwt.ClaimStrings, error)       { return c.Audience, nil }

// NewToken is what a new token shall say.
type NewToken struct {
	Issuer  string
	User    string // UUID
	Role    string // CUSTOMER, SELLER, ADMIN or SUPER_ADMIN
	Email   string // empty = none
	Expires time.Time
}

// Mint writes a token and signs it with an issuer's secret.
// Error: parameter_invalid for a user or a role that is none, or a secret that
// is too short.
func Mint(secret string, n NewToken) (string, error) {
	id, ok := readUUID(n.User)
	if !ok {
		return "", fault.New(fault.CodeParameterInvalid, "user", "It must be a UUID.")
	}
	role, ok := roles[strings.ToUpper(n.Role)]
	if !ok {
		return "", fault.New(fault.CodeParameterInvalid, "role", "It must be CUSTOMER, SELLER, ADMIN or SUPER_ADMIN.")
	}
	if len(secret) < leastSecret {
		return "", fault.New(fault.CodeParameterInvalid, "secret", "The secret has less than 32 bytes.")
	}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS512, claims{
		Subject: "Authentication", Issuer: n.Issuer, Email: n.Email, User: id, Role: role.String(),
		Expires: jwt.NewNumericDate(n.Expires),
	}).SignedString([]byte(secret))
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return text, nil
}

// Ends is when a token ends that a secret has signed; ok is false for any other.
func Ends(secret, token string) (at time.Time, ok bool) {
	var said claims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{withSecret}), jwt.WithoutClaimsValidation())
	_, err := parser.ParseWithClaims(token, &said, func(*jwt.Token) (any, error) { return []byte(secret), nil })
	if err != nil || said.Expires == nil {
		return time.Time{}, false
	}
	return said.Expires.Time, true
}

// looksLikeToken says that a call comes with something of a token's form.
func looksLikeToken(h http.Header) bool {
	text, ok := tokenOf(h)
	return ok && strings.HasPrefix(text, "eyJ") && strings.Count(text, ".") == 2
}

// tokenOf is what the one Authorization header of a call carries.
func tokenOf(h http.Header) (text string, ok bool) {
	values := h.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, text, _ := strings.Cut(values[0], " ")
	text = strings.TrimSpace(text)
	return text, strings.EqualFold(scheme, "Bearer") && text != "" && len(text) <= longestToken
}

// guard admits the users of merchants.
type guard struct {
	issuers interface {
		Issuer(ctx context.Context, name string) (app.Issuer, error)
	}
	keys   *keySets
	parser *jwt.Parser
	log    *slog.Logger
}

func newGuard(c Config) guard {
	return guard{
		issuers: c.App, keys: &keySets{client: c.Fetch, now: c.Now, log: c.Log}, log: c.Log,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{withSecret, withRSA, withEdwards}), jwt.WithExpirationRequired(),
			jwt.WithLeeway(leeway), jwt.WithTimeFunc(c.Now),
			// Otherwise the last letter of a signature could be another one.
			jwt.WithStrictDecoding(),
		),
	}
}

// admit is the Dialect's Admit. Errors: key_missing; key_invalid for everything
// else that is wrong, and those of the database.
func (g guard) admit(r *dialect.Request) error {
	text, ok := tokenOf(r.Header)
	if !ok {
		return fault.New(fault.CodeKeyMissing, "", "")
	}
	who, err := g.read(r.Context(), text)
	if err != nil {
		return err
	}
	r.Merchant, r.Caller = who.merchant, who.merchant+"/"+who.id
	r.Request = r.WithContext(context.WithValue(r.Context(), userKey{}, who))
	return nil
}

// read finds whose token it is.
func (g guard) read(ctx context.Context, text string) (user, error) {
	refused := fault.New(fault.CodeKeyInvalid, "", "")
	var issuer app.Issuer
	var ours error // what no token can help
	var said claims
	_, err := g.parser.ParseWithClaims(text, &said, func(t *jwt.Token) (any, error) {
		if _, critical := t.Header["crit"]; critical {
			return nil, refused // an extension that must be understood, and is not
		}
		var err error
		if issuer, err = g.issuers.Issuer(ctx, said.Issuer); err != nil {
			if fault.KindOf(err) != fault.Unauthenticated {
				ours = err
			}
			return nil, err
		}
		return g.keyOf(ctx, issuer, t)
	})
	if ours != nil {
		return user{}, ours
	}
	if err != nil {
		return user{}, refused.With(err)
	}
	if issuer.Audience != "" && !slices.Contains(said.Audience, issuer.Audience) {
		return user{}, refused
	}
	id, known := readUUID(said.User)
	role, may := roles[strings.ToUpper(said.Role)]
	if !known || !may {
		return user{}, refused
	}
	return user{merchant: issuer.Merchant, id: id, role: role, email: said.Email}, nil
}

// keyOf is what the signature of an issuer's token is checked with. The
// issuer, and not the token, says of which sort it is.
func (g guard) keyOf(ctx context.Context, issuer app.Issuer, t *jwt.Token) (any, error) {
	refused := fault.New(fault.CodeKeyInvalid, "", "")
	algorithm := t.Method.Alg()
	if issuer.KeySet == "" {
		if algorithm != withSecret || len(issuer.Secret) < leastSecret {
			return nil, refused
		}
		return []byte(issuer.Secret), nil
	}
	id, _ := t.Header["kid"].(string)
	if algorithm == withSecret || id == "" {
		return nil, refused
	}
	key, ok := g.keys.find(ctx, issuer.KeySet, id)
	if !ok || key.algorithm != algorithm {
		return nil, refused
	}
	return key.public, nil
}

// algorithmOf is what a public key is used with; empty when it is no good.
func algorithmOf(public any) string {
	const least, most = 2048, 8192 // bits
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < least || bits > most || key.E < 3 {
			return ""
		}
		return withRSA
	case ed25519.PublicKey:
		if len(key) != ed25519.PublicKeySize {
			return ""
		}
		return withEdwards
	}
	return ""
}
