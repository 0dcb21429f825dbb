package app_test

import (
	"context"
	"regexp"
	"slices"
	"sync"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
)

func (s *shop) storeKey(terminal int64) (id string, text app.SigningKeyText) {
	s.Helper()
	key, text, err := s.app.CreateStoreKey(s.Context(), app.NewStoreKey{Merchant: s.merchant, Terminal: terminal})
	if err != nil {
		s.Fatal(err)
	}
	if store, ok := key.Store(); !ok || store != terminal || key.Calls("balance") {
		s.Errorf("got %+v, want the key of a store and of nothing else", key)
	}
	return key.ID, text
}

// signs wants the secret that the calls of a key are signed with.
func (s *shop) signs(public, secret string) {
	s.Helper()
	if _, got, err := s.app.SigningKey(s.Context(), public); err != nil || got != secret {
		s.Errorf("got %q, %v, want %q", got, err, secret)
	}
}

// The stores of a merchant have one secret, and each has an identity.
func TestStoreKeys(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	for range 2 {
		if _, _, err := s.app.CreateTerminal(t.Context(), s.merchant, app.TerminalTerms{Name: "Store"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.app.RotateStoreSecret(t.Context(), s.merchant); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("without a key: got %v", err)
	}
	if _, _, err := s.app.CreateStoreKey(t.Context(), app.NewStoreKey{
		Merchant: s.merchant, Terminal: 1003,
	}); !fault.Is(err, fault.CodeTerminalNotFound) {
		t.Errorf("for a store that is not there: got %v", err)
	}
	id, first := s.storeKey(1001)
	if !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(first.Public) ||
		!regexp.MustCompile(`^[0-9A-Za-z]{40}$`).MatchString(first.Secret) {
		t.Errorf("got %+v", first)
	}
	_, second := s.storeKey(1002)
	if second.Secret != "" || second.Public == first.Public {
		t.Errorf("got %+v after %+v, want another identity and a secret that is not told again", second, first)
	}
	s.signs(second.Public, first.Secret)
	_, wallets, err := s.app.CreateSigningKey(t.Context(), app.NewSigningKey{Merchant: s.merchant})
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := s.app.RotateStoreSecret(t.Context(), s.merchant)
	if err != nil || rotated == first.Secret {
		t.Errorf("got %q, %v", rotated, err)
	}
	s.signs(first.Public, rotated)
	s.signs(second.Public, rotated)
	s.signs(wallets.Public, wallets.Secret)
	if err := s.app.RevokeKey(t.Context(), s.merchant, id); err != nil {
		t.Fatal(err)
	}
	if _, again := s.storeKey(1001); again.Secret != "" {
		t.Errorf("got %+v while the other store has a key", again)
	}
}

// When every key is revoked the next one has a new secret.
func TestStoreSecretEnds(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	if _, _, err := s.app.CreateTerminal(t.Context(), s.merchant, app.TerminalTerms{Name: "Store"}); err != nil {
		t.Fatal(err)
	}
	id, first := s.storeKey(1001)
	if err := s.app.RevokeKey(t.Context(), s.merchant, id); err != nil {
		t.Fatal(err)
	}
	if _, next := s.storeKey(1001); next.Secret == "" || next.Secret == first.Secret {
		t.Errorf("got %+v after %+v, want a new secret", next, first)
	}
}

// Keys that are made at once have one secret, which one of them is told.
func TestStoreKeysAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	if _, _, err := s.app.CreateTerminal(t.Context(), s.merchant, app.TerminalTerms{Name: "Store"}); err != nil {
		t.Fatal(err)
	}
	texts := make([]app.SigningKeyText, 8)
	var all sync.WaitGroup
	for n := range texts {
		all.Go(func() {
			var err error
			_, texts[n], err = s.app.CreateStoreKey(context.WithoutCancel(t.Context()),
				app.NewStoreKey{Merchant: s.merchant, Terminal: 1001})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	texts = slices.Clone(texts)
	told := ""
	for _, text := range texts {
		if text.Secret != "" && told != "" {
			t.Error("two secrets were told")
		}
		told += text.Secret
	}
	for _, text := range texts {
		s.signs(text.Public, told)
	}
}
