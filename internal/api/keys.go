package api

import (
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

// The limits of calls: so many at once, and one more after every pause.
const (
	keyBurst     = 200
	keyPause     = 10 * time.Millisecond
	addressBurst = 60
	addressPause = time.Second
	budgetsKept  = 10_000
)

// budgets are what callers may spend: keys on calls, and addresses on calls
// without a good key.
type budgets struct{ keys, addresses *dialect.Limiter }

func newBudgets() budgets {
	return budgets{
		keys:      dialect.NewLimiter(keyPause, keyBurst, budgetsKept),
		addresses: dialect.NewLimiter(addressPause, addressBurst, budgetsKept),
	}
}

// admit learns whose key a call carries, and whether it may make the call. Who
// knocks too often without a good key is told to wait before the key is looked
// at. Errors: key_missing, key_invalid, scope_missing, rate_limited.
func (d *desk) admit(r *dialect.Request) error {
	keys := dialect.Keys{Keys: d.App, Scope: d.scopes[r.Route.Name()]}
	err := keys.Admit(r)
	r.Request = r.WithContext(app.AsKey(r.Context(), r.Key.ID))
	switch {
	case r.Merchant != "":
		if late := d.spend(d.budgets.keys, r.Key.ID); late != nil {
			return late
		}
	case r.Route.Access == dialect.Anyone, fault.KindOf(err) == fault.Unauthenticated:
		if late := d.spend(d.budgets.addresses, dialect.ClientAddress(r.Request)); late != nil {
			return late
		}
	}
	return err
}

// enter lets nobody send a large body who may not make the call: what is wrong
// with the key is said by admit, of a body that has the usual size.
func (d *desk) enter(r *dialect.Request) error {
	if r.Route.MaxBody <= dialect.MaxBody {
		return nil
	}
	early := *r
	keys := dialect.Keys{Keys: d.App, Scope: d.scopes[r.Route.Name()]}
	if err := keys.Admit(&early); err != nil {
		r.Route.MaxBody = dialect.MaxBody
	}
	return nil
}

// spend takes one call from a budget. Error: rate_limited, with the time to wait.
func (d *desk) spend(of *dialect.Limiter, who string) error {
	if d.Unlimited {
		return nil
	}
	if wait, ok := of.Allow(d.Now(), who); !ok {
		return &dialect.Later{Fault: fault.New(fault.CodeRateLimited, "", ""), Wait: wait}
	}
	return nil
}
