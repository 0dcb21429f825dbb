//go:build fault

package fault

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/sandbox"
)

// The same return fifty times at once is one capture and one entry.
func TestSameReturnFiftyTimes(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database})
		s := w.shops[0]
		w.start()
		for _, gateway := range gateways {
			page := s.request(s.invoice(50_000), gateway, 50_000)
			address := s.approve(page)
			crowd(50, 50, func(int) { s.back(address) })
			s.wantStatus(gateway, page.PaymentID, "success")
			if p := w.banks[gateway].payment(page.Authority); p.Charges != 1 || p.Captures != 1 {
				t.Errorf("%s: charged %d times and captured %d times, want once", gateway, p.Charges, p.Captures)
			}
			if n := entriesOf(t, s, page.PaymentID, ledger.RuleCaptured); n != 1 {
				t.Errorf("%s: booked %d times, want once", gateway, n)
			}
		}
		w.compare(w.quiet())
		w.stop()
	})
}

// crowd does something many times, so many at once.
func crowd(times, atOnce int, do func(n int)) {
	var next atomic.Int64
	var everybody sync.WaitGroup
	for range atOnce {
		everybody.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= times {
					return
				}
				do(n)
			}
		})
	}
	everybody.Wait()
}

// with is a return address with some of its parameters changed.
func with(t *testing.T, address string, changes map[string]string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	for name, value := range changes {
		query.Set(name, value)
		if value == "" {
			query.Del(name)
		}
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// session is the name under which a gateway hands its id back.
var session = map[string]string{"zarinpal": "Authority", "shepa": "token", "zibal": "trackId"}

// A payer cannot pay one invoice with what another one paid: every return is
// tried with every other one's id, with and without a token, and only what
// was paid is paid.
func TestReplayedAuthority(t *testing.T) {
	t.Parallel()
	w := open(t, plot{shops: 2})
	w.start()
	for _, gateway := range gateways {
		type visit struct {
			s       *shop
			page    opened
			address string
		}
		var paid, unpaid []visit
		for n := range 6 {
			s := w.shops[n%2]
			v := visit{s: s, page: s.request(s.invoice(50_000), gateway, 50_000)}
			if n < 3 {
				v.address = s.approve(v.page)
				s.back(v.address)
				s.wantStatus(gateway, v.page.PaymentID, "success")
				paid = append(paid, v)
				continue
			}
			// This payer only looks: the address is what the bank would send a payer to.
			w.banks[gateway].spoil(sandbox.Fault{Name: sandbox.FaultForgedReturn, Payment: v.page.Authority})
			v.address = s.approve(v.page)
			unpaid = append(unpaid, v)
		}
		for _, u := range unpaid {
			for _, p := range paid {
				for _, forged := range []string{
					with(t, u.address, map[string]string{session[gateway]: p.page.Authority}),
					with(t, p.address, map[string]string{session[gateway]: u.page.Authority}),
					with(t, u.address, map[string]string{session[gateway]: p.page.Authority, "t": ""}),
					with(t, u.address, map[string]string{"t": ""}),
					u.address,
				} {
					u.s.back(forged)
				}
			}
			u.s.wantStatus(gateway+" forged", u.page.PaymentID, "pending")
		}
		if got := w.banks[gateway].totals().Captured; got != 150_000 {
			t.Errorf("%s: captured %d, want 150000", gateway, got)
		}
		for _, v := range slices.Concat(paid, unpaid) {
			want := 1
			if slices.Contains(unpaid, v) {
				want = 0
			}
			if n := entriesOf(t, v.s, v.page.PaymentID, ledger.RuleCaptured); n != want {
				t.Errorf("%s: payment %s booked %d times, want %d", gateway, v.page.PaymentID, n, want)
			}
		}
	}
	w.compare(w.quiet())
	w.stop()
}

// A gateway that names another amount is not believed, and a person hears of
// it. When it names the right one it is.
func TestWrongAmount(t *testing.T) {
	t.Parallel()
	w := open(t, plot{})
	s := w.shops[0]
	w.start()
	wrong := map[string][]sandbox.Fault{
		"shepa": {{Name: "verify-other-amount"}},
		"zibal": {{Name: sandbox.FaultWrongAmount, Call: "verify"}, {Name: sandbox.FaultWrongAmount, Call: "inquiry"}},
		// ZarinPal compares by itself: it says so with a code, and takes nothing.
		"zarinpal": {{Name: sandbox.FaultRefuse, Call: "verify", Value: "-50"}},
	}
	for _, gateway := range gateways {
		page := s.request(s.invoice(50_000), gateway, 50_000)
		for _, fault := range wrong[gateway] {
			w.banks[gateway].spoil(fault)
		}
		s.back(s.approve(page))
		s.wantStatus(gateway, page.PaymentID, "pending")
		w.look(2 * time.Minute)
		s.wantStatus(gateway+" asked again", page.PaymentID, "pending")
		if held := w.audit(); held[page.PaymentID].Reason == "" {
			t.Errorf("%s: got %v, want the payment to wait for a person", gateway, held)
		}
		w.banks[gateway].heal()
		w.look(10 * time.Minute)
		s.wantStatus(gateway+" healed", page.PaymentID, "success")
	}
	held := w.quiet()
	if len(held) != 0 {
		t.Errorf("got %v, want nothing that waits for a person", held)
	}
	w.compare(held)
	w.stop()
}

// windows is when every bank has given back what nobody verified.
const windows = 31 * time.Minute

// Two payers bring one invoice to its end at the same moment: one capture,
// and the other's money goes back by itself.
func TestTwoPayersOneInvoice(t *testing.T) {
	t.Parallel()
	const rounds = 5
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database})
		s := w.shops[0]
		w.start()
		var invoices []string
		for range rounds {
			for n, gateway := range gateways {
				invoice := s.invoice(90_000)
				invoices = append(invoices, invoice)
				pages := []opened{
					s.request(invoice, gateway, 90_000), s.request(invoice, gateways[(n+1)%len(gateways)], 90_000),
				}
				addresses := []string{s.approve(pages[0]), s.approve(pages[1])}
				crowd(2, 2, func(n int) { s.back(addresses[n]) })
			}
		}
		w.look(2 * time.Minute)
		wantOneSuccess(t, s, invoices)
		held := w.quiet()
		if len(held) != 0 {
			t.Errorf("got %v, want nothing that waits for a person", held)
		}
		w.look(windows)
		wantOneSuccess(t, s, invoices)
		w.compare(held)
		var all sandbox.Books
		for _, b := range w.banks {
			totals := b.totals()
			all.Charged += totals.Charged
			all.Captured += totals.Captured
			all.Returned += totals.Returned
			all.Waiting += totals.Waiting
		}
		const each = int64(rounds * 3 * 90_000)
		if all.Charged != 2*each || all.Captured != each || all.Returned != each || all.Waiting != 0 {
			t.Errorf("the banks say %+v, want %d charged, half of it captured and half given back", all, 2*each)
		}
		w.stop()
	})
}

// wantOneSuccess checks that each invoice has exactly one payment that was taken.
func wantOneSuccess(t *testing.T, s *shop, invoices []string) {
	t.Helper()
	for _, i := range s.invoices() {
		if !slices.Contains(invoices, i.ID) {
			continue
		}
		successes := 0
		for _, p := range i.Payments {
			if p.Status == "success" {
				successes++
			}
		}
		if successes != 1 || !i.IsDone {
			t.Errorf("invoice %s: got %d successes and isDone %v, want one: %+v", i.ID, successes, i.IsDone, i.Payments)
		}
	}
}

// Hundreds pay one invoice at once, each on a page of their own; one gets
// through. A shop beside it does not feel it.
func TestHerd(t *testing.T) {
	t.Parallel()
	herd := 300
	if testing.Short() {
		herd = 60
	}
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database, shops: 2})
		s, beside := w.shops[0], w.shops[1]
		w.start()
		invoice := s.invoice(90_000)
		begin := time.Now()
		pages := make([]opened, herd)
		crowd(herd, herd, func(n int) { pages[n] = s.request(invoice, gateways[n%3], 90_000) })
		t.Logf("%d requests to pay one invoice were answered in %s", herd, time.Since(begin).Round(time.Millisecond))
		addresses := make([]string, herd)
		crowd(herd, 16, func(n int) { addresses[n] = s.approve(pages[n]) })
		over := make(chan struct{})
		slowest := make(chan time.Duration)
		go func() { slowest <- beside.latency(over) }()
		begin = time.Now()
		crowd(2*herd, 2*herd, func(n int) {
			if n%2 == 0 {
				s.back(addresses[n/2])
				return
			}
			s.status(pages[n/2].PaymentID)
		})
		took := time.Since(begin)
		close(over)
		t.Logf("%d payers of one invoice came back in %s; the slowest answer to a shop beside it took %s",
			herd, took.Round(time.Millisecond), (<-slowest).Round(time.Millisecond))
		w.look(2 * time.Minute)
		wantOneSuccess(t, s, []string{invoice})
		held := w.quiet()
		w.look(windows)
		wantOneSuccess(t, s, []string{invoice})
		w.compare(held)
		var captured, returned int64
		for _, b := range w.banks {
			captured, returned = captured+b.totals().Captured, returned+b.totals().Returned
		}
		if captured != 90_000 || returned != int64(herd-1)*90_000 {
			t.Errorf("the banks say %d captured and %d given back, want 90000 and all the rest", captured, returned)
		}
		w.stop()
	})
}

// latency is the slowest answer that a shop gets until the channel closes.
func (s *shop) latency(until <-chan struct{}) (slowest time.Duration) {
	for {
		select {
		case <-until:
			return slowest
		default:
		}
		begin := time.Now()
		a, err := s.call(http.MethodPost, "/invoice/create", object{"title": "Beside", "totalAmount": 5000})
		if err != nil || a.status != http.StatusOK {
			s.t.Errorf("a shop beside the crowd: got status %d, %v: %s", a.status, err, a.body)
			return slowest
		}
		slowest = max(slowest, time.Since(begin))
	}
}

// tenThousand is how many attempts to take too much are made.
func tenThousand() int {
	if testing.Short() {
		return 1_000
	}
	return 10_000
}

// connections is how many of them are made at once.
const connections = 64

// Ten thousand attempts to pay too much and to take money back twice: exactly
// those that are allowed succeed.
func TestTenThousandAttempts(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database})
		s := w.shops[0]
		w.start()
		// A return asks the bank, so it costs more than a refusal.
		overpay(t, s, tenThousand()/5)
		reverseAgain(t, s, tenThousand()/5*4)
		w.compare(w.quiet())
		w.stop()
	})
}

// overpay brings more payers to an invoice than it has room for, again and
// again, and more requests once it is full.
func overpay(t *testing.T, s *shop, attempts int) {
	t.Helper()
	const piece, room, payers = 5_000, 10, 100
	begin := time.Now()
	invoice := s.invoice(piece * room)
	pages := make([]opened, payers)
	for n := range pages {
		pages[n] = s.request(invoice, "zarinpal", piece)
	}
	addresses := make([]string, payers)
	for n := range pages {
		addresses[n] = s.approve(pages[n])
	}
	var refused atomic.Int64
	crowd(attempts/2, connections, func(n int) { s.back(addresses[n%payers]) })
	s.look(2 * time.Minute)
	crowd(attempts/2, connections, func(int) {
		a, err := s.call(http.MethodPost, "/payment/request", requested(invoice, "zarinpal", piece))
		if err == nil && a.status == http.StatusBadRequest {
			refused.Add(1)
			return
		}
		t.Errorf("a full invoice: got status %d, %v, want 400: %s", a.status, err, a.body)
	})
	if got := s.banks["zarinpal"].totals().Captured; got != piece*room {
		t.Errorf("over-paid: the bank captured %d, want %d", got, piece*room)
	}
	t.Logf("%d returns of %d payers into room for %d, then %d refusals: %s", attempts/2, payers, room, refused.Load(),
		time.Since(begin).Round(time.Millisecond))
}

// reverseAgain asks for the same money back from many sides.
func reverseAgain(t *testing.T, s *shop, attempts int) {
	t.Helper()
	const payments = 21
	begin := time.Now()
	pages := make([]opened, payments)
	for n := range pages {
		pages[n] = s.request(s.invoice(30_000), gateways[n%3], 30_000)
		s.back(s.approve(pages[n]))
	}
	granted := make([]atomic.Int64, payments)
	var mu sync.Mutex
	seen := map[string]int{}
	crowd(attempts, connections, func(n int) {
		a, ok, err := s.reverse(pages[n%payments])
		switch {
		case err != nil:
			t.Errorf("reverse: %v", err)
		case ok:
			granted[n%payments].Add(1)
		}
		mu.Lock()
		defer mu.Unlock()
		seen[fmt.Sprint(a.status, " ", ok)]++
	})
	s.quiet()
	for n := range pages {
		if got := granted[n].Load(); got != 1 {
			t.Errorf("%s payment %d: the reversal was granted %d times, want once", gateways[n%3], n, got)
		}
		s.wantStatus("reversed", pages[n].PaymentID, "reversed")
		done := entriesOf(t, s, pages[n].PaymentID, ledger.RuleReversed)
		if done += entriesOf(t, s, pages[n].PaymentID, ledger.RuleRefunded); done != 1 {
			t.Errorf("payment %d: booked back %d times, want once", n, done)
		}
	}
	t.Logf("%d attempts to reverse %d payments: %v, %s", attempts, payments, seen,
		time.Since(begin).Round(time.Millisecond))
}
