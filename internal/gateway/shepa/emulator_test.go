package shepa

import (
	"net/http"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/sandbox"
	emulator "github.com/purserhq/purser/internal/sandbox/shepa"
)

func world(switches map[string]string) gatewaytest.World {
	return gatewaytest.World{
		Kit: kit(), StartCall: "token", TakeCall: "verify", RefundCall: "refund",
		// The provider has no words beside success, so there is none to be unknown.
		Without: []string{"unknown-word"},
		Emulator: func(t *testing.T, publicURL string) (provider, control http.Handler) {
			t.Helper()
			e, err := emulator.New(sandbox.Options{
				PublicURL: publicURL, Seed: 7, Now: time.Now, Switches: switches,
				Merchants: []sandbox.Merchant{{ID: apiKey}},
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
			"error-member": "errors", "error-type": "text", "failure-status": "422", "refund-body": "api",
			"id-type": "text", "cancel-word": "failed", "return-message": "on", "require-description": "on",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.RunEmulator(t, world(switches))
		})
	}
}
