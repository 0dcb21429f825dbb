package orderpay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
)

// once makes something for a call, or answers as the first call under the same
// Idempotency-Key did. now shows what a call made that has no answer yet.
func (s desk) once(r *dialect.Request, now func(ctx context.Context, who user, id string) (any, error),
	do func(app.Once) (made string, shown any, err error),
) (dialect.Reply, error) {
	key, err := keyOf(r.Header)
	if err != nil {
		return dialect.Reply{}, err
	}
	sum := sha256.Sum256([]byte(r.Route.Name() + "\n" + string(r.Raw)))
	o := app.Once{Caller: userOf(r).id, Key: key, Fingerprint: hex.EncodeToString(sum[:])}
	reply, found, err := s.recall(r, o, now)
	if found || err != nil {
		return reply, err
	}
	made, shown, err := do(o)
	if err == nil {
		return s.keep(r, o, made, shown)
	}
	// It may have failed because another call under the key was first.
	reply, found, late := s.recall(r, o, now)
	if found || late != nil {
		return reply, late
	}
	return dialect.Reply{}, err
}

// recall answers as an earlier call did, if there was one.
func (s desk) recall(r *dialect.Request, o app.Once, now func(context.Context, user, string) (any, error),
) (reply dialect.Reply, found bool, err error) {
	who := userOf(r)
	made, answer, err := s.App.Recall(r.Context(), who.merchant, o)
	if err != nil || made == "" {
		return dialect.Reply{}, false, err
	}
	if answer.Status != 0 {
		return dialect.Reply{Status: answer.Status, Body: answer.Body}, true, nil
	}
	shown, err := now(r.Context(), who, made)
	if err != nil {
		return dialect.Reply{}, false, err
	}
	reply, err = s.keep(r, o, made, shown)
	return reply, err == nil, err
}

// keep answers with what was made, and every later call under the key with the
// same bytes.
func (s desk) keep(r *dialect.Request, o app.Once, made string, shown any) (dialect.Reply, error) {
	body, err := dialect.JSON(shown)
	if err != nil {
		return dialect.Reply{}, err
	}
	kept, err := s.App.Keep(r.Context(), userOf(r).merchant, o, made, app.Kept{Status: http.StatusCreated, Body: body})
	if err != nil {
		return dialect.Reply{}, err
	}
	return dialect.Reply{Status: kept.Status, Body: kept.Body}, nil
}
