package checkout_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/payment"
)

// sentAway is a payer at the first bank's page, who came through a link.
func (s *shop) sentAway() gateway.Attempt {
	s.Helper()
	s.link("tok", 1_250_000)
	s.press("/pay/link/tok", url.Values{"gateway": {"zarinpal"}}).want(http.StatusSeeOther)
	started := s.zarinpal.started()
	return started[len(started)-1]
}

// token is the credential in an attempt's return address.
func (s *shop) token(a gateway.Attempt) string {
	s.Helper()
	back, err := url.Parse(a.ReturnURL)
	if err != nil {
		s.Fatal(err)
	}
	return back.Query().Get("t")
}

func TestReturnPaid(t *testing.T) {
	t.Parallel()
	s := openShop(t, "فروشگاه آفتاب", 0)
	a := s.sentAway()
	s.zarinpal.script(func(b *bank) { b.outcome, b.card = gateway.Captured, "603799******1234" })
	for range 2 { // a payer may reload the page
		s.comeBack(a, "zarinpal1", "ok").want(http.StatusOK,
			"پرداخت انجام شد", "فروشگاه آفتاب", "۱٬۲۵۰٬۰۰۰", "معادل ۱۲۵٬۰۰۰\u00a0تومان", "receipt-of-zarinpal1",
			"603799******1234", "۲۹ آبان ۱۴۰۵، ساعت ۱۴:۰۵", "Hosting").never(`http-equiv="refresh"`, "<form")
	}
	english := s.comeBack(a, "zarinpal1", "ok", "Accept-Language", "en")
	english.want(http.StatusOK, "Payment complete", "Tracking number", "20 November 2026, 14:05",
		`href="/pay/status/`+s.token(a)+`?lang=fa"`)
	s.get("/pay/status/"+s.token(a)+"?lang=en").want(http.StatusOK, "Payment complete", "receipt-of-zarinpal1")
}

func TestReturnNotPaid(t *testing.T) {
	t.Parallel()
	for _, outcome := range []gateway.Outcome{gateway.Declined, gateway.Canceled, gateway.Expired} {
		s := openShop(t, "Shop", 0)
		a := s.sentAway()
		s.zarinpal.script(func(b *bank) { b.outcome = outcome })
		s.comeBack(a, "zarinpal1", "no", "Accept-Language", "en").want(http.StatusOK,
			"Payment not completed", "within 72 hours", "1,250,000", "Try again", `href="/pay/link/tok"`).
			never(`http-equiv="refresh"`, "Tracking number")
	}
}

func TestReturnStillBeingChecked(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	a := s.sentAway()
	status := "/pay/status/" + s.token(a)
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Unknown })
	const refresh = `http-equiv="refresh"`
	s.comeBack(a, "zarinpal1", "ok", "Accept-Language", "en").want(http.StatusOK,
		"Checking your payment", "do not pay again", "We go on checking", `href="`+status+`?n=0">Let this page`,
		`href="`+status+`">Check again`, "1,250,000").never(refresh)
	// Reading the result asks nobody: who holds the address cannot make us call the gateway.
	asked := s.zarinpal.asked
	s.get(status+"?n=0", "Accept-Language", "en").want(http.StatusOK, "in a few seconds",
		`<meta http-equiv="refresh" content="3;url=`+status+`?n=1">`, `href="`+status+`">Stop looking by itself`,
		`href="`+status+`?n=0">Check again`, `href="`+status+`?lang=fa&amp;n=0"`).never("Let this page")
	s.get(status+"?n=4&lang=en").want(http.StatusOK, `content="10;url=`+status+`?n=5&amp;lang=en"`,
		`href="`+status+`?lang=en">Stop looking by itself`)
	// The page looks by itself only where that was asked for, and it ends.
	for _, n := range []string{"12", "-3", "x", ""} {
		s.get(status+"?lang=en&n="+n).want(http.StatusOK, "Checking your payment", "We go on checking",
			`href="`+status+`?n=0&amp;lang=en">Let this page`).never(refresh)
	}
	if s.zarinpal.asked != asked {
		t.Errorf("reading the result asked the gateway %d times, want never", s.zarinpal.asked-asked)
	}
	// The link itself warns while the money may be on its way.
	s.get("/pay/link/tok?lang=en").want(http.StatusOK, "still being checked")

	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	s.comeBack(a, "zarinpal1", "ok").want(http.StatusOK)
	s.get(status+"?n=5&lang=en").want(http.StatusOK, "Payment complete").never(`http-equiv="refresh"`)
}

func TestReturnGivenBack(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	a := s.sentAway()
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	s.comeBack(a, "zarinpal1", "ok").want(http.StatusOK)
	id, _, _ := strings.Cut(s.token(a), ".")
	if _, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: id}); err != nil {
		t.Fatal(err)
	}
	s.get("/pay/status/"+s.token(a)+"?lang=en").want(http.StatusOK, "Payment given back").
		never("Pay the next", "Try again")
}

func TestReturnOfNobody(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	a := s.sentAway()
	id, _, _ := strings.Cut(s.token(a), ".")
	for _, query := range []string{
		"", "session=nobody&word=ok", "t=" + id, "t=" + id + ".", "t=" + id + ".0123", "t=.", "t=%00",
		"t=" + s.token(a), "t=" + s.token(a) + "&session=zarinpal99&word=ok", "%zz=%", strings.Repeat("x", 20_000),
	} {
		got := s.do(s.pages.Return, http.MethodGet, "/cb?"+query, "", "Accept-Language", "en")
		got.want(http.StatusOK, "This payment was not found", "nothing was changed").never("1,250,000", "Hosting")
	}
	for _, token := range []string{id, id + ".", id + ".0123", "nobody.0123", "%00"} {
		s.get("/pay/status/"+token).want(http.StatusNotFound).never("1,250,000", "Hosting")
	}
	if s.zarinpal.asked != 0 {
		t.Errorf("the gateway was asked %d times, want never", s.zarinpal.asked)
	}
}

// A database that does not answer must not look like a payment that is not there.
func TestReturnWhileTheDatabaseIsDown(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	a := s.sentAway()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	late := func(w http.ResponseWriter, r *http.Request) { s.pages.Return(w, r.WithContext(gone)) }
	got := s.do(late, http.MethodGet, "/cb?t="+s.token(a)+"&session=zarinpal1&word=ok", "", "Accept-Language", "en")
	got.want(http.StatusServiceUnavailable, "We cannot show the result right now", "do not pay again").
		never("was not found")
	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// Sessions of some gateways are numbers in a row: whoever counts through them
// must not read merchants' sales.
func TestReturnWithoutTheTokenTellsLittle(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Sunny Shop", 0)
	a := s.sentAway()
	address := "/cb?session=zarinpal1&word=ok"
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Unknown })
	s.do(s.pages.Return, http.MethodGet, address, "", "Accept-Language", "en").
		want(http.StatusOK, "Checking your payment").
		never("Sunny Shop", "1,250,000", "Hosting", s.token(a), "/pay/status/")
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	s.do(s.pages.Return, http.MethodGet, address, "", "Accept-Language", "en").
		want(http.StatusOK, "Payment complete", "zarinpal1").
		never("Sunny Shop", "1,250,000", "Hosting", s.token(a), "/pay/status/")
}

func TestGatewayWithoutAPage(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	s.link("tok", 1_250_000)
	s.shepa.script(func(b *bank) { b.link = "" })
	to := s.press("/pay/link/tok", url.Values{"gateway": {"shepa"}}).want(http.StatusSeeOther).header.Get("Location")
	if want := "/pay/status/" + s.token(s.shepa.started()[0]); to != want {
		t.Fatalf("Location = %q, want %q", to, want)
	}
	s.get(to+"?lang=en").want(http.StatusOK, "Pay the merchant directly", "1,250,000", "Transfer reference", "shepa1",
		"Check again").never(`http-equiv="refresh"`, "do not pay again")
}

func TestPaymentsOfMerchantsHaveNoRetry(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	i := s.create(app.NewInvoice{Amount: rial(5000), Title: "Hosting"})
	_, err := s.app.RequestPayment(t.Context(), s.merchant, app.NewPayment{
		Invoice: i.ID, Amount: rial(5000), Gateway: "zarinpal", NewID: s.newID,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Declined })
	s.comeBack(s.zarinpal.started()[0], "zarinpal1", "no", "Accept-Language", "en").
		want(http.StatusOK, "Payment not completed", "go back to the merchant").never("Try again")
	if got := s.payments(i)[0].State; got != payment.Failed {
		t.Errorf("payment is %s, want failed", got)
	}
}

// TestReturnByForm lets the gateway's page send the payer back with a form, as
// some do: the payer is shown the result at an address of our own.
func TestReturnByForm(t *testing.T) {
	t.Parallel()
	s := openShop(t, "Shop", 0)
	a := s.sentAway()
	s.zarinpal.script(func(b *bank) { b.outcome = gateway.Captured })
	address := "/cb?t=" + url.QueryEscape(s.token(a))
	s.do(s.pages.Return, http.MethodPost, address, "session=another&word=ok").
		want(http.StatusOK, "پرداخت").never("Shop")
	back := s.do(s.pages.Return, http.MethodPost, address, "session=zarinpal1&word=ok").want(http.StatusSeeOther)
	if got, want := back.header.Get("Location"), "/pay/status/"+url.PathEscape(s.token(a)); got != want {
		t.Errorf("sent to %s, want %s", got, want)
	}
	s.get("/pay/status/"+s.token(a)+"?lang=en").want(http.StatusOK, "Payment complete")
	large := "session=zarinpal1&word=" + strings.Repeat("x", 100_000)
	s.do(s.pages.Return, http.MethodPost, address, large).want(http.StatusOK).never("Shop")
}
