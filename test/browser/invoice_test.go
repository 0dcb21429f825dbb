//go:build browser

package browser

import (
	"strconv"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
)

// in is the same shop, seen by another test.
func (s *shop) in(t *testing.T) *shop { return &shop{T: t, DemoInfo: s.DemoInfo} }

// A merchant's software asks for money, its payer pays on the page, from a
// wallet or through a gateway, and arrives at the merchant's site, which has
// heard of it by then. It takes no script, and no harm from scripts.
func TestPayAnInvoice(t *testing.T) {
	t.Parallel()
	demo := openShop(t)
	for name, v := range map[string]view{
		"with scripts": {size: desktop, locale: "en-US", scripts: true}, "without scripts": {size: phone, locale: "en-US"},
	} {
		t.Run("from a wallet "+name, func(t *testing.T) {
			t.Parallel()
			s := demo.in(t)
			i := s.bill("INV 7/2026 "+name, "25.50", "USD")
			b := openTab(t, v)
			b.visit(i.page)
			b.sees("25.50", "Purser demo", "INV 7/2026 "+name)
			b.must(b.GetByLabel("Account number or e-mail").Fill(strconv.FormatInt(s.Zipay.Payer.Account, 10)))
			b.must(b.GetByLabel("PIN").Fill(s.Zipay.Payer.PIN))
			b.press("button", "from the wallet")
			i.paid(b)
		})
		t.Run("through a gateway "+name, func(t *testing.T) {
			t.Parallel()
			s := demo.in(t)
			i := s.bill("8 "+name, "25000.5", "IRT")
			b := openTab(t, v)
			b.visit(i.page)
			b.must(b.GetByLabel("ZarinPal").Check())
			b.press("button", "Continue")
			if !strings.HasPrefix(b.URL(), s.SandboxURL+"/zarinpal/") {
				t.Fatalf("the button leads to %s, want the gateway's page", b.URL())
			}
			i.is("waiting")
			b.must(b.Locator(`[name=decision][value=approve]`).Click())
			i.paid(b)
			// Whoever opens the page again need not pay again.
			b.visit(i.page)
			b.sees("This invoice is paid", "25,000.5")
			if got := b.measure(`document.forms.length`); got != 0 {
				t.Errorf("the page of a paid invoice has %v forms, want none", got)
			}
		})
	}
}

// stop is where the keyboard arrives next, and its looks are those of a stop.
func (b *tab) stop(key, want string) {
	b.Helper()
	b.must(b.Keyboard().Press(key))
	const name = `(e => e.type === "radio" ? e.value : e.name || e.innerText)(document.activeElement)`
	if got := b.measure(name); got != want {
		b.Fatalf("%s leads to %q, want %q", key, got, want)
	}
	const outline = `getComputedStyle(document.activeElement.closest(".gateway") || document.activeElement).outlineStyle`
	if got := b.measure(outline); got != "solid" {
		b.Errorf("one does not see that %q has the keyboard", want)
	}
}

func TestPayAnInvoiceWithTheKeyboard(t *testing.T) {
	t.Parallel()
	demo := openShop(t)
	t.Run("from a wallet", func(t *testing.T) {
		t.Parallel()
		s := demo.in(t)
		i := s.bill("1", "25.50", "USD")
		b := openTab(t, view{size: desktop, locale: "en-US"})
		b.visit(i.page)
		b.stop("Tab", "account")
		b.must(b.Keyboard().Type(s.Zipay.Payer.Email))
		b.stop("Tab", "pin")
		b.must(b.Keyboard().Type(s.Zipay.Payer.PIN))
		b.stop("Tab", "Pay 25.50"+wide+"US dollars from the wallet")
		b.must(b.Keyboard().Press("Enter"))
		i.paid(b)
	})
	t.Run("through a gateway", func(t *testing.T) {
		t.Parallel()
		s := demo.in(t)
		i := s.bill("2", "2500", "IRT")
		b := openTab(t, view{size: desktop, locale: "en-US"})
		b.visit(i.page)
		b.stop("Tab", "account")
		b.stop("Tab", "pin")
		b.stop("Tab", "Pay 2,500"+wide+"Toman from the wallet")
		b.stop("Tab", "zarinpal/iranian_card") // all ways to pay are one stop
		b.stop("ArrowDown", "shepa/iranian_card")
		b.stop("ArrowUp", "zarinpal/iranian_card")
		b.stop("Tab", "Continue")
		b.must(b.Keyboard().Press("Enter"))
		b.must(b.Locator(`[name=decision][value=approve]`).Press("Enter"))
		i.paid(b)
	})
}

// numerals are the digits that people type in a language, where they have
// their own.
var numerals = map[string]string{"fa": "۰۱۲۳۴۵۶۷۸۹", "bn": "০১২৩৪৫৬৭৮৯"}

// typed is a number in the digits of a language.
func typed(language, number string) string {
	digits := []rune(numerals[language])
	return strings.Map(func(c rune) rune {
		if len(digits) == 0 {
			return c
		}
		return digits[c-'0']
	}, number)
}

// A wrong PIN is told in the payer's language, and all but the PIN stays. The
// language can be changed on the way, and the right PIN is right in any digits.
//
//nolint:tparallel // one after the other, so that nobody has too many attempts that are undecided
func TestWrongPIN(t *testing.T) {
	t.Parallel()
	demo := openShop(t)
	languages := []string{"fa", "en", "bn", "pt", "ru"}
	for n, language := range languages {
		t.Run(language, func(t *testing.T) {
			s, words := demo.in(t), wordsOf(t, language)
			i := s.bill("No. "+language, "25.50", "USD")
			number := strconv.FormatInt([]int64{s.Zipay.Payer.Account, s.Zipay.Receiver}[n%2], 10) // they share a PIN
			b := openTab(t, view{size: phone, locale: language})
			b.expected = []string{"403"} // the browser notes the status of the answer
			b.visit(i.page)
			b.login(words, number, typed(language, strings.Repeat("9", 7)))
			b.must(b.GetByRole("alert").GetByText(words["trouble.login_invalid.title"]).WaitFor())
			for label, want := range map[string]string{"invoice.account": number, "invoice.pin": ""} {
				field := b.GetByLabel(words[label])
				if got, err := field.InputValue(); err != nil || got != want {
					t.Errorf("%s is %q, %v, want %q", words[label], got, err, want)
				}
				if got, err := field.GetAttribute("aria-invalid"); err != nil || got != "true" {
					t.Errorf("%s is not marked as wrong (%v)", words[label], err)
				}
			}
			i.is("generated")
			other := wordsOf(t, languages[(n+1)%len(languages)])
			b.press("link", other["language.name"])
			b.sees(other["invoice.wallet"], "Purser demo")
			b.press("link", words["language.name"])
			b.sees(words["invoice.wallet"], "Purser demo")
			if !strings.HasPrefix(b.URL(), s.BaseURL+"/pay/invoice/"+i.id+"?") {
				t.Errorf("the languages lead to %s, want the page of the invoice", b.URL())
			}
			b.login(words, typed(language, number), typed(language, s.Zipay.Payer.PIN))
			i.paid(b)
		})
	}
}

// login fills in the form of the wallet and presses its button.
func (b *tab) login(words map[string]string, account, pin string) {
	b.Helper()
	b.must(b.GetByLabel(words["invoice.account"]).Fill(account))
	b.must(b.GetByLabel(words["invoice.pin"]).Fill(pin))
	b.must(b.Locator("button[type=submit]").First().Click())
}

// A browser holds the redirect after a form against the page's policy, which
// must let payers back to merchants without TLS even where nothing is a demo.
func TestPayersGetBackWithoutTLS(t *testing.T) {
	t.Parallel()
	s := openStage(t, "en", false)
	shop := openSite(t)
	back := strings.Replace(shop.URL, "127.0.0.1", "localhost", 1) + "/back?order=7"
	id := s.hosted(func(n *app.NewInvoice) { n.Amount, n.ReturnTo = toman(100), back })
	sara := s.customer("sara@example.com")
	b := openTab(t, view{size: phone, locale: "en-US"})
	b.visit(s.address + "/pay/invoice/" + id)
	b.login(s.words, sara, pin)
	b.sees("Thank you")
	if b.URL() != back {
		t.Errorf("the payer is at %s, want %s", b.URL(), back)
	}
}
