package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/purserhq/purser/internal/server"
)

// decided is an operator's word and the state that the payout must have then.
func (b *bureau) decided(word server.PayoutWord,
	say func(server.Commands, context.Context, server.PayoutWord) error, state string,
) {
	b.t.Helper()
	got := b.run(func(c server.Commands) error { return say(c, b.t.Context(), word) })
	if got.text(b.t, "state") != state {
		b.t.Errorf("payout: got %v, want it %s", got, state)
	}
}

// compact is JSON without blanks.
func compact(t *testing.T, text []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, text); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The signature is over what was sent, in the order in which it was sent,
// under the secret as a text; nothing else opens the door.
func TestSignatures(t *testing.T) {
	t.Parallel()
	eachBureau(t, server.TerminalTerms{}, func(t *testing.T, b *bureau) {
		s := openSite(t)
		body := newInvoice(b.terminal, s, "25.50", "USDT", "INV 7/2026")
		sorted := "amount=25.50&callback=&currency=USDT&invoice_number=INV+7%2F2026&terminal_number=1001&webhook="
		raw, err := hex.DecodeString(b.shop.secret)
		if err != nil {
			t.Fatal(err)
		}
		for what, signature := range map[string]string{
			"sorted fields":        sign(b.shop.secret, sorted),
			"the secret as bytes":  sign(string(raw), body),
			"another body":         sign(b.shop.secret, body+"&national_id=1"),
			"another key's secret": sign(b.ann.secret, body),
			"hex":                  hex.EncodeToString([]byte(sign(b.shop.secret, body))),
			"no padding":           base64.RawStdEncoding.EncodeToString([]byte("x")),
			"nothing":              "",
		} {
			b.shop.wantError(b.shop.sendSigned("create-invoice", body, signature, http.StatusUnauthorized), what,
				http.StatusUnauthorized, "")
		}
		for _, missing := range []string{"api_key", "api_sign"} {
			request := b.shop.request(http.MethodPost, "/api/create-invoice", body)
			request.Header["api_key"], request.Header["api_sign"] = []string{b.shop.public}, []string{sign(b.shop.secret, body)}
			delete(request.Header, missing)
			b.shop.wantError(b.shop.do(request, http.StatusUnauthorized), "without "+missing, http.StatusUnauthorized, "")
		}
		unknown := b.shop
		unknown.public = "00000000000000000000000000000000"
		unknown.refused("balance", "", http.StatusUnauthorized, "")

		// What was refused left nothing behind, and the same body with the right signature is taken.
		if all := listed[printed](b.shop, "invoice-list", ""); all.Total != 0 {
			t.Errorf("got %+v, want nothing", all)
		}
		b.shop.send("create-invoice", body, http.StatusOK)
		// JSON signed as PHP would write its fields, and as it is.
		object := `{"trackid": "` + listed[printed](b.shop, "invoice-list", "").Items[0].TrackID + `", "note": null}`
		b.shop.send("invoice-status", object, http.StatusOK)
		fields := "trackid=" + object[len(`{"trackid": "`):len(object)-len(`", "note": null}`)]
		b.shop.sendSigned("invoice-status", object, sign(b.shop.secret, fields), http.StatusOK)
	})
}

// A key does what it was made for, from where it was made for, with what is its.
func TestKeysOfWallets(t *testing.T) {
	t.Parallel()
	eachBureau(t, server.TerminalTerms{}, func(t *testing.T, b *bureau) {
		var reading, elsewhere, here, foreign caller
		var foreignTerminal int64
		b.closed(func() {
			b.fill(b.ann.account, "10", "USD")
			reading = b.key(server.NewSigningKey{Methods: []string{"invoice-status", "balance"}})
			elsewhere = b.key(server.NewSigningKey{Networks: []string{"192.0.2.0/24"}})
			here = b.key(server.NewSigningKey{Networks: []string{"127.0.0.0/8", "::1/128"}})
			ours := b.merchant
			b.merchant = b.run(func(c server.Commands) error {
				return c.AddMerchant(t.Context(), "Coffee House", "")
			}).text(t, "id")
			name := "Bar"
			b.addTerminal(server.TerminalTerms{Name: &name})
			foreignTerminal, _ = b.addTerminal(server.TerminalTerms{Name: &name})
			foreign = b.key(server.NewSigningKey{})
			b.merchant = ours
		})
		s, p := openSite(t), newPayer(t)
		id, page := b.bill(s, "10", "USD", "1")
		b.shop.refused("create-invoice", newInvoice(foreignTerminal, s, "10", "USD", "2"), http.StatusNotFound, "")
		reading.send("invoice-status", "trackid="+id, http.StatusOK)
		reading.refused("create-invoice", newInvoice(b.terminal, s, "10", "USD", "2"), http.StatusForbidden, "")
		reading.refused("transfer", "receiver="+b.ann.number()+"&amount=1&currency=USD&order_id=1", http.StatusForbidden, "")
		elsewhere.refused("balance", "", http.StatusForbidden, "")
		here.send("balance", "", http.StatusOK)
		p.press(b.front.URL+"/pay/invoice/"+id+"/wallet", wallet(b.ann.number(), b.ann.pin))
		for what, other := range map[string]caller{"another merchant": foreign, "a customer": b.ann.caller} {
			for _, method := range []string{"invoice-status", "invoice-verify", "invoice-refund"} {
				other.refused(method, "trackid="+id, http.StatusNotFound, "")
			}
			if all := listed[printed](other, "invoice-list", ""); all.Total != 0 {
				t.Errorf("%s sees %+v", what, all)
			}
		}
		b.ann.refused("create-invoice", newInvoice(b.terminal, s, "10", "USD", "3"), http.StatusNotFound, "")
		foreign.refused("transfer", "receiver="+b.ann.number()+"&amount=1&currency=USD&order_id=1", http.StatusNotFound, "")
		b.shop.invoice("invoice-verify", id, "completed")
		if shown := p.look(page); shown.status != http.StatusOK {
			t.Errorf("the page of a paid invoice: got status %d: %s", shown.status, shown.text)
		}
		const nobodys = "11111111-2222-4333-8444-555555555555"
		b.shop.refused("invoice-status", "trackid="+nobodys, http.StatusNotFound, "")
		if shown := p.look(b.front.URL + "/invoice_v1/" + nobodys); shown.status != http.StatusNotFound {
			t.Errorf("the page of no invoice: got status %d", shown.status)
		}
		b.shop.refused("no-such-method", "", http.StatusNotFound, "")

		ip := b.shop.do(b.shop.request(http.MethodGet, "/api/", ""), http.StatusOK)
		if got := compact(t, ip); got != `{"ip":"127.0.0.1"}` {
			t.Errorf("the caller's address: got %s", got)
		}
	})
}
