package app_test

import (
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
)

func TestTwoPeopleApproveAboveTheLimit(t *testing.T) {
	t.Parallel()
	s, c := withCoins(t, 200)
	limit := func(text string) {
		if _, err := s.app.ChangeMerchant(t.Context(), s.merchant,
			app.MerchantTerms{PayoutLimits: []money.Amount{usdt(text)}}); err != nil {
			t.Fatal(err)
		}
	}
	limit("7")
	limit("5") // replaces it
	asked := func(amount, name string) app.PayoutWord {
		p, err := s.app.RequestPayout(t.Context(), s.payoutWish(c, amount, name))
		if err != nil {
			t.Fatal(err)
		}
		return app.PayoutWord{Merchant: s.merchant, Payout: p.ID, Operator: "Sam", Note: "fine"}
	}
	small := asked("5", "1")
	if p, err := s.app.ApprovePayout(t.Context(), small); err != nil || p.State != payout.Processing {
		t.Errorf("at the limit: got %s, %v", p.State, err)
	}
	word := asked("5.01", "2")
	p, err := s.app.ApprovePayout(t.Context(), word)
	if err != nil || p.State != payout.Requested || !slices.Equal(p.Approvers, []string{"Sam"}) {
		t.Fatalf("the first: got %s by %v, %v", p.State, p.Approvers, err)
	}
	word.Operator = " SAM "
	if _, err := s.app.ApprovePayout(t.Context(), word); !fault.Is(err, fault.CodeParameterInvalid) ||
		fault.From(err).Param != "operator" {
		t.Errorf("the first again: got %v", err)
	}
	word.Receipt = "0x1"
	if _, err := s.app.ConfirmPayout(t.Context(), word); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("sent before the second: got %v", err)
	}
	if still, err := s.app.Payout(t.Context(), s.merchant, p.ID); err != nil || still.Version != p.Version {
		t.Errorf("what was refused changed it: %+v, %v", still, err)
	}
	word.Operator = "Ann"
	if p, err = s.app.ApprovePayout(t.Context(), word); err != nil || p.State != payout.Processing {
		t.Fatalf("the second: got %s, %v", p.State, err)
	}
	history, err := s.store.History(t.Context(), s.merchant, event.Payout, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range history {
		told = append(told, e.From+" "+e.Trigger+" "+e.To+" "+e.Actor+" "+e.Note)
	}
	if diff := cmp.Diff([]string{
		" create requested merchant ",
		"requested approve requested operator Sam: fine; a second person has to approve it",
		"requested approve approved operator Ann: fine", "approved submit processing operator Ann: fine",
	}, told); diff != "" {
		t.Errorf("history (-want +got)\n%s", diff)
	}
	limit("0")
	if p, err := s.app.ApprovePayout(t.Context(), asked("50", "3")); err != nil || p.State != payout.Processing {
		t.Errorf("without a limit: got %s, %v", p.State, err)
	}
}

// TestOnePersonCannotApproveTwiceAtOnce: whatever the order, one name counts once.
func TestOnePersonCannotApproveTwiceAtOnce(t *testing.T) {
	t.Parallel()
	s, c := withCoins(t, 100)
	if _, err := s.app.ChangeMerchant(t.Context(), s.merchant,
		app.MerchantTerms{PayoutLimits: []money.Amount{usdt("1")}}); err != nil {
		t.Fatal(err)
	}
	p, err := s.app.RequestPayout(t.Context(), s.payoutWish(c, "5", "1"))
	if err != nil {
		t.Fatal(err)
	}
	var through atomic.Int64
	together(16, func(int) {
		_, err := s.app.ApprovePayout(t.Context(), app.PayoutWord{Merchant: s.merchant, Payout: p.ID, Operator: "Sam"})
		if err == nil {
			through.Add(1)
		} else if !fault.Is(err, fault.CodeParameterInvalid) {
			t.Error(err)
		}
	})
	if p, err = s.app.Payout(t.Context(), s.merchant, p.ID); err != nil || through.Load() != 1 ||
		p.State != payout.Requested || len(p.Approvers) != 1 {
		t.Errorf("%d went through: %s by %v, %v", through.Load(), p.State, p.Approvers, err)
	}
}
