package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/orderpay"
	"github.com/purserhq/purser/internal/dialect/p2p"
	"github.com/purserhq/purser/internal/dialect/zipay"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// credential is what somebody has to call one API with.
type credential struct {
	name, owner    string
	sort           string // those of one sort open the same doors
	public, secret string
}

// parts are what a credential has; a demo lets in who brings nothing at all.
func (c credential) parts() []string {
	return slices.DeleteFunc([]string{c.public, c.secret}, func(part string) bool { return part == "" })
}

// gate is one call of an API, as whoever has a credential tries it.
type gate struct {
	name, sort string
	says       string // is in the refusal: the form of the API
	calls      func(c credential) []exchange
}

// reuse is a demo and another merchant, each with a credential of every sort.
type reuse struct {
	*Demo

	credentials []credential
	other       string
}

func openReuse(t *testing.T) *reuse {
	t.Helper()
	u := &reuse{Demo: openDemo(t, sqlitetest.Folder(t))}
	i := u.Info
	u.credentials = []credential{
		{"ipg's key", "demo", "key", "", i.IPG.APIKey},
		{"ipg's admin key", "demo", "key", "", i.IPG.AdminKey},
		{"payrefund's key", "demo", "key", "", i.Payrefund.APIKey},
		{"v1's key", "demo", "key", "", i.V1.SecretKey},
		{"zipay's signing key", "demo", "signing key", i.Zipay.APIKey, i.Zipay.SecretKey},
		{"p2p's store key", "demo", "store key", i.P2P.Identity, i.P2P.Secret},
		{"orderpay's issuer", "demo", "issuer", i.Orderpay.Issuer, i.Orderpay.Secret},
		{"orderpay's token", "demo", "token", "", i.Orderpay.AdminToken},
	}
	ctx := t.Context()
	m, err := u.app.CreateMerchant(ctx, app.NewMerchant{Name: "Other"})
	if err != nil {
		t.Fatal(err)
	}
	u.other = m.ID
	_, key, err := u.app.CreateKey(ctx, app.NewKey{Merchant: m.ID, Scopes: []merchant.Scope{merchant.Admin}})
	if err != nil {
		t.Fatal(err)
	}
	_, signing, err := u.app.CreateSigningKey(ctx, app.NewSigningKey{Merchant: m.ID})
	if err != nil {
		t.Fatal(err)
	}
	terminal, _, err := u.app.CreateTerminal(ctx, m.ID, app.TerminalTerms{Name: "store"})
	if err != nil {
		t.Fatal(err)
	}
	_, stored, err := u.app.CreateStoreKey(ctx, app.NewStoreKey{Merchant: m.ID, Terminal: terminal.Number})
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := u.app.AddIssuer(ctx, app.NewIssuer{Merchant: m.ID, Name: "other-issuer"})
	if err != nil {
		t.Fatal(err)
	}
	endpoint, hook, err := u.app.CreateEndpoint(ctx, app.NewEndpoint{
		ID: "ep_other", Merchant: m.ID, URL: "https://other.example/", Types: []string{"payment.*"},
	})
	if err != nil {
		t.Fatal(err)
	}
	u.credentials = append(u.credentials,
		credential{"another's key", "other", "key", "", key},
		credential{"another's signing key", "other", "signing key", signing.Public, signing.Secret},
		credential{"another's store key", "other", "store key", stored.Public, stored.Secret},
		credential{"another's issuer", "other", "issuer", "other-issuer", issuer.Secret},
		credential{"a secret of webhooks", "other", "webhook", endpoint.ID, hook})
	return u
}

// gates are one reading and one writing call of every API. Where a credential has
// no part of the kind that a call wants, each of its parts is tried.
func (u *reuse) gates() []gate {
	json := func(method, path, body string, header http.Header) exchange {
		return exchange{method, path, body, header}
	}
	keyed := func(read, path, body string) func(c credential) []exchange {
		return func(c credential) (calls []exchange) {
			for _, part := range c.parts() {
				calls = append(calls, json(http.MethodGet, read, "", bearer(part)), json(http.MethodPost, path, body, bearer(part)),
					json(http.MethodPost, path, body, http.Header{"X-Api-Key": {part}}))
			}
			return calls
		}
	}
	return []gate{
		{"ipg", "key", `"statusCode":401`, keyed("/admin/payment/allPaymentsStatus", "/invoice/create",
			`{"title":"Two tickets","totalAmount":90000}`)},
		{"payrefund", "key", `"errors":`, keyed("/api/payments?payment_method=mbway", "/api/payments",
			`{"amount":50.0,"payment_method":"credit_card","additional_params":{"number":"1234567890123456",`+
				`"name":"John john","expiration_month":"05","expiration_year":"2028","cvv":"321"}}`)},
		{"v1", "key", `"code":"key_`, func(c credential) (calls []exchange) {
			for _, part := range c.parts() {
				calls = append(calls, json(http.MethodGet, "/v1/invoices", "", bearer(part)),
					json(http.MethodPost, "/v1/invoices", `{"amount":"5000","unit":"IRR"}`, bearer(part)))
			}
			return calls
		}},
		{"zipay", "signing key", `"success":false,"status":40`, func(c credential) (calls []exchange) {
			const body = "receiver=10002&amount=1&currency=USD&order_id=reused"
			for _, sign := range []string{zipay.Sign(c.secret, body), c.secret, zipay.Sign(c.public, body)} {
				calls = append(calls, json(http.MethodPost, "/api/transfer", body, http.Header{
					"Content-Type": {"application/x-www-form-urlencoded"}, "Api_key": {c.public}, "Api_sign": {sign},
				}))
			}
			return calls
		}},
		{"p2p", "store key", `"code":`, func(c credential) (calls []exchange) {
			const path, body = "/api/merchant/invoices", `{"type":"in","amount":"2000","currency":"RUB",` +
				`"notificationUrl":"","notificationToken":"","internalId":"reused"}`
			at := u.Info.P2P.BaseURL + path
			for _, sign := range []string{p2p.Sign(c.secret, http.MethodPost, at, []byte(body)), c.secret} {
				calls = append(calls, json(http.MethodPost, path, body,
					http.Header{"X-Identity": {c.public}, "X-Signature": {sign}}))
			}
			return append(calls, json(http.MethodGet, path, "",
				http.Header{"X-Identity": {c.public}, "X-Signature": {p2p.Sign(c.secret, http.MethodGet, at, nil)}}))
		}},
		{"orderpay", "token", `{"message":"`, func(c credential) (calls []exchange) {
			body := `{"userId":"` + u.Info.Orderpay.UserID + `","total":500}`
			for _, part := range c.parts() {
				calls = append(calls, json(http.MethodGet, "/payment", "", bearer(part)),
					json(http.MethodPost, "/order", body, bearer(part)))
			}
			return calls
		}},
	}
}

// TestNothingOpensAnotherDoor tries every credential at every API: what is not of
// the sort that it takes is refused in its own form, and changes nothing.
func TestNothingOpensAnotherDoor(t *testing.T) {
	t.Parallel()
	u := openReuse(t)
	defer u.closeNow(t)
	before, tried := u.record(t), 0
	for _, g := range u.gates() {
		for _, c := range u.credentials {
			if c.sort == g.sort {
				continue
			}
			for _, call := range g.calls(c) {
				tried++
				w := call.do(t, u.Handler())
				// A store's key is known to whoever looks for signing keys, and may do nothing there.
				known := c.sort == "store key" && g.sort == "signing key" && w.Code == http.StatusForbidden
				if w.Code != http.StatusUnauthorized && !known || !strings.Contains(w.Body.String(), g.says) {
					t.Errorf("%s at %s %s: got %d %s, want it refused in its form", c.name, call.method, call.path, w.Code, w.Body)
				}
			}
			if after := u.record(t); after != before {
				t.Errorf("%s at %s changed something:\n%s\nbefore:\n%s", c.name, g.name, after, before)
				before = after
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d calls", tried)
	}
	// What is refused above is good elsewhere.
	for _, g := range u.gates() {
		for _, c := range u.credentials {
			if c.sort != g.sort || c.owner != "demo" {
				continue
			}
			if w := g.calls(c)[0].do(t, u.Handler()); w.Code == http.StatusUnauthorized {
				t.Errorf("%s at %s: got %d %s, want it to be let in", c.name, g.name, w.Code, w.Body)
			}
		}
	}
}

// TestHalvesDoNotFit puts the public part of each credential together with the
// secret of each other one, of the same merchant and of another: none is let in,
// and no secret but an issuer's own makes its tokens.
func TestHalvesDoNotFit(t *testing.T) {
	t.Parallel()
	u := openReuse(t)
	defer u.closeNow(t)
	before, fits := u.record(t), 0
	ends := time.Now().Add(time.Hour)
	for _, public := range u.credentials {
		for _, secret := range u.credentials {
			if public.public == "" || public == secret {
				continue
			}
			mixed := credential{public.name + " with the secret of " + secret.name, "", "", public.public, secret.secret}
			for _, g := range u.gates() {
				if g.name != "zipay" && g.name != "p2p" {
					continue
				}
				for _, call := range g.calls(mixed) {
					if w := call.do(t, u.Handler()); w.Code != http.StatusUnauthorized {
						t.Errorf("%s at %s: got %d %s, want 401", mixed.name, g.name, w.Code, w.Body)
					}
				}
			}
			token, err := orderpay.Mint(secret.secret, orderpay.NewToken{
				Issuer: public.public, User: u.Info.Orderpay.UserID, Role: "ADMIN", Expires: ends,
			})
			if err != nil {
				continue // it is no secret for tokens
			}
			fits++
			if w := asUser(t, u.Demo, http.MethodGet, "/payment", token, ""); w.Code != http.StatusUnauthorized {
				t.Errorf("a token of %s: got %d %s, want 401", mixed.name, w.Code, w.Body)
			}
		}
	}
	if after := u.record(t); after != before {
		t.Errorf("something changed:\n%s\nbefore:\n%s", after, before)
	}
	if fits < 10 {
		t.Errorf("only %d secrets could sign a token", fits)
	}
}

// record is what the database has of both merchants.
func (u *reuse) record(t *testing.T) string {
	t.Helper()
	text := ""
	for _, m := range []string{u.openMerchant(t), u.other} {
		events, err := u.app.Events(t.Context(), m, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			text += fmt.Sprintln(e.Noun, e.Subject, e.From, e.To, e.Trigger)
		}
		balances, err := u.app.ListBalances(t.Context(), m, app.BalanceList{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		text += fmt.Sprintln(balances)
	}
	return text
}
