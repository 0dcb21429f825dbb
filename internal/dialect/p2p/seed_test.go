package p2p_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/money"
)

// The printed request and its answer, which is one line here; only its slashes
// are not escaped.
const (
	printedRequest = `{
"type": "in",
"amount": "1000",
"currency": "RUB",
"notificationUrl": "https://webhook.site/0ee5347c-c0c1-41aa-a4ca-c87173be8bf2",
"notificationToken": "merchant_notification_token",
"internalId": "00001",
"userId": "uid-1",
"paymentOption": null,
"paymentMethod": "sberbank",
"startDeal": true
}`
	printedAnswer = `{"id":"991a0e40-8cbd-405a-80fa-c84f2e4d5c6a","internalId":"00001","userId":"uid-1","type":"in",` +
		`"status":"new","paymentMethod":"sberbank","paymentOption":null,"paymentRequisites":null,` +
		`"sum":{"amount":"1000.00","currency":"RUB","subunit":2},"storeId":1,"storeName":"Demo Test",` +
		`"receivedSumFromTaker":null,"receivedSumFromMaker":null,"serviceFeeSum":null,"payoutSum":null,` +
		`"createdAt":"2024-11-04T13:55:45+00:00","expireAt":"2024-11-04T14:55:45+00:00",` +
		`"updatedAt":"2024-11-04T13:58:34+00:00",` +
		`"invoiceUrl":"http://pay.doamin.com/invoice?id=991a0e40-8cbd-405a-80fa-c84f2e4d5c6a","deals":[{` +
		`"id":"595af0e7-261d-4451-b651-3cfeecc0755c","type":"in","status":"transfer_waiting",` +
		`"paymentMethod":"sberbank","paymentOption":"SBP","requisites":{"requisites":"+7(996)777-99-77",` +
		`"holder":"holder name"},"canceledAt":"2024-11-04T14:25:48+00:00","disputeAttachment":null,` +
		`"disputeReason":null,"disputeReasonData":[],"payment":null,"rate":"99.23","isActive":true,` +
		`"qrCodeLink":"https://www.sberbank.com/sms/pbpn?requisiteNumber=79967779977"}]}`
)

// later are the members of a deal that were added since the example was printed.
const later = `,"disputeResult":null,"attachments":[],"paymentMethodName":"Sberbank"`

// The printed request is answered with the printed answer, byte for byte, but for
// ids, times, the number of the store, our address and what was added to deals.
func TestPrintedExchange(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	w.Rate(t, deal.Coin, money.RUB, "99.23", "99.23")
	a := ask(w, w.Handler(open(t, w)), "shopkey", http.MethodPost, "/api/merchant/invoices", "application/json",
		printedRequest)
	want := strings.NewReplacer(
		"991a0e40-8cbd-405a-80fa-c84f2e4d5c6a", id("1"), "595af0e7-261d-4451-b651-3cfeecc0755c", id("2"),
		"2024-11-04T13:55:45", "2025-01-02T03:04:05", "2024-11-04T14:55:45", "2025-01-02T04:04:05",
		"2024-11-04T13:58:34", "2025-01-02T03:04:05", "2024-11-04T14:25:48", "2025-01-02T03:34:05",
		`"storeId":1,`, `"storeId":1001,`, "http://pay.doamin.com", base,
		`79967779977"}`, `79967779977"`+later+`}`,
	).Replace(printedAnswer)
	if a.Status != http.StatusOK || a.Body != want {
		t.Errorf("got  %d %s\nwant 200 %s", a.Status, a.Body, want)
	}
}
