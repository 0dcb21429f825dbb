package bkash

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
	"github.com/purserhq/purser/internal/gateway/gatewaytest"
)

// Many callers share one token, which is renewed before its end: by refresh
// while there is a refresh token, and by grant otherwise.
func TestTokenIsShared(t *testing.T) {
	t.Parallel()
	var clock sync.Mutex
	now := gatewaytest.Now()
	refresh := gatewaytest.Step{
		Path: pathRefresh, Once: true,
		Body:   `{"app_key":"` + keyCanary + `","app_secret":"` + keySecret + `","refresh_token":"refresh-1"}`,
		Answer: `{"statusCode":"0000","id_token":"token-2","expires_in":"3600","refresh_token":"refresh-2"}`,
	}
	refused := refresh
	refused.Body, refused.Answer = change(refresh.Body, "refresh-1", "refresh-2"), fault("2079")
	p := gatewaytest.NewProvider(t, steps(refresh, refused, statusStep(openAnswer)))
	c := config(p.URL)
	c.Now = func() time.Time { clock.Lock(); defer clock.Unlock(); return now }
	made, err := New(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(wait time.Duration, want string) {
		t.Helper()
		clock.Lock()
		now = now.Add(wait)
		clock.Unlock()
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() { made.Resolve(t.Context(), opened1(), gateway.Look) })
		}
		group.Wait()
		var tokens []string
		for _, call := range p.Heard() {
			if name, ok := strings.CutPrefix(call.Path, rootV1+"/token/"); ok {
				tokens = append(tokens, name)
			}
		}
		if got := strings.Join(tokens, " "); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	ask(0, "grant")
	ask(49*time.Minute, "grant")
	ask(time.Minute, "grant refresh")
	ask(50*time.Minute, "grant refresh refresh grant")
}

// While a renewal fails, the token is used to its end; and nobody asks so
// often that the provider blocks the merchant.
func TestTokenIsSpared(t *testing.T) {
	t.Parallel()
	now := gatewaytest.Now()
	broken := gatewaytest.Step{Path: pathRefresh, Status: http.StatusBadGateway, Answer: `{}`, Once: true}
	p := gatewaytest.NewProvider(t, steps(broken, statusStep(openAnswer)))
	c := config(p.URL)
	c.Now = func() time.Time { return now }
	made, err := New(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		wait time.Duration
		want gateway.Outcome
		asks int
	}{
		{0, gateway.Pending, 0},
		{50 * time.Minute, gateway.Pending, 1},
		{4 * time.Minute, gateway.Pending, 1},
		{time.Minute, gateway.Pending, 2},
		{5 * time.Minute, gateway.Unknown, 3},
		{time.Minute, gateway.Unknown, 3},
		{4 * time.Minute, gateway.Unknown, 4},
	} {
		now = now.Add(test.wait)
		a := opened1()
		a.Deadline = now.Add(time.Minute)
		got := made.Resolve(t.Context(), a, gateway.Look)
		if asks := p.Calls()[1]; got.Outcome != test.want || asks != test.asks {
			t.Errorf("at %s: got %+v after %d askings, want %s after %d", now, got, asks, test.want, test.asks)
		}
	}
}

func TestLifeOfToken(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]time.Duration{
		"3600": time.Hour, "60": time.Minute, "": time.Hour, "-1": time.Hour,
	} {
		if got := (tokenAnswer{ExpiresIn: client.ID(said)}).life(); got != want {
			t.Errorf("%q: got %s, want %s", said, got, want)
		}
	}
}
