package bkash

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// How tokens are spared: the provider allows two askings in an hour, and
// blocks for an hour who asks more.
const (
	renewBefore = 10 * time.Minute // the end of a token
	refreshFor  = 27 * 24 * time.Hour
	freely      = 2               // askings in an hour
	holdOff     = 5 * time.Minute // between more of them, and after a refusal
)

// credentials are the contract's.
type credentials struct{ username, password, appKey, appSecret gateway.Secret }

// access keeps the one token of a contract. One caller at a time asks for a
// new one; the others wait for it.
type access struct {
	gateway.Unprintable
	keys   credentials
	client *client.Client
	base   string
	now    func() time.Time
	turn   chan struct{} // holds the one right to look at the rest

	token        gateway.Secret
	renewAt      time.Time
	until        time.Time
	asked        []time.Time // within the last hour
	refresh      gateway.Secret
	refreshUntil time.Time
	refused      error // of the last asking, until refusedTill
	refusedTill  time.Time
}

func newAccess(keys credentials, c *client.Client, base string, now func() time.Time) *access {
	a := &access{keys: keys, client: c, base: base, now: now, turn: make(chan struct{}, 1)}
	a.turn <- struct{}{}
	return a
}

// get is a token that is good now and is not the stale one. Whatever goes
// wrong, the call that needs it was not sent. Error: *client.Lost, *locked.
func (a *access) get(ctx context.Context, stale gateway.Secret) (gateway.Secret, error) {
	select {
	case <-a.turn:
	case <-ctx.Done():
		return "", &client.Lost{Why: "no time left"}
	}
	defer func() { a.turn <- struct{}{} }()
	now := a.now()
	usable := a.token != "" && a.token != stale && now.Before(a.until)
	if usable && now.Before(a.renewAt) {
		return a.token, nil
	}
	switch err := a.renewOnce(ctx, now); {
	case err == nil:
	case usable:
		a.renewAt = now.Add(holdOff) // what we have is good for some minutes yet
	default:
		return "", err
	}
	return a.token, nil
}

// renewOnce renews the token, unless it was asked for too often of late.
func (a *access) renewOnce(ctx context.Context, now time.Time) error {
	if a.refused != nil && now.Before(a.refusedTill) {
		return a.refused
	}
	a.asked = slices.DeleteFunc(a.asked, func(at time.Time) bool { return now.Sub(at) >= time.Hour })
	if n := len(a.asked); n >= freely && now.Sub(a.asked[n-1]) < holdOff {
		return &locked{why: "no token: it was asked for too often in the last hour"}
	}
	a.asked = append(a.asked, now)
	answer, err := a.renew(ctx, now)
	if err == nil {
		a.keep(answer, now)
		return nil
	}
	if _, ok := errors.AsType[*locked](err); ok {
		a.refused, a.refusedTill = err, now.Add(holdOff)
	}
	return err
}

// renew refreshes where it can, and asks for a new token otherwise.
func (a *access) renew(ctx context.Context, now time.Time) (tokenAnswer, error) {
	if a.refresh != "" && now.Before(a.refreshUntil) {
		answer, err := a.ask(ctx, pathRefresh, tokenWire{
			AppKey: a.keys.appKey.Reveal(), AppSecret: a.keys.appSecret.Reveal(), RefreshToken: a.refresh.Reveal(),
		})
		if _, refused := errors.AsType[*locked](err); !refused {
			return answer, err
		}
		a.refresh = "" // it is no good any more
	}
	return a.ask(ctx, pathGrant, tokenWire{AppKey: a.keys.appKey.Reveal(), AppSecret: a.keys.appSecret.Reveal()})
}

// ask makes one of the two token calls, which are never repeated.
func (a *access) ask(ctx context.Context, path string, body tokenWire) (tokenAnswer, error) {
	var data tokenAnswer
	answer, err := a.client.Send(ctx, client.Call{
		URL: a.base + path, Body: body,
		Header: map[string]string{"username": a.keys.username.Reveal(), "password": a.keys.password.Reveal()},
	})
	if err != nil {
		return data, &client.Lost{Why: "no token: " + err.Error()}
	}
	if err := answer.Decode(&data); err != nil {
		return data, &client.Lost{Why: "no token: " + err.Error()}
	}
	code := data.code()
	switch {
	case code == codeDone && answer.Status == http.StatusOK && data.IDToken != "":
		return data, nil
	case code == "" && !data.guarded(answer.Status), code == codeDone:
		return data, &client.Lost{Why: "no token: " + answer.Strange().Error()}
	}
	return data, &locked{why: "no token: " + a.client.Words(data.code(), data.words())}
}

// keep holds on to an answer's tokens.
func (a *access) keep(answer tokenAnswer, now time.Time) {
	life := answer.life()
	a.token, a.until = gateway.Secret(answer.IDToken), now.Add(life)
	a.renewAt = now.Add(max(life-renewBefore, life/2))
	a.refused = nil
	if answer.RefreshToken != "" {
		a.refresh, a.refreshUntil = gateway.Secret(answer.RefreshToken), now.Add(refreshFor)
	}
}

// locked is the error of a contract that the provider does not let in. What
// was to be called did not run.
type locked struct{ why string }

// Error is the reason.
func (l *locked) Error() string { return l.why }
