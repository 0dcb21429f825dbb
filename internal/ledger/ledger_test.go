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

func rial(n int64) money.Amount { return money.New(n, money.IRR) }

func account(role ledger.Role, unit money.Unit) ledger.Account {
	return ledger.Account{Merchant: "shop", Role: role, Unit: unit}
}

// line is a posting that need not be covered.
func line(a ledger.Account, amount money.Amount) ledger.Posting {
	return ledger.Posting{Account: a, Amount: amount}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	from, to := account(ledger.Suspense, money.IRR), account(ledger.Fees, money.IRR)
	foreign := to
	foreign.Merchant = "other"
	for _, c := range []struct {
		name     string
		postings []ledger.Posting
	}{
		{"nothing", nil},
		{"one side", []ledger.Posting{line(to, rial(5))}},
		{"a sum that is not zero", []ledger.Posting{line(from, rial(-5)), line(to, rial(4))}},
		{"zero postings", []ledger.Posting{line(from, rial(0)), line(to, rial(0))}},
		{"another merchant's account", []ledger.Posting{line(from, rial(-5)), line(foreign, rial(5))}},
		{"an account of another unit", []ledger.Posting{
			line(from, rial(-5)), line(account(ledger.Fees, money.EUR), rial(5)),
		}},
		{"units that balance only together", []ledger.Posting{
			line(from, rial(-5)), line(account(ledger.Fees, money.EUR), money.New(5, money.EUR)),
		}},
		{"no amounts", []ledger.Posting{line(account(ledger.Fees, ""), money.Amount{}), line(from, money.Amount{})}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := ledger.New("test", cause, c.postings...)
			if !fault.Is(err, fault.CodeEntryUnbalanced) || fault.From(err).Param != "test" {
				t.Errorf("got %v, want entry_unbalanced of the rule", err)
			}
			if e.ID() != "" || e.Postings() != nil {
				t.Errorf("got an entry beside the error: %+v", e)
			}
		})
	}
}

func TestNewNoticesOverflow(t *testing.T) {
	t.Parallel()
	most, a := rial(math.MaxInt64), account(ledger.Fees, money.IRR)
	if _, err := ledger.New("test", cause, line(a, most), line(a, most)); !fault.Is(err, fault.CodeAmountOverflow) {
		t.Errorf("got %v, want amount_overflow", err)
	}
}

func TestFloors(t *testing.T) {
	t.Parallel()
	want := map[ledger.Role]bool{
		ledger.MerchantPending: true, ledger.CustomerWallet: true, ledger.RefundsInTransit: true,
		ledger.PayoutsInTransit: true, ledger.Suspense: true, ledger.MerchantHeld: true,
		ledger.Trader: true, ledger.DealsHeld: true,
	}
	for _, r := range ledger.Roles {
		if got := account(r.Role, money.IRR).Floored(); got != r.Floored || got != want[r.Role] {
			t.Errorf("%s: floored %v", r.Role, got)
		}
		if r.Owner == "" || r.Meaning == "" {
			t.Errorf("%s: the chart does not say whose it is or what it is for", r.Role)
		}
	}
	if account("nonsense", money.IRR).Floored() {
		t.Error("an unknown role is floored")
	}
}

func TestOwn(t *testing.T) {
	t.Parallel()
	for owner, want := range map[string]string{"": "merchant_available//USD", "10001": "customer_wallet/10001/USD"} {
		if got := ledger.Own("shop", owner, money.USD); got.Key() != want || got.Merchant != "shop" {
			t.Errorf("%q: got %s of %s, want %s", owner, got.Key(), got.Merchant, want)
		}
	}
}
