package app_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

func rub(text string) money.Amount   { return parsed(text, money.RUB) }
func coins(text string) money.Amount { return parsed(text, deal.Coin) }

func parsed(text string, u money.Unit) money.Amount {
	a, err := money.Parse(text, u)
	if err != nil {
		panic(err)
	}
	return a
}

// bazaar is a shop with a market for roubles, a store with a fee and traders.
type bazaar struct {
	*shop

	store   int64
	traders int // how many there are
}

func openBazaar(t *testing.T, requisites int, each string) *bazaar {
	t.Helper()
	return openBazaarAt(open(t, 0), requisites, each)
}

// openBazaarAt makes a bazaar of a shop.
func openBazaarAt(s *shop, requisites int, each string) *bazaar {
	t := s.T
	t.Helper()
	rate, err := money.ParseRate("98.50")
	if err != nil {
		t.Fatal(err)
	}
	percent, err := money.ParseRate("8.5")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.app.SetRate(t.Context(), app.NewRate{
		Merchant: s.merchant, Base: deal.Coin, Quote: money.RUB, Buy: rate, Sell: rate, Source: "test",
	}); err != nil {
		t.Fatal(err)
	}
	terminal, _, err := s.app.CreateTerminal(t.Context(), s.merchant, app.TerminalTerms{Name: "store", DealFee: percent})
	if err != nil {
		t.Fatal(err)
	}
	b := &bazaar{shop: s, store: terminal.Number}
	for n := range requisites {
		b.trader(fmt.Sprintf("trader %d", n), each)
	}
	return b
}

// trader adds one with coins and one requisite.
func (b *bazaar) trader(name, amount string) deal.Trader {
	b.Helper()
	t, err := b.app.AddTrader(b.Context(), app.NewTrader{Merchant: b.merchant, Name: name, Operator: "Sam"})
	if err != nil {
		b.Fatal(err)
	}
	if amount != "" {
		if err := b.app.MoveTraderCoins(b.Context(), app.TraderCoins{
			Merchant: b.merchant, Trader: t.ID, Amount: coins(amount), Gateway: "till", Receipt: b.newID(), Operator: "Sam",
		}); err != nil {
			b.Fatal(err)
		}
	}
	number := fmt.Sprintf("+7(900)000-%02d-01", b.traders)
	b.traders++
	if _, err := b.app.PutRequisite(b.Context(), app.RequisiteTerms{
		Merchant: b.merchant, Trader: t.ID, Option: "SBP", Method: "sberbank", Number: number, Holder: name,
		Least: rub("100"), Most: rub("100000"), Operator: "Sam",
	}); err != nil {
		b.Fatal(err)
	}
	return t
}

func (b *bazaar) bill(text string) invoice.Invoice {
	b.Helper()
	i, err := b.app.CreateInvoice(b.Context(), b.merchant, app.NewInvoice{
		ID: b.newID(), Amount: rub(text), Terminal: b.store, Due: b.now().Add(time.Hour),
	})
	if err != nil {
		b.Fatal(err)
	}
	return i
}

func (b *bazaar) begin(i invoice.Invoice, most string) (deal.Deal, bool, error) {
	n := app.NewDeal{ID: b.newID(), Payment: b.newID(), Invoice: i.ID}
	if most != "" {
		n.Most = rub(most)
	}
	return b.app.StartDeal(b.Context(), b.merchant, n)
}

// begun is a deal that could begin.
func (b *bazaar) begun(text string) deal.Deal {
	b.Helper()
	d, found, err := b.begin(b.bill(text), "")
	if err != nil || !found {
		b.Fatalf("no deal: %v, %s", found, fault.Detail(err))
	}
	return d
}

// has compares the balances of coins that are not zero, by role.
func (b *bazaar) has(want map[string]string) {
	b.Helper()
	list, err := b.shop.store.Balances(b.Context(), b.merchant)
	if err != nil {
		b.Fatal(err)
	}
	got := map[string]string{}
	sums := map[string]money.Amount{}
	for _, p := range list {
		key := string(p.Account.Role)
		sum, ok := sums[key]
		if !ok {
			sum = money.Zero(p.Account.Unit)
		}
		if sums[key], err = sum.Add(p.Amount); err != nil {
			b.Fatal(err)
		}
	}
	for key, sum := range sums {
		if !sum.IsZero() {
			got[key] = sum.Text()
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		b.Errorf("balances (-want +got):\n%s", diff)
	}
}

func word(d deal.Deal) app.DealWord {
	return app.DealWord{Merchant: d.Merchant, Deal: d.ID, Operator: "Sam", Note: "seen on the account"}
}

func TestDealIsPaid(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	d := b.begun("2000")
	if d.Coins != coins("20.30456852") || d.Fee != coins("1.72588833") || d.Rate.Text() != "98.5" ||
		!d.Deadline.Equal(b.now().Add(30*time.Minute)) || d.Number != "+7(900)000-00-01" {
		t.Errorf("got %+v", d)
	}
	b.has(map[string]string{"gateway_clearing": "-1000", "trader": "979.69543148", "deals_held": "20.30456852"})
	d, err := b.app.ReportTransfer(t.Context(), b.merchant, d.ID, true)
	if err != nil || d.State != deal.TransferConfirmed {
		t.Fatalf("got %+v, %v", d, err)
	}
	b.wait(3 * time.Hour) // a deal of which the payer says that it is paid is not ended by time
	if n, err := b.app.CancelDueDeals(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("ended %d, %v", n, err)
	}
	if n, err := b.app.ExpireDue(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("expired %d, %v", n, err)
	}
	done, err := b.app.CompleteDeal(t.Context(), word(d))
	if err != nil || done.State != deal.Completed || done.Paid != rub("2000") {
		t.Fatalf("got %+v, %s", done, fault.Detail(err))
	}
	b.has(map[string]string{
		"gateway_clearing": "-1000", "trader": "979.69543148", "merchant_available": "18.57868019", "fees": "1.72588833",
	})
	b.invoiceIsIn(d.Invoice, invoice.Completed, rub("2000"))
	if _, err := b.app.CompleteDeal(t.Context(), word(d)); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("completed twice: %v", err)
	}
	if _, err := b.app.CancelDeal(t.Context(), word(d)); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("canceled after it was completed: %v", err)
	}
}

// Whoever says that the money is sent is on record: the payer, or the merchant for it.
func TestWhoReportsATransfer(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	for byPayer, want := range map[bool]string{true: "payer", false: "merchant"} {
		d := b.begun("1000")
		if _, err := b.app.ReportTransfer(t.Context(), b.merchant, d.ID, byPayer); err != nil {
			t.Fatal(err)
		}
		if got := b.actors(d.ID, "confirm_transfer"); !slices.Equal(got, []string{want}) {
			t.Errorf("said by %v, want %s", got, want)
		}
		if _, err := b.app.CompleteDeal(t.Context(), word(d)); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *bazaar) invoiceIsIn(id string, state invoice.State, captured money.Amount) {
	b.Helper()
	v, err := b.app.Invoice(b.Context(), b.merchant, id)
	if err != nil || v.Invoice.State != state || v.Invoice.Captured != captured {
		b.Errorf("invoice %s with %v, %v; want %s with %v", v.Invoice.State, v.Invoice.Captured, err, state, captured)
	}
}

func TestAnotherSumCame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ paid, coins, net, trader string }{
		{"950", "9.64467005", "8.82487309", "990.35532995"},
		{"1100", "11.16751269", "10.21827411", "988.83248731"},
	} {
		b := openBazaar(t, 1, "1000")
		d := b.begun("1000")
		w := word(d)
		w.Paid = rub(c.paid)
		done, err := b.app.CompleteDeal(t.Context(), w)
		if err != nil || done.Coins != coins(c.coins) {
			t.Fatalf("got %+v, %s", done, fault.Detail(err))
		}
		b.invoiceIsIn(d.Invoice, invoice.Completed, rub(c.paid))
		b.has(map[string]string{
			"gateway_clearing": "-1000", "trader": c.trader, "merchant_available": c.net, "fees": done.Fee.Text(),
		})
	}
	b := openBazaar(t, 1, "11")
	d := b.begun("1000")
	w := word(d)
	w.Paid = rub("2000")
	if _, err := b.app.CompleteDeal(t.Context(), w); !fault.Is(err, fault.CodeInsufficientFunds) {
		t.Errorf("more than the trader has: %v", err)
	}
}

func TestNobodyPaysInTime(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	i := b.bill("1500")
	d, found, err := b.begin(i, "")
	if err != nil || !found {
		t.Fatal(found, err)
	}
	if _, _, err := b.begin(i, ""); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("a second deal of one invoice: %v", err)
	}
	b.wait(30*time.Minute - time.Second)
	if n, err := b.app.CancelDueDeals(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("too early: %d, %v", n, err)
	}
	b.wait(time.Second)
	if n, err := b.app.CancelDueDeals(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("ended %d, %v", n, err)
	}
	d, err = b.app.Deal(t.Context(), b.merchant, d.ID)
	if err != nil || d.State != deal.Canceled || d.Note != "nobody paid in time" || !d.EndedAt.Equal(b.now()) {
		t.Fatalf("got %+v, %v", d, err)
	}
	b.has(map[string]string{"gateway_clearing": "-1000", "trader": "1000"})
	if again, found, err := b.begin(i, ""); err != nil || !found || again.Amount != rub("1500") {
		t.Errorf("after it: %+v, %v, %v", again, found, err)
	}
	b.wait(time.Hour)
	if n, err := b.app.CancelDueDeals(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("ended %d, %v", n, err)
	}
	if n, err := b.app.ExpireDue(t.Context(), 10); n != 1 || err != nil {
		t.Errorf("expired %d, %v", n, err)
	}
	if _, _, err := b.begin(i, ""); !fault.Is(err, fault.CodeInvoiceClosed) {
		t.Errorf("after its time: %v", err)
	}
}

func TestEqualSums(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	b.begun("1500")
	if d, found, err := b.begin(b.bill("1500"), ""); err != nil || found {
		t.Errorf("the same sum on the only requisite: %+v, %v", d, err)
	}
	i := b.bill("1500")
	d, found, err := b.begin(i, "1500.05")
	if err != nil || !found || d.Amount != rub("1500.01") {
		t.Fatalf("raised: %+v, %v, %v", d, found, err)
	}
	match, err := b.app.MatchDeal(t.Context(), app.Transfer{
		Merchant: b.merchant, Requisite: d.Requisite, Amount: rub("1500.01"),
	})
	if err != nil || match.ID != d.ID {
		t.Errorf("matched %+v, %v", match, err)
	}
	if _, err := b.app.MatchDeal(t.Context(), app.Transfer{
		Merchant: b.merchant, Requisite: d.Requisite, Amount: rub("1500.02"),
	}); !fault.Is(err, fault.CodeDealNotFound) {
		t.Errorf("matched by nobody's sum: %v", err)
	}
	if _, err := b.app.CompleteDeal(t.Context(), word(d)); err != nil {
		t.Fatal(err)
	}
	b.invoiceIsIn(i.ID, invoice.Completed, rub("1500.01"))
}

func TestTradersWithoutCoins(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 3, "1")
	rich := b.trader("rich", "500")
	d := b.begun("2000")
	if d.Trader != rich.ID {
		t.Errorf("it is with %s, want who has the coins", d.Trader)
	}
	if _, found, err := b.begin(b.bill("90000"), ""); found || err != nil {
		t.Errorf("more than anybody has: %v, %v", found, err)
	}
	if _, err := b.app.SwitchTrader(t.Context(), b.merchant, rich.ID, true, "Sam"); err != nil {
		t.Fatal(err)
	}
	if _, found, err := b.begin(b.bill("2001"), ""); found || err != nil {
		t.Errorf("with a trader who is switched off: %v, %v", found, err)
	}
}

func TestTraderTakesCoinsOut(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 0, "")
	tom := b.trader("tom", "50")
	d := b.begun("2000")
	out := app.TraderCoins{
		Merchant: b.merchant, Trader: tom.ID, Amount: coins("30"), Out: true, Gateway: "till", Receipt: "out-1",
		Operator: "Sam",
	}
	if err := b.app.MoveTraderCoins(t.Context(), out); !fault.Is(err, fault.CodeInsufficientFunds) {
		t.Errorf("more than is free: %v", err)
	}
	out.Amount = coins("29")
	if err := b.app.MoveTraderCoins(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if err := b.app.MoveTraderCoins(t.Context(), out); !fault.Is(err, fault.CodeDuplicate) {
		t.Errorf("the same receipt: %v", err)
	}
	if _, err := b.app.CancelDeal(t.Context(), word(d)); err != nil {
		t.Fatal(err)
	}
	b.has(map[string]string{"gateway_clearing": "-21", "trader": "21"})
	p, err := b.shop.store.Payment(t.Context(), b.merchant, d.Payment)
	if err != nil || p.State != payment.Canceled {
		t.Errorf("its payment is %s, %v", p.State, err)
	}
}

// TestManyDealsAtOnce: whoever asks, no requisite has two live deals of one sum.
func TestManyDealsAtOnce(t *testing.T) {
	t.Parallel()
	many, on := 10_000, 50
	if racing || testing.Short() {
		many = 1_000
	}
	b := openBazaar(t, on, "100000")
	invoices := make([]invoice.Invoice, many)
	var made atomic.Int64
	together(64, func(worker int) {
		for n := worker; n < many; n += 64 {
			invoices[n] = b.bill(fmt.Sprint(1000 + n%40))
			made.Add(1)
		}
	})
	var mu sync.Mutex
	live := map[string]int{}
	together(64, func(worker int) {
		for n := worker; n < many; n += 64 {
			d, found, err := b.begin(invoices[n], "")
			if err != nil {
				t.Error(fault.Detail(err))
				return
			}
			if found {
				mu.Lock()
				live[d.Requisite+" "+d.Amount.String()]++
				mu.Unlock()
			}
		}
	})
	if want := min(many, on*40); len(live) != want {
		t.Errorf("%d deals are live, there is room for %d", len(live), want)
	}
	for key, n := range live {
		if n != 1 {
			t.Errorf("%s: %d live deals", key, n)
		}
	}
}

func TestWordsAboutDeals(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	d := b.begun("1000")
	w := word(d)
	w.Operator = " "
	if _, err := b.app.CompleteDeal(t.Context(), w); !fault.Is(err, fault.CodeParameterMissing) {
		t.Errorf("nobody's word: %v", err)
	}
	w = word(d)
	w.Paid = coins("1")
	if _, err := b.app.CompleteDeal(t.Context(), w); err == nil {
		t.Error("paid in another unit")
	}
	w = word(d)
	w.Merchant = "another"
	if _, err := b.app.CompleteDeal(t.Context(), w); !fault.Is(err, fault.CodeDealNotFound) {
		t.Errorf("another merchant's word: %v", err)
	}
	for name, terms := range map[string]app.RequisiteTerms{
		"not_found":         {Merchant: b.merchant, Trader: "nobody", Operator: "Sam"},
		"parameter_missing": {Merchant: b.merchant, Trader: d.Trader, Operator: "Sam", Least: rub("1"), Most: rub("2")},
	} {
		if _, err := b.app.PutRequisite(t.Context(), terms); !fault.Is(err, fault.Code(name)) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

// TestRequisiteTerms: what is not said stays, and zero takes the limit of a day away.
func TestRequisiteTerms(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 0, "")
	tom := b.trader("tom", "50")
	list, err := b.app.Requisites(t.Context(), b.merchant, app.RequisiteFilter{Trader: tom.ID}, app.Page{Limit: 2})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	put := func(n app.RequisiteTerms) deal.Requisite {
		n.Merchant, n.ID, n.Operator = b.merchant, list[0].ID, "Sam"
		q, err := b.app.PutRequisite(t.Context(), n)
		if err != nil {
			t.Fatal(fault.Detail(err))
		}
		return q
	}
	if q := put(app.RequisiteTerms{DaySum: rub("1000"), Most: rub("900")}); q.DaySum != rub("1000") ||
		q.Most != rub("900") || q.Least != list[0].Least || q.Number != list[0].Number {
		t.Errorf("got %+v after %+v", q, list[0])
	}
	if q := put(app.RequisiteTerms{DaySum: rub("0")}); q.DaySum.Valid() || !q.Takes(rub("900"), b.now()) {
		t.Errorf("got %+v, want no limit of a day", q)
	}
	v, err := b.app.Trader(t.Context(), b.merchant, tom.ID)
	if err != nil || v.Coins != coins("50") || v.Trader.Name != "tom" {
		t.Errorf("got %+v, %v", v, err)
	}
	if _, err := b.app.Trader(t.Context(), "another", tom.ID); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("another merchant's: %v", err)
	}
}

func (b *bazaar) dispute(d deal.Deal, amount string) deal.Deal {
	b.Helper()
	n := app.NewDispute{Merchant: b.merchant, Deal: d.ID, Reason: "no_payment"}
	if amount != "" {
		n.Amount = rub(amount)
	}
	d, err := b.app.DisputeDeal(b.Context(), n)
	if err != nil || d.State != deal.Disputed {
		b.Fatalf("got %+v, %v", d, err)
	}
	return d
}

func TestDisputeOfALiveDeal(t *testing.T) {
	t.Parallel()
	for _, won := range []bool{true, false} {
		b := openBazaar(t, 1, "1000")
		d := b.dispute(b.begun("1000"), "950")
		b.has(map[string]string{"gateway_clearing": "-1000", "trader": "989.84771574", "deals_held": "10.15228426"})
		if _, err := b.app.CompleteDeal(t.Context(), word(d)); !fault.Is(err, fault.CodeWrongState) {
			t.Errorf("completed although it is disputed: %v", err)
		}
		if _, err := b.app.CancelDeal(t.Context(), word(d)); !fault.Is(err, fault.CodeWrongState) {
			t.Errorf("canceled although it is disputed: %v", err)
		}
		if _, found, err := b.begin(b.bill("1000"), ""); found || err != nil {
			t.Errorf("another deal of the same sum: %v, %v", found, err)
		}
		d, err := b.app.ResolveDispute(t.Context(), word(d), won)
		if err != nil {
			t.Fatal(fault.Detail(err))
		}
		if !won {
			b.invoiceIsIn(d.Invoice, invoice.Canceled, rub("0"))
			b.has(map[string]string{"gateway_clearing": "-1000", "trader": "1000"})
			continue
		}
		b.invoiceIsIn(d.Invoice, invoice.Completed, rub("950"))
		b.has(map[string]string{
			"gateway_clearing": "-1000", "trader": "990.35532995", "merchant_available": "8.82487309", "fees": "0.81979696",
		})
	}
}

// TestDisputeAfterTheEnd: the payer did send it, but nobody saw it in time.
func TestDisputeAfterTheEnd(t *testing.T) {
	t.Parallel()
	for _, won := range []bool{true, false} {
		b := openBazaar(t, 1, "1000")
		d := b.begun("1000")
		b.wait(2 * time.Hour)
		if n, err := b.app.CancelDueDeals(t.Context(), 10); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := b.app.ExpireDue(t.Context(), 10); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		d = b.dispute(d, "")
		if d = b.dispute(d, ""); !d.EndedAt.IsZero() || d.Note != "" {
			t.Errorf("got %+v, want one that has not ended", d)
		}
		b.has(map[string]string{"gateway_clearing": "-1000", "trader": "1000"})
		if _, err := b.app.ResolveDispute(t.Context(), word(d), won); err != nil {
			t.Fatal(fault.Detail(err))
		}
		if !won {
			b.invoiceIsIn(d.Invoice, invoice.Canceled, rub("0"))
			b.has(map[string]string{"gateway_clearing": "-1000", "trader": "1000"})
			continue
		}
		b.invoiceIsIn(d.Invoice, invoice.Completed, rub("1000"))
		b.has(map[string]string{
			"gateway_clearing": "-1000", "trader": "989.84771574", "merchant_available": "9.28934009", "fees": "0.86294417",
		})
		if _, err := b.app.DisputeDeal(t.Context(), app.NewDispute{Merchant: b.merchant, Deal: d.ID}); !fault.Is(err,
			fault.CodeWrongState) {
			t.Errorf("disputed after it was paid: %v", err)
		}
	}
}

// What a merchant verifies may be given back until then, and coins could not.
func TestNoDealOfWhatIsVerified(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	i, err := b.app.CreateInvoice(t.Context(), b.merchant, app.NewInvoice{
		ID: b.newID(), Amount: rub("500"), Terminal: b.store, VerifyIn: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, found, err := b.begin(i, ""); found || !fault.Is(err, fault.CodeUnsupported) {
		t.Errorf("got %v, %v", found, err)
	}
}
