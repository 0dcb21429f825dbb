package bkash

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

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/sandbox"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

// rig is one emulator on a listener of its own, with a token.
type rig struct {
	*Emulator
	url, token string
}

func newRig(t *testing.T, switches map[string]string, merchants ...sandbox.Merchant) *rig {
	t.Helper()
	e, err := New(sandbox.Options{
		PublicURL: "http://127.0.0.1:18085", Seed: 7, Now: func() time.Time { return start },
		Switches: switches, Merchants: merchants,
	})
	if err != nil {
		t.Fatalf("new emulator: %v", err)
	}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	r := &rig{Emulator: e, url: server.URL}
	r.token = r.grant(t)
	return r
}

type members map[string]any

// send posts to a path and gives status and answer.
func (r *rig) send(t *testing.T, path string, header, body members) (int, sandbox.Fields) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+path, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		word, _ := value.(string)
		request.Header.Set(name, word)
	}
	request.Close = true // a server that closes ends the idle connections of all tests
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	fields, err := sandbox.ParseJSON(answer)
	if err != nil {
		t.Fatalf("%s: %s: %v", path, answer, err)
	}
	return response.StatusCode, fields
}

var (
	login = members{"username": "u", "password": "p"}
	keys  = members{"app_key": "ak_1", "app_secret": "as_1"}
)

func (r *rig) grant(t *testing.T) string {
	t.Helper()
	status, answer := r.send(t, rootV1+"/token/grant", login, keys)
	if status != http.StatusOK || answer.Text("statusCode") != codeDone || answer.Text("id_token") == "" {
		t.Fatalf("grant: got %d %s", status, answer)
	}
	return answer.Text("id_token")
}

// call makes a call of the merchant below a root.
func (r *rig) call(t *testing.T, path string, body members) sandbox.Fields {
	t.Helper()
	status, answer := r.send(t, path, members{"Authorization": r.token, "X-App-Key": "ak_1"}, body)
	if status != http.StatusOK && status != http.StatusBadRequest {
		t.Fatalf("%s: got %d %s", path, status, answer)
	}
	return answer
}

func (r *rig) v1(t *testing.T, path string, body members) sandbox.Fields {
	t.Helper()
	return r.call(t, rootV1+path, body)
}

// wish is a usual create with changes on top; nil takes a member away.
func wish(changes members) members {
	body := members{
		"mode": "0011", "payerReference": "01700000000", "callbackURL": "https://pay.test/r/bk?t=k9", "amount": "150.00",
		"currency": "BDT", "intent": "sale", "merchantInvoiceNumber": "INV-1",
	}
	for name, value := range changes {
		if body[name] = value; value == nil {
			delete(body, name)
		}
	}
	return body
}

func (r *rig) open(t *testing.T, changes members) string {
	t.Helper()
	answer := r.v1(t, "/create", wish(changes))
	if answer.Text("statusCode") != codeDone {
		t.Fatalf("create: got %s", answer)
	}
	return answer.Text("paymentID")
}

func (r *rig) approve(t *testing.T, id string) string {
	t.Helper()
	outcome, err := r.Act(id, sandbox.Decision{Choice: sandbox.Approve})
	if err != nil {
		t.Fatal(err)
	}
	return outcome.ReturnURL
}

// executed opens, approves and executes, and gives payment and transaction.
func (r *rig) executed(t *testing.T, changes members) (id, trx string) {
	t.Helper()
	id = r.open(t, changes)
	r.approve(t, id)
	answer := r.v1(t, "/execute", members{"paymentID": id})
	if answer.Text("statusCode") != codeDone {
		t.Fatalf("execute: got %s", answer)
	}
	return id, answer.Text("trxID")
}

func code(answer sandbox.Fields) string {
	return answer.Text("statusCode") + answer.Text("errorCode") + answer.Text("externalCode")
}

func TestLifeOfPayment(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	created := r.v1(t, "/create", wish(nil))
	id := created.Text("paymentID")
	want := map[string]string{
		"bkashURL":             "http://127.0.0.1:18085/?paymentId=" + id,
		"callbackURL":          "https://pay.test/r/bk?t=k9",
		"successCallbackURL":   "https://pay.test/r/bk?t=k9&paymentID=" + id + "&status=success",
		"cancelledCallbackURL": "https://pay.test/r/bk?t=k9&paymentID=" + id + "&status=cancel",
		"amount":               "150.00", "transactionStatus": "Initiated", "merchantInvoiceNumber": "INV-1",
		"paymentCreateTime": "2026-01-02T09:04:05:678 GMT+0600",
	}
	for name, value := range want {
		if got := created.Text(name); !strings.HasPrefix(got, value) {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
	state := r.v1(t, "/payment/status", members{"paymentID": id})
	if state.Text("userVerificationStatus") != "Incomplete" || state.Has("trxID") {
		t.Errorf("open: got %s", state)
	}
	if got := code(r.v1(t, "/execute", members{"paymentID": id})); got != codeNotFinished {
		t.Errorf("execute too early: got %s", got)
	}
	if got := r.approve(t, id); got != created.Text("successCallbackURL") {
		t.Errorf("got the way back %s", got)
	}
	state = r.v1(t, "/payment/status", members{"paymentID": id})
	if state.Text("userVerificationStatus") != "Complete" || state.Text("transactionStatus") != "Initiated" {
		t.Errorf("approved: got %s", state)
	}
	if diff := cmp.Diff(sandbox.Books{Payments: 1}, r.Books()); diff != "" {
		t.Errorf("a consent moves nothing (-want +got):\n%s", diff)
	}
	done := r.v1(t, "/execute", members{"paymentID": id})
	if done.Text("transactionStatus") != "Completed" || len(done.Text("trxID")) != 10 || done.Text("amount") != "150.00" {
		t.Errorf("executed: got %s", done)
	}
	if got := code(r.v1(t, "/execute", members{"paymentID": id})); got != codeComplete {
		t.Errorf("executed again: got %s", got)
	}
	if got := r.v1(t, "/payment/status", members{"paymentID": id}).Text("trxID"); got != done.Text("trxID") {
		t.Errorf("status: got transaction %s", got)
	}
	found := r.v1(t, "/general/searchTransaction", members{"trxID": done.Text("trxID")})
	if found.Text("transactionStatus") != "Completed" || found.Text("maxRefundableAmount") != "150.00" {
		t.Errorf("search: got %s", found)
	}
	if diff := cmp.Diff(sandbox.Books{Payments: 1, Charged: 15_000, Captured: 15_000}, r.Books()); diff != "" {
		t.Errorf("books (-want +got):\n%s", diff)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, test := range []struct {
		changes members
		want    string
	}{
		{members{"mode": "0022"}, codeMode},
		{members{"payerReference": nil}, codePayer},
		{members{"payerReference": "a<b"}, codePayer},
		{members{"callbackURL": "no address"}, codeCallback},
		{members{"mode": "0001", "agreementID": "nobody's"}, codeAgreement},
		{members{"amount": "0.99"}, codeAmount},
		{members{"amount": "1.001"}, codeAmount},
		{members{"amount": true}, codeAmount},
		{members{"currency": "USD"}, codeCurrency},
		{members{"intent": "gift"}, codeIntent},
		{members{"merchantInvoiceNumber": strings.Repeat("9", 256)}, codeInvoice},
		{members{"merchantInvoiceNumber": "a&b"}, codeInvoice},
	} {
		if got := code(r.v1(t, "/create", wish(test.changes))); got != test.want {
			t.Errorf("%v: got %s, want %s", test.changes, got, test.want)
		}
	}
	r.open(t, members{"amount": 150.5})
	if got := code(r.v1(t, "/create", wish(nil))); got != codeDuplicate {
		t.Errorf("the same invoice: got %s", got)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{"grant-limit": "off"})
	for _, test := range []struct {
		path         string
		header, body members
		status       int
		message      string
	}{
		{"/token/grant", members{"username": "u"}, keys, 400, "Missing required request parameters: [password]"},
		{"/create", nil, wish(nil), 401, "Unauthorized"},
		{"/create", members{"Authorization": "Bearer " + r.token, "X-App-Key": "ak_1"}, wish(nil), 401, "Unauthorized"},
		{"/create", members{"Authorization": r.token, "X-App-Key": "other"}, wish(nil), 403, "Forbidden"},
	} {
		status, answer := r.send(t, rootV1+test.path, test.header, test.body)
		if status != test.status || answer.Text("message") != test.message {
			t.Errorf("%s %v: got %d %s", test.path, test.header, status, answer)
		}
	}
	if err := r.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	old := members{"Authorization": r.token, "X-App-Key": "ak_1"}
	if status, _ := r.send(t, rootV1+"/create", old, wish(nil)); status != http.StatusUnauthorized {
		t.Errorf("a token of an hour ago: got %d, want 401", status)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil) // its token was the first of two
	_, first := r.send(t, rootV1+"/token/grant", login, keys)
	renew := members{"app_key": "ak_1", "app_secret": "as_1", "refresh_token": first.Text("refresh_token")}
	if status, answer := r.send(t, rootV1+"/token/refresh", login, renew); status != http.StatusForbidden {
		t.Errorf("the third within an hour: got %d %s", status, answer)
	}
	if err := r.Advance(2 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, answer := r.send(t, rootV1+"/token/refresh", login, renew); answer.Text("id_token") == "" {
		t.Errorf("refresh: got %s", answer)
	}
	renew["refresh_token"] = "made up"
	if _, answer := r.send(t, rootV1+"/token/refresh", login, renew); code(answer) != codeToken {
		t.Errorf("a refresh token that nobody gave: got %s", answer)
	}
}

func TestListedMerchants(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{"grant-limit": "off"}, sandbox.Merchant{
		ID: "ak_1", PanelToken: "as_1", Flags: []string{"username:u", "password:p"},
	})
	for _, test := range []struct {
		header, body members
		status       int
		code         string
	}{
		{login, members{"app_key": "ak_2", "app_secret": "as_1"}, 200, codeAppKey},
		{login, members{"app_key": "ak_1", "app_secret": "as_2"}, 200, codeAppKey},
		{members{"username": "u", "password": "x"}, keys, 403, ""},
	} {
		if status, answer := r.send(t, rootV1+"/token/grant", test.header, test.body); status != test.status ||
			code(answer) != test.code {
			t.Errorf("%v %v: got %d %s", test.header, test.body, status, answer)
		}
	}
}

func TestRefundsOfVersion2(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	id, trx := r.executed(t, nil)
	give := func(amount string, changes members) sandbox.Fields {
		body := members{"paymentId": id, "trxId": trx, "refundAmount": amount, "sku": "s1", "reason": "returned"}
		for name, value := range changes {
			body[name] = value
		}
		return r.call(t, rootV2+"/transaction", body)
	}
	first := give("50.00", nil)
	if first.Text("refundTransactionStatus") != "Completed" || first.Text("refundAmount") != "50.00" {
		t.Errorf("got %s", first)
	}
	if p, _ := r.Payment(id); p.State != sandbox.Verified {
		t.Errorf("a part went back: got %s, want %s", p.State, sandbox.Verified)
	}
	for _, test := range []struct {
		amount  string
		changes members
		want    string
	}{
		{"100.01", nil, codeRefundAmount},
		{"1.001", nil, codeRefundAmount},
		{"1", members{"reason": ""}, codeReason},
		{"1", members{"trxId": "ZZ12CD34EF"}, codeRefundTrx},
		{"1", members{"paymentId": "TR"}, codePaymentID},
		{"1", members{"sku": strings.Repeat("s", 256)}, codeSKULong},
		{"1", members{"reason": strings.Repeat("s", 256)}, codeReasonLong},
	} {
		if got := code(give(test.amount, test.changes)); got != test.want {
			t.Errorf("%s %v: got %s, want %s", test.amount, test.changes, got, test.want)
		}
	}
	for range 9 {
		give("1.00", nil)
	}
	if got := code(give("1.00", nil)); got != codeNotAllowed {
		t.Errorf("the eleventh: got %s", got)
	}
	list, _ := r.call(t, rootV2+"/status", members{"paymentId": id, "trxId": trx}).List("refundTransactions")
	if len(list) != 10 || list[0].Text("refundTrxId") != first.Text("refundTrxId") {
		t.Errorf("got %s", list)
	}
}

func TestRefundOfVersion1(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{"refund-window": "360h"})
	id, trx := r.executed(t, nil)
	question := members{"paymentID": id, "trxID": trx}
	if got := r.v1(t, "/payment/refund", question); code(got) != codeDone || got.Has("refundTrxID") {
		t.Errorf("a question without a refund: got %s", got)
	}
	give := members{"paymentID": id, "trxID": trx, "amount": "150.01", "sku": "s1", "reason": "returned"}
	if got := code(r.v1(t, "/payment/refund", give)); got != codeAbove {
		t.Errorf("too much: got %s", got)
	}
	give["amount"] = "50.00"
	given := r.v1(t, "/payment/refund", give)
	if given.Text("transactionStatus") != "Completed" || given.Text("originalTrxID") != trx {
		t.Errorf("got %s", given)
	}
	if got := code(r.v1(t, "/payment/refund", give)); got != codeReversed {
		t.Errorf("a second one: got %s", got)
	}
	if got := r.v1(t, "/payment/refund", question).Text("refundTrxID"); got != given.Text("refundTrxID") {
		t.Errorf("the question: got %s", got)
	}
}

func TestHoldAndAgreement(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for call, want := range map[string]string{"capture": "Completed", "void": "Cancelled"} {
		id := r.open(t, members{"intent": "authorization", "merchantInvoiceNumber": call})
		r.approve(t, id)
		if got := r.v1(t, "/execute", members{"paymentID": id}).Text("transactionStatus"); got != "Authorized" {
			t.Errorf("%s: got %s", call, got)
		}
		if got := r.v1(t, "/payment/confirm/"+call, members{"paymentID": id}).Text("transactionStatus"); got != want {
			t.Errorf("%s: got %s, want %s", call, got, want)
		}
		if got := code(r.v1(t, "/payment/confirm/"+call, members{"paymentID": id})); got != codeHeldBefore {
			t.Errorf("%s again: got %s", call, got)
		}
	}
	want := sandbox.Books{Payments: 2, Charged: 30_000, Captured: 15_000, Reversed: 15_000}
	if diff := cmp.Diff(want, r.Books()); diff != "" {
		t.Errorf("books (-want +got):\n%s", diff)
	}
	id := r.open(t, members{"mode": "0000", "amount": nil, "merchantInvoiceNumber": nil})
	r.approve(t, id)
	agreement := r.v1(t, "/execute", members{"paymentID": id}).Text("agreementID")
	paid, _ := r.executed(t, members{"mode": "0001", "agreementID": agreement, "merchantInvoiceNumber": "by agreement"})
	if !strings.HasPrefix(paid, "TR0001") {
		t.Errorf("got payment %s", paid)
	}
	if got := r.v1(t, "/agreement/cancel", members{"agreementID": agreement}).Text("agreementStatus"); got != "Cancelled" {
		t.Errorf("got %s", got)
	}
	again := r.v1(t, "/create", wish(members{"mode": "0001", "agreementID": agreement, "merchantInvoiceNumber": "x"}))
	if code(again) != codeAgreement {
		t.Errorf("with a canceled agreement: got %s", again)
	}
}

// One payment is executed from many sides at once, and moves once.
func TestExecuteOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	id := r.open(t, nil)
	r.approve(t, id)
	var group sync.WaitGroup
	codes := make([]string, 8)
	for n := range codes {
		group.Go(func() { codes[n] = code(r.v1(t, "/execute", members{"paymentID": id})) })
	}
	group.Wait()
	done := 0
	for _, got := range codes {
		if got == codeDone {
			done++
		}
	}
	if p, _ := r.Payment(id); done != 1 || p.Charges != 1 || p.Captures != 1 {
		t.Errorf("got %v, %d charges, %d captures", codes, p.Charges, p.Captures)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"new", "old"} {
		r := newRig(t, map[string]string{"bkash-url-form": form})
		created := r.v1(t, "/create", wish(nil))
		link, err := url.Parse(created.Text("bkashURL"))
		if err != nil {
			t.Fatal(err)
		}
		press := func(values url.Values) (status int, location string) {
			t.Helper()
			browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+link.RequestURI(),
				strings.NewReader(values.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Close = true // a server that closes ends the idle connections of all tests
			response, err := browser.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			return response.StatusCode, response.Header.Get("Location")
		}
		pay := url.Values{"decision": {"approve"}, "pin": {"00000"}}
		if status, _ := press(pay); status != http.StatusOK {
			t.Errorf("%s: a wrong PIN: got %d", form, status)
		}
		pay.Del("pin") // what is left out is what the page shows
		status, location := press(pay)
		if status != http.StatusSeeOther || location != created.Text("successCallbackURL") {
			t.Errorf("%s: got %d to %s", form, status, location)
		}
		if p, _ := r.Payment(created.Text("paymentID")); p.State != sandbox.Paid || p.Mobile != walletPays || p.Charges != 0 {
			t.Errorf("%s: got %+v", form, p)
		}
	}
}
