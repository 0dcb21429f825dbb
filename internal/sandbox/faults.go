package sandbox

import (
	"cmp"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"time"
)

// The faults that every emulator has. A provider's own faults are listed in its folder.
const (
	FaultDelay             = "delay"               // the work is done, the answer comes Wait later
	FaultLostRequest       = "lost-request"        // the connection is dropped before any work
	FaultLostAnswer        = "lost-answer"         // the work is done, then the connection is dropped
	FaultServerErrorBefore = "server-error-before" // Status (503) without the work done
	FaultServerErrorAfter  = "server-error-after"  // Status (503) with the work done
	FaultRateLimit         = "rate-limit"          // 429 with Retry-After, no work
	FaultRefuse            = "refuse"              // the provider's own code from Value, no work
	FaultBadBody           = "bad-body"            // Value: empty, cut, html-200, html-502, content-type, huge
	FaultRedirect          = "redirect"            // 302 to Value, or to a place that does not exist; no work
	FaultSlowDrip          = "slow-drip"           // one byte after each Wait
	FaultOddTypes          = "odd-types"           // numbers as text and back, null for empty, one more member
	FaultUnknownWord       = "unknown-word"        // a status or code outside the tables
	FaultNoReturn          = "no-return"           // the payer's browser never comes back
	FaultDoubleReturn      = "double-return"       // it comes back twice
	FaultLateReturn        = "late-return"         // it comes back Wait later
	FaultForgedReturn      = "forged-return"       // it says success though nothing was paid
	FaultSwappedReturn     = "swapped-return"      // it carries another payment's id: Value, or the latest other one
	FaultWrongAmount       = "wrong-amount"        // a positive answer with another amount: Value, or a tenth
	FaultWrongOrder        = "wrong-order"         // a positive answer with another order: Value, or a made-up one
	FaultSlowTruth         = "slow-truth"          // the money moved, the answer still says open
	FaultLateSuccess       = "late-success"        // a payment that was reported closed is paid after all
)

// commonFaults lists the menu above.
var commonFaults = []string{
	FaultDelay, FaultLostRequest, FaultLostAnswer, FaultServerErrorBefore, FaultServerErrorAfter, FaultRateLimit,
	FaultRefuse, FaultBadBody, FaultRedirect, FaultSlowDrip, FaultOddTypes, FaultUnknownWord, FaultNoReturn,
	FaultDoubleReturn, FaultLateReturn, FaultForgedReturn, FaultSwappedReturn, FaultWrongAmount, FaultWrongOrder,
	FaultSlowTruth, FaultLateSuccess,
}

// badBodies are the values of FaultBadBody.
var badBodies = []string{"empty", "cut", "html-200", "html-502", "content-type", "huge"}

// lostAnswerSuffix makes verify-lost-answer a short way to say lost-answer on the call verify.
const lostAnswerSuffix = "-" + FaultLostAnswer

// Fault is one thing that shall go wrong.
type Fault struct {
	ID      int64         `json:"id,omitempty"` // given by the emulator
	Name    string        `json:"name"`
	Call    string        `json:"call,omitempty"`    // only this call; empty means every call
	Payment string        `json:"payment,omitempty"` // only this payment; empty means every payment
	Skip    int           `json:"skip,omitempty"`    // so many occurrences pass unharmed first
	Times   int           `json:"times,omitempty"`   // so many occurrences are hit; 0 means all that follow
	Wait    time.Duration `json:"wait,omitempty"`    // for the late ones, in nanoseconds
	Status  int           `json:"status,omitempty"`  // for the server errors
	Value   string        `json:"value,omitempty"`   // see the fault's own words
	Hits    int           `json:"hits,omitempty"`    // how often it has struck
}

// AddFault puts a fault on the menu and answers it with its id. Unknown names and calls are errors.
func (b *Bench) AddFault(f Fault) (Fault, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if call, ok := strings.CutSuffix(f.Name, lostAnswerSuffix); ok && b.calls[call] {
		f.Name, f.Call = FaultLostAnswer, call
	}
	if common, ok := b.profile.Short[f.Name]; ok {
		f.Name, f.Call, f.Wait = common.Name, common.Call, cmp.Or(f.Wait, common.Wait)
	}
	if err := b.checkFault(f); err != nil {
		return Fault{}, err
	}
	b.faultSerial++
	f.ID, f.Hits = b.faultSerial, 0
	b.faults = append(b.faults, &f)
	return f, nil
}

// checkFault refuses what could never strike, so that a test with a typing error does not pass by luck.
func (b *Bench) checkFault(f Fault) error {
	if len(b.faults) >= maxFaults {
		return fmt.Errorf("%s holds %d faults already", b.profile.Name, maxFaults)
	}
	if !b.knowsFault(f.Name) {
		return fmt.Errorf("%s has no fault %q", b.profile.Name, f.Name)
	}
	if f.Call != "" && !b.calls[f.Call] {
		return fmt.Errorf("%s has no call %q", b.profile.Name, f.Call)
	}
	if f.Skip < 0 || f.Times < 0 || f.Wait < 0 {
		return fmt.Errorf("fault %s: counts and waits are not negative", f.Name)
	}
	if f.Status != 0 && (f.Status < http.StatusBadRequest || f.Status > 599) {
		return fmt.Errorf("fault %s: status %d is no error", f.Name, f.Status)
	}
	if f.Name == FaultBadBody && !contains(badBodies, f.Value) {
		return fmt.Errorf("fault %s: value is one of %s", f.Name, strings.Join(badBodies, ", "))
	}
	if f.Name == FaultRefuse && f.Value == "" {
		return fmt.Errorf("fault %s: value is the provider's code", f.Name)
	}
	return nil
}

// knowsFault tells whether a name is on this emulator's menu.
func (b *Bench) knowsFault(name string) bool {
	return contains(commonFaults, name) || contains(b.profile.Faults, name)
}

// Faults lists what is still going to go wrong.
func (b *Bench) Faults() []Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Fault, 0, len(b.faults))
	for _, fault := range b.faults {
		list = append(list, *fault)
	}
	return list
}

// FaultNames lists the whole menu.
func (b *Bench) FaultNames() []string {
	names := append(append([]string(nil), commonFaults...), b.profile.Faults...)
	for name := range b.profile.Short {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// ClearFaults takes every fault away.
func (b *Bench) ClearFaults() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = nil
}

// take uses up one occurrence of a fault, while the lock is held. Faults of the same name stand in line: only the
// first one that fits counts the occurrence.
func (b *Bench) take(name, call, payment string) (Fault, bool) {
	for i, fault := range b.faults {
		if fault.Name != name || !fits(fault.Call, call) || !fits(fault.Payment, payment) {
			continue
		}
		if fault.Skip > 0 {
			fault.Skip--
			return Fault{}, false
		}
		fault.Hits++
		if fault.Times > 0 && fault.Hits >= fault.Times {
			b.faults = append(b.faults[:i:i], b.faults[i+1:]...)
		}
		return *fault, true
	}
	return Fault{}, false
}

// fits compares a filter with what happened; an empty filter fits everything.
func fits(filter, value string) bool { return filter == "" || filter == value }

// contains looks a word up in a short list.
func contains(list []string, word string) bool {
	for _, entry := range list {
		if entry == word {
			return true
		}
	}
	return false
}
