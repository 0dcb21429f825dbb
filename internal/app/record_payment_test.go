package app_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/wallet"
)

// A record bounds what goes back. It may not be of money that goes back as a whole
// when the merchant does not verify it: the payer would lose the rest.
func TestWhatIsVerifiedCannotBeRecorded(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i, p := s.paidAtBank(toman(500))
	record := func() {
		t.Helper()
		if _, err := s.app.RecordPayment(t.Context(), s.merchant, p.ID, time.Time{}, toman(1)); !fault.Is(err,
			fault.CodeWrongState) {
			t.Errorf("got %v, want it refused", err)
		}
	}
	record()
	s.wait(window)
	if n, err := s.app.RejectOverdue(t.Context(), 10); n != 1 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
	record()
	s.stands(i.ID, invoice.Rejected)
	if got := s.balance(ledger.RefundsInTransit, ""); got != toman(500).Steps() {
		t.Errorf("%d goes back to the payer, want all of 500 Toman", got)
	}
	if got := s.balance(ledger.MerchantPending, ""); got != 0 {
		t.Errorf("%d still waits to be verified", got)
	}
	s.has(wallet.House, toman(0))
}

// TestWithdrawnBesideAStep: a payment that was held when its deletion began, and is not when the
// money is to be let go, is deleted as it is a moment later. One that is still held, and to which
// something is being done, is not.
func TestWithdrawnBesideAStep(t *testing.T) {
	t.Parallel()
	take := func(s *shop, p payment.Payment) error {
		return last(s.app.CapturePayment(s.Context(), s.merchant, p.ID, app.Capture{}))
	}
	for name, c := range map[string]struct {
		does     func(*shop, payment.Payment) error
		lost     bool // the gateway does it and its answer is lost
		state    payment.State
		standing payment.Standing
		accounts map[string]int64
	}{
		"all is taken": {take, false, payment.Captured, payment.Recorded, taken(50)},
		"all is let go": {func(s *shop, p payment.Payment) error {
			return last(s.app.VoidPayment(s.Context(), s.merchant, p.ID))
		}, false, payment.Canceled, payment.Bad, nil},
		"all is given back": {func(s *shop, p payment.Payment) error {
			return last(s.app.RefundPayment(s.Context(), s.merchant, app.NewRefund{Payment: p.ID}))
		}, false, payment.Canceled, payment.Good, nil},
		"nobody knows": {take, true, payment.Authorized, payment.Good, held(50)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			b.set(func(b *acquirer) { b.loseSteps = c.lost })
			p := s.charge(goodCard, 50)
			late := app.New(app.Config{
				Store: &slowToRest{Store: s.store, first: func() {
					if err := c.does(s, p); (err != nil) != c.lost {
						t.Errorf("got %v", err)
					}
				}},
				Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler), Sealer: envelope{},
				Credentials: envelope{}.credentials,
			})
			err := late.WithdrawPayment(t.Context(), s.merchant, p.ID)
			if c.lost != fault.Is(err, fault.CodeWrongState) || !c.lost && err != nil {
				t.Errorf("got %v, want it refused: %t", err, c.lost)
			}
			p = s.fresh(p)
			s.want(p, c.state, c.standing, c.accounts)
			if p.Withdrawn == c.lost {
				t.Errorf("it is withdrawn: %t", p.Withdrawn)
			}
			s.audit()
		})
	}
}
