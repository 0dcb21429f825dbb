package stripe

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/money"
)

const (
	secretKey = "sk_test_canary"
	hook      = "whsec_canary"
	sessionID = "cs_test_a1"
	intentID  = "pi_1"
	pagePath  = "/v1/checkout/sessions"

	sessionData = `{"id":"cs_test_a1","object":"checkout.session","amount_total":250000,"client_reference_id":"77-1",` +
		`"currency":"eur","livemode":false,"payment_intent":%s,"payment_status":%q,"status":%q,` +
		`"url":"BASE/c/pay/cs_test_a1"}`
	intentData = `{"id":"pi_1","object":"payment_intent","amount":250000,"amount_capturable":0,"amount_received":%d,` +
		`"currency":"eur","last_payment_error":null,"latest_charge":{"id":"ch_1","object":"charge",` +
		`"payment_method_details":{"card":{"last4":"4242"}}},"livemode":false,"metadata":{"payment":"77-1"},"status":%q}`
	refundData = `{"id":"re_1","object":"refund","amount":250000,"currency":"eur","metadata":{"refund":"rf-5"},` +
		`"payment_intent":"pi_1","status":%q}`
)

func config(base string) gateway.Config {
	return gateway.Config{
		Settings: map[string]string{"mode": "test", "base_url": base, "currency": "EUR"},
		Secrets: map[string]gateway.Secret{
			"secret_key": secretKey, "webhook_secret": hook, "webhook_secret_old": "whsec_older_canary",
		},
		Now: gatewaytest.Now,
	}
}

func startStep(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{{Path: pagePath, Form: true, Answer: answer, Body: startBody}}
}

// startBody is the kit's attempt as the provider's library writes it, with its brackets as they are.
const startBody = `cancel_url=https%3A%2F%2Fpay.test%2Freturn%3Ft%3Dk9%26x%3D1%26checkout%3Dcanceled%26attempt%3D` +
	`p77000000000001&client_reference_id=77-1&customer_email=a%40example.test&expires_at=1777717920&` +
	`line_items[0][price_data][currency]=eur&line_items[0][price_data][product_data][name]=order+77&` +
	`line_items[0][price_data][unit_amount]=250000&line_items[0][quantity]=1&metadata[payment]=77-1&` +
	`metadata[short]=p77000000000001&mode=payment&payment_intent_data[metadata][payment]=77-1&` +
	`payment_intent_data[metadata][short]=p77000000000001&payment_method_types[0]=card&` +
	`success_url=https%3A%2F%2Fpay.test%2Freturn%3Ft%3Dk9%26x%3D1%26checkout%3Dpaid%26` +
	`session_id%3D%7BCHECKOUT_SESSION_ID%7D`

func session(intent, paid, status string) string {
	return fmt.Sprintf(sessionData, intent, paid, status)
}

func intent(received int, status string) string { return fmt.Sprintf(intentData, received, status) }

func sessionStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{Method: http.MethodGet, Path: pagePath + "/" + sessionID, Answer: answer}
}

func intentStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{
		Method: http.MethodGet, Path: "/v1/payment_intents/" + intentID, Query: "expand[0]=latest_charge", Answer: answer,
	}
}

func paidSteps(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{sessionStep(session(`"pi_1"`, "paid", "complete")), intentStep(answer)}
}

func with(answer, old, new string) string {
	if !strings.Contains(answer, old) {
		panic("no " + old)
	}
	return strings.Replace(answer, old, new, 1)
}

func refusalStep(words string) []gatewaytest.Step {
	steps := startStep(`{"error":{"type":"invalid_request_error","code":"parameter_unknown","message":` + words + `}}`)
	steps[0].Status = http.StatusBadRequest
	return steps
}

func kit() gatewaytest.Kit {
	page := session("null", "unpaid", "open")
	open := []gatewaytest.Step{sessionStep(page)}
	succeeded := intent(250000, "succeeded")
	return gatewaytest.Kit{
		New: New, Config: config, Needed: []string{"secret_key"}, Addresses: []string{"base_url"},
		Abilities: []string{
			gatewaytest.Adjust, gatewaytest.Capture, gatewaytest.Charge, gatewaytest.Health, gatewaytest.Notify,
			gatewaytest.Refund, gatewaytest.Returns,
		},
		Session: sessionID, Link: "BASE/c/pay/cs_test_a1", Receipt: intentID,
		Unit: money.EUR, Adapt: func(a *gateway.Attempt) { a.Short = "p77000000000001" },
		Wire: func(a money.Amount) string { return fmt.Sprint(a.Steps()) },
		Sent: func(c gatewaytest.Call) string {
			form, _ := url.ParseQuery(c.Body)
			return form.Get("line_items[0][price_data][unit_amount]")
		},
		Start:   startStep(session("null", "unpaid", "open")),
		Refusal: refusalStep,
		NotBegun: []gatewaytest.Answers{
			{Name: "no id", Steps: startStep(with(page, `"cs_test_a1"`, `""`))},
			{Name: "no link", Steps: startStep(with(page, `"BASE/c/pay/cs_test_a1"`, `null`))},
			{Name: "real money", Steps: startStep(with(page, `"livemode":false`, `"livemode":true`))},
			{Name: "amount", Steps: startStep(with(page, `250000`, `25000`))},
			{Name: "another object", Steps: startStep(with(page, `checkout.session`, `refund`))},
		},
		Take: paidSteps(succeeded), Open: open, Unpaid: open,
		Wrong: []gatewaytest.Answers{
			{Name: "received", Steps: paidSteps(intent(25000, "succeeded"))},
			{Name: "currency", Steps: paidSteps(with(succeeded, `"eur"`, `"usd"`))},
			{Name: "order", Steps: paidSteps(with(succeeded, `77-1`, `78-1`))},
			{Name: "mode", Steps: paidSteps(with(succeeded, `"livemode":false`, `"livemode":true`))},
			{Name: "intent", Steps: paidSteps(with(succeeded, `pi_1`, `pi_2`))},
			{Name: "session's order", Steps: []gatewaytest.Step{
				sessionStep(with(session(`"pi_1"`, "paid", "complete"), `77-1`, `78-1`)),
			}},
			{Name: "session's amount", Steps: []gatewaytest.Step{
				sessionStep(with(session(`"pi_1"`, "paid", "complete"), `250000`, `2500`)),
			}},
			{Name: "session's mode", Steps: []gatewaytest.Step{
				sessionStep(with(session(`"pi_1"`, "paid", "complete"), `"livemode":false`, `"livemode":true`)),
			}},
			{Name: "nothing asked", Steps: []gatewaytest.Step{
				sessionStep(session("null", "no_payment_required", "complete")),
			}},
			{Name: "no intent", Steps: []gatewaytest.Step{sessionStep(session("null", "paid", "complete"))}},
		},
		Strange: []gatewaytest.Answers{
			{Name: "status", Steps: paidSteps(intent(250000, "new_status"))},
			{Name: "no status", Steps: paidSteps(with(succeeded, `"status"`, `"state"`))},
			{Name: "object", Steps: paidSteps(with(succeeded, `payment_intent`, `setup_intent`))},
			{Name: "session's status", Steps: []gatewaytest.Step{sessionStep(session("null", "paid", "new"))}},
		},
		Refund: []gatewaytest.Step{{
			Path: "/v1/refunds", Form: true, Answer: fmt.Sprintf(refundData, "succeeded"),
			Body: "amount=250000&metadata[payment]=77-1&metadata[refund]=rf-5&metadata[short]=p77000000000001&" +
				"payment_intent=pi_1&reason=requested_by_customer",
		}},
		GoodReturn: map[string][]string{"checkout": {"paid"}, "session_id": {sessionID}},
		BadReturn:  map[string][]string{"checkout": {"canceled"}, "session_id": {sessionID}},
		Notices:    notices(),
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

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*gateway.Config){
		"secret_key":   func(c *gateway.Config) { c.Secrets["secret_key"] = "sk_live_x" },
		"currency":     func(c *gateway.Config) { c.Settings["currency"] = "USDT" },
		"methods":      func(c *gateway.Config) { c.Settings["methods"] = "card,cash" },
		"page_minutes": func(c *gateway.Config) { c.Settings["page_minutes"] = "30" },
	} {
		c := config("http://127.0.0.1:1")
		change(&c)
		if _, err := New(c, nil); !fault.Is(err, fault.CodeSettingInvalid) || fault.From(err).Param != name {
			t.Errorf("got %v, want setting_invalid of %s", err, name)
		}
	}
	c := config("https://127.0.0.1:1")
	c.Settings["mode"] = "live"
	if _, err := New(c, nil); fault.From(err).Param != "secret_key" {
		t.Errorf("a test key for real money: got %v", err)
	}
}

func TestCoins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, unit string
		wire       int64
		ok         bool
	}{
		{"19.99", "EUR", 1999, true},
		{"19.99", "USD", 1999, true},
		{"19.999", "USD", 1999, false},
		{"500", "JPY", 500, true},
		{"500", "KRW", 500, true},
		{"5.120", "KWD", 5120, true},
		{"5.123", "KWD", 5123, false},
	} {
		coin, known := coinOf(money.Unit(c.unit))
		a, err := money.Parse(c.text, money.Unit(c.unit))
		if err != nil || !known {
			t.Fatalf("%s %s: %v", c.text, c.unit, err)
		}
		wire, ok := coin.wire(a)
		if wire != c.wire || ok != c.ok {
			t.Errorf("%s %s: got %d %v, want %d %v", c.text, c.unit, wire, ok, c.wire, c.ok)
		}
		if ok && coin.amount(wire) != a {
			t.Errorf("%s %s: back it is %v", c.text, c.unit, coin.amount(wire))
		}
	}
	for _, unit := range []money.Unit{"IRR", "IRT", "IQD", "BTC", "USDT", "XXX", ""} {
		if _, known := coinOf(unit); known {
			t.Errorf("%s is taken", unit)
		}
	}
}

func opened() gateway.Attempt {
	a := kit().Attempt()
	a.Session = sessionID
	return a
}

func TestIntentsOfEveryStatus(t *testing.T) {
	t.Parallel()
	failed := with(intent(0, "requires_payment_method"), `"last_payment_error":null`,
		`"last_payment_error":{"code":"card_declined","decline_code":"lost_card"}`)
	held := func(amount int) string {
		return with(intent(0, "requires_capture"), `"amount_capturable":0`, fmt.Sprintf(`"amount_capturable":%d`, amount))
	}
	for _, test := range []struct {
		name, answer string
		page, direct gateway.Outcome
	}{
		{"processing", intent(0, "processing"), gateway.Pending, gateway.Pending},
		{"action", intent(0, "requires_action"), gateway.Pending, gateway.Pending},
		{"confirmation", intent(0, "requires_confirmation"), gateway.Pending, gateway.Pending},
		{"untried", intent(0, "requires_payment_method"), gateway.Pending, gateway.Pending},
		{"declined", failed, gateway.Pending, gateway.Declined},
		{"canceled", intent(0, "canceled"), gateway.Canceled, gateway.Canceled},
		{"held", held(250000), gateway.Authorized, gateway.Authorized},
		{"held less", held(2500), gateway.Unknown, gateway.Unknown},
	} {
		a := opened()
		for _, q := range []gateway.Question{gateway.Look, gateway.Take} {
			script := []gatewaytest.Step{sessionStep(session(`"pi_1"`, "unpaid", "complete")), intentStep(test.answer)}
			if got := open(t, script...).Resolve(t.Context(), a, q); got.Outcome != test.page {
				t.Errorf("%s on a page: got %+v, want %s", test.name, got, test.page)
			}
		}
		a.Session = intentID
		if got := open(t, intentStep(test.answer)).Resolve(t.Context(), a, gateway.Take); got.Outcome != test.direct {
			t.Errorf("%s of a card: got %+v, want %s", test.name, got, test.direct)
		}
	}
	got := open(t, sessionStep(session("null", "unpaid", "expired"))).Resolve(t.Context(), opened(), gateway.Take)
	if got.Outcome != gateway.Expired {
		t.Errorf("got %+v, want expired", got)
	}
}

func TestRefusedQuestionsAreAlarms(t *testing.T) {
	t.Parallel()
	for status, alarm := range map[int]bool{401: true, 403: true, 404: true, 400: true, 409: false, 429: false} {
		step := sessionStep(`{"error":{"type":"invalid_request_error","message":"no"}}`)
		step.Status = status
		got := open(t, step).Resolve(t.Context(), opened(), gateway.Take)
		if got.Outcome != gateway.Unknown || (got.Alarm != "") != alarm || got.Doubt {
			t.Errorf("%d: got %+v, want unknown, alarm %v", status, got, alarm)
		}
	}
}

func TestReturnReads(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]gateway.Notice{
		"checkout=canceled&attempt=p77000000000001":     {Short: "p77000000000001"},
		"payment_intent=pi_1&redirect_status=failed":    {Session: "pi_1"},
		"payment_intent=pi_1&redirect_status=succeeded": {Session: "pi_1", Good: true},
	} {
		query, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := Returner{}.ReadReturn(query)
		if got.Word = ""; !ok || got != want {
			t.Errorf("%s: got %+v %v, want %+v", text, got, ok, want)
		}
	}
}
