package server

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// TestNoticesOfGateways sends messages as a provider's server does, and as
// strangers do.
func TestNoticesOfGateways(t *testing.T) {
	t.Parallel()
	r := start(t, Config{PublicURL: "http://127.0.0.1:1"}, nil)
	m, err := r.app.CreateMerchant(t.Context(), app.NewMerchant{Name: "Shop"})
	if err != nil {
		t.Fatal(err)
	}
	for name, connector := range map[string]string{"mbway": "ifthenpay", "till": "manual"} {
		secrets := map[string]Secret{}
		if connector == "ifthenpay" {
			secrets = map[string]Secret{
				"mbway_key": "ITP-000000", "backoffice_key": "1111-2222-3333-4444", "anti_phishing_key": "rightkey-rightkey",
			}
		}
		sealed, err := r.ring.sealCredentials(m.ID, name, secrets)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.app.PutGateway(t.Context(), merchant.Gateway{
			Merchant: m.ID, Name: name, Connector: connector, Enabled: true, Sealed: sealed,
			Settings: map[string]string{"mode": "test"},
		}); err != nil {
			t.Fatal(err)
		}
	}
	const told = "orderId=000000000000000&amount=10.50&requestId=Aa0Bb1Cc2Dd3Ee4Ff5Gg"
	for _, c := range []struct {
		name, method, path, query, body string
		status                          int
	}{
		{"ours, about nothing of ours", "GET", "/mbway", "key=rightkey-rightkey&" + told, "", http.StatusOK},
		{"another key", "GET", "/mbway", "key=wrong&" + told, "", http.StatusForbidden},
		{"no key", "GET", "/mbway", told, "", http.StatusForbidden},
		{"a gateway that tells nothing", "POST", "/till", "", "{}", http.StatusNotFound},
		{"no such gateway", "GET", "/other", "", "", http.StatusNotFound},
		{"as large as may be", "POST", "/mbway", "", strings.Repeat("x", noticeBody), http.StatusForbidden},
		{"too large", "POST", "/mbway", "", strings.Repeat("x", noticeBody+1), http.StatusRequestEntityTooLarge},
	} {
		address := r.url + "/notify/" + m.ID + c.path + "?" + c.query
		request, err := http.NewRequestWithContext(t.Context(), c.method, address, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := r.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
		if answer.StatusCode != c.status || err != nil {
			t.Errorf("%s: got %d %s, %v; want %d", c.name, answer.StatusCode, text, err, c.status)
		}
	}
}

// TestNoticesAreLimited wants one address to wait after so many messages, whether they can be read or not, and no
// other to wait for it.
func TestNoticesAreLimited(t *testing.T) {
	t.Parallel()
	at, all := time.Unix(1_790_000_000, 0), newRoutes()
	addNotices(all, &core{now: func() time.Time { return at }})
	tell := func(from string) *httptest.ResponseRecorder {
		message := httptest.NewRequest(http.MethodPost, "/notify/m/till", iotest.ErrReader(io.ErrUnexpectedEOF))
		message.RemoteAddr = from
		answer := httptest.NewRecorder()
		all.mux.ServeHTTP(answer, message)
		return answer
	}
	for n := range noticeBurst {
		if got := tell("192.0.2.1:1000"); got.Code != http.StatusRequestEntityTooLarge {
			t.Fatalf("message %d: got %d, want it to be read", n, got.Code)
		}
	}
	if got := tell("192.0.2.1:1001"); got.Code != http.StatusTooManyRequests || got.Header().Get("Retry-After") == "" {
		t.Errorf("one more: got %d and %v, want it to wait", got.Code, got.Header())
	}
	if got := tell("192.0.2.2:1000"); got.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("of another address: got %d, want it to be read", got.Code)
	}
	at = at.Add(noticePause)
	for _, want := range []int{http.StatusRequestEntityTooLarge, http.StatusTooManyRequests} {
		if got := tell("192.0.2.1:1000"); got.Code != want {
			t.Errorf("after a pause: got %d, want %d", got.Code, want)
		}
	}
}

// TestGatewayOverCalls wants a contract that came over a call to work as one of the
// command line: its credentials are sealed, and what a connector cannot use is named.
func TestGatewayOverCalls(t *testing.T) {
	t.Parallel()
	r := start(t, Config{PublicURL: "http://127.0.0.1:1"}, nil)
	m, err := r.app.CreateMerchant(t.Context(), app.NewMerchant{Name: "Shop"})
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{"mode": "test"}
	secrets := map[string]string{
		"mbway_key": "ITP-000000", "backoffice_key": "1111-2222-3333-4444", "anti_phishing_key": "canary-canary-canary",
	}
	wish := app.NewGateway{
		Merchant: m.ID, Name: "mbway", Connector: "ifthenpay",
		GatewayTerms: app.GatewayTerms{Settings: &settings, Credentials: &secrets},
	}
	made, err := r.app.AddGateway(t.Context(), wish)
	if err != nil || made.Health != app.Healthy || len(made.Sealed) == 0 ||
		strings.Contains(string(made.Sealed), "canary") ||
		!strings.HasPrefix(made.Notices, "http://127.0.0.1:1/notify/"+m.ID+"/mbway") {
		t.Fatalf("got %+v, %v", made, err)
	}
	opened, err := r.ring.openCredentials(made.Gateway)
	if err != nil || opened["anti_phishing_key"].Reveal() != secrets["anti_phishing_key"] {
		t.Errorf("got %v, %v", opened, err)
	}
	wish.Name = "more"
	for _, c := range []struct {
		param  string
		change func()
	}{
		{"mode", func() { settings["mode"] = "tset" }},
		{"base_ulr", func() { settings["mode"], settings["base_ulr"] = "test", "https://bank.example" }},
		{"mbway_key", func() { delete(settings, "base_ulr"); delete(secrets, "mbway_key") }},
	} {
		c.change()
		_, err := r.app.AddGateway(t.Context(), wish)
		if f := fault.From(err); !fault.Is(err, fault.CodeSettingInvalid) || f.Param != c.param {
			t.Errorf("%s: got %v", c.param, err)
		}
	}
}
