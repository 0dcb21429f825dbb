package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

func TestWaitEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	if err := wait(t.Context(), time.Nanosecond); err != nil {
		t.Errorf("a short wait: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := wait(ctx, time.Hour); err == nil {
		t.Error("a caller that has gone was waited for")
	}
}

func TestVisitStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	visited := 0
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visited++
		http.Redirect(w, r, "http://elsewhere.test/", http.StatusFound)
	}))
	defer shop.Close()
	if err := visitLoopback(t.Context(), shop.URL+"/back?x=1"); err != nil || visited != 1 {
		t.Errorf("got %v after %d visits", err, visited)
	}
	for _, address := range []string{"http://shop.test/", "http://10.0.0.1/", "http://[::1", "http://127.0.0.1:1/"} {
		if err := visitLoopback(t.Context(), address); err == nil {
			t.Errorf("%s was visited", address)
		}
	}
}

func TestMerchantAddresses(t *testing.T) {
	t.Parallel()
	m := Merchant{Addresses: []string{"127.0.0.1", "::1"}, Flags: []string{"a"}}
	for remote, want := range map[string]bool{
		"127.0.0.1:99": true, "[::1]:99": true, "127.0.0.1": true, "10.0.0.1:99": false, "": false,
	} {
		if got := m.Accepts(remote); got != want {
			t.Errorf("%q: got %t", remote, got)
		}
	}
	if !(Merchant{}).Accepts("10.0.0.1:9") || !m.Flag("a") || m.Flag("b") {
		t.Error("an open merchant or a flag is read wrongly")
	}
}

func TestMerchantsAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for i := range maxMerchant {
		if err := r.SetMerchant(Merchant{ID: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.SetMerchant(Merchant{ID: "one more"}); err == nil || len(r.Merchants()) != maxMerchant {
		t.Errorf("got %v with %d merchants", err, len(r.Merchants()))
	}
}

func TestPanelOwners(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	c := &Call{bench: r.Bench}
	if owner, ok := c.PanelOwner("any"); owner != "" || !ok {
		t.Errorf("without secrets: got %q, %t", owner, ok)
	}
	if err := r.SetMerchant(Merchant{ID: "m", PanelToken: "secret"}); err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{"secret": "m true", "any": " false", "": " false"} {
		owner, ok := c.PanelOwner(token)
		if got := fmt.Sprintf("%s %t", owner, ok); got != want {
			t.Errorf("%q: got %s, want %s", token, got, want)
		}
	}
}

func TestStateThatCannotBeWrittenIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *Options) { o.Dir = t.TempDir() })
	shut, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	kept := r.file
	r.file = shut
	r.mu.Unlock()
	got, err := r.send(t, http.MethodPost, "/open", "text/plain", "http://shop.test/")
	if err != nil || got.Status != http.StatusInternalServerError || !strings.Contains(got.Body, "cannot write") {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := r.SetSwitch("mood", "foul"); err == nil {
		t.Error("a switch was set without being written")
	}
	r.mu.Lock()
	r.file = kept
	r.mu.Unlock()
	if err := shut.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPayingCards(t *testing.T) {
	t.Parallel()
	const card = "5022291077470837"
	for _, test := range []struct {
		cards []string
		card  string
		want  bool
	}{
		{nil, card, true},
		{[]string{card}, card, true},
		{[]string{"502229******0837"}, card, true},
		{[]string{"502229XXXXXX0837"}, card, true},
		{[]string{"502229******0838"}, card, false},
		{[]string{"5022291077470838"}, card, false},
		{[]string{"5022"}, card, false},
	} {
		if got := cardAllowed(Payment{Cards: test.cards}, test.card); got != test.want {
			t.Errorf("%v: got %t", test.cards, got)
		}
	}
	for first, want := range map[string]string{card: card, "502229******0837": "5022290000000837", "odd": testCard} {
		if got := PayingCard(Payment{Cards: []string{first}}); got != want {
			t.Errorf("%s: got card %s, want %s", first, got, want)
		}
	}
}
