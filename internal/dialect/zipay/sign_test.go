package zipay

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/wallet"
)

// The keys of the vectors.
const (
	printedSecret = "f7d36fd7f60ab0bac12051e0c3240508585dba741e126669bfbc06e002b9df6ac4e457b6"
	ownSecret     = "zipay-test-secret-0001"
)

// messages that are signed more than once.
const (
	messageZ2 = "terminal_number=1003&amount=25.50&currency=USDT&invoice_number=INV+7%2F2026" +
		"&callback=https%3A%2F%2Fshop.example%2Fback%3Fx%3D1%26y%3D2&webhook=https%3A%2F%2Fshop.example%2Fhook"
	bodyZ6 = `{"terminal_number":1003,"amount":100.10,"currency":"USD","invoice_number":"J-1","national_id":null,` +
		`"callback":"https://shop.example/back"}`
)

// vectors are all worked signatures of the contract.
var vectors = []struct{ name, secret, message, signature string }{
	{"printed", printedSecret, "par1=value1&par2=value2", "g1seBV5gkv7n4EjIdzMjl+ntJ256kvIe2kulu2SfTPk="},
	{
		"Z1", ownSecret, "trackid=11111111-2222-4333-8444-555555555555",
		"ObX2dVmlRQgTKuaZ/qVMi+1Gv4Vod5ybqW4CrUFA0hY=",
	},
	{"Z2", ownSecret, messageZ2, "q9Tm2UKctG5Zm7C8QeLvp1Zrv0DBcHMzdTx9B9PBtug="},
	{
		"Z3", ownSecret, "receiver=shop%2Bpay%40shop.example&amount=10&currency=USD&order_id=A%7E1%2A" +
			"&description=%D8%B3%D9%84%D8%A7%D9%85", "64pQt88ONR2W6UsUKQ1SwbEAzLmjrtPh8/+JvLnL8BQ=",
	},
	{
		"Z3b", ownSecret, "receiver=shop%2Bpay%40shop.example&amount=10&currency=USD&order_id=A~1%2A" +
			"&description=%D8%B3%D9%84%D8%A7%D9%85", "ECTOIn1f4vsIsJ5FuCTrq09O6teglleSpuMl5aMLzJA=",
	},
	{"Z4", ownSecret, "", "8OeYooLuWxZMOHUnv7EKqz+um+dUDgasIH5cljl8flw="},
	{"Z5", ownSecret, "invoice_number=INV+7%2F2026", "BrG97J3QsuqjXwPqiXi2KwecZKOsBdkmQ3yZry5vKTk="},
	{"Z5b", ownSecret, "invoice_number=INV%207%2F2026", "YRQPyOh6/psC8csiAjI3XZiqKES2HQG8TVtG2m0kXjg="},
	{
		"Z6", ownSecret, "terminal_number=1003&amount=100.10&currency=USD&invoice_number=J-1" +
			"&callback=https%3A%2F%2Fshop.example%2Fback", "zvg/gGEKIKcNtl7QZD9MlEWQZb5TrHUfi9gzAtKl93E=",
	},
	{"Z6b", ownSecret, bodyZ6, "oLq8ebEZXQRkGOG7PA+r+xeYkIdlodrOrG090mfHUHg="},
}

// vector is the signature of one of them.
func vector(t testing.TB, name string) string {
	t.Helper()
	for _, v := range vectors {
		if v.name == name {
			return v.signature
		}
	}
	t.Fatalf("there is no vector %s", name)
	return ""
}

func TestSign(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		if got := Sign(v.secret, v.message); got != v.signature {
			t.Errorf("%s: got %s, want %s", v.name, got, v.signature)
		}
	}
}

// ring holds the key "p", whose secret is the text, in two restricted forms too.
type ring string

func (s ring) SigningKey(_ context.Context, public string) (merchant.Key, string, error) {
	k := merchant.Key{Merchant: "m", Account: wallet.House, Sealed: []byte("x")}
	switch public {
	case "p":
	case "narrow":
		k.Methods = []string{"balance"}
	case "far":
		k.Networks = []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}
	case "near":
		k.Networks = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	default:
		return merchant.Key{}, "", fault.New(fault.CodeKeyInvalid, "", "")
	}
	return k, string(s), nil
}

// ask is one signed call.
type ask struct {
	method, target, media, body string
	key, signature              string
}

// admit is what the guard says about a call.
func admit(t testing.TB, secret string, a ask) (*dialect.Request, error) {
	t.Helper()
	d, err := New(Config{
		PublicURL: "https://pay.example", Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Time{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	if a.method == "" {
		a.method, a.target = "POST", "/api/create-invoice"
	}
	r := &dialect.Request{
		Request: httptest.NewRequestWithContext(t.Context(), a.method, a.target, strings.NewReader(a.body)),
		Route:   dialect.Route{Method: a.method, Path: strings.Split(a.target, "?")[0], Access: dialect.Signed},
	}
	if r.Raw, err = io.ReadAll(r.Body); err != nil {
		t.Fatal(err)
	}
	if r.Params, err = dialect.ReadForm([]byte(r.URL.RawQuery), nil); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": a.media, keyHeader: a.key, signHeader: a.signature} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r, guard{keys: ring(secret), read: d.ReadFields}.admit(r)
}

func TestGoodSignatures(t *testing.T) {
	t.Parallel()
	multi := func(pairs ...string) string {
		var b strings.Builder
		for i := 0; i < len(pairs); i += 2 {
			b.WriteString("--b\r\nContent-Disposition: form-data; name=\"" + pairs[i] + "\"\r\n\r\n" + pairs[i+1] + "\r\n")
		}
		return b.String() + "--b--\r\n"
	}
	tests := []struct {
		name, secret string
		ask          ask
	}{
		{"Z6: fields of JSON", ownSecret, ask{media: jsonType, body: bodyZ6, signature: vector(t, "Z6")}},
		{"Z6b: bytes of JSON", ownSecret, ask{media: jsonType, body: bodyZ6, signature: vector(t, "Z6b")}},
		{"Z4: no body", ownSecret, ask{signature: vector(t, "Z4")}},
		{"Z4: no query", ownSecret, ask{method: "GET", target: "/api/crypto-info", signature: vector(t, "Z4")}},
		{
			"Z5: raw query", ownSecret,
			ask{method: "GET", target: "/api/crypto-info?invoice_number=INV+7%2F2026", signature: vector(t, "Z5")},
		},
		{
			"Z5: fields of a query", ownSecret,
			ask{method: "GET", target: "/api/crypto-info?invoice_number=INV%207%2f2026", signature: vector(t, "Z5")},
		},
		{
			"Z5: fields of a form", ownSecret,
			ask{media: formType, body: "invoice_number=INV%207%2F2026", signature: vector(t, "Z5")},
		},
		{
			"Z3: fields of a form", ownSecret,
			ask{
				media: formType, signature: vector(t, "Z3"),
				body: "receiver=shop%2Bpay%40shop.example&amount=10&currency=USD&order_id=A~1*" +
					"&description=%d8%b3%d9%84%d8%a7%d9%85",
			},
		},
		{
			"Z2: fields of multipart", ownSecret,
			ask{media: "multipart/form-data; boundary=b", signature: vector(t, "Z2"), body: multi(
				"terminal_number", "1003", "amount", "25.50", "currency", "USDT", "invoice_number", "INV 7/2026",
				"callback", "https://shop.example/back?x=1&y=2", "webhook", "https://shop.example/hook",
			)},
		},
	}
	for _, v := range vectors {
		if v.name == "Z6b" {
			continue // it is no form
		}
		tests = append(tests, struct {
			name, secret string
			ask          ask
		}{v.name + ": bytes of a form", v.secret, ask{media: formType, body: v.message, signature: v.signature}})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.ask.key = "p"
			r, err := admit(t, test.secret, test.ask)
			if err != nil || r.Merchant != "m" || r.Key.Account != wallet.House {
				t.Errorf("got %v, merchant %q", err, r.Merchant)
			}
		})
	}
}

func TestBadSignatures(t *testing.T) {
	t.Parallel()
	decoded, err := hex.DecodeString(printedSecret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, decoded)
	mac.Write([]byte("par1=value1&par2=value2"))
	wrongKey := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if wrongKey != "X79Wa+bMzhZwTia8xhz4/q699W+b8OW81X7LcIqy3KY=" {
		t.Fatalf("the signature with the decoded key is %s", wrongKey)
	}
	good := vector(t, "Z2")
	raw, err := base64.StdEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	z2 := func(signature string) ask { return ask{media: formType, body: messageZ2, signature: signature} }
	for name, test := range map[string]struct {
		secret string
		ask    ask
		code   fault.Code
	}{
		"the key decoded from hex": {
			printedSecret,
			ask{media: formType, body: "par1=value1&par2=value2", signature: wrongKey},
			fault.CodeSignatureInvalid,
		},
		"Z2b: sorted":  {ownSecret, z2("i0YHI74wKzN6gJ/GX6DFICTHm+iULze7EdoLrYWxW2o="), fault.CodeSignatureInvalid},
		"no padding":   {ownSecret, z2(strings.TrimRight(good, "=")), fault.CodeSignatureInvalid},
		"hex":          {ownSecret, z2(hex.EncodeToString(raw)), fault.CodeSignatureInvalid},
		"other base64": {ownSecret, z2(base64.URLEncoding.EncodeToString([]byte("xx"))), fault.CodeSignatureInvalid},
		"other case":   {ownSecret, z2(strings.ToLower(good)), fault.CodeSignatureInvalid},
		"another key":  {"other", z2(good), fault.CodeSignatureInvalid},
		"no signature": {ownSecret, z2(""), fault.CodeKeyMissing},
		"another field": {
			ownSecret,
			ask{media: formType, body: messageZ2 + "&x=1", signature: good},
			fault.CodeSignatureInvalid,
		},
		"another order": {
			ownSecret, ask{media: formType, body: "amount=25.50&terminal_number=1003", signature: Sign(ownSecret,
				"terminal_number=1003&amount=25.50")}, fault.CodeSignatureInvalid,
		},
		"JSON rebuilt in another order": {
			ownSecret,
			ask{media: jsonType, body: `{"b":1,"a":2}`, signature: Sign(ownSecret, "a=2&b=1")},
			fault.CodeSignatureInvalid,
		},
		"JSON with another text of the number": {
			ownSecret,
			ask{media: jsonType, body: `{"a":100.10}`, signature: Sign(ownSecret, "a=100.1")},
			fault.CodeSignatureInvalid,
		},
		"JSON with null as empty": {
			ownSecret, ask{media: jsonType, body: `{"a":null}`, signature: Sign(ownSecret, "a=")}, fault.CodeSignatureInvalid,
		},
		"broken JSON": {
			ownSecret, ask{media: jsonType, body: `{`, signature: Sign(ownSecret, "")}, fault.CodeSignatureInvalid,
		},
		"bytes of multipart": {
			ownSecret,
			ask{media: "Multipart/form-data; boundary=b", body: "--b--", signature: Sign(ownSecret, "--b--")},
			fault.CodeSignatureInvalid,
		},
		"broken multipart": {
			ownSecret,
			ask{media: "multipart/form-data; boundary=b", body: "--b", signature: Sign(ownSecret, "")},
			fault.CodeBodyUnreadable,
		},
		"an unknown type": {
			ownSecret, ask{media: "text/xml", body: "<a/>", signature: Sign(ownSecret, "")}, fault.CodeSignatureInvalid,
		},
		"the body of a GET": {
			ownSecret,
			ask{method: "GET", target: "/api/crypto-info?x=1", body: "a=1", signature: Sign(ownSecret, "a=1")},
			fault.CodeSignatureInvalid,
		},
		"the query of a POST": {
			ownSecret,
			ask{method: "POST", target: "/api/balance?a=1", signature: Sign(ownSecret, "a=1")},
			fault.CodeSignatureInvalid,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.ask.key = "p"
			if r, err := admit(t, test.secret, test.ask); !fault.Is(err, test.code) || r.Merchant != "" {
				t.Errorf("got %v, merchant %q, want %s", err, r.Merchant, test.code)
			}
		})
	}
}

// Who may not is told so only when the signature is good.
func TestRestrictedKeys(t *testing.T) {
	t.Parallel()
	const good, bad = "8OeYooLuWxZMOHUnv7EKqz+um+dUDgasIH5cljl8flw=", "AAAA"
	for _, test := range []struct {
		key, target, signature string
		code                   fault.Code
	}{
		{"", "/api/balance", good, fault.CodeKeyMissing},
		{"unknown", "/api/balance", good, fault.CodeKeyInvalid},
		{"narrow", "/api/balance", good, ""},
		{"narrow", "/api/rate", good, fault.CodeScopeMissing},
		{"narrow", "/api/rate", bad, fault.CodeSignatureInvalid},
		{"near", "/api/rate", good, ""},
		{"far", "/api/rate", good, fault.CodeAddressForbidden},
		{"far", "/api/rate", bad, fault.CodeSignatureInvalid},
	} {
		_, err := admit(t, ownSecret, ask{method: "POST", target: test.target, key: test.key, signature: test.signature})
		if (test.code == "") != (err == nil) || err != nil && !fault.Is(err, test.code) {
			t.Errorf("%s at %s: got %v, want %q", test.key, test.target, err, test.code)
		}
	}
}

// FuzzVerify proves that nothing is admitted whose signature is not one of the
// two that there are, and that nothing panics.
func FuzzVerify(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.message, formType, v.signature)
	}
	f.Add(bodyZ6, jsonType, "zvg/gGEKIKcNtl7QZD9MlEWQZb5TrHUfi9gzAtKl93E=")
	f.Add("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--", "multipart/form-data; boundary=b", "x")
	f.Fuzz(func(t *testing.T, body, media, signature string) {
		if strings.ContainsAny(media+signature, "\r\n") {
			t.Skip("no header")
		}
		r, err := admit(t, ownSecret, ask{media: media, body: body, key: "p", signature: signature})
		if err != nil {
			if kind := fault.KindOf(err); kind == fault.Internal || r.Merchant != "" {
				t.Fatalf("got %v, merchant %q", err, r.Merchant)
			}
		} else if signature != Sign(ownSecret, body) {
			d, _ := New(Config{PublicURL: "https://pay.example"})
			fields, err := d.ReadFields(r)
			if err != nil {
				t.Fatalf("admitted what cannot be read: %v", err)
			}
			if canonical, ok := dialect.BuildQuery(fields); !ok || signature != Sign(ownSecret, canonical) {
				t.Fatal("admitted without a good signature")
			}
		}
		good := ask{media: formType, body: body, key: "p", signature: Sign(ownSecret, body)}
		if _, err := admit(t, ownSecret, good); err != nil {
			t.Errorf("refused the signature of the very bytes: %v", err)
		}
	})
}
