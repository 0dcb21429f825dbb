package nagad

import (
	"net/http"
	"sync"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/sandbox"
	emulator "github.com/purserhq/purser/internal/sandbox/nagad"
)

// emulatorKeys are the same pairs for the kit's contract and the emulator.
var emulatorKeys = sync.OnceValue(func() emulator.Keys {
	return emulator.Keys{MerchantPrivate: privateText(made().ours), PGPrivate: privateText(made().theirs)}
})

func world(switches map[string]string) gatewaytest.World {
	k := kit()
	k.Config = func(base string) gateway.Config {
		c := config(base + "/api/dfs")
		c.Settings["merchant_header"] = "on"
		return c
	}
	return gatewaytest.World{
		Kit: k, StartCall: "complete", TakeCall: "verify", RefundCall: "cancel", Traceable: true,
		Emulator: func(t *testing.T, publicURL string) (provider, control http.Handler) {
			t.Helper()
			e, err := emulator.NewWithKeys(sandbox.Options{
				PublicURL: publicURL, Seed: 7, Now: gatewaytest.Now, Switches: switches,
			}, emulatorKeys())
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
			"signature-hash": "sha1-accepted", "path-name": "both", "require-mc-id": "on",
			"repeat-initialize": "new-reference", "success-code-form": "00_000_000", "leave-word": "Cancelled",
			"failure-body": "devMessage", "cancel-query": "orderId-only", "order-life": "1h", "clock-tolerance": "off",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.RunEmulator(t, world(switches))
		})
	}
}
