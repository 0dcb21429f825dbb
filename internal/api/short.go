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
	return cutAs(p, all, show, at, -1)
}

// cutAs is cut in the order of time, 1, or against it, -1.
func cutAs[Noun, Item any](p paging, all []Noun, show func(Noun) Item, at func(Noun) (time.Time, string), order int,
) (out pageOf[Item], err error) {
	part, err := p.after()
	if err != nil {
		return out, err
	}
	from := func(n Noun, when time.Time, id string) int {
		made, name := at(n)
		return order * cmp.Or(made.Compare(when), cmp.Compare(name, id))
	}
	all = slices.SortedFunc(slices.Values(all), func(a, b Noun) int {
		when, id := at(b)
		return from(a, when, id)
	})
	if part.ID != "" {
		all = slices.DeleteFunc(all, func(n Noun) bool { return from(n, part.At, part.ID) <= 0 })
	}
	return paged(p, all[:min(part.Limit, len(all))], show, at), nil
}
