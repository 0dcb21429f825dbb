package app_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// acquirer is a provider in memory that takes cards from merchants: it holds
// money first. It does each call once, however often it comes.
type acquirer struct {
	mu      sync.Mutex
	intents map[string]*intent // by our reference
	calls   map[string]int     // by what was asked for

	loseCharge  bool // the charge is made and its answer is lost
	loseCard    bool // the card never arrives, and nobody says so
	loseSteps   bool // captures, voids and adjustments are made and their answers lost
	refuseSteps bool
	cannotGrow  bool
	fee         int64
	meanwhile   func() // happens once, before an answer
}

type intent struct {
	attempt gateway.Attempt
	state   string // open, asking, held, taken, dead
	held    int64
	taken   int64
}

// The cards of the tests.
const (
	goodCard     = "4242424242424242"
	badCard      = "4000000000000002"
	questionCard = "4000002500003155" // the payer's bank wants to see the payer
)

// speak makes a request as whoever listens hears it.
func speak(ctx context.Context, path, body string) {
	if listener := gateway.ListenerOf(ctx); listener != nil {
		listener(gateway.Asked{Method: "POST", Address: "https://acquirer.example" + path, Body: body})(
			gateway.Answered{Status: 200, Body: "yes"})
	}
}

func (b *acquirer) Info() gateway.Info {
	return gateway.Info{
		Connector: "acquirer", Title: "Acquirer", Unit: money.IRR, Min: money.New(1, money.IRR),
		Methods: []payment.Method{payment.Card}, Lifetime: time.Hour, CanLook: true, LostStartIsHarmless: true,
	}
}

func (b *acquirer) Start(context.Context, gateway.Attempt) gateway.Started {
	return gateway.Started{Outcome: gateway.Refused, Word: "no pages here"}
}

func (b *acquirer) Charge(ctx context.Context, a gateway.Attempt, c gateway.Card, held bool) gateway.Charged {
	speak(ctx, "/charge", "number="+c.Number())
	b.happen()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls["charge"]++
	i, known := b.intents[a.Reference]
	if !known {
		i = &intent{attempt: a, state: "open"}
		b.intents[a.Reference] = i
	}
	charged := gateway.Charged{Started: gateway.Started{Outcome: gateway.Opened, Session: "pi_" + a.Reference}}
	if i.state == "open" {
		switch {
		case c.Number() == "":
			i.state = "dead"
		case b.loseCard:
			charged.Report = gateway.Report{Outcome: gateway.Unknown, Doubt: true}
			return charged
		case c.Number() == questionCard:
			i.state, charged.Link = "asking", "https://bank.example/challenge"
		case c.Number() == goodCard && held:
			i.state, i.held = "held", a.Amount.Steps()
		case c.Number() == goodCard:
			i.state, i.taken = "taken", a.Amount.Steps()
		default:
			i.state = "dead"
		}
	}
	if b.loseCharge {
		return gateway.Charged{Started: gateway.Started{Outcome: gateway.NoAnswer}}
	}
	charged.Report = b.report(i)
	return charged
}

// report is what an intent looks like from outside.
func (b *acquirer) report(i *intent) gateway.Report {
	receipt := "pi_" + i.attempt.Reference
	switch i.state {
	case "held":
		return gateway.Report{
			Outcome: gateway.Authorized, Receipt: receipt, Amount: money.New(i.held, money.IRR), Card: "************4242",
		}
	case "taken":
		r := gateway.Report{Outcome: gateway.Captured, Receipt: receipt, Amount: money.New(i.taken, money.IRR)}
		if b.fee > 0 {
			r.Fee = money.New(b.fee, money.IRR)
		}
		return r
	case "dead":
		return gateway.Report{Outcome: gateway.Declined, Word: "card refused"}
	case "void":
		return gateway.Report{Outcome: gateway.Canceled}
	}
	return gateway.Report{Outcome: gateway.Pending}
}

// happen lets something happen before an answer.
func (b *acquirer) happen() {
	b.mu.Lock()
	do := b.meanwhile
	b.meanwhile = nil
	b.mu.Unlock()
	if do != nil {
		do()
	}
}

func (b *acquirer) Resolve(ctx context.Context, a gateway.Attempt, _ gateway.Question) gateway.Report {
	speak(ctx, "/look", "payer="+a.Payer.Name)
	b.happen()
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.intents[a.Reference]
	if i == nil {
		return gateway.Report{Outcome: gateway.Unknown}
	}
	r := b.report(i)
	if r.Amount.Valid() && r.Amount != a.Amount {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "another amount"}
	}
	return r
}

func (b *acquirer) Capture(ctx context.Context, h gateway.Held) gateway.Report {
	speak(ctx, "/capture", "amount="+h.Amount.String())
	return b.step("capture", h, func(i *intent) {
		if i.state == "held" && h.Amount.Steps() <= i.held {
			i.state, i.taken, i.held = "taken", h.Amount.Steps(), 0
		}
	})
}

func (b *acquirer) Void(ctx context.Context, h gateway.Held) gateway.Report {
	speak(ctx, "/void", "")
	return b.step("void", h, func(i *intent) {
		if i.state == "held" || i.state == "asking" {
			i.state, i.held = "void", 0
		}
	})
}

func (b *acquirer) Adjust(_ context.Context, h gateway.Held) gateway.Report {
	return b.step("adjust", h, func(i *intent) {
		if i.state == "held" {
			i.held = h.Amount.Steps()
		}
	})
}

// done says that a step was done already.
func (i *intent) done(step string, amount int64) bool {
	switch step {
	case "capture":
		return i.state == "taken"
	case "void":
		return i.state == "void"
	default:
		return i.held == amount || i.taken == amount
	}
}

// step does one thing to a held intent.
func (b *acquirer) step(name string, h gateway.Held, do func(*intent)) gateway.Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[name]++
	i := b.intents[h.Attempt.Reference]
	switch {
	case i == nil:
		return gateway.Report{Outcome: gateway.Unknown}
	case (b.refuseSteps || b.cannotGrow && name == "adjust") && !i.done(name, h.Amount.Steps()):
		return gateway.Report{Outcome: gateway.Declined, Word: "not now"}
	}
	do(i)
	if b.loseSteps {
		return gateway.Report{Outcome: gateway.Unknown, Doubt: true}
	}
	return b.report(i)
}

func (b *acquirer) CanRefund() bool { return true }

func (b *acquirer) Refund(ctx context.Context, r gateway.Return) gateway.ReturnReport {
	speak(ctx, "/refund", "refund="+r.Refund)
	return gateway.ReturnReport{Outcome: gateway.Done, Receipt: "re_" + r.Refund}
}

func (b *acquirer) RefundState(context.Context, gateway.Return, string) gateway.ReturnReport {
	return gateway.ReturnReport{Outcome: gateway.ReturnUnsure}
}

func (b *acquirer) set(change func(*acquirer)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// of is the acquirer's own record of a payment's present attempt.
func (b *acquirer) of(p payment.Payment) intent {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.intents[p.Reference()]; i != nil {
		return *i
	}
	return intent{}
}

// withCards is a shop with an acquirer.
func withCards(t *testing.T) (*shop, *acquirer) {
	t.Helper()
	s := open(t, 0)
	b := &acquirer{intents: map[string]*intent{}, calls: map[string]int{}}
	s.banks["acquirer"] = b
	if err := s.app.PutGateway(t.Context(), merchant.Gateway{
		Merchant: s.merchant, Name: "acquirer", Connector: "acquirer", Order: 9, Enabled: true,
	}); err != nil {
		t.Fatal(err)
	}
	return s, b
}

func cardOf(number string) app.Instrument {
	return app.Instrument{
		Method: payment.Card, Card: app.NewCard(number, "123", "CARD HOLDER", 5, 2028),
		Bag: map[string]string{"expires": "05/2028"},
	}
}

// charge asks for money from a card.
func (s *shop) charge(number string, amount int64) payment.Payment {
	s.Helper()
	p, err := s.app.Charge(s.Context(), s.merchant, app.NewCharge{
		ID: s.newID(), Invoice: s.newID(), Amount: rial(amount), Instrument: cardOf(number),
	})
	if err != nil {
		s.Fatal(err)
	}
	return s.fresh(p)
}

// fresh is a payment as it is stored.
func (s *shop) fresh(p payment.Payment) payment.Payment {
	s.Helper()
	p, err := s.store.Payment(s.Context(), s.merchant, p.ID)
	if err != nil {
		s.Fatal(err)
	}
	return p
}

// asked is a payment after the worker has had its turn some time later.
func (s *shop) asked(p payment.Payment, later time.Duration) payment.Payment {
	s.Helper()
	s.wait(later)
	if _, err := s.app.ResolveDue(s.Context(), 100); err != nil {
		s.Fatal(err)
	}
	return s.fresh(p)
}

// accounts are the balances that are not zero, as text.
func (s *shop) accounts() map[string]int64 {
	s.Helper()
	list, err := s.store.Balances(s.Context(), s.merchant)
	if err != nil {
		s.Fatal(err)
	}
	left := map[string]int64{}
	for _, p := range list {
		if !p.Amount.IsZero() {
			left[fmt.Sprintf("%s/%s", p.Account.Role, p.Account.Owner)] = p.Amount.Steps()
		}
	}
	return left
}
