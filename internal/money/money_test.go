package money_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// result is what a call should give: an amount, or the code of a fault.
type result struct {
	amount money.Amount
	code   fault.Code
}

// gives is the wish for an amount, refuses the wish for a fault.
func gives(steps int64, u money.Unit) result { return result{amount: money.New(steps, u)} }
func refuses(code fault.Code) result         { return result{code: code} }

// expect compares a call's answer with the wish. A refusal must give no amount.
func expect(t rapid.TB, got money.Amount, err error, want result) {
	t.Helper()
	if got != want.amount {
		t.Errorf("got %v, want %v", got, want.amount)
	}
	expectCode(t, err, want.code)
}

// expectCode compares an error's code; none is wanted where it is empty.
func expectCode(t rapid.TB, err error, want fault.Code) {
	t.Helper()
	if want == "" && err != nil {
		t.Errorf("got fault %v, want none", err)
	}
	if want != "" && !fault.Is(err, want) {
		t.Errorf("got fault %v, want %s", err, want)
	}
}

// anyUnit draws a unit of the register, anySteps any int64.
func anyUnit() *rapid.Generator[money.Unit] {
	return rapid.Map(rapid.SampledFrom(money.Units()), func(i money.Info) money.Unit { return i.Unit })
}

func anySteps() *rapid.Generator[int64] {
	edges := []int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64 - 1, math.MaxInt64}
	return rapid.OneOf(rapid.Int64(), rapid.Int64Range(-2000, 2000), rapid.SampledFrom(edges))
}

func TestOf(t *testing.T) {
	t.Parallel()
	a, err := money.Of(42, money.IRR)
	expect(t, a, err, gives(42, money.IRR))
	a, err = money.Of(42, "XXX")
	expect(t, a, err, refuses(fault.CodeUnitUnknown))
	if got := fault.From(err).Param; got != "currency" {
		t.Errorf("Param = %q, want %q", got, "currency")
	}
}

func TestNewPanicsOnAnUnknownUnit(t *testing.T) {
	t.Parallel()
	defer func() {
		if got, want := recover(), `money: unit "irr" is not registered`; got != want {
			t.Errorf("New panicked with %v, want %q", got, want)
		}
	}()
	money.New(1, "irr")
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		amount money.Amount
		sign   int
		valid  bool
	}{
		{money.New(-5, money.USD), -1, true},
		{money.Zero(money.USD), 0, true},
		{money.New(5, money.USD), 1, true},
		{money.Amount{}, 0, false},
	}
	for _, test := range tests {
		if got := test.amount.Sign(); got != test.sign {
			t.Errorf("%v: Sign = %d, want %d", test.amount, got, test.sign)
		}
		if got := test.amount.IsZero(); got != (test.sign == 0) {
			t.Errorf("%v: IsZero = %v, want %v", test.amount, got, test.sign == 0)
		}
		if got := test.amount.Valid(); got != test.valid {
			t.Errorf("%v: Valid = %v, want %v", test.amount, got, test.valid)
		}
	}
	a := money.New(-5, money.USD)
	if a.Steps() != -5 || a.Unit() != money.USD {
		t.Errorf("Steps, Unit = %d, %q, want -5, USD", a.Steps(), a.Unit())
	}
}

func TestArithmetic(t *testing.T) {
	t.Parallel()
	irr := func(steps int64) money.Amount { return money.New(steps, money.IRR) }
	is := func(steps int64) result { return gives(steps, money.IRR) }
	over := refuses(fault.CodeAmountOverflow)
	tests := []struct {
		name      string
		a, b      money.Amount
		sum, less result
		cmp       int
	}{
		{"small", irr(7), irr(-9), is(-2), is(16), 1},
		{"equal", irr(7), irr(7), is(14), is(0), 0},
		{"to the top", irr(math.MaxInt64 - 1), irr(1), is(math.MaxInt64), is(math.MaxInt64 - 2), 1},
		{"over the top", irr(math.MaxInt64), irr(1), over, is(math.MaxInt64 - 1), 1},
		{"below the bottom", irr(math.MinInt64), irr(1), is(math.MinInt64 + 1), over, -1},
		{"two bottoms", irr(math.MinInt64), irr(math.MinInt64), over, is(0), 0},
		{"less the bottom", irr(0), irr(math.MinInt64), is(math.MinInt64), over, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			sum, err := test.a.Add(test.b)
			expect(t, sum, err, test.sum)
			less, err := test.a.Sub(test.b)
			expect(t, less, err, test.less)
			order, err := test.a.Cmp(test.b)
			expectCode(t, err, "")
			if order != test.cmp {
				t.Errorf("Cmp = %d, want %d", order, test.cmp)
			}
		})
	}
}

func TestUnitsDoNotMix(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		a, b money.Amount
		want fault.Code
	}{
		{"two currencies", money.New(1, money.IRR), money.New(1, money.USD), fault.CodeUnitMismatch},
		{"two units of one currency", money.New(1, money.IRR), money.New(1, money.IRT), fault.CodeUnitMismatch},
		{"no amount on the right", money.New(1, money.IRR), money.Amount{}, fault.CodeUnitMismatch},
		{"no amount on the left", money.Amount{}, money.New(1, money.IRR), fault.CodeUnitMismatch},
		{"no amounts at all", money.Amount{}, money.Amount{}, fault.CodeUnitUnknown},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := test.a.Add(test.b)
			expect(t, got, err, refuses(test.want))
			got, err = test.a.Sub(test.b)
			expect(t, got, err, refuses(test.want))
			_, err = test.a.Cmp(test.b)
			expectCode(t, err, test.want)
		})
	}
}

func TestNeg(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		amount money.Amount
		want   result
	}{
		{"plus", money.New(5, money.EUR), gives(-5, money.EUR)},
		{"the top", money.New(math.MaxInt64, money.EUR), gives(-math.MaxInt64, money.EUR)},
		{"the bottom", money.New(math.MinInt64, money.EUR), refuses(fault.CodeAmountOverflow)},
		{"no amount", money.Amount{}, refuses(fault.CodeUnitUnknown)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := test.amount.Neg()
			expect(t, got, err, test.want)
		})
	}
}

func TestSum(t *testing.T) {
	t.Parallel()
	top, bottom := money.New(math.MaxInt64, money.RUB), money.New(math.MinInt64, money.RUB)
	one, minus := money.New(1, money.RUB), money.New(-1, money.RUB)
	tests := []struct {
		name    string
		unit    money.Unit
		amounts []money.Amount
		want    result
	}{
		{"nothing", money.RUB, nil, gives(0, money.RUB)},
		{"some", money.RUB, []money.Amount{one, one, minus, one}, gives(2, money.RUB)},
		{"over the top and back", money.RUB, []money.Amount{top, top, one, bottom, bottom}, gives(-1, money.RUB)},
		{"over the top", money.RUB, []money.Amount{one, top}, refuses(fault.CodeAmountOverflow)},
		{"below the bottom", money.RUB, []money.Amount{bottom, minus}, refuses(fault.CodeAmountOverflow)},
		{"another unit", money.RUB, []money.Amount{one, money.New(1, money.KZT)}, refuses(fault.CodeUnitMismatch)},
		{"an unknown unit", "XXX", nil, refuses(fault.CodeUnitUnknown)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := money.Sum(test.unit, test.amounts...)
			expect(t, got, err, test.want)
		})
	}
}

func TestIn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		amount money.Amount
		unit   money.Unit
		want   result
	}{
		{"Rial to Toman", money.New(12345, money.IRR), money.IRT, gives(12345000, money.IRT)},
		{"Toman to Rial", money.New(10000, money.IRT), money.IRR, gives(10, money.IRR)},
		{"a tenth of a Toman", money.New(1000, money.IRT), money.IRR, gives(1, money.IRR)},
		{"a hundredth of a Toman", money.New(100, money.IRT), money.IRR, refuses(fault.CodeUnitInexact)},
		{"negative", money.New(-7, money.IRR), money.IRT, gives(-7000, money.IRT)},
		{"the same unit", money.New(math.MinInt64, money.USD), money.USD, gives(math.MinInt64, money.USD)},
		{"the most", money.New(math.MaxInt64/1000, money.IRR), money.IRT, gives(math.MaxInt64/1000*1000, money.IRT)},
		{"the least", money.New(math.MinInt64/1000, money.IRR), money.IRT, gives(math.MinInt64/1000*1000, money.IRT)},
		{"too much", money.New(math.MaxInt64/1000+1, money.IRR), money.IRT, refuses(fault.CodeAmountOverflow)},
		{"too little", money.New(math.MinInt64/1000-1, money.IRR), money.IRT, refuses(fault.CodeAmountOverflow)},
		{"another currency", money.New(1, money.IRR), money.USD, refuses(fault.CodeUnitMismatch)},
		{"an unknown unit", money.New(1, money.IRR), "XXX", refuses(fault.CodeUnitUnknown)},
		{"no amount", money.Amount{}, money.IRR, refuses(fault.CodeUnitUnknown)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := test.amount.In(test.unit)
			expect(t, got, err, test.want)
		})
	}
}

// Add and Sub undo each other, and agree with arithmetic that has no limit.
func TestAddAndSubAreInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := anyUnit().Draw(t, "unit")
		a, b := money.New(anySteps().Draw(t, "a"), u), money.New(anySteps().Draw(t, "b"), u)
		exact := new(big.Int).Add(big.NewInt(a.Steps()), big.NewInt(b.Steps()))
		sum, err := a.Add(b)
		if !exact.IsInt64() {
			expect(t, sum, err, refuses(fault.CodeAmountOverflow))
			return
		}
		expect(t, sum, err, gives(exact.Int64(), u))
		back, err := sum.Sub(b)
		expect(t, back, err, result{amount: a})
		both, err := money.Sum(u, a, b)
		expect(t, both, err, result{amount: sum})
	})
}

// Subtraction agrees with arithmetic that has no limit, and with the order.
func TestSubAgreesWithCmp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := anyUnit().Draw(t, "unit")
		a, b := money.New(anySteps().Draw(t, "a"), u), money.New(anySteps().Draw(t, "b"), u)
		exact := new(big.Int).Sub(big.NewInt(a.Steps()), big.NewInt(b.Steps()))
		order, err := a.Cmp(b)
		expectCode(t, err, "")
		if order != exact.Sign() {
			t.Fatalf("Cmp = %d, want %d", order, exact.Sign())
		}
		difference, err := a.Sub(b)
		if !exact.IsInt64() {
			expect(t, difference, err, refuses(fault.CodeAmountOverflow))
			return
		}
		expect(t, difference, err, gives(exact.Int64(), u))
	})
}

// Every Rial amount that fits is a Toman amount and comes back as it was.
func TestRialAndToman(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rial := money.New(anySteps().Draw(t, "rial"), money.IRR)
		toman, err := rial.In(money.IRT)
		exact := new(big.Int).Mul(big.NewInt(rial.Steps()), big.NewInt(1000))
		if !exact.IsInt64() {
			expect(t, toman, err, refuses(fault.CodeAmountOverflow))
			return
		}
		expect(t, toman, err, gives(exact.Int64(), money.IRT))
		back, err := toman.In(money.IRR)
		expect(t, back, err, result{amount: rial})
	})
}
