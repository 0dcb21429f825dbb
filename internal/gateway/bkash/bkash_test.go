package bkash

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

const (
	userCanary, passCanary = "bkash-user-canary", "bkash-pass-canary"
	keyCanary, keySecret   = "bkash-app-key-canary", "bkash-app-secret-canary"

	session = "TR0011AbC1700000000123"
	trx     = "AB12CD34EF"
	refund  = "RF98GH76JK"

	idBody     = `{"paymentID":"` + session + `"}`
	paidAnswer = `{"statusCode":"0000","statusMessage":"Successful","paymentID":"` + session + `","trxID":"` + trx + `",` +
		`"transactionStatus":"Completed","amount":"2500.00","currency":"BDT","intent":"sale",` +
		`"paymentExecuteTime":"2026-05-02T16:01:05:678 GMT+0600","merchantInvoiceNumber":"77-1",` +
		`"payerReference":"01700000000","customerMsisdn":"01700000000"}`
	openAnswer = `{"statusCode":"0000","statusMessage":"Successful","paymentID":"` + session + `","mode":"0011",` +
		`"paymentCreateTime":"2026-05-02T16:00:05:678 GMT+0600","userVerificationStatus":"Incomplete",` +
		`"transactionStatus":"Initiated","amount":"2500.00","currency":"BDT","intent":"sale",` +
		`"merchantInvoiceNumber":"77-1","payerReference":"01700000000"}`
	createdAnswer = `{"statusCode":"0000","statusMessage":"Successful","paymentID":"` + session + `",` +
		`"bkashURL":"BASE/?paymentId=` + session + `&hash=h1","callbackURL":"x","amount":"2500.00","intent":"sale",` +
		`"currency":"BDT","transactionStatus":"Initiated","merchantInvoiceNumber":"77-1"}`
	noRefunds = `{"originalTrxId":"` + trx + `","originalTrxAmount":"2500.00","refundTransactions":[]}`
	refunded  = `{"originalTrxId":"` + trx + `","refundTrxId":"` + refund + `","refundTransactionStatus":"Completed",` +
		`"originalTrxAmount":"2500.00","refundAmount":"2500.00","currency":"BDT"}`
)

func config(base string) gateway.Config {
	return gateway.Config{
		Settings: map[string]string{"mode": "test", "base_url": base, "execute_wait_seconds": "0"},
		Secrets: map[string]gateway.Secret{
			"username": userCanary, "password": passCanary, "app_key": keyCanary, "app_secret": keySecret,
		},
		Now: gatewaytest.Now,
	}
}

func grantStep() gatewaytest.Step {
	return gatewaytest.Step{
		Path: pathGrant, Body: `{"app_key":"` + keyCanary + `","app_secret":"` + keySecret + `"}`, Once: true, Early: true,
		Answer: `{"statusCode":"0000","statusMessage":"Successful","id_token":"token-1","token_type":"Bearer",` +
			`"expires_in":3600,"refresh_token":"refresh-1"}`,
	}
}

func createStep(answer string) []gatewaytest.Step {
	return steps(gatewaytest.Step{
		Path: pathCreate, Answer: answer, Once: true,
		Body: `{"mode":"0011","payerReference":"09120000001","callbackURL":"https://pay.test/return?t=k9&x=1",` +
			`"amount":"2500.00","currency":"BDT","intent":"sale","merchantInvoiceNumber":"77-1"}`,
	})
}

func executeStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{Path: pathExecute, Body: idBody, Answer: answer, Once: true}
}

func statusStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{Path: pathStatus, Body: idBody, Answer: answer}
}

func listStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{
		Path: pathRefundRead, Body: `{"paymentId":"` + session + `","trxId":"` + trx + `"}`, Answer: answer,
	}
}

func refundStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{
		Path: pathRefund, Answer: answer, Once: true,
		Body: `{"paymentId":"` + session + `","trxId":"` + trx + `","refundAmount":"2500.00","sku":"rf-5",` +
			`"reason":"returned"}`,
	}
}

// steps begins a script with a token.
func steps(s ...gatewaytest.Step) []gatewaytest.Step {
	return append([]gatewaytest.Step{grantStep()}, s...)
}

func fault(code string) string { return fmt.Sprintf(`{"statusCode":%q,"statusMessage":"no"}`, code) }

func change(answer, old, changed string) string {
	if !strings.Contains(answer, old) {
		panic("no " + old)
	}
	return strings.Replace(answer, old, changed, 1)
}

func kit() gatewaytest.Kit {
	return gatewaytest.Kit{
		New: New, Config: config, Needed: []string{"username", "password", "app_key", "app_secret"},
		Addresses: []string{"base_url"},
		Abilities: []string{gatewaytest.Health, gatewaytest.Refund, gatewaytest.Returns},
		Unit:      money.BDT, Wire: money.Amount.Fixed, Texts: true,
		Session: session, Link: "BASE/?paymentId=" + session + "&hash=h1", Receipt: trx,
		Start: createStep(createdAnswer),
		Refusal: func(words string) []gatewaytest.Step {
			return createStep(`{"statusCode":"2006","statusMessage":` + words + `}`)
		},
		NotBegun: []gatewaytest.Answers{
			{Name: "code", Steps: createStep(fault("7777"))},
			{Name: "duplicate", Steps: createStep(fault("2029"))},
			{Name: "session", Steps: createStep(change(createdAnswer, `"paymentID":"TR`, `"paymentID":"../`))},
			{Name: "page of a stranger", Steps: createStep(change(createdAnswer, "BASE", "https://evil.test"))},
			{Name: "page without http", Steps: createStep(change(createdAnswer, "BASE", "javascript:alert(1)//127.0.0.1"))},
			{Name: "amount", Steps: createStep(change(createdAnswer, "2500.00", "250.00"))},
			{Name: "invoice", Steps: createStep(change(createdAnswer, "77-1", "78-1"))},
		},
		Take:    steps(executeStep(paidAnswer)),
		TakeBad: steps(executeStep(paidAnswer), statusStep(paidAnswer)),
		Again:   steps(executeStep(fault("2062")), statusStep(paidAnswer)),
		Open:    steps(statusStep(openAnswer)),
		Unpaid:  steps(executeStep(fault("2060")), statusStep(openAnswer)),
		Wrong: []gatewaytest.Answers{
			{Name: "amount", Steps: steps(executeStep(change(paidAnswer, "2500.00", "250.00")))},
			{Name: "amount with a third place", Steps: steps(executeStep(change(paidAnswer, "2500.00", "2500.001")))},
			{Name: "currency", Steps: steps(executeStep(change(paidAnswer, "BDT", "USD")))},
			{Name: "invoice", Steps: steps(executeStep(change(paidAnswer, "77-1", "78-1")))},
			{Name: "payment", Steps: steps(executeStep(change(paidAnswer, session, session+"4")))},
			{Name: "no transaction", Steps: steps(executeStep(change(paidAnswer, `"trxID":"`+trx+`",`, "")))},
			{Name: "no amount", Steps: steps(executeStep(change(paidAnswer, `"amount":"2500.00",`, "")))},
			{Name: "set-up", Steps: steps(executeStep(fault("2002")))},
			{Name: "status after 2117", Steps: steps(executeStep(fault("2117")),
				statusStep(change(paidAnswer, "2500.00", "250.00")))},
		},
		Strange: []gatewaytest.Answers{
			{Name: "code", Steps: steps(executeStep(fault("7777")))},
			{Name: "exception", Steps: steps(executeStep(fault("2020")))},
			{Name: "maintenance", Steps: steps(executeStep(fault("503")))},
			{Name: "word", Steps: steps(executeStep(change(paidAnswer, "Completed", "Strange")))},
			{Name: "no word", Steps: steps(executeStep(change(paidAnswer, `"transactionStatus":"Completed",`, "")))},
			{Name: "no code", Steps: steps(executeStep(change(paidAnswer, `"statusCode":"0000",`, "")))},
			{Name: "both shapes", Steps: steps(executeStep(change(paidAnswer, `{`, `{"errorCode":"2020",`)))},
		},
		Refund:     steps(listStep(noRefunds), refundStep(refunded)),
		GoodReturn: map[string][]string{"paymentID": {session}, "status": {"success"}},
		BadReturn:  map[string][]string{"paymentID": {session}, "status": {"cancel"}},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	gatewaytest.Run(t, kit())
}

// open makes the connector against a script.
func open(t *testing.T, script ...gatewaytest.Step) *Gateway {
	t.Helper()
	return openWith(t, nil, script...)
}

func openWith(t *testing.T, alter func(*gateway.Config), script ...gatewaytest.Step) *Gateway {
	t.Helper()
	c := config(gatewaytest.NewProvider(t, steps(script...)).URL)
	if alter != nil {
		alter(&c)
	}
	made, err := New(c, &http.Transport{DisableKeepAlives: true})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := made.(*Gateway)
	return g
}

func opened1() gateway.Attempt {
	a := kit().Attempt()
	a.Session = session
	return a
}

func back(amount int64) gateway.Return {
	return gateway.Return{
		Refund: "rf-5", Attempt: opened1(), Receipt: trx, Amount: money.New(amount, money.BDT), Reason: "returned",
	}
}

func TestCodesOfExecute(t *testing.T) {
	t.Parallel()
	want := map[class]gateway.Outcome{
		declines: gateway.Declined, unfinished: gateway.Pending, setUp: gateway.Unknown, unclear: gateway.Unknown,
		returns: gateway.Unknown,
	}
	for code, known := range codes {
		if ranBefore[code] {
			continue
		}
		for _, answer := range []string{fault(code), fmt.Sprintf(`{"errorCode":%q,"errorMessage":"no"}`, code)} {
			got := open(t, executeStep(answer)).Resolve(t.Context(), opened1(), gateway.Take)
			if got.Outcome != want[known.class] || (got.Alarm != "") != (known.class == setUp) || got.Receipt != "" {
				t.Errorf("%s: got %+v, want %s", answer, got, want[known.class])
			}
			if got.Reason != reasons[code] {
				t.Errorf("%s: got the reason %q, want %q", answer, got.Reason, reasons[code])
			}
		}
	}
	for code, reason := range reasons {
		if codes[code].class != declines || !slices.Contains(payment.Reasons, reason) {
			t.Errorf("%s has the reason %q, and does not decline", code, reason)
		}
	}
	if reasons["2023"] != payment.NoFunds || reasons["2014"] != payment.WrongDetails {
		t.Errorf("got %q for a wallet that is too low, and %q for a wrong PIN", reasons["2023"], reasons["2014"])
	}
}

func TestCodesOfStart(t *testing.T) {
	t.Parallel()
	for code, known := range codes {
		got := open(t, createStep(fault(code))[1:]...).Start(t.Context(), kit().Attempt())
		want := gateway.Refused
		if known.class == unclear {
			want = gateway.NoAnswer
		}
		if got.Outcome != want || (got.Alarm != "") != (known.class == setUp) {
			t.Errorf("%s: got %+v, want %s", code, got, want)
		}
	}
}

// What a payment that was not executed is depends on the payer's word and on
// the time.
func TestInitiated(t *testing.T) {
	t.Parallel()
	complete := change(openAnswer, "Incomplete", "Complete")
	short := `{"statusCode":"0000","paymentID":"` + session + `","transactionStatus":"Initiated"}`
	tests := []struct {
		name, answer, word string
		late               time.Duration // before now
		want               gateway.Outcome
	}{
		{"open", openAnswer, "", -time.Minute, gateway.Pending},
		{"consented", complete, "", -time.Minute, gateway.Authorized},
		{"said to be good", openAnswer, "success", -time.Minute, gateway.Pending},
		{"failed", complete, "failure", -time.Minute, gateway.Declined},
		{"canceled", openAnswer, "cancel", -time.Minute, gateway.Canceled},
		{"just late", complete, "", time.Second, gateway.Pending},
		{"late", complete, "", time.Hour, gateway.Expired},
		{"late and canceled", complete, "cancel", time.Hour, gateway.Canceled},
		{"short", short, "", -time.Minute, gateway.Pending},
		{"another amount", change(openAnswer, "2500.00", "1.00"), "", -time.Minute, gateway.Unknown},
		{"another word", change(openAnswer, "Initiated", "Strange"), "cancel", time.Hour, gateway.Unknown},
		{"held", change(paidAnswer, "Completed", "Authorized"), "", -time.Minute, gateway.Authorized},
		{"late success", paidAnswer, "cancel", time.Hour, gateway.Captured},
	}
	for _, test := range tests {
		a := opened1()
		a.Word, a.Deadline = test.word, gatewaytest.Now().Add(-test.late)
		got := open(t, statusStep(test.answer)).Resolve(t.Context(), a, gateway.Look)
		if got.Outcome != test.want || got.Doubt {
			t.Errorf("%s: got %+v, want %s", test.name, got, test.want)
		}
		if test.late <= 0 && givenUp(a) == "" {
			continue
		}
		// Nothing that was given up is executed: the script has no such step.
		if got := open(t, statusStep(test.answer)).Resolve(t.Context(), a, gateway.Take); got.Outcome != test.want {
			t.Errorf("%s, take: got %+v, want %s", test.name, got, test.want)
		}
	}
}

// What is only held was executed before, and is not executed again.
func TestHeldIsNotExecutedAgain(t *testing.T) {
	t.Parallel()
	a := opened1()
	a.Doubtful = true
	got := open(t, statusStep(change(paidAnswer, "Completed", "Authorized"))).Resolve(t.Context(), a, gateway.Take)
	if got.Outcome != gateway.Authorized || got.Receipt != trx || got.Alarm == "" {
		t.Errorf("got %+v, want authorized with receipt %s and an alarm", got, trx)
	}
}

// After an execute without an answer the status tells, and not at once.
func TestSilentExecute(t *testing.T) {
	t.Parallel()
	now := gatewaytest.Now()
	broken := executeStep(paidAnswer)
	broken.Status = http.StatusBadGateway
	g := openWith(t, func(c *gateway.Config) {
		delete(c.Settings, "execute_wait_seconds")
		c.Now = func() time.Time { return now }
	}, broken, statusStep(paidAnswer))
	a := opened1()
	got := g.Resolve(t.Context(), a, gateway.Take)
	if got.Outcome != gateway.Unknown || !got.Doubt {
		t.Fatalf("got %+v, want unknown with doubt", got)
	}
	a.Doubtful = true
	now = now.Add(29 * time.Second)
	if got := g.Resolve(t.Context(), a, gateway.Take); got.Outcome != gateway.Unknown || !got.Doubt {
		t.Errorf("too soon: got %+v, want unknown with doubt", got)
	}
	now = now.Add(time.Second)
	if got := g.Resolve(t.Context(), a, gateway.Take); got.Outcome != gateway.Captured {
		t.Errorf("later: got %+v, want captured", got)
	}
}
