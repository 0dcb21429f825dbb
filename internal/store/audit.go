package store

import "context"

// Finding is the result of one check of the books.
type Finding struct {
	ID      string // such as "I1"
	Checks  string // what must hold, in a sentence
	Rows    int64  // how many rows were looked at
	Wrong   int64  // how many break it
	Example string // the first that breaks it
}

// Auditor proves the books of a database. Progress is told as a share of the
// work, from 0 to 100.
type Auditor interface {
	Audit(ctx context.Context, progress func(percent int)) ([]Finding, error)
}
