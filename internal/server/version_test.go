package server

import (
	"runtime/debug"
	"testing"
)

// TestVersion wants the version that the build was told before all that Go knows.
func TestVersion(t *testing.T) {
	t.Parallel()
	commit := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "true"}}
	for _, c := range []struct {
		told, module string
		settings     []debug.BuildSetting
		known        bool
		want         string
	}{
		{told: "v1.2.3", module: "v0.9.0", settings: commit, known: true, want: "v1.2.3"},
		{told: " ", module: "v0.9.0", known: true, want: "v0.9.0"},
		{module: "(devel)", settings: commit, known: true, want: "devel-0123456789ab+dirty"},
		{module: "(devel)", known: true, want: "devel"},
		{want: "unknown"},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Version: c.module}, Settings: c.settings}
		if got := version(c.told, info, c.known); got != c.want {
			t.Errorf("told %q, module %q: got %q, want %q", c.told, c.module, got, c.want)
		}
	}
}
