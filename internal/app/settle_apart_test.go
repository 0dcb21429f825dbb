package app_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
)

// TestSettleOtherContract: a merchant has two contracts with one provider. What was paid
// under one is not paid out under the other, however well the file's row fits.
func TestSettleOtherContract(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	if err := s.app.PutGateway(t.Context(), merchant.Gateway{
		Merchant: s.merchant, Name: "branch", Connector: "first", Order: 9, Enabled: true,
	}); err != nil {
		t.Fatal(err)
	}
	_, p := s.paid(5_000)
	w := s.statement(row(p))
	w.Gateway = "branch"
	done := s.settle(w)
	s.differ(done, "other_state 2 "+p.Attempt.Receipt)
	for _, d := range done.Differences {
		if d.Payment != p.ID || d.Ours != "paid at the gateway first" {
			t.Errorf("got %+v", d)
		}
	}
	if done.Payments != 0 || !done.From.IsZero() {
		t.Errorf("%d were settled, of the time since %v", done.Payments, done.From)
	}
	s.state(p.ID, payment.Captured)
	s.cleared(-5_000, 0, 0)
	if got := s.balance(ledger.GatewayClearing, "branch"); got != 0 {
		t.Errorf("the other contract owes %d", -got)
	}
}

// TestSettleLetGo: what was let go before anything was taken never came, so that the
// gateway has kept nothing for it.
func TestSettleLetGo(t *testing.T) {
	t.Parallel()
	s, _ := withCards(t)
	p := s.charge(goodCard, 50)
	if b, err := s.refund(p, rial(20)); err != nil || b.Source != refund.FromHold {
		t.Fatalf("got %+v, %v", b, err)
	}
	if _, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{}); err != nil {
		t.Fatal(err)
	}
	p = s.fresh(p)
	s.want(p, payment.Captured, payment.Recorded, taken(30))
	w := s.statement(p.Attempt.Receipt + ",-20,,")
	w.Gateway = "acquirer"
	done := s.settle(w)
	s.differ(done, "extra 2 "+p.Attempt.Receipt)
	if done.Refunds != 0 || done.Returned != rial(0) {
		t.Errorf("settled %d refunds of %v", done.Refunds, done.Returned)
	}
	s.want(s.fresh(p), payment.Captured, payment.Recorded, taken(30))
}

// TestSettleOnItsWayBack: a merchant's record counts what is on its way back as gone.
func TestSettleOnItsWayBack(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo = true, true })
	_, p := s.paid(9_000)
	if b, err := s.refund(p, rial(1_000)); err != nil || b.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", b, err)
	}
	s.first.set(func(b *bank) { b.loseBack = true })
	if b, err := s.refund(p, rial(2_000)); err != nil || b.State == refund.Succeeded {
		t.Fatalf("got %+v, %v", b, err)
	}
	s.differ(s.settle(s.statement(row(p))))
	got := s.state(p.ID, payment.Settled)
	if got.Record.Amount != rial(6_000) || got.Record.Before != rial(3_000) || got.Refundable() != rial(6_000) {
		t.Errorf("recorded %+v, and %v can go back", got.Record, got.Refundable())
	}
}

// TestSettleAllFee: of a payment that was all fee nothing is paid out, and its fee is
// settled once although all of it went back to the payer.
func TestSettleAllFee(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo, b.fee = true, true, 5_000 })
	_, other := s.paid(5_000)
	_, p := s.paid(5_000)
	if b, err := s.refund(p, money.Amount{}); err != nil || b.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", b, err)
	}
	p = s.state(p.ID, payment.Refunded)
	for n := range 2 {
		done := s.settle(s.statement(row(p), row(other)))
		s.differ(done)
		if now, before := 2*(1-n), 2*n; done.Payments != now || done.PaymentsBefore != before {
			t.Errorf("settled %d, before %d; want %d and %d", done.Payments, done.PaymentsBefore, now, before)
		}
		s.cleared(5_000, 0, 0) // which the bank keeps of the next ones for what it gave back
	}
}

// TestSettleSurplus: where a gateway took more than was wanted, its file shows that and what
// went back, or the difference.
func TestSettleSurplus(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, again string // the file; R and B are the receipts of the payment and of what went back
		refunds      int
		differs      []string
		bank         int64
	}{
		"both":           {"R,50000,500,\nB,-20000,,", "R,50000,500,\nB,-20000,,", 1, nil, -29_500},
		"in two files":   {"R,50000,500,", "B,-20000,,", 0, nil, -29_500},
		"the difference": {"R,30000,500,", "R,30000,500,", 0, nil, -29_500},
		"another amount": {"R,40000,500,", "R,40000,500,", 0, []string{"other_amount 2 R"}, 0},
		"a fee above it": {"R,50000,50001,", "R,50000,50001,", 0, []string{"other_fee 2 R"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			p := s.charge(goodCard, 50_000)
			b.takenThere(p)
			if err := last(s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(30_000)})); err != nil {
				t.Fatal(err)
			}
			s.looked(time.Hour, 100)
			p = s.fresh(p)
			backs, err := s.store.RefundsOf(t.Context(), s.merchant, p.ID)
			if err != nil || len(backs) != 1 || backs[0].State != refund.Succeeded {
				t.Fatalf("went back: %+v, %v", backs, err)
			}
			names := strings.NewReplacer("R", p.Attempt.Receipt, "B", cmp.Or(backs[0].Receipt, p.Attempt.Receipt))
			read := func(lines string) app.Settled {
				w := s.statement(names.Replace(lines))
				w.Gateway = "acquirer"
				return s.settle(w)
			}
			var want []string
			for _, d := range c.differs {
				want = append(want, names.Replace(d))
			}
			done := read(c.first)
			s.differ(done, want...)
			if done.Refunds != c.refunds || done.Payments != 1-len(want) {
				t.Errorf("settled %d payments and %d refunds", done.Payments, done.Refunds)
			}
			s.audit()
			s.differ(read(c.again), want...)
			if got := s.balance(ledger.MerchantBank, ""); got != c.bank {
				t.Errorf("in the bank are %d, want %d", got, c.bank)
			}
			owes := int64(-30_000)
			if len(want) == 0 {
				owes = 0
			}
			if got := s.balance(ledger.GatewayClearing, "acquirer"); got != owes {
				t.Errorf("the gateway's clearing is %d, want %d", got, owes)
			}
			s.audit()
		})
	}
}
