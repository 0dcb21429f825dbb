package p2p_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/dialect/p2p"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/money"
)

// ask sends one call of a store, or of nobody.
func ask(w *dialecttest.World, h http.Handler, key, method, target, media, body string) dialecttest.Answer {
	header := http.Header{}
	if key != "" {
		header.Set("X-Identity", "{{"+key+"}}")
		header.Set("X-Signature", "{{sign:"+key+"}}")
	}
	if media != "" {
		header.Set("Content-Type", media)
	}
	return w.Ask(h, method, target, header, body)
}

// asked is an invoice as an answer shows it.
type asked struct {
	ID     string
	Status string
	Sum    struct{ Amount string }
	Deals  []struct {
		ID         string
		Status     string
		Option     string `json:"paymentOption"`
		Requisites struct{ Requisites string }
	}
}

func read(t *testing.T, a dialecttest.Answer) asked {
	t.Helper()
	var i asked
	if err := json.Unmarshal([]byte(a.Body), &i); err != nil || a.Status != http.StatusOK {
		t.Fatalf("got %d %s: %v", a.Status, a.Body, err)
	}
	return i
}

// create makes an invoice with more fields than are needed.
func create(t *testing.T, w *dialecttest.World, h http.Handler, more string) asked {
	t.Helper()
	return read(t, ask(w, h, "shopkey", "POST", "/api/merchant/invoices", "application/json", "{"+plain+more+"}"))
}

// receipt is a multipart body with a PDF of so many bytes.
func receipt(size int) string {
	const head = "--b\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"a\"\r\n\r\n"
	return head + "%PDF-" + strings.Repeat("x", size-len("%PDF-")) + "\r\n--b--\r\n"
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(open(t, w))
	i := create(t, w, h, `,"amount":"1500","startDeal":true`)
	target := "/api/merchant/invoices/" + i.ID + "/confirm-transfer"
	for _, test := range []struct{ size, status int }{
		{deal.MaxFile + 1, http.StatusRequestEntityTooLarge},
		{deal.MaxFile + dialect.MaxBody, http.StatusRequestEntityTooLarge},
		{deal.MaxFile, http.StatusOK},
		{deal.MaxFile, http.StatusOK},
	} {
		a := ask(w, h, "shopkey", "POST", target, "multipart/form-data; boundary=b", receipt(test.size))
		if a.Status != test.status || a.Status > 200 && !strings.Contains(a.Body, `"code":"FILE_TOO_LARGE"`) {
			t.Errorf("%d bytes: got %d %.200s", test.size, a.Status, a.Body)
		}
		d, err := w.App.Deal(t.Context(), w.Shop, i.Deals[0].ID)
		if err != nil || (d.State == deal.TransferConfirmed) != (test.status == 200) {
			t.Errorf("%d bytes: the deal is %s, %v", test.size, d.State, err)
		}
	}
	kept, err := w.App.Attachments(t.Context(), w.Shop, i.Deals[0].ID)
	if err != nil || len(kept) != 2 || kept[0].Size != deal.MaxFile || kept[0].Type != "application/pdf" {
		t.Errorf("got %+v, %v", kept, err)
	}
}

// One that is sent many times at once makes one invoice with one deal.
func TestRepeatedAtOnce(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(open(t, w))
	const crowd = 12
	answers := make([]dialecttest.Answer, crowd)
	var all sync.WaitGroup
	for n := range crowd {
		all.Go(func() {
			answers[n] = ask(w, h, "shopkey", "POST", "/api/merchant/invoices", "application/json",
				"{"+plain+`,"amount":"1500","internalId":"ord-1","startDeal":true}`)
		})
	}
	all.Wait()
	first := read(t, answers[0])
	for _, a := range answers {
		if i := read(t, a); i.ID != first.ID || len(i.Deals) > 1 {
			t.Errorf("got %s, want the invoice %s with a deal", a.Body, first.ID)
		}
	}
	last := read(t, ask(w, h, "shopkey", "GET", "/api/merchant/internal-id/ord-1", "", ""))
	if last.ID != first.ID || len(last.Deals) != 1 {
		t.Errorf("got %+v, want one deal", last)
	}
}

// unread is a large body that nobody may touch.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// Nobody makes the server hold a large body whose key, signature and limits were
// not looked at.
func TestFilesOfStrangersAreNotRead(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(opened(t, w, false))
	i := create(t, w, h, `,"amount":"1500","startDeal":true`)
	_, secret, err := w.App.SigningKey(t.Context(), w.Keys["shopkey"])
	if err != nil {
		t.Fatal(err)
	}
	confirm := "invoices/" + i.ID + "/confirm-transfer"
	send := func(target, identity, secret, media string, size int64, body io.Reader) int {
		r := httptest.NewRequestWithContext(t.Context(), "POST", target, body)
		r.ContentLength = size
		r.Header.Set("Content-Type", media)
		r.Header.Set("X-Identity", identity)
		r.Header.Set("X-Signature", p2p.Sign(secret, "POST", base+target, nil))
		recorder := httptest.NewRecorder()
		h.ServeHTTP(recorder, r)
		return recorder.Code
	}
	const media, merchantPath, publicPath = "multipart/form-data; boundary=b", "/api/merchant/", "/api/public/"
	for _, target := range []string{merchantPath + confirm, merchantPath + "invoices/" + i.ID + "/dispute"} {
		for identity, secret := range map[string]string{
			w.Keys["shopkey"]: secret + "x", "unknown": secret, w.Keys["walletkey"]: "",
		} {
			if got := send(target, identity, secret, media, deal.MaxFile, unread{t}); got != http.StatusUnauthorized {
				t.Errorf("%s by a stranger: got %d", target, got)
			}
		}
		text := strings.NewReader(strings.Repeat(" ", deal.MaxFile))
		if got := send(target, w.Keys["shopkey"], "x", "application/json", -1, text); got != 413 ||
			text.Len() < deal.MaxFile/2 {
			t.Errorf("%s, JSON without end: got %d, %d bytes are left", target, got, text.Len())
		}
	}
	if got := send(publicPath+"invoices/"+w.UUID()+"/confirm-transfer", "", "", media, -1, unread{t}); got != 404 {
		t.Errorf("an invoice that nobody knows: got %d", got)
	}
	for range 40 {
		ask(w, h, "", "GET", publicPath+"payment-methods/RUB", "", "")
	}
	if got := send(publicPath+confirm, "", "", media, -1, unread{t}); got != http.StatusTooManyRequests {
		t.Errorf("above the limit: got %d", got)
	}
	body := strings.NewReader(receipt(deal.MaxFile))
	if got := send(merchantPath+confirm, w.Keys["shopkey"], secret, media, -1, body); got != http.StatusOK {
		t.Errorf("the store itself: got %d", got)
	}
	body = strings.NewReader(receipt(1 << 20))
	if got := send(merchantPath+confirm, w.Keys["shopkey"], secret, "application/json", -1, body); got != http.StatusOK {
		t.Errorf("the store itself, which calls parts JSON: got %d", got)
	}
}

// Banks of every currency are listed, to its merchant and to anybody, as long as
// money can be sent there.
func TestBanksOfOtherCurrencies(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(open(t, w))
	list, err := w.App.Traders(t.Context(), w.Shop, app.Page{Limit: 1})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	off := true
	for _, unit := range []money.Unit{money.KZT, "UZS", money.RUB} {
		least, most := must(money.Parse("100", unit)), must(money.Parse("900", unit))
		for _, terms := range []app.RequisiteTerms{{Method: "kaspi"}, {Method: "halyk", Disabled: &off}} {
			terms.Merchant, terms.Trader, terms.Operator = w.Shop, list[0].Trader.ID, "Sam"
			terms.Option, terms.Number, terms.Least, terms.Most = "TO_CARD", "4400000000000007", least, most
			if _, err := w.App.PutRequisite(t.Context(), terms); err != nil {
				t.Fatal(err)
			}
		}
		const kaspi = `{"code":"kaspi","name":"Kaspi"}`
		public := ask(w, h, "", "GET", "/api/public/payment-methods/"+string(unit), "", "")
		own := ask(w, h, "shopkey", "GET", "/api/merchant/payment-methods?currency="+string(unit), "", "")
		for _, a := range []dialecttest.Answer{public, own} {
			if a.Status != http.StatusOK || !strings.Contains(a.Body, kaspi) || strings.Contains(a.Body, "halyk") ||
				unit != money.RUB && a.Body != "["+kaspi+"]" {
				t.Errorf("%s: got %d %.300s", unit, a.Status, a.Body)
			}
		}
	}
}

// However often a name is used, its newest invoice is found.
func TestManyOfOneName(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(open(t, w))
	for n := range 20 {
		i := create(t, w, h, `,"internalId":"ord-1","amount":"`+string(rune('1'+n%9))+`00.`+string(rune('1'+n/9))+`0"`)
		if found := read(t, ask(w, h, "shopkey", "GET", "/api/merchant/internal-id/ord-1", "", "")); found.ID != i.ID {
			t.Fatalf("after %d: got %s, want %s", n+1, found.ID, i.ID)
		}
	}
}

// Crowds get different pairs of account and sum, or nothing.
func TestNoPairTwice(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(open(t, w))
	const crowd = 50
	answers := make([]dialecttest.Answer, crowd)
	var all sync.WaitGroup
	for n := range crowd {
		all.Go(func() {
			answers[n] = ask(w, h, "shopkey", "POST", "/api/merchant/invoices", "application/json",
				"{"+plain+`,"amount":"500","maxAmount":"500.05","startDeal":true}`)
		})
	}
	all.Wait()
	pairs := map[string]bool{}
	for _, a := range answers {
		i := read(t, a)
		if len(i.Deals) == 0 {
			continue
		}
		pair := i.Deals[0].Requisites.Requisites + " " + i.Sum.Amount
		if pairs[pair] {
			t.Errorf("%s was given twice", pair)
		}
		pairs[pair] = true
	}
	if len(pairs) != 12 { // two accounts and six sums
		t.Errorf("got %d pairs, want 12: %v", len(pairs), pairs)
	}
}

func TestPublicLimits(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(opened(t, w, false))
	i := create(t, w, h, `,"amount":"1500"`)
	target := "/api/public/invoices/" + i.ID + "/start-deal"
	var last dialecttest.Answer
	statuses := map[int]int{}
	for range 50 {
		last = ask(w, h, "", "POST", target, "application/json", "{}")
		statuses[last.Status]++
	}
	if statuses[200] != 1 || statuses[429] < 20 || statuses[409] != 50-1-statuses[429] {
		t.Errorf("got %v", statuses)
	}
	if last.Header.Get("Retry-After") == "" || !strings.Contains(last.Body, "RATE_LIMITED") {
		t.Errorf("got %v %s", last.Header, last.Body)
	}
	w.Wait(time.Minute)
	if a := ask(w, h, "", "GET", "/api/public/invoices/"+i.ID, "", ""); a.Status != http.StatusOK {
		t.Errorf("a minute later: got %d", a.Status)
	}
	if a := ask(w, h, "shopkey", "GET", "/api/merchant/invoices/"+i.ID, "", ""); a.Status != http.StatusOK {
		t.Errorf("the merchant: got %d", a.Status)
	}
}

// The secret of a merchant is good with the key of each of its stores, and shows
// what that store has; the secret of another merchant is not.
func TestOneSecretForAllStores(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(open(t, w))
	i := create(t, w, h, `,"amount":"1500"`)
	for _, test := range []struct {
		key, signer string
		status      int
	}{
		{"shopkey", "secondkey", http.StatusOK},
		{"secondkey", "shopkey", http.StatusNotFound},
		{"shopkey", "otherkey", http.StatusUnauthorized},
	} {
		header := http.Header{"X-Identity": {"{{" + test.key + "}}"}, "X-Signature": {"{{sign:" + test.signer + "}}"}}
		if a := w.Ask(h, "GET", "/api/merchant/invoices/"+i.ID, header, ""); a.Status != test.status {
			t.Errorf("%s signed with the secret of %s: got %d %s, want %d", test.key, test.signer, a.Status, a.Body, test.status)
		}
	}
}

// Invoices of other APIs at the same terminal are not there.
func TestForeignInvoices(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(open(t, w))
	i, err := w.App.CreateInvoice(t.Context(), w.Shop, app.NewInvoice{
		ID: w.UUID(), Amount: roubles("1500"), Terminal: 1001, Reference: "1:ord-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"merchant/invoices/" + i.ID, "public/invoices/" + i.ID, "merchant/internal-id/ord-1",
		"merchant/internal-id/%00", "merchant/internal-id/%ff", "merchant/internal-id/" + strings.Repeat("x", 5000),
		"merchant/invoices/%00", "merchant/invoices/" + strings.ToUpper(i.ID) + "x",
	} {
		if a := ask(w, h, "shopkey", "GET", "/api/"+path, "", ""); a.Status != http.StatusNotFound {
			t.Errorf("%.60s: got %d %s", path, a.Status, a.Body)
		}
	}
	for _, path := range []string{"merchant", "public"} {
		if a := ask(w, h, "shopkey", "POST", "/api/"+path+"/invoices/"+i.ID+"/cancel", "", ""); a.Status != 404 {
			t.Errorf("%s: got %d %s", path, a.Status, a.Body)
		}
	}
	if list := ask(w, h, "shopkey", "GET", "/api/merchant/invoices", "", ""); list.Body != "[]" {
		t.Errorf("got the list %s", list.Body)
	}
	if made := create(t, w, h, `,"amount":"1500","internalId":"ord-1"`); made.ID == i.ID {
		t.Error("a repeated call found a foreign invoice")
	}
}

// What our own API made at a store is the store's, by the id and the name that it has
// there: it is read, listed and paid, and nobody sees it without a key.
func TestMadeThroughOurOwnAPI(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(open(t, w))
	const native = "inv_01941f29-7c00-7000-8000-00000000000"
	for n, i := range []app.NewInvoice{
		{Terminal: 1001, Reference: "ord-1", Bag: map[string]string{"user": "u-7"}},
		{Terminal: 1001, VerifyIn: time.Hour},
		{Terminal: 1002},
		{},
	} {
		i.ID, i.Amount = native+strconv.Itoa(n), roubles("1500")
		if _, err := w.App.CreateInvoice(t.Context(), w.Shop, i); err != nil {
			t.Fatal(err)
		}
	}
	want := `{"id":"` + native + `0","internalId":"ord-1","userId":"u-7","type":"in","status":"new",` +
		`"paymentMethod":null,"paymentOption":null,"paymentRequisites":null,` +
		`"sum":{"amount":"1500.00","currency":"RUB","subunit":2},` +
		`"storeId":1001,"storeName":"Demo Test","receivedSumFromTaker":null,"receivedSumFromMaker":null,` +
		`"serviceFeeSum":null,"payoutSum":null,"createdAt":"2025-01-02T03:04:05+00:00",` +
		`"expireAt":"9999-12-31T23:59:59+00:00","updatedAt":"2025-01-02T03:04:05+00:00",` +
		`"invoiceUrl":"https://pay.test/invoice?id=` + native + `0","deals":[]}`
	get := func(key, path string) dialecttest.Answer { return ask(w, h, key, "GET", "/api/"+path, "", "") }
	for path, body := range map[string]string{
		"merchant/invoices/" + native + "0": want, "merchant/internal-id/ord-1": want, "merchant/invoices": "[" + want + "]",
	} {
		if a := get("shopkey", path); a.Status != http.StatusOK || a.Body != body {
			t.Errorf("%s: got %d %s, want %s", path, a.Status, a.Body, body)
		}
	}
	for _, c := range []struct{ key, path string }{
		{"shopkey", "merchant/invoices/" + native + "1"},
		{"shopkey", "merchant/invoices/" + native + "2"},
		{"shopkey", "merchant/invoices/" + native + "3"},
		{"secondkey", "merchant/invoices/" + native + "0"},
		{"otherkey", "merchant/invoices/" + native + "0"},
		{"secondkey", "merchant/internal-id/ord-1"},
		{"shopkey", "public/invoices/" + native + "0"},
	} {
		if a := get(c.key, c.path); a.Status != http.StatusNotFound || face(a) != nil {
			t.Errorf("%s by %s: got %d %s, want 404", c.path, c.key, a.Status, a.Body)
		}
	}
	for _, what := range []string{"start-deal", "cancel"} {
		if a := ask(w, h, "shopkey", "POST", "/api/public/invoices/"+native+"0/"+what, "", ""); a.Status != 404 {
			t.Errorf("%s without a key: got %d %s", what, a.Status, a.Body)
		}
	}
	begun := read(t, ask(w, h, "shopkey", "POST", "/api/merchant/invoices/"+native+"0/start-deal", "", ""))
	if begun.ID != native+"0" || len(begun.Deals) != 1 {
		t.Errorf("got %+v, want a deal", begun)
	}
	if made := create(t, w, h, `,"amount":"1500","internalId":"ord-1"`); made.ID == native+"0" {
		t.Error("a repeated call found what our own API made")
	}
}

// Nothing but 200 takes a callback. The first tries are a minute apart, and all of
// them have one id.
func TestCallbacksAreTriedAgain(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, nil, extras)
	h := w.Handler(open(t, w))
	i := read(t, ask(w, h, "shopkey", "POST", "/api/merchant/invoices", "application/json",
		`{"type":"in","currency":"RUB","amount":"1500","notificationUrl":"https://shop.example/n","notificationToken":""}`))
	silent := create(t, w, h, `,"amount":"1500"`)
	for _, id := range []string{i.ID, silent.ID} {
		ask(w, h, "shopkey", "POST", "/api/merchant/invoices/"+id+"/cancel", "", "")
	}
	id := ""
	for n, try := range []struct {
		status int
		pause  time.Duration // until the next try; 0 = at least twenty minutes
	}{{201, time.Minute}, {204, time.Minute}, {500, 0}, {200, 0}} {
		due, err := w.App.DueDeliveries(t.Context(), 10, 10)
		if err != nil || len(due) != 1 || due[0].Subject != i.ID {
			t.Fatalf("try %d: got %+v, %v, want one about the invoice that has an address", n+1, due, err)
		}
		m, mine, err := w.App.TakeDelivery(t.Context(), due[0])
		if err != nil || !mine || id != "" && m.Headers["webhook-id"] != id {
			t.Fatalf("try %d: got %v, %t, %v", n+1, m.Headers, mine, err)
		}
		id = m.Headers["webhook-id"]
		if err := w.App.RecordDelivery(t.Context(), m, event.Outcome{Status: try.status}); err != nil {
			t.Fatal(err)
		}
		d, err := w.App.Delivery(t.Context(), w.Shop, m.ID)
		if err != nil || (d.State == event.Delivered) != (try.status == 200) {
			t.Fatalf("%d: got %+v, %v", try.status, d, err)
		}
		pause := d.RunAt.Sub(w.Now())
		if try.pause > 0 && pause != try.pause || try.status == 500 && pause < 20*time.Minute {
			t.Errorf("after try %d: the next one comes after %v", n+1, pause)
		}
		w.Wait(max(pause, 0))
	}
}

// What is sent carries the merchant's token, and our own headers cannot be
// replaced by it.
func TestNotificationToken(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]string{"tok-1": "tok-1", "": ""} {
		w := dialecttest.NewWorld(t, nil, extras)
		h := w.Handler(open(t, w))
		i := read(t, ask(w, h, "shopkey", "POST", "/api/merchant/invoices", "application/json",
			`{"type":"in","currency":"RUB","amount":"1500","notificationUrl":"https://shop.example/n","notificationToken":"`+
				token+`"}`))
		if a := ask(w, h, "shopkey", "POST", "/api/merchant/invoices/"+i.ID+"/cancel", "", ""); a.Status != http.StatusOK {
			t.Fatal(a.Body)
		}
		due, err := w.App.DueDeliveries(t.Context(), 10, 10)
		if err != nil || len(due) != 1 {
			t.Fatalf("got %d deliveries, %v", len(due), err)
		}
		m, mine, err := w.App.TakeDelivery(t.Context(), due[0])
		if err != nil || !mine {
			t.Fatal(mine, err)
		}
		got, ok := m.Headers["X-Notification-Token"]
		if got != want || ok != (want != "") || m.Headers["webhook-signature"] == "" ||
			m.Headers["content-type"] != "application/json" {
			t.Errorf("got %v", m.Headers)
		}
	}
}
