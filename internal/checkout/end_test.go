package checkout_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

// line is one line of a page's list.
func line(label, value string) string {
	return "<dt>" + label + "</dt>\n    <dd><bdi>" + value + "</bdi></dd>"
}

// back gives so much of the first payment of an invoice back.
func (s *shop) back(i invoice.Invoice, amount money.Amount) {
	s.Helper()
	s.zarinpal.script(func(b *bank) { b.refunds = true })
	if _, err := s.app.RefundPayment(s.Context(), s.merchant, app.NewRefund{
		ID: s.newID(), Payment: s.payments(i)[0].ID, Amount: amount,
	}); err != nil {
		s.Fatal(err)
	}
}

func (s *shop) close(i invoice.Invoice) {
	s.Helper()
	if _, err := s.app.CloseInvoice(s.Context(), s.merchant, i.ID); err != nil {
		s.Fatal(err)
	}
}

// What was never paid did not go back.
func TestClosedInvoiceGivenBack(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	i := s.hosted(func(n *app.NewInvoice) { n.VerifyIn = 0 })
	s.part(i, toman(50_000))
	s.close(i)
	s.get(page(i)+"?lang=en").want(http.StatusOK, "This invoice is settled", "Nothing more is to be paid",
		`amount-number">50,000</bdi>`, `href="`+returnTo+`"`)
	s.back(i, toman(20_000))
	s.get(page(i)+"?lang=en").want(http.StatusOK, "This invoice is settled", line("Given back", "20,000\u00a0Toman"))
	s.back(i, toman(30_000))
	s.stands(i, invoice.Refunded)
	s.get(page(i)+"?lang=en").want(http.StatusOK, "Payment given back", "A part of this invoice was paid",
		`amount-number">50,000</bdi>`, `href="`+returnTo+`"`).never("125,000", "75,000")
	s.get(page(i)+"?lang=fa").want(http.StatusOK, "بخشی از این صورت\u200cحساب پرداخت شده بود", "۵۰٬۰۰۰").never("۱۲۵٬۰۰۰")
}

// Who has paid is told what came back of it, while the invoice is open for its merchant and
// when that has closed it; all of it back is an end of its own.
func TestPartGivenBack(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	i := s.hosted(func(n *app.NewInvoice) { n.VerifyIn = 0 })
	s.part(i, i.Amount)
	s.get(page(i)+"?lang=en").want(http.StatusOK, "This invoice is paid").never("Given back", "given back")
	s.back(i, toman(25_000))
	s.stands(i, invoice.Open)
	told := func() {
		t.Helper()
		s.get(page(i)+"?lang=en").want(http.StatusOK, "This invoice is paid, and a part was given back",
			"You do not need to pay it again", `amount-number">125,000</bdi>`, line("Given back", "25,000\u00a0Toman"),
			`href="`+returnTo+`"`).never(`name="pin"`, `name="choice"`, "Remaining")
	}
	told()
	s.close(i)
	told()
	s.back(i, toman(100_000))
	s.get(page(i)+"?lang=en").want(http.StatusOK, "Payment given back", "This invoice was paid", "125,000").
		never("Given back", "A part")
}

// Of a part that was paid a part can go back too: the page asks for what the merchant's own
// calls may still take, and says how that comes about.
func TestPartOfAPartGivenBack(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.anybody()
	i := s.hosted(func(n *app.NewInvoice) { n.VerifyIn = 0 })
	s.part(i, toman(50_000))
	s.back(i, toman(20_000))
	s.get(page(i)+"?lang=en").want(http.StatusOK, `amount-number">95,000</bdi>`, "Pay 95,000",
		line("Invoice total", "125,000\u00a0Toman"), line("Paid so far", "50,000\u00a0Toman"),
		line("Given back", "20,000\u00a0Toman"), line("Remaining", "95,000\u00a0Toman"))
	if left := s.stands(i, invoice.Open).Remaining(); left != toman(95_000) {
		t.Errorf("%s remains, want what the page asks for", left)
	}
}

// Who comes back from a gateway when something else has paid the invoice hears that it is
// paid, and does not begin again.
func TestPaidTwice(t *testing.T) {
	t.Parallel()
	for _, outcome := range []gateway.Outcome{gateway.Captured, gateway.Canceled, gateway.Declined} {
		s := openShop(t, "Shop", 0)
		c := s.customer("sara@example.ir", toman(500_000))
		i := s.hosted(func(n *app.NewInvoice) { n.VerifyIn = 0 })
		s.press(page(i)+"/gateway", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
		s.fromWallet(i, fmt.Sprint(c.Number), pin).leadsTo(returnTo)
		s.stands(i, invoice.Completed)
		s.zarinpal.script(func(b *bank) { b.outcome = outcome })
		a := s.zarinpal.started()[1]
		s.comeBack(a, "zarinpal2", "ok", "Accept-Language", "en").want(http.StatusOK,
			"This invoice is paid already", "You do not need to pay again", "it comes back to you",
			`href="`+returnTo+`"`).never("Payment not completed", "Nothing was paid", "Try again")
		s.get("/pay/status/"+s.token(a)+"?lang=fa").want(http.StatusOK, "پیش\u200cتر پرداخت شده است",
			`href="`+returnTo+`"`).never("پرداخت انجام نشد")
	}
}

// The link of an invoice that its merchant has closed needs nothing more, and so does a
// payment that comes too late for it.
func TestLinkOfAClosedInvoice(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 150_000)
	i := s.link("tok", 200_000)
	s.press("/pay/link/tok", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	s.comeBack(s.zarinpal.started()[0], "zarinpal1", "ok").want(http.StatusOK)
	s.press("/pay/link/tok", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	s.close(i)
	settled := func(a answer) {
		t.Helper()
		a.want(http.StatusConflict, "This invoice is settled", "Nothing more is to be paid").
			never("new link", "withdrew", "<form")
	}
	settled(s.get("/pay/link/tok?lang=en"))
	settled(s.press("/pay/link/tok?lang=en", url.Values{"gateway": {"zarinpal"}}))
	s.get("/pay/link/tok?lang=fa").want(http.StatusConflict, "تسویه شده است", "لازم نیست مبلغ دیگری بپردازید")
	s.comeBack(s.zarinpal.started()[1], "zarinpal2", "ok", "Accept-Language", "en").want(http.StatusOK,
		"This invoice is settled", "it comes back to you").never("Payment not completed", "Try again")

	open := s.open()
	s.press("/pay/open/any", url.Values{
		"amount": {"5000"}, "email": {"a@b.ir"}, "gateway": {"zarinpal"},
	}).want(http.StatusSeeOther)
	s.comeBack(s.zarinpal.started()[2], "zarinpal3", "ok").want(http.StatusOK)
	s.close(open)
	settled(s.get("/pay/open/any?lang=en"))
}
