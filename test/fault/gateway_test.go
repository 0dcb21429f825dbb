//go:build fault

package fault

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/sandbox"
)

// troubles are what a gateway's answer can be instead of an answer. In all but
// the last one the work behind it is done.
var troubles = []struct {
	name  string
	fault sandbox.Fault
}{
	{"lost", sandbox.Fault{Name: sandbox.FaultLostAnswer}},
	{"late", sandbox.Fault{Name: sandbox.FaultDelay, Wait: 5 * time.Second}},
	{"error after the work", sandbox.Fault{Name: sandbox.FaultServerErrorAfter}},
	{"HTML with 200", sandbox.Fault{Name: sandbox.FaultBadBody, Value: "html-200"}},
	{"HTML with 502", sandbox.Fault{Name: sandbox.FaultBadBody, Value: "html-502"}},
	{"truncated", sandbox.Fault{Name: sandbox.FaultBadBody, Value: "cut"}},
	{"empty", sandbox.Fault{Name: sandbox.FaultBadBody, Value: "empty"}},
	{"10 MB", sandbox.Fault{Name: sandbox.FaultBadBody, Value: "huge"}},
	{"slow drip", sandbox.Fault{Name: sandbox.FaultSlowDrip}},
	{"redirect", sandbox.Fault{Name: sandbox.FaultRedirect}},
}

// brief is the time limit of contracts in tests of slow answers.
const brief = 600 * time.Millisecond

// spoiled is a payment whose gateway does not answer as it should.
type spoiled struct {
	*shop
	what, gateway string
	page          opened
}

// eachTrouble runs a part of a test for every payment at once.
func eachTrouble(all []spoiled, do func(spoiled)) {
	var crowd sync.WaitGroup
	for _, one := range all {
		crowd.Go(func() { do(one) })
	}
	crowd.Wait()
}

// A gateway that took the money and does not say so has taken it once: the
// payment stays open until the gateway answers, and is neither failed nor
// captured a second time.
func TestGatewayTakesAndSaysNothing(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database, shops: len(troubles), timeout: brief})
		w.start()
		var all []spoiled
		for n, trouble := range troubles {
			for _, gateway := range gateways {
				all = append(all, spoiled{shop: w.shops[n], what: gateway + ", " + trouble.name, gateway: gateway})
			}
		}
		var mu sync.Mutex
		addresses := map[string]string{}
		for i := range all {
			one := &all[i]
			one.page = one.request(one.invoice(50_000), one.gateway, 50_000)
			trouble := troubles[i/len(gateways)].fault
			trouble.Call, trouble.Payment = "verify", one.page.Authority
			w.banks[one.gateway].spoil(trouble)
		}
		eachTrouble(all, func(one spoiled) {
			address := one.approve(one.page)
			mu.Lock()
			addresses[one.page.PaymentID] = address
			mu.Unlock()
			one.back(address)
			one.wantStatus(one.what+" at the return", one.page.PaymentID, "pending")
		})
		w.look(2 * time.Minute)
		eachTrouble(all, func(one spoiled) {
			one.wantStatus(one.what+" asked again", one.page.PaymentID, "pending")
		})
		for _, b := range w.banks {
			b.heal()
		}
		w.look(time.Hour / 4)
		eachTrouble(all, func(one spoiled) {
			one.wantStatus(one.what+" when it answers again", one.page.PaymentID, "success")
			one.back(addresses[one.page.PaymentID])
			if n := entriesOf(t, one.shop, one.page.PaymentID, ledger.RuleCaptured); n != 1 {
				t.Errorf("%s: booked %d times, want once", one.what, n)
			}
		})
		held := w.quiet()
		if len(held) != 0 {
			t.Errorf("got %v, want nothing that waits for a person", held)
		}
		w.compare(held)
		w.stop()
	})
}

// look moves the clocks and waits until the worker has asked about everything
// that is due then.
func (w *world) look(later time.Duration) {
	w.t.Helper()
	w.advance(later)
	wait(w.t, 30*time.Second, "the worker to look", func() bool { return len(w.due(w.now())) == 0 })
}

// Shepa may refuse to repeat a lost success, and has no question that changes
// nothing: then only a person can say, and the payment is neither paid nor
// failed.
func TestNobodyCanTell(t *testing.T) {
	t.Parallel()
	w := open(t, plot{timeout: brief, switches: map[string]map[string]string{"shepa": {"repeat-verify": "error"}}})
	s := w.shops[0]
	w.start()
	page := s.request(s.invoice(50_000), "shepa", 50_000)
	w.banks["shepa"].spoil(sandbox.Fault{Name: "verify-lost-answer", Payment: page.Authority})
	s.back(s.approve(page))
	w.banks["shepa"].heal()
	held := w.quiet()
	s.wantStatus("shepa", page.PaymentID, "pending")
	if held[page.PaymentID].Noun != "payment" {
		t.Errorf("got %v, want the payment to wait for a person", held)
	}
	if p := w.banks["shepa"].payment(page.Authority); p.Captures != 1 {
		t.Errorf("got %d captures, want the one that nobody was told of", p.Captures)
	}
	w.stop()
}

// A gateway that does not open a page in words that we understand opens none:
// the shop is told, nothing of it is seen, and the invoice can still be paid.
func TestGatewayDoesNotOpen(t *testing.T) {
	t.Parallel()
	w := open(t, plot{shops: len(troubles), timeout: brief})
	w.start()
	opening := map[string]string{"zarinpal": "request", "shepa": "token", "zibal": "request"}
	var crowd sync.WaitGroup
	for _, gateway := range gateways {
		crowd.Go(func() {
			for n, trouble := range troubles {
				s, what := w.shops[n], gateway+", "+trouble.name
				invoice := s.invoice(50_000)
				fault := trouble.fault
				fault.Call = opening[gateway]
				w.banks[gateway].spoil(fault)
				a, err := s.call(http.MethodPost, "/payment/request", requested(invoice, gateway, 50_000))
				if err != nil || a.status != http.StatusBadGateway || !strings.Contains(string(a.body), "Payment request failed") {
					t.Errorf("%s: got status %d, %v: %s", what, a.status, err, a.body)
				}
				w.banks[gateway].heal()
				s.back(s.approve(s.request(invoice, gateway, 50_000)))
			}
		})
	}
	crowd.Wait()
	held := w.quiet()
	if len(held) != 0 {
		t.Errorf("got %v, want nothing that waits for a person", held)
	}
	for _, s := range w.shops {
		for _, i := range s.invoices() {
			if len(i.Payments) != 1 || i.Payments[0].Status != "success" || !i.IsDone {
				t.Errorf("got %+v, want one success alone", i)
			}
		}
	}
	w.compare(held)
	w.stop()
}

// Money that goes back and is not heard of goes back once. Where the gateway
// has a question it is asked; where it has none a person is called.
func TestGatewayGivesBackAndSaysNothing(t *testing.T) {
	t.Parallel()
	calls := map[string]string{"zarinpal": "reverse", "shepa": "refund", "zibal": "refund"}
	eachEngine(t, func(t *testing.T, database string) {
		w := open(t, plot{database: database, shops: len(troubles), timeout: brief})
		w.start()
		var all []spoiled
		for n, trouble := range troubles {
			if trouble.name == "redirect" {
				continue // nothing goes back: that is the story of TestKill
			}
			for _, gateway := range gateways {
				one := spoiled{shop: w.shops[n], what: gateway + ", " + trouble.name, gateway: gateway}
				one.page = one.request(one.invoice(50_000), gateway, 50_000)
				one.back(one.approve(one.page))
				fault := trouble.fault
				fault.Call, fault.Payment = calls[gateway], one.page.Authority
				w.banks[gateway].spoil(fault)
				all = append(all, one)
			}
		}
		eachTrouble(all, func(one spoiled) {
			if a, ok, err := one.reverse(one.page); err != nil || ok || a.status != http.StatusOK {
				t.Errorf("%s: got status %d, %v, %v, want an outcome that is not known: %s", one.what, a.status, ok, err, a.body)
			}
			one.wantStatus(one.what, one.page.PaymentID, "success")
			if a, _, err := one.reverse(one.page); err != nil || a.status != http.StatusConflict {
				t.Errorf("%s, again: got status %d, %v, want 409: %s", one.what, a.status, err, a.body)
			}
		})
		for _, b := range w.banks {
			b.heal()
		}
		held := w.quiet()
		doubtful := w.doubtful(held)
		for _, one := range all {
			want := "reversed"
			if one.gateway == "shepa" {
				want = "success"
			}
			one.wantStatus(one.what+", later", one.page.PaymentID, want)
			if doubtful[one.page.PaymentID] != (one.gateway == "shepa") {
				t.Errorf("%s: waits for a person: %v", one.what, doubtful[one.page.PaymentID])
			}
		}
		w.compare(held)
		w.stop()
	})
}
