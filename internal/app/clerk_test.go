package app_test

import (
	"context"
	"sync"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
)

// clerk is a provider in memory that sends payouts. Its books are kept apart from
// ours, so that a test can compare.
type clerk struct {
	cash

	mu     sync.Mutex
	orders map[string]gateway.Order // what it was told to send, by our reference
	told   int                      // how often Disburse came
	asked  int                      // ... and DisburseState
	looks  int                      // ... and CanDisburse

	sells   bool // the contract includes payouts
	refuses bool
	slow    bool         // it accepts, and pays later
	mute    bool         // its answers are lost
	says    func(string) // hears of each order before it answers
	looked  func()       // hears of CanDisburse, before an order
	thinks  func()       // hears of DisburseState, before the answer
	report  func(*gateway.SendReport)
	dies    string // where the process ends: "before the order", "before it is heard", "before the answer"
}

// end is the end of the process, as a test sees it.
type end struct{}

func (b *clerk) Info() gateway.Info {
	info := b.cash.Info()
	info.Connector, info.Unit, info.Min = "clerk", money.USDT, usdt("0.01")
	return info
}

func (b *clerk) CanDisburse() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.looks++; b.dies == "before the order" && b.looks == 2 {
		panic(end{})
	}
	if b.looked != nil && b.looks == 2 {
		b.looked()
	}
	return b.sells
}

func (b *clerk) Disburse(_ context.Context, o gateway.Order) gateway.SendReport {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told++
	if b.dies == "before it is heard" {
		panic(end{})
	}
	if b.says != nil {
		b.says(o.Reference)
	}
	if !b.refuses {
		b.orders[o.Reference] = o
	}
	if b.dies == "before the answer" {
		panic(end{})
	}
	if b.refuses && !b.mute {
		return gateway.SendReport{Outcome: gateway.NotSent, Word: "no such account"}
	}
	return b.answer(o.Reference)
}

func (b *clerk) DisburseState(_ context.Context, o gateway.Order) gateway.SendReport {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	r := b.answer(o.Reference)
	if b.thinks != nil {
		b.thinks()
	}
	return r
}

// answer is what it says of an order.
func (b *clerk) answer(reference string) gateway.SendReport {
	o, known := b.orders[reference]
	switch {
	case b.mute || !known:
		return gateway.SendReport{Outcome: gateway.SendUnsure}
	case b.slow:
		return gateway.SendReport{Outcome: gateway.Sending}
	}
	r := gateway.SendReport{Outcome: gateway.Sent, Receipt: "tx-" + reference, Amount: o.Amount}
	if b.report != nil {
		b.report(&r)
	}
	return r
}

func (b *clerk) set(change func(*clerk)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(b)
}

// calls is how often it was told of an order, and how often asked.
func (b *clerk) calls() [2]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return [2]int{b.told, b.asked}
}

func (b *clerk) wants(t *testing.T, told, asked int) {
	t.Helper()
	if got := b.calls(); got != [2]int{told, asked} {
		t.Errorf("it was told and asked %v times, want %d and %d", got, told, asked)
	}
}
