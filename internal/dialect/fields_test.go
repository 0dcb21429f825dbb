package dialect_test

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
)

func TestWhole(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want int64
		ok   bool
	}{
		{"0", 0, true},
		{"-0", 0, true},
		{"0.000", 0, true},
		{"0e999999999999", 0, true},
		{"1000", 1000, true},
		{"1000.0", 1000, true},
		{"1e3", 1000, true},
		{"1E+3", 1000, true},
		{"1.5e1", 15, true},
		{"10000e-1", 1000, true},
		{"0.001e6", 1000, true},
		{"-12", -12, true},
		{"1000.5", 0, false},
		{"1e-3", 0, false},
		{"1e-999999999999", 0, false},
		{"9223372036854775807", math.MaxInt64, true},
		{"9223372036854775808", math.MaxInt64, true},
		{"-9223372036854775808", math.MinInt64, true},
		{"-9223372036854775809", math.MinInt64, true},
		{"1e400", math.MaxInt64, true},
		{"-1e999999999999", math.MinInt64, true},
		{strings.Repeat("9", 5000), math.MaxInt64, true},
		{"0." + strings.Repeat("0", 5000), 0, true},
	}
	for _, test := range tests {
		got, ok := dialect.Value{Kind: dialect.Number, Text: test.text}.Whole()
		if got != test.want || ok != test.ok {
			t.Errorf("%.40s: got %d, %t, want %d, %t", test.text, got, ok, test.want, test.ok)
		}
	}
	if _, ok := (dialect.Value{Kind: dialect.Text, Text: "1000"}).Whole(); ok {
		t.Error("a text passed for a number")
	}
}

// FuzzWhole compares with the numbers of unlimited size of the library.
func FuzzWhole(f *testing.F) {
	for _, text := range []string{"1000.0", "1e3", "-9223372036854775809", "0.1e1", "12e-1", "100e-2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var number json.Number
		if len(text) > 60 || json.Unmarshal([]byte(text), &number) != nil || strings.Trim(text, "-+.0123456789eE") != "" {
			t.Skip("not a short number")
		}
		if _, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok && len(exponent) > 3 {
			t.Skip("the library would need too much memory")
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Skip("not a number for the library")
		}
		got, whole := dialect.Value{Kind: dialect.Number, Text: text}.Whole()
		if whole != exact.IsInt() {
			t.Fatalf("%s: got whole %t, want %t", text, whole, exact.IsInt())
		}
		if whole && exact.Num().IsInt64() && got != exact.Num().Int64() {
			t.Errorf("%s: got %d, want %s", text, got, exact.Num())
		}
		if whole && !exact.Num().IsInt64() && got != math.MaxInt64 && got != math.MinInt64 {
			t.Errorf("%s: got %d, want an end of the range", text, got)
		}
	})
}

func TestReadJSON(t *testing.T) {
	t.Parallel()
	got, err := dialect.ReadJSON([]byte(`{"b":1.50,"a":[true,null,{"x":"\u0641"}],"c":{"b":false}}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := dialect.Fields{
		{Name: "b", Value: dialect.Value{Kind: dialect.Number, Text: "1.50"}},
		{Name: "a", Value: dialect.Value{Kind: dialect.List, Items: []dialect.Value{
			{Kind: dialect.Bool, Text: "true"},
			{Kind: dialect.Null},
			{Kind: dialect.Object, Fields: dialect.Fields{{Name: "x", Value: dialect.Value{Kind: dialect.Text, Text: "ف"}}}},
		}}},
		{Name: "c", Value: dialect.Value{Kind: dialect.Object, Fields: dialect.Fields{
			{Name: "b", Value: dialect.Value{Kind: dialect.Bool, Text: "false"}},
		}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReadJSONDepth(t *testing.T) {
	t.Parallel()
	nested := func(levels int) []byte {
		return []byte(strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels))
	}
	if _, err := dialect.ReadJSON(nested(32), nil); err != nil {
		t.Errorf("32 levels: %v", err)
	}
	if _, err := dialect.ReadJSON(nested(33), nil); !fault.Is(err, fault.CodeBodyUnreadable) {
		t.Errorf("33 levels: got %v, want body_unreadable", err)
	}
}

// TestHalfCharacters refuses escapes of half a character, and no text that has the character
// in it which the library puts in the place of such.
func TestHalfCharacters(t *testing.T) {
	t.Parallel()
	for text, refused := range map[string]bool{
		`{"a":"\ud83d"}`: true, `{"a":"x\uDC00y"}`: true, `{"a":"\ud83d\ud83d\ude00"}`: true, `{"\ud83d":1}`: true,
		`{"a":"\ufffd\ud83d"}`: true, `{"a":"\ud83d\ude00"}`: false, `{"a":"\uFFFD"}`: false,
		"{\"a\":\"\ufffd\\n\"}": false, `{"a":"\\ud83d"}`: false,
	} {
		_, err := dialect.ReadJSON([]byte(text), nil)
		if fault.Is(err, fault.CodeBodyUnreadable) != refused || !refused && err != nil {
			t.Errorf("%s: got %v, want it refused: %t", text, err, refused)
		}
	}
}

// FuzzReadJSON proves that what is accepted is JSON that means the same to
// the library, and that every refusal is one fault.
func FuzzReadJSON(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"a":1,"a":2}`, `{"a":[{"b":null}]}`, `{"a":"\u0000"}`, `{"a":"\ud800"}`, "[]", "{",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fields, err := dialect.ReadJSON(raw, nil)
		if err != nil {
			if !fault.Is(err, fault.CodeBodyUnreadable) {
				t.Fatalf("got %v, want body_unreadable", err)
			}
			return
		}
		var library map[string]any
		if err := json.Unmarshal(raw, &library); err != nil {
			t.Fatalf("accepted what the library refuses: %v", err)
		}
		if len(library) != len(fields) {
			t.Fatalf("got %d fields, the library %d", len(fields), len(library))
		}
		for _, field := range fields {
			value, ok := library[field.Name]
			if !ok {
				t.Fatalf("field %q is not in %v", field.Name, library)
			}
			text, isText := value.(string)
			if isText != (field.Value.Kind == dialect.Text) || text != "" && text != field.Value.Text {
				t.Errorf("field %q: got %+v, the library %v", field.Name, field.Value, value)
			}
		}
	})
}

// FuzzReadForm proves that reading a form never fails in another way than it
// says, and keeps order and number of the pairs.
func FuzzReadForm(f *testing.F) {
	for _, text := range []string{"a=1&a=2&b=", "a%5Bb%5D=%20+", "%zz", "=x", "&&a", "a=%00"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fields, err := dialect.ReadForm(raw, nil)
		if err != nil {
			if !fault.Is(err, fault.CodeBodyUnreadable) {
				t.Fatalf("got %v, want body_unreadable", err)
			}
			return
		}
		pairs := 0
		for part := range strings.SplitSeq(string(raw), "&") {
			if part != "" {
				pairs++
			}
		}
		if len(fields) != pairs {
			t.Errorf("got %d fields of %d pairs", len(fields), pairs)
		}
		for _, field := range fields {
			if field.Value.Kind != dialect.Text || strings.ContainsRune(field.Value.Text, 0) {
				t.Errorf("field %q is %+v", field.Name, field.Value)
			}
		}
	})
}

func TestFind(t *testing.T) {
	t.Parallel()
	fields, err := dialect.ReadForm([]byte("a=1&b=x+y&a=2&a=3"), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, ok := fields.Find("a")
	want := dialect.Value{Kind: dialect.List, Items: []dialect.Value{
		{Kind: dialect.Text, Text: "1"}, {Kind: dialect.Text, Text: "2"}, {Kind: dialect.Text, Text: "3"},
	}}
	if diff := cmp.Diff(want, a); diff != "" || !ok {
		t.Errorf("a (-want +got)\n%s", diff)
	}
	if b, ok := fields.Find("b"); b.Text != "x y" || !ok {
		t.Errorf("b: got %+v, %t, want the text x y", b, ok)
	}
	if _, ok := fields.Find("c"); ok {
		t.Error("c was found")
	}
}
