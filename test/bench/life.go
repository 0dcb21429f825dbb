package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/purserhq/purser/internal/sandbox"
	"github.com/purserhq/purser/internal/sandbox/zibal"
)

// bank is the emulated provider at which payers pay, inside this process.
type bank struct {
	*zibal.Emulator

	address string
	url     string
	server  *http.Server
	payers  atomic.Uint32
}

// openBank serves the emulator on an address of this machine. What it knows is in a folder,
// or, with none, in memory only.
func openBank(ctx context.Context, address, dir string) (*bank, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for the bank: %w", err)
	}
	b := &bank{address: l.Addr().String(), url: "http://" + l.Addr().String()}
	if b.Emulator, err = zibal.New(sandbox.Options{PublicURL: b.url, Dir: dir, Now: time.Now}); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	b.server = &http.Server{Handler: b.Emulator, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = b.server.Serve(l) }() // close ends it
	return b, nil
}

func (b *bank) close() error { return errors.Join(b.server.Close(), b.Close()) }

// payer is the address of the next one: everybody who pays has an own.
func (b *bank) payer() net.IP {
	const first = 1 << 16 // behind the addresses that others use
	n := first + b.payers.Add(1)
	return net.IPv4(127, byte(n>>16), byte(n>>8), byte(n)) //nolint:gosec // the lower bytes of the number
}

// The invoice of a life, and what is asked of the bank.
const (
	lifeUnit   = "IRR"
	lifeAmount = "1250000"
)

// bought is a payment that a load made.
type bought struct{ id, key string }

// lives is a load of whole lives of payments: an invoice, a payment at the bank,
// the payer's approval and way back, and the money in the books.
type lives struct {
	address           string
	bank              *bank
	keys              []string
	clients, requests int
	serial            *atomic.Int64 // of all names of calls
	made              *[]bought
}

// run sends the load. A latency is that of a whole life. The error is the first
// answer that is not as it should be.
func (l lives) run(ctx context.Context) (turn, error) {
	ctx, cancel := context.WithTimeout(ctx, turnLimit)
	defer cancel()
	deadline, _ := ctx.Deadline()
	var begun atomic.Int64
	var all sync.WaitGroup
	latencies, errs := make([][]time.Duration, l.clients), make([]error, l.clients)
	made := make([][]bought, l.clients)
	cpu, began := ownTime(), time.Now()
	for n := range l.clients {
		all.Go(func() {
			c, err := dial(ctx, l.address, deadline)
			if err != nil {
				errs[n] = err
				return
			}
			defer c.close()
			for begun.Add(1) <= int64(l.requests) {
				begin := time.Now()
				b, err := l.live(ctx, c)
				if err != nil {
					errs[n] = err
					cancel()
					return
				}
				made[n] = append(made[n], b)
				latencies[n] = append(latencies[n], time.Since(begin))
			}
		})
	}
	all.Wait()
	t := turn{took: time.Since(began), generator: ownTime() - cpu}
	t.latencies = slices.Concat(latencies...)
	slices.Sort(t.latencies)
	*l.made = append(*l.made, slices.Concat(made...)...)
	return t, errors.Join(errs...)
}

// live is one life.
func (l lives) live(ctx context.Context, c *client) (bought, error) {
	n := l.serial.Add(1)
	key := l.keys[int(n)%len(l.keys)]
	var made struct {
		ID     string
		PayURL string `json:"pay_url"`
	}
	ask := func(path, body string) error {
		name := strconv.FormatInt(n, 10)
		err := c.call(post(l.address, path, "application/json", body, "Authorization: Bearer "+key,
			"Idempotency-Key: "+path+" "+name), `"id":"`)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return json.Unmarshal(c.body.Bytes(), &made)
	}
	if err := ask("/v1/invoices", `{"amount":"`+lifeAmount+`","unit":"`+lifeUnit+
		`","title":"Order 48213, two items","payer":{"mobile":"+989120000000","email":"payer@example.com"}}`); err != nil {
		return bought{}, err
	}
	if err := ask("/v1/payments", `{"invoice":"`+made.ID+`"}`); err != nil {
		return bought{}, err
	}
	approved, err := l.bank.Act(path.Base(made.PayURL), sandbox.Decision{Choice: sandbox.Approve})
	if err != nil {
		return bought{}, err
	}
	return bought{made.ID, key}, l.comeBack(ctx, approved.ReturnURL)
}

// comeBack is the payer's browser on its way back from the bank: somebody else's
// connection. The page says that the money is there.
func (l lives) comeBack(ctx context.Context, address string) (err error) {
	to, err := url.Parse(address)
	if err != nil {
		return err
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: l.bank.payer()}}
	conn, err := dialer.DialContext(ctx, "tcp", l.address)
	if err != nil {
		return fmt.Errorf("connect as a payer: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(conn, "GET "+to.RequestURI()+" HTTP/1.1\r\nHost: "+l.address+
		"\r\nConnection: close\r\n\r\n"); err != nil {
		return fmt.Errorf("come back: %w", err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return fmt.Errorf("come back: %w", err)
	}
	page, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return fmt.Errorf("read the payer's page: %w", err)
	}
	if answer.StatusCode != http.StatusOK || !bytes.Contains(page, []byte("verdict-paid")) {
		return fmt.Errorf("the payer's page says %s: %s", answer.Status, page)
	}
	return nil
}

// newReads is a load of reads, each of another one of the payments. An empty list
// asks for one that no key is needed for.
func newReads(address string, of []bought, clients, requests int) load {
	calls := make([][]byte, max(1, len(of)))
	for n, b := range of {
		calls[n] = []byte("GET /v1/payments/" + b.id + " HTTP/1.1\r\nHost: " + address +
			"\r\nAuthorization: Bearer " + b.key + "\r\n\r\n")
	}
	return load{
		address: address, clients: clients, requests: requests, proof: `"status":"captured"`,
		call: func(_, n int) []byte { return calls[n%len(calls)] },
	}
}

// shuffled puts payments into another order: whoever reads asks for any of them.
func shuffled(all []bought) []bought {
	all = slices.Clone(all)
	//nolint:gosec // an order is no secret
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
