package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/purserhq/purser/internal/gateway"
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
		if masked := gateway.HideLoneCards(text); masked != text {
			a.Value = slog.StringValue(masked)
		}
	case slog.KindAny:
		if level, ok := a.Value.Any().(slog.Level); ok {
			a.Value = slog.StringValue(level.String())
			return a
		}
		text := fmt.Sprintf("%+v", a.Value.Any())
		if masked := gateway.HideLoneCards(text); masked != text {
			a.Value = slog.StringValue(masked)
		}
	case slog.KindBool, slog.KindDuration, slog.KindFloat64, slog.KindGroup, slog.KindLogValuer, slog.KindTime:
	}
	return a
}

// shortestCard is the first number that has the digits of a card's.
const shortestCard = 1_000_000_000_000
