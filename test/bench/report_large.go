package main

import (
	"fmt"
	"time"
)

// The targets about many payments.
const (
	leastLarge = 0.8     // many payments to few
	leastAudit = 500_000 // postings in a second
)

// lines are the figures of many payments; none where none were measured.
func (e enlarged) lines(engine string) []line {
	var all []line
	for _, load := range e.loads {
		of := func(read func(largeRound) turn) string {
			return perSecond(median(over(load.rounds, func(r largeRound) float64 { return read(r).rate() })))
		}
		all = append(all, ofTurns(line{
			engine: engine, what: load.what + fmt.Sprintf(", with %d payments", e.payments),
			figure: of(func(r largeRound) turn { return r.many }),
			with:   "few payments", other: of(func(r largeRound) turn { return r.few }),
		}, over(load.rounds, func(r largeRound) float64 { return r.many.rate() / r.few.rate() }), leastLarge))
	}
	if e.audit == 0 {
		return all
	}
	const bare = "a query for the postings alone"
	rate := float64(e.postings) / e.audit.Seconds()
	each := func(cpu time.Duration) string { return fmt.Sprintf("%.1f us", cpu.Seconds()*1e6/float64(e.postings)) }
	audit := line{
		engine: engine, what: fmt.Sprintf("`purser audit`, %d postings of %d payments in %d MB", e.postings, e.payments,
			e.bytes>>20),
		figure: perSecond(rate),
		with:   bare, other: perSecond(float64(e.postings) / e.read.Seconds()),
		ratio: fmt.Sprintf("%.2f", e.read.Seconds()/e.audit.Seconds()),
	}
	cost := line{
		engine: engine, what: "processor time of that audit for each posting, database included",
		figure: each(e.auditing), with: bare, other: each(e.reading),
	}
	return append(all, below(audit, rate >= leastAudit, "at least 500000/s"), cost)
}
