package payrefund_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/dialect/payrefund"
)

// The ids of the printed examples: a payment's and two refunds'.
const (
	printedID = "" +
		"SSUARQXWKPDJSTTGEPVRTEONTPDBQSUXOVRJTBGXWNCTGBBBJLEUKDUPNCZDPELHRUISCDEMMWRQNXBEKPQJCFWWASQOMCYALVAH" +
		"FPFCVDTOJXODEMDLJRDDECVDAUZEMDVLLNJYJPSAYXRBLCTSYGLBWKUAEOWKWOANLLAJWMIBPXTHVPWZAETCEBPSEZZYLVQTSTSM"
	printedRefund = "" +
		"6KwjOmYUdGuotNglvwfsvWzcMARa9ipIHzJXSmqaLqN68jykZtmNKQxVE1IGYEnT0Pmu6q3NAxztlOd8yGKbhQ3Su1eW0UGt9Cry" +
		"E1MYYiyLw3FGx8CcOx9EzN2GvRfggZUzw4EeVpX1C0SkD3kUKL1ULudMcJ8GU1d2QG454hgXckoYBKo9Jn8eSAgjXbK5hVIIrrQX"
	secondRefund = "" +
		"pW30g8efRUrbR3ly6ZxW5KkQVWuCzyhdfsDEePLCJaAquXFDqNGc29iM59UtbakCL1UuURpPyZlcDIuOuE9m40B5n3XqTWh1FHfT" +
		"ZLT6CGCFfikANe6yo09I9CI4UFwiT393rV8MBI7Xh3oVj4LaCK52ITqY7AipZnOOG0sgfPKV0oRmia0yPgn51SFsNIf3VxSl0UxB"
)

// The printed examples, as they are printed.
const (
	printedPost = `{
"amount": 50.0,
"payment_method": "credit_card",
"additional_params": {
"amount": 50,
"method": "credit_card",
"number": "1234567890123456",
"name": "John john",
"expiration_month": "05",
"expiration_year": "2028",
"cvv": "321"
}
}`
	typedPost = `{"amount":50.0,"payment_method":"credit_card","additional_params":{"amount":50,"method":"credit_card",` +
		`"number":"1234567890123456","name":"John john","expiration_month":"05","expiration_year":"2028","cvv":"321"}}`
	printedPut = `{
"amount": 50.0,
"payment_method": "credit_card",
"additional_params": {
"payment": "` + printedID + `",
"amount": 50,
"method": "credit_card",
"number": "1234567890123456",
"name": "John john",
"expiration_month": "05",
"expiration_year": "2028",
"cvv": "321"
}
}`
	typedPut = `{"amount":50.0,"payment_method":"credit_card","additional_params":{"payment":"` + printedID + `",` +
		`"amount":50,"method":"credit_card","number":"1234567890123456","name":"John john","expiration_month":"05",` +
		`"expiration_year":"2028","cvv":"321"}}`
	printedPayment = `{
"payment_id": "` + printedID + `",
"amount": 50.0,
"payment_method": "credit_card",
"status": "success",
"settled_at": null,
"settled_amount": null,
"additional_params": {
"payment": "` + printedID + `",
"amount": 50,
"method": "credit_card",
"number": "1234567890123456",
"name": "John john",
"expiration_month": "05",
"expiration_year": "2028",
"cvv": "321"
}
}`
	printedList = `[
{
"payment_id": "` + printedID + `",
"amount": 50.0,
"payment_method": "credit_card",
"status": "settled",
"settled_at": "2020-04-07T15:01:07.000",
"settled_amount": 50
}
]`
	printedListQuery = "payment_id=TEST&payment_method=credit_card&status=settled&amount_gte=50.0&amount_lte=500.0&" +
		"created_at_gte=2020-01-01T00:00:00&created_at_lte=2021-01-01T00:00:00&settled_at_gte=2020-01-01T00:00:00&" +
		"settled_at_lte=2021-01-01T00:00:00"
	typedRefund   = `{"amount":20.0,"payment_id":"` + printedID + `"}`
	printedAmount = `{
"payment_id": "` + printedID + `",
"amount": 20.0
}`
	printedRefunds = `[
{
"refund_id": "` + printedRefund + `",
"payment_id": "` + printedID + `",
"amount": 20.0
},
{
"refund_id": "` + secondRefund + `",
"payment_id": "` + printedID + `",
"amount": 20.0
}
]`
	printedOne = `{
"refund_id": "` + secondRefund + `",
"payment_id": "` + printedID + `",
"amount": 20.0
}`
)

// seed replays printed examples: their ids are those of a world, their answers
// what is printed, without blanks and with what we say on purpose in another way.
type seed struct {
	*testing.T
	w        *dialecttest.World
	payments http.Handler // what is on port 1111
	refunds  http.Handler // and on 2222
	ids      []string     // printed id, id in the world, ...
}

func newSeed(t *testing.T) *seed {
	t.Helper()
	w := dialecttest.NewWorld(t, nil, extras)
	w.Wait(time.Date(2020, 4, 7, 15, 1, 7, 0, time.UTC).Sub(dialecttest.Start))
	h := w.Handler(open(t, w))
	return &seed{T: t, w: w, payments: h, refunds: payrefund.RefundsPort(h)}
}

// want sends an example with the headers that it is printed with.
func (s *seed) want(h http.Handler, method, target, body, printed string) {
	s.Helper()
	put := strings.NewReplacer(s.ids...)
	header := http.Header{"Accept": {"application/json"}, "X-Api-Key": {"{{key}}"}}
	if body != "" {
		header.Set("Content-Type", "application/json")
	}
	got := s.w.Ask(h, method, put.Replace(target), header, put.Replace(body))
	var want bytes.Buffer
	if err := json.Compact(&want, []byte(printed)); err != nil {
		s.Fatal(err)
	}
	text := strings.NewReplacer(append(s.ids,
		`"number":"1234567890123456"`, `"number":"************3456"`, `"cvv":"321"`, `"cvv":"***"`,
		`"settled_amount":50}`, `"settled_amount":50.0}`,
	)...).Replace(want.String())
	if got.Status != http.StatusOK || got.Body != text {
		s.Errorf("%s %s %s:\ngot  %d %s\nwant 200 %s", method, target, body, got.Status, got.Body, text)
	}
}

func TestPrintedPayments(t *testing.T) {
	t.Parallel()
	for _, bodies := range []struct{ post, put string }{{printedPost, printedPut}, {typedPost, typedPut}} {
		s := newSeed(t)
		s.ids = []string{printedID, idOf(1)}
		one := "/api/payments/" + printedID
		s.want(s.payments, "POST", "/api/payments", bodies.post, printedPayment)
		s.want(s.payments, "PUT", one, bodies.put, printedPayment)
		// The printed payment is settled without a settlement; ours is not.
		s.want(s.payments, "GET", one, "", printedPayment)
		s.want(s.payments, "GET", "/api/payments?"+printedListQuery, "", "[]") // no payment is called TEST
		s.w.Wait(time.Millisecond)
		settled := strings.Replace(printedPayment, `"success"`, `"settled"`, 1)
		settled = strings.Replace(settled, `"settled_at": null`, `"settled_at": "2020-04-07T15:01:07.000"`, 1)
		settled = strings.Replace(settled, `"settled_amount": null`, `"settled_amount": 50.0`, 1)
		s.want(s.payments, "PUT", one, `{"settled_at":"2020-04-07T15:01:07.000","settled_amount":50}`, settled)
		s.want(s.payments, "GET", "/api/payments?"+strings.Replace(printedListQuery, "TEST", printedID, 1), "", printedList)
		s.want(s.payments, "GET", "/api/payments", "", printedList)
		s.want(s.payments, "DELETE", one, "", settled)
		s.want(s.payments, "DELETE", one, "", "{}")
	}
	s := newSeed(t)
	s.ids = []string{printedID, idOf(1)}
	s.want(s.payments, "POST", "/api/payments", printedPost, printedPayment)
	s.want(s.payments, "DELETE", "/api/payments/"+printedID, "", printedPayment)
}

func TestPrintedRefunds(t *testing.T) {
	t.Parallel()
	s := newSeed(t)
	s.ids = []string{printedID, idOf(1), printedRefund, idOf(2), secondRefund, idOf(3)}
	s.want(s.payments, "POST", "/api/payments", printedPost, printedPayment)
	s.want(s.refunds, "POST", "/api/refunds", printedAmount, strings.ReplaceAll(printedOne, secondRefund, printedRefund))
	s.w.Wait(time.Millisecond)
	s.want(s.refunds, "POST", "/api/refunds", typedRefund, printedOne)
	// The printed addresses mix both ports and both paths.
	s.want(s.refunds, "GET", "/api/payments?payment_id=TEST&refund_id="+printedID, "", "[]")
	s.want(s.refunds, "GET", "/api/payments?payment_id="+printedID+"&refund_id="+secondRefund, "", "["+printedOne+"]")
	s.want(s.refunds, "GET", "/api/refunds?payment_id="+printedID, "", printedRefunds)
	s.want(s.payments, "GET", "/api/refunds", "", printedRefunds)
	s.want(s.payments, "GET", "/api/refunds/"+secondRefund, "", printedOne)
	s.want(s.refunds, "GET", "/api/refunds/"+secondRefund, "", printedOne)
	s.want(s.refunds, "GET", "/api/payments/"+printedID, "", printedPayment)
	list := strings.Replace(printedPayment[:strings.Index(printedPayment, `,
"additional_params"`)], "\n", "", 1) + "}"
	s.want(s.refunds, "GET", "/api/payments?payment_id="+printedID, "", "["+list+"]")
}
