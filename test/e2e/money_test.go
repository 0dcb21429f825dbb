package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/server"
)

// The answers about trades as the copied API prints them.
const (
	printedExchange = `{"result":{"trackid":"0c9d7d0e-6f5b-4a0c-8f53-2d0d6b1f7a21","time":1700000000,
		"date":"14/11/2023 22:13 UTC","datew3c":"2023-11-14T22:13:20+00:00","status":"completed","spent_amount":"50",
		"spent_coin":{"name":"United States dollar","currency":"USD","symbol":"$"},"rate":"51000","get_amount":"2550000",
		"get_coin":{"name":"Toman","currency":"IRT","symbol":"IRT"},"market":"USDIRT","side":"sell"},
		"success":true,"status":200}`
	printedTransfer = `{"result":{"trackid":"5a6b7c8d-1111-4222-8333-944445555666","amount":"10",
		"coin":{"name":"United States dollar","currency":"USD","symbol":"$"},"transfer_type":"transfer_out","type":"api",
		"order_id":"T-1","description":"","sender":{"account_number":10017,"email":"info*****ple.com"},
		"receiver":{"account_number":10025,"email":"info*****ple.org"},"time":1700000000,"date":"14/11/2023 22:13 UTC",
		"datew3c":"2023-11-14T22:13:20+00:00"},"success":true,"status":200}`
	printedWithdrawal = `{"result":{"trackid":"Ab3dEf6hIj9kLm2nOp","order_id":77,"address":"<address>",
		"amount":"3.510000000000000000","fee":"1.500000000000000000","type":"withdraw","txid":"Ab3dEf6hIj9kLm2nOp",
		"status":"queue","time":1700000000,"utc_date":"2023-11-14 22:13 UTC","coin":"USDT","coin_name":"USD Tether",
		"network":"TRX","network_name":"Tron (TRC20)"},"success":true,"status":200}`
	printedNetworks = `{"items":[{"coin":"USDT","coin_name":"USD Tether","network":"BNB","network_name":"BSC (BEP20)",
		"deposit_is_active":false,"withdraw_is_active":true,"min_withdraw":"1.5","fee":"1","decimal":6},
		{"coin":"USDT","coin_name":"USD Tether","network":"TRX","network_name":"Tron (TRC20)",
		"deposit_is_active":false,"withdraw_is_active":true,"min_withdraw":"2","fee":"1.5","decimal":6}],
		"success":true,"status":200}`
)

// exchanged is an exchange as the API prints it.
type exchanged struct {
	TrackID string `json:"trackid"`
	Spent   string `json:"spent_amount"`
	Rate    string
	Get     string `json:"get_amount"`
	Market  string
	Side    string
	Status  string
}

// The three exchanges of the contract, to the last place: what is cut off
// stays with the desk.
func TestExchange(t *testing.T) {
	t.Parallel()
	eachBureau(t, server.TerminalTerms{}, func(t *testing.T, b *bureau) {
		b.closed(func() {
			b.fill(b.ann.account, "101.11345678", "USD")
			b.fill(b.ann.account, "440590392.01", "IRT")
		})
		for _, rate := range listed[struct{ Market, Buy, Sell string }](b.ann.caller, "rate", "market=USDIRT").Items {
			if rate.Market != "USDIRT" || rate.Buy != "53064" || rate.Sell != "51889.25" {
				t.Errorf("got the rate %+v", rate)
			}
		}
		for _, row := range []struct{ amount, from, to, rate, get, market, side string }{
			{"440590392.01", "IRT", "USD", "53064", "8303.00000018", "USDIRT", "buy"},
			{"100.99", "USD", "IRT", "51889.25", "5240295.3575", "USDIRT", "sell"},
			{"0.12345678", "USD", "IRT", "51889.25", "6406.0797", "USDIRT", "sell"},
		} {
			body := "amount=" + row.amount + "&from_currency=" + row.from + "&to_currency=" + row.to
			got, text := single[exchanged](b.ann.caller, "exchange", body)
			wantShape(t, "exchange", text, printedExchange)
			want := exchanged{got.TrackID, row.amount, row.rate, row.get, row.market, row.side, "completed"}
			if got != want {
				t.Errorf("%s: got %+v, want %+v", body, got, want)
			}
		}
		b.ann.wantBalance("exchanged", "USD", "8303.00000018")
		b.ann.wantBalance("exchanged", "IRT", "5246701.4372")
		all := listed[exchanged](b.ann.caller, "exchange-list", "limit=2&sort=asc")
		if all.Total != 3 || all.Limit != 2 || len(all.Items) != 2 || all.Items[0].Side != "buy" || all.Sort != "asc" {
			t.Errorf("got the list %+v, want the first two of three", all)
		}
		one := listed[exchanged](b.ann.caller, "exchange-list", "trackid="+all.Items[1].TrackID)
		if one.Total != 1 || one.Items[0] != all.Items[1] {
			t.Errorf("got %+v, want %+v alone", one, all.Items[1])
		}
		if others := listed[exchanged](b.bob.caller, "exchange-list", ""); others.Total != 0 {
			t.Errorf("another account sees %+v", others)
		}
		b.ann.refused("exchange", "amount=1&from_currency=USD&to_currency=USD", http.StatusUnprocessableEntity, "to_currency")
		b.ann.refused("exchange", "amount=9000&from_currency=USD&to_currency=IRT", http.StatusPaymentRequired, "")
		for _, wrong := range []string{"1e3", "-1", "0", "0.123456789", "1,5", ""} {
			b.ann.refused("exchange", "amount="+wrong+"&from_currency=USD&to_currency=IRT", http.StatusUnprocessableEntity,
				"amount")
		}
		b.ann.wantBalance("refused", "USD", "8303.00000018")
	})
}

// transferred is a transfer as the API prints it.
type transferred struct {
	TrackID          string `json:"trackid"`
	Amount           string
	Direction        string `json:"transfer_type"`
	OrderID          string `json:"order_id"`
	Sender, Receiver party
}

type party struct {
	Account int64 `json:"account_number"`
	Email   string
}

// Money goes from account to account, once for each order.
func TestTransfer(t *testing.T) {
	t.Parallel()
	eachBureau(t, server.TerminalTerms{}, func(t *testing.T, b *bureau) {
		b.closed(func() {
			b.fill(b.ann.account, "30", "USD")
			b.fill(0, "5.5", "USD")
		})
		for n, receiver := range []string{b.bob.number(), b.bob.number() + "USD", "bob%40payers.example"} {
			body := fmt.Sprintf("receiver=%s&amount=2.5&currency=USD&order_id=T-%d&description=", receiver, n)
			got, text := single[transferred](b.ann.caller, "transfer", body)
			wantShape(t, "transfer", text, printedTransfer)
			want := transferred{
				got.TrackID, "2.5", "transfer_out", fmt.Sprint("T-", n),
				party{b.ann.account, "ann@*****example"},
				party{b.bob.account, "bob@*****example"},
			}
			if got != want {
				t.Errorf("%s: got %+v, want %+v", body, got, want)
			}
			b.ann.refused("transfer", body, http.StatusConflict, "")
		}
		to := func(receiver, amount, currency, order string) string {
			return "receiver=" + receiver + "&amount=" + amount + "&currency=" + currency + "&order_id=" + order
		}
		for _, wrong := range []struct {
			body   string
			status int
			field  string
		}{
			{to(b.bob.number()+"USD", "1", "IRT", "x"), http.StatusUnprocessableEntity, "receiver"},
			{to(b.ann.number(), "1", "USD", "x"), http.StatusUnprocessableEntity, "receiver"},
			{to("99999", "1", "USD", "x"), http.StatusNotFound, ""},
			{to("nobody%40payers.example", "1", "USD", "x"), http.StatusNotFound, ""},
			{to(b.bob.number(), "22.50000001", "USD", "x"), http.StatusPaymentRequired, ""},
			{to(b.bob.number(), "1", "USDT", "x"), http.StatusPaymentRequired, ""},
			{to(b.bob.number(), "1e3", "USD", "x"), http.StatusUnprocessableEntity, "amount"},
			{to(b.bob.number(), "1", "USD", strings.Repeat("x", 201)), http.StatusUnprocessableEntity, "order_id"},
		} {
			b.ann.refused("transfer", wrong.body, wrong.status, wrong.field)
		}
		// The order is the sender's own name for it: two senders may use the same.
		single[transferred](b.bob.caller, "transfer", to("tea%40house.example", "7", "USD", "T-0"))
		single[transferred](b.shop, "transfer", to(b.ann.number(), "12.5", "USD", "T-0"))
		b.ann.wantBalance("sent", "USD", "35")
		b.bob.wantBalance("sent on", "USD", "0.5")
		b.shop.wantBalance("sent on", "USD", "0")
		came := listed[transferred](b.bob.caller, "transfer-list", "transfer_type=transfer_in&limit=500&sort=asc")
		if came.Total != 3 || came.Limit != 100 || came.Items[0].Direction != "transfer_in" ||
			came.Items[2].OrderID != "T-2" {
			t.Errorf("the receiver sees %+v", came)
		}
		if same := listed[transferred](b.bob.caller, "transfer-list", "order_id=T-0"); same.Total != 2 {
			t.Errorf("got %+v, want what was sent and what came under that name", same)
		}
	})
}

// Coins that can be sent to: the addresses' owners are those of the examples
// in the papers of the two networks.
const (
	tronAddress = "TLa2f6VPqDgRE67v1736s7bJ8Ray5wYjU7"
	bnbAddress  = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
)

// A customer takes coins out: the money is set aside at once, an operator
// sends it or gives it back.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	eachBureau(t, server.TerminalTerms{}, func(t *testing.T, b *bureau) {
		b.closed(func() { b.fill(b.ann.account, "20", "USDT") })
		ask := func(order int, network, amount, address string) string {
			return fmt.Sprintf(`{"order_id":%d,"coin":"USDT","network":"%s","amount":"%s","address":"%s"}`,
				order, network, amount, address)
		}
		type withdrawal struct {
			TrackID     string `json:"trackid"`
			Amount, Fee string
			TxID        string `json:"txid"`
			Status      string
		}
		sent, text := single[withdrawal](b.ann.caller, "crypto-withdraw", ask(77, "TRX", "5.01", tronAddress))
		wantShape(t, "crypto-withdraw", text, printedWithdrawal)
		if sent.Amount != "3.510000000000000000" || sent.Fee != "1.500000000000000000" || sent.TxID != sent.TrackID ||
			sent.Status != "queue" || len(sent.TrackID) != 18 {
			t.Errorf("got %+v", sent)
		}
		refused, _ := single[withdrawal](b.ann.caller, "crypto-withdraw", ask(78, "BNB", "2", bnbAddress))
		failed, _ := single[withdrawal](b.ann.caller, "crypto-withdraw",
			"order_id=79&coin=USDT&network=BNB&amount=2.5&address="+bnbAddress)
		b.ann.wantBalance("set aside", "USDT", "10.49")
		for _, wrong := range []struct {
			body   string
			status int
			field  string
		}{
			{ask(77, "TRX", "5.01", tronAddress), http.StatusConflict, ""},
			{ask(80, "TRX", "1.99", tronAddress), http.StatusUnprocessableEntity, "amount"},
			{ask(80, "TRX", "2.0000001", tronAddress), http.StatusUnprocessableEntity, "amount"},
			{ask(80, "TRX", "11", tronAddress), http.StatusPaymentRequired, ""},
			{ask(80, "TRX", "5", bnbAddress), http.StatusUnprocessableEntity, "address"},
			{ask(80, "BTC", "5", tronAddress), http.StatusUnprocessableEntity, "network"},
			{ask(0, "TRX", "5", tronAddress), http.StatusUnprocessableEntity, "order_id"},
			{strings.Replace(ask(80, "TRX", "5", tronAddress), "80", `"eighty"`, 1), http.StatusUnprocessableEntity, "order_id"},
		} {
			b.ann.refused("crypto-withdraw", wrong.body, wrong.status, wrong.field)
		}
		b.closed(func() {
			word := server.PayoutWord{Payout: sent.TrackID, Receipt: "chain-1", Operator: "olga"}
			b.decided(word, server.Commands.ApprovePayout, "processing")
			b.decided(word, server.Commands.ConfirmPayout, "paid")
			word.Payout, word.Note = refused.TrackID, "not today"
			b.decided(word, server.Commands.RejectPayout, "rejected")
			word.Payout = failed.TrackID
			b.decided(word, server.Commands.ApprovePayout, "processing")
			b.decided(word, server.Commands.FailPayout, "failed")
		})
		b.ann.wantBalance("two of them are back", "USDT", "14.99")
		// The names of orders stay used, whatever became of them.
		b.ann.refused("crypto-withdraw", ask(78, "BNB", "2", bnbAddress), http.StatusConflict, "")

		posted := b.ann.send("crypto-info", "", http.StatusOK)
		request := b.ann.request(http.MethodGet, "/api/crypto-info", "")
		request.Header["api_key"], request.Header["api_sign"] = []string{b.ann.public}, []string{sign(b.ann.secret, "")}
		if got := b.ann.do(request, http.StatusOK); string(got) != string(posted) {
			t.Errorf("crypto-info: got %s with GET and %s with POST", got, posted)
		}
		if got, want := compact(t, posted), compact(t, []byte(printedNetworks)); got != want {
			t.Errorf("crypto-info: got %s, want %s", got, want)
		}
	})
}
