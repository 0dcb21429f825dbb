package nagad

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// Whatever verify says, only our payment with both words of success and a
// receipt is a capture.
func FuzzReported(f *testing.F) {
	for _, seed := range []string{paidAnswer, openAnswer("Ready"), openAnswer("Cancelled"), `{}`, `{"reason":"x"}`} {
		f.Add([]byte(seed))
	}
	connector, err := New(config("http://127.0.0.1:1"), http.DefaultTransport)
	if err != nil {
		f.Fatal(err)
	}
	g, _ := connector.(*Gateway)
	a := attempt()
	f.Fuzz(func(t *testing.T, body []byte) {
		var facts factsWire
		if (client.Answer{Status: 200, Body: body}).Decode(&facts) != nil {
			return
		}
		got := g.reported(facts, a)
		ours := facts.Status == "Success" && facts.StatusCode == "000" && facts.MerchantID == merchantID &&
			facts.OrderID == short && facts.PaymentRefID == reference && equal(facts.Amount, a.Amount)
		if got.Outcome == gateway.Captured && (!ours || got.Receipt == "") {
			t.Errorf("%s: got %+v", body, got)
		}
	})
}

func FuzzReadReturn(f *testing.F) {
	f.Add("merchant=1&order_id=ORD1&payment_ref_id=" + reference + "&status=Success&status_code=00_0000_000")
	f.Add("payment_ref_id=a&payment_ref_id=b&status=x")
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		n, ok := (Returner{}).ReadReturn(query)
		if ok && (!referenceForm.MatchString(n.Session) || n.Good != (query.Get("status") == "Success")) {
			t.Errorf("%q: got %+v", text, n)
		}
	})
}

// Nothing opens that was not sealed and signed, and nothing makes it panic.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(said(welcomed)))
	f.Add([]byte(`{"sensitiveData":"YQ==","signature":"YQ=="}`))
	ours := keys{ours: made().ours, theirs: &made().theirs.PublicKey}
	f.Fuzz(func(t *testing.T, body []byte) {
		var s sealedWire
		if json.Unmarshal(body, &s) != nil {
			return
		}
		text, err := ours.open(sealed{data: s.SensitiveData, signature: s.Signature})
		if err == nil && string(text) != welcomed {
			t.Errorf("got %s out of %s", text, body)
		}
	})
}
