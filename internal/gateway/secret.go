package gateway

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted stands for every secret that is printed.
const redacted = "[redacted]"

// Secret is a credential. Whatever prints, logs or encodes it writes
// [redacted]; Reveal alone gives the text, for the call that needs it.
type Secret string

// Reveal is the credential itself.
func (s Secret) Reveal() string { return string(s) }

// Format writes [redacted] for every verb.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, redacted) // a printer that fails tells its caller itself
}

// String is [redacted].
func (s Secret) String() string { return redacted }

// LogValue is [redacted].
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText writes [redacted], in JSON too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Unprintable is embedded by whatever keeps secrets in fields that fmt can see
// and Secret cannot guard: fmt does not ask unexported fields how to print.
type Unprintable struct{}

// Format writes [redacted] for every verb.
func (Unprintable) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, redacted) // as with Secret
}
