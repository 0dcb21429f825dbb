package gateway

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
)

func now() time.Time { return time.Date(2026, 5, 2, 10, 0, 0, 0, time.UTC) }

func TestTerms(t *testing.T) {
	t.Parallel()
	c := Config{
		Now: now, Secrets: map[string]Secret{"key": "k", "spare": ""},
		Settings: map[string]string{
			"mode": "test", "title": "T", "base_url": "http://127.0.0.1:8080/sandbox/x/", "count": "7", "empty": "",
		},
	}
	terms := c.Terms()
	if terms.Live() || terms.Text("title", "usual") != "T" || terms.Text("empty", "usual") != "usual" ||
		terms.Address("base_url", "") != "http://127.0.0.1:8080/sandbox/x" || terms.Count("count", 1, 1, 9) != 7 ||
		terms.Count("other", 3, 1, 9) != 3 || terms.Secret("key") != "k" || terms.OptionalSecret("spare") != "" {
		t.Error("a setting was read wrongly")
	}
	if err := terms.Err(); err != nil {
		t.Errorf("got %v, want none", err)
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{" \n ", ""},
		{"\nBank\r\n  IBAN \n\nHolder\r\n", "Bank\n  IBAN \n\nHolder"},
		{"\u200fبانک\u200c\u202aها", "\u200fبانک\u200c\u202aها"}, // the pages keep order among the last
		{" ১২৩৪৫৬৭৮৯০ ", "১২৩৪৫৬৭৮৯০"},
	} {
		terms := Config{Settings: map[string]string{"l": test.text}, Now: now}.Terms()
		if got := terms.Lines("l", 30); got != test.want || terms.Err() != nil {
			t.Errorf("%q: got %q, %v, want %q", test.text, got, terms.Err(), test.want)
		}
	}
	for _, text := range []string{"1234567890+", "a\tb", "a\x00b", "a\rb", "a\x1b[31mb", "a\u0085b", "a\xffb"} {
		terms := Config{Settings: map[string]string{"l": text}, Now: now}.Terms()
		terms.Lines("l", 10)
		if err := terms.Err(); !fault.Is(err, fault.CodeSettingInvalid) || fault.From(err).Param != "l" {
			t.Errorf("%q: got %v, want setting_invalid of it", text, err)
		}
	}
}

func TestTermsFail(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		settings map[string]string
		secrets  map[string]Secret
		read     func(*Terms)
		param    string
	}{
		{"mode", map[string]string{"mode": "prod"}, nil, func(*Terms) {}, "mode"},
		{"unknown setting", map[string]string{"a": "", "b": "x"}, nil, func(t *Terms) { t.Text("b", "") }, "a"},
		{"unknown secret", nil, map[string]Secret{"key": "k"}, func(*Terms) {}, "key"},
		{"missing secret", nil, nil, func(t *Terms) { t.Secret("key") }, "key"},
		{"word", map[string]string{"w": "c"}, nil, func(t *Terms) { t.Word("w", "a", "b") }, "w"},
		{"no number", map[string]string{"n": "x"}, nil, func(t *Terms) { t.Count("n", 1, 1, 9) }, "n"},
		{"less", map[string]string{"n": "0"}, nil, func(t *Terms) { t.Count("n", 1, 1, 9) }, "n"},
		{"more", map[string]string{"n": "10"}, nil, func(t *Terms) { t.Count("n", 1, 1, 9) }, "n"},
		{"no address", nil, nil, func(t *Terms) { t.Address("u", "") }, "u"},
		{"user in the address", nil, nil, func(t *Terms) { t.Address("u", "https://a@b") }, "u"},
		{"plain and live", nil, nil, func(t *Terms) { t.Address("u", "http://127.0.0.1") }, "u"},
		{"first one tells", map[string]string{"w": "c"}, nil, func(t *Terms) { t.Word("w", "a"); t.Secret("key") }, "w"},
	}
	for _, test := range tests {
		terms := Config{Settings: test.settings, Secrets: test.secrets, Now: now}.Terms()
		test.read(terms)
		err := terms.Err()
		if !fault.Is(err, fault.CodeSettingInvalid) || fault.From(err).Param != test.param {
			t.Errorf("%s: got %v, want setting_invalid of %s", test.name, err, test.param)
		}
	}
	if err := (Config{}).Terms().Err(); !fault.Is(err, fault.CodeSettingInvalid) {
		t.Errorf("without a clock: got %v, want setting_invalid", err)
	}
}
