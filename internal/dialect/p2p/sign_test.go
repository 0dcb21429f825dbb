package p2p

import (
	"context"
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

const (
	testSecret = "s4-test-secret-0001"
	testBase   = "https://pay.test"
	testID     = "22222222-3333-4444-8555-666666666666"
	bodyP1     = `{"type":"in","amount":"1500","currency":"RUB","notificationUrl":"https://shop.example/n",` +
		`"notificationToken":"tok-1","internalId":"ord-1","paymentOption":"SBP","paymentMethod":null,"startDeal":true}`
	bodyP7 = `{"type":"in","amount":"10","currency":"RUB","notificationUrl":"","notificationToken":"",` +
		`"internalId":"заказ-1"}`
)

// vector is one call with its signature.
type vector struct{ name, method, target, media, body, signature string }

// vectors are all worked signatures of the contract that are good.
var vectors = []vector{
	{"P1", "POST", "/api/merchant/invoices", jsonType, bodyP1, "/BmkblPK1z6Ojv5/3yTBo6pBgEI="},
	{"P2", "GET", "/api/merchant/accounts", "", "", "+OpFbD3oIxWGPLYXCh76A4ofTkA="},
	{"P3", "POST", "/api/merchant/invoices/" + testID + "/cancel", "", "", "xCXtwKSz9Sh1vFOWZiPyf1vRfpU="},
	{
		"P4", "POST", "/api/merchant/invoices/" + testID + "/dispute", "multipart/form-data; boundary=b",
		"--b\r\nContent-Disposition: form-data; name=\"disputeReason\"\r\n\r\nno_payment\r\n--b--\r\n",
		"HEmuOxCO+PHdgPftwLhv9MJkaxg=",
	},
	{"P5", "GET", "/api/merchant/payment-methods?currency=RUB", "", "", "rMTLMebzx2DCL9AKjh4j6tAcefs="},
	{
		"P6", "POST", "/api/merchant/invoices/" + testID + "/start-deal", jsonType,
		`{"paymentOption": "TO_CARD", "paymentMethod": "sberbank"}`, "tkHT7IxEt4RSMd6gl8hq842cxaw=",
	},
	{
		"P6b", "POST", "/api/merchant/invoices/" + testID + "/start-deal", jsonType,
		`{"paymentOption":"TO_CARD","paymentMethod":"sberbank"}`, "T1bQKjYryC+nu0G9BIyYTJRcjsE=",
	},
	{"P7", "POST", "/api/merchant/invoices", jsonType, bodyP7, "ww7dUs3qKh3lCgckdwsNo+Uttko="},
}

// ring holds keys by their public parts, all with the same secret.
type ring string

func (s ring) SigningKey(_ context.Context, public string) (merchant.Key, string, error) {
	k := merchant.Key{Merchant: "m", Account: wallet.House, Sealed: []byte("x"), Methods: merchant.StoreCalls(1001)}
	switch public {
	case "p":
	case "second":
		k.Methods = merchant.StoreCalls(1002)
	case "far":
		k.Networks = []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}
	case "all calls":
		k.Methods = nil
	case "other calls":
		k.Methods = []string{"balance"}
	case "two stores":
		k.Methods = []string{"store:1001", "store:1002"}
	case "no store":
		k.Methods = []string{"store:"}
	case "a customer's":
		k.Account = 10001
	default:
		return merchant.Key{}, "", fault.New(fault.CodeKeyInvalid, "", "")
	}
	return k, string(s), nil
}

// admit is what the guard says about a call with a key and a signature.
func admit(t testing.TB, v vector, public string, header ...string) (*dialect.Request, error) {
	t.Helper()
	d, err := New(Config{
		PublicURLs: []string{testBase + "/", "https://second.test"}, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Time{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &dialect.Request{
		Request: httptest.NewRequestWithContext(t.Context(), v.method, v.target, strings.NewReader(v.body)),
	}
	path, _, _ := strings.Cut(v.target, "?")
	for _, route := range d.Routes {
		if route.Method == v.method && strings.ReplaceAll(route.Path, "{id}", testID) == path {
			r.Route = route
		}
	}
	if r.Route.Handle == nil {
		t.Fatalf("no route is %s %s", v.method, v.target)
	}
	if r.Raw, err = io.ReadAll(r.Body); err != nil {
		t.Fatal(err)
	}
	header = append(header, "Content-Type", v.media, keyHeader, public, signHeader, v.signature)
	for n := 0; n < len(header); n += 2 {
		if header[n+1] != "" {
			r.Header.Add(header[n], header[n+1])
		}
	}
	return r, guard{keys: ring(testSecret), bases: []string{testBase, "https://second.test"}}.admit(r)
}

func TestVectors(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			for _, key := range []string{"p", "second"} {
				if r, err := admit(t, v, key); err != nil || r.Merchant != "m" {
					t.Errorf("%s: got %v, merchant %q", key, err, r.Merchant)
				}
			}
			v.signature = Sign(testSecret, v.method, "https://second.test"+v.target, nil)
			if v.body != "" && v.media == jsonType {
				v.signature = Sign(testSecret, v.method, "https://second.test"+v.target, []byte(v.body))
			}
			if _, err := admit(t, v, "p"); err != nil {
				t.Errorf("at the second address: got %v", err)
			}
		})
	}
}

// A proxy may have changed the host; what is signed is the address that we are
// known under.
func TestBehindProxy(t *testing.T) {
	t.Parallel()
	p2 := vectors[1]
	p2.target = "http://10.0.0.7:8080" + p2.target
	d, err := New(Config{PublicURLs: []string{testBase}})
	if err != nil {
		t.Fatal(err)
	}
	r := &dialect.Request{Request: httptest.NewRequestWithContext(t.Context(), p2.method, p2.target, nil)}
	for _, route := range d.Routes {
		if route.Path == "/api/merchant/accounts" {
			r.Route = route
		}
	}
	r.Header.Set(keyHeader, "p")
	r.Header.Set(signHeader, p2.signature)
	if err := (guard{keys: ring(testSecret), bases: []string{testBase}}).admit(r); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestBadSignatures(t *testing.T) {
	t.Parallel()
	p1, p2, p4, p6, p6b := vectors[0], vectors[1], vectors[3], vectors[5], vectors[6]
	with := func(v vector, change func(*vector)) vector { change(&v); return v }
	for name, test := range map[string]struct {
		call   vector
		public string
		header []string
		code   fault.Code
	}{
		"N1: a blank":        {call: with(p2, func(v *vector) { v.signature = "AHCX6uMgHJtuazd5kiIx29LbQBg=" })},
		"N2: another scheme": {call: with(p2, func(v *vector) { v.signature = "SIp30PAfwWw7JkW4FHQEF8YLssA=" })},
		"no signature":       {call: with(p2, func(v *vector) { v.signature = "" }), code: fault.CodeKeyMissing},
		"no key":             {call: p2, public: "none", code: fault.CodeKeyMissing},
		"an unknown key":     {call: p2, public: "unknown", code: fault.CodeKeyInvalid},
		"two signatures":     {call: p2, header: []string{signHeader, p2.signature}, code: fault.CodeKeyInvalid},
		"two keys":           {call: p2, header: []string{keyHeader, "p"}, code: fault.CodeKeyInvalid},
		"another address":    {call: p2, public: "far", code: fault.CodeAddressForbidden},
		"every call":         {call: p2, public: "all calls", code: fault.CodeKeyInvalid},
		"other calls":        {call: p2, public: "other calls", code: fault.CodeKeyInvalid},
		"two stores":         {call: p2, public: "two stores", code: fault.CodeKeyInvalid},
		"no store":           {call: p2, public: "no store", code: fault.CodeKeyInvalid},
		"a customer's":       {call: p2, public: "a customer's", code: fault.CodeKeyInvalid},
		"other bytes":        {call: with(p6, func(v *vector) { v.signature = p6b.signature })},
		"another query":      {call: with(p2, func(v *vector) { v.target += "?x=1" })},
		"a bare question":    {call: with(p2, func(v *vector) { v.target += "?" })},
		"no padding":         {call: with(p2, func(v *vector) { v.signature = strings.TrimRight(v.signature, "=") })},
		"parts where none are taken": {
			call: with(p1, func(v *vector) {
				v.media = "multipart/form-data; boundary=b"
				v.signature = Sign(testSecret, "POST", testBase+v.target, nil)
			}),
		},
		"dashes where none are taken": {
			call: with(p1, func(v *vector) {
				v.body = "--b\r\n"
				v.signature = Sign(testSecret, "POST", testBase+v.target, nil)
			}),
		},
		"the bytes of parts": {
			call: with(p4, func(v *vector) { v.signature = Sign(testSecret, "POST", testBase+v.target, []byte(v.body)) }),
		},
		"JSON that is left out": {
			call: with(p4, func(v *vector) { v.media, v.body = jsonType, `{"disputeReason":"no_payment"}` }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			switch test.public {
			case "":
				test.public = "p"
			case "none":
				test.public = ""
			}
			if test.code == "" {
				test.code = fault.CodeSignatureInvalid
			}
			if r, err := admit(t, test.call, test.public, test.header...); !fault.Is(err, test.code) || r.Merchant != "" {
				t.Errorf("got %v, merchant %q, want %s", err, r.Merchant, test.code)
			}
		})
	}
}

// FuzzSignature proves that nothing is admitted whose signature is not that of
// its bytes, or of none of them where it is in parts and those are taken.
func FuzzSignature(f *testing.F) {
	for n, v := range vectors {
		f.Add(n, v.body, v.media, v.signature)
	}
	f.Fuzz(func(t *testing.T, n int, body, media, signature string) {
		if n < 0 || n >= len(vectors) || vectors[n].method == "GET" || strings.ContainsAny(media+signature, "\r\n") {
			t.Skip("no such call")
		}
		v := vectors[n]
		v.body, v.media, v.signature = body, media, signature
		r, err := admit(t, v, "p")
		if err != nil {
			if fault.KindOf(err) == fault.Internal || r.Merchant != "" && !fault.Is(err, fault.CodeMediaTypeUnsupported) {
				t.Fatalf("got %v, merchant %q", err, r.Merchant)
			}
			return
		}
		whole := signature == Sign(testSecret, v.method, testBase+v.target, []byte(body))
		bare := signature == Sign(testSecret, v.method, testBase+v.target, nil)
		if !whole && (!bare || !takesFiles(r.Route) || !inParts(r)) {
			t.Fatal("admitted without a good signature")
		}
	})
}
