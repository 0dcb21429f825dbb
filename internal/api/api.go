// Package api is the native API below /v1: one file per resource, each a list of
// operations. A route of the wire, its checks and its entry in the OpenAPI
// document are all made from the same row, so that none can say what the others
// do not.
package api

import (
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/merchant"
)

// Config is what the API is built from. App, PublicURL, Now and Log are needed.
type Config struct {
	App       *app.App
	PublicURL string // where merchants and payers reach this server
	Now       func() time.Time
	Log       *slog.Logger
	// SignedCalls are the names of calls that a signing key can be limited to.
	SignedCalls []string
	// Unlimited lifts the limits of calls per time: for demos and tests only.
	Unlimited bool
	// Looks is how many things of a list are looked through at once for those that are
	// selected by what no index has; 0 = as many as usual.
	Looks int
	// The rest mints ids and has its usual value when nil.
	NewID        func(prefix string) string
	NewRequestID func() string
}

// base is where everything of this API begins.
const base = "/v1"

// desk is the handlers of all resources.
type desk struct {
	Config

	registry huma.Registry
	scopes   map[string]merchant.Scope // by the name of the route
	budgets  budgets
	running  running
	lobby    *lobby // of large bodies
	tables   *lobby // that are written
}

// resources are all of the API, in the order of the document.
func (d *desk) resources() []resource {
	return []resource{
		d.invoices(), d.payments(), d.refunds(), d.settlements(), d.customers(), d.transfers(), d.ledger(), d.events(),
		d.rates(), d.exchanges(), d.payouts(), d.deals(), d.attachments(), d.traders(), d.requisites(),
		d.endpoints(), d.deliveries(), d.gateways(), d.terminals(), d.keys(), d.storeKeys(), d.signingKeys(), d.issuers(),
		d.merchant(),
	}
}

// operations are those of all resources, with what comes into them described: calls are
// held against that.
func (d *desk) operations() []operation {
	var all []operation
	resources := d.resources()
	said, seen := wordsOf(resources), map[reflect.Type]bool{}
	for _, r := range resources {
		for _, o := range r.operations {
			o.of, o.params = &r, d.querySchemas(o.query, said)
			if o.body != nil {
				d.describe(o.body, said, seen)
			}
			all = append(all, o)
		}
	}
	return all
}

// described is the API once more, with what comes out of it described too. A document gives
// schemas names, while calls are held against those of the API that was there before.
func (d *desk) described() (again *desk, all []operation) {
	again = &desk{Config: d.Config, registry: newRegistry()}
	all = again.operations()
	said, seen := wordsOf(again.resources()), map[reflect.Type]bool{}
	for _, o := range all {
		if o.answer != nil {
			again.describe(o.answer, said, seen)
		}
	}
	again.describe(reflect.TypeFor[problem](), problemWords, seen)
	return again, all
}

// wordsOf are the words of all resources: things are shown with one another.
func wordsOf(resources []resource) words {
	said := words{}
	for _, r := range resources {
		said = said.and(r.words)
	}
	return said
}

// newRegistry has no schemas yet.
func newRegistry() huma.Registry { return huma.NewMapRegistry("#/components/schemas/", schemaName) }

// New builds the API.
func New(c Config) *dialect.Dialect {
	if c.NewID == nil {
		c.NewID = func(prefix string) string { return newID(prefix, c.Now()) }
	}
	if c.NewRequestID == nil {
		c.NewRequestID = dialect.NewRequestID
	}
	if c.Looks == 0 {
		c.Looks = usualLooks
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	d := &desk{
		Config: c, registry: newRegistry(),
		scopes: map[string]merchant.Scope{}, budgets: newBudgets(),
		lobby: &lobby{most: lobbyAll, each: lobbyEach}, tables: &lobby{most: tablesAll, each: tablesEach},
	}
	v1 := &dialect.Dialect{
		Name: "v1", Title: "Purser's own API", Claims: []string{base + "/"},
		Bodies: map[string]dialect.BodyReader{"application/json": dialect.ReadJSON},
		Log:    c.Log, NewRequestID: c.NewRequestID, Enter: d.enter, Admit: d.admit, Heads: true,
	}
	all := d.operations()
	for _, o := range all {
		v1.Routes = append(v1.Routes, d.route(o))
		d.scopes[o.name()] = o.scope
	}
	v1.Routes = append(v1.Routes, d.pages()...)
	v1.Fault = func(r *dialect.Request, err error) dialect.Reply {
		reply := problemOf(r, err)
		if methods := v1.Methods(r.Pattern); reply.Status == http.StatusMethodNotAllowed && len(methods) > 0 {
			reply.Header.Set("Allow", strings.Join(methods, ", "))
		}
		return reply
	}
	return v1
}
