package zipay

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/wallet"
)

// The payer of the printed examples.
var printedPayer = invoice.Owner{
	Account: 10025, FirstName: "نام پرداخت کننده", LastName: "نام خانوادگی پرداخت کننده", Email: "payer@shop.example",
}

// made is an invoice of the printed examples; a payment of zero is none.
func made(id string, s invoice.State, dollars money.Amount, reference string, created, paid, number int64,
) app.InvoiceView {
	i := invoice.Invoice{
		ID: id, State: s, Amount: dollars, Reference: reference, CreatedAt: time.Unix(created, 0),
		Terminal: 1003, Number: number,
	}
	if paid != 0 {
		i.PaidAt, i.PaidBy = time.Unix(paid, 0), printedPayer
	}
	return app.InvoiceView{Invoice: i}
}

// Every answer that the copied API prints comes out as it is printed: the same
// keys in the same order with the same values. The files differ from its page
// in two things: the payer's address, which the page hides, and the names of
// an unpaid invoice, which are null.
func TestPrintedAnswers(t *testing.T) {
	t.Parallel()
	usd := func(text string) money.Amount {
		a, err := money.Parse(text, money.USD)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	const first = "de7d44ae-9df9-487f-a175-ade1ecfab28b"
	status := func(s invoice.State) dialect.Reply {
		return result(encodeInvoice(made(first, s, usd("100.99"), "1000", 1680282113, 1680282128, 101)))
	}
	list := []invoiceBody{
		encodeInvoice(made("08985ab3-5937-40ff-bffa-f85c56256730", invoice.Open, usd("1"), "981", 1680282307, 0, 116)),
		encodeInvoice(made("2ac211ad-29f5-4009-a811-2ec64d937065", invoice.Completed, usd("1000"), "10131",
			1680282113, 1680282128, 115)),
		encodeInvoice(made("abfab42c-2364-4b84-b709-3f7a8969ec2c", invoice.Rejected, usd("1000"), "10031",
			1680281790, 1680281801, 114)),
	}
	for name, reply := range map[string]dialect.Reply{
		"create-invoice": result(createdBody{TrackID: first, Redirect: "http://api.zipay.io" + pagePath + first}),
		"invoice-status": status(invoice.Paid),
		"invoice-verify": status(invoice.Completed),
		"invoice-list":   paged(list, 9, page{limit: 3, page: 1, sort: newestFirst}),
		"invoice-refund": result(encodeInvoice(made("12a2c8ec-249a-43bb-a161-a7658981c110", invoice.Refunded, usd("1"), "20",
			1680281790, 1680281801, 70))),
	} {
		text, err := os.ReadFile(filepath.Join("testdata", "printed", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		if err := json.Compact(&want, text); err != nil {
			t.Fatal(err)
		}
		got, err := dialect.JSON(reply.Body)
		if diff := cmp.Diff(want.String(), string(got)); diff != "" || err != nil {
			t.Errorf("%s: %v (-printed +got)\n%s", name, err, diff)
		}
	}
}

// The examples of the contract that the copied API does not print.
func TestAnswersOfTheContract(t *testing.T) {
	t.Parallel()
	at := time.Unix(1700000000, 0)
	rate, err := money.ParseRate("51000")
	if err != nil {
		t.Fatal(err)
	}
	withdrawal, err := encodePayout(payout.Payout{
		ID: "Ab3dEf6hIj9kLm2nOp", State: payout.Requested, Amount: money.New(501_000_000, money.USDT),
		Fee: money.New(150_000_000, money.USDT), Rail: "TRX", Destination: "<address>", CreatedAt: at,
	}, 77)
	if err != nil {
		t.Fatal(err)
	}
	for want, reply := range map[string]dialect.Reply{
		`{"result":{"trackid":"0c9d7d0e-6f5b-4a0c-8f53-2d0d6b1f7a21","time":1700000000,"date":"14/11/2023 22:13 UTC",` +
			`"datew3c":"2023-11-14T22:13:20+00:00","status":"completed","spent_amount":"50","spent_coin":{"name":` +
			`"United States dollar","currency":"USD","symbol":"$"},"rate":"51000","get_amount":"2550000","get_coin":` +
			`{"name":"Toman","currency":"IRT","symbol":"IRT"},"market":"USDIRT","side":"sell"},"success":true,` +
			`"status":200}`: result(encodeExchange(wallet.Exchange{
			ID: "0c9d7d0e-6f5b-4a0c-8f53-2d0d6b1f7a21", Spent: money.New(5_000_000_000, money.USD),
			Got: money.New(25_500_000_000, money.IRT), Market: "USDIRT", Side: wallet.Sell, Rate: rate, CreatedAt: at,
		})),
		`{"result":{"trackid":"5a6b7c8d-1111-4222-8333-944445555666","amount":"10","coin":{"name":"United States dollar",` +
			`"currency":"USD","symbol":"$"},"transfer_type":"transfer_out","type":"api","order_id":"T-1","description":"",` +
			`"sender":{"account_number":10017,"email":"info*****ple.com"},"receiver":{"account_number":10025,"email":` +
			`"info*****ple.org"},"time":1700000000,"date":"14/11/2023 22:13 UTC","datew3c":"2023-11-14T22:13:20+00:00"},` +
			`"success":true,"status":200}`: result(encodeTransfer(
			wallet.Transfer{
				ID: "5a6b7c8d-1111-4222-8333-944445555666", From: 10017, To: 10025, Amount: money.New(1_000_000_000, money.USD),
				Reference: "T-1", CreatedAt: at,
			}, 10017,
			app.Account{Number: 10017, Email: "info@example.com"}, app.Account{Number: 10025, Email: "info@example.org"},
		)),
		`{"result":{"trackid":"Ab3dEf6hIj9kLm2nOp","order_id":77,"address":"<address>","amount":"3.510000000000000000",` +
			`"fee":"1.500000000000000000","type":"withdraw","txid":"Ab3dEf6hIj9kLm2nOp","status":"queue","time":1700000000,` +
			`"utc_date":"2023-11-14 22:13 UTC","coin":"USDT","coin_name":"USD Tether","network":"TRX","network_name":` +
			`"Tron (TRC20)"},"success":true,"status":200}`: result(withdrawal),
	} {
		got, err := dialect.JSON(reply.Body)
		if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
			t.Errorf("%v (-contract +got)\n%s", err, diff)
		}
	}
}

func TestCallerIP(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"203.0.113.7:1234": `{"ip":"203.0.113.7"}`, "[2001:db8:1:2:3:4:5:6]:1": `{"ip":"2001:db8:1:2:3:4:5:6"}`,
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/api/", nil)
		r.RemoteAddr = remote
		reply, err := desk{}.callerIP(&dialect.Request{Request: r})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := dialect.JSON(reply.Body); string(got) != want || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	}
}
