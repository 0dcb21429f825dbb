package server

import (
	"context"
	"errors"

	"github.com/purserhq/purser/internal/app"
)

// RefundWord is an operator's word about a refund that calls for a person.
type RefundWord struct {
	Refund   string
	Back     bool   // the payer has the money
	Receipt  string // the gateway's or the bank's number of it; needed when it is back
	Operator string
	Note     string
}

// SayRefund takes an operator's word.
func (c Commands) SayRefund(ctx context.Context, w RefundWord) error {
	return c.with(ctx, forWriting, func(k *core) error {
		owner, err := k.refundOwner(ctx, w.Refund)
		if err != nil {
			return err
		}
		b, err := k.app.SayRefund(ctx, owner, app.RefundWord(w))
		if err != nil {
			return err
		}
		return c.Terminal.show(
			map[string]string{
				"id": b.ID, "payment": b.Payment, "state": string(b.State), "amount": b.Amount.String(), "attention": b.Attention,
			},
			[]string{"REFUND", "PAYMENT", "STATE", "AMOUNT", "WAITS FOR A PERSON"},
			[][]string{{b.ID, b.Payment, string(b.State), b.Amount.String(), dash(b.Attention)}})
	})
}

// refundOwner is whose refund it is, of those that call for a person.
func (k *core) refundOwner(ctx context.Context, id string) (merchantID string, err error) {
	waiting, err := k.app.Attention(ctx)
	if err != nil {
		return "", err
	}
	for _, w := range waiting {
		if w.Subject == id {
			return w.Merchant, nil
		}
	}
	return "", errors.New("there is no refund " + id + " that waits for a person: purser audit lists those that do")
}
