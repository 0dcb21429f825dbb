package ledger_test

import (
	"math"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
)

var cause = ledger.Cause{Entry: "e1", Merchant: "shop", Subject: "p1", At: time.Unix(1, 0)}

func account(role ledger.Role, unit money.Unit) ledger.Account {
	return ledger.Account{Merchant: "shop", Role: role, Unit: unit}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	rial := func(n int64) money.Amount { return money.New(n, money.IRR) }
	from, to := account(ledger.Suspense, money.IRR), account(ledger.Fees, money.IRR)
	foreign := to
	foreign.Merchant = "other"
	for _, c := range []struct {
		name     string
		postings []ledger.Posting
	}{
		{"nothing", nil},
		{"one side", []ledger.Posting{{to, rial(5)}}},
		{"a sum that is not zero", []ledger.Posting{{from, rial(-5)}, {to, rial(4)}}},
		{"zero postings", []ledger.Posting{{from, rial(0)}, {to, rial(0)}}},
		{"another merchant's account", []ledger.Posting{{from, rial(-5)}, {foreign, rial(5)}}},
		{"an account of another unit", []ledger.Posting{{from, rial(-5)}, {account(ledger.Fees, money.EUR), rial(5)}}},
		{"units that balance only together", []ledger.Posting{
			{from, rial(-5)},
			{account(ledger.Fees, money.EUR), money.New(5, money.EUR)},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := ledger.New("test", cause, c.postings...); !fault.Is(err, fault.CodeEntryUnbalanced) {
				t.Errorf("got %v, want entry_unbalanced", err)
			}
		})
	}
}

func TestNewNoticesOverflow(t *testing.T) {
	t.Parallel()
	most := money.New(math.MaxInt64, money.IRR)
	a := account(ledger.Fees, money.IRR)
	_, err := ledger.New("test", cause, ledger.Posting{Account: a, Amount: most}, ledger.Posting{Account: a, Amount: most})
	if !fault.Is(err, fault.CodeAmountOverflow) {
		t.Errorf("got %v, want amount_overflow", err)
	}
}

// TestEveryRule books each rule once: two postings that name the two sides,
// equal and opposite, the gateway's account only where the role has one.
func TestEveryRule(t *testing.T) {
	t.Parallel()
	amount := money.New(250_000, money.IRR)
	for _, r := range ledger.Rules {
		e, err := ledger.Book(r.Rule, cause, "acme", amount)
		if err != nil {
			t.Errorf("%s: %v", r.Rule, err)
			continue
		}
		from, to := r.Rule.Sides()
		p := e.Postings()
		if len(p) != 2 || p[0].Account.Role != from || p[1].Account.Role != to || p[1].Amount != amount {
			t.Errorf("%s: got %+v", r.Rule, p)
		}
		for _, one := range p {
			perGateway := one.Account.Role == ledger.GatewayClearing || one.Account.Role == ledger.Fees
			if perGateway != (one.Account.Owner == "acme") {
				t.Errorf("%s: account %s", r.Rule, one.Account.Key())
			}
		}
		if e.ID() != "e1" || e.Merchant() != "shop" || e.Subject() != "p1" || e.Rule() != r.Rule || !e.At().Equal(cause.At) {
			t.Errorf("%s: got %+v", r.Rule, e)
		}
	}
}

func TestBookRefuses(t *testing.T) {
	t.Parallel()
	for name, amount := range map[string]money.Amount{
		"zero": money.Zero(money.IRR), "negative": money.New(-1, money.IRR), "not valid": {},
	} {
		if _, err := ledger.Book(ledger.RuleCaptured, cause, "acme", amount); !fault.Is(err, fault.CodeEntryUnbalanced) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := ledger.Book("nonsense", cause, "acme", money.New(1, money.IRR))
	if !fault.Is(err, fault.CodeEntryUnbalanced) {
		t.Errorf("unknown rule: got %v", err)
	}
}

func TestFloors(t *testing.T) {
	t.Parallel()
	for _, r := range ledger.Roles {
		if got := account(r.Role, money.IRR).Floored(); got != r.Floored {
			t.Errorf("%s: floored %v", r.Role, got)
		}
	}
	if account("nonsense", money.IRR).Floored() {
		t.Error("an unknown role is floored")
	}
}
