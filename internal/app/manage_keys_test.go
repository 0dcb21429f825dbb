package app_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

func TestKeyExpires(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	_, secret, err := s.app.CreateKey(t.Context(), app.NewKey{
		Merchant: s.merchant, Scopes: []merchant.Scope{merchant.RefundsRead}, Lasts: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.wait(time.Hour - time.Second)
	if k, err := s.app.Authenticate(t.Context(), secret); err != nil || !k.May(merchant.RefundsRead) {
		t.Errorf("before: got %+v, %v", k, err)
	}
	s.wait(time.Second) // shorter than the cache keeps it
	if _, err := s.app.Authenticate(t.Context(), secret); !fault.Is(err, fault.CodeKeyInvalid) {
		t.Errorf("after: got %v", err)
	}
}

func TestReplaceKey(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	old, first, err := s.app.CreateKey(t.Context(), app.NewKey{
		Merchant: s.merchant, Label: "till", Scopes: []merchant.Scope{merchant.EventsRead}, Lasts: 100 * time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.Authenticate(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	next, second, err := s.app.ReplaceKey(t.Context(), s.merchant, app.Replacement{Key: old.ID, Overlap: time.Hour})
	if err != nil || next.Label != "till" || !next.May(merchant.EventsRead) || next.May(merchant.PaymentsRead) ||
		next.ExpiresAt.Sub(next.CreatedAt) != 100*time.Hour {
		t.Fatalf("got %+v, %v", next, err)
	}
	for _, secret := range []string{first, second} {
		if _, err := s.app.Authenticate(t.Context(), secret); err != nil {
			t.Errorf("in the overlap: %v", err)
		}
	}
	s.wait(time.Hour)
	if _, err := s.app.Authenticate(t.Context(), first); !fault.Is(err, fault.CodeKeyInvalid) {
		t.Errorf("the old one after it: got %v", err)
	}
	if _, err := s.app.Authenticate(t.Context(), second); err != nil {
		t.Errorf("the new one after it: %v", err)
	}
	for what, c := range map[string]struct {
		merchant, id string
		overlap      time.Duration
		want         fault.Code
	}{
		"one that is over":    {s.merchant, old.ID, time.Hour, fault.CodeWrongState},
		"nobody's":            {s.merchant, "nobody", time.Hour, fault.CodeNotFound},
		"of another merchant": {"mmmmmmmm", next.ID, time.Hour, fault.CodeNotFound},
		"back into the past":  {s.merchant, next.ID, -time.Hour, fault.CodeParameterInvalid},
	} {
		wish := app.Replacement{Key: c.id, Overlap: c.overlap}
		if _, _, err := s.app.ReplaceKey(t.Context(), c.merchant, wish); !fault.Is(err, c.want) {
			t.Errorf("%s: got %v, want %s", what, err, c.want)
		}
	}
}

// TestReplaceKeyTwice wants no key that was to be good for ever to leave one that
// ends with the overlap: only the key in its place can be replaced.
func TestReplaceKeyTwice(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	replace := func(id string) (merchant.Key, error) {
		k, _, err := s.app.ReplaceKey(t.Context(), s.merchant, app.Replacement{Key: id, Overlap: time.Hour})
		return k, err
	}
	old, secret, err := s.app.CreateKey(t.Context(), app.NewKey{Merchant: s.merchant})
	if err != nil {
		t.Fatal(err)
	}
	next, err := replace(old.ID)
	if err != nil || !next.ExpiresAt.IsZero() {
		t.Fatalf("once: got %+v, %v", next, err)
	}
	if again, err := replace(old.ID); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("twice: got one that ends at %v, %v", again.ExpiresAt, err)
	}
	if _, err := s.app.Authenticate(t.Context(), secret); err != nil {
		t.Errorf("in the overlap: %v", err)
	}
	if last, err := replace(next.ID); err != nil || !last.ExpiresAt.IsZero() {
		t.Errorf("the one in its place: got %+v, %v", last, err)
	}
}
