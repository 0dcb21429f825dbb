package zibal

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// The paths below the payment host's and the platform's addresses.
const (
	pathRequest       = "/v1/request"
	pathVerify        = "/v1/verify"
	pathInquiry       = "/v1/inquiry"
	pathPage          = "/start/"
	pathRefund        = "/v1/account/refund"
	pathRefundInquiry = "/v1/account/refund/inquiry"
)

// request opens a payment; it is sent once, because a repeat opens another.
func (g *Gateway) request(ctx context.Context, a gateway.Attempt) (opened, error) {
	var data opened
	answer, err := g.client.Send(ctx, client.Call{URL: g.base + pathRequest, Body: requestOf(g.merchant, a)})
	if err != nil {
		return data, err
	}
	err = read(answer, &data, &data.saidWire)
	return data, err
}

// verify takes the money, or says that it was taken.
func (g *Gateway) verify(ctx context.Context, a gateway.Attempt) (reportWire, error) {
	return g.ask(ctx, pathVerify, a)
}

// inquiry changes nothing.
func (g *Gateway) inquiry(ctx context.Context, a gateway.Attempt) (reportWire, error) {
	return g.ask(ctx, pathInquiry, a)
}

func (g *Gateway) ask(ctx context.Context, path string, a gateway.Attempt) (reportWire, error) {
	var data reportWire
	answer, err := g.client.Ask(ctx, client.Call{URL: g.base + path, Body: trackWire{
		Merchant: g.merchant.Reveal(), TrackID: json.Number(a.Session),
	}})
	if err != nil {
		return data, err
	}
	err = read(answer, &data, &data.saidWire)
	return data, err
}

// refund is sent once.
func (g *Gateway) refund(ctx context.Context, r gateway.Return) (refundAnswer, error) {
	var data refundAnswer
	answer, err := g.client.Send(ctx, client.Call{URL: g.platform + pathRefund, Token: g.token, Body: refundWire{
		TrackID: json.Number(r.Attempt.Session), AccountID: g.account, Amount: r.Amount.Steps(),
		// Undoing gives back everything, so it is wished for a whole payment only.
		TryReverse: r.Amount == r.Attempt.Amount, Description: "refund " + r.Refund,
	}})
	if err != nil {
		return data, err
	}
	err = read(answer, &data, &data.saidWire)
	return data, err
}

// refundInquiry asks about one refund by the platform's id.
func (g *Gateway) refundInquiry(ctx context.Context, receipt string) (refundList, error) {
	var data refundList
	answer, err := g.client.Ask(ctx, client.Call{URL: g.platform + pathRefundInquiry, Token: g.token, Body: struct {
		RefundID any `json:"refundId"`
	}{number(receipt)}})
	if err != nil {
		return data, err
	}
	err = read(answer, &data, &data.saidWire)
	return data, err
}

// read decodes an answer. Both hosts put every result under status 200; any
// other is a fault on the way.
func read(answer client.Answer, into any, s *saidWire) error {
	if answer.Status != http.StatusOK {
		return answer.Strange()
	}
	if err := answer.Decode(into); err != nil {
		return err
	}
	if s.Result == 0 {
		return answer.Strange()
	}
	return nil
}
