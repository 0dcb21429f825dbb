package dialect

import (
	"cmp"
	"time"

	"github.com/purserhq/purser/internal/fault"
)

// budgetsKept is how many credentials a budget remembers at least.
const budgetsKept = 10_000

// Budget is how many calls each credential may make: so many a second, and as
// many as two seconds bring at once. A nil one is without end.
type Budget struct {
	calls *Limiter
	now   func() time.Time
}

// NewBudget lets every credential make so many calls a second; none limits nobody.
func NewBudget(perSecond int, now func() time.Time) *Budget {
	if perSecond <= 0 {
		return nil
	}
	return &Budget{NewLimiter(time.Second/time.Duration(perSecond), 2*perSecond, budgetsKept), now}
}

// Spend takes one call from a credential's budget. Error: rate_limited, with the
// time to wait.
func (b *Budget) Spend(who string) error {
	if b == nil {
		return nil
	}
	if wait, ok := b.calls.Allow(b.now(), who); !ok {
		return &Later{Fault: fault.New(fault.CodeRateLimited, "", ""), Wait: wait}
	}
	return nil
}

// What one address may send with no good credential: so many at once, and one more after
// every pause.
const (
	strangerBurst = 60
	strangerPause = time.Second
)

// Limit takes every call of a dialect whose caller has shown a good credential from
// the budget of that one: a key, a user of tokens, or the merchant where neither is
// known. Calls with none that is good are taken from their address's, and so are those
// that need none, from a budget like a key's.
func (d *Dialect) Limit(b *Budget) {
	admit := d.Admit
	if b == nil || admit == nil {
		return
	}
	strangers := NewLimiter(strangerPause, strangerBurst, budgetsKept)
	d.Admit = func(r *Request) error {
		err := admit(r)
		if fault.KindOf(err) == fault.Unauthenticated {
			if wait, ok := strangers.Allow(b.now(), ClientAddress(r.Request)); !ok {
				return &Later{Fault: fault.New(fault.CodeRateLimited, "", ""), Wait: wait}
			}
		}
		if err != nil {
			return err
		}
		if r.Merchant == "" { // the route needs no key
			return b.Spend("at " + ClientAddress(r.Request))
		}
		return b.Spend(cmp.Or(r.Key.ID, r.Caller, r.Merchant))
	}
}
