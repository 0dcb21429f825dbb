package store

import (
	"context"
	"time"
)

// PileName says of what a pile is.
type PileName string

// The piles of work in a database.
const (
	OpenPayments   PileName = "open payments"   // sent to a gateway, with no answer yet
	OpenRefunds    PileName = "open refunds"    // on their way back to a payer
	OpenPayouts    PileName = "open payouts"    // asked for and not decided, or on their way
	OpenDeals      PileName = "open deals"      // whose payer or trader is to act
	StuckPayments  PileName = "stuck payments"  // that a person must look at
	StuckRefunds   PileName = "stuck refunds"   // that a person must look at
	StuckPayouts   PileName = "stuck payouts"   // that a person must look at
	Disputes       PileName = "disputes"        // deals that an operator must decide
	DuePayments    PileName = "due payments"    // whose gateway is to be asked now
	DueRefunds     PileName = "due refunds"     // whose gateway is to be asked now
	DuePayouts     PileName = "due payouts"     // whose gateway is to be told or asked now
	DueDeliveries  PileName = "due deliveries"  // messages that are to be sent now
	DeadDeliveries PileName = "dead deliveries" // messages that were given up
)

// Pile is how many things of one sort there are, of all merchants together.
type Pile struct {
	Name  PileName
	Count int64
	// Oldest is since when the longest waiting one waits; zero = there is none. Of messages
	// that are due it is the longest waiting one whose queue nobody is trying: behind a
	// receiver that does not answer messages wait however well they are sent.
	Oldest time.Time
}

// Backlog counts what is under way, for an operator's figures. It reads through
// indexes of what is under way and never through what is done.
type Backlog interface {
	Backlog(ctx context.Context, now time.Time) ([]Pile, error)
}

// Proof is how far a walk through the books has come.
type Proof struct {
	Wrong    []Finding // what this pass found so far, or else what the last one found
	Rows     int64     // looked at since the walk began
	Passes   int64     // finished since then
	Rounds   int64     // finished: a pass in large books is about a part of the accounts, a round about all
	PassedAt time.Time // when the last of them was; zero = none was
	PartAt   time.Time // when a part was last finished
}

// Agrees says that nothing is known to be wrong.
func (p Proof) Agrees() bool { return len(p.Wrong) == 0 }

// Alarm is that a server proved the books to be wrong. It is for all servers of a
// database, and for those that start later.
type Alarm struct {
	ID      string // of the check, such as "I2"
	Checks  string // what must hold, in a sentence
	Example string // what breaks it
	At      time.Time
}

// Raised says that there is an alarm.
func (a Alarm) Raised() bool { return !a.At.IsZero() }
