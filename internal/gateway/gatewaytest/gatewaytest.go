// Package gatewaytest is the conformance kit of connectors: it plays the
// provider from a script, well and badly, and holds every connector to the
// promises of the port. RunEmulator does the same against a whole emulator.
package gatewaytest

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// Maker is how every connector is made.
type Maker func(gateway.Config, http.RoundTripper) (gateway.Gateway, error)

// Abilities a connector may have beside the required ones.
const (
	Adjust   = "adjust"
	Capture  = "capture"
	Charge   = "charge"
	Confirm  = "confirm"
	Disburse = "disburse"
	Health   = "health"
	Notify   = "notify"
	Refund   = "refund"
	Reverse  = "reverse"
	Returns  = "returns"
	Sweep    = "sweep"
)

// Step is one call that the connector has to make, and the provider's answer.
type Step struct {
	Method string // empty = POST
	Path   string
	Query  string // the request's whole query; empty = none
	Form   bool   // the body is a form; otherwise it is JSON, or none with GET
	Body   string // the request's whole body, byte for byte; empty = any
	Answer string // JSON
	Status int    // 0 = 200
	Once   bool   // it moves money or opens a page, so it must never be repeated
	Early  bool   // it only makes ready, such as asking for a token: while it is lost nothing can have moved
}

// baseWord stands for the provider's address in the bodies and answers of steps.
const baseWord = "BASE"

// Answers is one named script.
type Answers struct {
	Name  string
	Steps []Step
}

// Kit is what the kit has to know of a connector. A script that is nil means
// that the connector makes no call there.
type Kit struct {
	New Maker
	// Config is a contract with every setting and credential, all of its
	// addresses below base. Timeouts are the kit's.
	Config func(base string) gateway.Config
	// Needed are the credentials that Config cannot do without.
	Needed []string
	// ForRefunds are those that only refunds need.
	ForRefunds []string
	// Addresses are the settings that hold addresses.
	Addresses []string
	// Abilities are the optional ones, sorted.
	Abilities []string
	// Session is what Start opens for the attempt, and Link where it sends the
	// payer, with BASE for base; empty where the payer is asked on a phone.
	Session, Link string

	// Unit is the contract's; empty = Rial. Amount is what the attempt asks for,
	// in the unit's smallest steps; 0 = 250,000. Adapt changes the rest of it.
	Unit   money.Unit
	Amount int64
	Adapt  func(*gateway.Attempt)
	// Wire writes an amount as the provider reads it; nil = its shortest text.
	// Sent finds it in the last call of Start; nil = the JSON member amount.
	Wire func(money.Amount) string
	Sent func(Call) string
	// Texts says that the provider writes numbers as text, so that an answer of
	// odd types may still be its word.
	Texts bool

	Start    []Step
	Refusal  func(words string) []Step // Start is refused with these words
	Take     []Step                    // Captured, with Receipt; also of Look where taking only reads
	TakeBad  []Step                    // Take of a paid attempt whose payer came back with BadReturn; nil = Take
	Receipt  string
	Again    []Step    // Take of a payment that was taken before; nil = the provider does not say
	Open     []Step    // Look at an open payment: Pending
	Unpaid   []Step    // Take of an open payment
	Wrong    []Answers // Take that succeeds about something else: Unknown with an alarm
	Strange  []Answers // Take with words outside the tables: Unknown
	NotBegun []Answers // Start with words outside the tables: NoAnswer
	Refund   []Step    // of the whole payment: Done or Underway
	Reverse  []Step    // Done and Undone

	GoodReturn, BadReturn map[string][]string

	Notices *Notices // what the provider's server sends; nil with Notify is an error
}

// Notices are messages of the provider's server, checked with the contract's
// own secrets.
type Notices struct {
	Good    gateway.Message   // about the kit's attempt
	Says    gateway.Notice    // what Good says, its word aside
	Foreign []gateway.Message // of the right sender, about nothing of ours
	Forged  []gateway.Message // of anybody else; each must fail its check
	Secrets []string          // the credentials without which nothing can be checked
}

// Attempt is the attempt that every script is about.
func Attempt() gateway.Attempt {
	started := time.Date(2026, 5, 2, 10, 0, 0, 0, time.UTC)
	return gateway.Attempt{
		Reference: "77-1", Amount: money.New(250_000, money.IRR), Description: "order 77",
		Payer:     payment.Payer{Name: "Sara", Mobile: "09120000001", Email: "a@example.test"},
		ReturnURL: "https://pay.test/return?t=k9&x=1", StartedAt: started, Deadline: started.Add(15 * time.Minute),
	}
}

// Now is the clock of every script: one minute after the attempt was started.
func Now() time.Time { return Attempt().StartedAt.Add(time.Minute) }

// Attempt is the attempt that the kit's scripts are about: the usual one in the
// kit's unit.
func (k Kit) Attempt() gateway.Attempt {
	a := Attempt()
	a.Amount = money.New(cmp.Or(k.Amount, a.Amount.Steps()), k.unit())
	if k.Adapt != nil {
		k.Adapt(&a)
	}
	return a
}

// unit is the contract's.
func (k Kit) unit() money.Unit { return cmp.Or(k.Unit, money.IRR) }

// stranger is a unit that the contract does not have.
func (k Kit) stranger() money.Unit {
	if k.unit() == money.IRR {
		return money.IRT
	}
	return money.IRR
}

// opened is the attempt as it is known after Start.
func (k Kit) opened() gateway.Attempt {
	a := k.Attempt()
	a.Session = k.Session
	return a
}

// back is the return of the whole payment.
func (k Kit) back() gateway.Return {
	return gateway.Return{
		Refund: "rf-5", Attempt: k.opened(), Receipt: k.Receipt, Amount: k.Attempt().Amount, PaidAt: Now(),
		Reason: "returned",
	}
}

// patient is the time limit of a provider that answers; hasty is that of one
// that is meant to be given up on.
const (
	patient = 20 * time.Second
	hasty   = 800 * time.Millisecond
)

// open makes the connector against an address.
func (k Kit) open(t *testing.T, base string, limit time.Duration) gateway.Gateway {
	t.Helper()
	c := k.config(base)
	if k.Start != nil {
		c.Settings["timeout_ms"] = strconv.FormatInt(limit.Milliseconds(), 10)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	g, err := k.New(c, transport)
	if err != nil {
		t.Fatalf("open the contract: %v", err)
	}
	return g
}

// config is a copy of Config that a case may change.
func (k Kit) config(base string) gateway.Config {
	c := k.Config(base)
	c.Settings, c.Secrets = maps.Clone(c.Settings), maps.Clone(c.Secrets)
	if c.Settings == nil {
		c.Settings = map[string]string{}
	}
	if c.Secrets == nil {
		c.Secrets = map[string]gateway.Secret{}
	}
	return c
}

// Run holds a connector to the promises of the port.
func Run(t *testing.T, k Kit) {
	t.Run("info", func(t *testing.T) { t.Parallel(); k.info(t) })
	t.Run("settings", func(t *testing.T) { t.Parallel(); k.settings(t) })
	t.Run("abilities", func(t *testing.T) { t.Parallel(); k.abilities(t) })
	t.Run("start", func(t *testing.T) { t.Parallel(); k.start(t) })
	t.Run("take", func(t *testing.T) { t.Parallel(); k.take(t) })
	t.Run("look", func(t *testing.T) { t.Parallel(); k.look(t) })
	t.Run("returns", func(t *testing.T) { t.Parallel(); k.returns(t) })
	t.Run("back", func(t *testing.T) { t.Parallel(); k.goesBack(t) })
	t.Run("foreign", func(t *testing.T) { t.Parallel(); k.foreign(t) })
	t.Run("notices", func(t *testing.T) { t.Parallel(); k.notices(t) })
	t.Run("spoiled", func(t *testing.T) { t.Parallel(); k.spoiled(t) })
	t.Run("gone", func(t *testing.T) { t.Parallel(); k.gone(t) })
	t.Run("secrets", func(t *testing.T) { t.Parallel(); k.secrets(t) })
	t.Run("together", func(t *testing.T) { t.Parallel(); k.together(t) })
}

// abilitiesOf lists the optional abilities that a gateway has.
func abilitiesOf(g gateway.Gateway) []string {
	var has []string
	add := func(ok bool, name string) {
		if ok {
			has = append(has, name)
		}
	}
	_, ok := g.(gateway.Adjuster)
	add(ok, Adjust)
	_, ok = g.(gateway.Capturer)
	add(ok, Capture)
	_, ok = g.(gateway.Charger)
	add(ok, Charge)
	_, ok = g.(gateway.Notifier)
	add(ok, Notify)
	_, ok = g.(gateway.Confirmer)
	add(ok, Confirm)
	_, ok = g.(gateway.Disburser)
	add(ok, Disburse)
	_, ok = g.(gateway.Healther)
	add(ok, Health)
	_, ok = g.(gateway.Refunder)
	add(ok, Refund)
	_, ok = g.(gateway.Reverser)
	add(ok, Reverse)
	_, ok = g.(gateway.Returner)
	add(ok, Returns)
	_, ok = g.(gateway.Sweeper)
	add(ok, Sweep)
	slices.Sort(has)
	return has
}

// canceled is a context that nobody waits for any more.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
