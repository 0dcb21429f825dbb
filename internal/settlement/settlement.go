// Package settlement is the record of the files by which gateways say what they
// have paid out: when each was read, by whom, and what came of every row.
package settlement

import (
	"time"

	"github.com/purserhq/purser/internal/money"
)

// File is one settlement file that was read into the books. The amounts are in
// the gateway's unit.
type File struct {
	ID             string
	Merchant       string
	Version        int64
	Gateway        string // the merchant's name for it
	Name           string // of the file
	Operator       string // who said that the file is right
	Rows           int64  // that the file has
	Payments       int64  // that it settled
	Refunds        int64  // the same
	PaymentsBefore int64  // that were settled already
	RefundsBefore  int64  // the same
	Differences    int64
	Taken          money.Amount // of the payments that it settled: what payers paid
	Fees           money.Amount // what the gateway kept of it
	Returned       money.Amount // of the refunds that it settled
	From, Until    time.Time    // when what is missing was taken; zero = nobody said and the file names no payment
	EndedAt        time.Time    // when all of it had been read; zero = it is being read, or was broken off
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Ended says that all of a file was read.
func (f File) Ended() bool { return !f.EndedAt.IsZero() }

// Kind says what came of a row: it settled something, or the file and the books
// differ in it.
type Kind string

// The kinds of rows.
const (
	Payment Kind = "payment" // it settled a payment
	Refund  Kind = "refund"  // it settled a refund

	Extra         Kind = "extra"   // we know no such receipt
	Missing       Kind = "missing" // the file does not name what we took
	OtherAmount   Kind = "other_amount"
	OtherFee      Kind = "other_fee"
	OtherCurrency Kind = "other_currency"
	OtherState    Kind = "other_state" // it cannot be settled as it stands
	Repeated      Kind = "repeated"    // the file names it a second time
	Unreadable    Kind = "unreadable"
)

// Differences are the kinds in which a file and the books differ, in the order in
// which they are counted.
var Differences = []Kind{Extra, Missing, OtherAmount, OtherFee, OtherCurrency, OtherState, Repeated, Unreadable}

// Row is what came of one row of a file, or of a payment that it does not name.
// It is always new. What was settled before the file has none.
type Row struct {
	File     string
	Merchant string
	Number   int64 // in its file: the line, or for what is missing a number above all lines
	Kind     Kind
	Line     int64 // of the file; 0 = it is missing there
	Receipt  string
	Payment  string // ours; empty = none is known
	Refund   string // that was settled
	Amount   money.Amount
	Fee      money.Amount // that the gateway kept of a payment
	Ours     string       // of a difference: what the books say
	Theirs   string       // of a difference: what the file says
}
