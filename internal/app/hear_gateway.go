package app

import (
	"context"
	"log/slog"
	"strings"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// HearGateway takes what somebody's server sent to the address that a
// merchant's gateway was given. Once the connector has checked who sent it, it
// is a reason to ask the gateway and no more; the answer says what the provider
// wants to hear. A notice about nothing of ours is acknowledged too.
// Errors: gateway_not_found where the gateway takes no messages,
// signature_invalid; any other means that it should be sent again.
func (a *App) HearGateway(ctx context.Context, merchantID, name string, m gateway.Message,
) (gateway.Acknowledgement, error) {
	unknown := fault.New(fault.CodeGatewayNotFound, "gateway", "")
	c, err := a.gatewayOf(ctx, merchantID, name)
	if err != nil {
		return gateway.Acknowledgement{}, err
	}
	hears, ok := notifier(c)
	if !ok {
		return gateway.Acknowledgement{}, unknown
	}
	checked, err := gateway.Checked(hears, m)
	if err != nil {
		return gateway.Acknowledgement{}, err
	}
	notice, ok := hears.ReadNotification(checked)
	if !ok {
		return hears.Acknowledgement(), nil
	}
	p, err := a.noticed(ctx, merchantID, c, notice)
	if fault.KindOf(err) == fault.NotFound {
		a.log.InfoContext(ctx, "notice about nothing of ours", slog.String("merchant", merchantID),
			slog.String("gateway", name), slog.String("session", notice.Session))
		return hears.Acknowledgement(), nil
	} else if err != nil {
		return gateway.Acknowledgement{}, err
	}
	ctx, end := a.about(ctx, p)
	defer end()
	heard(ctx, byNotice, brought(m))
	notice.Session = p.Attempt.Session
	if notice.Word != "" && notice.Word != p.Attempt.Word && p.State == payment.Processing {
		// Some providers say there what their answers leave out, so the connector sees it when it asks.
		if err := a.noteReturn(ctx, p, notice); err != nil {
			return gateway.Acknowledgement{}, err
		}
	}
	if _, err := a.resolveOnce(ctx, p, hint{good: notice.Good, actor: byGateway}); err != nil {
		return gateway.Acknowledgement{}, err
	}
	return hears.Acknowledgement(), nil
}

// brought is a message as it may be kept.
func brought(m gateway.Message) string {
	parts := make([]string, 0, 2)
	for _, part := range []string{gateway.MaskedFields(m.Query), gateway.Masked(m.Body)} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// notifier is the connector's ear, where the contract has what checking needs.
func notifier(c candidate) (gateway.Notifier, bool) {
	n, ok := c.conn.(gateway.Notifier)
	return n, ok && n.Notifies()
}

// noticed finds the payment that a notice speaks of. Error: not_found, also
// where it pairs one attempt's session with another's short id.
func (a *App) noticed(ctx context.Context, merchantID string, c candidate, n gateway.Notice) (payment.Payment, error) {
	keys := make([]string, 0, 2)
	if n.Session != "" {
		keys = append(keys, sessionKey(c.info.Connector, n.Session))
	}
	if n.Short != "" {
		keys = append(keys, shortKey(c.info.Connector, n.Short))
	}
	err := error(fault.New(fault.CodePaymentNotFound, "payment", ""))
	for _, key := range keys {
		var claim store.Claim
		if claim, err = a.store.Claimed(ctx, merchantID, store.SessionClaim, key); err != nil {
			continue
		}
		p, err := a.store.Payment(ctx, merchantID, claim.Subject)
		switch {
		case err != nil:
			return p, err
		case n.Short != "" && n.Short != p.Attempt.Short && a.owns(ctx, p, shortKey(c.info.Connector, n.Short)):
			return p, fault.New(fault.CodePaymentNotFound, "payment", "") // of a try before the present one
		case n.Short != "" && n.Short != p.Attempt.Short:
			if err := a.flag(ctx, p, "a notice pairs its session with another attempt of ours"); err != nil {
				return p, err
			}
			return p, fault.New(fault.CodePaymentNotFound, "payment", "")
		case p.Attempt.Session == "" && n.Session != "":
			return a.adopt(ctx, p, c, n)
		}
		return p, nil
	}
	return payment.Payment{}, err
}

// owns says that a key is the payment's.
func (a *App) owns(ctx context.Context, p payment.Payment, key string) bool {
	claim, err := a.store.Claimed(ctx, p.Merchant, store.SessionClaim, key)
	return err == nil && claim.Subject == p.ID
}

// adopt takes the session of an attempt whose start was never answered: the
// provider named both it and our own short id.
func (a *App) adopt(ctx context.Context, p payment.Payment, c candidate, n gateway.Notice) (payment.Payment, error) {
	var fresh payment.Payment
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		var err error
		if fresh, err = r.Payment(ctx, p.Merchant, p.ID); err != nil {
			return store.Change{}, err
		}
		if fresh.Attempt.Session != "" || fresh.Attempt.Short != n.Short {
			return store.Change{}, nil
		}
		now := a.now()
		fresh.Attempt.Session, fresh.Attempt.Word, fresh.Hidden = n.Session, n.Word, false
		fresh.UpdatedAt, fresh.CheckAt = now, now
		return store.Change{
			Claims: []store.Claim{{
				Merchant: p.Merchant, Kind: store.SessionClaim, Key: sessionKey(c.info.Connector, n.Session), Subject: p.ID,
			}},
			Payments: []payment.Payment{fresh},
			Events: []event.Event{happenedTo(fresh, payment.Adopt, byGateway,
				"the gateway told the session of a start that it had not answered", now)},
		}, nil
	})
	if err != nil {
		return fresh, err
	}
	return a.store.Payment(ctx, p.Merchant, p.ID)
}

// shortKey is the claim on our own short id of an attempt, which connectors
// with their own sessions cannot mistake for one.
func shortKey(connector, short string) string { return connector + "/short " + short }

// shortClaims make an attempt findable by its short id, where its gateway tells
// of payments by itself.
func shortClaims(p payment.Payment, c candidate) []store.Claim {
	if _, ok := notifier(c); !ok {
		return nil
	}
	return []store.Claim{{
		Merchant: p.Merchant, Kind: store.SessionClaim, Key: shortKey(c.info.Connector, p.Attempt.Short), Subject: p.ID,
	}}
}
