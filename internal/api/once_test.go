package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect/dialecttest"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/pgtest"
	"github.com/purserhq/purser/internal/store/sqlitetest"
)

// engines gives each engine's address of an empty database.
var engines = map[string]func(t testing.TB) string{
	"sqlite":   sqlitetest.Database,
	"postgres": pgtest.Database,
}

// named is the headers of a call under a name.
func named(key string) http.Header {
	return http.Header{
		"Authorization": {"Bearer {{admin}}"}, "Content-Type": {"application/json"}, "Idempotency-Key": {key},
	}
}

// crowd is how many send the same call at once.
func crowd() int {
	if racing {
		return 100
	}
	return 1_000
}

// A thousand callers with one name make one thing, and all that are answered are
// answered alike.
func TestOneEffect(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			w := dialecttest.NewWorld(t, banks, dialecttest.Extras{Database: database})
			// Two nodes: what the one is doing the other does not know.
			nodes := []http.Handler{w.Handler(open(t, w)), w.Handler(open(t, w))}
			made := w.Ask(nodes[0], http.MethodPost, "/v1/invoices", named("i"), `{"amount":"5000","unit":"IRR"}`)
			if made.Status != http.StatusCreated {
				t.Fatalf("got %d %s", made.Status, made.Body)
			}
			for path, body := range map[string]string{
				"/v1/invoices":  `{"amount":"7000","unit":"IRR"}`,
				"/v1/payments":  `{"invoice":"` + id("inv", 1) + `"}`,
				"/v1/customers": `{"first_name":"Ada"}`,
			} {
				alike(t, w, nodes, path, body)
			}
			views, total, err := w.App.Invoices(t.Context(), w.Shop, app.Page{Limit: 10})
			if err != nil || total != 2 || len(views[1].Payments) != 1 {
				t.Errorf("got %d invoices, %+v, %v", total, views, err)
			}
			customers, err := w.App.Customers(t.Context(), w.Shop, app.Page{Limit: 10})
			if err != nil || len(customers) != 1 {
				t.Errorf("got %d customers, %v", len(customers), err)
			}
		})
	}
}

// alike sends one call from everywhere at once.
func alike(t *testing.T, w *dialecttest.World, nodes []http.Handler, path, body string) {
	t.Helper()
	var wait sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	for n := range crowd() {
		wait.Go(func() {
			a := w.Ask(nodes[n%2], http.MethodPost, path, named("one"+path), body)
			mu.Lock()
			defer mu.Unlock()
			if a.Status == http.StatusConflict && strings.Contains(a.Body, "idempotency_in_progress") {
				return
			}
			answers[fmt.Sprint(a.Status, " ", a.Body)]++
		})
	}
	wait.Wait()
	last := w.Ask(nodes[0], http.MethodPost, path, named("one"+path), body)
	text := fmt.Sprint(last.Status, " ", last.Body)
	if last.Status != http.StatusCreated || len(answers) != 1 || answers[text] == 0 ||
		last.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s: got %v, and in the end %s", path, answers, text)
	}
}

// hitch is a database in whose commits something happens.
type hitch struct {
	store.Store

	commits atomic.Int64 // that changed something
	lose    atomic.Bool  // what only keeps an answer is not done, as if the process had died before it
}

func (h *hitch) Commit(ctx context.Context, c store.Change) error {
	if h.lose.Load() && c.Answer != nil && len(c.Events) == 0 {
		return errors.New("the process dies here")
	}
	err := h.Store.Commit(ctx, c)
	if err == nil {
		h.commits.Add(1)
	}
	return err
}

// Where no gateway is asked the answer is in the commit of its effect, so there
// is no moment at which only one of them is there.
func TestAnswerWithEffect(t *testing.T) {
	t.Parallel()
	h := &hitch{}
	w := dialecttest.NewWorld(t, banks, dialecttest.Extras{
		Around: func(s store.Store) store.Store { h.Store = s; return h },
	})
	node := w.Handler(open(t, w))
	h.lose.Store(true)
	before := h.commits.Load()
	for path, body := range map[string]string{
		"/v1/invoices": `{"amount":"5000","unit":"IRR"}`, "/v1/customers": `{"first_name":"Ada"}`,
	} {
		first := w.Ask(node, http.MethodPost, path, named(path), body)
		again := w.Ask(node, http.MethodPost, path, named(path), body)
		if first.Status != http.StatusCreated || again.Status != first.Status || again.Body != first.Body {
			t.Errorf("%s: got %d %s and then %d %s", path, first.Status, first.Body, again.Status, again.Body)
		}
	}
	if made := h.commits.Load() - before; made != 2 {
		t.Errorf("two effects took %d commits", made)
	}
}

// What a call under a name changes nothing about is answered alike too, and what
// was made reads as it was answered, however exact the clock is.
func TestAnswerWithoutEffect(t *testing.T) {
	t.Parallel()
	w := dialecttest.NewWorld(t, banks)
	node := w.Handler(open(t, w))
	w.Wait(123 * time.Nanosecond)
	made := w.Ask(node, http.MethodPost, "/v1/invoices", named("i"), `{"amount":"5000","unit":"IRR"}`)
	read := w.Ask(node, http.MethodGet, "/v1/invoices/"+id("inv", 1), named("i"), "")
	if made.Body != read.Body {
		t.Errorf("made %s, read %s", made.Body, read.Body)
	}
	path := "/v1/invoices/" + id("inv", 1) + "/cancel"
	for _, key := range []string{"first", "second"} {
		done := w.Ask(node, http.MethodPost, path, named(key), "")
		again := w.Ask(node, http.MethodPost, path, named(key), "")
		if done.Status != http.StatusOK || done.Body != again.Body || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: got %d %s and then %d %s", key, done.Status, done.Body, again.Status, again.Body)
		}
		other := w.Ask(node, http.MethodPost, path, named(key), "{}")
		if other.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s with another body: got %d %s", key, other.Status, other.Body)
		}
	}
}

// A process that dies after an effect and before its answer leaves the effect
// and the name, and the next call answers from it.
func TestCrashBeforeAnswer(t *testing.T) {
	t.Parallel()
	h := &hitch{}
	w := dialecttest.NewWorld(t, banks, dialecttest.Extras{
		Around: func(s store.Store) store.Store { h.Store = s; return h },
	})
	node := w.Handler(open(t, w))
	w.Ask(node, http.MethodPost, "/v1/invoices", named("i"), `{"amount":"5000","unit":"IRR"}`)
	body := `{"invoice":"` + id("inv", 1) + `"}`
	h.lose.Store(true)
	if a := w.Ask(node, http.MethodPost, "/v1/payments", named("p"), body); a.Status != http.StatusInternalServerError ||
		strings.Contains(a.Body, "dies") {
		t.Fatalf("got %d %s", a.Status, a.Body)
	}
	h.lose.Store(false)
	first := w.Ask(node, http.MethodPost, "/v1/payments", named("p"), body)
	again := w.Ask(node, http.MethodPost, "/v1/payments", named("p"), body)
	if first.Status != http.StatusCreated || first.Body != again.Body || !strings.Contains(first.Body, `"pay_url":`) {
		t.Errorf("got %d %s and then %d %s", first.Status, first.Body, again.Status, again.Body)
	}
	view, err := w.App.Invoice(t.Context(), w.Shop, id("inv", 1))
	if err != nil || len(view.Payments) != 1 {
		t.Errorf("got %+v, %v, want one payment", view.Payments, err)
	}
}

// asked counts the looks for answers of earlier calls.
type asked struct {
	store.Store

	looks atomic.Int64
}

func (a *asked) Answer(ctx context.Context, merchantID, key string, now time.Time) (store.Answer, error) {
	a.looks.Add(1)
	return a.Store.Answer(ctx, merchantID, key, now)
}

// What is asked for often is done without a look for an earlier call, and is told
// again all the same, even where it could not be done any more.
func TestOftenWithoutLook(t *testing.T) {
	t.Parallel()
	for engine, database := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			s := &asked{}
			w := dialecttest.NewWorld(t, banks, dialecttest.Extras{
				Database: database, Around: func(inner store.Store) store.Store { s.Store = inner; return s },
			})
			stage(t, w)
			node := w.Handler(open(t, w))
			w.Ask(node, http.MethodPost, "/v1/customers", named("c"), `{"first_name":"Ada"}`)
			body := `{"source":10000,"destination":10001,"amount":"100.00","unit":"USD"}` // of 108
			s.looks.Store(0)
			first := w.Ask(node, http.MethodPost, "/v1/transfers", named("t"), body)
			if first.Status != http.StatusCreated || s.looks.Load() != 0 {
				t.Fatalf("got %d %s after %d looks", first.Status, first.Body, s.looks.Load())
			}
			other := w.Ask(node, http.MethodPost, "/v1/transfers", named("t"), strings.Replace(body, "100.00", "2.00", 1))
			if other.Status != http.StatusUnprocessableEntity || !strings.Contains(other.Body, "idempotency_key_reuse") {
				t.Errorf("another wish: got %d %s", other.Status, other.Body)
			}
			again := w.Ask(node, http.MethodPost, "/v1/transfers", named("t"), body)
			if again.Status != first.Status || again.Body != first.Body || again.Header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("got %d %s and then %d %s", first.Status, first.Body, again.Status, again.Body)
			}
		})
	}
}
