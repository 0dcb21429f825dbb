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
	read, reading      time.Duration // the same of a query for all postings and nothing else
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
	large := s.large()
	s.say("%s: making %d payments", s.engine, s.Payments)
	if err := s.copyTo(ctx, large); err != nil {
		return err
	}
	began := time.Now()
	sample, err := multiply(ctx, large.own(), s.Payments, func(made int) {
		s.say("%s: %d of %d are made", s.engine, made, s.Payments)
	})
	if err != nil {
		return fmt.Errorf("multiply: %w", err)
	}
	s.say("%s: made in %v, sealing", s.engine, time.Since(began).Round(time.Second))
	if err := errors.Join(s.sealAll(ctx), large.sealAll(ctx)); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	s.say("%s: sealed after %v", s.engine, time.Since(began).Round(time.Second))
	byID := map[string][]string{}
	for _, shop := range shops {
		byID[shop.id] = shop.keys[:keysEach]
	}
	const used = 1 << 30 // no call had a name so high
	k := kept{Bank: l.bank.address, Shops: keepable(shops), Lives: l.keys, Calls: used + callsEach}
	for _, b := range *l.made {
		k.Few = append(k.Few, keptPayment{b.id, b.key})
	}
	for n, of := range sample {
		k.Many = append(k.Many, keptPayment{of.id, byID[of.merchant][n%keysEach]})
	}
	if s.keep != "" {
		if err := s.remember(k); err != nil {
			return err
		}
	}
	if err := s.measurePair(ctx, large, k, l, used, r); err != nil || s.keep != "" {
		return err
	}
	return s.dropLarge(ctx, large)
}

// large is the stand of the large database.
func (s stand) large() stand {
	large := s
	large.books, large.dir = "_large", filepath.Join(s.dir, "large")
	return large
}

// measureAudit lets purser audit prove the large database.
func (s stand) measureAudit(ctx context.Context, large stand, e *enlarged) (err error) {
	if e.payments, err = count(ctx, large.own(), "payment"); err != nil {
		return err
	}
	if e.postings, err = count(ctx, large.own(), "posting"); err != nil {
		return err
	}
	if e.bytes, err = large.size(ctx); err != nil {
		return err
	}
	s.say("%s: audit of %d postings in %d MB", s.engine, e.postings, e.bytes>>20)
	e.audit, e.auditing, err = s.timed(syscall.RUSAGE_CHILDREN, func() error { return large.audit(ctx) })
	if err != nil {
		return err
	}
	e.read, e.reading, err = s.timed(syscall.RUSAGE_SELF, func() error {
		return readPostings(ctx, large.own(), e.postings)
	})
	if err != nil {
		return err
	}
	s.say("%s: audited in %v, postings read in %v", s.engine, e.audit.Round(time.Millisecond),
		e.read.Round(time.Millisecond))
	return nil
}

// timed is how long something takes, and the processor time of it: of this process or of
// those that it has waited for, and of the database.
func (s stand) timed(whose int, do func() error) (took, used time.Duration, err error) {
	cpu := func() (time.Duration, error) {
		var usage syscall.Rusage
		if err := syscall.Getrusage(whose, &usage); err != nil {
			return 0, err
		}
		database, err := cpuOfAll(s.database)
		return database + time.Duration(usage.Utime.Nano()+usage.Stime.Nano()), err
	}
	before, err := cpu()
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if err := do(); err != nil {
		return 0, 0, err
	}
	took = time.Since(began)
	after, err := cpu()
	return took, after - before, err
}

// readPostings reads every posting with a query, in the order of their entries, and does
// nothing with them.
func readPostings(ctx context.Context, database string, want int) (err error) {
	db, err := openAny(database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, "select entry_id, merchant_id, line, account, unit, amount from posting"+
		" order by entry_id, merchant_id, line")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	n := 0
	for ; rows.Next(); n++ {
		var entry, merchant, account, unit string
		var line, amount int64
		if err := rows.Scan(&entry, &merchant, &line, &account, &unit, &amount); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if n != want {
		return fmt.Errorf("read %d postings, want %d", n, want)
	}
	return nil
}

// largeTurns lets both servers take turns at each work.
func (s stand) largeTurns(
	ctx context.Context, large stand, shops []shop, l lives, read [2][]bought, o *orders, r *enlarged,
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
	if err := rest(ctx, s.settle); err != nil {
		return err
	}
	from, one := spread(shops), hot(shops[0])
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
