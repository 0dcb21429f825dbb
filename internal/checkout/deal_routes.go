package checkout

import (
	"cmp"
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

// routeChoices offers routes in the order of their names. The first that is as
// asked is picked; what is empty there asks for nothing.
func (v *voice) routeChoices(routes []route, asked route) []wayChoice {
	sorted := slices.SortedFunc(slices.Values(routes), func(a, b route) int {
		return strings.Compare(v.routeTitle(a), v.routeTitle(b))
	})
	choices := make([]wayChoice, len(sorted))
	for n, one := range sorted {
		choices[n] = wayChoice{Value: one.value(), Title: v.routeTitle(one)}
	}
	wished := slices.IndexFunc(sorted, func(one route) bool {
		return cmp.Or(asked.Option, one.Option) == one.Option && cmp.Or(asked.Method, one.Method) == one.Method
	})
	choices[max(wished, 0)].Picked = true
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
	bank := v.nameOf("bank.", o.Method)
	if v.Direction == "rtl" {
		bank = rightToLeft + firstStrong + bank + popIsolate
	}
	return beside(bank, way)
}

// Marks around a name that may be written the other way, so that what follows
// it stays in its place; the first is for browsers that go by the first letter.
const (
	rightToLeft = "\u200f"
	firstStrong = "\u2068"
	popIsolate  = "\u2069"
)

// nameOf translates a name that traders' accounts have, where it is known.
func (v *voice) nameOf(group, name string) string {
	if v.has(group + name) {
		return v.T(group + name)
	}
	return name
}
