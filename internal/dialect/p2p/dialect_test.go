package p2p_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/dialect/p2p"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
)

const base = "https://pay.test"

// open builds the dialect in a world.
func open(t *testing.T, w *dialecttest.World) *dialect.Dialect { return opened(t, w, true) }

func opened(t *testing.T, w *dialecttest.World, unlimited bool) *dialect.Dialect {
	t.Helper()
	d, err := p2p.New(p2p.Config{
		App: w.App, PublicURLs: []string{base + "/"}, Now: w.Now, Log: slog.New(slog.DiscardHandler),
		NewID: w.UUID, NewRequestID: w.RequestID, Unlimited: unlimited,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// extras are a shop with the stores 1001 and 1002 and two traders, and another
// merchant with a store and nobody to send money to.
var extras = dialecttest.Extras{
	Signer: dialecttest.Signer{
		KeyHeader: "X-Identity", SignHeader: "X-Signature", Other: "otherkey", Barred: []string{"farkey"},
		Sign: func(secret, method, target, body string) string {
			if method == http.MethodGet || strings.HasPrefix(body, "--") {
				body = ""
			}
			return p2p.Sign(secret, method, base+target, []byte(body))
		},
	},
	Forms:       p2p.Forms(),
	PayoutForms: p2p.PayoutForms(),
	Stage:       stage,
	Happen:      happen,
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func roubles(text string) money.Amount { return must(money.Parse(text, money.RUB)) }

func stage(t testing.TB, w *dialecttest.World) {
	t.Helper()
	fee := must(money.ParseRate("8.5"))
	w.Terminal(t, w.Shop, app.TerminalTerms{Name: "Demo Test", DealFee: fee})
	w.Terminal(t, w.Shop, app.TerminalTerms{Name: "Second", DealFee: fee})
	w.Terminal(t, w.Shop, app.TerminalTerms{Name: "Closed", Disabled: true})
	w.Terminal(t, w.Other, app.TerminalTerms{Name: "Other"})
	w.Rate(t, deal.Coin, money.RUB, "98.50", "98.50")
	for name, key := range map[string]app.NewStoreKey{
		"shopkey":   {Merchant: w.Shop, Terminal: 1001},
		"secondkey": {Merchant: w.Shop, Terminal: 1002},
		"closedkey": {Merchant: w.Shop, Terminal: 1003},
		"otherkey":  {Merchant: w.Other, Terminal: 1001},
		"farkey": {
			Merchant: w.Shop, Terminal: 1001, Networks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
		},
	} {
		w.StoreKey(t, name, key)
	}
	w.SigningKey(t, "lostkey", app.NewSigningKey{Merchant: w.Shop, Methods: merchant.StoreCalls(1999)})
	w.SigningKey(t, "walletkey", app.NewSigningKey{Merchant: w.Shop, Methods: []string{"balance"}})
	// Above 50000 there is only one, so that chance decides nothing.
	for _, trader := range []struct{ name, option, method, number, most string }{
		{"holder name", "SBP", "sberbank", "+7(996)777-99-77", "60000"},
		{"second holder", "TO_CARD", "tinkoff", "2200 0000 0000 0004", "50000"},
	} {
		made, err := w.App.AddTrader(t.Context(), app.NewTrader{Merchant: w.Shop, Name: trader.name, Operator: "Sam"})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.App.MoveTraderCoins(t.Context(), app.TraderCoins{
			Merchant: w.Shop, Trader: made.ID, Amount: must(money.Parse("1000", deal.Coin)), Gateway: "till",
			Receipt: trader.name, Operator: "Sam",
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.App.PutRequisite(t.Context(), app.RequisiteTerms{
			Merchant: w.Shop, Trader: made.ID, Option: trader.option, Method: trader.method, Number: trader.number,
			Holder: trader.name, Least: roubles("100"), Most: roubles(trader.most), Operator: "Sam",
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// happen is what a story says of deals: "deal ID is paid", "deal ID is corrected to
// AMOUNT", "deal ID is won", "deal ID is won with AMOUNT", "deal ID is lost", "time
// runs"; of invoices: "invoice ID is extended by AMOUNT"; and of payouts, see below.
func happen(ctx context.Context, w *dialecttest.World, what string) (known bool, err error) {
	if what == "time runs" {
		_, err := w.App.CancelDueDeals(ctx, 100)
		if err == nil {
			_, err = w.App.ExpireDue(ctx, 100)
		}
		if err == nil {
			_, err = w.App.ExpirePayouts(ctx, 100)
		}
		return true, err
	}
	words := strings.Fields(what)
	if words[0] == "payout" {
		return payoutHappens(ctx, w, words)
	}
	if words[0] == "invoice" && len(words) == 6 && words[3] == "extended" {
		_, err = w.App.ExtendInvoice(ctx, w.Shop, app.Extension{
			Invoice: id(words[1]), Amount: roubles(words[5]), Token: "more" + words[1],
		})
		return true, err
	}
	if len(words) < 4 || words[0] != "deal" || words[2] != "is" {
		return false, nil
	}
	word := app.DealWord{Merchant: w.Shop, Deal: id(words[1]), Operator: "Sam"}
	switch strings.Join(words[3:min(len(words), 5)], " ") {
	case "paid":
		_, err = w.App.CompleteDeal(ctx, word)
	case "corrected to":
		word.Paid = roubles(words[5])
		_, err = w.App.CorrectDeal(ctx, word)
	case "won":
		_, err = w.App.ResolveDispute(ctx, word, true)
	case "won with":
		word.Paid = roubles(words[5])
		_, err = w.App.ResolveDispute(ctx, word, true)
	case "lost":
		_, err = w.App.ResolveDispute(ctx, word, false)
	default:
		return false, nil
	}
	return true, err
}

// id is the so manieth id that a world mints.
func id(n string) string { return "00000000-0000-4000-8000-" + strings.Repeat("0", 12-len(n)) + n }

// called is a request of the store as a story writes it.
func called(path, body string) string {
	text := "> POST /api/merchant/" + path + "\n> X-Identity: {{shopkey}}\n> X-Signature: {{sign:shopkey}}\n"
	if body != "" {
		text += "> Content-Type: application/json\n>\n> " + body + "\n"
	}
	return text + "\n"
}

const plain = `"type":"in","currency":"RUB","notificationUrl":"","notificationToken":""`

// prepared makes invoice 1, which is new, 2 with the deal 3, which waits, 5
// with the deal 6, of which the payer says that it is paid, and 8 with the deal 9.
var prepared = called("invoices", `{`+plain+`,"amount":"1000","internalId":"ord-1"}`) +
	called("invoices", `{`+plain+`,"amount":"1001","paymentOption":"SBP","startDeal":true}`) +
	called("invoices", `{`+plain+`,"amount":"1002","paymentOption":"SBP","startDeal":true}`) +
	called("invoices/"+id("5")+"/confirm-transfer", "") +
	called("invoices", `{`+plain+`,"amount":"1003","paymentOption":"SBP","startDeal":true}`)

var samples = []dialecttest.Sample{
	{
		Route: "POST /api/merchant/invoices", Key: "shopkey",
		Body: `{` + plain + `,"amount":"1500.00","internalId":"ord-2","userId":"u","paymentOption":"SBP",` +
			`"paymentMethod":"sberbank","startDeal":true,"maxAmount":"1500.05","allowMatching":true,` +
			`"crossBorderCurrency":"TJS","crossBorderRequisiteType":"PHONE","successUrl":"https://shop.example/ok",` +
			`"cancelUrl":"https://shop.example/no","strictlySingleTransfer":true,` +
			`"paymentRequisites":{"requisites":"1","holder":"A"}}`,
	},
	{Route: "GET /api/merchant/invoices", Key: "shopkey", Query: "page=1&limit=10"},
	{Route: "GET /api/merchant/invoices/{id}", Key: "shopkey", Path: "/api/merchant/invoices/" + id("1"), Owned: true},
	{
		Route: "GET /api/merchant/internal-id/{internalId}", Key: "shopkey", Path: "/api/merchant/internal-id/ord-1",
		Owned: true,
	},
	{
		Route: "GET /api/merchant/invoices/{id}/{internalId}", Key: "shopkey",
		Path: "/api/merchant/invoices/internal-id/ord-1", Owned: true,
	},
	{Route: "GET /api/merchant/accounts", Key: "shopkey"},
	{Route: "GET /api/merchant/payment-options", Key: "shopkey"},
	{Route: "GET /api/merchant/payment-methods", Key: "shopkey", Query: "currency=RUB"},
	{
		Route: "GET /api/merchant/invoices/{id}/available-payment-variants", Key: "shopkey", Owned: true,
		Path: "/api/merchant/invoices/" + id("1") + "/available-payment-variants",
	},
	{
		Route: "POST /api/merchant/invoices/{id}/start-deal", Key: "shopkey", Owned: true,
		Path: "/api/merchant/invoices/" + id("1") + "/start-deal",
		Body: `{"paymentOption":"TO_CARD","paymentMethod":"tinkoff"}`,
	},
	{
		Route: "POST /api/merchant/invoices/{id}/confirm-transfer", Key: "shopkey", Owned: true,
		Path: "/api/merchant/invoices/" + id("2") + "/confirm-transfer",
	},
	{
		Route: "POST /api/merchant/invoices/{id}/cancel", Key: "shopkey", Owned: true,
		Path: "/api/merchant/invoices/" + id("1") + "/cancel",
	},
	{
		Route: "POST /api/merchant/invoices/{id}/dispute", Key: "shopkey", Owned: true,
		Path: "/api/merchant/invoices/" + id("2") + "/dispute",
		Body: `{"dealId":"` + id("3") + `","disputeReason":"invalid_sum","disputeReasonData[amount]":"950.00"}`,
	},
	{Route: "GET /api/public/payment-methods/{currency}", Path: "/api/public/payment-methods/RUB"},
	{Route: "GET /api/public/invoices/{id}", Path: "/api/public/invoices/" + id("1")},
	{
		Route: "GET /api/public/invoices/{id}/available-payment-variants",
		Path:  "/api/public/invoices/" + id("1") + "/available-payment-variants",
	},
	{
		Route: "POST /api/public/invoices/{id}/start-deal", Path: "/api/public/invoices/" + id("1") + "/start-deal",
		Body: `{"paymentOption":"TO_CARD","paymentMethod":"tinkoff"}`,
	},
	{
		Route: "POST /api/public/invoices/{id}/confirm-transfer",
		Path:  "/api/public/invoices/" + id("2") + "/confirm-transfer",
	},
	{Route: "POST /api/public/invoices/{id}/cancel", Path: "/api/public/invoices/" + id("1") + "/cancel"},
}

// codes are those of this API.
var codes = map[string]bool{
	"AMOUNT_OUT_OF_RANGE": true, "PAYMENT_METHOD_NOT_AVAILABLE": true, "INSUFFICIENT_BALANCE": true, "VALIDATION": true,
	"UNAUTHORIZED": true, "NOT_FOUND": true, "CONFLICT": true, "FILE_TOO_LARGE": true, "RATE_LIMITED": true,
	"INTERNAL": true, "FORBIDDEN": true, "DECLINED": true, "UNAVAILABLE": true, "METHOD_NOT_ALLOWED": true,
}

// face wants a list of elements with exactly three keys, and one element about
// an amount that nobody takes.
func face(a dialecttest.Answer) error {
	decoder := json.NewDecoder(strings.NewReader(a.Body))
	decoder.DisallowUnknownFields()
	var list []struct {
		Message *string
		Code    *string
		Field   any
	}
	if err := decoder.Decode(&list); err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("nothing is wrong")
	}
	for _, one := range list {
		if one.Message == nil || *one.Message == "" || one.Code == nil || !codes[*one.Code] {
			return fmt.Errorf("no message or a strange code in %s", a.Body)
		}
		if *one.Code == "AMOUNT_OUT_OF_RANGE" &&
			(len(list) > 1 || !strings.HasPrefix(*one.Message, "Invoice amount should be") || a.Status != 400) {
			return fmt.Errorf("clients do not know this as an amount out of range: %s", a.Body)
		}
	}
	return nil
}

const intro = `An API for invoices that are paid by sending money straight to a person. The merchant is settled in
USDT at the rate at which the deal began, less the fee of its store. A store is a terminal: storeId is its number. An
invoice of type ` + "`out`" + ` is money that a trader sends to somebody.

| matter | behaviour | mark |
|---|---|---|
| credentials | headers ` + "`X-Identity` and `X-Signature`" + ` | documented |
| X-Identity | the key of a store, 40 hex digits | observed |
| secret | one for all stores of a merchant, 40 letters and digits | documented |
| X-Signature | base64 of HMAC-SHA1 over METHOD, whole address and body, with nothing between | documented |
| address | a public address of the settings, with path and query as they came; Host is not looked at | chosen |
| body of GET and of multipart | is not signed | documented |
| errors | a list of message, code and field; all of a 400 at once | chosen |
| AMOUNT_OUT_OF_RANGE | looked for last, alone; the message begins ` + "`Invoice amount should be`" + ` | observed |
| null | is as good as nothing; unknown fields are ignored | chosen |
| the same id at another store or merchant | 404 | chosen |
| what is made here | /v1 shows it whole: checkout_url is invoiceUrl, metadata has internalId and the like | chosen |
| reference in /v1 | counts how often the store has used an internalId: ` + "`2:ord-1`" + ` is the second | chosen |
| what /v1 made | at the store, for one sum that need not be verified: as here, with the id that it has there | chosen |
| internalId, userId of it | its reference and its owner | chosen |
| expireAt of what never ends | 9999-12-31T23:59:59+00:00 | chosen |
| what /v1 made, without a key | 404; there are no callbacks of it | chosen |
| statuses of failures | 400, 401, 403, 404, 405, 409, 413, 429, 500, 503 | chosen |
| times | whole seconds with ` + "`+00:00`" + ` | documented |
| attachments | names of the deal's files, an id and a kind; nobody can fetch them here | chosen |
| disputeAttachment | the newest of those that came since the dispute began | chosen |
| disputeResult | always null: the status of the deal tells it | chosen |
| paymentMethodName | as payment-methods has it | observed |
| qrCodeLink | while the deal is open: for sberbank, and for QR options whose requisite is a link | chosen |
| dispute lost | the deal is canceled, and so is the invoice, unless something else has paid it or may | chosen |
| callbacks | of an invoice that is paid, canceled or expired, and of a dispute that begins or is lost | chosen |
| another sum | an operator may say that it came for a paid invoice: paid in that, with a callback | observed |
| the four sums | of all deals that are completed, each at its own rate; fiat really paid | documented |
| paid in another way than by deals | is in receivedSumFromTaker, and no coins come of it | chosen |
| receivedSumFromTaker after a refund | what the deals brought, or what is left where that is more | chosen |
| rate and deal of a callback | of one deal: disputed, or else the last that brought money | chosen |
| creation | no callback: the caller has the answer | chosen |
| type out | an operator approves it, above a limit two; a trader takes it, sends it and shows a receipt | chosen |
| rate of type out | the merchant's for selling coins, fixed at creation, with the fee of the store | chosen |
| ways of type out | any option and method; the pool of accounts is for what comes in | chosen |
| type out, taken | cannot be canceled, and is never ended by time; given back, it waits for another trader | chosen |
| type out, rejected or undone | canceled | chosen |
| dispute of type out | while a trader has it, or when paid; won: canceled, all of it is back; lost: paid | chosen |
| canceledAt of type out | expireAt: no deal of it is ended by time | chosen |
| type out, to whoever knows the id | without paymentRequisites and deals; nothing can be changed | chosen |
| invoiceUrl of type out | a page that tells the sum, how the account ends, how it stands; nothing to press | chosen |
| hold | what undecided payouts of the merchant have taken, of all its stores | chosen |
| X-Notification-Token | the notificationToken; left out when that is empty | documented |
| done | exactly 200 takes a callback; any other answer is a failure | documented |
| tries | three, 60 seconds apart, then the usual schedule; ` + "`webhook-id`" + ` stays the same | chosen |
| callbacks' headers | those of Standard Webhooks, signed with the secret of the store | chosen |`

func TestConformance(t *testing.T) {
	t.Parallel()
	dialecttest.Run(t, dialecttest.Kit{
		New: open, Extras: extras, Prepare: prepared, Samples: samples, Face: face, Intro: intro,
	})
}

func TestPublicURLs(t *testing.T) {
	t.Parallel()
	for _, bad := range [][]string{
		nil,
		{""},
		{"pay.example"},
		{"/pay"},
		{"https://"},
		{"https://pay.example/?x=1"},
		{"https://pay.example/#x"},
		{"ftp://pay.example"},
		{":"},
		{base, "x"},
	} {
		if _, err := p2p.New(p2p.Config{PublicURLs: bad}); !fault.Is(err, fault.CodeSettingInvalid) {
			t.Errorf("%q: got %v, want setting_invalid", bad, err)
		}
	}
}
