package ledger_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
)

// names are those of an entry in which everybody takes part who can.
var names = ledger.Names{Gateway: "acme", Owner: "10001", To: "10002", Trader: "tom"}

// movements says where each rule takes money and where it brings it; the last
// column says that what is taken must be there, whatever the account's floor.
var movements = []struct {
	rule     ledger.Rule
	from, to string
	covered  bool
}{
	{ledger.RuleAuthorized, "gateway_hold/acme/IRR", "merchant_held//IRR", false},
	{ledger.RuleReleased, "merchant_held//IRR", "gateway_hold/acme/IRR", false},
	{ledger.RuleCaptured, "gateway_clearing/acme/IRR", "merchant_available//IRR", false},
	{ledger.RuleHeld, "gateway_clearing/acme/IRR", "merchant_pending//IRR", false},
	{ledger.RuleDeposited, "gateway_clearing/acme/IRR", "customer_wallet/10001/IRR", false},
	{ledger.RuleWalletPaid, "customer_wallet/10001/IRR", "merchant_available//IRR", false},
	{ledger.RuleWalletHeld, "customer_wallet/10001/IRR", "merchant_pending//IRR", false},
	{ledger.RuleFee, "merchant_available//IRR", "fees/acme/IRR", false},
	{ledger.RuleLate, "gateway_clearing/acme/IRR", "suspense//IRR", false},
	{ledger.RuleVerified, "merchant_pending//IRR", "merchant_available//IRR", false},
	{ledger.RuleRejected, "merchant_pending//IRR", "refunds_in_transit//IRR", false},
	{ledger.RuleWalletRejected, "merchant_pending//IRR", "customer_wallet/10001/IRR", false},
	{ledger.RuleRefundOpened, "merchant_available//IRR", "refunds_in_transit//IRR", false},
	{ledger.RuleRefundOwed, "merchant_available//IRR", "refunds_in_transit//IRR", true},
	{ledger.RuleDepositOpened, "customer_wallet/10001/IRR", "refunds_in_transit//IRR", false},
	{ledger.RuleSuspenseOpened, "suspense//IRR", "refunds_in_transit//IRR", false},
	{ledger.RuleRefunded, "refunds_in_transit//IRR", "gateway_clearing/acme/IRR", false},
	{ledger.RuleReversed, "refunds_in_transit//IRR", "gateway_clearing/acme/IRR", false},
	{ledger.RuleFeeReversed, "fees/acme/IRR", "merchant_available//IRR", false},
	{ledger.RuleWalletRefunded, "merchant_available//IRR", "customer_wallet/10001/IRR", true},
	{ledger.RuleRefundFailed, "refunds_in_transit//IRR", "merchant_available//IRR", false},
	{ledger.RuleSuspenseFailed, "refunds_in_transit//IRR", "suspense//IRR", false},
	{ledger.RuleDepositFailed, "refunds_in_transit//IRR", "customer_wallet/10001/IRR", false},
	{ledger.RuleTransferred, "customer_wallet/10001/IRR", "customer_wallet/10002/IRR", true},
	{ledger.RulePayoutHeld, "customer_wallet/10001/IRR", "payouts_in_transit//IRR", true},
	{ledger.RulePayoutPaid, "payouts_in_transit//IRR", "gateway_clearing/acme/IRR", false},
	{ledger.RulePayoutFee, "payouts_in_transit//IRR", "fees/acme/IRR", false},
	{ledger.RulePayoutReleased, "payouts_in_transit//IRR", "customer_wallet/10001/IRR", false},
	{ledger.RulePayoutDealt, "payouts_in_transit//IRR", "trader/tom/IRR", false},
	{ledger.RulePayoutUndone, "trader/tom/IRR", "customer_wallet/10001/IRR", false},
	{ledger.RuleTraderPaidIn, "gateway_clearing/acme/IRR", "trader/tom/IRR", false},
	{ledger.RuleTraderPaidOut, "trader/tom/IRR", "gateway_clearing/acme/IRR", false},
	{ledger.RuleDealHeld, "trader/tom/IRR", "deals_held//IRR", false},
	{ledger.RuleDealReleased, "deals_held//IRR", "trader/tom/IRR", false},
	{ledger.RuleDealt, "deals_held//IRR", "merchant_available//IRR", false},
	{ledger.RuleDealRaised, "trader/tom/IRR", "merchant_available//IRR", false},
	{ledger.RuleDealLowered, "merchant_available//IRR", "trader/tom/IRR", true},
	{ledger.RuleSettled, "merchant_bank//IRR", "gateway_clearing/acme/IRR", false},
	{ledger.RuleFeeSettled, "fees/acme/IRR", "gateway_clearing/acme/IRR", false},
	{ledger.RuleRefundSettled, "gateway_clearing/acme/IRR", "merchant_bank//IRR", false},
}

// posted is a posting as text, to compare.
type posted struct {
	Account string
	Steps   int64
	Covered bool
}

// lines are the postings of an entry.
func lines(e ledger.Entry) []posted {
	var all []posted
	for _, p := range e.Postings() {
		all = append(all, posted{p.Account.Key(), p.Amount.Steps(), p.Covered})
	}
	return all
}

func TestEveryRule(t *testing.T) {
	t.Parallel()
	if known := len(movements) + 1; known != len(ledger.Rules) { // and RuleExchanged, which has a test of its own
		t.Errorf("%d rules are tested, there are %d", known, len(ledger.Rules))
	}
	for _, m := range movements {
		t.Run(string(m.rule), func(t *testing.T) {
			t.Parallel()
			e, err := ledger.Book(m.rule, cause, names, rial(250_000))
			if err != nil {
				t.Fatal(err)
			}
			want := []posted{{m.from, -250_000, m.covered}, {m.to, 250_000, false}}
			if diff := cmp.Diff(want, lines(e)); diff != "" {
				t.Errorf("postings (-want +got):\n%s", diff)
			}
			if e.ID() != "e1" || e.Merchant() != "shop" || e.Subject() != "p1" || e.Rule() != m.rule ||
				!e.At().Equal(cause.At) {
				t.Errorf("got %+v", e)
			}
			// The document names the two roles that the entry has.
			from, to := m.rule.Sides()
			for at, side := range []ledger.Role{from, to} {
				if p := e.Postings()[at].Account; p.Role != side && side != "merchant_available` or `customer_wallet" {
					t.Errorf("the rule says %s, the entry %s", side, p.Key())
				}
			}
		})
	}
}

// TestRulesAreWhole: each rule is listed once and explained once.
func TestRulesAreWhole(t *testing.T) {
	t.Parallel()
	meanings := map[string]ledger.Rule{}
	for n, r := range ledger.Rules {
		if slices.Index(ledger.Rules, r) != n {
			t.Errorf("%s is listed twice", r)
		}
		if from, to := r.Sides(); r.Meaning() == "" || from == "" || to == "" {
			t.Errorf("%s: from %q to %q, %q", r, from, to, r.Meaning())
		}
		if other, ok := meanings[r.Meaning()]; ok {
			t.Errorf("%s and %s mean the same", r, other)
		}
		meanings[r.Meaning()] = r
	}
	for _, r := range ledger.Takings {
		if !slices.Contains(ledger.Rules, r) {
			t.Errorf("%s takes money and is not listed", r)
		}
	}
}

// TestRulesOfTheHouse are those about an account that may be the merchant's own.
func TestRulesOfTheHouse(t *testing.T) {
	t.Parallel()
	const house, anna, ben = "merchant_available//IRR", "customer_wallet/10001/IRR", "customer_wallet/10002/IRR"
	for _, c := range []struct {
		name     string
		rule     ledger.Rule
		names    ledger.Names
		from, to string
		covered  bool
	}{
		{"a customer to the house", ledger.RuleTransferred, ledger.Names{Owner: "10001"}, anna, house, true},
		{"the house to a customer", ledger.RuleTransferred, ledger.Names{To: "10002"}, house, ben, true},
		{"between customers", ledger.RuleTransferred, ledger.Names{Owner: "10001", To: "10002"}, anna, ben, true},
		{"a payout", ledger.RulePayoutHeld, ledger.Names{Gateway: "TRX"}, house, "payouts_in_transit//IRR", true},
		{"a payout that failed", ledger.RulePayoutReleased, ledger.Names{}, "payouts_in_transit//IRR", house, false},
		{"To is for transfers", ledger.RulePayoutReleased, names, "payouts_in_transit//IRR", anna, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, err := ledger.Book(c.rule, cause, c.names, rial(7))
			if err != nil {
				t.Fatal(err)
			}
			want := []posted{{c.from, -7, c.covered}, {c.to, 7, false}}
			if diff := cmp.Diff(want, lines(e)); diff != "" {
				t.Errorf("postings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBookRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		rule   ledger.Rule
		names  ledger.Names
		amount money.Amount
	}{
		{"zero", ledger.RuleCaptured, names, rial(0)},
		{"less than zero", ledger.RuleCaptured, names, rial(-1)},
		{"the least there is", ledger.RuleCaptured, names, rial(math.MinInt64)},
		{"no amount", ledger.RuleCaptured, names, money.Amount{}},
		{"an unknown rule", "nonsense", names, rial(1)},
		{"an exchange, which has two amounts", ledger.RuleExchanged, names, rial(1)},
		{"a transfer to itself", ledger.RuleTransferred, ledger.Names{Owner: "10001", To: "10001"}, rial(1)},
		{"a transfer of the house to itself", ledger.RuleTransferred, ledger.Names{}, rial(1)},
		{"no gateway", ledger.RuleCaptured, ledger.Names{Owner: "10001"}, rial(1)},
		{"no gateway to give it to", ledger.RuleRefunded, ledger.Names{Owner: "10001"}, rial(1)},
		{"nobody's fee", ledger.RuleFee, ledger.Names{}, rial(1)},
		{"nobody's deposit", ledger.RuleDeposited, ledger.Names{Gateway: "acme"}, rial(1)},
		{"nobody's coins", ledger.RuleDealHeld, ledger.Names{Gateway: "acme", Owner: "10001"}, rial(1)},
		{"nobody's wallet", ledger.RuleWalletPaid, ledger.Names{Gateway: "acme", To: "10002"}, rial(1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := ledger.Book(c.rule, cause, c.names, c.amount)
			if !fault.Is(err, fault.CodeEntryUnbalanced) || fault.From(err).Param != string(c.rule) {
				t.Errorf("got %v, want entry_unbalanced of %s", err, c.rule)
			}
		})
	}
}

func TestSwap(t *testing.T) {
	t.Parallel()
	for owner, own := range map[string]string{"": "merchant_available/", "10001": "customer_wallet/10001"} {
		e, err := ledger.Swap(cause, owner, "USDIRT", money.New(50, money.USD), money.New(2_550, money.IRT))
		if err != nil {
			t.Errorf("%q: %v", owner, err)
			continue
		}
		want := []posted{
			{own + "/USD", -50, true},
			{"exchange/USDIRT/USD", 50, false},
			{"exchange/USDIRT/IRT", -2_550, false},
			{own + "/IRT", 2_550, false},
		}
		if diff := cmp.Diff(want, lines(e)); diff != "" {
			t.Errorf("%q: postings (-want +got):\n%s", owner, diff)
		}
		if e.Rule() != ledger.RuleExchanged || e.ID() != "e1" || e.Merchant() != "shop" || e.Subject() != "p1" {
			t.Errorf("%q: got %+v", owner, e)
		}
	}
}

func TestSwapRefuses(t *testing.T) {
	t.Parallel()
	one, other := money.New(1, money.USD), money.New(1, money.IRT)
	for _, c := range []struct {
		name       string
		market     string
		spent, got money.Amount
	}{
		{"nothing spent", "USDIRT", money.Zero(money.USD), other},
		{"nothing got", "USDIRT", one, money.Zero(money.IRT)},
		{"less than nothing spent", "USDIRT", money.New(math.MinInt64, money.USD), other},
		{"less than nothing got", "USDIRT", one, money.New(math.MinInt64, money.IRT)},
		{"no amounts", "USDIRT", money.Amount{}, money.Amount{}},
		{"one unit", "USDIRT", one, money.New(2, money.USD)},
		{"no market", "", one, other},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := ledger.Swap(cause, "10001", c.market, c.spent, c.got)
			if !fault.Is(err, fault.CodeEntryUnbalanced) || fault.From(err).Param != string(ledger.RuleExchanged) {
				t.Errorf("got %v, want entry_unbalanced of the exchange", err)
			}
		})
	}
}

// stories are entries as they follow each other, each of the same amount. At
// the end the named accounts have money and all others have none.
var stories = []struct {
	name  string
	rules []ledger.Rule
	left  map[string]int64
}{
	{
		"captured, and given back",
		[]ledger.Rule{ledger.RuleCaptured, ledger.RuleRefundOpened, ledger.RuleRefunded},
		nil,
	},
	{"undone, and its fee too", []ledger.Rule{
		ledger.RuleCaptured, ledger.RuleFee, ledger.RuleRefundOpened, ledger.RuleReversed, ledger.RuleFeeReversed,
	}, nil},
	{
		"a refund that the gateway refused",
		[]ledger.Rule{ledger.RuleCaptured, ledger.RuleRefundOwed, ledger.RuleRefundFailed},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "merchant_available//IRR": 9},
	},
	{
		"held and verified",
		[]ledger.Rule{ledger.RuleHeld, ledger.RuleVerified},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "merchant_available//IRR": 9},
	},
	{"held and not verified", []ledger.Rule{ledger.RuleHeld, ledger.RuleRejected, ledger.RuleRefunded}, nil},
	{
		"put into a wallet and paid from it, then refunded",
		[]ledger.Rule{ledger.RuleDeposited, ledger.RuleWalletPaid, ledger.RuleWalletRefunded},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "customer_wallet/10001/IRR": 9},
	},
	{
		"held from a wallet and not verified",
		[]ledger.Rule{ledger.RuleDeposited, ledger.RuleWalletHeld, ledger.RuleWalletRejected},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "customer_wallet/10001/IRR": 9},
	},
	{
		"a deposit given back",
		[]ledger.Rule{ledger.RuleDeposited, ledger.RuleDepositOpened, ledger.RuleRefunded},
		nil,
	},
	{
		"a deposit that could not be given back",
		[]ledger.Rule{ledger.RuleDeposited, ledger.RuleDepositOpened, ledger.RuleDepositFailed},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "customer_wallet/10001/IRR": 9},
	},
	{"late money given back", []ledger.Rule{ledger.RuleLate, ledger.RuleSuspenseOpened, ledger.RuleRefunded}, nil},
	{
		"late money that stays",
		[]ledger.Rule{ledger.RuleLate, ledger.RuleSuspenseOpened, ledger.RuleSuspenseFailed},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "suspense//IRR": 9},
	},
	{"paid out", []ledger.Rule{ledger.RuleDeposited, ledger.RulePayoutHeld, ledger.RulePayoutPaid}, nil},
	{
		"a payout that is all fee",
		[]ledger.Rule{ledger.RuleDeposited, ledger.RulePayoutHeld, ledger.RulePayoutFee},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "fees/acme/IRR": 9},
	},
	{
		"a payout that was rejected",
		[]ledger.Rule{ledger.RuleDeposited, ledger.RulePayoutHeld, ledger.RulePayoutReleased},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "customer_wallet/10001/IRR": 9},
	},
	{
		"a payout that a trader sent",
		[]ledger.Rule{ledger.RuleDeposited, ledger.RulePayoutHeld, ledger.RulePayoutDealt},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "trader/tom/IRR": 9},
	},
	{
		"a payout that a trader sent in vain",
		[]ledger.Rule{ledger.RuleDeposited, ledger.RulePayoutHeld, ledger.RulePayoutDealt, ledger.RulePayoutUndone},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "customer_wallet/10001/IRR": 9},
	},
	{
		"a deal that was paid",
		[]ledger.Rule{ledger.RuleTraderPaidIn, ledger.RuleDealHeld, ledger.RuleDealt},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "merchant_available//IRR": 9},
	},
	{
		"a deal for which nothing had come after all",
		[]ledger.Rule{ledger.RuleTraderPaidIn, ledger.RuleDealHeld, ledger.RuleDealt, ledger.RuleDealLowered},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "trader/tom/IRR": 9},
	},
	{
		"a deal for which more had come",
		[]ledger.Rule{ledger.RuleTraderPaidIn, ledger.RuleDealRaised},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "merchant_available//IRR": 9},
	},
	{
		"a deal that was not, and a trader who leaves",
		[]ledger.Rule{ledger.RuleTraderPaidIn, ledger.RuleDealHeld, ledger.RuleDealReleased, ledger.RuleTraderPaidOut},
		nil,
	},
	{"held by a bank and let go", []ledger.Rule{ledger.RuleAuthorized, ledger.RuleReleased}, nil},
	{
		"held by a bank, taken and paid out",
		[]ledger.Rule{ledger.RuleAuthorized, ledger.RuleReleased, ledger.RuleCaptured, ledger.RuleSettled},
		map[string]int64{"merchant_available//IRR": 9, "merchant_bank//IRR": -9},
	},
	{
		"given back after it was paid out",
		[]ledger.Rule{
			ledger.RuleCaptured, ledger.RuleRefundOpened, ledger.RuleRefunded, ledger.RuleSettled, ledger.RuleRefundSettled,
		},
		nil,
	},
	{
		"all of it kept as a fee",
		[]ledger.Rule{ledger.RuleCaptured, ledger.RuleFee, ledger.RuleFeeSettled},
		nil,
	},
	{
		"sent to another customer",
		[]ledger.Rule{ledger.RuleDeposited, ledger.RuleTransferred},
		map[string]int64{"gateway_clearing/acme/IRR": -9, "customer_wallet/10002/IRR": 9},
	},
}

// TestStories books each story: no account that has a floor falls below it on
// the way, and the rules are listed in an order in which they can follow.
func TestStories(t *testing.T) {
	t.Parallel()
	told := map[ledger.Rule]bool{ledger.RuleExchanged: true} // its amounts are of two units
	for _, s := range stories {
		for n, r := range s.rules {
			told[r] = true
			if n > 0 && slices.Index(ledger.Rules, r) < slices.Index(ledger.Rules, s.rules[n-1]) {
				t.Errorf("%s: %s follows %s and is listed before it", s.name, r, s.rules[n-1])
			}
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			left := map[string]int64{}
			for _, r := range s.rules {
				e, err := ledger.Book(r, cause, names, rial(9))
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range e.Postings() {
					key := p.Account.Key()
					if left[key] += p.Amount.Steps(); left[key] < 0 && (p.Account.Floored() || p.Covered) {
						t.Errorf("%s takes %s to %d", r, key, left[key])
					}
				}
			}
			for key, steps := range left {
				if steps == 0 {
					delete(left, key)
				}
			}
			if diff := cmp.Diff(s.left, left, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("what is left (-want +got):\n%s", diff)
			}
		})
	}
	for _, r := range ledger.Rules {
		if !told[r] {
			t.Errorf("%s is in no story", r)
		}
	}
}

// TestEntriesBalance: whatever is booked or exchanged sums to zero in each unit.
func TestEntriesBalance(t *testing.T) {
	t.Parallel()
	units := rapid.Map(rapid.SampledFrom(money.Units()), func(i money.Info) money.Unit { return i.Unit })
	steps := rapid.OneOf(rapid.Int64Range(-2, 1_000), rapid.Int64())
	owners := rapid.SampledFrom([]string{"", "10001", "10002"})
	rapid.Check(t, func(t *rapid.T) {
		amount := money.New(steps.Draw(t, "steps"), units.Draw(t, "unit"))
		n := ledger.Names{
			Gateway: rapid.SampledFrom([]string{"", "acme"}).Draw(t, "gateway"),
			Owner:   owners.Draw(t, "owner"), To: owners.Draw(t, "to"),
		}
		var e ledger.Entry
		var err error
		if rule := rapid.SampledFrom(ledger.Rules).Draw(t, "rule"); rule == ledger.RuleExchanged {
			got := money.New(steps.Draw(t, "got"), units.Draw(t, "into"))
			e, err = ledger.Swap(cause, n.Owner, "market", amount, got)
		} else {
			e, err = ledger.Book(rule, cause, n, amount)
		}
		if err != nil {
			if !fault.Is(err, fault.CodeEntryUnbalanced) {
				t.Fatal(err)
			}
			return
		}
		sums := map[money.Unit]int64{}
		for _, p := range e.Postings() {
			sums[p.Amount.Unit()] += p.Amount.Steps()
			if p.Covered && p.Amount.Sign() > 0 {
				t.Errorf("%s: what is given must be covered", e.Rule())
			}
		}
		for unit, sum := range sums {
			if sum != 0 {
				t.Errorf("%s: %s sums to %d", e.Rule(), unit, sum)
			}
		}
	})
}
