package bkash

import (
	"net/http"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/sandbox"
	emulator "github.com/purserhq/purser/internal/sandbox/bkash"
)

func world(switches map[string]string) gatewaytest.World {
	return gatewaytest.World{
		Kit: kit(), StartCall: "create", TakeCall: "execute", RefundCall: "refund", Traceable: true,
		Emulator: func(t *testing.T, publicURL string) (provider, control http.Handler) {
			t.Helper()
			now := time.Now()
			e, err := emulator.New(sandbox.Options{
				PublicURL: publicURL, Seed: 7, Now: func() time.Time { return now }, Switches: switches,
				Merchants: []sandbox.Merchant{{
					ID: keyCanary, PanelToken: keySecret, Flags: []string{"username:" + userCanary, "password:" + passCanary},
				}},
			})
			if err != nil {
				t.Fatal(err)
			}
			return e, e.Control()
		},
	}
}

func TestEmulator(t *testing.T) {
	t.Parallel()
	for name, switches := range map[string]map[string]string{
		"usual": nil,
		"other": {
			"error-shape": "errorCode", "bkash-url-form": "old", "callback-extra": "signature", "payment-life": "24h",
			"refund-v2-error-status": "200", "token-prefix": "both",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.RunEmulator(t, world(switches))
		})
	}
}
