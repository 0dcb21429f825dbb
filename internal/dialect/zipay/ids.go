package zipay

import (
	"crypto/rand"
	"time"

	"github.com/purserhq/purser/internal/dialect"
)

// NewID mints a trackid.
func NewID(now time.Time) string { return dialect.NewUUID(now) }

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
