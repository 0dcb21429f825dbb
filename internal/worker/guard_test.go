package worker

import (
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway/client"
)

// TestGuardedNames dials names whose server changes its answer: what was private once it was
// dialed never hears of a call, and addresses in numbers are dialed as they are.
func TestGuardedNames(t *testing.T) {
	t.Parallel()
	inside := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}")) // a caller who is gone needs none
	})
	for _, tc := range []struct {
		name     string
		loopback bool
		host     string
		first    string
		then     string
		want     [2]bool // that the first and the second call are answered
	}{
		{"a name that leads inside", false, "bank.example", "127.0.0.1", "127.0.0.1", [2]bool{}},
		{"a name of a private network", false, "bank.example", "10.0.0.7", "169.254.169.254", [2]bool{}},
		{"a name that changes", true, "bank.example", "127.0.0.1", "10.0.0.7", [2]bool{true, false}},
		{"a name that is inside at last", true, "bank.example", "fd00::1", "127.0.0.1", [2]bool{false, true}},
		{"an address in numbers", false, "127.0.0.1", "10.0.0.7", "10.0.0.7", [2]bool{true, true}},
		{"an address in wide digits", true, "１２７.０.０.１", "127.0.0.1", "127.0.0.1", [2]bool{}},
		{"an address with wide points", true, "127。0．0｡1", "127.0.0.1", "127.0.0.1", [2]bool{}},
		{"this machine in wide letters", true, "ｌｏｃａｌｈｏｓｔ", "127.0.0.1", "127.0.0.1", [2]bool{}},
		{"what is no name", true, "\u200b", "127.0.0.1", "127.0.0.1", [2]bool{}},
		{"a name in other letters", true, "بانک.example", "127.0.0.1", "10.0.0.7", [2]bool{true, false}},
		{"this machine by name", false, "localhost", "10.0.0.7", "10.0.0.7", [2]bool{true, true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			transport, turn := client.Transport(), new(atomic.Int64)
			transport.DisableKeepAlives = true // each call dials
			guardNames(transport, tc.loopback, resolving(t, func(int, bool) []netip.Addr {
				return addresses([2]string{tc.first, tc.then}[turn.Load()])
			}))
			c := client.New(transport, 5*time.Second)
			for call, want := range tc.want {
				turn.Store(int64(call))
				ctx, dialed := watched(t)
				_, err := c.Send(ctx, client.Call{URL: "http://" + tc.host + ":" + port(t, inside.URL) + "/pay"})
				if answered := err == nil; answered != want {
					t.Errorf("call %d: got error %v, want an answer: %v", call, err, want)
				}
				if n := len(dialed()); n > 0 != want {
					t.Errorf("call %d: connected %d times, want it: %v", call, n, want)
				}
			}
		})
	}
}
