package ifthenpay

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/sandbox"
	emulator "github.com/purserhq/purser/internal/sandbox/ifthenpay"
)

// world is an emulator whose callbacks go to the scene's own address.
func world(switches map[string]string) gatewaytest.World {
	return gatewaytest.World{
		Kit: kit(), StartCall: "start", TakeCall: "status", RefundCall: "refund", Blind: true,
		Register: activate(switches["callback-names"]),
		Emulator: func(t *testing.T, publicURL string) (provider, control http.Handler) {
			t.Helper()
			e, err := emulator.New(sandbox.Options{
				PublicURL: publicURL, Seed: 7, Now: time.Now, Switches: switches,
				Merchants: []sandbox.Merchant{{ID: keyID, PanelToken: officeKey}},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = e.Close() }) // it keeps nothing
			return e, e.Control()
		},
	}
}

// activate does what the merchant's operator does: it tells the provider where callbacks go.
func activate(names string) func(s *gatewaytest.Scene, address string) {
	template := CallbackQuery
	if names == "old" {
		template = OlderCallbackQuery
	}
	return func(s *gatewaytest.Scene, address string) {
		g, _ := s.Gateway.(*Gateway)
		register(g.office, address+"?"+template)
	}
}

func register(office, template string) {
	body := `{"chave":"` + officeKey + `","entidade":"MBWAY","subentidade":"` + keyID + `","apKey":"` + antiKey +
		`","urlCb":"` + template + `"}`
	answer, err := http.Post(office+"/endpoint/callback/activation", "application/json", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	_ = answer.Body.Close() // read from nothing
	if answer.StatusCode != http.StatusOK {
		panic("callbacks are not activated: " + answer.Status)
	}
}

func TestEmulator(t *testing.T) {
	t.Parallel()
	for name, switches := range map[string]map[string]string{
		"usual": nil,
		"other": {
			"bare-number": "refused", "description-cut": "70", "min-amount": "0.50", "refund-repeat": "refused",
			"callback-names": "old",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.RunEmulator(t, world(switches))
		})
	}
}
