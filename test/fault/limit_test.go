//go:build fault

package fault

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/server"
	"github.com/purserhq/purser/internal/store/pgtest"
)

// openBank presses the button of an invoice's page that leads to a gateway, and
// gives the page of the bank.
func (t *till) openBank(id, gateway string) string {
	t.t.Helper()
	link, a, err := t.tryBank(id, gateway)
	if err != nil || link == "" {
		t.t.Errorf("go to the gateway: got status %d, %v: %s", a.status, err, a.body)
	}
	return link
}

// tryBank is openBank for a server that may be killed. One that is no demo
// sends nobody to an address without https, as our banks have it: then it is
// taken from the books.
func (t *till) tryBank(id, gateway string) (link string, a answer, err error) {
	form := url.Values{"gateway": {gateway}}.Encode()
	a, err = t.do(http.MethodPost, "http://"+t.address+"/pay/invoice/"+id+"/gateway", "",
		"application/x-www-form-urlencoded", "text/html", strings.NewReader(form))
	if err != nil || a.status != http.StatusServiceUnavailable {
		return a.header.Get("Location"), a, err
	}
	payments, err := t.reading().PaymentsOf(t.t.Context(), t.merchant, id)
	for _, p := range payments {
		link = p.Attempt.Link
	}
	return link, a, err
}

// What a merchant does not verify goes back when its time is over, and not a
// moment before: into the wallet at once, and through the gateway, as the bank
// will tell.
func TestNotVerified(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database, settings: []string{"reject_interval=50ms"}})
		till := w.openTill(means{people: 1, amounts: map[string]string{"USDT": "30", "IRT": "50000"}})
		payer := till.people[0]
		w.start()
		late, kept := till.addBill("1", "10", "USDT", ""), till.addBill("2", "20", "USDT", "")
		atBank := till.addBill("3", "9000", "IRT", "")
		till.paid(payer, late)
		till.paid(payer, kept)
		address, err := w.decide(till.openBank(atBank, "zarinpal"), "approve")
		if err != nil {
			t.Fatal(err)
		}
		if a, err := w.visit(address); err != nil || a.status != http.StatusSeeOther {
			t.Errorf("return: got status %d, %v, want the way to the shop: %s", a.status, err, a.body)
		}
		for _, id := range []string{late, kept, atBank} {
			till.wantState("paid", id, "pending")
		}
		bank := w.banks["zarinpal"]
		if got := bank.totals(); got.Captured != 90_000 {
			t.Errorf("the bank says %+v, want 90000 Rial captured", got)
		}
		const room = 20 * time.Second
		w.advance(30*time.Minute - room)
		till.wantState("a moment before the end", late, "pending")
		w.signed(till.house, "invoice-verify", "trackid="+kept, nil)
		w.wantBalance("verified in time", till.house, "20")
		w.wantBalance("held", payer, "0")
		w.advance(room)
		wait(t, 10*time.Second, "the rejections", func() bool {
			return till.state(late) == "rejected" && till.state(atBank) == "rejected"
		})
		w.wantBalance("the money is back", payer, "10")
		for _, id := range []string{late, atBank} {
			for _, method := range []string{"invoice-verify", "invoice-refund"} {
				if a, err := w.sign(till.house, method, "trackid="+id); err != nil || a.status != http.StatusConflict {
					t.Errorf("%s of a rejected invoice: got status %d, %v: %s", method, a.status, err, a.body)
				}
			}
		}
		held := w.quiet()
		if len(held) != 0 {
			t.Errorf("got %v, want nothing that waits for a person", held)
		}
		if got := bank.totals(); got.Captured != got.Reversed+got.Refunded {
			t.Errorf("the bank says %+v, want it all to have gone back", got)
		}
		till.wantState("later", kept, "completed")
		w.wantBalance("later", till.house, "20")
		if got, want := w.balance(till.house, "IRT"), -w.fees(till, "IRT"); got != want {
			t.Errorf("the merchant has %d, want %d: nothing but what the bank keeps of a payment", got, want)
		}
		w.stop()
	})
}

// fees are what the gateways have kept of the merchant's payments.
func (w *world) fees(t *till, unit money.Unit) (sum int64) {
	w.t.Helper()
	balances, err := w.reading().Balances(w.t.Context(), t.merchant)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, b := range balances {
		if b.Account.Role == ledger.Fees && b.Account.Unit == unit {
			sum += b.Amount.Steps()
		}
	}
	return sum
}

// untilClock waits until a server has read its plan and believes what it says
// of the time.
func (t *till) untilClock(server *world) {
	t.t.Helper()
	at := server.now().Unix()
	wait(t.t, 10*time.Second, "the server's clock", func() bool {
		var made struct {
			Result struct {
				TrackID string `json:"trackid"`
				Time    int64
			}
		}
		server.signed(t.house, "create-invoice", t.billBody(rand.Text(), "1", "USDT", ""), &made)
		server.signed(t.house, "invoice-status", "trackid="+made.Result.TrackID, &made)
		return made.Result.Time >= at
	})
}

// Two servers at the end of many invoices' time: one is asked to verify them
// and is a little late, the other one's sweeper rejects them. Each is completed
// or rejected, never both, and what was said stays so.
func TestVerifyAgainstSweeper(t *testing.T) {
	t.Parallel()
	const people, rounds, verifyIn = 6, 8, time.Minute
	w := open(t, plot{database: pgtest.Database(t), settings: []string{"reject_interval=24h"}})
	till := w.openTill(means{verifyIn: verifyIn, people: people, amounts: map[string]string{"USDT": "500"}})
	sweeper := w.beside("reject_interval=5ms")
	sweeper.setPlan(server.FailpointPlan{Ahead: lead})
	w.start()
	sweeper.start()
	completed, rejected := 0, 0
	for round := range rounds {
		if round >= 2 && completed > 0 && rejected > 0 {
			break
		}
		verified, swept := till.race(sweeper, round)
		completed, rejected = completed+verified, rejected+swept
	}
	t.Logf("%d were verified and %d rejected", completed, rejected)
	if completed == 0 || rejected == 0 {
		t.Error("one of the two never won: the test has shown nothing")
	}
	w.wantBalance("verified", till.house, fmt.Sprint(completed))
	var have int64
	for _, p := range till.people {
		have += w.balance(p, "USDT")
	}
	if want := steps(t, fmt.Sprint(500*people-completed), "USDT"); have != want {
		t.Errorf("the payers have %d, want %d", have, want)
	}
	w.audit()
	sweeper.stop()
	w.stop()
}

// How far the sweeper's clock is ahead: while people pay, too little to reject
// what they paid, and in the race so much that it rejects what the other
// server may still verify.
const (
	lead = 40 * time.Second
	leap = 25 * time.Second
)

// race pays some invoices of one unit and lets both servers at them.
func (t *till) race(sweeper *world, round int) (completed, rejected int) {
	t.t.Helper()
	const bills, times = 24, 3
	ids := make([]string, bills)
	crowd(bills, 6, func(n int) {
		ids[n] = t.addBill(fmt.Sprint(round, "-", n), "1", "USDT", "")
		t.paid(t.people[n%len(t.people)], ids[n])
	})
	var mu sync.Mutex
	said := make([]map[int]int, bills)
	for n := range said {
		said[n] = map[int]int{}
	}
	sweeper.setPlan(server.FailpointPlan{Ahead: sweeper.plan.Ahead + leap})
	crowd(times*bills, 3, func(n int) {
		if n %= bills; round%2 == 1 {
			n = bills - 1 - n // they meet in the middle
		}
		a, err := t.sign(t.house, "invoice-verify", "trackid="+ids[n])
		if err != nil || a.status != http.StatusOK && a.status != http.StatusConflict {
			t.t.Errorf("verify: got status %d, %v: %s", a.status, err, a.body)
		}
		mu.Lock()
		defer mu.Unlock()
		said[n][a.status]++
	})
	t.setPlan(server.FailpointPlan{Ahead: t.plan.Ahead + leap})
	t.untilClock(t.world)
	for n, id := range ids {
		state := t.state(id)
		switch granted, refused := said[n][http.StatusOK], said[n][http.StatusConflict]; {
		case state == "completed" && granted == times:
			completed++
		case state == "rejected" && refused == times:
			rejected++
		default:
			t.t.Errorf("an invoice is %s; verify was granted %d times and refused %d times", state, granted, refused)
		}
	}
	return completed, rejected
}
