//go:build !fault

package server

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/purserhq/purser/internal/store"
)

// failpoints are the places where a test may end the process. This build has
// none: every method hands back what it was given.
type failpoints struct{}

func openFailpoints(Config, purpose, *slog.Logger) (failpoints, error) { return failpoints{}, nil }

func (failpoints) clock(now func() time.Time) func() time.Time { return now }

func (failpoints) stages() func(string) error { return nil }

func (failpoints) store(s store.Store) store.Store { return s }

func (failpoints) transport(t http.RoundTripper) http.RoundTripper { return t }
