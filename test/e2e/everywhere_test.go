package e2e

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/purserhq/purser/client"
)

// What is made through any API is shown by our own, and what is made through our
// own by those that have a place for it: in a currency and at a terminal that they
// know, and as a payment of a kind that they name.
func TestSeenThroughEveryAPI(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(_ *testing.T, s *shop) {
		s.v1SeesAll()
		s.allSeeV1()
		s.audit()
	})
}

// own reads something through our own API.
func (s *shop) own(path string) object {
	s.t.Helper()
	return s.decode(s.call(http.MethodGet, "/v1/"+path, s.info.V1.SecretKey, nil, http.StatusOK))
}

// wantOwn wants our own API to show members of something.
func (s *shop) wantOwn(path string, want object) {
	s.t.Helper()
	got := s.own(path)
	for name, value := range want {
		if got[name] != value {
			s.t.Errorf("/v1/%s: got %v, want %s = %v", path, got, name, value)
		}
	}
}

// wantWords wants our own API to show words of the merchant's own.
func (s *shop) wantWords(path string, want object) {
	s.t.Helper()
	got, _ := s.own(path)["metadata"].(map[string]any)
	for name, value := range want {
		if got[name] != value {
			s.t.Errorf("/v1/%s: got the metadata %v, want %s = %v", path, got, name, value)
		}
	}
}

// wantListed wants the first of a list of our own API to be the one with an id.
func (s *shop) wantListed(path, id string) {
	s.t.Helper()
	data, _ := s.own(path)["data"].([]any)
	if len(data) == 0 {
		s.t.Fatalf("/v1/%s: got nothing", path)
	}
	if first, _ := data[0].(map[string]any); first["id"] != id {
		s.t.Errorf("/v1/%s: got %v first, want %s", path, first, id)
	}
}

// v1SeesAll makes one thing through each copied API.
func (s *shop) v1SeesAll() {
	s.t.Helper()
	t := s.t
	bill := s.invoice(90_000)
	paying := s.request(bill, "shepa", 90_000)
	s.decide(s.page(paying), "approve")
	s.wantOwn("invoices/"+bill, object{"status": "completed", "amount": "90000", "unit": "IRR", "title": "Two tickets"})
	s.wantOwn("payments/"+paying.text(t, "paymentId"), object{
		"status": "captured", "invoice": bill, "gateway": "shepa", "session": paying["authority"], "description": "Tickets",
	})

	order := s.order("500", "BDT")
	stated := s.claimed(s.info.Orderpay.CustomerToken, order, "200.5", "bkash", "COMPLETED")
	s.wantOwn("invoices/"+order, object{"status": "open", "amount": "500.00", "unit": "BDT"})
	s.wantOwn("payments/"+stated.text(t, "id"), object{
		"status": "processing", "invoice": order, "amount": "200.50", "owner": s.info.Orderpay.UserID,
	})
	s.wantWords("payments/"+stated.text(t, "id"), object{
		"claim": "COMPLETED", "claimedAs": "CUSTOMER", "claimedBy": s.info.Orderpay.UserID, "paymentMethod": "Bkash",
	})

	_, card := s.pays(byCard("50", visaCard), "success")
	s.wantOwn("payments/"+card, object{"status": "authorized", "amount": "50.00", "unit": "EUR", "method": "card"})
	s.wantWords("payments/"+card, object{"card_name": "CARD HOLDER", "card_expiration_month": "05"})
	s.refund(card, "20")
	s.wantOwn("payments/"+card, object{"amount": "30.00"})
	given, _ := s.own("refunds?payment=" + card)["data"].([]any)
	if len(given) != 1 {
		t.Errorf("got the refunds %v, want one", given)
	}

	invoice, deal := s.store().create("2000", s.info.BaseURL+"/nowhere", "")
	s.wantOwn("invoices/"+invoice.text(t, "id"), object{
		"amount": "2000.00", "unit": "RUB", "reference": "1:ord-1", "checkout_url": invoice["invoiceUrl"],
		"notify_url": s.info.BaseURL + "/nowhere",
	})
	s.wantWords("invoices/"+invoice.text(t, "id"), object{"internalId": "ord-1", "paymentOption": "SBP"})
	s.wantOwn("deals/"+deal.text(t, "id"), object{"status": "transfer_waiting", "invoice": invoice["id"]})

	site := openSite(t)
	wallets, shown := s.wallets()
	asked, _ := single[struct{ TrackID string }](wallets, "create-invoice",
		newInvoice(shown.Terminal, site, "12.5", "USD", "seen"))
	told := wallets.invoice("invoice-status", asked.TrackID, "generated")
	s.wantOwn("invoices/"+asked.TrackID, object{
		"status": "open", "amount": "12.50000000", "unit": "USD", "reference": "seen",
		"terminal": float64(told.Terminal), "notify_url": site.at("/hook"),
	})
	sent, _ := single[transferred](wallets, "transfer",
		"receiver="+strconv.FormatInt(shown.Receiver, 10)+"&amount=0.25&currency=USDT&order_id=seen")
	s.wantOwn("transfers/"+sent.TrackID, object{"amount": "0.25000000", "unit": "USDT", "reference": "seen"})
	s.wantListed("transfers?account="+strconv.FormatInt(shown.Receiver, 10), sent.TrackID)
}

// orderOfV1 makes an invoice of a user through our own API and has it paid there.
func (s *shop) orderOfV1() {
	s.t.Helper()
	t, ctx, k := s.t, s.t.Context(), s.info.Orderpay
	made, err := s.v1().CreateInvoiceWithResponse(ctx, nil, client.NewInvoice{
		Amount: "10.5", Unit: "BDT", Owner: &k.UserID,
	})
	if err != nil {
		t.Fatal(err)
	}
	paid := s.v1Paid(made.JSON201.ID, "bkash")
	if paid.Owner == nil || *paid.Owner != k.UserID {
		t.Errorf("got %+v, want the user's", paid)
	}
	got := s.paid(object{"id": paid.ID})
	if got["orderId"] != made.JSON201.ID || got["amount"] != 10.5 || got["status"] != "COMPLETED" ||
		got["paymentMethod"] != "Bkash" {
		t.Errorf("got %v, want the payment", got)
	}
	for _, path := range []string{"/payment/order/" + made.JSON201.ID, "/payment?limit=1"} {
		list := s.call(http.MethodGet, path, k.CustomerToken, nil, http.StatusOK)
		if !strings.Contains(string(list), paid.ID) {
			t.Errorf("%s: got %s, want the payment %s", path, list, paid.ID)
		}
	}
}

// dealOfV1 makes an invoice at a store through our own API, and a deal for it, and
// reads both there.
func (s *shop) dealOfV1() {
	s.t.Helper()
	t, ctx, c, shop := s.t, s.t.Context(), s.v1(), s.store()
	elsewhere, _ := shop.create("1000", "", "") // tells the number of the store
	number, ok := elsewhere["storeId"].(float64)
	if !ok {
		t.Fatalf("got %v, want it at a store", elsewhere)
	}
	made, err := c.CreateInvoiceWithResponse(ctx, nil, client.NewInvoice{
		Amount: "1500", Unit: "RUB", Terminal: new(int64(number)), Reference: new("through v1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	begun, err := c.CreateDealWithResponse(ctx, nil, client.NewDeal{Invoice: made.JSON201.ID})
	if err != nil {
		t.Fatal(err)
	}
	id := made.JSON201.ID
	list := shop.ask(http.MethodGet, "/api/merchant/invoices?limit=1", "", nil)
	for path, text := range map[string][]byte{
		"its id":   shop.ask(http.MethodGet, "/api/merchant/invoices/"+id, "", nil),
		"its name": shop.ask(http.MethodGet, "/api/merchant/internal-id/through%20v1", "", nil),
		"the list": bytes.TrimSuffix(bytes.TrimPrefix(list, []byte("[")), []byte("]")),
	} {
		got := s.decode(text)
		deals, _ := got["deals"].([]any)
		if got["id"] != id || got["internalId"] != "through v1" || got.member("sum", "amount") != "1500.00" ||
			len(deals) != 1 || object(deals[0].(map[string]any))["id"] != begun.JSON201.ID {
			t.Errorf("by %s: got %s, want the invoice %s with the deal %s", path, text, id, begun.JSON201.ID)
		}
	}
}

// allSeeV1 makes one thing of each sort through our own API.
func (s *shop) allSeeV1() {
	s.t.Helper()
	t, ctx, c := s.t, s.t.Context(), s.v1()
	bill := s.v1Invoice("seen by all", "80000").JSON201.ID
	paid := s.v1Paid(bill, "shepa")
	info := s.decode(s.call(http.MethodGet, "/invoice/getInfo?invoiceId="+bill, s.info.IPG.APIKey, nil, http.StatusOK))
	one, _ := info["payments"].([]any)
	if info["_id"] != bill || info["totalAmount"] != 80_000.0 || info["isDone"] != true || len(one) != 1 {
		t.Errorf("got %v, want the invoice with its payment", info)
	}
	status := s.decode(s.call(http.MethodGet, "/payment/status?paymentId="+paid.ID, s.info.IPG.APIKey, nil, http.StatusOK))
	if status["status"] != "success" {
		t.Errorf("got %v, want the payment paid", status)
	}
	everything := string(s.call(http.MethodGet, "/admin/payment/allPaymentsStatus", s.info.IPG.AdminKey, nil,
		http.StatusOK))
	if !strings.Contains(everything, bill) || !strings.Contains(everything, paid.ID) {
		t.Errorf("got %s, want the invoice %s and the payment %s", everything, bill, paid.ID)
	}

	s.orderOfV1()
	s.dealOfV1()

	charged := s.decode(s.call(http.MethodPost, "/v1/charges", s.info.V1.SecretKey, object{
		"amount": "12.5", "unit": "EUR", "method": "card",
		"card": object{"number": visaCard, "cvv": "321", "name": "CARD HOLDER", "month": 5, "year": 2030},
	}, http.StatusCreated))
	card := charged.text(t, "id")
	if charged["status"] != "authorized" {
		t.Fatalf("got %v, want it to be held", charged)
	}
	s.stands(s.says(http.MethodGet, "/api/payments/"+card, nil), "success", "amount", 12.5)
	s.call(http.MethodPost, "/v1/payments/"+card+"/capture", s.info.V1.SecretKey, object{"amount": "10"}, http.StatusOK)
	s.stands(s.says(http.MethodGet, "/api/payments/"+card, nil), "settled", "settled_amount", 10.0)

	wallets, shown := s.wallets()
	there, err := c.CreateInvoiceWithResponse(ctx, nil, client.NewInvoice{
		Amount: "7.5", Unit: "USD", Terminal: &shown.Terminal, Reference: new("through v1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []printed{
		wallets.invoice("invoice-status", there.JSON201.ID, "generated"),
		listed[printed](wallets, "invoice-list", "invoice_number=through+v1").Items[0],
	} {
		if got.TrackID != there.JSON201.ID || got.Status != "generated" || got.Amount != "7.5" || got.Number != "through v1" {
			t.Errorf("got %+v, want the invoice %s", got, there.JSON201.ID)
		}
	}
	moved, err := c.CreateTransferWithResponse(ctx, nil, client.NewTransfer{
		Source: 10000, Destination: shown.Receiver, Amount: "0.5", Unit: "USDT", Reference: new("seen by wallets"),
	})
	if err != nil {
		t.Fatal(err)
	}
	list := listed[transferred](wallets, "transfer-list", "order_id=seen+by+wallets")
	if list.Total != 1 || list.Items[0].TrackID != moved.JSON201.ID {
		t.Errorf("got %+v, want the transfer %s", list, moved.JSON201.ID)
	}
}
