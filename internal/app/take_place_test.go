package app_test

import (
	"sync/atomic"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
)

// account is a requisite of a trader.
func (b *bazaar) account(t deal.Trader, number string) app.RequisiteTerms {
	return app.RequisiteTerms{
		Merchant: b.merchant, Trader: t.ID, Option: "SBP", Method: "vtb", Number: number, Least: rub("100"),
		Most: rub("100000"), Operator: "Sam",
	}
}

// puts adds or changes a requisite.
func (b *bazaar) puts(n app.RequisiteTerms) deal.Requisite {
	b.Helper()
	q, err := b.app.PutRequisite(b.Context(), n)
	if err != nil {
		b.Fatal(fault.Detail(err))
	}
	return q
}

// takenBy wants a number to be refused.
func (b *bazaar) takenBy(n app.RequisiteTerms) {
	b.Helper()
	_, err := b.app.PutRequisite(b.Context(), n)
	if f := fault.From(err); !fault.Is(err, fault.CodeDuplicate) || f.Param != "number" {
		b.Errorf("got %v, want the number refused", err)
	}
}

// switched is the wish to disable a requisite or to enable it.
func (b *bazaar) switched(q deal.Requisite, off bool) app.RequisiteTerms {
	return app.RequisiteTerms{Merchant: b.merchant, ID: q.ID, Disabled: &off, Operator: "Sam"}
}

// TestOneNumberIsOneRequisite: a receipt of the bank names one deal only.
func TestOneNumberIsOneRequisite(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bazaar) {
		tom, ann := b.trader("Tom", "100"), b.trader("Ann", "100")
		first := b.puts(b.account(tom, "+7(900)111-00-01"))
		b.takenBy(b.account(tom, "+7(900)111-00-01"))
		b.takenBy(b.account(ann, "7 900 111 00 01"))
		second := b.puts(b.account(ann, "+7(900)111-00-02"))
		change := b.account(ann, "+7(900)111-00-01")
		change.ID = second.ID
		b.takenBy(change)
		same := app.RequisiteTerms{Merchant: b.merchant, ID: first.ID, Number: first.Number, Holder: "T", Operator: "Sam"}
		if q := b.puts(same); q.Holder != "T" {
			t.Errorf("got %+v, want another holder", q)
		}

		// Who has left a number can have it again, as long as nobody else has taken it.
		b.puts(b.switched(first, true))
		b.puts(b.switched(first, false))
		b.puts(b.switched(first, true))
		b.puts(change)
		b.takenBy(b.switched(first, false))
		change.Number = "+7(900)111-00-02"
		b.puts(change)
		b.puts(b.switched(first, false))
	})
}

// TestNumberIsLeftWithItsDeals: while a payer may still send the money, the number is
// not another's.
func TestNumberIsLeftWithItsDeals(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bazaar) {
		d := b.begun("1000")
		q, err := b.app.Requisite(t.Context(), b.merchant, d.Requisite)
		if err != nil {
			t.Fatal(err)
		}
		b.puts(b.switched(q, true))
		wish := b.account(b.trader("Ann", "100"), q.Number)
		wish.Method = q.Method
		b.takenBy(wish)
		if _, err := b.app.CancelDeal(t.Context(), word(d)); err != nil {
			t.Fatal(err)
		}
		b.puts(wish)
	})
}

// TestCodesToComeAreAlike: what stands in for a code is no account.
func TestCodesToComeAreAlike(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 0, "")
	tom := b.trader("Tom", "100")
	for range 2 {
		n := b.account(tom, "later")
		n.Option = "MANUAL_SBP_QR"
		b.puts(n)
	}
}

// TestNumberIsTakenOnce: of many who want a number at once one gets it, whether it is
// new or somebody has left it, who may want it again.
func TestNumberIsTakenOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bazaar) {
		tom := b.trader("Tom", "100")
		const many = 8
		race := func(wish func(n int) app.RequisiteTerms) (won deal.Requisite) {
			t.Helper()
			var got [many]deal.Requisite
			var wins atomic.Int32
			together(many, func(n int) {
				q, err := b.app.PutRequisite(t.Context(), wish(n))
				switch {
				case err == nil:
					wins.Add(1)
					got[n] = q
				case !fault.Is(err, fault.CodeDuplicate) || fault.From(err).Param != "number":
					t.Errorf("got %s", fault.Detail(err))
				}
			})
			if wins.Load() != 1 {
				t.Errorf("%d have the number, want one", wins.Load())
			}
			for _, q := range got {
				if q.ID != "" {
					won = q
				}
			}
			return won
		}
		old := race(func(int) app.RequisiteTerms { return b.account(tom, "+7(900)222-00-01") })
		b.puts(b.switched(old, true))
		race(func(n int) app.RequisiteTerms {
			if n == 0 {
				return b.switched(old, false)
			}
			return b.account(tom, "+7(900)222-00-01")
		})
	})
}
