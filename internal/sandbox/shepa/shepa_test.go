package shepa

import (
	"encoding/json"
	"fmt"
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

const callback = "http://shop.test/r?t=k9"

var start = time.Date(2026, 5, 2, 10, 33, 11, 0, time.UTC)

// rig is one emulator on a listener of its own.
type rig struct {
	*Emulator
	url string
}

func newRig(t *testing.T, switches map[string]string, merchants ...sandbox.Merchant) *rig {
	t.Helper()
	emulator, err := New(sandbox.Options{
		PublicURL: "http://127.0.0.1:18082", Seed: 7, Now: func() time.Time { return start },
		Switches: switches, Merchants: merchants,
	})
	if err != nil {
		t.Fatalf("new emulator: %v", err)
	}
	server := httptest.NewServer(emulator)
	t.Cleanup(server.Close)
	return &rig{Emulator: emulator, url: server.URL}
}

// post sends a body in one of the two encodings.
func (r *rig) post(t *testing.T, call, contentType, body string) (int, string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/api/v1/"+call,
		strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Close = true // a server that closes ends the idle connections of all tests
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, string(answer), err
}

// call sends JSON and wants an answer.
func (r *rig) call(t *testing.T, call string, members map[string]any) (int, string) {
	t.Helper()
	encoded, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	status, answer, err := r.post(t, call, "application/json", string(encoded))
	if err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	return status, answer
}

// ask is a usual token request with changes on top.
func ask(changes map[string]any) map[string]any {
	members := map[string]any{
		"api": "sandbox", "amount": 250000, "callback": callback, "mobile": "9120000001", "email": nil,
		"description": "order 77",
	}
	for name, value := range changes {
		members[name] = value
	}
	return members
}

func (r *rig) open(t *testing.T, changes map[string]any) string {
	t.Helper()
	_, answer := r.call(t, "token", ask(changes))
	var reply struct{ Result struct{ Token string } }
	if err := json.Unmarshal([]byte(answer), &reply); err != nil || reply.Result.Token == "" {
		t.Fatalf("token: got %s", answer)
	}
	return reply.Result.Token
}

func (r *rig) paid(t *testing.T, changes map[string]any) string {
	t.Helper()
	token := r.open(t, changes)
	if _, err := r.Act(token, sandbox.Decision{Choice: sandbox.Approve}); err != nil {
		t.Fatal(err)
	}
	return token
}

func (r *rig) verify(t *testing.T, token string) string {
	t.Helper()
	_, answer := r.call(t, "verify", map[string]any{"api": "sandbox", "token": token, "amount": 250000})
	return answer
}

// transaction verifies a payment and answers its transaction number.
func (r *rig) transaction(t *testing.T, token string) string {
	t.Helper()
	var reply struct {
		Result struct {
			TransactionID json.RawMessage `json:"transaction_id"`
		}
	}
	answer := r.verify(t, token)
	if err := json.Unmarshal([]byte(answer), &reply); err != nil {
		t.Fatalf("verify: %s", answer)
	}
	return strings.Trim(string(reply.Result.TransactionID), `"`)
}

func (r *rig) strike(t *testing.T, f sandbox.Fault) {
	t.Helper()
	if _, err := r.AddFault(f); err != nil {
		t.Fatalf("add fault %s: %v", f.Name, err)
	}
}

// errorCode reads the number of a failure; 0 is success.
func errorCode(t *testing.T, answer string) int {
	t.Helper()
	var reply struct {
		Success   *bool
		ErrorCode int
	}
	if err := json.Unmarshal([]byte(answer), &reply); err != nil || reply.Success == nil {
		t.Fatalf("answer %q: %v", answer, err)
	}
	if *reply.Success != (reply.ErrorCode == 0) {
		t.Errorf("success and errorCode disagree in %s", answer)
	}
	return reply.ErrorCode
}

func TestTokenInBothEncodings(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	form := url.Values{
		"api": {"sandbox"}, "amount": {"250000"}, "callback": {callback}, "CellNumber": {"989120000001"},
		"order[total]": {"5"},
	}
	status, answer, err := r.post(t, "token", "application/x-www-form-urlencoded", form.Encode())
	if err != nil || status != http.StatusOK {
		t.Fatalf("form: got %d, %v", status, err)
	}
	p := r.Payments()[0]
	want := `{"success":true,"result":{"token":"` + p.ID + `","url":"http://127.0.0.1:18082/v1/` + p.ID + `"}}`
	if answer != want || p.Mobile != "989120000001" || p.Amount != 250000 {
		t.Errorf("got  %s %+v\nwant %s", answer, p, want)
	}
	token := r.open(t, nil)
	if p, _ := r.Payment(token); p.Mobile != "9120000001" || p.Description != "order 77" || p.Callback != callback {
		t.Errorf("JSON: got %+v", p)
	}
	form = url.Values{"api": {"sandbox"}, "token": {p.ID}, "amount": {"250000"}}
	if _, answer, err = r.post(t, "verify", "application/x-www-form-urlencoded", form.Encode()); err != nil ||
		errorCode(t, answer) != codeNotPaid {
		t.Errorf("verify in a form: got %s, %v", answer, err)
	}
}

func TestTokenChecks(t *testing.T) {
	t.Parallel()
	r := newRig(
		t, map[string]string{switchRequireDescription: "on", switchMinAmount: "5000"},
		sandbox.Merchant{ID: "live", Domain: "shop.test"}, sandbox.Merchant{ID: "shut", Refuse: "44"},
		sandbox.Merchant{ID: "odd", Refuse: "closed"}, sandbox.Merchant{ID: "far", Addresses: []string{"10.0.0.1"}},
	)
	for _, test := range []struct {
		name    string
		changes map[string]any
		code    int
	}{
		{"usual", nil, 0},
		{"amount as text", map[string]any{"amount": "250000"}, 0},
		{"listed key", map[string]any{"api": "live"}, 0},
		{"no key", map[string]any{"api": nil}, codeKey},
		{"unknown key", map[string]any{"api": "other"}, codeKey},
		{"refused key", map[string]any{"api": "shut"}, 44},
		{"refused with words", map[string]any{"api": "odd"}, codeKey},
		{"other address", map[string]any{"api": "far"}, codeKey},
		{"other domain", map[string]any{"api": "live", "callback": "http://evil.test/"}, codeCallback},
		{"no amount", map[string]any{"amount": nil}, codeAmount},
		{"small amount", map[string]any{"amount": 4999}, codeAmount},
		{"broken amount", map[string]any{"amount": 5000.5}, codeAmount},
		{"no callback", map[string]any{"callback": nil}, codeCallback},
		{"odd callback", map[string]any{"callback": "mailto:x"}, codeCallback},
		{"no description", map[string]any{"description": nil}, codeDescription},
	} {
		before := len(r.Payments())
		if _, answer := r.call(t, "token", ask(test.changes)); errorCode(t, answer) != test.code {
			t.Errorf("%s: got %s, want %d", test.name, answer, test.code)
		}
		if made := len(r.Payments()) - before; (made == 1) != (test.code == 0) {
			t.Errorf("%s: made %d payments", test.name, made)
		}
	}
	for _, body := range []string{"", "nonsense", "[]", `{"api":`} {
		if _, answer, err := r.post(t, "token", "application/json", body); err != nil || errorCode(t, answer) != codeBody {
			t.Errorf("%q: got %s, %v", body, answer, err)
		}
	}
}

func TestFailureShapes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		member, kind, status, want string
	}{
		{"both", "list", "200", `{"success":false,"error":["api is not valid"],"errors":["api is not valid"],"errorCode":1}`},
		{"error", "list", "400", `{"success":false,"error":["api is not valid"],"errorCode":1}`},
		{"errors", "text", "422", `{"success":false,"errors":"api is not valid","errorCode":1}`},
	} {
		r := newRig(t, map[string]string{
			switchErrorMember: test.member, switchErrorType: test.kind, switchFailureStatus: test.status,
		})
		status, answer := r.call(t, "token", map[string]any{})
		if fmt.Sprint(status) != test.status || answer != test.want {
			t.Errorf("%+v: got %d %s", test, status, answer)
		}
	}
}

func TestPageAndReturn(t *testing.T) {
	t.Parallel()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r := newRig(t, nil)
	for _, prefix := range []string{"/v1/", "/api/v1/"} {
		token := r.open(t, nil)
		response, err := browser.Get(r.url + prefix + token)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("page: got %v, %v", response, err)
		}
		_ = response.Body.Close()
		if p, _ := r.Payment(token); p.State != sandbox.Open {
			t.Errorf("reading the page made it %s", p.State)
		}
		response, err = browser.PostForm(r.url+prefix+token, url.Values{"decision": {"approve"}})
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if got := response.Header.Get("Location"); response.StatusCode != http.StatusSeeOther ||
			got != callback+"&status=success&token="+token {
			t.Errorf("got %d to %s", response.StatusCode, got)
		}
	}
	for _, test := range []struct{ cancelWord, message, choice, want string }{
		{"cancel", "off", sandbox.Cancel, "&status=cancel&token=T"},
		{"failed", "off", sandbox.Cancel, "&status=failed&token=T"},
		{"cancel", "off", sandbox.Decline, "&status=failed&token=T"},
		{"cancel", "on", sandbox.Decline, "&status=failed&token=T&message=the+bank+says+failed"},
	} {
		r := newRig(t, map[string]string{switchCancelWord: test.cancelWord, switchReturnMessage: test.message})
		token := r.open(t, nil)
		outcome, err := r.Act(token, sandbox.Decision{Choice: test.choice})
		if want := callback + strings.Replace(test.want, "T", token, 1); err != nil || outcome.ReturnURL != want {
			t.Errorf("%+v: got %s, %v", test, outcome.ReturnURL, err)
		}
	}
	token := r.open(t, nil)
	r.strike(t, sandbox.Fault{Name: sandbox.FaultUnknownWord, Call: "decide", Times: 1})
	if outcome, err := r.Act(token, sandbox.Decision{Choice: sandbox.Approve}); err != nil ||
		!strings.Contains(outcome.ReturnURL, "status=held") {
		t.Errorf("unknown-word: got %s, %v", outcome.ReturnURL, err)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	token := r.paid(t, nil)
	answer := r.verify(t, token)
	p, _ := r.Payment(token)
	want := fmt.Sprintf(`{"success":true,"result":{"refid":%d,"transaction_id":%d,"amount":250000,`+
		`"card_pan":"603799******1234","date":"2026-05-02 14:03:11"}}`, firstReference+p.Reference, firstTransaction+p.Panel)
	if answer != want || p.Captures != 1 {
		t.Errorf("got  %s with %d captures\nwant %s", answer, p.Captures, want)
	}
	if again := r.verify(t, token); again != want {
		t.Errorf("again: got %s", again)
	}
	if err := r.SetSwitch(switchRepeatVerify, "error"); err != nil {
		t.Fatal(err)
	}
	if again := r.verify(t, token); errorCode(t, again) != codeVerifiedBefore {
		t.Errorf("again with the switch: got %s", again)
	}
	if err := r.SetSwitch(switchIDType, "text"); err != nil {
		t.Fatal(err)
	}
	if got := r.verify(t, r.paid(t, nil)); !strings.Contains(got, `"refid":"4002`) ||
		!strings.Contains(got, `"transaction_id":"991`) {
		t.Errorf("ids as text: got %s", got)
	}
	if p, _ := r.Payment(token); p.Captures != 1 {
		t.Errorf("captured %d times", p.Captures)
	}
}

func TestVerifyRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, sandbox.Merchant{ID: "live"})
	open, paid, late := r.open(t, nil), r.paid(t, nil), r.open(t, nil)
	for _, test := range []struct {
		name    string
		members map[string]any
		code    int
	}{
		{"open", map[string]any{"api": "sandbox", "token": open, "amount": 250000}, codeNotPaid},
		{"other amount", map[string]any{"api": "sandbox", "token": paid, "amount": 25000}, codeOtherAmount},
		{"no amount", map[string]any{"api": "sandbox", "token": paid}, codeAmount},
		{"unknown token", map[string]any{"api": "sandbox", "token": "tk1", "amount": 250000}, codeToken},
		{"another key", map[string]any{"api": "live", "token": paid, "amount": 250000}, codeToken},
		{"no key", map[string]any{"token": paid, "amount": 250000}, codeKey},
	} {
		if _, answer := r.call(t, "verify", test.members); errorCode(t, answer) != test.code {
			t.Errorf("%s: got %s, want %d", test.name, answer, test.code)
		}
	}
	if err := r.Advance(30 * time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{paid, late} {
		if answer := r.verify(t, token); errorCode(t, answer) != codeNotPaid {
			t.Errorf("after the window: got %s", answer)
		}
	}
	if diff := cmp.Diff(sandbox.Books{Payments: 3, Charged: 250000, Returned: 250000}, r.Books()); diff != "" {
		t.Errorf("books (-want +got):\n%s", diff)
	}
}

func TestVerifyOnceUnderLoad(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{switchRepeatVerify: "error"})
	token := r.paid(t, nil)
	codes := make(chan int, 50)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { codes <- errorCode(t, r.verify(t, token)) })
	}
	group.Wait()
	close(codes)
	count := map[int]int{}
	for code := range codes {
		count[code]++
	}
	if diff := cmp.Diff(map[int]int{0: 1, codeVerifiedBefore: 49}, count); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, test := range []struct {
		fault    sandbox.Fault
		has, not string
	}{
		{sandbox.Fault{Name: FaultVerifyNoAmount}, `"refid"`, `"amount"`},
		{sandbox.Fault{Name: FaultVerifyOtherAmount}, `"amount":25000,`, `250000`},
		{sandbox.Fault{Name: FaultVerifyOtherAmount, Value: "7"}, `"amount":7,`, `250000`},
		{sandbox.Fault{Name: sandbox.FaultWrongAmount}, `"amount":25000,`, `250000`},
		{sandbox.Fault{Name: FaultSuccessMissing}, `"amount":250000`, `success`},
		{sandbox.Fault{Name: sandbox.FaultUnknownWord}, `"success":"held"`, `true`},
		{sandbox.Fault{Name: sandbox.FaultRefuse, Value: "99"}, `"errorCode":99`, `true`},
		{sandbox.Fault{Name: sandbox.FaultSlowTruth}, `"errorCode":6`, `true`},
	} {
		token := r.paid(t, nil)
		test.fault.Call, test.fault.Times = "verify", 1
		r.strike(t, test.fault)
		if answer := r.verify(t, token); !strings.Contains(answer, test.has) || strings.Contains(answer, test.not) {
			t.Errorf("%+v: got %s", test.fault, answer)
		}
		if answer := r.verify(t, token); errorCode(t, answer) != 0 || !strings.Contains(answer, `"amount":250000`) {
			t.Errorf("%s, the next verify: got %s", test.fault.Name, answer)
		}
	}
	for fault, want := range map[string]string{
		FaultURLMissing: `"token":"tk`, FaultURLForeign: `"url":"https://pay.elsewhere.test/v1/tk`,
	} {
		r.strike(t, sandbox.Fault{Name: fault, Times: 1})
		if _, answer := r.call(t, "token", ask(nil)); !strings.Contains(answer, want) ||
			strings.Contains(answer, "127.0.0.1") {
			t.Errorf("%s: got %s", fault, answer)
		}
	}
	r.strike(t, sandbox.Fault{Name: FaultURLForeign, Value: "http://x.test/", Times: 1})
	if _, answer := r.call(t, "token", ask(nil)); !strings.Contains(answer, `"url":"http://x.test/"`) {
		t.Errorf("url-foreign: got %s", answer)
	}
}

func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for repeat, code := range map[string]int{"same-result": 0, "error": codeVerifiedBefore} {
		r := newRig(t, map[string]string{switchRepeatVerify: repeat})
		token := r.paid(t, nil)
		r.strike(t, sandbox.Fault{Name: "verify-lost-answer", Times: 1})
		body := `{"api":"sandbox","amount":250000,"token":"` + token + `"}`
		if _, _, err := r.post(t, "verify", "application/json", body); err == nil {
			t.Error("an answer came")
		}
		if got := errorCode(t, r.verify(t, token)); got != code {
			t.Errorf("%s: got %d, want %d", repeat, got, code)
		}
	}
	r := newRig(t, nil)
	number := r.transaction(t, r.paid(t, nil))
	r.strike(t, sandbox.Fault{Name: "refund-lost-answer", Times: 1})
	body := `{"api":"sandbox","amount":100000,"transaction_id":` + number + `}`
	if _, _, err := r.post(t, "refund-transaction", "application/json", body); err == nil {
		t.Error("an answer came")
	}
	if books := r.Books(); books.Refunded != 100000 {
		t.Errorf("refunded %d", books.Refunded)
	}
}

func TestRefund(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	token := r.paid(t, nil)
	if _, answer := r.call(t, "refund-transaction", map[string]any{
		"api": "sandbox", "amount": 1, "transaction_id": firstTransaction + 3,
	}); errorCode(t, answer) != codeToken {
		t.Errorf("before verify: got %s", answer)
	}
	number := r.transaction(t, token)
	for _, test := range []struct {
		name    string
		members map[string]any
		code    int
	}{
		{"by key", map[string]any{"api": "sandbox", "amount": 100000, "transaction_id": number}, 0},
		{"with token", map[string]any{"api": "sandbox", "amount": 50000, "transaction_id": number, "token": token}, 0},
		{"other token", map[string]any{"api": "sandbox", "amount": 1, "transaction_id": number, "token": "x"}, codeToken},
		{"bare", map[string]any{"transaction": number, "amount": 50000}, 0},
		{"too much", map[string]any{"transaction": number, "amount": 50001}, codeAmount},
		{"nothing", map[string]any{"transaction": number, "amount": 0}, codeAmount},
		{"no amount", map[string]any{"transaction": number}, codeAmount},
		{"no transaction", map[string]any{"api": "sandbox", "amount": 1}, codeBody},
		{"empty", map[string]any{}, codeBody},
		{"odd number", map[string]any{"transaction": "x", "amount": 1}, codeToken},
		{"wrong key", map[string]any{"api": "other", "amount": 1, "transaction_id": number}, codeKey},
		{"the rest", map[string]any{"transaction": number, "amount": 50000}, 0},
		{"nothing left", map[string]any{"transaction": number, "amount": 1}, codeAmount},
	} {
		_, answer := r.call(t, "refund-transaction", test.members)
		if errorCode(t, answer) != test.code {
			t.Errorf("%s: got %s, want %d", test.name, answer, test.code)
		}
		if test.code == 0 && !strings.HasPrefix(answer, `{"success":true,"result":"rf`) {
			t.Errorf("%s: got %s", test.name, answer)
		}
	}
	if p, _ := r.Payment(token); p.State != sandbox.Refunded || p.Refunded() != 250000 {
		t.Errorf("got %s with %d refunded", p.State, p.Refunded())
	}
}

func TestRefundSwitches(t *testing.T) {
	t.Parallel()
	for name, switches := range map[string]map[string]string{
		"sandbox": {switchRefundInSandbox: "refused"},
		"body":    {switchRefundBody: "bare"},
		"repeat":  {switchRefundRepeat: "refused"},
	} {
		r := newRig(t, switches)
		members := map[string]any{"api": "sandbox", "amount": 1000, "transaction_id": r.transaction(t, r.paid(t, nil))}
		var codes []int
		for range 2 {
			_, answer := r.call(t, "refund-transaction", members)
			codes = append(codes, errorCode(t, answer))
		}
		want := map[string][]int{
			"sandbox": {codeRefund, codeRefund}, "body": {codeBody, codeBody}, "repeat": {0, codeRefund},
		}
		if diff := cmp.Diff(want[name], codes); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestCardAndRestart(t *testing.T) {
	t.Parallel()
	options := sandbox.Options{
		PublicURL: "http://127.0.0.1:1", Dir: t.TempDir(), Now: func() time.Time { return start },
	}
	first, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(first)
	before := &rig{Emulator: first, url: server.URL}
	const card = "5022291077470837"
	wrong := before.open(t, map[string]any{"cardnumber": card})
	if outcome, err := before.Act(wrong, sandbox.Decision{Choice: sandbox.Approve, Card: card[:15] + "8"}); err != nil ||
		outcome.Payment.State != sandbox.Failed {
		t.Errorf("another card: got %+v, %v", outcome, err)
	}
	token := before.paid(t, map[string]any{"cardnumber": card})
	server.Close()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	server = httptest.NewServer(second)
	defer server.Close()
	after := &rig{Emulator: second, url: server.URL}
	if answer := after.verify(t, token); !strings.Contains(answer, `"card_pan":"502229******0837"`) {
		t.Errorf("after the restart: got %s", answer)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}
