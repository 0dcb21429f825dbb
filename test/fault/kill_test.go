//go:build fault

package fault

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/server"
)

// workers is how many clients are at work when the server dies.
const workers = 16

// sweeping finds payers whose return was lost while the server is up.
var sweeping = []string{"sweep_interval=500ms"}

// The server is killed again and again while clients work: in every other
// round at any moment, in the others at a point that hurts. What it has
// acknowledged is there afterwards, nothing is half done, and the gateways'
// books are ours.
func TestKill(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, database string) {
		killRounds(t, open(t, plot{database: database, settings: sweeping}), *roundsFlag, time.Second)
	})
}

// The same with a server that watches itself for data races; one that finds a
// race ends by itself.
func TestKillRacing(t *testing.T) {
	t.Parallel()
	program, err := programs.racing()
	if err != nil {
		t.Fatal(err)
	}
	killRounds(t, open(t, plot{program: program, settings: sweeping}), 1, 3*time.Second)
}

// moments are where the rounds ended, for the log.
type moments struct {
	random, missed int
	named          map[string]int
	starts         []time.Duration
}

func killRounds(t *testing.T, w *world, rounds int, longest time.Duration) {
	seed := seedOf(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	clients, stop := startClients(t, w, seed, nil)
	seen := moments{named: map[string]int{}}
	for round := range rounds {
		point := ""
		if round%2 == 1 {
			point = pick(rng, w.passed(), seen.named)
		}
		w.setPlan(server.FailpointPlan{Point: point, Hit: 1 + rng.IntN(3), Ahead: w.plan.Ahead})
		seen.starts = append(seen.starts, w.start())
		if point == "" {
			seen.random++
			expire(w, time.Duration(rng.Int64N(int64(longest/2))))
		} else if expire(w, longest) {
			seen.missed++
		} else {
			seen.named[point]++
		}
		w.kill()
	}
	w.setPlan(server.FailpointPlan{Ahead: w.plan.Ahead})
	seen.starts = append(seen.starts, w.start())
	expire(w, longest/2)
	stop()
	acks := clients.journal.read(t)
	held := w.quiet()
	wantKept(t, w.shops[0], acks)
	w.quiet() // links were opened just now
	w.compare(held)
	w.stop()
	seen.report(t, w, clients.tally)
}

// expire waits so long, unless the server ends first; it says whether it did not.
func expire(w *world, d time.Duration) bool {
	select {
	case <-w.server.ended:
		return false
	case <-time.After(d):
		return true
	}
}

// pick takes a point that was passed and not yet died at, as long as there is one.
func pick(rng *rand.Rand, passed []string, done map[string]int) string {
	fresh := slices.DeleteFunc(slices.Clone(passed), func(p string) bool { return done[p] > 0 })
	if len(fresh) == 0 {
		fresh = passed
	}
	if len(fresh) == 0 {
		return ""
	}
	return fresh[rng.IntN(len(fresh))]
}

// staff is what the clients of one test share.
type staff struct {
	journal *journal
	tally   *tally
}

// startClients lets clients work on the first shop until stop is called.
func startClients(t *testing.T, w *world, seed uint64, outage func(answer) bool) (staff, func()) {
	t.Helper()
	s := staff{newJournal(t), &tally{}}
	until := make(chan struct{})
	var crowd sync.WaitGroup
	for n := range workers {
		c := &client{
			shop: w.shops[0], number: n, rng: rand.New(rand.NewPCG(seed, uint64(n)+1)), journal: s.journal,
			outage: outage, tally: s.tally,
		}
		crowd.Go(func() { c.work(until) })
	}
	stop := sync.OnceFunc(func() {
		close(until)
		crowd.Wait()
	})
	t.Cleanup(stop)
	return s, stop
}

// report writes down what was done, and checks the time of the starts.
func (m moments) report(t *testing.T, w *world, seen *tally) {
	t.Helper()
	slices.Sort(m.starts)
	median, slowest := m.starts[len(m.starts)/2], m.starts[len(m.starts)-1]
	t.Logf("killed at %d random moments and at %d named points (%d were not passed in time) of %d known ones: %v",
		m.random, len(m.named), m.missed, len(w.passed()), m.named)
	t.Logf("%d stories, %d answers written down, %d calls lost; from start to first answer: median %s, slowest %s",
		seen.stories.Load(), seen.acks.Load(), seen.lost.Load(), median.Round(time.Millisecond),
		slowest.Round(time.Millisecond))
	if limit := 2 * time.Second; median > limit {
		t.Errorf("from start to first answer: median %s, want below %s", median, limit)
	}
	if seen.acks.Load() == 0 {
		t.Error("nothing was ever acknowledged: the test has shown nothing")
	}
}
