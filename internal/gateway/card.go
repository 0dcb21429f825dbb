package gateway

import (
	"fmt"
	"io"
	"log/slog"
)

// Card is a payer's card on its way to a provider. It lives for one call, is
// never stored and never shown: whatever prints or encodes it gets [redacted].
type Card struct {
	number, cvv []byte
	Name        string
	Month       int // 1 to 12
	Year        int // of four digits
}

// NewCard copies the data of a card. Wipe ends the copy. Whoever has bytes need
// make no text of them, which could not be wiped.
func NewCard[T string | []byte](number, cvv T, name string, month, year int) Card {
	return Card{
		number: append([]byte(nil), number...), cvv: append([]byte(nil), cvv...), Name: name, Month: month, Year: year,
	}
}

// Number is the whole number, for the provider alone.
func (c Card) Number() string { return string(c.number) }

// CVV is the check value, for the provider alone.
func (c Card) CVV() string { return string(c.cvv) }

// Last are the last four digits, which may be kept and shown.
func (c Card) Last() string {
	if len(c.number) < 12 {
		return ""
	}
	return string(c.number[len(c.number)-4:])
}

// Wipe overwrites the number and the check value.
func (c Card) Wipe() {
	clear(c.number)
	clear(c.cvv)
}

// String hides the card.
func (c Card) String() string { return redacted }

// GoString hides it from %#v.
func (c Card) GoString() string { return redacted }

// Format hides it from every verb.
func (c Card) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // a printer has nobody to tell

// MarshalText hides it from every encoder.
func (c Card) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue hides it from logs.
func (c Card) LogValue() slog.Value { return slog.StringValue(redacted) }
