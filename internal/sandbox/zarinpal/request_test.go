package zarinpal

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/sandbox"
)

func TestRequestAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	status, answer := r.call(t, "request", ask(`"currency":"IRR","metadata":{"mobile":"09120000001","order_id":"77"}`))
	p := r.Payments()[0]
	want := `{"data":{"code":100,"message":"Success","authority":"` + p.ID +
		`","fee_type":"Merchant","fee":3500},"errors":[]}`
	if status != http.StatusOK || answer != want {
		t.Errorf("got %d %s, want %s", status, answer, want)
	}
	if !authorityForm.MatchString(p.ID) || p.ID[0] != 'S' {
		t.Errorf("authority %q has another form", p.ID)
	}
	got := []any{p.Merchant, p.Amount, p.OrderID, p.Mobile, p.Callback, p.ExpiresAt.Sub(p.CreatedAt)}
	if diff := cmp.Diff([]any{shop, int64(250000), "77", "09120000001", callback, 30 * time.Minute}, got); diff != "" {
		t.Errorf("payment (-want +got):\n%s", diff)
	}
}

func TestRequestChecks(t *testing.T) {
	t.Parallel()
	wage := func(iban string, amount int) string {
		return fmt.Sprintf(`{"iban":"%s","amount":%d,"description":"x"}`, iban, amount)
	}
	iban := "IR" + strings.Repeat("1", 24)
	dead := "IR" + strings.Repeat("2", 24)
	for _, test := range []struct {
		name, members string
		code          int64
	}{
		{"usual", ``, 100},
		{"amount as text", `"amount":"250000"`, 100},
		{"toman", `"amount":25000,"currency":"IRT"`, 100},
		{"unknown members", `"order_id":"5","mobile":null,"x":{"y":[]}`, 100},
		{"metadata as list", `"metadata":["0912","a@b.test","77"]`, 100},
		{"metadata null", `"metadata":null`, 100},
		{"amount missing", `"amount":null`, -9},
		{"amount zero", `"amount":0`, -9},
		{"amount negative", `"amount":-5`, -9},
		{"amount below", `"amount":999`, -9},
		{"amount at the border", `"amount":1000`, 100},
		{"amount broken", `"amount":1000.5`, -9},
		{"amount a word", `"amount":"many"`, -9},
		{"amount highest", `"amount":1000000000`, 100},
		{"amount above", `"amount":1000000001`, -41},
		{"toman above", `"amount":100000001,"currency":"IRT"`, -41},
		{"amount beyond all", `"amount":99999999999999999999`, -9},
		{"currency other", `"currency":"USD"`, -9},
		{"description missing", `"description":""`, -9},
		{"description number", `"description":5`, -9},
		{"description 500", `"description":"` + strings.Repeat("س", 500) + `"`, 100},
		{"description 501", `"description":"` + strings.Repeat("س", 501) + `"`, -9},
		{"callback missing", `"callback_url":""`, -9},
		{"callback other scheme", `"callback_url":"ftp://x/"`, -9},
		{"callback no address", `"callback_url":"//shop.test"`, -9},
		{"referrer good", `"referrer_id":"abc123"`, 100},
		{"referrer bad", `"referrer_id":"a b"`, 429},
		{"referrer in metadata", `"metadata":{"referrer_id":5}`, 429},
		{"wages good", `"wages":[` + wage(iban, 10000) + `]`, 100},
		{"wages no list", `"wages":5`, -9},
		{"wages six", `"wages":[` + strings.Repeat(wage(iban, 10000)+",", 5) + wage(iban, 10000) + `]`, -35},
		{"wages share small", `"wages":[` + wage(iban, 9999) + `]`, -36},
		{"wages iban", `"wages":[` + wage("DE12", 10000) + `]`, -38},
		{"wages inactive", `"wages":[` + wage(dead, 10000) + `]`, -37},
		{"wages 99 percent", `"wages":[` + wage(iban, 247500) + `]`, 100},
		{"wages above", `"wages":[` + wage(iban, 247501) + `]`, -34},
		{"life good", `"expire_in":60`, 100},
		{"life as text", `"expire_in":"60"`, 100},
		{"life a word", `"expire_in":"long"`, -40},
		{"life short", `"expire_in":29`, -42},
		{"life long", `"expire_in":64801`, -42},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil, sandbox.Merchant{ID: shop, Flags: []string{"inactive-iban:" + dead}})
			status, answer := r.call(t, "request", ask(test.members))
			if got := code(t, answer); got != test.code {
				t.Errorf("got %s, want code %d", answer, test.code)
			}
			if test.code == 100 {
				if status != 200 || len(r.Payments()) != 1 {
					t.Errorf("got status %d and %d payments", status, len(r.Payments()))
				}
				return
			}
			if status != http.StatusUnprocessableEntity || len(r.Payments()) != 0 {
				t.Errorf("a refusal has status %d and made %d payments", status, len(r.Payments()))
			}
			if !strings.HasPrefix(answer, `{"data":[],"errors":{"code":`) || !strings.Contains(answer, `"validations":[`) {
				t.Errorf("got shape %s", answer)
			}
		})
	}
}

func TestTomanIsKeptAsRial(t *testing.T) {
	t.Parallel()
	for unit, good := range map[string]int64{"as-requested": 25000, "rial": 250000} {
		r := newRig(t, map[string]string{switchVerifyUnit: unit})
		authority := r.paid(t, `"amount":25000,"currency":"IRT"`)
		if p, _ := r.Payment(authority); p.Amount != 250000 {
			t.Errorf("got %d rial", p.Amount)
		}
		if got := code(t, r.verify(t, authority, 275000-good)); got != -50 {
			t.Errorf("%s: the other number got %d, want -50", unit, got)
		}
		if got := code(t, r.verify(t, authority, good)); got != 100 {
			t.Errorf("%s: %d got %d, want 100", unit, good, got)
		}
	}
}

func TestMerchantChecks(t *testing.T) {
	t.Parallel()
	r := newRig(
		t, map[string]string{switchMerchants: "listed"},
		sandbox.Merchant{ID: shop, Domain: "shop.test", Addresses: []string{"127.0.0.1"}},
		sandbox.Merchant{ID: otherShop, Refuse: "-11"},
		sandbox.Merchant{ID: "22222222-2222-3333-4444-555555555555", Addresses: []string{"10.0.0.1"}},
		sandbox.Merchant{ID: "33333333-2222-3333-4444-555555555555", Refuse: "what"},
	)
	for _, test := range []struct {
		name, body string
		code       int64
	}{
		{"good", ask(``), 100},
		{"missing", `{"amount":1}`, -9},
		{"no uuid", `{"merchant_id":"zarinpal"}`, -9},
		{"upper case", `{"merchant_id":"` + strings.ToUpper(shop) + `"}`, -9},
		{"unknown", strings.Replace(ask(``), shop[:8], "99999999", 1), -10},
		{"inactive", strings.Replace(ask(``), shop, otherShop, 1), -11},
		{"address", strings.Replace(ask(``), shop, "22222222-2222-3333-4444-555555555555", 1), -10},
		{"refused without a number", strings.Replace(ask(``), shop, "33333333-2222-3333-4444-555555555555", 1), -11},
		{"domain", ask(`"callback_url":"http://evil.test/"`), -14},
		{"no JSON", `merchant_id=1`, -9},
		{"array", `[]`, -9},
		{"two values", ask(``) + `{}`, -9},
	} {
		if _, answer := r.call(t, "request", test.body); code(t, answer) != test.code {
			t.Errorf("%s: got %s, want %d", test.name, answer, test.code)
		}
	}
	if _, answer := r.post(t, "/pg/v4/payment/request.json", ask(``), "Content-Type", "text/plain"); code(t,
		answer) != -9 {
		t.Errorf("another content type: got %s", answer)
	}
}

func TestEveryCodeCanBeMade(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for want := range messages {
		r.strike(t, sandbox.Fault{Name: sandbox.FaultRefuse, Call: "request", Value: fmt.Sprint(want), Times: 1})
		if _, answer := r.call(t, "request", ask(``)); code(t, answer) != int64(want) ||
			!strings.Contains(answer, messages[want]) {
			t.Errorf("%d: got %s", want, answer)
		}
	}
	r.strike(t, sandbox.Fault{Name: FaultTerminalSuspended, Times: 1})
	if _, answer := r.call(t, "request", ask(``)); code(t, answer) != -15 {
		t.Errorf("suspended: got %s", answer)
	}
	if len(r.Payments()) != 0 {
		t.Errorf("refused requests made %d payments", len(r.Payments()))
	}
}

func TestErrorShapesAndStatuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status, shape, call string
		want                int
		prefix              string
	}{
		{"422", "object", "request", 422, `{"data":[],"errors":{"code":-9,`},
		{"400", "object", "verify", 400, `{"data":[],"errors":{"code":-9,`},
		{"200", "object", "request", 200, `{"data":[],"errors":{"code":-9,`},
		{"mixed", "object", "request", 422, `{"data":[],"errors":{"code":-9,`},
		{"mixed", "object", "verify", 200, `{"data":[],"errors":{"code":-9,`},
		{"422", "list", "verify", 422, `{"data":[],"errors":[{"code":-9,"message":"`},
		{"422", "nested-text", "inquiry", 422, `{"data":[],"errors":{"authority":["`},
		{"422", "nested-text", "verify", 422, `{"data":[],"errors":{"code":-9,`},
	} {
		r := newRig(t, map[string]string{switchErrorStatus: test.status, switchErrorShape: test.shape})
		status, answer := r.call(t, test.call, `{}`)
		if status != test.want || !strings.HasPrefix(answer, test.prefix) {
			t.Errorf("%+v: got %d %s", test, status, answer)
		}
	}
	r := newRig(t, nil)
	r.strike(t, sandbox.Fault{Name: FaultHTTP200Error, Times: 1})
	if status, _ := r.call(t, "request", `{}`); status != http.StatusOK {
		t.Errorf("http-200-error: got %d", status)
	}
}

func TestSettingsOfTheRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{switchFee: "99", switchFeeType: "Payer", switchMinAmount: "10000", switchLife: "2h"})
	if _, answer := r.call(t, "request", ask(`"amount":9999`)); code(t, answer) != -9 {
		t.Errorf("below the minimum: got %s", answer)
	}
	if _, answer := r.call(t, "request", ask(``)); !strings.Contains(answer, `"fee_type":"Payer","fee":99}`) {
		t.Errorf("got %s", answer)
	}
	if p := r.Payments()[0]; p.ExpiresAt.Sub(p.CreatedAt) != 2*time.Hour {
		t.Errorf("life is %v", p.ExpiresAt.Sub(p.CreatedAt))
	}
	r.strike(t, sandbox.Fault{Name: sandbox.FaultUnknownWord, Call: "request", Times: 1})
	if _, answer := r.call(t, "request", ask(``)); code(t, answer) != 777 {
		t.Errorf("unknown-word: got %s", answer)
	}
}
