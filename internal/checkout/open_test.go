package checkout_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/payment"
)

func TestOpenAmountIsPaid(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	i := s.open()
	s.get("/pay/open/any").want(http.StatusOK, "Donations", "دست\u200cکم ۱٬۰۰۰\u00a0ریال", "زرین\u200cپال")
	s.press("/pay/open/any", url.Values{
		"amount": {" ۲۵۰٬۰۰۰ "},
		"email":  {" sara@example.ir "}, "message": {"برای\x00 کتاب\r\nبا مهر"}, "gateway": {"shepa"},
	}).want(http.StatusSeeOther)
	started := s.shepa.started()
	if len(started) != 1 || started[0].Amount != rial(250_000) || started[0].Payer.Email != "sara@example.ir" {
		t.Fatalf("shepa was told of %+v, want 250000 IRR of sara@example.ir", started)
	}
	made := s.payments(i)
	if len(made) != 1 || made[0].Description != "برای کتاب\nبا مهر" {
		t.Errorf("payments = %+v, want one with the payer's words", made)
	}
}

func TestOpenAmountFormComesBack(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.open()
	good := url.Values{"amount": {"5000"}, "email": {"sara@example.ir"}, "message": {"for books"}, "gateway": {"shepa"}}
	tests := []struct{ name, field, value, want string }{
		{"no amount", "amount", "", "Enter an amount."},
		{"too little", "amount", "999", "must not be below 1,000\u00a0Rial."},
		{"nothing", "amount", "0", "must not be below 1,000\u00a0Rial."},
		{"negative", "amount", "-5000", "must be a number, such as 1,000,000."},
		{"words", "amount", "five", "must be a number"},
		{"a part of a Rial", "amount", "5000.5", "must be a number"},
		{"a comma that groups nothing", "amount", "5000,5", "must be a number"},
		{"more than can be counted", "amount", "99999999999999999999", "too large"},
		{"more than all clients can read", "amount", "9007199254740992", "too large"},
		{"no e-mail", "email", "", "Enter your e-mail address."},
		{"no address", "email", "sara", "not a valid e-mail"},
		{"no domain", "email", "sara@example", "not a valid e-mail"},
		{"a name beside it", "email", "Sara <sara@example.ir>", "not a valid e-mail"},
		{"an address that is too long", "email", strings.Repeat("s", 250) + "@example.ir", "not a valid e-mail"},
		{"a long message", "message", strings.Repeat("م", 501), "longer than 500 characters"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			form := url.Values{}
			for name, values := range good {
				form[name] = values
			}
			form.Set(test.field, test.value)
			got := s.press("/pay/open/any?lang=en", form).want(http.StatusUnprocessableEntity,
				"correct what is marked", test.want, `value="shepa/iranian_card" required checked`, `aria-invalid="true"`)
			for name := range good {
				kept := form.Get(name)
				if !strings.Contains(got.body, `value="`+strings.ReplaceAll(kept, "<", "&lt;")) &&
					!strings.Contains(got.body, ">"+kept+"</textarea>") && !strings.Contains(kept, "<") {
					t.Errorf("the form lost %s = %q", name, kept)
				}
			}
		})
	}
	t.Cleanup(func() { // after the sub-tests
		if got := len(s.zarinpal.started()) + len(s.shepa.started()); got != 0 {
			t.Errorf("wrong forms opened %d payments, want none", got)
		}
	})
}

func TestOpenAmountWithoutAGateway(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.open()
	form := url.Values{"amount": {"2000000000"}, "email": {"sara@example.ir"}}
	s.press("/pay/open/any?lang=en", form).want(http.StatusUnprocessableEntity, "No gateway is available")
	s.zarinpal.script(func(b *bank) { b.start = gateway.NoAnswer })
	form = url.Values{"amount": {"5000"}, "email": {"sara@example.ir"}, "gateway": {"zarinpal"}}
	s.press("/pay/open/any?lang=en", form).want(http.StatusServiceUnavailable,
		"does not answer", `value="5000"`, `value="sara@example.ir"`, "Shepa")
}

func TestOpenAmountTakesManyPayments(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	i := s.open()
	form := url.Values{"amount": {"5000"}, "email": {"sara@example.ir"}, "gateway": {"zarinpal"}}
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	for n, session := range []string{"zarinpal1", "zarinpal2"} {
		s.press("/pay/open/any", form).want(http.StatusSeeOther)
		s.comeBack(s.zarinpal.started()[n], session, "ok", "Accept-Language", "en").
			want(http.StatusOK, "Payment complete").never("next part", "Try again")
	}
	for _, p := range s.payments(i) {
		if p.State != payment.Captured {
			t.Errorf("payment %s is %s, want captured", p.ID, p.State)
		}
	}
}
