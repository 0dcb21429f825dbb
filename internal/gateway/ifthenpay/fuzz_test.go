package ifthenpay

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// bare is a connector that calls nobody.
func bare(f *testing.F) *Gateway {
	f.Helper()
	made, err := New(config("http://127.0.0.1:1"), http.DefaultTransport)
	if err != nil {
		f.Fatal(err)
	}
	g, _ := made.(*Gateway)
	return g
}

// Whatever an answer holds, only our order and amount under 000 open a session.
func FuzzStarted(f *testing.F) {
	for _, seed := range []string{pushedWith("000"), pushedWith("999"), `{"Status":0,"Amount":1e3}`, `{}`, `null`} {
		f.Add([]byte(seed))
	}
	g := bare(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var data pushed
		if read(client.Answer{Status: 200, Body: body}, &data) != nil {
			return
		}
		got := g.started(data, kit().Attempt())
		ours := data.Status == codeGood && (data.OrderID == short || data.OrderID == "") &&
			(data.Amount == "" || strings.HasPrefix(string(data.Amount), "1050"))
		if got.Outcome == gateway.Opened && (!ours || !requestForm.MatchString(got.Session)) {
			t.Errorf("%s: got %+v", body, got)
		}
	})
}

// Whatever a status holds, only 000 about our request is a capture.
func FuzzReported(f *testing.F) {
	for _, seed := range []string{statusWith("000"), statusWith("123"), `{"Status":000}`, `{}`, `null`} {
		f.Add([]byte(seed))
	}
	g := bare(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var data statusWire
		if read(client.Answer{Status: 200, Body: body}, &data) != nil {
			return
		}
		got := g.reported(data, opened())
		if got.Outcome == gateway.Captured && (data.Status != codeGood || data.RequestID != request) {
			t.Errorf("%s: got %+v", body, got)
		}
	})
}

func FuzzRefunded(f *testing.F) {
	for _, seed := range []string{`{"Code":1}`, `{"Code":"-1"}`, `{"Code":null}`, `{}`} {
		f.Add([]byte(seed))
	}
	g := bare(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var data refundAnswer
		if read(client.Answer{Status: 200, Body: body}, &data) != nil {
			return
		}
		if got := g.refunded(data); got.Outcome == gateway.Done && data.Code != refundDone {
			t.Errorf("%s: got %+v", body, got)
		}
	})
}

// Whatever a query holds, it is read only with the key, and names only what can
// be ours.
func FuzzCallback(f *testing.F) {
	f.Add("key=" + antiKey + "&orderId=" + short + "&amount=10.50&requestId=" + request + "&state=PAGO")
	f.Add("key=x&key=" + antiKey)
	g := bare(f)
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		checked, err := gateway.Checked(g, gateway.Message{Method: http.MethodGet, Query: query})
		if err != nil {
			return
		}
		if len(query["key"]) != 1 || query.Get("key") != antiKey {
			t.Fatalf("%q passed the check", text)
		}
		n, ok := g.ReadNotification(checked)
		if ok && (!requestForm.MatchString(n.Session) || !orderForm.MatchString(n.Short)) {
			t.Errorf("%q: got %+v", text, n)
		}
	})
}

// A phone number is sent in one form only.
func FuzzPhoneNumber(f *testing.F) {
	for _, seed := range []string{"+351912345678", "00351912345678", "912345678", "351#912345678", "+34912345678"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		number, ok := phoneNumber(text)
		if ok && (len(number) != 13 || !strings.HasPrefix(number, "351#9") || !strings.HasSuffix(text, number[4:])) {
			t.Errorf("%q: got %q", text, number)
		}
	})
}
