package dialect

import (
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// The members of a body that are kept nowhere.
const (
	cardNumber = "number"
	cardCVV    = "cvv"
)

// CardData is what was taken out of a body. Its owner wipes it.
type CardData struct{ Number, CVV []byte }

// Wipe overwrites it.
func (c CardData) Wipe() {
	clear(c.Number)
	clear(c.CVV)
}

// Withhold takes the card's number and check value out of a body before anybody
// makes texts of it: whatever a member of either name holds is overwritten in
// the body, by as many stars, or ones where it holds no text. What is taken is
// that of the body's own member with the name given. The form of the body stays as
// it was. What is no JSON is left alone: it is refused.
func Withhold(raw []byte, member string) CardData {
	var found CardData
	withhold(scan{
		raw: raw, private: []string{cardNumber, cardCVV}, member: member, belongs: inner,
		keep: func(name string, text []byte) {
			if name == cardNumber {
				found.Number = text
			} else {
				found.CVV = text
			}
		},
	})
	return found
}

// WithholdPIN takes a PIN out of a body in the same manner: that of the body's own
// member with the name given. Its owner wipes it.
func WithholdPIN(raw []byte, member string) (pin []byte) {
	withhold(scan{
		raw: raw, private: []string{member}, belongs: outer, keep: func(_ string, text []byte) { pin = text },
	})
	return pin
}

func withhold(s scan) {
	if utf8.Valid(s.raw) && json.Valid(s.raw) {
		s.value("", whole)
	}
}

// scan walks through bytes that the library has found to be JSON.
type scan struct {
	raw     []byte
	at      int
	private []string // the members whose texts are overwritten, wherever they are
	member  string   // of the body: what it holds is inner
	belongs place    // where those are whose texts are kept
	keep    func(name string, text []byte)
}

// space steps over what is between tokens.
func (s *scan) space() {
	for s.at < len(s.raw) {
		switch s.raw[s.at] {
		case ' ', '\t', '\r', '\n', ',', ':':
			s.at++
		default:
			return
		}
	}
}

// place says how deep in a body a value is.
type place int

const (
	whole place = iota // the body itself
	outer              // a member of the body
	inner              // a member of the body's member that was named
	far                // anything else
)

// value steps over a value with a name.
func (s *scan) value(name string, where place) {
	s.space()
	private := slices.Contains(s.private, name)
	begin := s.at
	switch s.raw[s.at] {
	case '{':
		inside := far
		if where == whole {
			inside = outer
		} else if where == outer && name == s.member {
			inside = inner
		}
		s.members(inside)
	case '[':
		s.at++
		for s.space(); s.raw[s.at] != ']'; s.space() {
			s.value(name, far) // an item of what is private is private too
		}
		s.at++
	case '"':
		s.text()
		if private {
			s.take(begin+1, s.at-1, where == s.belongs, name)
		}
	default:
		for s.at < len(s.raw) && !ends(s.raw[s.at]) {
			if private && s.raw[s.at] >= '0' && s.raw[s.at] <= '9' {
				s.raw[s.at] = '1'
			}
			s.at++
		}
	}
}

// members steps over an object.
func (s *scan) members(where place) {
	s.at++
	for s.space(); s.raw[s.at] != '}'; s.space() {
		begin := s.at
		s.text()
		s.value(plain(s.raw[begin:s.at]), where)
	}
	s.at++
}

// text steps over a text, with its quotation marks.
func (s *scan) text() {
	for s.at++; s.raw[s.at] != '"'; s.at++ {
		if s.raw[s.at] == '\\' {
			s.at++
		}
	}
	s.at++
}

// take keeps a text, if it is where it belongs, and overwrites it.
func (s *scan) take(begin, end int, wanted bool, name string) {
	content := s.raw[begin:end]
	if wanted {
		kept := append([]byte(nil), content...)
		if hasEscape(content) {
			kept = []byte(plain(s.raw[begin-1 : end+1])) // no card is written so; the copy is not worth a decoder
		}
		s.keep(name, kept)
	}
	for i := range content {
		content[i] = '*'
	}
}

func hasEscape(text []byte) bool {
	for _, c := range text {
		if c == '\\' {
			return true
		}
	}
	return false
}

// plain reads a JSON text with its quotation marks.
func plain(quoted []byte) string {
	if !hasEscape(quoted) {
		return string(quoted[1 : len(quoted)-1])
	}
	var text string
	_ = json.Unmarshal(quoted, &text) // it was found to be valid
	return text
}

func ends(c byte) bool {
	switch c {
	case ',', ']', '}', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}
