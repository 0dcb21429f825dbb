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

// until remembers up to when a caller may take what is written.
type until struct {
	http.ResponseWriter

	deadline time.Time
}

func (*until) Write(text []byte) (int, error) { return len(text), nil }

func (u *until) SetWriteDeadline(at time.Time) error {
	u.deadline = at
	return nil
}

// TestTablesEnd wants the last bytes of a table, which are sent behind its last part, to be
// waited for as long as a part.
func TestTablesEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		u := &until{}
		s := newSheet(u)
		if !s.write([]string{"id"}, []struct{}{}) || !u.deadline.IsZero() {
			t.Errorf("while parts are read there is a deadline, %v, want none", u.deadline)
		}
		if s.end(t.Context()); !u.deadline.Equal(time.Now().Add(partLimit)) {
			t.Errorf("the deadline is %v, want %v", u.deadline, time.Now().Add(partLimit))
		}
	})
}
