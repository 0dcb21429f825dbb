package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/store"
)

// keeper is a store that is only looked after.
type keeper struct {
	store.Store

	before store.Aged
	limit  int
	seal   store.Seal
	acts   store.Seal
}

func (k *keeper) Forget(_ context.Context, before store.Aged, limit int) (int, error) {
	k.before, k.limit = before, limit
	return 3, nil
}

func (k *keeper) Seal(_ context.Context, limit int) (store.Seal, error) {
	k.limit = limit
	return k.seal, nil
}

func (k *keeper) SealActs(context.Context, int) (store.Seal, error) { return k.acts, nil }

// TestForget counts back from now; without a length nothing that arrived goes.
func TestForget(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)
	for kept, want := range map[time.Duration]time.Time{0: {}, 48 * time.Hour: now.Add(-48 * time.Hour)} {
		k := &keeper{}
		contacts := now.Add(-time.Hour)
		a := app.New(app.Config{
			Store: k, Now: func() time.Time { return now }, Kept: kept, KeptContacts: time.Hour,
		})
		if n, err := a.Forget(t.Context(), 7); n != 3 || err != nil || !k.before.Deliveries.Equal(want) ||
			!k.before.Contacts.Equal(contacts) || k.limit != 7 {
			t.Errorf("kept %s: got %d, %v, before %+v, limit %d, want 3 before %s and %s, limit 7", kept, n, err, k.before,
				k.limit, want, contacts)
		}
	}
}

// TestSealBooks writes every seal into the log, as purser audit --known takes it.
func TestSealBooks(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	k := &keeper{}
	a := app.New(app.Config{Store: k, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if n, err := a.SealBooks(t.Context(), 9); n != 0 || err != nil || log.Len() != 0 || k.limit != 9 {
		t.Errorf("nothing to seal: got %d, %v, and the log %q, want nothing", n, err, log.String())
	}
	k.seal = store.Seal{Number: 12, Entries: 5, Hash: bytes.Repeat([]byte{1, 2}, 16)}
	if n, err := a.SealBooks(t.Context(), 9); n != 5 || err != nil {
		t.Errorf("got %d, %v, want the 5 entries", n, err)
	}
	_, text, _ := strings.Cut(log.String(), "seal=")
	text, _, _ = strings.Cut(text, " ")
	got, err := store.ParseSeal(text)
	if err != nil || got.Number != 12 || !bytes.Equal(got.Hash, k.seal.Hash) {
		t.Errorf("got %q in the log, which is %+v, %v, want the seal", text, got, err)
	}
	log.Reset()
	k.seal, k.acts = store.Seal{}, store.Seal{Number: 3, Entries: 2, Hash: bytes.Repeat([]byte{1, 2}, 16), OfActs: true}
	n, err := a.SealBooks(t.Context(), 9)
	if n != 2 || err != nil || !strings.Contains(log.String(), "seal="+k.acts.String()) {
		t.Errorf("got %d, %v, and the log %q, want the 2 acts", n, err, log.String())
	}
	if got, err := store.ParseSeal(k.acts.String()); err != nil || !got.OfActs || got.Number != 3 {
		t.Errorf("got %+v, %v, want a seal of acts", got, err)
	}
}
