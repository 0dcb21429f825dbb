package ifthenpay

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/sandbox"
)

// paid opens and pays a push.
func (r *rig) paid(t *testing.T) string {
	t.Helper()
	id := r.open(t)
	r.press(t, id, "approve")
	return id
}

func TestCallbackNames(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		switches map[string]string
		template string
		want     func(id string) url.Values
	}{
		"new": {nil, newNames + "&id=[ID]", func(id string) url.Values {
			return url.Values{
				"key": {antiKey}, "orderId": {"ORD-1"}, "amount": {"10.50"}, "requestId": {id}, "id": {"ORD-1"},
				"payment_datetime": {"01-07-2026 13:00:00"}, "state": {"PAGO"}, "fee": {"0.00"},
			}
		}},
		"old, where new is known": {nil, oldNames, old},
		"old":                     {map[string]string{switchNames: "old"}, oldNames, old},
		"new, where only old is known": {
			map[string]string{switchNames: "old"}, "key=[ANTI_PHISHING_KEY]&estado=[ESTADO]", func(string) url.Values {
				return url.Values{"key": {"[ANTI_PHISHING_KEY]"}, "estado": {"PAGO"}}
			},
		},
	} {
		r := newRig(t, test.switches)
		r.activate(t, test.template)
		id := r.paid(t)
		if diff := cmp.Diff([]url.Values{test.want(id)}, r.calls()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func old(id string) url.Values {
	return url.Values{
		"chave": {antiKey}, "referencia": {"ORD-1"}, "valor": {"10.50"}, "idpedido": {id},
		"datahorapag": {"01-07-2026 13:00:00"}, "estado": {"PAGO"},
	}
}

// Only what was paid is told: rejection and expiry never are.
func TestOnlyPaidIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.paid(t) // before callbacks are activated
	r.activate(t, newNames)
	for _, choice := range []string{"cancel", "decline", "expire", "leave"} {
		r.press(t, r.open(t), choice)
	}
	if err := r.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	if calls := r.calls(); len(calls) != 0 {
		t.Errorf("got %v, want no callback", calls)
	}
}

// Everything but 200 is sent again, three times with gaps, by the emulator's clock.
func TestCallbackIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNoContent, http.StatusFound, http.StatusForbidden, http.StatusBadGateway} {
		r := newRig(t, nil)
		r.activate(t, newNames)
		r.answer(status)
		r.paid(t)
		for tries, gap := range append([]time.Duration{0}, gaps...) {
			if err := r.Advance(gap); err != nil {
				t.Fatal(err)
			}
			if got := len(r.calls()); got != tries+1 {
				t.Errorf("%d: after the gap of %v: got %d calls, want %d", status, gap, got, tries+1)
			}
		}
		if err := r.Advance(24 * time.Hour); err != nil {
			t.Fatal(err)
		}
		list := r.Callbacks()
		if len(list) != 1 || !list[0].Over || list[0].Taken || list[0].Tries != 4 || list[0].Status != status {
			t.Errorf("%d: got %+v, want it given up after four tries", status, list)
		}
	}
	r := newRig(t, nil)
	r.activate(t, newNames)
	r.answer(http.StatusServiceUnavailable)
	r.paid(t)
	r.answer(http.StatusOK)
	if err := r.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	if list := r.Callbacks(); len(r.calls()) != 2 || !list[0].Taken {
		t.Errorf("got %d calls and %+v, want it taken at the second try", len(r.calls()), list)
	}
	r = newRig(t, map[string]string{switchRetry: "none"})
	r.activate(t, newNames)
	r.answer(http.StatusServiceUnavailable)
	r.paid(t)
	if list := r.Callbacks(); len(list) != 1 || !list[0].Over || list[0].Tries != 1 {
		t.Errorf("got %+v, want one try", list)
	}
}

// The emulator calls nobody but this machine, and a shop that is gone is no reason to stop.
func TestCallbackStaysHere(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{switchRetry: "none"})
	for _, address := range []string{"http://shop.invalid/cb", "http://127.0.0.1:1/cb"} {
		if err := r.SetMerchant(sandbox.Merchant{ID: account, NoticeURL: address}); err != nil {
			t.Fatal(err)
		}
		r.paid(t)
	}
	list := r.Callbacks()
	if len(list) != 2 || !strings.Contains(list[0].Error, "loopback") || list[1].Error == "" || list[1].Status != 0 {
		t.Errorf("got %+v", list)
	}
}

func TestCallbackOfARefund(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.activate(t, newNames)
	id := r.paid(t)
	if code := r.back(t, id, "2.00"); code != "1" {
		t.Fatalf("got %s, want 1", code)
	}
	list := r.Callbacks()
	if len(list) != 2 {
		t.Fatalf("got %+v, want two callbacks", list)
	}
	address, err := url.Parse(list[1].Address)
	if err != nil {
		t.Fatal(err)
	}
	if query := address.Query(); query.Get("state") != "DEVOLVIDO" || query.Get("amount") != "2.00" {
		t.Errorf("got %v, want a refund of 2.00", query)
	}
	if err := r.SetSwitch(switchOnRefund, "off"); err != nil {
		t.Fatal(err)
	}
	r.back(t, id, "2.00")
	if list := r.Callbacks(); len(list) != 2 {
		t.Errorf("got %+v, want no more callbacks", list)
	}
}

func TestCallbackFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault sandbox.Fault
		want  int
		holds map[string]string
	}{
		{sandbox.Fault{Name: FaultNever}, 0, nil},
		{sandbox.Fault{Name: FaultNoNotice}, 0, nil},
		{sandbox.Fault{Name: FaultDoubleNotice}, 2, nil},
		{sandbox.Fault{Name: FaultWrongKey}, 1, map[string]string{"key": "a-key-of-somebody-else"}},
		{sandbox.Fault{Name: FaultWrongKey, Value: "k"}, 1, map[string]string{"key": "k"}},
		{sandbox.Fault{Name: FaultCallbackAmount}, 1, map[string]string{"amount": "1.05"}},
		{sandbox.Fault{Name: FaultCallbackAmount, Value: "1051"}, 1, map[string]string{"amount": "10.51"}},
		{sandbox.Fault{Name: FaultCallbackOrder}, 1, map[string]string{"orderId": "another-order"}},
		{sandbox.Fault{Name: FaultPlusAsBlank}, 1, map[string]string{"key": "anti phishing key", "orderId": "ORD-1"}},
	}
	for _, test := range tests {
		r := newRig(t, nil)
		r.activate(t, newNames)
		r.fault(t, test.fault)
		id := r.paid(t)
		calls := r.calls()
		if len(calls) != test.want {
			t.Errorf("%+v: got %v, want %d", test.fault, calls, test.want)
			continue
		}
		for name, value := range test.holds {
			if calls[0].Get(name) != value {
				t.Errorf("%+v: got %v, want %s %s", test.fault, calls[0], name, value)
			}
		}
		if got := r.stands(t, id); got["Status"] != "000" {
			t.Errorf("%+v: got %v, want 000", test.fault, got)
		}
	}
}

func TestLateAndForgedCallbacks(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.activate(t, newNames)
	for _, wait := range []time.Duration{0, 2 * time.Minute} {
		before := len(r.calls())
		r.fault(t, sandbox.Fault{Name: FaultLateNotice, Wait: wait, Times: 1})
		r.paid(t)
		if got := len(r.calls()) - before; got != 0 {
			t.Errorf("at once: got %d calls, want none", got)
		}
		if err := r.Advance(max(wait, time.Minute)); err != nil {
			t.Fatal(err)
		}
		if got := len(r.calls()) - before; got != 1 {
			t.Errorf("later: got %d calls, want one", got)
		}
	}
	before := len(r.calls())
	r.fault(t, sandbox.Fault{Name: FaultForgedNotice, Times: 1})
	id := r.open(t)
	r.press(t, id, "cancel")
	if got := r.stands(t, id); len(r.calls())-before != 1 || got["Status"] != "020" {
		t.Errorf("forged: got %d calls and %v, want one and 020", len(r.calls())-before, got)
	}
}

// The payer is quick: the callback is there before the answer of start.
func TestNoticeFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.activate(t, newNames)
	r.fault(t, sandbox.Fault{Name: FaultNoticeFirst})
	order := []string{}
	inner := r.shop.Config.Handler
	r.shop.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, call *http.Request) {
		order = append(order, "callback "+call.URL.Query().Get("requestId"))
		inner.ServeHTTP(w, call)
	})
	id := r.open(t)
	if diff := cmp.Diff([]string{"callback " + id}, order); diff != "" || r.stands(t, id)["Status"] != "000" {
		t.Errorf("before the answer (-want +got):\n%s", diff)
	}
}

func TestDoublePush(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.activate(t, newNames)
	r.fault(t, sandbox.Fault{Name: FaultDoublePush})
	id := r.open(t)
	if list := r.Payments(); len(list) != 2 || list[0].ID != id || list[1].OrderID != "ORD-1" {
		t.Fatalf("got %+v, want two pushes", list)
	}
	r.press(t, id, "approve")
	for _, p := range r.Payments() {
		if p.Charges != 1 || r.stands(t, p.ID)["Status"] != "000" {
			t.Errorf("got %+v, want it paid", p)
		}
	}
	if got := len(r.calls()); got != 2 {
		t.Errorf("got %d callbacks, want two", got)
	}
}

func TestStatusFaults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fault sandbox.Fault
		first string
	}{
		{sandbox.Fault{Name: FaultStatusLags, Times: 1}, "123"},
		{sandbox.Fault{Name: sandbox.FaultSlowTruth, Times: 1}, "123"},
		{sandbox.Fault{Name: FaultExpiredPaid, Times: 1}, "101"},
		{sandbox.Fault{Name: FaultUnknownRequest, Times: 1}, "999"},
		{sandbox.Fault{Name: sandbox.FaultUnknownWord, Call: "status", Times: 1}, "777"},
		{sandbox.Fault{Name: sandbox.FaultRefuse, Value: "122", Call: "status", Times: 1}, "122"},
	} {
		r := newRig(t, nil)
		id := r.paid(t)
		r.fault(t, test.fault)
		if got := r.stands(t, id); got["Status"] != test.first {
			t.Errorf("%+v: got %v, want %s", test.fault, got, test.first)
		}
		if got := r.stands(t, id); got["Status"] != "000" {
			t.Errorf("%+v: got %v, want 000 in the end", test.fault, got)
		}
	}
	r := newRig(t, nil)
	id := r.paid(t)
	r.fault(t, sandbox.Fault{Name: sandbox.FaultWrongOrder, Call: "status", Times: 1})
	if got := r.stands(t, id); got["RequestId"] == id {
		t.Errorf("got %v, want another request", got)
	}
}

func TestAnswerFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ member, want string }{
		sandbox.FaultWrongAmount: {"Amount", "1.05"},
		sandbox.FaultWrongOrder:  {"OrderId", "another-order"},
		sandbox.FaultUnknownWord: {"Status", "777"},
	} {
		r := newRig(t, nil)
		r.fault(t, sandbox.Fault{Name: name, Call: "start"})
		if got := r.push(t, nil); got[test.member] != test.want {
			t.Errorf("%s: got %v, want %s", name, got, test.want)
		}
	}
	r := newRig(t, nil)
	r.fault(t, sandbox.Fault{Name: sandbox.FaultRefuse, Call: "start", Value: "100", Times: 1})
	if got := r.push(t, nil); got["Status"] != "100" || len(r.Payments()) != 0 {
		t.Errorf("got %v, want 100 and no push", got)
	}
	id := r.paid(t)
	r.fault(t, sandbox.Fault{Name: sandbox.FaultRefuse, Call: "refund", Value: "-1", Times: 1})
	r.fault(t, sandbox.Fault{Name: sandbox.FaultUnknownWord, Call: "refund", Times: 1})
	for _, want := range []string{"-1", "77", "1"} {
		if code := r.back(t, id, "1.00"); code != want {
			t.Errorf("got %s, want %s", code, want)
		}
	}
	for _, name := range []string{"start-lost-answer", "refund-lost-answer"} {
		r.fault(t, sandbox.Fault{Name: name})
	}
}

// The control interface pays too, and shows the callbacks.
func TestControl(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.activate(t, newNames)
	control := r.Control()
	ask := func(method, path, body string) string {
		t.Helper()
		w := httptest.NewRecorder()
		control.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
		if w.Code != http.StatusOK {
			t.Fatalf("%s %s: got status %d: %s", method, path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	r.answer(http.StatusBadGateway)
	ask(http.MethodPost, "/payments/"+r.open(t)+"/act", `{"decision":"approve"}`)
	r.answer(http.StatusOK)
	ask(http.MethodPost, "/clock", `{"advance":"1m"}`)
	var list []Callback
	if err := json.Unmarshal([]byte(ask(http.MethodGet, "/callbacks", "")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Tries != 2 || !list[0].Taken || len(r.calls()) != 2 {
		t.Errorf("got %+v, want it taken at the second try", list)
	}
	id := r.open(t)
	if _, err := r.Act(id, sandbox.Decision{Choice: sandbox.Approve}); err != nil || len(r.calls()) != 3 {
		t.Errorf("got error %v and %d calls, want none and three", err, len(r.calls()))
	}
}

// What nobody waits for is sent by itself, in its own time.
func TestFollowers(t *testing.T) {
	t.Parallel()
	came := make(chan string, 1)
	shop := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, call *http.Request) {
		came <- call.URL.Query().Get("state")
	}))
	defer shop.Close()
	r := newRig(t, nil)
	if err := r.SetMerchant(sandbox.Merchant{
		ID: account, PanelToken: officeKey, NoticeURL: shop.URL + "?state=[ESTADO]",
	}); err != nil {
		t.Fatal(err)
	}
	id := r.paid(t)
	if state := <-came; state != statePaid {
		t.Errorf("got %s", state)
	}
	r.back(t, id, "1.00")
	select {
	case state := <-came:
		if state != stateRefunded {
			t.Errorf("got %s", state)
		}
	case <-time.After(10 * time.Second):
		t.Error("no callback of the refund came")
	}
}
