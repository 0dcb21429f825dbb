package app_test

import (
	"bytes"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

func TestAddGateway(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	known, err := s.app.Gateways(t.Context(), s.merchant)
	if err != nil || len(known) == 0 {
		t.Fatalf("got %v, %v", known, err)
	}
	connector := known[0].Connector
	settings, secrets := map[string]string{"mode": "test"}, map[string]string{"key": "canary"}
	made, err := s.app.AddGateway(t.Context(), app.NewGateway{
		Merchant: s.merchant, Name: "till", Connector: connector,
		GatewayTerms: app.GatewayTerms{Settings: &settings, Credentials: &secrets},
	})
	if err != nil || !made.Enabled || made.Version != 1 || made.Settings["mode"] != "test" || len(made.Sealed) == 0 {
		t.Fatalf("got %+v, %v", made, err)
	}
	change := func(terms app.GatewayTerms) (app.Contract, error) {
		return s.app.ChangeGateway(t.Context(), s.merchant, "till", terms)
	}
	off, order := false, 9
	changed, err := change(app.GatewayTerms{Enabled: &off, Order: &order})
	if err != nil || changed.Enabled || changed.Order != 9 || changed.Connector != connector ||
		changed.Settings["mode"] != "test" || !bytes.Equal(changed.Sealed, made.Sealed) ||
		changed.CreatedAt != made.CreatedAt {
		t.Errorf("got %+v, %v, want the rest as it was: %+v", changed, err, made)
	}
	elsewhere := map[string]string{"mode": "test", "base_url": "https://elsewhere.example/"}
	_, err = change(app.GatewayTerms{Settings: &elsewhere})
	if !fault.Is(err, fault.CodeParameterMissing) || fault.From(err).Param != "credentials" {
		t.Errorf("another address without credentials: got %v", err)
	}
	if _, err = change(app.GatewayTerms{Settings: &elsewhere, Credentials: &secrets}); err != nil {
		t.Errorf("another address with credentials: got %v", err)
	}
	again := map[string]string{"mode": "live", "base_url": "https://elsewhere.example/"}
	if changed, err = change(app.GatewayTerms{Settings: &again}); err != nil || changed.Settings["mode"] != "live" {
		t.Errorf("the same address: got %+v, %v", changed, err)
	}
	none := map[string]string{}
	if changed, err = change(app.GatewayTerms{Credentials: &none}); err != nil || len(changed.Sealed) != 0 {
		t.Errorf("got %+v, %v, want no credentials", changed, err)
	}
	inside := map[string]string{"base_url": "http://10.0.0.1/"}
	for _, c := range []struct {
		n     app.NewGateway
		code  fault.Code
		param string
	}{
		{app.NewGateway{Name: "till", Connector: connector}, fault.CodeDuplicate, "name"},
		{app.NewGateway{Name: "a b", Connector: connector}, fault.CodeParameterInvalid, "name"},
		{app.NewGateway{Name: "..", Connector: connector}, fault.CodeParameterInvalid, "name"},
		{app.NewGateway{Name: "third", Connector: "nobody"}, fault.CodeSettingInvalid, "connector"},
		{
			app.NewGateway{Name: "third", Connector: connector, GatewayTerms: app.GatewayTerms{Settings: &inside}},
			fault.CodeParameterInvalid, "settings.base_url",
		},
	} {
		c.n.Merchant = s.merchant
		if _, err := s.app.AddGateway(t.Context(), c.n); !fault.Is(err, c.code) || fault.From(err).Param != c.param {
			t.Errorf("%+v: got %v, want %s of %s", c.n, err, c.code, c.param)
		}
	}
	_, err = s.app.AddGateway(t.Context(), app.NewGateway{Merchant: "none", Name: "x", Connector: connector})
	if !fault.Is(err, fault.CodeMerchantNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := s.app.ChangeGateway(t.Context(), s.merchant, "third", app.GatewayTerms{}); !fault.Is(err,
		fault.CodeGatewayNotFound) {
		t.Errorf("got %v", err)
	}
}

// TestGatewayAddressesOfCalls takes no address that leads inside once it is dialed, however it
// is written, and none that cannot be dialed.
func TestGatewayAddressesOfCalls(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	known, err := s.app.Gateways(t.Context(), s.merchant)
	if err != nil || len(known) == 0 {
		t.Fatalf("got %v, %v", known, err)
	}
	for host, want := range map[string]bool{
		"bank.example": true, "bank.example:8443": true, "bank.example:65535": true, "bank.example:": true,
		"بانک.example": true, "xn--mgbb9fbb.example": true, "bücher.example": true, "9.9.9.9": true,
		"127.0.0.1": false, "localhost": false, "bank.example:0": false, "bank.example:99999": false, "9.9.9.9:65536": false,
		"１２７.０.０.１:18400": false, "127。0。0。1": false, "127．0．0．1": false, "127｡0.0.1": false, "127.0.0．1": false,
		"①②⑦.⓪.⓪.①": false, "𝟏𝟐𝟕.𝟎.𝟎.𝟏": false, "¹²⁷.⁰.⁰.¹": false, "127.0.0.١": false, "１０.0.0.7": false,
		"０ｘ7f000001": false, "ｌｏｃａｌｈｏｓｔ": false, "ⓛocalhost.": false, "local\u00adhost": false,
		"a.ʟocalhost．": true, "a.ｌocalhost。": false, "%EF%BC%91%EF%BC%92%EF%BC%97.0.0.1": false,
		"\u200b": false, ".": false, ":80": false,
	} {
		for _, setting := range []string{"base_url", "platform_url"} {
			settings := map[string]string{"mode": "test", setting: "http://" + host + "/"}
			_, err := s.app.AddGateway(t.Context(), app.NewGateway{
				Merchant: s.merchant, Name: s.newID(), Connector: known[0].Connector,
				GatewayTerms: app.GatewayTerms{Settings: &settings},
			})
			if want && err == nil {
				continue
			}
			if want || !fault.Is(err, fault.CodeParameterInvalid) || fault.From(err).Param != "settings."+setting {
				t.Errorf("%s of %q: got %v, want it taken: %v", setting, host, err, want)
			}
		}
	}
}

// A contract that no connector can be made of can still be disabled, and only that.
func TestBrokenGatewayIsDisabled(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	odd := merchant.Gateway{Merchant: s.merchant, Name: "odd", Connector: "odd", Enabled: true}
	if err := s.app.PutGateway(t.Context(), odd); err != nil {
		t.Fatal(err)
	}
	off, settings := false, map[string]string{}
	g, err := s.app.ChangeGateway(t.Context(), s.merchant, "odd", app.GatewayTerms{Enabled: &off})
	if err != nil || g.Enabled || g.Health != app.Broken {
		t.Errorf("got %+v, %v", g, err)
	}
	if _, err := s.app.ChangeGateway(t.Context(), s.merchant, "odd", app.GatewayTerms{Settings: &settings}); !fault.Is(err,
		fault.CodeSettingInvalid) {
		t.Errorf("got %v", err)
	}
}
