package app_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/wallet"
)

// withClerk is a merchant whose rail is named after a gateway that sends by
// itself, and a customer with 100 USDT.
func withClerk(t *testing.T) (*shop, wallet.Customer, *clerk) {
	t.Helper()
	s, c := withCoins(t, 100)
	b := &clerk{orders: map[string]gateway.Order{}, sells: true}
	s.banks["TRX"] = b
	s.putClerk(true)
	return s, c, b
}

func (s *shop) putClerk(enabled bool) {
	s.Helper()
	known, err := s.store.Gateways(s.Context(), s.merchant)
	if err != nil {
		s.Fatal(err)
	}
	g := merchant.Gateway{Merchant: s.merchant, Name: "TRX", Connector: "clerk", Order: 9}
	for _, one := range known {
		if one.Name == "TRX" {
			g = one
		}
	}
	g.Enabled = enabled
	if err := s.app.PutGateway(s.Context(), g); err != nil {
		s.Fatal(err)
	}
}

// wished asks for a payout of 5.01 USDT, of which 3.51 arrive.
func (s *shop) wished(c wallet.Customer) app.PayoutWord {
	s.Helper()
	p, err := s.app.RequestPayout(s.Context(), s.payoutWish(c, "5.01", ""))
	if err != nil {
		s.Fatal(err)
	}
	return app.PayoutWord{Merchant: s.merchant, Payout: p.ID, Operator: "Sam"}
}

// standsAt checks a payout, and that its money is where it belongs.
func (s *shop) standsAt(w app.PayoutWord, c wallet.Customer, want payout.State) payout.Payout {
	s.Helper()
	p, err := s.app.Payout(s.Context(), w.Merchant, w.Payout)
	if err != nil || p.State != want {
		s.Fatalf("it is %s, %v, want %s", p.State, err, want)
	}
	sums := map[payout.State][4]string{
		payout.Processing: {"94.99", "5.01", "0", "0"}, payout.Approved: {"94.99", "5.01", "0", "0"},
		payout.Requested: {"94.99", "5.01", "0", "0"},
		payout.Paid:      {"94.99", "0", "3.51", "1.5"}, payout.Failed: {"100", "0", "0", "0"},
		payout.Rejected: {"100", "0", "0", "0"},
	}[want]
	s.has(c.Number, usdt(sums[0]))
	for n, at := range []struct {
		role  ledger.Role
		owner string
	}{{ledger.PayoutsInTransit, ""}, {ledger.GatewayClearing, "TRX"}, {ledger.Fees, "TRX"}} {
		if got := s.balance(at.role, at.owner); got != usdt(sums[n+1]).Steps() {
			s.Errorf("%s: got %d, want %s", at.role, got, sums[n+1])
		}
	}
	return p
}

// worked lets the worker look some time later.
func (s *shop) worked(later time.Duration) {
	s.Helper()
	s.wait(later)
	if _, err := s.app.ResolveDue(s.Context(), 100); err != nil {
		s.Fatal(err)
	}
}

// Whoever approves a payout has it sent, and it is on record that it is on its
// way before the gateway hears of it.
func TestPayoutIsDisbursed(t *testing.T) {
	t.Parallel()
	s, c, b := withClerk(t)
	w := s.wished(c)
	b.says = func(id string) {
		if p, err := s.store.Payout(t.Context(), s.merchant, id); err != nil || p.State != payout.Processing ||
			p.Gateway != "TRX" || p.CheckAt.IsZero() {
			t.Errorf("when the gateway hears of it, it is %+v, %v", p, err)
		}
	}
	p, err := s.app.ApprovePayout(t.Context(), w)
	if err != nil || p.State != payout.Paid || p.Receipt != "tx-"+p.ID {
		t.Fatalf("got %+v, %v", p, err)
	}
	want := gateway.Order{Reference: p.ID, Amount: usdt("3.51"), Destination: tron, AskedAt: p.CreatedAt}
	if got := b.orders[p.ID]; got != want {
		t.Errorf("it was told %+v, want %+v", got, want)
	}
	if p := s.standsAt(w, c, payout.Paid); !p.CheckAt.IsZero() {
		t.Errorf("it is looked at again: %+v", p)
	}
	s.worked(time.Hour)
	b.wants(t, 1, 0)
}

// What a gateway refuses is where it was.
func TestPayoutIsRefusedByTheGateway(t *testing.T) {
	t.Parallel()
	s, c, b := withClerk(t)
	b.refuses = true
	w := s.wished(c)
	p, err := s.app.ApprovePayout(t.Context(), w)
	if err != nil || p.State != payout.Failed || p.Note != "no such account" {
		t.Errorf("got %+v, %v", p, err)
	}
	s.standsAt(w, c, payout.Failed)
	s.worked(time.Hour)
	b.wants(t, 1, 0)
}

// A lost answer is asked for, however long that takes: no time decides, nothing
// is sent twice, and no person decides before one is called.
func TestPayoutStaysOpenUntilTheGatewaySpeaks(t *testing.T) {
	t.Parallel()
	s, c, b := withClerk(t)
	b.mute = true
	w := s.wished(c)
	if p, err := s.app.ApprovePayout(t.Context(), w); err != nil || p.State != payout.Processing {
		t.Fatalf("got %+v, %v", p, err)
	}
	w.Receipt = "0xabc"
	for _, decide := range []func(context.Context, app.PayoutWord) (payout.Payout, error){
		s.app.FailPayout, s.app.ConfirmPayout,
	} {
		if _, err := decide(t.Context(), w); !fault.Is(err, fault.CodeUnsupported) {
			t.Errorf("a person decides: got %v", err)
		}
	}
	for n := range 10 {
		s.worked(400 * 24 * time.Hour)
		b.wants(t, 1, n+1)
	}
	if p := s.standsAt(w, c, payout.Processing); p.Attention == "" {
		t.Errorf("nobody was called: %+v", p)
	}
	waiting, err := s.app.Attention(t.Context())
	if err != nil || len(waiting) != 1 || waiting[0].Subject != w.Payout {
		t.Errorf("waiting for a person: %+v, %v", waiting, err)
	}
	b.set(func(b *clerk) { b.mute, b.slow = false, true })
	s.worked(400 * 24 * time.Hour)
	if p := s.standsAt(w, c, payout.Processing); p.Attention != "" {
		t.Errorf("it speaks again, and a person is still called: %+v", p)
	}
	if _, err := s.app.FailPayout(t.Context(), w); !fault.Is(err, fault.CodeUnsupported) {
		t.Errorf("a person decides while it is being sent: got %v", err)
	}
	b.set(func(b *clerk) { b.slow = false })
	s.worked(400 * 24 * time.Hour)
	if p := s.standsAt(w, c, payout.Paid); p.Attention != "" || p.Receipt != "tx-"+p.ID {
		t.Errorf("got %+v", p)
	}
	s.worked(400 * 24 * time.Hour)
	b.wants(t, 1, 12)
}

// A person who was called decides, and the gateway is not asked any more.
func TestPersonDecidesWhatTheGatewayDoesNot(t *testing.T) {
	t.Parallel()
	s, c, b := withClerk(t)
	b.mute = true
	w := s.wished(c)
	if _, err := s.app.ApprovePayout(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		s.worked(400 * 24 * time.Hour)
	}
	if p, err := s.app.FailPayout(t.Context(), w); err != nil || p.State != payout.Failed {
		t.Fatalf("got %+v, %v", p, err)
	}
	s.standsAt(w, c, payout.Failed)
	s.worked(400 * 24 * time.Hour)
	b.wants(t, 1, 6)
	if waiting, err := s.app.Attention(t.Context()); err != nil || len(waiting) != 0 {
		t.Errorf("waiting for a person: %+v, %v", waiting, err)
	}
}

// A success that is about something else is none, and a person hears of it.
func TestPayoutIsNotPaidByAnotherSuccess(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*gateway.SendReport){
		"another amount":    func(r *gateway.SendReport) { r.Amount = usdt("3.5") },
		"another unit":      func(r *gateway.SendReport) { r.Amount = rial(351) },
		"no receipt":        func(r *gateway.SendReport) { r.Receipt = "" },
		"another's receipt": func(r *gateway.SendReport) { r.Receipt = "used" },
		"no outcome":        func(r *gateway.SendReport) { r.Outcome, r.Alarm = "", "odd" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c, b := withClerk(t)
			s.putClerk(false)
			by := s.wished(c) // sent by hand
			by.Receipt = "used"
			for _, decide := range []func(context.Context, app.PayoutWord) (payout.Payout, error){
				s.app.ApprovePayout, s.app.ConfirmPayout,
			} {
				if _, err := decide(t.Context(), by); err != nil {
					t.Fatal(err)
				}
			}
			s.putClerk(true)
			b.report = spoil
			w := s.wished(c)
			p, err := s.app.ApprovePayout(t.Context(), w)
			if err != nil || p.State != payout.Processing || p.Attention == "" || p.Receipt != "" {
				t.Fatalf("got %+v, %v", p, err)
			}
			s.worked(24 * time.Hour)
			b.set(func(b *clerk) { b.report = nil })
			s.worked(24 * time.Hour)
			if p, err := s.app.Payout(t.Context(), s.merchant, w.Payout); err != nil || p.State != payout.Paid {
				t.Errorf("got %+v, %v", p, err)
			}
			b.wants(t, 1, 2)
		})
	}
}

// Wherever the process ends, the worker of the next one goes on, and nothing is
// sent twice.
func TestPayoutGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]struct {
		state payout.State // right after the crash
		told  int
		end   payout.State
	}{
		"before the order":   {payout.Approved, 1, payout.Paid},
		"before it is heard": {payout.Processing, 1, payout.Processing}, // nobody can know that it was not
		"before the answer":  {payout.Processing, 1, payout.Paid},
	} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			s, c, b := withClerk(t)
			w := s.wished(c)
			b.dies = at
			func() {
				defer func() {
					if _, ended := recover().(end); !ended {
						t.Error("the process did not end there")
					}
				}()
				_, err := s.app.ApprovePayout(t.Context(), w)
				t.Error("it went on:", err)
			}()
			b.set(func(b *clerk) { b.dies = "" })
			s.standsAt(w, c, want.state)
			s.worked(time.Second)
			s.standsAt(w, c, want.state) // the call may still be on its way
			for range 3 {
				s.worked(24 * time.Hour)
			}
			s.standsAt(w, c, want.end)
			if got := b.calls()[0]; got != want.told {
				t.Errorf("it was told %d times, want %d", got, want.told)
			}
		})
	}
}

// People, workers and a withdrawal at once: one word counts, and the gateway
// hears of it once or never.
func TestPayoutIsDisbursedOnceByMany(t *testing.T) {
	t.Parallel()
	s, c, b := withClerk(t)
	w := s.wished(c)
	b.mute = true
	var ended atomic.Int64
	together(16, func(n int) {
		var err error
		switch n % 4 {
		case 0:
			_, err = s.app.WithdrawPayout(t.Context(), s.merchant, w.Payout)
		case 1:
			_, err = s.app.ResolvePayout(t.Context(), s.merchant, w.Payout)
		default:
			_, err = s.app.ApprovePayout(t.Context(), w)
		}
		if n%4 == 0 && err == nil {
			ended.Add(1)
		}
		if err != nil && !fault.Is(err, fault.CodeWrongState) && !fault.Is(err, fault.CodeParameterInvalid) {
			t.Error(err)
		}
	})
	p, err := s.app.Payout(t.Context(), s.merchant, w.Payout)
	if err != nil {
		t.Fatal(err)
	}
	told := map[payout.State]int{payout.Canceled: 0, payout.Processing: 1}
	want, fits := told[p.State]
	if got := b.calls()[0]; !fits || got != want || (ended.Load() > 0) != (p.State == payout.Canceled) {
		t.Errorf("it is %s, and the gateway heard of it %d times", p.State, got)
	}
}

// Nothing is sent before as many people as the limit wants have approved it, and
// what no gateway can send is left to people as ever.
func TestPayoutWaitsForPeople(t *testing.T) {
	t.Parallel()
	s, c, b := withClerk(t)
	if _, err := s.app.ChangeMerchant(t.Context(), s.merchant,
		app.MerchantTerms{PayoutLimits: []money.Amount{usdt("5")}}); err != nil {
		t.Fatal(err)
	}
	w := s.wished(c)
	if _, err := s.app.ApprovePayout(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	s.worked(time.Hour)
	s.standsAt(w, c, payout.Requested)
	b.wants(t, 0, 0)
	w.Operator = "Ann"
	if p, err := s.app.ApprovePayout(t.Context(), w); err != nil || p.State != payout.Paid {
		t.Errorf("after the second: got %+v, %v", p, err)
	}
	b.wants(t, 1, 0)
	for n, cannot := range []func(){
		func() { s.putClerk(false) },
		func() { s.putClerk(true); b.set(func(b *clerk) { b.sells = false }) },
	} {
		cannot()
		p, err := s.app.RequestPayout(t.Context(), s.payoutWish(c, "5", fmt.Sprint(n)))
		if err != nil {
			t.Fatal(err)
		}
		by := app.PayoutWord{Merchant: s.merchant, Payout: p.ID, Operator: "Sam", Receipt: fmt.Sprint(n)}
		if p, err = s.app.ApprovePayout(t.Context(), by); err != nil || p.State != payout.Processing || p.ByGateway() {
			t.Errorf("%d: got %+v, %v", n, p, err)
		}
		if p, err = s.app.ConfirmPayout(t.Context(), by); err != nil || p.State != payout.Paid {
			t.Errorf("%d: got %+v, %v", n, p, err)
		}
	}
	b.wants(t, 1, 0)
}

// A gateway that lost its contract, or was disabled, before it was told leaves
// the payout to people, with a word why.
func TestContractEndsBeforeItIsTold(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]func(*shop, *clerk){
		"contract ends": func(_ *shop, b *clerk) { b.set(func(b *clerk) { b.sells = false }) },
		"disabled":      func(s *shop, _ *clerk) { s.putClerk(false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c, b := withClerk(t)
			w := s.wished(c)
			b.dies = "before the order"
			func() {
				defer func() { _ = recover() }()
				_, err := s.app.ApprovePayout(t.Context(), w)
				t.Error("it went on:", err)
			}()
			b.set(func(b *clerk) { b.dies = "" })
			ends(s, b)
			s.worked(time.Hour)
			if p := s.standsAt(w, c, payout.Approved); p.Attention == "" {
				t.Errorf("nobody was called: %+v", p)
			}
			if p, err := s.app.RejectPayout(t.Context(), w); err != nil || p.Attention != "" || !p.CheckAt.IsZero() {
				t.Errorf("got %+v, %v", p, err)
			}
			s.standsAt(w, c, payout.Rejected)
			b.wants(t, 0, 0)
		})
	}
}

// What was asked about before a gateway was disabled is still asked about.
func TestDisabledGatewayIsAskedOn(t *testing.T) {
	t.Parallel()
	s, c, b := withClerk(t)
	b.slow = true
	w := s.wished(c)
	if _, err := s.app.ApprovePayout(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	s.putClerk(false)
	b.set(func(b *clerk) { b.slow = false })
	s.worked(24 * time.Hour)
	s.standsAt(w, c, payout.Paid)
}

// An approval is on record even if the merchant takes the wish back before the
// gateway hears of it: then nothing is sent, and nothing is wrong.
func TestWithdrawnBeforeItIsTold(t *testing.T) {
	t.Parallel()
	s, c, b := withClerk(t)
	w := s.wished(c)
	b.looked = func() {
		if _, err := s.app.WithdrawPayout(t.Context(), s.merchant, w.Payout); err != nil {
			t.Error(err)
		}
	}
	p, err := s.app.ApprovePayout(t.Context(), w)
	if err != nil || p.State != payout.Canceled {
		t.Errorf("got %+v, %v", p, err)
	}
	s.worked(time.Hour)
	s.has(c.Number, usdt("100"))
	b.wants(t, 0, 0)
}

// However many workers ask at once, the answer counts once: the fee is kept once,
// and what was refused comes back once.
func TestLateAnswerCountsOnce(t *testing.T) {
	t.Parallel()
	for want, refuses := range map[payout.State]bool{payout.Paid: false, payout.Failed: true} {
		t.Run(string(want), func(t *testing.T) {
			t.Parallel()
			s, c, b := withClerk(t)
			b.mute = true
			w := s.wished(c)
			if _, err := s.app.ApprovePayout(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			b.set(func(b *clerk) {
				b.mute = false
				if b.report = nil; refuses {
					b.report = func(r *gateway.SendReport) { *r = gateway.SendReport{Outcome: gateway.NotSent} }
				}
			})
			together(16, func(int) {
				if p, err := s.app.ResolvePayout(t.Context(), s.merchant, w.Payout); err != nil || p.State != want {
					t.Errorf("got %+v, %v", p, err)
				}
			})
			s.standsAt(w, c, want)
		})
	}
}

// What a person decided while the gateway was thinking stands, whatever it says.
func TestPersonIsFasterThanTheGateway(t *testing.T) {
	t.Parallel()
	s, c, b := withClerk(t)
	b.mute = true
	w := s.wished(c)
	if _, err := s.app.ApprovePayout(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		s.worked(400 * 24 * time.Hour)
	}
	b.set(func(b *clerk) {
		b.mute = false
		b.thinks = func() {
			if _, err := s.app.FailPayout(t.Context(), w); err != nil {
				t.Error(err)
			}
		}
	})
	if p, err := s.app.ResolvePayout(t.Context(), s.merchant, w.Payout); err != nil || p.State != payout.Failed {
		t.Errorf("got %+v, %v", p, err)
	}
	s.standsAt(w, c, payout.Failed)
}
