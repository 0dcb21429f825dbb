package app

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/payment"
)

// lookPause is how long after one question to a gateway a waiting payer is
// answered from what is on record.
const lookPause = 3 * time.Second

// LookAgain is for a payer who confirms on a phone and asks whether that has
// arrived: nothing comes back from there by itself. The token is that of
// PaymentByToken. The gateway is asked, unless it was a moment ago; a payment
// for which the payer is sent elsewhere is only read.
// Error: payment_not_found.
func (a *App) LookAgain(ctx context.Context, token string) (payment.Payment, error) {
	p, err := a.PaymentByToken(ctx, token)
	if err != nil {
		return p, err
	}
	// Whatever was asked or heard of it lately is newer than its last change.
	waits := p.State == payment.Processing && p.Attempt.Session != "" && a.Flow(ctx, p) == payment.Push
	if !waits || a.now().Before(p.UpdatedAt.Add(lookPause)) {
		return p, nil
	}
	return a.resolveOnce(ctx, p, hint{actor: byPayer})
}
