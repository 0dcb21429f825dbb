package app

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync/atomic"
	"time"
)

// minted counts ids, so that those of one moment are in the order in which
// they were made.
var minted atomic.Uint32

// newID mints the id of something that only Purser names: 12 hex digits of
// milliseconds and 4 of a running number, so that ids are in order of time,
// and 16 random ones.
func newID(now time.Time) string {
	var id [16]byte
	_, _ = rand.Read(id[8:]) // never fails: crypto/rand ends the process instead
	count := uint64(minted.Add(1) & 0xffff)
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16|count)
	return hex.EncodeToString(id[:])
}

// shortAlphabet has 32 letters and digits in the order of their bytes.
const shortAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newShort is an id of 15 letters and digits, for providers whose field is
// short: nine are milliseconds, so that ids are in order of time, and six random.
func newShort(now time.Time) string {
	var random [6]byte
	_, _ = rand.Read(random[:])
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
func newToken() string {
	var random [16]byte
	_, _ = rand.Read(random[:])
	return hex.EncodeToString(random[:])
}

// merchantAlphabet leaves out letters that people mix up.
const merchantAlphabet = "abcdefghjkmnpqrstuvwxyz23456789"

// newMerchantID is 8 characters: short, because it stands in every row.
func newMerchantID() string {
	var random [8]byte
	_, _ = rand.Read(random[:])
	for i, b := range random {
		random[i] = merchantAlphabet[int(b)%len(merchantAlphabet)]
	}
	return string(random[:])
}
