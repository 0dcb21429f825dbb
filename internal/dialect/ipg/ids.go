package ipg

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// NewID mints the id of an invoice or a payment: 24 hex digits in the order of
// time. Four bytes are seconds and eight are of a cryptographic source, because
// knowing an id is enough to ask for a status.
func NewID(now time.Time) string {
	var id [12]byte
	binary.BigEndian.PutUint32(id[:4], uint32(now.Unix())) //nolint:gosec // The form ends in 2106.
	_, _ = rand.Read(id[4:])                               // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(id[:])
}

// newToken mints the token of a link: a UUID version 4.
func newToken() string {
	var id [16]byte
	_, _ = rand.Read(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
