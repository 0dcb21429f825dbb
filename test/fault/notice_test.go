//go:build fault

package fault

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/store"
)

// A receiver that answers 500 and then breaks the connection off is told again
// when some time has passed, under the same id, until it takes the notice; after
// that it hears nothing more.
func TestNoticeIsRepeated(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database, settings: []string{"webhook_loopback=true", "webhook_look=50ms"}})
		till := w.openTill(means{people: 1, amounts: map[string]string{"USDT": "30"}})
		ear := till.listen()
		ear.moods = []func(http.ResponseWriter){
			func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
			func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		}
		w.start()
		id := till.addBill("1", "10", "USDT", ear.server.URL)
		till.paid(till.people[0], id)
		// The second try comes after five seconds and the third after five minutes, a fifth more or less.
		for tries, later := range []time.Duration{0, 10 * time.Second, 10 * time.Minute, time.Hour} {
			w.advance(later)
			want := min(tries+1, 3)
			wait(t, 10*time.Second, fmt.Sprint("the end of try ", want), func() bool { return till.tries(id) >= want })
		}
		// A notice that is taken at once comes once, and the one that was taken in the end no more.
		second := till.addBill("2", "10", "USDT", ear.server.URL)
		till.paid(till.people[0], second)
		ear.wantTold([]bill{{TrackID: id, Status: "pending"}, {TrackID: second, Status: "pending"}}, 2)
		w.audit()
		w.stop()
	})
}

// tries is how often the server has tried to tell of an invoice.
func (t *till) tries(id string) int {
	t.t.Helper()
	list, err := t.reading().Deliveries(t.t.Context(), t.merchant, store.DeliveryFilter{Subject: id}, store.Page{Limit: 2})
	if err != nil || len(list) != 1 {
		t.t.Errorf("invoice %s: got deliveries %+v, %v, want one", id, list, err)
		return 0
	}
	return list[0].Tries
}

// ear is a merchant's receiver. It takes its time, so that a server often dies
// while it is telling something.
type ear struct {
	t       *till
	server  *httptest.Server
	genuine *standardwebhooks.Webhook

	mu    sync.Mutex
	moods []func(http.ResponseWriter) // answers of the next notices; then 204
	heard map[string]map[string]int   // how often, by trackid and id of the message
}

// listen opens a receiver for the terminal's notices.
func (t *till) listen() *ear {
	t.t.Helper()
	genuine, err := standardwebhooks.NewWebhook(t.secret)
	if err != nil {
		t.t.Fatal(err)
	}
	e := &ear{t: t, genuine: genuine, heard: map[string]map[string]int{}}
	e.server = httptest.NewServer(e)
	t.t.Cleanup(e.server.Close)
	return e
}

// ServeHTTP writes down what it is told, and answers a moment later.
func (e *ear) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	form, bad := url.ParseQuery(string(body))
	if err != nil || bad != nil || form.Get("status") != "pending" {
		e.t.t.Errorf("got the notice %s, %v, %v", body, err, bad)
	}
	// The server's clock is far ahead of ours.
	if err := e.genuine.VerifyIgnoringTimestamp(body, r.Header); err != nil {
		e.t.t.Errorf("the notice %s is not genuine: %v", body, err)
	}
	id := form.Get("trackid")
	e.mu.Lock()
	if e.heard[id] == nil {
		e.heard[id] = map[string]int{}
	}
	e.heard[id][r.Header.Get(event.HeaderID)]++
	mood := func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }
	if len(e.moods) > 0 {
		mood, e.moods = e.moods[0], e.moods[1:]
	}
	e.mu.Unlock()
	const aMoment = 20 * time.Millisecond
	select {
	case <-time.After(aMoment):
	case <-r.Context().Done():
	}
	mood(w)
}

// String says how much was heard.
func (e *ear) String() string {
	different, all := e.counts()
	return fmt.Sprintf("%d payments told of, %d times in all", different, all)
}

func (e *ear) counts() (different, all int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, messages := range e.heard {
		for _, times := range messages {
			all += times
		}
	}
	return len(e.heard), all
}

// wantTold checks that every payment was told of, under one id, and that not
// more notices came again than may.
func (e *ear) wantTold(bills []bill, most int) {
	e.t.t.Helper()
	paid := map[string]bool{}
	for _, b := range bills {
		if b.Status != "generated" && b.Status != "waiting" {
			paid[b.TrackID] = true
		}
	}
	for passes := 0; ; passes++ {
		different, _ := e.counts()
		if different >= len(paid) {
			break
		}
		if passes == 10 {
			e.t.t.Errorf("%d payments were told of, want %d", different, len(paid))
			break
		}
		e.t.advance(3 * time.Minute) // leases of the dead run out
		expire(e.t.world, 300*time.Millisecond)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	repeated := 0
	for id, messages := range e.heard {
		if !paid[id] {
			e.t.t.Errorf("invoice %s was told of and is not paid", id)
		}
		if len(messages) != 1 {
			e.t.t.Errorf("invoice %s was told of under the ids %v, want one", id, messages)
		}
		for _, times := range messages {
			repeated += times - 1
		}
	}
	if repeated > most {
		e.t.t.Errorf("%d notices came again, want at most %d", repeated, most)
	}
}
