package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
)

// refusal is a call that is refused, and what of it the answer has to name.
type refusal struct {
	method, path, body string

	status      int
	code, param string
}

// refusals want calls to be refused for the reason that is said, with the name of
// what is wrong.
func refusals(t *testing.T, all ...refusal) {
	t.Helper()
	refusalsAfter(t, "", all...)
}

// refusalsAfter want the same where more has happened.
func refusalsAfter(t *testing.T, more string, all ...refusal) {
	t.Helper()
	w := dialecttest.NewWorld(t, banks, kit(t).Extras)
	h := w.Handler(open(t, w))
	w.Play(t, h, dialecttest.Story(prepared+more))
	for _, r := range all {
		header := named(r.path + r.body)
		if r.method == http.MethodGet {
			header = asAdmin.Clone()
		}
		path, _, _ := strings.Cut(r.path, "?")
		if decides("/v1"+path) || strings.Contains(r.body, `"operator":`) || r.path == "/rates" {
			header.Set("Authorization", "Bearer {{operator}}")
		}
		a := w.Ask(h, r.method, "/v1"+r.path, header, r.body)
		var got struct{ Code, Param string }
		if err := json.Unmarshal([]byte(a.Body), &got); err != nil {
			t.Errorf("%s %s %s: %v in %.200s", r.method, r.path, r.body, err, a.Body)
		}
		if a.Status != r.status || got.Code != r.code || got.Param != r.param {
			t.Errorf("%s %s %s: got %d %s, want %d %s of %q", r.method, r.path, r.body, a.Status, a.Body, r.status, r.code,
				r.param)
		}
	}
}

// TestUnknownGateways wants the name of a gateway that the merchant does not have to
// be a mistake of the caller's, and no breakdown that passes.
func TestUnknownGateways(t *testing.T) {
	t.Parallel()
	of := func(path, body string) refusal {
		return refusal{http.MethodPost, path, body, http.StatusNotFound, "gateway_not_found", "gateway"}
	}
	refusals(t,
		of("/payments", `{"invoice":"`+id("inv", 2)+`","gateway":"nobody"}`),
		of("/links", `{"amount":"5000","unit":"IRR","gateway":"nobody"}`),
		of("/invoices/"+id("inv", 2)+"/extend", `{"amount":"5000","gateway":"nobody"}`),
	)
}

// TestRefusalsNameWhatIsMissing wants an answer to say which of several names is
// nobody's.
func TestRefusalsNameWhatIsMissing(t *testing.T) {
	t.Parallel()
	of := func(method, path, body, code, param string) refusal {
		return refusal{method, path, body, http.StatusNotFound, code, param}
	}
	post := func(path, body, code, param string) refusal { return of(http.MethodPost, path, body, code, param) }
	refusals(t,
		post("/transfers", `{"source":10000,"destination":77,"amount":"1","unit":"USD"}`, "account_not_found", "destination"),
		post("/transfers", `{"source":77,"destination":10000,"amount":"1","unit":"USD"}`, "account_not_found", "source"),
		post("/exchanges", `{"account":77,"amount":"1","unit":"USD","to":"EUR"}`, "account_not_found", "account"),
		post("/payments", `{"invoice":"none"}`, "invoice_not_found", "invoice"),
		post("/deals", `{"invoice":"none"}`, "invoice_not_found", "invoice"),
		post("/refunds", `{"payment":"none"}`, "payment_not_found", "payment"),
		post("/deliveries/resend", `{"endpoint":"none"}`, "endpoint_not_found", "endpoint"),
		of(http.MethodGet, "/attachments?deal=none", "", "deal_not_found", "deal"),
		of(http.MethodGet, "/payouts/none", "", "payout_not_found", "payout"),
	)
}

// TestReuseNamesTheKey wants the header to be named of a call that is refused for it.
func TestReuseNamesTheKey(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	h := w.Handler(open(t, w))
	w.Ask(h, http.MethodPost, "/v1/invoices", named("once"), `{"amount":"5000","unit":"IRR"}`)
	a := w.Ask(h, http.MethodPost, "/v1/invoices", named("once"), `{"amount":"6000","unit":"IRR"}`)
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, `"param":"Idempotency-Key"`) {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}

// TestForbiddenCharactersAreNamed wants the place to be named where a text holds what
// no database keeps.
func TestForbiddenCharactersAreNamed(t *testing.T) {
	t.Parallel()
	of := func(method, path, body, param string) refusal {
		return refusal{method, path, body, http.StatusBadRequest, "parameter_invalid", param}
	}
	refusals(t,
		of(http.MethodGet, "/invoices?status=a%00b", "", "status"),
		of(http.MethodGet, "/payments?limit=1&invoice=%ff", "", "invoice"),
		of(http.MethodPost, "/invoices", `{"amount":"5000","unit":"IRR","title":"a\u0000b"}`, "title"),
		of(http.MethodPost, "/invoices", `{"amount":"5000","unit":"IRR","title":"a\ud83db"}`, "title"),
		of(http.MethodPost, "/invoices", `{"amount":"5000","unit":"IRR","payer":{"name":"\udc00"}}`, "payer.name"),
		of(http.MethodPost, "/invoices", `{"amount":"5000","unit":"IRR","payer":{"name":"a\u0000b"}}`, "payer.name"),
		of(http.MethodPost, "/keys", `{"scopes":["a\u0000b"]}`, "scopes"),
	)
}

// TestDoubledKeysAreNamed wants the key to be named that an object has twice.
func TestDoubledKeysAreNamed(t *testing.T) {
	t.Parallel()
	of := func(body, param string) refusal {
		return refusal{http.MethodPost, "/invoices", body, http.StatusBadRequest, "body_unreadable", param}
	}
	refusals(t,
		of(`{"amount":"5000","unit":"IRR","amount":"6000"}`, "amount"),
		of(`{"amount":"5000","unit":"IRR","payer":{"name":"Ada","name":"Bob"}}`, "payer.name"),
		of(`{"amount":"5000","unit":"IRR","none":1,"none":2}`, "none"),
	)
}

// TestUnknownUnitsAreNamed wants a list of a unit that there is not to be refused, as
// one of a state is that there is not.
func TestUnknownUnitsAreNamed(t *testing.T) {
	t.Parallel()
	refusals(t,
		refusal{http.MethodGet, "/rates?of=EURUSD", "", http.StatusBadRequest, "unit_unknown", "of"},
		refusal{http.MethodGet, "/requisites?unit=rub", "", http.StatusBadRequest, "unit_unknown", "unit"},
	)
}

// TestRefusalsNameTheScope wants to know what a key lacks that may not make a call.
func TestRefusalsNameTheScope(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	a := w.Ask(w.Handler(open(t, w)), http.MethodPost, "/v1/rates", named("rate"), "{}")
	if a.Status != http.StatusForbidden || !strings.Contains(a.Body, "the scope operator.") {
		t.Errorf("got %d %s", a.Status, a.Body)
	}
}

// TestDueTimesCanBeWritten wants no time to be taken that no answer can hold.
func TestDueTimesCanBeWritten(t *testing.T) {
	t.Parallel()
	of := func(path, body string) refusal {
		return refusal{http.MethodPost, path, body, http.StatusBadRequest, "parameter_invalid", "due_at"}
	}
	const late = `"due_at":"9999-12-31T23:59:59-23:59"`
	refusals(t,
		of("/invoices", `{"amount":"5000","unit":"IRR",`+late+`}`),
		of("/links", `{"amount":"5000","unit":"IRR",`+late+`}`),
		of("/payouts", `{"amount":"50","unit":"RUB","terminal":1001,`+late+
			`,"payee":{"option":"SBP","method":"sberbank","number":"+79967779977","holder":"Ada"}}`),
	)
}

// TestFirstOfAllTimes wants the time that means none inside to be no way to leave one out.
func TestFirstOfAllTimes(t *testing.T) {
	t.Parallel()
	of := func(path, param, body string) refusal {
		return refusal{http.MethodPost, path, body, http.StatusBadRequest, "parameter_invalid", param}
	}
	in := func(query, param string) refusal {
		return refusal{http.MethodGet, query, "", http.StatusBadRequest, "parameter_invalid", param}
	}
	var all []refusal
	for _, first := range []string{"0001-01-01T00:00:00Z", "0001-01-01T03:30:00+03:30", "0000-12-31T23:00:00-01:00"} {
		at := `"` + first + `"`
		escaped := url.QueryEscape(first)
		all = append(all,
			of("/invoices", "due_at", `{"amount":"5000","unit":"IRR","due_at":`+at+`}`),
			of("/links", "due_at", `{"amount":"5000","unit":"IRR","due_at":`+at+`}`),
			of("/payouts", "due_at", `{"amount":"50","unit":"RUB","terminal":1001,"due_at":`+at+
				`,"payee":{"option":"SBP","method":"sberbank","number":"+79967779977","holder":"Ada"}}`),
			of("/settlements", "from", `{"gateway":"zarinpal","operator":"Zoe","file":"a","from":`+at+`}`),
			of("/settlements", "until", `{"gateway":"zarinpal","operator":"Zoe","file":"a","until":`+at+`}`),
			of("/payments/"+id("pay", 1)+"/record", "at", `{"at":`+at+`}`),
			in("/invoices?created_from="+escaped, "created_from"), in("/events?created_until="+escaped, "created_until"),
		)
	}
	refusals(t, all...)
}

// TestExamplesAreGood wants no example of the document to be refused for what it says,
// whatever has become of the things that it names.
func TestExamplesAreGood(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks, kit(t).Extras)
	h := w.Handler(open(t, w))
	w.Play(t, h, dialecttest.Story(prepared))
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters  []struct{ Name, Example any }
			RequestBody struct {
				Content map[string]struct{ Example json.RawMessage }
			}
		}
	}
	raw := w.Ask(h, http.MethodGet, "/v1/openapi.json", nil, "").Body
	if err := json.Unmarshal([]byte(raw), &doc); err != nil {
		t.Fatal(err)
	}
	ids := regexp.MustCompile(`^(.+)_[0-9a-f]{8}-[0-9a-f-]{27}$`)
	sent := 0
	for path, operations := range doc.Paths {
		example := operations["post"].RequestBody.Content["application/json"].Example
		if example == nil || path == "/gateways" { // this world has connectors of its own
			continue
		}
		for _, p := range operations["post"].Parameters {
			id, _ := p.Example.(string)
			if p.Name == "id" && strings.Contains(path, "/deals/") && (ids.FindStringSubmatch(id) == nil || id[:5] != "deal_") {
				t.Errorf("%s: the id %q is not one of a deal", path, id)
			}
		}
		for _, key := range []string{"admin", "operator"} {
			header := named(key + path)
			header.Set("Authorization", "Bearer {{"+key+"}}")
			a := w.Ask(h, http.MethodPost, "/v1"+strings.Replace(path, "{id}", "none", 1), header, string(example))
			if a.Status == http.StatusBadRequest && strings.Contains(a.Body, `"parameter_`) {
				t.Errorf("%s %s: got %s", path, example, a.Body)
			}
		}
		sent++
	}
	if sent < 50 {
		t.Errorf("only %d examples were sent", sent)
	}
}
