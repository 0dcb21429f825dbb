package orderpay_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/dialect/orderpay"
)

// pairs are key pairs that take their time to make.
var pairs = sync.OnceValue(func() (p struct {
	rsa, short *rsa.PrivateKey
	edwards    ed25519.PrivateKey
},
) {
	var err error
	if p.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		panic(err)
	}
	if p.short, err = rsa.GenerateKey(rand.Reader, 1024); err != nil {
		panic(err)
	}
	if _, p.edwards, err = ed25519.GenerateKey(rand.Reader); err != nil {
		panic(err)
	}
	return p
})

func base64url(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func rsaKey(id string, key *rsa.PrivateKey) object {
	return object{
		"kty": "RSA", "kid": id, "n": base64url(key.N.Bytes()), "e": base64url(big.NewInt(int64(key.E)).Bytes()),
	}
}

func edwardsKey(id string, key ed25519.PrivateKey) object {
	public, _ := key.Public().(ed25519.PublicKey)
	return object{"kty": "OKP", "crv": "Ed25519", "kid": id, "x": base64url(public)}
}

// signedBy writes a token with a private key.
func signedBy(t *testing.T, key crypto.Signer, header, payload object) string {
	t.Helper()
	text := encoded(header) + "." + encoded(payload)
	digest, options := []byte(text), crypto.SignerOpts(crypto.Hash(0))
	if _, ok := key.(*rsa.PrivateKey); ok {
		sum := sha256.Sum256(digest)
		digest, options = sum[:], crypto.SHA256
	}
	signature, err := key.Sign(rand.Reader, digest, options)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64url(signature)
}

// office is an issuer's address for its keys.
type office struct {
	asked atomic.Int64
	mu    sync.Mutex
	keys  []object
	how   string // "", "fails", "hangs", "is endless", "moved"
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.asked.Add(1)
	o.mu.Lock()
	keys, how := o.keys, o.how
	o.mu.Unlock()
	switch how {
	case "fails":
		w.WriteHeader(http.StatusInternalServerError)
	case "hangs":
		<-r.Context().Done()
	case "moved":
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	case "is endless":
		_, _ = w.Write([]byte(`{"keys":[`)) // the reader has gone away
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte(strings.Repeat(" ", 4096))); err != nil {
				return
			}
		}
	default:
		_ = json.NewEncoder(w).Encode(object{"keys": keys})
	}
}

func (o *office) set(how string, keys ...object) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.how, o.keys = how, keys
}

// keyed is a shop whose issuer "keys" has an address for its keys.
func keyed(t *testing.T) (shop, *office) {
	t.Helper()
	o := &office{}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	w := dialecttest.NewWorld(t, nil, extras)
	outside := "https://keys.example/jwks.json"
	if _, err := w.App.AddIssuer(t.Context(), app.NewIssuer{Merchant: w.Shop, Name: "keys", KeySet: outside}); err != nil {
		t.Fatal(err)
	}
	c := config(w)
	c.Fetch = &http.Client{
		Transport:     here{strings.TrimPrefix(server.URL, "http://")},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return shop{t, w, w.Handler(orderpay.New(c))}, o
}

// here leads every name to a server of the test.
type here struct{ address string }

func (h here) RoundTrip(r *http.Request) (*http.Response, error) {
	there := r.Clone(r.Context())
	there.URL.Scheme, there.URL.Host = "http", h.address
	return http.DefaultTransport.RoundTrip(there)
}

func TestKeySets(t *testing.T) {
	t.Parallel()
	s, o := keyed(t)
	p := pairs()
	revealed := edwardsKey("revealed", p.edwards)
	revealed["d"] = base64url(p.edwards.Seed())
	sealing, other := rsaKey("sealing", p.rsa), rsaKey("other", p.rsa)
	sealing["use"], other["alg"] = "enc", "RS512"
	exact := rsaKey("exact", p.rsa)
	exact["use"], exact["alg"] = "sig", "RS256"
	nameless := rsaKey("", p.rsa)
	delete(nameless, "kid")
	o.set("", rsaKey("r", p.rsa), edwardsKey("e", p.edwards), rsaKey("short", p.short), revealed, sealing, other, exact,
		nameless, rsaKey("twice", p.rsa), edwardsKey("twice", p.edwards), object{"kty": "NEW", "kid": "new"},
		object{"kty": "oct", "kid": "oct", "k": base64url([]byte(secret))})
	claims := goodClaims.but(object{"iss": "keys"})
	head := func(algorithm, id string) object { return object{"alg": algorithm, "kid": id} }
	public, err := x509.MarshalPKIXPublicKey(&p.rsa.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	good, bad := http.StatusOK, http.StatusUnauthorized
	for name, c := range map[string]struct {
		token string
		want  int
	}{
		"RS256":                   {signedBy(t, p.rsa, head("RS256", "r"), claims), good},
		"EdDSA":                   {signedBy(t, p.edwards, head("EdDSA", "e"), claims), good},
		"told exactly":            {signedBy(t, p.rsa, head("RS256", "exact"), claims), good},
		"unknown key":             {signedBy(t, p.rsa, head("RS256", "x"), claims), bad},
		"no key":                  {signedBy(t, p.rsa, object{"alg": "RS256"}, claims), bad},
		"another's key":           {signedBy(t, p.rsa, head("RS256", "e"), claims), bad},
		"the other algorithm":     {signedBy(t, p.edwards, head("EdDSA", "r"), claims), bad},
		"a short key":             {signedBy(t, p.short, head("RS256", "short"), claims), bad},
		"a private key":           {signedBy(t, p.edwards, head("EdDSA", "revealed"), claims), bad},
		"a key for sealing":       {signedBy(t, p.rsa, head("RS256", "sealing"), claims), bad},
		"a key for another":       {signedBy(t, p.rsa, head("RS256", "other"), claims), bad},
		"an id that comes twice":  {signedBy(t, p.rsa, head("RS256", "twice"), claims), bad},
		"the key as a secret":     {signed(head("HS512", "r"), claims, sha512.New, text), bad},
		"its number as a secret":  {signed(head("HS512", "r"), claims, sha512.New, string(p.rsa.N.Bytes())), bad},
		"a secret among the keys": {signed(head("HS512", "oct"), claims, sha512.New, secret), bad},
		"of an issuer without":    {signedBy(t, p.rsa, head("RS256", "r"), goodClaims), bad},
		"over":                    {signedBy(t, p.rsa, head("RS256", "r"), claims.but(object{"exp": 1})), bad},
	} {
		if got := s.status(bearer(c.token)); got != c.want {
			t.Errorf("%s: got status %d, want %d", name, got, c.want)
		}
	}
	if n := o.asked.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times, want once", n)
	}
}

// Keys change, and issuers are away for a while.
func TestKeySetsGrowOld(t *testing.T) {
	t.Parallel()
	s, o := keyed(t)
	p := pairs()
	claims := goodClaims.but(object{"iss": "keys"})
	first := signedBy(t, p.rsa, object{"alg": "RS256", "kid": "1"}, claims)
	next := signedBy(t, p.edwards, object{"alg": "EdDSA", "kid": "2"}, claims)
	want := func(what, token string, status int, asked int64) {
		t.Helper()
		if got := s.status(bearer(token)); got != status || o.asked.Load() != asked {
			t.Errorf("%s: got status %d after %d questions, want %d after %d", what, got, o.asked.Load(), status, asked)
		}
	}
	o.set("", rsaKey("1", p.rsa))
	want("first", first, http.StatusOK, 1)
	o.set("", edwardsKey("2", p.edwards))
	want("a new key, at once", next, http.StatusUnauthorized, 1)
	s.Wait(31 * time.Second)
	want("a new key, later", next, http.StatusOK, 2)
	want("the old key", first, http.StatusUnauthorized, 2)
	o.set("fails")
	s.Wait(11 * time.Minute)
	want("nobody answers", next, http.StatusOK, 3)
	want("nobody answers still", next, http.StatusOK, 3)
	s.Wait(50 * time.Minute)
	want("nobody answers for long", next, http.StatusUnauthorized, 4)
	for _, how := range []string{"moved", "is endless"} {
		o.set(how)
		s.Wait(time.Minute)
		if got := s.status(bearer(next)); got != http.StatusUnauthorized {
			t.Errorf("%s: got status %d", how, got)
		}
	}
	o.set("", edwardsKey("2", p.edwards))
	s.Wait(time.Minute)
	if got := s.status(bearer(next)); got != http.StatusOK {
		t.Errorf("well again: got status %d", got)
	}
}

// A crowd with tokens of one issuer asks for its keys once, and an issuer that
// hangs keeps nobody waiting for long.
func TestKeySetsAreAskedOnce(t *testing.T) {
	t.Parallel()
	s, o := keyed(t)
	p := pairs()
	o.set("hangs")
	token := signedBy(t, p.edwards, object{"alg": "EdDSA", "kid": "2"}, goodClaims.but(object{"iss": "keys"}))
	var crowd sync.WaitGroup
	for range 20 {
		crowd.Go(func() {
			if got := s.status(bearer(token)); got != http.StatusUnauthorized {
				t.Errorf("got status %d", got)
			}
		})
	}
	crowd.Wait()
	if n := o.asked.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times, want once", n)
	}
}
