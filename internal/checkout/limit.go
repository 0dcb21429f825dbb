package checkout

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxAddresses bounds the memory of a limiter; one that is full starts anew.
const maxAddresses = 20_000

// limiter counts the requests of each network address.
type limiter struct {
	mu      sync.Mutex
	every   rate.Limit
	burst   int
	now     func() time.Time
	buckets map[netip.Prefix]*rate.Limiter
}

func newLimiter(every rate.Limit, burst int, now func() time.Time) *limiter {
	return &limiter{every: every, burst: burst, now: now, buckets: map[netip.Prefix]*rate.Limiter{}}
}

// allow counts one request. The address is that of the connection: whoever
// runs behind a proxy rewrites RemoteAddr, because a header proves nothing.
func (l *limiter) allow(r *http.Request) bool {
	network := networkOf(r.RemoteAddr)
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.buckets[network]
	if bucket == nil {
		if len(l.buckets) >= maxAddresses {
			clear(l.buckets)
		}
		bucket = rate.NewLimiter(l.every, l.burst)
		l.buckets[network] = bucket
	}
	return bucket.AllowN(l.now(), 1)
}

// networkOf is the address, or the /64 that one subscriber of IPv6 has.
func networkOf(remote string) netip.Prefix {
	from, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	address, bits := from.Addr().Unmap().WithZone(""), 32
	if address.Is6() {
		bits = 64
	}
	network, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}
