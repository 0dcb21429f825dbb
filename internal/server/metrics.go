package server

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/purserhq/purser/internal/store/sqlstore"
	"github.com/purserhq/purser/internal/worker"
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
	tries    *prometheus.CounterVec
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
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "purser_deliveries_total",
			Help: "Messages to endpoints by how a try ended: taken, refused, no_answer, forbidden.",
		}, []string{"outcome"}),
	}
	for _, f := range worker.Fates {
		m.tries.WithLabelValues(string(f))
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "purser_build_info", Help: "Always 1; its labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.seconds, m.running, m.calls, m.callTime, m.tries, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// handler shows the figures.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
}

// tried counts one try of a delivery.
func (m *metrics) tried(f worker.Fate) { m.tries.WithLabelValues(string(f)).Inc() }

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

// writePath shows what the committer does, and how busy those are who read.
type writePath struct {
	stats func() sqlstore.Stats
	pool  func() sqlstore.Pool
}

var (
	queueDesc = prometheus.NewDesc("purser_commit_queue", "Changes that wait to be written.", nil, nil)
	limitDesc = prometheus.NewDesc("purser_commit_queue_limit",
		"How many changes may wait; more are answered with 503.", nil, nil)
	sizesDesc = prometheus.NewDesc("purser_commit_batch_size", "Changes per transaction.", nil, nil)
	fateDesc  = prometheus.NewDesc("purser_commit_changes_total",
		"Changes by what became of them: committed, rejected (a conflict, a key or a floor) or failed.",
		[]string{"outcome"}, nil)
	retryDesc = prometheus.NewDesc("purser_commit_retries_total", "Transactions that had to be tried again.", nil, nil)
	poolDesc  = prometheus.NewDesc("purser_database_connections", "Connections that read, by state: busy or idle.",
		[]string{"state"}, nil)
	mostDesc  = prometheus.NewDesc("purser_database_connections_limit", "How many connections may read.", nil, nil)
	waitsDesc = prometheus.NewDesc("purser_database_waits_total", "Reads that found all connections busy.", nil, nil)
	waitDesc  = prometheus.NewDesc("purser_database_wait_seconds_total",
		"How long reads waited for a connection, together.", nil, nil)
)

// Describe names the figures.
func (w writePath) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		queueDesc, limitDesc, sizesDesc, fateDesc, retryDesc, poolDesc, mostDesc, waitsDesc, waitDesc,
	} {
		ch <- d
	}
}

// Collect reads them.
func (w writePath) Collect(ch chan<- prometheus.Metric) {
	s := w.stats()
	gauge(ch, queueDesc, int64(s.Queue))
	gauge(ch, limitDesc, int64(s.Limit))
	p := w.pool()
	gauge(ch, poolDesc, int64(p.Busy), "busy")
	gauge(ch, poolDesc, int64(p.Idle), "idle")
	gauge(ch, mostDesc, int64(p.Most))
	counter(ch, waitsDesc, p.Waits)
	ch <- prometheus.MustNewConstMetric(waitDesc, prometheus.CounterValue, p.Waited.Seconds())
	counter(ch, fateDesc, s.Changes-s.Rejected, "committed")
	counter(ch, fateDesc, s.Rejected, "rejected")
	counter(ch, fateDesc, s.Failed, "failed")
	counter(ch, retryDesc, s.Retried)
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

// gauge shows a count that goes up and down.
func gauge(ch chan<- prometheus.Metric, desc *prometheus.Desc, n int64, labels ...string) {
	//nolint:forbidigo // a count for the metrics library, not money
	ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), labels...)
}

// counter shows a count that only goes up.
func counter(ch chan<- prometheus.Metric, desc *prometheus.Desc, n int64, labels ...string) {
	//nolint:forbidigo // a count for the metrics library, not money
	ch <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), labels...)
}
