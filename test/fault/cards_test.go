//go:build fault

package fault

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/sandbox"
	"github.com/purserhq/purser/internal/server"
)

// The server is killed again and again while a shop charges cards: it holds
// money, takes it whole or in part, gives a part up before and after, changes
// amounts, tries again and deletes. What was acknowledged is there afterwards,
// the acquirer's books are ours, and nothing is held or taken that we do not
// know of.
func TestKillCards(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database})
		c := w.openCounter()
		seed := seedOf(t)
		stop := c.startCashiers(seed)
		kills := c.killCards(seed)
		w.setPlan(server.FailpointPlan{Ahead: w.plan.Ahead})
		w.start()
		expire(w, 500*time.Millisecond)
		stop()
		w.advance(5 * time.Minute) // charges whose answer was lost are asked about
		c.clear()
		held := w.quiet()
		c.wantAcknowledged()
		c.compareCards(held)
		w.stop()
		t.Logf("killed %d times; %d payments, %d of them acknowledged", kills, c.payments, len(c.acks))
	})
}

// counter is where a shop takes cards.
type counter struct {
	*shop

	mu       sync.Mutex
	acks     map[string]wanted // by payment
	payments int
}

// wanted is what the server has said of a payment and has to stand by.
type wanted struct {
	refunds []string
	settled string // the settled amount; empty = it was not settled
	gone    bool   // deleted
	perhaps bool   // it was to be deleted, and nobody said whether it was
}

// cardPayment is a payment as the API shows it.
type cardPayment struct {
	ID            string      `json:"payment_id"`
	Amount        json.Number `json:"amount"`
	Status        string      `json:"status"`
	SettledAmount json.Number `json:"settled_amount"`
	Errors        string      `json:"errors"`
	RefundID      string      `json:"refund_id"`
}

// openCounter gives the shop a contract with the acquirer.
func (w *world) openCounter() *counter {
	w.t.Helper()
	s := w.shops[0]
	var done any
	w.operate(`{"secret_key": "sk_test_sandbox"}`, &done, func(c server.Commands) error {
		return c.PutGateway(w.t.Context(), server.NewGateway{
			Merchant: s.merchant, Connector: "stripe", Order: 9, Credentials: "-",
			Settings: map[string]string{
				"mode": "test", "base_url": w.banks["stripe"].URL, "currency": "EUR", "timeout_ms": "10000",
			},
		})
	})
	return &counter{shop: s, acks: map[string]wanted{}}
}

// ask makes one call; ok is false when no answer came that says anything.
func (c *counter) ask(method, path, body string) (p cardPayment, ok bool) {
	request, err := http.NewRequest(method, "http://"+c.address+path, strings.NewReader(body))
	if err != nil {
		panic(err) // the tests write good addresses
	}
	request.Header.Set("X-Api-Key", c.key)
	response, err := c.http.Do(request)
	if err != nil {
		return p, false
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || json.Unmarshal(text, &p) != nil {
		return cardPayment{}, false
	}
	return p, true
}

// note writes down what the server has said.
func (c *counter) note(id string, change func(*wanted)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.acks[id]
	change(&w)
	c.acks[id] = w
}

func chargeBody(amount int64, number string) string {
	return fmt.Sprintf(`{"amount":%d.%02d,"payment_method":"credit_card","additional_params":{"number":%q,`+
		`"name":"CARD HOLDER","expiration_month":"05","expiration_year":"2028","cvv":"973"}}`, amount/100, amount%100, number)
}

// cashier tells stories of single payments.
func (c *counter) cashier(rng *rand.Rand, until <-chan struct{}) {
	cards := []string{"4242424242424242", "4242424242424242", "4242424242424242", "4000000000000002"}
	for {
		select {
		case <-until:
			return
		default:
		}
		c.untilReady()
		p, ok := c.ask(http.MethodPost, "/api/payments", chargeBody(1000+rng.Int64N(9000), cards[rng.IntN(len(cards))]))
		if !ok || p.ID == "" {
			continue
		}
		c.note(p.ID, func(*wanted) {})
		for range rng.IntN(5) {
			if !c.act(rng, p) {
				break
			}
		}
	}
}

// act does one thing to a payment, and says whether there may be another.
func (c *counter) act(rng *rand.Rand, p cardPayment) bool {
	path := "/api/payments/" + p.ID
	switch rng.IntN(6) {
	case 0, 1:
		body := fmt.Sprintf(`{"payment_id":%q,"amount":%d.%02d}`, p.ID, 1+rng.IntN(30), rng.IntN(100))
		if back, ok := c.ask(http.MethodPost, "/api/refunds", body); ok && back.RefundID != "" {
			c.note(p.ID, func(w *wanted) { w.refunds = append(w.refunds, back.RefundID) })
		}
	case 2:
		c.ask(http.MethodPut, path, fmt.Sprintf(`{"amount":%d.0}`, 10+rng.IntN(100)))
	case 3:
		if done, ok := c.ask(http.MethodPut, path, `{"settled_at":"2026-01-02"}`); ok && done.Status == "settled" {
			c.note(p.ID, func(w *wanted) { w.settled = done.SettledAmount.String() })
		}
	case 4:
		c.ask(http.MethodPut, path, chargeBody(5000, "4242424242424242"))
	default:
		c.note(p.ID, func(w *wanted) { w.perhaps = true })
		gone, ok := c.ask(http.MethodDelete, path, "")
		c.note(p.ID, func(w *wanted) { w.gone, w.perhaps = gone.ID == p.ID, !ok })
		return ok && gone.ID != p.ID
	}
	return true
}

// startCashiers keeps the counter busy until stop is called.
func (c *counter) startCashiers(seed uint64) (stop func()) {
	until := make(chan struct{})
	var crowd sync.WaitGroup
	for n := range 8 {
		rng := rand.New(rand.NewPCG(seed, uint64(n)+1))
		crowd.Go(func() { c.cashier(rng, until) })
	}
	stop = sync.OnceFunc(func() {
		close(until)
		crowd.Wait()
	})
	c.t.Cleanup(stop)
	return stop
}

// killCards kills the server again and again, in two of three rounds around one
// of the commits and calls that hold and take money.
func (c *counter) killCards(seed uint64) (kills int) {
	c.t.Helper()
	const shortest, longest = time.Second / 2, 3 * time.Second
	var left []string
	for _, point := range []string{
		"invoice create", "payment open", "payment authorize", "payment to_capture", "payment capture", "payment to_void",
		"payment cancel", "payment retry", "payment adjust", "refund create", "refund succeed", "call payment_intents",
		"call payment_methods", "call confirm", "call capture", "call cancel", "call refunds", "call increment_authorization",
	} {
		left = append(left, "before "+point, "after "+point)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	rng.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
	wished, died := 0, 0
	for round := range *roundsFlag {
		point := ""
		if round%3 != 0 && len(left) > 0 {
			point, left = left[0], left[1:]
			wished++
		}
		for _, b := range c.banks {
			b.advance(2 * time.Minute)
		}
		c.setPlan(server.FailpointPlan{Point: point, Hit: 1 + rng.IntN(2), Ahead: c.plan.Ahead + 2*time.Minute})
		c.start()
		switch {
		case point == "":
			expire(c.world, time.Duration(rng.Int64N(int64(shortest))))
		case !expire(c.world, longest):
			died++
		}
		c.kill()
		kills++
	}
	c.t.Logf("died at %d of %d points", died, wished)
	if died < wished/3 {
		c.t.Errorf("died at %d of %d points: the test has shown little", died, wished)
	}
	return kills
}

// clear leaves no payment held: what is, is taken.
func (c *counter) clear() {
	c.t.Helper()
	wait(c.t, 30*time.Second, "everything held to be taken", func() bool {
		for _, p := range c.all() {
			if p.State == payment.Authorized && !p.Withdrawn && p.Step.Kind == "" {
				c.ask(http.MethodPut, "/api/payments/"+p.ID, `{"settled_at":"2026-01-02"}`)
			}
		}
		for _, p := range c.all() {
			if p.State == payment.Authorized {
				return false
			}
		}
		return true
	})
}

// all are the shop's payments by card, also those that nobody is shown.
func (c *counter) all() []payment.Payment {
	c.t.Helper()
	var found []payment.Payment
	for offset := 0; ; {
		invoices, _, err := c.reading().Invoices(c.t.Context(), c.merchant, app.Page{Limit: 500, Offset: offset})
		if err != nil {
			c.t.Fatal(err)
		}
		ids := make([]string, len(invoices))
		for n, i := range invoices {
			ids[n] = i.ID
		}
		payments, err := c.reading().PaymentsOf(c.t.Context(), c.merchant, ids...)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, p := range payments {
			if p.Direct {
				found = append(found, p)
			}
		}
		if offset += len(invoices); len(invoices) < 500 {
			return found
		}
	}
}

// wantAcknowledged wants everything that the server has said to be true still.
func (c *counter) wantAcknowledged() {
	c.t.Helper()
	if len(c.acks) == 0 {
		c.t.Error("nothing was ever acknowledged: the test has shown nothing")
	}
	for id, w := range c.acks {
		p, ok := c.ask(http.MethodGet, "/api/payments/"+id, "")
		switch {
		case !ok:
			c.t.Fatalf("payment %.12s cannot be read", id)
		case !w.perhaps && w.gone != (p.ID == ""):
			c.t.Errorf("payment %.12s: deleted %v, and it is shown as %q", id, w.gone, p.Status)
		case w.settled != "" && p.ID != "" && (p.Status != "settled" || p.SettledAmount.String() != w.settled):
			c.t.Errorf("payment %.12s was settled with %s and is %s with %s", id, w.settled, p.Status, p.SettledAmount)
		}
		for _, back := range w.refunds {
			if r, ok := c.ask(http.MethodGet, "/api/refunds/"+back, ""); !ok || r.RefundID != back {
				c.t.Errorf("refund %.12s of payment %.12s is gone", back, id)
			}
		}
	}
}

// compareCards holds the acquirer's books against ours, payment by payment.
func (c *counter) compareCards(held map[string]waiting) {
	c.t.Helper()
	doubtful := c.doubtful(held)
	theirs := c.banks["stripe"].payments()
	var owed int64
	for _, p := range c.all() {
		c.payments++
		there, known := theirs[p.Attempt.Session]
		delete(theirs, p.Attempt.Session)
		what := fmt.Sprintf("payment %.12s of %s (%s)", p.ID, p.Amount, p.State)
		if !known {
			if p.State != payment.Failed && p.State != payment.Canceled {
				c.t.Errorf("%s: the acquirer does not know it", what)
			}
			continue
		}
		cents := p.Amount.Steps()
		if collected := p.Collected() || p.State == payment.Refunded; collected != (there.Captures == 1) {
			c.t.Errorf("%s: the acquirer took it %d times (%s)", what, there.Captures, there.State)
		} else if collected && there.Amount != cents {
			c.t.Errorf("%s: the acquirer took %d", what, there.Amount)
		} else if collected && !doubtful[p.ID] && there.Refunded() != c.returned(p) {
			c.t.Errorf("%s: the acquirer gave %d back, we think %d", what, there.Refunded(), c.returned(p))
		}
		if there.State == sandbox.Paid {
			c.t.Errorf("%s: the acquirer still holds %d", what, there.Amount)
		}
		if there.Captures == 1 {
			owed += there.Amount - there.Refunded()
		}
	}
	for id, p := range theirs {
		if p.State == sandbox.Paid || p.Captures != 0 {
			c.t.Errorf("the acquirer has money for %s (%s), which no payment of ours knows", id, p.State)
		}
	}
	if got := c.clearing("stripe"); len(held) == 0 && got != -owed {
		c.t.Errorf("our books say that the acquirer owes %d, it says %d", -got, owed)
	}
}

// returned is what went back of a payment after it was taken.
func (c *counter) returned(p payment.Payment) int64 {
	c.t.Helper()
	refunds, err := c.reading().RefundsOf(c.t.Context(), c.merchant, p.ID)
	if err != nil {
		c.t.Fatal(err)
	}
	var sum int64
	for _, r := range refunds {
		if r.State == refund.Succeeded && r.Way != refund.ByRelease {
			sum += r.Amount.Steps()
		}
	}
	return sum
}
