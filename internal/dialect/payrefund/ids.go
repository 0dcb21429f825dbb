package payrefund

import (
	"crypto/rand"
	"time"
)

// alphabet is in the order of its bytes, so that ids are in order of time.
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// The lengths of ids. Callers may have columns of the first one's width.
const (
	idLength      = 200
	invoiceLength = 36
	headLength    = 9 // microseconds: enough until the year 2398
)

// NewID mints the id of a payment or a refund: 200 letters and digits, in the
// order of time. All but nine are of a cryptographic source.
func NewID(now time.Time) string { return mint(now, idLength) }

func newInvoiceID(now time.Time) string { return mint(now, invoiceLength) }

func mint(now time.Time, length int) string {
	const letters = len(alphabet)
	id := make([]byte, length)
	rest := uint64(max(now.UnixMicro(), 0))
	for n := headLength - 1; n >= 0; n-- {
		id[n] = alphabet[rest%uint64(letters)]
		rest /= uint64(letters)
	}
	random := make([]byte, length)
	for n := headLength; n < length; {
		_, _ = rand.Read(random) // never fails: crypto/rand ends the process instead
		for _, b := range random {
			// Six bits are 64 values; the two that are no letter are drawn again.
			if value := int(b & 0x3f); value < letters && n < length {
				id[n] = alphabet[value]
				n++
			}
		}
	}
	return string(id)
}

// isID says that a text can be the id of something, made here or through another
// API. What cannot is nowhere.
func isID(text string) bool {
	if text == "" || len(text) > idLength {
		return false
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
