package sslcommerz

import (
	"context"
	"net/http"
	"net/url"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/gateway/client"
)

// The calls' paths below the base address. The query's also takes refunds.
const (
	pathStart    = "/gwprocess/v4/api.php"
	pathValidate = "/validator/api/validationserverAPI.php"
	pathQuery    = "/validator/api/merchantTransIDvalidationAPI.php"
)

// open opens a checkout; it is sent once, because a repeat opens another.
func (g *Gateway) open(ctx context.Context, a gateway.Attempt) (opened, error) {
	var data opened
	answer, err := g.client.Send(ctx, client.Call{URL: g.base + pathStart, Form: g.formOf(a)})
	if err != nil {
		return data, err
	}
	err = answer.Decode(&data)
	return data, err
}

// validate asks whether a val_id is money.
func (g *Gateway) validate(ctx context.Context, id string) (validated, error) {
	var data validated
	answer, err := g.client.Ask(ctx, g.get(pathValidate, map[string]string{"val_id": id}))
	if err != nil {
		return data, err
	}
	if err := answer.Decode(&data); err != nil {
		return data, err
	}
	if data.Connect == "" {
		return data, answer.Strange()
	}
	return data, nil
}

// query lists the tries under our id.
func (g *Gateway) query(ctx context.Context, tran string) (tries, error) {
	var data tries
	answer, err := g.client.Ask(ctx, g.get(pathQuery, map[string]string{"tran_id": tran}))
	if err != nil {
		return data, err
	}
	if err := answer.Decode(&data); err != nil {
		return data, err
	}
	if data.Connect == "" {
		return data, answer.Strange()
	}
	return data, nil
}

// refund is sent once: whether a repeat would pay twice is not known.
func (g *Gateway) refund(ctx context.Context, r gateway.Return) (givenBack, error) {
	var data givenBack
	answer, err := g.client.Send(ctx, g.get(pathQuery, map[string]string{
		"bank_tran_id": r.Receipt, "refund_trans_id": refundID(r.Refund), "refund_amount": r.Amount.Fixed(),
		"refund_remarks": clip(r.Reason, "refund "+r.Refund, 255), "refe_id": clip(r.Refund, "", 50),
	}))
	if err != nil {
		return data, err
	}
	err = answer.Decode(&data)
	return data, err
}

// refundState asks what became of a refund.
func (g *Gateway) refundState(ctx context.Context, id string) (givenBack, error) {
	var data givenBack
	answer, err := g.client.Ask(ctx, g.get(pathQuery, map[string]string{"refund_ref_id": id}))
	if err != nil {
		return data, err
	}
	err = answer.Decode(&data)
	return data, err
}

// get makes a call whose query carries the credentials, as the provider wants
// it. No error of the client shows an address.
func (g *Gateway) get(path string, fields map[string]string) client.Call {
	query := url.Values{
		"store_id": {g.store}, "store_passwd": {g.password.Reveal()}, "v": {"1"}, "format": {"json"},
	}
	for name, value := range fields {
		query.Set(name, value)
	}
	return client.Call{Method: http.MethodGet, URL: g.base + path + "?" + query.Encode()}
}
