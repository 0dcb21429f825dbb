package ifthenpay

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
)

// mostCallbacks is how many are remembered.
const mostCallbacks = 2000

// Callback is one notice to a merchant's address. It holds the key as it was sent: an emulator is a test tool.
type Callback struct {
	Payment string    `json:"payment"`
	Address string    `json:"address"`
	Due     time.Time `json:"due"`    // of the next try, while there is one
	Tries   int       `json:"tries"`  // so far
	Status  int       `json:"status"` // of the last answer; 0 = none
	Taken   bool      `json:"taken"`  // it was answered with 200
	Over    bool      `json:"over"`   // it is not sent again
	Error   string    `json:"error,omitempty"`

	hurry, busy bool
	gaps        []time.Duration
}

// courier sends callbacks and sends those again that were not taken, by the emulator's clock. It is safe for
// concurrent use.
type courier struct {
	now     func() time.Time
	sleep   func(ctx context.Context, d time.Duration) error
	context context.Context
	stop    context.CancelFunc

	mu   sync.Mutex
	list []*Callback
}

func newCourier() *courier {
	q := &courier{}
	q.context, q.stop = context.WithCancel(context.Background())
	return q
}

// all is a copy of the list.
func (q *courier) all() []Callback {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := make([]Callback, 0, len(q.list))
	for _, callback := range q.list {
		list = append(list, *callback)
	}
	return list
}

// add takes a callback. One that is in no hurry, or not due yet, is sent by a follower of its own.
func (q *courier) add(callback Callback, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) >= mostCallbacks {
		q.list = append(q.list[:0:0], q.list[mostCallbacks/2:]...)
	}
	q.list = append(q.list, &callback)
	if pause := callback.Due.Sub(now); pause > 0 || !callback.hurry {
		go q.follow(pause)
	}
}

// follow waits and then sends what is due.
func (q *courier) follow(pause time.Duration) {
	if pause > 0 && q.sleep(q.context, pause) != nil {
		return
	}
	q.deliver(true)
}

// deliver sends what is due, or of that only what is in a hurry.
func (q *courier) deliver(everything bool) {
	for {
		callback := q.next(everything)
		if callback == nil {
			return
		}
		status, err := q.send(callback.Address)
		q.settle(callback, status, err)
	}
}

// next picks a callback that is due and that nobody else is sending.
func (q *courier) next(everything bool) *Callback {
	now := q.now()
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, callback := range q.list {
		if !callback.Over && !callback.busy && !callback.Due.After(now) && (everything || callback.hurry) {
			callback.busy = true
			return callback
		}
	}
	return nil
}

// settle notes what came of a try. Only 200 is taken: everything else, redirects included, is sent again.
func (q *courier) settle(callback *Callback, status int, err error) {
	now := q.now()
	q.mu.Lock()
	defer q.mu.Unlock()
	callback.busy, callback.Status, callback.Error = false, status, ""
	callback.Tries++
	if err != nil {
		callback.Error = err.Error()
	}
	callback.Taken = status == http.StatusOK
	if callback.Taken || len(callback.gaps) == 0 {
		callback.Over = true
		return
	}
	pause := callback.gaps[0]
	callback.gaps, callback.Due = callback.gaps[1:], now.Add(pause)
	go q.follow(pause)
}

// send makes the call.
func (q *courier) send(address string) (int, error) {
	request, err := http.NewRequestWithContext(q.context, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("build callback: %w", err)
	}
	return sandbox.Send(request)
}
