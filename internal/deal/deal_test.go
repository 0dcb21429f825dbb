package deal_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

func rub(text string) money.Amount   { return amount(text, money.RUB) }
func coins(text string) money.Amount { return amount(text, deal.Coin) }

func amount(text string, u money.Unit) money.Amount {
	a, err := money.Parse(text, u)
	if err != nil {
		panic(err)
	}
	return a
}

func rate(text string) money.Rate {
	r, err := money.ParseRate(text)
	if err != nil {
		panic(err)
	}
	return r
}

func TestPrice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ paid, rate, percent, coins, fee, net string }{
		{"3650.00", "104.27", "8.5", "35.00527476", "2.97544836", "32.02982640"},
		{"2000.00", "98.50", "8.5", "20.30456852", "1.72588833", "18.57868019"},
		{"950.00", "95", "", "10", "0", "10"},
	} {
		d := deal.Deal{Rate: rate(c.rate)}
		if c.percent != "" {
			d.Percent = rate(c.percent)
		}
		var err error
		if d.Coins, d.Fee, err = d.Price(rub(c.paid)); err != nil {
			t.Fatal(err)
		}
		net, err := d.Net()
		if d.Coins != coins(c.coins) || d.Fee != coins(c.fee) || net != coins(c.net) || err != nil {
			t.Errorf("%+v: got %v, %v, %v, %v", c, d.Coins, d.Fee, net, err)
		}
	}
}

func TestCost(t *testing.T) {
	t.Parallel()
	got, fee, err := deal.Deal{Rate: rate("98.50"), Percent: rate("8.5")}.Cost(rub("2000.00"))
	sum, wrong := got.Add(fee)
	if err != nil || wrong != nil || got != coins("20.30456853") || fee != coins("1.72588833") ||
		sum != coins("22.03045686") {
		t.Errorf("got %v and %v, %v", got, fee, err)
	}
}

func TestPriceOfTooLittle(t *testing.T) {
	t.Parallel()
	_, _, err := deal.Deal{Rate: rate("1000000"), Percent: rate("99.9")}.Price(rub("0.01"))
	if !fault.Is(err, fault.CodeAmountTooSmall) {
		t.Errorf("got %v", err)
	}
}

// TestPricesAreFair: whatever the numbers, the merchant and the fee share the
// coins exactly, and the coins are worth no more than was paid.
func TestPricesAreFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := deal.Deal{
			Rate:    rate(rapid.StringMatching(`[1-9][0-9]{0,3}\.[0-9]{1,4}`).Draw(t, "rate")),
			Percent: rate(rapid.StringMatching(`[1-9][0-9]?\.[0-9]{1,2}`).Draw(t, "percent")),
		}
		paid := money.New(rapid.Int64Range(1, 1_000_000_000).Draw(t, "paid"), money.RUB)
		var err error
		if d.Coins, d.Fee, err = d.Price(paid); err != nil {
			if !fault.Is(err, fault.CodeAmountTooSmall) {
				t.Fatal(err)
			}
			return
		}
		net, err := d.Net()
		if err != nil || net.Sign() <= 0 {
			t.Fatalf("the merchant gets %v, %v", net, err)
		}
		worth, _, err := d.Rate.Convert(d.Coins, money.RUB, money.Down)
		if over, wrong := worth.Cmp(paid); err != nil || wrong != nil || over > 0 {
			t.Fatalf("%v are worth %v, more than %v", d.Coins, worth, paid)
		}
		more, fee, err := d.Cost(paid)
		less, wrong := more.Cmp(d.Coins)
		if err != nil || wrong != nil || less < 0 || fee.Steps() < d.Fee.Steps() {
			t.Fatalf("to send %v costs %v and %v, %v", paid, more, fee, err)
		}
	})
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func requisite(id string) deal.Requisite {
	return deal.Requisite{
		ID: id, Trader: "t", Option: "SBP", Method: "sberbank", Number: "+7(900)000-00-01", Least: rub("100"),
		Most: rub("5000"),
	}
}

func TestTakes(t *testing.T) {
	t.Parallel()
	hours := func(from, until int) func(*deal.Requisite) {
		return func(q *deal.Requisite) {
			q.From, q.Until = time.Duration(from)*time.Hour, time.Duration(until)*time.Hour
		}
	}
	for _, c := range []struct {
		name   string
		change func(*deal.Requisite)
		amount money.Amount
		want   bool
	}{
		{"the least", func(*deal.Requisite) {}, rub("100"), true},
		{"the most", func(*deal.Requisite) {}, rub("5000"), true},
		{"too little", func(*deal.Requisite) {}, rub("99.99"), false},
		{"too much", func(*deal.Requisite) {}, rub("5000.01"), false},
		{"another unit", func(*deal.Requisite) {}, amount("200", money.KZT), false},
		{"disabled", func(q *deal.Requisite) { q.Disabled = true }, rub("100"), false},
		{"in its hours", hours(9, 13), rub("100"), true},
		{"out of its hours", hours(13, 18), rub("100"), false},
		{"its hours end now", hours(9, 12), rub("100"), false},
		{"hours over midnight", hours(20, 13), rub("100"), true},
		{"hours over midnight, outside", hours(20, 11), rub("100"), false},
		{
			"as often as it may", func(q *deal.Requisite) { q.DayCount, q.Count, q.Day = 2, 2, noon.Truncate(24*time.Hour) },
			rub("100"), false,
		},
		{
			"as often, yesterday", func(q *deal.Requisite) { q.DayCount, q.Count, q.Day = 2, 2, noon.AddDate(0, 0, -1) },
			rub("100"), true,
		},
		{"the rest of the day", func(q *deal.Requisite) { q.DaySum = rub("100") }, rub("100"), true},
		{"more than the day", func(q *deal.Requisite) { q.DaySum = rub("100") }, rub("100.01"), false},
	} {
		q := requisite("a")
		c.change(&q)
		if !q.Sum.Valid() && !q.Day.IsZero() {
			q.Sum = rub("0")
		}
		if got := q.Takes(c.amount, noon); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func TestUseAndUnuse(t *testing.T) {
	t.Parallel()
	q := requisite("a")
	q.DayCount = 1
	used, err := q.Use(rub("150"), noon)
	if err != nil || used.Takes(rub("100"), noon) || used.Sum != rub("150") {
		t.Errorf("got %+v, %v", used, err)
	}
	back := used.Unuse(deal.Deal{Amount: rub("150"), CreatedAt: noon}, noon.Add(time.Hour))
	if !back.Takes(rub("100"), noon) || back.Count != 0 || !back.Sum.IsZero() {
		t.Errorf("given back: %+v", back)
	}
	if late := used.Unuse(deal.Deal{Amount: rub("150"), CreatedAt: noon.AddDate(0, 0, -1)}, noon); late.Count != 1 {
		t.Errorf("yesterday's deal: %+v", late)
	}
}

func TestPick(t *testing.T) {
	t.Parallel()
	a, b := requisite("a"), requisite("b")
	b.Method, b.Most = "vtb", rub("1500.02")
	busy := func(on, sum string) deal.Deal {
		return deal.Deal{Requisite: on, Amount: rub(sum), State: deal.TransferWaiting}
	}
	over := busy("a", "1500")
	over.State = deal.Canceled
	for _, c := range []struct {
		name      string
		live      []deal.Deal
		wish      deal.Wish
		id, raise string
	}{
		{"the first", nil, deal.Wish{}, "a", "1500"},
		{"by method", nil, deal.Wish{Method: "vtb"}, "b", "1500"},
		{"by a method that nobody has", nil, deal.Wish{Method: "mts"}, "", ""},
		{"by an option that nobody has", nil, deal.Wish{Option: "TO_CARD"}, "", ""},
		{"the other", []deal.Deal{busy("a", "1500")}, deal.Wish{}, "b", "1500"},
		{"of another sum", []deal.Deal{busy("a", "1500.01")}, deal.Wish{}, "a", "1500"},
		{"of a decided deal", []deal.Deal{over}, deal.Wish{}, "a", "1500"},
		{"none is free", []deal.Deal{busy("a", "1500"), busy("b", "1500")}, deal.Wish{}, "", ""},
		{
			"raised",
			[]deal.Deal{busy("a", "1500"), busy("b", "1500"), busy("a", "1500.01")},
			deal.Wish{Most: rub("1500.05")},
			"b", "1500.01",
		},
		{
			"raised beyond one's most",
			[]deal.Deal{
				busy("a", "1500"), busy("b", "1500"), busy("a", "1500.01"), busy("b", "1500.01"), busy("a", "1500.02"),
				busy("b", "1500.02"),
			},
			deal.Wish{Most: rub("1500.05")},
			"a", "1500.03",
		},
		{
			"raised by larger steps",
			[]deal.Deal{busy("a", "1500"), busy("b", "1500")},
			deal.Wish{Most: rub("1510"), Step: rub("1")},
			"a", "1501",
		},
		{
			"not beyond what is allowed",
			[]deal.Deal{busy("a", "1500"), busy("b", "1500")},
			deal.Wish{Most: rub("1500.5"), Step: rub("1")},
			"", "",
		},
	} {
		c.wish.Amount, c.wish.Now = rub("1500"), noon
		q, sum, ok := deal.Pick([]deal.Requisite{a, b}, c.live, c.wish)
		if ok != (c.id != "") || q.ID != c.id || ok && sum != rub(c.raise) {
			t.Errorf("%s: got %q for %v, %v", c.name, q.ID, sum, ok)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*deal.Requisite)
		want   fault.Code
	}{
		"good":          {func(*deal.Requisite) {}, ""},
		"no trader":     {func(q *deal.Requisite) { q.Trader = "" }, fault.CodeParameterMissing},
		"no number":     {func(q *deal.Requisite) { q.Number = "" }, fault.CodeParameterMissing},
		"turned limits": {func(q *deal.Requisite) { q.Least = rub("6000") }, fault.CodeAmountInvalid},
		"no least":      {func(q *deal.Requisite) { q.Least = rub("0") }, fault.CodeAmountInvalid},
		"two units":     {func(q *deal.Requisite) { q.DaySum = coins("1") }, fault.CodeUnitMismatch},
	} {
		q := requisite("a")
		c.change(&q)
		if err := q.Check(); (err == nil) != (c.want == "") || err != nil && !fault.Is(err, c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestCheckSaysWhichLimit: an amount that is one is not called none.
func TestCheckSaysWhichLimit(t *testing.T) {
	t.Parallel()
	for param, least := range map[string]string{"least": "0", "most": "6000"} {
		q := requisite("a")
		q.Least = rub(least)
		f := fault.From(q.Check())
		if f.Param != param || !strings.HasPrefix(f.Words, "It has to be ") {
			t.Errorf("least of %s: got %v, want words about %q", least, f, param)
		}
	}
}

// TestCostsCover: what is set aside to send an amount is worth it, and not a step
// more than it has to be; the fee likewise.
func TestCostsCover(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := deal.Deal{Rate: rate(rapid.StringMatching(`[1-9][0-9]{0,3}\.[0-9]{1,4}`).Draw(t, "rate"))}
		hundredths := rapid.Int64Range(1, 9_999).Draw(t, "percent in hundredths")
		d.Percent = rate(money.New(hundredths, money.RUB).Text())
		sent := money.New(rapid.Int64Range(1, 1_000_000_000).Draw(t, "sent"), money.RUB)
		got, fee, err := d.Cost(sent)
		if err != nil {
			t.Fatal(err)
		}
		cut, _, err := d.Rate.ConvertBack(sent, deal.Coin, money.Down)
		if err != nil || got.Steps()-cut.Steps() < 0 || got.Steps()-cut.Steps() > 1 {
			t.Fatalf("to send %v costs %v, cut %v, %v", sent, got, cut, err)
		}
		worth, _, err := d.Rate.Convert(got, money.RUB, money.Up)
		if less, wrong := worth.Cmp(sent); err != nil || wrong != nil || less < 0 {
			t.Fatalf("%v are worth %v, less than %v", got, worth, sent)
		}
		// fee = ceil(coins * percent / 100), in whole numbers
		exact := new(big.Int).Mul(big.NewInt(got.Steps()), big.NewInt(hundredths))
		rest := new(big.Int)
		exact.DivMod(exact, big.NewInt(10_000), rest)
		if rest.Sign() > 0 {
			exact.Add(exact, big.NewInt(1))
		}
		if exact.Int64() != fee.Steps() {
			t.Fatalf("the fee of %v at %s is %v, want %s steps", got, d.Percent.Text(), fee, exact)
		}
	})
}

// TestPlace: however its number is written, an account is one; a code that is still to
// come is none.
func TestPlace(t *testing.T) {
	t.Parallel()
	base := deal.Requisite{Option: "SBP", Method: "sberbank", Number: "+7(900)000-00-01", Least: money.New(1, money.RUB)}
	with := func(change func(q *deal.Requisite)) deal.Requisite {
		q := base
		change(&q)
		return q
	}
	const page = "https://qr.nspk.ru/AS10001-a"
	for name, c := range map[string]struct {
		q    deal.Requisite
		want string
	}{
		"as it is":     {base, "RUB/SBP/sberbank/79000000001"},
		"in blocks":    {with(func(q *deal.Requisite) { q.Number = "7 900 000 0001" }), "RUB/SBP/sberbank/79000000001"},
		"with letters": {with(func(q *deal.Requisite) { q.Number = "DE89 3704" }), "RUB/SBP/sberbank/de893704"},
		"another way":  {with(func(q *deal.Requisite) { q.Option = "TO_CARD" }), "RUB/TO_CARD/sberbank/79000000001"},
		"another bank": {with(func(q *deal.Requisite) { q.Method = "vtb" }), "RUB/SBP/vtb/79000000001"},
		"another unit": {with(func(q *deal.Requisite) { q.Least = money.New(1, money.USD) }), "USD/SBP/sberbank/79000000001"},
		"a code":       {with(func(q *deal.Requisite) { q.Option, q.Number = "QR", page }), "RUB/QR/sberbank/" + page},
		"no code yet":  {with(func(q *deal.Requisite) { q.Option, q.Number = "MANUAL_SBP_QR", "later" }), ""},
	} {
		if got := c.q.Place(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		d := deal.Deal{Option: c.q.Option, Method: c.q.Method, Number: c.q.Number, Amount: c.q.Least}
		if got := d.Place(); got != c.want {
			t.Errorf("a deal, %s: got %q, want %q", name, got, c.want)
		}
	}
}
