//go:build fault

package fault

import (
	"fmt"
	"slices"
	"testing"

	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// sums are what the accounts must have, by account and unit.
type sums map[int64]map[string]int64

func (s sums) add(account int64, unit string, steps int64) {
	if s[account] == nil {
		s[account] = map[string]int64{}
	}
	s[account][unit] += steps
}

// moved is what the lists say of a transfer or an exchange.
type moved struct {
	TrackID  string `json:"trackid"`
	Amount   string
	OrderID  string `json:"order_id"`
	Receiver struct {
		Account int64 `json:"account_number"`
	}
	Spent string `json:"spent_amount"`
	Get   string `json:"get_amount"`
}

// wantHistory checks that everything that was acknowledged is in the lists, and
// that each account has exactly what the lists say.
func (t *till) wantHistory(bills []bill, acks []ack, doubts int64) {
	t.t.Helper()
	have := sums{}
	known := map[string]int64{} // what is on record, by what, whose and its name
	exchanges := t.trades(have, known)
	t.withdrawals(have, known)
	states := t.sales(bills, have)
	acknowledged := 0
	for _, a := range acks {
		switch a.What {
		case "state":
			if !followsState(a.Word, states[a.ID].Status) {
				t.t.Errorf("invoice %s: it was acknowledged as %s and is now %q", a.ID, a.Word, states[a.ID].Status)
			}
		case "bill":
			if b := states[a.ID]; b.Number != a.Of || steps(t.t, b.Amount, b.Coin.Currency) != a.Amount {
				t.t.Errorf("acknowledged invoice %s: got %+v, want number %s and %d", a.ID, b, a.Of, a.Amount)
			}
		default:
			if got, ok := known[a.What+" "+a.Of+" "+a.ID]; !ok || got != a.Amount && a.Amount != 0 {
				t.t.Errorf("acknowledged %s %s of %s: got %d, %v, want %d", a.What, a.ID, a.Of, got, ok, a.Amount)
			}
		}
		if a.What == "exchange" {
			acknowledged++
		}
	}
	if extra := exchanges - acknowledged; extra < 0 || int64(extra) > doubts {
		t.t.Errorf("%d exchanges, %d of them acknowledged and %d in doubt", exchanges, acknowledged, doubts)
	}
	for _, p := range append(slices.Clone(t.people), t.house) {
		for unit, want := range have[p.account] {
			if p.account == house && unit == "IRT" {
				want -= t.fees(t, "IRT")
			}
			if got := t.balance(p, unit); got != want {
				t.t.Errorf("account %d has %d %s, want %d by its history", p.account, got, unit, want)
			}
		}
	}
}

// trades adds up what was sent, exchanged and there at the beginning.
func (t *till) trades(have sums, known map[string]int64) (exchanges int) {
	t.t.Helper()
	for _, p := range append(slices.Clone(t.people), t.house) {
		for unit, amount := range t.begins {
			have.add(p.account, unit, steps(t.t, amount, unit))
		}
		for _, one := range all[moved](t, p, "transfer-list", "transfer_type=transfer_out&") {
			amount := steps(t.t, one.Amount, "USDT")
			have.add(p.account, "USDT", -amount)
			have.add(one.Receiver.Account, "USDT", amount)
			known["transfer "+p.number()+" "+one.OrderID] = amount
		}
		for _, one := range all[moved](t, p, "exchange-list", "") {
			got := steps(t.t, one.Get, "IRT")
			have.add(p.account, "USDT", -steps(t.t, one.Spent, "USDT"))
			have.add(p.account, "IRT", got)
			known["exchange "+p.number()+" "+one.TrackID] = got
			exchanges++
		}
	}
	return exchanges
}

// withdrawals adds up what was taken out.
func (t *till) withdrawals(have sums, known map[string]int64) {
	t.t.Helper()
	for offset := 0; ; {
		payouts, err := t.reading().Payouts(t.t.Context(), store.PayoutFilter{Merchant: t.merchant},
			store.Page{Limit: 1000, Offset: offset})
		if err != nil {
			t.t.Fatal(err)
		}
		for _, p := range payouts {
			have.add(p.Account, string(money.USDT), -p.Amount.Steps())
			known[fmt.Sprint("withdrawal ", p.Account, " ", p.Reference)] = p.Amount.Steps()
		}
		if offset += len(payouts); len(payouts) == 0 {
			return
		}
	}
}

// sales adds up what invoices have brought, and gives them by their id.
func (t *till) sales(bills []bill, have sums) map[string]bill {
	t.t.Helper()
	states := map[string]bill{}
	for _, b := range bills {
		states[b.TrackID] = b
		if b.Status != "completed" {
			continue
		}
		amount := steps(t.t, b.Amount, b.Coin.Currency)
		have.add(house, b.Coin.Currency, amount)
		if b.Account != nil {
			have.add(*b.Account, b.Coin.Currency, -amount)
		}
	}
	return states
}

// wantBank checks that the bank has kept what was completed, and else nothing
// but what a person must send back.
func (t *till) wantBank(bills []bill, held map[string]waiting) {
	t.t.Helper()
	var kept, doubtful int64
	for _, b := range bills {
		if b.Status == "completed" && b.Account == nil {
			kept += rial(t.t, b.Amount)
		}
	}
	for id, h := range held {
		back, err := t.reading().Refund(t.t.Context(), t.merchant, id)
		if h.Noun != "refund" || err != nil {
			t.t.Errorf("%v waits for a person, want only refunds: %v", h, err)
			continue
		}
		doubtful += rial(t.t, back.Amount.Text())
	}
	totals := t.banks["zarinpal"].totals()
	if got := totals.Captured - totals.Reversed - totals.Refunded; got < kept || got > kept+doubtful {
		t.t.Errorf("the bank says %+v, want %d of it kept and at most %d more", totals, kept, doubtful)
	}
}

// rial is an amount of Toman as the bank counts it.
func rial(t *testing.T, toman string) int64 {
	t.Helper()
	amount, err := money.Parse(toman, money.IRT)
	if err == nil {
		amount, err = amount.In(money.IRR)
	}
	if err != nil {
		t.Fatal(err)
	}
	return amount.Steps()
}

// followsState says that an invoice which was seen in one status may now be in
// another.
func followsState(before, now string) bool {
	switch before {
	case "completed":
		return now == "completed" || now == "refunded"
	case "refunded":
		return now == "refunded"
	default: // it was paid
		return now == "completed" || now == "refunded" || now == "rejected"
	}
}
