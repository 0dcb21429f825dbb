package sslcommerz

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

const callback = "http://shop.test/r?t=k9"

var begin = time.Date(2026, 5, 2, 10, 33, 11, 0, time.UTC)

// rig is one emulator on a listener of its own, with a merchant's server that hears notices.
type rig struct {
	*Emulator
	url, inbox string

	mu     sync.Mutex
	heard  []url.Values
	answer int // the status that the merchant's server gives; 0 = 200
}

func newRig(t *testing.T, switches map[string]string) *rig {
	t.Helper()
	emulator, err := New(sandbox.Options{
		PublicURL: "http://127.0.0.1:1", Seed: 7, Now: func() time.Time { return begin }, Switches: switches,
	})
	if err != nil {
		t.Fatalf("new emulator: %v", err)
	}
	r := &rig{Emulator: emulator}
	server := httptest.NewServer(emulator)
	t.Cleanup(server.Close)
	shop := httptest.NewServer(http.HandlerFunc(r.hear))
	t.Cleanup(shop.Close)
	r.url, r.inbox = server.URL, shop.URL
	return r
}

// hear keeps a notice.
func (r *rig) hear(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := request.ParseForm(); err == nil {
		r.heard = append(r.heard, request.PostForm)
	}
	if r.answer != 0 {
		w.WriteHeader(r.answer)
	}
}

// notices are those that were heard so far.
func (r *rig) notices() []url.Values {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]url.Values(nil), r.heard...)
}

// send makes a call and gives the body that came back.
func (r *rig) send(t *testing.T, method, path, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	request.Close = true // a server that closes ends the idle connections of all tests
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// object reads a JSON answer.
func object(t *testing.T, answer string) map[string]any {
	t.Helper()
	var read map[string]any
	if err := json.Unmarshal([]byte(answer), &read); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	return read
}

// ask starts a checkout of the usual order with changes.
func (r *rig) ask(t *testing.T, changes map[string]string) map[string]any {
	t.Helper()
	form := url.Values{
		"store_id": {TestStore}, "store_passwd": {TestPassword}, "total_amount": {"100.50"}, "currency": {"BDT"},
		"tran_id": {"T1"}, "product_category": {"general"}, "product_name": {"tea"}, "product_profile": {"general"},
		"success_url": {callback}, "fail_url": {callback + "&f=1"}, "cancel_url": {callback + "&c=1"},
		"ipn_url": {r.inbox}, "shipping_method": {"NO"}, "cus_name": {"Sara"}, "cus_email": {"a@example.test"},
		"cus_add1": {"Dhaka"}, "cus_city": {"Dhaka"}, "cus_postcode": {"1000"}, "cus_country": {"Bangladesh"},
		"cus_phone": {"01700000000"}, "value_a": {"k9"},
	}
	for name, value := range changes {
		form.Set(name, value)
	}
	return object(t, r.send(t, http.MethodPost, "/gwprocess/v4/api.php", form.Encode()))
}

// query asks on one of the two addresses for questions.
func (r *rig) query(t *testing.T, page string, fields ...string) map[string]any {
	t.Helper()
	query := url.Values{"store_id": {TestStore}, "store_passwd": {TestPassword}, "v": {"1"}, "format": {"json"}}
	for i := 0; i < len(fields); i += 2 {
		query.Set(fields[i], fields[i+1])
	}
	return object(t, r.send(t, http.MethodGet, "/validator/api/"+page+".php?"+query.Encode(), ""))
}

func (r *rig) list(t *testing.T, fields ...string) map[string]any {
	t.Helper()
	return r.query(t, "merchantTransIDvalidationAPI", fields...)
}

// pay opens an order and pays it; it gives the notice.
func (r *rig) pay(t *testing.T) url.Values {
	t.Helper()
	r.ask(t, nil)
	r.press(t, "approve")
	heard := r.notices()
	if len(heard) == 0 {
		t.Fatal("no notice came")
	}
	return heard[len(heard)-1]
}

func (r *rig) press(t *testing.T, choice string) string {
	t.Helper()
	return r.send(t, http.MethodPost, "/pay/T1", url.Values{"decision": {choice}}.Encode())
}

func (r *rig) strike(t *testing.T, f sandbox.Fault) {
	t.Helper()
	if _, err := r.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

func TestRefusedStarts(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{switchNagad: "refused"})
	for name, value := range map[string]string{
		"store_id": "nobody", "store_passwd": "x", "total_amount": "9.99", "currency": "XXX",
		"tran_id":          strings.Repeat("9", 31),
		"product_category": strings.Repeat("c", 51), "product_profile": "airline-tickets", "success_url": "no address",
		"shipping_method": "YES", "multi_card_name": "rocket", "cus_phone": "", "value_a": strings.Repeat("a", 256),
	} {
		if got := r.ask(t, map[string]string{name: value}); got["status"] != "FAILED" || got["failedreason"] == "" {
			t.Errorf("%s: got %v, want it refused", name, got)
		}
	}
	if got := r.ask(t, map[string]string{"multi_card_name": "nagad"}); got["status"] != "FAILED" {
		t.Errorf("nagad: got %v, want it refused by the switch", got)
	}
	if got := r.ask(t, map[string]string{"total_amount": "500000.01"}); got["status"] != "FAILED" {
		t.Errorf("too much: got %v", got)
	}
	if len(r.Payments()) != 0 {
		t.Errorf("refused starts made %d payments", len(r.Payments()))
	}
}

func TestLifeOfAPayment(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	started := r.ask(t, nil)
	session, _ := started["sessionkey"].(string)
	if got := r.list(t, "sessionkey", session); got["status"] != wordPending {
		t.Errorf("open: got %v", got)
	}
	failed := r.press(t, "decline")
	if !strings.Contains(failed, `action="`+callback+`&amp;f=1"`) || strings.Contains(failed, "val_id\"") {
		t.Errorf("a failure goes back with %s", failed)
	}
	if page := r.press(t, "approve"); !strings.Contains(page, `name="status" value="VALID"`) ||
		strings.Contains(page, "&amp;f=1") || strings.Contains(page, `name="t"`) {
		t.Errorf("a success goes back with %s", page)
	}
	heard := r.notices()
	if len(heard) != 2 || heard[0].Get("status") != wordFailed || heard[0].Has("val_id") ||
		heard[1].Get("status") != wordValid || heard[1].Get("value_a") != "k9" {
		t.Fatalf("got notices %v", heard)
	}
	for _, want := range []string{wordValid, wordValidated} {
		got := r.query(t, "validationserverAPI", "val_id", heard[1].Get("val_id"))
		if got["status"] != want || got["amount"] != "100.50" || got["tran_id"] != "T1" {
			t.Errorf("got %v, want %s", got, want)
		}
	}
	found := r.list(t, "tran_id", "T1")
	if tries, _ := found["element"].([]any); len(tries) != 2 || found["no_of_trans_found"] != 2.0 {
		t.Errorf("got %v, want the failed try and the paid one", found)
	}
	if again := r.ask(t, nil); again["status"] != "FAILED" {
		t.Errorf("a tran_id that was paid was taken again: %v", again)
	}
}

func TestTranIDIsFreeAfterAFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.ask(t, nil)
	r.press(t, "cancel")
	if again := r.ask(t, nil); again["status"] != "SUCCESS" || len(r.Payments()) != 2 {
		t.Errorf("got %v", again)
	}
	if err := r.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	found, _ := r.list(t, "tran_id", "T1")["element"].([]any)
	words := map[any]bool{}
	for _, try := range found {
		one, _ := try.(map[string]any)
		words[one["status"]] = true
	}
	if len(found) != 2 || !words[wordCanceled] || !words[wordExpired] {
		t.Errorf("got %v", found)
	}
}

func TestNoticesAreRepeated(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{switchRetry: "3"})
	r.answer = http.StatusServiceUnavailable
	r.pay(t)
	for want := 2; want <= 5; want++ {
		if err := r.Advance(31 * time.Minute); err != nil {
			t.Fatal(err)
		}
		if got := len(r.notices()); got != min(want, 4) {
			t.Errorf("got %d notices, want %d", got, min(want, 4))
		}
	}
}

func TestSumsOfNotices(t *testing.T) {
	t.Parallel()
	for value, length := range map[string]int{"formula": 64, "random": 64, "absent": 0} {
		r := newRig(t, map[string]string{switchSHA2: value, switchVerifyKey: "reduced"})
		heard := r.pay(t)
		if len(heard.Get("verify_sign_sha2")) != length ||
			heard.Get("verify_key") != "amount,currency,status,store_id,tran_id,val_id" {
			t.Errorf("%s: got %v", value, heard)
		}
	}
	members := sandbox.Object{
		{Name: "amount", Value: "100.50"},
		{Name: "currency", Value: "BDT"},
		{Name: "status", Value: "VALID"},
		{Name: "store_id", Value: "teststore"},
		{Name: "tran_id", Value: "T-1"},
		{Name: "val_id", Value: "2611200001abc"},
	}
	names := []string{"amount", "currency", "status", "store_id", "tran_id", "val_id"}
	want := "amount=100.50&currency=BDT&status=VALID&store_id=teststore" +
		"&store_passwd=4fe19d7c8d04dab9f959972d5c37e01a&tran_id=T-1&val_id=2611200001abc"
	if got := sumText(members, names, "testpass@ssl"); got != want {
		t.Errorf("got %s", got)
	}
}

func TestLateNotice(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.strike(t, sandbox.Fault{Name: FaultLateNotice, Wait: 10 * time.Second})
	r.ask(t, nil)
	if _, err := r.Act("T1", sandbox.Decision{Choice: sandbox.Approve}); err != nil {
		t.Fatal(err)
	}
	for after, want := range []int{0, 1} {
		if got := len(r.notices()); got != want {
			t.Errorf("after %d times 10 seconds: got %d notices, want %d", after, got, want)
		}
		if err := r.Advance(10 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNoticeFaults(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]int{FaultNoNotice: 0, FaultDoubleNotice: 2, FaultLateNotice: 0} {
		r := newRig(t, nil)
		r.strike(t, sandbox.Fault{Name: fault})
		r.ask(t, nil)
		r.press(t, "approve")
		if got := len(r.notices()); got != want {
			t.Errorf("%s: got %d notices, want %d", fault, got, want)
		}
	}
	r := newRig(t, nil)
	r.strike(t, sandbox.Fault{Name: FaultForgedNotice})
	r.ask(t, nil)
	r.press(t, "decline")
	if heard := r.notices(); len(heard) != 1 || heard[0].Get("status") != wordValid || r.Books().Charged != 0 {
		t.Errorf("forged: got %v", heard)
	}
}

func TestRefundSwitches(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]struct {
		status  string
		pending int64
	}{"same-refund": {"success", 20_00}, "refused": {"failed", 20_00}, "second-refund": {"success", 40_00}} {
		r := newRig(t, map[string]string{switchRefundAgain: value})
		bankTran := r.pay(t).Get("bank_tran_id")
		give := func(own, amount string) map[string]any {
			return r.list(t, "bank_tran_id", bankTran, "refund_trans_id", own, "refund_amount", amount, "refund_remarks", "x")
		}
		give("rf-1", "20.00")
		if got := give("rf-1", "20.00"); got["status"] != want.status || r.Books().Pending != want.pending {
			t.Errorf("%s: got %v and %d pending", value, got, r.Books().Pending)
		}
		for own, amount := range map[string]string{"": "1.00", "rf-2": "100.00", "rf-3": "0", "rf-4": "x"} {
			if got := give(own, amount); got["status"] != "failed" || got["refund_ref_id"] != nil {
				t.Errorf("%s of %q: got %v, want it refused without an id", amount, own, got)
			}
		}
	}
	r := newRig(t, map[string]string{switchRefundCount: "one", switchNeedRefundID: "off"})
	bankTran := r.pay(t).Get("bank_tran_id")
	for _, want := range []string{"success", "failed"} {
		got := r.list(t, "bank_tran_id", bankTran, "refund_amount", "1.00", "refund_remarks", "x")
		if got["status"] != want {
			t.Errorf("got %v, want %s", got, want)
		}
	}
}

func TestSlowTruthOfValidation(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"four": wordInvalid, "with-pending": wordPending} {
		r := newRig(t, map[string]string{switchWords: value})
		id := r.pay(t).Get("val_id")
		r.strike(t, sandbox.Fault{Name: sandbox.FaultSlowTruth, Times: 1})
		for _, word := range []string{want, wordValid} {
			if got := r.query(t, "validationserverAPI", "val_id", id); got["status"] != word {
				t.Errorf("%s: got %v, want %s", value, got["status"], word)
			}
		}
	}
}

func TestOtherCurrenciesAreConverted(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.ask(t, map[string]string{"currency": "USD", "total_amount": "10.00"})
	r.press(t, "approve")
	heard := r.notices()[0]
	if heard.Get("amount") != "1200.00" || heard.Get("currency_amount") != "10.00" || heard.Get("currency_type") != "USD" {
		t.Errorf("got %v", heard)
	}
}

func TestPageOffersTheFilter(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.ask(t, map[string]string{"multi_card_name": "dbblmobilebanking,mastercard"})
	page := r.send(t, http.MethodGet, "/pay/T1", "")
	if !strings.Contains(page, "dbblmobilebanking") || !strings.Contains(page, "ebl_master") ||
		strings.Contains(page, "brac_visa") {
		t.Errorf("got %s", page)
	}
	if got := r.send(t, http.MethodGet, "/pay/nothing", ""); !strings.Contains(got, "no such payment") {
		t.Errorf("got %s", got)
	}
}

// Whoever posts a channel that the page does not offer, or the name of a group, pays with what it offers.
func TestOnlyOfferedChannelsPay(t *testing.T) {
	t.Parallel()
	for channel, want := range map[string]string{
		"upay": "UPAY-Upay", "bkash": "DBBLMOBILEB-Dbbl Mobile Banking", "mobilebank": "DBBLMOBILEB-Dbbl Mobile Banking",
	} {
		r := newRig(t, nil)
		r.ask(t, map[string]string{"multi_card_name": "upay,dbblmobilebanking"})
		r.send(t, http.MethodPost, "/pay/T1", url.Values{"decision": {"approve"}, "channel": {channel}}.Encode())
		if got := r.notices()[0].Get("card_type"); got != want {
			t.Errorf("%s: got %s, want %s", channel, got, want)
		}
	}
}
