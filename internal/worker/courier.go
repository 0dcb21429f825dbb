package worker

import (
	"context"
	"errors"
	"io"
	"log/slog"
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

// CourierConfig is what a Courier is built from. Post, Log, Now and Client are
// needed.
type CourierConfig struct {
	Post   Postbox
	Log    *slog.Logger
	Now    func() time.Time
	Client *http.Client // from NewSender, or one that a test brings
	// Look is how often it looks without being told; zero takes a second.
	Look time.Duration
	// PerQueue and AtOnce bound the messages that are being sent at one moment,
	// to one receiver and in all; zero takes 4 and 512. A receiver that hangs
	// holds its own places and nobody else's.
	PerQueue, AtOnce int
}

// Courier sends deliveries. Those of different queues never wait for each other.
type Courier struct {
	config CourierConfig
	mu     sync.Mutex
	busy   map[string]int      // messages under way, by queue
	held   map[string]struct{} // their ids
	free   chan struct{}       // says that a place became free
	under  sync.WaitGroup
}

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
	return &Courier{
		config: c, busy: make(map[string]int), held: make(map[string]struct{}), free: make(chan struct{}, 1),
	}
}

// Run sends until the context ends, and returns when what is under way has
// ended. What was not recorded is tried again by whoever comes next, under the
// same id.
func (c *Courier) Run(ctx context.Context) {
	tick := time.NewTicker(c.config.Look)
	defer tick.Stop()
	for ctx.Err() == nil {
		c.round(ctx)
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
func (c *Courier) round(ctx context.Context) {
	c.mu.Lock()
	places := c.config.AtOnce - len(c.held)
	c.mu.Unlock()
	if places <= 0 {
		return
	}
	// Some of what is due is under way here: its lease hides it only once it is taken.
	due, err := c.config.Post.DueDeliveries(ctx, 2*c.config.PerQueue, c.config.AtOnce)
	if err != nil {
		if ctx.Err() == nil {
			c.config.Log.WarnContext(ctx, "deliveries could not be read", slog.String("error", fault.Detail(err)))
		}
		return
	}
	for _, d := range due {
		if c.start(d) {
			c.under.Go(func() {
				defer c.done(d)
				c.deliver(ctx, d)
			})
		}
	}
}

// start takes a place for a delivery, if there is one.
func (c *Courier) start(d event.Delivery) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ours := c.held[d.ID]; ours || c.busy[d.Queue] >= c.config.PerQueue || len(c.held) >= c.config.AtOnce {
		return false
	}
	c.held[d.ID] = struct{}{}
	c.busy[d.Queue]++
	return true
}

// done gives the place back.
func (c *Courier) done(d event.Delivery) {
	c.mu.Lock()
	delete(c.held, d.ID)
	if c.busy[d.Queue]--; c.busy[d.Queue] == 0 {
		delete(c.busy, d.Queue)
	}
	c.mu.Unlock()
	select {
	case c.free <- struct{}{}:
	default:
	}
}

// deliver tries once and records what came of it. A stop does not cut off a
// message that was sent: its answer is worth a moment.
func (c *Courier) deliver(ctx context.Context, d event.Delivery) {
	ctx = context.WithoutCancel(ctx)
	m, mine, err := c.config.Post.TakeDelivery(ctx, d)
	if err == nil && mine {
		err = c.config.Post.RecordDelivery(ctx, m, c.send(ctx, m))
	}
	if err != nil {
		c.config.Log.WarnContext(ctx, "delivery could not be tried", slog.String("merchant", d.Merchant),
			slog.String("delivery", d.ID), slog.String("error", fault.Detail(err)))
	}
}

// send posts a message and reads the beginning of the answer.
func (c *Courier) send(ctx context.Context, m app.Message) event.Outcome {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, strings.NewReader(string(m.Body)))
	if err != nil {
		return event.Outcome{Answer: "the address cannot be sent to"}
	}
	for name, value := range m.Headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("User-Agent", "Purser")
	answer, err := c.config.Client.Do(request)
	if err != nil {
		return event.Outcome{Answer: why(err)}
	}
	defer func() { _ = answer.Body.Close() }() // nothing is left to be learnt from it
	text, err := io.ReadAll(io.LimitReader(answer.Body, event.KeptAnswer))
	if err != nil {
		// The status is the answer; a body that breaks off changes nothing.
		text = append(text, " (the answer broke off)"...)
	}
	return event.Outcome{
		Status: answer.StatusCode, Answer: string(text),
		After: retryAfter(answer.Header.Get("Retry-After"), c.config.Now()),
	}
}

// why says in a few words why no answer came, without the address's query.
func why(err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, errForbidden):
		return errForbidden.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	default:
		return "the connection failed"
	}
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
