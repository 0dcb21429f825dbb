package ifthenpay

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

const (
	keyID     = "MBW-908172"
	officeKey = "1928-3746-5564-7382"
	antiKey   = "anti-phishing-canary"
	request   = "Aa0Bb1Cc2Dd3Ee4Ff5Gg"
	short     = "7Kq2mZ0pXc4vB91"
	pushBody  = `{"mbWayKey":"` + keyID + `","orderId":"` + short + `","amount":"1050.00",` +
		`"mobileNumber":"351#912345678","email":"a@example.test","description":"order 77"}`
)

func config(base string) gateway.Config {
	return gateway.Config{
		Settings: map[string]string{"mode": "test", "base_url": base, "refund_url": base + "/api"},
		Secrets: map[string]gateway.Secret{
			"mbway_key": keyID, "backoffice_key": officeKey, "anti_phishing_key": antiKey,
		},
		Now: gatewaytest.Now,
	}
}

func pushStep(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{{Path: pathPush, Body: pushBody, Answer: answer, Once: true}}
}

func statusStep(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{{
		Method: http.MethodGet, Path: pathStatus, Query: "mbWayKey=" + keyID + "&requestId=" + request, Answer: answer,
	}}
}

func refundStep(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{{
		Path: "/api" + pathRefund, Answer: answer, Once: true,
		Body: `{"backofficekey":"` + officeKey + `","requestId":"` + request + `","amount":"1050.00"}`,
	}}
}

// pushedWith is the answer of a start under a code.
func pushedWith(code string) string {
	return `{"Amount":"1050.00","Message":"Pending","OrderId":"` + short + `","RequestId":"` + request +
		`","Status":"` + code + `"}`
}

// statusWith is the answer of a status under a code.
func statusWith(code string) string {
	return `{"CreatedAt":"02-05-2026 11:00:00","Message":"Words","RequestId":"` + request + `","Status":"` + code +
		`","UpdateAt":"02-05-2026 11:01:00"}`
}

// other is a text with one part changed.
func other(answer, part, instead string) string {
	if !strings.Contains(answer, part) {
		panic("no " + part)
	}
	return strings.Replace(answer, part, instead, 1)
}

// callback is a message of the provider with some parameters changed; an empty one is left out.
func callback(changes map[string]string) gateway.Message {
	query := map[string][]string{}
	for name, value := range map[string]string{
		"key": antiKey, "orderId": short, "amount": "1050.00", "requestId": request,
		"payment_datetime": "02-05-2026 11:01:00", "state": statePaid,
	} {
		query[name] = []string{value}
	}
	for name, value := range changes {
		query[name] = []string{value}
		if value == "" {
			delete(query, name)
		}
	}
	return gateway.Message{Method: http.MethodGet, Query: query}
}

func kit() gatewaytest.Kit {
	twice := callback(nil)
	twice.Query["key"] = []string{antiKey, antiKey}
	posted := callback(nil)
	posted.Method = http.MethodPost
	return gatewaytest.Kit{
		New: New, Config: config, Needed: []string{"mbway_key"}, ForRefunds: []string{"backoffice_key"},
		Addresses: []string{"base_url", "refund_url"},
		Abilities: []string{gatewaytest.Health, gatewaytest.Notify, gatewaytest.Refund},
		Session:   request, Receipt: request,
		Unit: money.EUR, Amount: 105_000, Wire: money.Amount.Fixed, Texts: true,
		Adapt: func(a *gateway.Attempt) {
			a.Short, a.Method, a.Payer.Mobile = short, payment.MBWay, "+351912345678"
			a.Deadline = a.StartedAt.Add(4 * time.Minute)
		},
		Sent: func(c gatewaytest.Call) string {
			var sent struct {
				Amount string `json:"amount"`
			}
			if json.Unmarshal([]byte(c.Body), &sent) != nil {
				return "no text"
			}
			return sent.Amount
		},
		Start:   pushStep(pushedWith("000")),
		Refusal: func(words string) []gatewaytest.Step { return pushStep(`{"Message":` + words + `,"Status":"122"}`) },
		NotBegun: []gatewaytest.Answers{
			{Name: "code", Steps: pushStep(pushedWith("777"))},
			{Name: "a code of status", Steps: pushStep(pushedWith("123"))},
			{Name: "no RequestId", Steps: pushStep(other(pushedWith("000"), request, ""))},
			{Name: "RequestId", Steps: pushStep(other(pushedWith("000"), request, "../1"))},
			{Name: "another order", Steps: pushStep(other(pushedWith("000"), short, "7Kq2mZ0pXc4vB92"))},
			{Name: "another amount", Steps: pushStep(other(pushedWith("000"), "1050.00", "105.00"))},
			{Name: "no amount", Steps: pushStep(other(pushedWith("000"), "1050.00", "x"))},
		},
		Take: statusStep(statusWith("000")), Again: statusStep(statusWith("000")),
		Open: statusStep(statusWith("123")), Unpaid: statusStep(statusWith("123")),
		Wrong: []gatewaytest.Answers{
			{Name: "RequestId", Steps: statusStep(other(statusWith("000"), request, "Zz0Bb1Cc2Dd3Ee4Ff5Gg"))},
			{Name: "no RequestId", Steps: statusStep(`{"Message":"Success","Status":"000"}`)},
			{Name: "RequestId of a refusal", Steps: statusStep(other(statusWith("020"), request, "Zz0Bb1Cc2Dd3Ee4Ff5Gg"))},
		},
		Strange: []gatewaytest.Answers{
			{Name: "code", Steps: statusStep(statusWith("777"))},
			{Name: "a code of start", Steps: statusStep(statusWith("999"))},
			{Name: "short code", Steps: statusStep(statusWith("0"))},
			{Name: "no code", Steps: statusStep(`{"Message":"Success","RequestId":"` + request + `"}`)},
			{Name: "fraction", Steps: statusStep(`{"RequestId":"` + request + `","Status":0.0}`)},
		},
		Refund: refundStep(`{"Code":1,"Message":"ok"}`),
		Notices: &gatewaytest.Notices{
			Good:    callback(nil),
			Says:    gateway.Notice{Session: request, Short: short, Good: true},
			Foreign: []gateway.Message{callback(map[string]string{"orderId": "another", "requestId": "Zz0Bb1"})},
			Forged: []gateway.Message{
				twice, posted, callback(map[string]string{"key": ""}), callback(map[string]string{"key": "guess"}),
				callback(map[string]string{"key": antiKey + " "}), callback(map[string]string{"key": antiKey[:5]}),
			},
			Secrets: []string{"anti_phishing_key"},
		},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	gatewaytest.Run(t, kit())
}

// open makes the connector against a script.
func open(t *testing.T, script []gatewaytest.Step) (*Gateway, *gatewaytest.Provider) {
	t.Helper()
	p := gatewaytest.NewProvider(t, script)
	made, err := New(config(p.URL), &http.Transport{DisableKeepAlives: true})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := made.(*Gateway)
	return g, p
}

func opened() gateway.Attempt {
	a := kit().Attempt()
	a.Session = request
	return a
}

func TestInfo(t *testing.T) {
	t.Parallel()
	g, _ := open(t, nil)
	i := g.Info()
	if i.Poll != 7*time.Second || i.Lifetime != 4*time.Minute || i.LostStartIsHarmless || i.VerifyCaptures || !i.CanLook {
		t.Errorf("got %+v", i)
	}
}

func TestPhoneNumbers(t *testing.T) {
	t.Parallel()
	for _, mobile := range []string{"+351912345678", "00351912345678", "912345678", "351#912345678"} {
		g, p := open(t, kit().Start)
		a := kit().Attempt()
		a.Payer.Mobile = mobile
		if got := g.Start(t.Context(), a); got.Outcome != gateway.Opened || p.Total() != 1 {
			t.Errorf("%s: got %+v after %d calls, want opened", mobile, got, p.Total())
		}
	}
	g, p := open(t, nil)
	for _, mobile := range []string{
		"", "351912345678", "+34912345678", "212345678", "91234567", "9123456789", "+351 912345678", "912345678 ",
		"912345678\n", "351#12345678", "351#212345678", "+351#912345678", "0351912345678", "٩12345678", "9a2345678",
	} {
		a := kit().Attempt()
		a.Payer.Mobile = mobile
		got := g.Start(t.Context(), a)
		if got.Outcome != gateway.Refused || got.Alarm != "" || len(mobile) > 4 && strings.Contains(got.Word, mobile) {
			t.Errorf("%q: got %+v, want refused without the number", mobile, got)
		}
	}
	if p.Total() != 0 {
		t.Errorf("the provider was called %d times for numbers that are none", p.Total())
	}
}

func TestStartIsNotSent(t *testing.T) {
	t.Parallel()
	g, p := open(t, nil)
	for _, order := range []string{"", "1234567890123456", "a+b", "a b", "a/b"} {
		a := kit().Attempt()
		a.Short = order
		if got := g.Start(t.Context(), a); got.Outcome != gateway.Refused || got.Alarm == "" {
			t.Errorf("order %q: got %+v, want refused with an alarm", order, got)
		}
	}
	a := kit().Attempt()
	a.Amount = money.New(mostAmount+1, money.EUR)
	if got := g.Start(t.Context(), a); got.Outcome != gateway.Refused || got.Alarm == "" {
		t.Errorf("too much: got %+v, want refused with an alarm", got)
	}
	if p.Total() != 0 {
		t.Errorf("the provider was called %d times", p.Total())
	}
}

func TestLongTexts(t *testing.T) {
	t.Parallel()
	a := kit().Attempt()
	a.Description, a.Payer.Email = strings.Repeat("ç", 71), strings.Repeat("a", 89)+"@example.test"
	got := pushOf("k", a, "351#912345678")
	if got.Description != strings.Repeat("ç", 70) || got.Email != "" {
		t.Errorf("got description of %d bytes and email %q", len(got.Description), got.Email)
	}
}

func TestStartCodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		answer  string
		outcome gateway.StartOutcome
		alarm   bool
	}{
		{pushedWith("000"), gateway.Opened, false},
		{pushedWith("100"), gateway.Refused, false},
		{pushedWith("122"), gateway.Refused, false},
		{pushedWith("999"), gateway.Refused, false},
		{pushedWith("101"), gateway.NoAnswer, false},
		{pushedWith("00"), gateway.NoAnswer, false},
		{other(pushedWith("000"), `"1050.00"`, `1050.0`), gateway.Opened, false},
		{other(pushedWith("000"), `"1050.00"`, `1050`), gateway.Opened, false},
		{other(pushedWith("000"), `"1050.00"`, `null`), gateway.Opened, false},
		{other(pushedWith("000"), `"1050.00"`, `1050.001`), gateway.NoAnswer, true},
		{other(pushedWith("000"), `"1050.00"`, `1.05e3`), gateway.NoAnswer, true},
		{other(pushedWith("000"), `"1050.00"`, `"1050,00"`), gateway.NoAnswer, true},
		{other(pushedWith("000"), `"1050.00"`, `{}`), gateway.NoAnswer, false},
		{other(pushedWith("000"), short, "another"), gateway.NoAnswer, true},
	}
	for _, test := range tests {
		g, _ := open(t, pushStep(test.answer))
		got := g.Start(t.Context(), kit().Attempt())
		if got.Outcome != test.outcome || (got.Alarm != "") != test.alarm {
			t.Errorf("%s: got %+v, want %s, alarm %v", test.answer, got, test.outcome, test.alarm)
		}
		if (got.Session != "") != (test.outcome == gateway.Opened) {
			t.Errorf("%s: got session %q", test.answer, got.Session)
		}
	}
}

// What the provider says may name the payer's telephone; what we keep may not.
func TestWordsHideThePhone(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"351#912345678", "912345678", "+351 912 345 678"} {
		g, _ := open(t, pushStep(other(pushedWith("999"), "Pending", "no subscriber: "+number)))
		got := g.Start(t.Context(), kit().Attempt())
		if got.Outcome != gateway.Refused || strings.Contains(got.Word, "345") || !strings.Contains(got.Word, "no subscr") {
			t.Errorf("got %+v, want refused with words without the number", got)
		}
	}
}

func TestStatusCodes(t *testing.T) {
	t.Parallel()
	tests := map[string]gateway.Outcome{
		"000": gateway.Captured, "020": gateway.Canceled, "101": gateway.Expired, "122": gateway.Declined,
		"123": gateway.Pending, "100": gateway.Unknown, "999": gateway.Unknown, "20": gateway.Unknown, "": gateway.Unknown,
	}
	for code, want := range tests {
		g, _ := open(t, statusStep(statusWith(code)))
		for _, question := range []gateway.Question{gateway.Look, gateway.Take} {
			got := g.Resolve(t.Context(), opened(), question)
			if got.Outcome != want || got.Alarm != "" || got.Doubt || (got.Receipt != "") != (want == gateway.Captured) {
				t.Errorf("%s of code %q: got %+v, want %s", question, code, got, want)
			}
		}
	}
	if len(statuses) != 5 {
		t.Errorf("%d codes are in the table and 5 in the test", len(statuses))
	}
}

// A push that is still open after its time is not a closed one.
func TestOpenAfterItsTime(t *testing.T) {
	t.Parallel()
	g, _ := open(t, statusStep(statusWith("123")))
	a := opened()
	a.Deadline = gatewaytest.Now().Add(-time.Second)
	if got := g.Resolve(t.Context(), a, gateway.Take); got.Outcome != gateway.Unknown || got.Word == "" {
		t.Errorf("got %+v, want unknown", got)
	}
}

func TestOtherStatusOfHTTP(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusCreated, http.StatusBadRequest, http.StatusNotFound} {
		script := statusStep(statusWith("000"))
		script[0].Status = code
		g, _ := open(t, script)
		if got := g.Resolve(t.Context(), opened(), gateway.Take); got.Outcome != gateway.Unknown {
			t.Errorf("%d: got %+v, want unknown", code, got)
		}
		script = pushStep(pushedWith("999"))
		script[0].Status = code
		g, _ = open(t, script)
		if got := g.Start(t.Context(), kit().Attempt()); got.Outcome != gateway.NoAnswer {
			t.Errorf("%d: got %+v, want no answer", code, got)
		}
	}
}

func TestRefundCodes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		answer string
		want   gateway.ReturnReport
	}{
		{`{"Code":1,"Message":"ok"}`, gateway.ReturnReport{Outcome: gateway.Done}},
		{`{"Code":"1"}`, gateway.ReturnReport{Outcome: gateway.Done}},
		{`{"Code":-1,"Message":"no"}`, gateway.ReturnReport{
			Outcome: gateway.Denied, Word: "-1: not enough available money: no",
		}},
		{`{"Code":0,"Message":"bad"}`, gateway.ReturnReport{Outcome: gateway.Denied, Word: "0: refused: bad"}},
		{`{"Code":2}`, gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: "code 2"}},
		{`{"Code":1.0}`, gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: "code 1.0"}},
		{`{"code":true}`, gateway.ReturnReport{
			Outcome: gateway.ReturnUnsure, Word: "an answer of an unknown shape under status 200",
		}},
	}
	for _, test := range tests {
		g, _ := open(t, refundStep(test.answer))
		got := g.Refund(t.Context(), gatewaytest.Back(opened(), gateway.Report{}, "rf-5", 105_000))
		if got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.answer, got, test.want)
		}
	}
}

func TestRefundIsNotSent(t *testing.T) {
	t.Parallel()
	g, p := open(t, nil)
	for name, change := range map[string]func(*gateway.Return){
		"nothing":      func(r *gateway.Return) { r.Amount = money.Zero(money.EUR) },
		"another unit": func(r *gateway.Return) { r.Amount = money.New(1, money.IRR) },
		"no request":   func(r *gateway.Return) { r.Attempt.Session = "" },
	} {
		r := gatewaytest.Back(opened(), gateway.Report{}, "rf-5", 105_000)
		change(&r)
		if got := g.Refund(t.Context(), r); got.Outcome != gateway.Denied {
			t.Errorf("%s: got %+v, want denied", name, got)
		}
	}
	got := g.RefundState(t.Context(), gatewaytest.Back(opened(), gateway.Report{}, "rf-5", 105_000), "")
	if got.Outcome != gateway.ReturnUnsure || got.Word == "" || p.Total() != 0 {
		t.Errorf("got %+v after %d calls, want unknown after none", got, p.Total())
	}
}

// read checks a callback and reads it.
func read1(t *testing.T, g *Gateway, m gateway.Message) (gateway.Notice, bool) {
	t.Helper()
	checked, err := gateway.Checked(g, m)
	if err != nil {
		t.Fatal(err)
	}
	return g.ReadNotification(checked)
}

func TestCallbacks(t *testing.T) {
	t.Parallel()
	g, _ := open(t, nil)
	paid := gateway.Notice{Session: request, Short: short, Word: "callback: paid 1050.00", Good: true}
	back := gateway.Notice{Session: request, Short: short, Word: "callback: refunded 2.00"}
	strange := gateway.Notice{Session: request, Short: short, Word: "callback: a state that is not known"}
	tests := []struct {
		changes map[string]string
		want    gateway.Notice
		ok      bool
	}{
		{nil, paid, true},
		{map[string]string{"state": ""}, paid, true},
		{map[string]string{"payment_datetime": "", "amount": "1050"}, paid, true},
		{map[string]string{"state": "DEVOLVIDO", "amount": "2.00"}, back, true},
		{map[string]string{"state": "NOVO"}, strange, true},
		{map[string]string{"amount": ""}, gateway.Notice{}, false},
		{map[string]string{"amount": "1050,00"}, gateway.Notice{}, false},
		{map[string]string{"amount": "-1.00"}, gateway.Notice{}, false},
		{map[string]string{"orderId": ""}, gateway.Notice{}, false},
		{map[string]string{"orderId": "a b"}, gateway.Notice{}, false},
		{map[string]string{"requestId": ""}, gateway.Notice{}, false},
		{map[string]string{"requestId": "a b"}, gateway.Notice{}, false},
	}
	for _, test := range tests {
		if got, ok := read1(t, g, callback(test.changes)); got != test.want || ok != test.ok {
			t.Errorf("%v: got %+v %v, want %+v %v", test.changes, got, ok, test.want, test.ok)
		}
	}
	if err := g.CheckMessage(callback(map[string]string{"key": "x"})); !fault.Is(err, fault.CodeSignatureInvalid) {
		t.Errorf("got %v, want signature_invalid", err)
	}
	mute := &Gateway{} // no key is set: an empty one proves nothing
	blank := callback(nil)
	blank.Query["key"] = []string{""}
	if err := mute.CheckMessage(blank); !fault.Is(err, fault.CodeSignatureInvalid) {
		t.Errorf("without a key: got %v, want signature_invalid", err)
	}
}

// What a callback said of the amount is compared when the status says paid.
func TestCallbackOfAnotherAmount(t *testing.T) {
	t.Parallel()
	for amount, want := range map[string]gateway.Outcome{
		"1050.00": gateway.Captured, "105.00": gateway.Unknown, "1050.01": gateway.Unknown,
	} {
		g, _ := open(t, statusStep(statusWith("000")))
		notice, ok := read1(t, g, callback(map[string]string{"amount": amount}))
		a := opened()
		a.Word = notice.Word
		got := g.Resolve(t.Context(), a, gateway.Take)
		if !ok || got.Outcome != want || (got.Alarm != "") != (want == gateway.Unknown) {
			t.Errorf("%s: got %+v, want %s", amount, got, want)
		}
	}
	g, _ := open(t, statusStep(statusWith("000")))
	notice, _ := read1(t, g, callback(map[string]string{"amount": "2.00", "state": stateRefunded}))
	a := opened()
	a.Word = notice.Word
	if got := g.Resolve(t.Context(), a, gateway.Take); got.Outcome != gateway.Captured {
		t.Errorf("after a refund of a part: got %+v, want captured", got)
	}
}
