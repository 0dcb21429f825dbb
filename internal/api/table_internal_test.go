package api

import (
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// stuck is a caller who takes nothing until the time that it may take is over.
type stuck struct {
	http.ResponseWriter

	over chan struct{}
}

func (s *stuck) Write([]byte) (int, error) {
	<-s.over
	return 0, os.ErrDeadlineExceeded
}

func (s *stuck) SetWriteDeadline(at time.Time) error {
	if !at.IsZero() {
		close(s.over)
	}
	return nil
}

// TestTablesWaitForNobodyForEver wants a caller who takes nothing to be given up, after
// the time that is for one part.
func TestTablesWaitForNobodyForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		s := newSheet(&stuck{over: make(chan struct{})})
		if s.write([]string{"id"}, []struct{}{}) || time.Since(begin) != partLimit {
			t.Errorf("it was given up after %s, want %s", time.Since(begin), partLimit)
		}
	})
}
