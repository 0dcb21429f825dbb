package zibal

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

const (
	merchantID = "zibal-merchant-canary"
	track      = "20177345510042"
	reportData = `{"message":"success","result":100,"status":%d,"amount":250000,"refNumber":123456789012,` +
		`"paidAt":"2026-05-02T14:03:11.221000","cardNumber":"60379****34","orderId":"77-1","description":"order 77",` +
		`"multiplexingInfos":[]}`
	trackBody = `{"merchant":"` + merchantID + `","trackId":` + track + `}`
)

func config(base string) gateway.Config {
	return gateway.Config{
		Settings: map[string]string{"mode": "test", "base_url": base, "platform_url": base, "account_id": "acc-1"},
		Secrets:  map[string]gateway.Secret{"merchant": merchantID, "access_token": "platform-token-canary"},
		Now:      gatewaytest.Now,
	}
}

func requestStep(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{{
		Path: pathRequest, Answer: answer, Once: true,
		Body: `{"merchant":"` + merchantID + `","amount":250000,"callbackUrl":"https://pay.test/return?t=k9&x=1",` +
			`"description":"order 77","orderId":"77-1","mobile":"09120000001"}`,
	}}
}

func verifyStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{Path: pathVerify, Body: trackBody, Answer: answer}
}

func inquiryStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{Path: pathInquiry, Body: trackBody, Answer: answer}
}

func refundStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{
		Path: pathRefund, Answer: answer, Once: true,
		Body: `{"trackId":` + track + `,"accountId":"acc-1","amount":250000,"tryReverse":true,"description":"refund rf-5"}`,
	}
}

func report(status int) string { return fmt.Sprintf(reportData, status) }

func result(code int) string { return fmt.Sprintf(`{"message":"no","result":%d}`, code) }

func without(answer, member string) string {
	if !strings.Contains(answer, member) {
		panic("no member " + member)
	}
	return strings.Replace(answer, member, "", 1)
}

func steps(s ...gatewaytest.Step) []gatewaytest.Step { return s }

func kit() gatewaytest.Kit {
	return gatewaytest.Kit{
		New: New, Config: config, Needed: []string{"merchant"}, ForRefunds: []string{"access_token", "account_id"},
		Addresses: []string{"base_url", "platform_url"},
		Abilities: []string{gatewaytest.Health, gatewaytest.Refund, gatewaytest.Returns},
		Session:   track, Link: "BASE/start/" + track, Receipt: "123456789012",
		Start: requestStep(`{"message":"success","result":100,"trackId":` + track + `}`),
		Refusal: func(words string) []gatewaytest.Step {
			return requestStep(`{"message":` + words + `,"result":104}`)
		},
		NotBegun: []gatewaytest.Answers{
			{Name: "result", Steps: requestStep(`{"result":777,"trackId":` + track + `}`)},
			{Name: "verify's result", Steps: requestStep(`{"result":201,"trackId":` + track + `}`)},
			{Name: "no trackId", Steps: requestStep(`{"result":100}`)},
			{Name: "trackId", Steps: requestStep(`{"result":100,"trackId":"../1"}`)},
			{Name: "fraction", Steps: requestStep(`{"result":100,"trackId":2.0177345510042e13}`)},
		},
		Take:   steps(verifyStep(report(1))),
		Again:  steps(verifyStep(result(201)), inquiryStep(report(1))),
		Open:   steps(inquiryStep(report(-1))),
		Unpaid: steps(verifyStep(result(202)), inquiryStep(report(-1))),
		Wrong: []gatewaytest.Answers{
			{Name: "amount", Steps: steps(verifyStep(strings.Replace(report(1), "250000", "25000", 1)))},
			{Name: "order", Steps: steps(verifyStep(strings.Replace(report(1), "77-1", "78-1", 1)))},
			{Name: "no reference", Steps: steps(verifyStep(strings.Replace(report(1), "123456789012", "null", 1)))},
			{Name: "status", Steps: steps(verifyStep(report(2)))},
			{Name: "amount after 201", Steps: steps(verifyStep(result(201)),
				inquiryStep(strings.Replace(report(1), "250000", "25000", 1)))},
			{Name: "no order anywhere", Steps: steps(verifyStep(without(report(1), `"orderId":"77-1",`)),
				inquiryStep(without(report(1), `"orderId":"77-1",`)))},
			{Name: "trackId", Steps: steps(verifyStep(result(203)))},
		},
		Strange: []gatewaytest.Answers{
			{Name: "result", Steps: steps(verifyStep(strings.Replace(report(1), `"result":100`, `"result":777`, 1)))},
			{Name: "result as text", Steps: steps(verifyStep(strings.Replace(report(1), `"result":100`, `"result":"100"`, 1)))},
			{Name: "the platform's success", Steps: steps(verifyStep(
				strings.Replace(report(1), `"result":100`, `"result":1`, 1)))},
			{Name: "status", Steps: steps(verifyStep(result(202)), inquiryStep(report(77)))},
			{Name: "no status", Steps: steps(verifyStep(result(201)), inquiryStep(without(report(1), `"status":1,`)))},
		},
		Refund: steps(refundStep(`{"result":1,"message":"success","data":{"reversed":false,"remaining":0,` +
			`"split":[{"amount":250000,"wageAmount":0,"refundId":88001,"predictedTime":"x"}]}}`)),
		GoodReturn: map[string][]string{"trackId": {track}, "success": {"1"}, "status": {"2"}, "orderId": {"77-1"}},
		BadReturn:  map[string][]string{"trackId": {track}, "success": {"0"}, "status": {"3"}, "orderId": {"77-1"}},
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
	a.Session = track
	return a
}

func back(amount int64) gateway.Return {
	return gateway.Return{
		Refund: "rf-5", Attempt: opened1(), Receipt: "123456789012", Amount: money.New(amount, money.IRR),
	}
}

func TestTestMerchantMeetsNoRealMoney(t *testing.T) {
	t.Parallel()
	c := config("https://gateway.zibal.test")
	c.Secrets["merchant"] = testMerchant
	if _, err := New(c, nil); err != nil {
		t.Errorf("in test mode: %v", err)
	}
	c.Settings["mode"] = "live"
	if _, err := New(c, nil); !fault.Is(err, fault.CodeSettingInvalid) || fault.From(err).Param != "merchant" {
		t.Errorf("in live mode: got %v, want setting_invalid of merchant", err)
	}
}

func TestStartCodes(t *testing.T) {
	t.Parallel()
	alarms := map[int]bool{105: false, 113: false, 114: false}
	for _, code := range []int{102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 140} {
		got := open(t, requestStep(result(code))...).Start(t.Context(), gatewaytest.Attempt())
		want, quiet := alarms[code]
		want = want || !quiet
		if got.Outcome != gateway.Refused || (got.Alarm != "") != want || results[code].words == "" {
			t.Errorf("code %d: got %+v, want refused, alarm %v", code, got, want)
		}
	}
}

// A trackId must not lose its last digit in a floating-point number.
func TestHugeTrackID(t *testing.T) {
	t.Parallel()
	for _, form := range []string{`9100000000000003`, `"9100000000000003"`} {
		g := open(t, requestStep(`{"result":100,"trackId":`+form+`}`)...)
		if got := g.Start(t.Context(), gatewaytest.Attempt()); got.Session != "9100000000000003" {
			t.Errorf("%s: got %+v", form, got)
		}
	}
}

func TestStatusTable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		status  int
		outcome gateway.Outcome
		alarm   bool
		reason  payment.Reason
	}{
		{-1, gateway.Pending, false, ""},
		{-2, gateway.Unknown, false, ""},
		{1, gateway.Captured, false, ""},
		{2, gateway.Authorized, false, ""},
		{3, gateway.Canceled, false, ""},
		{4, gateway.Declined, false, payment.WrongDetails},
		{5, gateway.Declined, false, payment.NoFunds},
		{6, gateway.Declined, false, payment.WrongDetails},
		{7, gateway.Declined, false, payment.OverLimit},
		{8, gateway.Declined, false, payment.OverLimit},
		{9, gateway.Declined, false, payment.OverLimit},
		{10, gateway.Declined, false, payment.Refused},
		{11, gateway.Unknown, false, ""},
		{12, gateway.Declined, false, payment.TryLater},
		{15, gateway.Undone, false, ""},
		{16, gateway.Unknown, false, ""},
		{18, gateway.Undone, false, ""},
		{21, gateway.Unknown, true, ""},
		{0, gateway.Unknown, false, ""},
		{77, gateway.Unknown, false, ""},
	}
	for _, test := range tests {
		look := open(t, inquiryStep(report(test.status))).Resolve(t.Context(), opened1(), gateway.Look)
		take := open(t, verifyStep(result(202)), inquiryStep(report(test.status))).
			Resolve(t.Context(), opened1(), gateway.Take)
		for question, got := range map[string]gateway.Report{"look": look, "take": take} {
			if got.Outcome != test.outcome || (got.Alarm != "") != test.alarm || got.Reason != test.reason {
				t.Errorf("%s %d: got %+v, want %+v", question, test.status, got, test)
			}
		}
		for _, foreign := range []string{
			strings.Replace(report(test.status), "250000", "25000", 1), strings.Replace(report(test.status), "77-1", "78-1", 1),
		} {
			got := open(t, inquiryStep(foreign)).Resolve(t.Context(), opened1(), gateway.Look)
			if got.Outcome != gateway.Unknown || got.Alarm == "" {
				t.Errorf("foreign %d: got %+v, want unknown with an alarm", test.status, got)
			}
		}
	}
	if len(statuses) != len(tests)-2 {
		t.Errorf("%d statuses are in the table and %d in the test", len(statuses), len(tests)-2)
	}
}

// What verify leaves out is asked of inquiry, and compared there.
func TestVerifyWithoutTheStory(t *testing.T) {
	t.Parallel()
	for _, member := range []string{`"orderId":"77-1",`, `"amount":250000,`, `"status":1,`} {
		got := open(t, verifyStep(without(report(1), member)), inquiryStep(report(1))).
			Resolve(t.Context(), opened1(), gateway.Take)
		if got.Outcome != gateway.Captured {
			t.Errorf("without %s: got %+v, want captured", member, got)
		}
	}
	// Paid but not taken, and nothing to compare: it must not be taken blindly.
	got := open(t, inquiryStep(without(report(2), `"amount":250000,`))).Resolve(t.Context(), opened1(), gateway.Look)
	if got.Outcome != gateway.Unknown || got.Alarm == "" {
		t.Errorf("got %+v, want unknown with an alarm", got)
	}
}

func TestOtherStatusOfHTTP(t *testing.T) {
	t.Parallel()
	step := verifyStep(report(1))
	step.Status = http.StatusCreated
	if got := open(t, step).Resolve(t.Context(), opened1(), gateway.Take); got.Outcome != gateway.Unknown || !got.Doubt {
		t.Errorf("got %+v, want unknown with doubt", got)
	}
}

func TestRefundTable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		answer string
		want   gateway.ReturnReport
	}{
		{`{"result":1,"data":{"reversed":true}}`, gateway.ReturnReport{Outcome: gateway.Done, Undone: true}},
		{`{"result":1,"data":{"reversed":false}}`, gateway.ReturnReport{Outcome: gateway.Underway}},
		{`{"result":1}`, gateway.ReturnReport{Outcome: gateway.Underway}},
		{`{"result":1,"data":{"split":[{"refundId":1},{"refundId":2}]}}`, gateway.ReturnReport{Outcome: gateway.Underway}},
		{
			`{"result":1,"data":{"split":[{"refundId":"88001"}]}}`,
			gateway.ReturnReport{Outcome: gateway.Underway, Receipt: "88001"},
		},
		{result(9), gateway.ReturnReport{Outcome: gateway.Denied, Word: "9: the minimum is 1,000 Rial"}},
		{result(3), gateway.ReturnReport{Outcome: gateway.Denied, Word: "3: key wrong", Alarm: "refund says 3: key wrong"}},
		{result(100), gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: "100: no"}},
		{result(777), gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: "777: no"}},
	}
	for _, test := range tests {
		if got := open(t, refundStep(test.answer)).Refund(t.Context(), back(250_000)); got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.answer, got, test.want)
		}
	}
	for code := range platformResults {
		if got := open(t, refundStep(result(code))).Refund(t.Context(), back(250_000)); got.Outcome != gateway.Denied {
			t.Errorf("code %d: got %+v, want denied", code, got)
		}
	}
}

func TestPartIsNotReversed(t *testing.T) {
	t.Parallel()
	g := open(t, gatewaytest.Step{
		Path: pathRefund, Answer: `{"result":1}`,
		Body: `{"trackId":` + track + `,"accountId":"acc-1","amount":100000,"tryReverse":false,"description":"refund rf-5"}`,
	})
	if got := g.Refund(t.Context(), back(100_000)); got.Outcome != gateway.Underway {
		t.Errorf("got %+v, want under way", got)
	}
}

func TestRefundState(t *testing.T) {
	t.Parallel()
	asked := func(answer string) gatewaytest.Step {
		return gatewaytest.Step{Path: pathRefundInquiry, Body: `{"refundId":88001}`, Answer: answer}
	}
	list := func(status int) string {
		return fmt.Sprintf(`{"result":1,"data":[{"refundId":7,"amount":250000,"status":18},`+
			`{"refundId":88001,"amount":250000,"status":%d}]}`, status)
	}
	done, underway, unsure := gateway.Done, gateway.Underway, gateway.ReturnUnsure
	otherOrder := strings.Replace(report(15), "77-1", "78-1", 1)
	tests := []struct {
		name    string
		amount  int64
		receipt string
		script  []gatewaytest.Step
		outcome gateway.ReturnOutcome
		undone  bool
		alarm   bool
	}{
		{"platform: refunded", 250_000, "88001", steps(asked(list(15))), done, false, false},
		{"platform: under way", 250_000, "88001", steps(asked(list(16))), underway, false, false},
		{"platform: reversed", 250_000, "88001", steps(asked(list(18))), done, true, false},
		{"platform: other", 250_000, "88001", steps(asked(list(1)), inquiryStep(report(1))), unsure, false, false},
		{"platform: other amount", 1_000, "88001", steps(asked(list(15)), inquiryStep(report(1))), unsure, false, false},
		{"platform refuses", 250_000, "88001", steps(asked(result(6)), inquiryStep(report(15))), done, false, false},
		{"refunded", 250_000, "", steps(inquiryStep(report(15))), done, false, false},
		{"under way", 250_000, "", steps(inquiryStep(report(16))), underway, false, false},
		{"reversed", 250_000, "", steps(inquiryStep(report(18))), done, true, false},
		{"paid", 250_000, "", steps(inquiryStep(report(1))), gateway.ReturnUnsure, false, false},
		{"part, refunded", 1_000, "", steps(inquiryStep(report(15))), gateway.ReturnUnsure, false, false},
		{"part, reversed", 1_000, "", steps(inquiryStep(report(18))), done, true, true},
		{"other order", 250_000, "", steps(inquiryStep(otherOrder)), unsure, false, true},
		{"no trackId", 250_000, "", steps(inquiryStep(result(203))), gateway.ReturnUnsure, false, false},
	}
	for _, test := range tests {
		got := open(t, test.script...).RefundState(t.Context(), back(test.amount), test.receipt)
		if got.Outcome != test.outcome || got.Undone != test.undone || (got.Alarm != "") != test.alarm {
			t.Errorf("%s: got %+v, want %s, undone %v, alarm %v", test.name, got, test.outcome, test.undone, test.alarm)
		}
	}
}

func TestReturnWords(t *testing.T) {
	t.Parallel()
	for success, good := range map[string]bool{"1": true, "2": true, "true": true, "0": false, "false": false, "": false} {
		n, ok := Returner{}.ReadReturn(map[string][]string{"trackId": {track}, "success": {success}})
		if !ok || n.Good != good {
			t.Errorf("%q: got %+v %v, want good = %v", success, n, ok, good)
		}
	}
}
