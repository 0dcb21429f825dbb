package clients

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
	"github.com/purserhq/purser/internal/sandbox/bkash"
)

// The public client of bKash does all of its business with the emulator, with one token for all of it.
func TestPublicClientOfBkash(t *testing.T) {
	t.Parallel()
	install(t)
	server := httptest.NewUnstartedServer(nil)
	address := "http://" + server.Listener.Addr().String()
	live, err := bkash.New(sandbox.Options{PublicURL: address, Now: time.Now})
	if err != nil {
		t.Fatalf("make emulator: %v", err)
	}
	server.Config.Handler = live
	server.Start()
	defer server.Close()
	run(t, "bkash.mjs", []string{"EMULATOR_URL=" + address})
	want := sandbox.Books{Payments: 7, Charged: 60_200, Captured: 45_150, Reversed: 15_050, Refunded: 5_000}
	if got := live.Books(); got != want {
		t.Errorf("books: got %+v, want %+v", got, want)
	}
	if grants := live.CallsOf("grant"); len(grants) != 1 {
		t.Errorf("got %d tokens, want 1", len(grants))
	}
	for _, entry := range live.CallsOf("unknown") {
		if !strings.HasPrefix(entry.Path, "/v1.2.0-beta/checkout/") {
			t.Errorf("the client called %s %s, which the emulator does not have", entry.Method, entry.Path)
		}
	}
}
