package app

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// candidate is a gateway that could take a payment.
type candidate struct {
	name string
	conn gateway.Gateway
	info gateway.Info
	near bool // as Choice has it
}

// Choice is a gateway that a payer may choose, with one of its methods.
type Choice struct {
	Name    string           // what RequestPayment wants to be told
	Title   string           // for people; the pages translate it
	Methods []payment.Method // what the payer can pay with there
	// Near says that an operator has set the provider's address to plain http of this
	// machine, where a sandbox is: then its pages may be there too.
	Near bool
}

// Way is how a payer wishes to pay.
type Way struct {
	Gateway string         // the name of a choice; empty = by routing
	Method  payment.Method // empty = whatever the gateway offers
	Mobile  string         // of the phone on which the payer confirms; empty = what is known of the payer
}

// payer is what is known of a payer, with the phone of this wish.
func (w Way) payer(known payment.Payer) payment.Payer {
	known.Mobile = cmp.Or(w.Mobile, known.Mobile)
	return known
}

// Opened says that a payment is open in this way already: the payer can be
// sent there again. What the wish leaves open fits every payment.
func (w Way) Opened(p payment.Payment, now time.Time) bool {
	return p.Live(now) && (w.Gateway == "" || w.Gateway == p.Attempt.Gateway) &&
		(w.Method == "" || w.Method == p.Attempt.Method) && (w.Mobile == "" || w.Mobile == p.Payer.Mobile)
}

// Choices are the gateways that can take this amount of the merchant now, in
// the order of routing.
func (a *App) Choices(ctx context.Context, merchantID string, amount money.Amount) ([]Choice, error) {
	candidates, err := a.route(ctx, merchantID, amount, wanted{})
	if err != nil {
		return nil, err
	}
	choices := make([]Choice, len(candidates))
	for i, c := range candidates {
		choices[i] = Choice{Name: c.name, Title: c.info.Title, Methods: c.info.Methods, Near: c.near}
	}
	return choices, nil
}

// wanted leaves some of the gateways; its zero value leaves all.
type wanted struct {
	gateway string         // only the one of this name
	method  payment.Method // only those that offer it
	able    func(gateway.Gateway) bool
}

// takes says that a gateway is one of those that are wanted.
func (w wanted) takes(c candidate) bool {
	return (w.method == "" || slices.Contains(c.info.Methods, w.method)) && (w.able == nil || w.able(c.conn))
}

// route picks the merchant's gateways that can take the amount: the enabled
// ones whose unit and limits fit, in their order, those that have been failing
// lately last, and of those only the ones that are wanted.
// Errors: no_gateway, with the reason in its words.
func (a *App) route(ctx context.Context, merchantID string, amount money.Amount, w wanted) ([]candidate, error) {
	known, err := a.store.Gateways(ctx, merchantID)
	if err != nil {
		return nil, err
	}
	var well, ill []candidate
	var reason error
	for _, g := range known {
		if !g.Enabled || (w.gateway != "" && g.Name != w.gateway) {
			continue
		}
		c, err := a.openFor(g, amount)
		if err != nil {
			if reason == nil || !fault.Is(err, fault.CodeUnitMismatch) { // what has the unit says more
				reason = err
			}
			continue
		}
		if !w.takes(c) {
			continue
		}
		if h, ok := c.conn.(gateway.Healther); ok && !h.Healthy() {
			ill = append(ill, c)
			continue
		}
		well = append(well, c)
	}
	if len(well)+len(ill) == 0 {
		none := fault.New(fault.CodeNoGateway, "gateway", "")
		if reason != nil {
			none = none.With(reason)
		}
		return nil, none
	}
	return append(well, ill...), nil
}

// openFor is open for a gateway that has to take the amount.
func (a *App) openFor(g merchant.Gateway, amount money.Amount) (candidate, error) {
	c, err := a.open(g)
	if err != nil {
		return candidate{}, err
	}
	return c, fits(c.info, amount)
}

func (a *App) open(g merchant.Gateway) (candidate, error) {
	conn, err := a.gateways.Open(g)
	if err != nil {
		return candidate{}, err
	}
	return candidate{name: g.Name, conn: conn, info: conn.Info(), near: isNear(g)}, nil
}

// fits says whether a gateway takes the amount: its unit must express it
// exactly and its limits must allow it.
func fits(info gateway.Info, amount money.Amount) error {
	there, err := amount.In(info.Unit)
	if err != nil {
		return err
	}
	if less, err := there.Cmp(info.Min); err != nil || less < 0 {
		return fault.New(fault.CodeAmountTooSmall, "amount", "").With(err)
	}
	if !info.Max.Valid() {
		return nil
	}
	if more, err := there.Cmp(info.Max); err != nil || more > 0 {
		return fault.New(fault.CodeAmountTooLarge, "amount", "").With(err)
	}
	return nil
}

// gatewayOf opens the gateway of one of the merchant's payments, also when it
// was disabled since: money may still be on its way.
func (a *App) gatewayOf(ctx context.Context, merchantID, name string) (candidate, error) {
	known, err := a.store.Gateways(ctx, merchantID)
	if err != nil {
		return candidate{}, err
	}
	for _, g := range known {
		if g.Name == name {
			return a.open(g)
		}
	}
	return candidate{}, fault.New(fault.CodeGatewayNotFound, "gateway", "")
}

// Flow is what the payer of a payment has to do: the flow of the method that
// was chosen, or else the one that all methods of its gateway have. It is empty
// where that is not known.
func (a *App) Flow(ctx context.Context, p payment.Payment) payment.Flow {
	if p.Attempt.Method != "" {
		return payment.Methods[p.Attempt.Method].Flow
	}
	c, err := a.gatewayOf(ctx, p.Merchant, p.Attempt.Gateway)
	if err != nil || len(c.info.Methods) == 0 {
		return ""
	}
	flow := payment.Methods[c.info.Methods[0]].Flow
	for _, method := range c.info.Methods {
		if payment.Methods[method].Flow != flow {
			return ""
		}
	}
	return flow
}

// Near says of a payment's gateway what Choice says of one.
func (a *App) Near(ctx context.Context, p payment.Payment) bool {
	c, err := a.gatewayOf(ctx, p.Merchant, p.Attempt.Gateway)
	return err == nil && c.near
}

// Instructions are what the payer of a payment is told who pays the merchant directly: where
// to send the money, as its gateway says at present. They are empty where nobody said it.
func (a *App) Instructions(ctx context.Context, p payment.Payment) string {
	c, err := a.gatewayOf(ctx, p.Merchant, p.Attempt.Gateway)
	if err != nil {
		return ""
	}
	return c.info.Instructions
}

// isNear looks at the address that connectors call their provider at. A call cannot
// bring one of this machine, as checkOutside has it, and none of live contracts is plain http.
func isNear(g merchant.Gateway) bool {
	u, err := url.Parse(g.Settings["base_url"])
	return err == nil && u.Scheme == "http" && slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, u.Hostname())
}
