package main

import (
	"fmt"
	"time"
)

// The targets about deals.
const (
	leastPace    = 0.99 * dealPace // held for the whole time
	mostDealWait = time.Second     // 99 of 100 answers
)

// lines are the figures of deals; none where none were measured.
func (t trading) lines(engine string) []line {
	if len(t.rounds) == 0 {
		return nil
	}
	of := func(read func(tradingRound) turn) float64 {
		return median(over(t.rounds, func(r tradingRound) float64 { return read(r).rate() }))
	}
	const call = "`POST /api/merchant/invoices`, "
	rate, tail := t.held.rate(), t.held.quantile(0.99)
	pace := line{
		engine: engine, what: fmt.Sprintf("deals for %s, two servers, %d requisites", held, traders*requisitesEach),
		figure: perSecond(rate),
	}
	wait := line{engine: engine, what: "latency of these deals, 99 of 100", figure: millis(tail)}
	most := line{
		engine: engine, what: call + "a deal begins", figure: perSecond(of(func(r tradingRound) turn { return r.deals })),
		with: "no deal begins", other: perSecond(of(func(r tradingRound) turn { return r.invoices })),
		ratio: fmt.Sprintf("%.2f", median(over(t.rounds, func(r tradingRound) float64 {
			return r.deals.rate() / r.invoices.rate()
		}))),
	}
	each := func(d time.Duration) string { return micros(d / time.Duration(len(t.held.latencies))) }
	return []line{
		below(pace, rate >= leastPace, fmt.Sprintf("%d/s held", dealPace)),
		{engine: engine, what: "latency of these deals, half of all", figure: millis(t.held.quantile(0.5))},
		below(wait, tail < mostDealWait, "below 1 s"),
		{
			engine: engine, what: "processor time per deal, from wish to money, servers and database",
			figure: fmt.Sprintf("%s (%s + %s)", each(t.servers+t.database), each(t.servers), each(t.database)),
		},
		most,
	}
}
