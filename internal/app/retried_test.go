package app_test

import (
	"context"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// slow is an acquirer whose answers take so long that other things happen
// before they are there.
type slow struct {
	*acquirer

	meanwhile func()
}

func (b *slow) Resolve(ctx context.Context, a gateway.Attempt, q gateway.Question) gateway.Report {
	report := b.acquirer.Resolve(ctx, a, q)
	if happens := b.meanwhile; happens != nil {
		b.meanwhile = nil
		happens()
	}
	return report
}

// What a gateway says of a try that failed does not end the one after it.
func TestAnswerAboutAnEarlierTry(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	bank := &slow{acquirer: b}
	s.banks["acquirer"] = bank
	p := s.charge(badCard, 60)
	bank.meanwhile = func() {
		if _, err := s.app.ChargeAgain(t.Context(), s.merchant, p.ID, money.Amount{}, cardOf(questionCard)); err != nil {
			t.Error(err)
		}
	}
	query := map[string][]string{"t": {p.ID + "." + p.Attempt.Token}}
	if _, err := s.app.ReturnPayer(t.Context(), query); err != nil {
		t.Fatal(err)
	}
	if bank.meanwhile != nil {
		t.Fatal("nobody asked the gateway")
	}
	if got := s.fresh(p); got.State != payment.Processing || got.Attempt.Number != 2 {
		t.Errorf("got %s at try %d, want the second one to be open", got.State, got.Attempt.Number)
	}
}
