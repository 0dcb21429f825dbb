package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
)

// levelOf reads the word of a log level.
func levelOf(word string) (slog.Level, error) {
	var level slog.Level
	err := level.UnmarshalText([]byte(word))
	return level, err
}

// newLog writes lines of JSON or text, each with the id of the request that
// it belongs to, and never a card number.
func newLog(w io.Writer, format, level string) (*slog.Logger, error) {
	least, err := levelOf(level)
	if err != nil {
		return nil, settingError("log_level", "must be debug, info, warn or error")
	}
	options := &slog.HandlerOptions{Level: least, ReplaceAttr: maskAttr}
	var handler slog.Handler = slog.NewJSONHandler(w, options)
	if format == "text" {
		handler = slog.NewTextHandler(w, options)
	}
	if held, ok := w.(*lines); ok {
		handler = urgent{handler, held}
	}
	return slog.New(withRequest{handler}), nil
}

// urgent writes held lines as soon as one of them must not wait.
type urgent struct {
	slog.Handler

	held *lines
}

// Handle passes the line on, and hurries for a warning.
func (h urgent) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		h.held.Flush()
	}
	return err
}

// WithAttrs keeps the wrapper.
func (h urgent) WithAttrs(attrs []slog.Attr) slog.Handler {
	return urgent{h.Handler.WithAttrs(attrs), h.held}
}

// WithGroup keeps the wrapper.
func (h urgent) WithGroup(name string) slog.Handler {
	return urgent{h.Handler.WithGroup(name), h.held}
}

// withRequest adds the request's id to every line that is written for it.
type withRequest struct{ slog.Handler }

// Handle adds the id.
func (h withRequest) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := ctx.Value(requestKey{}).(string); ok {
		r = r.Clone()
		r.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps the wrapper.
func (h withRequest) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withRequest{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the wrapper.
func (h withRequest) WithGroup(name string) slog.Handler {
	return withRequest{h.Handler.WithGroup(name)}
}

// maskAttr is the last net under all lines: whatever a mistake writes, a card
// number does not come out whole.
func maskAttr(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString, slog.KindInt64, slog.KindUint64:
		if n := a.Value; n.Kind() == slog.KindInt64 && n.Int64() >= 0 && n.Int64() < shortestCard {
			return a
		}
		text := a.Value.String()
		if masked := maskCards(text); masked != text {
			a.Value = slog.StringValue(masked)
		}
	case slog.KindAny:
		if level, ok := a.Value.Any().(slog.Level); ok {
			a.Value = slog.StringValue(level.String())
			return a
		}
		text := fmt.Sprintf("%+v", a.Value.Any())
		if masked := maskCards(text); masked != text {
			a.Value = slog.StringValue(masked)
		}
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindGroup, slog.KindLogValuer, slog.KindTime:
	}
	return a
}

// cardForm finds 13 to 19 digits, also in groups, that stand alone: an id in
// hexadecimal does not become a card because some of its letters are digits.
var cardForm = regexp.MustCompile(`\b[0-9](?:[ -]?[0-9]){12,18}\b`)

// shortestCard is the first number that has the digits of a card's.
const shortestCard = 1_000_000_000_000

// maskCards hides the middle of everything that looks like a card number. Most
// texts of a log have too few digits to be looked at closely.
func maskCards(text string) string {
	digits := 0
	for i := range len(text) {
		if text[i] >= '0' && text[i] <= '9' {
			digits++
		}
	}
	if digits < 13 {
		return text
	}
	return cardForm.ReplaceAllStringFunc(text, func(found string) string {
		digits := strings.NewReplacer(" ", "", "-", "").Replace(found)
		if !luhn(digits) {
			return found
		}
		return digits[:6] + strings.Repeat("*", len(digits)-10) + digits[len(digits)-4:]
	})
}

// luhn is the check that every card number passes, and one of ten other
// numbers.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		digit := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if digit *= 2; digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return sum%10 == 0
}
