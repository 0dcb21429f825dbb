//go:build fault

package fault

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// ack is one line of the journal: something that the server has said.
type ack struct {
	Client int    `json:"client"`
	What   string `json:"what"` // invoice, link, payment, status or reversal
	ID     string `json:"id"`   // of the invoice or payment; the token of a link
	Of     string `json:"of,omitempty"`
	Amount int64  `json:"amount,omitempty"`
	Word   string `json:"word,omitempty"` // a status
}

// journal is what the server acknowledged, written down by those it told.
type journal struct {
	mu    sync.Mutex
	file  *os.File
	lines *json.Encoder
}

func newJournal(t *testing.T) *journal {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "acknowledged.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() }) // it was read before
	return &journal{file: file, lines: json.NewEncoder(file)}
}

func (j *journal) write(a ack) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.Encode(a)
}

// read gives all lines in the order in which they were written.
func (j *journal) read(t *testing.T) []ack {
	t.Helper()
	text, err := os.ReadFile(j.file.Name())
	if err != nil {
		t.Fatal(err)
	}
	var acks []ack
	for line := range strings.Lines(string(text)) {
		var a ack
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		acks = append(acks, a)
	}
	return acks
}

// client is a shop's software and its payers, working through one story after
// the other until it is told to stop.
type client struct {
	*shop
	number  int
	rng     *rand.Rand
	journal *journal
	// odd answers that are allowed while the database is away; nil = none are.
	outage func(a answer) bool
	tally  *tally
}

// tally counts what the clients saw. A refusal is an answer of a server that
// has no database.
type tally struct{ stories, acks, lost, refused atomic.Int64 }

// errDown says that the server went away in the middle of a story.
var errDown = errors.New("the server is down")

// work tells stories until the channel closes.
func (c *client) work(until <-chan struct{}) {
	for {
		select {
		case <-until:
			return
		default:
		}
		c.untilReady()
		c.tally.stories.Add(1)
		if err := c.story(); err != nil && !errors.Is(err, errDown) {
			c.t.Errorf("client %d: %v", c.number, err)
			return
		}
	}
}

// ask makes a call. A connection that broke leaves its outcome unknown.
func (c *client) ask(method, path string, body, into any) (answer, error) {
	a, err := c.call(method, path, body)
	switch {
	case err != nil:
		c.tally.lost.Add(1)
		return a, errDown
	case a.status == http.StatusOK && into != nil:
		err = a.into(into)
	case a.status >= http.StatusInternalServerError && c.outage != nil && c.outage(a):
		c.tally.refused.Add(1)
		return a, errDown
	case a.status >= http.StatusInternalServerError:
		c.t.Errorf("%s %s: got status %d: %s", method, path, a.status, a.body)
	}
	return a, err
}

func (c *client) acknowledged(a ack) error {
	a.Client = c.number
	c.tally.acks.Add(1)
	return c.journal.write(a)
}

// story is one thing that happens in a shop.
func (c *client) story() error {
	if c.rng.IntN(6) == 0 {
		return c.linkStory()
	}
	amount := 10_000 + 10*c.rng.Int64N(5000)
	var made struct {
		ID string `json:"_id"`
	}
	a, err := c.ask(http.MethodPost, "/invoice/create", object{"title": "Two tickets", "totalAmount": amount}, &made)
	if err != nil || a.status != http.StatusOK {
		return c.unexpected("create an invoice", a, err)
	}
	if err := c.acknowledged(ack{What: "invoice", ID: made.ID, Amount: amount}); err != nil {
		return err
	}
	gateway := gateways[c.rng.IntN(len(gateways))]
	var page opened
	a, err = c.ask(http.MethodPost, "/payment/request", requested(made.ID, gateway, amount), &page)
	if err != nil || a.status != http.StatusOK {
		return c.unexpected("request a payment", a, err)
	}
	return c.pay(page, amount)
}

func (c *client) linkStory() error {
	amount := 10_000 + 10*c.rng.Int64N(5000)
	var link struct{ Token string }
	a, err := c.ask(http.MethodPost, "/admin/payment/getReadyToPayLink",
		object{"amount": amount, "userFullName": "A. Payer", "mobile": "09120000001"}, &link)
	if err != nil || a.status != http.StatusOK {
		return c.unexpected("make a link", a, err)
	}
	if err := c.acknowledged(ack{What: "link", ID: link.Token, Amount: amount}); err != nil {
		return err
	}
	var page opened
	a, err = c.ask(http.MethodGet, "/payment/readyToPay?token="+url.QueryEscape(link.Token), nil, &page)
	if err != nil || a.status != http.StatusOK {
		return c.unexpected("open a link", a, err)
	}
	return c.pay(page, amount)
}

func (c *client) unexpected(what string, a answer, err error) error {
	if err == nil {
		c.t.Errorf("%s: got status %d: %s", what, a.status, a.body)
		return errDown
	}
	return err
}

// pay is the payer at the bank, the way back, and the shop that asks.
func (c *client) pay(page opened, amount int64) error {
	err := c.acknowledged(ack{What: "payment", ID: page.PaymentID, Of: page.Authority, Amount: amount})
	if err != nil {
		return err
	}
	decision := []string{
		"approve", "approve", "approve", "approve", "approve", "approve", "decline", "cancel",
		"leave",
	}[c.rng.IntN(9)]
	address, err := c.decide(page.Gateway.Link, decision)
	if err != nil {
		return err
	}
	visits := []int{0, 1, 1, 1, 1, 1, 1, 2, 3}[c.rng.IntN(9)]
	for range visits {
		if address == "" {
			break
		}
		a, err := c.visit(address)
		if err != nil || a.status == http.StatusServiceUnavailable && c.outage != nil {
			c.tally.lost.Add(1)
			c.untilReady() // the payer presses reload
			continue
		}
		if a.status != http.StatusOK {
			c.t.Errorf("return: got status %d: %s", a.status, a.body)
		}
	}
	var said struct{ Status string }
	for range 1 + c.rng.IntN(2) {
		a, err := c.ask(http.MethodGet, "/payment/status?paymentId="+page.PaymentID, nil, &said)
		if err != nil || a.status != http.StatusOK {
			return c.unexpected("ask for a status", a, err)
		}
		if err := c.acknowledged(ack{What: "status", ID: page.PaymentID, Word: said.Status}); err != nil {
			return err
		}
	}
	if said.Status == "success" && c.rng.IntN(3) == 0 {
		return c.takeBack(page)
	}
	return nil
}

// takeBack reverses a payment.
func (c *client) takeBack(page opened) error {
	var said struct{ IsOk bool }
	a, err := c.ask(http.MethodPost, "/payment/reverse",
		object{"invoiceId": page.InvoiceID, "authority": page.Authority}, &said)
	if err != nil || a.status != http.StatusOK {
		return c.unexpected("reverse a payment", a, err)
	}
	if said.IsOk {
		return c.acknowledged(ack{What: "reversal", ID: page.PaymentID, Word: "reversed"})
	}
	return nil
}

// wantKept checks that the server still knows everything it has acknowledged.
func wantKept(t *testing.T, s *shop, acks []ack) {
	t.Helper()
	type kept struct {
		authority, status string
		amount            int64
	}
	invoices, payments, tokens := map[string]int64{}, map[string]kept{}, map[string]int64{}
	for _, i := range s.invoices() {
		invoices[i.ID] = i.Total
		if i.Token != "" {
			tokens[i.Token] = i.Total
		}
		for _, p := range i.Payments {
			payments[p.ID] = kept{p.Authority, p.Status, p.Amount}
		}
	}
	for _, a := range acks {
		p := payments[a.ID]
		switch a.What {
		case "invoice":
			if got := invoices[a.ID]; got != a.Amount {
				t.Errorf("acknowledged invoice %s: got %d, want %d", a.ID, got, a.Amount)
			}
		case "link":
			if got := tokens[a.ID]; got != a.Amount {
				t.Errorf("acknowledged link %s: got an invoice of %d, want %d", a.ID, got, a.Amount)
			}
			answer, err := s.call(http.MethodGet, "/payment/readyToPay?token="+url.QueryEscape(a.ID), nil)
			if err != nil || answer.status != http.StatusOK && answer.status != http.StatusBadRequest &&
				answer.status != http.StatusConflict {
				t.Errorf("acknowledged link %s: got status %d, %v: %s", a.ID, answer.status, err, answer.body)
			}
		case "payment":
			if p.authority != a.Of || p.amount != a.Amount {
				t.Errorf("acknowledged payment %s: got %+v, want authority %s and amount %d", a.ID, p, a.Of, a.Amount)
			}
		case "status", "reversal":
			if !follows(a.Word, p.status) {
				t.Errorf("payment %s: it was acknowledged as %s and is now %q", a.ID, a.Word, p.status)
			}
		}
	}
}

// follows says that a payment which was seen in one status may now be in
// another. Money that arrives late turns a failure into a success.
func follows(before, now string) bool {
	switch before {
	case "success":
		return taken(now)
	case "reversed":
		return now == "reversed"
	case "failed", "canceled":
		return now == before || taken(now)
	default:
		return now != "" && now != "waiting"
	}
}
