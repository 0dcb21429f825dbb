package payrefund_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// The cards of the stories. They are those of the sandbox, so that the same
// requests mean the same to a whole server.
const (
	goodCard     = "4242424242424242"
	exampleCard  = "1234567890123456"
	questionCard = "4000002500003155" // its bank wants to see the payer
)

// acquirer is a provider in memory that takes cards from merchants and holds
// money first. It does each call once, however often it comes.
type acquirer struct {
	mu      sync.Mutex
	intents map[string]*intent // by our reference
	mood    string             // "is silent", "refuses steps", "loses steps", "cannot grow", "refuses refunds", ...
	saw     []string           // numbers and check values, as they came
	backs   int
}

type intent struct {
	attempt     gateway.Attempt
	state       string // open, asking, held, taken, void, dead
	held, taken int64
}

func (b *acquirer) Info() gateway.Info {
	return gateway.Info{
		Connector: "cards", Title: "Cards", Unit: money.EUR, Min: money.New(50, money.EUR),
		Methods: []payment.Method{payment.Card}, Lifetime: time.Hour, CanLook: true, LostStartIsHarmless: true,
	}
}

func (b *acquirer) Start(context.Context, gateway.Attempt) gateway.Started {
	return gateway.Started{Outcome: gateway.Refused, Word: "no pages here"}
}

func (b *acquirer) Charge(_ context.Context, a gateway.Attempt, c gateway.Card, held bool) gateway.Charged {
	b.mu.Lock()
	defer b.mu.Unlock()
	i, known := b.intents[a.Reference]
	if !known {
		i = &intent{attempt: a, state: "open"}
		b.intents[a.Reference] = i
	}
	charged := gateway.Charged{Started: gateway.Started{Outcome: gateway.Opened, Session: "pi_" + a.Short}}
	if i.state == "open" {
		b.saw = append(b.saw, c.Number()+" "+c.CVV())
		switch {
		case c.Number() == questionCard:
			i.state, charged.Link = "asking", "https://bank.example/challenge?id=1&lang=pt"
		case c.Number() != goodCard && c.Number() != exampleCard:
			i.state = "dead"
		case held && b.mood != "takes at once":
			i.state, i.held = "held", a.Amount.Steps()
		default:
			i.state, i.taken = "taken", a.Amount.Steps()
		}
	}
	if b.mood == "is silent" {
		return gateway.Charged{Started: gateway.Started{Outcome: gateway.NoAnswer}}
	}
	charged.Report = i.report()
	return charged
}

// report is what an intent looks like from outside.
func (i *intent) report() gateway.Report {
	receipt := "pi_" + i.attempt.Short
	switch i.state {
	case "held":
		return gateway.Report{Outcome: gateway.Authorized, Receipt: receipt, Amount: money.New(i.held, money.EUR)}
	case "taken":
		return gateway.Report{Outcome: gateway.Captured, Receipt: receipt, Amount: money.New(i.taken, money.EUR)}
	case "dead":
		return gateway.Report{Outcome: gateway.Declined, Word: "card refused"}
	case "void":
		return gateway.Report{Outcome: gateway.Canceled}
	}
	return gateway.Report{Outcome: gateway.Pending}
}

func (b *acquirer) Resolve(_ context.Context, a gateway.Attempt, _ gateway.Question) gateway.Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.intents[a.Reference]
	if i == nil || b.mood == "is silent" {
		return gateway.Report{Outcome: gateway.Unknown}
	}
	r := i.report()
	if r.Amount.Valid() && r.Amount != a.Amount {
		return gateway.Report{Outcome: gateway.Unknown, Alarm: "another amount"}
	}
	return r
}

func (b *acquirer) Capture(_ context.Context, h gateway.Held) gateway.Report {
	return b.step("capture", h)
}

func (b *acquirer) Void(_ context.Context, h gateway.Held) gateway.Report {
	return b.step("void", h)
}

func (b *acquirer) Adjust(_ context.Context, h gateway.Held) gateway.Report {
	return b.step("adjust", h)
}

// step does one thing to a held intent.
func (b *acquirer) step(name string, h gateway.Held) gateway.Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.intents[h.Attempt.Reference]
	if i == nil {
		return gateway.Report{Outcome: gateway.Unknown}
	}
	if b.mood == "refuses steps" || b.mood == "cannot grow" && name == "adjust" {
		return gateway.Report{Outcome: gateway.Declined, Word: "not now"}
	}
	switch {
	case name == "void" && (i.state == "held" || i.state == "asking"):
		i.state, i.held = "void", 0
	case name == "capture" && i.state == "held" && h.Amount.Steps() <= i.held:
		i.state, i.taken, i.held = "taken", h.Amount.Steps(), 0
	case name == "adjust" && i.state == "held":
		i.held = h.Amount.Steps()
	}
	if b.mood == "loses steps" {
		return gateway.Report{Outcome: gateway.Unknown, Doubt: true}
	}
	return i.report()
}

func (b *acquirer) CanRefund() bool { return true }

func (b *acquirer) Refund(_ context.Context, r gateway.Return) gateway.ReturnReport {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.mood {
	case "refuses refunds":
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "the bank does not take it back"}
	case "loses steps":
		return gateway.ReturnReport{Outcome: gateway.ReturnUnsure}
	}
	b.backs++
	return gateway.ReturnReport{Outcome: gateway.Done, Receipt: fmt.Sprintf("re_%d", b.backs)}
}

func (b *acquirer) RefundState(context.Context, gateway.Return, string) gateway.ReturnReport {
	return gateway.ReturnReport{Outcome: gateway.ReturnUnsure}
}

// answer is what the payer says to the question of the bank.
func (b *acquirer) answer(good bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, i := range b.intents {
		switch {
		case i.state != "asking":
			continue
		case good:
			i.state, i.held = "held", i.attempt.Amount.Steps()
		default:
			i.state = "dead"
		}
		return nil
	}
	return errors.New("nobody is asked")
}

// phones is a provider in memory whose payers confirm on their phones.
type phones struct {
	mu     sync.Mutex
	pushes map[string]*push // by session
	backs  int
}

type push struct {
	number string
	state  string // open, taken, refused
	amount money.Amount
}

func (b *phones) Info() gateway.Info {
	return gateway.Info{
		Connector: "phones", Title: "Phones", Unit: money.EUR, Min: money.New(1, money.EUR),
		Methods: []payment.Method{payment.MBWay}, Lifetime: 4 * time.Minute, CanLook: true, Poll: 7 * time.Second,
	}
}

func (b *phones) Start(_ context.Context, a gateway.Attempt) gateway.Started {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(a.Payer.Mobile) != 9 {
		return gateway.Started{Outcome: gateway.Refused, Word: "no phone"}
	}
	session := fmt.Sprintf("push-%d", len(b.pushes)+1)
	b.pushes[session] = &push{number: a.Payer.Mobile, state: "open", amount: a.Amount}
	return gateway.Started{Outcome: gateway.Opened, Session: session}
}

func (b *phones) Resolve(_ context.Context, a gateway.Attempt, _ gateway.Question) gateway.Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.pushes[a.Session]
	switch {
	case p == nil:
		return gateway.Report{Outcome: gateway.Unknown}
	case p.state == "taken":
		return gateway.Report{Outcome: gateway.Captured, Receipt: "mb-" + a.Session, Amount: p.amount}
	case p.state == "refused":
		return gateway.Report{Outcome: gateway.Declined, Word: "the payer refused"}
	}
	return gateway.Report{Outcome: gateway.Pending}
}

func (b *phones) CanRefund() bool { return true }

func (b *phones) Refund(context.Context, gateway.Return) gateway.ReturnReport {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backs++
	return gateway.ReturnReport{Outcome: gateway.Done, Receipt: fmt.Sprintf("mbr-%d", b.backs)}
}

func (b *phones) RefundState(context.Context, gateway.Return, string) gateway.ReturnReport {
	return gateway.ReturnReport{Outcome: gateway.ReturnUnsure}
}

// press is what the owner of a phone does with the push on it.
func (b *phones) press(number, state string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.pushes {
		if p.number == number && p.state == "open" {
			p.state = state
			return nil
		}
	}
	return fmt.Errorf("there is no push on %s", number)
}

// The gateways of every world: an acquirer and the phones.
var extras = dialecttest.Extras{
	Gateways: func() map[string]gateway.Gateway {
		return map[string]gateway.Gateway{
			"cards": &acquirer{intents: map[string]*intent{}}, "phones": &phones{pushes: map[string]*push{}},
		}
	},
	Happen: func(_ context.Context, w *dialecttest.World, what string) (known bool, err error) {
		cards, _ := w.Gateways["cards"].(*acquirer)
		mobile, _ := w.Gateways["phones"].(*phones)
		if mood, ok := strings.CutPrefix(what, "the acquirer "); ok {
			cards.mu.Lock()
			defer cards.mu.Unlock()
			cards.mood = strings.TrimPrefix(mood, "is well")
			return true, nil
		}
		number, ok := strings.CutSuffix(what, " confirms")
		if ok && number == "the payer" {
			return true, cards.answer(true)
		} else if ok {
			return true, mobile.press(number, "taken")
		}
		if number, ok = strings.CutSuffix(what, " refuses"); ok && number == "the payer" {
			return true, cards.answer(false)
		} else if ok {
			return true, mobile.press(number, "refused")
		}
		return false, nil
	},
}
