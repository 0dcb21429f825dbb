package payout

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"

	"golang.org/x/crypto/sha3"

	"github.com/purserhq/purser/internal/fault"
)

// CheckAddress is nil when coins can be sent to the address on the network. It
// finds slips of the pen and the address of twenty zero bytes, to which nobody
// has a key; whether somebody owns the address it cannot know.
//
// "TRX" is base58check of the byte 0x41 and twenty more, 34 characters in all
// (https://developers.tron.network/docs/account, "Address format"). "BNB" is 0x
// and forty hex digits; capitals among small letters are a checksum
// (https://eips.ethereum.org/EIPS/eip-55).
//
// Errors: parameter_invalid, which names the network if that is not known.
func CheckAddress(network, address string) error {
	var wrong string
	switch network {
	case "TRX":
		wrong = tronMistake(address)
	case "BNB":
		wrong = hexMistake(address)
	default:
		return fault.New(fault.CodeParameterInvalid, "network", "Addresses of this network are not known here.")
	}
	if wrong != "" {
		return fault.New(fault.CodeParameterInvalid, "address", wrong)
	}
	return nil
}

// What can be wrong with an address, beside its form.
const (
	mistyped = "The address is mistyped: its checksum does not fit."
	keyless  = "Nobody has a key to this address."
)

// The parts of a Tron address, in bytes, and its length as text.
const (
	tronPrefix   = 0x41
	tronBody     = 1 + 20
	tronRaw      = tronBody + 4
	tronTextSize = 34
)

// tronMistake says what is wrong with a Tron address, if anything.
func tronMistake(address string) string {
	const form = "An address of this network is 34 letters and digits and begins with T."
	if len(address) != tronTextSize || address[0] != 'T' {
		return form
	}
	raw, ok := fromBase58(address)
	if !ok {
		return form
	}
	once := sha256.Sum256(raw[:tronBody])
	twice := sha256.Sum256(once[:])
	switch {
	case !bytes.Equal(raw[tronBody:], twice[:tronRaw-tronBody]):
		return mistyped
	case raw[0] != tronPrefix:
		return form // another network's, whose addresses look alike
	case isZero(raw[1:tronBody]):
		return keyless
	}
	return ""
}

// base58 are the digits of base 58: no 0, O, I and l, which look alike.
const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// fromBase58 reads the 34 digits of an address, which always fit: 58^34 is
// less than 256^25.
func fromBase58(text string) (raw [tronRaw]byte, ok bool) {
	base, number := big.NewInt(int64(len(base58))), new(big.Int)
	for _, c := range []byte(text) {
		digit := strings.IndexByte(base58, c)
		if digit < 0 {
			return raw, false
		}
		number.Mul(number, base).Add(number, big.NewInt(int64(digit)))
	}
	number.FillBytes(raw[:])
	return raw, true
}

// hexMistake says what is wrong with an address in hex digits, if anything.
func hexMistake(address string) string {
	const form, size = "An address of this network is 0x and 40 hex digits.", 20
	digits, ok := strings.CutPrefix(address, "0x")
	if !ok || len(digits) != hex.EncodedLen(size) {
		return form
	}
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return form
	}
	small := strings.ToLower(digits)
	switch {
	case digits != small && digits != strings.ToUpper(digits) && digits != capitals(small):
		return mistyped
	case isZero(raw):
		return keyless
	}
	return ""
}

// capitals writes the checksum of EIP-55 into small hex digits: a letter is a
// capital where the digit of their own hash in its place is eight or more.
func capitals(small string) string {
	hash := sha3.NewLegacyKeccak256()
	_, _ = hash.Write([]byte(small)) // a hash takes everything
	sum := hex.EncodeToString(hash.Sum(nil))
	text := []byte(small)
	for i, c := range text {
		if c >= 'a' && sum[i] >= '8' { // the letters of hex digits follow the digits
			text[i] = c - 'a' + 'A'
		}
	}
	return string(text)
}

// isZero says that every byte is zero.
func isZero(raw []byte) bool { return len(bytes.Trim(raw, "\x00")) == 0 }
