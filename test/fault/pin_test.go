//go:build fault

package fault

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/wallet"
)

// Wrong PINs from many connections and addresses at once, at two servers: five
// are looked at for one account and then no more, not even the right one, until
// the time is over. Other accounts do not feel it.
func TestWrongPINs(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		wrongPINs(t, "", 1)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		wrongPINs(t, pgtest.Database(t), 2)
	})
}

func wrongPINs(t *testing.T, database string, servers int) {
	t.Helper()
	w := open(t, plot{database: database})
	till := w.openTill(means{people: 2, amounts: map[string]string{"USDT": "30"}})
	nodes := []*world{w}
	for range servers - 1 {
		nodes = append(nodes, w.beside())
	}
	for _, n := range nodes {
		n.start()
	}
	victim, other := till.people[0], till.people[1]
	id := till.addBill("1", "10", "USDT", "")
	for window := range 2 {
		looked, refused := 0, 0
		var mu sync.Mutex
		crowd(200, connections, func(n int) {
			guess := victim
			guess.pin += fmt.Sprint(n) // longer than the right one
			a, err := nodes[n%len(nodes)].payFrom(guess, id)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && a.status == http.StatusTooManyRequests:
				refused++
			case err == nil && a.status == http.StatusForbidden:
				looked++
			default:
				t.Errorf("a wrong PIN: got status %d, %v: %s", a.status, err, a.body)
			}
		})
		t.Logf("window %d: %d of %d PINs were looked at", window, looked, looked+refused)
		if looked != wallet.TriesPerAccount {
			t.Errorf("window %d: %d PINs were looked at, want %d", window, looked, wallet.TriesPerAccount)
		}
		for _, node := range nodes {
			if a, err := node.payFrom(victim, id); err != nil || a.status != http.StatusTooManyRequests {
				t.Errorf("the right PIN after too many wrong ones: got status %d, %v, want 429: %s", a.status, err, a.body)
			}
		}
		mine := till.addBill(fmt.Sprint("other+", window), "1", "USDT", "")
		till.paid(other, mine)
		for _, node := range nodes {
			plan := node.plan
			plan.Ahead += wallet.TryWindow + time.Second
			node.setPlan(plan)
			till.untilClock(node)
		}
	}
	till.paid(victim, id) // it has the right one, and time has passed
	w.wantBalance("paid", victim, "20")
	w.audit()
	for _, n := range nodes {
		n.stop()
	}
}
