package api

import (
	"sync"
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
	if fault.Is(err, fault.CodeScopeMissing) {
		err = fault.Newf(fault.CodeScopeMissing, "", "It takes a key with the scope %s.", keys.Scope)
	}
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
// with the key is said by admit, of a body that has the usual size. Who may waits
// outside while there are as many as the memory is for. Error: rate_limited, with
// the time to wait.
func (d *desk) enter(r *dialect.Request) error {
	if r.Route.MaxBody <= dialect.MaxBody {
		return nil
	}
	who := d.known(r)
	if who == "" {
		r.Route.MaxBody = dialect.MaxBody
		return nil
	}
	size := r.ContentLength
	if size < 0 || size > r.Route.MaxBody {
		size = r.Route.MaxBody // nobody knows, or more is never read
	}
	if size <= dialect.MaxBody {
		return nil
	}
	leave, ok := d.lobby.enter(who, size)
	if !ok {
		return &dialect.Later{
			Fault: fault.New(fault.CodeRateLimited, "", "Too many large bodies are being read. Send it again later."),
			Wait:  lobbyPause,
		}
	}
	r.Leave = leave
	return nil
}

// known is the merchant of a call that may be made; empty = it may not.
func (d *desk) known(r *dialect.Request) string {
	early := *r
	keys := dialect.Keys{Keys: d.App, Scope: d.scopes[r.Route.Name()]}
	if keys.Admit(&early) != nil {
		return ""
	}
	return early.Merchant
}

// The bytes of large bodies that are read and worked on at one time, from all
// callers and from those of one merchant; every one takes several times as much of
// the memory. And how long whoever does not fit is told to wait.
const (
	lobbyAll   = 42 << 20
	lobbyEach  = 28 << 20
	lobbyPause = 5 * time.Second
)

// lobby is where those are counted who take much of what there is for all. Its zero
// value has no room.
type lobby struct {
	most, each int64 // for all and for one merchant

	mu  sync.Mutex
	all int64
	of  map[string]int64 // by merchant
}

// enter takes room of some size; leave gives it back.
func (l *lobby) enter(merchantID string, size int64) (leave func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all+size > l.most || l.of[merchantID]+size > l.each {
		return nil, false
	}
	if l.of == nil {
		l.of = map[string]int64{}
	}
	l.all += size
	l.of[merchantID] += size
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.all -= size
		if l.of[merchantID] -= size; l.of[merchantID] == 0 {
			delete(l.of, merchantID)
		}
	}, true
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
