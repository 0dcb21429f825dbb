package bkash

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/gateway"
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
	refunds  map[string]refundSent // by our id
	order    []string              // of refunds
}

// refundSent is a refund of ours that was sent and not refused.
type refundSent struct {
	payment string
	before  []string // the provider's ids of those that were there before it
	id      string   // the provider's id of it, as soon as it is known
}

func newSent(wait time.Duration) *sent {
	return &sent{wait: wait, executes: map[string]time.Time{}, refunds: map[string]refundSent{}}
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
func (s *sent) remember(r gateway.Return, list []repaid) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, 0, len(list))
	for _, one := range list {
		ids = append(ids, one.id)
	}
	if !slices.Contains(s.order, r.Refund) {
		s.order = append(s.order, r.Refund)
	}
	s.refunds[r.Refund] = refundSent{payment: r.Attempt.Session, before: ids}
	if len(s.order) > mostKept {
		// With one of a payment go all of it: what is left could not be told apart from it.
		payment := s.refunds[s.order[0]].payment
		maps.DeleteFunc(s.refunds, func(_ string, one refundSent) bool { return one.payment == payment })
		s.order = s.order[1:]
	}
}

// answered notes what became of a refund: that it was not made, or its id.
func (s *sent) answered(refund string, report gateway.ReturnReport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, known := s.refunds[refund]
	switch {
	case report.Outcome == gateway.Denied:
		delete(s.refunds, refund)
	case known && report.Receipt != "":
		one.id = report.Receipt
		s.refunds[refund] = one
	}
}

// recalled is what is known of a refund that is looked for.
type recalled struct {
	id     string   // its own; empty = not known
	others []string // refunds of the payment that are certainly not this one
	all    bool     // of a new one that is none of them nobody else can be the owner
}

// recall tells what is known of a refund. What another refund without an id
// made cannot be told from what this one made.
func (s *sent) recall(r gateway.Return) recalled {
	s.mu.Lock()
	defer s.mu.Unlock()
	own, known := s.refunds[r.Refund]
	found := recalled{id: own.id, others: slices.Clone(own.before), all: known}
	for refund, other := range s.refunds {
		switch {
		case refund == r.Refund || other.payment != r.Attempt.Session:
		case other.id == "":
			found.all = false
		default:
			found.others = append(found.others, other.id)
		}
	}
	return found
}
