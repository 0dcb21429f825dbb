package checkout_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
)

// TestHeldPages: payers of an unusual amount are told to wait, on the page of an
// invoice and on that of a link, and nobody is sent to a gateway.
func TestHeldPages(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	for n := range 20 {
		token := fmt.Sprintf("usual-%d", n)
		s.link(token, 500_000)
		s.press("/pay/link/"+token, url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
		s.comeBack(s.zarinpal.started()[n], fmt.Sprintf("zarinpal%d", n+1), "ok").want(http.StatusOK)
	}
	holds := true
	if _, err := s.app.ChangeMerchant(t.Context(), s.merchant, app.MerchantTerms{HoldUnusual: &holds}); err != nil {
		t.Fatal(err)
	}
	i := s.hosted(func(n *app.NewInvoice) { n.Amount = money.New(5_000_000, money.IRR) })
	s.link("held", 5_000_000)
	for lang, words := range map[string]string{
		"en": "This payment is not open yet", "fa": "این پرداخت هنوز باز نشده است",
	} {
		s.get(page(i)+"?lang="+lang).want(http.StatusOK, words)
		s.press(page(i)+"/gateway?lang="+lang, url.Values{"gateway": {"zarinpal"}}).want(http.StatusConflict, words)
		s.get("/pay/link/held?lang="+lang).want(http.StatusConflict, words)
		s.press("/pay/link/held?lang="+lang, url.Values{"gateway": {"zarinpal"}}).want(http.StatusConflict, words)
	}
	if got := len(s.zarinpal.started()); got != 20 {
		t.Errorf("the gateway heard of %d payments, want the 20 ordinary ones", got)
	}
	if _, err := s.app.ConfirmInvoice(t.Context(), app.ConfirmInvoice{Merchant: s.merchant, Invoice: i.ID}); err != nil {
		t.Fatal(err)
	}
	s.press(page(i)+"/gateway", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
}
