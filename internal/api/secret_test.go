package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/merchant"
)

// TestSecretIsToldAgain wants the same secret, byte for byte, for the same call
// under the same name, and none for anybody later.
func TestSecretIsToldAgain(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, dialecttest.Extras{Stage: stage})
	h := w.Handler(open(t, w))
	header := func(name string) http.Header {
		return http.Header{
			"Authorization": {"Bearer {{admin}}"}, "Content-Type": {"application/json"}, "Idempotency-Key": {name},
		}
	}
	for path, body := range map[string]string{
		"/v1/endpoints":             `{"url":"https://shop.example/more"}`,
		"/v1/endpoints/ep_1/rotate": "",
		"/v1/terminals":             `{"name":"Till"}`,
		"/v1/terminals/1001/rotate": "",
		"/v1/keys":                  `{"scopes":["invoices:read"]}`,
		"/v1/keys/key_1/rotate":     `{"overlap":3600}`,
		"/v1/store-keys":            `{"terminal":1001}`,
		"/v1/store-keys/rotate":     "",
	} {
		first := w.Ask(h, http.MethodPost, path, header(path), body)
		again := w.Ask(h, http.MethodPost, path, header(path), body)
		if first.Status >= http.StatusBadRequest || !random.MatchString(first.Body) {
			t.Fatalf("%s: got %d %s", path, first.Status, first.Body)
		}
		if again.Body != first.Body || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: got %s, want %s again", path, again.Body, first.Body)
		}
		other := w.Ask(h, http.MethodPost, path, header(path+" more"), body)
		once := strings.HasPrefix(path, "/v1/keys/") // what was replaced is not replaced again
		if made := random.MatchString(other.Body); other.Body == first.Body || made == once {
			t.Errorf("%s under another name: got %s", path, other.Body)
		}
	}
	for _, path := range []string{
		"/v1/endpoints", "/v1/terminals", "/v1/keys", "/v1/gateways", "/v1/store-keys", "/v1/issuers",
	} {
		list := w.Ask(h, http.MethodGet, path, header(""), "")
		if list.Status != http.StatusOK || strings.Contains(list.Body, "whsec_") || strings.Contains(list.Body, "sk_") {
			t.Errorf("%s: got %d %s", path, list.Status, list.Body)
		}
	}
}

// TestKeysGiveWhatTheyHave wants no key to make, replace or revoke one that may
// do more than itself.
func TestKeysGiveWhatTheyHave(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, dialecttest.Extras{Stage: stage})
	h := w.Handler(open(t, w))
	for name, scopes := range map[string][]merchant.Scope{
		"manager": {merchant.KeysWrite, merchant.PaymentsWrite}, "mighty": {merchant.Payments, merchant.KeysWrite},
	} {
		_, secret, err := w.App.CreateKey(t.Context(), app.NewKey{ID: "key_" + name, Merchant: w.Shop, Scopes: scopes})
		if err != nil {
			t.Fatal(err)
		}
		w.Keys[name] = secret
	}
	signing, _, err := w.App.CreateSigningKey(t.Context(), app.NewSigningKey{Merchant: w.Shop})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key, path, body string
		want            int
	}{
		{"manager", "/v1/keys", `{"scopes":["payments:read","keys:read"]}`, http.StatusCreated},
		{"manager", "/v1/keys", `{"scopes":["payments"]}`, http.StatusForbidden},
		{"manager", "/v1/keys", `{"scopes":["payments:write","admin"]}`, http.StatusForbidden},
		{"manager", "/v1/keys/key_1/rotate", "", http.StatusForbidden},
		{"manager", "/v1/keys/key_1/revoke", "", http.StatusForbidden},
		{"manager", "/v1/keys/" + signing.ID + "/revoke", "", http.StatusForbidden},
		{"manager", "/v1/store-keys", `{"terminal":1001}`, http.StatusForbidden},
		{"manager", "/v1/store-keys/rotate", "", http.StatusForbidden},
		{"manager", "/v1/store-keys/key_store/revoke", "", http.StatusForbidden},
		{"manager", "/v1/issuers/key_iss/revoke", "", http.StatusForbidden},
		{"manager", "/v1/issuers", `{"issuer":"mine"}`, http.StatusForbidden},
		{"admin", "/v1/keys/" + signing.ID + "/rotate", "", http.StatusConflict},
		{"admin", "/v1/keys/" + signing.ID + "/revoke", "", http.StatusOK},
		{"mighty", "/v1/keys/key_1/rotate", "", http.StatusCreated}, // payments has invoices:write within
		{"manager", "/v1/keys/key_manager/revoke", "", http.StatusOK},
		{"manager", "/v1/keys/key_manager/revoke", "", http.StatusUnauthorized},
	} {
		header := http.Header{"Authorization": {"Bearer {{" + c.key + "}}"}}
		if c.body != "" {
			header.Set("Content-Type", "application/json")
		}
		if a := w.Ask(h, http.MethodPost, c.path, header, c.body); a.Status != c.want {
			t.Errorf("%s at %s %s: got %d %s, want %d", c.key, c.path, c.body, a.Status, a.Body, c.want)
		}
	}
}

// TestSecretIsNotToldToOthers wants a secret told again only to keys that may do the same as
// the one that it was told to: the names of calls are no secrets.
func TestSecretIsNotToldToOthers(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, dialecttest.Extras{Stage: stage})
	h := w.Handler(open(t, w))
	for name, scopes := range map[string][]merchant.Scope{
		"keys": {merchant.KeysWrite}, "both": {merchant.Admin, merchant.Operator},
		"same": {merchant.Operator, merchant.Admin},
	} {
		_, secret, err := w.App.CreateKey(t.Context(), app.NewKey{Merchant: w.Shop, Scopes: scopes})
		if err != nil {
			t.Fatal(err)
		}
		w.Keys[name] = secret
	}
	for path, body := range map[string]string{
		"/v1/keys": `{"scopes":["admin","operator"]}`, "/v1/keys/key_1/rotate": `{}`, "/v1/terminals": `{"name":"Till"}`,
	} {
		ask := func(key string) dialecttest.Answer {
			return w.Ask(h, http.MethodPost, path, http.Header{
				"Authorization": {"Bearer {{" + key + "}}"}, "Content-Type": {"application/json"}, "Idempotency-Key": {path},
			}, body)
		}
		first := ask("both")
		if first.Status != http.StatusCreated || !random.MatchString(first.Body) {
			t.Fatalf("%s: got %d %s", path, first.Status, first.Body)
		}
		if again := ask("same"); again.Body != first.Body {
			t.Errorf("%s: a key as good as the first got %d %s, want the answer again", path, again.Status, again.Body)
		}
		for _, key := range []string{"keys", "admin"} {
			if a := ask(key); a.Status < http.StatusBadRequest || random.MatchString(a.Body) {
				t.Errorf("%s: %s got %d %s, want no secret", path, key, a.Status, a.Body)
			}
		}
	}
}

// TestKeysGiveNoMoreTime wants nothing to be made, replaced or told again that callers are let
// in with and that outlives the key that asks.
func TestKeysGiveNoMoreTime(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, dialecttest.Extras{Stage: stage})
	h := w.Handler(open(t, w))
	_, secret, err := w.App.CreateKey(t.Context(), app.NewKey{
		ID: "key_short", Merchant: w.Shop, Scopes: []merchant.Scope{merchant.Admin, merchant.Operator}, Lasts: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Keys["short"] = secret
	_, secret, err = w.App.CreateKey(t.Context(), app.NewKey{
		ID: "key_long", Merchant: w.Shop, Scopes: []merchant.Scope{merchant.Admin, merchant.Operator},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Keys["long"] = secret
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{"/v1/keys", `{"scopes":["keys:write"]}`, http.StatusBadRequest},
		{"/v1/keys", `{"scopes":["keys:write"],"expires_in":3601}`, http.StatusBadRequest},
		{"/v1/keys", `{"scopes":["keys:write"],"expires_in":3500}`, http.StatusCreated},
		{"/v1/keys/key_1/rotate", `{}`, http.StatusForbidden},
		{"/v1/store-keys", `{"terminal":1001}`, http.StatusForbidden},
		{"/v1/store-keys/rotate", ``, http.StatusForbidden},
		{"/v1/signing-keys", `{}`, http.StatusForbidden},
		{"/v1/issuers", `{"issuer":"made"}`, http.StatusForbidden},
		{"/v1/issuers", `{"issuer":"brought","secret":"` + strings.Repeat("s", 32) + `"}`, http.StatusForbidden},
		{"/v1/issuers", `{"issuer":"keys","key_set":"https://shop.example/keys"}`, http.StatusForbidden},
		{"/v1/keys/key_short/rotate", `{"overlap":60}`, http.StatusCreated},
	} {
		ask := func(key, name string) dialecttest.Answer {
			header := http.Header{"Authorization": {"Bearer {{" + key + "}}"}, "Idempotency-Key": {name}}
			if c.body != "" {
				header.Set("Content-Type", "application/json")
			}
			return w.Ask(h, http.MethodPost, c.path, header, c.body)
		}
		if c.want != http.StatusCreated {
			if a := ask("long", c.path+c.body); a.Status != http.StatusCreated {
				t.Fatalf("%s %s by a key without an end: got %d %s", c.path, c.body, a.Status, a.Body)
			}
			if a := ask("short", c.path+c.body); a.Status < http.StatusBadRequest || random.MatchString(a.Body) {
				t.Errorf("%s %s told again: got %d %s", c.path, c.body, a.Status, a.Body)
			}
		}
		a := ask("short", "short "+c.path+c.body)
		if a.Status != c.want || c.want == http.StatusBadRequest && !strings.Contains(a.Body, "expires_in") {
			t.Errorf("%s %s: got %d %s, want %d", c.path, c.body, a.Status, a.Body, c.want)
		}
		again := ask("short", "short "+c.path+c.body)
		if c.want == http.StatusCreated && (again.Body != a.Body || !random.MatchString(a.Body)) {
			t.Errorf("%s %s again: got %d %s, want %s", c.path, c.body, again.Status, again.Body, a.Body)
		}
	}
}

// TestSettingsAreMasked wants no credential of a gateway in any answer, and of its
// settings only what tells them apart.
func TestSettingsAreMasked(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	if err := w.App.PutGateway(t.Context(), merchant.Gateway{
		Merchant: w.Shop, Name: "mine", Connector: "zarinpal", Sealed: []byte("sealed"), Settings: map[string]string{
			"mode": "live", "base_url": "https://u:p@bank.example/path?token=secret", "merchant_id": "00000000-4242",
		},
	}); err != nil {
		t.Fatal(err)
	}
	header := http.Header{"Authorization": {"Bearer {{admin}}"}}
	a := w.Ask(h, http.MethodGet, "/v1/gateways/mine", header, "")
	want := `"settings":{"base_url":"https://bank.example","merchant_id":"********4242","mode":"live"},` +
		`"has_credentials":true`
	if !strings.Contains(a.Body, want) || strings.Contains(a.Body, "sealed") {
		t.Errorf("got %s, want %s in it", a.Body, want)
	}
	odd := merchant.Gateway{Merchant: w.Shop, Name: "odd", Connector: "odd"}
	if err := w.App.PutGateway(t.Context(), odd); err != nil {
		t.Fatal(err)
	}
	a = w.Ask(h, http.MethodGet, "/v1/gateways?health=broken", header, "")
	if !strings.Contains(a.Body, `"name":"odd"`) {
		t.Errorf("got %s", a.Body)
	}
}

// A PIN is kept nowhere in the clear, is no oracle under a name, and is guessed five
// times at most.
func TestPINs(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	w.Play(t, h, dialecttest.Story(administered("/customers", `{"first_name":"Ada","pin":"471100"}`)+
		"! 10001 gets 10 USD\n"+posted("/invoices", `{"amount":"4","unit":"USD"}`)))
	pay := func(name, pin string) dialecttest.Answer {
		return w.Ask(h, http.MethodPost, "/v1/payments/wallet", named(name),
			`{"invoice":"`+id("inv", 2)+`","login":"10001","pin":"`+pin+`"}`)
	}
	if a := pay("one", "471109"); a.Status != http.StatusUnprocessableEntity ||
		!strings.Contains(a.Body, `"login_invalid"`) || a.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("a wrong one: got %d %v %s", a.Status, a.Header, a.Body)
	}
	first := pay("one", "471100")
	if first.Status != http.StatusCreated {
		t.Fatalf("the right one under the same name: got %d %s", first.Status, first.Body)
	}
	for _, pin := range []string{"471100", "471109"} {
		if a := pay("one", pin); a.Body != first.Body || a.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s again: got %d %s, want what was told", pin, a.Status, a.Body)
		}
	}
	w.Play(t, h, dialecttest.Story(posted("/invoices", `{"amount":"1","unit":"USD"}`)))
	guess := func(n int) dialecttest.Answer {
		return w.Ask(h, http.MethodPost, "/v1/payments/wallet", named(fmt.Sprint(n)),
			`{"invoice":"`+id("inv", 7)+`","login":"10001","pin":"0000"}`)
	}
	for n := range 5 {
		want := http.StatusUnprocessableEntity
		if n == 4 { // one was wrong before
			want = http.StatusTooManyRequests
		}
		if a := guess(n); a.Status != want {
			t.Errorf("guess %d: got %d %s, want %d", n, a.Status, a.Body, want)
		}
	}
}
