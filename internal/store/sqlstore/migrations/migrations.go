// Package migrations is the history of the database's shape, one folder per
// engine with the same names in both.
package migrations

import "embed"

// Files holds the folders sqlite and postgres.
//
//go:embed sqlite/*.sql postgres/*.sql
var Files embed.FS
