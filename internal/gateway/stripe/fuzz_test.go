package stripe

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	stripego "github.com/stripe/stripe-go/v86"

	"github.com/purserhq/purser/internal/gateway"
)

func fuzzed(f *testing.F) *Gateway {
	f.Helper()
	made, err := New(config("http://127.0.0.1:1"), http.DefaultTransport)
	if err != nil {
		f.Fatal(err)
	}
	g, _ := made.(*Gateway)
	return g
}

// Whatever an intent holds, only our amount, order, currency and mode are money.
func FuzzIntent(f *testing.F) {
	for _, seed := range []string{intent(250000, "succeeded"), intent(0, "requires_capture"), `{}`, `null`} {
		f.Add([]byte(seed))
	}
	g := fuzzed(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		var i stripego.PaymentIntent
		if json.Unmarshal(body, &i) != nil {
			return
		}
		got := g.intentReport(&i, opened(), intentID, 250000)
		whole := i.Metadata[metaPayment] == "77-1" && i.Currency == "eur" && !i.Livemode && i.ID == intentID
		if got.Outcome == gateway.Captured && (!whole || i.AmountReceived != 250000) ||
			got.Outcome == gateway.Authorized && (!whole || i.AmountCapturable != 250000) {
			t.Errorf("%s: got %+v", body, got)
		}
	})
}

// No message without a good signature is a notification.
func FuzzSignature(f *testing.F) {
	f.Add("t=1700000000,v1=00", "{}")
	f.Add("t=1700000000,v0=00,v1=,v1", goodEvent)
	g := fuzzed(f)
	g.now = func() time.Time { return time.Unix(1700000000, 0) }
	f.Fuzz(func(t *testing.T, header, body string) {
		m := gateway.Message{Body: []byte(body), Header: map[string][]string{"Stripe-Signature": {header}}}
		if g.CheckMessage(m) == nil {
			t.Errorf("%q of %q passes", header, body)
		}
	})
}

func FuzzReadReturn(f *testing.F) {
	f.Add("checkout=paid&session_id=cs_test_a1")
	f.Add("payment_intent=pi_1&redirect_status=succeeded")
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		n, ok := (Returner{}).ReadReturn(query)
		theirs := sessionForm.MatchString(n.Session) || intentForm.MatchString(n.Session)
		if ok && !theirs && !shortForm.MatchString(n.Short) {
			t.Errorf("%q: got %+v", text, n)
		}
	})
}
