package zipay_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/dialect/zipay"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
)

// pages stand for the hosted pages: they say which one was asked for.
type pages struct{ app *app.App }

func (p pages) Invoice(w http.ResponseWriter, r *http.Request, trackID string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	i, err := p.app.Hosted(r.Context(), trackID)
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<p>nothing</p>") // a recorder takes everything
		return
	}
	_, _ = io.WriteString(w, "<p>"+i.Merchant+" asks for "+i.Invoice.Amount.String()+"</p>")
}

// open builds the dialect in a world.
func open(t *testing.T, w *dialecttest.World) *dialect.Dialect {
	t.Helper()
	d, err := zipay.New(zipay.Config{
		App: w.App, Pages: pages{w.App}, PublicURL: "https://pay.example/", Now: w.Now, Log: slog.New(slog.DiscardHandler),
		NewID: w.UUID, NewPayoutID: w.PayoutID, NewRequestID: w.RequestID,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var banks = []dialecttest.BankForm{
	{Name: "zarinpal", Session: "A%d", SessionParam: "Authority", WordParam: "Status", Good: "OK"},
}

// extras are a shop with two customers who can pay (10001 and 10002) and one
// without an address (10003), four terminals, two networks and two markets.
var extras = dialecttest.Extras{
	Signer: dialecttest.Signer{
		KeyHeader: "api_key", SignHeader: "api_sign", Other: "otherkey", Barred: []string{"narrowkey", "farkey"},
		Sign: func(secret, method, target, body string) string {
			if method == http.MethodGet {
				_, body, _ = strings.Cut(target, "?")
			}
			return zipay.Sign(secret, body)
		},
	},
	Forms: zipay.Forms(),
	Stage: stage,
}

func stage(t testing.TB, w *dialecttest.World) {
	t.Helper()
	email := "info@merchant.example"
	rail := func(network string, least, fee int64) merchant.Rail {
		return merchant.Rail{
			Unit: money.USDT, Network: network, Min: money.New(least, money.USDT), Fee: money.New(fee, money.USDT),
			Decimals: 6, Active: true,
		}
	}
	if _, err := w.App.ChangeMerchant(t.Context(), w.Shop, app.MerchantTerms{
		Email: &email, Rails: []merchant.Rail{rail("TRX", 200_000_000, 150_000_000), rail("BNB", 150_000_000, 100_000_000)},
	}); err != nil {
		t.Fatal(err)
	}
	w.Customer(t, app.NewCustomer{
		Merchant: w.Shop, FirstName: "First", LastName: "Last", Email: "info@example.com", NationalID: "0012345679",
		PIN: "1234",
	})
	w.Customer(t, app.NewCustomer{
		Merchant: w.Shop, FirstName: "Second", LastName: "Payer", Email: "info@example.org", PIN: "4321",
	})
	w.Customer(t, app.NewCustomer{Merchant: w.Shop, FirstName: "Third"})
	for _, terms := range []app.TerminalTerms{
		{Name: "shop"},
		{Name: "strict", Origins: []string{"https://shop.example"}, Form: zipay.JSONTerminal},
		{Name: "closed", Disabled: true},
		{Name: "hasty", PayIn: time.Hour, RefundIn: time.Hour, VerifyIn: 10 * time.Minute},
	} {
		w.Terminal(t, w.Shop, terms)
	}
	w.Rate(t, money.USD, money.IRT, "53064", "51889.25")
	w.Rate(t, money.USDT, money.USD, "1.002", "0.998")
	for name, key := range map[string]app.NewSigningKey{
		"shopkey": {Merchant: w.Shop}, "otherkey": {Merchant: w.Other},
		"payerkey": {Merchant: w.Shop, Account: 10001}, "friendkey": {Merchant: w.Shop, Account: 10002},
		"balancekey": {Merchant: w.Shop, Methods: []string{"balance"}},
		"narrowkey":  {Merchant: w.Shop, Methods: []string{"nothing"}},
		"farkey":     {Merchant: w.Shop, Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}},
		"nearkey":    {Merchant: w.Shop, Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
	} {
		w.SigningKey(t, name, key)
	}
}

// trackID is the n-th id that a world mints.
func trackID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }

// called is a request of the shop as a story writes it.
func called(method, body string) string {
	return "> POST /api/" + method + "\n> api_key: {{shopkey}}\n> api_sign: {{sign:shopkey}}\n" +
		"> Content-Type: application/x-www-form-urlencoded\n>\n> " + body + "\n\n"
}

// invoiceOf is the body of create-invoice.
func invoiceOf(number string) string {
	return "terminal_number=1001&amount=25.50&currency=USDT&invoice_number=" + number +
		"&callback=https%3A%2F%2Fshop.example%2Fback"
}

// prepared makes invoice 1, which is new, 2, which is paid, and 3, which is
// completed; exchange 4 and transfer 5.
var prepared = "! 10001 gets 1000 USDT\n! 10000 gets 1000 USDT\n! 10000 gets 1000 USD\n\n" +
	called("create-invoice", invoiceOf("1")) +
	called("create-invoice", invoiceOf("2")) +
	called("create-invoice", invoiceOf("3")) +
	"! 10001 pays " + trackID(2) + "\n! 10001 pays " + trackID(3) + "\n\n" +
	called("invoice-verify", "trackid="+trackID(3)) +
	called("exchange", "amount=1&from_currency=USD&to_currency=IRT") +
	called("transfer", "receiver=10002&amount=1&currency=USD&order_id=T-1")

var samples = []dialecttest.Sample{
	{
		Route: "POST /api/create-invoice", Key: "shopkey", Owned: true,
		Body: `{"terminal_number":1001,"amount":100.10,"currency":"USD","invoice_number":"9","national_id":"0012345679",` +
			`"callback":"https://shop.example/back","webhook":"https://shop.example/hook"}`,
	},
	{
		Route: "POST /api/invoice-status", Key: "shopkey", Owned: true, Body: `{"trackid":"` + trackID(1) + `"}`,
	},
	{
		Route: "POST /api/invoice-verify", Key: "shopkey", Owned: true, Body: `{"trackid":"` + trackID(2) + `"}`,
	},
	{
		Route: "POST /api/invoice-refund", Key: "shopkey", Owned: true, Body: `{"trackid":"` + trackID(3) + `"}`,
	},
	{
		Route: "POST /api/invoice-list", Key: "shopkey",
		Body: `{"terminal_number":1001,"invoice_number":"1","status":"generated","limit":3,"page":1,"sort":"asc"}`,
	},
	{Route: "POST /api/balance", Key: "shopkey"},
	{Route: "POST /api/rate", Key: "shopkey", Body: `{"market":"USDIRT"}`},
	{
		Route: "POST /api/exchange", Key: "shopkey", Body: `{"amount":"1","from_currency":"USD","to_currency":"IRT"}`,
	},
	{
		Route: "POST /api/exchange-list", Key: "shopkey",
		Body: `{"trackid":"` + trackID(4) + `","limit":3,"page":1,"sort":"asc"}`,
	},
	{
		Route: "POST /api/transfer", Key: "shopkey", Owned: true,
		Body: `{"receiver":"10002USD","amount":1,"currency":"USD","order_id":"T-2","description":"d"}`,
	},
	{
		Route: "POST /api/transfer-list", Key: "shopkey",
		Body: `{"trackid":"` + trackID(5) + `","transfer_type":"transfer_out","order_id":"T-1","limit":3,"page":1,` +
			`"sort":"asc"}`,
	},
	{Route: "POST /api/crypto-info", Key: "shopkey"},
	{Route: "GET /api/crypto-info", Key: "shopkey"},
	{
		Route: "POST /api/crypto-withdraw", Key: "shopkey",
		Body: `{"order_id":77,"coin":"USDT","network":"BNB","amount":"5.01",` +
			`"address":"0x52908400098527886E0F7030069857D2E4169EE7"}`,
	},
	{Route: "GET /invoice_v1/{trackid}", Path: "/invoice_v1/" + trackID(1)},
}

// face wants exactly the three keys, the status repeated and a message; errors
// with a text for each field when and only when the status is 422.
func face(a dialecttest.Answer) error {
	decoder := json.NewDecoder(strings.NewReader(a.Body))
	decoder.DisallowUnknownFields()
	var body struct {
		Result  *struct{ Message string }
		Success *bool
		Status  int
		Errors  map[string][]string
	}
	if err := decoder.Decode(&body); err != nil {
		return err
	}
	if a.Header != nil && a.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		return fmt.Errorf("content type %q", a.Header.Get("Content-Type"))
	}
	if body.Result == nil || body.Result.Message == "" || body.Success == nil || *body.Success || body.Status != a.Status {
		return errors.New("no message, or success, or another status")
	}
	if (len(body.Errors) > 0) != (a.Status == http.StatusUnprocessableEntity) {
		return fmt.Errorf("errors %v", body.Errors)
	}
	for name, texts := range body.Errors {
		if len(texts) == 0 || texts[0] == "" {
			return fmt.Errorf("nothing is wrong with %s", name)
		}
	}
	return nil
}

const intro = `An API for wallet accounts and the invoices that they pay. Amounts are in USD, USDT and IRT, which is
Toman; they go out as the shortest decimal text. Every success is 200 with ` + "`success` true and `status` 200" + `.

| matter | behaviour | mark |
|---|---|---|
| credentials | headers ` + "`api_key` and `api_sign`" + `, lower case with underscores | documented |
| signature | base64 of HMAC-SHA256 under the secret as text: over the raw body, or over the fields as PHP's ` +
	"`http_build_query`" + ` writes them, in the order sent | chosen |
| signature of a GET | over the raw query, or its fields | chosen |
| keys | hold a set of methods; another method: 403 | chosen |
| address list of a key | any other address: 403 | chosen |
| a customer's key | has every wallet call; terminals and trackids are unknown to it | chosen |
| bodies | forms, JSON, multipart; without a type a form; anything else: 400 | chosen |
| numbers | a number or its text; never an exponent in an amount | chosen |
| null and empty text | are as good as missing | chosen |
| inputs that break their rules | 422 with all of them at once, in the order of the table | chosen |
| another account's ids | 404 | chosen |
| what is made here | /v1 shows it whole, but for invoice_transaction_id; notify_url is the webhook | chosen |
| what /v1 made | invoices at a terminal, transfers, exchanges: with the ids of /v1, reference is the number | chosen |
| invoices of /v1 without a terminal | 404: every invoice has a terminal here | chosen |
| unknown route; wrong verb | 404; 405 | chosen |
| statuses of failures | 400, 401, 402, 403, 404, 405, 409, 422, 429, 500, 503 | chosen |
| times | Unix seconds, and two texts in UTC | documented |
| notices | a form by default, JSON by the terminal's setting, with the headers of Standard Webhooks | chosen |`

func TestConformance(t *testing.T) {
	dialecttest.Run(t, dialecttest.Kit{
		New: open, Banks: banks, Extras: extras, Prepare: prepared, Samples: samples, Face: face, Intro: intro,
	})
}

func TestPublicURL(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "pay.example", "/pay", "https://", "https://pay.example/?x=1", "https://pay.example/#x", ":",
	} {
		if _, err := zipay.New(zipay.Config{PublicURL: bad}); !fault.Is(err, fault.CodeSettingInvalid) {
			t.Errorf("%q: got %v, want setting_invalid", bad, err)
		}
	}
}
