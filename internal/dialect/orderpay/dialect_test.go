package orderpay_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.Cleanup(os.Exit)) }

// The order of the printed examples, and the customer whose it is.
const (
	seedOrder = "7e49b2a1-fa0c-4aac-b996-91f2411f14b7"
	buyer     = "33333333-4444-4555-8666-777777777777"
)

// idOf is the n-th id of a world.
func idOf(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }

// asked is a request of a user as a story writes it.
func asked(who, method, path, body string) string {
	text := "> " + method + " " + path + "\n> Authorization: Bearer {{" + who + "}}\n"
	if body != "" {
		text += "> Content-Type: application/json\n>\n> " + body + "\n"
	}
	return text + "\n"
}

// ordered makes an order of the seed's customer.
func ordered(id, total string) string {
	return asked("seller", "POST", "/order", `{"orderId":"`+id+`","userId":"`+buyer+`","total":`+total+`}`)
}

// wanted is the body of a payment.
func wanted(order, amount, method, status string) string {
	return `{"amount":` + amount + `,"orderId":"` + order + `","paymentMethod":"` + method + `","status":"` + status + `"}`
}

// prepared makes the seed's order, and payment 1, which is open at a gateway.
var prepared = ordered(seedOrder, "800") +
	asked("customer", "POST", "/payment", wanted(seedOrder, "500", "Bkash", "PENDING"))

var samples = []dialecttest.Sample{
	{
		Route: "POST /payment", Key: "seller", Owned: true,
		Body: `{"amount":500,"orderId":"` + seedOrder + `","paymentMethod":"Bkash","status":"COMPLETED","transactionId":"T"}`,
	},
	{Route: "GET /payment", Key: "customer", Query: "limit=10&offset=0"},
	{Route: "GET /payment/{id}", Path: "/payment/" + idOf(1), Key: "customer", Owned: true},
	{Route: "GET /payment/order/{orderId}", Path: "/payment/order/" + seedOrder, Key: "customer", Owned: true},
	{
		Route: "POST /order", Key: "seller",
		Body: `{"orderId":"7e49b2a1-fa0c-4aac-b996-91f2411f14b8","userId":"` + buyer + `","total":10.5,"currency":"BDT"}`,
	},
}

// face wants one message, and the fields that are wrong with a validation alone.
func face(a dialecttest.Answer) error {
	if a.Header != nil && a.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		return fmt.Errorf("content type %q", a.Header.Get("Content-Type"))
	}
	decoder := json.NewDecoder(strings.NewReader(a.Body))
	decoder.DisallowUnknownFields()
	var body struct {
		Message string
		Errors  []struct{ Field, Message string }
	}
	if err := decoder.Decode(&body); err != nil {
		return err
	}
	if body.Message == "" || (body.Message == "Validation failed") != (len(body.Errors) > 0) {
		return fmt.Errorf("got %s, want a message", a.Body)
	}
	if a.Header == nil {
		return nil
	}
	if challenge := a.Header.Get("WWW-Authenticate"); (a.Status == http.StatusUnauthorized) != (challenge == "Bearer") {
		return fmt.Errorf("status %d with the challenge %q", a.Status, challenge)
	}
	if (a.Status == http.StatusMethodNotAllowed) != (a.Header.Get("Allow") != "") {
		return fmt.Errorf("status %d, Allow %q", a.Status, a.Header.Get("Allow"))
	}
	return nil
}

const intro = `The payment part of a shop's API in Bangladesh: users who are logged in record payments of orders and
read them back. Documented at port 8080. An order is an invoice of the core.

| matter | behaviour | mark |
|---|---|---|
| success | the bare object or list; 201 where something was made | chosen |
| errors | {"message":"text"}; a validation also lists its fields in order | documented |
| what is unset | left out | observed |
| ids | UUIDs that say version 4, any case accepted; what /v1 made has the ids of that | chosen |
| amounts | JSON numbers, no exponent, at most 2 decimal places, shown without zeros at the end: 10.5 | chosen |
| currency | the order's; BDT where it says none | chosen |
| bodies | JSON; above 256 kB, nested deeper than 32 or with a key twice: refused; unknown fields are ignored | chosen |
| queue, database or server not available | 503 with Retry-After where it helps | chosen |
| cross-site pages | no CORS headers are sent | chosen |
| shared listener | ipg has its own paths below /payment/; a path that nobody has is a 404 here for a token | chosen |

**Tokens.** Authorization: Bearer TOKEN on every call. The token is a JWT with the claims iss, userId (a UUID),
userType (SUPER_ADMIN, ADMIN, SELLER, CUSTOMER, in any case) and exp; sub and email may be there. Its iss names an
issuer that the operator added for the merchant (docs/operate/tokens.md). The issuer, and never the token, says how it
is signed: HS512 with a secret of at least 32 bytes, or RS256 or EdDSA with one of the keys at the issuer's own
address, found by kid. exp must be there; exp and nbf may be off by a minute; where the issuer has an audience, aud must
name it. Whatever is wrong, the answer is the same 401. There are no login routes.

**Claims.** The copied API takes the status that a caller states as it is. Here it is a claim, because a payer must not
declare itself paid: of SELLER, ADMIN and SUPER_ADMIN the claims COMPLETED, FAILED and CANCELLED are honoured, of
CUSTOMER none is. Money of an honoured COMPLETED is booked as received by hand, whatever its method.

**Methods.** Bkash and Nagad go to the merchant's gateway contract whose name is the method's in small letters, bkash
or nagad, and else to one that offers mobile wallets and has not the other's name, such as SSLCommerz. Rocket goes to
one that offers Rocket, Card to one that takes cards in the order's currency. Cash and Bank Transfer, and what no
gateway takes, are received by hand.

**Who sees what.** CUSTOMER: orders with their userId. SELLER: those too, and orders that they made. ADMIN and
SUPER_ADMIN: every order of the merchant. A payment is seen by whoever sees its order.

**Of /v1.** What is made here is shown whole by /v1, where the metadata of a payment says what was claimed and by whom.
An invoice that /v1 made with an owner, the UUID of a user in small letters, is that user's order. One without an owner,
at no terminal, is seen by ADMIN and SUPER_ADMIN; GET /payment does not list its payments, as they are no user's. One
without an owner at a terminal is that terminal's and no order. Each keeps the id that /v1 gave it. All chosen.

**States.** PENDING: waiting, processing, authorized. COMPLETED: captured, settled, also after a part refund. FAILED:
failed, expired. CANCELLED: canceled. REFUNDED: refunded, reversed. Only COMPLETED payments count for an order; when
they reach its total it is paid, and what a part refund gives back need not be paid again. Several PENDING payments may
be open: when one is paid, what remains is looked at again, and money that no longer fits is not taken, or goes back.

**Left out.** Nothing is told to the shop by this API: it reads, or has an endpoint of its own
(docs/operate/webhooks.md). The copied API's login, goods, stock and shipping are no part of a payment.`

func TestConformance(t *testing.T) {
	t.Parallel()
	dialecttest.Run(t, dialecttest.Kit{
		New: open, Extras: extras, Prepare: prepared, Samples: samples, Face: face, Intro: intro,
	})
}
