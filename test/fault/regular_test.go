//go:build fault

package fault

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// regular is somebody who keeps a till busy: a merchant's software and its
// customers, through one story after the other until told to stop. What it
// asks for bears a name, so that it can ask again when the answer was lost.
type regular struct {
	*till

	number  int
	rng     *rand.Rand
	journal *journal
	tally   *tally
	doubts  *atomic.Int64 // exchanges whose answer was lost: they bear no name
	hook    string
	orders  int
	// what a server may say that cannot answer now; nil = nothing
	outage func(answer) bool
	// the key of Purser's own API, and how many wishes came true there
	key    string
	wishes *atomic.Int64
}

// work tells stories until the channel closes.
func (c *regular) work(until <-chan struct{}) {
	stories := []func() error{c.transfer, c.transfer, c.exchange, c.withdraw, c.sell, c.sell, c.sell, c.sell}
	if c.key != "" {
		stories = append(stories, c.wish, c.wish)
	}
	for {
		select {
		case <-until:
			return
		case <-c.t.Context().Done():
			return
		default:
		}
		c.untilReady()
		c.tally.stories.Add(1)
		if err := stories[c.rng.IntN(len(stories))](); err != nil && !errors.Is(err, errDown) {
			c.t.Errorf("regular %d: %v", c.number, err)
			return
		}
	}
}

// again asks until there is an answer, and says whether one was lost before.
func (c *regular) again(do func() (answer, error)) (a answer, lost bool, err error) {
	const patience = 90 * time.Second // the server is away most of the time, and a machine may be slow
	for begin := time.Now(); time.Since(begin) < patience; {
		if a, err = do(); err == nil && c.later(a) {
			err = errDown // whether it was done is not known either
		} else if err == nil {
			if a.status >= http.StatusInternalServerError {
				err = fmt.Errorf("got status %d: %s", a.status, a.body)
			}
			return a, lost, err
		}
		if !errors.Is(err, errDown) {
			c.tally.lost.Add(1)
		}
		lost = true
		select {
		case <-time.After(5 * time.Millisecond): // it may have died a moment ago
		case <-c.t.Context().Done():
			return a, lost, errDown
		}
		c.untilReady()
	}
	return a, lost, fmt.Errorf("no answer for %s: %w", patience, err)
}

// later says that an answer is only that it must be asked for later.
func (c *regular) later(a answer) bool {
	if a.status != http.StatusServiceUnavailable || c.outage == nil || !c.outage(a) {
		return false
	}
	c.tally.refused.Add(1)
	return true
}

// call is a call of the wallet API that is repeated until it is answered.
func (c *regular) call(p purse, method, body string) (a answer, lost bool, err error) {
	return c.again(func() (answer, error) { return c.sign(p, method, body) })
}

func (c *regular) acknowledged(a ack) error {
	a.Client = c.number
	c.tally.acks.Add(1)
	return c.journal.write(a)
}

// order is a name that is given once.
func (c *regular) order() int {
	c.orders++
	return c.number*1_000_000 + c.orders
}

// somebody is one of the accounts.
func (c *regular) somebody() purse {
	if n := c.rng.IntN(len(c.people) + 1); n < len(c.people) {
		return c.people[n]
	}
	return c.house
}

func (c *regular) transfer() error {
	from, to, order := c.somebody(), c.somebody(), c.order()
	if from.account == to.account {
		return nil
	}
	amount := fmt.Sprintf("0.%02d", 1+c.rng.IntN(99))
	a, lost, err := c.call(from, "transfer",
		fmt.Sprintf("receiver=%d&amount=%s&currency=USDT&order_id=%d", to.account, amount, order))
	switch {
	case err != nil:
		return err
	case a.status == http.StatusOK, a.status == http.StatusConflict && lost: // it was carried out the first time
		return c.acknowledged(ack{
			What: "transfer", ID: fmt.Sprint(order), Of: from.number(), Amount: steps(c.t, amount, "USDT"),
		})
	}
	return fmt.Errorf("transfer: got status %d: %s", a.status, a.body)
}

func (c *regular) withdraw() error {
	from, order := c.somebody(), c.order()
	a, lost, err := c.call(from, "crypto-withdraw",
		fmt.Sprintf("order_id=%d&coin=USDT&network=BNB&amount=1.25&address=%s", order, bnbAddress))
	switch {
	case err != nil:
		return err
	case a.status == http.StatusOK, a.status == http.StatusConflict && lost:
		return c.acknowledged(ack{What: "withdrawal", ID: fmt.Sprint(order), Of: from.number()})
	}
	return fmt.Errorf("withdraw: got status %d: %s", a.status, a.body)
}

func (c *regular) exchange() error {
	from := c.somebody()
	a, err := c.sign(from, "exchange", fmt.Sprintf("amount=0.%02d&from_currency=USDT&to_currency=IRT", 1+c.rng.IntN(99)))
	if err != nil {
		c.tally.lost.Add(1)
	}
	if err != nil || c.later(a) {
		c.doubts.Add(1)
		return errDown
	}
	var done struct {
		Result struct {
			TrackID string `json:"trackid"`
			Get     string `json:"get_amount"`
		}
	}
	if a.status != http.StatusOK || a.into(&done) != nil {
		return fmt.Errorf("exchange: got status %d: %s", a.status, a.body)
	}
	return c.acknowledged(ack{
		What: "exchange", ID: done.Result.TrackID, Of: from.number(), Amount: steps(c.t, done.Result.Get, "IRT"),
	})
}

// sell makes an invoice, has it paid, and verifies it, or forgets to.
func (c *regular) sell() error {
	number, amount, currency := fmt.Sprint(c.order()), fmt.Sprintf("0.%02d", 1+c.rng.IntN(99)), "USDT"
	atBank := c.rng.IntN(4) == 0
	if atBank {
		amount, currency = fmt.Sprint(1000+c.rng.IntN(4000)), "IRT"
	}
	id, err := c.newBill(number, amount, currency)
	if err != nil {
		return err
	}
	if err := c.acknowledged(ack{What: "bill", ID: id, Of: number, Amount: steps(c.t, amount, currency)}); err != nil {
		return err
	}
	if atBank {
		err = c.payAtBank(id)
	} else {
		err = c.payFromWallet(id)
	}
	if err != nil || c.rng.IntN(4) == 0 {
		return err
	}
	state, err := c.verify(id)
	if err != nil || state != "completed" || c.rng.IntN(3) != 0 {
		return err
	}
	return c.giveBack(id)
}

// newBill makes an invoice; one that was made without our knowing has its number.
func (c *regular) newBill(number, amount, currency string) (string, error) {
	a, lost, err := c.call(c.house, "create-invoice", c.billBody(number, amount, currency, c.hook))
	if err != nil {
		return "", err
	}
	var made struct{ Result bill }
	if a.status == http.StatusOK {
		return made.Result.TrackID, a.into(&made)
	}
	if a.status != http.StatusConflict || !lost {
		return "", fmt.Errorf("create an invoice: got status %d: %s", a.status, a.body)
	}
	if a, _, err = c.call(c.house, "invoice-list", "invoice_number="+number); err != nil {
		return "", err
	}
	var list struct{ Items []bill }
	if err := a.into(&list); err != nil || len(list.Items) != 1 {
		return "", fmt.Errorf("find an invoice by its number: got %d, %w: %s", a.status, err, a.body)
	}
	return list.Items[0].TrackID, nil
}

// payFromWallet presses the button until it is answered. Whoever presses again
// after a lost answer is led to what became of it.
func (c *regular) payFromWallet(id string) error {
	p := c.people[c.rng.IntN(len(c.people))]
	a, _, err := c.again(func() (answer, error) { return c.payFrom(p, id) })
	switch {
	case err != nil:
		return err
	case a.status == http.StatusSeeOther:
		return c.acknowledged(ack{What: "state", ID: id, Word: "pending"})
	case a.status == http.StatusTooManyRequests: // attempts that died under way count
		return errDown
	}
	return fmt.Errorf("pay from a wallet: got status %d: %s", a.status, a.body)
}

// payAtBank goes to the bank, pays there and comes back.
func (c *regular) payAtBank(id string) error {
	link, a, err := c.tryBank(id, "zarinpal")
	if err == nil && link == "" && c.later(a) {
		return errDown
	}
	if err != nil || link == "" && a.status == http.StatusConflict {
		c.tally.lost.Add(1)
		return errDown // the page is perhaps open; nobody pays there
	}
	address, err := c.decide(link, "approve")
	if err != nil || address == "" {
		return fmt.Errorf("pay at the bank %q: %w", address, err)
	}
	a, _, err = c.again(func() (answer, error) { return c.visit(address) })
	if err == nil && a.status != http.StatusSeeOther && a.status != http.StatusOK {
		err = fmt.Errorf("return: got status %d: %s", a.status, a.body)
	}
	return err
}

// verify gives the state that the invoice has then.
func (c *regular) verify(id string) (string, error) {
	a, _, err := c.call(c.house, "invoice-verify", "trackid="+id)
	if err != nil {
		return "", err
	}
	if a.status == http.StatusOK {
		return "completed", c.acknowledged(ack{What: "state", ID: id, Word: "completed"})
	}
	if a.status != http.StatusConflict {
		return "", fmt.Errorf("verify: got status %d: %s", a.status, a.body)
	}
	var now struct{ Result bill }
	if a, _, err = c.call(c.house, "invoice-status", "trackid="+id); err == nil {
		err = a.into(&now)
	}
	if err == nil && now.Result.Status == "completed" {
		err = fmt.Errorf("invoice %s could not be verified and is completed", id)
	}
	return now.Result.Status, err
}

// giveBack refunds a completed invoice.
func (c *regular) giveBack(id string) error {
	a, lost, err := c.call(c.house, "invoice-refund", "trackid="+id)
	switch {
	case err != nil:
		return err
	case a.status == http.StatusOK, a.status == http.StatusConflict && lost:
		return c.acknowledged(ack{What: "state", ID: id, Word: "refunded"})
	case a.status == http.StatusPaymentRequired:
		return nil
	}
	return fmt.Errorf("refund: got status %d: %s", a.status, a.body)
}
