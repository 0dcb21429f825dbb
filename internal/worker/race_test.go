//go:build race

package worker

// racing says that the race detector watches, which makes everything slower.
const racing = true
