package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// turnLimit bounds one turn: whatever is slower is a failure, not a figure.
const turnLimit = 60 * time.Second

// runner is a load of any kind.
type runner interface {
	run(ctx context.Context) (turn, error)
}

// load is a fixed number of requests from clients that each keep one connection
// open and wait for the answer before they ask again.
type load struct {
	address  string
	clients  int
	requests int
	call     func(client, n int) []byte // the whole request that is sent as the n-th of all
	proof    string                     // what every good answer holds
}

// turn is what one load met.
type turn struct {
	took      time.Duration
	latencies []time.Duration // sorted
	generator time.Duration   // processor time of the generator itself
}

// rate is requests per second.
func (t turn) rate() float64 { return float64(len(t.latencies)) / t.took.Seconds() }

// quantile is the latency that the given share of requests did not exceed.
func (t turn) quantile(share float64) time.Duration {
	at := int(share * float64(len(t.latencies)))
	return t.latencies[min(at, len(t.latencies)-1)]
}

// run sends the load. The error is the first answer that is not a success, or
// a turn that lasted too long.
func (l load) run(ctx context.Context) (turn, error) {
	ctx, cancel := context.WithTimeout(ctx, turnLimit)
	defer cancel()
	deadline, _ := ctx.Deadline()
	clients := make([]*client, l.clients)
	for n := range clients {
		c, err := dial(ctx, l.address, deadline)
		if err != nil {
			return turn{}, err
		}
		defer c.close()
		clients[n] = c
	}
	var sent atomic.Int64
	var all sync.WaitGroup
	latencies := make([][]time.Duration, l.clients)
	errs := make([]error, l.clients)
	cpu, began := ownTime(), time.Now()
	for n, c := range clients {
		all.Go(func() {
			mine := make([]time.Duration, 0, 2*l.requests/l.clients)
			for at := int(sent.Add(1)); at <= l.requests; at = int(sent.Add(1)) {
				begin := time.Now()
				if errs[n] = c.call(l.call(n, at-1), l.proof); errs[n] != nil {
					return
				}
				mine = append(mine, time.Since(begin))
			}
			latencies[n] = mine
		})
	}
	all.Wait()
	t := turn{took: time.Since(began), generator: ownTime() - cpu}
	t.latencies = slices.Concat(latencies...)
	slices.Sort(t.latencies)
	return t, errors.Join(errs...)
}

// ownTime is the processor time that this process has used.
func ownTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// client is one connection that speaks as much HTTP as the measurement needs:
// a whole client of net/http takes as long as the server.
type client struct {
	conn   net.Conn
	reader *bufio.Reader
	body   bytes.Buffer // of the last answer
}

// dial opens a connection that fails at the deadline.
func dial(ctx context.Context, address string, deadline time.Time) (*client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &client{conn: conn, reader: bufio.NewReader(conn)}, nil
}

func (c *client) close() { _ = c.conn.Close() } // the answers were read

var lengthName = []byte("Content-Length: ")

// call sends one request and reads the answer to its end. An answer without
// the proof that it is good is an error.
func (c *client) call(request []byte, proof string) error {
	if _, err := c.conn.Write(request); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	status, err := c.reader.ReadSlice('\n')
	if err != nil {
		return fmt.Errorf("read status: %w", err)
	}
	good := bytes.HasPrefix(status, []byte("HTTP/1.1 2"))
	words := string(bytes.TrimSpace(status))
	length := -1
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("read header: %w", err)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		if rest, ok := bytes.CutPrefix(line, lengthName); ok {
			if length, err = strconv.Atoi(string(rest)); err != nil {
				return fmt.Errorf("read length: %w", err)
			}
		}
	}
	if length < 0 {
		return errors.New("an answer came without its length")
	}
	c.body.Reset()
	if _, err := io.CopyN(&c.body, c.reader, int64(length)); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if !good || !bytes.Contains(c.body.Bytes(), []byte(proof)) {
		return fmt.Errorf("answered %s: %s", words, c.body.String())
	}
	return nil
}

// newInvoices is a load of invoices: the n-th client has the n-th key, counted
// round. An empty key is not sent.
func newInvoices(address string, keys []string, clients, requests int) load {
	calls := make([][]byte, len(keys))
	for i, key := range keys {
		var headers []string
		if key != "" {
			headers = []string{"Authorization: Bearer " + key}
		}
		calls[i] = post(address, "/invoice/create", "application/json", `{"title":"Order 48213, two items",`+
			`"totalAmount":1250000,"mobile":"+989120000000","email":"payer@example.com"}`, headers...)
	}
	return load{
		address: address, clients: clients, requests: requests, proof: `"_id":"`,
		call: func(client, _ int) []byte { return calls[client%len(calls)] },
	}
}

// post is a whole request.
func post(address, path, media, body string, headers ...string) []byte {
	var b bytes.Buffer
	b.WriteString("POST " + path + " HTTP/1.1\r\nHost: " + address + "\r\n")
	for _, h := range headers {
		b.WriteString(h + "\r\n")
	}
	b.WriteString("Content-Type: " + media + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	return b.Bytes()
}
