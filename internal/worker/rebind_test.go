package worker

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
)

// answers is what a name server says to the n-th question of a kind, A or AAAA.
type answers func(n int, six bool) []netip.Addr

// outer is where the sender of these tests may go: this machine stands for the
// world, and everything else is inside.
var outer = netip.MustParseAddr("127.0.0.1")

func addresses(texts ...string) []netip.Addr {
	list := make([]netip.Addr, len(texts))
	for n, text := range texts {
		list[n] = netip.MustParseAddr(text)
	}
	return list
}

// headerLength is that of a message of RFC 1035; typeAAAA asks for addresses of IPv6.
const headerLength, typeAAAA = 12, 28

// endOf is where the question of a message ends.
func endOf(question []byte) int {
	end := headerLength
	for question[end] != 0 {
		end += 1 + int(question[end])
	}
	return end + 5 // the empty label, type and class
}

func kindOf(question []byte) uint16 { return binary.BigEndian.Uint16(question[endOf(question)-4:]) }

// record answers a question with addresses that hold for no time at all, so that
// nobody may keep them.
func record(question []byte, of []netip.Addr) []byte {
	kind, count := kindOf(question), byte(0)
	var records []byte
	for _, a := range of {
		if a.Is4() == (kind == typeAAAA) {
			continue
		}
		raw := a.AsSlice()
		records = append(records, 0xc0, headerLength, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(raw)))
		records = append(records, raw...)
		count++
	}
	message := []byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0}
	return append(append(message, question[headerLength:endOf(question)]...), records...)
}

// resolving is a resolver that asks a name server of the test.
func resolving(t *testing.T, say answers) *net.Resolver {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		question, asked := make([]byte, 512), [2]int{}
		for {
			n, from, err := conn.ReadFrom(question)
			if err != nil {
				return
			}
			six := 0
			if kindOf(question[:n]) == typeAAAA {
				six = 1
			}
			_, _ = conn.WriteTo(record(question[:n], say(asked[six], six == 1)), from)
			asked[six]++
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// watched is a context that tells to which addresses connections were made.
func watched(t *testing.T) (ctx context.Context, dialed func() []string) {
	t.Helper()
	var mu sync.Mutex
	var list []string
	ctx = httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, i.Conn.RemoteAddr().String())
	}})
	return ctx, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}

// TestNamesThatChange sends to a name whose server says an outer address first
// and an inner one afterwards, or both at once: what is dialed is what was looked
// at, each time anew, and nothing inside ever hears of a message.
func TestNamesThatChange(t *testing.T) {
	t.Parallel()
	for _, inner := range []string{
		"10.0.0.7", "172.16.5.4", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.0", "255.255.255.255",
		"::ffff:10.0.0.7", "::ffff:169.254.169.254", "64:ff9b::a00:7", "2002:a00:7::", "fd00:ec2::254", "fe80::1", "::",
	} {
		t.Run(inner, func(t *testing.T) {
			t.Parallel()
			r := listen(t, saying(http.StatusOK, "yes"))
			var asked sync.Map
			resolver := resolving(t, func(n int, six bool) []netip.Addr {
				asked.Store(n, true)
				if n == 0 {
					return []netip.Addr{outer}
				}
				return addresses(inner)
			})
			sender := newSender(true, resolver)
			defer sender.CloseIdleConnections()
			c := NewCourier(CourierConfig{Client: sender, Now: time.Now})
			target := "http://rebound.example:" + port(t, r.URL) + "/"
			ctx, dialed := watched(t)
			if o, fate := c.send(ctx, app.Message{Delivery: event.Delivery{URL: target}}); fate != Taken {
				t.Fatalf("the outer address: got %s (%+v), want taken", fate, o)
			}
			sender.CloseIdleConnections()
			for range 3 {
				if o, fate := c.send(ctx, app.Message{Delivery: event.Delivery{URL: target}}); fate != Forbidden || o.Status != 0 {
					t.Errorf("the inner address: got %s (%+v), want forbidden", fate, o)
				}
			}
			if _, again := asked.Load(1); !again {
				t.Error("the name server was asked once only: nothing changed")
			}
			for _, address := range dialed() {
				if host, _, _ := strings.Cut(address, ":"); host != outer.String() {
					t.Errorf("connected to %s", address)
				}
			}
			if n := len(r.messages()); n != 1 {
				t.Errorf("the outer receiver has %d messages, want the first one", n)
			}
		})
	}
}

// TestNamesOfBothSides has one answer with an outer and inner addresses, in each
// order, of each kind: only the outer one is connected to.
func TestNamesOfBothSides(t *testing.T) {
	t.Parallel()
	for _, texts := range [][]string{
		{"10.0.0.7", "127.0.0.1"},
		{"127.0.0.1", "10.0.0.7"},
		{"fd00::1", "127.0.0.1"},
		{"127.0.0.1", "::ffff:10.0.0.7"},
		{"169.254.169.254", "0.0.0.0", "127.0.0.1"},
		{"fe80::1", "10.0.0.7"},
		{"10.0.0.7"},
		{"fd00::1"},
	} {
		t.Run(fmt.Sprint(texts), func(t *testing.T) {
			t.Parallel()
			r := listen(t, saying(http.StatusOK, "yes"))
			resolver := resolving(t, func(int, bool) []netip.Addr { return addresses(texts...) })
			sender := newSender(true, resolver)
			defer sender.CloseIdleConnections()
			ctx, dialed := watched(t)
			_, fate := NewCourier(CourierConfig{Client: sender, Now: time.Now}).send(ctx, app.Message{
				Delivery: event.Delivery{URL: "http://both.example:" + port(t, r.URL) + "/"},
			})
			if outside := strings.Contains(fmt.Sprint(texts), outer.String()); !outside && fate != Forbidden {
				t.Errorf("got %s, want forbidden", fate)
			}
			for _, address := range dialed() {
				if !strings.HasPrefix(address, outer.String()+":") {
					t.Errorf("connected to %s", address)
				}
			}
		})
	}
}

// TestRedirectsInside answers with every status of a redirect, to inner addresses
// in many forms: nobody goes there.
func TestRedirectsInside(t *testing.T) {
	t.Parallel()
	inside := listen(t, saying(http.StatusOK, "secret"))
	targets := append(innerForms(), inside.URL, "http://2130706433/", "http://0x7f000001/", "http://017700000001/",
		"http://127.1/", "//169.254.169.254/latest/meta-data/", "file:///etc/passwd", "gopher://127.0.0.1/")
	sender := NewSender(true)
	defer sender.CloseIdleConnections()
	c := NewCourier(CourierConfig{Client: sender, Now: time.Now})
	var target string
	var status int
	r := listen(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", target)
		w.WriteHeader(status)
	})
	for n, to := range targets {
		target = to
		status = []int{301, 302, 303, 307, 308, 300}[n%6]
		o, fate := c.send(t.Context(), app.Message{Delivery: event.Delivery{URL: r.URL}})
		if fate != Refused || o.Status != status {
			t.Errorf("%d to %s: got %s (%+v), want the redirect as a refusal", status, to, fate, o)
		}
	}
	if n := len(inside.messages()); n != 0 {
		t.Errorf("redirects led to %d messages", n)
	}
}

func port(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}
