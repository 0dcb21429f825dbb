package gateway_test

import (
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
)

func TestMasked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"nothing": {"", ""},
		"an amount keeps its digits": {
			`{"amount":150000000.00,"currency":"IRR"}`, `{"amount":150000000.00,"currency":"IRR"}`,
		},
		"secrets by their names": {
			`{"app_key":"a","appSecret":"b","id_token":"c","x-password":"d","Signature":"e","pin":1234,"ok":"f"}`,
			`{"Signature":"[redacted]","appSecret":"[redacted]","app_key":"[redacted]","id_token":"[redacted]",` +
				`"ok":"f","pin":"[redacted]","x-password":"[redacted]"}`,
		},
		"people": {
			`{"metadata":{"mobile":"09120000000","email":"a@b.example"},"cus_name":"Sara","items":[{"phone":912}]}`,
			`{"cus_name":"[hidden]","items":[{"phone":"[hidden]"}],"metadata":{"email":"[hidden]","mobile":"[hidden]"}}`,
		},
		"cards": {
			`{"pan":"4242424242424242","n":5555555555554444,"masked":"502229******5995","order":"4242424242424241"}`,
			`{"masked":"502229******5995","n":"555555******4444","order":"4242424242424241","pan":"424242******4242"}`,
		},
		"a card in groups": {`{"text":"my 4242 4242-4242 4242 is"}`, `{"text":"my 424242******4242 is"}`},
		"an address": {
			`{"callback_url":"https://user:pw@shop.example/return?t=abc&n=1#frag"}`,
			`{"callback_url":"https://shop.example/return?n=1&t=[redacted]"}`,
		},
		"JSON in text": {`{"more":"{\"token\":\"a\",\"n\":1}"}`, `{"more":"{\"n\":1,\"token\":\"[redacted]\"}"}`},
		"a form": {
			"amount=100&payment_method_data[card][cvc]=123&payment_method_data[card][exp_month]=12&store_passwd=x&" +
				"number=4242424242424242",
			"amount=100&number=424242******4242&payment_method_data[card][cvc]=[redacted]&" +
				"payment_method_data[card][exp_month]=[redacted]&store_passwd=[redacted]",
		},
		"a person": {
			`{"billing_details":{"name":"Sara","address":{"city":"Porto","line1":"Rua 1"},"n":1},"name":"Box","pwd":"x"}`,
			`{"billing_details":{"address":{"city":"[hidden]","line1":"[hidden]"},"n":1,"name":"[hidden]"},"name":"Box",` +
				`"pwd":"[redacted]"}`,
		},
		"whoever pays": {
			`{"customer":{"id":"c1","name":"Sara"},"payer":{"n":1},"dob":"1990-01-01","address":"Rua 1"}`,
			`{"address":"[hidden]","customer":{"id":"[hidden]","name":"[hidden]"},"dob":"[hidden]","payer":{"n":1}}`,
		},
		"a person in a form": {
			"billing_details[name]=Sara&billing_details[address][city]=Porto&items[0][name]=Box",
			"billing_details[address][city]=[hidden]&billing_details[name]=[hidden]&items[0][name]=Box",
		},
		"one field in JSON": {
			`{"data":"token=abc","more":"billing[token]=abc","n":"YWI=","query":"n=1"}`,
			`{"data":"token=[redacted]","more":"billing[token]=[redacted]","n":"YWI=","query":"n=1"}`,
		},
		"a card as a name": {`{"4242424242424242":{"pin":1}}`, `{"424242******4242":{"pin":"[redacted]"}}`},
		"a form in JSON":   {`{"data":"token=abc&n=1","hash2":"YWI=="}`, `{"data":"n=1&token=[redacted]","hash2":"YWI=="}`},
		"neither":          {"<b>4242424242424242</b>", "<b>424242******4242</b>"},
		"two documents":    {`{"a":1}{"token":"x"}`, `{"a":1}{"token":"x"}`},
		"strange bytes":    {"a\xff\x00\nb", "a  b"},
		"names of no use":  {`{"":"","null":null,"yes":true}`, `{"":"","null":null,"yes":true}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := gateway.Masked([]byte(c.body)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	long := gateway.Masked([]byte(strings.Repeat("آ", 5000)))
	if len(long) > 2010 || !strings.HasSuffix(long, "آ [cut]") {
		t.Errorf("got %d bytes that end in %q, want them cut between two characters", len(long), long[len(long)-12:])
	}
}

func FuzzMasked(f *testing.F) {
	for _, seed := range []string{`{"a":{"token":"s3cret"}}`, "token=s3cret&a=1", "[1,2", "=&=", `{"cvv":"s3cret"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := gateway.Masked(body)
		if len(got) > 2010 {
			t.Errorf("got %d bytes, want at most about 2000", len(got))
		}
		if again := gateway.Masked([]byte(`{"token":` + quoted(body) + `}`)); again != `{"token":"[redacted]"}` &&
			again != `{"token":""}` {
			t.Errorf("got %s, want no part of a token", again)
		}
	})
}

// quoted is a JSON text of some bytes.
func quoted(body []byte) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, b := range body {
		const digits = "0123456789abcdef"
		out.WriteString(`\u00` + string(digits[b>>4]) + string(digits[b&15]))
	}
	return out.String() + `"`
}
