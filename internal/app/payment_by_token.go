package app

import (
	"context"
	"crypto/subtle"
	"strings"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payment"
)

// PaymentByToken finds a payment for the payer who was sent away to pay it:
// the token is the one of its return address, the payment's id and the secret
// of its present attempt with a point between them. Nothing is asked and
// nothing changes.
// Error: payment_not_found, whatever part of the token is wrong.
func (a *App) PaymentByToken(ctx context.Context, token string) (payment.Payment, error) {
	unknown := fault.New(fault.CodePaymentNotFound, "payment", "")
	// An id may hold points itself; the secret never does.
	at := strings.LastIndexByte(token, '.')
	if at < 0 {
		return payment.Payment{}, unknown
	}
	p, err := a.anyPayment(ctx, token[:at])
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return payment.Payment{}, unknown
		}
		return payment.Payment{}, err
	}
	// A payment without an attempt has no secret, which must not match an empty one.
	if p.Attempt.Token == "" || subtle.ConstantTimeCompare([]byte(token[at+1:]), []byte(p.Attempt.Token)) != 1 {
		return payment.Payment{}, unknown
	}
	return p, nil
}

// ReturnToken is what PaymentByToken takes: the credential of the payer who
// was sent away to pay.
func ReturnToken(p payment.Payment) string { return p.ID + "." + p.Attempt.Token }
