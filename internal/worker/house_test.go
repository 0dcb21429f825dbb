package worker

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlitetest"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// house is a merchant with endpoints on a real database, and a clock that the
// test moves.
type house struct {
	*testing.T
	app      *app.App
	store    *sqlstore.DB
	merchant string
	ahead    atomic.Int64
	ids      atomic.Int64
}

func (h *house) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())).UTC() }

// openHouse opens a database; none means SQLite.
func openHouse(t *testing.T, database string) *house {
	t.Helper()
	h := &house{T: t}
	if database == "" {
		database = sqlitetest.Database(t)
	}
	var err error
	h.store, err = sqlstore.Open(t.Context(), sqlstore.Options{
		URL: database, Now: h.now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
	})
	h.app = app.New(app.Config{
		Store: h.store, Now: h.now, Log: slog.New(slog.DiscardHandler), Sealer: envelope{},
		ReturnURL: "https://pay.example/cb",
	})
	m, err := h.app.CreateMerchant(t.Context(), app.NewMerchant{Name: "Shop"})
	if err != nil {
		t.Fatal(err)
	}
	h.merchant = m.ID
	return h
}

// envelope seals by writing whose it is in front.
type envelope struct{}

func (envelope) Seal(merchantID, name string, text []byte) ([]byte, error) {
	return append([]byte(merchantID+"/"+name+"/"), text...), nil
}

func (envelope) Open(merchantID, name string, sealed []byte) ([]byte, error) {
	text, ok := bytes.CutPrefix(sealed, []byte(merchantID+"/"+name+"/"))
	if !ok {
		return nil, errors.New("it was sealed as another's")
	}
	return text, nil
}

// endpoint adds one and gives its secret.
func (h *house) endpoint(address string) (event.Endpoint, string) {
	h.Helper()
	e, secret, err := h.app.CreateEndpoint(h.Context(), app.NewEndpoint{Merchant: h.merchant, URL: address})
	if err != nil {
		h.Fatal(err)
	}
	return e, secret
}

// invoice makes something happen.
func (h *house) invoice() {
	h.Helper()
	_, err := h.app.CreateInvoice(h.Context(), h.merchant, app.NewInvoice{
		ID: "i" + time.Duration(h.ids.Add(1)).String(), Amount: money.New(5000, money.IRR), Title: "Tea",
	})
	if err != nil {
		h.Fatal(err)
	}
}

// deliveries are all of the merchant's, in any state.
func (h *house) deliveries() []event.Delivery {
	h.Helper()
	list, err := h.app.Deliveries(h.Context(), h.merchant, store.DeliveryFilter{}, app.Page{Limit: 100})
	if err != nil {
		h.Fatal(err)
	}
	return list
}

// send lets a courier work until something is so.
func (h *house) send(what string, until func() bool) {
	h.Helper()
	sender := NewSender(true)
	defer sender.CloseIdleConnections()
	stop := h.courier(CourierConfig{Client: sender, Look: 10 * time.Millisecond})
	defer stop()
	h.await(what, until)
}

// courier runs one until the stop that it gives, which waits for no receiver.
func (h *house) courier(c CourierConfig) (stop func()) {
	c.Post, c.Log, c.Now = h.app, slog.New(slog.DiscardHandler), h.now
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		NewCourier(c).Run(ctx, ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}

func (h *house) await(what string, until func() bool) {
	h.Helper()
	deadline := time.After(30 * time.Second)
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for !until() {
		select {
		case <-look.C:
		case <-deadline:
			h.Fatalf("still waiting for %s", what)
		}
	}
}

// heard is a message as a receiver got it.
type heard struct {
	header http.Header
	body   []byte
}

// receiver is a merchant's software: it keeps what it hears and answers as the
// test wants it.
type receiver struct {
	*httptest.Server

	mu     sync.Mutex
	told   []heard
	answer http.HandlerFunc
}

func listen(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return // the sender hung up
		}
		r.mu.Lock()
		r.told = append(r.told, heard{q.Header.Clone(), body})
		r.mu.Unlock()
		if r.answer != nil {
			r.answer(w, q)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// messages are all that it heard so far.
func (r *receiver) messages() []heard {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]heard(nil), r.told...)
}

// saying answers with a status and a text.
func saying(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}
