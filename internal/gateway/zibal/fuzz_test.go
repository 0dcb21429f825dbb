package zibal

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// Whatever a report holds, only our amount and order with a reference are a
// capture.
func FuzzReported(f *testing.F) {
	for _, seed := range []string{
		report(1), report(2), report(3), result(201), `{"result":100,"status":1}`, `{}`, `null`,
	} {
		f.Add([]byte(seed))
	}
	made, err := New(config("http://127.0.0.1:1"), http.DefaultTransport)
	if err != nil {
		f.Fatal(err)
	}
	g, _ := made.(*Gateway)
	f.Fuzz(func(t *testing.T, body []byte) {
		var data reportWire
		if read(client.Answer{Status: 200, Body: body}, &data, &data.saidWire) != nil {
			return
		}
		got := g.reported("inquiry", data, opened1())
		whole := data.Amount != nil && *data.Amount == 250_000 && data.OrderID == "77-1"
		if (got.Outcome == gateway.Captured || got.Outcome == gateway.Authorized) && !whole {
			t.Errorf("%s: got %+v", body, got)
		}
	})
}

func FuzzRefunded(f *testing.F) {
	for _, seed := range []string{
		`{"result":1,"data":{"reversed":true}}`, result(9), `{"result":1,"data":{"split":[null]}}`,
	} {
		f.Add([]byte(seed))
	}
	made, err := New(config("http://127.0.0.1:1"), http.DefaultTransport)
	if err != nil {
		f.Fatal(err)
	}
	g, _ := made.(*Gateway)
	f.Fuzz(func(t *testing.T, body []byte) {
		var data refundAnswer
		if read(client.Answer{Status: 200, Body: body}, &data, &data.saidWire) != nil {
			return
		}
		got := g.refunded(data)
		if (got.Outcome == gateway.Done || got.Outcome == gateway.Underway) && data.Result != platformDone {
			t.Errorf("%s: got %+v", body, got)
		}
	})
}

func FuzzReadReturn(f *testing.F) {
	f.Add("trackId=" + track + "&success=1&status=2&orderId=77")
	f.Add("trackId=1&trackId=2&success=x")
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		if n, ok := (Returner{}).ReadReturn(query); ok && !trackForm.MatchString(n.Session) {
			t.Errorf("%q: got %+v", text, n)
		}
	})
}
