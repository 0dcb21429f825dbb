//go:build fault

package fault

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/server"
)

// The server is killed again and again while wallets are in use: money is sent,
// exchanged and taken out, invoices are paid, verified, rejected and refunded.
// What was acknowledged is there afterwards, every account has what its history
// says, and every payment was told of, if need be twice under one id.
func TestKillWallets(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database, settings: []string{
			"webhook_loopback=true", "webhook_look=50ms", "reject_interval=100ms",
		}})
		begins := map[string]string{"USDT": "10000", "IRT": "10000000"}
		till := w.openTill(means{verifyIn: 10 * time.Minute, people: 5, amounts: begins, house: begins})
		ear := till.listen()
		const atOnce = 4 // notices that may be under way to one receiver
		seed := seedOf(t)
		staff, doubts, stop := startRegulars(till, seed, regular{hook: ear.server.URL})
		kills := killWallets(till, seed)
		w.setPlan(server.FailpointPlan{Ahead: w.plan.Ahead})
		w.start()
		expire(w, 500*time.Millisecond)
		stop()
		acks := staff.journal.read(t)
		w.advance(time.Hour) // nothing waits to be verified any more
		bills := till.settled()
		ear.wantTold(bills, kills*atOnce)
		held := w.quiet() // a way back at the bank that was cut off may wait for a person
		till.wantHistory(bills, acks, doubts.Load())
		till.wantBank(bills, held)
		w.stop()
		t.Logf("%d stories, %d answers written down, %d calls lost, killed %d times; %s",
			staff.tally.stories.Load(), len(acks), staff.tally.lost.Load(), kills, ear)
	})
}

// startRegulars keeps a till busy, with regulars like the given one, until stop
// is called.
func startRegulars(t *till, seed uint64, like regular) (s staff, doubts *atomic.Int64, stop func()) {
	t.t.Helper()
	const regulars = 8
	s, doubts = staff{newJournal(t.t), &tally{}}, &atomic.Int64{}
	until := make(chan struct{})
	var crowd sync.WaitGroup
	for n := range regulars {
		c := like
		c.till, c.number, c.rng = t, n+1, rand.New(rand.NewPCG(seed, uint64(n)+1))
		c.journal, c.tally, c.doubts = s.journal, s.tally, doubts
		crowd.Go(func() { c.work(until) })
	}
	stop = sync.OnceFunc(func() {
		close(until)
		crowd.Wait()
	})
	t.t.Cleanup(stop)
	return s, doubts, stop
}

// killWallets kills the server again and again, in two of three rounds before or
// after the commit of one of these, and says how often. From round to round
// minutes pass, so that what is not verified is rejected in between.
func killWallets(t *till, seed uint64) (kills int) {
	t.t.Helper()
	const step, shortest, longest = 4 * time.Minute, time.Second / 2, 3 * time.Second
	var left []string
	for _, change := range []string{
		"transfer create", "exchange create", "payout create", "invoice create", "payment create", "invoice complete",
		"invoice reject", "invoice refund", "payment capture", "silent change",
	} {
		left = append(left, "before "+change, "after "+change)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	rng.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
	wanted, died := len(left), 0
	for round := range *roundsFlag {
		point := ""
		if round%3 != 0 && len(left) > 0 {
			point, left = left[0], left[1:]
		}
		for _, b := range t.banks {
			b.advance(step)
		}
		t.setPlan(server.FailpointPlan{Point: point, Hit: 1 + rng.IntN(2), Ahead: t.plan.Ahead + step})
		t.start()
		switch {
		case point == "":
			expire(t.world, time.Duration(rng.Int64N(int64(shortest))))
		case !expire(t.world, longest):
			died++
		}
		t.kill()
		kills++
	}
	t.t.Logf("died at %d of %d points", died, wanted)
	if died < wanted/2 {
		t.t.Errorf("died at %d of %d points: the test has shown little", died, wanted)
	}
	return kills
}

// all reads a list to its end.
func all[T any](t *till, p purse, method, filter string) []T {
	t.t.Helper()
	var items []T
	for page := 1; ; page++ {
		var list struct {
			Items []T
			Total int
		}
		t.signed(p, method, fmt.Sprintf("%slimit=100&sort=asc&page=%d", filter, page), &list)
		if items = append(items, list.Items...); len(items) >= list.Total || len(list.Items) == 0 {
			return items
		}
	}
}

// settled waits until no invoice waits to be verified, and gives all of them.
func (t *till) settled() []bill {
	t.t.Helper()
	wait(t.t, 20*time.Second, "everything unverified to be rejected", func() bool {
		var list struct{ Total int }
		t.signed(t.house, "invoice-list", "status=pending", &list)
		return list.Total == 0
	})
	return all[bill](t, t.house, "invoice-list", "")
}
