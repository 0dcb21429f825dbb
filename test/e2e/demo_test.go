package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/server"
)

// shownKeys is the part of demo.json that a tool for the wallet API reads, as
// its contract has it.
type shownKeys struct {
	Key      string `json:"api_key"`
	Secret   string `json:"secret_key"`
	Terminal int64  `json:"terminal_number"`
	Payer    struct {
		Account    int64 `json:"account_number"`
		Email, PIN string
		NationalID string `json:"national_id"`
	}
	Receiver int64 `json:"receiver_account_number"`
}

// wallets reads demo.json and gives the merchant's software that it is for.
func (s *shop) wallets() (caller, shownKeys) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.options.Data, "demo.json"))
	var shown struct{ Zipay shownKeys }
	if err == nil {
		err = json.Unmarshal(text, &shown)
	}
	if err != nil || shown.Zipay.Terminal == 0 || shown.Zipay.Payer.Account == 0 || shown.Zipay.Receiver == 0 {
		s.t.Fatalf("demo.json: got %+v, %v, want keys and people", shown.Zipay, err)
	}
	return caller{s.t, s.info.BaseURL, shown.Zipay.Key, shown.Zipay.Secret, s.browser}, shown.Zipay
}

// terminalSecret gives the demo's terminal a new secret, while the demo is stopped.
func (s *shop) terminalSecret(terminal int64) string {
	s.t.Helper()
	o := operator{s.t, server.Config{Data: s.options.Data, Database: s.options.Database}}
	var merchants []object
	o.into(&merchants, func(c server.Commands) error { return c.Merchants(s.t.Context()) })
	if len(merchants) != 1 {
		s.t.Fatalf("got merchants %v, want the demo's alone", merchants)
	}
	return o.run(func(c server.Commands) error {
		return c.RotateTerminal(s.t.Context(), merchants[0].text(s.t, "id"), terminal)
	}).text(s.t, "secret")
}

// into does one command and reads what it printed.
func (o operator) into(value any, do func(c server.Commands) error) {
	o.t.Helper()
	var out, errs strings.Builder
	err := do(server.Commands{Config: o.config, Terminal: server.Terminal{Out: &out, Err: &errs, JSON: true}})
	if err == nil {
		err = json.Unmarshal([]byte(out.String()), value)
	}
	if err != nil {
		o.t.Fatalf("command: %v: %s%s", err, out.String(), errs.String())
	}
}

// A demo that is started again on the same data has the same keys, PINs and
// balances, and goes on.
func TestDemoKeepsWallets(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		shop, before := s.wallets()
		site, p := openSite(t), newPayer(t)
		id, page := bill(shop, before.Terminal, site, "25.50", "USD", "1")
		pay := func(id, base string) {
			back := p.press(base+"/pay/invoice/"+id+"/wallet", wallet(before.Payer.Email, before.Payer.PIN))
			if !strings.HasPrefix(back.address, site.at("/back")) {
				t.Errorf("the payer arrived at %s (%d): %s", back.address, back.status, back.text)
			}
		}
		pay(id, s.info.BaseURL)
		account := strconv.FormatInt(before.Receiver, 10)
		moved, _ := single[transferred](shop, "transfer", "receiver="+account+"&amount=3&currency=USDT&order_id=1")
		if moved.Receiver.Account != before.Receiver {
			t.Errorf("got %+v, want it to be the receiver's", moved)
		}
		exchange, _ := single[exchanged](shop, "exchange", "amount=2&from_currency=USD&to_currency=IRT")
		had := map[string]string{}
		for _, unit := range []string{"USD", "USDT", "IRT"} {
			had[unit] = shop.balance(unit)
		}
		s.stop()

		next := open(t, s.options)
		shop, after := next.wallets()
		if after != before {
			t.Errorf("demo.json: got %+v after a restart, want %+v", after, before)
		}
		for unit, amount := range had {
			shop.wantBalance("started again", unit, amount)
		}
		if kept := listed[exchanged](shop, "exchange-list", "").Items[0]; kept != exchange {
			t.Errorf("got %+v, want the exchange of before, %+v", kept, exchange)
		}
		shop.refused("transfer", "receiver="+account+"&amount=3&currency=USDT&order_id=1", http.StatusConflict, "")
		shop.invoice("invoice-verify", id, "completed")
		shop.invoice("invoice-refund", id, "refunded")
		shop.wantBalance("paid and refunded", "USD", had["USD"])
		if shown := p.look(next.info.BaseURL + strings.TrimPrefix(page, s.info.BaseURL)); shown.status != http.StatusOK {
			t.Errorf("the page of before: got status %d: %s", shown.status, shown.text)
		}
		id, _ = bill(shop, before.Terminal, site, "25.50", "USD", "2")
		pay(id, next.info.BaseURL)
		shop.invoice("invoice-verify", id, "completed")
		next.audit()
	})
}

// A Toman invoice is paid at a gateway, in Rial, by somebody without a wallet:
// the site hears of it before the payer is back, and a refund goes back there.
func TestDemoInvoiceAtGateway(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		_, keys := s.wallets()
		s.stop()
		secret := s.terminalSecret(keys.Terminal)
		s = open(t, s.options)
		shop, _ := s.wallets()
		site := openSite(t)
		had := shop.balance("IRT")
		id, page := bill(shop, keys.Terminal, site, "25000.5", "IRT", "INV 7/2026")
		if text := s.get(page); !strings.Contains(text, `value="zarinpal/iranian_card"`) {
			t.Fatalf("the page does not offer the gateway: %s", text)
		}
		shop.invoice("invoice-status", id, "generated")
		p := payer{t, s.browser}
		bank := p.press(s.info.BaseURL+"/pay/invoice/"+id+"/gateway", url.Values{"gateway": {"zarinpal"}})
		if !strings.HasPrefix(bank.address, s.info.SandboxURL+"/zarinpal/") || bank.status != http.StatusOK {
			t.Fatalf("the payer arrived at %s (%d), want the bank: %s", bank.address, bank.status, bank.text)
		}
		shop.invoice("invoice-status", id, "waiting")
		if len(site.came()) != 0 {
			t.Errorf("the site heard of a payment before there was one: %v", site.came())
		}
		back := p.press(bank.address, url.Values{"decision": {"approve"}})
		wantToldThenBack(t, site, back, id, secret)
		wantBooks(t, "zarinpal", s.books("zarinpal"), object{"captured": 250_005.0})
		if got := shop.invoice("invoice-status", id, "pending"); got.Account != nil || got.PayDate == nil {
			t.Errorf("got %+v, want a payment without an account", got)
		}
		pending := shop.balance("IRT") // less the gateway's fee
		shop.invoice("invoice-verify", id, "completed")
		shop.wantBalance("verified", "IRT", more(t, pending, "25000.5"))
		shop.invoice("invoice-refund", id, "refunded")
		s.untilBooks("zarinpal", "reversed", 250_005)
		until(t, "the fee to be back", func() bool { return shop.balance("IRT") == had })
		s.audit()
	})
}

// more adds two amounts of Toman.
func more(t *testing.T, amounts ...string) string {
	t.Helper()
	var sum int64
	for _, a := range amounts {
		whole, fraction, _ := strings.Cut(a, ".")
		steps, err := strconv.ParseInt(whole+(fraction + "0000")[:4], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += steps
	}
	text := strconv.FormatInt(sum, 10)
	whole, fraction := text[:len(text)-4], strings.TrimRight(text[len(text)-4:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// untilBooks waits for what a provider has in its own books.
func (s *shop) untilBooks(gateway, name string, want int64) {
	s.t.Helper()
	until(s.t, fmt.Sprint(gateway, " to have ", name, " ", want), func() bool {
		return s.books(gateway).whole(s.t, name) == want
	})
}

// until looks again and again until something is so.
func until(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	const limit = 20 * time.Second
	deadline := time.After(limit)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !isSo() {
		select {
		case <-look.C:
		case <-deadline:
			t.Fatalf("after %s still waiting for %s", limit, what)
		}
	}
}
