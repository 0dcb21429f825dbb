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
	"github.com/purserhq/purser/internal/store"
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
		"a fee of both":  {"R,50000,40000,", "B,-20000,,", 0, nil, 10_000},
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
			if len(want) == 0 {
				s.keeps(done, p, strings.Split(c.first, ",")[1])
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

// keeps wants the first row of a file that was read to be the one of a payment.
func (s *shop) keeps(done app.Settled, p payment.Payment, amount string) {
	s.Helper()
	rows, err := s.app.ListSettlementRows(s.Context(), s.merchant, app.SettlementRows{File: done.ID, Limit: 1})
	if err != nil || len(rows) != 1 {
		s.Fatalf("got %+v, %v", rows, err)
	}
	if got := rows[0]; got.Payment != p.ID || got.Receipt != p.Attempt.Receipt || got.Amount.Text() != amount {
		s.Errorf("the row kept is %+v, want %s of %s", got, amount, p.Attempt.Receipt)
	}
}

// TestSettleMoreThanWasPaid: what went back of a payment to its payer was a part of it, and
// explains no larger amount in its row.
func TestSettleMoreThanWasPaid(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.set(func(b *bank) { b.canRefund, b.denyUndo = true, true })
	_, p := s.paid(5_000)
	if b, err := s.refund(p, rial(2_000)); err != nil || b.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", b, err)
	}
	done := s.settle(s.statement(p.Attempt.Receipt + ",7000,,"))
	s.differ(done, "other_amount 2 "+p.Attempt.Receipt)
	for _, d := range done.Differences {
		if d.Ours != "5000 IRR" || d.Theirs != "7000 IRR" {
			t.Errorf("got %+v", d)
		}
	}
	s.state(p.ID, payment.Captured)
	s.cleared(-3_000, 0, 0)
}

// TestSettleReceiptOfAPayout: what a rail with the name of a provider sent has a receipt of its
// own, and is none of what was paid.
func TestSettleReceiptOfAPayout(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	_, p := s.paid(5_000)
	s.put(store.Change{Claims: []store.Claim{{
		Merchant: s.merchant, Kind: store.ReceiptClaim, Key: "first/sent-1", Subject: s.newID(),
	}}})
	done := s.settle(s.statement("sent-1,5000,,", row(p), "sent-2,5000,40,"))
	s.differ(done, "extra 2 sent-1", "extra 4 sent-2")
	for n, want := range []string{"5000 IRR", "5000 IRR, fee 40 IRR"} {
		if got := done.Differences[n].Theirs; got != want {
			t.Errorf("the file says %q, want %q", got, want)
		}
	}
	if done.Payments != 1 {
		t.Errorf("settled %d, want the payment beside it", done.Payments)
	}
	s.state(p.ID, payment.Settled)
}

// TestSettleInTheFilesUnit: sums are told in the unit of the file, whatever the payers' was.
func TestSettleInTheFilesUnit(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	s.first.fee = 100
	i, err := s.app.CreateInvoice(t.Context(), s.merchant, app.NewInvoice{
		ID: s.newID(), Amount: toman(500), Title: "Hosting",
	})
	if err != nil {
		t.Fatal(err)
	}
	wish := s.wish(i, 0)
	wish.Amount = toman(500)
	r, err := s.app.RequestPayment(t.Context(), s.merchant, wish)
	if err != nil {
		t.Fatal(err)
	}
	s.first.pay(r.Payment.Attempt.Session, "paid")
	p := s.returns(r.Payment, "ok")
	done := s.settle(s.statement(p.Attempt.Receipt + ",5000,100,"))
	s.differ(done)
	if done.Payments != 1 || done.Taken != rial(5_000) || done.Fees != rial(100) {
		t.Errorf("settled %d of %v for %v", done.Payments, done.Taken, done.Fees)
	}
	if got := s.state(p.ID, payment.Settled).Attempt.Fee; got != toman(10) {
		t.Errorf("the fee is %v, want 10 Toman", got)
	}
}

// TestSettleKeepsARecord: what its merchant recorded of a payment stays when it is settled.
func TestSettleKeepsARecord(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	_, p := s.paid(5_000)
	if err := last(s.app.RecordPayment(t.Context(), s.merchant, p.ID, time.Time{}, rial(3_000))); err != nil {
		t.Fatal(err)
	}
	recorded := s.fresh(p).Record
	s.wait(time.Hour)
	s.differ(s.settle(s.statement(row(p))))
	if got := s.state(p.ID, payment.Settled); got.Record != recorded || got.Refundable() != rial(3_000) ||
		!got.UpdatedAt.Equal(s.now()) {
		t.Errorf("recorded %+v, and %v can go back, since %v; want %+v as before", got.Record, got.Refundable(),
			got.UpdatedAt, recorded)
	}
}

// TestSettleHeldUnderAnotherName: the receipt of what was taken of held money is its provider's,
// whatever the merchant calls the contract, also where it was to be let go.
func TestSettleHeldUnderAnotherName(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	s.banks["cards"] = b
	if err := s.app.PutGateway(t.Context(), merchant.Gateway{
		Merchant: s.merchant, Name: "cards", Connector: "acquirer", Order: 1, Enabled: true,
	}); err != nil {
		t.Fatal(err)
	}
	p, wrong := s.charge(goodCard, 50_000), s.charge(goodCard, 20_000)
	if err := last(s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{})); err != nil {
		t.Fatal(err)
	}
	b.takenThere(wrong)
	if err := last(s.app.VoidPayment(t.Context(), s.merchant, wrong.ID)); err != nil {
		t.Fatal(err)
	}
	p, wrong = s.fresh(p), s.fresh(wrong)
	w := s.statement(p.Attempt.Receipt+",50000,,", wrong.Attempt.Receipt+",20000,,")
	w.Gateway = "cards"
	done := s.settle(w)
	s.differ(done, "other_state 3 "+wrong.Attempt.Receipt)
	if p = s.fresh(p); p.Attempt.Gateway != "cards" || p.State != payment.Settled || done.Payments != 1 {
		t.Errorf("of %s it is %s, settled %d", p.Attempt.Gateway, p.State, done.Payments)
	}
}

// TestSettleSurplusByHand: what was taken beyond what was wanted counts once, however often it
// was tried to be given back.
func TestSettleSurplusByHand(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]bool{"the file first": true, "the word first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			s.banks["acquirer"] = miser{b}
			p := s.charge(goodCard, 50_000)
			b.takenThere(p)
			if err := last(s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(30_000)})); err != nil {
				t.Fatal(err)
			}
			s.looked(time.Hour, 100)
			p = s.fresh(p)
			backs, err := s.store.RefundsOf(t.Context(), s.merchant, p.ID)
			if err != nil || len(backs) != 1 || backs[0].State != refund.Failed {
				t.Fatalf("went back: %+v, %v", backs, err)
			}
			file := func() {
				w := s.statement(p.Attempt.Receipt+",50000,500,", "bank-1,-20000,,")
				w.Gateway = "acquirer"
				s.settle(w)
			}
			if first {
				file()
				s.audit()
			}
			if err := last(s.app.SayRefund(t.Context(), s.merchant, app.RefundWord{
				Refund: backs[0].ID, Back: true, Receipt: "bank-1", Operator: "ann",
			})); err != nil {
				t.Fatal(err)
			}
			s.audit()
			file()
			s.state(p.ID, payment.Settled)
			if got := s.balance(ledger.GatewayClearing, "acquirer"); got != 0 {
				t.Errorf("the gateway's clearing is %d, want 0", got)
			}
			s.audit()
		})
	}
}
