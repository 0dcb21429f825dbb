package sslcommerz

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

const (
	storeID   = "teststore"
	password  = "canary-pa ss+&=1"
	short     = "p7Kq2Zx9Lm4Tn1c"
	val       = "2611200001abc"
	bankTran  = "2611200001B77"
	refundRef = "R7000001"
)

// paid is what validation says of the kit's attempt.
const paid = `{"APIConnect":"DONE","status":"VALID","tran_date":"2026-05-02 16:01:05","tran_id":"` + short + `",` +
	`"val_id":"` + val + `","amount":"2500.00","store_amount":"2437.50","currency":"BDT",` +
	`"bank_tran_id":"` + bankTran + `","card_type":"VISA-Card","card_no":"432149******9759","currency_type":"BDT",` +
	`"currency_amount":"2500.00","risk_level":"0","risk_title":"Safe","error":"","store_id":"` + storeID + `"}`

// opening is the answer of a start.
const opening = `{"status":"SUCCESS","failedreason":"","sessionkey":"5A0C1D2E","gw":{},` +
	`"GatewayPageURL":"BASE/pay/demo5a0c","desc":[],"is_direct_pay_enable":"0"}`

// kept is the answer of a refund.
const kept = `{"APIConnect":"DONE","bank_tran_id":"` + bankTran + `","trans_id":"` + short + `",` +
	`"refund_ref_id":"` + refundRef + `","status":"success","errorReason":""}`

func config(base string) gateway.Config {
	return gateway.Config{
		Settings: map[string]string{"mode": "test", "base_url": base, "store_id": storeID},
		Secrets:  map[string]gateway.Secret{"store_passwd": password},
		Now:      gatewaytest.Now,
	}
}

func queryOf(fields ...string) string {
	query := url.Values{"store_id": {storeID}, "store_passwd": {password}, "v": {"1"}, "format": {"json"}}
	for i := 0; i < len(fields); i += 2 {
		query.Set(fields[i], fields[i+1])
	}
	return query.Encode()
}

func startStep(answer string) []gatewaytest.Step {
	return []gatewaytest.Step{{Path: pathStart, Form: true, Once: true, Answer: answer}}
}

func listStep(elements ...string) gatewaytest.Step {
	count := map[int]string{0: "0", 1: "1", 2: "2", 3: "3"}[len(elements)]
	return gatewaytest.Step{
		Method: http.MethodGet, Path: pathQuery, Query: queryOf("tran_id", short),
		Answer: `{"APIConnect":"DONE","no_of_trans_found":` + count + `,"element":[` + strings.Join(elements, ",") + `]}`,
	}
}

func validStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{
		Method: http.MethodGet, Path: pathValidate, Query: queryOf("val_id", val), Answer: answer,
	}
}

func refundStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{
		Method: http.MethodGet, Path: pathQuery, Once: true, Answer: answer,
		Query: queryOf("bank_tran_id", bankTran, "refund_trans_id", "rf-5", "refund_amount", "2500.00",
			"refund_remarks", "returned", "refe_id", "rf-5"),
	}
}

func stateStep(answer string) gatewaytest.Step {
	return gatewaytest.Step{
		Method: http.MethodGet, Path: pathQuery, Query: queryOf("refund_ref_id", refundRef), Answer: answer,
	}
}

func steps(s ...gatewaytest.Step) []gatewaytest.Step { return s }

// change is an answer with one thing different.
func change(answer, from, to string) string { return strings.Replace(answer, from, to, 1) }

// worded is a try of the kit's attempt that is no money.
func worded(word string) string {
	return `{"status":"` + word + `","tran_id":"` + short + `","val_id":""}`
}

func kit() gatewaytest.Kit {
	again := change(paid, `"VALID"`, `"VALIDATED"`)
	wrong := func(name, from, to string) gatewaytest.Answers {
		return gatewaytest.Answers{Name: name, Steps: steps(listStep(paid), validStep(change(paid, from, to)))}
	}
	return gatewaytest.Kit{
		New: New, Config: config, Needed: []string{"store_passwd"}, Addresses: []string{"base_url"},
		Abilities: []string{gatewaytest.Health, gatewaytest.Notify, gatewaytest.Refund, gatewaytest.Returns},
		Unit:      money.BDT, Wire: money.Amount.Fixed, Texts: true,
		Adapt: func(a *gateway.Attempt) { a.Short = short },
		Sent: func(c gatewaytest.Call) string {
			form, _ := url.ParseQuery(c.Body) // what cannot be read has no amount
			return form.Get("total_amount")
		},
		Session: short, Link: "BASE/pay/demo5a0c", Receipt: bankTran,
		Start: startStep(opening),
		Refusal: func(words string) []gatewaytest.Step {
			return startStep(`{"status":"FAILED","failedreason":` + words + `,"sessionkey":""}`)
		},
		NotBegun: []gatewaytest.Answers{
			{Name: "word", Steps: startStep(change(opening, "SUCCESS", "ALMOST"))},
			{Name: "no session", Steps: startStep(change(opening, "5A0C1D2E", ""))},
			{Name: "page of a stranger", Steps: startStep(change(opening, "BASE", "https://evil.test"))},
			{Name: "page without http", Steps: startStep(change(opening, "BASE", "javascript:alert(1)//127.0.0.1"))},
		},
		Take: steps(listStep(paid), validStep(paid)), Again: steps(listStep(again), validStep(again)),
		Open: steps(listStep()), Unpaid: steps(listStep(worded(wordPending))),
		Wrong: []gatewaytest.Answers{
			wrong("order", short, "anotherorder001"),
			wrong("amount", `"amount":"2500.00"`, `"amount":"2500.01"`),
			wrong("amount asked for", `"currency_amount":"2500.00"`, `"currency_amount":"25.00"`),
			wrong("currency", `"currency":"BDT"`, `"currency":"USD"`),
			wrong("currency asked for", `"currency_type":"BDT"`, `"currency_type":"USD"`),
			wrong("payment", val, val+"d"),
			wrong("store", storeID, "foreignstore"),
			wrong("no reference", bankTran, ""),
			wrong("no risk", `"risk_level":"0",`, ""),
			wrong("not known", `"VALID"`, `"INVALID_TRANSACTION"`),
			{Name: "another order listed", Steps: steps(listStep(change(paid, short, "anotherorder001")))},
			{Name: "no val_id listed", Steps: steps(listStep(change(paid, val, "")))},
			{Name: "inactive", Steps: steps(listStep(paid), validStep(`{"APIConnect":"INACTIVE"}`))},
		},
		Strange: []gatewaytest.Answers{
			{Name: "word", Steps: steps(listStep(worded("SETTLING")))},
			{Name: "validated word", Steps: steps(listStep(paid), validStep(change(paid, `"VALID"`, `"valid"`)))},
			{Name: "failed", Steps: steps(listStep(paid), validStep(change(paid, `"VALID"`, `"FAILED"`)))},
			{Name: "not connected", Steps: steps(listStep(paid), validStep(change(paid, "DONE", "FAILED")))},
			{Name: "list not connected", Steps: steps(gatewaytest.Step{
				Method: http.MethodGet, Path: pathQuery, Query: queryOf("tran_id", short),
				Answer: `{"APIConnect":"FAILED","no_of_trans_found":0,"element":[]}`,
			})},
		},
		Refund:     steps(refundStep(kept)),
		GoodReturn: map[string][]string{"tran_id": {short}, "status": {wordValid}, "val_id": {val}, "t": {"k9"}},
		BadReturn:  map[string][]string{"tran_id": {short}, "status": {wordCanceled}},
		Notices: &gatewaytest.Notices{
			Good: message(goodForm(), password), Says: gateway.Notice{Session: short, Short: short, Good: true},
			Foreign: []gateway.Message{message(with(goodForm(), "tran_id", "anotherorder001"), password)},
			Forged: []gateway.Message{
				message(goodForm(), "another password"), message(with(goodForm(), "store_id", "foreignstore"), password),
				tampered(),
			},
		},
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	gatewaytest.Run(t, kit())
}

// connect makes the connector against a script.
func connect(t *testing.T, script ...gatewaytest.Step) *Gateway {
	t.Helper()
	made, err := New(config(gatewaytest.NewProvider(t, script).URL), &http.Transport{DisableKeepAlives: true})
	if err != nil {
		t.Fatal(err)
	}
	g, _ := made.(*Gateway)
	return g
}

// begun is the kit's attempt after its start.
func begun() gateway.Attempt {
	a := kit().Attempt()
	a.Session = short
	return a
}

func TestTriesTable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		words []string
		now   gateway.Outcome // while the payer may still come
		later gateway.Outcome // when the time is over
	}{
		{"failed", []string{"FAILED"}, gateway.Pending, gateway.Declined},
		{"pending", []string{"FAILED", "PENDING"}, gateway.Pending, gateway.Pending},
		{"canceled", []string{"FAILED", "CANCELLED"}, gateway.Canceled, gateway.Canceled},
		{"expired", []string{"EXPIRED"}, gateway.Expired, gateway.Expired},
		{"not tried", []string{"UNATTEMPTED"}, gateway.Pending, gateway.Expired},
		{"unknown", []string{"FAILED", "SETTLING"}, gateway.Unknown, gateway.Unknown},
	}
	for _, test := range tests {
		var list []string
		for _, word := range test.words {
			list = append(list, worded(word))
		}
		g := connect(t, listStep(list...))
		if got := g.Resolve(t.Context(), begun(), gateway.Look); got.Outcome != test.now {
			t.Errorf("%s: got %+v, want %s", test.name, got, test.now)
		}
		g.now = func() time.Time { return gatewaytest.Now().Add(time.Hour) }
		if got := g.Resolve(t.Context(), begun(), gateway.Look); got.Outcome != test.later {
			t.Errorf("%s, later: got %+v, want %s", test.name, got, test.later)
		}
	}
}

func TestNothingTriedIsBelievedAfterAnHour(t *testing.T) {
	t.Parallel()
	g := connect(t, listStep())
	for _, test := range []struct {
		after time.Duration
		want  gateway.Outcome
	}{
		{0, gateway.Pending},
		{time.Hour, gateway.Pending},
		{90 * time.Minute, gateway.Pending},
		{2 * time.Hour, gateway.Expired},
	} {
		g.now = func() time.Time { return gatewaytest.Now().Add(test.after) }
		if got := g.Resolve(t.Context(), begun(), gateway.Look); got.Outcome != test.want {
			t.Errorf("after %v: got %+v, want %s", test.after, got, test.want)
		}
	}
}

func TestPaidTable(t *testing.T) {
	t.Parallel()
	second := change(change(paid, val, "2611200001abd"), "16:01:05", "16:02:05")
	tests := []struct {
		name    string
		script  []gatewaytest.Step
		word    string
		outcome gateway.Outcome
		alarm   bool
	}{
		{"failed before", steps(listStep(worded("FAILED"), paid), validStep(paid)), "", gateway.Captured, false},
		{"paid twice", steps(listStep(second, paid), validStep(paid)), "", gateway.Captured, true},
		{
			"risk", steps(listStep(paid), validStep(change(paid, `"risk_level":"0"`, `"risk_level":"1"`))), "",
			gateway.Pending, true,
		},
		{"list lags", steps(listStep(), validStep(paid)), "VALID " + val, gateway.Captured, false},
		{
			"somebody else's return", steps(listStep(), validStep(change(paid, short, "anotherorder001"))), "VALID " + val,
			gateway.Pending, false,
		},
		{
			"amounts of other places", steps(listStep(paid), validStep(change(paid, `"2500.00"`, `2500.0000`))), "",
			gateway.Captured, false,
		},
	}
	for _, test := range tests {
		a := begun()
		a.Word = test.word
		got := connect(t, test.script...).Resolve(t.Context(), a, gateway.Take)
		if got.Outcome != test.outcome || (got.Alarm != "") != test.alarm {
			t.Errorf("%s: got %+v, want %s, alarm %v", test.name, got, test.outcome, test.alarm)
		}
		if got.Outcome == gateway.Captured && (got.Fee != money.New(62_50, money.BDT) || got.Card != "432149******9759") {
			t.Errorf("%s: got fee %v and card %q", test.name, got.Fee, got.Card)
		}
	}
}

func TestRocket(t *testing.T) {
	t.Parallel()
	p := gatewaytest.NewProvider(t, append(startStep(opening), listStep(paid), validStep(paid)))
	made, err := New(config(p.URL), nil)
	if err != nil {
		t.Fatal(err)
	}
	for method, want := range map[payment.Method]string{
		payment.Rocket: "dbblmobilebanking", payment.Card: "visacard,mastercard,amexcard",
		payment.MobileWallet: "mobilebank", "": "",
	} {
		a := begun()
		a.Method = method
		made.Start(t.Context(), a)
		heard := p.Heard()
		form, err := url.ParseQuery(heard[len(heard)-1].Body)
		if got := form.Get("multi_card_name"); err != nil || got != want {
			t.Errorf("%q: got filter %q (%v), want %q", method, got, err, want)
		}
	}
	a := begun()
	a.Method = payment.Rocket
	got := made.Resolve(t.Context(), a, gateway.Take)
	if got.Outcome != gateway.Captured || !strings.HasPrefix(got.Word, "not paid with Rocket") {
		t.Errorf("paid otherwise: got %+v, want captured and a word about it", got)
	}
	c := config(p.URL)
	c.Settings["channels"] = "dbblmobilebanking"
	preset, err := New(c, nil)
	if err != nil || len(preset.Info().Methods) != 1 || preset.Info().Methods[0] != payment.Rocket {
		t.Errorf("preset: got %v %v, want Rocket alone", preset, err)
	}
	if got := preset.Resolve(t.Context(), begun(), gateway.Take); !strings.HasPrefix(got.Word, "not paid with Rocket") {
		t.Errorf("preset, paid otherwise: got %+v, want a word about it", got)
	}
}

func TestRefundTable(t *testing.T) {
	t.Parallel()
	noID := change(kept, `"refund_ref_id":"`+refundRef+`",`, "")
	tests := []struct {
		name, answer string
		outcome      gateway.ReturnOutcome
		alarm        bool
	}{
		{"success", kept, gateway.Underway, false},
		{"processing", change(kept, `"success"`, `"processing"`), gateway.Underway, false},
		{"failed", change(noID, `"success"`, `"failed"`), gateway.Denied, false},
		{"failed with an id", change(kept, `"success"`, `"failed"`), gateway.ReturnUnsure, false},
		{"success without an id", noID, gateway.ReturnUnsure, false},
		{"strange word", change(kept, `"success"`, `"queued"`), gateway.ReturnUnsure, false},
		{"other payment", change(kept, bankTran, "x"), gateway.ReturnUnsure, true},
		{"not connected", `{"APIConnect":"INACTIVE"}`, gateway.ReturnUnsure, true},
	}
	r := gateway.Return{
		Refund: "rf-5", Attempt: begun(), Receipt: bankTran, Amount: begun().Amount, Reason: "returned",
	}
	for _, test := range tests {
		got := connect(t, refundStep(test.answer)).Refund(t.Context(), r)
		if got.Outcome != test.outcome || (got.Alarm != "") != test.alarm {
			t.Errorf("%s: got %+v, want %s, alarm %v", test.name, got, test.outcome, test.alarm)
		}
	}
	for word, want := range map[string]gateway.ReturnOutcome{
		"refunded": gateway.Done, "processing": gateway.Underway, "cancelled": gateway.Denied, "queued": gateway.ReturnUnsure,
	} {
		g := connect(t, stateStep(change(kept, `"success"`, `"`+word+`"`)))
		if got := g.RefundState(t.Context(), r, refundRef); got.Outcome != want || got.Receipt != refundRef {
			t.Errorf("%s: got %+v, want %s", word, got, want)
		}
	}
	done := change(kept, `"success"`, `"refunded"`)
	for name, answer := range map[string]string{
		"other refund": change(done, refundRef, "R7000002"), "other payment": change(done, bankTran, "x"),
	} {
		got := connect(t, stateStep(answer)).RefundState(t.Context(), r, refundRef)
		if got.Outcome != gateway.ReturnUnsure || got.Alarm == "" || got.Receipt != refundRef {
			t.Errorf("%s: got %+v, want unknown with an alarm", name, got)
		}
	}
	if got := connect(t).RefundState(t.Context(), r, ""); got.Outcome != gateway.ReturnUnsure {
		t.Errorf("without an id: got %+v, want unknown", got)
	}
}

func TestLongRefundIDs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("r", 40)
	if got := refundID(long); len(got) > longestName || got == refundID(long+"x") {
		t.Errorf("got %q", got)
	}
}
