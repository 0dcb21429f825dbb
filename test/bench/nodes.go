package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// paired is the same load on one server, and on two that share its database.
type paired struct{ rounds []pairedRound }

// pairedRound is one turn of each, one after the other.
type pairedRound struct{ one, two turn }

// together are loads that begin at the same moment; what they met is one turn.
type together []runner

// run sends all of them.
func (all together) run(ctx context.Context) (turn, error) {
	turns, errs := make([]turn, len(all)), make([]error, len(all))
	var group sync.WaitGroup
	cpu, began := ownTime(), time.Now()
	for n, load := range all {
		group.Go(func() { turns[n], errs[n] = load.run(ctx) })
	}
	group.Wait()
	t := turn{took: time.Since(began), generator: ownTime() - cpu}
	for _, one := range turns {
		t.latencies = append(t.latencies, one.latencies...)
	}
	slices.Sort(t.latencies)
	return t, errors.Join(errs...)
}

// measureNodes lets the clients ask one server, and then half of them each of two.
func (s stand) measureNodes(ctx context.Context, shops []shop, r *result) (err error) {
	if !s.does(ofNodes) {
		return nil
	}
	if shops[0].keys == nil {
		if err := errors.Join(s.openKeys(ctx, shops), s.openWallets(ctx, shops)); err != nil {
			return err
		}
	}
	var servers [2]*process
	for n := range servers {
		p, err := s.serve(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		servers[n] = p
	}
	if err := rest(ctx, s.settle); err != nil {
		return err
	}
	o, from := &orders{last: 1 << 29}, spread(shops) // no call had a name so high
	_, err = s.eachRound(func(requests int, counted bool) error {
		var turns pairedRound
		var err error
		if turns.one, err = o.turn(wires[ofV1], servers[0].address, from, s.Clients, requests).run(ctx); err != nil {
			return fmt.Errorf("one server: %w", err)
		}
		var halves together
		for _, p := range servers {
			halves = append(halves, o.turn(wires[ofV1], p.address, from, s.Clients/2, requests/2))
		}
		if turns.two, err = halves.run(ctx); err != nil {
			return fmt.Errorf("two servers: %w", err)
		}
		if counted {
			r.nodes.rounds = append(r.nodes.rounds, turns)
			s.say("%s: one server %.0f/s, two servers %.0f/s", s.engine, turns.one.rate(), turns.two.rate())
		}
		return nil
	})
	return errors.Join(err, s.audit(ctx))
}

// lines are the figures of two servers; none where none were measured.
func (p paired) lines(engine string) []line {
	if len(p.rounds) == 0 {
		return nil
	}
	of := func(read func(pairedRound) turn) (rate, tail string) {
		return perSecond(median(over(p.rounds, func(r pairedRound) float64 { return read(r).rate() }))),
			millis(median(over(p.rounds, func(r pairedRound) time.Duration { return read(r).quantile(0.99) })))
	}
	two, twoTail := of(func(r pairedRound) turn { return r.two })
	one, oneTail := of(func(r pairedRound) turn { return r.one })
	const what = ", two servers on one machine with the database and the load"
	return []line{
		{
			engine: engine, what: wires[ofV1].call + what, figure: two, with: "one server", other: one,
			ratio: fmt.Sprintf("%.2f", median(over(p.rounds, func(r pairedRound) float64 {
				return r.two.rate() / r.one.rate()
			}))),
		},
		{engine: engine, what: "latency, 99 of 100, two servers", figure: twoTail, with: "one server", other: oneTail},
	}
}
