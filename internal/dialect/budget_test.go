package dialect_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// TestBudget: every credential has its own, which fills up with time; calls that need
// none, and those that are refused, cost their address.
func TestBudget(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 2, 10, 0, 0, 0, time.UTC)
	b := dialect.NewBudget(5, func() time.Time { return now })
	refused := fault.New(fault.CodeKeyInvalid, "", "")
	d := &dialect.Dialect{Admit: func(r *dialect.Request) error {
		if r.ID == "refused" {
			return refused
		}
		return nil
	}}
	d.Limit(b)
	call := func(r dialect.Request) error { return d.Admit(&r) }
	key := dialect.Request{Merchant: "m", Key: merchant.Key{ID: "k"}}
	at := func(address string) *http.Request {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = address + ":1"
		return r
	}
	others := map[string]dialect.Request{
		"another key":  {Merchant: "m", Key: merchant.Key{ID: "l"}},
		"a user":       {Merchant: "m", Caller: "m/u"},
		"another user": {Merchant: "m", Caller: "m/v"},
		"a merchant":   {Merchant: "m"},
		"nobody":       {Request: at("192.0.2.9")},
	}
	spend := func() (good int) {
		for call(key) == nil {
			good++
		}
		return good
	}
	if got := spend(); got != 10 {
		t.Errorf("got %d calls at once, want 10", got)
	}
	err := call(key)
	if later, ok := errors.AsType[*dialect.Later](err); !ok || later.Wait != time.Second/5 ||
		!fault.Is(err, fault.CodeRateLimited) || dialect.RetryAfter(err) != "1" {
		t.Errorf("got %v, want rate_limited with the time to wait", err)
	}
	for name, r := range others {
		if err := call(r); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
	stranger := func(address string) error {
		return call(dialect.Request{Request: at(address), ID: "refused", Merchant: "m"})
	}
	for range 9 { // one was spent above
		if err := call(others["nobody"]); err != nil {
			t.Fatalf("without a key: got %v", err)
		}
	}
	if err := call(others["nobody"]); !fault.Is(err, fault.CodeRateLimited) {
		t.Errorf("without a key: got %v, want the address to be slowed down", err)
	}
	if err := call(dialect.Request{Request: at("192.0.2.8")}); err != nil {
		t.Errorf("without a key, from another address: got %v", err)
	}
	for range 60 {
		if err := stranger("192.0.2.1"); !errors.Is(err, refused) {
			t.Fatalf("got %v, want what was refused", err)
		}
	}
	if err := stranger("192.0.2.1"); !fault.Is(err, fault.CodeRateLimited) {
		t.Errorf("got %v, want an address to be slowed down that guesses", err)
	}
	if err := stranger("192.0.2.2"); !errors.Is(err, refused) {
		t.Errorf("another address: got %v, want what was refused", err)
	}
	if now = now.Add(time.Second); spend() != 5 {
		t.Error("a second brings five calls")
	}
	free := &dialect.Dialect{Admit: func(*dialect.Request) error { return nil }}
	free.Limit(dialect.NewBudget(0, nil))
	for range 1000 {
		if err := free.Admit(&dialect.Request{Merchant: "m"}); err != nil {
			t.Fatal(err)
		}
	}
}
