//go:build browser

package browser

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/ifthenpay"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/sandbox"
	emulator "github.com/purserhq/purser/internal/sandbox/ifthenpay"
)

// phones puts the real connector and its provider's emulator in the place of
// the gateway called phone, and gives the address of everybody's phones.
func (s *stage) phones() (address string) {
	s.Helper()
	e, err := emulator.New(sandbox.Options{PublicURL: "http://127.0.0.1", Seed: 7, Now: s.now})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = e.Close() }) // it keeps nothing
	provider := httptest.NewServer(e)
	s.Cleanup(provider.Close)
	g, err := ifthenpay.New(gateway.Config{
		Settings: map[string]string{"mode": "test", "base_url": provider.URL, "refund_url": provider.URL + "/api"},
		Secrets:  map[string]gateway.Secret{"mbway_key": emulator.TestKey},
		Now:      s.now,
	}, http.DefaultTransport)
	if err != nil {
		s.Fatal(err)
	}
	s.gateways["phone"] = g
	return provider.URL + "/phone"
}

// A payer in Portugal chooses MB WAY, gives a number in the digits of any
// language, confirms on the phone and looks again, and is led to the merchant.
// It takes no script.
func TestConfirmOnAPhone(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"pt", "fa", "bn"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			s, shop := openStage(t, language, true), openSite(t)
			phones := s.phones()
			id := s.hosted(func(n *app.NewInvoice) { n.Amount, n.ReturnTo = euros, shop.URL+"/back?order=7" })
			b := openTab(t, view{size: phone, locale: language})
			b.visit(s.address + "/pay/invoice/" + id)
			b.must(b.GetByLabel("MB WAY").Check())
			b.expected = []string{"422"} // the browser notes the status of the answer
			b.press("button", s.words["invoice.pay_way"])
			b.sees(strings.ReplaceAll(s.words["link.phone_missing"], "{{.Method}}", "MB WAY"))
			field := b.GetByLabel(s.words["link.phone"])
			if got, err := field.GetAttribute("aria-invalid"); err != nil || got != "true" {
				t.Errorf("the field is not marked as wrong (%v)", err)
			}
			if kept, err := b.GetByLabel("MB WAY").IsChecked(); err != nil || !kept {
				t.Errorf("the choice was lost (%v)", err)
			}
			const number = "912345678"
			b.must(field.Fill("+" + typed(language, "351") + " " + typed(language, number)))
			b.press("button", s.words["invoice.pay_way"])
			b.sees(s.words["result.confirm.title"], typed(language, number[6:]))
			if strings.Contains(b.text(), typed(language, number)) || strings.Contains(b.text(), number) {
				t.Errorf("the whole number is on the page")
			}
			b.press("link", s.words["result.check"])
			b.sees(s.words["result.confirm.title"])
			if got := b.measure(`document.querySelectorAll("meta[http-equiv=refresh]").length`); got != 0 {
				t.Errorf("the page changes unasked")
			}

			owner := openTab(t, view{size: phone, locale: "pt"})
			owner.visit(phones + "?number=351%23" + number)
			owner.sees("24.50")
			owner.must(owner.Locator(`[name=decision][value=approve]`).Click())
			owner.sees("Não há pedidos em aberto")
			s.later(5 * time.Second)
			b.press("link", s.words["result.check"])
			b.sees("Thank you")
			if want := shop.URL + "/back?order=7"; b.URL() != want {
				t.Errorf("the payer is at %s, want %s", b.URL(), want)
			}
			if view, err := s.app.Hosted(t.Context(), id); err != nil || view.Invoice.State != invoice.Paid {
				t.Errorf("the invoice is %s, %v, want paid", view.Invoice.State, err)
			}
		})
	}
}

// Who refuses on the phone can choose again.
func TestRefuseOnAPhone(t *testing.T) {
	t.Parallel()
	s := openStage(t, "en", true)
	phones := s.phones()
	b := openTab(t, view{size: desktop, locale: "en-US"})
	b.visit(s.address + "/pay/link/" + s.linkOf(euros))
	b.must(b.GetByLabel("Mobile number").Fill("912 345 678"))
	b.press("button", "Pay 24.50"+wide+"Euros")
	b.sees("Confirm on your phone", "number ending in 678", "You have 4 minutes to pay")
	owner := openTab(t, view{size: phone, locale: "pt"})
	owner.visit(phones)
	owner.must(owner.Locator(`[name=decision][value=cancel]`).Click())
	owner.sees("Não há pedidos em aberto")
	s.later(5 * time.Second)
	b.press("link", "Check again")
	b.sees("Payment not completed", "Nothing was paid to the merchant")
	b.press("link", "Try again")
	b.must(b.GetByLabel("Bank transfer").Check())
	b.press("button", "Pay 24.50"+wide+"Euros")
	b.sees("Pay by bank transfer", "Transfer reference", "See how to pay")
}
