package worker

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/pgtest"
)

// hostile is a kind of receiver that no one wants, and how many there are of it.
type hostile struct {
	name   string
	number int
	answer http.HandlerFunc
}

// hangers is how many receivers take a message and never answer.
const hangers = 50

// grip counts the messages that those hold, and those that somebody took from them.
type grip struct{ held, lost atomic.Int64 }

func (g *grip) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	g.held.Add(1)
	<-r.Context().Done()
	g.lost.Add(1)
}

// hostiles are all of them; inner is where redirects lead.
func hostiles(hang http.Handler, inner string) []hostile {
	return []hostile{
		{"hangs", hangers, hang.ServeHTTP},
		{"resets", 10, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // a reset instead of an orderly end
			}
			_ = conn.Close()
		}},
		{"never ends", 5, func(w http.ResponseWriter, _ *http.Request) {
			text := []byte(strings.Repeat("x", 32<<10))
			for range 1 << 15 {
				if _, err := w.Write(text); err != nil {
					return
				}
			}
		}},
		{"redirects", 5, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, inner, http.StatusFound)
		}},
	}
}

// backlog stores many due deliveries for each of a merchant's endpoints.
func (h *house) backlog(merchantID string, endpoints []event.Endpoint, each int) {
	h.Helper()
	const most = 2000
	var due []event.Delivery
	commit := func() {
		if err := h.store.Commit(h.Context(), store.Change{Deliveries: due}); err != nil {
			h.Fatal(err)
		}
		due = due[:0]
	}
	for _, e := range endpoints {
		for range each {
			now := h.now()
			due = append(due, event.Delivery{
				ID: fmt.Sprintf("msg_%09d", h.ids.Add(1)), Merchant: merchantID, State: event.Due, Endpoint: e.ID, Queue: e.ID,
				URL: e.URL, Type: "payment.captured", Subject: "p", MediaType: "application/json",
				Body: []byte(`{"type":"payment.captured","data":{"id":"p"}}`), RunAt: now, CreatedAt: now, UpdatedAt: now,
			})
			if len(due) == most {
				commit()
			}
		}
	}
	commit()
}

// surround fills the database with receivers of all bad kinds and with what
// they are to be told. It gives how many messages are for those that do not hang,
// and how many redirects were followed.
func (h *house) surround(hang http.Handler, backlog int) (answered int, followed func() int) {
	h.Helper()
	inner := listen(h.T, nil)
	kinds := hostiles(hang, inner.URL)
	total := 0
	for _, k := range kinds {
		total += k.number
	}
	for _, k := range kinds {
		server := listen(h.T, k.answer)
		for left := k.number; left > 0; {
			m, err := h.app.CreateMerchant(h.Context(), app.NewMerchant{Name: k.name})
			if err != nil {
				h.Fatal(err)
			}
			var endpoints []event.Endpoint
			for range min(left, 20) {
				e, _, err := h.app.CreateEndpoint(h.Context(), app.NewEndpoint{Merchant: m.ID, URL: server.URL})
				if err != nil {
					h.Fatal(err)
				}
				endpoints = append(endpoints, e)
				left--
			}
			h.backlog(m.ID, endpoints, backlog/total+1)
		}
	}
	return (total - hangers) * (backlog/total + 1), func() int { return len(inner.messages()) }
}

// punctual is a receiver that notes when it heard of what.
type punctual struct {
	mu    sync.Mutex
	heard map[string]time.Time
}

func (p *punctual) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	now := time.Now()
	var body struct{ Data struct{ ID string } }
	if json.NewDecoder(r.Body).Decode(&body) != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, again := p.heard[body.Data.ID]; !again {
		p.heard[body.Data.ID] = now
	}
}

// A receiver that answers hears of things at once, whatever all the others do
// and however much they have not heard yet. No clock says so, for a busy machine
// is slow at everything: the sender never gives up, so that what waited for a
// receiver that hangs would wait for ever, and the courier does not look by
// itself, so that what is heard was sent because it had happened.
func TestBadReceiversDelayNobody(t *testing.T) {
	test := func(t *testing.T, database string) {
		backlog, events := 100_000, 300
		if racing || testing.Short() {
			backlog, events = 5000, 50
		}
		h := openHouse(t, database)
		var hang grip
		answered, followed := h.surround(&hang, backlog)
		good := &punctual{heard: map[string]time.Time{}}
		server := httptest.NewServer(good)
		defer server.Close()
		h.endpoint(server.URL)
		sender := patient(t)
		tries := map[Fate]*atomic.Int64{Taken: {}, Refused: {}, NoAnswer: {}, Forbidden: {}}
		heap := watchHeap()
		stop := h.courier(CourierConfig{
			Client: sender, Look: time.Hour, Tried: func(f Fate) { tries[f].Add(1) },
		})
		defer stop()
		h.await("all that hang to hold a message", func() bool { return hang.held.Load() == hangers })
		took, before := make([]time.Duration, events), make([]int64, events)
		all := func() int64 { return tries[Taken].Load() + tries[Refused].Load() + tries[NoAnswer].Load() }
		for n := range events {
			begun, tried := time.Now(), all()
			took[n] = h.hears(good, fmt.Sprintf("invoice%d", n)).Sub(begun)
			before[n] = all() - tried
		}
		held, lost := hang.held.Load(), hang.lost.Load()
		grown := heap()
		slices.Sort(took)
		slices.Sort(before)
		t.Logf("%d due elsewhere: median %s, slowest %s, after at most %d others; tries: %d taken, %d refused, "+
			"%d unanswered; heap +%d MB", backlog, took[events/2], took[events-1], before[events-1], tries[Taken].Load(),
			tries[Refused].Load(), tries[NoAnswer].Load(), grown>>20)
		if held != hangers || lost != 0 {
			t.Errorf("those that hang heard %d messages and lost %d, want %d and none", held, lost, hangers)
		}
		if n := before[events*99/100]; n > int64(answered)/4 {
			t.Errorf("%d of %d messages that bad receivers answer were tried while a good one waited", n, answered)
		}
		if tries[Refused].Load() == 0 || tries[NoAnswer].Load() == 0 {
			t.Error("the bad receivers were not tried: the test has shown nothing")
		}
		if n := followed(); n != 0 {
			t.Errorf("%d redirects were followed", n)
		}
	}
	t.Run("sqlite", func(t *testing.T) { test(t, "") })
	t.Run("postgres", func(t *testing.T) { test(t, pgtest.Database(t)) })
}

// patient is a sender that waits for an answer as long as it takes.
func patient(t *testing.T) *http.Client {
	t.Helper()
	sender := NewSender(true)
	sender.Timeout = 0
	transport, ok := sender.Transport.(*http.Transport)
	if !ok {
		t.Fatalf("the sender goes through %T", sender.Transport)
	}
	transport.ResponseHeaderTimeout = 0
	t.Cleanup(sender.CloseIdleConnections)
	return sender
}

// hears makes something happen and gives when a receiver has heard of it.
func (h *house) hears(p *punctual, id string) (at time.Time) {
	h.Helper()
	if _, err := h.app.CreateInvoice(h.Context(), h.merchant, app.NewInvoice{
		ID: id, Amount: money.New(5000, money.IRR), Title: "Tea",
	}); err != nil {
		h.Fatal(err)
	}
	h.await("the message about "+id, func() (told bool) {
		p.mu.Lock()
		defer p.mu.Unlock()
		at, told = p.heard[id]
		return told
	})
	return at
}

// watchHeap looks at the heap until it is asked by how much it had grown.
func watchHeap() (grown func() uint64) {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		look := time.NewTicker(100 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case <-stop:
				return
			case <-look.C:
				runtime.ReadMemStats(&now)
				most.Store(max(most.Load(), now.HeapInuse))
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-stopped
		return max(most.Load(), before.HeapInuse) - before.HeapInuse
	}
}
