package shepa

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
)

const (
	apiKey     = "0f9d7c1e-shepa-key-canary"
	token      = "tkMadeUp9f31"
	paidAnswer = `{"success":true,"result":{"refid":40021177,"transaction_id":9910021,"amount":250000,` +
		`"card_pan":"603799******1234","date":"2026-05-02 14:03:11"}}`
	noAnswer = `{"success":false,"error":["transaction is not paid"],"errors":["transaction is not paid"],"errorCode":6}`
)

func config(base string) gateway.Config {
	return gateway.Config{
		Settings: map[string]string{"mode": "test", "base_url": base},
		Secrets:  map[string]gateway.Secret{"api_key": apiKey},
		Now:      gatewaytest.Now,
	}
}

func tokenStep(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{{
		Path: pathToken, Answer: answer, Once: true,
		Body: `{"api":"` + apiKey + `","amount":250000,"callback":"https://pay.test/return?t=k9&x=1",` +
			`"mobile":"9120000001","email":"a@example.test","description":"order 77"}`,
	}}
}

func verifyStep(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{{
		Path: pathVerify, Answer: answer, Once: true,
		Body: `{"api":"` + apiKey + `","token":"` + token + `","amount":250000}`,
	}}
}

func refundStep(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{{
		Path: pathRefund, Answer: answer, Once: true,
		Body: `{"api":"` + apiKey + `","amount":250000,"transaction_id":9910021}`,
	}}
}

func kit() gatewaytest.Kit {
	return gatewaytest.Kit{
		New: New, Config: config, Needed: []string{"api_key"}, Addresses: []string{"base_url"},
		Abilities: []string{gatewaytest.Health, gatewaytest.Refund, gatewaytest.Returns},
		Session:   token, Link: "BASE/v1/" + token, Receipt: "9910021",
		Start: tokenStep(`{"success":true,"result":{"token":"` + token + `","url":"https://evil.test/v1/` + token + `"}}`),
		Refusal: func(words string) []gatewaytest.Step {
			return tokenStep(`{"success":false,"error":[` + words + `],"errors":[` + words + `],"errorCode":1}`)
		},
		NotBegun: []gatewaytest.Answers{
			{Name: "no success", Steps: tokenStep(`{"result":{"token":"` + token + `"}}`)},
			{Name: "token", Steps: tokenStep(`{"success":true,"result":{"token":"../x"}}`)},
			{Name: "no result", Steps: tokenStep(`{"success":true}`)},
			{Name: "success as text", Steps: tokenStep(`{"success":"yes","result":{"token":"` + token + `"}}`)},
		},
		Take:   verifyStep(paidAnswer),
		Unpaid: verifyStep(noAnswer),
		Wrong: []gatewaytest.Answers{
			{Name: "amount", Steps: verifyStep(strings.Replace(paidAnswer, "250000", "25000", 1))},
			{Name: "no amount", Steps: verifyStep(strings.Replace(paidAnswer, `"amount":250000,`, "", 1))},
			{Name: "no transaction", Steps: verifyStep(strings.Replace(paidAnswer, `"transaction_id":9910021,`, "", 1))},
		},
		Strange: []gatewaytest.Answers{
			{Name: "no success", Steps: verifyStep(strings.Replace(paidAnswer, `"success":true,`, "", 1))},
			{Name: "success null", Steps: verifyStep(strings.Replace(paidAnswer, "true", "null", 1))},
			{Name: "success as text", Steps: verifyStep(strings.Replace(paidAnswer, "true", `"true"`, 1))},
			{Name: "amount as text", Steps: verifyStep(strings.Replace(paidAnswer, "250000", `"250000"`, 1))},
			{Name: "amount with a fraction", Steps: verifyStep(strings.Replace(paidAnswer, "250000", "250000.0", 1))},
		},
		Refund:     refundStep(`{"success":true,"result":"rf123"}`),
		GoodReturn: map[string][]string{"status": {"success"}, "token": {token}},
		BadReturn:  map[string][]string{"status": {"cancel"}, "token": {token}, "message": {"no"}},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	gatewaytest.Run(t, kit())
}

// open makes the connector against a script.
func open(t *testing.T, script []gatewaytest.Step, now time.Time) *Gateway {
	t.Helper()
	c := config(gatewaytest.NewProvider(t, script).URL)
	c.Now = func() time.Time { return now }
	made, err := New(c, &http.Transport{DisableKeepAlives: true})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := made.(*Gateway)
	return g
}

func opened1() gateway.Attempt {
	a := gatewaytest.Attempt()
	a.Session = token
	return a
}

func TestTestKeyMeetsNoRealMoney(t *testing.T) {
	t.Parallel()
	c := config("https://merchant.shepa.test")
	c.Secrets["api_key"] = testKey
	if _, err := New(c, nil); err != nil {
		t.Errorf("in test mode: %v", err)
	}
	c.Settings["mode"] = "live"
	if _, err := New(c, nil); !fault.Is(err, fault.CodeSettingInvalid) || fault.From(err).Param != "api_key" {
		t.Errorf("in live mode: got %v, want setting_invalid of api_key", err)
	}
}

func TestLinkIsOnOurHost(t *testing.T) {
	t.Parallel()
	g := open(t, nil, gatewaytest.Now())
	base := g.base.String()
	for address, trusted := range map[string]bool{
		base + "/v1/" + token: true, base + "/api/v1/" + token: true, "": false, ":": false,
		"https://evil.test/v1/x": false, strings.Replace(base, "http://", "https://", 1) + "/v1/x": false,
		strings.Replace(base, "http://", "http://a:b@", 1) + "/v1/x": false, "//evil.test/x": false, "javascript:x": false,
	} {
		want := base + "/v1/" + token
		if trusted {
			want = address
		}
		if got := g.link(opened{Token: token, URL: address}); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

func TestUnpaidTable(t *testing.T) {
	t.Parallel()
	in, late := gatewaytest.Now(), gatewaytest.Attempt().Deadline.Add(time.Second)
	tests := []struct {
		name     string
		word     string
		doubtful bool
		now      time.Time
		outcome  gateway.Outcome
		alarm    bool
	}{
		{"no return yet", "", false, in, gateway.Unknown, false},
		{"said success", "success", false, in, gateway.Unknown, false},
		{"said success, late", "success", false, late, gateway.Unknown, false},
		{"failed", "failed", false, in, gateway.Declined, false},
		{"canceled", "cancel", false, in, gateway.Canceled, false},
		{"another word", "held", false, in, gateway.Declined, false},
		{"no return, late", "", false, late, gateway.Expired, false},
		{"doubt", "failed", true, in, gateway.Unknown, true},
		{"doubt, late", "", true, late, gateway.Unknown, true},
	}
	for _, test := range tests {
		for _, status := range []int{200, 400, 422} {
			script := verifyStep(noAnswer)
			script[0].Status = status
			a := opened1()
			a.Word, a.Doubtful = test.word, test.doubtful
			got := open(t, script, test.now).Resolve(t.Context(), a, gateway.Take)
			if got.Outcome != test.outcome || (got.Alarm != "") != test.alarm || got.Doubt {
				t.Errorf("%s under %d: got %+v, want %s, alarm %v", test.name, status, got, test.outcome, test.alarm)
			}
			if got.Word != "6: transaction is not paid" {
				t.Errorf("%s: got words %q", test.name, got.Word)
			}
		}
	}
}

// A success that does not fit may have taken the money: the doubt must stay.
func TestMismatchLeavesDoubt(t *testing.T) {
	t.Parallel()
	for _, wrong := range kit().Wrong {
		if got := open(t, wrong.Steps, gatewaytest.Now()).Resolve(t.Context(), opened1(), gateway.Take); !got.Doubt {
			t.Errorf("%s: got %+v, want doubt", wrong.Name, got)
		}
	}
}

func TestSuccessUnderFailureStatus(t *testing.T) {
	t.Parallel()
	script := verifyStep(paidAnswer)
	script[0].Status = http.StatusBadRequest
	got := open(t, script, gatewaytest.Now()).Resolve(t.Context(), opened1(), gateway.Take)
	if got.Outcome != gateway.Unknown || !got.Doubt {
		t.Errorf("got %+v, want unknown with doubt", got)
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	g := open(t, nil, gatewaytest.Now())
	for body, want := range map[string]string{
		noAnswer: "6: transaction is not paid", `{"error":"one"}`: "one", `{"errors":["a","b"]}`: "a, b",
		`{"errorCode":"E7"}`: "E7", `{}`: "", `{"error":null,"errors":{"amount":["bad"]}}`: `"amount":["bad"`,
	} {
		var e envelopeWire
		if err := clientAnswer(body).Decode(&e); err != nil {
			t.Fatal(err)
		}
		if got := g.words(e); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

func TestRefundTable(t *testing.T) {
	t.Parallel()
	back := gateway.Return{Refund: "rf-5", Attempt: opened1(), Receipt: "9910021", Amount: opened1().Amount}
	tests := []struct {
		answer string
		want   gateway.ReturnReport
	}{
		{`{"success":true,"result":"rf123"}`, gateway.ReturnReport{Outcome: gateway.Done, Receipt: "rf123"}},
		{`{"success":true,"result":77}`, gateway.ReturnReport{Outcome: gateway.Done, Receipt: "77"}},
		{`{"success":true,"result":{"x":1}}`, gateway.ReturnReport{Outcome: gateway.Done}},
		{noAnswer, gateway.ReturnReport{Outcome: gateway.Denied, Word: "6: transaction is not paid"}},
	}
	for _, test := range tests {
		if got := open(t, refundStep(test.answer), gatewaytest.Now()).Refund(t.Context(), back); got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.answer, got, test.want)
		}
	}
	got := open(t, nil, gatewaytest.Now()).RefundState(t.Context(), back, "rf123")
	if got.Outcome != gateway.ReturnUnsure || got.Alarm == "" {
		t.Errorf("state: got %+v, want unknown with an alarm", got)
	}
}

func TestTransactionNumber(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]any{
		"9910021": int64(9910021), "007": "007", "A1": "A1", "-0": "-0", "99999999999999999999": "99999999999999999999",
	} {
		if got := number(id); got != want {
			t.Errorf("%q: got %v, want %v", id, got, want)
		}
	}
}
