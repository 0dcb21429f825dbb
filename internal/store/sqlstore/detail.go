package sqlstore

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unicode/utf8"
)

// pack writes a detail.
func pack(detail any) (string, error) {
	b, err := json.Marshal(detail)
	if err != nil {
		return "", fmt.Errorf("write detail: %w", err)
	}
	return string(b), nil
}

// unpack reads a detail into a struct that is empty. What pack has written is read
// at a glance; everything else is left to encoding/json, so that both read the same
// and refuse the same.
func unpack(detail string, into any) error {
	empty := reflect.ValueOf(into).Elem()
	s, f := skim{detail: detail}, formOf(empty.Type())
	if f.read(&s, f, empty) && s.at == len(detail) {
		return nil
	}
	empty.SetZero()
	if err := json.Unmarshal([]byte(detail), into); err != nil {
		return fmt.Errorf("read detail: %w", err)
	}
	return nil
}

// form is how the values of a type stand in a detail.
type form struct {
	read    func(*skim, *form, reflect.Value) bool // false = it gave up
	inner   *form                                  // of what a pointer or a list holds
	members []member                               // of a struct
}

// member is one field of a struct.
type member struct {
	name  string
	field int
	form  *form
}

// forms are those that were asked for before, by reflect.Type.
var forms sync.Map

// formOf looks at a type once.
func formOf(t reflect.Type) *form {
	known, ok := forms.Load(t)
	if !ok {
		known, _ = forms.LoadOrStore(t, newForm(t))
	}
	f, _ := known.(*form)
	return f
}

// newForm looks at a type. What reads itself is left alone, and so are bytes, which
// are no list in a detail.
func newForm(t reflect.Type) *form {
	strange := &form{read: func(*skim, *form, reflect.Value) bool { return false }}
	if to := reflect.PointerTo(t); to.Implements(reflect.TypeFor[json.Unmarshaler]()) ||
		to.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return strange
	}
	switch kind := t.Kind(); {
	case kind == reflect.String:
		return &form{read: (*skim).text}
	case kind == reflect.Bool:
		return &form{read: (*skim).truth}
	case kind == reflect.Int, kind == reflect.Int64:
		return &form{read: (*skim).number}
	case t == reflect.TypeFor[map[string]string]():
		return &form{read: (*skim).texts}
	case kind == reflect.Pointer:
		return &form{read: (*skim).pointer, inner: formOf(t.Elem())}
	case kind == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return &form{read: (*skim).list, inner: formOf(t.Elem())}
	case kind != reflect.Struct:
		return strange
	}
	f := &form{read: (*skim).object}
	for i := range t.NumField() {
		field := t.Field(i)
		name, how, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" || field.Anonymous || !field.IsExported() || strings.Contains(how, "string") {
			return strange
		}
		f.members = append(f.members, member{name, i, formOf(field.Type)})
	}
	return f
}

// skim reads JSON as pack writes it, and gives up on anything beside that: a space,
// null, an unknown name. What it reads means the same to encoding/json.
type skim struct {
	detail string
	at     int
}

// next steps over one byte, if it is there.
func (s *skim) next(c byte) bool {
	if s.at < len(s.detail) && s.detail[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *skim) pointer(f *form, into reflect.Value) bool {
	if into.IsNil() {
		into.Set(reflect.New(into.Type().Elem()))
	}
	return f.inner.read(s, f.inner, into.Elem())
}

func (s *skim) text(_ *form, into reflect.Value) bool {
	text, ok := s.quoted()
	into.SetString(text)
	return ok
}

// truth reads true: what is false was left out.
func (s *skim) truth(_ *form, into reflect.Value) bool {
	const yes = "true"
	if !strings.HasPrefix(s.detail[s.at:], yes) {
		return false
	}
	s.at += len(yes)
	into.SetBool(true)
	return true
}

// object reads the members of a struct, which mostly come in their order.
func (s *skim) object(f *form, into reflect.Value) bool {
	at := 0
	return s.pairs(func(name string) bool {
		for range f.members {
			m := &f.members[at]
			if at++; at == len(f.members) {
				at = 0
			}
			if m.name == name {
				return m.form.read(s, m.form, into.Field(m.field))
			}
		}
		return false
	})
}

// texts reads a map.
func (s *skim) texts(_ *form, into reflect.Value) bool {
	all, ok := into.Addr().Interface().(*map[string]string)
	if !ok {
		return false
	}
	if *all == nil {
		*all = map[string]string{}
	}
	return s.pairs(func(name string) bool {
		text, ok := s.quoted()
		(*all)[name] = text
		return ok
	})
}

// pairs reads names, and what each of them is for with a function.
func (s *skim) pairs(read func(name string) bool) bool {
	if !s.next('{') {
		return false
	}
	if s.next('}') {
		return true
	}
	for {
		name, ok := s.quoted()
		if !ok || !s.next(':') || !read(name) {
			return false
		}
		if !s.next(',') {
			return s.next('}')
		}
	}
}

// list reads a list. One that is there twice is not known.
func (s *skim) list(f *form, into reflect.Value) bool {
	if !into.IsNil() || !s.next('[') {
		return false
	}
	into.Set(reflect.MakeSlice(into.Type(), 0, 0))
	if s.next(']') {
		return true
	}
	for {
		item := reflect.New(into.Type().Elem()).Elem()
		if !f.inner.read(s, f.inner, item) {
			return false
		}
		into.Set(reflect.Append(into, item))
		if !s.next(',') {
			return s.next(']')
		}
	}
}

// number reads a whole number that has no chance to be too large.
func (s *skim) number(_ *form, into reflect.Value) bool {
	const safe = 18
	var n int64
	negative := s.next('-')
	begin := s.at
	for s.at < len(s.detail) && s.detail[s.at] >= '0' && s.detail[s.at] <= '9' && s.at-begin < safe {
		n = 10*n + int64(s.detail[s.at]-'0')
		s.at++
	}
	if negative {
		n = -n
	}
	into.SetInt(n)
	return s.at > begin && (s.at == begin+1 || s.detail[begin] != '0')
}

// quoted reads a text.
func (s *skim) quoted() (text string, ok bool) {
	if !s.next('"') {
		return "", false
	}
	begin, foreign := s.at, false
	for ; s.at < len(s.detail); s.at++ {
		switch c := s.detail[s.at]; {
		case c == '"':
			text = s.detail[begin:s.at]
			s.at++
			return text, !foreign || utf8.ValidString(text)
		case c == '\\':
			return s.escaped(begin - 1)
		case c < ' ':
			return "", false
		case c >= utf8.RuneSelf:
			foreign = true
		}
	}
	return "", false
}

// escaped reads a text that begins before the place where it is.
func (s *skim) escaped(begin int) (text string, ok bool) {
	for ; s.at < len(s.detail) && s.detail[s.at] != '"'; s.at++ {
		if s.detail[s.at] == '\\' {
			s.at++
		}
	}
	if !s.next('"') {
		return "", false
	}
	err := json.Unmarshal([]byte(s.detail[begin:s.at]), &text)
	return text, err == nil
}
