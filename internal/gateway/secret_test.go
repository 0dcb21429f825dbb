package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const canary = "c4nary"
	type holder struct {
		Unprintable
		hidden Secret
	}
	s := Secret(canary)
	if s.Reveal() != canary {
		t.Errorf("got %q, want the secret", s.Reveal())
	}
	values := []any{
		s, &s,
		[]Secret{s},
		map[string]Secret{"k": s},
		struct{ S Secret }{s},
		Config{Secrets: map[string]Secret{"k": s}},
		holder{hidden: s},
		&holder{hidden: s},
	}
	for _, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s"} {
			got := fmt.Sprintf(verb, value)
			if strings.Contains(got, canary) || strings.Contains(strings.ToLower(got), fmt.Sprintf("%x", canary)) {
				t.Errorf("%s of %T: got %q", verb, value, got)
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("value", slog.Any("value", value))
		slog.New(slog.NewTextHandler(&log, nil)).Info("value", slog.Any("value", value))
		if strings.Contains(log.String(), canary) {
			t.Errorf("logged %T: got %s", value, log.String())
		}
		if encoded, err := json.Marshal(value); err == nil && strings.Contains(string(encoded), canary) {
			t.Errorf("encoded %T: got %s", value, encoded)
		}
	}
}
