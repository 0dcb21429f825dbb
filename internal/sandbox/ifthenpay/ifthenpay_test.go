package ifthenpay

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/sandbox"
)

func TestStartAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	first := r.push(t, nil)
	want := map[string]string{
		"Amount": "10.50", "Message": "Pending", "OrderId": "ORD-1", "RequestId": first["RequestId"], "Status": "000",
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	second := r.push(t, nil)
	if len(first["RequestId"]) != 20 || second["RequestId"] == first["RequestId"] {
		t.Errorf("got ids %s and %s, want two of 20 characters", first["RequestId"], second["RequestId"])
	}
	p, ok := r.Payment(first["RequestId"])
	if !ok || p.Amount != 1050 || p.Mobile != "351#912345678" || p.Merchant != account || p.Description != "Demo" {
		t.Errorf("got %+v", p)
	}
	if calls := r.CallsOf("start"); len(calls) != 2 {
		t.Errorf("the journal has %d starts, want 2", len(calls))
	}
}

func TestStartRefusals(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 101)
	tests := []struct {
		name     string
		changes  map[string]string
		switches map[string]string
		status   string
	}{
		{"test account", map[string]string{"mbWayKey": TestKey}, nil, "000"},
		{"account", map[string]string{"mbWayKey": "ABC-000000"}, nil, "999"},
		{"account, other code", map[string]string{"mbWayKey": ""}, map[string]string{switchStartAccount: "201"}, "201"},
		{"no order", map[string]string{"orderId": ""}, nil, "999"},
		{"long order", map[string]string{"orderId": "1234567890123456"}, nil, "999"},
		{"longest order", map[string]string{"orderId": "123456789012345"}, nil, "000"},
		{"comma", map[string]string{"amount": "10,50"}, nil, "999"},
		{"one place", map[string]string{"amount": "10.5"}, nil, "999"},
		{"whole", map[string]string{"amount": "10"}, nil, "999"},
		{"nothing", map[string]string{"amount": "0.00"}, nil, "999"},
		{"least", map[string]string{"amount": "0.01"}, nil, "000"},
		{"least elsewhere", map[string]string{"amount": "0.49"}, map[string]string{switchMinAmount: "0.50"}, "999"},
		{"enough elsewhere", map[string]string{"amount": "0.50"}, map[string]string{switchMinAmount: "0.50"}, "000"},
		{"most", map[string]string{"amount": "99999.99"}, nil, "000"},
		{"too much", map[string]string{"amount": "100000.00"}, nil, "999"},
		{"no number", map[string]string{"mobileNumber": ""}, nil, "999"},
		{"plus", map[string]string{"mobileNumber": "+351912345678"}, nil, "999"},
		{"bare", map[string]string{"mobileNumber": "912345678"}, nil, "000"},
		{
			"bare, refused",
			map[string]string{"mobileNumber": "912345678"},
			map[string]string{switchBareNumber: "refused"},
			"999",
		},
		{"long email", map[string]string{"email": long}, nil, "999"},
		{"long description", map[string]string{"description": long}, nil, "999"},
		{"no texts", map[string]string{"description": "", "email": ""}, nil, "000"},
		{"not a subscriber", map[string]string{"mobileNumber": "351#912340999"}, nil, "999"},
		{"refused", map[string]string{"mobileNumber": "912340122"}, nil, "122"},
		{"try again", map[string]string{"mobileNumber": "351#912340100"}, nil, "100"},
	}
	for _, test := range tests {
		r := newRig(t, test.switches)
		answer := r.push(t, test.changes)
		if answer["Status"] != test.status || (answer["RequestId"] != "") != (test.status == "000") {
			t.Errorf("%s: got %v, want %s", test.name, answer, test.status)
		}
		if pushed := len(r.Payments()) == 1; pushed != (test.status == "000") {
			t.Errorf("%s: pushed %v", test.name, pushed)
		}
	}
	r := newRig(t, nil)
	for _, body := range []string{"", "null", "[]", "{", "mbWayKey=" + account} {
		if _, answer := r.ask(t, http.MethodPost, "/spg/payment/mbway", body); members1(t, answer)["Status"] != "999" {
			t.Errorf("%q: got %s, want 999", body, answer)
		}
	}
	if err := r.SetMerchant(sandbox.Merchant{ID: account, Refuse: "100"}); err != nil {
		t.Fatal(err)
	}
	if answer := r.push(t, nil); answer["Status"] != "100" {
		t.Errorf("a merchant that is refused: got %v", answer)
	}
}

func TestDescriptionIsCut(t *testing.T) {
	t.Parallel()
	for most, switches := range map[int]map[string]string{100: nil, 70: {switchCut: "70"}} {
		r := newRig(t, switches)
		id := r.push(t, map[string]string{"description": strings.Repeat("ç", 100)})["RequestId"]
		if p, _ := r.Payment(id); p.Description != strings.Repeat("ç", most) {
			t.Errorf("got %d characters, want %d", len([]rune(p.Description)), most)
		}
	}
}

func TestLifeOfAPush(t *testing.T) {
	t.Parallel()
	tests := []struct {
		choice, status string
		charges        int
	}{
		{"approve", "000", 1}, {"cancel", "020", 0}, {"decline", "122", 0}, {"expire", "101", 0}, {"leave", "123", 0},
	}
	for _, test := range tests {
		r := newRig(t, nil)
		id := r.open(t)
		if got := r.stands(t, id); got["Status"] != "123" || got["Message"] != "Pending" {
			t.Errorf("before: got %v, want 123", got)
		}
		if err := r.Advance(time.Minute); err != nil {
			t.Fatal(err)
		}
		r.press(t, id, test.choice)
		if test.choice != "leave" {
			r.press(t, id, "approve") // too late
			r.press(t, id, "cancel")
		}
		got := r.stands(t, id)
		if got["Status"] != test.status || got["RequestId"] != id || got["CreatedAt"] != "01-07-2026 13:00:00" {
			t.Errorf("%s: got %v, want %s", test.choice, got, test.status)
		}
		if p, _ := r.Payment(id); p.Charges != test.charges || p.Captures != test.charges || p.Card != "" {
			t.Errorf("%s: got %+v, want %d charges", test.choice, p, test.charges)
		}
		if test.charges == 1 && got["UpdateAt"] != "01-07-2026 13:01:00" {
			t.Errorf("got %v", got)
		}
	}
}

func TestPushExpires(t *testing.T) {
	t.Parallel()
	for life, switches := range map[time.Duration]map[string]string{
		4 * time.Minute: nil, 5 * time.Minute: {switchLife: "5m"},
	} {
		r := newRig(t, switches)
		id := r.open(t)
		if err := r.Advance(life - time.Second); err != nil {
			t.Fatal(err)
		}
		if got := r.stands(t, id); got["Status"] != "123" {
			t.Errorf("a second before: got %v, want 123", got)
		}
		if err := r.Advance(time.Second); err != nil {
			t.Fatal(err)
		}
		r.press(t, id, "approve")
		if got := r.stands(t, id); got["Status"] != "101" {
			t.Errorf("after %v: got %v, want 101", life, got)
		}
	}
}

func TestStatusKnowsItsOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{switchPendingCode: "124"})
	id := r.open(t)
	if got := r.stands(t, id); got["Status"] != "124" {
		t.Errorf("got %v, want the other code", got)
	}
	for _, query := range []string{
		"", "?requestId=" + id, "?mbWayKey=" + account, "?mbWayKey=" + TestKey + "&requestId=" + id,
		"?mbWayKey=" + account + "&requestId=x",
	} {
		_, answer := r.ask(t, http.MethodGet, "/spg/payment/mbway/status"+query, "")
		if got := members1(t, answer); got["Status"] != "999" {
			t.Errorf("%q: got %v, want 999", query, got)
		}
	}
}

func TestPhone(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	shows := func(query string, want ...string) {
		t.Helper()
		code, page := r.ask(t, http.MethodGet, "/phone"+query, "")
		if code != http.StatusOK {
			t.Errorf("got status %d", code)
		}
		for _, part := range want {
			if !strings.Contains(page, part) {
				t.Errorf("%q is not in\n%s", part, page)
			}
		}
	}
	shows("", "There is no open request")
	id := r.push(t, map[string]string{"description": "<b>&"})["RequestId"]
	other := r.push(t, map[string]string{"mobileNumber": "351#960000001"})["RequestId"]
	shows("", id, other, "10.50 €", "&lt;b&gt;&amp;", "4m0s", `action="phone/`+id+`"`, "expire")
	shows("?number=351%23960000001", `action="phone/`+other+`?number=351%23960000001"`)
	if _, page := r.ask(t, http.MethodGet, "/phone?number=351%23960000001", ""); strings.Contains(page, id) {
		t.Error("the phone shows another number's push")
	}
	r.press(t, id, "expire")
	r.press(t, other, "approve")
	shows("", "There is no open request")
	for path, body := range map[string]string{
		"/phone/" + id: "decision=steal", "/phone/x": "decision=approve", "/phone/" + other: "%zz",
	} {
		if code, _ := r.ask(t, http.MethodPost, path, body); code != http.StatusBadRequest && code != http.StatusNotFound {
			t.Errorf("%s %s: got status %d", path, body, code)
		}
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	id := r.open(t)
	if code := r.back(t, id, "1.00"); code != "0" {
		t.Errorf("of an open push: got %s, want 0", code)
	}
	r.press(t, id, "approve")
	for _, step := range []struct{ amount, code string }{
		{"0.00", "0"},
		{"2", "0"},
		{"-1.00", "0"},
		{"10.51", "0"},
		{"2.00", "1"},
		{"2.00", "1"},
		{"6.51", "0"},
		{"6.50", "1"},
		{"0.01", "0"},
	} {
		if code := r.back(t, id, step.amount); code != step.code {
			t.Errorf("%s: got %s, want %s", step.amount, code, step.code)
		}
	}
	if got := r.stands(t, id); got["Status"] != "000" {
		t.Errorf("after the refunds: got %v, want 000", got)
	}
	if books := r.Books(); books.Refunded != 1050 || books.Captured != 1050 {
		t.Errorf("got %+v", books)
	}
	for name, members := range map[string]map[string]string{
		"key":     {"backofficekey": "1111-2222-3333-4445", "requestId": id, "amount": "0.01"},
		"no key":  {"requestId": id, "amount": "0.01"},
		"request": {"backofficekey": officeKey, "requestId": "x", "amount": "0.01"},
	} {
		if got := r.post(t, "/api/endpoint/payments/refund", members); got["Code"] != "0" {
			t.Errorf("%s: got %v, want 0", name, got)
		}
	}
}

func TestRefundSwitches(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{switchRefundRepeat: "refused", switchAvailable: "300"})
	id := r.open(t)
	r.press(t, id, "approve")
	for _, step := range []struct{ amount, code string }{
		{"3.01", "-1"}, {"2.00", "1"}, {"2.00", "0"}, {"1.01", "-1"}, {"1.00", "1"},
	} {
		if code := r.back(t, id, step.amount); code != step.code {
			t.Errorf("%s: got %s, want %s", step.amount, code, step.code)
		}
	}
	// The day begins at 20:00 in Lisbon, which is seven hours from now.
	for _, step := range []struct {
		wait time.Duration
		code string
	}{{7*time.Hour - time.Second, "-1"}, {time.Second, "1"}} {
		if err := r.Advance(step.wait); err != nil {
			t.Fatal(err)
		}
		if code := r.back(t, id, "3.00"); code != step.code {
			t.Errorf("got %s, want %s", code, step.code)
		}
	}
}

func TestActivation(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	address := "http://127.0.0.1/cb?k="
	tests := []struct {
		name    string
		changes map[string]string
		status  int
	}{
		{"good", nil, http.StatusOK},
		{"longest", map[string]string{"urlCb": address + strings.Repeat("x", 300-len(address))}, http.StatusOK},
		{"too long", map[string]string{"urlCb": address + strings.Repeat("x", 301-len(address))}, http.StatusBadRequest},
		{"no address", map[string]string{"urlCb": "cb"}, http.StatusBadRequest},
		{"key", map[string]string{"chave": "1111-2222-3333-4445"}, http.StatusUnauthorized},
		{"method", map[string]string{"entidade": "MULTIBANCO"}, http.StatusBadRequest},
		{"account", map[string]string{"subentidade": "ABC-000000"}, http.StatusUnauthorized},
		{"another's account", map[string]string{"subentidade": TestKey}, http.StatusUnauthorized},
		{"no anti-phishing key", map[string]string{"apKey": ""}, http.StatusBadRequest},
	}
	for _, test := range tests {
		code, answer := r.ask(t, http.MethodPost, "/api/endpoint/callback/activation", activation(t, test.changes))
		if code != test.status || strings.HasPrefix(answer, "OK") != (code == http.StatusOK) {
			t.Errorf("%s: got status %d: %s", test.name, code, answer)
		}
	}
}

func TestConfigForTheProvidersClient(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for token, want := range map[string]string{account: account, "whatever": TestKey} {
		code, answer := r.ask(t, http.MethodPost, "/v2/integration/config/"+token+"/itpconnect", "")
		if code != http.StatusOK || members1(t, answer)["accountKeys"] != "MBWAY|"+want+";" ||
			!strings.Contains(answer, strconv.Quote(want)[1:]) && !strings.Contains(answer, want+`\"`) {
			t.Errorf("%s: got status %d: %s", token, code, answer)
		}
	}
}

// What was set and paid survives the end of the process.
func TestStateIsKept(t *testing.T) {
	t.Parallel()
	options := sandbox.Options{
		PublicURL: "http://sandbox.test", Dir: t.TempDir(), Now: func() time.Time { return noon },
		Merchants: []sandbox.Merchant{{ID: account, PanelToken: officeKey}},
	}
	first, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Emulator: first}
	r.shop = httptest.NewServer(http.NotFoundHandler())
	defer r.shop.Close()
	r.activate(t, newNames)
	id := r.open(t)
	r.press(t, id, "approve")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	options.Merchants = nil
	second, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }() // it is read only from here on
	r.Emulator = second
	if got := r.stands(t, id); got["Status"] != "000" {
		t.Errorf("got %v, want 000", got)
	}
	if list := second.Merchants(); len(list) != 1 || list[0].NoticeKey != antiKey || list[0].NoticeURL == "" {
		t.Errorf("got %+v", list)
	}
}
