package orderpay

import (
	"strings"

	"github.com/purserhq/purser/internal/dialect"
)

// uuidLength is that of 8-4-4-4-12.
const uuidLength = 36

// readID gives the id of an order or a payment as it is stored. What our own API
// made has the form of that one; kind says which.
func readID(kind, text string) (id string, ok bool) {
	if id := strings.ToLower(text); dialect.Native(kind, id) {
		return id, true
	}
	return readUUID(text)
}

// readUUID gives an id as it is stored: in small letters. ok is false for a
// text that is no UUID, which nothing here has as its id.
func readUUID(text string) (id string, ok bool) {
	if len(text) != uuidLength {
		return "", false
	}
	id = strings.ToLower(text)
	for n, c := range []byte(id) {
		switch n {
		case 8, 13, 18, 23:
			if c != '-' {
				return "", false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return "", false
			}
		}
	}
	return id, true
}
