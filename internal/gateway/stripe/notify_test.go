package stripe

import (
	"testing"
	"time"

	"github.com/stripe/stripe-go/v86/webhook"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	emulator "github.com/purserhq/purser/internal/sandbox/stripe"
)

const (
	goodEvent = `{"id":"evt_1","object":"event","type":"checkout.session.completed","api_version":"2026-10-28.endive",` +
		`"livemode":false,"data":{"object":{"id":"cs_test_a1","object":"checkout.session",` +
		`"metadata":{"payment":"77-1","short":"p77000000000001"}}}}`
	foreignEvent = `{"id":"evt_2","object":"event","type":"customer.created","livemode":false,` +
		`"data":{"object":{"id":"cus_1","object":"customer"}}}`
	liveEvent = `{"id":"evt_3","object":"event","type":"checkout.session.completed","livemode":true,` +
		`"data":{"object":{"id":"cs_test_a1","object":"checkout.session"}}}`
)

// signed is a message with the header as the provider would write it.
func signed(body string, at time.Time, secrets ...string) gateway.Message {
	return gateway.Message{
		Method: "POST", Body: []byte(body),
		Header: map[string][]string{"Stripe-Signature": {emulator.Sign(body, at, secrets...)}},
	}
}

func notices() *gatewaytest.Notices {
	now := gatewaytest.Now()
	changed := signed(goodEvent, now, hook)
	changed.Body = append(changed.Body, ' ')
	return &gatewaytest.Notices{
		Good:    signed(goodEvent, now, hook),
		Says:    gateway.Notice{Session: sessionID, Short: "p77000000000001", Good: true},
		Foreign: []gateway.Message{signed(foreignEvent, now, hook), signed(liveEvent, now, hook)},
		Forged: []gateway.Message{
			signed(goodEvent, now, "whsec_other"), signed(goodEvent, now), changed,
			signed(goodEvent, now.Add(-301*time.Second), hook), signed(goodEvent, now.Add(301*time.Second), hook),
			{Body: []byte(goodEvent), Header: map[string][]string{"Stripe-Signature": {"t=1,t=2,v1=00"}}},
		},
		Secrets: []string{"webhook_secret"},
	}
}

// at makes a contract whose clock stands still.
func at(t *testing.T, seconds int64, secret, old string) *Gateway {
	t.Helper()
	c := config("http://127.0.0.1:1")
	c.Now = func() time.Time { return time.Unix(seconds, 0) }
	c.Secrets["webhook_secret"], c.Secrets["webhook_secret_old"] = gateway.Secret(secret), gateway.Secret(old)
	made, err := New(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	g, _ := made.(*Gateway)
	return g
}

func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	const (
		body = `{"id":"evt_1","object":"event"}`
		one  = "4c15fb2a43f93ef61eaa3e0893866d57cad9cad4223242cfb96f362480cb4021"
		two  = "9119b75c4afa8bb5f71433cb34179a57aa261c58b80b417f1f537251b0cd38a8"
	)
	for _, test := range []struct {
		name, secret, old, header string
		now                       int64
		good                      bool
	}{
		{"first", "whsec_test", "", "t=1700000000,v1=" + one, 1700000000, true},
		{"second", "whsec_old", "", "t=1700000000,v1=" + two, 1700000000, true},
		{"the other's", "whsec_test", "", "t=1700000000,v1=" + two, 1700000000, false},
		{"both", "whsec_test", "", "t=1700000000,v1=" + two + ",v1=" + one, 1700000000, true},
		{"both, turned", "whsec_old", "", "t=1700000000,v1=" + two + ",v1=" + one, 1700000000, true},
		{"the old secret", "whsec_new", "whsec_old", "t=1700000000,v1=" + two, 1700000000, true},
		{"v0 alone", "whsec_test", "", "t=1700000000,v0=" + one, 1700000000, false},
		{"at the border", "whsec_test", "", "t=1700000000,v1=" + one, 1700000300, true},
		{"over it", "whsec_test", "", "t=1700000000,v1=" + one, 1700000301, false},
		{"another time", "whsec_test", "", "t=1700000001,v1=" + one, 1700000000, false},
		{"no time", "whsec_test", "", "v1=" + one, 1700000000, false},
	} {
		g := at(t, test.now, test.secret, test.old)
		_, err := gateway.Checked(g, gateway.Message{
			Body: []byte(body), Header: map[string][]string{"Stripe-Signature": {test.header}},
		})
		if (err == nil) != test.good {
			t.Errorf("%s: got %v, want good = %v", test.name, err, test.good)
		}
	}
}

func TestTheLibraryAgrees(t *testing.T) {
	t.Parallel()
	now := time.Now()
	payload := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{
		Payload: []byte(goodEvent), Secret: "whsec_test", Timestamp: now,
	})
	message := gateway.Message{
		Body: payload.Payload, Header: map[string][]string{"Stripe-Signature": {payload.Header}},
	}
	if _, err := gateway.Checked(at(t, now.Unix(), "whsec_test", ""), message); err != nil {
		t.Errorf("we refuse the library's signature: %v", err)
	}
	options := webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true}
	header := emulator.Sign(goodEvent, now, "whsec_old", "whsec_test")
	if _, err := webhook.ConstructEventWithOptions([]byte(goodEvent), header, "whsec_test", options); err != nil {
		t.Errorf("the library refuses the emulator's signature: %v", err)
	}
}

func TestWhatEventsAreAbout(t *testing.T) {
	t.Parallel()
	const frame = `{"object":"event","livemode":false,"type":"x","data":{"object":`
	for body, want := range map[string]gateway.Notice{
		`{"id":"pi_1","object":"payment_intent","metadata":{"short":"s1"}}`: {Short: "s1", Word: "x"},
		`{"id":"pi_1","object":"payment_intent","metadata":{}}`:             {Session: "pi_1", Word: "x"},
		`{"id":"dp_1","object":"dispute","payment_intent":"pi_2"}`:          {Session: "pi_2", Word: "x"},
		`{"id":"re_1","object":"refund","metadata":{"short":"s2"}}`:         {Short: "s2", Word: "x"},
		`{"id":"cs_test_b","object":"checkout.session","metadata":{}}`:      {Session: "cs_test_b", Word: "x"},
		`{"id":"ch_1","object":"charge","payment_intent":{"id":"pi_3"}}`:    {},
		`{"id":"../x","object":"payment_intent"}`:                           {},
	} {
		g := at(t, 1700000000, hook, "")
		n, err := gateway.Checked(g, signed(frame+body+`}}`, time.Unix(1700000000, 0), hook))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := g.ReadNotification(n)
		if ok != (want != gateway.Notice{}) || ok && got != want {
			t.Errorf("%s: got %+v %v, want %+v", body, got, ok, want)
		}
	}
}

func TestFaultsOfEvents(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string]struct{ checked, ours bool }{
		emulator.FaultEventOld:         {false, false},
		emulator.FaultEventWrongSecret: {false, false},
		emulator.FaultEventTwo:         {true, true},
		emulator.FaultEventLivemode:    {true, false},
		emulator.FaultDoubleNotice:     {true, true},
		emulator.FaultEventBefore:      {true, true},
	} {
		s, g := stage(t)
		s.Fault(fault, "", "")
		a := s.Attempt()
		charged := charge(t, g, a, "4242424242424242", false)
		if charged.Report.Outcome != gateway.Captured {
			t.Errorf("%s: got %+v, want captured", fault, charged)
		}
		checked, err := gateway.Checked(g, s.Notified())
		if (err == nil) != want.checked {
			t.Errorf("%s: got %v, want it checked: %v", fault, err, want.checked)
		}
		if err != nil {
			continue
		}
		if n, ok := g.ReadNotification(checked); ok != want.ours || ok && n.Short != a.Short {
			t.Errorf("%s: got %+v %v, want it ours: %v", fault, n, ok, want.ours)
		}
	}
}

func TestDisputesAreNoted(t *testing.T) {
	t.Parallel()
	s, g := stage(t)
	s.Fault(emulator.FaultDispute, "", "")
	a := s.Pay()
	got := g.Resolve(t.Context(), a, gateway.Look)
	if got.Outcome != gateway.Captured || got.Alarm == "" || got.Card != "************4242" {
		t.Errorf("got %+v, want captured with an alarm", got)
	}
}
