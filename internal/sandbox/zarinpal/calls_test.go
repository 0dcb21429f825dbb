package zarinpal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/sandbox"
)

func TestPageAndReturn(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	authority := r.open(t, "")
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, path := range []string{"/pg/StartPay/" + authority, "/pg/StartPay/" + authority + "/ZarinGate"} {
		response, err := browser.Get(r.url + path)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("page: got %v, %v", response, err)
		}
		_ = response.Body.Close()
	}
	if got := r.stateOf(t, authority); got != sandbox.Open {
		t.Errorf("reading the page made it %s", got)
	}
	response, err := browser.PostForm(r.url+"/pg/StartPay/"+authority, url.Values{"decision": {"approve"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	want := callback + "&Authority=" + authority + "&Status=OK"
	if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != want {
		t.Errorf("got %d to %s, want 303 to %s", response.StatusCode, response.Header.Get("Location"), want)
	}
	for _, choice := range []string{sandbox.Decline, sandbox.Cancel} {
		refused := r.open(t, "")
		if got := r.act(t, refused, sandbox.Decision{Choice: choice}).ReturnURL; got !=
			callback+"&Authority="+refused+"&Status=NOK" {
			t.Errorf("%s: got %s", choice, got)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	authority := r.paid(t, `"metadata":{"order_id":"77"}`)
	first, second := r.verify(t, authority, 250000), r.verify(t, authority, 250000)
	p, _ := r.Payment(authority)
	hash := regexp.MustCompile(`"card_hash":"[0-9A-F]{64}"`)
	if !hash.MatchString(first) || hash.FindString(first) != hash.FindString(second) {
		t.Errorf("hashes: %s and %s", first, second)
	}
	want := fmt.Sprintf(`{"data":{"wages":null,"code":%%d,"message":%%q,"card_hash":"",`+
		`"card_pan":"603799******1234","ref_id":%d,"fee_type":"Merchant","fee":3500,"shaparak_fee":1200,"order_id":"77"},`+
		`"errors":[]}`, p.Reference)
	for got, want := range map[string]string{first: fmt.Sprintf(want, 100, "Paid"), second: fmt.Sprintf(want, 101,
		"Verified")} {
		if got = hash.ReplaceAllString(got, `"card_hash":""`); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if p.State != sandbox.Verified || p.Captures != 1 || p.Charges != 1 {
		t.Errorf("got %+v", p)
	}
}

func TestVerifyRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	open, failed, paid := r.open(t, ""), r.open(t, ""), r.paid(t, "")
	r.act(t, failed, sandbox.Decision{Choice: sandbox.Decline})
	for _, test := range []struct {
		name, body string
		code       int64
	}{
		{"open", body(`"amount":250000,"authority":"` + open + `"`), -51},
		{"failed", body(`"amount":250000,"authority":"` + failed + `"`), -51},
		{"other amount", body(`"amount":25000,"authority":"` + paid + `"`), -50},
		{"amount missing", body(`"authority":"` + paid + `"`), -9},
		{"authority missing", body(`"amount":250000`), -9},
		{"authority short", body(`"amount":250000,"authority":"S1"`), -54},
		{"authority unknown", body(`"amount":250000,"authority":"S` + strings.Repeat("0", 35) + `"`), -54},
		{"authority in other case", body(`"amount":250000,"authority":"S` + swapCase(paid[1:]) + `"`), -54},
		{"another merchant", strings.Replace(body(`"amount":250000,"authority":"`+paid+`"`), shop, otherShop, 1), -53},
		{"amount as text", body(`"amount":"250000","authority":"` + paid + `"`), 100},
	} {
		if _, answer := r.call(t, "verify", test.body); code(t, answer) != test.code {
			t.Errorf("%s: got %s, want %d", test.name, answer, test.code)
		}
	}
}

func swapCase(text string) string {
	if strings.ToUpper(text) == text {
		return strings.ToLower(text)
	}
	return strings.ToUpper(text)
}

func TestVerifyOnceUnderLoad(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	authority := r.paid(t, "")
	codes := make(chan int64, 50)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { codes <- code(t, r.verify(t, authority, 250000)) })
	}
	group.Wait()
	close(codes)
	count := map[int64]int{}
	for got := range codes {
		count[got]++
	}
	if diff := cmp.Diff(map[int64]int{100: 1, 101: 49}, count); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
	if books := r.Books(); books.Captured != 250000 {
		t.Errorf("captured %d", books.Captured)
	}
}

func TestVerifySwitches(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{switchVerifyText: "Verified", switchVerifyExtra: "short"})
	answer := r.verify(t, r.paid(t, ""), 250000)
	if !strings.Contains(answer, `"message":"Verified"`) || strings.Contains(answer, "shaparak_fee") ||
		strings.Contains(answer, "wages") || strings.Contains(answer, "order_id") {
		t.Errorf("got %s", answer)
	}
	for _, test := range []struct {
		panel, members string
		code           int64
	}{
		{"on", ``, 101},
		{"on", `"metadata":{"auto_verify":false}`, 100},
		{"off", ``, 100},
		{"off", `"metadata":{"auto_verify":true}`, 101},
	} {
		r := newRig(t, map[string]string{switchAutoVerify: test.panel})
		authority := r.paid(t, test.members)
		if got := code(t, r.verify(t, authority, 250000)); got != test.code {
			t.Errorf("%+v: got %d", test, got)
		}
		if books := r.Books(); books.Captured != 250000 {
			t.Errorf("%+v: captured %d", test, books.Captured)
		}
	}
}

func TestVerifyFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fault sandbox.Fault
		codes []int64
	}{
		{sandbox.Fault{Name: FaultVerify101First}, []int64{101, 101}},
		{sandbox.Fault{Name: FaultVerify52}, []int64{-52, 100, 101}},
		{sandbox.Fault{Name: FaultPaidBut51, Times: 2}, []int64{-51, -51, 100}},
		{sandbox.Fault{Name: sandbox.FaultUnknownWord}, []int64{777, 101}},
		{sandbox.Fault{Name: sandbox.FaultRefuse, Value: "-12"}, []int64{-12, 100}},
	} {
		r := newRig(t, nil)
		authority := r.paid(t, "")
		test.fault.Call, test.fault.Times = "verify", max(test.fault.Times, 1)
		r.strike(t, test.fault)
		for i, want := range test.codes {
			if want == -51 {
				if _, answer := r.call(t, "inquiry", on(authority)); !strings.Contains(answer, `"PAID"`) {
					t.Errorf("inquiry meanwhile: %s", answer)
				}
			}
			if got := code(t, r.verify(t, authority, 250000)); got != want {
				t.Errorf("%s, verify %d: got %d, want %d", test.fault.Name, i+1, got, want)
			}
		}
	}
	r := newRig(t, nil)
	r.strike(t, sandbox.Fault{Name: sandbox.FaultWrongOrder, Times: 1})
	if answer := r.verify(t, r.paid(t, ""), 250000); !strings.Contains(answer, `"order_id":"another-order"`) {
		t.Errorf("wrong-order: got %s", answer)
	}
}

func TestVerifyLostAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	authority := r.paid(t, "")
	r.strike(t, sandbox.Fault{Name: "verify-lost-answer", Times: 1})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/pg/v4/payment/verify.json",
		strings.NewReader(body(`"amount":250000,"authority":"`+authority+`"`)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Close = true // a server that closes ends the idle connections of all tests
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
		t.Fatal("an answer came")
	}
	if got := code(t, r.verify(t, authority, 250000)); got != 101 {
		t.Errorf("the next verify: got %d, want 101", got)
	}
}

func TestInquiryFollowsTheLife(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	word := func(authority string) string {
		_, answer := r.call(t, "inquiry", on(authority))
		var reply struct{ Data struct{ Status string } }
		if err := json.Unmarshal([]byte(answer), &reply); err != nil {
			t.Fatalf("inquiry: %s", answer)
		}
		return reply.Data.Status
	}
	open, failed, paid, done := r.open(t, ""), r.open(t, ""), r.paid(t, ""), r.verified(t)
	reversed := r.verified(t)
	r.act(t, failed, sandbox.Decision{Choice: sandbox.Cancel})
	if _, answer := r.call(t, "reverse", on(reversed)); code(t, answer) != 100 {
		t.Fatalf("reverse: %s", answer)
	}
	check := func(when string, want ...string) {
		t.Helper()
		got := []string{word(open), word(failed), word(paid), word(done), word(reversed)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	check("at first", "IN_BANK", "FAILED", "PAID", "VERIFIED", "REVERSED")
	r.strike(t, sandbox.Fault{Name: sandbox.FaultSlowTruth, Times: 2})
	if got := []string{word(open), word(paid), word(paid), word(paid)}; cmp.Diff(
		[]string{"IN_BANK", "IN_BANK", "IN_BANK", "PAID"}, got) != "" {
		t.Errorf("slow-truth: got %v", got)
	}
	r.advance(t, 30*time.Minute)
	check("after both windows", "FAILED", "FAILED", "FAILED", "VERIFIED", "REVERSED")
	if got := code(t, r.verify(t, paid, 250000)); got != -51 {
		t.Errorf("verify after the money went back: got %d", got)
	}
	want := sandbox.Books{Payments: 5, Charged: 750000, Captured: 500000, Returned: 250000, Reversed: 250000}
	if diff := cmp.Diff(want, r.Books()); diff != "" {
		t.Errorf("books (-want +got):\n%s", diff)
	}
}

func TestInquiryAnswers(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{switchErrorShape: "nested-text", switchErrorStatus: "400"})
	authority := r.paid(t, "")
	if _, answer := r.call(t, "inquiry", on(authority)); answer !=
		`{"data":{"status":"PAID","code":100,"message":"Success"},"errors":[]}` {
		t.Errorf("got %s", answer)
	}
	r.strike(t, sandbox.Fault{Name: FaultInquiryRefused, Times: 1})
	if status, answer := r.call(t, "inquiry", on(authority)); status != 400 ||
		answer != `{"data":[],"errors":{"authority":["Invalid authority.","-54"]}}` {
		t.Errorf("inquiry-refused: got %d %s", status, answer)
	}
	r.strike(t, sandbox.Fault{Name: sandbox.FaultUnknownWord, Times: 1})
	if _, answer := r.call(t, "inquiry", on(authority)); !strings.Contains(answer, `"status":"SETTLING"`) {
		t.Errorf("unknown-word: got %s", answer)
	}
	if _, answer := r.call(t, "inquiry", strings.Replace(on(authority), shop, otherShop, 1)); !strings.Contains(answer,
		"-53") {
		t.Errorf("another merchant: got %s", answer)
	}
}

func TestUnverified(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	older := r.paid(t, "")
	r.advance(t, time.Minute)
	newer := r.paid(t, "")
	r.open(t, "")
	r.verified(t)
	if _, answer := r.call(t, "unVerified", strings.Replace(body(""), shop, otherShop, 1)); !strings.Contains(answer,
		`"authorities":[]`) {
		t.Errorf("another merchant: got %s", answer)
	}
	_, answer := r.call(t, "unVerified", body(""))
	want := `{"data":{"code":100,"message":"Success","authorities":[` +
		`{"authority":"` + newer + `","amount":250000,"callback_url":"` + callback +
		`","referer":"","date":"2026-05-02 14:04:11"},` +
		`{"authority":"` + older + `","amount":250000,"callback_url":"` + callback +
		`","referer":"","date":"2026-05-02 14:03:11"}` +
		`]},"errors":[]}`
	if answer != want {
		t.Errorf("got  %s\nwant %s", answer, want)
	}
	list := func() []string {
		_, answer := r.call(t, "unVerified", body(""))
		var reply struct {
			Data struct{ Authorities []struct{ Authority string } }
		}
		if err := json.Unmarshal([]byte(answer), &reply); err != nil {
			t.Fatalf("got %s: %v", answer, err)
		}
		var names []string
		for _, entry := range reply.Data.Authorities {
			names = append(names, entry.Authority)
		}
		return names
	}
	r.strike(t, sandbox.Fault{Name: FaultUnverifiedForeign, Times: 1})
	if got := list(); len(got) != 5 || got[3] != newer {
		t.Errorf("with foreign entries: got %v", got)
	}
	r.strike(t, sandbox.Fault{Name: FaultUnverifiedForeign, Value: "flood", Times: 1})
	if got := list(); len(got) != 100 || strings.Contains(strings.Join(got, " "), newer) {
		t.Errorf("flooded: got %d entries", len(got))
	}
	r.strike(t, sandbox.Fault{Name: sandbox.FaultWrongAmount, Times: 1})
	if _, answer := r.call(t, "unVerified", body("")); !strings.Contains(answer, `"amount":25000,`) {
		t.Errorf("wrong-amount: got %s", answer)
	}
	if err := r.SetSwitch(switchUnverifiedCode, "text"); err != nil {
		t.Fatal(err)
	}
	if _, answer := r.call(t, "unVerified", body("")); !strings.Contains(answer, `"code":"100"`) {
		t.Errorf("code as text: got %s", answer)
	}
	if status, _ := r.post(t, "/pg/v4/payment/unverified.json", body("")); status != http.StatusNotFound {
		t.Errorf("a small v: got %d, want 404", status)
	}
}

func TestReverse(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	open, paid, done, late := r.open(t, ""), r.paid(t, ""), r.verified(t), r.verified(t)
	check := func(name, authority string, want int64) {
		t.Helper()
		if _, answer := r.call(t, "reverse", on(authority)); code(t, answer) != want {
			t.Errorf("%s: got %s, want %d", name, answer, want)
		}
	}
	check("open", open, -61)
	check("paid only", paid, -61)
	r.strike(t, sandbox.Fault{Name: FaultReverseLate, Times: 1})
	check("reverse-late", done, -63)
	r.strike(t, sandbox.Fault{Name: sandbox.FaultRefuse, Call: "reverse", Value: "-60", Times: 1})
	check("bank refuses", done, -60)
	check("verified", done, 100)
	check("again", done, -61)
	r.advance(t, 30*time.Minute)
	check("in the last moment", late, 100)
	other := newRig(t, map[string]string{switchReverseEmpty: "object"},
		sandbox.Merchant{ID: shop, Flags: []string{"no-server-address"}})
	authority := other.verified(t)
	if _, answer := other.call(t, "reverse", on(authority)); !strings.HasPrefix(answer,
		`{"data":{},"errors":{"code":-62,`) {
		t.Errorf("no address: got %s", answer)
	}
	if err := other.SetMerchant(sandbox.Merchant{ID: shop}); err != nil {
		t.Fatal(err)
	}
	other.advance(t, 30*time.Minute+time.Second)
	if _, answer := other.call(t, "reverse", on(authority)); code(t, answer) != -63 {
		t.Errorf("too late: got %s", answer)
	}
}

func TestSmallCalls(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	if _, answer := r.call(t, "feeCalculation", body(`"amount":250000`)); answer != `{"data":{"amount":250000,"fee":3500,`+
		`"fee_type":"Merchant","suggested_amount":253500,"code":100,"message":"Success"},"errors":[]}` {
		t.Errorf("fee: got %s", answer)
	}
	if _, answer := r.call(t, "feeCalculation", body(`"amount":999`)); code(t, answer) != -9 {
		t.Errorf("fee of a small amount: got %s", answer)
	}
	if err := r.SetSwitch(switchSuggested, "text"); err != nil {
		t.Fatal(err)
	}
	if _, answer := r.call(t, "feeCalculation", body(`"amount":250000`)); !strings.Contains(answer,
		`"suggested_amount":"253500"`) {
		t.Errorf("fee as text: got %s", answer)
	}
	authority := r.open(t, "")
	if _, answer := r.call(t, "refresh", body(`"expire":120,"authority":"`+authority+`"`)); code(t, answer) != 100 {
		t.Errorf("refresh: got %s", answer)
	}
	r.advance(t, 119*time.Minute)
	if got := r.stateOf(t, authority); got != sandbox.Open {
		t.Errorf("a refreshed authority is %s", got)
	}
	for members, want := range map[string]int64{`"expire":1,`: -42, `"expire":"x",`: -40, ``: -40} {
		if _, answer := r.call(t, "refresh", body(members+`"authority":"`+authority+`"`)); code(t, answer) != want {
			t.Errorf("refresh %s: got %s, want %d", members, answer, want)
		}
	}
	done, paid := r.verified(t), r.paid(t, "")
	for i, want := range []int64{100, 101} {
		if _, answer := r.call(t, "refund", on(done)); code(t, answer) != want || !strings.Contains(answer, `"iban":"IR`) {
			t.Errorf("old refund %d: got %s, want %d", i+1, answer, want)
		}
	}
	if _, answer := r.call(t, "refund", on(paid)); code(t, answer) != -51 {
		t.Errorf("old refund of unverified money: got %s", answer)
	}
	if _, answer := r.call(t, "refresh", body(`"expire":60,"authority":"`+paid+`"`)); code(t, answer) != -51 {
		t.Errorf("refresh of a paid one: got %s", answer)
	}
}

func TestCardRestriction(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	const right, wrong = "5022291077470837", "5022291077470838"
	for _, pan := range []string{`"` + right + `"`, `"502229******0837"`, `["6219861034529007","` + right + `"]`} {
		authority := r.open(t, `"metadata":{"card_pan":`+pan+`}`)
		r.act(t, authority, sandbox.Decision{Choice: sandbox.Approve, Card: wrong})
		if got := r.stateOf(t, authority); got != sandbox.Failed {
			t.Errorf("%s with another card: %s", pan, got)
		}
		authority = r.open(t, `"metadata":{"card_pan":`+pan+`}`)
		r.act(t, authority, sandbox.Decision{Choice: sandbox.Approve, Card: right})
		if got := r.stateOf(t, authority); got != sandbox.Paid {
			t.Errorf("%s with its card: %s", pan, got)
		}
	}
}

func TestRestartKeepsTheLife(t *testing.T) {
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
	paid, done := before.paid(t, ""), before.verified(t)
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
	if got := code(t, after.verify(t, done, 250000)); got != 101 {
		t.Errorf("verified before: got %d, want 101", got)
	}
	if got := code(t, after.verify(t, paid, 250000)); got != 100 {
		t.Errorf("paid before: got %d, want 100", got)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}
