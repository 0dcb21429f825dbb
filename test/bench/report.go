package main

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	checks  []check
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
	l.target, l.reached = fmt.Sprintf(">= %.1f", least), ratio >= least
	if !l.reached {
		ratio = math.Floor(100*ratio) / 100 // or what was just missed would seem to be reached
	}
	l.ratio = fmt.Sprintf("%.2f", ratio)
	l.sentence = fmt.Sprintf("%s times %s; at least %.1f is wanted", l.ratio, l.with, least)
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

// invoiceLines are the figures of invoices on one engine, and of the server
// itself.
func (r result) invoiceLines() []line {
	c, again := r.invoices, median(r.again)
	invoices, ratios := c.throughput("`POST /invoice/create`")
	cpu, _ := c.both(measured.perRequest)
	tail, _ := c.both(func(m measured) time.Duration { return m.quantile(0.99) })
	return []line{
		ofTurns(invoices, ratios, leastServer),
		c.withoutEvents(invoices.what),
		below(c.cost("processor time per invoice, server and database"), cpu <= mostCPU, "at most 400 us"),
		c.latency("latency, half of all", 0.5),
		below(c.latency("latency, 99 of 100", 0.99), tail < mostLatency, "below 50 ms"),
		below(r.alone("resident memory under that load, at most", megabytes(r.peak)), r.peak < mostLoaded, "below 100 MB"),
		below(r.alone("resident memory before any request", megabytes(r.idle)), r.idle < mostIdle, "below 64 MB"),
		r.alone("resident memory "+r.rest.String()+" after the load", megabytes(r.rested)),
		below(r.alone("cold start, empty database to migrate", millis(r.first)), r.first < mostCold, "below 1 s"),
		below(r.alone(fmt.Sprintf("cold start, %d invoices", r.rows), millis(again)), again < mostCold, "below 1 s"),
	}
}

// alone is a figure of the server that is compared with nothing but its target.
func (r result) alone(what, figure string) line {
	return line{engine: r.engine, what: what, figure: figure}
}

// missed says whether any target was.
func missed(lines []line) bool {
	return slices.ContainsFunc(lines, func(l line) bool { return l.target != "" && !l.reached })
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
		if r.plan.does(ofInvoices) {
			all = append(all, s.invoiceLines()...)
		}
		if r.plan.does(ofTransfers) {
			all = append(all, s.transfers.lines(leastTransfers)...)
		}
		if r.plan.does(ofV1) {
			all = append(all, s.v1.lines(leastV1)...)
		}
		all = append(all, s.paymentLines()...)
		all = append(all, s.large.lines(s.engine)...)
		all = append(all, s.nodes.lines(s.engine)...)
		all = append(all, s.trading.lines(s.engine)...)
		for _, c := range r.checks {
			all = append(all, c.line(s))
		}
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
		"Table": r.table(), "Payments": r.payments(), "Verdicts": r.verdicts(), "Plan": r.plan, "Merchants": merchants,
		"Customers": merchants * customers, "Senders": merchants * senders,
		"Requisites": traders * requisitesEach, "Pace": dealPace, "Held": held, "Machine": r.conditions(),
		"Profiles": r.profiles(),
	})
	return b.String(), err
}

// payments are how many the large databases have, which an earlier run may have made:
// as they were counted, or as many as are wanted where none was measured.
func (r report) payments() string {
	var counted []string
	for _, s := range r.servers {
		if text := strconv.Itoa(s.large.payments); s.large.payments > 0 && !slices.Contains(counted, text) {
			counted = append(counted, text)
		}
	}
	if len(counted) == 0 {
		return strconv.Itoa(r.plan.Payments)
	}
	return strings.Join(counted, " and ")
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
		if r.plan.does(ofInvoices) {
			b.WriteString(s.invoices.conditions("invoices"))
		}
		if r.plan.does(ofTransfers) {
			b.WriteString(s.transfers.spread.conditions("transfers"))
		}
		if r.plan.does(ofV1) {
			b.WriteString(s.v1.spread.conditions("`POST /v1/transfers`"))
		}
	}
	return b.String()
}

// profiles are where the processor time goes of the servers that missed a target.
func (r report) profiles() string {
	var b strings.Builder
	for _, s := range r.servers {
		for _, p := range s.profiles {
			fmt.Fprintf(&b, "\n## Where the server's processor time goes on %s, %s\n\n```\n%s```\n", s.engine, p.load, p.text)
		}
	}
	return b.String()
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
