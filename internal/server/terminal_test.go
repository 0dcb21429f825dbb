package server

import (
	"strings"
	"testing"
)

// TestTerminalObeysNothing wants what callers brought to be shown, and no terminal to
// do what it says.
func TestTerminalObeysNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Ada":                      "Ada",
		"حسن\u200cزاده \U0001F600": "حسن\u200cزاده \U0001F600",
		"\x1b[2J\x1b]0;x\a":        `\x1b[2J\x1b]0;x\a`,
		"a\nSend to: b\tc":         `a\nSend to: b\tc`,
		"\u202egnp.exe\u2066x":     `\u202egnp.exe\u2066x`,
		"\u009b31m":                `\u009b31m`,
	} {
		var out strings.Builder
		terminal := Terminal{Out: &out}
		if err := terminal.show(nil, []string{"NAME"}, [][]string{{text}}); err != nil {
			t.Fatal(err)
		}
		if err := terminal.tell("To: %s", text); err != nil {
			t.Fatal(err)
		}
		if got := "NAME\n" + want + "\nTo: " + want + "\n"; out.String() != got {
			t.Errorf("%q: got %q, want %q", text, out.String(), got)
		}
	}
}
