//go:build fault

package fault

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fleet is some servers on one database with a balancer in front of them, which
// is where the world's address leads. The world's own server does not run
// meanwhile.
type fleet struct {
	*world

	nodes []*world
	ready []atomic.Bool // as the balancer sees it
	turn  atomic.Int64
	wire  *http.Transport
	door  *httptest.Server
	until chan struct{}
	looks sync.WaitGroup
}

// openFleet starts so many servers and the balancer.
func (w *world) openFleet(number int, settings ...string) *fleet {
	w.t.Helper()
	f := &fleet{
		world: w, ready: make([]atomic.Bool, number), wire: &http.Transport{MaxIdleConnsPerHost: 100},
		until: make(chan struct{}),
	}
	for range number {
		node := w.beside(append(settings, "public_url=http://"+w.address)...)
		node.start()
		f.nodes = append(f.nodes, node)
	}
	listener, err := net.Listen("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	f.door = httptest.NewUnstartedServer(f)
	_ = f.door.Listener.Close() // it brought one of its own
	f.door.Listener = listener
	f.door.Start()
	f.looks.Go(f.look)
	f.mu.Lock()
	close(f.world.ready)
	f.mu.Unlock()
	wait(w.t, 20*time.Second, "a balancer that knows its servers", func() bool { return f.able() == number })
	return f
}

// look asks all servers again and again whether they are ready.
func (f *fleet) look() {
	client := http.Client{Transport: f.wire, Timeout: 5 * time.Second}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		for n, node := range f.nodes {
			response, err := client.Get("http://" + node.address + "/readyz")
			if err == nil {
				_ = response.Body.Close()
			}
			f.ready[n].Store(err == nil && response.StatusCode == http.StatusOK)
		}
		select {
		case <-tick.C:
		case <-f.until:
			return
		}
	}
}

// able counts the servers that are ready.
func (f *fleet) able() (n int) {
	for i := range f.ready {
		if f.ready[i].Load() {
			n++
		}
	}
	return n
}

// ServeHTTP passes a call on to the next server that is ready, or to any where
// none is; to another one where nobody listens. An answer that breaks off
// breaks off.
func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	begin := int(f.turn.Add(1))
	var order []*world
	for _, ready := range []bool{true, false} {
		for n := range f.nodes {
			if at := (begin + n) % len(f.nodes); f.ready[at].Load() == ready {
				order = append(order, f.nodes[at])
			}
		}
	}
	for _, node := range order {
		on := r.Clone(r.Context())
		on.RequestURI, on.URL.Scheme, on.URL.Host = "", "http", node.address
		on.Body = io.NopCloser(bytes.NewReader(body))
		response, err := f.wire.RoundTrip(on) //nolint:bodyclose // pass closes it
		if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" {
			continue
		}
		if err != nil {
			break
		}
		pass(w, response)
		return
	}
	panic(http.ErrAbortHandler)
}

// pass gives an answer on.
func pass(w http.ResponseWriter, response *http.Response) {
	defer func() { _ = response.Body.Close() }() // read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	for name, values := range response.Header {
		if name != "Connection" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(response.StatusCode)
	_, _ = w.Write(text) // the caller may have gone
}

// close stops all servers in order, and the balancer.
func (f *fleet) close() {
	f.t.Helper()
	for _, node := range f.nodes {
		node.stop()
	}
	close(f.until)
	f.looks.Wait()
	f.door.Close()
	f.wire.CloseIdleConnections()
	f.down()
}

// unavailable judges refusals of servers that cannot answer now: they say so
// with 503 and when to come again.
func unavailable(t *testing.T) func(answer) bool {
	var once sync.Once
	return func(a answer) bool {
		if a.header.Get("Retry-After") == "" {
			once.Do(func() { t.Errorf("got status 503 without Retry-After: %s", a.body) })
		}
		return true
	}
}

// business is a till with customers, whose merchant hears of every payment.
type business struct {
	*till

	ear    *ear
	wishes atomic.Int64
	like   regular
}

func (w *world) openBusiness() *business {
	w.t.Helper()
	begins := map[string]string{"USDT": "10000", "IRT": "10000000"}
	b := &business{till: w.openTill(means{verifyIn: 10 * time.Minute, people: 5, amounts: begins, house: begins})}
	b.ear = b.listen()
	b.like = regular{hook: b.ear.server.URL, outage: unavailable(w.t), key: b.wishKey(), wishes: &b.wishes}
	return b
}

// wantAll looks at everything through one server, when nobody is at work any
// more: what was acknowledged is there, every account has what its history
// says, the bank agrees, every wish came true once and every payment was told
// of, with so many repetitions at most.
func (b *business) wantAll(acks []ack, doubts, repeated int) {
	b.t.Helper()
	b.start()
	b.advance(time.Hour) // nothing waits to be verified any more
	bills := b.settled()
	b.ear.wantTold(bills, repeated)
	held := b.quiet() // a way back at the bank that was cut off may wait for a person
	b.wantHistory(bills, acks, int64(doubts))
	b.wantBank(bills, held)
	b.wantWishes(&b.wishes)
	b.stop()
}
