package app

import (
	"sync"

	"github.com/purserhq/purser/internal/deal"
)

// picks keeps callers who choose a requisite at the same moment out of each
// other's way. It spares work only: that no requisite has two deals of one sum
// is the store's promise, and a second process knows nothing of these picks.
type picks struct {
	mu    sync.Mutex
	taken map[string]bool
}

// pick is one caller's.
type pick struct {
	of  *picks
	key string // empty: nothing is chosen
}

// take chooses a requisite, unless somebody else is just choosing it. What was
// chosen before is free again.
func (p *pick) take(q deal.Requisite) bool {
	p.leave()
	key := q.Merchant + "/" + q.ID
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	if p.of.taken[key] {
		return false
	}
	if p.of.taken == nil {
		p.of.taken = map[string]bool{}
	}
	p.of.taken[key], p.key = true, key
	return true
}

// leave lets others choose it again: the choice is written down, or given up.
func (p *pick) leave() {
	if p.key == "" {
		return
	}
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	delete(p.of.taken, p.key)
	p.key = ""
}
