package server

import "runtime/debug"

// CollectRarely lets Go's collector run less often than is usual: a server makes much
// short-lived garbage over a small live heap, of about 10 MB. More than this gains little, and
// takes the server beyond 100 MB under load. SQLite's pages are in the same process, which
// leaves less room than where the database is elsewhere.
func CollectRarely(c Config) {
	const beside, alone = 150, 250 // percent of the live heap
	percent := beside
	if c.Database.Reveal() != "" || c.DatabaseFile != "" {
		percent = alone
	}
	debug.SetGCPercent(percent)
}
