package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
	"github.com/purserhq/purser/internal/worker"
)

// How the watch goes about it.
const (
	// partTime is about how long one part of the audit takes.
	partTime = 25 * time.Millisecond
	// sampleLimit is how long the counts may take.
	sampleLimit = 10 * time.Second
	// auditStale is after how long without a part the audit stands still.
	auditStale = 15 * time.Minute
)

// lookout knows how much is under way and whether the books agree. Its figures
// are read at intervals and not when somebody asks for them.
type lookout struct {
	read  books
	walk  *sqlstore.Walk
	log   *slog.Logger
	now   func() time.Time
	since time.Time // when it began
	core  *core

	mu    sync.Mutex
	piles map[store.PileName]store.Pile // nil while they cannot be counted
	at    time.Time                     // when they were last counted; zero = never
	told  int                           // of how many wrong findings the log tells
	alarm store.Alarm                   // that stands
	begun int64                         // how many rounds were finished when the first began that may end it
}

func newLookout(k *core) *lookout {
	return &lookout{read: k.store, walk: k.store.Walk(), log: k.log, now: k.now, since: k.now(), core: k}
}

// chores are the loops of the lookout.
func (w *lookout) chores(c Config) []worker.Chore {
	return []worker.Chore{
		{Name: "sample", Pause: c.SampleInterval, AtOnce: true, Do: w.sample},
		{Name: "audit", Pause: c.AuditInterval, AtOnce: true, Do: w.audit},
	}
}

// sample counts what is under way. A database that does not answer leaves the
// figures out rather than old.
func (w *lookout) sample(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sampleLimit)
	defer cancel()
	found, err := w.read.Backlog(ctx, w.now())
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.piles = nil; err != nil {
		return err
	}
	w.piles, w.at = make(map[store.PileName]store.Pile, len(found)), w.now()
	for _, p := range found {
		w.piles[p.Name] = p
	}
	return nil
}

// audit makes one part of the audit, and says in the log what is newly wrong.
func (w *lookout) audit(ctx context.Context) error {
	_, err := w.walk.Part(ctx, partTime)
	proof := w.walk.Proof()
	w.mu.Lock()
	known := w.told
	w.told = len(proof.Wrong)
	w.mu.Unlock()
	if len(proof.Wrong) > known {
		for _, f := range proof.Wrong {
			w.log.ErrorContext(ctx, "the books do not agree", slog.String("check", f.ID), slog.String("must_hold", f.Checks),
				slog.Int64("wrong", f.Wrong), slog.String("example", f.Example))
		}
	}
	return errors.Join(err, w.heed(ctx, proof, len(proof.Wrong) > known))
}

// standing says that the audit makes no progress.
func (w *lookout) standing(p store.Proof) bool {
	last := p.PartAt
	if last.Before(w.since) {
		last = w.since
	}
	return w.now().Sub(last) > auditStale
}

// moneyView is what /healthz/money says: what must hold and does not, never
// whose money it is or how much.
type moneyView struct {
	Status  string   `json:"status"`
	Wrong   []string `json:"wrong,omitempty"`
	Passes  int64    `json:"passes"` // through all of the books, since the start
	Audited string   `json:"audited,omitempty"`
	Halted  bool     `json:"money_halted"` // nothing is done that moves money
}

// money says whether the books agree, as far as the audit has come.
func (s *Server) money(w http.ResponseWriter, _ *http.Request) {
	proof, alarm := s.watch.walk.Proof(), s.watch.standingAlarm()
	view, status := moneyView{Status: "agrees", Passes: proof.Passes, Halted: s.halted.Load()}, http.StatusOK
	if !proof.PassedAt.IsZero() {
		view.Audited = moment(proof.PassedAt)
	}
	switch {
	case !proof.Agrees():
		status, view.Status = http.StatusServiceUnavailable, "the books do not agree"
		for _, f := range proof.Wrong {
			view.Wrong = append(view.Wrong, f.ID+": "+f.Checks)
		}
	case alarm.Raised():
		status, view.Status = http.StatusServiceUnavailable, "a server found that the books do not agree"
		view.Wrong = []string{alarm.ID + ": " + alarm.Checks}
	case s.watch.standing(proof):
		status, view.Status = http.StatusServiceUnavailable, "the audit stands still"
	case proof.Passes == 0:
		view.Status = "nothing wrong was found so far"
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(view) // the caller has gone: nobody is left to tell
}

var (
	attentionDesc = prometheus.NewDesc("purser_attention", "Things that wait for a person.", []string{"noun"}, nil)
	openDesc      = prometheus.NewDesc("purser_open",
		"Things under way: payments at a gateway, refunds on their way, payouts not sent, deals not decided.",
		[]string{"noun"}, nil)
	openAgeDesc = prometheus.NewDesc("purser_open_oldest_seconds",
		"How long the oldest of the things under way has been; 0 when there is none.", []string{"noun"}, nil)
	dueDesc = prometheus.NewDesc("purser_due",
		"Payments, refunds and payouts whose gateway is to be told or asked now, and messages to be sent.",
		[]string{"noun"}, nil)
	dueAgeDesc = prometheus.NewDesc("purser_due_oldest_seconds",
		"How long the longest due of them has been due; 0 when none is. Messages to a receiver that is being tried "+
			"are left out.", []string{"noun"}, nil)
	deadDesc = prometheus.NewDesc("purser_deliveries_dead",
		"Messages to endpoints that were given up and wait to be sent again by somebody.", nil, nil)
	sampledDesc = prometheus.NewDesc("purser_sample_time_seconds",
		"When what is under way was last counted, in seconds since 1970.", nil, nil)
	agreesDesc = prometheus.NewDesc("purser_audit_agrees",
		"1 while the audit beside the work has found nothing wrong, else 0.", nil, nil)
	haltedDesc = prometheus.NewDesc("purser_money_halted",
		"1 while nothing is done that moves money, because the books were proven to be wrong, else 0.",
		nil, nil)
	wrongDesc = prometheus.NewDesc("purser_audit_wrong",
		"Rows that break an invariant, by the id of the check.", []string{"check"}, nil)
	passesDesc = prometheus.NewDesc("purser_audit_passes_total", "Passes of the audit through all of the books.", nil, nil)
	rowsDesc   = prometheus.NewDesc("purser_audit_rows_total", "Rows that the audit has looked at.", nil, nil)
	partDesc   = prometheus.NewDesc("purser_audit_part_time_seconds",
		"When a part of the audit was last finished, in seconds since 1970; 0 before the first.", nil, nil)
	passDesc = prometheus.NewDesc("purser_audit_pass_time_seconds",
		"When a pass was last finished, in seconds since 1970; 0 before the first.", nil, nil)
)

// sampled says which figures show a pile.
var sampled = []struct {
	pile       store.PileName
	count, age *prometheus.Desc
	labels     []string
}{
	{store.StuckPayments, attentionDesc, nil, []string{"payment"}},
	{store.StuckRefunds, attentionDesc, nil, []string{"refund"}},
	{store.StuckPayouts, attentionDesc, nil, []string{"payout"}},
	{store.Disputes, attentionDesc, nil, []string{"deal"}},
	{store.OpenPayments, openDesc, openAgeDesc, []string{"payment"}},
	{store.OpenRefunds, openDesc, openAgeDesc, []string{"refund"}},
	{store.OpenPayouts, openDesc, openAgeDesc, []string{"payout"}},
	{store.OpenDeals, openDesc, openAgeDesc, []string{"deal"}},
	{store.DuePayments, dueDesc, dueAgeDesc, []string{"payment"}},
	{store.DueRefunds, dueDesc, dueAgeDesc, []string{"refund"}},
	{store.DuePayouts, dueDesc, dueAgeDesc, []string{"payout"}},
	{store.DueDeliveries, dueDesc, dueAgeDesc, []string{"delivery"}},
	{store.DeadDeliveries, deadDesc, nil, nil},
}

// Describe names the figures.
func (w *lookout) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		attentionDesc, openDesc, openAgeDesc, dueDesc, dueAgeDesc, deadDesc, sampledDesc,
		agreesDesc, haltedDesc, wrongDesc, passesDesc, rowsDesc, partDesc, passDesc,
	} {
		ch <- d
	}
}

// Collect shows what was last read.
func (w *lookout) Collect(ch chan<- prometheus.Metric) {
	w.mu.Lock()
	piles, at := w.piles, w.at
	w.mu.Unlock()
	for _, s := range sampled {
		p, ok := piles[s.pile]
		if !ok {
			continue
		}
		gauge(ch, s.count, p.Count, s.labels...)
		if s.age == nil {
			continue
		}
		var age time.Duration
		if !p.Oldest.IsZero() {
			age = max(0, w.now().Sub(p.Oldest))
		}
		gauge(ch, s.age, int64(age/time.Second), s.labels...)
	}
	gauge(ch, sampledDesc, unix(at))
	proof := w.walk.Proof()
	wrong := map[string]int64{"I1": 0, "I2": 0, "I4": 0, "I5": 0, "P4": 0}
	for _, f := range proof.Wrong {
		wrong[f.ID] += f.Wrong
	}
	for id, n := range wrong {
		gauge(ch, wrongDesc, n, id)
	}
	var agrees int64
	if proof.Agrees() && !w.standingAlarm().Raised() {
		agrees = 1
	}
	gauge(ch, agreesDesc, agrees)
	var halted int64
	if w.core.halted.Load() {
		halted = 1
	}
	gauge(ch, haltedDesc, halted)
	counter(ch, passesDesc, proof.Passes)
	counter(ch, rowsDesc, proof.Rows)
	gauge(ch, partDesc, unix(proof.PartAt))
	gauge(ch, passDesc, unix(proof.PassedAt))
}

// unix is a moment in seconds since 1970; none is 0.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// gatewayHealth shows how the contracts with providers are doing.
type gatewayHealth struct{ gateways *directory }

var healthDesc = prometheus.NewDesc("purser_gateway_contracts",
	"Contracts that this server has used, by health: well, or ill while calls have been failing.",
	[]string{"connector", "health"}, nil)

// Describe names the figure.
func (gatewayHealth) Describe(ch chan<- *prometheus.Desc) { ch <- healthDesc }

// Collect counts.
func (g gatewayHealth) Collect(ch chan<- prometheus.Metric) {
	well, ill := g.gateways.health()
	for name, n := range well {
		gauge(ch, healthDesc, int64(n), name, "well")
		gauge(ch, healthDesc, int64(ill[name]), name, "ill")
	}
}
