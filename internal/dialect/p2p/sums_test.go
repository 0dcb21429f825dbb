package p2p_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect/p2p"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

// dealOf is a deal of a sum that changed so many minutes after the others.
func dealOf(state deal.State, id, paid, coins, fee, rate string, minute int) deal.Deal {
	return deal.Deal{
		ID: id, State: state, Amount: roubles(paid), Paid: roubles(paid), Rate: must(money.ParseRate(rate)),
		Coins: must(money.Parse(coins, deal.Coin)), Fee: must(money.Parse(fee, deal.Coin)),
		UpdatedAt: time.Date(2025, 1, 2, 3, minute, 0, 0, time.UTC),
	}
}

// The sums of a paid invoice are of all that brought money.
func TestSumsOfAllDeals(t *testing.T) {
	t.Parallel()
	first := dealOf(deal.Completed, "first", "3277.52", "33.27431472", "2.82831676", "98.50", 1)
	second := dealOf(deal.Completed, "second", "700.00", "7.00000000", "0.59500000", "100", 2)
	last := second
	last.ID, last.UpdatedAt = "last", first.UpdatedAt.Add(-time.Minute)
	lost := dealOf(deal.Canceled, "lost", "700.00", "7.00000000", "0.59500000", "100", 9)
	disputed := dealOf(deal.Disputed, "disputed", "700.00", "7.00000000", "0.59500000", "100", 0)
	for name, c := range map[string]struct {
		captured                       string
		deals                          []deal.Deal
		taker, maker, fee, payout, one string
		rate                           string
	}{
		"one deal": {
			"3277.52", []deal.Deal{first, lost}, "3277.52", "33.27431472", "2.82831676", "30.44599796", "first", "98.50",
		},
		"extended and paid by a second": {
			"3977.52", []deal.Deal{first, second}, "3977.52", "40.27431472", "3.42331676", "36.85099796", "second", "100.00",
		},
		"the first won after the second": {
			"3977.52", []deal.Deal{first, last}, "3977.52", "40.27431472", "3.42331676", "36.85099796", "first", "98.50",
		},
		"cash beside a deal": {
			"705.00", []deal.Deal{second}, "705.00", "7.00000000", "0.59500000", "6.40500000", "second", "100.00",
		},
		"given back": {
			"0", []deal.Deal{second}, "700.00", "7.00000000", "0.59500000", "6.40500000", "second", "100.00",
		},
		"no deal":         {"5", []deal.Deal{lost}, "5.00", "", "", "", "lost", "100.00"},
		"one is disputed": {"3277.52", []deal.Deal{disputed, first}, "", "", "", "", "disputed", "100.00"},
	} {
		notice, ok := p2p.Notice(event.Event{Noun: event.Invoice, From: "open", To: string(invoice.Paid)}, invoice.Invoice{
			State: invoice.Completed, Amount: roubles("4000"), Captured: roubles(c.captured),
		}, c.deals)
		type amount struct{ Amount string }
		var got struct {
			Invoice struct {
				ReceivedSumFromTaker, ReceivedSumFromMaker, ServiceFeeSum, PayoutSum amount

				Rate string
				Deal struct{ ID string }
			}
		}
		if err := json.Unmarshal(notice.Body, &got); err != nil || !ok {
			t.Fatalf("%s: got %s, %v", name, notice.Body, err)
		}
		i := got.Invoice
		if i.ReceivedSumFromTaker.Amount != c.taker || i.ReceivedSumFromMaker.Amount != c.maker ||
			i.ServiceFeeSum.Amount != c.fee || i.PayoutSum.Amount != c.payout {
			t.Errorf("%s: got the sums %+v", name, i)
		}
		if i.Deal.ID != c.one || i.Rate != c.rate {
			t.Errorf("%s: got the deal %s at %s, want %s at %s", name, i.Deal.ID, i.Rate, c.one, c.rate)
		}
	}
}
