package bkash

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/money"
)

func made(f *testing.F) *Gateway {
	f.Helper()
	opened, err := New(config("http://127.0.0.1:1"), http.DefaultTransport)
	if err != nil {
		f.Fatal(err)
	}
	g, _ := opened.(*Gateway)
	return g
}

// Whatever a report holds, only our payment, amount and invoice are money.
func FuzzReported(f *testing.F) {
	for _, seed := range []string{paidAnswer, openAnswer, fault("2023"), `{}`, `null`, `{"statusCode":0,"amount":1}`} {
		f.Add([]byte(seed))
	}
	g := made(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var data report
		if g.read(client.Answer{Status: 200, Body: body}, &data, &data.said) != nil || data.code() != codeDone {
			return
		}
		got := g.reported("execute", data, opened1())
		ours := data.PaymentID == session && data.Amount.In(money.BDT) == money.New(250_000, money.BDT) &&
			data.Invoice == "77-1" && data.Currency == "BDT" && data.TrxID != ""
		if got.Outcome == gateway.Captured && !ours {
			t.Errorf("%s: got %+v", body, got)
		}
		if got.Outcome == gateway.Captured && got.Receipt == "" {
			t.Errorf("%s: got %+v without a receipt", body, got)
		}
	})
}

func FuzzReadReturn(f *testing.F) {
	f.Add("paymentID=" + session + "&status=success&signature=x&apiVersion=1.2.0-beta")
	f.Add("paymentID=1&paymentID=2&status=x")
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		if n, ok := (Returner{}).ReadReturn(query); ok && !sessionForm.MatchString(n.Session) {
			t.Errorf("%q: got %+v", text, n)
		}
	})
}

func FuzzPlain(f *testing.F) {
	f.Add("returned")
	f.Add("<a>&\x00")
	f.Fuzz(func(t *testing.T, text string) {
		if got := plain(text); got != "" && !fits(got) {
			t.Errorf("%q: got %q", text, got)
		}
	})
}
