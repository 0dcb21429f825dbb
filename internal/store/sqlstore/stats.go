package sqlstore

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Stats is what the write path did since the database was opened.
type Stats struct {
	Queue    int       // changes that wait now
	Limit    int       // how many may wait
	Batches  int64     // transactions that were committed
	Changes  int64     // changes in them, rejected ones among them
	Rejected int64     // changes refused by a version, a key or a floor
	Retried  int64     // transactions that had to be tried again
	Failed   int64     // changes that could not be committed
	Sizes    [10]int64 // batches by size: up to 1, 2, 4, 8, ... 256, and more
}

// Pool is how busy the connections are that read.
type Pool struct {
	Busy, Idle, Most int           // connections, and how many there may be
	Waits            int64         // reads that found all of them busy
	Waited           time.Duration // how long they waited together
}

// Pool looks at the connections that read.
func (d *DB) Pool() Pool { return d.engine.pool() }

// counters count while the committers run.
type counters struct {
	batches, changes, rejected, retried, failed atomic.Int64
	sizes                                       [10]atomic.Int64
}

// batch counts one batch that was committed.
func (c *counters) batch(b *batch) {
	c.batches.Add(1)
	c.changes.Add(int64(len(b.orders)))
	for _, err := range b.results {
		if err != nil {
			c.rejected.Add(1)
		}
	}
	c.sizes[min(bits.Len(uint(len(b.orders)-1)), len(c.sizes)-1)].Add(1)
}

// Stats reads the counters.
func (d *DB) Stats() Stats {
	c := &d.counters
	s := Stats{
		Batches: c.batches.Load(), Changes: c.changes.Load(), Rejected: c.rejected.Load(),
		Retried: c.retried.Load(), Failed: c.failed.Load(),
	}
	for i := range c.sizes {
		s.Sizes[i] = c.sizes[i].Load()
	}
	for _, c := range d.committers {
		s.Limit += d.options.Queue
		c.mu.Lock()
		s.Queue += c.live
		c.mu.Unlock()
	}
	return s
}
