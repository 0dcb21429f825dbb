package worker

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
)

// Postbox is where the courier finds deliveries and says what came of them.
type Postbox interface {
	DueDeliveries(ctx context.Context, perQueue, limit int) ([]event.Delivery, error)
	TakeDelivery(ctx context.Context, d event.Delivery) (m app.Message, mine bool, err error)
	RecordDelivery(ctx context.Context, m app.Message, o event.Outcome) error
	// Due says that something new may be due.
	Due() <-chan struct{}
}

// Fate says in one word what came of a try.
type Fate string

// The fates of a try.
const (
	Taken     Fate = "taken"
	Refused   Fate = "refused"   // the receiver answered, and not with a 2xx
	NoAnswer  Fate = "no_answer" // it could not be reached, or was too slow
	Forbidden Fate = "forbidden" // nothing was sent: the address is not for us to call
)

// Fates are all of them.
var Fates = []Fate{Taken, Refused, NoAnswer, Forbidden}

// CourierConfig is what a Courier is built from. Post, Log, Now and Client are
// needed.
type CourierConfig struct {
	Post   Postbox
	Log    *slog.Logger
	Now    func() time.Time
	Client *http.Client // from NewSender, or one that a test brings
	// Tried is told of every try; nil tells nobody.
	Tried func(Fate)
	// Look is how often it looks without being told; zero takes a second.
	Look time.Duration
	// PerQueue and AtOnce bound the messages that are being sent at one moment,
	// to one receiver and in all; zero takes 4 and 512. A receiver whose last
	// message was not taken gets one place only, and all such receivers together
	// leave a quarter of the places to the others.
	PerQueue, AtOnce int
}

// Courier sends deliveries. Those of different queues never wait for each other.
type Courier struct {
	config CourierConfig
	mu     sync.Mutex
	queues map[string]*queue
	held   map[string]struct{} // ids of the messages under way
	doubt  int                 // how many of them go to receivers that are not trusted
	free   chan struct{}       // says that a place became free that somebody waits for
	wanted bool                // something was due and got no place
	under  sync.WaitGroup
}

// queue is what is known about one receiver.
type queue struct {
	busy    int       // messages under way
	trusted bool      // the last one was taken
	rest    time.Time // nothing is tried before
}

// doubt is how many messages are under way to a receiver that is not trusted.
func (q *queue) doubt() int {
	if q.trusted {
		return 0
	}
	return q.busy
}

const (
	// ownTrouble is how long a queue rests after a mistake or an outage on our side.
	ownTrouble = 10 * time.Second
	// shortest is the least time between two looks, however much is going on.
	shortest = 5 * time.Millisecond
	// maxQueues bounds what is remembered about receivers.
	maxQueues = 10_000
)

// NewCourier prepares a courier; nothing runs before Run.
func NewCourier(c CourierConfig) *Courier {
	if c.Look <= 0 {
		c.Look = time.Second
	}
	if c.PerQueue <= 0 {
		c.PerQueue = 4
	}
	if c.AtOnce <= 0 {
		c.AtOnce = 512
	}
	if c.Tried == nil {
		c.Tried = func(Fate) {}
	}
	return &Courier{
		config: c, queues: make(map[string]*queue), held: make(map[string]struct{}), free: make(chan struct{}, 1),
	}
}

// Run sends until ctx ends, and returns when what is under way has ended too.
// The end of last cuts that off. What was not recorded is tried again by
// whoever comes next, under the same id.
func (c *Courier) Run(ctx, last context.Context) {
	tick := time.NewTicker(c.config.Look)
	defer tick.Stop()
	for ctx.Err() == nil {
		begin := c.config.Now()
		c.round(ctx, last)
		// Looking costs the database something: two thirds of the time are for others.
		if !wait(ctx, max(shortest, min(2*c.config.Now().Sub(begin), c.config.Look))) {
			break
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-c.config.Post.Due():
		case <-c.free:
		}
	}
	c.under.Wait()
}

// round starts whatever is due and has a place.
func (c *Courier) round(ctx, last context.Context) {
	c.mu.Lock()
	full := len(c.held) >= c.config.AtOnce
	c.wanted = full
	// The first of every queue come first. So many are asked for that those of
	// queues without a free place cannot hide the others.
	limit := c.config.AtOnce + len(c.queues)
	c.mu.Unlock()
	if full {
		return
	}
	// Some of what is due is under way here, until it is taken and its lease hides
	// it; to ask for more of each queue would cost more than it brings.
	due, err := c.config.Post.DueDeliveries(ctx, c.config.PerQueue, limit)
	if err != nil {
		if ctx.Err() == nil {
			c.config.Log.WarnContext(ctx, "deliveries could not be read", slog.String("error", fault.Detail(err)))
		}
		return
	}
	for _, d := range due {
		if c.start(d) {
			c.under.Go(func() { c.deliver(last, d) })
		}
	}
}

// start takes a place for a delivery, if there is one.
func (c *Courier) start(d event.Delivery) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ours := c.held[d.ID]; ours {
		return false
	}
	q := c.queueOf(d.Queue)
	places, doubt := c.config.PerQueue, 0
	if !q.trusted {
		places, doubt = 1, 1
	}
	if q.busy >= places || len(c.held) >= c.config.AtOnce || c.doubt+doubt > c.config.AtOnce-c.config.AtOnce/4 {
		c.wanted = true
		return false
	}
	if c.config.Now().Before(q.rest) {
		return false // the next tick comes back to it
	}
	c.held[d.ID] = struct{}{}
	q.busy++
	if !q.trusted {
		c.doubt++
	}
	return true
}

// queueOf finds what is known about a receiver. The caller holds the lock.
func (c *Courier) queueOf(name string) *queue {
	if q, ok := c.queues[name]; ok {
		return q
	}
	if len(c.queues) >= maxQueues {
		maps.DeleteFunc(c.queues, func(_ string, q *queue) bool { return q.busy == 0 })
	}
	q := &queue{}
	c.queues[name] = q
	return q
}

// done gives the place back.
func (c *Courier) done(d event.Delivery, change func(*queue)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, d.ID)
	q := c.queues[d.Queue]
	c.doubt -= q.doubt()
	change(q)
	q.busy--
	c.doubt += q.doubt()
	if !c.wanted {
		return
	}
	select {
	case c.free <- struct{}{}:
	default:
	}
}

// deliver tries once and records what came of it. A panic is a mistake of ours
// with one message and must not end the others.
func (c *Courier) deliver(ctx context.Context, d event.Delivery) {
	change := func(*queue) {}
	defer func() { c.done(d, change) }()
	defer func() {
		if broken := recover(); broken != nil {
			change = func(q *queue) { q.rest = c.config.Now().Add(ownTrouble) }
			c.config.Log.ErrorContext(ctx, "courier panicked", slog.String("delivery", d.ID), slog.Any("panic", broken))
		}
	}()
	m, mine, err := c.config.Post.TakeDelivery(ctx, d)
	if err == nil && mine {
		outcome, fate := c.send(ctx, m)
		if ctx.Err() != nil {
			return // we hung up, not the receiver: that says nothing about it
		}
		c.config.Tried(fate)
		change = func(q *queue) { q.trusted = fate == Taken }
		err = c.config.Post.RecordDelivery(ctx, m, outcome)
	}
	if err != nil && ctx.Err() == nil {
		change = func(q *queue) { q.rest = c.config.Now().Add(ownTrouble) }
		c.config.Log.WarnContext(ctx, "delivery could not be tried", slog.String("merchant", d.Merchant),
			slog.String("delivery", d.ID), slog.String("error", fault.Detail(err)))
	}
}

// send posts a message and reads the beginning of the answer.
func (c *Courier) send(ctx context.Context, m app.Message) (event.Outcome, Fate) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, strings.NewReader(string(m.Body)))
	if err != nil {
		return event.Outcome{Answer: "the address cannot be sent to"}, Forbidden
	}
	for name, value := range m.Headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("User-Agent", "Purser")
	answer, err := c.config.Client.Do(request)
	if err != nil {
		if errors.Is(err, errForbidden) {
			return event.Outcome{Answer: errForbidden.Error()}, Forbidden
		}
		return event.Outcome{Answer: why(err)}, NoAnswer
	}
	defer func() { _ = answer.Body.Close() }() // nothing is left to be learnt from it
	text, err := io.ReadAll(io.LimitReader(answer.Body, event.KeptAnswer))
	if err != nil {
		// The status is the answer; a body that breaks off changes nothing.
		text = append(text, " (the answer broke off)"...)
	}
	outcome := event.Outcome{
		Status: answer.StatusCode, Answer: string(text),
		After: retryAfter(answer.Header.Get("Retry-After"), c.config.Now()),
	}
	if m.Takes(outcome) {
		return outcome, Taken
	}
	return outcome, Refused
}

// why says in a few words why no answer came, without the address's query.
func why(err error) string {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "no answer in time"
	}
	return "the connection failed"
}

// retryAfter reads seconds or a date; zero for anything else.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, min(seconds, 7*24*3600))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
