package app_test

import (
	"testing"

	"github.com/purserhq/purser/internal/app"
)

// TestNamesDoNotRunTogether: who the caller is, the key and what was made are apart,
// though their letters one after the other are the same. Another's answer would be told.
func TestNamesDoNotRunTogether(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	type kept struct {
		name app.Once
		made string
	}
	for what, pair := range map[string][2]kept{
		"caller and key": {
			{app.Once{Caller: "user-1", Key: "12", Fingerprint: "f"}, "inv"},
			{app.Once{Caller: "user-11", Key: "2", Fingerprint: "f"}, "inv"},
		},
		"key and what was made": {
			{app.Once{Caller: "user-2", Key: "k", Fingerprint: "f"}, "1inv"},
			{app.Once{Caller: "user-2", Key: "k1", Fingerprint: "f"}, "inv"},
		},
	} {
		for n, k := range pair {
			want := string(rune('a' + n))
			got, err := s.app.Keep(t.Context(), s.merchant, k.name, k.made, app.Kept{Status: 201, Body: []byte(want)})
			if err != nil || string(got.Body) != want {
				t.Errorf("%s: kept %q, %v, want %q", what, got.Body, err, want)
			}
		}
	}
}
