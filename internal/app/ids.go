package app

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"time"
)

// newID mints the id of something that only Purser names: 12 hex digits of
// milliseconds, so that ids are in order of time, and 20 random ones.
func newID(now time.Time) string {
	var random [10]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	head := strconv.FormatInt(now.UnixMilli(), 16)
	for len(head) < 12 {
		head = "0" + head
	}
	return head + hex.EncodeToString(random[:])
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
