package sslcommerz

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// Whatever the bytes, only a validation that names everything of ours is money.
func FuzzValidation(f *testing.F) {
	f.Add([]byte(paid))
	f.Add([]byte(`{"APIConnect":"DONE","status":"VALID","amount":2500,"currency":null}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var data validated
		if err := (client.Answer{Status: http.StatusOK, Body: body}).Decode(&data); err != nil {
			return
		}
		g := &Gateway{store: storeID}
		a := begun()
		if why := g.differs(a, val, data.try); why == "" && (data.Tran != short || data.Amount.taka() != a.Amount) {
			t.Errorf("%s was taken for ours", body)
		}
	})
}

func FuzzReadReturn(f *testing.F) {
	f.Add("tran_id=" + short + "&status=VALID&val_id=" + val)
	f.Add("tran_id=a&tran_id=b&status=FAILED")
	f.Add("tran_id=a&status=%ff")
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		if n, ok := (Returner{}).ReadReturn(query); ok && (!sessionForm.MatchString(n.Session) || n.Word == "") {
			t.Errorf("%q: got %+v", text, n)
		}
	})
}

// Without the password no message passes, whatever it claims to be summed.
func FuzzCheckMessage(f *testing.F) {
	f.Add(message(goodForm(), "guess").Body)
	f.Add([]byte("verify_key=tran_id&verify_sign=08f4525f0c5618167984185415058ffa&tran_id=T-1"))
	made, err := New(config("http://127.0.0.1:1"), nil)
	if err != nil {
		f.Fatal(err)
	}
	n, _ := made.(gateway.Notifier)
	f.Fuzz(func(t *testing.T, body []byte) {
		if err := n.CheckMessage(gateway.Message{Method: http.MethodPost, Body: body}); err == nil {
			t.Errorf("%q passed", body)
		}
	})
}
