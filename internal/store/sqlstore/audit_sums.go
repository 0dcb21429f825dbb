package sqlstore

import (
	endian "encoding/binary"
	"hash/maphash"
	"math/bits"
	"slices"
)

// What two tables must agree about is not compared row by row: the amounts of both are
// added up, each times a random number that belongs to what it is about, those of one
// table with the other sign. Where both agree about everything the sum is zero. Where
// they do not it is zero by chance, once in 2^64 audits, and nobody can choose rows for
// it: the random numbers are other ones each time.

// weighed is a sum of amounts, each times a weight of 64 bits. It wraps at 128 bits.
type weighed struct{ high, low uint64 }

func (w *weighed) add(weight uint64, amount int64) {
	size := uint64(amount) //nolint:gosec // the sign comes below
	if amount < 0 {
		size = -size
	}
	high, low := bits.Mul64(weight, size)
	if amount < 0 {
		w.less(weighed{high, low})
		return
	}
	w.plus(weighed{high, low})
}

func (w *weighed) plus(other weighed) {
	var carry uint64
	w.low, carry = bits.Add64(w.low, other.low, 0)
	w.high, _ = bits.Add64(w.high, other.high, carry)
}

func (w *weighed) less(other weighed) {
	var borrow uint64
	w.low, borrow = bits.Sub64(w.low, other.low, 0)
	w.high, _ = bits.Sub64(w.high, other.high, borrow)
}

// weights gives everything its random number.
type weights struct {
	seed    maphash.Seed
	server  uint64 // the seed of those that a server has too; zero = there is none
	packed  bool   // subjects are remembered by what the server packs
	scratch []byte

	merchant     []byte // the last one
	merchantHash uint64 // and what the server has for it
}

// of is the number of what some words name together; what is the kind of it.
func (w *weights) of(what byte, words ...[]byte) uint64 {
	if w.server != 0 {
		return w.serverWeight(what, words)
	}
	w.write(what, words)
	return maphash.Bytes(w.seed, w.scratch)
}

// ofNumber is that of some words and a number.
func (w *weights) ofNumber(what byte, n int64, words ...[]byte) uint64 {
	if w.server != 0 {
		return hashNumber(n, w.serverWeight(what, words)) & weightBits
	}
	w.write(what, words)
	w.scratch = endian.LittleEndian.AppendUint64(w.scratch, uint64(n)) //nolint:gosec // all 64 bits count
	return maphash.Bytes(w.seed, w.scratch)
}

func (w *weights) write(what byte, words [][]byte) {
	const length = 4 // each word with its own, so that none is taken for another
	size := 1
	for _, word := range words {
		size += length + len(word)
	}
	w.scratch = slices.Grow(w.scratch[:0], size)[:size]
	w.scratch[0] = what
	rest := w.scratch[1:]
	for _, word := range words {
		endian.LittleEndian.PutUint32(rest, uint32(len(word))) //nolint:gosec // texts are short
		rest = rest[length+copy(rest[length:], word):]
	}
}

// remembered keeps a small number of each of many things, which are known by a random
// number of 64 bits: eight bytes each, in a table of which a quarter stays empty.
type remembered struct {
	slots      []uint64
	used, most int
	seen       uint64 // of no meaning
}

// The lowest bits of a slot have the small number, counted from one: zero is empty. What
// they take the place of is told by where the slot is.
const (
	smallBits = 12
	small     = 1<<smallBits - 1
)

// What tables take at most: 256 MiB for things, as much for receipts, and twice that for
// accounts, which are let go of before.
const (
	rememberMost = 3 << 23
	accountsMost = 3 << 24
)

func newRemembered(most int) *remembered {
	size := 1 << smallBits
	for 3*size < 4*most {
		size *= 2
	}
	r := &remembered{slots: make([]uint64, size), most: most}
	readAllOver(r.slots)
	return r
}

// soon has a processor fetch the place of something that is looked for next: many are fetched
// in the time of one.
func (r *remembered) soon(key uint64) { r.seen ^= r.slots[key&(uint64(len(r.slots))-1)] }

// put remembers a number, unless there is no room, and says what was known before.
func (r *remembered) put(key uint64, n uint16) (before uint16, known bool) {
	at, known := r.find(key)
	switch {
	case known:
		before = uint16(r.slots[at]&small) - 1
	case r.full():
		return 0, false
	default:
		r.used++
	}
	r.slots[at] = key&^small | uint64(n+1)
	return before, known
}

// full says that nothing more can be remembered.
func (r *remembered) full() bool { return r.used >= r.most }

// get says what is remembered.
func (r *remembered) get(key uint64) (n uint16, known bool) {
	at, known := r.find(key)
	if !known {
		return 0, false
	}
	return uint16(r.slots[at]&small) - 1, true
}

// find is the place of something, or the one that is free for it.
func (r *remembered) find(key uint64) (at uint64, known bool) {
	mask := uint64(len(r.slots)) - 1
	for at = key & mask; ; at = (at + 1) & mask {
		switch slot := r.slots[at]; {
		case slot == 0:
			return at, false
		case slot&^small == key&^small:
			return at, true
		}
	}
}
