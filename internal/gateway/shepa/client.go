package shepa

import (
	"context"
	"encoding/json"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// The paths below the base address.
const (
	pathToken  = "/api/v1/token" //nolint:gosec // the path of a call, not a credential
	pathVerify = "/api/v1/verify"
	pathRefund = "/api/v1/refund-transaction"
	pathPage   = "/v1/"
)

// token opens a payment; it is sent once, because a repeat opens another.
func (g *Gateway) token(ctx context.Context, a gateway.Attempt) (opened, said, error) {
	var data opened
	result, s, err := g.send(ctx, pathToken, tokenOf(g.key, a))
	if err != nil || !s.success {
		return data, s, err
	}
	err = decode(result, &data)
	return data, s, err
}

// verify takes the money. It is sent once: what a second verify does is not
// published.
func (g *Gateway) verify(ctx context.Context, a gateway.Attempt) (paid, said, error) {
	var data paid
	result, s, err := g.send(ctx, pathVerify, verifyWire{
		API: g.key.Reveal(), Token: a.Session, Amount: a.Amount.Steps(),
	})
	if err != nil || !s.success {
		return data, s, err
	}
	err = decode(result, &data)
	return data, s, err
}

// refund is sent once. Its tracking code may be missing.
func (g *Gateway) refund(ctx context.Context, r gateway.Return) (string, said, error) {
	var tracking client.ID
	result, s, err := g.send(ctx, pathRefund, refundWire{
		API: g.key.Reveal(), Amount: r.Amount.Steps(), TransactionID: number(r.Receipt),
	})
	if err == nil && s.success && json.Unmarshal(result, &tracking) != nil {
		tracking = ""
	}
	return string(tracking), s, err
}

// send makes one call and reads the envelope.
func (g *Gateway) send(ctx context.Context, path string, body any) (json.RawMessage, said, error) {
	answer, err := g.client.Send(ctx, client.Call{URL: g.base.String() + path, Body: body})
	if err != nil {
		return nil, said{}, err
	}
	var envelope envelopeWire
	if err := answer.Decode(&envelope); err != nil {
		return nil, said{}, err
	}
	if envelope.Success == nil || (*envelope.Success && answer.Status >= 300) {
		return nil, said{}, answer.Strange()
	}
	return envelope.Result, said{success: *envelope.Success, words: g.words(envelope)}, nil
}
