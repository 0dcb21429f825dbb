package server

import (
	"net/http"
	"testing"

	"github.com/purserhq/purser/internal/store/pgtest"
)

// TestRevokedElsewhere revokes a key in another process while it is in use all the time: that nobody
// changes anything does not make it good any longer.
func TestRevokedElsewhere(t *testing.T) {
	t.Parallel()
	x := teaHouseIn(t, Config{Database: Secret(pgtest.Database(t)), CallsPerSecond: 1_000_000})
	var key keyView
	x.operate(t, &key, func(c Commands) error { return c.AddKey(t.Context(), NewKey{Merchant: x.merchant}) })
	r := start(t, x.config, nil)
	defer func() { r.halt(t) }()
	call := func() int {
		t.Helper()
		// /v1 has limits that no setting lifts: this asks faster than they allow.
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/api/payments", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+key.Secret)
		answer, err := r.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode
	}
	if got := call(); got != http.StatusOK {
		t.Fatalf("before: got %d, want 200", got)
	}
	x.operate(t, new(any), func(c Commands) error { return c.RevokeKey(t.Context(), x.merchant, key.ID) })
	waitUntil(t, func() bool {
		got := call()
		if got != http.StatusOK && got != http.StatusUnauthorized {
			t.Fatalf("got %d, want 200 or 401", got)
		}
		return got == http.StatusUnauthorized
	})
}
