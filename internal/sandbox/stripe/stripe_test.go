package stripe

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

var start = time.Date(2026, 5, 2, 10, 0, 0, 0, time.UTC)

// rig is one emulator behind a listener.
type rig struct {
	*Emulator
	url string
	key string // Idempotency-Key of the next calls; empty = none
}

func newRig(t *testing.T, switches map[string]string, merchants ...sandbox.Merchant) *rig {
	t.Helper()
	e, err := New(sandbox.Options{
		PublicURL: "http://127.0.0.1:1", Seed: 7, Now: func() time.Time { return start }, Switches: switches,
		Merchants: merchants,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(e)
	t.Cleanup(func() {
		server.Close()
		_ = e.Close()
	})
	return &rig{Emulator: e, url: server.URL}
}

// call makes a call and reads the answer, which is the error's inside when there is one.
func (r *rig) call(t *testing.T, method, path, form string) (status int, answer map[string]any) {
	t.Helper()
	address := r.url + path
	body := io.Reader(strings.NewReader(form))
	if method == http.MethodGet {
		address, body = address+"?"+form, http.NoBody
	}
	request, err := http.NewRequestWithContext(t.Context(), method, address, struct{ io.Reader }{body}) // in chunks
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("sk_test_x", "")
	if r.key != "" {
		request.Header.Set("Idempotency-Key", r.key)
	}
	request.Close = true // a server that closes ends the idle connections of all tests
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.Header.Get("Request-Id") == "" {
		t.Error("an answer without Request-Id")
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if inner, ok := answer["error"].(map[string]any); ok {
		return response.StatusCode, inner
	}
	if answer["object"] == nil {
		t.Errorf("an answer without object: %v", answer)
	}
	return response.StatusCode, answer
}

func (r *rig) post(t *testing.T, path, form string) (int, map[string]any) {
	t.Helper()
	return r.call(t, http.MethodPost, path, form)
}

func (r *rig) strike(t *testing.T, name, value string) {
	t.Helper()
	if _, err := r.AddFault(sandbox.Fault{Name: name, Value: value, Times: 1}); err != nil {
		t.Fatal(err)
	}
}

const plain = "amount=1999&currency=eur&automatic_payment_methods[enabled]=true&metadata[payment]=P-77"

// text is a member that is text.
func text(answer map[string]any, name string) string {
	value, _ := answer[name].(string)
	return value
}

func (r *rig) intent(t *testing.T, form string) string {
	t.Helper()
	status, answer := r.post(t, "/v1/payment_intents", form)
	if status != http.StatusOK {
		t.Fatalf("got %d %v", status, answer)
	}
	return text(answer, "id")
}

func TestIntentAsPrinted(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	_, answer := r.post(t, "/v1/payment_intents", plain)
	for name, want := range map[string]any{
		"object": "payment_intent", "amount": 1999.0, "amount_capturable": 0.0, "amount_received": 0.0, "currency": "eur",
		"status": "requires_payment_method", "latest_charge": nil, "last_payment_error": nil, "next_action": nil,
		"livemode": false,
	} {
		if got, ok := answer[name]; !ok || got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	if m, _ := answer["metadata"].(map[string]any); m["payment"] != "P-77" {
		t.Errorf("got metadata %v", m)
	}
	id := text(answer, "id")
	const poor = "payment_method=pm_card_visa_chargeDeclinedInsufficientFunds"
	status, refused := r.post(t, "/v1/payment_intents/"+id+"/confirm", poor)
	if status != http.StatusPaymentRequired || text(refused, "type") != "card_error" ||
		text(refused, "decline_code") != "insufficient_funds" || text(refused, "code") != "card_declined" {
		t.Errorf("got %d %v", status, refused)
	}
	inner, _ := refused["payment_intent"].(map[string]any)
	if inner["id"] != id || inner["status"] != "requires_payment_method" {
		t.Errorf("got %v inside", inner)
	}
}

func TestNamedMethods(t *testing.T) {
	t.Parallel()
	for name, does := range methods {
		r := newRig(t, nil)
		status, answer := r.post(t, "/v1/payment_intents/"+r.intent(t, plain)+"/confirm", "payment_method="+name)
		switch {
		case does.code != "":
			if status != http.StatusPaymentRequired || text(answer, "code") != does.code {
				t.Errorf("%s: got %d %v", name, status, answer)
			}
		case does.threeDS:
			if text(answer, "status") != needsAction {
				t.Errorf("%s: got %v", name, answer)
			}
		default:
			if text(answer, "status") != succeeded {
				t.Errorf("%s: got %v", name, answer)
			}
		}
	}
	r := newRig(t, map[string]string{switchThreeDS: "pm_card_authenticationRequired"})
	const gone = "payment_method=pm_card_threeDSecure2Required"
	status, _ := r.post(t, "/v1/payment_intents/"+r.intent(t, plain)+"/confirm", gone)
	if status != http.StatusNotFound {
		t.Errorf("a name that the switch takes away: got %d", status)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, test := range []struct {
		method, path, form, code, param string
		status                          int
	}{
		{"POST", "/v1/payment_intents", plain + "&colour=red", "parameter_unknown", "colour", 400},
		{"POST", "/v1/payment_intents", plain + "&metadata[a][b]=1", "parameter_unknown", "metadata[a][b]", 400},
		{"POST", "/v1/payment_intents", "amount=1999", "parameter_missing", "currency", 400},
		{"POST", "/v1/payment_intents", "amount=49&currency=eur", "amount_too_small", "amount", 400},
		{"POST", "/v1/payment_intents", "amount=1e3&currency=eur", "parameter_invalid_integer", "amount", 400},
		{"POST", "/v1/payment_intents", "amount=100000000&currency=eur", "amount_too_large", "amount", 400},
		{"GET", "/v1/payment_intents/pi_none", "", "resource_missing", "id", 404},
		{"GET", "/v1/checkout/sessions/cs_none", "", "resource_missing", "id", 404},
		{"GET", "/v1/refunds/re_none", "", "resource_missing", "id", 404},
		{"POST", "/v1/payment_intents/" + r.intent(t, plain) + "/capture", "", "payment_intent_unexpected_state", "", 400},
		{"POST", "/v1/refunds", "payment_intent=" + r.intent(t, plain), "", "", 400},
		{"POST", "/v1/checkout/sessions", "mode=payment&success_url=http://a.test", "parameter_missing", "line_items", 400},
	} {
		status, answer := r.call(t, test.method, test.path, test.form)
		if status != test.status || text(answer, "code") != test.code || text(answer, "param") != test.param {
			t.Errorf("%s %s: got %d %v, want %d %s", test.path, test.form, status, answer, test.status, test.code)
		}
	}
	request := httptest.NewRequest(http.MethodGet, "/v1/payment_intents/x", http.NoBody)
	request.Header.Set("Authorization", "Bearer nonsense")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("a strange key: got %d", w.Code)
	}
	lenient := newRig(t, map[string]string{switchUnknown: "ignored"})
	if status, answer := lenient.post(t, "/v1/payment_intents", plain+"&colour=red"); status != http.StatusOK {
		t.Errorf("ignored: got %d %v", status, answer)
	}
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.key = "k-1"
	if status, _ := r.post(t, "/v1/payment_intents", "amount=1"); status != http.StatusBadRequest {
		t.Errorf("a refusal: got %d", status)
	}
	first := r.intent(t, plain) // the refusal was not kept
	if again := r.intent(t, plain); again != first || len(r.Payments()) != 1 {
		t.Errorf("got %s again, want %s", again, first)
	}
	if status, answer := r.post(t, "/v1/payment_intents", plain+"&description=x"); status != http.StatusBadRequest ||
		text(answer, "type") != "idempotency_error" {
		t.Errorf("other parameters: got %d %v", status, answer)
	}
	if err := r.SetSwitch(switchMismatch, "409"); err != nil {
		t.Fatal(err)
	}
	if status, _ := r.post(t, "/v1/payment_intents", plain+"&description=x"); status != http.StatusConflict {
		t.Errorf("by the switch: got %d", status)
	}
	r.key = "k-2"
	confirm := "/v1/payment_intents/" + first + "/confirm"
	r.strike(t, FaultConfirm500, "")
	for range 2 {
		if status, _ := r.post(t, confirm, "payment_method=pm_card_visa"); status != http.StatusInternalServerError {
			t.Errorf("a kept 500: got %d", status)
		}
	}
	if p := r.Payments()[0]; p.Charges != 1 || p.Captures != 1 {
		t.Errorf("got %d charges and %d captures", p.Charges, p.Captures)
	}
	r.key = "k-3"
	r.strike(t, FaultKeyInUse, "")
	if status, answer := r.post(t, "/v1/payment_intents", plain); status != http.StatusConflict ||
		text(answer, "code") != "idempotency_key_in_use" {
		t.Errorf("in use: got %d %v", status, answer)
	}
	r.key = "k-1"
	r.strike(t, FaultKeyPruned, "")
	if other := r.intent(t, plain); other == first {
		t.Error("a pruned key was remembered")
	}
	r.key = "k-4"
	old := r.intent(t, plain)
	if err := r.Advance(24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	if other := r.intent(t, plain); other == old {
		t.Error("a key of a day ago was remembered")
	}
}

// Two accounts know nothing of each other's idempotency keys.
func TestKeysOfAccounts(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, sandbox.Merchant{ID: "acct_a", PanelToken: "sk_test_a"},
		sandbox.Merchant{ID: "acct_b", PanelToken: "sk_test_b"})
	for _, secret := range []string{"sk_test_a", "sk_test_b", "sk_test_a"} {
		request := httptest.NewRequest(http.MethodPost, "/v1/payment_intents", strings.NewReader(plain))
		request.Header.Set("Authorization", "Bearer "+secret)
		request.Header.Set("Idempotency-Key", "k-1")
		w := httptest.NewRecorder()
		r.ServeHTTP(w, request)
		if w.Code != http.StatusOK {
			t.Fatalf("%s: got %d %s", secret, w.Code, w.Body)
		}
	}
	if list := r.Payments(); len(list) != 2 || list[0].Merchant != "acct_a" || list[1].Merchant != "acct_b" {
		t.Errorf("got %+v, want one payment for each account", list)
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	f, bad := parseForm("a[b][0][c]=1&list[]=x&list[]=y&esc%5Bd%5D=%7Bz%7D&a[b][0][c]=2")
	if bad != "" || f.get("a[b][0][c]") != "2" || f.get("esc[d]") != "{z}" ||
		!slices.Equal(f.list("list"), []string{"x", "y"}) {
		t.Errorf("got %v %s", f, bad)
	}
	if f[0].name != "a[b][0][c]" || f[1].name != "list[0]" || f[3].name != "esc[d]" {
		t.Errorf("the order is lost: %v", f)
	}
	for _, text := range []string{"a[=1", "=1", "a]b=1", "a%zz=1", "a=%zz"} {
		if _, bad := parseForm(text); bad == "" {
			t.Errorf("%s was read", text)
		}
	}
}

const shop = "mode=payment&client_reference_id=o-1&success_url=http://shop.test/?s={CHECKOUT_SESSION_ID}" +
	"&cancel_url=http://shop.test/no&line_items[0][quantity]=2&line_items[0][price_data][currency]=eur" +
	"&line_items[0][price_data][unit_amount]=1000&line_items[0][price_data][product_data][name]=tea" +
	"&payment_intent_data[metadata][payment]=P-1"

func TestSession(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	_, answer := r.post(t, "/v1/checkout/sessions", shop)
	id := text(answer, "id")
	if !strings.HasPrefix(id, "cs_test_") || answer["amount_total"] != 2000.0 || text(answer, "status") != "open" ||
		text(answer, "payment_status") != "unpaid" || answer["payment_intent"] != nil {
		t.Fatalf("got %v", answer)
	}
	outcome, err := r.Act(id, sandbox.Decision{Choice: sandbox.Approve, Card: "4000000000000002"})
	if err != nil || outcome.ReturnURL != "http://shop.test/no" || outcome.Payment.State != sandbox.Open {
		t.Errorf("a declining card: got %+v, %v", outcome, err)
	}
	outcome, err = r.Act(id, sandbox.Decision{Choice: sandbox.Approve})
	if err != nil || outcome.ReturnURL != "http://shop.test/?s="+id {
		t.Errorf("got %+v, %v", outcome, err)
	}
	_, answer = r.call(t, http.MethodGet, "/v1/checkout/sessions/"+id, "expand[]=payment_intent.latest_charge")
	intent, _ := answer["payment_intent"].(map[string]any)
	charge, _ := intent["latest_charge"].(map[string]any)
	if text(answer, "status") != "complete" || text(answer, "payment_status") != "paid" ||
		text(intent, "status") != succeeded || text(charge, "object") != "charge" {
		t.Errorf("got %v", answer)
	}
	if status, _ := r.post(t, "/v1/checkout/sessions/"+id+"/expire", ""); status != http.StatusBadRequest {
		t.Errorf("a paid one was expired: %d", status)
	}
	for _, form := range []string{"&expires_at=1", "&expires_at=9999999999", "&expires_at=x"} {
		if status, _ := r.post(t, "/v1/checkout/sessions", shop+form); status != http.StatusBadRequest {
			t.Errorf("%s: got %d", form, status)
		}
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	id := r.intent(t, plain+"&confirm=true&payment_method=pm_card_visa")
	_, given := r.post(t, "/v1/refunds", "payment_intent="+id+"&amount=500&metadata[refund]=r-1")
	if text(given, "status") != "succeeded" || given["amount"] != 500.0 {
		t.Errorf("got %v", given)
	}
	if status, _ := r.post(t, "/v1/refunds", "payment_intent="+id+"&amount=1500"); status != http.StatusBadRequest {
		t.Errorf("too much: got %d", status)
	}
	if _, rest := r.post(t, "/v1/refunds", "payment_intent="+id); rest["amount"] != 1499.0 {
		t.Errorf("the rest: got %v", rest)
	}
	if _, none := r.post(t, "/v1/refunds", "payment_intent="+id); text(none, "code") != "charge_already_refunded" {
		t.Errorf("nothing left: got %v", none)
	}
	_, list := r.call(t, http.MethodGet, "/v1/refunds", "payment_intent="+id)
	if data, _ := list["data"].([]any); len(data) != 2 {
		t.Errorf("got %v", list)
	}
	bad := r.intent(t, plain+"&confirm=true&payment_method=pm_card_refundFail")
	_, given = r.post(t, "/v1/refunds", "payment_intent="+bad)
	if err := r.Advance(2 * time.Hour); err != nil {
		t.Fatal(err)
	}
	_, later := r.call(t, http.MethodGet, "/v1/refunds/"+text(given, "id"), "")
	if text(given, "status") != "succeeded" || text(later, "status") != "failed" {
		t.Errorf("got %v and later %v", given, later)
	}
}

func TestEventsAreSentAgain(t *testing.T) {
	t.Parallel()
	heard := make(chan *http.Request, 16)
	answers := make(chan int, 16)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		heard <- q
		w.WriteHeader(<-answers)
	}))
	t.Cleanup(hook.Close)
	r := newRig(t, map[string]string{switchWebhookRetry: "test plan"}, sandbox.Merchant{
		ID: Account, NoticeURL: hook.URL, NoticeKey: "whsec_new,whsec_old",
	})
	answers <- http.StatusInternalServerError
	r.intent(t, plain)
	first := <-heard
	if got := first.Header.Get("Stripe-Signature"); strings.Count(got, "v1=") != 2 {
		t.Errorf("got %s, want two signatures", got)
	}
	r.await(t, func(d Delivery) bool { return d.Tries == 1 && !d.Over })
	answers <- http.StatusNoContent
	if err := r.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	r.courier.start()
	<-heard
	r.await(t, func(d Delivery) bool { return d.Tries == 2 && d.Over && d.Status == http.StatusNoContent })
}

// await waits for the only delivery to be as wished.
func (r *rig) await(t *testing.T, wish func(Delivery) bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		if list := r.Deliveries(); len(list) == 1 && wish(list[0]) {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("got %+v", r.Deliveries())
		case <-t.Context().Done():
			t.Fatal("the test is over")
		case <-time.After(time.Millisecond):
		}
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	options := sandbox.Options{PublicURL: "http://127.0.0.1:1", Dir: t.TempDir(), Now: func() time.Time { return start }}
	open := func() *rig {
		e, err := New(options)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(e)
		t.Cleanup(server.Close)
		return &rig{Emulator: e, url: server.URL, key: "k-1"}
	}
	before := open()
	id := before.intent(t, plain)
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	after := open()
	if again := after.intent(t, plain); again != id {
		t.Errorf("got %s after the restart, want %s", again, id)
	}
	if err := after.Close(); err != nil {
		t.Fatal(err)
	}
}

func FuzzParseForm(f *testing.F) {
	f.Add(plain)
	f.Add("a[b][]=1&a[b][]=2&%5B")
	f.Fuzz(func(t *testing.T, text string) {
		form, bad := parseForm(text)
		if bad != "" && form != nil {
			t.Errorf("%q: got %v and %q", text, form, bad)
		}
		for _, p := range form {
			if !nameForm.MatchString(p.name) {
				t.Errorf("%q: got the name %q", text, p.name)
			}
		}
	})
}
