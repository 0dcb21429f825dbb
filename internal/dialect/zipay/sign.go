package zipay

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// The headers of a signed call. A proxy may drop names with underscores unless
// it is told not to.
const (
	keyHeader  = "api_key"
	signHeader = "api_sign"
)

// multipartType is the one media type whose raw bytes no client can sign: the
// boundary is made up while it is sent.
const multipartType = "multipart/form-data"

// Sign is the signature of a message: the base64 of its HMAC-SHA256 under the
// secret, which is used as text and never decoded.
func Sign(secret, message string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(message))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// guard admits calls that a signing key has signed.
type guard struct {
	keys interface {
		SigningKey(ctx context.Context, public string) (merchant.Key, string, error)
	}
	read func(*dialect.Request) (dialect.Fields, error)
}

// admit is the Dialect's Admit. Errors: key_missing, key_invalid,
// signature_invalid, and for whoever has signed well scope_missing and
// address_forbidden.
func (g guard) admit(r *dialect.Request) error {
	if r.Route.Access != dialect.Signed {
		return nil
	}
	public, err := only(r.Header, keyHeader)
	if err != nil {
		return err
	}
	signature, err := only(r.Header, signHeader)
	if err != nil {
		return err
	}
	key, secret, err := g.keys.SigningKey(r.Context(), public)
	if err != nil {
		return err
	}
	r.Sent = key
	if err := g.verify(r, secret, signature); err != nil {
		return err
	}
	if !key.From(dialect.CallerAddress(r.Request)) {
		return fault.New(fault.CodeAddressForbidden, "", "")
	}
	if !key.Calls(methodOf(r.Route)) {
		return fault.New(fault.CodeScopeMissing, "", "")
	}
	r.Merchant, r.Key = key.Merchant, key
	return nil
}

// only is the value of a header that comes once.
func only(h http.Header, name string) (string, error) {
	switch values := h.Values(name); {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return "", fault.New(fault.CodeKeyMissing, "", "The headers api_key and api_sign are required.")
	case len(values) > 1:
		return "", fault.New(fault.CodeKeyInvalid, "", "The headers api_key and api_sign may come once.")
	default:
		return values[0], nil
	}
}

// verify is nil when the signature is good for the call as it was sent, or for
// its fields in the order in which they came.
func (g guard) verify(r *dialect.Request, secret, signature string) error {
	fields := func() (dialect.Fields, error) { return g.read(r) }
	raw := string(r.Raw)
	if r.Method == http.MethodGet {
		raw, fields = r.URL.RawQuery, func() (dialect.Fields, error) { return r.Params, nil }
	}
	media := strings.ToLower(r.Header.Get("Content-Type"))
	boundless := r.Method != http.MethodGet && strings.HasPrefix(media, multipartType)
	if !boundless && same(signature, Sign(secret, raw)) {
		return nil
	}
	invalid := fault.New(fault.CodeSignatureInvalid, "", "")
	sent, err := fields()
	if err != nil && boundless {
		return err // what cannot be read was not signed wrongly
	} else if err != nil {
		return invalid.With(err)
	}
	canonical, ok := dialect.BuildQuery(sent)
	if !ok || !same(signature, Sign(secret, canonical)) {
		return invalid
	}
	return nil
}

// same compares in a time that tells nothing about where texts differ.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
