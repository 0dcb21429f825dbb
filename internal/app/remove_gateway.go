package app

import (
	"context"
	"slices"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
)

// RemoveGateway removes a contract that nothing needs any more: it is no longer
// listed, changed or sent anything new. What was paid there stays readable and can
// still be given back there, so the contract itself is kept, and its name with it.
// That is also why a payment which began in the very same moment is in no danger.
// Errors: gateway_not_found, wrong_state while something that is not ended needs it.
func (a *App) RemoveGateway(ctx context.Context, merchantID, name string) (g merchant.Gateway, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		known, err := r.Gateways(ctx, merchantID)
		if err != nil {
			return store.Change{}, err
		}
		at := slices.IndexFunc(known, func(k merchant.Gateway) bool { return k.Name == name && !k.Removed })
		if at < 0 {
			return store.Change{}, fault.New(fault.CodeGatewayNotFound, "gateway", "")
		}
		need, needed, err := r.GatewayNeed(ctx, merchantID, name)
		if err != nil {
			return store.Change{}, err
		}
		if needed {
			return store.Change{}, fault.Newf(fault.CodeWrongState, "gateway", "The %s %s is not ended and needs it.",
				need.Noun, need.ID)
		}
		g = known[at]
		g.Enabled, g.Removed, g.UpdatedAt = false, true, a.now()
		return store.Change{
			Gateways: []merchant.Gateway{g},
			Events:   []event.Event{acted(event.Gateway, merchantID, name, event.Remove, g.UpdatedAt)},
		}, nil
	})
	g.Version++
	return g, err
}

// nameGone refuses the name of a removed contract.
func nameGone() error {
	return fault.New(fault.CodeDuplicate, "name", "A gateway of this name was removed. Take another name.")
}
