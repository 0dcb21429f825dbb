package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
)

// box is a postbox in memory. A delivery that was sent well is taken out; one
// that was not waits an hour.
type box struct {
	mu       sync.Mutex
	waiting  []event.Delivery
	recorded map[string]event.Outcome
	looks    int
	take     func(event.Delivery) error
	due      chan struct{}
}

func newBox() *box {
	return &box{recorded: map[string]event.Outcome{}, due: make(chan struct{}, 1)}
}

// put adds deliveries to a queue and says so.
func (b *box) put(queue string, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range n {
		b.waiting = append(b.waiting, event.Delivery{
			ID: fmt.Sprint(queue, "/", len(b.waiting)), Queue: queue, URL: "http://" + queue + "/", RunAt: time.Now(),
		})
	}
	select {
	case b.due <- struct{}{}:
	default:
	}
}

func (b *box) DueDeliveries(_ context.Context, perQueue, limit int) ([]event.Delivery, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks++
	ranks := make([][]event.Delivery, perQueue)
	each := map[string]int{}
	for _, d := range b.waiting {
		if rank := each[d.Queue]; !d.RunAt.After(time.Now()) && rank < perQueue {
			each[d.Queue]++
			ranks[rank] = append(ranks[rank], d)
		}
	}
	due := slices.Concat(ranks...)
	return due[:min(len(due), limit)], nil
}

func (b *box) TakeDelivery(_ context.Context, d event.Delivery) (app.Message, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.take != nil {
		if err := b.take(d); err != nil {
			return app.Message{}, false, err
		}
	}
	b.later(d.ID, 2*time.Minute)
	return app.Message{Delivery: d}, true, nil
}

func (b *box) RecordDelivery(_ context.Context, m app.Message, o event.Outcome) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.recorded[m.ID] = o
	b.later(m.ID, 1000*time.Hour)
	return nil
}

func (b *box) later(id string, pause time.Duration) {
	for n := range b.waiting {
		if b.waiting[n].ID == id {
			b.waiting[n].RunAt = time.Now().Add(pause)
		}
	}
}

func (b *box) Due() <-chan struct{} { return b.due }

// sent is how many messages of a queue were recorded.
func (b *box) sent(queue string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for id := range b.recorded {
		if strings.HasPrefix(id, queue+"/") {
			n++
		}
	}
	return n
}

// all are how many messages were recorded, and how often somebody looked.
func (b *box) all() (sent, looks int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.recorded), b.looks
}

// road answers without a network, by the name of the host.
type road func(ctx context.Context, host string) (int, error)

func (r road) RoundTrip(q *http.Request) (*http.Response, error) {
	status, err := r(q.Context(), q.URL.Host)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(""))}, nil
}

// running runs a courier in the bubble until stop; cut ends what is under way.
func running(c CourierConfig) (stop, cut func()) {
	c.Log, c.Now = slog.New(slog.DiscardHandler), time.Now
	ctx, cancel := context.WithCancel(context.Background())
	last, cut := context.WithCancel(context.Background())
	courier := NewCourier(c)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		courier.Run(ctx, last)
	}()
	return func() { cancel(); <-ended }, cut
}

func hang(ctx context.Context) (int, error) {
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(sendTime):
		return 0, errors.New("no answer in time")
	}
}

// Receivers that hang are many more than there are places; one that answers
// is served at once all the same, as soon as it is known for answering.
func TestHangingReceiversDelayNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBox()
		var mu sync.Mutex
		open, most := map[string]int{}, map[string]int{}
		stop, _ := running(CourierConfig{
			Post: b, AtOnce: 64,
			Client: &http.Client{Transport: road(func(ctx context.Context, host string) (int, error) {
				mu.Lock()
				open[host]++
				most[host] = max(most[host], open[host])
				mu.Unlock()
				defer func() {
					mu.Lock()
					open[host]--
					mu.Unlock()
				}()
				if strings.HasPrefix(host, "hang") {
					return hang(ctx)
				}
				time.Sleep(10 * time.Millisecond)
				return http.StatusOK, nil
			})},
		})
		b.put("good", 1)
		time.Sleep(time.Second)
		for n := range 100 {
			b.put(fmt.Sprint("hang", n), 5)
		}
		time.Sleep(time.Second)
		const messages = 50
		b.put("good", messages)
		time.Sleep(time.Second)
		if got := b.sent("good"); got != 1+messages {
			t.Errorf("got %d messages to the one that answers, want %d", got, 1+messages)
		}
		stop()
		if most["good"] > 4 {
			t.Errorf("got %d messages at once to the one that answers, want 4 at most", most["good"])
		}
		for host, n := range most {
			if strings.HasPrefix(host, "hang") && n != 1 {
				t.Errorf("%s: got %d messages at once, want 1", host, n)
			}
		}
	})
}

// What goes wrong on our side is not tried again at once, and holds nobody else up.
func TestOwnTroubleRests(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func() error{
		"error": func() error { return errors.New("the keyset is another one") },
		"panic": func() error { panic("a mistake") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBox()
				tries := 0
				b.take = func(d event.Delivery) error {
					if d.Queue == "bad" {
						tries++
						return trouble()
					}
					return nil
				}
				fates := map[Fate]int{}
				stop, _ := running(CourierConfig{
					Post: b, Tried: func(f Fate) { fates[f]++ },
					Client: &http.Client{Transport: road(func(context.Context, string) (int, error) { return http.StatusOK, nil })},
				})
				b.put("bad", 1)
				b.put("good", 1)
				time.Sleep(time.Minute)
				stop()
				if tries < 5 || tries > 7 || b.sent("good") != 1 || fates[Taken] != 1 || len(fates) != 1 {
					t.Errorf("got %d tries in a minute and fates %v, want about one in ten seconds", tries, fates)
				}
			})
		})
	}
}

// An idle courier looks as often as it is told to; a busy one not for every message.
func TestLooksAreFew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBox()
		stop, _ := running(CourierConfig{
			Post: b, Look: time.Second,
			Client: &http.Client{Transport: road(func(context.Context, string) (int, error) { return http.StatusOK, nil })},
		})
		time.Sleep(10*time.Second + time.Millisecond)
		_, before := b.all()
		if before > 12 {
			t.Errorf("got %d looks in ten idle seconds", before)
		}
		for n := range 1000 {
			b.put(fmt.Sprint("q", n), 1)
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(time.Millisecond)
		if _, looks := b.all(); looks-before > 30 {
			t.Errorf("got %d looks in a tenth of a second", looks-before)
		}
		time.Sleep(time.Second)
		stop()
		if sent, _ := b.all(); sent != 1000 {
			t.Errorf("got %d messages sent, want 1000", sent)
		}
	})
}

// A stop waits for what was sent; the end of patience cuts it off, and then
// nothing is on record.
func TestStopWaitsForMessages(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		cut  time.Duration // after the stop
		took time.Duration
		sent int
	}{{"patient", time.Hour, 3 * time.Second, 1}, {"cut off", time.Second, time.Second, 0}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBox()
				stop, cut := running(CourierConfig{
					Post: b,
					Client: &http.Client{Transport: road(func(ctx context.Context, _ string) (int, error) {
						select {
						case <-ctx.Done():
							return 0, ctx.Err()
						case <-time.After(4 * time.Second):
							return http.StatusOK, nil
						}
					})},
				})
				b.put("slow", 1)
				time.Sleep(time.Second)
				begin := time.Now()
				timer := time.AfterFunc(test.cut, cut)
				stop()
				timer.Stop()
				if took := time.Since(begin); took != test.took || b.sent("slow") != test.sent {
					t.Errorf("stopped after %s with %d on record, want %s and %d", took, b.sent("slow"), test.took, test.sent)
				}
				cut()
			})
		})
	}
}
