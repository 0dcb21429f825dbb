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
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/purserhq/purser/internal/server"
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

// invoiceRow is what differs from one invoice to the next.
type invoiceRow struct {
	id, merchant, detail string
	amount, at           int64
}

// yardstickShop names a merchant of the yardstick, which has as many as Purser.
func yardstickShop(n int64) string {
	const letters = "abcdefgh"
	n %= merchants
	return "yardst-" + letters[n:n+1]
}

// yardstick is the least that a server can do: it decodes the request, writes
// its rows together with whatever else waits, an event for what was asked for,
// and answers. It knows no keys, checks nothing, keeps no counter and no log.
type yardstick struct {
	invoices  group[invoiceRow]
	transfers group[transferRow]
	made      atomic.Int64
}

// newYardstick serves the tables until the context ends.
func newYardstick(ctx context.Context, t tables) http.Handler {
	var writing sync.Mutex // there is one connection
	y := &yardstick{
		invoices:  newGroup(ctx, &writing, t.addInvoices),
		transfers: newGroup(ctx, &writing, t.addTransfers),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /invoice/create", y.createInvoice)
	mux.HandleFunc("POST /api/transfer", y.transfer)
	mux.HandleFunc("POST /v1/transfers", y.createTransfer)
	mux.HandleFunc("GET /v1/payments/{id}", showPayment)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	return mux
}

// group writes rows of many callers in one transaction.
type group[R any] struct{ queue chan waiting[R] }

// waiting is a row on its way and who waits for it.
type waiting[R any] struct {
	row  R
	done chan error
}

// most is how many rows go into one transaction.
const most = 256

// newGroup starts the one goroutine that writes, until the context ends.
func newGroup[R any](ctx context.Context, writing sync.Locker, write func(context.Context, []R) error) group[R] {
	g := group[R]{queue: make(chan waiting[R], 4096)}
	go g.run(ctx, func(rows []R) error {
		writing.Lock()
		defer writing.Unlock()
		return write(ctx, rows)
	})
	return g
}

// run writes what waits, up to the limit, without waiting for more.
func (g group[R]) run(ctx context.Context, write func([]R) error) {
	for {
		var all []waiting[R]
		select {
		case <-ctx.Done():
			return
		case first := <-g.queue:
			all = append(all, first)
		}
		for len(all) < most && len(g.queue) > 0 {
			all = append(all, <-g.queue)
		}
		rows := make([]R, len(all))
		for i, w := range all {
			rows[i] = w.row
		}
		err := write(rows)
		for _, w := range all {
			w.done <- err
		}
	}
}

// add writes a row and returns when it is durable.
func (g group[R]) add(row R) error {
	w := waiting[R]{row: row, done: make(chan error, 1)}
	g.queue <- w
	return <-w.done
}

// createInvoice creates one invoice.
func (y *yardstick) createInvoice(w http.ResponseWriter, r *http.Request) {
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
	row := invoiceRow{
		id: newID(now), merchant: yardstickShop(y.made.Add(1)), detail: string(detail), amount: in.TotalAmount,
		at: now.UnixMicro(),
	}
	if err := y.invoices.add(row); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	at := now.UTC().Format("2006-01-02T15:04:05.000Z")
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(made{ // a caller that has gone away cannot be told so
		Title: in.Title, TotalAmount: in.TotalAmount, Mobile: in.Mobile, Email: in.Email, ID: row.id,
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
	flags := flag.NewFlagSet("yardstick", flag.ContinueOnError)
	listen := flags.String("listen", "", "address")
	database := flags.String("database", "", "URL of PostgreSQL, or a file of SQLite")
	events := flags.Bool("events", true, "write events")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var c server.Config
	if strings.HasPrefix(*database, "postgres") {
		c.Database = server.Secret(*database)
	}
	server.CollectRarely(c) // as purser serve does
	t, err := openTables(ctx, *database, *events)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return errors.Join(err, t.close())
	}
	server := &http.Server{Handler: newYardstick(ctx, t), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing is lost that was acknowledged
	err = server.Serve(listener)
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return errors.Join(err, t.close())
}
