package ifthenpay

import (
	"context"
	"net/http"
	"net/url"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// The paths below the addresses of the two hosts.
const (
	pathPush   = "/spg/payment/mbway"
	pathStatus = "/spg/payment/mbway/status"
	pathRefund = "/endpoint/payments/refund"
)

// push is sent once: every start is another push.
func (g *Gateway) push(ctx context.Context, a gateway.Attempt, number string) (pushed, error) {
	var data pushed
	answer, err := g.client.Send(ctx, client.Call{URL: g.base + pathPush, Body: pushOf(g.key, a, number)})
	if err != nil {
		return data, err
	}
	err = read(answer, &data)
	return data, err
}

// status changes nothing. Its address holds the mbWayKey and is never shown.
func (g *Gateway) status(ctx context.Context, request string) (statusWire, error) {
	var data statusWire
	query := url.Values{"mbWayKey": {g.key.Reveal()}, "requestId": {request}}
	answer, err := g.client.Ask(ctx, client.Call{
		Method: http.MethodGet, URL: g.base + pathStatus + "?" + query.Encode(),
	})
	if err != nil {
		return data, err
	}
	err = read(answer, &data)
	return data, err
}

// refund is sent once: a repeat pays back again.
func (g *Gateway) refund(ctx context.Context, r gateway.Return) (refundAnswer, error) {
	var data refundAnswer
	answer, err := g.client.Send(ctx, client.Call{URL: g.office + pathRefund, Body: refundWire{
		Key: g.back.Reveal(), RequestID: r.Attempt.Session, Amount: r.Amount.Fixed(),
	}})
	if err != nil {
		return data, err
	}
	err = read(answer, &data)
	return data, err
}

// read decodes an answer. Every result comes under status 200; any other is a
// fault on the way.
func read(answer client.Answer, into any) error {
	if answer.Status != http.StatusOK {
		return answer.Strange()
	}
	return answer.Decode(into)
}
