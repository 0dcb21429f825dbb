package app

import (
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// Calls for a person that only a person ends: the money that they are about is in no book,
// and nothing that becomes of the payment's present try says what became of that money.
const (
	earlierTry   = "the gateway took money for an earlier try of this payment"
	heldTooLate  = "the payer's bank holds money for this payment, which has ended"
	otherwisePay = "the gateway says paid, but "
)

// betweenCalls stands between such a call and a later one.
const betweenCalls = "; "

// lastingCall is what stays of the call for a person when the gateway has answered it.
func lastingCall(why string) string {
	calls := slices.DeleteFunc(strings.Split(why, betweenCalls), func(call string) bool {
		return !slices.ContainsFunc([]string{earlierTry, heldTooLate, otherwisePay},
			func(begin string) bool { return strings.HasPrefix(call, begin) })
	})
	return strings.Join(calls, betweenCalls)
}

// calledFor is the call for a person about a payment, with one more reason.
func calledFor(before, why string) string {
	lasting := lastingCall(before)
	switch {
	case lasting == "":
		return why
	case slices.Contains(strings.Split(lasting, betweenCalls), why):
		return lasting
	}
	return lasting + betweenCalls + why
}

// called puts a payment on the list of what waits for a person, once for each reason.
func called(p *payment.Payment, why, actor string, now time.Time, change *store.Change) {
	all := calledFor(p.Attention, why)
	if p.Attention == all {
		return
	}
	p.Attention = all
	change.Events = append(change.Events, happenedTo(*p, payment.Flag, actor, why, now))
}

// flagged asks about a payment once more and calls a person for it.
func flagged(p payment.Payment, why, actor string, now time.Time) store.Change {
	var change store.Change
	p = askedAgain(p, now, pause(p.Checks+1))
	called(&p, why, actor, now, &change)
	change.Payments = []payment.Payment{p}
	return change
}
