package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// wish is what a shop sends to create an invoice.
type wish struct {
	Title       string `json:"title"`
	TotalAmount int64  `json:"totalAmount"`
	Mobile      string `json:"mobile"`
	Email       string `json:"email"`
}

// made is the answer.
type made struct {
	Title       string   `json:"title"`
	TotalAmount int64    `json:"totalAmount"`
	Mobile      string   `json:"mobile,omitempty"`
	Email       string   `json:"email,omitempty"`
	IsDone      bool     `json:"isDone"`
	ID          string   `json:"_id"`
	Payments    []string `json:"payments"`
	CreatedAt   string   `json:"createdAt"`
	UpdatedAt   string   `json:"updatedAt"`
	Version     int      `json:"__v"`
}

// row is what differs from one invoice to the next.
type row struct {
	id, merchant, detail string
	amount, at           int64
}

// shops are the merchants of the yardstick, as many as Purser's.
const shops = "abcdefgh"

// yardstick is the least that a server can do: it decodes the request, inserts
// one row together with whatever else waits, and answers. It knows no keys,
// checks nothing, writes no event, no counter and no log.
type yardstick struct {
	queue  chan inserting
	insert func(context.Context, []row) error
	made   atomic.Int64
}

// inserting is a row on its way and who waits for it.
type inserting struct {
	row  row
	done chan error
}

// most is how many rows go into one transaction.
const most = 256

// newYardstick starts the one goroutine that inserts, until the context ends.
func newYardstick(ctx context.Context, insert func(context.Context, []row) error) *yardstick {
	y := &yardstick{queue: make(chan inserting, 4096), insert: insert}
	go y.run(ctx)
	return y
}

// run inserts what waits, up to the limit, without waiting for more.
func (y *yardstick) run(ctx context.Context) {
	for {
		var waiting []inserting
		select {
		case <-ctx.Done():
			return
		case first := <-y.queue:
			waiting = append(waiting, first)
		}
		for len(waiting) < most && len(y.queue) > 0 {
			waiting = append(waiting, <-y.queue)
		}
		rows := make([]row, len(waiting))
		for i, w := range waiting {
			rows[i] = w.row
		}
		err := y.insert(ctx, rows)
		for _, w := range waiting {
			w.done <- err
		}
	}
}

// ServeHTTP creates one invoice.
func (y *yardstick) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in wish
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Title == "" || in.TotalAmount < 1 {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	now := time.Now()
	detail, err := json.Marshal(map[string]any{
		"title": in.Title, "payer": map[string]string{"mobile": in.Mobile, "email": in.Email},
	})
	if err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	i := inserting{
		row:  row{id: newID(now), detail: string(detail), amount: in.TotalAmount, at: now.UnixMicro()},
		done: make(chan error, 1),
	}
	shop := y.made.Add(1) % merchants
	i.row.merchant = "yardst-" + shops[shop:shop+1]
	y.queue <- i
	if err := <-i.done; err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	at := now.UTC().Format("2006-01-02T15:04:05.000Z")
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(made{ // a caller that has gone away cannot be told so
		Title: in.Title, TotalAmount: in.TotalAmount, Mobile: in.Mobile, Email: in.Email, ID: i.row.id,
		Payments: []string{}, CreatedAt: at, UpdatedAt: at,
	})
}

// newID is an id in the order of time, as the copied API has it.
func newID(now time.Time) string {
	var id [12]byte
	binary.BigEndian.PutUint32(id[:4], uint32(now.Unix())) //nolint:gosec // the form ends in 2106
	_, _ = rand.Read(id[4:])                               // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(id[:])
}

// runYardstick is the yardstick as a program, until it is told to stop.
func runYardstick(ctx context.Context, args []string) error {
	debug.SetGCPercent(400) // as purser serve has it
	flags := flag.NewFlagSet("yardstick", flag.ContinueOnError)
	listen := flags.String("listen", "", "address")
	database := flags.String("database", "", "URL of PostgreSQL, or a file of SQLite")
	if err := flags.Parse(args); err != nil {
		return err
	}
	insert, closeDatabase, err := openTable(ctx, *database)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /invoice/create", newYardstick(ctx, insert))
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return errors.Join(err, closeDatabase())
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing is lost that was acknowledged
	err = server.Serve(listener)
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return errors.Join(err, closeDatabase())
}
