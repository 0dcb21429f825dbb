package server_test

import (
	"runtime/debug"
	"testing"

	"github.com/purserhq/purser/internal/server"
)

//nolint:paralleltest // the collector is everybody's
func TestCollectRarely(t *testing.T) {
	usual := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(usual) })
	for name, c := range map[string]struct {
		set  int
		of   server.Config
		want int
	}{
		"SQLite":                   {100, server.Config{}, 150},
		"a database elsewhere":     {100, server.Config{Database: "postgres://localhost/x"}, 250},
		"its address is in a file": {100, server.Config{DatabaseFile: "file"}, 250},
		"somebody set it":          {70, server.Config{}, 70},
	} {
		debug.SetGCPercent(c.set)
		server.CollectRarely(c.of)
		if got := debug.SetGCPercent(100); got != c.want {
			t.Errorf("%s: got %d percent, want %d", name, got, c.want)
		}
	}
}
