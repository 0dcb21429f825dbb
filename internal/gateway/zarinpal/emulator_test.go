package zarinpal

import (
	"net/http"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/sandbox"
	emulator "github.com/purserhq/purser/internal/sandbox/zarinpal"
)

func world(switches map[string]string) gatewaytest.World {
	return gatewaytest.World{
		Kit: kit(), StartCall: "request", TakeCall: "verify", RefundCall: "refund", Traceable: true,
		Emulator: func(t *testing.T, publicURL string) (provider, control http.Handler) {
			t.Helper()
			e, err := emulator.New(sandbox.Options{
				PublicURL: publicURL, Seed: 7, Now: time.Now, Switches: switches,
				Merchants: []sandbox.Merchant{{
					ID: merchantID, PanelToken: "panel-token-canary", Flags: []string{"terminal:231"},
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
			"error-status": "200", "error-shape": "list", "reverse-empty-data": "object", "unverified-code": "text",
			"verify-extra": "short", "verify-text": "Verified", "panel-id": "ref-id",
		},
		"nested": {"error-status": "400", "error-shape": "nested-text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.RunEmulator(t, world(switches))
		})
	}
}
