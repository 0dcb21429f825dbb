package zarinpal

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/money"
)

const (
	merchantID = "0b3c1a52-6f0e-4d0a-9d8e-2f8b5a7c1e90"
	authority  = "S00000000000000000000000000000k3m9q7"
	noErrors   = `,"errors":[]}`
	paidData   = `{"data":{"wages":null,"code":%d,"message":"Paid","card_hash":"9F0C","card_pan":"603799******1234",` +
		`"ref_id":70120344,"fee_type":"Merchant","fee":3500,"shaparak_fee":1200,"order_id":%s}` + noErrors
	verifyBody    = `{"merchant_id":"` + merchantID + `","amount":250000,"authority":"` + authority + `"}`
	authorityBody = `{"merchant_id":"` + merchantID + `","authority":"` + authority + `"}`
)

func config(base string) gateway.Config {
	return gateway.Config{
		Settings: map[string]string{
			"mode": "test", "base_url": base, "graphql_url": base + "/api/v4/graphql", "terminal_id": "231",
		},
		Secrets: map[string]gateway.Secret{"merchant_id": merchantID, "access_token": "panel-token-canary"},
		Now:     gatewaytest.Now,
	}
}

func requestStep(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{{
		Path: pathRequest, Answer: answer, Once: true,
		Body: `{"merchant_id":"` + merchantID + `","amount":250000,"currency":"IRR",` +
			`"callback_url":"https://pay.test/return?t=k9&x=1","description":"order 77",` +
			`"metadata":{"mobile":"09120000001","email":"a@example.test","order_id":"77-1","auto_verify":false}}`,
	}}
}

func verifyStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{Path: pathVerify, Body: verifyBody, Answer: answer}
}

func inquiryStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{Path: pathInquiry, Body: authorityBody, Answer: answer}
}

func status(word string) string {
	return `{"data":{"status":"` + word + `","code":100,"message":"Success"}` + noErrors
}

func refusal(code int) string {
	return fmt.Sprintf(`{"data":[],"errors":{"code":%d,"message":"no","validations":[]}}`, code)
}

func graphBody(query, variables string) string {
	return `{"query":"` + query + `","variables":` + variables + `}`
}

func steps(s ...gatewaytest.Step) []gatewaytest.Step { return s }

func kit() gatewaytest.Kit {
	paid, again := fmt.Sprintf(paidData, 100, "null"), fmt.Sprintf(paidData, 101, `"77-1"`)
	return gatewaytest.Kit{
		New: New, Config: config, Needed: []string{"merchant_id"}, ForRefunds: []string{"access_token"},
		Addresses: []string{"base_url", "graphql_url"},
		Abilities: []string{
			gatewaytest.Health, gatewaytest.Refund, gatewaytest.Returns, gatewaytest.Reverse, gatewaytest.Sweep,
		},
		Session: authority, Link: "BASE/pg/StartPay/" + authority, Receipt: "70120344",
		Start: requestStep(`{"data":{"code":100,"message":"Success","authority":"` + authority +
			`","fee_type":"Merchant","fee":3500}` + noErrors),
		Refusal: func(words string) []gatewaytest.Step {
			return requestStep(`{"data":[],"errors":{"code":-9,"message":` + words + `,"validations":[]}}`)
		},
		NotBegun: []gatewaytest.Answers{
			{Name: "code", Steps: requestStep(`{"data":{"code":777,"authority":"` + authority + `"}` + noErrors)},
			{Name: "refusal", Steps: requestStep(refusal(-777))},
			{Name: "authority", Steps: requestStep(`{"data":{"code":100,"authority":"X1"}` + noErrors)},
			{Name: "both", Steps: requestStep(`{"data":{"code":100,"authority":"` + authority + `"},"errors":{"code":-9}}`)},
		},
		Take:  steps(verifyStep(paid)),
		Again: steps(verifyStep(again)),
		Open:  steps(inquiryStep(status("IN_BANK"))),
		Unpaid: steps(verifyStep(refusal(-51)),
			inquiryStep(status("IN_BANK"))),
		Wrong: []gatewaytest.Answers{
			{Name: "order", Steps: steps(verifyStep(fmt.Sprintf(paidData, 100, `"78-1"`)))},
			{Name: "no reference", Steps: steps(verifyStep(`{"data":{"code":100}` + noErrors))},
			{Name: "null reference", Steps: steps(verifyStep(`{"data":{"code":101,"ref_id":null}` + noErrors))},
			{Name: "amount", Steps: steps(verifyStep(refusal(-50)))},
			{Name: "merchant", Steps: steps(verifyStep(refusal(-53)))},
		},
		Strange: []gatewaytest.Answers{
			{Name: "code", Steps: steps(verifyStep(fmt.Sprintf(paidData, 777, "null")))},
			{Name: "code as text", Steps: steps(verifyStep(strings.Replace(paid, `"code":100`, `"code":"100"`, 1)))},
			{Name: "refusal", Steps: steps(verifyStep(refusal(-777)))},
			{Name: "both", Steps: steps(verifyStep(strings.Replace(paid, `"errors":[]`, `"errors":{"code":-51}`, 1)))},
		},
		Refund: steps(
			gatewaytest.Step{
				Path: "/api/v4/graphql", Body: graphBody(querySession, `{"terminal_id":"231","reference_id":"70120344"}`),
				Answer: `{"data":{"sessions":[{"id":"901","amount":250000,"status":"VERIFIED"}]}}`,
			},
			gatewaytest.Step{
				Path: "/api/v4/graphql", Once: true,
				Body: graphBody(queryAddRefund, `{"session_id":"901","amount":250000,"description":"refund rf-5",`+
					`"method":"PAYA","reason":"CUSTOMER_REQUEST"}`),
				Answer: `{"data":{"resource":{"terminal_id":"231","id":"55","amount":250000,"timeline":` +
					`{"refund_amount":250000,"refund_time":"x","refund_status":"PENDING"}}}}`,
			}),
		Reverse: []gatewaytest.Step{{
			Path: pathReverse, Body: authorityBody, Once: true, Answer: `{"data":{"code":100,"message":"Reversed"}` + noErrors,
		}},
		GoodReturn: map[string][]string{"AUTHORITY": {authority}, "status": {"OK"}, "t": {"k9"}},
		BadReturn:  map[string][]string{"Authority": {authority}, "Status": {"NOK"}},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	gatewaytest.Run(t, kit())
}

// open makes the connector against a script.
func open(t *testing.T, script ...gatewaytest.Step) *Gateway {
	t.Helper()
	made, err := New(config(gatewaytest.NewProvider(t, script).URL), &http.Transport{DisableKeepAlives: true})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := made.(*Gateway)
	return g
}

func opened1() gateway.Attempt {
	a := gatewaytest.Attempt()
	a.Session = authority
	return a
}

func back() gateway.Return {
	return gateway.Return{Refund: "rf-5", Attempt: opened1(), Receipt: "70120344", Amount: opened1().Amount}
}

func TestStartCodes(t *testing.T) {
	t.Parallel()
	for code, known := range codes {
		got := open(t, requestStep(refusal(code))...).Start(t.Context(), gatewaytest.Attempt())
		if got.Outcome != gateway.Refused || !strings.HasPrefix(got.Word, fmt.Sprint(code, ": ", known.words)) {
			t.Errorf("code %d: got %+v, want refused in our words", code, got)
		}
		if (got.Alarm != "") != known.setUp {
			t.Errorf("code %d: got alarm %q, want one: %v", code, got.Alarm, known.setUp)
		}
	}
	for code := -19; code <= -10; code++ {
		if codes[code].setUp == (code == -12) {
			t.Errorf("code %d: set-up = %v", code, codes[code].setUp)
		}
	}
}

func TestStartRefusesTestPageForRealMoney(t *testing.T) {
	t.Parallel()
	g := open(t, kit().Start...)
	g.live = true
	if got := g.Start(t.Context(), gatewaytest.Attempt()); got.Outcome != gateway.NoAnswer || got.Alarm == "" {
		t.Errorf("got %+v, want no answer with an alarm", got)
	}
}

func TestVerifyTable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		verify, second string
		outcome        gateway.Outcome
		alarm          bool
	}{
		{"unpaid, in bank", refusal(-51), status("IN_BANK"), gateway.Pending, false},
		{"unpaid, paid", refusal(-51), status("PAID"), gateway.Authorized, false},
		{"unpaid, failed", refusal(-51), status("FAILED"), gateway.Declined, false},
		{"unpaid, reversed", refusal(-51), status("REVERSED"), gateway.Undone, false},
		{"unpaid, strange", refusal(-51), status("SETTLING"), gateway.Unknown, false},
		{"unpaid, verified", refusal(-51), status("VERIFIED"), gateway.Unknown, true},
		{"unpaid, inquiry refused", refusal(-51), refusal(-54), gateway.Unknown, true},
		{"unpaid, nested refusal", refusal(-51), `{"data":[],"errors":{"authority":["text","-54"]}}`, gateway.Unknown, true},
		{"amount", refusal(-50), "", gateway.Unknown, true},
		{"trouble", refusal(-52), "", gateway.Unknown, false},
		{"other merchant", refusal(-53), "", gateway.Unknown, true},
		{"no authority", refusal(-54), "", gateway.Unknown, true},
		{"no manual payment", refusal(-55), "", gateway.Unknown, true},
		{"set-up", refusal(-11), "", gateway.Unknown, true},
		{"too many tries", refusal(-12), "", gateway.Unknown, true},
		{"suspended", refusal(-15), "", gateway.Unknown, true},
		{"input", refusal(-9), "", gateway.Unknown, false},
		{"list", `{"data":[],"errors":[{"code":-50,"message":"x"}]}`, "", gateway.Unknown, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			script := steps(verifyStep(test.verify))
			if test.second != "" {
				script = append(script, inquiryStep(test.second))
			}
			got := open(t, script...).Resolve(t.Context(), opened1(), gateway.Take)
			if got.Outcome != test.outcome || (got.Alarm != "") != test.alarm || got.Doubt {
				t.Errorf("got %+v, want %s, alarm %v", got, test.outcome, test.alarm)
			}
		})
	}
}

func TestInquiryTable(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]gateway.Outcome{
		"IN_BANK": gateway.Pending, "PAID": gateway.Authorized, "VERIFIED": gateway.Captured,
		"FAILED": gateway.Declined, "REVERSED": gateway.Undone, "verified": gateway.Unknown, "": gateway.Unknown,
	} {
		script := steps(inquiryStep(status(word)))
		if want == gateway.Captured {
			script = append(script, verifyStep(fmt.Sprintf(paidData, 101, "null")))
		}
		if got := open(t, script...).Resolve(t.Context(), opened1(), gateway.Look); got.Outcome != want {
			t.Errorf("%q: got %+v, want %s", word, got, want)
		}
	}
}

// A verify between our two questions must not look like a contradiction.
func TestVerifiedMeanwhile(t *testing.T) {
	t.Parallel()
	g := open(t, verifyStep(refusal(-51)), verifyStep(fmt.Sprintf(paidData, 101, "null")), inquiryStep(status("VERIFIED")))
	if got := g.Resolve(t.Context(), opened1(), gateway.Take); got.Outcome != gateway.Captured || got.Alarm != "" {
		t.Errorf("got %+v, want captured", got)
	}
}

func TestFee(t *testing.T) {
	t.Parallel()
	fee := func(n int64) *int64 { return &n }
	amount := money.New(250_000, money.IRR)
	tests := []struct {
		data verified
		want money.Amount
	}{
		{verified{FeeType: "Merchant", Fee: fee(3500)}, money.New(3500, money.IRR)},
		{verified{FeeType: "Payer", Fee: fee(3500)}, money.Zero(money.IRR)},
		{verified{FeeType: "Merchant"}, money.Amount{}},
		{verified{FeeType: "Merchant", Fee: fee(-1)}, money.Amount{}},
		{verified{FeeType: "Merchant", Fee: fee(250_001)}, money.Amount{}},
		{verified{FeeType: "Shared", Fee: fee(1)}, money.Amount{}},
	}
	for _, test := range tests {
		if got := feeOf(test.data, amount); got != test.want {
			t.Errorf("%+v: got %v, want %v", test.data, got, test.want)
		}
	}
}

func TestReverseTable(t *testing.T) {
	t.Parallel()
	reverse := func(answer string) gatewaytest.Step {
		return gatewaytest.Step{Path: pathReverse, Body: authorityBody, Answer: answer, Once: true}
	}
	tests := []struct {
		code    int
		inquiry string
		outcome gateway.ReturnOutcome
		word    string
		alarm   bool
	}{
		{-60, status("VERIFIED"), gateway.Denied, "-60: the bank refuses the reversal", false},
		{-61, status("REVERSED"), gateway.Done, "", false},
		{-61, status("VERIFIED"), gateway.Denied, "-61: not successful, or reversed before", false},
		{-62, status("VERIFIED"), gateway.Denied, "-62: no server address is registered on the terminal", true},
		{-63, status("VERIFIED"), gateway.Denied, "-63: outside the reversal window", false},
		{-54, "", gateway.Denied, "-54: authority not valid", true},
		{-11, "", gateway.Denied, "-11: terminal not active", true},
		{-52, "", gateway.ReturnUnsure, "-52: unexpected error at the gateway", false},
		{-777, "", gateway.ReturnUnsure, "-777: no", false},
	}
	for _, test := range tests {
		script := steps(reverse(refusal(test.code)))
		if test.inquiry != "" {
			script = append(script, inquiryStep(test.inquiry))
		}
		got := open(t, script...).Reverse(t.Context(), back())
		if got.Outcome != test.outcome || got.Word != test.word || (got.Alarm != "") != test.alarm {
			t.Errorf("%d: got %+v, want %s %q, alarm %v", test.code, got, test.outcome, test.word, test.alarm)
		}
	}
}

func TestRefundTable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		session string
		refund  string
		status  int
		outcome gateway.ReturnOutcome
		alarm   bool
	}{
		{"success", "", refundData("SUCCESS", 250_000), 0, gateway.Done, false},
		{"pending", "", refundData("PENDING", 250_000), 0, gateway.Underway, false},
		{"failed", "", refundData("FAILED", 250_000), 0, gateway.Denied, false},
		{"strange word", "", refundData("QUEUED", 250_000), 0, gateway.ReturnUnsure, false},
		{"other amount", "", refundData("SUCCESS", 1), 0, gateway.ReturnUnsure, true},
		{"refused", "", `{"data":{"resource":null},"errors":[{"message":"below the minimum"}]}`, 0, gateway.Denied, false},
		{"token", "", `{"errors":[{"message":"Unauthenticated."}]}`, 401, gateway.Denied, true},
		{"trouble", "", `{"errors":[{"message":"Internal server error"}]}`, 0, gateway.ReturnUnsure, false},
		{"half done", "", `{"data":{"resource":{"id":"5"}},"errors":[{"message":"x"}]}`, 0, gateway.ReturnUnsure, false},
		{"nothing", "", `{"data":{"resource":null}}`, 0, gateway.ReturnUnsure, false},
		{"no session", `{"data":{"sessions":[]}}`, "", 0, gateway.Denied, true},
		{"session of another amount", `{"data":{"sessions":[{"id":"901","amount":1}]}}`, "", 0, gateway.Denied, true},
		{"session refused", `{"errors":[{"message":"no"}]}`, "", 0, gateway.Denied, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			script := kit().Refund
			if test.session != "" {
				script[0].Answer = test.session
			}
			script[1].Answer, script[1].Status = test.refund, test.status
			got := open(t, script...).Refund(t.Context(), back())
			if got.Outcome != test.outcome || (got.Alarm != "") != test.alarm {
				t.Errorf("got %+v, want %s, alarm %v", got, test.outcome, test.alarm)
			}
		})
	}
}

func refundData(word string, amount int) string {
	return fmt.Sprintf(`{"data":{"resource":{"id":"55","amount":%d,"timeline":{"refund_status":"%s"}}}}`, amount, word)
}

func TestRefundState(t *testing.T) {
	t.Parallel()
	byID := gatewaytest.Step{Path: "/api/v4/graphql", Body: graphBody(queryRefund, `{"id":"55"}`)}
	list := gatewaytest.Step{
		Path: "/api/v4/graphql",
		Body: graphBody(queryRefunds, `{"terminal_id":"231","limit":100,"offset":0}`),
	}
	answered := func(s gatewaytest.Step, answer string) gatewaytest.Step {
		s.Answer = answer
		return s
	}
	one := func(word string) string {
		return `{"id":"55","amount":250000,"status":"` + word + `","description":"refund rf-5"}`
	}
	tests := []struct {
		name    string
		receipt string
		script  []gatewaytest.Step
		want    gateway.ReturnReport
	}{
		{"reversed", "", steps(inquiryStep(status("REVERSED"))), gateway.ReturnReport{Outcome: gateway.Done, Undone: true}},
		{
			"by id", "55", steps(inquiryStep(status("VERIFIED")), answered(byID, `{"data":{"refund":`+one("SUCCESS")+`}}`)),
			gateway.ReturnReport{Outcome: gateway.Done, Receipt: "55"},
		},
		{
			"found by our id", "",
			steps(inquiryStep(status("VERIFIED")), answered(list, `{"data":{"refunds":[{"id":"54","amount":250000,`+
				`"status":"SUCCESS","description":"refund rf-4"},`+one("PENDING")+`]}}`)),
			gateway.ReturnReport{Outcome: gateway.Underway, Receipt: "55"},
		},
		{
			"not found", "", steps(inquiryStep(status("VERIFIED")), answered(list, `{"data":{"refunds":[]}}`)),
			gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: "the panel does not show the refund"},
		},
		{
			"refused", "55", steps(inquiryStep(refusal(-11)), answered(byID, `{"errors":[{"message":"no"}]}`)),
			gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: "no"},
		},
	}
	for _, test := range tests {
		if got := open(t, test.script...).RefundState(t.Context(), back(), test.receipt); got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"100", `"100"`} {
		g := open(t, gatewaytest.Step{
			Path: pathUnverified, Body: `{"merchant_id":"` + merchantID + `"}`,
			Answer: `{"data":{"code":` + code + `,"message":"Success","authorities":[` +
				`{"authority":"` + authority + `","amount":250000,"callback_url":"\u0000","referer":"","date":"x"},` +
				`{"authority":"` + authority + `","amount":"7000"},{"authority":"junk","amount":1},` +
				`{"authority":"` + authority + `","amount":"1.5"}]}` + noErrors,
		})
		got, err := g.Sweep(t.Context())
		if err != nil || len(got) != 2 || got[0] != (gateway.Unclaimed{
			Session: authority, Amount: money.New(250_000, money.IRR),
		}) || got[1].Amount != money.New(7_000, money.IRR) {
			t.Errorf("code %s: got %v %v", code, got, err)
		}
	}
	if got, err := open(t, gatewaytest.Step{Path: pathUnverified, Answer: refusal(-15)}).Sweep(t.Context()); err == nil {
		t.Errorf("refused: got %v, want an error", got)
	}
}
