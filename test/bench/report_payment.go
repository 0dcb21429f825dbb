package main

import "time"

// leastRead is what a read is to be of a bare handler's answer of the same length.
const leastRead = 0.4

// paymentLines are the figures of payments on one engine; none where none were
// measured.
func (r result) paymentLines() []line {
	return append(r.lifeLines(), r.readLines()...)
}

// lifeLines are those of whole lives.
func (r result) lifeLines() []line {
	if len(r.lives) == 0 {
		return nil
	}
	of := func(read func(measured) time.Duration) time.Duration { return median(over(r.lives, read)) }
	each := func(read func(measured) time.Duration) string {
		return micros(of(func(m measured) time.Duration { return read(m) / time.Duration(len(m.latencies)) }))
	}
	cost := each(func(m measured) time.Duration { return m.server + m.database })
	if r.engine == postgres {
		cost += " (" + each(func(m measured) time.Duration { return m.server }) + " + " +
			each(func(m measured) time.Duration { return m.database }) + ")"
	}
	return []line{
		r.alone("whole lives of payments through `/v1`", perSecond(median(over(r.lives, measured.rate)))),
		r.alone("processor time per life, server and database", cost),
		r.alone("latency of a life, half of all", millis(of(func(m measured) time.Duration { return m.quantile(0.5) }))),
		r.alone("latency of a life, 99 of 100", millis(of(func(m measured) time.Duration { return m.quantile(0.99) }))),
	}
}

// readLines are those of reads.
func (r result) readLines() []line {
	if len(r.reads.rounds) == 0 {
		return nil
	}
	reads, ratios := r.reads.throughput("`GET /v1/payments/{id}`")
	cost := r.reads.cost("processor time per read, server and database")
	half := r.reads.latency("latency of a read, half of all", 0.5)
	tail := r.reads.latency("latency of a read, 99 of 100", 0.99)
	all := []*line{&reads, &cost, &half, &tail}
	for _, l := range all {
		l.with = "a bare JSON handler"
	}
	return []line{ofTurns(reads, ratios, leastRead), cost, half, tail}
}
