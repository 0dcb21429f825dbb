//go:build !linux

package sqlstore

// Elsewhere SQLite writes its log as it likes.
func gatheringLog() (string, error) { return "", nil }
