package server

import (
	"context"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// metrics are the figures of one server. Their labels are names that we chose
// ourselves; nothing of a merchant or a payer is among them.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	running  prometheus.Gauge
	calls    *prometheus.CounterVec
	callTime *prometheus.HistogramVec
}

// latencies are the borders of the histograms in seconds: from a read in
// memory to a gateway that takes its time.
//
//nolint:forbidigo // seconds, not money
var latencies = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "purser_requests_total", Help: "Requests answered.",
		}, []string{"dialect", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "purser_request_seconds", Help: "Time from a request to its answer.", Buckets: latencies,
		}, []string{"dialect", "route"}),
		running: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "purser_requests_running", Help: "Requests that are being answered now.",
		}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "purser_gateway_calls_total", Help: "Calls to gateways by how they ended: ok, refused, failed, lost.",
		}, []string{"connector", "outcome"}),
		callTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "purser_gateway_call_seconds", Help: "Time until a gateway answered or was given up.", Buckets: latencies,
		}, []string{"connector"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "purser_build_info", Help: "Always 1; its labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.seconds, m.running, m.calls, m.callTime, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// handler shows the figures.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// answered counts one request.
func (m *metrics) answered(dialect, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(dialect, route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(dialect, route).Observe(took.Seconds())
}

// meteredTransport counts the calls of one connector to its provider.
type meteredTransport struct {
	connector string
	next      http.RoundTripper
	metrics   *metrics
	now       func() time.Time
}

// RoundTrip makes the call and counts it.
func (t meteredTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	begin := t.now()
	response, err := t.next.RoundTrip(r)
	outcome := "lost"
	if err == nil {
		switch status := response.StatusCode; {
		case status < http.StatusMultipleChoices:
			outcome = "ok"
		case status >= http.StatusBadRequest && status < http.StatusInternalServerError:
			outcome = "refused"
		default:
			outcome = "failed"
		}
	}
	t.metrics.calls.WithLabelValues(t.connector, outcome).Inc()
	t.metrics.callTime.WithLabelValues(t.connector).Observe(t.now().Sub(begin).Seconds())
	return response, err
}

// writePath shows what the committer does.
type writePath struct{ stats func() sqlstore.Stats }

var (
	queueDesc = prometheus.NewDesc("purser_commit_queue", "Changes that wait to be written.", nil, nil)
	sizesDesc = prometheus.NewDesc("purser_commit_batch_size", "Changes per transaction.", nil, nil)
	fateDesc  = prometheus.NewDesc("purser_commit_changes_total",
		"Changes by what became of them: committed, rejected (a conflict, a key or a floor) or failed.",
		[]string{"outcome"}, nil)
	retryDesc = prometheus.NewDesc("purser_commit_retries_total", "Transactions that had to be tried again.", nil, nil)
)

// Describe names the figures.
func (w writePath) Describe(ch chan<- *prometheus.Desc) {
	ch <- queueDesc
	ch <- sizesDesc
	ch <- fateDesc
	ch <- retryDesc
}

// Collect reads them.
func (w writePath) Collect(ch chan<- prometheus.Metric) {
	s := w.stats()
	count := func(desc *prometheus.Desc, kind prometheus.ValueType, n int64, labels ...string) {
		//nolint:forbidigo // a count for the metrics library, not money
		ch <- prometheus.MustNewConstMetric(desc, kind, float64(n), labels...)
	}
	count(queueDesc, prometheus.GaugeValue, int64(s.Queue))
	count(fateDesc, prometheus.CounterValue, s.Changes-s.Rejected, "committed")
	count(fateDesc, prometheus.CounterValue, s.Rejected, "rejected")
	count(fateDesc, prometheus.CounterValue, s.Failed, "failed")
	count(retryDesc, prometheus.CounterValue, s.Retried)
	//nolint:forbidigo // sizes of batches, not money
	buckets := make(map[float64]uint64, len(s.Sizes))
	var below uint64
	for i, n := range s.Sizes[:len(s.Sizes)-1] {
		below += uint64(max(n, 0))
		//nolint:forbidigo // sizes of batches, not money
		buckets[float64(int64(1)<<i)] = below
	}
	//nolint:forbidigo // sizes of batches, not money
	ch <- prometheus.MustNewConstHistogram(sizesDesc, uint64(max(s.Batches, 0)), float64(s.Changes), buckets)
}

// attentionAge is how long the list of what waits for a person is not read
// again, however often the figures are asked for.
const attentionAge = 10 * time.Second

// attention shows how many things wait for a person. It never says which.
type attention struct {
	read func(ctx context.Context) ([]store.Waiting, error)
	now  func() time.Time

	mu    *sync.Mutex
	last  *attentionCount
	limit time.Duration
}

// attentionCount is the last reading.
type attentionCount struct {
	by map[string]int
	at time.Time
}

var attentionDesc = prometheus.NewDesc("purser_attention", "Things that wait for a person.", []string{"noun"}, nil)

func newAttention(read func(ctx context.Context) ([]store.Waiting, error), now func() time.Time) attention {
	return attention{read: read, now: now, mu: &sync.Mutex{}, last: &attentionCount{}, limit: 5 * time.Second}
}

// Describe names the figure.
func (a attention) Describe(ch chan<- *prometheus.Desc) { ch <- attentionDesc }

// Collect reads it. A database that does not answer leaves the figure out.
func (a attention) Collect(ch chan<- prometheus.Metric) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last.at.IsZero() || a.now().Sub(a.last.at) > attentionAge {
		ctx, cancel := context.WithTimeout(context.Background(), a.limit)
		defer cancel()
		waiting, err := a.read(ctx)
		if err != nil {
			return
		}
		*a.last = attentionCount{by: map[string]int{"payment": 0, "refund": 0}, at: a.now()}
		for _, w := range waiting {
			a.last.by[string(w.Noun)]++
		}
	}
	for noun, n := range a.last.by {
		//nolint:forbidigo // a count for the metrics library, not money
		ch <- prometheus.MustNewConstMetric(attentionDesc, prometheus.GaugeValue, float64(n), noun)
	}
}
