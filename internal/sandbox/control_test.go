package sandbox

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// steer makes one call to the control interface.
func (r *rig) steer(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Control().ServeHTTP(answer, request)
	return answer.Code, answer.Body.String()
}

func TestControl(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	id := r.open(t, "http://shop.test/back?a=1")
	for _, test := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/", "", 200, `"provider":"testpay"`},
		{"GET", "/switches", "", 200, `"name":"mood","values":["fair","foul"],"why":"","value":"fair"`},
		{"PUT", "/switches", `{"mood":"foul","fee":"25"}`, 200, `"value":"foul"`},
		{"PUT", "/switches", `{"mood":"grey"}`, 422, "cannot be"},
		{"PUT", "/switches", `{"fee":"-1"}`, 422, "cannot be"},
		{"PUT", "/switches", `{"nothing":"x"}`, 422, "no switch"},
		{"PUT", "/switches", `[]`, 400, "error"},
		{"POST", "/faults", `{"name":"delay","call":"verify","times":1}`, 201, `"id":1`},
		{"POST", "/faults", `{"name":"delay","unknown":1}`, 400, "unknown field"},
		{"POST", "/faults", `{"name":"delay"} {}`, 400, "more than one"},
		{"POST", "/faults", `{"name":"nothing"}`, 422, "no fault"},
		{"GET", "/faults", "", 200, `"call":"verify"`},
		{"DELETE", "/faults", "", 200, "[]"},
		{"GET", "/payments", "", 200, `"state":"open"`},
		{"GET", "/payments/" + id, "", 200, `"amount":5000`},
		{"GET", "/payments/nobody", "", 404, "no payment"},
		{"POST", "/payments/nobody/act", `{"decision":"approve"}`, 422, "no payment"},
		{"POST", "/payments/" + id + "/act", `{"decision":"dance"}`, 422, "decision"},
		{"POST", "/payments/" + id + "/act", `{"decision":"leave"}`, 200, `"return_url":""`},
		{"POST", "/payments/" + id + "/act", `{"decision":"approve"}`, 200, `"return_url":"http://shop.test/back?a=1&id=`},
		{"GET", "/books", "", 200, `"charged":5000`},
		{"GET", "/journal", "", 200, `"call":"open"`},
		{"DELETE", "/journal", "", 200, "[]"},
		{"POST", "/merchants", `{"id":"m1","refuse":"-11"}`, 201, `"m1"`},
		{"POST", "/merchants", `{"name":"x"}`, 422, "needs an id"},
		{"GET", "/merchants", "", 200, `"refuse":"-11"`},
		{"POST", "/clock", `{"advance":"31m"}`, 200, "2026-05-02T10:31:00Z"},
		{"POST", "/clock", `{"advance":"soon"}`, 422, "duration"},
		{"GET", "/payments/" + id, "", 200, `"state":"returned"`},
		{"GET", "/nothing", "", 404, ""},
		{"POST", "/books", "", 405, ""},
	} {
		if status, body := r.steer(t, test.method, test.path, test.body); status != test.status ||
			!strings.Contains(body, test.want) {
			t.Errorf("%s %s %s: got %d %s, want %d with %s", test.method, test.path, test.body, status, body,
				test.status, test.want)
		}
	}
}

func TestControlWorksBelowAPrefix(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	mux := http.NewServeMux()
	mux.Handle("/control/", http.StripPrefix("/control", r.Control()))
	mux.Handle("/sandbox/", http.StripPrefix("/sandbox", r.Bench))
	for path, want := range map[string]int{"/control/": 200, "/control/books": 200, "/sandbox/pay/x": 404} {
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if answer.Code != want {
			t.Errorf("%s: got %d, want %d", path, answer.Code, want)
		}
	}
	if got := r.CallsOf("page"); len(got) != 1 || got[0].Path != "/pay/x" {
		t.Errorf("journal: %+v", got)
	}
}

func TestJoinQuery(t *testing.T) {
	t.Parallel()
	pair := Object{{"Authority", "S1"}, {"Status", "OK & more"}}
	const added = "Authority=S1&Status=OK+%26+more"
	for address, want := range map[string]string{
		"http://shop.test":               "http://shop.test?" + added,
		"http://shop.test/r/zp":          "http://shop.test/r/zp?" + added,
		"http://shop.test/r?":            "http://shop.test/r?" + added,
		"http://shop.test/r?t=k9&x=%20y": "http://shop.test/r?t=k9&x=%20y&" + added,
		"http://shop.test/r?t=a;b#frag":  "http://shop.test/r?t=a;b&" + added + "#frag",
	} {
		if got, err := JoinQuery(address, pair); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", address, got, err, want)
		}
	}
	if _, err := JoinQuery("http://[::1", pair); err == nil {
		t.Error("a broken address was joined")
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	fields, err := ParseJSON([]byte(`{"n":12,"t":"34","word":"abc","nil":null,"yes":true,"float":1.5,
		"big":"99999999999999999999",
		"o":{"a":1},"list":[{"b":2}],"texts":["x","y"]}`))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int64{"n": 12, "t": 34} {
		if got, ok := fields.Whole(name); !ok || got != want {
			t.Errorf("%s: got %d %t, want %d", name, got, ok, want)
		}
	}
	for _, name := range []string{"word", "nil", "yes", "float", "big", "o", "absent"} {
		if got, ok := fields.Whole(name); ok {
			t.Errorf("%s: got %d, want no whole number", name, got)
		}
	}
	for name, want := range map[string]string{"n": "12", "t": "34", "word": "abc", "nil": "", "o": ""} {
		if got := fields.Word(name); got != want {
			t.Errorf("word %s: got %q, want %q", name, got, want)
		}
	}
	if yes, known := fields.Flag("yes"); !yes || !known || fields.Has("nil") || fields.Has("absent") {
		t.Error("flags or absence are read wrongly")
	}
	list, known := fields.List("list")
	if inner, _ := fields.Object("o").Whole("a"); inner != 1 || !known || len(list) != 1 ||
		strings.Join(fields.Texts("texts"), "") != "xy" || strings.Join(fields.Texts("word"), "") != "abc" {
		t.Error("objects or lists are read wrongly")
	}
	for _, broken := range []string{"", "null", "[]", "1", `{"a":1} x`, `{"a":`, `{"a":1}{}`} {
		if _, err := ParseJSON([]byte(broken)); err == nil {
			t.Errorf("%q was read", broken)
		}
	}
}

func TestRefundsSettle(t *testing.T) {
	t.Parallel()
	due := start.Add(time.Hour)
	p := Payment{
		Amount: 100, State: Verified, Captures: 1, Charges: 1,
		Refunds: []Refund{
			{ID: 1, Amount: 10, Status: RefundPending, DueAt: due},
			{ID: 2, Amount: 20, Status: RefundPending, DueAt: due, Fate: FateFails},
			{ID: 3, Amount: 30, Status: RefundPending, DueAt: due, Fate: FateStays},
		},
	}
	p.settle(start, nil)
	if p.Refundable() != 40 || p.Refunded() != 0 {
		t.Errorf("before: %d refundable, %d refunded", p.Refundable(), p.Refunded())
	}
	p.settle(due, nil)
	if p.Refundable() != 60 || p.Refunded() != 10 || !p.RefundsPending() {
		t.Errorf("after: %d refundable, %d refunded", p.Refundable(), p.Refunded())
	}
	p.Refunds[2].Fate = FateReverses
	p.settle(due, nil)
	if p.State != Reversed || p.Refundable() != 0 {
		t.Errorf("reversed: state %s, %d refundable", p.State, p.Refundable())
	}
	encoded, err := json.Marshal(p)
	var back Payment
	if err != nil || json.Unmarshal(encoded, &back) != nil || back.State != Reversed {
		t.Errorf("a payment does not survive its own encoding: %v", err)
	}
}
