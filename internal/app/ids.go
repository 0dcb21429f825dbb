package app

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"io"
	"sync/atomic"
	"time"

	"github.com/purserhq/purser/internal/event"
)

// mint makes ids and secrets.
type mint struct {
	random io.Reader // nil = crypto/rand
	// count is of ids, so that those of one moment are in the order in which they were
	// made.
	count atomic.Uint32
}

// read fills with random bytes.
func (m *mint) read(random []byte) {
	if m.random == nil {
		_, _ = rand.Read(random) // never fails: crypto/rand ends the process instead
		return
	}
	if _, err := io.ReadFull(m.random, random); err != nil {
		panic(err) // it is a test's own: no id and no secret may be made without it
	}
}

// newID mints the id of something that only Purser names: 12 hex digits of
// milliseconds and 4 of a running number, so that ids are in order of time,
// and 16 random ones.
func (m *mint) newID(now time.Time) string {
	var id [16]byte
	m.read(id[8:])
	count := uint64(m.count.Add(1) & 0xffff)
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16|count)
	return hex.EncodeToString(id[:])
}

// shortAlphabet has 32 letters and digits in the order of their bytes.
const shortAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newShort is an id of 15 letters and digits, for providers whose field is
// short: nine are milliseconds, so that ids are in order of time, and six random.
func (m *mint) newShort(now time.Time) string {
	var random [6]byte
	m.read(random[:])
	var id [15]byte
	rest := uint64(now.UnixMilli())
	for n := 8; n >= 0; n-- {
		id[n], rest = shortAlphabet[rest%32], rest/32
	}
	for n, b := range random {
		id[9+n] = shortAlphabet[b%32]
	}
	return string(id[:])
}

// newToken is a secret of 128 random bits that fits into an address.
func (m *mint) newToken() string {
	var random [16]byte
	m.read(random[:])
	return hex.EncodeToString(random[:])
}

// textAlphabet has 32 letters and digits.
const textAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// NewText is a secret of 130 random bits in letters and digits, as rand.Text makes it.
func (m *mint) NewText() string {
	var text [26]byte
	m.read(text[:])
	for n, b := range text {
		text[n] = textAlphabet[b%32]
	}
	return string(text[:])
}

// newSigningSecret is a new secret of an endpoint.
func (m *mint) newSigningSecret() string {
	var random [event.SecretBytes]byte
	m.read(random[:])
	return event.SecretOf(random[:])
}

// merchantAlphabet leaves out letters that people mix up.
const merchantAlphabet = "abcdefghjkmnpqrstuvwxyz23456789"

// newMerchantID is 8 characters: short, because it stands in every row.
func (m *mint) newMerchantID() string {
	var random [8]byte
	m.read(random[:])
	for i, b := range random {
		random[i] = merchantAlphabet[int(b)%len(merchantAlphabet)]
	}
	return string(random[:])
}

// oneOf is a number from zero up to, but not, of. It spreads load and guards nothing.
func (m *mint) oneOf(of int) int {
	var random [2]byte
	m.read(random[:])
	return int(binary.BigEndian.Uint16(random[:])) % of
}
