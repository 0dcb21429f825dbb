package sqlstore

import (
	"bytes"
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
	a, b, c := beginHash(len(text), seed)
	for ; len(text) >= 12; text = text[12:] {
		a, b, c = mixHash(a+endian.LittleEndian.Uint32(text), b+endian.LittleEndian.Uint32(text[4:]),
			c+endian.LittleEndian.Uint32(text[8:]))
	}
	var rest [12]byte
	copy(rest[:], text)
	return endHash(a+endian.LittleEndian.Uint32(rest[:]), b+endian.LittleEndian.Uint32(rest[4:]),
		c+endian.LittleEndian.Uint32(rest[8:])<<8) // its lowest byte has the length
}

// hashNumber is hashint8extended: numbers that differ by more than 32 bits may have the
// same hash whatever the seed is.
func hashNumber(n int64, seed uint64) uint64 {
	low, high := uint32(n), uint32(n>>32) //nolint:gosec // the halves
	if n < 0 {
		high = ^high
	}
	a, b, c := beginHash(4, seed)
	return endHash(a+(low^high), b, c)
}

// These three are that function, which is Jenkins'.
func beginHash(length int, seed uint64) (a, b, c uint32) {
	begin := 0x9e3779b9 + uint32(length) + 3923095 //nolint:gosec // texts are short
	if seed == 0 {
		return begin, begin, begin
	}
	return mixHash(begin+uint32(seed>>32), begin+uint32(seed), begin) //nolint:gosec // the halves
}

func mixHash(a, b, c uint32) (uint32, uint32, uint32) {
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
	return a, b, c
}

func endHash(a, b, c uint32) uint64 {
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

// serverHash is what the server has for some words of a kind. It begins with the merchant,
// whose hash is made once for many rows, and needs no kind in it, for no sum is about two
// kinds of things. A noun is added at the end: the server tells what happened to a subject
// anyway, which says the noun.
func (w *weights) serverHash(what byte, words [][]byte) uint64 {
	h, rest := w.server, words
	switch what {
	case 's', 'a', 'e', 'i', 'p', 't': // its own name and the merchant, behind the noun of a subject
		own := len(words) - 2
		h = hashText(words[own], w.ofMerchant(words[own+1]))
		if what == 's' {
			h ^= w.ofNoun(words[0])
		}
		return h
	case 'n', 'r', 'u': // the merchant and what it has
		h, rest = w.ofMerchant(words[0]), words[1:]
	}
	for _, word := range rest {
		h = hashText(word, h)
	}
	return h
}

// ofMerchant is the hash of one: rows of the same one come one after the other.
func (w *weights) ofMerchant(merchant []byte) uint64 {
	if w.merchant == nil || !bytes.Equal(w.merchant, merchant) {
		w.merchant, w.merchantHash = append(w.merchant[:0], merchant...), hashText(merchant, w.server)
	}
	return w.merchantHash
}

// ofNoun is the part of a noun in the hash of a subject.
func (w *weights) ofNoun(noun []byte) uint64 { return hashText(noun, w.server) }

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
