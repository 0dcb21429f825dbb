package dialect

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter slows callers of public routes down, one budget per key. What it
// remembers is bounded: two generations of at most size keys each, so a flood
// of new keys pushes out the ones that were idle longest.
type Limiter struct {
	every time.Duration
	burst int
	size  int
	mu    sync.Mutex
	young map[string]*rate.Limiter
	old   map[string]*rate.Limiter
}

// NewLimiter allows burst calls at once and one more after every pause. It
// remembers at least the last size keys.
func NewLimiter(every time.Duration, burst, size int) *Limiter {
	return &Limiter{every: every, burst: burst, size: size, young: map[string]*rate.Limiter{}}
}

// Allow takes one call from the key's budget, or says how long to wait.
func (l *Limiter) Allow(now time.Time, key string) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	budget := l.young[key]
	if budget == nil {
		if budget = l.old[key]; budget == nil {
			budget = rate.NewLimiter(rate.Every(l.every), l.burst)
		}
		if len(l.young) >= l.size {
			l.old, l.young = l.young, make(map[string]*rate.Limiter, l.size)
		}
		l.young[key] = budget
	}
	if budget.AllowN(now, 1) {
		return 0, true
	}
	reservation := budget.ReserveN(now, 1)
	wait = reservation.DelayFrom(now)
	reservation.CancelAt(now)
	return wait, false
}

// CallerAddress is where a call came from, as far as the connection itself
// tells: forwarded headers are anybody's to write. It is not valid where the
// connection has no address, such as a pipe.
func CallerAddress(r *http.Request) netip.Addr {
	address, err := netip.ParseAddr(callerHost(r))
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap().WithZone("")
}

// callerHost is the other end of the connection, without its port.
func callerHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// ClientAddress is CallerAddress as a name for one caller: a whole /64 of IPv6
// is one.
func ClientAddress(r *http.Request) string {
	address := CallerAddress(r)
	if !address.IsValid() {
		return callerHost(r)
	}
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.Addr().String()
		}
	}
	return address.String()
}
