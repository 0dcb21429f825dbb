package server

import (
	"log/slog"
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// sorts are the requests of one listener by method and route, with what the log and
// the figures say of all of a sort. There are as many as there are routes, and to
// look one up takes no lock.
type sorts struct {
	dialectOf func(pattern string) string
	log       slog.Handler

	mu    sync.Mutex // of those who add one
	known atomic.Pointer[map[sortKey]*sort]
}

type sortKey struct{ method, pattern string }

// sort is the requests with one method and one route.
type sort struct {
	method, dialect, route string
	log                    slog.Handler // which has them already

	mu     sync.Mutex // of those who add a status
	counts atomic.Pointer[map[int]counted]
}

// counted are the figures of one sort with one status.
type counted struct {
	requests prometheus.Counter
	seconds  prometheus.Observer
}

func newSorts(log *slog.Logger, dialectOf func(pattern string) string) *sorts {
	s := &sorts{dialectOf: dialectOf, log: log.Handler()}
	s.known.Store(&map[sortKey]*sort{})
	return s
}

// of finds the sort of a request. The method is one of those that have a name.
func (s *sorts) of(method, pattern string) *sort {
	return remembered(&s.mu, &s.known, sortKey{method, pattern}, func() *sort {
		one := &sort{method: method, dialect: s.dialectOf(pattern), route: routeOf(pattern)}
		one.log = s.log.WithAttrs([]slog.Attr{
			slog.String("method", one.method), slog.String("dialect", one.dialect), slog.String("route", one.route),
		})
		one.counts.Store(&map[int]counted{})
		return one
	})
}

// count counts one request.
func (s *sort) count(m *metrics, status int, took time.Duration) {
	c := remembered(&s.mu, &s.counts, status, func() counted {
		return counted{
			m.requests.WithLabelValues(s.dialect, s.route, strconv.Itoa(status)),
			m.seconds.WithLabelValues(s.dialect, s.route),
		}
	})
	c.requests.Inc()
	c.seconds.Observe(took.Seconds())
}

// remembered gives what is known under a key, or makes it. A map is never changed:
// one with more in it takes its place.
func remembered[K comparable, V any](mu *sync.Mutex, known *atomic.Pointer[map[K]V], key K, build func() V) V {
	if v, ok := (*known.Load())[key]; ok {
		return v
	}
	mu.Lock()
	defer mu.Unlock()
	old := *known.Load()
	if v, ok := old[key]; ok {
		return v
	}
	v, more := build(), maps.Clone(old)
	more[key] = v
	known.Store(&more)
	return v
}
