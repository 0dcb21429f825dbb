package dialect

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/fault"
)

// Limits of request bodies.
const (
	MaxBody  = 256 << 10 // bytes
	maxDepth = 32        // objects and lists inside one another
)

// BodyReader reads the fields of a body. params are those of its Content-Type.
// Error: body_unreadable.
type BodyReader func(raw []byte, params map[string]string) (Fields, error)

// readRaw takes the body as it came, or what came of it before an error.
func readRaw(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if limit == 0 {
		limit = MaxBody
	}
	// One buffer of the right size: a buffer that grows leaves copies behind. A
	// large body is not believed to come before it comes.
	var buffer bytes.Buffer
	buffer.Grow(int(min(max(r.ContentLength, 0), limit, MaxBody)) + bytes.MinRead)
	_, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		return buffer.Bytes(), nil
	}
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return buffer.Bytes(), fault.New(fault.CodeBodyTooLarge, "", "")
	}
	return buffer.Bytes(), fault.New(fault.CodeBodyUnreadable, "", "").With(err)
}

// ReadFields reads the body with the reader for its media type. No body has
// no fields, whatever its type. An Admit that needs fields calls it.
// Errors: body_unreadable, media_type_unsupported.
func (d *Dialect) ReadFields(r *Request) (Fields, error) {
	if len(r.Raw) == 0 || d.Bodies == nil {
		return nil, nil
	}
	unsupported := fault.New(fault.CodeMediaTypeUnsupported, "", "")
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, unsupported
	}
	var params map[string]string
	if header := r.Header.Get("Content-Type"); header != "" {
		var err error
		if r.Media, params, err = mime.ParseMediaType(header); err != nil {
			return nil, unsupported.With(err)
		}
	}
	if set := params["charset"]; set != "" && !strings.EqualFold(set, "utf-8") && !strings.EqualFold(set, "us-ascii") {
		return nil, unsupported
	}
	read := d.Bodies[r.Media]
	if read == nil {
		read = d.Bodies["*"]
	}
	if read == nil {
		return nil, unsupported
	}
	return read(r.Raw, params)
}

func unreadable(words string) error { return fault.New(fault.CodeBodyUnreadable, "", words) }

// errNoText is why a text is refused that no database can keep.
var errNoText = errors.New("it holds a zero or half a character, or is no UTF-8")

// ErrTwice is inside of the body_unreadable of an object that has a key twice; the parameter is
// the key.
var ErrTwice = errors.New("a key is there twice")

// textValue refuses what no database can keep as text.
func textValue(text string) (Value, error) {
	if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
		return Value{}, noText()
	}
	return Value{Kind: Text, Text: text}, nil
}

// noText refuses a text.
func noText() error {
	return fault.New(fault.CodeBodyUnreadable, "", "A text holds a character that is not allowed.").With(errNoText)
}

// under says in which field a text or a key stands that is refused; of other errors
// nothing is said.
func under(name string, err error) error {
	if !errors.Is(err, errNoText) && !errors.Is(err, ErrTwice) {
		return err
	}
	f := *fault.From(err)
	if f.Param != "" {
		name += "."
	}
	f.Param = name + f.Param
	return &f
}

// ReadForm is the BodyReader of application/x-www-form-urlencoded: every value
// is Text, and a name may come more than once.
func ReadForm(raw []byte, _ map[string]string) (Fields, error) { return readPairs(string(raw)) }

// maxPairs bounds the fields of one form or query, as url.ParseQuery's callers
// usually do: a handful is normal.
const maxPairs = 1000

func readPairs(text string) (Fields, error) {
	var fields Fields
	for text != "" {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		if pair == "" {
			continue
		}
		if len(fields) == maxPairs {
			return nil, unreadable("There are too many parameters.")
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return nil, unreadable("A parameter is not escaped well.")
		}
		value, err := url.QueryUnescape(rawValue)
		if err != nil {
			return nil, unreadable("A parameter is not escaped well.")
		}
		v, err := textValue(value)
		if err != nil {
			return nil, under(name, err)
		}
		fields = append(fields, Field{Name: name, Value: v})
	}
	return fields, nil
}
