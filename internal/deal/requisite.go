package deal

import (
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// Requisite is one account of a trader to which payers can send money.
type Requisite struct {
	ID       string
	Merchant string
	Version  int64 // the version that was read; 0 = not stored yet
	Trader   string
	Option   string // the way that it is reached, such as "SBP"
	Method   string // the bank, such as "sberbank"
	Number   string // a card, a telephone, an account
	Holder   string

	Least, Most money.Amount  // of one deal, in the unit that it takes
	DaySum      money.Amount  // of all deals that begin on one day, but those canceled on it; not valid = no limit
	DayCount    int           // of such deals; 0 = no limit
	From, Until time.Duration // the time of day, in UTC, at which deals may begin; equal = at any time
	Disabled    bool

	Day   time.Time    // the day of the next two, which is midnight in UTC
	Sum   money.Amount // of the deals that began on it; not valid = none did
	Count int

	UsedAt    time.Time // when the last deal began
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Offer is a way and a bank on which payers can send money, whether or not a
// requisite there is free at this moment.
type Offer struct {
	Option, Method string
	Least, Most    money.Amount // the least that one of its requisites takes, and the most
}

// Check is nil when deals can begin on it. Errors: parameter_missing,
// amount_invalid, unit_mismatch.
func (q Requisite) Check() error {
	for name, text := range map[string]string{
		"trader": q.Trader, "option": q.Option, "method": q.Method, "requisites": q.Number,
	} {
		if text == "" {
			return fault.New(fault.CodeParameterMissing, name, "")
		}
	}
	over, err := q.Least.Cmp(q.Most)
	if err != nil {
		return err
	}
	if q.Least.Sign() <= 0 {
		return fault.New(fault.CodeAmountInvalid, "least", "It has to be above zero.")
	}
	if over > 0 {
		return fault.New(fault.CodeAmountInvalid, "most", "It has to be at least what least is.")
	}
	if q.DaySum.Valid() && q.DaySum.Unit() != q.Least.Unit() {
		return fault.New(fault.CodeUnitMismatch, "day_sum", "")
	}
	return nil
}

// Place is where the money of its payers arrives. Of two requisites in use that have
// the same nobody could say which deal money is for. It is empty where its number is
// none yet: each deal gets a code of its own.
func (q Requisite) Place() string { return place(q.Least.Unit(), q.Option, q.Method, q.Number) }

// Place is where its payer sends the money, as Requisite.Place writes it.
func (d Deal) Place() string { return place(d.Amount.Unit(), d.Option, d.Method, d.Number) }

// written is what a number may be written with or without.
const written = " -().+"

func place(unit money.Unit, option, method, number string) string {
	switch address := webAddress(number); {
	case address != "": // its letters are what they are
	case byCode(option):
		return ""
	default:
		number = strings.ToLower(strings.Map(func(c rune) rune {
			if strings.ContainsRune(written, c) {
				return -1
			}
			return c
		}, number))
	}
	return strings.Join([]string{string(unit), option, method, number}, "/")
}

// Takes says that a deal of the amount may begin on it now, as far as its own
// limits go.
func (q Requisite) Takes(amount money.Amount, now time.Time) bool {
	if q.Disabled || amount.Unit() != q.Least.Unit() || !q.awake(now) {
		return false
	}
	if amount.Steps() < q.Least.Steps() || amount.Steps() > q.Most.Steps() {
		return false
	}
	q = q.today(now)
	if q.DayCount > 0 && q.Count >= q.DayCount {
		return false
	}
	if !q.DaySum.Valid() {
		return true
	}
	sum, err := q.Sum.Add(amount)
	return err == nil && sum.Steps() <= q.DaySum.Steps()
}

// awake says that it is the time of day for it. A span may pass midnight.
func (q Requisite) awake(now time.Time) bool {
	if q.From == q.Until {
		return true
	}
	at := now.UTC().Sub(dayOf(now))
	if q.From < q.Until {
		return at >= q.From && at < q.Until
	}
	return at >= q.From || at < q.Until
}

func dayOf(now time.Time) time.Time { return now.UTC().Truncate(24 * time.Hour) }

// today is the requisite with what was used of it today.
func (q Requisite) today(now time.Time) Requisite {
	if day := dayOf(now); !day.Equal(q.Day) {
		q.Day, q.Sum, q.Count = day, money.Zero(q.Least.Unit()), 0
	}
	return q
}

// Use counts a deal that begins.
func (q Requisite) Use(amount money.Amount, now time.Time) (Requisite, error) {
	q = q.today(now)
	var err error
	q.Sum, err = q.Sum.Add(amount)
	q.Count++
	q.UsedAt, q.UpdatedAt = now, now
	return q, err
}

// Unuse takes a deal out of the count of its day: no money came for it.
func (q Requisite) Unuse(d Deal, now time.Time) Requisite {
	q.UpdatedAt = now
	if !dayOf(d.CreatedAt).Equal(q.Day) || q.Count == 0 {
		return q
	}
	if sum, err := q.Sum.Sub(d.Amount); err == nil && sum.Sign() >= 0 {
		q.Sum, q.Count = sum, q.Count-1
	}
	return q
}

// Wish is what a new deal is looked for.
type Wish struct {
	Amount money.Amount
	Most   money.Amount // the sum may be raised up to it, so that it is the only one of its kind; not valid = it may not
	Step   money.Amount // by so much at a time; not valid = by the smallest step
	Option string       // empty = any
	Method string       // empty = any
	Now    time.Time
}

// mostRaises bounds how often a sum is raised.
const mostRaises = 1000

// Pick chooses a requisite and the sum for a new deal: the first that takes it
// and has no live deal for exactly the same sum, so that money which comes names
// its deal. Where every one has, the sum is raised by the fewest steps, if it
// may be. live are the live deals of the requisites.
func Pick(among []Requisite, live []Deal, w Wish) (q Requisite, sum money.Amount, ok bool) {
	taken := make(map[string][]int64, len(among))
	for _, d := range live {
		if d.Live() {
			taken[d.Requisite] = append(taken[d.Requisite], d.Amount.Steps())
		}
	}
	step, last := int64(1), w.Amount.Steps()
	if w.Step.Valid() && w.Step.Sign() > 0 {
		step = w.Step.Steps()
	}
	if w.Most.Valid() && w.Most.Unit() == w.Amount.Unit() {
		last = w.Most.Steps()
	}
	for n := int64(0); n < mostRaises; n++ {
		steps := w.Amount.Steps() + n*step
		if steps > last {
			break
		}
		sum = money.New(steps, w.Amount.Unit())
		for _, q := range among {
			if q.offers(w) && q.Takes(sum, w.Now) && !slices.Contains(taken[q.ID], steps) {
				return q, sum, true
			}
		}
	}
	return Requisite{}, money.Amount{}, false
}

// offers says that it is of the way and the bank that are wished.
func (q Requisite) offers(w Wish) bool {
	return (w.Option == "" || w.Option == q.Option) && (w.Method == "" || w.Method == q.Method)
}
