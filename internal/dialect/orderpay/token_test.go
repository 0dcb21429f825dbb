package orderpay_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/dialect/orderpay"
	"github.com/purserhq/purser/internal/store"
)

// vector is the token of the contract.
const vector = "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJBdXRoZW50aWNhdGlvbiIsImlzcyI6InNob3AtdGVzdCIsImVtYWl" +
	"sIjoicGF5ZXJAc2hvcC5leGFtcGxlIiwidXNlcklkIjoiMzMzMzMzMzMtNDQ0NC00NTU1LTg2NjYtNzc3Nzc3Nzc3Nzc3IiwidXN" +
	"lclR5cGUiOiJDVVNUT01FUiIsImV4cCI6NDEwMjQ0NDgwMH0.HSFx37-7OvN7JXMuKB2czrE0HmTgaepsLYvIfu6lSqDnFnoQd6z" +
	"f9LDZLjNG7x8fg37m8ZEMIy4ehcLFDK5-UA"

// shop is a world with the dialect in front of it.
type shop struct {
	*testing.T
	*dialecttest.World
	handler http.Handler
}

func openShop(t *testing.T) shop {
	t.Helper()
	w := dialecttest.NewWorld(t, nil, extras)
	t.Cleanup(func() { proved(t, w) })
	return shop{t, w, w.Handler(open(t, w))}
}

// proved wants books that hold, whatever the test did.
func proved(t *testing.T, w *dialecttest.World) {
	t.Helper()
	auditor, ok := w.Store.(store.Auditor)
	if !ok {
		t.Fatal("the store cannot be audited")
	}
	findings, err := auditor.Audit(context.Background(), func(int) {})
	if err != nil {
		t.Error(err)
	}
	for _, f := range findings {
		if f.Wrong > 0 {
			t.Errorf("audit %s: %d wrong, first %s (%s)", f.ID, f.Wrong, f.Example, f.Checks)
		}
	}
}

// status is what a call with a header gets.
func (s shop) status(header http.Header) int {
	s.Helper()
	answer := s.Ask(s.handler, http.MethodGet, "/payment", header, "")
	if err := face(answer); answer.Status >= http.StatusBadRequest && err != nil {
		s.Errorf("got %d %s: %v", answer.Status, answer.Body, err)
	}
	return answer.Status
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// object is a part of a token as it is written.
type object map[string]any

// but is the object with some members changed; nil takes one out.
func (o object) but(changes object) object {
	c := maps.Clone(o)
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func encoded(o object) string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// signed writes a token with a signature of any sort, so that tests can write
// what no library would.
func signed(header, payload object, sort func() hash.Hash, key string) string {
	text := encoded(header) + "." + encoded(payload)
	mac := hmac.New(sort, []byte(key))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// The parts of a good token.
var (
	goodHeader = object{"alg": "HS512", "typ": "JWT"}
	goodClaims = object{
		"sub": "Authentication", "iss": issuer, "email": "a@b.example", "userId": buyer, "userType": "CUSTOMER",
		"exp": far.Unix(),
	}
)

func TestVector(t *testing.T) {
	t.Parallel()
	made, err := orderpay.Mint(secret, orderpay.NewToken{
		Issuer: issuer, User: buyer, Role: "customer", Email: "payer@shop.example", Expires: far,
	})
	if err != nil || made != vector {
		t.Errorf("minted %s, %v, want the contract's", made, err)
	}
	s := openShop(t)
	if got := s.status(bearer(vector)); got != http.StatusOK {
		t.Errorf("got status %d", got)
	}
	for at := range len(vector) {
		for bit := range 8 {
			spoiled := []byte(vector)
			spoiled[at] ^= 1 << bit
			if got := s.status(bearer(string(spoiled))); got != http.StatusUnauthorized {
				t.Fatalf("with bit %d of byte %d turned: got status %d", bit, at, got)
			}
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	now := dialecttest.Start.Unix()
	add := func(n app.NewIssuer) {
		n.Merchant = s.Shop
		if _, err := s.App.AddIssuer(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	add(app.NewIssuer{Name: "for somebody", Secret: secret, Audience: "payments"})
	add(app.NewIssuer{Name: "revoked", Secret: secret})
	if err := s.App.RevokeIssuer(t.Context(), s.Shop, "revoked"); err != nil {
		t.Fatal(err)
	}
	_, key, err := s.App.CreateSigningKey(t.Context(), app.NewSigningKey{Merchant: s.Shop})
	if err != nil {
		t.Fatal(err)
	}
	claims := func(changes object) string { return signed(goodHeader, goodClaims.but(changes), sha512.New, secret) }
	header := func(changes object) string { return signed(goodHeader.but(changes), goodClaims, sha512.New, secret) }
	good, bad := http.StatusOK, http.StatusUnauthorized
	for name, c := range map[string]struct {
		token string
		want  int
	}{
		"good":                  {claims(nil), good},
		"less is enough":        {claims(object{"sub": nil, "email": nil}), good},
		"more is ignored":       {claims(object{"iat": now + 1e6, "jti": "x", "aud": []string{"anybody"}}), good},
		"any case":              {claims(object{"userType": "super_Admin"}), good},
		"capital letters":       {claims(object{"userId": strings.ToUpper(buyer)}), good},
		"just over":             {claims(object{"exp": now - 59}), good},
		"over":                  {claims(object{"exp": now - 61}), bad},
		"endless":               {claims(object{"exp": nil}), bad},
		"end as text":           {claims(object{"exp": "4102444800"}), good},
		"end far away":          {claims(object{"exp": 1e300}), bad},
		"just not yet":          {claims(object{"nbf": now + 59}), good},
		"not yet":               {claims(object{"nbf": now + 61}), bad},
		"no issuer":             {claims(object{"iss": nil}), bad},
		"another issuer":        {claims(object{"iss": otherIssuer}), bad},
		"unknown issuer":        {claims(object{"iss": "shop"}), bad},
		"revoked issuer":        {claims(object{"iss": "revoked"}), bad},
		"a signing key":         {signed(goodHeader, goodClaims.but(object{"iss": key.Public}), sha512.New, key.Secret), bad},
		"for somebody":          {claims(object{"iss": "for somebody", "aud": "payments"}), good},
		"for many":              {claims(object{"iss": "for somebody", "aud": []string{"x", "payments"}}), good},
		"for somebody else":     {claims(object{"iss": "for somebody", "aud": "x"}), bad},
		"for nobody":            {claims(object{"iss": "for somebody"}), bad},
		"guest":                 {claims(object{"userType": "GUEST"}), bad},
		"no role":               {claims(object{"userType": nil}), bad},
		"roles":                 {claims(object{"userType": []string{"ADMIN"}}), bad},
		"no user":               {claims(object{"userId": nil}), bad},
		"user of another form":  {claims(object{"userId": "7"}), bad},
		"critical":              {header(object{"crit": []string{"exp"}}), bad},
		"unencoded":             {header(object{"b64": false, "crit": []string{"b64"}}), bad},
		"no algorithm":          {header(object{"alg": nil}), bad},
		"none":                  {signed(goodHeader.but(object{"alg": "none"}), goodClaims, sha512.New, secret), bad},
		"none, unsigned":        {encoded(object{"alg": "none"}) + "." + encoded(goodClaims) + ".", bad},
		"HS256":                 {signed(goodHeader.but(object{"alg": "HS256"}), goodClaims, sha256.New, secret), bad},
		"HS384":                 {signed(goodHeader.but(object{"alg": "HS384"}), goodClaims, sha512.New384, secret), bad},
		"said to be RS256":      {header(object{"alg": "RS256"}), bad},
		"said to be EdDSA":      {header(object{"alg": "EdDSA", "kid": "k"}), bad},
		"another secret":        {signed(goodHeader, goodClaims, sha512.New, otherSecret), bad},
		"empty secret":          {signed(goodHeader, goodClaims, sha512.New, ""), bad},
		"three parts of none":   {"..", bad},
		"too long":              {claims(object{"x": strings.Repeat("x", 8<<10)}), bad},
		"padding":               {claims(nil) + "==", bad},
		"a line behind":         {claims(nil) + "\n.x", bad},
		"another merchant's":    {s.Keys["stranger"], good},
		"as another merchant's": {signed(goodHeader, goodClaims.but(object{"iss": otherIssuer}), sha512.New, secret), bad},
	} {
		if got := s.status(bearer(c.token)); got != c.want {
			t.Errorf("%s: got status %d, want %d", name, got, c.want)
		}
	}
	for name, header := range map[string]http.Header{
		"twice":         {"Authorization": {"Bearer " + vector, "Bearer " + vector}},
		"small letters": {"Authorization": {"bearer  " + vector + " "}},
		"in a list":     {"Authorization": {"Bearer " + vector + ", Bearer " + vector}},
	} {
		want := map[bool]int{true: good, false: bad}[name == "small letters"]
		if got := s.status(header); got != want {
			t.Errorf("%s: got status %d, want %d", name, got, want)
		}
	}
	s.Wait(far.Sub(s.Now()) + time.Hour)
	if got := s.status(bearer(vector)); got != bad {
		t.Errorf("after its end: got status %d", got)
	}
}

func TestMintRefuses(t *testing.T) {
	t.Parallel()
	good := orderpay.NewToken{Issuer: issuer, User: buyer, Role: "ADMIN", Expires: far}
	user, role := good, good
	user.User, role.Role = "7", "GUEST"
	for name, err := range map[string]error{
		"user":   second(orderpay.Mint(secret, user)),
		"role":   second(orderpay.Mint(secret, role)),
		"secret": second(orderpay.Mint(secret[:31], good)),
	} {
		if err == nil {
			t.Errorf("a bad %s is taken", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// Whatever is sent as a token, nobody is believed whose secret did not sign it.
func FuzzToken(f *testing.F) {
	for _, seed := range []string{
		vector, vector[:len(vector)-1], vector + ".x", "", "..", "a.b.c",
		encoded(object{"alg": "none"}) + "." + encoded(goodClaims) + ".",
		signed(goodHeader, goodClaims.but(object{"exp": 1e300}), sha512.New, secret),
		signed(goodHeader, goodClaims.but(object{"iss": otherIssuer}), sha512.New, secret),
		signed(goodHeader.but(object{"alg": "RS256", "kid": "k"}), goodClaims, sha512.New, secret),
	} {
		f.Add(seed)
	}
	w := dialecttest.NewWorld(f, nil, dialecttest.Extras{Stranger: "stranger", Stage: stage, Gateways: gateways})
	h := w.Handler(orderpay.New(config(w)))
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "{}") {
			return // the world's keys are written so
		}
		answer := w.Ask(h, http.MethodGet, "/payment", bearer(text), "")
		if answer.Status == http.StatusUnauthorized {
			return
		}
		text = strings.TrimSpace(text)
		at := strings.LastIndexByte(text, '.')
		by := false
		for _, key := range []string{secret, otherSecret} {
			mac := hmac.New(sha512.New, []byte(key))
			mac.Write([]byte(text[:max(at, 0)]))
			by = by || text[at+1:] == base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
		}
		if answer.Status != http.StatusOK || !by {
			t.Errorf("%q: got %d %s", text, answer.Status, answer.Body)
		}
	})
}
