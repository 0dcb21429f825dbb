package app_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/wallet"
)

// tron is an address that Tron's own documents use.
const tron = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"

func usdt(text string) money.Amount {
	a, err := money.Parse(text, money.USDT)
	if err != nil {
		panic(err)
	}
	return a
}

// withCoins is a customer with so many USDT, and a merchant that sends them out.
func withCoins(t *testing.T, coins int64) (*shop, wallet.Customer) {
	t.Helper()
	s := open(t, 0)
	if _, err := s.app.ChangeMerchant(t.Context(), s.merchant, app.MerchantTerms{Rails: []merchant.Rail{
		{Unit: money.USDT, Network: "TRX", Min: usdt("2"), Fee: usdt("1.5"), Decimals: 6, Active: true},
		{Unit: money.USDT, Network: "BNB", Min: usdt("1.5"), Fee: usdt("1"), Decimals: 6},
	}}); err != nil {
		t.Fatal(err)
	}
	c := s.payer(toman(coins))
	s.rate(money.USDT, money.IRT, "1", "1")
	if _, err := s.app.Exchange(t.Context(), app.NewExchange{
		ID: s.newID(), Merchant: s.merchant, Account: c.Number, Spent: toman(coins), To: money.USDT,
	}); err != nil {
		t.Fatal(err)
	}
	return s, c
}

func (s *shop) payoutWish(c wallet.Customer, amount, reference string) app.NewPayout {
	return app.NewPayout{
		ID: s.newID(), Merchant: s.merchant, Account: c.Number, Amount: usdt(amount), Rail: "TRX",
		Destination: tron, Reference: reference,
	}
}

// What a customer's payout has taken is not held for another account.
func TestHeldByPayouts(t *testing.T) {
	t.Parallel()
	s, c := withCoins(t, 100)
	p, err := s.app.RequestPayout(t.Context(), s.payoutWish(c, "5.01", "77"))
	if err != nil {
		t.Fatal(err)
	}
	held := func(account int64, want money.Amount) {
		t.Helper()
		if got, err := s.app.HeldByPayouts(t.Context(), s.merchant, account, want.Unit()); err != nil || got != want {
			t.Errorf("%d: got %v, %v, want %v", account, got, err, want)
		}
	}
	held(c.Number, usdt("5.01"))
	held(wallet.House, usdt("0"))
	held(c.Number, rial(0))
	if _, err := s.app.RejectPayout(t.Context(), app.PayoutWord{
		Merchant: s.merchant, Payout: p.ID, Operator: "Sam",
	}); err != nil {
		t.Fatal(err)
	}
	held(c.Number, usdt("0"))
}

func TestPayoutIsSent(t *testing.T) {
	t.Parallel()
	s, c := withCoins(t, 100)
	p, err := s.app.RequestPayout(t.Context(), s.payoutWish(c, "5.01", "77"))
	if err != nil {
		t.Fatal(err)
	}
	if net, err := p.Net(); err != nil || net != usdt("3.51") || p.State != payout.Requested {
		t.Errorf("got %+v, %v, %v", p, net, err)
	}
	s.has(c.Number, usdt("94.99"))
	if _, err := s.app.RequestPayout(t.Context(), s.payoutWish(c, "5", "77")); !fault.Is(err, fault.CodeDuplicate) ||
		fault.From(err).Param != "payout" {
		t.Errorf("the same reference: got %v", err)
	}
	word := app.PayoutWord{Merchant: s.merchant, Payout: p.ID, Operator: "someone", Receipt: "0xabc"}
	if _, err := s.app.ConfirmPayout(t.Context(), word); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("before it is approved: got %v", err)
	}
	nobody := app.PayoutWord{Merchant: s.merchant, Payout: p.ID}
	if _, err := s.app.ApprovePayout(t.Context(), nobody); !fault.Is(err, fault.CodeParameterMissing) {
		t.Errorf("by nobody: got %v", err)
	}
	if p, err = s.app.ApprovePayout(t.Context(), word); err != nil || p.State != payout.Processing {
		t.Fatalf("got %+v, %v", p, err)
	}
	if p, err = s.app.ConfirmPayout(t.Context(), word); err != nil || p.State != payout.Paid || p.Receipt != "0xabc" {
		t.Fatalf("got %+v, %v", p, err)
	}
	for role, want := range map[ledger.Role]money.Amount{
		ledger.PayoutsInTransit: usdt("0"), ledger.GatewayClearing: usdt("3.51"), ledger.Fees: usdt("1.5"),
	} {
		owner := "TRX"
		if role == ledger.PayoutsInTransit {
			owner = ""
		}
		if got := s.balance(role, owner); got != want.Steps() {
			t.Errorf("%s: got %d, want %v", role, got, want)
		}
	}
	again, err := s.app.RequestPayout(t.Context(), s.payoutWish(c, "5", "78"))
	if err != nil {
		t.Fatal(err)
	}
	word.Payout = again.ID
	if _, err := s.app.ApprovePayout(t.Context(), word); err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.ConfirmPayout(t.Context(), word); !fault.Is(err, fault.CodeDuplicate) {
		t.Errorf("the same receipt for another payout: got %v", err)
	}
}

func TestPayoutComesBack(t *testing.T) {
	t.Parallel()
	s, c := withCoins(t, 100)
	for n, end := range []func(app.PayoutWord) (payout.Payout, error){
		func(w app.PayoutWord) (payout.Payout, error) { return s.app.RejectPayout(t.Context(), w) },
		func(w app.PayoutWord) (payout.Payout, error) {
			if _, err := s.app.ApprovePayout(t.Context(), w); err != nil {
				return payout.Payout{}, err
			}
			return s.app.FailPayout(t.Context(), w)
		},
	} {
		p, err := s.app.RequestPayout(t.Context(), s.payoutWish(c, "60", fmt.Sprint(n)))
		if err != nil {
			t.Fatal(err)
		}
		s.has(c.Number, usdt("40"))
		word := app.PayoutWord{Merchant: s.merchant, Payout: p.ID, Operator: "someone", Note: "wrong address"}
		var through atomic.Int64
		together(8, func(k int) {
			_, err := end(word)
			if err == nil {
				through.Add(1)
			} else if !fault.Is(err, fault.CodeWrongState) {
				t.Error(err)
			}
		})
		if through.Load() != 1 {
			t.Errorf("it came back %d times", through.Load())
		}
		s.has(c.Number, usdt("100"))
	}
}

func TestPayoutsThatAreRefused(t *testing.T) {
	t.Parallel()
	s, c := withCoins(t, 100)
	for name, change := range map[string]struct {
		do   func(*app.NewPayout)
		code fault.Code
	}{
		"too small":        {func(n *app.NewPayout) { n.Amount = usdt("1.99") }, fault.CodeAmountTooSmall},
		"seven places":     {func(n *app.NewPayout) { n.Amount = usdt("5.0000001") }, fault.CodeAmountInvalid},
		"more than is":     {func(n *app.NewPayout) { n.Amount = usdt("100.01") }, fault.CodeInsufficientFunds},
		"a switched rail":  {func(n *app.NewPayout) { n.Rail = "BNB" }, fault.CodeParameterInvalid},
		"an unknown rail":  {func(n *app.NewPayout) { n.Rail = "ETH" }, fault.CodeParameterInvalid},
		"a wrong address":  {func(n *app.NewPayout) { n.Destination = tron[:33] + "u" }, fault.CodeParameterInvalid},
		"another currency": {func(n *app.NewPayout) { n.Amount = toman(5) }, fault.CodeParameterInvalid},
		"nobody's account": {func(n *app.NewPayout) { n.Account = 99_999 }, fault.CodeAccountNotFound},
	} {
		wish := s.payoutWish(c, "5", name)
		change.do(&wish)
		if _, err := s.app.RequestPayout(t.Context(), wish); !fault.Is(err, change.code) {
			t.Errorf("%s: got %v, want %s", name, err, change.code)
		}
	}
	s.has(c.Number, usdt("100"))
}
