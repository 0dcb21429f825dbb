package ipg_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// desk is a world with the dialect open in it.
type desk struct {
	*dialecttest.World
	handler http.Handler
}

// at opens a desk; open says whether calls without a key are the shop's.
func at(t *testing.T, isOpen bool) desk {
	t.Helper()
	w := dialecttest.NewWorld(t, banks)
	merchant := ""
	if isOpen {
		merchant = w.Shop
	}
	return desk{w, w.Handler(open(t, w, merchant))}
}

// post sends JSON; key names one of the world's keys, or is empty.
func (d desk) post(path, key, body string) dialecttest.Answer {
	header := http.Header{"Content-Type": {"application/json"}}
	if key != "" {
		header.Set("Authorization", "Bearer {{"+key+"}}")
	}
	return d.Ask(d.handler, http.MethodPost, path, header, body)
}

func (d desk) get(path string) dialecttest.Answer {
	return d.Ask(d.handler, http.MethodGet, path, nil, "")
}

// must wants a good answer and reads it.
func must(t *testing.T, a dialecttest.Answer) map[string]any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil || a.Status != http.StatusOK {
		t.Fatalf("got %d %s, want 200 and an object", a.Status, a.Body)
	}
	return body
}

// request makes an invoice over total and opens a payment of amount.
func (d desk) request(t *testing.T, total, amount int) (invoice, paid, authority string) {
	t.Helper()
	created := must(t, d.post("/invoice/create", "key", fmt.Sprintf(`{"title":"T","totalAmount":%d}`, total)))
	invoice, _ = created["_id"].(string)
	opened := must(t, d.post("/payment/request", "key",
		fmt.Sprintf(`{"invoiceId":%q,"amount":%d,"description":""}`, invoice, amount)))
	paid, _ = opened["paymentId"].(string)
	authority, _ = opened["authority"].(string)
	return invoice, paid, authority
}

// Twenty payers' browsers with the same return: one success, one credit.
func TestEqualCallbacksAtOnce(t *testing.T) {
	t.Parallel()
	d := at(t, false)
	invoice, paid, authority := d.request(t, 5000, 5000)
	d.Banks["zarinpal"].Pay(authority)
	answers := make([]dialecttest.Answer, 20)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() { answers[i] = d.get("/cb?Authority=" + authority + "&Status=OK") })
	}
	group.Wait()
	for i, a := range answers {
		if a.Status != http.StatusOK || a.Body != "<p>ok</p>" {
			t.Errorf("payer %d: got %d %s, want the good page", i, a.Status, a.Body)
		}
	}
	entries, err := d.Store.Entries(t.Context(), d.Shop, paid)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %d entries (%v), want one", len(entries), err)
	}
	if got := d.Banks["zarinpal"].Taken(); got != 1 {
		t.Errorf("the bank took the money %d times", got)
	}
	if info := must(t, d.get("/invoice/getInfo?invoiceId="+invoice)); info["isDone"] != true {
		t.Errorf("isDone is %v", info["isDone"])
	}
}

// Many requests on one invoice at once, all of them paid at the gateway: the
// total is collected exactly once.
func TestParallelPayersCollectTheTotalOnce(t *testing.T) {
	t.Parallel()
	d := at(t, false)
	created := must(t, d.post("/invoice/create", "key", `{"title":"T","totalAmount":9000}`))
	body := fmt.Sprintf(`{"invoiceId":%q,"amount":9000,"description":"all"}`, created["_id"])
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			a := d.post("/payment/request", "key", body)
			var opened struct{ Authority string }
			if err := json.Unmarshal([]byte(a.Body), &opened); err != nil || opened.Authority == "" {
				if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "Invalid payment amount") {
					t.Errorf("got %d %s, want a page or 400", a.Status, a.Body)
				}
				return
			}
			d.Banks["zarinpal"].Pay(opened.Authority)
			d.get("/cb?Authority=" + opened.Authority + "&Status=OK")
		})
	}
	group.Wait()
	views, _, err := d.App.Invoices(t.Context(), d.Shop, app.Page{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	good := 0
	for _, p := range views[0].Payments {
		if p.State == payment.Captured {
			good++
		}
	}
	if good != 1 || views[0].Invoice.Captured != views[0].Invoice.Amount {
		t.Errorf("got %d captured payments, %v of %v", good, views[0].Invoice.Captured, views[0].Invoice.Amount)
	}
	if got := d.Banks["zarinpal"].Taken(); got != 1 {
		t.Errorf("the bank took money %d times, want once", got)
	}
}

// A thousand previews of a link by chat programs and search engines start nothing.
func TestPreviewsStartNothing(t *testing.T) {
	t.Parallel()
	d := at(t, false)
	link := must(t, d.post("/admin/payment/getReadyToPayLink", "admin",
		`{"amount":5000,"userFullName":"P","mobile":"123456"}`))
	agents := []string{
		"facebookexternalhit/1.1", "WhatsApp/2.23.20.0 A", "TelegramBot (like TwitterBot)", "Slackbot-LinkExpanding 1.0",
		"Twitterbot/1.0", "Mozilla/5.0 (compatible; Googlebot/2.1)", "Discordbot/2.0", "LinkedInBot/1.0", "SkypeUriPreview",
		"Mozilla/5.0 (X11; Linux) Firefox/140",
	}
	for n := range 1000 {
		header := http.Header{"User-Agent": {agents[n%len(agents)]}, "Accept": {"*/*"}}
		if n%len(agents) == len(agents)-1 {
			header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
		}
		a := d.Ask(d.handler, http.MethodGet, "/payment/readyToPay?token="+fmt.Sprint(link["token"]), header, "")
		if a.Status != http.StatusOK || !strings.HasPrefix(a.Body, "<p>link") {
			t.Fatalf("%s: got %d %s, want the page", header["User-Agent"], a.Status, a.Body)
		}
	}
	views, _, err := d.App.Invoices(t.Context(), d.Shop, app.Page{Limit: 10})
	if err != nil || len(views[0].Payments) != 0 {
		t.Errorf("got %d payments (%v), want none", len(views[0].Payments), err)
	}
}

// Demo mode: nobody needs a key, everything belongs to the default merchant,
// and a key that is wrong is still wrong.
func TestOpenMode(t *testing.T) {
	t.Parallel()
	d := at(t, true)
	created := must(t, d.post("/invoice/create", "", `{"title":"T","totalAmount":5000,"mobile":"09120000001"}`))
	info := must(t, d.get("/invoice/getInfo?invoiceId="+fmt.Sprint(created["_id"])))
	if info["mobile"] != "09120000001" {
		t.Errorf("got %v, want the whole invoice", info)
	}
	must(t, d.post("/admin/payment/getReadyToPayLink", "", `{"userFullName":"P","mobile":"123456"}`))
	if a := d.get("/admin/payment/allPaymentsStatus"); a.Header.Get("X-Total-Count") != "2" {
		t.Errorf("got %d %s, want both invoices", a.Status, a.Body)
	}
	a := d.post("/invoice/create", "no such key", `{"title":"T","totalAmount":5000}`)
	if a.Status != http.StatusUnauthorized {
		t.Errorf("a wrong key: got %d %s, want 401", a.Status, a.Body)
	}
	other := must(t, d.post("/invoice/create", "other", `{"title":"T","totalAmount":5000,"mobile":"09120000001"}`))
	if info := must(t, d.get("/invoice/getInfo?invoiceId="+fmt.Sprint(other["_id"]))); info["mobile"] != nil {
		t.Errorf("another merchant's payer is shown: %v", info)
	}
}

// Whoever only knows an invoice's id learns nothing about the person or the card.
func TestKeylessReadIsSilentAboutPeople(t *testing.T) {
	t.Parallel()
	d := at(t, false)
	link := must(t, d.post("/admin/payment/getReadyToPayLink", "admin",
		`{"amount":5000,"userFullName":"Secret Name","mobile":"09129999999"}`))
	opened := must(t, d.get("/payment/readyToPay?token="+fmt.Sprint(link["token"])))
	authority := fmt.Sprint(opened["authority"])
	d.Banks["zarinpal"].Pay(authority)
	d.get("/cb?Authority=" + authority + "&Status=OK")
	target := "/invoice/getInfo?invoiceId=" + fmt.Sprint(opened["invoiceId"])
	secrets := []string{"Secret Name", "09129999999", fmt.Sprint(link["token"]), "603799", "cardNumber", "userFullName"}
	whole := d.Ask(d.handler, http.MethodGet, target, http.Header{"X-Api-Key": {"{{key}}"}}, "")
	bare := d.get(target)
	for _, secret := range secrets {
		if !strings.Contains(whole.Body, secret) {
			t.Errorf("with a key %q is missing: %s", secret, whole.Body)
		}
		if strings.Contains(bare.Body, secret) {
			t.Errorf("without a key %q is shown: %s", secret, bare.Body)
		}
	}
	if !strings.Contains(bare.Body, `"status":"success"`) {
		t.Errorf("the payment is missing: %s", bare.Body)
	}
}

// A payer's browser may not hammer an open-amount link; others are not slowed
// by it.
func TestOpenAmountIsRateLimited(t *testing.T) {
	t.Parallel()
	d := at(t, false)
	pay := func() dialecttest.Answer {
		return d.post("/payment/readyToPayDynamic/process", "", `{"token":"guess","amount":1000}`)
	}
	for n := range 10 {
		if a := pay(); a.Status != http.StatusNotFound {
			t.Fatalf("try %d: got %d %s, want 404", n, a.Status, a.Body)
		}
	}
	a := pay()
	if a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") != "3" || face(a) != nil {
		t.Errorf("got %d %v %s, want 429 and Retry-After 3", a.Status, a.Header, a.Body)
	}
	a = d.post("/payment/readyToPayDynamic/process", "", `{"token":"other","amount":1000}`)
	if a.Status != http.StatusNotFound {
		t.Errorf("another token: got %d %s, want 404", a.Status, a.Body)
	}
	d.Wait(3 * time.Second)
	if a := pay(); a.Status != http.StatusNotFound {
		t.Errorf("after the pause: got %d %s, want 404", a.Status, a.Body)
	}
}

// A merchant that has no gateway of the name gets no page, and nothing else
// is tried.
func TestGatewayThatTheMerchantHasNot(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks[:1])
	d := desk{w, w.Handler(closed(t, w))}
	created := must(t, d.post("/invoice/create", "key", `{"title":"T","totalAmount":5000}`))
	a := d.post("/payment/request", "key",
		fmt.Sprintf(`{"invoiceId":%q,"amount":5000,"description":"","gateway":"zibal"}`, created["_id"]))
	if a.Status != http.StatusBadGateway || !strings.Contains(a.Body, "Payment request failed") || face(a) != nil {
		t.Errorf("got %d %s, want 502", a.Status, a.Body)
	}
}

// What was made through our own API is read and paid here by the id that it has
// there, in Rial and Toman; nobody reads it without a key, and other currencies are
// not here.
func TestMadeThroughOurOwnAPI(t *testing.T) {
	t.Parallel()
	d := at(t, false)
	const form = "inv_01941f29-7c00-7000-8000-00000000000%d"
	amounts := []money.Amount{
		money.New(90_000, money.IRR), tomans(t, "9000"), money.New(90_000, money.EUR),
	}
	for n, amount := range amounts {
		if _, err := d.App.CreateInvoice(t.Context(), d.Shop, app.NewInvoice{
			ID: fmt.Sprintf(form, n), Amount: amount, Title: "T",
		}); err != nil {
			t.Fatal(err)
		}
	}
	paid, err := d.App.RequestPayment(t.Context(), d.Shop, app.NewPayment{
		Invoice: fmt.Sprintf(form, 0), Amount: amounts[0], Kept: true,
		NewID: func() string { return "pay_01941f29-7c00-7000-8000-000000000003" },
	})
	if err != nil {
		t.Fatal(err)
	}
	info := func(n int, key string) dialecttest.Answer {
		return d.Ask(d.handler, http.MethodGet, "/invoice/getInfo?invoiceId="+fmt.Sprintf(form, n), bearer(key), "")
	}
	for n, total := range []string{`"totalAmount":90000`, `"totalAmount":90000`, ""} {
		a := info(n, "key")
		if total == "" {
			if a.Status != http.StatusNotFound {
				t.Errorf("in Euro: got %d %s, want 404", a.Status, a.Body)
			}
			continue
		}
		if a.Status != http.StatusOK || !strings.Contains(a.Body, total) || !strings.Contains(a.Body, fmt.Sprintf(form, n)) {
			t.Errorf("got %d %s, want %s", a.Status, a.Body, total)
		}
	}
	if body := info(0, "key").Body; !strings.Contains(body, paid.Payment.ID) {
		t.Errorf("got %s, want the payment in it", body)
	}
	status := "/payment/status?paymentId=" + paid.Payment.ID
	if a := d.Ask(d.handler, http.MethodGet, status, bearer("key"), ""); a.Body != `{"status":"pending"}` {
		t.Errorf("got %d %s, want it pending", a.Status, a.Body)
	}
	for _, key := range []string{"", "other"} {
		if a := info(0, key); a.Status != http.StatusNotFound || face(a) != nil {
			t.Errorf("with the key %q: got %d %s, want 404", key, a.Status, a.Body)
		}
		if a := d.Ask(d.handler, http.MethodGet, status, bearer(key), ""); a.Status != http.StatusNotFound {
			t.Errorf("with the key %q: got %d %s, want 404", key, a.Status, a.Body)
		}
	}
	opened := must(t, d.post("/payment/request", "key",
		fmt.Sprintf(`{"invoiceId":%q,"amount":1000,"description":""}`, fmt.Sprintf(form, 0))))
	if opened["invoiceId"] != fmt.Sprintf(form, 0) {
		t.Errorf("got %v, want a page for the invoice", opened)
	}
	for _, wrong := range []string{"inv_1", paid.Payment.ID, strings.ToUpper(fmt.Sprintf(form, 0))} {
		a := d.Ask(d.handler, http.MethodGet, "/invoice/getInfo?invoiceId="+wrong, bearer("key"), "")
		if a.Status != http.StatusBadRequest || face(a) != nil {
			t.Errorf("%s: got %d %s, want 400", wrong, a.Status, a.Body)
		}
	}
}

func tomans(t *testing.T, text string) money.Amount {
	t.Helper()
	amount, err := money.Parse(text, money.IRT)
	if err != nil {
		t.Fatal(err)
	}
	return amount
}

// bearer are the headers of a call with one of the world's keys, or with none.
func bearer(key string) http.Header {
	if key == "" {
		return nil
	}
	return dialecttest.Bearer(key)
}
