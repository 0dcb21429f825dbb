package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"math/big"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/server"
)

// storeKeys is the part of demo.json that a tool for the p2p API reads.
type storeKeys struct {
	Identity string `json:"identity"`
	Secret   string `json:"secret"`
	Base     string `json:"public_base_url"`
}

// store is software that speaks the p2p API, written against nothing but its
// printed description.
type store struct {
	*shop

	keys storeKeys
}

// store reads demo.json.
func (s *shop) store() store {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.options.Data, "demo.json"))
	var shown struct{ P2P storeKeys }
	if err == nil {
		err = json.Unmarshal(text, &shown)
	}
	if err != nil || shown.P2P.Identity == "" || shown.P2P.Secret == "" || shown.P2P.Base == "" {
		s.t.Fatalf("demo.json: got %+v, %v, want the key of a store", shown.P2P, err)
	}
	return store{s, shown.P2P}
}

// ask sends a signed call that goes well. Media is empty for JSON, whose bytes
// are signed; those of anything else are not.
func (s store) ask(method, path, media string, body []byte) []byte {
	s.t.Helper()
	mac := hmac.New(sha1.New, []byte(s.keys.Secret))
	mac.Write([]byte(method + s.keys.Base + path))
	if media == "" {
		mac.Write(body)
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.keys.Base+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if media == "" && body != nil {
		media = "application/json"
	}
	if media != "" {
		request.Header.Set("Content-Type", media)
	}
	request.Header.Set("X-Identity", s.keys.Identity)
	request.Header.Set("X-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return s.do(request, http.StatusOK)
}

// create makes an invoice with a deal.
func (s store) create(amount, notify, token string) (invoice, deal object) {
	s.t.Helper()
	body, err := json.Marshal(object{
		"type": "in", "amount": amount, "currency": "RUB", "notificationUrl": notify, "notificationToken": token,
		"internalId": "ord-1", "paymentOption": "SBP", "startDeal": true,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	invoice = s.decode(s.ask(http.MethodPost, "/api/merchant/invoices", "", body))
	deals, ok := invoice["deals"].([]any)
	if !ok || len(deals) != 1 || invoice["status"] != "new" {
		s.t.Fatalf("got %v, want an invoice with a deal", invoice)
	}
	deal, ok = deals[0].(map[string]any)
	if !ok || deal["status"] != "transfer_waiting" {
		s.t.Fatalf("got the deal %v", deals[0])
	}
	return invoice, deal
}

// onePixel is the smallest of pictures.
const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// picture is a form with a receipt in it.
func picture(t *testing.T) (media string, body []byte) {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(onePixel)
	if err != nil {
		t.Fatal(err)
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("attachment", "receipt.png")
	if err == nil {
		_, err = part.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), form.Bytes()
}

// member is what stands at a path of an object.
func (o object) member(path ...string) any {
	var at any = map[string]any(o)
	for _, name := range path {
		inside, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = inside[name]
	}
	return at
}

// wantSums are the four sums of 2000 roubles at 98.50 and 8.5 percent.
func wantSums(t *testing.T, invoice object) {
	t.Helper()
	for name, want := range map[string]string{
		"receivedSumFromTaker": "2000.00", "receivedSumFromMaker": "20.30456852", "serviceFeeSum": "1.72588833",
		"payoutSum": "18.57868019",
	} {
		if got := invoice.member(name, "amount"); got != want {
			t.Errorf("%s: got %v, want %s", name, got, want)
		}
	}
}

// confirmedBy lets the trader say that the money came: beside the running server
// on PostgreSQL, and while it is stopped on SQLite.
func (s *shop) confirmedBy(deal string) *shop {
	s.t.Helper()
	next := s
	if s.options.Database == "" {
		s.stop()
	}
	done := operator{s.t, server.Config{Data: s.options.Data, Database: s.options.Database}}.run(
		func(c server.Commands) error {
			return c.ConfirmDeal(s.t.Context(), server.DealWord{Deal: deal, Operator: "Tom"})
		})
	if done["state"] != "completed" {
		s.t.Errorf("got %v, want the deal completed", done)
	}
	if s.options.Database == "" {
		next = open(s.t, s.options)
	}
	return next
}

// Money is sent to a trader, who says so; the store hears of it and is settled.
func TestInvoiceIsPaidToPerson(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, s *shop) {
		site := openSite(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
		shop := s.store()
		before := shop.balance(t)
		invoice, deal := shop.create("2000", site.at("/hook"), "tok-e2e")
		path := "/api/merchant/invoices/" + invoice.text(t, "id")
		if read := shop.decode(shop.ask(http.MethodGet, path, "", nil)); read["id"] != invoice["id"] ||
			read.member("sum", "amount") != "2000.00" || read["receivedSumFromTaker"] != nil {
			t.Errorf("got %v, want the invoice without sums", read)
		}
		media, body := picture(t)
		sent := shop.decode(shop.ask(http.MethodPost, path+"/confirm-transfer", media, body))
		if deals, ok := sent["deals"].([]any); !ok || len(deals) != 1 ||
			object(deals[0].(map[string]any))["status"] != "transfer_confirmed" {
			t.Errorf("got %v, want the transfer confirmed", sent)
		}
		if len(site.hooks()) != 0 {
			t.Errorf("the store heard of %v before it was paid", site.hooks())
		}
		s = s.confirmedBy(deal.text(t, "id"))
		shop = s.store()
		until(t, "the store to be told", func() bool { return len(site.hooks()) > 0 })
		hook := site.hooks()[0]
		if hook.header.Get("X-Notification-Token") != "tok-e2e" || hook.header.Get("Webhook-Signature") == "" {
			t.Errorf("got the headers %v", hook.header)
		}
		told := s.decode([]byte(hook.body))
		if told["notificationType"] != "invoice" || told.member("invoice", "status") != "paid" ||
			told.member("invoice", "deal", "status") != "completed" {
			t.Errorf("the store was told %s", hook.body)
		}
		heard, _ := told.member("invoice").(map[string]any)
		wantSums(t, heard)
		read := shop.decode(shop.ask(http.MethodGet, path, "", nil))
		if read["status"] != "paid" || read["id"] != invoice["id"] {
			t.Errorf("got %v, want it paid", read)
		}
		wantSums(t, read)
		if after := shop.balance(t); after != sumOf(t, before, "18.57868019") {
			t.Errorf("got %s after %s, want the coins", after, before)
		}
		if n := len(site.hooks()); n != 1 {
			t.Errorf("the store was told %d times", n)
		}
		s, _ = s.operated(func(c server.Commands) error {
			return c.CorrectDeal(t.Context(), server.DealWord{
				Deal: deal.text(t, "id"), Paid: "1900.50", Operator: "Tom", Note: "looked again",
			})
		})
		shop = s.store()
		until(t, "the store to be told of another sum", func() bool { return len(site.hooks()) > 1 })
		again := s.decode([]byte(site.hooks()[1].body))
		if again.member("invoice", "status") != "paid" || again.member("invoice", "sum", "amount") != "1900.50" ||
			again.member("invoice", "payoutSum", "amount") != "17.65439085" {
			t.Errorf("the store was told %s", site.hooks()[1].body)
		}
		if after := shop.balance(t); after != sumOf(t, before, "17.65439085") {
			t.Errorf("got %s after %s, want the coins of the other sum", after, before)
		}
		s.audit()
	})
}

// The merchant's own word, which comes with every notice, is nowhere but there: not
// in the database, not in the log, neither before it is sent nor after.
func TestNotificationTokenLeavesNoTrace(t *testing.T) {
	t.Parallel()
	const token = "Canary-7c1f5f2ab93e4d0f"
	log := &output{}
	s := open(t, server.DemoOptions{Log: log, LogLevel: "debug"})
	site := openSite(t) // answers 204, by which nothing is done
	shop := s.store()
	invoice, _ := shop.create("2000", site.at("/hook"), token)
	id := invoice.text(t, "id")
	shop.ask(http.MethodPost, "/api/merchant/invoices/"+id+"/cancel", "", nil)
	until(t, "the store to be told", func() bool { return len(site.hooks()) > 0 })
	if got := site.hooks()[0].header.Get("X-Notification-Token"); got != token {
		t.Errorf("got the token %q", got)
	}
	wantNone := func(when string) {
		known := false
		err := filepath.WalkDir(s.options.Data, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			known = known || bytes.Contains(text, []byte(id))
			for name, form := range traces(token) {
				if bytes.Contains(text, []byte(form)) {
					t.Errorf("%s: %s holds the token, %s", when, path, name)
				}
			}
			return err
		})
		if err != nil || !known {
			t.Errorf("%s: the invoice is in the database: %t, %v", when, known, err)
		}
		for name, form := range traces(token) {
			if strings.Contains(log.String(), form) {
				t.Errorf("%s: the log holds the token, %s", when, name)
			}
		}
	}
	wantNone("running")
	s.stop()
	wantNone("stopped")
	if !strings.Contains(log.String(), "/api/merchant/invoices") {
		t.Errorf("got the log %s", log.String())
	}
}

// balance is what the merchant has to spend.
func (s store) balance(t *testing.T) string {
	t.Helper()
	var list []struct {
		Currency string
		Sum      struct{ Amount string }
	}
	text := s.ask(http.MethodGet, "/api/merchant/accounts", "", nil)
	if err := json.Unmarshal(text, &list); err != nil || len(list) != 1 || list[0].Currency != "USDT" ||
		!strings.Contains(list[0].Sum.Amount, ".") {
		t.Fatalf("got %s, %v", text, err)
	}
	return list[0].Sum.Amount
}

// sumOf adds two amounts of USDT.
func sumOf(t *testing.T, a, b string) string {
	t.Helper()
	x, first := new(big.Rat).SetString(a)
	y, second := new(big.Rat).SetString(b)
	if !first || !second {
		t.Fatalf("%s and %s are not both numbers", a, b)
	}
	return x.Add(x, y).FloatString(8)
}
