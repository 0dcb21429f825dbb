package event

import (
	"slices"
	"strings"
	"time"
)

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID        string // the receiver's key against repetition: stable over all tries
	Merchant  string
	Version   int64 // the version that was read; 0 = not stored yet
	State     State
	Endpoint  string // whose secret signs it
	Queue     string // deliveries of one queue wait for each other, never for another queue
	URL       string
	Type      string // such as "payment.captured"
	Subject   string // id of the thing that the event is about
	MediaType string
	Body      []byte
	Header    string          // one that is sent beside the usual ones; empty = none
	Sealed    []byte          // what stands in it, encrypted; opened only to send it
	Good      []int           // the statuses by which the receiver takes it; empty = any 2xx
	Pauses    []time.Duration // after the first tries, exactly; empty = as usual from the beginning
	Tries     int
	RunAt     time.Time // when to try next; while somebody tries, when to think that he died
	Rests     bool      // its endpoint is disabled: it is due at once when that is enabled
	Status    int       // HTTP status of the last answer; 0 = none came
	Answer    string    // the beginning of the last answer, or why none came
	CreatedAt time.Time
	UpdatedAt time.Time
}

// The pauses between tries, as Standard Webhooks proposes them: ten tries over
// a little more than three days.
var pauses = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// MaxTries is how often a delivery is tried before it is dead.
const MaxTries = 10

// KeptAnswer is how much of an answer is kept, in bytes.
const KeptAnswer = 8 << 10

// Outcome is what came of one try.
type Outcome struct {
	Status int           // HTTP status; 0 = no answer
	Answer string        // its beginning, or why none came
	After  time.Duration // the receiver asked to wait so long; 0 = it did not
}

// Gone says that the receiver wants no more deliveries at all.
func (o Outcome) Gone() bool { return o.Status == 410 }

// Takes says that an outcome is the receiver's word that it took the delivery.
func (d Delivery) Takes(o Outcome) bool {
	if len(d.Good) > 0 {
		return slices.Contains(d.Good, o.Status)
	}
	return o.Status >= 200 && o.Status < 300
}

// Tried is the delivery after a try. Spread is a share from -100 to 100 by
// which a usual pause is made up to a fifth shorter or longer, so that receivers
// that come back are not trampled. A longer wish of the receiver counts, up
// to a day.
func (d Delivery) Tried(o Outcome, now time.Time, spread int) (Delivery, Trigger, error) {
	d.Tries++
	d.Status, d.Answer, d.UpdatedAt = o.Status, clip(o.Answer), now
	trigger := Retry
	switch {
	case d.Takes(o):
		trigger = Accept
	case o.Gone(), d.Tries >= MaxTries:
		trigger = GiveUp
	}
	state, err := States.Next(d.State, trigger)
	if err != nil {
		return d, trigger, err
	}
	d.State, d.RunAt = state, time.Time{}
	if state == Due {
		var pause time.Duration
		if d.Tries <= len(d.Pauses) {
			pause = d.Pauses[d.Tries-1]
		} else {
			pause = pauses[min(d.Tries, len(pauses))-1]
			pause += pause / 500 * time.Duration(max(-100, min(spread, 100)))
		}
		d.RunAt = now.Add(max(pause, min(o.After, pauses[len(pauses)-1])))
	}
	return d, trigger, nil
}

// Again is the delivery when the merchant asks for it once more: due at once,
// with all tries before it, under the same id.
func (d Delivery) Again(now time.Time) (Delivery, error) {
	state, err := States.Next(d.State, Resend)
	if err != nil {
		return d, err
	}
	d.State, d.Tries, d.RunAt, d.Rests, d.UpdatedAt = state, 0, now, false, now
	return d, nil
}

// clip keeps the beginning of an answer, without a torn character and without
// what a terminal or a database takes for a command.
func clip(text string) string {
	if len(text) > KeptAnswer {
		text = text[:KeptAnswer]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}
