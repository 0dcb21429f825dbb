package server_test

import (
	"runtime/debug"
	"testing"

	"github.com/purserhq/purser/internal/server"
)

//nolint:paralleltest // the collector is everybody's
func TestCollectRarely(t *testing.T) {
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	for name, c := range map[string]struct {
		of   server.Config
		want int
	}{
		"SQLite":                   {server.Config{}, 150},
		"a database elsewhere":     {server.Config{Database: "postgres://localhost/x"}, 250},
		"its address is in a file": {server.Config{DatabaseFile: "file"}, 250},
	} {
		server.CollectRarely(c.of)
		if got := debug.SetGCPercent(100); got != c.want {
			t.Errorf("%s: got %d percent, want %d", name, got, c.want)
		}
	}
}
