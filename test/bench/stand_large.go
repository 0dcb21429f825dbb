package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// enlarged is the same work on few payments and on many, and the audit of the many.
type enlarged struct {
	payments, postings int
	bytes              int64
	audit              time.Duration
	auditing           time.Duration // processor time of purser audit and the database
	loads              []largeLoad
}

// largeLoad is one work, on both databases by turns.
type largeLoad struct {
	what   string
	rounds []largeRound
}

// largeRound is one turn on each, one after the other.
type largeRound struct{ few, many turn }

// measureLarge copies the database of a few payments, makes it large, and lets two
// servers take turns, one on each.
func (s stand) measureLarge(ctx context.Context, shops []shop, l lives, r *result) error {
	large := s
	large.books, large.dir = "_large", filepath.Join(s.dir, "large")
	s.say("%s: making %d payments", s.engine, s.Payments)
	if err := s.copyTo(ctx, large); err != nil {
		return err
	}
	began := time.Now()
	sample, err := multiply(ctx, large.own(), s.Payments)
	if err != nil {
		return fmt.Errorf("multiply: %w", err)
	}
	s.say("%s: made in %v, sealing", s.engine, time.Since(began).Round(time.Second))
	if err := errors.Join(s.sealAll(ctx), large.sealAll(ctx)); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	byID := map[string][]string{}
	for _, shop := range shops {
		byID[shop.id] = shop.keys[:keysEach]
	}
	var many []bought
	for n, of := range sample {
		many = append(many, bought{of.id, byID[of.merchant][n%keysEach]})
	}
	if err := s.largeTurns(ctx, large, shops, l, [2][]bought{*l.made, shuffled(many)}, &r.large); err != nil {
		return err
	}
	if r.large.payments, err = count(ctx, large.own(), "payment"); err != nil {
		return err
	}
	if r.large.postings, err = count(ctx, large.own(), "posting"); err != nil {
		return err
	}
	if r.large.bytes, err = large.size(ctx); err != nil {
		return err
	}
	s.say("%s: audit of %d postings in %d MB", s.engine, r.large.postings, r.large.bytes>>20)
	database, err := cpuOfAll(s.database)
	if err != nil {
		return err
	}
	began, own := time.Now(), childTime()
	if err := large.audit(ctx); err != nil {
		return err
	}
	r.large.audit, r.large.auditing = time.Since(began), childTime()-own-database
	if database, err = cpuOfAll(s.database); err != nil {
		return err
	}
	r.large.auditing += database
	s.say("%s: audited in %v", s.engine, r.large.audit.Round(time.Millisecond))
	return s.dropLarge(ctx, large)
}

// childTime is the processor time of the processes that this one has waited for.
func childTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// largeTurns lets both servers take turns at each work.
func (s stand) largeTurns(
	ctx context.Context, large stand, shops []shop, l lives, read [2][]bought, r *enlarged,
) (err error) {
	var servers [2]*process
	for n, of := range []stand{s, large} {
		p, err := of.serve(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, p.stop()) }()
		servers[n] = p
	}
	if err := rest(ctx, settled); err != nil {
		return err
	}
	o, from, one := &orders{last: 1 << 30}, spread(shops), hot(shops[0]) // no name was used before
	for _, w := range []struct {
		what string
		of   func(n, requests int) runner
	}{
		{wires[ofV1].call + ", accounts all over", func(n, requests int) runner {
			return o.turn(wires[ofV1], servers[n].address, from, s.Clients, requests)
		}},
		{wires[ofV1].call + ", one account sends", func(n, requests int) runner {
			return o.turn(wires[ofV1], servers[n].address, one, s.Clients, requests)
		}},
		{"whole lives of payments through `/v1`", func(n, requests int) runner {
			l.address, l.requests, l.made = servers[n].address, max(requests/fewer, s.Clients), new([]bought)
			return l
		}},
		{"`GET /v1/payments/{id}`", func(n, requests int) runner {
			return newReads(servers[n].address, read[n], s.Clients, requests)
		}},
	} {
		load := largeLoad{what: w.what}
		if _, err := s.eachRound(func(requests int, counted bool) error {
			var turns [2]turn
			for n := range turns {
				var err error
				if turns[n], err = w.of(n, requests).run(ctx); err != nil {
					return fmt.Errorf("%s: %w", w.what, err)
				}
			}
			if counted {
				load.rounds = append(load.rounds, largeRound{turns[0], turns[1]})
				s.say("%s: %s: %.0f/s, with many payments %.0f/s", s.engine, w.what, turns[0].rate(), turns[1].rate())
			}
			return nil
		}); err != nil {
			return err
		}
		r.loads = append(r.loads, load)
	}
	return nil
}

// copyTo copies the database, which nobody has open, to another stand.
func (s stand) copyTo(ctx context.Context, large stand) error {
	if err := os.CopyFS(filepath.Join(large.dir, "data"), os.DirFS(filepath.Join(s.dir, "data"))); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	if s.engine != postgres {
		return nil
	}
	return s.administer(ctx, `create database "purser`+large.books+`" template purser`)
}

// dropLarge gives the space back.
func (s stand) dropLarge(ctx context.Context, large stand) error {
	if err := os.RemoveAll(large.dir); err != nil || s.engine != postgres {
		return err
	}
	return s.administer(ctx, `drop database "purser`+large.books+`"`)
}

// administer does something to a database of PostgreSQL from outside.
func (s stand) administer(ctx context.Context, command string) (err error) {
	conn, err := pgx.Connect(ctx, s.cluster.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, command)
	return err
}

// size is how many bytes Purser's database has.
func (s stand) size(ctx context.Context) (int64, error) {
	if s.engine == postgres {
		return number(ctx, s.own(), "select pg_database_size(current_database())")
	}
	info, err := os.Stat(s.own())
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
