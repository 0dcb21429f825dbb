package server

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// bazaar is a shop whose payers send roubles to one trader.
type bazaar struct {
	told

	trader    string
	requisite string
}

func openBazaar(t *testing.T) bazaar {
	t.Helper()
	b := bazaar{told: teaHouse(t)}
	b.operate(t, new(any), func(c Commands) error {
		return c.SetRate(t.Context(), NewRate{
			Merchant: b.merchant, Market: "USDTRUB", Buy: "98.50", Sell: "98.50", Source: "test",
		})
	})
	name, fee := "Store", "8.5"
	b.operate(t, new(any), func(c Commands) error {
		return c.AddTerminal(t.Context(), b.merchant, TerminalTerms{Name: &name, DealFee: &fee})
	})
	b.trader = b.told.trader(t, "Tom", "100").ID
	var made requisiteView
	b.operate(t, &made, func(c Commands) error { return c.AddRequisite(t.Context(), b.newRequisite(b.trader)) })
	b.requisite = made.ID
	return b
}

// with does something that no command does.
func (b bazaar) with(t *testing.T, do func(*app.App) error) {
	t.Helper()
	k, err := openCore(t.Context(), mustFill(t, b.config), forWriting, commandLog(os.Stderr))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := k.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := do(k.app); err != nil {
		t.Fatal(err)
	}
}

// deal begins one.
func (b bazaar) deal(t *testing.T, id, amount string) {
	t.Helper()
	b.with(t, func(a *app.App) error {
		i, err := a.CreateInvoice(t.Context(), b.merchant, app.NewInvoice{
			ID: "i-" + id, Amount: must(money.Parse(amount, money.RUB)), Terminal: 1001, Due: now().Add(time.Hour),
		})
		if err != nil {
			return err
		}
		_, found, err := a.StartDeal(t.Context(), b.merchant, app.NewDeal{ID: id, Payment: "p-" + id, Invoice: i.ID})
		if !found {
			t.Errorf("no deal of %s", amount)
		}
		return err
	})
}

func (b bazaar) dispute(t *testing.T, id, amount string) {
	t.Helper()
	b.with(t, func(a *app.App) error {
		n := app.NewDispute{Merchant: b.merchant, Deal: id, Reason: "no_payment"}
		if amount != "" {
			n.Amount = must(money.Parse(amount, money.RUB))
		}
		_, err := a.DisputeDeal(t.Context(), n)
		return err
	})
}

// wantCoins compares what the trader has left and what the merchant got.
func (b bazaar) wantCoins(t *testing.T, trader, merchant string) {
	t.Helper()
	var list []traderView
	b.operate(t, &list, func(c Commands) error { return c.Traders(t.Context(), b.merchant, 1) })
	var m merchantView
	b.operate(t, &m, func(c Commands) error { return c.ShowMerchant(t.Context(), b.merchant) })
	got := ""
	for _, v := range m.Balances {
		if v.Unit == "USDT" {
			got = v.Amount
		}
	}
	if list[0].Coins != trader+" USDT" || got != merchant {
		t.Errorf("the trader has %s and the merchant %q, want %s and %q", list[0].Coins, got, trader, merchant)
	}
	d := newDesk(b.config)
	if err := d.Audit(t.Context(), AuditWish{}); err != nil {
		t.Errorf("audit: %v: %s", err, d.out.String())
	}
}

// A deal whose code is made for it alone is given that code.
func TestGiveCode(t *testing.T) {
	t.Parallel()
	b := openBazaar(t)
	b.deal(t, "phone", "1000")
	code := func(id, link string) func(Commands) error {
		return sayDeal(t, id, "", func(c Commands, w DealWord) error { return c.GiveCode(t.Context(), w, link) })
	}
	const link = "https://qr.nspk.ru/AS10001"
	b.refused(t, "there is no deal nothing", code("nothing", link))
	b.refused(t, "deal phone waits for no code", code("phone", link))
	b.with(t, func(a *app.App) error {
		all, err := a.Requisites(t.Context(), b.merchant, app.RequisiteFilter{}, app.Page{Limit: 1})
		if err != nil {
			return err
		}
		_, err = a.PutRequisite(t.Context(), app.RequisiteTerms{
			Merchant: b.merchant, ID: all[0].ID, Option: "MANUAL_SBP_QR", Method: "unknown", Number: "later", Operator: "Sam",
		})
		return err
	})
	b.deal(t, "code", "2000")
	b.refused(t, "link must be an address", code("code", "qr.nspk.ru/AS10001"))
	var got dealView
	b.operate(t, &got, code("code", link))
	if got.State != "transfer_waiting" || got.Number != "...0001" {
		t.Errorf("got %+v", got)
	}
	b.refused(t, "deal code waits for no code", code("code", link+"2"))
}

// say is an operator's word.
func sayDeal(t *testing.T, id, paid string, do func(Commands, DealWord) error) func(Commands) error {
	t.Helper()
	return func(c Commands) error {
		return do(c, DealWord{Deal: id, Paid: paid, Operator: "Sam", Note: "seen"})
	}
}

func TestDeals(t *testing.T) {
	t.Parallel()
	b := openBazaar(t)
	confirm := func(c Commands, w DealWord) error { return c.ConfirmDeal(t.Context(), w) }
	cancel := func(c Commands, w DealWord) error { return c.CancelDeal(t.Context(), w) }
	b.deal(t, "one", "1000")
	b.deal(t, "two", "2000")
	b.refused(t, "there is no deal nothing: purser deal list shows them", sayDeal(t, "nothing", "", confirm))
	b.refused(t, "paid must be a decimal number with at most 2 places", sayDeal(t, "one", "1.001", confirm))
	b.refused(t, "paid must be above zero: where nothing came, cancel the deal", sayDeal(t, "one", "0", confirm))
	b.refused(t, "the coins of its trader do not pay for that: purser trader deposit "+b.trader,
		sayDeal(t, "one", "90000", confirm))
	b.refused(t, "operator: ", func(c Commands) error { return c.CancelDeal(t.Context(), DealWord{Deal: "one"}) })
	var got dealView
	b.operate(t, &got, sayDeal(t, "one", "950", confirm))
	if got.State != "completed" || got.Paid != "950 RUB" || got.Amount != "1000 RUB" || got.Coins != "9.64467005 USDT" ||
		got.Fee != "0.81979696 USDT" || got.Held != "0 USDT" || got.Number != "...9-77" || got.Percent != "8.5" {
		t.Errorf("got %+v, want it completed in what was paid", got)
	}
	b.refused(t, "deal one is completed: nothing is left to do", sayDeal(t, "one", "", cancel))
	got = dealView{}
	b.operate(t, &got, sayDeal(t, "two", "", cancel))
	if got.State != "canceled" || got.Paid != "" || !strings.Contains(got.Note, "Sam") {
		t.Errorf("got %+v, want it canceled by Sam", got)
	}
	b.refused(t, "deal two is canceled: nothing is left to do, unless", sayDeal(t, "two", "", confirm))
	b.wantCoins(t, "90.35532995", "8.82487309")
	b.listsDeals(t)
	d := newDesk(b.config)
	if err := d.ShowDeal(t.Context(), "one", false); err != nil || strings.Contains(d.out.String(), "777-99") {
		t.Errorf("got %v and %s, want no whole number", err, d.out.String())
	}
	for _, want := range []string{
		"Send to:   ...9-77, A. Trader\n", "Invoice:   i-one\n", "Rate:      98.5\n", "transfer_waiting", "operator",
		"Sam: seen",
	} {
		if !strings.Contains(d.out.String(), want) {
			t.Errorf("got %s, want %q in it", d.out.String(), want)
		}
	}
	b.operate(t, &got, func(c Commands) error { return c.ShowDeal(t.Context(), "one", true) })
	if got.Number != "+7(996)777-99-77" || len(got.History) != 2 || got.History[1].State != "completed" {
		t.Errorf("got %+v, want the whole of it with its history", got)
	}
}

// What a completed deal brought can be put right, as long as coins pay for it.
func TestCorrectDeal(t *testing.T) {
	t.Parallel()
	b := openBazaar(t)
	confirm := func(c Commands, w DealWord) error { return c.ConfirmDeal(t.Context(), w) }
	correct := func(c Commands, w DealWord) error { return c.CorrectDeal(t.Context(), w) }
	b.deal(t, "one", "1000")
	b.refused(t, "there is no deal nothing: purser deal list shows them", sayDeal(t, "nothing", "900", correct))
	b.refused(t, "deal one is transfer_waiting: purser deal confirm one says", sayDeal(t, "one", "900", correct))
	var got dealView
	b.operate(t, &got, sayDeal(t, "one", "", confirm))
	b.refused(t, "deal one is completed: nothing is left to do, unless another sum came: purser deal correct one --paid",
		sayDeal(t, "one", "", confirm))
	b.refused(t, "paid: ", sayDeal(t, "one", "", correct))
	b.refused(t, "paid must be above zero", sayDeal(t, "one", "0", correct))
	b.refused(t, "paid: The deal is paid in this sum already.", sayDeal(t, "one", "1000.00", correct))
	b.refused(t, "the coins of its trader do not pay for that: purser trader deposit "+b.trader,
		sayDeal(t, "one", "90000", correct))
	b.operate(t, &got, sayDeal(t, "one", "2000", correct))
	if got.State != "completed" || got.Paid != "2000 RUB" || got.Amount != "1000 RUB" || got.Coins != "20.30456852 USDT" ||
		got.Fee != "1.72588833 USDT" || got.Note != "Sam: 2000 RUB and not 1000 RUB: seen" {
		t.Errorf("got %+v, want it paid in the new sum", got)
	}
	b.wantCoins(t, "79.69543148", "18.57868019")
	b.operate(t, &got, sayDeal(t, "one", "950", correct))
	b.wantCoins(t, "90.35532995", "8.82487309")
	b.with(t, func(a *app.App) error {
		_, err := a.Exchange(t.Context(), app.NewExchange{
			ID: "x1", Merchant: b.merchant, Account: wallet.House, Spent: must(money.Parse("8.8", deal.Coin)), To: money.RUB,
		})
		return err
	})
	b.refused(t, "the coins of the merchant do not pay for that", sayDeal(t, "one", "100", correct))
	b.with(t, func(a *app.App) error {
		_, err := a.ExtendInvoice(t.Context(), b.merchant, app.Extension{
			Invoice: "i-one", Amount: must(money.Parse("10", money.RUB)), Token: "token",
		})
		return err
	})
	b.refused(t, "deal one cannot be corrected: some of its money went back, or more is asked for",
		sayDeal(t, "one", "1000", correct))
	d := newDesk(b.config)
	if err := d.ShowDeal(t.Context(), "one", false); err != nil ||
		!strings.Contains(d.out.String(), "Sam: 950 RUB and not 2000 RUB: seen\n") {
		t.Errorf("got %v and %s, want who said what", err, d.out.String())
	}
}

// listsDeals says that lists hold the right deals.
func (b bazaar) listsDeals(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		which WhichDeals
		want  []string
	}{
		{WhichDeals{Limit: 10}, []string{"two", "one"}},
		{WhichDeals{Limit: 1, Merchant: b.merchant}, []string{"two"}},
		{WhichDeals{Limit: 10, Trader: b.trader, State: "completed"}, []string{"one"}},
		{WhichDeals{Limit: 10, State: "dispute"}, nil},
		{WhichDeals{Limit: 10, Trader: "nobody"}, nil},
	} {
		var list []dealView
		b.operate(t, &list, func(cs Commands) error { return cs.Deals(t.Context(), c.which) })
		var ids []string
		for _, v := range list {
			ids = append(ids, v.ID)
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("%+v: got %v, want %v", c.which, ids, c.want)
		}
	}
	b.refused(t, "there is no such merchant", func(c Commands) error {
		return c.Deals(t.Context(), WhichDeals{Merchant: "nobody", Limit: 1})
	})
}

func TestMatchDeal(t *testing.T) {
	t.Parallel()
	b := openBazaar(t)
	b.deal(t, "one", "1500.01")
	match := func(change func(*Arrival)) func(Commands) error {
		n := Arrival{Requisite: b.requisite, Amount: "1500.01", Operator: "Sam"}
		change(&n)
		return func(c Commands) error { return c.MatchDeal(t.Context(), n) }
	}
	b.refused(t, "there is no requisite nothing", match(func(n *Arrival) { n.Requisite = "nothing" }))
	b.refused(t, "amount must be a decimal number", match(func(n *Arrival) { n.Amount = "some" }))
	b.refused(t, "no deal on this requisite waits for 1500 RUB: purser deal list --trader "+b.trader,
		match(func(n *Arrival) { n.Amount = "1500" }))
	var got dealView
	b.operate(t, &got, match(func(*Arrival) {}))
	if got.ID != "one" || got.State != "transfer_waiting" || got.Held != got.Coins {
		t.Errorf("got %+v, want the deal and no decision", got)
	}
	b.refused(t, "receipt is missing", match(func(n *Arrival) { n.Confirm = true }))
	confirmed := match(func(n *Arrival) { n.Confirm, n.Receipt = true, "A7K2" })
	b.operate(t, &got, confirmed)
	if got.ID != "one" || got.State != "completed" || got.Paid != "1500.01 RUB" {
		t.Errorf("got %+v, want the deal completed", got)
	}
	b.refused(t, "no deal on this requisite waits for 1500.01 RUB", confirmed)
	b.deal(t, "two", "1500.01")
	b.refused(t, "receipt A7K2 was booked for another deal already", confirmed)
	b.operate(t, &got, match(func(n *Arrival) { n.Confirm, n.Receipt = true, "A7K3" }))
	if got.ID != "two" || got.State != "completed" {
		t.Errorf("got %+v, want the second deal completed by what came for it", got)
	}
}

func TestDisputes(t *testing.T) {
	t.Parallel()
	b := openBazaar(t)
	b.deal(t, "one", "1000")
	b.deal(t, "two", "2000")
	b.dispute(t, "one", "950")
	b.dispute(t, "two", "")
	var list []dealView
	b.operate(t, &list, func(c Commands) error { return c.Disputes(t.Context(), b.merchant, 10) })
	if len(list) != 2 || list[1].ID != "one" || list[1].Dispute == nil || list[1].Dispute.Reason != "no_payment" ||
		list[1].Dispute.Amount != "950 RUB" || list[0].Dispute.Amount != "" {
		t.Errorf("got %+v, want both disputes", list)
	}
	d := newDesk(b.config)
	if err := d.Disputes(t.Context(), "", 10); err != nil || !strings.Contains(d.out.String(), "1000 RUB  950 RUB") {
		t.Errorf("got %v and %s, want what they say was sent", err, d.out.String())
	}
	d = newDesk(b.config)
	if err := d.ShowDeal(t.Context(), "one", false); err != nil ||
		!strings.Contains(d.out.String(), "Dispute:   no_payment, sent as they say: 950 RUB\n") {
		t.Errorf("got %v and %s, want what is said against it", err, d.out.String())
	}
	won := func(c Commands, w DealWord) error { return c.ResolveDispute(t.Context(), w, true) }
	lost := func(c Commands, w DealWord) error { return c.ResolveDispute(t.Context(), w, false) }
	confirm := func(c Commands, w DealWord) error { return c.ConfirmDeal(t.Context(), w) }
	b.refused(t, "deal one is dispute: purser dispute resolve one decides", sayDeal(t, "one", "", confirm))
	b.refused(t, "deal one is dispute: purser dispute resolve one decides", func(c Commands) error {
		return c.MatchDeal(t.Context(), Arrival{
			Requisite: b.requisite, Amount: "1000", Confirm: true, Receipt: "A1", Operator: "Sam",
		})
	})
	var got dealView
	b.operate(t, &got, sayDeal(t, "one", "", won))
	if got.State != "completed" || got.Paid != "950 RUB" {
		t.Errorf("got %+v, want it paid as the dispute says", got)
	}
	b.operate(t, &got, sayDeal(t, "two", "", lost))
	if got.State != "canceled" {
		t.Errorf("got %+v, want it canceled", got)
	}
	b.refused(t, "deal two is canceled: ", sayDeal(t, "two", "", won))
	b.dispute(t, "two", "")
	b.operate(t, &got, sayDeal(t, "two", "100", won))
	if got.State != "completed" || got.Paid != "100 RUB" {
		t.Errorf("got %+v, want it paid as the operator says", got)
	}
	b.wantCoins(t, "89.34010153", "9.75380709")
	b.operate(t, &list, func(c Commands) error { return c.Disputes(t.Context(), "", 10) })
	if len(list) != 0 {
		t.Errorf("got %+v, want none left", list)
	}
}
