package zipay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/dialect/zipay"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/money"
)

// desk is a world with the dialect open in it.
type desk struct {
	*dialecttest.World
	handler http.Handler
}

func at(t *testing.T) desk {
	t.Helper()
	w := dialecttest.NewWorld(t, banks, extras)
	return desk{w, w.Handler(open(t, w))}
}

// call sends a form that a key signs.
func (d desk) call(method, key, body string) dialecttest.Answer {
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	header.Set("api_key", "{{"+key+"}}")
	header.Set("api_sign", "{{sign:"+key+"}}")
	return d.Ask(d.handler, http.MethodPost, "/api/"+method, header, body)
}

// answer is what tests read of an answer.
type answer struct {
	Result struct{ TrackID, Status string }
	Items  []struct {
		Coin   struct{ Currency string }
		Amount string
	}
	Total int
}

// must wants a good answer and reads it.
func must(t *testing.T, a dialecttest.Answer) answer {
	t.Helper()
	var body answer
	if err := json.Unmarshal([]byte(a.Body), &body); err != nil || a.Status != http.StatusOK {
		t.Fatalf("got %d %s, want 200 and an object", a.Status, a.Body)
	}
	return body
}

// invoice creates one of 60 USD.
func (d desk) invoice(t *testing.T, number string) string {
	t.Helper()
	return must(t, d.call("create-invoice", "shopkey", strings.Replace(invoiceOf(number), "25.50&currency=USDT",
		"60&currency=USD", 1))).Result.TrackID
}

// paid is one that account 10001 has paid.
func (d desk) paid(t *testing.T, number string) string {
	t.Helper()
	id := d.invoice(t, number)
	if _, err := d.Pay(t.Context(), 10001, id); err != nil {
		t.Fatal(err)
	}
	return id
}

func (d desk) give(t *testing.T, number, dollars int64) {
	t.Helper()
	if err := d.Give(t.Context(), number, money.New(dollars*100_000_000, money.USD)); err != nil {
		t.Fatal(err)
	}
}

// has wants an account to have so many dollars.
func (d desk) has(t *testing.T, key, want string) {
	t.Helper()
	if got := must(t, d.call("balance", key, "")).Items[0]; got.Amount != want || got.Coin.Currency != "USD" {
		t.Errorf("%s has %s %s, want %s USD", key, got.Amount, got.Coin.Currency, want)
	}
}

func (d desk) stands(t *testing.T, id, want string) {
	t.Helper()
	if got := must(t, d.call("invoice-status", "shopkey", "trackid="+id)).Result.Status; got != want {
		t.Errorf("the invoice is %s, want %s", got, want)
	}
}

// together runs a call so many times at once.
func together(n int, call func(int)) {
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { call(i) })
	}
	group.Wait()
}

func TestVerifyAtOnce(t *testing.T) {
	t.Parallel()
	d := at(t)
	d.give(t, 10001, 100)
	id := d.paid(t, "1")
	var good atomic.Int64
	together(20, func(int) {
		if d.call("invoice-verify", "shopkey", "trackid="+id).Status == http.StatusOK {
			good.Add(1)
		}
	})
	if good.Load() != 20 {
		t.Errorf("%d of 20 were answered well", good.Load())
	}
	d.has(t, "shopkey", "60")
	d.has(t, "payerkey", "40")
}

// A moment before the time is over the merchant may verify; from then on only
// the sweep decides, and the payer has the money back.
func TestTheLastMoment(t *testing.T) {
	t.Parallel()
	d := at(t)
	d.give(t, 10001, 120)
	early, late := d.paid(t, "1"), d.paid(t, "2")
	d.Wait(30*time.Minute - time.Millisecond)
	if n, err := d.App.RejectOverdue(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("the sweep came too early: %d, %v", n, err)
	}
	must(t, d.call("invoice-verify", "shopkey", "trackid="+early))
	d.Wait(time.Millisecond)
	if a := d.call("invoice-verify", "shopkey", "trackid="+late); a.Status != http.StatusConflict {
		t.Errorf("verified too late: %d %s", a.Status, a.Body)
	}
	if n, err := d.App.RejectOverdue(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("the sweep found %d, %v, want 1", n, err)
	}
	d.stands(t, early, "completed")
	d.stands(t, late, "rejected")
	d.has(t, "shopkey", "60")
	d.has(t, "payerkey", "60")
}

// Verify and the sweep at the very moment: one of them wins, never both.
func TestVerifyRacesTheSweep(t *testing.T) {
	t.Parallel()
	d := at(t)
	const rounds = 30
	d.give(t, 10001, 60*rounds)
	verified := 0
	for n := range rounds {
		id := d.paid(t, fmt.Sprint(n))
		d.Wait(30*time.Minute - time.Millisecond)
		var status int
		together(3, func(i int) {
			switch i {
			case 0:
				status = d.call("invoice-verify", "shopkey", "trackid="+id).Status
			case 1:
				d.Wait(time.Millisecond)
			case 2:
				if _, err := d.App.RejectOverdue(context.WithoutCancel(t.Context()), 10); err != nil {
					t.Error(err)
				}
			}
		})
		if _, err := d.App.RejectOverdue(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		if status == http.StatusOK {
			verified++
			d.stands(t, id, "completed")
		} else {
			d.stands(t, id, "rejected")
		}
	}
	d.has(t, "shopkey", fmt.Sprint(60*verified))
	d.has(t, "payerkey", fmt.Sprint(60*(rounds-verified)))
}

// Numbers that must be new are new once, however many come at the same time.
func TestNumbersAreTakenOnce(t *testing.T) {
	t.Parallel()
	d := at(t)
	d.give(t, 10000, 100)
	for method, body := range map[string]string{
		"create-invoice": invoiceOf("7"),
		"transfer":       "receiver=10002&amount=1&currency=USD&order_id=T-1",
	} {
		var good, taken atomic.Int64
		together(16, func(int) {
			switch a := d.call(method, "shopkey", body); {
			case a.Status == http.StatusOK:
				good.Add(1)
			case a.Status == http.StatusConflict && face(a) == nil && strings.Contains(a.Body, " was used before."):
				taken.Add(1)
			default:
				t.Errorf("%s: got %d %s", method, a.Status, a.Body)
			}
		})
		if good.Load() != 1 || taken.Load() != 15 {
			t.Errorf("%s: %d were good and %d taken, want 1 and 15", method, good.Load(), taken.Load())
		}
	}
	d.has(t, "shopkey", "99")
	d.has(t, "friendkey", "1")
}

// A wallet is spent once, by whatever is sent at the same time.
func TestMoneyIsSpentOnce(t *testing.T) {
	t.Parallel()
	d := at(t)
	d.give(t, 10001, 10)
	var good atomic.Int64
	together(40, func(n int) {
		body := fmt.Sprintf("receiver=10002&amount=1&currency=USD&order_id=%d", n)
		method := "transfer"
		if n%2 == 1 {
			method, body = "exchange", "amount=1&from_currency=USD&to_currency=IRT"
		}
		switch a := d.call(method, "payerkey", body); a.Status {
		case http.StatusOK:
			good.Add(1)
		case http.StatusPaymentRequired:
		default:
			t.Errorf("%s: got %d %s", method, a.Status, a.Body)
		}
	})
	if good.Load() != 10 {
		t.Errorf("10 dollars were spent %d times", good.Load())
	}
	d.has(t, "payerkey", "0")
}

// What was made through another API is unknown here.
func TestInvoicesOfOtherAPIs(t *testing.T) {
	t.Parallel()
	d := at(t)
	for _, n := range []app.NewInvoice{
		{ID: "66f0c0ffee00000000000077", Amount: money.New(5000, money.IRR)},
		{ID: "66f0c0ffee00000000000078", Amount: money.New(5000, money.USD), VerifyIn: time.Hour},
	} {
		if _, err := d.App.CreateInvoice(t.Context(), d.Shop, n); err != nil {
			t.Fatal(err)
		}
		for _, method := range []string{"invoice-status", "invoice-verify", "invoice-refund"} {
			if a := d.call(method, "shopkey", "trackid="+n.ID); a.Status != http.StatusNotFound || face(a) != nil {
				t.Errorf("%s: got %d %s, want 404", method, a.Status, a.Body)
			}
		}
	}
	if got := must(t, d.call("invoice-list", "shopkey", "")).Total; got != 0 {
		t.Errorf("the list has %d of them", got)
	}
}

func TestRevokedKey(t *testing.T) {
	t.Parallel()
	d := at(t)
	d.has(t, "balancekey", "0")
	keys, err := d.App.Keys(t.Context(), d.Shop)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if len(k.Methods) == 1 && k.Methods[0] == "balance" {
			if err := d.App.RevokeKey(t.Context(), d.Shop, k.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if a := d.call("balance", "balancekey", ""); a.Status != http.StatusUnauthorized || face(a) != nil {
		t.Errorf("got %d %s, want 401", a.Status, a.Body)
	}
}

// A receiver that fails once gets the notice again, under the same id, signed
// with the terminal's secret.
func TestNoticeIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, extras)
	terminal, secret := w.Terminal(t, w.Shop, app.TerminalTerms{Name: "told"})
	d := desk{w, w.Handler(open(t, w))}
	d.give(t, 10001, 100)
	id := must(t, d.call("create-invoice", "shopkey", fmt.Sprintf("terminal_number=%d&amount=1&currency=USD"+
		"&invoice_number=INV+7%%2F2026&callback=https%%3A%%2F%%2Fshop.example&webhook=https%%3A%%2F%%2Fshop.example%%2Fhook",
		terminal))).Result.TrackID
	if _, err := d.Pay(t.Context(), 10001, id); err != nil {
		t.Fatal(err)
	}
	first := d.try(t, secret, event.Outcome{Status: 500})
	if list, err := d.App.DueDeliveries(t.Context(), 10, 10); len(list) != 0 || err != nil {
		t.Errorf("%d are due at once, %v", len(list), err)
	}
	d.Wait(time.Minute)
	second := d.try(t, secret, event.Outcome{Status: 200})
	if first != second || !strings.HasPrefix(first, "msg_") {
		t.Errorf("the ids are %s and %s", first, second)
	}
	d.Wait(time.Hour)
	if list, err := d.App.DueDeliveries(t.Context(), 10, 10); len(list) != 0 || err != nil {
		t.Errorf("%d are due after it was taken, %v", len(list), err)
	}
}

// try sends what is due, to somebody who checks it, and gives its id.
func (d desk) try(t *testing.T, secret string, o event.Outcome) string {
	t.Helper()
	list, err := d.App.DueDeliveries(t.Context(), 10, 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("got %d due deliveries, %v, want one", len(list), err)
	}
	m, mine, err := d.App.TakeDelivery(t.Context(), list[0])
	if err != nil || !mine {
		t.Fatalf("got %t, %v", mine, err)
	}
	want := "trackid=" + m.Subject + "&invoice_number=INV+7%2F2026&status=pending"
	if string(m.Body) != want || m.Headers["content-type"] != "application/x-www-form-urlencoded" {
		t.Errorf("got %s as %s, want %s", m.Body, m.Headers["content-type"], want)
	}
	signature, err := event.Sign(m.Headers[event.HeaderID], d.Now(), m.Body, secret)
	if err != nil || m.Headers[event.HeaderSignature] != signature {
		t.Errorf("the signature is %s, want %s (%v)", m.Headers[event.HeaderSignature], signature, err)
	}
	if err := d.App.RecordDelivery(t.Context(), m, o); err != nil {
		t.Fatal(err)
	}
	return m.Headers[event.HeaderID]
}

// Clients of other languages sign their fields as PHP does and send them as
// they like.
func TestBodiesOfOtherClients(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ media, body, signed string }{
		"multipart": {
			"multipart/form-data; boundary=b",
			"--b\r\nContent-Disposition: form-data; name=\"receiver\"\r\n\r\n10002\r\n" +
				"--b\r\nContent-Disposition: form-data; name=\"amount\"\r\n\r\n1.50\r\n" +
				"--b\r\nContent-Disposition: form-data; name=\"currency\"\r\n\r\nUSD\r\n" +
				"--b\r\nContent-Disposition: form-data; name=\"order_id\"\r\n\r\nA~1* /\r\n--b--\r\n",
			"receiver=10002&amount=1.50&currency=USD&order_id=A%7E1%2A+%2F",
		},
		"JSON": {
			"application/json", `{"receiver":"10002","amount":1.50,"currency":"USD","order_id":"A~1* /","description":null}`,
			"receiver=10002&amount=1.50&currency=USD&order_id=A%7E1%2A+%2F",
		},
		"form": {
			"", "receiver=10002&amount=1.50&currency=USD&order_id=A~1*%20/",
			"receiver=10002&amount=1.50&currency=USD&order_id=A%7E1%2A+%2F",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dialecttest.NewWorld(t, banks, extras)
			d := desk{w, w.Handler(open(t, w))}
			d.give(t, 10000, 10)
			_, text, err := d.App.CreateSigningKey(t.Context(), app.NewSigningKey{Merchant: d.Shop})
			if err != nil {
				t.Fatal(err)
			}
			header := http.Header{}
			header.Set("api_key", text.Public)
			header.Set("api_sign", zipay.Sign(text.Secret, test.signed))
			if test.media != "" {
				header.Set("Content-Type", test.media)
			}
			a := d.Ask(d.handler, http.MethodPost, "/api/transfer", header, test.body)
			if a.Status != http.StatusOK || !strings.Contains(a.Body, `"amount":"1.5"`) ||
				!strings.Contains(a.Body, `"order_id":"A~1* /"`) {
				t.Errorf("got %d %s", a.Status, a.Body)
			}
			header.Set("api_sign", zipay.Sign(text.Secret, test.signed+"&x=1"))
			if a := d.Ask(d.handler, http.MethodPost, "/api/transfer", header, test.body); a.Status != http.StatusUnauthorized {
				t.Errorf("a wrong signature: got %d %s", a.Status, a.Body)
			}
		})
	}
}

// The payer goes back to the callback, with the number as it was given.
func TestWayBack(t *testing.T) {
	t.Parallel()
	d := at(t)
	id := d.invoice(t, "INV+7%2F2026")
	view, err := d.App.Hosted(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	want := "https://shop.example/back?trackid=" + id + "&invoice_number=INV+7%2F2026"
	if got := view.Invoice.ReturnTo; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
