package ifthenpay

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

const (
	account   = "ABC-123456"
	officeKey = "1111-2222-3333-4444"
	antiKey   = "anti phishing+key"
	newNames  = "key=[ANTI_PHISHING_KEY]&orderId=[ORDER_ID]&amount=[AMOUNT]&requestId=[REQUEST_ID]" +
		"&payment_datetime=[PAYMENT_DATETIME]&state=[ESTADO]&fee=[FEE]"
	oldNames = "chave=[CHAVE_ANTI_PHISHING]&referencia=[REFERENCIA]&valor=[VALOR]&idpedido=[ID_TRANSACAO]" +
		"&datahorapag=[DATA_HORA_PAGAMENTO]&estado=[ESTADO]"
)

// noon is the clock of the tests: a summer day, when Lisbon is one hour ahead.
var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// rig is an emulator with a shop that hears its callbacks.
type rig struct {
	*Emulator
	shop *httptest.Server

	mu     sync.Mutex
	status int // that the shop answers
	heard  []url.Values
}

func newRig(t *testing.T, switches map[string]string) *rig {
	t.Helper()
	r := &rig{status: http.StatusOK}
	r.shop = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, call *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.heard = append(r.heard, call.URL.Query())
		if call.Method != http.MethodGet {
			t.Errorf("got a %s", call.Method)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.shop.Close)
	made, err := New(sandbox.Options{
		PublicURL: "http://sandbox.test/ifthenpay", Seed: 7, Now: func() time.Time { return noon }, Switches: switches,
		Merchants: []sandbox.Merchant{{ID: account, PanelToken: officeKey}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Close() }) // it keeps nothing
	r.Emulator = made
	return r
}

// ask makes a call and gives its status and body.
func (r *rig) ask(t *testing.T, method, target, body string) (int, string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request)
	return w.Code, w.Body.String()
}

// post sends members as JSON and reads the answer's, as text.
func (r *rig) post(t *testing.T, path string, members map[string]string) map[string]string {
	t.Helper()
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	code, answer := r.ask(t, http.MethodPost, path, string(body))
	if code != http.StatusOK {
		t.Fatalf("got status %d: %s", code, answer)
	}
	return members1(t, answer)
}

// members1 are the members of an answer as text.
func members1(t *testing.T, answer string) map[string]string {
	t.Helper()
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(answer), &raw); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	read := map[string]string{}
	for name, value := range raw {
		read[name] = strings.Trim(string(value), `"`)
	}
	return read
}

// push starts a payment with some members changed.
func (r *rig) push(t *testing.T, changes map[string]string) map[string]string {
	t.Helper()
	wish := map[string]string{
		"mbWayKey": account, "orderId": "ORD-1", "amount": "10.50", "mobileNumber": "351#912345678",
		"email": "a@example.test", "description": "Demo",
	}
	maps.Copy(wish, changes)
	return r.post(t, "/spg/payment/mbway", wish)
}

// open starts a payment and gives its id.
func (r *rig) open(t *testing.T) string {
	t.Helper()
	answer := r.push(t, nil)
	if answer["Status"] != "000" || len(answer["RequestId"]) != 20 {
		t.Fatalf("got %v, want a push", answer)
	}
	return answer["RequestId"]
}

// stands asks for the status of a push.
func (r *rig) stands(t *testing.T, id string) map[string]string {
	t.Helper()
	query := url.Values{"mbWayKey": {account}, "requestId": {id}}
	code, answer := r.ask(t, http.MethodGet, "/spg/payment/mbway/status?"+query.Encode(), "")
	if code != http.StatusOK {
		t.Fatalf("got status %d: %s", code, answer)
	}
	return members1(t, answer)
}

// press presses a button of the phone.
func (r *rig) press(t *testing.T, id, choice string) {
	t.Helper()
	if code, answer := r.ask(t, http.MethodPost, "/phone/"+id, "decision="+choice); code != http.StatusSeeOther {
		t.Fatalf("%s: got status %d: %s", choice, code, answer)
	}
}

// activate sets the shop's address with a template.
func (r *rig) activate(t *testing.T, template string) {
	t.Helper()
	code, answer := r.ask(t, http.MethodPost, "/api/endpoint/callback/activation", activation(t, map[string]string{
		"urlCb": r.shop.URL + "/cb?" + template,
	}))
	if code != http.StatusOK || !strings.HasPrefix(answer, "OK") {
		t.Fatalf("got status %d: %s", code, answer)
	}
}

// activation is the body of one, with some members changed.
func activation(t *testing.T, changes map[string]string) string {
	t.Helper()
	members := map[string]string{
		"chave": officeKey, "entidade": "MBWAY", "subentidade": account, "apKey": antiKey, "urlCb": "http://127.0.0.1/cb",
	}
	maps.Copy(members, changes)
	body, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// calls are the callbacks that the shop heard so far.
func (r *rig) calls() []url.Values {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]url.Values(nil), r.heard...)
}

// answer sets what the shop answers from now on.
func (r *rig) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// fault puts a fault on the menu.
func (r *rig) fault(t *testing.T, f sandbox.Fault) {
	t.Helper()
	if _, err := r.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

// back asks for a refund and gives its code.
func (r *rig) back(t *testing.T, id, amount string) string {
	t.Helper()
	return r.post(t, "/api/endpoint/payments/refund", map[string]string{
		"backofficekey": officeKey, "requestId": id, "amount": amount,
	})["Code"]
}
