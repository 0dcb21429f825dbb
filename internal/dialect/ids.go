package dialect

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// NewUUID mints an id that says it is a UUID of version 4, as copied APIs have
// them, and begins with the milliseconds of its time, so that keys are in order
// on disk. 74 bits are of a cryptographic source, because knowing such an id may
// be enough to open a page.
func NewUUID(now time.Time) string {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], uint64(now.UnixMilli())<<16)
	_, _ = rand.Read(id[6:]) // never fails: crypto/rand ends the process instead
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	text := hex.EncodeToString(id[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// Kinds of ids of our own API.
const (
	NativeDeal    = "deal"
	NativeInvoice = "inv"
	NativePayment = "pay"
	NativePayout  = "out"
)

// Native says that a text has the form of an id that our own API mints for a thing
// of a kind: its word, a line below and a UUID in small letters. What such an id
// names keeps it in every API.
func Native(kind, text string) bool {
	id, ok := strings.CutPrefix(text, kind+"_")
	if !ok || len(id) != 36 {
		return false
	}
	for n, c := range []byte(id) {
		line := n == 8 || n == 13 || n == 18 || n == 23
		if line != (c == '-') || !line && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// NewRequestID mints the name of one call.
func NewRequestID() string {
	var id [12]byte
	_, _ = rand.Read(id[:])
	return hex.EncodeToString(id[:])
}
