package app_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// bank is a provider in memory whose verify takes the money, as the Iranian
// ones do. Its books are kept apart from ours, so that a test can compare.
type bank struct {
	mu       sync.Mutex
	name     string
	pages    map[string]*page
	opened   int
	receipts int

	canLook    bool
	sick       bool   // Healthy says no
	refuse     bool   // Start says no
	silent     bool   // Start gives no answer
	loseTake   int    // so many Take questions do their work and lose the answer
	takeWrong  int64  // the amount that verify reports is off by this
	sameTicket string // every receipt is this one
	opening    func() // what happens while a page is being opened
	noTicket   bool   // no receipt is named
	denyUndo   bool
	loseUndo   bool // the reversal works and its answer is lost
	loseBack   bool // so does a refund, and nobody ever learns of it
	canRefund  bool
	sameReturn bool // every refund of a payment gets the receipt of the first
	fee        int64
	takes      int // how often the money was really taken
	asked      int // how many Take questions arrived
}

type page struct {
	attempt gateway.Attempt
	state   string // open, paid, taken, undone, dead
	receipt string
}

func newBank(name string) *bank {
	return &bank{name: name, pages: map[string]*page{}, canLook: true}
}

func (b *bank) Info() gateway.Info {
	return gateway.Info{
		Connector: b.name, Title: b.name, Unit: money.IRR, Min: money.New(1000, money.IRR),
		Max: money.New(1_000_000_000, money.IRR), Methods: []payment.Method{payment.IranianCard},
		Lifetime: 15 * time.Minute, VerifyCaptures: true, CanLook: b.canLook, LostStartIsHarmless: true,
	}
}

func (b *bank) Healthy() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.sick
}

func (b *bank) Start(_ context.Context, a gateway.Attempt) gateway.Started {
	b.mu.Lock()
	opening := b.opening
	b.mu.Unlock()
	if opening != nil {
		opening()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.refuse:
		return gateway.Started{Outcome: gateway.Refused, Word: "no"}
	case b.silent:
		return gateway.Started{Outcome: gateway.NoAnswer}
	}
	b.opened++
	session := fmt.Sprintf("%s-%d", b.name, b.opened)
	b.pages[session] = &page{attempt: a, state: "open"}
	return gateway.Started{Outcome: gateway.Opened, Session: session, Link: "https://" + b.name + ".example/" + session}
}

func (b *bank) Resolve(_ context.Context, a gateway.Attempt, q gateway.Question) gateway.Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.pages[a.Session]
	if !ok {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "unknown session"}
	}
	if q == gateway.Take {
		b.asked++
		if p.state == "paid" {
			b.receipts++
			b.takes++
			p.state, p.receipt = "taken", fmt.Sprintf("r%d", b.receipts)
			if b.sameTicket != "" {
				p.receipt = b.sameTicket
			}
		}
		if b.loseTake > 0 {
			b.loseTake--
			return gateway.Report{Outcome: gateway.Unknown, Doubt: true}
		}
	} else if !b.canLook {
		return gateway.Report{Outcome: gateway.Unknown}
	}
	return b.report(p)
}

func (b *bank) report(p *page) gateway.Report {
	switch p.state {
	case "paid":
		return gateway.Report{Outcome: gateway.Authorized}
	case "taken":
		r := gateway.Report{Outcome: gateway.Captured, Receipt: p.receipt, Card: "603799******1234"}
		r.Amount = money.New(p.attempt.Amount.Steps()+b.takeWrong, money.IRR)
		if b.noTicket {
			r.Receipt = ""
		}
		if b.fee > 0 {
			r.Fee = money.New(b.fee, money.IRR)
		}
		return r
	case "undone":
		return gateway.Report{Outcome: gateway.Undone}
	case "dead":
		return gateway.Report{Outcome: gateway.Declined, Word: "card refused"}
	default:
		return gateway.Report{Outcome: gateway.Pending}
	}
}

func (b *bank) Reverse(_ context.Context, r gateway.Return) gateway.ReturnReport {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.pages[r.Attempt.Session]
	if b.denyUndo || p.state != "taken" {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "outside the window"}
	}
	p.state = "undone"
	b.takes--
	if b.loseUndo {
		return gateway.ReturnReport{Outcome: gateway.ReturnUnsure}
	}
	return gateway.ReturnReport{Outcome: gateway.Done, Undone: true, Receipt: "u-" + p.receipt}
}

func (b *bank) CanRefund() bool { return b.canRefund }

func (b *bank) Refund(_ context.Context, r gateway.Return) gateway.ReturnReport {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.loseBack {
		return gateway.ReturnReport{Outcome: gateway.ReturnUnsure}
	}
	if b.sameReturn {
		return gateway.ReturnReport{Outcome: gateway.Done, Receipt: "f-" + r.Receipt}
	}
	return gateway.ReturnReport{Outcome: gateway.Done, Receipt: "f-" + r.Refund}
}

func (b *bank) RefundState(context.Context, gateway.Return, string) gateway.ReturnReport {
	return gateway.ReturnReport{Outcome: gateway.ReturnUnsure}
}

func (b *bank) Sweep(context.Context) ([]gateway.Unclaimed, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	unclaimed := []gateway.Unclaimed{{Session: "somebody-elses"}}
	for session, p := range b.pages {
		if p.state == "paid" {
			unclaimed = append(unclaimed, gateway.Unclaimed{Session: session, Amount: p.attempt.Amount})
		}
	}
	return unclaimed, nil
}

// ReadReturn reads ?session=..&word=ok|no.
func (b *bank) ReadReturn(query map[string][]string) (gateway.Notice, bool) {
	if len(query["session"]) != 1 || len(query["word"]) != 1 {
		return gateway.Notice{}, false
	}
	word := query["word"][0]
	return gateway.Notice{Session: query["session"][0], Word: word, Good: word == "ok"}, true
}

// pay does what the payer does on the bank's page.
func (b *bank) pay(session, state string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages[session].state = state
}

func (b *bank) set(change func(*bank)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// cash is a gateway whose truth is an operator's word.
type cash struct{}

func (cash) Info() gateway.Info {
	return gateway.Info{
		Connector: "cash", Title: "Cash", Unit: money.IRR, Min: money.New(1, money.IRR),
		Methods: []payment.Method{payment.Cash}, Lifetime: time.Hour,
	}
}

func (cash) Start(_ context.Context, a gateway.Attempt) gateway.Started {
	return gateway.Started{Outcome: gateway.Opened, Session: a.Reference}
}

func (cash) Resolve(context.Context, gateway.Attempt, gateway.Question) gateway.Report {
	return gateway.Report{Outcome: gateway.Pending}
}

func (cash) Confirmable() bool { return true }

// directory opens a merchant's contracts as banks in memory.
type directory map[string]gateway.Gateway

func (d directory) Open(g merchant.Gateway) (gateway.Gateway, error) {
	for _, name := range []string{g.Name, g.Connector} {
		if known, ok := d[name]; ok {
			return known, nil
		}
	}
	return nil, fault.New(fault.CodeSettingInvalid, "connector", "")
}
