package dialect

import "strconv"

// MaxQuery bounds what BuildQuery writes, in bytes. Nested names come again
// with every value below them, so a small body could become a huge text.
const MaxQuery = 4 * MaxBody

// BuildQuery writes fields as PHP's http_build_query does, in the order
// received, because that is what some copied APIs sign: null is left out, true
// is 1 and false is 0, what is nested has names such as a[b], a blank is a
// plus, and every byte but A-Z a-z 0-9 - _ . is escaped. Numbers keep their
// text. ok is false when the text would be longer than MaxQuery.
func BuildQuery(fields Fields) (text string, ok bool) {
	var q query
	q.object("", "", fields)
	return string(q.text), len(q.text) <= MaxQuery
}

// query is a text that grows, and the escaped name of the value that comes next.
type query struct {
	text []byte
	name []byte
}

func (q *query) object(open, shut string, fields Fields) {
	for _, field := range fields {
		q.under(open, field.Name, shut, field.Value)
	}
}

// under writes one value of what is nested.
func (q *query) under(open, name, shut string, v Value) {
	outside := len(q.name)
	q.name = append(q.name, open...)
	q.name = appendEscaped(q.name, name)
	q.name = append(q.name, shut...)
	q.value(v)
	q.name = q.name[:outside]
}

// The brackets of nested names, escaped.
const openBracket, shutBracket = "%5B", "%5D"

func (q *query) value(v Value) {
	switch v.Kind {
	case Null:
	case Bool:
		digit := "0"
		if v.Text == "true" {
			digit = "1"
		}
		q.pair(digit)
	case Number, Text:
		q.pair(v.Text)
	case List:
		for i, item := range v.Items {
			q.under(openBracket, strconv.Itoa(i), shutBracket, item)
		}
	case Object:
		q.object(openBracket, shutBracket, v.Fields)
	}
}

func (q *query) pair(value string) {
	if len(q.text) > MaxQuery {
		return
	}
	if len(q.text) > 0 {
		q.text = append(q.text, '&')
	}
	q.text = append(q.text, q.name...)
	q.text = append(q.text, '=')
	q.text = appendEscaped(q.text, value)
}

// appendEscaped escapes as PHP's urlencode does.
func appendEscaped(to []byte, text string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
			to = append(to, c)
		case c == ' ':
			to = append(to, '+')
		default:
			to = append(to, '%', digits[c>>4], digits[c&0xf])
		}
	}
	return to
}
