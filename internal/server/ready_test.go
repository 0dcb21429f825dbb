package server

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNothingIsMadeInVain wants what would keep a server from starting to be found before
// its database is made or brought up to date.
func TestNothingIsMadeInVain(t *testing.T) {
	t.Parallel()
	busy, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }() // nobody called
	spoilt := filepath.Join(t.TempDir(), "keyset.json")
	if err := os.WriteFile(spoilt, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]Config{
		"is another program there?":  {Listen: busy.Addr().String()},
		"bring your copy of it back": {Listen: "127.0.0.1:0", KeysetFile: spoilt},
	} {
		c.Data, c.PublicURL = t.TempDir(), "https://pay.example"
		s, err := New(t.Context(), c, io.Discard)
		if err == nil {
			t.Errorf("a server was made, want %q", want)
			_ = s.close() // it is not needed
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if _, err := os.Stat(filepath.Join(c.Data, databaseName)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a database was made: %v", want, err)
		}
	}
}
