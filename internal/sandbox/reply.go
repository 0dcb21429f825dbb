package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Member is one name with its value.
type Member struct {
	Name  string
	Value any
}

// Object is a JSON object that keeps the order of its members, as the providers do.
type Object []Member

// Member reads one value; nil when there is none.
func (o Object) Member(name string) any {
	for _, member := range o {
		if member.Name == name {
			return member.Value
		}
	}
	return nil
}

// Set gives a member that is there another value.
func (o Object) Set(name string, value any) {
	for i := range o {
		if o[i].Name == name {
			o[i].Value = value
		}
	}
}

// MarshalJSON writes the members in their order.
func (o Object) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for i, member := range o {
		if i > 0 {
			text.WriteByte(',')
		}
		name, err := encode(member.Name)
		if err != nil {
			return nil, err
		}
		value, err := encode(member.Value)
		if err != nil {
			return nil, err
		}
		text.Write(name)
		text.WriteByte(':')
		text.Write(value)
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

// encode writes JSON without turning & and < in addresses into escapes.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}

// Reply is what an emulator answers before faults are laid on it.
type Reply struct {
	Status   int
	Type     string
	Body     []byte
	Location string

	policy string        // what a browser may load for the page
	drop   bool          // close the connection instead of answering
	cut    bool          // announce the whole body and send half of it
	pad    int           // so many more bytes are sent
	delay  time.Duration // before the first byte
	drip   time.Duration // before every byte
	visits []string      // addresses that the payer's browser opens first
}

// JSON answers with a value.
func JSON(status int, value any) Reply {
	body, err := encode(value)
	if err != nil {
		// Only values of the emulators' own making come here.
		panic("sandbox: encode answer: " + err.Error())
	}
	return Reply{Status: status, Type: "application/json", Body: body}
}

// notFound is the answer on paths that the provider does not have.
func notFound(*Call) Reply {
	return JSON(http.StatusNotFound, Object{{"message", "not found"}})
}

// OrNull writes an empty text as null.
func OrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// oddTypes turns numbers into text and digits into numbers, empty text into null, and adds members nobody expects.
// Answers that are not JSON stay as they are.
func oddTypes(body []byte) []byte {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return body
	}
	odd, err := encode(oddValue(value))
	if err != nil {
		return body
	}
	return odd
}

func oddValue(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			value[name] = oddValue(member)
		}
		value["x_new"] = map[string]any{"since": "1405", "list": []any{1, nil}}
		value["x_null"] = nil
		return value
	case []any:
		for i := range value {
			value[i] = oddValue(value[i])
		}
		return value
	case json.Number:
		return value.String()
	case string:
		if value == "" {
			return nil
		}
		if _, err := strconv.ParseInt(value, 10, 64); err == nil && !strings.HasPrefix(value, "0") {
			return json.Number(value)
		}
		return value
	default:
		return value
	}
}
