package dialecttest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// BankForm is how a scripted bank looks to a payer's browser.
type BankForm struct {
	Name    string
	Session string // format of its ids, with one %d
	// The browser comes back with these parameters; Good is the word for success.
	SessionParam, WordParam, Good string
}

// Bank is a provider in memory whose verify takes the money. A story tells it
// what the payer does and what it should answer next.
type Bank struct {
	form  BankForm
	clock func() time.Time

	mu      sync.Mutex
	pages   map[string]*bankPage
	opened  int
	taken   int
	mood    string // of Start: "", "refuse", "silent"
	returns string // of Reverse: "", "deny", "lose"
	lose    int    // so many answers to Take are lost
	mute    bool   // no question is answered
}

type bankPage struct {
	amount  money.Amount
	state   string // open, paid, taken, undone, declined, canceled
	receipt string
}

// Info declares a bank that takes whole Rial from 1000.
func (b *Bank) Info() gateway.Info {
	return gateway.Info{
		Connector: b.form.Name, Title: b.form.Name, Unit: money.IRR, Min: money.New(1000, money.IRR),
		Methods: []payment.Method{payment.IranianCard}, Lifetime: 15 * time.Minute,
		VerifyCaptures: true, CanLook: true, LostStartIsHarmless: true,
	}
}

// Start opens a page, or does what the story wants.
func (b *Bank) Start(_ context.Context, a gateway.Attempt) gateway.Started {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.mood {
	case "refuse":
		return gateway.Started{Outcome: gateway.Refused, Word: "-9: the terminal is not active"}
	case "silent":
		return gateway.Started{Outcome: gateway.NoAnswer}
	}
	b.opened++
	session := fmt.Sprintf(b.form.Session, b.opened)
	b.pages[session] = &bankPage{amount: a.Amount, state: "open"}
	return gateway.Started{
		Outcome: gateway.Opened, Session: session, Link: "https://" + b.form.Name + ".example/pay/" + session,
	}
}

// Resolve looks at a page or takes its money.
func (b *Bank) Resolve(_ context.Context, a gateway.Attempt, q gateway.Question) gateway.Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.pages[a.Session]
	if !ok {
		return gateway.Report{Outcome: gateway.Unknown}
	}
	if q == gateway.Take && p.state == "paid" {
		b.taken++
		p.state, p.receipt = "taken", fmt.Sprintf("%s-R%d", b.form.Name, b.taken)
	}
	if b.mute {
		return gateway.Report{Outcome: gateway.Unknown, Doubt: q == gateway.Take}
	}
	if q == gateway.Take && b.lose > 0 {
		b.lose--
		return gateway.Report{Outcome: gateway.Unknown, Doubt: true}
	}
	switch p.state {
	case "paid":
		return gateway.Report{Outcome: gateway.Authorized}
	case "taken":
		return gateway.Report{
			Outcome: gateway.Captured, Receipt: p.receipt, Amount: p.amount, Card: "603799******1234",
		}
	case "undone":
		return gateway.Report{Outcome: gateway.Undone}
	case "declined":
		return gateway.Report{Outcome: gateway.Declined, Word: "the card was refused"}
	case "canceled":
		return gateway.Report{Outcome: gateway.Canceled, Word: "the payer turned back"}
	}
	return gateway.Report{Outcome: gateway.Pending}
}

// Reverse undoes a taken payment, or does what the story wants.
func (b *Bank) Reverse(_ context.Context, r gateway.Return) gateway.ReturnReport {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.returns {
	case "deny":
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "-63: outside the reversal window"}
	case "lose":
		return gateway.ReturnReport{Outcome: gateway.ReturnUnsure}
	}
	b.pages[r.Attempt.Session].state = "undone"
	return gateway.ReturnReport{Outcome: gateway.Done, Undone: true, Receipt: "U-" + r.Receipt}
}

// ReadReturn reads the parameters of the bank's form.
func (b *Bank) ReadReturn(query map[string][]string) (gateway.Notice, bool) {
	sessions, words := query[b.form.SessionParam], query[b.form.WordParam]
	if len(sessions) != 1 || len(words) != 1 {
		return gateway.Notice{}, false
	}
	return gateway.Notice{Session: sessions[0], Word: words[0], Good: words[0] == b.form.Good}, true
}

// Taken is how many payments the bank really took money for.
func (b *Bank) Taken() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.taken
}

// Pay makes the payer pay on an open page; ok is false when the bank has no
// such page.
func (b *Bank) Pay(session string) (ok bool) { return b.turn(session, "paid") }

func (b *Bank) turn(session, state string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.pages[session]
	if ok && p.state != "taken" && p.state != "undone" { // nobody pays twice on one page
		p.state = state
	}
	return ok
}
