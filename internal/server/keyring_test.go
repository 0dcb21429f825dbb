package server

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// ringIn opens the keyring of a data folder.
func ringIn(t *testing.T, folder string) *keyring {
	t.Helper()
	ring, err := openKeyring(Config{Data: folder, KeysetFile: filepath.Join(folder, keysetName)})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestCredentialsOpenWhereTheyBelong(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ring := ringIn(t, folder)
	secrets := map[string]Secret{"merchant_id": "canary", "access_token": "canary too"}
	sealed, err := ring.sealCredentials("m1", "zarinpal", secrets)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("canary")) {
		t.Error("the sealed text shows the credentials")
	}
	// The next start reads the same keyset from its file.
	got, err := ringIn(t, folder).openCredentials(merchant.Gateway{Merchant: "m1", Name: "zarinpal", Sealed: sealed})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(secrets, got); diff != "" {
		t.Errorf("difference (-want +got):\n%s", diff)
	}
	sealed[len(sealed)/2] ^= 1
	for name, g := range map[string]merchant.Gateway{
		"another merchant": {Merchant: "m2", Name: "zarinpal"},
		"another gateway":  {Merchant: "m1", Name: "zibal"},
		"changed":          {Merchant: "m1", Name: "zarinpal"},
	} {
		g.Sealed = bytes.Clone(sealed)
		if name != "changed" {
			g.Sealed[len(sealed)/2] ^= 1
		}
		if _, err := ring.openCredentials(g); !fault.Is(err, fault.CodeSecretUnreadable) {
			t.Errorf("%s: got %v, want secret_unreadable", name, err)
		}
	}
}

func TestAnotherKeysetOpensNothing(t *testing.T) {
	t.Parallel()
	sealed, err := ringIn(t, t.TempDir()).sealCredentials("m1", "zibal", map[string]Secret{"merchant": "canary"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = ringIn(t, t.TempDir()).openCredentials(merchant.Gateway{Merchant: "m1", Name: "zibal", Sealed: sealed})
	if !fault.Is(err, fault.CodeSecretUnreadable) || strings.Contains(fault.Detail(err), "canary") {
		t.Errorf("got %v, want secret_unreadable", err)
	}
}

func TestNoCredentialsNeedNoKeyset(t *testing.T) {
	t.Parallel()
	ring, err := openKeyring(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if sealed, err := ring.sealCredentials("m1", "manual", nil); err != nil || sealed != nil {
		t.Errorf("got %v, %v, want nothing to seal", sealed, err)
	}
	_, err = ring.sealCredentials("m1", "zibal", map[string]Secret{"merchant": "x"})
	if wrong, ok := errors.AsType[*SettingError](err); !ok || wrong.Key != "keyset_file" {
		t.Errorf("got %v, want an error that names keyset_file", err)
	}
}

func TestKeysetFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deeper", "keyset.json")
	if err := NewKeyset(path); err != nil {
		t.Fatal(err)
	}
	found, err := os.Stat(path)
	if err != nil || found.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", found.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := NewKeyset(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v for a file that is there, want fs.ErrExist", err)
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(text, again) {
		t.Errorf("the keyset has changed (%v)", err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("got files %v, %v, want the keyset alone", left, err)
	}
	// The same keyset may come from the environment.
	ring, err := openKeyring(Config{Keyset: Secret(text)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.sealCredentials("m", "g", map[string]Secret{"a": "b"}); err != nil {
		t.Error(err)
	}
}

func TestBadKeysets(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	garbage := filepath.Join(folder, "garbage.json")
	if err := os.WriteFile(garbage, []byte(`{"canary": true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for key, c := range map[string]Config{
		"keyset":      {Keyset: "canary"},
		"keyset_file": {KeysetFile: garbage, Data: folder},
	} {
		_, err := openKeyring(c)
		wrong, ok := errors.AsType[*SettingError](err)
		if !ok || wrong.Key != key || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want an error that names the key and shows nothing", key, err)
		}
	}
	// Only the data folder's own keyset is made on first use: a path that somebody wrote is a path that must be right.
	_, err := openKeyring(Config{Data: folder, KeysetFile: filepath.Join(folder, "typo.json")})
	if wrong, ok := errors.AsType[*SettingError](err); !ok || wrong.Key != "keyset_file" {
		t.Errorf("got %v, want an error that names keyset_file", err)
	}
}

func TestSigningSecretsOpenWhereTheyBelong(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ring := ringIn(t, folder)
	sealed, err := ring.Seal("m1", "ep_1", []byte("canary"))
	if err != nil || bytes.Contains(sealed, []byte("canary")) {
		t.Fatalf("got %q, %v, want a sealed text", sealed, err)
	}
	if got, err := ringIn(t, folder).Open("m1", "ep_1", sealed); err != nil || string(got) != "canary" {
		t.Errorf("got %q, %v, want what was sealed", got, err)
	}
	// The same letters in a row, cut at another place, are another thing.
	for _, names := range [][2]string{{"m2", "ep_1"}, {"m1", "ep_2"}, {"m1e", "p_1"}, {"m", "1ep_1"}, {"", "m1ep_1"}} {
		if _, err := ring.Open(names[0], names[1], sealed); !fault.Is(err, fault.CodeSecretUnreadable) {
			t.Errorf("opened as %q: got %v, want secret_unreadable", names, err)
		}
	}
	if _, err := ring.openCredentials(merchant.Gateway{Merchant: "m1", Name: "ep_1", Sealed: sealed}); err == nil {
		t.Error("a signing secret opened as credentials")
	}
	if _, err := ringIn(t, t.TempDir()).Open("m1", "ep_1", sealed); !fault.Is(err, fault.CodeSecretUnreadable) {
		t.Errorf("another keyset: got %v, want secret_unreadable", err)
	}
	if _, err := new(keyring).Open("m1", "ep_1", sealed); !fault.Is(err, fault.CodeSecretUnreadable) {
		t.Errorf("no keyset: got %v, want secret_unreadable", err)
	}
	_, err = new(keyring).Seal("m1", "ep_1", nil)
	if wrong, ok := errors.AsType[*SettingError](err); !ok || wrong.Key != "keyset_file" {
		t.Errorf("no keyset: got %v, want an error that names keyset_file", err)
	}
}

// TestKeysetChangesItsKey adds a key beside the servers that run, then seals under it: at every
// moment each of them opens what the others have sealed.
func TestKeysetChangesItsKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keyset.json")
	if err := NewKeyset(path); err != nil {
		t.Fatal(err)
	}
	start := func() *keyring {
		ring, err := openKeyring(Config{KeysetFile: path})
		if err != nil {
			t.Fatal(err)
		}
		return ring
	}
	opens := func(sealer, opener *keyring) error {
		sealed, err := sealer.sealCredentials("m1", "zibal", map[string]Secret{"merchant": "x"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = opener.openCredentials(merchant.Gateway{Merchant: "m1", Name: "zibal", Sealed: sealed})
		return err
	}
	before := start()
	if err := UseKey(path); err == nil {
		t.Error("used: got nil, want an error: no key was added")
	}
	if err := AddKey(path); err != nil {
		t.Fatal(err)
	}
	if err := AddKey(path); err == nil {
		t.Error("added twice: got nil, want an error: the first one does not seal yet")
	}
	between := start()
	if err := UseKey(path); err != nil {
		t.Fatal(err)
	}
	after := start()
	for name, err := range map[string]error{
		"before by between": opens(before, between), "between by before": opens(between, before),
		"before by after": opens(before, after), "between by after": opens(between, after),
		"after by between": opens(after, between),
	} {
		if err != nil {
			t.Errorf("%s: got %v, want it opened", name, err)
		}
	}
	if opens(after, before) == nil {
		t.Error("the new key does not seal")
	}
	if found, err := os.Stat(path); err != nil || found.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", found.Mode(), err)
	}
}

// TestKeysetWarning wants a start to say once that others may read the keyset.
func TestKeysetWarning(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keyset.json")
	if err := NewKeyset(file); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]int{0o600: 0, 0o400: 0, 0o640: 0, 0o644: 1, 0o660: 1, 0o602: 1} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		s, err := New(t.Context(), Config{Data: sqlitetest.Folder(t), Listen: "127.0.0.1:0", KeysetFile: file}, &log)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if got := strings.Count(log.String(), "the file of the keyset may be read or changed by others"); got != want {
			t.Errorf("%04o: got %d warnings, want %d: %s", mode, got, want, log.String())
		}
	}
	if got := (Config{Keyset: "k", KeysetFile: file}).KeysetWarning(); got != "" {
		t.Errorf("a keyset of the environment: got %q, want nothing about a file", got)
	}
}
