package dialect_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/dialect"
)

// What PHP 8.3 writes for the same arrays.
func TestBuildQuery(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ body, want string }{
		{`{}`, ""},
		{`{"z":"1","a":"2"}`, "z=1&a=2"},
		{`{"n":null,"t":true,"f":false,"s":""}`, "t=1&f=0&s="},
		{`{"amount":100.10,"e":1e3}`, "amount=100.10&e=1e3"},
		{
			`{"a":{"b":1,"c":{"d e":2}},"l":["x",null,{"y":3}],"none":[],"nothing":{}}`,
			"a%5Bb%5D=1&a%5Bc%5D%5Bd+e%5D=2&l%5B0%5D=x&l%5B2%5D%5By%5D=3",
		},
		{`{"q":"A~1*","u":"سلام","p":"a b+c/d-e_f.g"}`, "q=A%7E1%2A&u=%D8%B3%D9%84%D8%A7%D9%85&p=a+b%2Bc%2Fd-e_f.g"},
		{`{"a[b]":"c"}`, "a%5Bb%5D=c"},
	} {
		fields, err := dialect.ReadJSON([]byte(test.body), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := dialect.BuildQuery(fields); got != test.want || !ok {
			t.Errorf("%s: got %q, %t, want %q", test.body, got, ok, test.want)
		}
	}
}

// Bodies that are small and would become huge.
func TestBuildQueryIsBounded(t *testing.T) {
	t.Parallel()
	name := `"` + strings.Repeat("~", 100_000) + `"`
	for _, test := range []struct {
		body string
		ok   bool
	}{
		{`{` + name + `:[` + strings.Repeat("1,", 50_000) + `1]}`, false},
		{`{` + name + `:[` + strings.Repeat("[],", 50_000) + `[]]}`, true},
		{`{"a":"` + strings.Repeat("~", dialect.MaxBody-100) + `"}`, true},
	} {
		fields, err := dialect.ReadJSON([]byte(test.body), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := dialect.BuildQuery(fields)
		if ok != test.ok || len(got) > 2*dialect.MaxQuery {
			t.Errorf("%.20s...: got %d bytes, %t, want %t", test.body, len(got), ok, test.ok)
		}
	}
}

// FuzzBuildQuery proves that what is written of a form means the same form.
func FuzzBuildQuery(f *testing.F) {
	for _, text := range []string{"a=1&a=2&b=", "a%5Bb%5D=%20+", "~=*", "=x", "%d8%b3=%2B"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fields, err := dialect.ReadForm(raw, nil)
		if err != nil {
			t.Skip("no form")
		}
		text, ok := dialect.BuildQuery(fields)
		if !ok {
			t.Skip("too long")
		}
		again, err := dialect.ReadForm([]byte(text), nil)
		if err != nil || len(again) != len(fields) {
			t.Fatalf("%q: got %d fields (%v), want %d", text, len(again), err, len(fields))
		}
		for i, field := range fields {
			if again[i].Name != field.Name || again[i].Value.Text != field.Value.Text {
				t.Errorf("%q: field %d is %+v, want %+v", text, i, again[i], field)
			}
		}
		if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.%+&=") != "" {
			t.Errorf("%q: something is not escaped", text)
		}
		if _, err := url.ParseQuery(text); err != nil {
			t.Errorf("%q: the library cannot read it: %v", text, err)
		}
	})
}
