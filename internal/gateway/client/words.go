package client

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"unicode"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/money"
)

// maxWords is how many characters of a provider's words are kept.
const maxWords = 200

// Words joins what a provider said into one line that may be stored and
// shown: Clean, and without the contract's secrets. Empty parts are left out.
func (c *Client) Words(parts ...string) string {
	said := make([]string, 0, len(parts))
	for _, part := range parts {
		// Invalid bytes go first: without them the pieces around could become a secret.
		if part = strings.TrimSpace(c.hide(strings.ToValidUTF8(part, ""))); part != "" {
			said = append(said, part)
		}
	}
	return Clean(strings.Join(said, ": "))
}

// Clean makes foreign text one line without whole card numbers and control
// characters, and not too long.
func Clean(text string) string {
	return Cut(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, gateway.HideCards(strings.ToValidUTF8(text, ""))), maxWords)
}

// Cut is the beginning of a text, in at most so many characters.
func Cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}

// hider replaces secrets, also as they look inside an address.
func hider(secrets []gateway.Secret) func(string) string {
	var pairs []string
	for _, secret := range secrets {
		if secret != "" {
			pairs = append(pairs, secret.Reveal(), "[redacted]", url.QueryEscape(secret.Reveal()), "[redacted]")
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// Card is a card number as a provider masked it. A number that was not masked
// loses its middle; text that is no card number is dropped.
func Card(text string) string {
	const shortest, longest, most = 8, 24, 10 // at most ten digits may be seen
	if len(text) < shortest || len(text) > longest || strings.Trim(text, "0123456789*xX-") != "" {
		return ""
	}
	seen := 0
	for _, r := range text {
		if r >= '0' && r <= '9' {
			seen++
		}
	}
	if seen > most {
		return text[:6] + strings.Repeat("*", len(text)-most) + text[len(text)-4:]
	}
	return text
}

// ID is a provider's id that comes as a whole number or as text. It never
// passes through a floating-point number, and null is the empty ID.
type ID string

// UnmarshalJSON reads either form and refuses everything else.
func (i *ID) UnmarshalJSON(raw []byte) error {
	const longest = 200
	text := string(raw)
	switch {
	case text == "null":
		text = ""
	case strings.HasPrefix(text, `"`):
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
		if len(text) > longest || strings.ContainsFunc(text, unicode.IsControl) {
			return errors.New("an id of strange characters")
		}
	case strings.Trim(text, "0123456789") != "" || len(text) > longest:
		return errors.New("an id that is neither a whole number nor text")
	}
	*i = ID(text)
	return nil
}

// Decimal is an amount that comes as a number or as text. It keeps its digits
// and never passes through a floating-point number; null is the empty Decimal.
type Decimal string

// UnmarshalJSON reads either form; what is no amount of money shows in In.
func (d *Decimal) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	switch {
	case text == "null":
		text = ""
	case strings.HasPrefix(text, `"`):
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
	case strings.HasPrefix(text, "{") || strings.HasPrefix(text, "["):
		return errors.New("an amount that is neither a number nor text")
	}
	*d = Decimal(text)
	return nil
}

// In is the amount in a unit, however many zeros it ends with; not valid when
// it is none.
func (d Decimal) In(unit money.Unit) money.Amount {
	amount, err := money.Parse(string(d), unit)
	if err != nil {
		return money.Amount{}
	}
	return amount
}
