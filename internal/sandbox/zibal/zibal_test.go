package zibal

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/sandbox"
)

const callback = "http://shop.test/r?t=k9"

var start = time.Date(2026, 5, 2, 10, 33, 11, 221000000, time.UTC)

// rig is one emulator on a listener of its own.
type rig struct {
	*Emulator
	url string
}

func newRig(t *testing.T, switches map[string]string, merchants ...sandbox.Merchant) *rig {
	t.Helper()
	emulator, err := New(sandbox.Options{
		PublicURL: "http://127.0.0.1:18083", Seed: 7, Now: func() time.Time { return start },
		Switches: switches, Merchants: merchants,
	})
	if err != nil {
		t.Fatalf("new emulator: %v", err)
	}
	server := httptest.NewServer(emulator)
	t.Cleanup(server.Close)
	return &rig{Emulator: emulator, url: server.URL}
}

// post sends a body to a path below /v1/.
func (r *rig) post(t *testing.T, call, body string, header ...string) (int, string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/v1/"+call, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json;charset=utf-8")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	request.Close = true // a server that closes ends the idle connections of all tests
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, string(answer), err
}

// call sends JSON, wants an answer under 200, and gives it back.
func (r *rig) call(t *testing.T, call string, members map[string]any, header ...string) string {
	t.Helper()
	encoded, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	status, answer, err := r.post(t, call, string(encoded), header...)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%s: got %d %s, %v", call, status, answer, err)
	}
	return answer
}

// ask is a usual request with changes on top.
func ask(changes map[string]any) map[string]any {
	members := map[string]any{
		"merchant": "zibal", "amount": 250000, "callbackUrl": callback, "orderId": "77", "mobile": "09120000001",
		"description": "order 77", "allowedCards": nil, "percentMode": 0, "feeMode": 0, "linkToPay": false,
	}
	for name, value := range changes {
		members[name] = value
	}
	return members
}

// whole reads a whole number of an answer.
func whole(t *testing.T, answer, name string) int64 {
	t.Helper()
	fields, err := sandbox.ParseJSON([]byte(answer))
	value, ok := fields.Whole(name)
	if err != nil || !ok {
		t.Fatalf("answer %q has no number %s", answer, name)
	}
	return value
}

func (r *rig) open(t *testing.T, changes map[string]any) string {
	t.Helper()
	return strconv.FormatInt(whole(t, r.call(t, "request", ask(changes)), "trackId"), 10)
}

func (r *rig) act(t *testing.T, track string, decision sandbox.Decision) sandbox.Outcome {
	t.Helper()
	outcome, err := r.Act(track, decision)
	if err != nil {
		t.Fatalf("act: %v", err)
	}
	return outcome
}

func (r *rig) paid(t *testing.T) string {
	t.Helper()
	track := r.open(t, nil)
	r.act(t, track, sandbox.Decision{Choice: sandbox.Approve})
	return track
}

func (r *rig) verified(t *testing.T) string {
	t.Helper()
	track := r.paid(t)
	if answer := r.on(t, "verify", track); whole(t, answer, "result") != 100 {
		t.Fatalf("verify: got %s", answer)
	}
	return track
}

// on makes a call about one trackId.
func (r *rig) on(t *testing.T, call, track string) string {
	t.Helper()
	return r.call(t, call, map[string]any{"merchant": "zibal", "trackId": json.Number(track)})
}

func (r *rig) strike(t *testing.T, f sandbox.Fault) {
	t.Helper()
	if _, err := r.AddFault(f); err != nil {
		t.Fatalf("add fault %s: %v", f.Name, err)
	}
}

func (r *rig) advance(t *testing.T, d time.Duration) {
	t.Helper()
	if err := r.Advance(d); err != nil {
		t.Fatal(err)
	}
}

func TestRequestAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	answer := r.call(t, "request", ask(nil))
	p := r.Payments()[0]
	if want := `{"message":"success","result":100,"trackId":` + p.ID + `}`; answer != want || len(p.ID) != 14 {
		t.Errorf("got %s, want %s", answer, want)
	}
	if p.OrderID != "77" || p.Amount != 250000 || p.Mobile != "09120000001" || p.Description != "order 77" {
		t.Errorf("got payment %+v", p)
	}
	if err := r.SetSwitch(switchTrackIDType, "text"); err != nil {
		t.Fatal(err)
	}
	answer = r.call(t, "request", ask(map[string]any{"linkToPay": true, "orderId": 78}))
	p = r.Payments()[1]
	want := `{"message":"success","result":100,"trackId":"` + p.ID +
		`","payLink":"http://127.0.0.1:18083/start/` + p.ID + `"}`
	if answer != want || p.OrderID != "78" {
		t.Errorf("got %s, want %s", answer, want)
	}
	r.strike(t, sandbox.Fault{Name: FaultHugeTrackID, Times: 1})
	huge := whole(t, r.call(t, "request", ask(nil)), "trackId")
	// Above 2^53 a floating-point number holds even numbers only, so an odd one tells.
	if huge%2 == 0 || huge < 1<<53 || len(strconv.FormatInt(huge, 10)) != 16 {
		t.Errorf("the huge trackId %d would survive a floating-point number", huge)
	}
	if answer := r.on(t, "inquiry", strconv.FormatInt(huge, 10)); whole(t, answer, "status") != statusWaiting {
		t.Errorf("inquiry of the huge trackId: %s", answer)
	}
}

func TestRequestChecks(t *testing.T) {
	t.Parallel()
	share := func(receiver string, amount int) map[string]any {
		return map[string]any{"bankAccount": receiver, "amount": amount}
	}
	shares := func(list ...map[string]any) map[string]any { return map[string]any{"multiplexingInfos": list} }
	merchants := []sandbox.Merchant{
		{ID: "good", Domain: "shop.test", Flags: []string{"wallet-empty", "inactive-receiver:dead"}},
		{ID: "inactive", Refuse: "103"},
		{ID: "invalid", Refuse: "x"},
		{ID: "far", Addresses: []string{"10.0.0.1"}},
	}
	for _, test := range []struct {
		name    string
		changes map[string]any
		result  int64
	}{
		{"usual", nil, 100},
		{"amount as text", map[string]any{"amount": "250000"}, 100},
		{"listed", map[string]any{"merchant": "good"}, 100},
		{"no merchant", map[string]any{"merchant": nil}, 102},
		{"unknown merchant", map[string]any{"merchant": "other"}, 102},
		{"inactive merchant", map[string]any{"merchant": "inactive"}, 103},
		{"invalid merchant", map[string]any{"merchant": "invalid"}, 104},
		{"other address", map[string]any{"merchant": "far"}, 115},
		{"no amount", map[string]any{"amount": nil}, 105},
		{"small amount", map[string]any{"amount": 999}, 105},
		{"border", map[string]any{"amount": 1000}, 100},
		{"broken amount", map[string]any{"amount": 2000.5}, 105},
		{"ceiling", map[string]any{"amount": 500000000}, 100},
		{"above the ceiling", map[string]any{"amount": 500000001}, 113},
		{"no callback", map[string]any{"callbackUrl": nil}, 140},
		{"odd callback", map[string]any{"callbackUrl": "shop.test/r"}, 106},
		{"foreign callback", map[string]any{"merchant": "good", "callbackUrl": "http://evil.test/"}, 106},
		{"percentMode", map[string]any{"percentMode": 2}, 107},
		{"feeMode 2", map[string]any{"feeMode": 2}, 100},
		{"feeMode 3", map[string]any{"feeMode": 3}, 116},
		{"feeMode a word", map[string]any{"feeMode": "x"}, 116},
		{"feeMode 1", map[string]any{"feeMode": 1}, 100},
		{"feeMode 1, empty wallet", map[string]any{"merchant": "good", "feeMode": 1}, 112},
		{"national code", map[string]any{"nationalCode": "0013542419"}, 100},
		{"national code, check digit", map[string]any{"nationalCode": "0013542418"}, 114},
		{"national code, letters", map[string]any{"nationalCode": "00135424x9"}, 114},
		{"national code, short", map[string]any{"nationalCode": "1"}, 114},
		{"shares", shares(share("self", 100000), share("a", 150000)), 100},
		{"shares no list", map[string]any{"multiplexingInfos": 5}, 108},
		{"shares without receiver", shares(share("", 250000)), 108},
		{"shares inactive", map[string]any{"merchant": "good", "multiplexingInfos": []any{share("dead", 1)}}, 109},
		{"shares without self", shares(share("a", 250000)), 110},
		{"shares sum", shares(share("self", 249999)), 111},
		{"shares in percent", map[string]any{
			"percentMode": 1, "multiplexingInfos": []any{share("self", 60), share("a", 40)},
		}, 100},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil, merchants...)
			answer := r.call(t, "request", ask(test.changes))
			if whole(t, answer, "result") != test.result || (len(r.Payments()) == 1) != (test.result == 100) {
				t.Errorf("got %s and %d payments, want %d", answer, len(r.Payments()), test.result)
			}
		})
	}
}

func TestRequestSwitches(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, value string
		changes     map[string]any
		result      int64
	}{
		{switchAmountBorder, "1000-refused", map[string]any{"amount": 1000}, 105},
		{switchAmountBorder, "1000-refused", map[string]any{"amount": 1001}, 100},
		{switchHTTPSOnly, "on", nil, 106},
		{switchHTTPSOnly, "on", map[string]any{"callbackUrl": "https://shop.test/"}, 100},
		{switchFeeMode2, "116", map[string]any{"feeMode": 2}, 116},
		{switchCeiling, "2000", map[string]any{"amount": 2001}, 113},
		{switchCeilingCode, "114", map[string]any{"amount": 500000001}, 114},
	} {
		r := newRig(t, map[string]string{test.name: test.value})
		if answer := r.call(t, "request", ask(test.changes)); whole(t, answer, "result") != test.result {
			t.Errorf("%+v: got %s", test, answer)
		}
	}
	r := newRig(t, map[string]string{switchOrderUnique: "on"})
	for i, want := range []int64{100, 117} {
		if answer := r.call(t, "request", ask(nil)); whole(t, answer, "result") != want {
			t.Errorf("order %d: got %s", i+1, answer)
		}
	}
}

func TestEveryCodeCanBeMade(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for code, words := range messages {
		r.strike(t, sandbox.Fault{Name: sandbox.FaultRefuse, Value: strconv.Itoa(code), Times: 1})
		if answer := r.call(t, "request", ask(nil)); whole(t, answer, "result") != int64(code) ||
			!strings.Contains(answer, words) {
			t.Errorf("%d: got %s", code, answer)
		}
	}
	for _, body := range []string{"", "nonsense", "[]", `{"merchant":"zibal"} 1`} {
		if status, answer, err := r.post(t, "request", body); err != nil || status != http.StatusBadRequest {
			t.Errorf("%q: got %d %s, %v", body, status, answer, err)
		}
	}
	if status, _, err := r.post(t, "request", `{}`, "Content-Type", "text/plain"); err != nil || status != 400 {
		t.Errorf("another content type: got %d, %v", status, err)
	}
	if len(r.Payments()) != 0 {
		t.Errorf("refused requests made %d payments", len(r.Payments()))
	}
}

func TestPageAndReturn(t *testing.T) {
	t.Parallel()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r := newRig(t, nil)
	for _, suffix := range []string{"", "/direct"} {
		track := r.open(t, nil)
		response, err := browser.Get(r.url + "/start/" + track + suffix)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != 200 || strings.Count(string(page), `name="status"`) != len(refusals()) {
			t.Errorf("page: got %d with %s, %v", response.StatusCode, page, err)
		}
		if p, _ := r.Payment(track); p.State != sandbox.Open {
			t.Errorf("reading the page made it %s", p.State)
		}
		response, err = browser.PostForm(r.url+"/start/"+track+suffix, url.Values{"decision": {"approve"}})
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if got := response.Header.Get("Location"); response.StatusCode != http.StatusSeeOther ||
			got != callback+"&trackId="+track+"&success=1&status=2&orderId=77" {
			t.Errorf("got %d to %s", response.StatusCode, got)
		}
	}
	for _, refusal := range refusals() {
		track := r.open(t, map[string]any{"orderId": nil})
		outcome := r.act(t, track, sandbox.Decision{Choice: sandbox.Decline, Status: refusal.Code})
		want := callback + "&trackId=" + track + "&success=0&status=" + strconv.Itoa(refusal.Code)
		if outcome.ReturnURL != want || whole(t, r.on(t, "inquiry", track), "status") != int64(refusal.Code) {
			t.Errorf("%d: got %s, want %s", refusal.Code, outcome.ReturnURL, want)
		}
	}
	for choice, status := range map[string]string{sandbox.Decline: "5", sandbox.Cancel: "3"} {
		if got := r.act(t, r.open(t, nil), sandbox.Decision{Choice: choice}).ReturnURL; !strings.Contains(
			got, "&success=0&status="+status+"&orderId=77") {
			t.Errorf("%s: got %s", choice, got)
		}
	}
	for words, want := range map[string][2]string{"true/false": {"true", "false"}, "2": {"2", "0"}} {
		r := newRig(t, map[string]string{switchSuccessWord: words})
		for i, choice := range []string{sandbox.Approve, sandbox.Decline} {
			if got := r.act(t, r.open(t, nil), sandbox.Decision{Choice: choice}).ReturnURL; !strings.Contains(
				got, "&success="+want[i]+"&") {
				t.Errorf("%s: got %s", words, got)
			}
		}
	}
}

func TestForgedAndWrongReturns(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	track := r.open(t, nil)
	r.strike(t, sandbox.Fault{Name: sandbox.FaultForgedReturn, Times: 1})
	if got := r.act(t, track, sandbox.Decision{Choice: sandbox.Cancel}).ReturnURL; !strings.Contains(got,
		"success=1&status=2") {
		t.Errorf("forged: got %s", got)
	}
	if answer := r.on(t, "inquiry", track); whole(t, answer, "status") != statusWaiting {
		t.Errorf("inquiry: got %s", answer)
	}
	r.strike(t, sandbox.Fault{Name: sandbox.FaultWrongOrder, Call: "decide", Times: 1})
	if got := r.act(t, track, sandbox.Decision{Choice: sandbox.Approve}).ReturnURL; !strings.Contains(got,
		"orderId=another-order") {
		t.Errorf("wrong order: got %s", got)
	}
}

func TestVerifyAndInquiry(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	track := r.open(t, nil)
	if got := r.on(t, "verify", track); got != `{"message":"not paid or failed","result":202}` {
		t.Errorf("open: got %s", got)
	}
	nothing := `{"message":"success","result":100,"status":-1,"amount":250000,"refNumber":null,"paidAt":null,` +
		`"cardNumber":null,"orderId":"77","description":"order 77","multiplexingInfos":[],` +
		`"createdAt":"2026-05-02T14:03:11.221000","verifiedAt":null,"wage":0}`
	if got := r.on(t, "inquiry", track); got != nothing {
		t.Errorf("inquiry of an open one: got %s", got)
	}
	r.act(t, track, sandbox.Decision{Choice: sandbox.Approve})
	if got := r.on(t, "inquiry", track); whole(t, got, "status") != statusPaid {
		t.Errorf("inquiry of a paid one: got %s", got)
	}
	p, _ := r.Payment(track)
	report := `"status":1,"amount":250000,"refNumber":` + strconv.FormatInt(firstReference+p.Reference, 10) +
		`,"paidAt":"2026-05-02T14:03:11.221000","cardNumber":"60379****34","orderId":"77",` +
		`"description":"order 77","multiplexingInfos":[]`
	if got := r.on(t, "verify", track); got != `{"message":"success","result":100,`+report+`}` {
		t.Errorf("verify: got %s", got)
	}
	if got := r.call(t, "verify", map[string]any{"merchant": "zibal", "trackId": track}); got !=
		`{"message":"already verified","result":201}` {
		t.Errorf("verify again, trackId as text: got %s", got)
	}
	if err := r.SetSwitch(switchVerify201, "full"); err != nil {
		t.Fatal(err)
	}
	if got := r.on(t, "verify", track); got != `{"message":"already verified","result":201,`+report+`}` {
		t.Errorf("verify again, in full: got %s", got)
	}
	if got := r.on(t, "inquiry", track); !strings.Contains(got, `"verifiedAt":"2026-05-02T14:03:11.221000"`) {
		t.Errorf("inquiry: got %s", got)
	}
	for _, call := range []string{"verify", "inquiry"} {
		for _, members := range []map[string]any{
			{"merchant": "zibal", "trackId": 1},
			{"merchant": "zibal"},
			{"merchant": "zibal", "orderId": "77"},
			{"merchant": "zibal", "trackId": true},
		} {
			if got := r.call(t, call, members); whole(t, got, "result") != 203 {
				t.Errorf("%s %v: got %s", call, members, got)
			}
		}
	}
	if err := r.SetMerchant(sandbox.Merchant{ID: "other"}); err != nil {
		t.Fatal(err)
	}
	members := map[string]any{"merchant": "other", "trackId": json.Number(track), "orderId": "77"}
	for _, call := range []string{"verify", "inquiry"} {
		if got := r.call(t, call, members); whole(t, got, "result") != 203 {
			t.Errorf("another merchant's %s: got %s", call, got)
		}
	}
	if err := r.SetSwitch(switchInquiryByOrder, "on"); err != nil {
		t.Fatal(err)
	}
	got := r.call(t, "inquiry", map[string]any{"merchant": "zibal", "orderId": "77"})
	if whole(t, got, "status") != statusVerified {
		t.Errorf("inquiry by order: got %s", got)
	}
}

func TestVerifyOnceUnderLoad(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	track := r.paid(t)
	results := make(chan int64, 50)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { results <- whole(t, r.on(t, "verify", track), "result") })
	}
	group.Wait()
	close(results)
	count := map[int64]int{}
	for result := range results {
		count[result]++
	}
	if diff := cmp.Diff(map[int64]int{100: 1, 201: 49}, count); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if p, _ := r.Payment(track); p.Captures != 1 {
		t.Errorf("captured %d times", p.Captures)
	}
}

func TestLifeAndWindow(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{switchLife: "10m", switchWindow: "20m"})
	open, paid, done := r.open(t, nil), r.paid(t), r.verified(t)
	r.advance(t, 10*time.Minute)
	if got := r.act(t, open, sandbox.Decision{Choice: sandbox.Approve}).ReturnURL; !strings.Contains(got,
		"success=0&status=-1") {
		t.Errorf("an expired one: got %s", got)
	}
	r.advance(t, 10*time.Minute)
	for track, want := range map[string]int64{open: statusWaiting, paid: statusReversed, done: statusVerified} {
		if got := r.on(t, "inquiry", track); whole(t, got, "status") != want {
			t.Errorf("got %s, want status %d", got, want)
		}
	}
	if got := r.on(t, "verify", paid); whole(t, got, "result") != 202 {
		t.Errorf("verify after the money went back: got %s", got)
	}
	r.strike(t, sandbox.Fault{Name: sandbox.FaultLateSuccess, Times: 1})
	r.act(t, open, sandbox.Decision{Choice: sandbox.Approve})
	if got := r.on(t, "inquiry", open); whole(t, got, "status") != statusPaid {
		t.Errorf("late success: got %s", got)
	}
}
