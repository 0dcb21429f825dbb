package app_test

import (
	"context"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// TestMoneyOfAnEarlierTry: a try that had failed took the payer's money after all, and
// that is known when the next try is open already. The payer may be charged twice, so a
// person hears of it, and the money does not pass for the present try's.
func TestMoneyOfAnEarlierTry(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	bank := &slow{acquirer: b}
	s.banks["acquirer"] = bank
	p := s.charge(badCard, 60)
	b.set(func(b *acquirer) { b.intents[p.Reference()].state, b.intents[p.Reference()].taken = "taken", 60 })
	bank.meanwhile = func() {
		if _, err := s.app.ChargeAgain(t.Context(), s.merchant, p.ID, money.Amount{}, cardOf(questionCard)); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.app.ReturnPayer(t.Context(), map[string][]string{"t": {p.ID + "." + p.Attempt.Token}}); err != nil {
		t.Fatal(err)
	}
	got := s.fresh(p)
	s.want(got, payment.Processing, payment.Undecided, nil)
	if got.Attempt.Number != 2 || got.Attempt.Receipt != "" ||
		got.Attention != "the gateway took money for an earlier try of this payment" {
		t.Errorf("try %d has the receipt %q, and a person hears %q", got.Attempt.Number, got.Attempt.Receipt, got.Attention)
	}
	if waiting := attention(t, s); len(waiting) != 1 || waiting[0].Subject != p.ID {
		t.Errorf("%+v wait for a person, want the payment", waiting)
	}
}

// teller is an acquirer that a test tells what to answer to a capture.
type teller struct {
	*acquirer

	capture func(context.Context, gateway.Held) gateway.Report
}

func (b *teller) Capture(ctx context.Context, h gateway.Held) gateway.Report {
	return b.capture(ctx, h)
}

// TestAnswerAboutAnEarlierStep: while the gateway takes its time about a capture, the same
// was refused when it was asked again, and the merchant captures less. The first answer,
// that more was taken, does not pass for the answer to the present wish.
func TestAnswerAboutAnEarlierStep(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	bank := &teller{acquirer: b}
	s.banks["acquirer"] = bank
	p := s.charge(goodCard, 50)
	capture := func(amount int64, want fault.Code) {
		t.Helper()
		_, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(amount)})
		if !fault.Is(err, want) {
			t.Errorf("%d: got %v, want %s", amount, err, want)
		}
	}
	says := func(r gateway.Report) {
		bank.capture = func(context.Context, gateway.Held) gateway.Report { return r }
	}
	bank.capture = func(ctx context.Context, h gateway.Held) gateway.Report {
		says(gateway.Report{Outcome: gateway.Declined, Word: "not now"})
		capture(30, fault.CodeGatewayRefused)
		says(gateway.Report{Outcome: gateway.Unknown, Doubt: true})
		capture(20, fault.CodeGatewayUnavailable)
		bank.capture = b.Capture
		return b.Capture(ctx, h)
	}
	if _, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(30)}); err != nil {
		t.Fatal(err)
	}
	got := s.fresh(p)
	s.want(got, payment.Authorized, payment.Good, held(50))
	if got.Step.Kind != payment.ToCapture || got.Step.Amount != rial(20) {
		t.Errorf("to be done is %+v, want the capture of 20", got.Step)
	}
	got = s.asked(p, time.Hour)
	s.want(got, payment.Authorized, payment.Good, held(50))
	if got.Attention != "the gateway says paid, but 30 IRR instead of 20 IRR" {
		t.Errorf("a person hears %q", got.Attention)
	}
}
