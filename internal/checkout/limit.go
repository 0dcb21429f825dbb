package checkout

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/purserhq/purser/internal/wallet"
)

// maxAddresses bounds the memory of a limiter; one that is full starts anew.
const maxAddresses = 20_000

// limiter counts the requests of each network address, or about each of other
// things.
type limiter struct {
	mu      sync.Mutex
	every   rate.Limit
	burst   int
	now     func() time.Time
	buckets map[string]*rate.Limiter
}

func newLimiter(every rate.Limit, burst int, now func() time.Time) *limiter {
	return &limiter{every: every, burst: burst, now: now, buckets: map[string]*rate.Limiter{}}
}

// allow counts one request. The address is that of the connection: whoever
// runs behind a proxy rewrites RemoteAddr, because a header proves nothing.
func (l *limiter) allow(r *http.Request) bool { return l.allowKey(networkOf(r.RemoteAddr).String()) }

// allowKey counts one request about something else.
func (l *limiter) allowKey(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket := l.buckets[key]
	if bucket == nil {
		if len(l.buckets) >= maxAddresses {
			clear(l.buckets)
		}
		bucket = rate.NewLimiter(l.every, l.burst)
		l.buckets[key] = bucket
	}
	return bucket.AllowN(l.now(), 1)
}

// networkOf is the address, or the /64 that one subscriber of IPv6 has.
func networkOf(remote string) netip.Prefix {
	from, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	return wallet.NetworkOf(from.Addr())
}

// The forms with files that are read at the same time, in all and from one
// network: each takes as much memory as its file.
const (
	uploadsAll  = 24
	uploadsEach = 6
)

// slots are places for what takes long: so many in all, and so many for each
// network address.
type slots struct {
	mu        sync.Mutex
	all, each int
	taken     int
	by        map[netip.Prefix]int
}

func newSlots(all, each int) *slots { return &slots{all: all, each: each, by: map[netip.Prefix]int{}} }

// take takes a place, which is given back with leave; ok says that there was one.
func (s *slots) take(r *http.Request) (leave func(), ok bool) {
	network := networkOf(r.RemoteAddr)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken >= s.all || s.by[network] >= s.each {
		return nil, false
	}
	s.taken++
	s.by[network]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.taken--
		if s.by[network]--; s.by[network] == 0 {
			delete(s.by, network)
		}
	}, true
}
