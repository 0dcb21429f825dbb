package api

import (
	"cmp"
	"slices"
	"time"
)

// cut makes a page of a list that is short enough to be read whole, the newest
// first. Error: parameter_invalid.
func cut[Noun, Item any](p paging, all []Noun, show func(Noun) Item, at func(Noun) (time.Time, string),
) (out pageOf[Item], err error) {
	part, err := p.after()
	if err != nil {
		return out, err
	}
	older := func(a, b Noun) int {
		when, id := at(a)
		other, name := at(b)
		return cmp.Or(other.Compare(when), cmp.Compare(name, id))
	}
	all = slices.SortedFunc(slices.Values(all), older)
	if part.ID != "" {
		all = slices.DeleteFunc(all, func(n Noun) bool {
			when, id := at(n)
			return cmp.Or(when.Compare(part.At), cmp.Compare(id, part.ID)) >= 0
		})
	}
	return paged(p, all[:min(part.Limit, len(all))], show, at), nil
}
