package server

import (
	"runtime/debug"
	"strings"
)

// stamped is the version that a build without the repository beside it was told, as
// in a container: go build -ldflags "-X github.com/purserhq/purser/internal/server.stamped=v1.2.3".
var stamped string

// Version says which Purser this is: what the build was told, the module's version
// or, built from a working copy, its commit.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	return version(stamped, info, ok)
}

// version chooses among what is known of a build.
func version(told string, info *debug.BuildInfo, ok bool) string {
	if told = strings.TrimSpace(told); told != "" {
		return told
	}
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	version := "devel"
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			version = strings.TrimSuffix(version, "+dirty") + "-" + s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			version += "+dirty"
		}
	}
	return version
}
