package checkout

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// looked is a store whose invoices change when they are told to.
type looked struct {
	mu    sync.Mutex
	marks map[string]string
	err   error
	looks int
}

func (l *looked) look(_ context.Context, _, id string) (glimpse, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looks++
	return glimpse{mark: l.marks[id]}, l.err
}

func (l *looked) set(id, mark string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.marks[id], l.err = mark, err
}

func (l *looked) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.looks
}

// Everybody who listens hears of a change within a second, whoever is slow hears
// the newest only, and an invoice is looked at once for all of them.
func TestWatcher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &looked{marks: map[string]string{"a": "1", "b": "1"}}
		w := newWatcher(store.look)
		first, leaveFirst := w.listen("m", "a", glimpse{mark: "1"})
		second, leaveSecond := w.listen("m", "a", glimpse{mark: "1"})
		other, leaveOther := w.listen("m", "b", glimpse{mark: "1"})
		time.Sleep(10*time.Second + time.Millisecond)
		if got := store.count(); got != 20 {
			t.Errorf("%d looks in ten seconds at two invoices, want 20", got)
		}
		store.set("a", "2", nil)
		if got := <-first; got.mark != "2" {
			t.Errorf("heard %q", got.mark)
		}
		store.set("a", "3", nil)
		if got := <-first; got.mark != "3" {
			t.Errorf("heard %q", got.mark)
		}
		if got := <-second; got.mark != "3" {
			t.Errorf("who is slow hears %q, want the newest", got.mark)
		}
		store.set("a", "4", errors.New("the store is away"))
		time.Sleep(5 * time.Second)
		select {
		case got := <-first:
			t.Errorf("heard %q of a look that failed", got.mark)
		case got := <-other:
			t.Errorf("heard %q of an invoice that did not change", got.mark)
		default:
		}
		store.set("a", "4", nil)
		if got := <-first; got.mark != "4" {
			t.Errorf("heard %q", got.mark)
		}
		leaveFirst()
		leaveSecond()
		leaveOther()
		synctest.Wait()
		before := store.count()
		time.Sleep(time.Minute)
		if got := store.count(); got != before {
			t.Errorf("%d looks while nobody listens", got-before)
		}
		_, leave := w.listen("m", "a", glimpse{mark: "4"})
		time.Sleep(3*time.Second + time.Millisecond)
		if got := store.count() - before; got != 3 {
			t.Errorf("%d looks for who came back, want 3", got)
		}
		leave()
	})
}

// Whoever closes tells all to leave, and nobody looks any more: the bubble of
// the test ends only when every goroutine has.
func TestWatcherCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &looked{marks: map[string]string{}}
		w := newWatcher(store.look)
		_, leave := w.listen("m", "a", glimpse{})
		w.Close()
		w.Close()
		<-w.closed.Done()
		_, leaveLate := w.listen("m", "b", glimpse{})
		time.Sleep(time.Minute)
		leave()
		leaveLate()
		if got := store.count(); got != 0 {
			t.Errorf("%d looks after the end", got)
		}
	})
}

// Many come and go at once.
func TestWatcherUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &looked{marks: map[string]string{}}
		w := newWatcher(store.look)
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() {
				id := fmt.Sprint(n % 7)
				for turn := range 20 {
					news, leave := w.listen("m", id, glimpse{mark: "never"})
					if (n+turn)%3 > 0 {
						<-news
					}
					leave()
				}
			})
		}
		done := make(chan struct{})
		go func() {
			for turn := 0; ; turn++ {
				select {
				case <-done:
					return
				case <-time.After(time.Second):
				}
				for n := range 7 {
					store.set(fmt.Sprint(n), fmt.Sprint(turn), nil)
				}
			}
		}()
		all.Wait()
		close(done)
		if len(w.open) != 0 || w.stop != nil {
			t.Errorf("%d invoices are still watched", len(w.open))
		}
	})
}

// There are so many places in all, and so many for one network.
func TestSlots(t *testing.T) {
	t.Parallel()
	from := func(address string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = address
		return r
	}
	s := newSlots(3, 2)
	var leave []func()
	for _, c := range []struct {
		address string
		want    bool
	}{
		{"192.0.2.1:1", true},
		{"192.0.2.1:2", true},
		{"192.0.2.1:3", false},
		{"[2001:db8::1]:1", true},
		{"[2001:db9::1]:1", false},
	} {
		done, ok := s.take(from(c.address))
		if ok != c.want {
			t.Errorf("%s has a place: %v, want %v", c.address, ok, c.want)
		}
		if ok {
			leave = append(leave, done)
		}
	}
	for _, done := range leave {
		done()
	}
	if s.taken != 0 || len(s.by) != 0 {
		t.Errorf("places are still taken: %d, %v", s.taken, s.by)
	}
}
