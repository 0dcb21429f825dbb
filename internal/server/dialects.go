package server

import (
	"github.com/purserhq/purser/internal/checkout"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/dialect/ipg"
)

// addDialects adds every API that we speak, and the pages.
func addDialects(r *routes, k *core, a additions) error {
	newID := func() string { return ipg.NewID(k.now()) }
	pages, err := checkout.New(checkout.Config{
		App: k.app, NewID: newID, Now: k.now, Log: k.log,
		Insecure: len(a.sandbox) > 0, Unlimited: len(a.sandbox) > 0,
	})
	if err != nil {
		return err
	}
	r.handle("checkout", "/pay/", pages)
	shop, err := ipg.New(ipg.Config{
		App: k.app, Pages: pages, PublicURL: k.config.PublicURL, OpenMerchant: a.openMerchant,
		Links: ipg.LinkBases{
			Fixed: k.config.ReadyLink, OpenAmount: k.config.OpenLink, Extension: k.config.ExtensionLink,
		},
		Now: k.now, Log: k.log, NewID: newID,
	})
	if err != nil {
		return err
	}
	r.mount(shop)
	return nil
}

// mount adds the dialects; the first one answers for what nobody knows.
func (r *routes) mount(dialects ...*dialect.Dialect) {
	for _, d := range dialects {
		for _, route := range d.Routes {
			r.names[route.Path] = d.Name
		}
		for _, prefix := range d.Claims {
			r.names[prefix] = d.Name
		}
	}
	dialect.Mount(r.mux, dialects...)
	r.unknown = dialects[0].NotFound
}
