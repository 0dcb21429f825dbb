package wallet_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/wallet"
)

// rate and amount read what must be good.
func rate(t rapid.TB, text string) money.Rate {
	t.Helper()
	r, err := money.ParseRate(text)
	if err != nil {
		t.Fatalf("rate %q: %v", text, err)
	}
	return r
}

func amount(t rapid.TB, text string, u money.Unit) money.Amount {
	t.Helper()
	a, err := money.Parse(text, u)
	if err != nil {
		t.Fatalf("amount %q: %v", text, err)
	}
	return a
}

// markets are those of one merchant.
func markets(t rapid.TB) []wallet.Market {
	t.Helper()
	return []wallet.Market{
		{Merchant: "shop", Base: money.USDT, Quote: money.USD, Buy: rate(t, "1.01"), Sell: rate(t, "0.99")},
		{Merchant: "shop", Base: money.USD, Quote: money.IRT, Buy: rate(t, "53064"), Sell: rate(t, "51889.25")},
	}
}

func TestTrade(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		spent  string
		from   money.Unit
		to     money.Unit
		got    string
		exact  bool
		market string
		side   wallet.Side
		rate   string
	}{
		{"base spent", "100.99", money.USD, money.IRT, "5240295.3575", true, "USDIRT", wallet.Sell, "51889.25"},
		{"base bought", "440590392.01", money.IRT, money.USD, "8303.00000018", false, "USDIRT", wallet.Buy, "53064"},
		{"a part cut", "0.12345678", money.USD, money.IRT, "6406.0797", false, "USDIRT", wallet.Sell, "51889.25"},
		{"base bought, nothing cut", "106128", money.IRT, money.USD, "2", true, "USDIRT", wallet.Buy, "53064"},
		{"another market", "100", money.USDT, money.USD, "99", true, "USDTUSD", wallet.Sell, "0.99"},
		{"its other side", "100", money.USD, money.USDT, "99.00990099", false, "USDTUSD", wallet.Buy, "1.01"},
		{"the least there is", "0.00000001", money.USD, money.IRT, "0.0005", false, "USDIRT", wallet.Sell, "51889.25"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := wallet.Trade(markets(t), amount(t, c.spent, c.from), c.to)
			if err != nil {
				t.Fatal(err)
			}
			want := wallet.Exchange{
				Merchant: "shop", Spent: amount(t, c.spent, c.from), Got: amount(t, c.got, c.to),
				Exact: c.exact, Market: c.market, Side: c.side, Rate: rate(t, c.rate),
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateComparable(money.Amount{}, money.Rate{})); diff != "" {
				t.Errorf("exchange (-want +got):\n%s", diff)
			}
			if !got.Right() {
				t.Error("it is not right by its own rate")
			}
		})
	}
}

func TestTradeRefuses(t *testing.T) {
	t.Parallel()
	all := markets(t)
	unset := []wallet.Market{{Merchant: "shop", Base: money.USD, Quote: money.IRT}}
	one, most := money.New(1, money.USD), money.New(math.MaxInt64, money.USD)
	for _, c := range []struct {
		name    string
		markets []wallet.Market
		spent   money.Amount
		to      money.Unit
		want    fault.Code
		param   string
	}{
		{"nothing", all, money.Zero(money.USD), money.IRT, fault.CodeAmountInvalid, "amount"},
		{"less than nothing", all, money.New(-1, money.USD), money.IRT, fault.CodeAmountInvalid, "amount"},
		{"no amount", all, money.Amount{}, money.IRT, fault.CodeAmountInvalid, "amount"},
		{"into itself", all, one, money.USD, fault.CodeUnitMismatch, "to_currency"},
		{"no market of both", all, money.New(1, money.USDT), money.IRT, fault.CodeRateMissing, "to_currency"},
		{"no markets", nil, one, money.IRT, fault.CodeRateMissing, "to_currency"},
		{"a unit that is none", all, one, "XXX", fault.CodeRateMissing, "to_currency"},
		{"too small, multiplied", []wallet.Market{{
			Base: money.IRT, Quote: money.IRR, Buy: rate(t, "10"), Sell: rate(t, "10"),
		}}, money.New(999, money.IRT), money.IRR, fault.CodeAmountTooSmall, "amount"},
		{"too small, divided by the rate", []wallet.Market{{
			Base: money.EUR, Quote: money.IRT, Buy: rate(t, "53064"), Sell: rate(t, "53064"),
		}}, money.New(5_306_399, money.IRT), money.EUR, fault.CodeAmountTooSmall, "amount"},
		{"more than there can be, multiplied", all, most, money.IRT, fault.CodeAmountOverflow, "amount"},
		{"more than there can be, divided", []wallet.Market{{
			Base: money.USDT, Quote: money.USD, Buy: rate(t, "0.5"), Sell: rate(t, "0.5"),
		}}, most, money.USDT, fault.CodeAmountOverflow, "amount"},
		{"a market without rates", unset, one, money.IRT, fault.CodeRateInvalid, "rate"},
		{"and its other side", unset, money.New(1, money.IRT), money.USD, fault.CodeRateInvalid, "rate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := wallet.Trade(c.markets, c.spent, c.to)
			if !fault.Is(err, c.want) || fault.From(err).Param != c.param {
				t.Errorf("got %v, want %s (%s)", err, c.want, c.param)
			}
			if got != (wallet.Exchange{}) {
				t.Errorf("got an exchange beside the error: %+v", got)
			}
		})
	}
}

// TestTradeAgainstFractions compares with exact fractions: nobody is given more
// than the rate says, and less by less than one step.
func TestTradeAgainstFractions(t *testing.T) {
	t.Parallel()
	digits := rapid.StringMatching(`[1-9][0-9]{0,6}(\.[0-9]{0,6}[1-9])?|0\.[0-9]{0,6}[1-9]`)
	units := rapid.Map(rapid.SampledFrom(money.Units()), func(i money.Info) money.Unit { return i.Unit })
	rapid.Check(t, func(t *rapid.T) {
		m := wallet.Market{
			Merchant: "shop", Base: units.Draw(t, "base"), Quote: units.Draw(t, "quote"),
			Buy: rate(t, digits.Draw(t, "buy")), Sell: rate(t, digits.Draw(t, "sell")),
		}
		if m.Base == m.Quote {
			t.Skip("not a market")
		}
		from, to, side, factor := m.Base, m.Quote, wallet.Sell, fraction(t, m.Sell.Text())
		if rapid.Bool().Draw(t, "bought") {
			from, to, side, factor = m.Quote, m.Base, wallet.Buy, fraction(t, m.Buy.Text())
			factor.Inv(factor)
		}
		spent := money.New(rapid.OneOf(rapid.Int64Range(1, 1e6), rapid.Int64Range(1, math.MaxInt64)).Draw(t, "steps"), from)
		exact := new(big.Rat).Mul(fraction(t, spent.Fixed()), factor)
		step := fraction(t, money.New(1, to).Fixed())
		e, err := wallet.Trade([]wallet.Market{m}, spent, to)
		switch {
		case exact.Cmp(step) < 0:
			expect(t, err, fault.CodeAmountTooSmall)
		case new(big.Rat).Sub(exact, fraction(t, money.New(math.MaxInt64, to).Fixed())).Cmp(step) >= 0:
			expect(t, err, fault.CodeAmountOverflow)
		case err != nil:
			t.Fatal(err)
		default:
			lost := new(big.Rat).Sub(exact, fraction(t, e.Got.Fixed()))
			if lost.Sign() < 0 || lost.Cmp(step) >= 0 || e.Exact != (lost.Sign() == 0) || e.Side != side {
				t.Fatalf("%v gave %v (%s, exact %v) and lost %v", spent, e.Got, e.Side, e.Exact, lost)
			}
			onlyRight(t, e)
		}
	})
}

// onlyRight holds an exchange against itself with every part of its sum changed.
func onlyRight(t rapid.TB, e wallet.Exchange) {
	t.Helper()
	if !e.Right() {
		t.Fatalf("%+v is not right", e)
	}
	for name, change := range map[string]func(*wallet.Exchange){
		"a step more":  func(e *wallet.Exchange) { e.Got = money.New(e.Got.Steps()+1, e.Got.Unit()) },
		"a step less":  func(e *wallet.Exchange) { e.Got = money.New(e.Got.Steps()-1, e.Got.Unit()) },
		"the opposite": func(e *wallet.Exchange) { e.Got = money.New(-e.Got.Steps(), e.Got.Unit()) },
		"nothing got":  func(e *wallet.Exchange) { e.Got = money.Zero(e.Got.Unit()) },
		"no amount":    func(e *wallet.Exchange) { e.Got = money.Amount{} },
		"no spent":     func(e *wallet.Exchange) { e.Spent = money.Amount{} },
		"exactness":    func(e *wallet.Exchange) { e.Exact = !e.Exact },
		"no rate":      func(e *wallet.Exchange) { e.Rate = money.Rate{} },
		"both signs": func(e *wallet.Exchange) {
			e.Got, e.Spent = money.New(-e.Got.Steps(), e.Got.Unit()), money.New(-e.Spent.Steps(), e.Spent.Unit())
		},
	} {
		changed := e
		change(&changed)
		if changed.Right() {
			t.Errorf("with %s it still is right: %+v", name, changed)
		}
	}
}

// fraction reads decimal text exactly.
func fraction(t rapid.TB, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is no number", text)
	}
	return r
}

// expect compares an error's code.
func expect(t rapid.TB, err error, want fault.Code) {
	t.Helper()
	if want == "" && err != nil {
		t.Errorf("got %v, want no error", err)
	}
	if want != "" && !fault.Is(err, want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestMarketCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		base, quote money.Unit
		buy, sell   string
		want        fault.Code
		param       string
	}{
		{"a usual one", money.USD, money.IRT, "53064", "51889.25", "", ""},
		{"equal rates", money.USD, money.IRT, "53064", "53064", "", ""},
		{"equal fractions", money.USDT, money.USD, "1.0", "1.00", "", ""},
		{"more digits are more", money.USD, money.IRT, "100000", "99999", "", ""},
		{"below one", money.USD, money.IRT, "0.5", "0.4999", "", ""},
		{"a fraction above none", money.USD, money.IRT, "9.01", "9", "", ""},
		{"a longer fraction that is more", money.USD, money.IRT, "9.12", "9.1", "", ""},
		{"sold a little above", money.USD, money.IRT, "51889.25", "51889.2500001", fault.CodeParameterInvalid, "sell"},
		{"sold above, same length", money.USD, money.IRT, "51889.25", "53064", fault.CodeParameterInvalid, "sell"},
		{"sold above, more digits", money.USD, money.IRT, "99999", "100000", fault.CodeParameterInvalid, "sell"},
		{"sold above by a fraction", money.USD, money.IRT, "9", "9.01", fault.CodeParameterInvalid, "sell"},
		{"sold above, shorter", money.USD, money.IRT, "9.1999", "9.2", fault.CodeParameterInvalid, "sell"},
		{"sold above, below one", money.USD, money.IRT, "0.09", "0.1", fault.CodeParameterInvalid, "sell"},
		{"no base", "", money.IRT, "2", "1", fault.CodeUnitUnknown, "currency"},
		{"an unknown quote", money.USD, "XXX", "2", "1", fault.CodeUnitUnknown, "currency"},
		{"one unit twice", money.USD, money.USD, "2", "1", fault.CodeUnitMismatch, "currency"},
		{"no buy rate", money.USD, money.IRT, "", "1", fault.CodeRateInvalid, "rate"},
		{"no sell rate", money.USD, money.IRT, "1", "", fault.CodeRateInvalid, "rate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := wallet.Market{Base: c.base, Quote: c.quote}
			if c.buy != "" {
				m.Buy = rate(t, c.buy)
			}
			if c.sell != "" {
				m.Sell = rate(t, c.sell)
			}
			err := m.Check()
			expect(t, err, c.want)
			if err != nil && fault.From(err).Param != c.param {
				t.Errorf("got %v, want it about %s", err, c.param)
			}
		})
	}
}

// TestMarketCheckCompares takes any two rates: exactly those that are not above
// the other may be the sell rate.
func TestMarketCheckCompares(t *testing.T) {
	t.Parallel()
	digits := rapid.StringMatching(`(0|[1-9][0-9]{0,3})(\.[0-9]{0,3}[1-9])|[1-9][0-9]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		buy, sell := digits.Draw(t, "buy"), digits.Draw(t, "sell")
		m := wallet.Market{Base: money.USD, Quote: money.IRT, Buy: rate(t, buy), Sell: rate(t, sell)}
		if err, above := m.Check(), fraction(t, sell).Cmp(fraction(t, buy)) > 0; above != (err != nil) {
			t.Fatalf("buy %s, sell %s: got %v", buy, sell, err)
		}
	})
}
