package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect/p2p"
)

// desk answers as a store's server does, and counts what it is asked.
type desk struct {
	mu    sync.Mutex
	asked map[string]int // by path
	bad   []string       // calls that are not signed well
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	d.mu.Lock()
	defer d.mu.Unlock()
	want := p2p.Sign("secret", r.Method, marketURL+r.URL.Path, body)
	if err != nil || r.Header.Get("X-Identity") != "key" || r.Header.Get("X-Signature") != want {
		d.bad = append(d.bad, r.URL.Path)
	}
	d.asked[r.URL.Path]++
	var wish struct{ StartDeal bool }
	answer := `{"id":"i1","deals":[]}`
	switch {
	case strings.HasSuffix(r.URL.Path, "/confirm-transfer"):
		answer = `{"id":"i1","deals":[{"id":"d1","status":"transfer_confirmed"}]}`
	case json.Unmarshal(body, &wish) == nil && wish.StartDeal:
		answer = `{"id":"i1","deals":[{"id":"d1","status":"transfer_waiting"}]}`
	}
	_, _ = io.WriteString(w, answer) // a client that is gone fails by itself
}

// Every wish is signed, and what payers say goes to the server whose turn it is
// not.
func TestWishes(t *testing.T) {
	t.Parallel()
	desks := []*desk{{asked: map[string]int{}}, {asked: map[string]int{}}}
	m := market{key: signer{Public: "key", Secret: "secret"}}
	for _, d := range desks {
		server := httptest.NewServer(d)
		defer server.Close()
		m.servers = append(m.servers, strings.TrimPrefix(server.URL, "http://"))
	}
	const requests, pace = 100, 1000
	said := make(chan string, requests)
	got, err := wishes{
		market: m, clients: 4, requests: requests, deals: true, pace: pace, limit: time.Minute, said: said,
	}.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if least := time.Second * (requests - 1) / pace; got.took < least || len(got.latencies) != requests {
		t.Errorf("got %d answers in %s, want %d in no less than %s", len(got.latencies), got.took, requests, least)
	}
	if len(said) != requests {
		t.Errorf("payers spoke of %d deals, want %d", len(said), requests)
	}
	for _, d := range desks {
		if len(d.bad) > 0 || d.asked["/api/merchant/invoices"] != requests/2 ||
			d.asked["/api/merchant/invoices/i1/confirm-transfer"] != requests/2 {
			t.Errorf("got %v, not signed %v, want %d of each", d.asked, d.bad, requests/2)
		}
	}
}

// An answer without a deal is no deal.
func TestWishWithoutDeal(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id":"i1","deals":[]}`)
	}))
	defer server.Close()
	load := wishes{
		market:  market{servers: []string{strings.TrimPrefix(server.URL, "http://")}},
		clients: 1, requests: 1, deals: true, limit: time.Minute,
	}
	if _, err := load.run(t.Context()); err == nil || !strings.Contains(err.Error(), "want one that waits") {
		t.Errorf("got %v", err)
	}
	load.deals = false
	if _, err := load.run(t.Context()); err != nil {
		t.Errorf("an invoice alone: %v", err)
	}
}
