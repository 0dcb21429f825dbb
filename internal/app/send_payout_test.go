package app_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
)

// anyForm tells of every change of a payout, and of its deals.
func anyForm(e event.Event, p payout.Payout, deals []deal.Deal) (app.Notice, bool) {
	words := []string{string(p.State)}
	for _, d := range deals {
		words = append(words, string(d.State))
	}
	return app.Notice{MediaType: "text/plain", Body: []byte(strings.Join(words, " "))}, e.Trigger != "create"
}

// rich is a bazaar whose merchant has earned 185.78680203 coins, and whose trader
// has paid them and has 796.95431473 left.
func rich(t *testing.T) (*bazaar, deal.Trader) {
	t.Helper()
	b := openBazaar(t, 0, "")
	tom := b.trader("Tom", "1000")
	if _, err := b.app.CompleteDeal(t.Context(), word(b.begun("20000"))); err != nil {
		t.Fatal(err)
	}
	b.has(map[string]string{
		"gateway_clearing": "-1000", "trader": "796.95431473", "merchant_available": "185.78680202", "fees": "17.25888325",
	})
	return b, tom
}

func (b *bazaar) sending(text string) app.NewSending {
	return app.NewSending{
		ID: b.newID(), Merchant: b.merchant, Terminal: b.store, Sum: rub(text), Due: b.now().Add(time.Hour),
		Payee:  payout.Payee{Option: "TO_CARD", Method: "sberbank", Number: "2200 0000 0000 0004", Holder: "ANN A."},
		Notice: payout.Notice{URL: "https://shop.example/n", Form: "any"},
	}
}

// asked is a payout of an amount, approved.
func (b *bazaar) approved(text string) payout.Payout {
	b.Helper()
	p, err := b.app.RequestSending(b.Context(), b.sending(text))
	if err != nil {
		b.Fatal(fault.Detail(err))
	}
	if p, err = b.app.ApprovePayout(b.Context(), b.says(p)); err != nil || p.State != payout.Approved {
		b.Fatalf("got %s, %v", p.State, err)
	}
	return p
}

func (b *bazaar) says(p payout.Payout) app.PayoutWord {
	return app.PayoutWord{Merchant: p.Merchant, Payout: p.ID, Operator: "Sam", Note: "looked at"}
}

func (b *bazaar) take(p payout.Payout, t deal.Trader) (deal.Deal, error) {
	return b.app.TakePayout(b.Context(), app.Taking{
		ID: b.newID(), Merchant: p.Merchant, Payout: p.ID, Trader: t.ID, Operator: "Sam",
	})
}

func (b *bazaar) taken(p payout.Payout, t deal.Trader) deal.Deal {
	b.Helper()
	d, err := b.take(p, t)
	if err != nil {
		b.Fatal(fault.Detail(err))
	}
	return d
}

func (b *bazaar) payoutIs(id string, want payout.State) {
	b.Helper()
	if p, err := b.app.Payout(b.Context(), b.merchant, id); err != nil || p.State != want {
		b.Errorf("the payout is %s, %v; want %s", p.State, err, want)
	}
}

// told are the notices about a payout, oldest first.
func (b *bazaar) told(id string) []string {
	b.Helper()
	list, err := b.app.Deliveries(b.Context(), b.merchant, store.DeliveryFilter{Subject: id}, app.Page{Oldest: true})
	if err != nil {
		b.Fatal(err)
	}
	var words []string
	for _, d := range list {
		whole, err := b.app.Delivery(b.Context(), b.merchant, d.ID)
		if err != nil {
			b.Fatal(err)
		}
		words = append(words, string(whole.Body))
	}
	return words
}

func TestTraderSendsAPayout(t *testing.T) {
	t.Parallel()
	b, tom := rich(t)
	p := b.approved("2000.00")
	if p.Amount != coins("22.03045686") || p.Fee != coins("1.72588833") || p.Rate.Text() != "98.5" {
		t.Errorf("got %v with a fee of %v at %s", p.Amount, p.Fee, p.Rate.Text())
	}
	b.has(map[string]string{
		"gateway_clearing": "-1000", "trader": "796.95431473", "merchant_available": "163.75634516",
		"payouts_in_transit": "22.03045686", "fees": "17.25888325",
	})
	d := b.taken(p, tom)
	if d.State != deal.TransferWaiting || d.Payout != p.ID || d.Coins != coins("20.30456853") ||
		d.Number != p.Payee.Number {
		t.Errorf("got %+v", d)
	}
	b.payoutIs(p.ID, payout.Processing)
	b.wait(3 * time.Hour) // one that is taken is never ended by time
	for _, ends := range []func() (int, error){
		func() (int, error) { return b.app.CancelDueDeals(t.Context(), 10) },
		func() (int, error) { return b.app.ExpirePayouts(t.Context(), 10) },
	} {
		if n, err := ends(); n != 0 || err != nil {
			t.Errorf("ended %d, %v", n, err)
		}
	}
	refused := map[string]func() error{
		"the merchant withdraws it": func() error { return last(b.app.WithdrawPayout(t.Context(), b.merchant, p.ID)) },
		"an operator cancels it":    func() error { return last(b.app.CancelPayout(t.Context(), b.says(p))) },
		"an operator rejects it":    func() error { return last(b.app.RejectPayout(t.Context(), b.says(p))) },
		"an operator fails it":      func() error { return last(b.app.FailPayout(t.Context(), b.says(p))) },
		"another takes it":          func() error { return last(b.take(p, tom)) },
		"the payer reports it":      func() error { return last(b.app.ReportTransfer(t.Context(), b.merchant, d.ID, true)) },
	}
	for name, do := range refused {
		if err := do(); !fault.Is(err, fault.CodeWrongState) {
			t.Errorf("%s: got %v, want wrong_state", name, err)
		}
	}
	w := word(d)
	if err := last(b.app.CompleteDeal(t.Context(), w)); !fault.Is(err, fault.CodeParameterMissing) {
		t.Errorf("without a receipt: got %v", err)
	}
	w.Receipt, w.Paid = "bank 1", rub("1999")
	if err := last(b.app.CompleteDeal(t.Context(), w)); !fault.Is(err, fault.CodeAmountInvalid) {
		t.Errorf("another sum: got %v", err)
	}
	w.Paid = money.Amount{}
	done, err := b.app.CompleteDeal(t.Context(), w)
	if err != nil || done.State != deal.Completed || done.Paid != rub("2000") {
		t.Fatalf("got %+v, %s", done, fault.Detail(err))
	}
	b.payoutIs(p.ID, payout.Paid)
	b.has(map[string]string{
		"gateway_clearing": "-1000", "trader": "817.25888326", "merchant_available": "163.75634516", "fees": "18.98477158",
	})
	if diff := cmp.Diff([]string{"approved", "processing transfer_waiting", "paid completed"}, b.told(p.ID)); diff != "" {
		t.Errorf("notices (-want +got)\n%s", diff)
	}
	// A receipt counts once for a trader, also through the payout.
	other := b.approved("100")
	b.taken(other, tom)
	again := b.says(other)
	again.Receipt = "bank 1"
	if err := last(b.app.ConfirmPayout(t.Context(), again)); !fault.Is(err, fault.CodeDuplicate) ||
		fault.From(err).Param != "receipt" {
		t.Errorf("the receipt again: got %v", err)
	}
	again.Receipt = "bank 2"
	if q, err := b.app.ConfirmPayout(t.Context(), again); err != nil || q.State != payout.Paid || q.Receipt != "bank 2" {
		t.Errorf("got %s, %v", q.State, fault.Detail(err))
	}
}

// last is the error of a call.
func last[T any](_ T, err error) error { return err }

func TestTakenPayoutComesBack(t *testing.T) {
	t.Parallel()
	b, tom := rich(t)
	ann := b.trader("Ann", "")
	p := b.approved("2000")
	d := b.taken(p, tom)
	if d, err := b.app.CancelDeal(t.Context(), word(d)); err != nil || d.State != deal.Canceled {
		t.Fatalf("got %s, %v", d.State, err)
	}
	b.payoutIs(p.ID, payout.Approved)
	if err := last(b.app.DisputeDeal(t.Context(), app.NewDispute{Merchant: b.merchant, Deal: d.ID})); !fault.Is(err,
		fault.CodeWrongState) {
		t.Errorf("a dispute about what nobody sends: %v", err)
	}
	b.taken(p, ann)
	deals, err := b.app.DealsOfPayouts(t.Context(), b.merchant, p.ID)
	if err != nil || len(deals) != 2 || deals[1].Trader != ann.ID {
		t.Fatalf("got %+v, %v", deals, err)
	}
	if _, err := b.app.CancelDeal(t.Context(), word(deals[1])); err != nil {
		t.Fatal(err)
	}
	if p, err = b.app.WithdrawPayout(t.Context(), b.merchant, p.ID); err != nil || p.State != payout.Canceled {
		t.Fatalf("got %s, %v", p.State, err)
	}
	if p, err = b.app.WithdrawPayout(t.Context(), b.merchant, p.ID); err != nil || p.State != payout.Canceled {
		t.Errorf("again: got %s, %v", p.State, err)
	}
	b.has(map[string]string{
		"gateway_clearing": "-1000", "trader": "796.95431473", "merchant_available": "185.78680202", "fees": "17.25888325",
	})
}

func TestPayoutsThatNobodyTakesEnd(t *testing.T) {
	t.Parallel()
	b, tom := rich(t)
	asked, err := b.app.RequestSending(t.Context(), b.sending("100"))
	if err != nil {
		t.Fatal(err)
	}
	waiting, back, rejected := b.approved("100"), b.approved("200"), b.approved("300")
	d := b.taken(back, tom)
	if p, err := b.app.RejectPayout(t.Context(), b.says(rejected)); err != nil || p.State != payout.Rejected {
		t.Errorf("got %s, %v", p.State, err)
	}
	if n, err := b.app.ExpirePayouts(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("too early: %d, %v", n, err)
	}
	b.wait(time.Hour)
	if err := last(b.take(waiting, tom)); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("taken too late: %v", err)
	}
	if n, err := b.app.ExpirePayouts(t.Context(), 10); n != 2 || err != nil {
		t.Errorf("ended %d, %v; want 2", n, err)
	}
	if _, err := b.app.CancelDeal(t.Context(), word(d)); err != nil {
		t.Fatal(err)
	}
	if n, err := b.app.ExpirePayouts(t.Context(), 10); n != 1 || err != nil { // given back too late
		t.Errorf("ended %d, %v; want 1", n, err)
	}
	for _, p := range []payout.Payout{asked, waiting, back} {
		b.payoutIs(p.ID, payout.Expired)
	}
	if err := last(b.app.WithdrawPayout(t.Context(), b.merchant, asked.ID)); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("withdrawn after its time: %v", err)
	}
	b.has(map[string]string{
		"gateway_clearing": "-1000", "trader": "796.95431473", "merchant_available": "185.78680202", "fees": "17.25888325",
	})
}

func TestSendingsThatAreRefused(t *testing.T) {
	t.Parallel()
	b, tom := rich(t)
	for name, c := range map[string]struct {
		spoil func(*app.NewSending)
		code  fault.Code
		param string
	}{
		"too much":    {func(n *app.NewSending) { n.Sum = rub("20000") }, fault.CodeInsufficientFunds, ""},
		"nothing":     {func(n *app.NewSending) { n.Sum = rub("0") }, fault.CodeAmountInvalid, "amount"},
		"no amount":   {func(n *app.NewSending) { n.Sum = money.Amount{} }, fault.CodeAmountInvalid, "amount"},
		"no rate":     {func(n *app.NewSending) { n.Sum = money.New(1, money.KZT) }, fault.CodeRateMissing, "currency"},
		"no way":      {func(n *app.NewSending) { n.Payee.Option = " " }, fault.CodeParameterMissing, "option"},
		"no bank":     {func(n *app.NewSending) { n.Payee.Method = "" }, fault.CodeParameterMissing, "method"},
		"nowhere":     {func(n *app.NewSending) { n.Payee.Number = "" }, fault.CodeParameterMissing, "requisites"},
		"no terminal": {func(n *app.NewSending) { n.Terminal = 77 }, fault.CodeTerminalNotFound, ""},
		"a notice inside": {
			func(n *app.NewSending) { n.Notice.URL = "https://10.0.0.1/" }, fault.CodeParameterInvalid, "webhook",
		},
	} {
		n := b.sending("2000")
		c.spoil(&n)
		_, err := b.app.RequestSending(t.Context(), n)
		if !fault.Is(err, c.code) || c.param != "" && fault.From(err).Param != c.param {
			t.Errorf("%s: got %v, want %s of %q", name, err, c.code, c.param)
		}
	}
	n := b.sending("100")
	n.Reference = "1:a"
	if err := last(b.app.RequestSending(t.Context(), n)); err != nil {
		t.Fatal(err)
	}
	if err := last(b.app.RequestSending(t.Context(), n)); !fault.Is(err, fault.CodeDuplicate) {
		t.Errorf("twice: got %v", err)
	}
	if id, err := b.app.Referenced(t.Context(), b.merchant, b.store, "1:a"); err != nil || id != n.ID {
		t.Errorf("by its number: got %q, %v", id, err)
	}
	if err := last(b.app.TakePayout(t.Context(), app.Taking{
		ID: "d", Merchant: b.merchant, Payout: n.ID, Trader: tom.ID, Operator: "Sam",
	})); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("taken before it is approved: %v", err)
	}
	if err := last(b.app.SwitchTrader(t.Context(), b.merchant, tom.ID, true, "Sam")); err != nil {
		t.Fatal(err)
	}
	if err := last(b.take(b.approved("100"), tom)); !fault.Is(err, fault.CodeParameterInvalid) {
		t.Errorf("taken by one who is disabled: %v", err)
	}
}

func TestSecondPersonForASumOfMoney(t *testing.T) {
	t.Parallel()
	b, tom := rich(t)
	if _, err := b.app.ChangeMerchant(t.Context(), b.merchant,
		app.MerchantTerms{PayoutLimits: []money.Amount{rub("1000")}}); err != nil {
		t.Fatal(err)
	}
	p, err := b.app.RequestSending(t.Context(), b.sending("1000.01"))
	if err != nil {
		t.Fatal(err)
	}
	if p, err = b.app.ApprovePayout(t.Context(), b.says(p)); err != nil || p.State != payout.Requested {
		t.Errorf("got %s, %v", p.State, err)
	}
	if err := last(b.take(p, tom)); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("taken before the second: %v", err)
	}
	second := b.says(p)
	second.Operator = "Ann"
	if p, err = b.app.ApprovePayout(t.Context(), second); err != nil || p.State != payout.Approved {
		t.Errorf("got %s, %v", p.State, err)
	}
}

func TestDisputesAboutPayouts(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T, paid bool) (*bazaar, payout.Payout, deal.Deal) {
		b, tom := rich(t)
		p := b.approved("2000")
		d := b.taken(p, tom)
		if paid {
			w := word(d)
			w.Receipt = "bank 1"
			if err := last(b.app.CompleteDeal(t.Context(), w)); err != nil {
				t.Fatal(err)
			}
		}
		d, err := b.app.DisputeDeal(t.Context(), app.NewDispute{Merchant: b.merchant, Deal: d.ID, Reason: "no_payment"})
		if err != nil || d.State != deal.Disputed {
			t.Fatalf("got %s, %v", d.State, err)
		}
		if err := last(b.app.CancelDeal(t.Context(), word(d))); !fault.Is(err, fault.CodeWrongState) {
			t.Errorf("given back in a dispute: %v", err)
		}
		return b, p, d
	}
	before := map[string]string{
		"gateway_clearing": "-1000", "trader": "796.95431473", "merchant_available": "185.78680202", "fees": "17.25888325",
	}
	after := map[string]string{
		"gateway_clearing": "-1000", "trader": "817.25888326", "merchant_available": "163.75634516", "fees": "18.98477158",
	}
	for name, c := range map[string]struct {
		paid, won bool
		state     payout.State
		balances  map[string]string
	}{
		"paid and won":  {true, true, payout.Failed, before},
		"paid and lost": {true, false, payout.Paid, after},
		"sent and won":  {false, true, payout.Failed, before},
		"sent and lost": {false, false, payout.Paid, after},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, p, d := open(t, c.paid)
			w := word(d)
			if !c.paid && !c.won {
				if err := last(b.app.ResolveDispute(t.Context(), w, false)); !fault.Is(err, fault.CodeParameterMissing) {
					t.Errorf("without a receipt: %v", err)
				}
				w.Receipt = "bank 2"
			}
			w.Paid = rub("950")
			if err := last(b.app.ResolveDispute(t.Context(), w, c.won)); !fault.Is(err, fault.CodeAmountInvalid) {
				t.Errorf("a part of it: %v", err)
			}
			w.Paid = money.Amount{}
			if err := last(b.app.ResolveDispute(t.Context(), w, c.won)); err != nil {
				t.Fatal(fault.Detail(err))
			}
			b.payoutIs(p.ID, c.state)
			b.has(c.balances)
			if err := last(b.app.ResolveDispute(t.Context(), w, c.won)); !fault.Is(err, fault.CodeWrongState) {
				t.Errorf("twice: %v", err)
			}
		})
	}
	t.Run("the trader has no coins", func(t *testing.T) {
		t.Parallel()
		b, p, d := open(t, true)
		if err := b.app.MoveTraderCoins(t.Context(), app.TraderCoins{
			Merchant: b.merchant, Trader: d.Trader, Amount: coins("817"), Gateway: "till", Receipt: "out", Operator: "Sam",
			Out: true,
		}); err != nil {
			t.Fatal(err)
		}
		if err := last(b.app.ResolveDispute(t.Context(), word(d), true)); !fault.Is(err, fault.CodeInsufficientFunds) {
			t.Errorf("got %v, want insufficient_funds", err)
		}
		b.payoutIs(p.ID, payout.Paid)
	})
}

// TestManySendingsAtOnce: a balance that covers ten lets exactly ten through.
func TestManySendingsAtOnce(t *testing.T) {
	t.Parallel()
	b, _ := rich(t) // each takes 18.57867951 of 185.78680202
	var through, short atomic.Int64
	together(200, func(int) {
		_, err := b.app.RequestSending(t.Context(), b.sending("1686.62"))
		switch {
		case err == nil:
			through.Add(1)
		case fault.Is(err, fault.CodeInsufficientFunds):
			short.Add(1)
		default:
			t.Error(fault.Detail(err))
		}
	})
	if through.Load() != 10 || short.Load() != 190 {
		t.Errorf("%d got through and %d did not, want 10 and 190", through.Load(), short.Load())
	}
}

// TestTradersRaceForAPayout: one of many takes it, and one word about it counts.
func TestTradersRaceForAPayout(t *testing.T) {
	t.Parallel()
	b, tom := rich(t)
	traders := []deal.Trader{tom, b.trader("Ann", "")}
	p := b.approved("2000")
	var through atomic.Int64
	together(16, func(n int) {
		_, err := b.take(p, traders[n%2])
		if err == nil {
			through.Add(1)
		} else if !fault.Is(err, fault.CodeWrongState) {
			t.Error(fault.Detail(err))
		}
	})
	if through.Load() != 1 {
		t.Errorf("%d took it", through.Load())
	}
	deals, err := b.app.DealsOfPayouts(t.Context(), b.merchant, p.ID)
	if err != nil || len(deals) != 1 {
		t.Fatalf("got %d deals, %v", len(deals), err)
	}
	through.Store(0)
	together(16, func(n int) {
		w := word(deals[0])
		w.Receipt = fmt.Sprint("bank ", n)
		do := b.app.CompleteDeal
		if n%2 == 0 {
			do = b.app.CancelDeal
		}
		err := last(do(t.Context(), w))
		if err == nil {
			through.Add(1)
		} else if !fault.Is(err, fault.CodeWrongState) {
			t.Error(fault.Detail(err))
		}
	})
	if through.Load() != 1 {
		t.Errorf("%d words counted", through.Load())
	}
}
