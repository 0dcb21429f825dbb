package dialect

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/fault"
)

// ReadJSON is the BodyReader of application/json: one object, no key twice at
// any depth, at most 32 levels, valid UTF-8.
func ReadJSON(raw []byte, _ map[string]string) (Fields, error) {
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return nil, unreadable("The request body is not valid JSON.")
	}
	c := cursor{text: string(raw)}
	v, err := c.value(maxDepth)
	if err != nil {
		return nil, err
	}
	if v.Kind != Object {
		return nil, unreadable("The request body must be a JSON object.")
	}
	return v.Fields, nil
}

// cursor walks through a text that the library has found to be JSON, so it
// looks only for where things end. The library's own tokens cost several times
// as much, and every request pays for them.
type cursor struct {
	text string
	at   int
}

// next is the next character that is no space; the cursor stays on it.
func (c *cursor) next() byte {
	for strings.IndexByte(" \t\r\n", c.text[c.at]) >= 0 {
		c.at++
	}
	return c.text[c.at]
}

// more steps over a comma and says whether there is an item before the end.
func (c *cursor) more(end byte) bool {
	found := c.next()
	if found == ',' {
		c.at++
	}
	if found == end {
		c.at++
		return false
	}
	return true
}

// value reads the next value; depth is how many levels are left.
func (c *cursor) value(depth int) (Value, error) {
	switch first := c.next(); first {
	case '"':
		text, err := c.quoted()
		if err != nil {
			return Value{}, err
		}
		return textValue(text)
	case '{', '[':
		if depth == 0 {
			return Value{}, unreadable("The request body is nested too deeply.")
		}
		c.at++
		if first == '[' {
			return c.list(depth - 1)
		}
		return c.object(depth - 1)
	}
	word := c.text[c.at:]
	if end := strings.IndexAny(word, ",]} \t\r\n"); end >= 0 {
		word = word[:end]
	}
	c.at += len(word)
	switch word {
	case "null":
		return Value{Kind: Null}, nil
	case "true", "false":
		return Value{Kind: Bool, Text: word}, nil
	}
	return Value{Kind: Number, Text: word}, nil
}

func (c *cursor) list(depth int) (Value, error) {
	v := Value{Kind: List}
	for c.more(']') {
		item, err := c.value(depth)
		if err != nil {
			return v, err
		}
		v.Items = append(v.Items, item)
	}
	return v, nil
}

// usualKeys is how many keys most bodies have at most.
const usualKeys = 8

// fewKeys is up to how many keys are compared one by one: a set of them costs
// more than it saves.
const fewKeys = 16

func (c *cursor) object(depth int) (Value, error) {
	v := Value{Kind: Object}
	var seen map[string]bool
	for c.more('}') {
		c.next()
		name, err := c.quoted()
		if err != nil {
			return v, err
		}
		if len(v.Fields) == fewKeys {
			seen = make(map[string]bool, 2*fewKeys)
			for _, f := range v.Fields {
				seen[f.Name] = true
			}
		}
		if seen[name] || seen == nil && slices.ContainsFunc(v.Fields, func(f Field) bool { return f.Name == name }) {
			return v, under(name, fault.New(fault.CodeBodyUnreadable, "", "The request body has a key twice.").With(ErrTwice))
		}
		if seen != nil {
			seen[name] = true
		}
		c.next()
		c.at++ // the colon
		field, err := c.value(depth)
		if err != nil {
			return v, under(name, err)
		}
		if v.Fields == nil {
			v.Fields = make(Fields, 0, usualKeys)
		}
		v.Fields = append(v.Fields, Field{Name: name, Value: field})
	}
	return v, nil
}

// quoted reads the text whose first quotation mark the cursor is on. Escapes
// are left to the library.
func (c *cursor) quoted() (string, error) {
	begin := c.at
	escaped := false
	for c.at++; c.text[c.at] != '"'; c.at++ {
		if c.text[c.at] == '\\' {
			escaped = true
			c.at++
		}
	}
	c.at++
	if !escaped {
		return c.text[begin+1 : c.at-1], nil
	}
	var text string
	if err := json.Unmarshal([]byte(c.text[begin:c.at]), &text); err != nil {
		return "", unreadable("The request body is not valid JSON.")
	}
	if halved(c.text[begin:c.at], text) {
		return "", noText()
	}
	return text, nil
}

// halved says that a quoted text has half a character in it, an escape such as \ud83d without
// its other half: the library puts another character in its place, so that we would store and
// sign what nobody sent.
func halved(quoted, text string) bool {
	const stand = "\ufffd"
	if !strings.Contains(text, stand) {
		return false
	}
	sent := strings.Count(quoted, stand) + strings.Count(strings.ToLower(quoted), `\ufffd`)
	return strings.Count(text, stand) > sent
}
