package app

import (
	"sync"
	"time"
)

// keyAge is how long what another node changed may go unnoticed at most, such as
// the revocation of a key.
const keyAge = 5 * time.Second

// maxCached bounds the caches; one that is full starts anew.
const maxCached = 10_000

// cache spares the database the questions that are asked again and again about
// what rarely changes. Its zero value is ready.
type cache[K comparable, V any] struct {
	mu     sync.RWMutex
	known  map[K]cached[V]
	change int       // how often something was forgotten
	proven time.Time // until then all that is known is good, however old it is
}

type cached[V any] struct {
	value V
	until time.Time
}

// find gives the value that is known, or asks for it. A value that was asked
// for before something was forgotten, and is here only now, may be an old one:
// it is given and not kept. Nothing is kept of an error.
func (c *cache[K, V]) find(now time.Time, key K, ask func() (V, error)) (V, error) {
	c.mu.RLock()
	found, ok := c.known[key]
	change, proven := c.change, c.proven
	c.mu.RUnlock()
	if ok && (now.Before(found.until) || now.Before(proven)) {
		return found.value, nil
	}
	value, err := ask()
	if err != nil {
		var none V
		return none, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if change != c.change {
		return value, nil
	}
	if c.known == nil || len(c.known) >= maxCached {
		c.known = make(map[K]cached[V])
	}
	c.known[key] = cached[V]{value, now.Add(keyAge)}
	return value, nil
}

// forget makes every next look a question. It is called after a change was
// committed, or one that may have been.
func (c *cache[K, V]) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = nil
	c.change++
}

// recheck says that all that is known is as it was when it was read, and good until a time, or that
// it may not be.
func (c *cache[K, V]) recheck(same bool, until time.Time) {
	if !same {
		c.forget()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.proven = until
}
