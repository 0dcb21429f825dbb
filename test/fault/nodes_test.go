//go:build fault

package fault

import (
	"errors"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store/pgtest"
)

// pursuits are settings of servers that are busy, and tell of everything.
var pursuits = []string{"webhook_loopback=true", "webhook_look=50ms", "reject_interval=100ms"}

// noticesAtOnce is how many may be under way to one receiver.
const noticesAtOnce = 4

// Two servers are restarted in turn, again and again, while clients work: those
// hear of it only that a call is to be made again, if at all. Nothing is lost,
// done twice or left untold, and every stop ends within its time.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	w := open(t, plot{database: pgtest.Database(t), settings: pursuits})
	b := w.openBusiness()
	const delay, limit = 500 * time.Millisecond, 15 * time.Second
	f := w.openFleet(2, "stop_delay="+delay.String(), "stop_limit="+limit.String())
	staff, doubts, stop := startRegulars(b.till, seedOf(t), b.like)
	const rounds = 2
	longest := time.Duration(0)
	for range rounds {
		for _, node := range f.nodes {
			before := staff.tally.acks.Load()
			wait(t, 20*time.Second, "clients that get on", func() bool { return staff.tally.acks.Load() > before+40 })
			begin := time.Now()
			node.stop()
			longest = max(longest, time.Since(begin))
			node.start()
			wait(t, 20*time.Second, "the server to be found again", func() bool { return f.able() == len(f.nodes) })
		}
	}
	stop()
	acks := staff.journal.read(t)
	f.close()
	if longest > delay+limit {
		t.Errorf("a stop took %s, want at most %s", longest, delay+limit)
	}
	b.wantAll(acks, int(doubts.Load()), 2*rounds*noticesAtOnce)
	t.Logf("%d restarts, the longest stop %s: %d answers written down, %d calls lost, %d refused, %d wishes; %s",
		2*rounds, longest.Round(time.Millisecond), len(acks), staff.tally.lost.Load(), staff.tally.refused.Load(),
		b.wishes.Load(), b.ear)
}

// The primary is killed while clients work through two servers, and its
// synchronous standby is promoted: the servers go over by themselves, and
// everything that was acknowledged is there.
func TestPromotion(t *testing.T) {
	t.Parallel()
	primary, standby := pair(t)
	// What this test reads beside the servers is to come from the primary, too.
	url := primary.URLs(standby, "purser") + "&target_session_attrs=read-write"
	w := open(t, plot{database: url, settings: pursuits})
	b := w.openBusiness()
	f := w.openFleet(2)
	staff, doubts, stop := startRegulars(b.till, seedOf(t), b.like)
	wait(t, 20*time.Second, "clients that get on", func() bool { return staff.tally.acks.Load() > 100 })
	died := time.Now()
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	wait(t, 20*time.Second, "a refusal", func() bool { return staff.tally.refused.Load() > 0 })
	wait(t, 20*time.Second, "servers that call themselves not ready", func() bool { return f.able() == 0 })
	promoted := time.Now()
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	took := time.Since(promoted)
	before := staff.tally.acks.Load()
	begin := time.Now()
	wait(t, 20*time.Second, "the first acknowledgement", func() bool { return staff.tally.acks.Load() > before })
	first := time.Since(begin)
	wait(t, 20*time.Second, "all servers", func() bool { return f.able() == len(f.nodes) })
	all := time.Since(begin)
	wait(t, 20*time.Second, "clients that get on", func() bool { return staff.tally.acks.Load() > before+100 })
	t.Logf("promoted in %s, %s after the death; then a first acknowledgement after %s, all servers ready after %s",
		took.Round(time.Millisecond), time.Since(died).Round(time.Millisecond), first.Round(time.Millisecond),
		all.Round(time.Millisecond))
	stop()
	acks := staff.journal.read(t)
	f.close()
	b.wantAll(acks, int(doubts.Load()), len(f.nodes)*noticesAtOnce)
	t.Logf("%d answers written down, %d calls lost, %d refused, %d wishes; %s", len(acks), staff.tally.lost.Load(),
		staff.tally.refused.Load(), b.wishes.Load(), b.ear)
}

// pair is a primary with an empty database and a synchronous standby.
func pair(t *testing.T) (primary, standby *pgtest.Cluster) {
	t.Helper()
	primary, err := pgtest.Start(pgtest.Options{Durable: true, InMemory: true})
	if errors.Is(err, pgtest.ErrNotInstalled) {
		pgtest.Database(t) // skips or fails, as the environment wants it
	}
	if err != nil {
		t.Fatal(err)
	}
	stop := func(c *pgtest.Cluster) {
		t.Cleanup(func() {
			if err := c.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
	stop(primary)
	if err := primary.CreateDatabase("purser"); err != nil {
		t.Fatal(err)
	}
	if standby, err = primary.Standby(); err != nil {
		t.Fatal(err)
	}
	stop(standby)
	return primary, standby
}
