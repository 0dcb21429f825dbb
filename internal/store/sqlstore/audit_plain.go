package sqlstore

import (
	"bytes"
	endian "encoding/binary"
	"math/bits"
)

// plainTexts finds texts inside an object inside a detail, without making anything of the
// rest. It says no where the detail is not as we write them: with an escape in a name or
// in a text that is wanted, with a name twice, or with something else than a text.
func plainTexts(detail []byte, object string, names []string, into [][]byte) (plain bool) {
	p := plainJSON{text: detail, plain: true}
	clear(into)
	found := false
	p.members(func(name []byte) {
		if string(name) != object {
			p.skip()
			return
		}
		p.plain = p.plain && !found
		found = true
		p.members(func(name []byte) {
			for n, wanted := range names {
				if string(name) == wanted {
					p.plain = p.plain && into[n] == nil
					into[n] = p.word()
					return
				}
			}
			p.skip()
		})
	})
	return p.plain && p.at == len(p.text)
}

// usualReceipt finds the gateway and the receipt of a payment's detail as we write nearly
// all of them: the attempt is first and begins with its gateway, nothing is escaped, and no
// other text ends as one of these names does. It says no where it is not sure.
func usualReceipt(detail []byte) (gateway, receipt []byte, usual bool) {
	const begins, name, value = `{"attempt":{"gateway":"`, `"receipt"`, `:"`
	rest, usual := bytes.CutPrefix(detail, []byte(begins))
	if !usual || bytes.IndexByte(rest, '\\') >= 0 || !bytes.HasSuffix(rest, []byte("}")) ||
		bytes.Count(rest, quote)%2 == 0 || bytes.Contains(rest, []byte(`gateway"`)) {
		return nil, nil, false
	}
	const end = `pt"` // of an attempt's name too
	at := bytes.Index(rest, []byte(end))
	if at < 0 {
		gateway, _, _ = bytes.Cut(rest, quote)
		return gateway, nil, true
	}
	before, named := bytes.CutSuffix(rest[:at+len(end)], []byte(name))
	gateway, inside, _ := bytes.Cut(before, quote)
	text, usual := bytes.CutPrefix(rest[at+len(end):], []byte(value))
	if !named || !usual || bytes.Contains(text, []byte(end)) ||
		bytes.IndexByte(inside, '{') >= 0 || bytes.IndexByte(inside, '}') >= 0 {
		return nil, nil, false // not surely the attempt's
	}
	receipt, _, _ = bytes.Cut(text, quote)
	return gateway, receipt, true
}

var quote = []byte{'"'}

// plainJSON walks through a JSON text. It is plain until something is odd, and then it
// goes no further.
type plainJSON struct {
	text  []byte
	at    int
	plain bool
}

// is goes on behind a letter, if that comes next.
func (p *plainJSON) is(letter byte) bool {
	if p.at < len(p.text) && p.text[p.at] == letter {
		p.at++
		return true
	}
	return false
}

// members looks at every member of an object; look goes on behind its value.
func (p *plainJSON) members(look func(name []byte)) {
	if p.plain = p.plain && p.is('{'); p.plain && p.is('}') {
		return
	}
	for p.plain {
		name := p.word()
		if p.plain = p.plain && p.is(':'); !p.plain {
			return
		}
		look(name)
		if p.is('}') {
			return
		}
		p.plain = p.plain && p.is(',')
	}
}

// word reads a text without escapes; it is never nil where it is plain.
func (p *plainJSON) word() []byte {
	from := p.at + 1
	end, escaped := p.end()
	if p.plain = p.plain && end >= 0 && !escaped; !p.plain {
		return nil
	}
	p.at = end + 1
	return p.text[from:end]
}

// end is where the text that comes next ends, or -1, and whether it has escapes.
func (p *plainJSON) end() (at int, escaped bool) {
	if p.at >= len(p.text) || p.text[p.at] != '"' {
		return -1, false
	}
	for at = p.at + 1; ; at++ {
		if at = p.quote(at); at >= len(p.text) {
			return -1, escaped
		}
		if p.text[at] == '"' {
			return at, escaped
		}
		escaped = true
		at++
	}
}

// quote is where the next quote or escape is, or the end.
func (p *plainJSON) quote(at int) int {
	const word = 8
	for ; at+word <= len(p.text); at += word {
		letters := endian.LittleEndian.Uint64(p.text[at:])
		if found := equals(letters, '"') | equals(letters, '\\'); found != 0 {
			return at + bits.TrailingZeros64(found)/word
		}
	}
	for at < len(p.text) && p.text[at] != '"' && p.text[at] != '\\' {
		at++
	}
	return at
}

// equals sets the highest bit of each of eight letters that is a certain one, and perhaps of
// others behind the first.
func equals(letters uint64, letter byte) uint64 {
	const ones, highest = 0x0101010101010101, 0x8080808080808080
	letters ^= ones * uint64(letter)
	return (letters - ones) &^ letters & highest
}

// skip goes on behind a value.
func (p *plainJSON) skip() {
	for depth := 0; p.at < len(p.text); {
		switch p.text[p.at] {
		case '"':
			end, _ := p.end()
			if p.plain = p.plain && end >= 0; !p.plain {
				return
			}
			p.at = end
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
		case ',':
			if depth == 0 {
				return
			}
		}
		p.at++
	}
}
