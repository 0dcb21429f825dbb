package zibal

import (
	"net/http"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/sandbox"
	emulator "github.com/purserhq/purser/internal/sandbox/zibal"
)

func world(switches map[string]string) gatewaytest.World {
	return gatewaytest.World{
		Kit: kit(), StartCall: "request", TakeCall: "verify", RefundCall: "refund", Traceable: true,
		Emulator: func(t *testing.T, publicURL string) (provider, control http.Handler) {
			t.Helper()
			e, err := emulator.New(sandbox.Options{
				PublicURL: publicURL, Seed: 7, Now: time.Now, Switches: switches,
				Merchants: []sandbox.Merchant{{ID: merchantID, PanelToken: "platform-token-canary"}},
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
			"verify-201-body": "full", "track-id-type": "text", "success-word": "true/false",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.RunEmulator(t, world(switches))
		})
	}
}
