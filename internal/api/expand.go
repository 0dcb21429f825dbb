package api

import (
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// expandedField is where a view has what expand asked for.
const expandedField = "expanded"

// expansion puts one thing that belongs to an item into its view. It is asked for
// one item, or for those of one page.
type expansion[View any] struct {
	scope merchant.Scope // what the key must be good for, as where the thing is shown by itself
	fill  func(c *call, v *View) error
}

// expansions are what a view can be shown with, by the value of expand.
type expansions[View any] map[string]expansion[View]

// into fills views with what was asked for. What is gone, or nobody is to see, is
// left out. Error: scope_missing.
func (all expansions[View]) into(c *call, wanted string, views ...*View) error {
	if wanted == "" {
		return nil
	}
	e := all[wanted] // the schema lets nothing else through
	if err := mayExpand(c, wanted, e.scope); err != nil {
		return err
	}
	for _, v := range views {
		if err := e.fill(c, v); err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	return nil
}

// mayExpand says whether a key may see what was asked for. Error: scope_missing.
func mayExpand(c *call, wanted string, need merchant.Scope) error {
	if wanted == "" || c.Key.May(need) {
		return nil
	}
	return fault.Newf(fault.CodeScopeMissing, "expand", "Your own key does not have the scope %s.", need)
}

// one shows one thing with what was asked for.
func (all expansions[View]) one(c *call, wanted string, v View, err error) (View, error) {
	if err == nil {
		err = all.into(c, wanted, &v)
	}
	return v, err
}

// page does the same for a page.
func (all expansions[View]) page(c *call, wanted string, p pageOf[View], err error) (pageOf[View], error) {
	if err != nil {
		return p, err
	}
	views := make([]*View, len(p.Data))
	for n := range p.Data {
		views[n] = &p.Data[n]
	}
	return p, all.into(c, wanted, views...)
}

// together is what the document says of a parameter expand of a key's scopes.
func together(what ...string) word {
	own := expands(what...)
	own.doc += " Your key needs the scope to read that, too. A table has no room for it."
	return own
}

// moreWord is what the document says of all that expand asks for.
var moreWord = word{doc: "What expand asks for; only that, and only where there is such a thing."}
