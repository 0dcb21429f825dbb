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

// hostiles are all of them; inner is where redirects lead.
func hostiles(inner string) []hostile {
	return []hostile{
		{"hangs", 50, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
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
// they are to be told. It gives how many redirects were followed.
func (h *house) surround(backlog int) (followed func() int) {
	h.Helper()
	inner := listen(h.T, nil)
	kinds := hostiles(inner.URL)
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
	return func() int { return len(inner.messages()) }
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
// and however much they have not heard yet.
func TestBadReceiversDelayNobody(t *testing.T) {
	test := func(t *testing.T, database string) {
		backlog, events, limit := 100_000, 300, time.Second
		if racing || testing.Short() {
			backlog, events = 5000, 50
		}
		if racing {
			limit = 20 * time.Second // everything is many times slower; what counts is that it arrives
		}
		h := openHouse(t, database)
		followed := h.surround(backlog)
		good := &punctual{heard: map[string]time.Time{}}
		server := httptest.NewServer(good)
		defer server.Close()
		h.endpoint(server.URL)
		sender := NewSender(true)
		tries := map[Fate]*atomic.Int64{Taken: {}, Refused: {}, NoAnswer: {}, Forbidden: {}}
		heap := watchHeap()
		stop := h.courier(CourierConfig{Client: sender, Tried: func(f Fate) { tries[f].Add(1) }})
		begun := map[string]time.Time{}
		pause := time.NewTicker(20 * time.Millisecond)
		defer pause.Stop()
		for n := range events {
			<-pause.C
			id := fmt.Sprintf("invoice%d", n)
			if _, err := h.app.CreateInvoice(t.Context(), h.merchant, app.NewInvoice{
				ID: id, Amount: money.New(5000, money.IRR), Title: "Tea",
			}); err != nil {
				t.Fatal(err)
			}
			begun[id] = time.Now()
		}
		h.await("the last message", func() bool {
			good.mu.Lock()
			defer good.mu.Unlock()
			return len(good.heard) == events
		})
		grown := heap()
		stop()
		sender.CloseIdleConnections()
		var took []time.Duration
		for id, at := range good.heard {
			took = append(took, at.Sub(begun[id]))
		}
		slices.Sort(took)
		p99 := took[len(took)*99/100]
		t.Logf("%d due elsewhere: median %s, p99 %s, slowest %s; tries: %d taken, %d refused, %d unanswered; heap +%d MB",
			backlog, took[len(took)/2], p99, took[len(took)-1], tries[Taken].Load(), tries[Refused].Load(),
			tries[NoAnswer].Load(), grown>>20)
		if p99 > limit {
			t.Errorf("from commit to arrival: p99 %s, want at most %s", p99, limit)
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
