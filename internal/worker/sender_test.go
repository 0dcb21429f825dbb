package worker

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
)

// names answers every question about a name with this machine's own address,
// as a stranger's name server may.
func names(t *testing.T) (*net.Resolver, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	return resolving(t, func(int, bool) []netip.Addr {
		asked.Add(1)
		return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	}), &asked
}

// No way of writing an address of ours, or of a neighbour, is sent to.
func TestInnerAddressesAreRefused(t *testing.T) {
	t.Parallel()
	resolver, asked := names(t)
	sender := newSender(false, resolver)
	c := NewCourier(CourierConfig{Client: sender, Now: time.Now})
	for _, address := range []string{
		"http://127.0.0.1/", "https://127.0.0.1/", "http://127.1.2.3:8080/", "http://0.0.0.0/", "http://0.1.2.3/",
		"http://10.0.0.1/", "http://10.255.255.255/", "http://172.16.0.1/", "http://172.31.255.255/",
		"http://192.168.0.1/", "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/", "http://100.127.0.1/",
		"http://192.0.0.1/", "http://192.0.2.1/", "http://198.18.0.1/", "http://198.51.100.1/", "http://203.0.113.1/",
		"http://224.0.0.1/", "http://240.0.0.1/", "http://255.255.255.255/",
		"http://[::]/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
		"http://[::ffff:10.0.0.1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
		"http://[fe80::1]/", "http://[fc00::1]/", "http://[fd12:3456::1]/", "http://[ff02::1]/", "http://[2001:db8::1]/",
		"http://[fec0::1]/", "http://[::1%25lo]/",
		// To some programs the first two are 127.0.0.1; to us they are names, and all names lead here.
		"http://0x7f000001/", "http://0x7f.1/", "http://localhost/", "http://LOCALHOST/", "http://localhost.localdomain/",
		"http://inner.example/", "https://rebound.example:8443/", "http://①②⑦.⓪.⓪.①/",
		// An outer address, and a port that is not for the web.
		"http://93.184.215.14:22/", "http://93.184.215.14:25/", "http://93.184.215.14:5432/", "http://[2606:2800::1]:6379/",
	} {
		outcome, fate := c.send(t.Context(), app.Message{Delivery: event.Delivery{URL: address}})
		if fate != Forbidden || outcome.Status != 0 {
			t.Errorf("%s: got %s (%+v), want forbidden", address, fate, outcome)
		}
	}
	// Nothing but numbers and dots is no name, and no address either.
	for _, address := range []string{
		"http://2130706433/", "http://017700000001/", "http://0177.0.0.1/", "http://127.1/", "http://127.0.0.1./",
	} {
		if o, fate := c.send(t.Context(), app.Message{Delivery: event.Delivery{URL: address}}); fate != NoAnswer {
			t.Errorf("%s: got %s (%+v), want no answer", address, fate, o)
		}
	}
	if asked.Load() == 0 {
		t.Error("the name server was never asked: names were not tested")
	}
}

// What a demo and tests may reach is this machine and nothing around it.
func TestLoopbackOpensNothingElse(t *testing.T) {
	t.Parallel()
	sender := NewSender(true)
	defer sender.CloseIdleConnections()
	c := NewCourier(CourierConfig{Client: sender, Now: time.Now})
	r := listen(t, saying(http.StatusOK, "yes"))
	o, fate := c.send(t.Context(), app.Message{Delivery: event.Delivery{URL: r.URL}})
	if fate != Taken || o.Answer != "yes" {
		t.Errorf("this machine: got %s (%+v), want taken", fate, o)
	}
	for _, address := range []string{
		"http://10.0.0.1/", "http://169.254.169.254/", "http://[fc00::1]/", "http://0.0.0.0/",
	} {
		if _, fate := c.send(t.Context(), app.Message{Delivery: event.Delivery{URL: address}}); fate != Forbidden {
			t.Errorf("%s: got %s, want forbidden", address, fate)
		}
	}
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	sender := NewSender(true)
	c := NewCourier(CourierConfig{Client: sender, Now: time.Now})
	r := httptest.NewServer(nil)
	address := r.URL
	r.Close()
	for _, url := range []string{address, address + "/?token=canary"} {
		o, fate := c.send(t.Context(), app.Message{Delivery: event.Delivery{URL: url}})
		if fate != NoAnswer || o.Answer != "the connection failed" {
			t.Errorf("got %s (%+v), want no answer in plain words", fate, o)
		}
	}
	if _, fate := c.send(t.Context(), app.Message{Delivery: event.Delivery{URL: "http://a b/"}}); fate != Forbidden {
		t.Errorf("no address at all: got %s", fate)
	}
}

// A receiver that says one byte at a time is given up in good time, whether it
// drips its headers or its text.
func TestDripIsCutOff(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, begin string
		want        Fate
	}{
		{"silent", "", NoAnswer},
		{"headers", "HTTP/1.1 200 OK\r\nX-Drip: ", NoAnswer},
		{"text", "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", Taken},
		{"refusal", "HTTP/1.1 500 No\r\nContent-Length: 1000000\r\n\r\n", Refused},
	} {
		synctest.Test(t, func(t *testing.T) {
			sender := NewSender(false)
			closed := dripping(t, sender, test.begin)
			c := NewCourier(CourierConfig{Client: sender, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
			begin := time.Now()
			_, fate := c.send(t.Context(), app.Message{Delivery: event.Delivery{URL: "http://shop.example/"}})
			if took := time.Since(begin); fate != test.want || took != sendTime {
				t.Errorf("%s: got %s after %s, want %s after %s", test.name, fate, took, test.want, sendTime)
			}
			closed.Wait()
		})
	}
}

// dripping connects a sender to a receiver without a network, so that time can
// be made to pass. It gives what ends when the receiver's connections have.
func dripping(t *testing.T, sender *http.Client, begin string) *sync.WaitGroup {
	t.Helper()
	transport, ok := sender.Transport.(*http.Transport)
	if !ok {
		t.Fatal("the sender has another transport")
	}
	var open sync.WaitGroup
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		open.Go(func() {
			defer func() { _ = far.Close() }()
			request, err := http.ReadRequest(bufio.NewReader(far))
			if err == nil {
				_, err = io.Copy(io.Discard, request.Body)
			}
			if begin == "" {
				_, err = io.Copy(io.Discard, far) // until the sender hangs up
			}
			for text := begin; err == nil && begin != ""; text = "." {
				_, err = io.WriteString(far, text)
				time.Sleep(time.Second)
			}
		})
		return near, nil
	}
	return &open
}

// A flood of headers is no answer.
func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	r := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		for n := range 100 {
			w.Header().Set("X-"+strings.Repeat("x", n+1), strings.Repeat("y", 4000))
		}
	})
	sender := NewSender(true)
	defer sender.CloseIdleConnections()
	c := NewCourier(CourierConfig{Client: sender, Now: time.Now})
	if o, fate := c.send(t.Context(), app.Message{Delivery: event.Delivery{URL: r.URL}}); fate != NoAnswer {
		t.Errorf("got %s (%+v), want no answer", fate, o)
	}
}
