// Command bench measures how fast Purser is beside what it is compared with:
// the same work without groups, and a bare server that only inserts. It
// prints one table and keeps it in docs/benchmarks.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/purserhq/purser/internal/store/pgtest"
)

// budget ends a run that hangs.
const budget = 40 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err) // nobody is left to tell
		os.Exit(1)                                    //nolint:gocritic // the signals end with the process
	}
}

// plan is what one run measures.
type plan struct {
	Rounds   int // turns of each server, taken alternately
	Requests int // in one turn
	Clients  int // at once
	rest     time.Duration
	settle   time.Duration // before the first turn on a server
	engines  []string
	parts    []string // what is measured
	Payments int      // of the large database
	out      string   // where the page is written; empty = nowhere
	keep     string   // folder that keeps SQLite's large database for a later run; empty = none is
	profiles string   // folder that keeps profiles, made even where nothing was missed; empty = none
}

// The parts of a run.
const (
	ofInvoices  = "invoices"
	ofTransfers = "transfers"
	ofV1        = "v1"    // transfers through our own API
	ofLife      = "life"  // payments from the invoice to the money
	ofReads     = "reads" // of one payment
	ofLarge     = "large" // the three before on many payments, and their audit
	ofNodes     = "nodes" // one server and two on one database
	ofDeals     = "deals"
	ofCommits   = "commits"
	ofChecks    = "checks" // of signatures, beside what a transfer costs
)

var allParts = []string{
	ofInvoices, ofTransfers, ofV1, ofLife, ofReads, ofLarge, ofNodes, ofDeals, ofCommits, ofChecks,
}

// does says whether a part is measured.
func (p plan) does(part string) bool { return slices.Contains(p.parts, part) }

// run is one of the three programs in this one: the measurement, and the two
// servers that it starts as processes of their own.
func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "yardstick":
			return runYardstick(ctx, args[1:])
		case "profiled":
			return runProfiled(ctx, args[1:])
		}
	}
	p := plan{engines: []string{postgres, sqlite}}
	only := ""
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&p.out, "out", "docs/benchmarks.md", "page to write")
	flags.IntVar(&p.Rounds, "rounds", 11, "turns of each server")
	flags.IntVar(&p.Requests, "requests", 8000, "requests in one turn")
	flags.IntVar(&p.Clients, "clients", 64, "clients at once")
	flags.IntVar(&p.Payments, "payments", 200_000, "payments of the large database, of 4 kB each")
	flags.DurationVar(&p.rest, "rest", 15*time.Second, "rest after the load, before memory is looked at again")
	flags.DurationVar(&p.settle, "settle", 3*time.Second,
		"rest before the first turn: then all loops of the worker have run")
	parts := flags.String("parts", strings.Join(allParts, ","), "what to measure")
	flags.StringVar(&p.profiles, "profiles", "", "folder for profiles, made even where nothing was missed")
	flags.StringVar(&p.keep, "keep", "",
		"folder that keeps the large database: made there by the first run, measured again by each later one (SQLite)")
	flags.StringVar(&only, "engine", "", "only this engine: "+postgres+" or "+sqlite)
	if err := flags.Parse(args); err != nil {
		return err
	}
	p.parts = strings.Split(*parts, ",")
	for _, part := range p.parts {
		if !slices.Contains(allParts, part) {
			return fmt.Errorf("-parts: there is no part %q, only %s", part, strings.Join(allParts, ","))
		}
	}
	if only != "" {
		p.engines = []string{only}
	}
	if p.keep != "" && (only != sqlite || !p.does(ofLarge)) {
		return fmt.Errorf("-keep: it keeps only a large database of %s: say -engine %s -parts life,large", sqlite, sqlite)
	}
	ctx, cancel := context.WithTimeout(ctx, p.within())
	defer cancel()
	return measure(ctx, p, out)
}

// measure runs everything, prints the table and writes the page.
func measure(ctx context.Context, p plan, out io.Writer) (err error) {
	dir, remove, err := p.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	began := time.Now()
	say := func(format string, args ...any) {
		_, _ = fmt.Fprintf(out, "%4.0fs  "+format+"\n", append([]any{time.Since(began).Seconds()}, args...)...)
	}
	say("building purser")
	binary := filepath.Join(dir, "purser")
	if err := build(ctx, binary); err != nil {
		return err
	}
	//nolint:contextcheck // it ends with Stop, or with this process
	cluster, err := pgtest.Start(pgtest.Options{Durable: true, Settings: databaseSettings})
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	r := report{plan: p, began: began}
	if r.machine, err = describe(ctx, dir, cluster.URL("postgres")); err != nil {
		return err
	}
	for _, engine := range p.engines {
		s := stand{plan: p, engine: engine, dir: filepath.Join(dir, engine), binary: binary, cluster: cluster, say: say}
		result, err := s.measure(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
		r.servers = append(r.servers, result)
	}
	if p.does(ofCommits) {
		say("commits in groups and alone, both engines")
		if r.commits, err = measureCommits(ctx); err != nil {
			return err
		}
	}
	if p.does(ofChecks) && p.does(ofTransfers) {
		say("checks of signatures")
		if r.checks, err = measureChecks(ctx); err != nil {
			return err
		}
	}
	r.took = time.Since(began)
	return r.publish(out)
}

// databaseSettings are PostgreSQL's own defaults where tests have smaller
// numbers. The durable ones are on.
var databaseSettings = map[string]string{"shared_buffers": "128MB", "max_wal_size": "1GB"}
