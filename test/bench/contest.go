package main

import (
	"fmt"
	"runtime"
	"slices"
	"time"
)

// contest is Purser and the yardstick at the same work on one engine.
type contest struct {
	engine string
	rounds []round
}

// round is one turn of each, one after the other. Not all are compared with a
// yardstick that writes no events.
type round struct {
	purser, yardstick, eventless measured
}

func purserOf(o round) measured    { return o.purser }
func yardstickOf(o round) measured { return o.yardstick }
func eventlessOf(o round) measured { return o.eventless }

// measured is one turn with what it cost.
type measured struct {
	turn
	server   time.Duration // processor time of the server
	database time.Duration // and of all processes of PostgreSQL
	others   time.Duration // and of whatever else ran on the machine
}

// perRequest is the processor time of server and database together.
func (m measured) perRequest() time.Duration {
	return (m.server + m.database) / time.Duration(max(len(m.latencies), 1))
}

// over reads one number of every round.
func over[R, T any](rounds []R, read func(R) T) []T {
	list := make([]T, len(rounds))
	for i, r := range rounds {
		list[i] = read(r)
	}
	return list
}

// rate is the median of what one side did in a second.
func (c contest) rate(of func(round) measured) float64 {
	return median(over(c.rounds, func(o round) float64 { return of(o).rate() }))
}

// both is the median of a figure, Purser's and the yardstick's.
func (c contest) both(read func(measured) time.Duration) (mine, its time.Duration) {
	return median(over(c.rounds, func(o round) time.Duration { return read(o.purser) })),
		median(over(c.rounds, func(o round) time.Duration { return read(o.yardstick) }))
}

// throughput is Purser's rate beside the yardstick's.
func (c contest) throughput(what string) (l line, ratios []float64) {
	return c.beside(what, perSecond(c.rate(purserOf)), perSecond(c.rate(yardstickOf))),
		over(c.rounds, func(o round) float64 { return o.purser.rate() / o.yardstick.rate() })
}

// withoutEvents is Purser's rate beside that of the yardstick which writes none.
func (c contest) withoutEvents(what string) line {
	l := c.beside(what, perSecond(c.rate(purserOf)), perSecond(c.rate(eventlessOf)))
	l.with += " without events"
	l.ratio = fmt.Sprintf("%.2f", median(over(c.rounds, func(o round) float64 {
		return o.purser.rate() / o.eventless.rate()
	})))
	return l
}

// cost is the processor time of one request.
func (c contest) cost(what string) line {
	mine, its := c.both(measured.perRequest)
	return c.beside(what, micros(mine)+c.split(purserOf), micros(its)+c.split(yardstickOf))
}

// latency is the time that a share of all requests did not exceed.
func (c contest) latency(what string, share float64) line {
	mine, its := c.both(func(m measured) time.Duration { return m.quantile(share) })
	return c.beside(what, millis(mine), millis(its))
}

// split is how the processor time is shared, where the database is another
// program.
func (c contest) split(of func(round) measured) string {
	if c.engine != postgres {
		return ""
	}
	each := func(read func(measured) time.Duration) string {
		return micros(median(over(c.rounds, func(o round) time.Duration {
			return read(of(o)) / time.Duration(len(of(o).latencies))
		})))
	}
	return " (" + each(func(m measured) time.Duration { return m.server }) + " + " +
		each(func(m measured) time.Duration { return m.database }) + ")"
}

// beside is a figure beside the yardstick's.
func (c contest) beside(what, figure, other string) line {
	return line{engine: c.engine, what: what, figure: figure, with: "the yardstick", other: other}
}

// share is the part of the machine's processor time that something took during
// Purser's turns.
func (c contest) share(of func(measured) time.Duration) float64 {
	return median(over(c.rounds, func(o round) float64 {
		return of(o.purser).Seconds() / o.purser.took.Seconds() / float64(runtime.NumCPU())
	}))
}

// conditions says what else the machine did during the turns.
func (c contest) conditions(name string) string {
	return fmt.Sprintf("- of the machine's processor time during the turns with %s on %s, the load generator took "+
		"%.0f %%, programs that have nothing to do with it %.0f %%\n", name, c.engine,
		100*c.share(func(m measured) time.Duration { return m.generator }),
		100*c.share(func(m measured) time.Duration { return m.others }))
}

// ofTurns is a line whose ratio, the median of those of its turns, has a target.
func ofTurns(l line, ratios []float64, least float64) line {
	l = atLeast(l, median(ratios), least)
	l.sentence += fmt.Sprintf(" (the turns gave %.2f to %.2f)", slices.Min(ratios), slices.Max(ratios))
	return l
}
