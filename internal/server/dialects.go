package server

import (
	"maps"
	"net/http"
	"path"
	"slices"

	"github.com/purserhq/purser/internal/api"
	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/checkout"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/dialect/ipg"
	"github.com/purserhq/purser/internal/dialect/orderpay"
	"github.com/purserhq/purser/internal/dialect/p2p"
	"github.com/purserhq/purser/internal/dialect/payrefund"
	"github.com/purserhq/purser/internal/dialect/zipay"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/worker"
)

// newID mints an id for what no API's caller asks for: payments that payers
// start on our pages, and what operators ask for.
func (k *core) newID() string { return ipg.NewID(k.now()) }

// addDialects adds every API that we speak, our own among them, and the pages.
func addDialects(r *routes, k *core, a additions) error {
	pages, err := checkout.New(checkout.Config{
		App: k.app, NewID: k.newID, NewUUID: func() string { return dialect.NewUUID(k.now()) }, Now: k.now, Log: k.log,
		Insecure: len(a.sandbox) > 0, Unlimited: len(a.sandbox) > 0,
	})
	if err != nil {
		return err
	}
	r.handle("checkout", "/pay/", pages)
	r.hangUp = pages.Close
	r.handle("checkout", "GET /invoice", http.HandlerFunc(pages.Deal))
	r.handle("checkout", "POST "+returnPath, http.HandlerFunc(pages.Return))
	addNotices(r, k)
	shop, err := ipg.New(ipg.Config{
		App: k.app, Pages: pages, PublicURL: k.config.PublicURL, OpenMerchant: a.openMerchant, OpenTo: isLocal,
		Links: ipg.LinkBases{
			Fixed: k.config.ReadyLink, OpenAmount: k.config.OpenLink, Extension: k.config.ExtensionLink,
		},
		Now: k.now, Log: k.log, NewID: k.newID,
	})
	if err != nil {
		return err
	}
	wallets, err := zipay.New(zipay.Config{
		App: k.app, Pages: pages, PublicURL: k.config.PublicURL, Now: k.now, Log: k.log,
	})
	if err != nil {
		return err
	}
	cards, err := payrefund.New(payrefund.Config{
		App: k.app, Unit: money.Unit(k.config.PayrefundCurrency), Zone: k.config.PayrefundZone,
		OpenMerchant: a.openMerchant, OpenTo: isLocal, Now: k.now, Log: k.log,
	})
	if err != nil {
		return err
	}
	orders := orderpay.New(orderpay.Config{
		App: k.app, Fetch: worker.NewSender(k.config.WebhookLoopback), Now: k.now, Log: k.log,
	})
	transfers, err := p2p.New(p2p.Config{
		App: k.app, PublicURLs: append([]string{k.config.PublicURL}, k.config.ExtraPublicURLs...),
		Now: k.now, Log: k.log, Unlimited: len(a.sandbox) > 0,
	})
	if err != nil {
		return err
	}
	perSecond := k.config.CallsPerSecond
	if len(a.sandbox) > 0 { // a demo has one key for everything
		perSecond = 0
	}
	signed, err := signedCalls(k)
	if err != nil {
		return err
	}
	native := api.New(api.Config{
		App: k.app, PublicURL: k.config.PublicURL, Now: k.now, Log: k.log, Unlimited: len(a.sandbox) > 0,
		SignedCalls: signed,
	})
	for _, d := range []*dialect.Dialect{shop, wallets, cards, orders, transfers} {
		d.Limit(dialect.NewBudget(perSecond, k.now))
	}
	r.mount(shop, wallets, cards, orders, transfers, native)
	return nil
}

// refundsPort is what shops reach on the port of refunds.
func refundsPort(next http.Handler) http.Handler { return payrefund.RefundsPort(next) }

// forms are the ways in which the addresses of invoices are told.
func forms() map[string]app.Form {
	all := zipay.Forms()
	maps.Copy(all, p2p.Forms())
	return all
}

// payoutForms are the ways in which the addresses of payouts are told.
func payoutForms() map[string]app.PayoutForm { return p2p.PayoutForms() }

// terminalForms are the words of operators for the way in which the notices of
// a terminal are written, and those of the API.
var terminalForms = map[string]string{"form": "", "json": zipay.JSONTerminal}

// formWord is the operator's word for what a terminal has.
func formWord(form string) string {
	for word, known := range terminalForms {
		if known == form {
			return word
		}
	}
	return form
}

// signedCalls are the calls that a signing key can be limited to.
func signedCalls(k *core) ([]string, error) {
	const nowhere = "http://localhost" // nobody is sent to it
	wallets, err := zipay.New(zipay.Config{App: k.app, PublicURL: nowhere, Now: k.now, Log: k.log})
	if err != nil {
		return nil, err
	}
	var calls []string
	for _, route := range wallets.Routes {
		if name := path.Base(route.Path); route.Access == dialect.Signed && !slices.Contains(calls, name) {
			calls = append(calls, name)
		}
	}
	return calls, nil
}

// mount adds the dialects; the first one answers for what nobody knows, to
// callers whom nobody knows.
func (r *routes) mount(dialects ...*dialect.Dialect) {
	for _, d := range dialects {
		for _, route := range d.Routes {
			r.names[route.Path] = d.Name
		}
		for _, prefix := range d.Claims {
			if r.names[prefix] == "" {
				r.names[prefix] = d.Name
			}
		}
	}
	dialect.Mount(r.mux, dialects...)
	r.unknown = dialect.Unknown(dialects...)
}
