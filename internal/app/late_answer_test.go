package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/payment"
)

// TestMoneyOfAnEarlierTry: a try that had failed took the payer's money after all, and
// that is known when the next try is open already. The payer may be charged twice, so a
// person hears of it, and the money does not pass for the present try's.
func TestMoneyOfAnEarlierTry(t *testing.T) {
	t.Parallel()
	s, _, got := takenTwice(t, questionCard)
	s.want(got, payment.Processing, payment.Undecided, nil)
	if got.Attempt.Number != 2 || got.Attempt.Receipt != "" ||
		got.Attention != earlierTry {
		t.Errorf("try %d has the receipt %q, and a person hears %q", got.Attempt.Number, got.Attempt.Receipt, got.Attention)
	}
	if waiting := attention(t, s); len(waiting) != 1 || waiting[0].Subject != got.ID {
		t.Errorf("%+v wait for a person, want the payment", waiting)
	}
}

// TestHoldOfAnEarlierTry: the same with a hold, which is let go: the payer has it back.
func TestHoldOfAnEarlierTry(t *testing.T) {
	t.Parallel()
	s, b, p := gotOnLater(t, questionCard, func(i *intent) { i.state, i.held = "held", 60 })
	got := s.fresh(p)
	s.want(got, payment.Processing, payment.Undecided, nil)
	if got.Attempt.Number != 2 || !got.Holding.IsZero() {
		t.Errorf("try %d holds %v", got.Attempt.Number, got.Holding)
	}
	if first, second := b.of(p), b.of(got); first.state != "void" || second.state != "asking" {
		t.Errorf("the first try is %s and the second %s, want the first let go alone", first.state, second.state)
	}
}

// teller is an acquirer that a test tells what to answer to what is done to held money.
type teller struct {
	*acquirer

	instead func() (r gateway.Report, over bool) // nil, or not over = it does it
}

func (b *teller) Capture(ctx context.Context, h gateway.Held) gateway.Report {
	if r, over := b.told(); over {
		return r
	}
	return b.acquirer.Capture(ctx, h)
}

func (b *teller) Adjust(ctx context.Context, h gateway.Held) gateway.Report {
	if r, over := b.told(); over {
		return r
	}
	return b.acquirer.Adjust(ctx, h)
}

func (b *teller) told() (r gateway.Report, over bool) {
	if b.instead == nil {
		return r, false
	}
	return b.instead()
}

// says makes it answer always the same, and do nothing.
func (b *teller) says(r gateway.Report) {
	b.instead = func() (gateway.Report, bool) { return r, true }
}

// TestAnswerAboutAnEarlierStep: while the gateway takes its time about a wish, the worker
// asks again and is refused, and the merchant captures 20 instead, whose answer is lost.
// The first answer does not pass for the one to the present wish.
func TestAnswerAboutAnEarlierStep(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		adjusts bool // to 60; or else it captures 30
		late    gateway.Report
		want    fault.Code
		hears   string // what a person hears in the end; empty = the 20 are captured
	}{
		"taken": {
			late:  gateway.Report{Outcome: gateway.Captured}, // which it was, by then
			hears: "the gateway says paid, but 30 IRR instead of 20 IRR",
		},
		"refused": {
			late: gateway.Report{Outcome: gateway.Declined, Word: "not now"}, want: fault.CodeGatewayRefused,
		},
		"lost": {
			late: gateway.Report{Outcome: gateway.Unknown, Alarm: "look at it"}, want: fault.CodeGatewayUnavailable,
		},
		"held": {adjusts: true, late: gateway.Report{Outcome: gateway.Authorized}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			bank := &teller{acquirer: b}
			s.banks["acquirer"] = bank
			p := s.charge(goodCard, 50)
			capture := func(amount int64) (err error) {
				_, err = s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(amount)})
				return err
			}
			wish := func() error { return capture(30) }
			if c.adjusts {
				wish = func() error { return last(s.app.AdjustPayment(t.Context(), s.merchant, p.ID, rial(60))) }
			}
			bank.instead = func() (gateway.Report, bool) {
				bank.says(gateway.Report{Outcome: gateway.Declined, Word: "not now"})
				s.asked(p, time.Hour)
				bank.says(gateway.Report{Outcome: gateway.Unknown, Doubt: true})
				if err := capture(20); !fault.Is(err, fault.CodeGatewayUnavailable) {
					t.Errorf("the capture of 20: got %v, want its answer lost", err)
				}
				bank.instead = nil
				return c.late, c.late.Outcome != gateway.Captured
			}
			if err := wish(); c.want == "" && err != nil || c.want != "" && !fault.Is(err, c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			got := s.fresh(p)
			s.want(got, payment.Authorized, payment.Good, held(50))
			if got.Step.Kind != payment.ToCapture || got.Step.Amount != rial(20) || got.Attention != "" {
				t.Errorf("to be done is %+v, a person hears %q; want the capture of 20", got.Step, got.Attention)
			}
			if got = s.asked(p, time.Hour); c.hears == "" {
				s.want(got, payment.Captured, payment.Recorded, taken(20))
				return
			}
			s.want(got, payment.Authorized, payment.Good, held(50))
			if got.Attention != c.hears {
				t.Errorf("a person hears %q, want %q", got.Attention, c.hears)
			}
		})
	}
}
