package dialect_test

import (
	"testing"

	"github.com/purserhq/purser/internal/dialect"
)

// A PIN is taken out of where it belongs, and overwritten wherever something has its name.
func TestWithholdPIN(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct{ pin, rest string }{
		`{"pin":"4711","login":"1"}`:       {"4711", `{"pin":"****","login":"1"}`},
		`{"pin":"47\u00311"}`:              {"4711", `{"pin":"*********"}`},
		`{ "p\u0069n" : "4711" }`:          {"4711", `{ "p\u0069n" : "****" }`},
		`{"pin":4711}`:                     {"", `{"pin":1111}`},
		`{"pin":null}`:                     {"", `{"pin":null}`},
		`{"pin":["4711"]}`:                 {"", `{"pin":["****"]}`},
		`{"payer":{"pin":"4711"}}`:         {"", `{"payer":{"pin":"****"}}`},
		`[{"pin":"4711"}]`:                 {"", `[{"pin":"****"}]`},
		`{"pins":"4711","number":"4242"}`:  {"", `{"pins":"4711","number":"4242"}`},
		`{"pin":"4711"`:                    {"", `{"pin":"4711"`},
		`{"pin":"1","pin":"4711","a":"b"}`: {"4711", `{"pin":"*","pin":"****","a":"b"}`},
	} {
		raw := []byte(body)
		if pin := dialect.WithholdPIN(raw, "pin"); string(pin) != want.pin || string(raw) != want.rest {
			t.Errorf("%s: got %q and %s, want %q and %s", body, pin, raw, want.pin, want.rest)
		}
	}
}
