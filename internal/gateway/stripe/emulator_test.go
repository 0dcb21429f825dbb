package stripe

import (
	"net/http"
	"sync"
	"testing"

	"github.com/purserhq/purser/internal/gateway/gatewaytest"
	"github.com/purserhq/purser/internal/sandbox"
	emulator "github.com/purserhq/purser/internal/sandbox/stripe"
)

// emulators are the running ones, by the contract that is open with each.
type emulators struct {
	mu   sync.Mutex
	last map[string]*emulator.Emulator
}

func world(switches map[string]string) gatewaytest.World {
	var made emulators
	made.last = map[string]*emulator.Emulator{}
	return gatewaytest.World{
		Kit: kit(), StartCall: "session", TakeCall: "read", RefundCall: "refund", Traceable: true, StaysOpen: true,
		Emulator: func(t *testing.T, publicURL string) (provider, control http.Handler) {
			t.Helper()
			e, err := emulator.New(sandbox.Options{
				PublicURL: publicURL, Seed: 7, Now: gatewaytest.Now, Switches: switches,
				Merchants: []sandbox.Merchant{{ID: "acct_1", PanelToken: secretKey}},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = e.Close() })
			made.mu.Lock()
			defer made.mu.Unlock()
			made.last[publicURL] = e
			return e, e.Control()
		},
		Register: func(s *gatewaytest.Scene, address string) {
			g, ok := s.Gateway.(*Gateway)
			if !ok {
				panic("another gateway")
			}
			made.mu.Lock()
			defer made.mu.Unlock()
			err := made.last[g.base].SetMerchant(sandbox.Merchant{
				ID: "acct_1", PanelToken: secretKey, NoticeURL: address, NoticeKey: hook,
			})
			if err != nil {
				panic(err)
			}
		},
	}
}

func TestEmulator(t *testing.T) {
	t.Parallel()
	for name, switches := range map[string]map[string]string{
		"usual": nil,
		"other": {
			"event-version": "other train", "webhook-retry": "test plan", "unknown-parameter": "ignored",
			"idempotency-mismatch-status": "409",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gatewaytest.RunEmulator(t, world(switches))
		})
	}
	t.Run("session", func(t *testing.T) {
		t.Parallel()
		w := world(nil)
		w.TakeCall = "read-session"
		gatewaytest.RunEmulator(t, w)
	})
}
