package payout_test

import (
	"testing"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
)

// coins are hundredths of a coin.
func coins(hundredths int64) money.Amount { return money.New(hundredths*1_000_000, money.USDT) }

// wish is one that nothing speaks against: 5.01 of which 1.50 are the fee.
func wish() payout.Payout {
	return payout.Payout{Amount: coins(501), Fee: coins(150), Rail: "TRX", Destination: tronAddresses[0]}
}

func TestNet(t *testing.T) {
	t.Parallel()
	p := wish()
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	if net, err := p.Net(); err != nil || net != coins(351) {
		t.Errorf("got %v, %v, want 3.51", net, err)
	}
	p.Fee = coins(0)
	if net, err := p.Net(); err != nil || net != p.Amount || p.Check() != nil {
		t.Errorf("without a fee: got %v, %v, %v", net, err, p.Check())
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(*payout.Payout)
		want  fault.Code
	}{
		{"nothing to send", func(p *payout.Payout) { p.Amount = coins(0) }, fault.CodeAmountInvalid},
		{"less than nothing", func(p *payout.Payout) { p.Amount = coins(-1) }, fault.CodeAmountInvalid},
		{"no amount", func(p *payout.Payout) { p.Amount = money.Amount{} }, fault.CodeAmountInvalid},
		{"a fee that gives", func(p *payout.Payout) { p.Fee = coins(-1) }, fault.CodeAmountInvalid},
		{"a fee of all", func(p *payout.Payout) { p.Fee = p.Amount }, fault.CodeAmountTooSmall},
		{"a fee of more", func(p *payout.Payout) { p.Fee = coins(502) }, fault.CodeAmountTooSmall},
		{"a fee in another unit", func(p *payout.Payout) { p.Fee = money.New(1, money.IRR) }, fault.CodeUnitMismatch},
		{"no destination", func(p *payout.Payout) { p.Destination = "" }, fault.CodeParameterMissing},
		{"a destination of spaces", func(p *payout.Payout) { p.Destination = " \t" }, fault.CodeParameterMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := wish()
			c.spoil(&p)
			if err := p.Check(); !fault.Is(err, c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestTwoApproveAboveTheLimit(t *testing.T) {
	t.Parallel()
	limits := []money.Amount{money.New(1, money.IRR), coins(500)}
	for _, c := range []struct {
		name   string
		amount money.Amount
		limits []money.Amount
		want   int
	}{
		{"no limit", coins(501), nil, 1},
		{"a limit in another unit", coins(501), limits[:1], 1},
		{"at the limit", coins(500), limits, 1},
		{"above it", coins(501), limits, 2},
	} {
		p := wish()
		p.Amount = c.amount
		if got := p.Approvals(c.limits); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
	exchanged := wish()
	exchanged.Amount, exchanged.Sum = coins(500), money.New(2, money.IRR)
	if got := exchanged.Approvals(limits); got != 2 {
		t.Errorf("what is sent is above it: got %d, want 2", got)
	}
	first, enough, err := wish().ApprovedBy("Sam", limits)
	if err != nil || enough {
		t.Fatalf("the first: got %v, %v", enough, err)
	}
	for _, same := range []string{"Sam", "sam", " Sam ", "Sam\u200b", "S\u2060am", "S am", "Sam\ufe0f"} {
		if got, _, err := first.ApprovedBy(same, limits); !fault.Is(err, fault.CodeParameterInvalid) ||
			fault.From(err).Param != "operator" || len(got.Approvers) != 1 {
			t.Errorf("%s again: got %v, %v", same, got.Approvers, err)
		}
	}
	second, enough, err := first.ApprovedBy("Ann", limits)
	if err != nil || !enough || len(second.Approvers) != 2 || len(first.Approvers) != 1 {
		t.Errorf("the second: got %v, %v, %v", second.Approvers, enough, err)
	}
}
