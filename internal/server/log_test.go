package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/gateway"
)

func TestMaskCards(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"4111111111111111":                      "411111******1111",
		"card 6037-9912-0000-1232 x":            "card 603799******1232 x",
		"4111 1111 1111 1111":                   "411111******1111",
		"4111111111111112":                      "4111111111111112", // fails the check
		"378282246310005":                       "378282*****0005",
		"a4111111111111111":                     "a4111111111111111", // part of an id
		"41111111111111110000":                  "41111111111111110000",
		"411111111111":                          "411111111111",
		"5200828282828210 and 4111111111111111": "520082******8210 and 411111******1111",
		"":                                      "",
	} {
		if got := gateway.HideLoneCards(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// Whatever way a card number takes into the log, it does not come out.
func TestLogMasksCards(t *testing.T) {
	t.Parallel()
	const card = "4111111111111111"
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		log, err := newLog(&out, format, "debug")
		if err != nil {
			t.Fatal(err)
		}
		log.With(slog.String("with", card)).Info("message "+card, // a mistake, as it could happen
			slog.Int64("number", 4111111111111111), slog.Any("error", errors.New("declined "+card)),
			slog.Group("deep", slog.String("inside", card)), slog.Any("struct", struct{ Number string }{card}))
		if strings.Contains(out.String(), card) || strings.Count(out.String(), "411111******1111") != 6 {
			t.Errorf("%s: got %s, want six masked numbers", format, out.String())
		}
	}
}

func TestLogSpeaksOfItsRequest(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log, err := newLog(&out, "json", "warn")
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithValue(t.Context(), requestKey{}, "r1")
	log.InfoContext(ctx, "not shown")
	log.With(slog.String("a", "b")).WithGroup("g").WarnContext(ctx, "shown")
	if got := out.String(); strings.Contains(got, "not shown") || !strings.Contains(got, `"request_id":"r1"`) {
		t.Errorf("got %s, want one line with the request's id", got)
	}
	if _, err := newLog(&out, "json", "loud"); err == nil {
		t.Error("got no error for a level that there is not")
	}
}
