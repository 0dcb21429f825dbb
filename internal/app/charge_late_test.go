package app_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payment"
)

// While one node waits for the answer about a charge, another learns that the bank holds the
// money and takes it: what is booked as held goes by the taking, not by the late answer.
func TestTakenWhileAskedAbout(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*acquirer, bool){
		"the answer was lost": func(b *acquirer, yes bool) { b.loseCharge = yes },
		"the card was late":   func(b *acquirer, yes bool) { b.loseCard = yes },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			b.set(func(b *acquirer) { lose(b, true) })
			p := s.charge(goodCard, 50)
			s.want(p, payment.Processing, payment.Undecided, nil)
			another := app.New(app.Config{
				Store: s.store, Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler), Sealer: envelope{},
				Credentials: envelope{}.credentials,
			})
			b.set(func(b *acquirer) {
				lose(b, false)
				b.loseSteps = true
				b.meanwhile = func() {
					b.set(func(b *acquirer) {
						for _, i := range b.intents {
							i.state, i.held = "held", 50
						}
					})
					if _, err := another.ResolveDue(t.Context(), 100); err != nil {
						t.Error(err)
					}
					s.want(s.fresh(p), payment.Authorized, payment.Good, held(50))
					_, err := another.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{})
					if !fault.Is(err, fault.CodeGatewayUnavailable) {
						t.Errorf("a lost answer: got %v", err)
					}
				}
			})
			s.want(s.asked(p, 3*time.Minute), payment.Authorized, payment.Good, held(50))
			if b.of(p).taken != 50 {
				t.Error("nothing happened meanwhile")
			}
			b.set(func(b *acquirer) { b.loseSteps = false })
			s.want(s.asked(p, time.Hour), payment.Captured, payment.Recorded, taken(50))
		})
	}
}
