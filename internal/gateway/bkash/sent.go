package bkash

import (
	"slices"
	"sync"
	"time"
)

// mostKept is how much of each kind is kept in mind; it only spares doubt, so
// the oldest may go.
const mostKept = 10_000

// sent remembers what this process has sent: when it executed a payment, and
// which refunds there were before it sent another.
type sent struct {
	wait time.Duration

	mu       sync.Mutex
	executes map[string]time.Time
	refunds  map[string][]string // ids of refunds, by our refund
	order    []string            // of refunds
}

func newSent(wait time.Duration) *sent {
	return &sent{wait: wait, executes: map[string]time.Time{}, refunds: map[string][]string{}}
}

// note records an execute.
func (s *sent) note(session string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.executes) >= mostKept {
		for known, at := range s.executes {
			if !now.Before(at.Add(s.wait)) {
				delete(s.executes, known)
			}
		}
	}
	s.executes[session] = now
}

// lately says that an execute may still be running.
func (s *sent) lately(session string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.executes[session]
	return ok && now.Before(at.Add(s.wait))
}

// remember keeps which refunds there were before ours.
func (s *sent) remember(refund string, list []repaid) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, 0, len(list))
	for _, r := range list {
		ids = append(ids, r.id)
	}
	if !slices.Contains(s.order, refund) {
		s.order = append(s.order, refund)
	}
	s.refunds[refund] = ids
	if len(s.order) > mostKept {
		delete(s.refunds, s.order[0])
		s.order = s.order[1:]
	}
}

// before are the refunds that were there before ours, when that is known.
func (s *sent) before(refund string) (ids []string, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, known = s.refunds[refund]
	return ids, known
}
