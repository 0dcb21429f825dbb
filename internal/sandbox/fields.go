package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
)

// Fields are the top-level members of a request, each as raw JSON. Members that are null count as absent.
type Fields map[string]json.RawMessage

// ParseJSON reads a strict JSON object: one value, of that type, and nothing behind it.
func ParseJSON(body []byte) (Fields, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	var fields Fields
	if err := decoder.Decode(&fields); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text behind the JSON value")
	}
	if fields == nil {
		return nil, errors.New("the body is null")
	}
	return fields, nil
}

// ParseForm reads a form body; every member becomes text.
func ParseForm(body []byte) (Fields, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	fields := make(Fields, len(form))
	for name := range form {
		value, err := encode(form.Get(name))
		if err != nil {
			return nil, err
		}
		fields[name] = value
	}
	return fields, nil
}

// MediaType is the content type of a request without its parameters.
func MediaType(r *http.Request) string {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return mediaType
}

// Has tells whether a member is there and not null.
func (f Fields) Has(name string) bool {
	value, ok := f[name]
	return ok && !bytes.Equal(bytes.TrimSpace(value), []byte("null"))
}

// Text reads a text member; anything else is empty.
func (f Fields) Text(name string) string {
	var value string
	if json.Unmarshal(f[name], &value) != nil {
		return ""
	}
	return value
}

// Word reads a member that is text or a whole number, as text.
func (f Fields) Word(name string) string {
	if number, ok := f.Whole(name); ok && f.Text(name) == "" {
		return strconv.FormatInt(number, 10)
	}
	return f.Text(name)
}

// Whole reads a whole number, written as a JSON number or as digits in text.
func (f Fields) Whole(name string) (int64, bool) {
	digits := string(bytes.TrimSpace(f[name]))
	if text := f.Text(name); text != "" {
		digits = text
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	return number, err == nil
}

// Flag reads a boolean; known is false when the member is absent or of another type.
func (f Fields) Flag(name string) (value, known bool) {
	if !f.Has(name) || json.Unmarshal(f[name], &value) != nil {
		return false, false
	}
	return value, true
}

// Object reads a member that is an object; anything else is empty.
func (f Fields) Object(name string) Fields {
	var inner Fields
	if json.Unmarshal(f[name], &inner) != nil {
		return nil
	}
	return inner
}

// List reads a member that is a list of objects; known is false when it is something else.
func (f Fields) List(name string) (list []Fields, known bool) {
	if !f.Has(name) {
		return nil, true
	}
	known = json.Unmarshal(f[name], &list) == nil
	return list, known
}

// Texts reads a list of texts, or one text as a list of one.
func (f Fields) Texts(name string) []string {
	var list []string
	if json.Unmarshal(f[name], &list) == nil {
		return list
	}
	if text := f.Text(name); text != "" {
		return []string{text}
	}
	return nil
}

// WebAddress tells whether a text is an absolute http or https address with a host.
func WebAddress(address string) bool {
	target, err := url.Parse(address)
	return err == nil && (target.Scheme == "http" || target.Scheme == "https") && target.Host != ""
}

// OnDomain tells whether an address belongs to a registered domain; an empty domain accepts every address.
func OnDomain(address, domain string) bool {
	target, err := url.Parse(address)
	return domain == "" || err == nil && target.Hostname() == domain
}
