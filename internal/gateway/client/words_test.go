package client

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/money"
)

func TestWords(t *testing.T) {
	t.Parallel()
	c := New(nil, 0, "s3cret/key", "", "other")
	tests := []struct {
		parts []string
		want  string
	}{
		{[]string{"-9", "input", ""}, "-9: input"},
		{[]string{"key s3cret/key and s3cret%2Fkey of other"}, "key [redacted] and [redacted] of [redacted]"},
		{[]string{"a\r\nb\x00c"}, "a  b c"},
		{[]string{"card 6037991234567893 of trackId 20177345510042"}, "card 603799******7893 of trackId 20177345510042"},
		{[]string{"خطا\xff"}, "خطا"},
		{nil, ""},
	}
	for _, test := range tests {
		if got := c.Words(test.parts...); got != test.want {
			t.Errorf("%q: got %q, want %q", test.parts, got, test.want)
		}
	}
	if got := c.Words(strings.Repeat("ب", 1000)); utf8.RuneCountInString(got) != maxWords {
		t.Errorf("got %d characters, want %d", utf8.RuneCountInString(got), maxWords)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "abc": "abc", "abcd": "abc", "خطاها": "خطا"} {
		if got := Cut(text, 3); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestDecimal(t *testing.T) {
	t.Parallel()
	amount := money.New(105_000, money.EUR)
	for raw, want := range map[string]money.Amount{
		`"1050.00"`: amount, `1050.00`: amount, `1050`: amount, `"1050.000"`: amount, `"105\u0030.00"`: amount,
		`null`: {}, `""`: {}, `1050.001`: {}, `1.05e3`: {}, `"1050,00"`: {}, `"x"`: {}, `true`: {},
	} {
		var got Decimal
		if err := json.Unmarshal([]byte(raw), &got); err != nil || got.In(money.EUR) != want {
			t.Errorf("%s: got %v %v, want %v", raw, got.In(money.EUR), err, want)
		}
	}
	for _, raw := range []string{`{}`, `["1"]`} {
		var got Decimal
		if err := json.Unmarshal([]byte(raw), &got); err == nil {
			t.Errorf("%s: got %q, want an error", raw, got)
		}
	}
}

func TestCard(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"603799******1234": "603799******1234", "60379****34": "60379****34", "6037991234567893": "603799******7893",
		"6037-99xx-xxxx-1234": "6037-99xx-xxxx-1234", "": "", "none": "", "<b>603799</b>": "", "1234": "",
		strings.Repeat("1", 30): "",
	} {
		if got := Card(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		`123`: "123", `"123"`: "123", `null`: "", `""`: "", `9100000000000003`: "9100000000000003",
		`12345678901234567890123`: "12345678901234567890123", `"77-1"`: "77-1", `"خ"`: "خ",
	} {
		var got ID
		if err := json.Unmarshal([]byte(raw), &got); err != nil || string(got) != want {
			t.Errorf("%s: got %q %v, want %q", raw, got, err, want)
		}
	}
	for _, raw := range []string{`1.5`, `1e3`, `-1`, `true`, `{}`, `[]`, `"a\nb"`, `"` + strings.Repeat("x", 201) + `"`} {
		var got ID
		if err := json.Unmarshal([]byte(raw), &got); err == nil {
			t.Errorf("%s: got %q, want an error", raw, got)
		}
	}
}

// An id is either refused or keeps every digit and character.
func FuzzID(f *testing.F) {
	f.Add([]byte(`"a"`))
	f.Add([]byte(`9100000000000003`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var id ID
		if json.Unmarshal(raw, &id) != nil {
			return
		}
		text, err := json.Marshal(string(id))
		if err != nil {
			t.Fatal(err)
		}
		var again ID
		if err := json.Unmarshal(text, &again); err != nil || again != id {
			t.Errorf("%s: got %q, then %q %v", raw, id, again, err)
		}
	})
}

// No words ever hold the secret, however it is cut into the text.
func FuzzWords(f *testing.F) {
	f.Add("key canary-secret", "x")
	c := New(nil, 0, "canary-secret")
	f.Fuzz(func(t *testing.T, a, b string) {
		got := c.Words(a, b)
		if strings.Contains(got, "canary-secret") || strings.ContainsAny(got, "\n\r\x00") || !utf8.ValidString(got) {
			t.Errorf("%q %q: got %q", a, b, got)
		}
	})
}
