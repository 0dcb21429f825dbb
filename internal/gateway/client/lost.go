package client

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/purserhq/purser/internal/gateway"
)

// Lost is the error of every call without a usable answer. It never holds
// anything that came from outside.
type Lost struct {
	Sent bool   // the request may have been worked on
	Why  string // in fixed words

	again bool // a question may be asked once more
	ill   bool // the provider is not well
}

// Error is the reason.
func (l *Lost) Error() string { return l.Why }

// Decode reads the answer into a value. Error: Strange.
func (a Answer) Decode(into any) error {
	if err := json.Unmarshal(a.Body, into); err != nil {
		return a.Strange()
	}
	return nil
}

// Strange is the error of an answer that is JSON and still makes no sense.
func (a Answer) Strange() error {
	return &Lost{Sent: true, Why: "an answer of an unknown shape under status " + strconv.Itoa(a.Status)}
}

// LostReport is what a connector reports when no usable answer came to a call
// that may have moved money.
func LostReport(err error) gateway.Report {
	lost, ok := errors.AsType[*Lost](err)
	return gateway.Report{Outcome: gateway.Unknown, Word: err.Error(), Doubt: !ok || lost.Sent}
}

// LostReturn is what a connector reports of a reversal or refund without a
// usable answer: unsure, unless the call certainly never left.
func LostReturn(err error) gateway.ReturnReport {
	if lost, ok := errors.AsType[*Lost](err); ok && !lost.Sent {
		return gateway.ReturnReport{Outcome: gateway.Denied, Word: "not sent: " + err.Error()}
	}
	return gateway.ReturnReport{Outcome: gateway.ReturnUnsure, Word: err.Error()}
}
