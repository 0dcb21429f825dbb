package server

import "runtime/debug"

// CollectRarely lets Go's collector run less often than is usual: a server makes much
// short-lived garbage over a small live heap, of about 10 MB. More than this gains little, and
// takes the server beyond 100 MB under load. SQLite's pages are in the same process, which
// leaves less room than where the database is elsewhere. GOGC wins, where it is set to
// something else than 100.
func CollectRarely(c Config) {
	const beside, alone, usual = 150, 250, 100 // percent of the live heap
	percent := beside
	if c.Database.Reveal() != "" || c.DatabaseFile != "" {
		percent = alone
	}
	if before := debug.SetGCPercent(percent); before != usual {
		debug.SetGCPercent(before)
	}
}
