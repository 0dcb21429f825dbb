package wallet

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// sealedPIN begins what is kept of a PIN whose hash is sealed. No hash begins like it, so
// that a program that knows only hashes takes no PIN for the right one.
const sealedPIN = "$sealed$"

// PINName is what the hash of the customer's PIN is sealed as.
func (c Customer) PINName() string { return "pin/" + strconv.FormatInt(c.Number, 10) }

// SealedPIN is what is kept of a PIN whose hash was sealed.
func SealedPIN(sealed []byte) string { return sealedPIN + base64.RawStdEncoding.EncodeToString(sealed) }

// SealOfPIN is what was sealed of a PIN; ok is false where its hash is kept as it is.
func SealOfPIN(kept string) (sealed []byte, ok bool) {
	text, ok := strings.CutPrefix(kept, sealedPIN)
	if !ok {
		return nil, false
	}
	sealed, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return []byte(text), true // it is damaged, and opens under no key
	}
	return sealed, true
}
