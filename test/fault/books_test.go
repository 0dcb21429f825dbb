//go:build fault

package fault

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/sandbox"
)

// waiting is a thing that the audit leaves to a person.
type waiting struct{ Noun, Subject, Reason string }

// audit runs "purser audit" and gives what waits for a person, by its id.
func (w *world) audit() map[string]waiting {
	w.t.Helper()
	done := command(w.t, programs.plain, append([]string{"--json"}, w.arguments("audit")...)...)
	if done.code != 0 {
		w.t.Fatalf("audit: got exit code %d, want 0: %s%s", done.code, done.out, done.errors)
	}
	var said struct {
		Agrees  bool
		Waiting []waiting
	}
	if err := json.Unmarshal([]byte(done.out), &said); err != nil || !said.Agrees {
		w.t.Fatalf("audit: got %v, %v, want books that agree: %s", said.Agrees, err, done.out)
	}
	all := map[string]waiting{}
	for _, one := range said.Waiting {
		all[one.Subject] = one
	}
	return all
}

// patience is how long quiet goes on by the clock on the wall. A client whose
// provider has been failing asks nothing for 15 s, and no clock of ours moves
// that: all looks of that time only put off the next one.
const patience = 40 * time.Second

// quiet moves the clocks until no payment is open and every open refund waits
// for a person. It gives what waits.
func (w *world) quiet() map[string]waiting {
	w.t.Helper()
	steps := []time.Duration{2, 3, 5, 10, 30, 60, 60, 180, 180, 360, 360}
	began := time.Now()
	for n := 0; n < len(steps) || time.Since(began) < patience; n++ {
		w.advance(steps[min(n, len(steps)-1)] * time.Minute)
		wait(w.t, 30*time.Second, "the worker to look after everything that is due", func() bool {
			return len(w.due(w.now())) == 0
		})
		open := w.due(w.now().AddDate(10, 0, 0))
		if len(open) == 0 {
			return w.audit()
		}
		held := w.audit()
		all := true
		for _, id := range open {
			_, named := held[id]
			all = all && named
		}
		if all {
			return held
		}
	}
	w.t.Errorf("still open, and nobody is told: %s", strings.Join(w.due(w.now().AddDate(10, 0, 0)), ", "))
	w.explain()
	return w.audit()
}

// explain logs the first few payments and refunds that are still open, with
// their histories.
func (w *world) explain() {
	w.t.Helper()
	const most = 10
	until := w.now().AddDate(10, 0, 0)
	payments, err := w.reading().DuePayments(w.t.Context(), until, most)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range payments {
		w.t.Logf("payment %s is %s at %s, looked at %d times, next in %s",
			p.ID, p.State, p.Attempt.Gateway, p.Checks, p.CheckAt.Sub(w.now()))
		w.history(event.Payment, p.Merchant, p.ID)
	}
	refunds, err := w.reading().DueRefunds(w.t.Context(), until, most)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range refunds {
		w.t.Logf("refund %s is %s by %s at %s, looked at %d times, next in %s",
			r.ID, r.State, r.Way, r.Gateway, r.Checks, r.CheckAt.Sub(w.now()))
		w.history(event.Refund, r.Merchant, r.ID)
	}
}

// history logs what happened to one payment or refund.
func (w *world) history(noun event.Noun, merchant, id string) {
	w.t.Helper()
	all, err := w.reading().History(w.t.Context(), merchant, noun, id)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range all {
		w.t.Logf("   %s %s -> %s, %s by %s: %s", e.At.Format(time.TimeOnly), e.From, e.To, e.Trigger, e.Actor, e.Note)
	}
}

// due are the payments and refunds that the worker must look after until then.
func (w *world) due(until time.Time) []string {
	w.t.Helper()
	const most = 1000
	payments, err := w.reading().DuePayments(w.t.Context(), until, most)
	if err != nil {
		w.t.Fatal(err)
	}
	refunds, err := w.reading().DueRefunds(w.t.Context(), until, most)
	if err != nil {
		w.t.Fatal(err)
	}
	var ids []string
	for _, p := range payments {
		ids = append(ids, p.ID)
	}
	for _, r := range refunds {
		ids = append(ids, r.ID)
	}
	return ids
}

// compare holds the books of the banks against ours, payment by payment and
// sum by sum. What waits for a person may differ, and nothing else.
func (w *world) compare(held map[string]waiting) {
	w.t.Helper()
	doubtful := w.doubtful(held)
	for _, name := range gateways {
		theirs := w.banks[name].payments()
		var owed int64
		for _, s := range w.shops {
			for _, i := range s.invoices() {
				for _, p := range i.Payments {
					if p.Gateway != name || p.Authority == "" {
						continue
					}
					what := fmt.Sprintf("%s payment %s of %d (%s)", name, p.ID, p.Amount, p.Status)
					there, known := theirs[p.Authority]
					delete(theirs, p.Authority)
					if !known {
						w.t.Errorf("%s: the bank does not know it", what)
						continue
					}
					w.agree(what, there, p.Amount, p.Status, doubtful[p.ID])
					if taken(p.Status) && (!back(there) || doubtful[p.ID]) && p.Status == "success" {
						owed += p.Amount
					}
				}
			}
		}
		for id, p := range theirs { // pages whose opening nobody was told of
			if p.Charges != 0 || p.Captures != 0 {
				w.t.Errorf("%s: the bank has taken money for %s, which no shop knows", name, id)
			}
		}
		if got := w.clearing(name); got != -owed {
			w.t.Errorf("%s: our books say that the bank owes %d, want %d", name, -got, owed)
		}
	}
}

func taken(status string) bool { return status == "success" || status == "reversed" }

// back says that the bank gave the money of a capture back.
func back(p sandbox.Payment) bool {
	return p.State == sandbox.Reversed || p.State == sandbox.Refunding || p.Refunded() == p.Amount
}

// agree compares one payment.
func (w *world) agree(what string, there sandbox.Payment, amount int64, status string, doubtful bool) {
	w.t.Helper()
	switch {
	case there.Amount != amount:
		w.t.Errorf("%s: the bank has it with %d", what, there.Amount)
	case there.Charges > 1 || there.Captures > 1:
		w.t.Errorf("%s: charged %d times and captured %d times", what, there.Charges, there.Captures)
	case taken(status) != (there.Captures == 1):
		w.t.Errorf("%s: the bank captured it %d times (%s)", what, there.Captures, there.State)
	case !doubtful && (status == "reversed") != back(there):
		w.t.Errorf("%s: the bank says %s", what, there.State)
	case status == "pending" && !doubtful:
		w.t.Errorf("%s: still open (%s)", what, there.State)
	}
}

// doubtful are the payments whose story a person must finish: those that wait
// themselves, and those with a refund that does.
func (w *world) doubtful(held map[string]waiting) map[string]bool {
	w.t.Helper()
	all := map[string]bool{}
	for id, h := range held {
		all[id] = true
		if h.Noun != "refund" {
			continue
		}
		for _, s := range w.shops {
			if r, err := w.reading().Refund(w.t.Context(), s.merchant, id); err == nil {
				all[r.Payment] = true
			}
		}
	}
	return all
}

// clearing is what all shops' books say that a bank owes, as a negative sum.
func (w *world) clearing(gateway string) int64 {
	w.t.Helper()
	var sum int64
	for _, s := range w.shops {
		balances, err := w.reading().Balances(w.t.Context(), s.merchant)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, b := range balances {
			if b.Account.Role == ledger.GatewayClearing && b.Account.Owner == gateway {
				sum += b.Amount.Steps()
			}
		}
	}
	return sum
}

// entriesOf counts the entries of one rule that were booked for a payment.
func entriesOf(t *testing.T, s *shop, payment string, rule ledger.Rule) int {
	t.Helper()
	entries, err := s.reading().Entries(t.Context(), s.merchant, payment)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if e.Rule() == rule {
			n++
		}
	}
	return n
}
