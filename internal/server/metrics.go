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

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
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

// answered counts one request.
func (m *metrics) answered(dialect, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(dialect, route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(dialect, route).Observe(took.Seconds())
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

// openAge is how long the lists of open things are not read again, however
// often the figures are asked for, and openMost how many are counted.
const (
	openAge  = 10 * time.Second
	openMost = 1000
)

// openReader is what is asked for the figures.
type openReader interface {
	Attention(ctx context.Context) ([]store.Waiting, error)
	DuePayments(ctx context.Context, now time.Time, limit int) ([]payment.Payment, error)
	DueRefunds(ctx context.Context, now time.Time, limit int) ([]refund.Refund, error)
	DueDeliveries(ctx context.Context, now time.Time, perQueue, limit int) ([]event.Delivery, error)
}

// openThings shows how much waits for a person, how much for a gateway's word,
// and how long for an endpoint. It never says what.
type openThings struct {
	read openReader
	now  func() time.Time

	mu     sync.Mutex
	people map[string]int
	due    map[string]int
	oldest time.Time // since when the longest due delivery is due; zero = none is
	readAt time.Time
}

var (
	attentionDesc = prometheus.NewDesc("purser_attention", "Things that wait for a person.", []string{"noun"}, nil)
	dueDesc       = prometheus.NewDesc("purser_due",
		"Things whose outcome is not known and whose gateway is to be asked now; at most 1000 are counted.",
		[]string{"noun"}, nil)
	oldestDesc = prometheus.NewDesc("purser_delivery_oldest_seconds",
		"How long the longest due message to an endpoint has been due; 0 when none is.", nil, nil)
)

// Describe names the figures.
func (o *openThings) Describe(ch chan<- *prometheus.Desc) {
	ch <- attentionDesc
	ch <- dueDesc
	ch <- oldestDesc
}

// Collect reads them. A database that does not answer leaves them out.
func (o *openThings) Collect(ch chan<- prometheus.Metric) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.readAt.IsZero() || o.now().Sub(o.readAt) > openAge {
		if err := o.refresh(); err != nil {
			return
		}
	}
	for desc, counts := range map[*prometheus.Desc]map[string]int{attentionDesc: o.people, dueDesc: o.due} {
		for noun, n := range counts {
			//nolint:forbidigo // a count for the metrics library, not money
			ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), noun)
		}
	}
	var age time.Duration
	if !o.oldest.IsZero() {
		age = max(0, o.now().Sub(o.oldest))
	}
	ch <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, age.Seconds())
}

func (o *openThings) refresh() error {
	const patience = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	waiting, err := o.read.Attention(ctx)
	if err != nil {
		return err
	}
	payments, err := o.read.DuePayments(ctx, o.now(), openMost)
	if err != nil {
		return err
	}
	refunds, err := o.read.DueRefunds(ctx, o.now(), openMost)
	if err != nil {
		return err
	}
	deliveries, err := o.read.DueDeliveries(ctx, o.now(), 1, 1)
	if err != nil {
		return err
	}
	o.oldest = time.Time{}
	for _, d := range deliveries {
		o.oldest = d.RunAt
	}
	o.readAt = o.now()
	o.due = map[string]int{"payment": len(payments), "refund": len(refunds)}
	o.people = map[string]int{"payment": 0, "refund": 0}
	for _, w := range waiting {
		o.people[string(w.Noun)]++
	}
	return nil
}
