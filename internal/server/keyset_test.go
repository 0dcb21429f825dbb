package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// TestOlderKeyGoes changes the key of a keyset, seals anew what the older one has sealed, on
// PostgreSQL beside a server, and takes that one out: everything opens still.
func TestOlderKeyGoes(t *testing.T) {
	t.Parallel()
	for engine, open := range map[string]func(t *testing.T) Config{
		"SQLite": func(t *testing.T) Config { return Config{Data: sqlitetest.Folder(t)} },
		"PostgreSQL": func(t *testing.T) Config {
			return Config{Database: Secret(pgtest.Database(t)), Data: t.TempDir()}
		},
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			x := told{config: open(t)}
			var made struct{ ID string }
			x.operate(t, &made, func(c Commands) error { return c.AddMerchant(t.Context(), "Tea House", "") })
			x.merchant = made.ID
			x.operate(t, &made, func(c Commands) error {
				return c.AddEndpoint(t.Context(), NewEndpoint{Merchant: x.merchant, URL: "https://shop.example"})
			})
			file := filepath.Join(x.config.Data, keysetName)
			if err := AddKey(file); err != nil {
				t.Fatal(err)
			}
			if err := UseKey(file); err != nil {
				t.Fatal(err)
			}
			if x.config.Database != "" {
				start(t, x.config, nil)
			}
			var seen keysetView
			x.operate(t, &seen, func(c Commands) error { return c.Reseal(t.Context(), true) })
			if len(seen.Keys) != 2 || seen.Keys[1] != seen.Seals || seen.under(seen.Keys[0]) != 1 || seen.Anew != 0 {
				t.Fatalf("got %+v, want the endpoint under the older key", seen)
			}
			older := seen.Keys[0]
			err := newDesk(x.config).RemoveKey(t.Context(), file, older)
			if err == nil || !strings.Contains(err.Error(), "endpoint: 1") {
				t.Errorf("removed: got %v, want an error that says what is under it", err)
			}
			seen = keysetView{}
			x.operate(t, &seen, func(c Commands) error { return c.Reseal(t.Context(), false) })
			if seen.under(older) != 0 || seen.under(seen.Seals) != 1 || seen.Anew != 1 {
				t.Errorf("got %+v, want it under the newest key", seen)
			}
			if err := newDesk(x.config).RemoveKey(t.Context(), file, older); err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if ring, err := readKeyring(text, "keyset_file"); err != nil || ring.Opens(older) || len(ring.keys) != 1 {
				t.Errorf("got %v, want only the newest key in the file", err)
			}
			if err := newDesk(x.config).RotateSecret(t.Context(), x.merchant, made.ID); err != nil {
				t.Errorf("rotate: got %v, want it opened", err)
			}
		})
	}
}

// TestKeysThatNameNothing: under a keyset whose sealing key leaves no name in what it seals
// nothing can be told apart, and it says so.
func TestKeysThatNameNothing(t *testing.T) {
	t.Parallel()
	handle, err := keyset.NewHandle(aead.XAES256GCM192BitNonceNoPrefixKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	text, err := keysetText(handle)
	if err != nil {
		t.Fatal(err)
	}
	folder := sqlitetest.Folder(t)
	file := filepath.Join(folder, keysetName)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDesk(Config{Data: folder})
	if err := d.AddMerchant(t.Context(), "Tea House", ""); err != nil {
		t.Fatal(err)
	}
	for _, check := range []bool{false, true} {
		if err := d.Reseal(t.Context(), check); err == nil || !strings.Contains(err.Error(), "does not name it") {
			t.Errorf("got %v, want an error that says why", err)
		}
	}
	if err := AddKey(file); err != nil {
		t.Fatal(err)
	}
	ring, err := openKeyring(Config{KeysetFile: file})
	if err != nil || ring.Sealing() != 0 || len(ring.keys) != 2 {
		t.Fatalf("got %+v, %v", ring, err)
	}
	for _, sealed := range [][]byte{nil, {1, 2, 3, 4, 5}, {1, 2, 3, 4, 5, 6}, {0, 2, 3, 4, 5, 6}} {
		if key := ring.KeyOf(sealed); key != 0 {
			t.Errorf("%v: got key %d, want none named", sealed, key)
		}
	}
	if err := UseKey(file); err != nil {
		t.Fatal(err)
	}
	if err := d.Reseal(t.Context(), false); err != nil {
		t.Errorf("with a key that can be told apart: got %v", err)
	}
}
