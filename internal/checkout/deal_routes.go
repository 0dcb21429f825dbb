package checkout

import (
	"context"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/invoice"
)

// route is how money can be sent to a person.
type route struct {
	Option string // the way, such as "SBP"
	Method string // the bank, such as "sberbank"
}

// value is what stands for it in a form.
func (o route) value() string { return o.Option + "/" + o.Method }

// Requisites are read in parts of so many; a merchant with more than the parts
// hold has each route among the first ones.
const (
	requisitesPart = 1000
	mostParts      = 10
)

// routesFor are the routes on which somebody could take what is left of an
// invoice now, each once. known is false where nobody takes its unit at all.
func (p *Pages) routesFor(ctx context.Context, i invoice.Invoice) (routes []route, known bool, err error) {
	now, amount := p.now(), i.Unpaid()
	for n := range mostParts {
		part, err := p.app.Requisites(ctx, i.Merchant, app.RequisiteFilter{Unit: amount.Unit()},
			app.Page{Limit: requisitesPart, Offset: n * requisitesPart})
		if err != nil {
			return nil, false, err
		}
		for _, q := range part {
			one := route{q.Option, q.Method}
			if q.Takes(amount, now) && !slices.Contains(routes, one) {
				routes = append(routes, one)
			}
		}
		known = known || len(part) > 0
		if len(part) < requisitesPart {
			break
		}
	}
	return routes, known, nil
}

// routeChoices offers routes in the order of their names. The first is picked.
func (v *voice) routeChoices(routes []route) []wayChoice {
	choices := make([]wayChoice, len(routes))
	for n, one := range routes {
		choices[n] = wayChoice{Value: one.value(), Title: v.routeTitle(one)}
	}
	slices.SortFunc(choices, func(a, b wayChoice) int { return strings.Compare(a.Title, b.Title) })
	choices[0].Picked = true
	return choices
}

// noBank is the method of a route that no bank belongs to.
const noBank = "unknown"

// routeTitle is what a route is called: the bank's name and the way.
func (v *voice) routeTitle(o route) string {
	way := v.nameOf("option.", o.Option)
	if o.Method == noBank {
		return way
	}
	return beside(v.nameOf("bank.", o.Method), way)
}

// nameOf translates a name that traders' accounts have, where it is known.
func (v *voice) nameOf(group, name string) string {
	if v.has(group + name) {
		return v.T(group + name)
	}
	return name
}
