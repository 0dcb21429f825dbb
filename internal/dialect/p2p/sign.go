package p2p

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // The copied API signs with HMAC-SHA1, whose strength does not rest on collisions.
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/wallet"
)

// The headers of a signed call.
const (
	keyHeader  = "X-Identity"
	signHeader = "X-Signature"
)

// storeOf is the store of a key.
func storeOf(k merchant.Key) (store int64, ok bool) {
	store, ok = k.Store()
	return store, ok && k.Account == wallet.House
}

// Sign is the signature of a call: the base64 of the HMAC-SHA1, under the secret
// as text, of its method, its whole address and its body, with nothing between
// them.
func Sign(secret, method, address string, body []byte) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(method))
	mac.Write([]byte(address))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// guard admits calls that the key of a store has signed.
type guard struct {
	keys interface {
		SigningKey(ctx context.Context, public string) (merchant.Key, string, error)
	}
	bases []string // the addresses under which callers may know this server
}

// enter looks at a signed call that may bring files before they come: they are not
// signed, so that its headers tell all. Errors: as of check.
func (g guard) enter(r *dialect.Request) error {
	if !takesFiles(r.Route) {
		return nil
	}
	_, err := g.check(r, nil)
	if fault.Is(err, fault.CodeSignatureInvalid) && !saysParts(r) {
		r.Route.MaxBody = dialect.MaxBody // its bytes are signed, as those of JSON are
		return nil
	}
	return err
}

// admit is the Dialect's Admit. Errors: key_missing, key_invalid,
// signature_invalid, for whoever has signed well address_forbidden, and
// media_type_unsupported for files where none are taken.
func (g guard) admit(r *dialect.Request) error {
	if r.Route.Access == dialect.Signed {
		body := r.Raw
		if r.Method == http.MethodGet || takesFiles(r.Route) && inParts(r) {
			body = nil
		}
		key, err := g.check(r, body)
		if err != nil {
			return err
		}
		r.Merchant, r.Key = key.Merchant, key
	}
	switch {
	case !inParts(r):
	case !takesFiles(r.Route):
		return fault.New(fault.CodeMediaTypeUnsupported, "", "")
	case bytes.HasPrefix(r.Raw, []byte("--")): // its first line tells the rest, whatever the header says beside it
		r.Header.Set("Content-Type", multipartType)
	}
	return nil
}

// check finds the key of a store that has signed a call with these bytes.
// Errors: key_missing, key_invalid, signature_invalid, address_forbidden.
func (g guard) check(r *dialect.Request, body []byte) (merchant.Key, error) {
	public, err := only(r.Header, keyHeader)
	if err != nil {
		return merchant.Key{}, err
	}
	signature, err := only(r.Header, signHeader)
	if err != nil {
		return merchant.Key{}, err
	}
	key, secret, err := g.keys.SigningKey(r.Context(), public)
	if err != nil {
		return merchant.Key{}, err
	}
	r.Sent = key
	if _, ok := storeOf(key); !ok {
		return merchant.Key{}, fault.New(fault.CodeKeyInvalid, "", "")
	}
	if !g.good(r, secret, signature, body) {
		return merchant.Key{}, fault.New(fault.CodeSignatureInvalid, "", "")
	}
	if !key.From(dialect.CallerAddress(r.Request)) {
		return merchant.Key{}, fault.New(fault.CodeAddressForbidden, "", "")
	}
	return key, nil
}

// only is the value of a header that comes once.
func only(h http.Header, name string) (string, error) {
	switch values := h.Values(name); {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return "", fault.New(fault.CodeKeyMissing, "", "The headers X-Identity and X-Signature are required.")
	case len(values) > 1:
		return "", fault.New(fault.CodeKeyInvalid, "", "The headers X-Identity and X-Signature may come once.")
	default:
		return values[0], nil
	}
}

// good says that the signature is that of the call at one of our addresses. What
// a proxy made of the host is not looked at. All addresses are tried, so that the
// time tells nothing about them.
func (g guard) good(r *dialect.Request, secret, signature string, body []byte) bool {
	target := r.URL.EscapedPath()
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		target += "?" + r.URL.RawQuery
	}
	good := 0
	for _, base := range g.bases {
		good |= subtle.ConstantTimeCompare([]byte(signature), []byte(Sign(secret, r.Method, base+target, body)))
	}
	return good == 1
}

// inParts says that a body is multipart: by its type, or by its beginning where
// a client names another type beside it.
func inParts(r *dialect.Request) bool {
	return r.Method != http.MethodGet && (saysParts(r) || bytes.HasPrefix(r.Raw, []byte("--")))
}

// saysParts says that a call calls its body multipart.
func saysParts(r *dialect.Request) bool {
	return strings.Contains(strings.ToLower(strings.Join(r.Header.Values("Content-Type"), ",")), multipartType)
}

// takesFiles says whether a route reads multipart bodies. Only there is a body
// left out of what is signed.
func takesFiles(r dialect.Route) bool { return r.MaxBody > 0 }
