package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/purserhq/purser/internal/dialect/p2p"
)

// market is a store whose payers send money to traders, and the servers that it
// may ask.
type market struct {
	merchant string
	key      signer
	servers  []string // addresses
}

// marketURL is the public address of the servers, over which calls are signed.
const marketURL = "https://pay.example"

// The sums that are asked for, in whole kopecks: so many that few are equal.
const leastSum, mostSum = 100_00, 9_000_00

// wishes is a load of invoices at a market. Each is asked of one server; where
// its deal begins at once, the payer's word that the money is sent goes to the
// next one.
type wishes struct {
	market

	clients  int
	requests int
	deals    bool          // a deal begins with each
	pace     float64       // so many begin in a second, however long answers take; 0 = as answers come
	limit    time.Duration // what lasts longer is a failure
	said     chan<- string // gets the deals of which the payer says so; nil = no payer says anything
}

// run sends the load. A latency is that of the invoice, from the moment at which
// it was to be sent. The error is the first answer that is not a success.
func (w wishes) run(ctx context.Context) (turn, error) {
	ctx, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	var next atomic.Int64
	var all sync.WaitGroup
	latencies := make([][]time.Duration, w.clients)
	errs := make([]error, w.clients)
	cpu, began := ownTime(), time.Now()
	for n := range w.clients {
		all.Go(func() {
			s := &shopper{market: w.market, lines: make([]*client, len(w.servers))}
			defer s.close()
			for at := next.Add(1); at <= int64(w.requests); at = next.Add(1) {
				begin := time.Now()
				if w.pace > 0 {
					begin = began.Add(time.Duration(float64(at-1) / w.pace * float64(time.Second)))
					if errs[n] = rest(ctx, time.Until(begin)); errs[n] != nil {
						return
					}
				}
				took, err := w.one(ctx, s, int(at), begin)
				if errs[n] = err; err != nil {
					cancel()
					return
				}
				latencies[n] = append(latencies[n], took)
			}
		})
	}
	all.Wait()
	t := turn{took: time.Since(began), generator: ownTime() - cpu}
	t.latencies = slices.Concat(latencies...)
	slices.Sort(t.latencies)
	return t, errors.Join(errs...)
}

// one asks for an invoice and, where its deal begins at once, says that the
// payer has sent the money.
func (w wishes) one(ctx context.Context, s *shopper, at int, begin time.Time) (time.Duration, error) {
	sum := leastSum + rand.IntN(mostSum-leastSum+1) //nolint:gosec // a sum is no secret
	body := fmt.Sprintf(`{"type":"in","amount":"%d.%02d","currency":"RUB","notificationUrl":"","notificationToken":"",`+
		`"paymentOption":"SBP","startDeal":%t}`, sum/100, sum%100, w.deals)
	answer, err := s.call(ctx, at, "/api/merchant/invoices", body)
	took := time.Since(begin)
	if err != nil || !w.deals {
		return took, err
	}
	if len(answer.Deals) != 1 || answer.Deals[0].Status != "transfer_waiting" {
		return took, fmt.Errorf("an invoice of %d kopecks has the deals %v, want one that waits", sum, answer.Deals)
	}
	if w.said == nil {
		return took, nil
	}
	answer, err = s.call(ctx, at+1, "/api/merchant/invoices/"+answer.ID+"/confirm-transfer", "")
	if err != nil {
		return took, err
	}
	if len(answer.Deals) != 1 || answer.Deals[0].Status != "transfer_confirmed" {
		return took, fmt.Errorf("after the payer's word there are the deals %v, want one that is confirmed", answer.Deals)
	}
	w.said <- answer.Deals[0].ID
	return took, nil
}

// shopper is a client with one connection to every server. Each is opened when
// it is needed first: a server closes one on which nothing is asked.
type shopper struct {
	market

	lines []*client
}

// line is the connection to a server.
func (s *shopper) line(ctx context.Context, at int) (_ *client, err error) {
	if s.lines[at] == nil {
		deadline, _ := ctx.Deadline()
		s.lines[at], err = dial(ctx, s.servers[at], deadline)
	}
	return s.lines[at], err
}

func (s *shopper) close() {
	for _, c := range s.lines {
		if c != nil {
			c.close()
		}
	}
}

// answered is what a load reads of an invoice.
type answered struct {
	ID    string
	Deals []struct{ ID, Status string }
}

// call sends one signed request to the server whose turn it is.
func (s *shopper) call(ctx context.Context, at int, path, body string) (a answered, err error) {
	at %= len(s.lines)
	line, err := s.line(ctx, at)
	if err != nil {
		return a, err
	}
	request := post(s.servers[at], path, "application/json", body, "X-Identity: "+s.key.Public,
		"X-Signature: "+p2p.Sign(s.key.Secret, http.MethodPost, marketURL+path, []byte(body)))
	if err := line.call(request, `"deals":`); err != nil {
		return a, err
	}
	return a, json.Unmarshal(line.body.Bytes(), &a)
}
