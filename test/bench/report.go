package main

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/template"
	"time"
)

// report is everything that one run found.
type report struct {
	plan    plan
	machine machine
	servers []result
	commits []commits
	began   time.Time
	took    time.Duration
}

// line is one figure, what it is compared with, and what was aimed at.
type line struct {
	engine, what, figure string
	with, other, ratio   string // empty = compared with nothing
	target               string // empty = none was set
	reached              bool
	sentence             string // about the target
}

// The targets.
const (
	leastGrouped  = 1.5 // groups to one transaction per call, PostgreSQL
	leastSQLite   = 2.0 // the same on SQLite
	leastHot      = 0.9 // one hot account to accounts all over
	leastHotAlone = 5.0 // one hot account, groups to one transaction per call, PostgreSQL
	leastServer   = 0.6 // Purser to the yardstick
	mostCPU       = 400 * time.Microsecond
	mostLatency   = 50 * time.Millisecond
	mostLoaded    = 100 << 20
	mostIdle      = 64 << 20
	mostCold      = time.Second
)

// atLeast is a line whose ratio has a target.
func atLeast(l line, ratio, least float64) line {
	l.ratio, l.target, l.reached = fmt.Sprintf("%.2f", ratio), fmt.Sprintf(">= %.1f", least), ratio >= least
	l.sentence = fmt.Sprintf("%.2f times %s; at least %.1f is wanted", ratio, l.with, least)
	return l
}

// below is a line whose figure has a target.
func below(l line, reached bool, target string) line {
	l.target, l.reached = target, reached
	l.sentence = l.figure + "; " + target + " is wanted"
	return l
}

// median is the one in the middle.
func median[T ~int64 | ~float64](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// over reads one number of every round.
func over[T any](rounds []round, read func(round) T) []T {
	list := make([]T, len(rounds))
	for i, r := range rounds {
		list[i] = read(r)
	}
	return list
}

// lines are the figures of Commit on one engine.
func (c commits) lines() []line {
	alone, least, leastHotSpot := "one commit per call", leastSQLite, leastSQLite
	if c.engine == postgres {
		alone, least, leastHotSpot = "one transaction per call, pool of 16", leastGrouped, leastHotAlone
	}
	rate := func(name string) string { return perSecond(c.figures[name]) }
	spread := line{
		engine: c.engine, what: "`Commit`, 1000 merchants", figure: rate("grouped-spread/s"),
		with: alone, other: rate("alone-spread/s"),
	}
	hot := line{
		engine: c.engine, what: "`Commit`, one hot account", figure: rate("grouped-hot/s"),
		with: alone, other: rate("alone-hot/s"),
	}
	level := line{
		engine: c.engine, what: "`Commit`, one hot account", figure: rate("grouped-hot/s"),
		with: "1000 merchants", other: rate("grouped-spread/s"),
	}
	all := []line{
		atLeast(spread, c.figures["grouped:alone-spread"], least),
		atLeast(hot, c.figures["grouped:alone-hot"], leastHotSpot),
	}
	if c.engine == postgres {
		all = append(all, atLeast(level, c.figures["hot:spread"], leastHot))
	}
	return all
}

// lines are the figures of the server on one engine.
func (r result) lines() []line {
	mine := median(over(r.rounds, func(o round) float64 { return o.purser.rate() }))
	its := median(over(r.rounds, func(o round) float64 { return o.yardstick.rate() }))
	ratios := over(r.rounds, func(o round) float64 { return o.purser.rate() / o.yardstick.rate() })
	invoices := atLeast(r.beside("`POST /invoice/create`", perSecond(mine), perSecond(its)), median(ratios), leastServer)
	invoices.sentence += fmt.Sprintf(" (the turns gave %.2f to %.2f)", slices.Min(ratios), slices.Max(ratios))
	cpu, yardCPU := r.both(measured.perRequest)
	half, yardHalf := r.both(func(m measured) time.Duration { return m.quantile(0.5) })
	tail, yardTail := r.both(func(m measured) time.Duration { return m.quantile(0.99) })
	again := median(r.again)
	return []line{
		invoices,
		below(r.beside("processor time per invoice, server and database", micros(cpu)+r.split(purserOf),
			micros(yardCPU)+r.split(yardstickOf)), cpu <= mostCPU, "at most 400 us"),
		r.beside("latency, half of all", millis(half), millis(yardHalf)),
		below(r.beside("latency, 99 of 100", millis(tail), millis(yardTail)), tail < mostLatency, "below 50 ms"),
		below(r.alone("resident memory under that load, at most", megabytes(r.peak)), r.peak < mostLoaded, "below 100 MB"),
		below(r.alone("resident memory before any request", megabytes(r.idle)), r.idle < mostIdle, "below 64 MB"),
		r.alone("resident memory "+r.rest.String()+" after the load", megabytes(r.rested)),
		below(r.alone("cold start, empty database to migrate", millis(r.first)), r.first < mostCold, "below 1 s"),
		below(r.alone(fmt.Sprintf("cold start, %d invoices", r.rows), millis(again)), again < mostCold, "below 1 s"),
	}
}

// both is the median of a figure, Purser's and the yardstick's.
func (r result) both(read func(measured) time.Duration) (mine, its time.Duration) {
	return median(over(r.rounds, func(o round) time.Duration { return read(o.purser) })),
		median(over(r.rounds, func(o round) time.Duration { return read(o.yardstick) }))
}

func purserOf(o round) measured    { return o.purser }
func yardstickOf(o round) measured { return o.yardstick }

// split is how the processor time is shared, where the database is another
// program.
func (r result) split(of func(round) measured) string {
	if r.engine != postgres {
		return ""
	}
	each := func(read func(measured) time.Duration) string {
		return micros(median(over(r.rounds, func(o round) time.Duration {
			return read(of(o)) / time.Duration(len(of(o).latencies))
		})))
	}
	return " (" + each(func(m measured) time.Duration { return m.server }) + " + " +
		each(func(m measured) time.Duration { return m.database }) + ")"
}

// alone is a figure of the server that is compared with nothing but its target.
func (r result) alone(what, figure string) line {
	return line{engine: r.engine, what: what, figure: figure}
}

// beside is a figure beside the yardstick's.
func (r result) beside(what, figure, other string) line {
	return line{engine: r.engine, what: what, figure: figure, with: "the yardstick", other: other}
}

// missed says whether any target was.
func (r result) missed() bool {
	return slices.ContainsFunc(r.lines(), func(l line) bool { return l.target != "" && !l.reached })
}

func perSecond(n float64) string    { return fmt.Sprintf("%.0f/s", n) }
func micros(d time.Duration) string { return fmt.Sprintf("%d us", d.Microseconds()) }
func millis(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }
func megabytes(n int64) string      { return fmt.Sprintf("%.0f MB", float64(n)/(1<<20)) }

// lines are all figures in the order in which they are shown.
func (r report) lines() []line {
	var all []line
	for _, c := range r.commits {
		all = append(all, c.lines()...)
	}
	for _, s := range r.servers {
		all = append(all, s.lines()...)
	}
	return all
}

// publish prints the page and writes it to its file.
func (r report) publish(out io.Writer) error {
	page, err := r.page()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "\n"+page); err != nil {
		return err
	}
	if r.plan.out == "" {
		return nil
	}
	return os.WriteFile(filepath.Clean(r.plan.out), []byte(page), 0o644) //nolint:gosec // a document for everybody
}

//go:embed page.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is the whole document.
func (r report) page() (string, error) {
	var b strings.Builder
	err := pageTemplate.Execute(&b, map[string]any{
		"Table": r.table(), "Verdicts": r.verdicts(), "Plan": r.plan, "Merchants": merchants,
		"Machine": r.conditions(), "Profiles": r.profiles(),
	})
	return b.String(), err
}

// verdicts is a sentence for every target.
func (r report) verdicts() string {
	var b strings.Builder
	for _, l := range r.lines() {
		switch {
		case l.target == "":
		case l.reached:
			fmt.Fprintf(&b, "- Reached: %s, %s: %s.\n", l.engine, l.what, l.sentence)
		default:
			fmt.Fprintf(&b, "- **Missed**: %s, %s: %s.\n", l.engine, l.what, l.sentence)
		}
	}
	return b.String()
}

// conditions are the machine, the moment, and what else the machine did.
func (r report) conditions() string {
	var b strings.Builder
	for _, l := range r.machine {
		b.WriteString("- " + l + "\n")
	}
	fmt.Fprintf(&b, "- measured on %s in %s\n", r.began.UTC().Format("2006-01-02 15:04 UTC"), r.took.Round(time.Second))
	for _, s := range r.servers {
		fmt.Fprintf(&b, "- of the machine's processor time during the turns on %s, the load generator took %.0f %%, "+
			"programs that have nothing to do with it %.0f %%\n", s.engine,
			100*s.share(func(m measured) time.Duration { return m.generator }),
			100*s.share(func(m measured) time.Duration { return m.others }))
	}
	return b.String()
}

// profiles are where the processor time goes of the servers that missed a target.
func (r report) profiles() string {
	var b strings.Builder
	for _, s := range r.servers {
		if s.profile != "" {
			fmt.Fprintf(&b, "\n## Where the server's processor time goes on %s\n\n```\n%s```\n", s.engine, s.profile)
		}
	}
	return b.String()
}

// share is the part of the machine's processor time that something took during
// Purser's turns.
func (r result) share(of func(measured) time.Duration) float64 {
	return median(over(r.rounds, func(o round) float64 {
		return of(o.purser).Seconds() / o.purser.took.Seconds() / float64(runtime.NumCPU())
	}))
}

// table is the one table.
func (r report) table() string {
	var b strings.Builder
	b.WriteString("| database | measured | figure | compared with | its figure | ratio | target | |\n" +
		"|---|---|--:|---|--:|--:|--:|---|\n")
	for _, l := range r.lines() {
		verdict := ""
		switch {
		case l.target == "":
		case l.reached:
			verdict = "reached"
		default:
			verdict = "**missed**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", l.engine, l.what, l.figure, l.with, l.other, l.ratio,
			l.target, verdict)
	}
	return b.String()
}
