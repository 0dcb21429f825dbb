package nagad

import (
	"crypto"
	"crypto/rsa"
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

var start = time.Date(2026, 1, 1, 21, 4, 5, 0, time.UTC)

// made are the keys of all tests: making them takes a while.
var made = sync.OnceValue(func() Keys {
	r, err := newRing(Keys{}, "")
	if err != nil {
		panic(err)
	}
	return r.given
})

// rig is one emulator on a listener of its own, with a merchant's own keys.
type rig struct {
	*Emulator
	url     string
	private *rsa.PrivateKey
	hash    crypto.Hash
	headers map[string]string
}

func newRig(t *testing.T, switches map[string]string, merchants ...sandbox.Merchant) *rig {
	t.Helper()
	e, err := NewWithKeys(sandbox.Options{
		PublicURL: "http://127.0.0.1:18085", Seed: 7, Now: func() time.Time { return start },
		Switches: switches, Merchants: merchants,
	}, made())
	if err != nil {
		t.Fatalf("new emulator: %v", err)
	}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	text := e.MerchantKey()
	private, err := fill(&text)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{Emulator: e, url: server.URL, private: private, hash: crypto.SHA256, headers: map[string]string{
		"Content-Type": "application/json", "X-KM-Api-Version": "v-0.2.0", "X-KM-IP-V4": "192.0.2.1",
		"X-KM-Client-Type": "PC_WEB",
	}}
}

func (r *rig) send(t *testing.T, method, path, body string) map[string]any {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range r.headers {
		request.Header.Set(name, value)
	}
	request.Close = true // a server that closes ends the idle connections of all tests
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := map[string]any{}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%s: got %s", path, text)
	}
	data, isText := answer["sensitiveData"].(string)
	if !isText {
		return answer
	}
	return r.unseal(t, data, fmt.Sprint(answer["signature"]))
}

// unseal opens an answer as a merchant would.
func (r *rig) unseal(t *testing.T, data, signature string) map[string]any {
	t.Helper()
	text, err := (&ring{pg: r.private}).decrypt(data)
	if err != nil {
		t.Fatal(err)
	}
	public, err := publicOf(r.PublicKey())
	if err != nil || !signed(public, text, signature, false) {
		t.Fatalf("the answer %s is not signed (%v)", text, err)
	}
	message := map[string]any{}
	if err := json.Unmarshal(text, &message); err != nil {
		t.Fatal(err)
	}
	return message
}

// box seals a message and puts it into a body under the member's name.
func (r *rig) box(t *testing.T, member, message, more string) string {
	t.Helper()
	public, err := publicOf(r.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	data, signature, err := seal(public, r.private, r.hash, []byte(message))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(`{%s%q:%q,"signature":%q}`, more, member, data, signature)
}

const hello = `{"challenge":"c0ffee","merchantId":"683000000000001","datetime":"20260102030405","orderId":"ORD1"}`

func (r *rig) initialize(t *testing.T, message string) map[string]any {
	t.Helper()
	return r.send(t, http.MethodPost, "/api/dfs/check-out/initialize/683000000000001/ORD1",
		r.box(t, "sensitiveData", message, `"dateTime":"20260102030405",`))
}

func (r *rig) complete(t *testing.T, ref, challenge, changes string) map[string]any {
	t.Helper()
	message := `{"merchantId":"683000000000001","orderId":"ORD1","amount":"100.50","currencyCode":"050","challenge":"` +
		challenge + `"}`
	return r.send(t, http.MethodPost, "/remote-payment-gateway-1.0/api/dfs/check-out/complete/"+ref,
		r.box(t, "sensitiveData", strings.NewReplacer(strings.Split(changes, "|")...).Replace(message),
			`"merchantCallbackURL":"`+callback+`","additionalMerchantInfo":{"k":"v"},`))
}

func (r *rig) open(t *testing.T) string {
	t.Helper()
	said := r.initialize(t, hello)
	ref := fmt.Sprint(said["paymentReferenceId"])
	page := r.complete(t, ref, fmt.Sprint(said["challenge"]), "a|a")
	if page["status"] != "Success" || page["callBackUrl"] != "http://127.0.0.1:18085/check-out/"+ref {
		t.Fatalf("complete: got %v", page)
	}
	return ref
}

func (r *rig) verify(t *testing.T, ref string) map[string]any {
	t.Helper()
	return r.send(t, http.MethodGet, "/api/dfs/verify/payment/"+ref, "")
}

func TestLife(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	said := r.initialize(t, hello)
	ref := fmt.Sprint(said["paymentReferenceId"])
	if len(ref) != 52 || said["acceptDateTime"] != "20260102030405" {
		t.Errorf("initialize: got %v", said)
	}
	if got := r.verify(t, ref); got["status"] != wordInitiated || got["statusCode"] != nil {
		t.Errorf("initialized: got %v", got)
	}
	if got := r.complete(t, ref, "another", "a|a"); got["reason"] != badFields.reason {
		t.Errorf("another challenge: got %v", got)
	}
	r.complete(t, ref, fmt.Sprint(said["challenge"]), "a|a")
	if got := r.verify(t, ref); got["status"] != wordReady || got["amount"] != "100.50" {
		t.Errorf("ready: got %v", got)
	}
	if got := r.complete(t, ref, fmt.Sprint(said["challenge"]), "a|a"); got["reason"] != badState.reason {
		t.Errorf("completed twice: got %v", got)
	}
	r.press(t, ref, "leave")
	if got := r.verify(t, ref); got["status"] != wordProgress {
		t.Errorf("left: got %v", got)
	}
	_, address := r.press(t, ref, "approve")
	names := []string{}
	for _, member := range strings.Split(strings.TrimPrefix(address, callback+"&"), "&") {
		name, _, _ := strings.Cut(member, "=")
		names = append(names, name)
	}
	want := []string{
		"merchant", "order_id", "payment_ref_id", "status", "status_code", "message", "payment_dt", "issuer_payment_ref",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("return %s (-want +got):\n%s", address, diff)
	}
	got := r.verify(t, ref)
	query, err := url.ParseQuery(strings.TrimPrefix(address, callback+"&"))
	if err != nil || got["status"] != "Success" || got["statusCode"] != "000" ||
		got["issuerPaymentRefNo"] != query.Get("issuer_payment_ref") || got["additionalMerchantInfo"] != `{"k":"v"}` {
		t.Errorf("paid: got %v, returned %v (%v)", got, query, err)
	}
	if books := r.Books(); books.Charged != 10_050 || books.Captured != 10_050 {
		t.Errorf("books: got %+v", books)
	}
}

// press uses a button of the page and gives the status and where the browser goes.
func (r *rig) press(t *testing.T, ref, choice string) (int, string) {
	t.Helper()
	body := strings.NewReader(url.Values{"decision": {choice}}.Encode())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/check-out/"+ref, body)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	request.Close = true // a server that closes ends the idle connections of all tests
	response, err := browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode, response.Header.Get("Location")
}

func TestPage(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	ref := r.open(t)
	look := func() (int, string) {
		response, err := http.Get(r.url + "/check-out/" + ref)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(text)
	}
	for range 2 {
		status, page := look()
		if status != http.StatusOK || !strings.Contains(page, "100.50 BDT") || !strings.Contains(page, "approve") {
			t.Errorf("got %d %s", status, page)
		}
	}
	if status, _ := r.press(t, ref, "nothing"); status != http.StatusBadRequest {
		t.Errorf("no such button: got %d", status)
	}
	if _, address := r.press(t, ref, "cancel"); !strings.Contains(address, "status=Aborted&status_code=50_0026_851") {
		t.Errorf("canceled: got %s", address)
	}
	if _, page := look(); strings.Contains(page, "approve") {
		t.Error("a canceled payment can be paid")
	}
	if status, _ := r.press(t, "nobody", "approve"); status != http.StatusNotFound {
		t.Errorf("no such payment: got %d", status)
	}
	other := fmt.Sprint(newRig(t, nil).initialize(t, hello)["paymentReferenceId"])
	if status, _ := r.press(t, other+"x", "approve"); status != http.StatusNotFound {
		t.Errorf("not completed: got %d", status)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	change := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(hello) }
	tests := []struct {
		name, message string
		want          *refusal
		change        func(*rig)
	}{
		{"version", hello, badHeader, func(r *rig) { r.headers["X-KM-Api-Version"] = "v-0.1.0" }},
		{"IPv6", hello, badHeader, func(r *rig) { r.headers["X-KM-IP-V4"] = "::1" }},
		{"client type", hello, badHeader, func(r *rig) { r.headers["X-KM-Client-Type"] = "TV" }},
		{"media type", hello, badRequest, func(r *rig) { r.headers["Content-Type"] = "text/plain" }},
		{"SHA-1", hello, badCrypto, func(r *rig) { r.hash = crypto.SHA1 }},
		{"merchant", change("683000000000001", "683000000000002"), noMerchant, nil},
		{"order", change("ORD1", "ORD2"), noOrder, nil},
		{"clock", change("20260102030405", "20260102020405"), badClock, nil},
		{"no challenge", change("c0ffee", ""), badFields, nil},
		{"no JSON", "hello", badRequest, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			if test.change != nil {
				test.change(r)
			}
			if got := r.initialize(t, test.message); got["reason"] != test.want.reason {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestCompleteRefusals(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string]string{
		"currency": "050|840", "no amount": "100.50|", "too fine": "100.50|100.505", "too little": "100.50|0.99",
		"negative": "100.50|-100.50", "exponent": "100.50|1e3", "order": "ORD1|ORD2",
	} {
		r := newRig(t, nil)
		said := r.initialize(t, hello)
		got := r.complete(t, fmt.Sprint(said["paymentReferenceId"]), fmt.Sprint(said["challenge"]), changes)
		if got["reason"] == nil {
			t.Errorf("%s: got %v, want a refusal", name, got)
		}
	}
}

func TestSwitches(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{
		"signature-hash": "sha1-accepted", "repeat-initialize": "new-reference", "failure-body": "devMessage",
		"leave-word": "Cancelled", "success-code-form": "00_000_000",
	})
	r.hash = crypto.SHA1
	first := r.open(t)
	if second := r.open(t); first == second {
		t.Error("a repeated initialize got the same reference")
	}
	if _, address := r.press(t, first, "cancel"); !strings.Contains(address, "status=Cancelled") {
		t.Errorf("got %s", address)
	}
	if got := r.verify(t, "nobody"); got["devMessage"] == nil || got["reason"] != nil {
		t.Errorf("got %v, want the older form", got)
	}
	if _, address := r.press(t, r.open(t), "approve"); !strings.Contains(address, "status_code=00_000_000&") {
		t.Errorf("got %s", address)
	}
	r = newRig(t, map[string]string{"require-mc-id": "on"})
	if got := r.initialize(t, hello); got["reason"] != badHeader.reason {
		t.Errorf("got %v, want a refusal without X-KM-MC-Id", got)
	}
	r.headers["X-KM-MC-Id"] = TestMerchant
	r.open(t)
	if got := r.initialize(t, hello); got["reason"] != usedOrder.reason {
		t.Errorf("got %v, want the order to be used", got)
	}
}

func TestPathNames(t *testing.T) {
	t.Parallel()
	for value, opened := range map[string]bool{"check-out": false, "both": true} {
		r := newRig(t, map[string]string{"path-name": value})
		got := r.send(t, http.MethodPost, "/api/dfs/checkout/initialize/683000000000001/ORD1",
			r.box(t, "sensitiveData", hello, `"dateTime":"20260102030405",`))
		if (got["paymentReferenceId"] != nil) != opened {
			t.Errorf("%s: got %v", value, got)
		}
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	ref := r.open(t)
	back := func(amount string) map[string]any {
		return r.send(t, http.MethodPost, "/api/dfs/purchase/cancel?paymentRefId="+url.QueryEscape(ref)+"&orderId=ORD1",
			r.box(t, "sensitiveDataCancelRequest", `{"merchantId":"683000000000001","originalRequestDate":"20260102",`+
				`"originalAmount":"100.50","cancelAmount":"`+amount+`","referenceNo":"rf1","referenceMessage":"refund",`+
				`"orderId":"ORD1"}`, ""))
	}
	if got := back("30"); got["reason"] != noCancel.reason {
		t.Errorf("not paid: got %v", got)
	}
	r.press(t, ref, "approve")
	first := back("30")
	if first["cancelAmount"] != "30.00" || first["status"] != "Success" {
		t.Errorf("a part: got %v", first)
	}
	if got := r.verify(t, ref); got["cancelIssuerRefNo"] != first["cancelIssuerRefNo"] || got["status"] != "Success" {
		t.Errorf("verify: got %v", got)
	}
	if got := back("70.51"); got["reason"] != noCancel.reason {
		t.Errorf("more than is left: got %v", got)
	}
	if got := back("70.50"); got["cancelAmount"] != "70.50" {
		t.Errorf("the rest: got %v", got)
	}
	if books := r.Books(); books.Refunded != 10_050 {
		t.Errorf("books: got %+v", books)
	}
}

func TestKeysAreKept(t *testing.T) {
	t.Parallel()
	options := sandbox.Options{
		PublicURL: "http://127.0.0.1:1", Now: func() time.Time { return start }, Dir: t.TempDir(),
	}
	first, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	if first.MerchantKey() != second.MerchantKey() || first.PublicKey() != second.PublicKey() {
		t.Error("the keys changed with a new start")
	}
	recorder := httptest.NewRecorder()
	second.Control().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/keys", nil))
	if !strings.Contains(recorder.Body.String(), second.MerchantKey()) {
		t.Errorf("got %s, want the merchant's key", recorder.Body)
	}
}

func TestOwnKey(t *testing.T) {
	t.Parallel()
	text := ""
	private, err := fill(&text)
	if err != nil {
		t.Fatal(err)
	}
	public, err := publicText(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, nil, sandbox.Merchant{ID: TestMerchant, Flags: []string{"public-key:" + public}})
	if got := r.initialize(t, hello); got["reason"] != badCrypto.reason {
		t.Errorf("the usual key: got %v, want a refusal", got)
	}
	r.private = private
	r.open(t)
}

func TestShuffledReturn(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	ref := r.open(t)
	if _, err := r.AddFault(sandbox.Fault{Name: FaultShuffledReturn}); err != nil {
		t.Fatal(err)
	}
	if _, address := r.press(t, ref, "approve"); !strings.HasPrefix(address, callback+"&order_id=ORD1&payment_ref_id=") {
		t.Errorf("got %s", address)
	}
}
