//go:build browser

package browser

import (
	"net/http"
	"strings"
	"testing"

	"github.com/mxschmitt/playwright-go"
)

// wide is the space between a number and its unit.
const wide = "\u00a0"

func TestPayALink(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	b := openTab(t, view{size: phone})
	answer := b.visit(s.link(90_000))
	if got := answer.Status(); got != http.StatusOK {
		t.Fatalf("status = %d, want 200", got)
	}
	b.sees("۹۰٬۰۰۰", "معادل ۹٬۰۰۰"+wide+"تومان", "Purser demo")
	b.must(b.GetByLabel("زیبال").Check())
	b.press("button", "پرداخت ۹۰٬۰۰۰"+wide+"ریال")

	if !strings.HasPrefix(b.URL(), s.SandboxURL+"/zibal/") {
		t.Fatalf("the button leads to %s, want the gateway's page", b.URL())
	}
	b.must(b.Locator(`[name=decision][value=approve]`).Click())
	b.sees("پرداخت انجام شد", "۹۰٬۰۰۰", "شمارهٔ پیگیری")
	s.paid(90_000)
}

func TestPayALinkInEnglish(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	b := openTab(t, view{size: desktop})
	b.visit(s.link(90_000))
	b.press("link", "English")
	b.must(b.GetByLabel("Shepa").Check())
	b.press("button", "Pay 90,000"+wide+"Rial")
	b.must(b.Locator(`[name=decision][value=approve]`).Click())
	// The choice of the language outlives the way through the gateway.
	b.sees("Payment complete", "90,000", "Tracking number")
	if got := b.measure(`document.documentElement.dir`); got != "ltr" {
		t.Errorf("dir = %v, want ltr", got)
	}
	b.press("link", "فارسی")
	b.sees("پرداخت انجام شد")
	s.paid(90_000)
}

// Everything can be done without a mouse, and one sees where one is.
func TestPayALinkWithTheKeyboard(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	b := openTab(t, view{size: desktop, locale: "en-US"})
	b.visit(s.link(90_000))
	keys := b.Keyboard()
	b.must(keys.Press("Tab")) // all ways to pay are one stop
	b.must(keys.Press("ArrowDown"))
	if got := b.measure(`document.activeElement.value`); got != "shepa/iranian_card" {
		t.Fatalf("the second way to pay is %v, want shepa's", got)
	}
	b.must(keys.Press("Tab"))
	if got := b.measure(`document.activeElement.tagName`); got != "BUTTON" {
		t.Fatalf("the next stop is a %v, want the button", got)
	}
	if got := b.measure(`getComputedStyle(document.activeElement).outlineStyle`); got != "solid" {
		t.Errorf("the focused button has an outline that is %v, want a solid one", got)
	}
	b.must(keys.Press("Enter"))
	b.must(b.Locator(`[name=decision][value=approve]`).Press("Enter"))
	b.sees("Payment complete")
	s.paid(90_000)
}

func TestCanceledPaymentCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	b := openTab(t, view{size: phone, locale: "en-US"})
	b.visit(s.link(90_000))
	b.press("button", "Pay 90,000"+wide+"Rial")
	b.must(b.Locator(`[name=decision][value=cancel]`).Click())
	b.sees("Payment not completed", "within 72 hours")
	b.press("link", "Try again")
	b.press("button", "Pay 90,000"+wide+"Rial")
	b.must(b.Locator(`[name=decision][value=approve]`).Click())
	b.sees("Payment complete")
	// The link is used up now.
	b.expected = []string{"409"}
	b.visit(s.BaseURL + "/pay/link/" + tokenOf(b))
	b.sees("has been paid already")
}

// tokenOf reads the link's token out of the tab's history.
func tokenOf(b *tab) string {
	b.Helper()
	b.must(waitBack(b, "/pay/link/"))
	_, token, _ := strings.Cut(b.URL(), "/pay/link/")
	return token
}

// waitBack goes back until the address has the part.
func waitBack(b *tab, part string) error {
	for range 10 {
		if strings.Contains(b.URL(), part) {
			return nil
		}
		if _, err := b.GoBack(); err != nil {
			return err
		}
	}
	return http.ErrNoLocation
}

func TestOpenAmount(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	b := openTab(t, view{size: phone})
	b.visit(s.link(0))
	b.must(b.GetByLabel("مبلغ", playwright.PageGetByLabelOptions{Exact: playwright.Bool(true)}).Fill("۹۹۹"))
	b.must(b.GetByLabel("ایمیل").Fill("sara@example.ir"))
	b.must(b.GetByLabel("پیام برای پذیرنده").Fill("برای کتاب\u200cها"))
	b.must(b.GetByLabel("شپا").Check())
	b.expected = []string{"422"} // the browser notes the status of the answer
	b.press("button", "ادامه و پرداخت")

	b.sees("مبلغ نباید کمتر از ۱٬۰۰۰" + wide + "ریال باشد.")
	for label, want := range map[string]string{
		"ایمیل": "sara@example.ir", "پیام برای پذیرنده": "برای کتاب\u200cها",
	} {
		if got, err := b.GetByLabel(label).InputValue(); err != nil || got != want {
			t.Errorf("%s = %q, %v, want what was typed: %q", label, got, err, want)
		}
	}
	if kept, err := b.GetByLabel("شپا").IsChecked(); err != nil || !kept {
		t.Errorf("the chosen gateway was lost (%v)", err)
	}
	amount := b.GetByLabel("مبلغ", playwright.PageGetByLabelOptions{Exact: playwright.Bool(true)})
	if got, err := amount.InputValue(); err != nil || got != "۹۹۹" {
		t.Errorf("amount = %q, %v, want what was typed", got, err)
	}
	b.must(amount.Fill("۲۵۰٬۰۰۰"))
	b.press("button", "ادامه و پرداخت")
	b.must(b.Locator(`[name=decision][value=approve]`).Click())
	b.sees("پرداخت انجام شد", "۲۵۰٬۰۰۰")
	s.paid(250_000)
}

// A gateway that is out of order costs the payer one more choice, not the payment.
func TestGatewayIsDown(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.fault("zarinpal", map[string]any{"name": "server-error-before"})
	b := openTab(t, view{size: phone, locale: "en-US"})
	b.visit(s.link(90_000))
	b.must(b.GetByLabel("ZarinPal").Check())
	b.expected = []string{"503"} // the browser notes the status of the answer
	b.press("button", "Pay 90,000"+wide+"Rial")
	b.sees("does not answer at the moment", "Choose another gateway")
	b.must(b.GetByLabel("Shepa").Check())
	b.press("button", "Pay 90,000"+wide+"Rial")
	b.must(b.Locator(`[name=decision][value=approve]`).Click())
	b.sees("Payment complete")
	s.paid(90_000)
}

// While the gateway's answer is missing the page says so. It stays as it is,
// unless it is asked to look again by itself, which takes no script.
func TestStillBeingChecked(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	s.fault("zarinpal", map[string]any{"name": "server-error-before", "call": "verify"})
	b := openTab(t, view{size: phone, locale: "en-US"})
	b.visit(s.link(90_000))
	b.must(b.GetByLabel("ZarinPal").Check())
	b.press("button", "Pay 90,000"+wide+"Rial")
	b.must(b.Locator(`[name=decision][value=approve]`).Click())
	b.sees("Checking your payment", "do not pay again")
	if got := b.measure(`document.querySelectorAll("meta[http-equiv=refresh]").length`); got != 0 {
		t.Errorf("the page changes unasked")
	}
	back := b.URL()
	b.press("link", "Let this page look again by itself")
	b.sees("in a few seconds")
	b.must(b.WaitForURL("**/pay/status/*?n=1"))
	b.press("link", "Stop looking by itself")
	b.sees("Checking your payment", "Let this page look again by itself")
	s.call(http.MethodDelete, s.SandboxURL+"/zarinpal/-/control/faults", "", nil, nil)
	// The payer goes back to the return address, and this time the gateway answers.
	b.visit(back)
	b.sees("Payment complete")
	s.paid(90_000)
}

func TestBankTransfer(t *testing.T) {
	t.Parallel()
	s := openShop(t)
	b := openTab(t, view{size: phone, locale: "en-US"})
	b.visit(s.link(90_000))
	b.must(b.GetByLabel("Bank transfer").Check())
	b.press("button", "Pay 90,000"+wide+"Rial")
	b.sees("Pay by bank transfer", "Where to pay", "do not send any money", "Transfer reference", "90,000")
	if all := s.payments(); len(all) != 1 || all[0].Status != "pending" {
		t.Errorf("payments = %+v, want one pending", all)
	}
	b.press("link", "Choose another way to pay")
	b.must(b.GetByLabel("Cash").Check())
	b.press("button", "Pay 90,000"+wide+"Rial")
	b.sees("Pay in cash", "Reference to quote", "90,000")
}
