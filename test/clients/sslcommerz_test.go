package clients

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
	"github.com/purserhq/purser/internal/sandbox/sslcommerz"
)

// The vendor's client of SSLCommerz opens, pays, validates, lists and refunds
// on the emulator. It sends no refund_trans_id.
func TestClientOfSSLCommerz(t *testing.T) {
	t.Parallel()
	install(t)
	server := httptest.NewUnstartedServer(nil)
	address := "http://" + server.Listener.Addr().String()
	live := opened(t, sslcommerz.New, sandbox.Options{
		PublicURL: address, Now: time.Now, Switches: map[string]string{"require-refund-trans-id": "off"},
	})
	server.Config.Handler = live
	server.Start()
	defer server.Close()
	run(t, "sslcommerz.mjs", []string{"EMULATOR_URL=" + address})
	want := sandbox.Books{Payments: 1, Charged: 250_050, Captured: 250_050, Pending: 100_000}
	if got := live.Books(); got != want {
		t.Errorf("books: got %+v, want %+v", got, want)
	}
	for _, entry := range live.Journal() {
		if entry.Call == "unknown" {
			t.Errorf("the client called %s %s, which the emulator does not have", entry.Method, entry.Path)
		}
	}
}
