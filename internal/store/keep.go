package store

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Seal says what was booked up to a moment, in a form that shows every later
// change. Each covers entries that no seal before it does.
type Seal struct {
	Number   int64 // from 1, without gaps; 0 = there is none
	Entries  int64 // covered by this seal, or acts
	Postings int64
	At       time.Time
	Hash     []byte // over the entries, their postings and the seal before
	OfActs   bool   // it covers acts, in a chain of their own
}

// letters write a hash with few digits, so that no part of it looks like the
// number of a card.
var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// String is the seal as it is kept elsewhere: number and hash. Empty = no seal.
func (s Seal) String() string {
	if s.Number == 0 {
		return ""
	}
	text := strconv.FormatInt(s.Number, 10) + ":" + letters.EncodeToString(s.Hash)
	if s.OfActs {
		return ofActs + text
	}
	return text
}

// ofActs begins the text of a seal over acts.
const ofActs = "acts-"

// ParseSeal reads what String wrote.
func ParseSeal(text string) (Seal, error) {
	rest, acts := strings.CutPrefix(text, ofActs)
	number, hash, _ := strings.Cut(rest, ":")
	n, err := strconv.ParseInt(number, 10, 64)
	sum, wrong := letters.DecodeString(hash)
	if err != nil || wrong != nil || n < 1 || len(sum) != sha256.Size {
		return Seal{}, fmt.Errorf("%q is no seal: one is a number, a colon and 52 letters and digits", text)
	}
	return Seal{Number: n, Hash: sum, OfActs: acts}, nil
}

// Revisions grow with every change of rows that each call needs and hardly anybody changes, by
// whatever process it was made.
type Revisions struct {
	Settings  int64 // merchants, keys, terminals and endpoints
	Customers int64
}

// Aged says how old a thing must be to be removed: it is from before that time. Zero = none
// is. Answers and counts of tries that have expired are removed in any case.
type Aged struct {
	Deliveries time.Time // that arrived, and were made and last changed before it
	Contacts   time.Time
}

// Keeper looks after what is stored already.
type Keeper interface {
	// Seal covers entries that no seal covers, at most limit of them, and says what
	// it made; one of no entries when there are none, or when another process was
	// first. It waits for no commit, and none waits for it on PostgreSQL.
	Seal(ctx context.Context, limit int) (Seal, error)
	// SealOf finds a seal by its number; 0 finds the last. Error: not_found.
	SealOf(ctx context.Context, number int64) (Seal, error)
	// SealActs covers acts that no seal covers, as Seal covers entries.
	SealActs(ctx context.Context, limit int) (Seal, error)
	// ActSealOf finds a seal over acts by its number; 0 finds the last. Error: not_found.
	ActSealOf(ctx context.Context, number int64) (Seal, error)
	// Forget removes what nobody asks for any more, at most limit of each sort, and
	// says how much.
	Forget(ctx context.Context, before Aged, limit int) (int, error)
	// Revisions are the numbers of what may be kept in memory. What was read after equal ones is
	// as it was when they were read again.
	Revisions(ctx context.Context) (Revisions, error)
	// SealPINs lets PINs be stored sealed from now on. A program that cannot open them does
	// not start on the database any more.
	SealPINs(ctx context.Context) error
	// Alarm is what the books were found to be; zero while nothing is wrong.
	Alarm(ctx context.Context) (Alarm, error)
	// RaiseAlarm stores that the books are wrong, unless that is stored already.
	RaiseAlarm(ctx context.Context, a Alarm) error
	// EndAlarm removes the alarm of a time; another one stays.
	EndAlarm(ctx context.Context, raised time.Time) error
}
