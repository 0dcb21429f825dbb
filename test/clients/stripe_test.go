package clients

import (
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
	"github.com/purserhq/purser/internal/sandbox/stripe"
)

// The vendor's own library pays at the emulator, and believes the events that it sends.
func TestPublicClientOfStripe(t *testing.T) {
	t.Parallel()
	install(t)
	const secret = "whsec_client"
	port := freePort(t)
	server := httptest.NewUnstartedServer(nil)
	address := "http://" + server.Listener.Addr().String()
	live, err := stripe.New(sandbox.Options{
		PublicURL: address, Now: time.Now, Merchants: []sandbox.Merchant{{
			ID: stripe.Account, NoticeURL: "http://127.0.0.1:" + port + "/events", NoticeKey: secret,
		}},
	})
	if err != nil {
		t.Fatalf("make emulator: %v", err)
	}
	defer func() {
		if err := live.Close(); err != nil {
			t.Error(err)
		}
	}()
	server.Config.Handler = live
	server.Start()
	defer server.Close()
	run(t, "stripe.mjs", []string{"EMULATOR_URL=" + address, "WEBHOOK_SECRET=" + secret, "WEBHOOK_PORT=" + port})
	want := sandbox.Books{
		Payments: 6, Charged: 1999 + 600 + 1000 + 1999 + 2500, Captured: 1999 + 600 + 1999 + 2500, Returned: 1000,
		Refunded: 500,
	}
	if got := live.Books(); got != want {
		t.Errorf("books: got %+v, want %+v", got, want)
	}
	for _, entry := range live.CallsOf("unknown") {
		t.Errorf("the client called %s %s, which the emulator does not have", entry.Method, entry.Path)
	}
}

// freePort finds a port on which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
