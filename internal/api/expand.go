package api

import (
	"slices"
	"strings"

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
func (all expansions[View]) into(c *call, wanted []string, views ...*View) error {
	for _, name := range wanted { // the schema lets no other through
		if err := mayExpand(c, wanted, name, all[name].scope); err != nil {
			return err
		}
	}
	for _, name := range wanted {
		for _, v := range views {
			if err := all[name].fill(c, v); err != nil && fault.KindOf(err) != fault.NotFound {
				return err
			}
		}
	}
	return nil
}

// mayExpand says whether a key may see one thing, if it was asked for.
// Error: scope_missing.
func mayExpand(c *call, wanted []string, name string, need merchant.Scope) error {
	if !slices.Contains(wanted, name) || c.Key.May(need) {
		return nil
	}
	return fault.Newf(fault.CodeScopeMissing, "expand", "Your own key does not have the scope %s.", need)
}

// more is what a view is shown with, to be filled by one after the other.
func more[T any](into **T) *T {
	if *into == nil {
		*into = new(T)
	}
	return *into
}

// one shows one thing with what was asked for.
func (all expansions[View]) one(c *call, wanted []string, v View, err error) (View, error) {
	if err == nil {
		err = all.into(c, wanted, &v)
	}
	return v, err
}

// page does the same for a page.
func (all expansions[View]) page(c *call, wanted []string, p pageOf[View], err error) (pageOf[View], error) {
	if err != nil {
		return p, err
	}
	views := make([]*View, len(p.Data))
	for n := range p.Data {
		views[n] = &p.Data[n]
	}
	return p, all.into(c, wanted, views...)
}

// together is what the document says of a parameter expand, of which several may be
// wanted at once.
func together(what ...string) word {
	many := "."
	if len(what) > 1 {
		many = "; several with commas between them, or each as an expand of its own."
	}
	return word{
		doc: "Show it together with " + strings.Join(what, ", ") + many +
			" Your key needs the scope to read that, too. A table has no room for it.",
		example: strings.Join(what, ","), choices: what,
	}
}

// moreWord is what the document says of all that expand asks for.
var moreWord = word{doc: "What expand asks for; only that, and only where there is such a thing."}
