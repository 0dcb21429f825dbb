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
	if !testing.Short() {
		t.Skip("TestKillAtEveryPoint begins with the same rounds, and goes on")
	}
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database, settings: sweeping})
		killRounds(t, w, time.Second/2, func(round int, _ moments) bool { return round < *roundsFlag })
	})
}

// The server dies at every point that hurts: before and after each kind of
// commit, at each step inside the database and around each call to a gateway.
func TestKillAtEveryPoint(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes about a hundred starts on each database")
	}
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database, settings: sweeping})
		const fewest, most = 50, 150
		seen := killRounds(t, w, 350*time.Millisecond, func(round int, seen moments) bool {
			// The first rounds only get to know the points. On a slow machine that goes on for
			// long: that none is left of those few that are known ends nothing.
			return round < 6 || round < most && (len(seen.named) < fewest || len(seen.left(w.passed())) > 0)
		})
		if len(seen.named) < fewest {
			t.Errorf("died at %d points, want at least %d: %v", len(seen.named), fewest, seen.named)
		}
		t.Logf("never died at: %v", seen.left(w.passed()))
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
	w := open(t, plot{program: program, settings: sweeping})
	killRounds(t, w, 3*time.Second/2, func(round int, _ moments) bool { return round < 1 })
}

// moments are where the rounds ended.
type moments struct {
	random int
	named  map[string]int // died there so often
	missed map[string]int // waited there so often in vain
	starts []time.Duration
}

// left are the points that were passed and not yet died at, but for those that
// hardly ever are passed.
func (m moments) left(passed []string) []string {
	const tries = 2
	return slices.DeleteFunc(slices.Clone(passed), func(p string) bool { return m.named[p] > 0 || m.missed[p] >= tries })
}

// killRounds kills the server as long as more says so, at random moments within a time
// or at a point, which a slow machine needs longer to come to, and looks at what is
// left then.
func killRounds(t *testing.T, w *world, within time.Duration, more func(round int, seen moments) bool) moments {
	t.Helper()
	seed := seedOf(t)
	rng := rand.New(rand.NewPCG(seed, 0))
	clients, stop := startClients(t, w, seed, nil)
	seen := moments{named: map[string]int{}, missed: map[string]int{}}
	for round := 0; more(round, seen); round++ {
		point := ""
		if left := seen.left(w.passed()); len(left) > 0 && (round%2 == 1 || round >= *roundsFlag) {
			point = left[rng.IntN(len(left))]
		}
		w.setPlan(server.FailpointPlan{Point: point, Hit: 1 + rng.IntN(2), Ahead: w.plan.Ahead})
		seen.starts = append(seen.starts, w.start())
		switch {
		case point == "":
			seen.random++
			expire(w, time.Duration(rng.Int64N(int64(within))))
		case expire(w, 6*within):
			seen.missed[point]++
		default:
			seen.named[point]++
		}
		w.kill()
	}
	w.setPlan(server.FailpointPlan{Ahead: w.plan.Ahead})
	seen.starts = append(seen.starts, w.start())
	expire(w, within)
	stop()
	killWorker(w, seen)
	acks := clients.journal.read(t)
	held := w.quiet()
	wantKept(t, w.shops[0], acks)
	w.quiet() // links were opened just now
	w.compare(held)
	w.stop()
	seen.report(t, w, clients.tally)
	return seen
}

// killWorker moves the clocks while nobody but the worker is at work, and lets
// the server die at what only the worker does.
func killWorker(w *world, seen moments) {
	w.t.Helper()
	const step = 3 * time.Minute
	for _, what := range []string{"silent change", "payment flag", "refund flag", "refund fail", "payment expire"} {
		for _, when := range []string{"before ", "after "} {
			for _, b := range w.banks {
				b.advance(step)
			}
			w.setPlan(server.FailpointPlan{Point: when + what, Hit: 1, Ahead: w.plan.Ahead + step})
			if expire(w, 300*time.Millisecond) {
				continue
			}
			seen.named[when+what]++
			w.kill()
			w.setPlan(server.FailpointPlan{Ahead: w.plan.Ahead})
			w.start()
		}
	}
	w.setPlan(server.FailpointPlan{Ahead: w.plan.Ahead})
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
	t.Logf("killed at %d random moments and at %d named points of %d known ones (not passed in time: %v): %v",
		m.random, len(m.named), len(w.passed()), m.missed, m.named)
	t.Logf("%d stories, %d answers written down, %d calls lost; from start to first answer: median %s, slowest %s",
		seen.stories.Load(), seen.acks.Load(), seen.lost.Load(), median.Round(time.Millisecond),
		slowest.Round(time.Millisecond))
	limit := 2 * time.Second
	if w.program != programs.plain {
		limit *= 5 // operators are promised nothing of one that looks for data races, which is so much slower
	}
	if median > limit {
		t.Errorf("from start to first answer: median %s, want below %s", median, limit)
	}
	if seen.acks.Load() == 0 {
		t.Error("nothing was ever acknowledged: the test has shown nothing")
	}
}
