package server

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// trader adds one with coins.
func (x told) trader(t *testing.T, name, coins string) traderView {
	t.Helper()
	var made traderView
	x.operate(t, &made, func(c Commands) error { return c.AddTrader(t.Context(), x.merchant, name, "Sam") })
	if coins != "" {
		x.operate(t, &made, func(c Commands) error {
			return c.MoveTraderCoins(t.Context(), TraderCoins{
				Trader: made.ID, Amount: coins, Gateway: "manual-USDT", Receipt: "in-" + name, Operator: "Sam",
			})
		})
	}
	return made
}

// newRequisite is one of a trader.
func (x told) newRequisite(traderID string) RequisiteTerms {
	text := func(s string) *string { return &s }
	return RequisiteTerms{
		Merchant: x.merchant, Trader: traderID, Unit: "rub", Option: text("SBP"), Method: text("sberbank"),
		Number: text("+7(996)777-99-77"), Holder: text("A. Trader"), Least: text("100"), Most: text("50000"),
		Operator: "Sam",
	}
}

func TestTraders(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	x.refused(t, "there is no such merchant", func(c Commands) error {
		return c.AddTrader(t.Context(), "nobody", "Tom", "Sam")
	})
	x.refused(t, "name: ", func(c Commands) error { return c.AddTrader(t.Context(), x.merchant, " ", "Sam") })
	tom := x.trader(t, "Tom", "1000")
	want := traderView{
		ID: tom.ID, Merchant: x.merchant, Name: "Tom", State: "active", Coins: "1000 USDT", CreatedAt: tom.CreatedAt,
	}
	if tom != want {
		t.Errorf("got %+v, want %+v", tom, want)
	}
	coins := TraderCoins{Trader: tom.ID, Amount: "250.5", Gateway: "manual-USDT", Receipt: "out-1", Operator: "Sam"}
	for _, c := range []struct {
		words  string
		change func(*TraderCoins)
	}{
		{"there is no trader nobody: purser trader list", func(n *TraderCoins) { n.Trader = "nobody" }},
		{"amount must be above zero", func(n *TraderCoins) { n.Amount = "0" }},
		{"amount must be a decimal number with at most 8 places", func(n *TraderCoins) { n.Amount = "-5" }},
		{`no gateway "manual" of this merchant takes 250.5 USDT`, func(n *TraderCoins) { n.Gateway = "manual" }},
		{`no gateway "manual-USD" of this`, func(n *TraderCoins) { n.Gateway = "manual-USD" }},
		{"receipt: ", func(n *TraderCoins) { n.Receipt = " " }},
		{"receipt in-Tom was booked before", func(n *TraderCoins) { n.Receipt = "in-Tom" }},
		{"operator: ", func(n *TraderCoins) { n.Operator = "" }},
		{"the trader has less than 1000.00000001 USDT that no deal needs", func(n *TraderCoins) {
			n.Amount, n.Out = "1000.00000001", true
		}},
	} {
		n := coins
		c.change(&n)
		x.refused(t, c.words, func(cs Commands) error { return cs.MoveTraderCoins(t.Context(), n) })
	}
	coins.Out = true
	x.operate(t, &tom, func(c Commands) error { return c.MoveTraderCoins(t.Context(), coins) })
	want.Coins = "749.5 USDT"
	if tom != want {
		t.Errorf("got %+v, want %+v", tom, want)
	}
	for range 2 { // what is so already stays so
		x.operate(t, &tom, func(c Commands) error { return c.SwitchTrader(t.Context(), tom.ID, true, "Sam") })
		if tom.State != "disabled" {
			t.Errorf("got %+v, want a trader without new deals", tom)
		}
	}
	x.operate(t, &tom, func(c Commands) error { return c.SwitchTrader(t.Context(), tom.ID, false, "Sam") })
	x.refused(t, "there is no trader nobody", func(c Commands) error {
		return c.SwitchTrader(t.Context(), "nobody", true, "Sam")
	})
	ann := x.trader(t, "Ann", "")
	var list []traderView
	x.operate(t, &list, func(c Commands) error { return c.Traders(t.Context(), x.merchant, 10) })
	if diff := cmp.Diff([]traderView{ann, want}, list); diff != "" || ann.Coins != "0 USDT" {
		t.Errorf("traders (-want +got):\n%s%+v", diff, ann)
	}
	x.refused(t, "there is no such merchant", func(c Commands) error { return c.Traders(t.Context(), "nobody", 1) })
}

func TestRequisites(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	tom, ann := x.trader(t, "Tom", ""), x.trader(t, "Ann", "")
	text := func(s string) *string { return &s }
	add := func(change func(*RequisiteTerms)) func(Commands) error {
		n := x.newRequisite(tom.ID)
		change(&n)
		return func(c Commands) error { return c.AddRequisite(t.Context(), n) }
	}
	below := -1
	for words, change := range map[string]func(*RequisiteTerms){
		"unit must be a currency unit":                       func(n *RequisiteTerms) { n.Unit = "XXX" },
		"there is no such merchant":                          func(n *RequisiteTerms) { n.Merchant = "nobody" },
		"this merchant has no trader nobody":                 func(n *RequisiteTerms) { n.Trader = "nobody" },
		"requisites: ":                                       func(n *RequisiteTerms) { n.Number = text("") },
		"least must be above zero and not above most":        func(n *RequisiteTerms) { n.Least = text("50001") },
		"most must be a decimal number with at most 2 place": func(n *RequisiteTerms) { n.Most = text("1.001") },
		"day-sum must be a decimal number":                   func(n *RequisiteTerms) { n.DaySum = text("all") },
		"day-count must not be below zero":                   func(n *RequisiteTerms) { n.DayCount = &below },
		"from must be a time of day in UTC":                  func(n *RequisiteTerms) { n.From = text("8 am") },
		"until must be a time of day in UTC":                 func(n *RequisiteTerms) { n.Until = text("24:01") },
	} {
		x.refused(t, words, add(change))
	}
	var got, other requisiteView
	twenty := 20
	x.operate(t, &got, add(func(n *RequisiteTerms) {
		n.DaySum, n.DayCount, n.From, n.Until = text("200000"), &twenty, text("08:00"), text("24:00")
	}))
	want := requisiteView{
		ID: got.ID, Merchant: x.merchant, Trader: tom.ID, Option: "SBP", Method: "sberbank", Number: "...9-77",
		Holder: "A. Trader", Unit: "RUB", Least: "100", Most: "50000", DaySum: "200000", DayCount: 20, From: "08:00",
		Until: "24:00", State: "active",
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	x.operate(t, &other, add(func(n *RequisiteTerms) { n.Trader, n.Number = ann.ID, text("1234") }))
	if other.Number != "..." || other.From != "" {
		t.Errorf("got %+v, want nothing of a number that is all end", other)
	}
	set := func(n RequisiteTerms) func(Commands) error {
		n.ID, n.Operator = want.ID, "Sam"
		return func(c Commands) error { return c.SetRequisite(t.Context(), n) }
	}
	none, off := 0, true
	got = requisiteView{}
	x.operate(t, &got, set(RequisiteTerms{Most: text("900.50"), DaySum: text("0"), DayCount: &none, Disabled: &off}))
	want.Most, want.DaySum, want.DayCount, want.State = "900.5", "", 0, "disabled"
	if got != want {
		t.Errorf("changed: got %+v, want %+v", got, want)
	}
	got = requisiteView{}
	x.operate(t, &got, set(RequisiteTerms{From: text("24:00")}))
	want.From, want.Until = "", ""
	if got != want {
		t.Errorf("at any time: got %+v, want %+v", got, want)
	}
	x.refused(t, "least must be above zero and not above most", set(RequisiteTerms{Least: text("901")}))
	x.refused(t, "there is no requisite nothing: purser requisite list", func(c Commands) error {
		return c.SetRequisite(t.Context(), RequisiteTerms{ID: "nothing", Operator: "Sam"})
	})
	x.listsRequisites(t, want, other)
}

// listsRequisites says that lists hold the right requisites, and no whole number
// that nobody asked for.
func (x told) listsRequisites(t *testing.T, first, second requisiteView) {
	t.Helper()
	whole := first
	whole.Number = "+7(996)777-99-77"
	for _, c := range []struct {
		which WhichRequisites
		want  []requisiteView
	}{
		{WhichRequisites{Merchant: x.merchant, Limit: 10}, []requisiteView{second, first}},
		{WhichRequisites{Merchant: x.merchant, Limit: 1}, []requisiteView{second}},
		{WhichRequisites{Trader: first.Trader, Limit: 10}, []requisiteView{first}},
		{WhichRequisites{Trader: first.Trader, Limit: 10, Whole: true}, []requisiteView{whole}},
	} {
		var list []requisiteView
		x.operate(t, &list, func(cs Commands) error { return cs.Requisites(t.Context(), c.which) })
		if diff := cmp.Diff(c.want, list); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.which, diff)
		}
	}
	x.refused(t, "is another merchant's", func(c Commands) error {
		return c.Requisites(t.Context(), WhichRequisites{Merchant: "nobody", Trader: first.Trader, Limit: 1})
	})
	d := newDesk(x.config)
	if err := d.Requisites(t.Context(), WhichRequisites{Merchant: x.merchant, Limit: 10}); err != nil ||
		strings.Contains(d.out.String(), "777-99") || !strings.Contains(d.out.String(), "100-900.5 RUB") {
		t.Errorf("got %v and %s, want no whole number", err, d.out.String())
	}
}

func TestTerminalsOfDeals(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	text := func(s string) *string { return &s }
	quarter := 15 * time.Minute
	var got terminalView
	x.operate(t, &got, func(c Commands) error {
		return c.AddTerminal(t.Context(), x.merchant, TerminalTerms{
			Name: text("Store"), DealFee: text("8.50"), DealTime: &quarter,
		})
	})
	if got.DealFee != "8.5" || got.DealTime != "15m" {
		t.Errorf("got %+v, want 8.5 per cent and a quarter of an hour", got)
	}
	set := func(terms TerminalTerms) func(Commands) error {
		return func(c Commands) error { return c.SetTerminal(t.Context(), x.merchant, 1001, terms) }
	}
	x.operate(t, &got, set(TerminalTerms{Name: text("Till")}))
	if got.DealFee != "8.5" || got.DealTime != "15m" || got.Name != "Till" {
		t.Errorf("got %+v, want what was not said to stay", got)
	}
	for words, terms := range map[string]TerminalTerms{
		`deal-fee must be a decimal number from 0 to below 100, such as 8.5, not "100"`: {DealFee: text("100")},
		"deal-fee must be ":            {DealFee: text("8%")},
		"deal_in: A time is a minute ": {DealTime: new(time.Second)},
	} {
		x.refused(t, words, set(terms))
	}
	d := newDesk(x.config)
	if err := d.Terminals(t.Context(), x.merchant); err != nil || !strings.Contains(d.out.String(), "  8.5%      15m ") {
		t.Errorf("got %v and %s, want its fee and its time", err, d.out.String())
	}
	usual := time.Duration(0)
	var plain terminalView
	x.operate(t, &plain, set(TerminalTerms{DealFee: text("0"), DealTime: &usual}))
	if plain.DealFee != "" || plain.DealTime != "" {
		t.Errorf("got %+v, want no fee and the usual time", plain)
	}
}
