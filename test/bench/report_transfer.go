package main

import "fmt"

// The targets about transfers.
const (
	leastTransfers    = 0.6 // Purser to the yardstick, accounts all over
	leastV1           = 0.7 // the same through our own API
	leastHotTransfers = 0.8 // one account that sends, to accounts all over
	mostCheck         = 5.0 // of a hundred parts of a transfer's processor time
)

// lines are the figures of transfers on one engine.
func (r moving) lines(least float64) []line {
	const all, one = "accounts all over", "one account sends"
	call := r.call + ", "
	spread, spreads := r.spread.throughput(call + all)
	hot, hots := r.hot.throughput(call + one)
	hot.ratio = fmt.Sprintf("%.2f", median(hots))
	level := line{
		engine: r.hot.engine, what: call + one, figure: hot.figure, with: all, other: spread.figure,
	}
	per := "processor time per transfer, "
	if r.name != wires[ofTransfers].name {
		per = "processor time per " + r.call + ", "
	}
	levels := make([]float64, len(r.hot.rounds))
	for i, o := range r.hot.rounds {
		levels[i] = o.purser.rate() / r.spread.rounds[i].purser.rate()
	}
	return []line{
		ofTurns(spread, spreads, least),
		r.spread.withoutEvents(spread.what),
		r.spread.cost(per + all),
		r.spread.latency("latency, half of all, "+all, 0.5),
		r.spread.latency("latency, 99 of 100, "+all, 0.99),
		hot,
		ofTurns(level, levels, leastHotTransfers),
		r.hot.cost(per + one),
		r.hot.latency("latency, half of all, "+one, 0.5),
		r.hot.latency("latency, 99 of 100, "+one, 0.99),
	}
}

// line is what checking a signature costs of a transfer.
func (c check) line(r result) line {
	transfer, _ := r.transfers.spread.both(measured.perRequest)
	parts := 100 * c.took.Seconds() / transfer.Seconds()
	l := line{
		engine: r.engine, what: "checking a signature, " + c.what, figure: fmt.Sprintf("%d ns", c.took.Nanoseconds()),
		with: "processor time per transfer", other: micros(transfer), ratio: fmt.Sprintf("%.1f %%", parts),
	}
	if !c.limited {
		return l
	}
	l = below(l, parts <= mostCheck, fmt.Sprintf("at most %.0f %%", mostCheck))
	l.sentence = fmt.Sprintf("%.1f %% of the processor time of a transfer; %s is wanted", parts, l.target)
	return l
}
