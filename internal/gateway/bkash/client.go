package bkash

import (
	"context"
	"net/http"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// The paths below the provider's address. Refunds of version 2 have a root of
// their own.
const (
	rootV1 = "/v1.2.0-beta/tokenized/checkout"
	rootV2 = "/v2/tokenized-checkout/refund/payment"

	pathGrant        = rootV1 + "/token/grant"
	pathRefresh      = rootV1 + "/token/refresh"
	pathCreate       = rootV1 + "/create"
	pathExecute      = rootV1 + "/execute"
	pathStatus       = rootV1 + "/payment/status"
	pathRefundV1     = rootV1 + "/payment/refund"
	pathRefundV1Read = rootV1 + "/payment/refund/status"
	pathRefund       = rootV2 + "/transaction"
	pathRefundRead   = rootV2 + "/status"
)

// create opens a payment; it is sent once, because a repeat opens another.
func (g *Gateway) create(ctx context.Context, a gateway.Attempt) (created, error) {
	var data created
	err := g.call(ctx, g.client.Send, pathCreate, createOf(a), &data, &data.said)
	return data, err
}

// execute moves the money, and is sent once.
func (g *Gateway) execute(ctx context.Context, a gateway.Attempt) (report, error) {
	var data report
	err := g.call(ctx, g.client.Send, pathExecute, paymentWire{a.Session}, &data, &data.said)
	return data, err
}

// status changes nothing.
func (g *Gateway) status(ctx context.Context, a gateway.Attempt) (report, error) {
	var data report
	err := g.call(ctx, g.client.Ask, pathStatus, paymentWire{a.Session}, &data, &data.said)
	return data, err
}

// call makes a call and reads its answer. Error: *client.Lost, *locked.
func (g *Gateway) call(ctx context.Context, send sender, path string, body, into any, s *said) error {
	answer, err := g.fetch(ctx, send, path, body)
	if err != nil {
		return err
	}
	return g.read(answer, into, s)
}

// sender is one of the two ways to make a call.
type sender func(context.Context, client.Call) (client.Answer, error)

// fetch makes a call with the contract's token. A token that is refused is
// renewed once: the refusal comes before the provider does anything.
// Error: *client.Lost, *locked.
func (g *Gateway) fetch(ctx context.Context, send sender, path string, body any) (client.Answer, error) {
	var token gateway.Secret
	for range 2 {
		fresh, err := g.access.get(ctx, token)
		if err != nil {
			return client.Answer{}, err
		}
		token = fresh
		answer, err := send(ctx, client.Call{URL: g.base + path, Body: body, Header: map[string]string{
			"Authorization": token.Reveal(), "X-App-Key": g.access.keys.appKey.Reveal(),
		}})
		if err != nil || answer.Status != http.StatusUnauthorized {
			return answer, err
		}
	}
	return client.Answer{}, &locked{why: "a fresh token is refused"}
}

// read decodes an answer that says something: a success under status 200, or
// a failure's code under any.
func (g *Gateway) read(answer client.Answer, into any, s *said) error {
	if err := answer.Decode(into); err != nil {
		return err
	}
	switch {
	case s.code() == "" && s.guarded(answer.Status):
		return &locked{why: "the provider's guard says " + g.client.Words(s.Message)}
	case s.code() == "" || (s.code() == codeDone && answer.Status != http.StatusOK):
		return answer.Strange()
	}
	return nil
}
