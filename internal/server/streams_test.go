package server

import (
	"bufio"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/money"
)

// A server that is told to stop does not wait for the streams of open pages.
func TestStopEndsStreams(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	x.config.StopLimit = 10 * time.Second
	r := start(t, x.config, nil)
	terminal, _, err := r.app.CreateTerminal(t.Context(), x.merchant, app.TerminalTerms{Name: "Shop"})
	if err != nil {
		t.Fatal(err)
	}
	i, err := r.app.CreateInvoice(t.Context(), x.merchant, app.NewInvoice{
		ID: dialect.NewUUID(time.Now()), Amount: must(money.Parse("2000", money.RUB)), Terminal: terminal.Number,
	})
	if err != nil {
		t.Fatal(err)
	}
	address := r.url + "/pay/deal/" + i.ID + "/events"
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	stream := bufio.NewReader(response.Body)
	if line, err := stream.ReadString('\n'); err != nil || line != "retry: 2000\n" {
		t.Fatalf("the stream begins with %q, %v", line, err)
	}
	r.halt(t)
	if _, err := io.Copy(io.Discard, stream); err != nil {
		t.Errorf("the stream was cut off: %v", err)
	}
}
