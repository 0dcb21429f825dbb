package zipay

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// NewID mints a trackid: a UUID that says version 4, as the copied API's do,
// and begins with the milliseconds of its time, so that keys are in order on
// disk. 74 bits are of a cryptographic source, because knowing a trackid is
// enough to open its page.
func NewID(now time.Time) string {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16)
	_, _ = rand.Read(id[6:]) // never fails: crypto/rand ends the process instead
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// base62 is in the order of its bytes, so that ids are in the order of time.
const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// An id of a withdrawal is half time and half chance.
const (
	payoutIDLen   = 18
	payoutTimeLen = 9
)

// NewPayoutID mints the trackid of a withdrawal: 18 mixed-case letters and
// digits in the order of time. It opens nothing by itself.
func NewPayoutID(now time.Time) string {
	var id [payoutIDLen]byte
	rest := now.UnixMilli()
	for i := payoutTimeLen - 1; i >= 0; i-- {
		id[i] = base62[rest%int64(len(base62))]
		rest /= int64(len(base62))
	}
	for i := payoutTimeLen; i < payoutIDLen; {
		var random [payoutIDLen]byte
		_, _ = rand.Read(random[:])
		for _, b := range random {
			// Above the last whole round of the alphabet its beginning would be likelier.
			if i < payoutIDLen && int(b) < 256-256%len(base62) {
				id[i] = base62[int(b)%len(base62)]
				i++
			}
		}
	}
	return string(id[:])
}

// newRequestID mints the name of one call.
func newRequestID() string {
	var id [12]byte
	_, _ = rand.Read(id[:])
	return hex.EncodeToString(id[:])
}
