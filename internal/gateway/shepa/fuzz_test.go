package shepa

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
)

func clientAnswer(body string) client.Answer { return client.Answer{Status: 200, Body: []byte(body)} }

// Whatever the result of verify holds, only our amount with a transaction is
// a capture.
func FuzzPaid(f *testing.F) {
	for _, seed := range []string{
		paidAnswer, noAnswer, `{"success":true}`, `{"success":true,"result":{"amount":"250000"}}`, `{"success":1}`, `{}`,
	} {
		f.Add([]byte(seed))
	}
	made, err := New(config("http://127.0.0.1:1"), http.DefaultTransport)
	if err != nil {
		f.Fatal(err)
	}
	g, _ := made.(*Gateway)
	f.Fuzz(func(t *testing.T, body []byte) {
		var e envelopeWire
		if clientAnswer(string(body)).Decode(&e) != nil {
			return
		}
		g.words(e)
		var p paid
		if decode(e.Result, &p) != nil {
			return
		}
		got := g.paid(p, gatewaytest.Attempt())
		if got.Outcome == gateway.Captured && (p.Amount == nil || *p.Amount != 250_000 || got.Receipt == "") {
			t.Errorf("%s: got %+v", body, got)
		}
	})
}

func FuzzReadReturn(f *testing.F) {
	f.Add("status=success&token=" + token)
	f.Add("token=a&token=b&status=x")
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		if n, ok := (Returner{}).ReadReturn(query); ok && !tokenForm.MatchString(n.Session) {
			t.Errorf("%q: got %+v", text, n)
		}
	})
}
