package sqlstore

import (
	endian "encoding/binary"
	"math/bits"
	"strconv"
)

// PostgreSQL hashes texts and numbers to 64 bits with a seed (hashtextextended and
// hashint8extended), and what is partitioned by hash depends on it: the functions are the
// same in every version. So a weight that the server gave something is the one that it has
// here, and a sum of the server's may be compared with one of ours.

// hashText is hashtextextended of a text in UTF-8.
func hashText(text []byte, seed uint64) uint64 {
	h := newLookup3(len(text), seed)
	for ; len(text) >= 12; text = text[12:] {
		h.a += endian.LittleEndian.Uint32(text)
		h.b += endian.LittleEndian.Uint32(text[4:])
		h.c += endian.LittleEndian.Uint32(text[8:])
		h.mix()
	}
	var rest [12]byte
	copy(rest[:], text)
	h.a += endian.LittleEndian.Uint32(rest[:])
	h.b += endian.LittleEndian.Uint32(rest[4:])
	h.c += endian.LittleEndian.Uint32(rest[8:]) << 8 // its lowest byte has the length
	return h.end()
}

// hashNumber is hashint8extended: numbers that differ by more than 32 bits may have the
// same hash whatever the seed is.
func hashNumber(n int64, seed uint64) uint64 {
	low, high := uint32(n), uint32(n>>32) //nolint:gosec // the halves
	if n < 0 {
		high = ^high
	}
	h := newLookup3(4, seed)
	h.a += low ^ high
	return h.end()
}

// lookup3 is what that function, which is Jenkins', keeps on its way.
type lookup3 struct{ a, b, c uint32 }

func newLookup3(length int, seed uint64) lookup3 {
	begin := 0x9e3779b9 + uint32(length) + 3923095 //nolint:gosec // texts are short
	h := lookup3{begin, begin, begin}
	if seed != 0 {
		h.a += uint32(seed >> 32)
		h.b += uint32(seed) //nolint:gosec // the halves
		h.mix()
	}
	return h
}

func (h *lookup3) mix() {
	a, b, c := h.a, h.b, h.c
	a = a - c ^ bits.RotateLeft32(c, 4)
	c += b
	b = b - a ^ bits.RotateLeft32(a, 6)
	a += c
	c = c - b ^ bits.RotateLeft32(b, 8)
	b += a
	a = a - c ^ bits.RotateLeft32(c, 16)
	c += b
	b = b - a ^ bits.RotateLeft32(a, 19)
	a += c
	c = c - b ^ bits.RotateLeft32(b, 4)
	b += a
	h.a, h.b, h.c = a, b, c
}

func (h *lookup3) end() uint64 {
	a, b, c := h.a, h.b, h.c
	c = c ^ b - bits.RotateLeft32(b, 14)
	a = a ^ c - bits.RotateLeft32(c, 11)
	b = b ^ a - bits.RotateLeft32(a, 25)
	c = c ^ b - bits.RotateLeft32(b, 16)
	a = a ^ c - bits.RotateLeft32(c, 4)
	b = b ^ a - bits.RotateLeft32(a, 14)
	c = c ^ b - bits.RotateLeft32(b, 24)
	return uint64(b)<<32 | uint64(c)
}

// literalHash writes a hash as the server has it: a signed number.
func literalHash(h uint64) string {
	return "'" + strconv.FormatInt(int64(h), 10) + "'::bigint" //nolint:gosec // all 64 bits count
}

// hashOf is an expression for the hash of some columns together.
func hashOf(seed uint64, columns ...string) string {
	expression := literalHash(seed)
	for _, column := range columns {
		expression = "hashtextextended(" + column + ", " + expression + ")"
	}
	return expression
}

// weightBits are those of a weight: 31 in either half, so that the product of a half with
// half an amount fits in the server's numbers.
const weightBits = 0x7fffffff_7fffffff

// serverSeed is the seed of one kind of things. Payments and invoices have the same weights
// among subjects as among sums.
func (w *weights) serverSeed(what byte) uint64 {
	switch what {
	case 's':
		return w.server
	case 'p':
		return hashText([]byte(payments.name), w.server)
	case 'i':
		return hashText([]byte(invoices.name), w.server)
	}
	return hashText([]byte{what}, w.server)
}

// serverHash is what the server has for some words of a kind.
func (w *weights) serverHash(what byte, words [][]byte) uint64 {
	h := w.serverSeed(what)
	for _, word := range words {
		h = hashText(word, h)
	}
	return h
}

// serverWeight is that as a weight, or as what a subject is remembered by.
func (w *weights) serverWeight(what byte, words [][]byte) uint64 {
	switch h := w.serverHash(what, words); {
	case what != 's':
		return h & weightBits
	case w.packed:
		return subjectKey(h)
	default:
		return h
	}
}

// subjectKey is what a subject is remembered by: the server gives something else in the
// lowest bits of its hash.
func subjectKey(hash uint64) uint64 {
	const above = 64 - smallBits
	return hash&^small | hash>>above
}
